"""What a person does about money that the casino would not move, and what the books say of it after settlement."""

import pytest
from pitboss.delivery import public as delivery
from pitboss.ledger import public as ledger

from tests.money_world import demo_faults
from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto

DAY = 24 * HOUR
PRIZES = {"lines": [{"rankFrom": 1, "shareBps": 10_000}]}
PAID = {"outcome": "paid", "reason": "moved by hand"}
CANCELLED = {"outcome": "cancelled", "reason": "closed for good"}


def played(casino: Hub, *players: str, fault: str = "") -> str:
    """A tournament of 11.00 a seat and one prize of 30.00, played, and settled as far as the clock does it."""
    tid = casino.create(entry={"buyIn": "10.00", "rake": "1.00"}, guarantee="30.00", prizes=PRIZES)
    for player in players:
        assert casino.register(tid, player).status == 201
    casino.to(casino.now + HOUR)
    casino.send(*[(f"only-{n}", player, f"{9 - n}.00", "0") for n, player in enumerate(players)])
    if fault:
        demo_faults({"kind": fault, "on": "payout", "times": 100}, tournament=tid)
    casino.to(casino.now + HOUR)
    casino.to(casino.now + 31 * SECOND)
    casino.settle(tid)
    return tid


def only_payout(casino: Hub, tid: str) -> tuple[str, str]:
    (payout,) = casino.ok("GET", "/payouts", query={"tournamentId": tid})["payouts"]
    return payout["payoutId"], payout["state"]


@pytest.mark.parametrize("waits", [0, 2 * DAY], ids=["at-once", "after-it-was-archived"])
@pytest.mark.parametrize(
    ("body", "state", "cash", "remainder"),
    [(PAID, "confirmed", 1900, 0), (CANCELLED, "reversed", -1100, 3000)],
    ids=["paid", "cancelled"],
)
def test_a_refused_prize_that_a_person_ends_after_settlement_is_posted(
    casino: Hub, waits: int, body: dict[str, str], state: str, cash: int, remainder: int
) -> None:
    tid = played(casino, "ann", fault="decline")
    payout, was = only_payout(casino, tid)
    assert (was, casino.status(tid)) == ("rejected", "settled")
    assert (casino.balance(ledger.payable_account(tid)), casino.house("cash")) == (3000, -1100)
    if waits:
        casino.to(casino.now + waits)
        casino.settle(tid, passes=2)
    casino.ok("POST", "/payouts/{id}/resolve", body, id=payout)
    for _ in range(2):
        casino.settle(tid, passes=2)
        assert only_payout(casino, tid) == (payout, state)
        assert casino.balance(ledger.payable_account(tid)) == 0
        assert (casino.house("cash"), casino.house("remainder")) == (cash, remainder)
    assert casino.status(tid) == "settled"
    casino.check_books()


def test_a_prize_that_is_sent_again_after_settlement_is_posted(casino: Hub) -> None:
    tid = played(casino, "ann", fault="error500")
    for _ in range(20):
        casino.now += 2 * HOUR
        casino.money()
    payout, state = only_payout(casino, tid)
    assert (state, casino.settle(tid, passes=3)) == ("manual", "settled")
    demo_faults(tournament=tid)
    casino.ok("POST", "/payouts/{id}/retry", {"reason": "the wallet is back"}, id=payout)
    casino.settle(tid, passes=2)
    assert only_payout(casino, tid) == (payout, "confirmed")
    assert (casino.balance(ledger.payable_account(tid)), casino.house("cash")) == (0, 1900)
    casino.check_books()


@pytest.mark.parametrize(
    ("body", "cash", "overlay"),
    [(PAID, 3000 - 2200, -1000), (CANCELLED, 6000 - 2200, -4000)],
    ids=["taken-back", "forgiven"],
)
def test_a_claw_back_that_a_person_ends_is_posted(
    casino: Hub, body: dict[str, str], cash: int, overlay: int
) -> None:
    tid = played(casino, "ann", "bob")
    assert casino.player("POST", tid, "disqualify", "ann", {"reason": "two accounts"}).status == 200
    assert casino.settle(tid) == "settled"
    back = next(
        row
        for row in casino.ok("GET", "/payouts", query={"tournamentId": tid})["payouts"]
        if row["amount"] == "-30.00"
    )
    assert (back["state"], casino.house("clawback"), casino.house("cash")) == ("manual", -3000, 6000 - 2200)
    casino.ok("POST", "/payouts/{id}/resolve", body, id=back["payoutId"])
    casino.settle(tid, passes=2)
    assert (casino.house("clawback"), casino.house("cash"), casino.house("overlay")) == (0, cash, overlay)
    casino.check_books()


@pytest.mark.parametrize(
    ("body", "cash", "remainder"), [(PAID, 0, 0), (CANCELLED, -1100, 1100)], ids=["paid", "cancelled"]
)
def test_a_refused_refund_that_a_person_ends_is_posted(
    casino: Hub, body: dict[str, str], cash: int, remainder: int
) -> None:
    tid = casino.create(entry={"buyIn": "10.00", "rake": "1.00"}, prizes=PRIZES)
    assert casino.register(tid, "ann").status == 201
    demo_faults({"kind": "decline", "on": "refund", "times": 1}, tournament=tid)
    casino.ok("DELETE", "/tournaments/{id}", id=tid)
    casino.settle(tid)
    debits = casino.ok("GET", "/debits", query={"tournamentId": tid})["debits"]
    refund = next(row for row in debits if row["kind"] == "refund")
    assert refund["state"] == "rejected"
    assert casino.balance(ledger.payable_account(tid)) == 1100
    casino.ok("POST", "/debits/{id}/resolve", body, id=refund["debitId"])
    for _ in range(2):
        casino.settle(tid, passes=2)
        assert casino.balance(ledger.payable_account(tid)) == 0
        assert (casino.house("cash"), casino.house("remainder")) == (cash, remainder)
    casino.check_books()


def test_a_prize_that_a_person_ends_while_its_tournament_is_being_settled_is_posted(
    casino: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settler has read the payout as refused, and settles; meanwhile it is resolved, and its end is told."""
    real, ended = delivery.payouts_of, []

    def resolved_after_it_was_read(tenant: str, tournament: str) -> list[delivery.Movement]:
        read = real(tenant, tournament)
        if not ended and [p.state for p in read] == ["rejected"]:
            ended.append(read[0].id)
            casino.ok("POST", "/payouts/{id}/resolve", PAID, id=read[0].id)
            casino.now += 31 * SECOND
            assert casino.money() == 1
        return read

    monkeypatch.setattr(delivery, "payouts_of", resolved_after_it_was_read)
    tid = played(casino, "ann", fault="decline")
    assert [only_payout(casino, tid)] == [(ended[0], "confirmed")]
    assert casino.status(tid) == "settled"
    assert (casino.balance(ledger.payable_account(tid)), casino.house("cash")) == (0, 1900)
    casino.check_books()
