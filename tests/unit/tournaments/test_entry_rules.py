"""Who may enter, what a purchase does and who gets money back, by example."""

from dataclasses import replace
from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.scoring.public import Seat, Stint
from pitboss.tournaments import entry_rules as rules
from pitboss.tournaments.model import STATUSES, Entry, Paid, Pending, Purchase, Spec, Tournament, refund_ref

pytestmark = pytest.mark.unit

OPENS, START, LATE, END = 100, 1_000, 2_000, 3_000
SPEC = Spec(
    name="x",
    start_at=START,
    end_at=END,
    opens_at=OPENS,
    late_until=LATE,
    currency="EUR",
    exponent=2,
    rules={},
    ranking={},
    prizes=None,
    buy_in=1_000,
    rake=100,
    rebuy=Purchase(500, 50, 2, None, "new_entry", 0),
    add_on=Purchase(300, 30, 1, 2_500, "add_points", 70),
)
PAID = Paid("ref-1", "buy_in", 1_000, 100, 5)
ENTRY = Entry(
    "op", "T", "01J00000000000000000000001", "b", "ann", "Ann", "active", 3, 1, 5,
    joined_at=5, stints=(Stint(1, 5),), paid=(PAID,), reason="old",
)  # fmt: skip


def tournament(status: str = "running", **spec: Any) -> Tournament:
    return Tournament("op", "T", 1, status, replace(SPEC, **spec), 0, "key")


def entered(before: Entry | None = None, **spec: Any) -> Entry:
    return rules.new_entry(
        tournament("registration", **spec),
        before,
        entry_id="01J00000000000000000000009",
        brand_id="b",
        player_id="ann",
        display_name="Ann",
        country="DE",
        now=200,
    )


def refusal_of(call: Any, *args: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        call(*args)
    return refused.value


# ---------------------------------------------------------------- entering
@pytest.mark.parametrize(
    ("status", "now", "open_"),
    [
        ("registration", OPENS, True),
        ("registration", START - 1, True),
        ("registration", START, False),  # the bell is late: the start is the start all the same
        ("running", LATE - 1, True),
        ("running", LATE, False),
        *((status, 150, False) for status in STATUSES if status not in ("registration", "running")),
    ],
)
def test_who_may_enter_when(status: str, now: int, open_: bool) -> None:
    if open_:
        rules.check_open(tournament(status), now)
    else:
        assert refusal_of(rules.check_open, tournament(status), now).name == "REGISTRATION_CLOSED"


def test_a_closed_door_says_when_it_opens_or_when_it_closed() -> None:
    early = refusal_of(rules.check_open, tournament("scheduled"), OPENS - 1)
    assert early.facts["registrationOpensAt"] == "1970-01-01T00:00:00.100Z"
    late = refusal_of(rules.check_open, tournament("running"), LATE)
    assert late.facts["lateRegistrationUntil"] == "1970-01-01T00:00:02Z"
    over = refusal_of(rules.check_open, tournament("settled"), 9_000)
    assert over.facts == {"tournamentStatus": "settled"}


@pytest.mark.parametrize(
    ("spec", "offered", "name"),
    [
        ({}, None, ""),
        ({}, 1_100, ""),
        ({}, 1_000, "BUY_IN_MISMATCH"),  # the rake is part of the price
        ({"collect": "operator"}, None, "BUY_IN_MISMATCH"),
        ({"collect": "operator"}, 1_100, ""),
        ({"collect": "operator", "buy_in": 0, "rake": 0}, None, ""),
        ({"buy_in": 0, "rake": 0}, 0, ""),
        ({"buy_in": 0, "rake": 0}, 1, "BUY_IN_MISMATCH"),
    ],
)
def test_the_price_is_buy_in_plus_rake(spec: dict[str, Any], offered: int | None, name: str) -> None:
    if name:
        assert refusal_of(rules.check_buy_in, replace(SPEC, **spec), offered).name == name
    else:
        rules.check_buy_in(replace(SPEC, **spec), offered)


def test_a_seat_that_costs_is_reserved_until_it_is_paid() -> None:
    made = entered()
    assert (made.status, made.stints, made.due_at) == ("pending_payment", (), 200 + rules.PENDING_CHECK_MS)
    assert made.pending is not None
    assert made.pending[1:] == ("buy_in", 1_000, 100, 200)
    taken = rules.confirmed(tournament(), made, 300)
    assert (taken.status, taken.joined_at, taken.stints) == ("active", 300, (Stint(1, 300),))
    assert taken.paid == (Paid(made.pending.ref, "buy_in", 1_000, 100, 300),)
    assert (taken.pending, taken.due_at, taken.version) == (None, 0, made.version + 1)
    assert taken.total_paid == 1_100


def test_a_free_seat_is_taken_at_once() -> None:
    made = entered(buy_in=0, rake=0)
    assert (made.status, made.stints, made.pending, made.due_at) == ("active", (Stint(1, 200),), None, 0)


def test_a_further_attempt_is_the_same_seat_with_a_debit_of_its_own() -> None:
    """Else the second debit would be answered as a repetition of the first, which was given back."""
    first = entered()
    gone = replace(ENTRY, status="withdrawn", entry_id=first.entry_id, paid=(PAID._replace(refund="r"),))
    again = entered(gone)
    assert (again.entry_id, again.attempt, again.version) == (first.entry_id, 2, gone.version + 1)
    assert again.paid == gone.paid
    assert first.pending is not None
    assert again.pending is not None
    assert again.pending.ref != first.pending.ref


# ---------------------------------------------------------------- purchases
@pytest.mark.parametrize(
    ("kind", "status", "now", "change", "name"),
    [
        ("rebuy", "running", START, {}, ""),
        ("rebuy", "running", END - 1, {}, ""),
        ("rebuy", "running", END, {}, "REBUY_NOT_ALLOWED"),
        ("rebuy", "registration", START - 1, {}, "REBUY_NOT_ALLOWED"),
        ("rebuy", "paused", START, {}, "REBUY_NOT_ALLOWED"),
        ("add_on", "registration", OPENS, {}, ""),
        ("add_on", "running", 2_499, {}, ""),
        ("add_on", "running", 2_500, {}, "ADDON_NOT_ALLOWED"),
        ("rebuy", "running", START, {"status": "disqualified"}, "REBUY_NOT_ALLOWED"),
        ("add_on", "running", START, {"status": "withdrawn"}, "ADDON_NOT_ALLOWED"),
        ("rebuy", "running", START, {"pending": Pending("p", "add_on", 1, 0, 1)}, "BUY_IN_PENDING"),
        ("rebuy", "running", START, {"paid": (PAID, Paid("a", "rebuy", 1, 0, 1))}, ""),
        ("rebuy", "running", START, {"paid": (Paid("a", "rebuy", 1, 0, 1), Paid("b", "rebuy", 1, 0, 1))}, "REBUY_NOT_ALLOWED"),
        ("rebuy", "running", START, {"paid": (Paid("a", "rebuy", 1, 0, 1), Paid("b", "rebuy", 1, 0, 1, "refund"))}, ""),
        ("add_on", "running", START, {"paid": (Paid("a", "add_on", 1, 0, 1),)}, "ADDON_NOT_ALLOWED"),
    ],
)  # fmt: skip
def test_what_may_be_bought_when(kind: str, status: str, now: int, change: dict[str, Any], name: str) -> None:
    entry = replace(ENTRY, **change)
    if name:
        assert refusal_of(rules.purchase_of, tournament(status), entry, kind, "p1", now).name == name
        return
    bought = rules.purchase_of(tournament(status), entry, kind, "p1", now)
    fee, rake = (500, 50) if kind == "rebuy" else (300, 30)
    assert bought.pending == Pending("p1", kind, fee, rake, now)
    assert (bought.version, bought.due_at) == (entry.version + 1, now + rules.PENDING_CHECK_MS)
    assert (bought.status, bought.stints, bought.paid) == (entry.status, entry.stints, entry.paid)


def test_more_rounds_may_be_bought_before_the_play_and_nothing_that_is_not_sold() -> None:
    more = Purchase(500, 50, 2, None, "add_rounds", 10)
    assert rules.purchase_of(tournament("registration", rebuy=more), ENTRY, "rebuy", "p1", OPENS).pending
    assert refusal_of(rules.purchase_of, tournament(rebuy=None), ENTRY, "rebuy", "p", 1_500).name == "REBUY_NOT_ALLOWED"  # fmt: skip
    assert refusal_of(rules.purchase_of, tournament(add_on=None), ENTRY, "add_on", "p", 1_500).name == "ADDON_NOT_ALLOWED"  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "effect", "stints"),
    [
        ("rebuy", "new_entry", (Stint(1, 5), Stint(2, 1_500))),
        ("rebuy", "reset", (Stint(1, 5), Stint(2, 1_500))),
        ("rebuy", "add_rounds", (Stint(1, 5, 70, 0),)),
        ("add_on", "add_rounds", (Stint(1, 5, 70, 0),)),
        ("add_on", "add_points", (Stint(1, 5, 0, 70),)),
    ],
)
def test_what_a_purchase_gives(kind: str, effect: str, stints: tuple[Stint, ...]) -> None:
    offer = Purchase(500, 50, 3, None, effect, 70)
    there = tournament(rebuy=None, add_on=offer) if kind == "add_on" else tournament(rebuy=offer, add_on=None)
    pending = rules.purchase_of(there, ENTRY, kind, "p1", 1_400)
    done = rules.confirmed(there, pending, 1_500)
    assert [tuple(s) for s in done.stints] == [tuple(s) for s in stints]
    assert done.paid == (PAID, Paid("p1", kind, 500, 50, 1_500))
    assert (done.pending, done.due_at, done.status, done.joined_at) == (None, 0, "active", 5)
    twice = rules.confirmed(there, rules.purchase_of(there, done, kind, "p2", 1_600), 1_700)
    extra = twice.stints[-1]
    assert extra.entry_no == (3 if effect in ("new_entry", "reset") else 1)
    assert (extra.rounds_extra, extra.points_extra) == (
        140 if effect == "add_rounds" else 0,
        140 if effect == "add_points" else 0,
    )


def test_a_declined_buy_in_frees_the_seat_and_a_declined_rebuy_changes_nothing() -> None:
    declined = rules.refused(entered(), "no money")
    assert (declined.status, declined.reason, declined.pending, declined.due_at) == ("declined", "no money", None, 0)  # fmt: skip
    bought = rules.purchase_of(tournament(), ENTRY, "rebuy", "p1", 1_500)
    kept = rules.refused(bought, "no money")
    assert kept == replace(ENTRY, version=bought.version + 1)


def test_what_was_paid_too_late_is_owed_back_at_once() -> None:
    bought = rules.purchase_of(tournament(), ENTRY, "rebuy", "p1", 1_500)
    after = rules.too_late(bought, "over", 4_000)
    assert after.paid == (PAID, Paid("p1", "rebuy", 500, 50, 4_000, refund_ref("p1")))
    assert (after.status, after.pending, after.due_at, after.stints) == ("active", None, 4_000, ENTRY.stints)
    assert after.total_paid == 1_100
    assert rules.too_late(entered(), "over", 4_000).status == "declined"


@pytest.mark.parametrize("call", [rules.confirmed, rules.too_late])
def test_nothing_pending_cannot_be_settled(call: Any) -> None:
    arguments = (tournament(), ENTRY, 1) if call is rules.confirmed else (ENTRY, "x", 1)
    with pytest.raises(ValueError, match="nothing is pending"):
        call(*arguments)


# ---------------------------------------------------------------- leaving
@pytest.mark.parametrize(
    ("status", "now", "change", "name"),
    [
        ("registration", START - 1, {}, ""),
        ("scheduled", OPENS, {}, ""),
        ("registration", START, {}, "TOURNAMENT_STATE"),
        ("running", START - 1, {}, "TOURNAMENT_STATE"),
        ("registration", 500, {"pending": Pending("p", "add_on", 1, 0, 1)}, "BUY_IN_PENDING"),
        ("registration", 500, {"status": "disqualified"}, "NOT_REGISTERED"),
        ("registration", 500, {"status": "withdrawn"}, "NOT_REGISTERED"),
    ],
)
def test_who_may_leave(status: str, now: int, change: dict[str, Any], name: str) -> None:
    entry = replace(ENTRY, **change)
    if name:
        assert refusal_of(rules.withdrawn, tournament(status), entry, now).name == name
        return
    left = rules.withdrawn(tournament(status), entry, now)
    assert (left.status, left.reason, left.version) == ("withdrawn", "withdrawn", entry.version + 1)
    assert (left.paid, left.due_at) == ((PAID._replace(refund=refund_ref("ref-1")),), now)


def test_what_is_owed_back_is_owed_once() -> None:
    given = PAID._replace(refund="given")
    two = replace(ENTRY, paid=(given, PAID._replace(ref="ref-2")), due_at=9)
    owed = (given, Paid("ref-2", "buy_in", 1_000, 100, 5, refund_ref("ref-2")))
    assert rules.owing(two, 50).paid == owed
    assert rules.owing(two, 50).due_at == 50
    assert rules.owing(replace(two, paid=owed), 50).due_at == 9  # nothing new to arrange
    void = rules.refunded(two)
    assert (void.status, void.paid, void.due_at, void.version) == ("refunded", owed, 0, two.version + 1)
    assert refund_ref("ref-1") == refund_ref("ref-1") != refund_ref("ref-2")


# ---------------------------------------------------------------- judging
def test_a_disqualified_player_keeps_seat_and_stints_and_may_come_back() -> None:
    out = rules.disqualified(ENTRY, "collusion")
    assert out == replace(ENTRY, status="disqualified", reason="collusion", version=ENTRY.version + 1)
    assert rules.disqualified(out, "again").status == "disqualified"
    assert rules.reinstated(out) == replace(ENTRY, reason="", version=out.version + 1)
    assert rules.seat_of(out) == Seat(ENTRY.entry_id, "b", "ann", "Ann", "disqualified", 5, ENTRY.stints)
    for status in ("withdrawn", "declined", "refunded", "pending_payment"):
        for call in (lambda e: rules.disqualified(e, "x"), rules.reinstated):
            assert refusal_of(call, replace(ENTRY, status=status)).name == "NOT_REGISTERED"
