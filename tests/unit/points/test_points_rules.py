"""Rules of points by example: what a play takes, when an alert fires, who may approve, what billing may say."""

from dataclasses import replace

import pytest
from pitboss.kernel.ids import ulid
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.refusal import Refusal
from pitboss.points import rules
from pitboss.points.model import (
    LOOSEN_MS,
    MAIN,
    PENDING_MS,
    SCALE,
    Actor,
    Billing,
    Draw,
    Entry,
    Main,
    Play,
    Policy,
    Shift,
    Slice,
    Transfer,
    View,
)

pytestmark = pytest.mark.unit

NOON = 1_790_000_000_000


def account(
    policy: Policy = "face_value",
    *,
    free: int = 0,
    slices: tuple[int, ...] = (),
    floor: int = 0,
    rate: int = 0,
) -> View:
    parts = tuple(Slice(n, amount, amount) for n, amount in enumerate(slices))
    billing = Billing(1, policy, rate, floor, slices=max(1, len(parts)))
    return View(Main("A", "EUR", 2, 1, free=free, made=len(parts)), billing, parts, rate)


# ---------------------------------------------------------------- play
@pytest.mark.parametrize(
    ("policy", "play", "draw"),
    [
        ("none", Play("seamless", bets=100), Draw(0, 0, 0, 0)),
        ("face_value", Play("seamless", bets=100), Draw(100 * SCALE, -100 * SCALE, 100, 0)),
        ("face_value", Play("seamless", wins=70, closed=100), Draw(0, 70 * SCALE, -100, 0)),
        ("face_value", Play("seamless", rollbacks=100), Draw(0, 100 * SCALE, -100, 0)),
        ("face_value", Play("seamless", late_rollbacks=100), Draw(0, 100 * SCALE, 0, 0)),
        ("face_value", Play("seamless", bets=10, wins=30, closed=10), Draw(10 * SCALE, 20 * SCALE, 0, 0)),
        ("face_value", Play("seamless", deposits=100), Draw(0, 0, 0, 0)),
        ("face_value", Play("transfer", bets=100, wins=7), Draw(0, 0, 0, 0)),
        ("face_value", Play("transfer", deposits=100), Draw(100 * SCALE, -100 * SCALE, 0, 100)),
        ("face_value", Play("transfer", withdrawals=60), Draw(0, 60 * SCALE, 0, -60)),
        ("ggr", Play("seamless", bets=333), Draw(333 * 250, -333 * 250, 333, 0)),
        ("ggr", Play("transfer", wins=100, closed=333), Draw(0, 100 * 250, -333, 0)),
        ("ggr", Play("transfer", deposits=100), Draw(0, 0, 0, 0)),
        ("ggr", Play("seamless", unwins=40), Draw(0, -40 * 250, 0, 0)),
    ],
)
def test_what_a_play_takes_and_gives(policy: Policy, play: Play, draw: Draw) -> None:
    assert rules.draw_of(play, account(policy, rate=250)) == draw


def test_new_bets_stop_at_the_floor_and_for_a_frozen_account() -> None:
    assert rules.may_bet(account(free=101, floor=100), "seamless") is None
    low = rules.may_bet(account(free=100, floor=100), "seamless")
    assert low is not None
    assert (low.name, low.facts["available"]) == ("POINT_NOT_ENOUGH", "0.00")
    assert rules.may_bet(account("ggr", rate=1), "transfer") is not None
    # The points of a deposit are at the player: the agent may have none left, and the player plays on.
    assert rules.may_bet(account("face_value"), "transfer") is None
    view = account("none")
    assert rules.may_bet(view, "seamless") is None
    frozen = rules.may_bet(replace(view, main=replace(view.main, status="frozen")), "transfer")
    assert frozen is not None
    assert frozen.name == "POINTS_FROZEN"


# ---------------------------------------------------------------- slices
@pytest.mark.parametrize(
    ("view", "step"),
    [
        (account(free=0, slices=(50, 0)), "enough"),
        (account(free=100, slices=(0, 0)), Shift(MAIN, 0, 50)),  # an even share, not only what is missing
        (account(free=100, slices=(0, 0), floor=80), Shift(MAIN, 0, 20)),  # never below the floor
        (account(free=80, slices=(0, 90), floor=80), Shift(1, 0, 45)),  # half of what the richest has more
        (account(free=80, slices=(0, 30), floor=80), Shift(1, 0, 20)),  # or what is missing, if that is more
        (account(free=80, slices=(0, 19), floor=80), "short"),
        (account(free=60, slices=(0, 90), floor=80), Shift(1, MAIN, 20)),  # the floor comes first
        (account(free=0, slices=(-10, 90)), Shift(1, 0, 10)),  # then what is owed
        (account(free=30, slices=(0, -10)), Shift(MAIN, 1, 10)),
    ],
)
def test_where_points_come_from_when_a_slice_cannot_pay_twenty(view: View, step: object) -> None:
    assert rules.plan_refill(view, 0, 20) == step


def test_slices_that_are_in_use_no_more_are_emptied() -> None:
    view = account(slices=(0, 5, 7))
    assert rules.plan_heal(replace(view, billing=replace(view.billing, slices=1))) == Shift(1, MAIN, 5)


@pytest.mark.parametrize(
    ("view", "amount", "step"),
    [
        (account(free=100, slices=(50, 70)), 100, None),  # the main part can pay
        (
            account(free=100, slices=(50, 70)),
            101,
            Shift(1, MAIN, 1),
        ),  # from the richest, no more than is missing
        (account(free=100, slices=(50, 70), floor=20), 100, Shift(1, MAIN, 20)),  # the floor stays
        (account(free=100, slices=(50, 70)), 500, Shift(1, MAIN, 70)),
        (account(free=100, slices=(0, 0)), 101, None),  # nothing more is there
        (account(free=0, slices=(-5, 0)), 1, None),
        (account(free=0), 1, None),
    ],
)
def test_what_a_transfer_collects_from_the_slices(view: View, amount: int, step: Shift | None) -> None:
    assert rules.plan_collect(view, amount) == step


def test_nothing_is_healed_where_nothing_is_left_to_heal_with() -> None:
    assert rules.plan_heal(account(free=0, slices=(0, 0), floor=80)) is None
    assert rules.plan_heal(account(free=0, slices=(-10, 0))) is None
    assert rules.plan_heal(account(free=80, slices=(-10, -3), floor=80)) is None


def test_a_day_is_booked_an_hour_after_it_is_over() -> None:
    midnight = parse_instant("2026-11-21T00:00:00Z")
    part = replace(Slice(0, 0, 0), days={"20261121": 3, "20261120": 2, "20261119": 1})  # type: ignore[arg-type, dict-item]
    assert rules.bookable(part, midnight + 3_600_000 - 1) == ["20261119"]
    assert rules.bookable(part, midnight + 3_600_000) == ["20261119", "20261120"]


# ---------------------------------------------------------------- who gives, who takes
def in_state(status: str, **more: object) -> View:
    view = account()
    return replace(view, main=replace(view.main, status=status, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "target", "name"),
    [
        (in_state("active"), in_state("closed"), "POINTS_FROZEN"),
        (in_state("frozen"), in_state("active"), "POINTS_FROZEN"),
        (in_state("active"), in_state("frozen"), "POINTS_FROZEN"),
        (None, in_state("frozen"), "POINTS_FROZEN"),
        (in_state("active"), in_state("active", currency="USD"), "CURRENCY_MISMATCH"),
        (in_state("active"), in_state("active", exponent=3), "CURRENCY_MISMATCH"),
    ],
)
def test_whose_points_may_not_move(source: View | None, target: View | None, name: str) -> None:
    with pytest.raises(Refusal) as refused:
        rules.check_parties(source, target)
    assert refused.value.name == name


def test_points_move_between_active_accounts_and_back_from_a_closed_one() -> None:
    active = in_state("active")
    for source in (active, None, in_state("closed")):  # late wins flow back
        rules.check_parties(source, active)
    rules.check_parties(active, None)


# ---------------------------------------------------------------- amounts
@pytest.mark.parametrize(("text", "zero", "points"), [("1", False, SCALE * 100), ("0", True, 0)])
def test_points_that_may_be_written(text: str, zero: bool, points: int) -> None:
    assert rules.read_points(text, 2, field="points", zero=zero) == points


@pytest.mark.parametrize(("text", "zero"), [("0", False), ("-1", False), ("-1", True)])
def test_points_that_are_none(text: str, zero: bool) -> None:
    with pytest.raises(Refusal) as refused:
        rules.read_points(text, 2, field="points", zero=zero)
    assert (refused.value.name, refused.value.errors[0].pointer) == ("INVALID_AMOUNT", "points")


def test_points_are_shown_as_fine_as_they_are() -> None:
    shown = [rules.show_points(n, 2) for n in (0, 10**6, 1_500_000, 1, 12_345_678, -250)]
    assert shown == ["0.00", "1.00", "1.50", "0.000001", "12.345678", "-0.00025"]
    assert rules.show_points(10**4, 0) == "1"
    assert rules.show_points(12_345, 0) == "1.2345"


# ---------------------------------------------------------------- alerts
def test_an_alert_fires_once_until_the_balance_is_clearly_above_again() -> None:
    crossed, told = None, []
    for balance in (120, 100, 99, 105, 100, 49, 54, 50, 109, 110, 100, 10):
        crossed, fire = rules.alerts((100, 50), crossed, balance)
        told.append(fire)
    assert told == [None, 100, None, None, None, 50, None, None, None, None, 100, 50]


def test_a_fall_through_several_thresholds_tells_of_the_lowest() -> None:
    assert rules.alerts((100, 50, 10), None, 20) == (50, 50)
    assert rules.alerts((0,), None, 0) == (0, 0)
    assert rules.alerts((0,), 0, 1) == (None, None)
    assert rules.alerts((), 50, 1) == (None, None)


# ---------------------------------------------------------------- two persons
def waiting(key: str, at: int = NOON) -> Transfer:
    return Transfer(
        "T", "P", "C", "transfer", "P", "C", 1, "EUR", 2, "PENDING", "why", at, Actor(key, "P", "203.0.113.9")
    )


def approver(at: int, salt: int = 1) -> Actor:
    return Actor(ulid(at, bytes([salt]) * 10), "P", "203.0.113.9")


@pytest.mark.parametrize(
    ("who", "now", "name"),
    [
        (approver(NOON - 1), NOON + 1, ""),
        (approver(NOON - 5, 9), NOON + 1, "PERMISSION_ERROR"),  # the key that asked
        (approver(NOON), NOON + 1, "PERMISSION_ERROR"),  # made for the occasion
        (approver(NOON - 1), NOON + PENDING_MS, "POINTS_TRANSFER_STATE"),
    ],
)
def test_who_may_approve(who: Actor, now: int, name: str) -> None:
    asked = waiting(approver(NOON - 5, 9).key_id)
    try:
        rules.check_approver(asked, who, now)
    except Refusal as refusal:
        assert refusal.name == name  # noqa: PT017 - the name is what is asked for
    else:
        assert name == ""


@pytest.mark.parametrize(
    ("before", "after", "by_itself", "now_in_force", "then"),
    [
        (100, None, True, 100, None),
        (100, 500, True, 100, 500),
        (100, 50, True, 50, 50),
        (None, 50, True, 50, 50),
        (100, None, False, None, None),  # the node above may at once
    ],
)
def test_an_approval_limit_is_stricter_at_once_and_looser_tomorrow(
    before: int | None, after: int | None, by_itself: bool, now_in_force: int | None, then: int | None
) -> None:
    set_ = rules.with_approval(
        Billing(approval_over=after), Billing(approval_over=before), by_itself=by_itself, now=NOON
    )
    assert set_.approval_limit(NOON) == now_in_force
    assert set_.approval_limit(NOON + LOOSEN_MS) == then


def test_loosening_twice_does_not_shorten_the_wait() -> None:
    first = rules.with_approval(
        Billing(approval_over=None), Billing(approval_over=100), by_itself=True, now=NOON
    )
    again = rules.with_approval(Billing(approval_over=900), first, by_itself=True, now=NOON + LOOSEN_MS - 1)
    assert again.approval_limit(NOON + LOOSEN_MS) == 100


# ---------------------------------------------------------------- billing
ABOVE = [Billing(policy="ggr", rate_bps=800), Billing(policy="none"), Billing(policy="ggr", rate_bps=600)]


@pytest.mark.parametrize(
    ("fresh", "pointers"),
    [
        (Billing(policy="ggr", rate_bps=600), []),
        (Billing(policy="ggr", rate_bps=601), ["ggrRateBps"]),
        (Billing(policy="ggr", rate_bps=0), ["ggrRateBps"]),
        (Billing(policy="ggr", rate_bps=1), []),
        (Billing(policy="none", rate_bps=5), ["ggrRateBps"]),
        (Billing(alert_at=(20, 20)), ["alertAt"]),
    ],
)
def test_billing_within_what_stands_above(fresh: Billing, pointers: list[str]) -> None:
    assert [e.pointer for e in rules.check_billing(fresh, Billing(), ABOVE, by_itself=False)] == pointers


def test_the_rate_in_force_is_the_least_of_the_path() -> None:
    assert rules.effective_rate(Billing(policy="ggr", rate_bps=700), ABOVE) == 600
    assert rules.effective_rate(Billing(policy="ggr", rate_bps=700), []) == 700


def test_the_node_itself_changes_neither_what_it_is_billed_nor_its_floor() -> None:
    before = Billing(policy="ggr", rate_bps=500, floor=10, slices=2)
    for change, pointer in (
        ({"policy": "face_value", "rate_bps": 0}, "policy ggrRateBps"),
        ({"rate_bps": 400}, "ggrRateBps"),
        ({"floor": 0}, "floor"),
        ({"slices": 8}, "slices"),
        ({"alert_at": (9, 5), "approval_over": 7}, ""),
    ):
        fresh = replace(before, **change)  # type: ignore[arg-type]
        errors = rules.check_billing(fresh, before, [], by_itself=True)
        assert [error.pointer for error in errors] == pointer.split()
        assert rules.check_billing(fresh, before, [], by_itself=False) == []


# ---------------------------------------------------------------- statement
LINES = ("minted", "burned", "fromParent", "toParent", "fromChildren", "toChildren")


def line(after: int, **totals: int) -> Entry:
    whole = {**dict.fromkeys(LINES, 0), **totals}
    return Entry("A", 1, NOON, "transfer", 0, 0, after, 0, "", Actor("key", "A", "192.0.2.1"), whole)


def test_a_statement_opens_where_the_one_before_closed_and_ties() -> None:
    empty = dict.fromkeys(LINES, 0)
    first = line(1_000, fromParent=1_200, toChildren=200)
    last = line(1_500, fromParent=1_900, toChildren=400)
    before = rules.statement(None, first, played_before=0, played_within=30, empty=empty)
    after = rules.statement(first, last, played_before=30, played_within=70, empty=empty)
    assert (before.opening, before.play, before.closing) == (0, 30, 970)
    assert (after.opening, after.play, after.closing) == (970, 70, 1_400)
    assert after.lines == {**empty, "fromParent": 700, "toChildren": 200}
    nothing = rules.statement(None, None, played_before=0, played_within=0, empty=empty)
    assert (nothing.opening, nothing.closing, nothing.lines) == (0, 0, empty)
    assert before.ties
    assert after.ties
    assert nothing.ties
    assert not replace(after, closing=1_401).ties
