"""Whatever is asked for and whenever: no limit gets looser within 24 hours of the asking, and every stricter one is in
force at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.players.rules import LOOSER_AFTER_MS, LimitChange, change_limits

pytestmark = pytest.mark.property

NAMES = ("max_bet", "daily_loss")
NONE: dict[str, int | None] = dict.fromkeys(NAMES)
VALUES = st.none() | st.integers(1, 6)
WISHES = st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1)
STEPS = st.lists(st.tuples(st.integers(0, LOOSER_AFTER_MS // 2), WISHES), min_size=1, max_size=12)


def in_force(state: LimitChange, now: int) -> dict[str, int | None]:
    due = state.following is not None and state.at <= now
    return dict(state.following if due and state.following is not None else state.now)


def size(value: int | None) -> int:
    return 10**9 if value is None else value


@given(STEPS)
def test_looser_never_within_a_day_stricter_always_at_once(
    steps: list[tuple[int, dict[str, int | None]]],
) -> None:
    state, now = LimitChange(NONE, None, 0), 0
    asked: list[tuple[int, str, int | None]] = []
    for pause, wish in steps:
        now += pause
        before = in_force(state, now)
        state = change_limits(state, wish, now)
        after = in_force(state, now)
        for name in NAMES:
            assert size(after[name]) <= size(before[name]), "a change loosens nothing at once"
            if name in wish:
                stricter = size(wish[name]) <= size(before[name])
                assert after[name] == (wish[name] if stricter else before[name])
                asked.append((now, name, wish[name]))
        if state.following is not None:
            assert now < state.at <= now + LOOSER_AFTER_MS
            later = in_force(state, state.at)
            for name in NAMES:
                if size(later[name]) > size(after[name]):
                    # Somebody asked for at least this much a whole day before it counts.
                    assert any(
                        at + LOOSER_AFTER_MS <= state.at and n == name and size(value) >= size(later[name])
                        for at, n, value in asked
                    )


@given(STEPS, WISHES)
def test_repeating_a_wish_changes_nothing(
    steps: list[tuple[int, dict[str, int | None]]], wish: dict[str, int | None]
) -> None:
    state, now = LimitChange(NONE, None, 0), 0
    for pause, earlier in steps:
        now += pause
        state = change_limits(state, earlier, now)
    once = change_limits(state, wish, now)
    assert change_limits(once, wish, now + 1) == once or once.at <= now + 1
