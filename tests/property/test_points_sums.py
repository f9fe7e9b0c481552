"""Points over any plays and shifts: rates are exact, shifts keep the sum, the floor and every slice."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.points import rules
from pitboss.points.model import MAIN, Billing, Main, Play, Shift, Slice, View

pytestmark = pytest.mark.property

AMOUNTS = st.integers(0, 10**9)


def view_of(free: int, parts: list[int], *, floor: int = 0, used: int = 1, rate: int = 0) -> View:
    slices = tuple(Slice(n, amount, amount) for n, amount in enumerate(parts))
    policy = "ggr" if rate else "face_value"
    return View(Main("A", "EUR", 2, 1, free=free), Billing(1, policy, rate, floor, slices=used), slices, rate)


def shifted(view: View, step: Shift) -> View:
    """The account after one shift, as store.shift does it."""
    main, slices = view.main, list(view.slices)
    for place, amount in ((step.source, -step.amount), (step.target, step.amount)):
        if place == MAIN:
            main = replace(main, free=main.free + amount)
        else:
            part = slices[place]
            slices[place] = replace(part, amount=part.amount + amount, allot=part.allot + amount)
    return replace(view, main=main, slices=tuple(slices))


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS, st.booleans()), max_size=30), st.integers(1, 10_000))
def test_ggr_is_the_rate_of_bets_less_wins_to_the_last_digit(
    rounds: list[tuple[int, int, bool]], rate: int
) -> None:
    """In one call or two, with rounds rolled back: what is taken in sum is rate x (bets - wins)."""
    view, taken, opened, ggr = view_of(0, [0], rate=rate), 0, 0, 0
    for bet, win, undone in rounds:
        plays = [Play("seamless", bets=bet)]
        if undone:
            plays.append(Play("seamless", rollbacks=bet))
        else:
            plays.append(Play("seamless", wins=win, closed=bet))
            ggr += bet - win
        for play in plays:
            draw = rules.draw_of(play, view)
            taken, opened = taken - draw.net, opened + draw.opened
    assert taken == rate * ggr
    assert opened == 0


@given(
    st.integers(0, 1000),
    st.lists(st.integers(-50, 1000), min_size=1, max_size=8),
    st.integers(0, 500),
    st.data(),
)
def test_a_refill_ends_keeps_the_sum_and_pays_whenever_the_account_can(
    free: int, parts: list[int], floor: int, data: st.DataObject
) -> None:
    used = data.draw(st.integers(1, len(parts)))
    index = data.draw(st.integers(0, used - 1))
    need = data.draw(st.integers(1, 2500))
    view = view_of(free, parts, floor=floor, used=used)
    balance, played = view.balance, view.played
    for _ in range(3 * len(parts) + 8):
        step = rules.plan_refill(view, index, need)
        if isinstance(step, str):
            break
        assert step.amount > 0
        below = min(view.main.free, floor)
        view = shifted(view, step)
        assert view.main.free >= below, "a shift took the main part below the floor"
        assert view.balance == balance
        assert view.played == played
    else:
        pytest.fail("it never ends")
    assert step == ("enough" if balance - floor >= need else "short")
    if step == "enough":
        assert view.slices[index].amount >= need


@given(st.lists(st.integers(0, 300), max_size=4, unique=True), st.lists(st.integers(0, 400), max_size=40))
def test_no_alert_is_told_twice_without_the_balance_rising_between(
    thresholds: list[int], balances: list[int]
) -> None:
    falling = sorted(thresholds, reverse=True)
    crossed: int | None = None
    last: dict[int, int] = {}
    for moment, balance in enumerate(balances):
        crossed, fire = rules.alerts(falling, crossed, balance)
        if fire is None:
            assert all(balance > t or (crossed is not None and crossed <= t) for t in falling)
            continue
        assert balance <= fire
        if fire in last:
            assert max(balances[last[fire] : moment]) >= fire + max(1, fire // 10)
        last[fire] = moment


@given(st.integers(0, 10**15), st.integers(0, 8))
def test_what_is_shown_reads_as_the_same_points(points: int, exponent: int) -> None:
    assert rules.read_points(rules.show_points(points, exponent), exponent, field="x", zero=True) == points


def test_players_spread_over_slices_evenly_enough() -> None:
    rng = random.Random(3)
    count: dict[int, int] = {}
    for _ in range(80_000):
        index = rules.slice_of(f"{rng.getrandbits(80):020X}", 8)
        count[index] = count.get(index, 0) + 1
    assert max(count.values()) < 10_600
