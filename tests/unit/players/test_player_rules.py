"""Decisions about players: sameness, exclusions, status, limits."""

from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.players import rules
from pitboss.players.model import Player
from pitboss.players.rules import LOOSER_AFTER_MS, LimitChange

pytestmark = pytest.mark.unit

NOW = 1_800_000_000_000
HOUR = 3_600_000
PLAYER = Player(
    "t", "p", "aurora", "ann", "EUR", NOW, NOW, display_name="Ann", as_created={"display_name": "Old"}
)
NONE: dict[str, int | None] = dict.fromkeys(("max_bet", "daily_loss", "weekly_loss", "session_minutes"))


def test_a_profile_survives_its_record() -> None:
    assert Player.from_record(PLAYER.to_record()) == PLAYER
    silent = Player("t", "p", "b", "u", "EUR", NOW, NOW, reality_check_minutes=0)
    assert Player.from_record(silent.to_record()) == silent
    assert "displayName" not in silent.to_record()


def test_sameness_is_with_what_is_or_with_what_was_said_first() -> None:
    rules.same_as_created(PLAYER, {"display_name": "Ann"})
    rules.same_as_created(PLAYER, {"display_name": "Old"})
    rules.same_as_created(PLAYER, {})
    with pytest.raises(Refusal) as refused:
        rules.same_as_created(PLAYER, {"display_name": "New", "country": "MT"})
    assert [error.pointer for error in refused.value.errors] == ["displayName", "country"]


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        (0, None, 0),
        (0, 0, 0),
        (0, NOW + HOUR, NOW + HOUR),
        (NOW + HOUR, NOW + HOUR, NOW + HOUR),
        (NOW + HOUR, NOW + 2 * HOUR, NOW + 2 * HOUR),
        (NOW + 2 * HOUR, NOW + HOUR, "EXCLUSION_NOT_SHORTENED"),
        (NOW + HOUR, None, "EXCLUSION_NOT_SHORTENED"),
        (NOW + HOUR, 0, "EXCLUSION_NOT_SHORTENED"),
        (NOW - HOUR, None, 0),
        (NOW - HOUR, NOW + HOUR, NOW + HOUR),
        (NOW, NOW - HOUR, "VALIDATION_ERROR"),
        (0, NOW, "VALIDATION_ERROR"),
    ],
)
def test_an_exclusion_only_grows_while_it_lasts(before: int, wanted: int | None, after: Any) -> None:
    if isinstance(after, int):
        assert rules.extended("selfExcludedUntil", before, wanted, NOW) == after
        return
    with pytest.raises(Refusal) as refused:
        rules.extended("selfExcludedUntil", before, wanted, NOW)
    assert refused.value.name == after


def test_a_closed_account_stays_closed() -> None:
    assert rules.next_status("active", "blocked") == "blocked"
    assert rules.next_status("blocked", "active") == "active"
    assert rules.next_status("closed", "closed") == "closed"
    for wanted in ("active", "blocked"):
        with pytest.raises(Refusal):
            rules.next_status("closed", wanted)  # type: ignore[arg-type]


def limits(**some: int | None) -> dict[str, int | None]:
    return {**NONE, **some}


def test_stricter_at_once() -> None:
    first = rules.change_limits(LimitChange(NONE, None, 0), {"max_bet": 100}, NOW)
    assert first == LimitChange(limits(max_bet=100), None, 0)
    assert rules.change_limits(first, {"max_bet": 50}, NOW) == LimitChange(limits(max_bet=50), None, 0)


def test_looser_after_a_day_and_never_put_off_by_repeating() -> None:
    first = LimitChange(limits(max_bet=100, daily_loss=500), None, 0)
    asked = rules.change_limits(first, {"max_bet": 200}, NOW)
    assert asked == LimitChange(first.now, limits(max_bet=200, daily_loss=500), NOW + LOOSER_AFTER_MS)
    assert rules.change_limits(asked, {"max_bet": 200}, NOW + HOUR) == asked
    less = rules.change_limits(asked, {"max_bet": 150}, NOW + HOUR)
    assert less == LimitChange(first.now, limits(max_bet=150, daily_loss=500), asked.at)
    more = rules.change_limits(asked, {"max_bet": None}, NOW + HOUR)
    assert more.at == NOW + HOUR + LOOSER_AFTER_MS


def test_a_stricter_wish_does_not_lose_what_waits_and_is_not_undone_by_it() -> None:
    asked = rules.change_limits(
        LimitChange(limits(max_bet=100, daily_loss=500), None, 0), {"max_bet": 200}, NOW
    )
    tightened = rules.change_limits(asked, {"daily_loss": 300}, NOW + HOUR)
    assert tightened == LimitChange(
        limits(max_bet=100, daily_loss=300), limits(max_bet=200, daily_loss=300), asked.at
    )
    withdrawn = rules.change_limits(tightened, {"max_bet": 100}, NOW + HOUR)
    assert withdrawn == LimitChange(limits(max_bet=100, daily_loss=300), None, 0)


def test_what_is_due_becomes_what_counts() -> None:
    asked = rules.change_limits(LimitChange(limits(max_bet=100), None, 0), {"max_bet": None}, NOW)
    later = rules.change_limits(asked, {"session_minutes": 60}, asked.at)
    assert later == LimitChange(limits(session_minutes=60), None, 0)
