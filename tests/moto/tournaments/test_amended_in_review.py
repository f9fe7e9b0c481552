"""Results that are amended before anybody was paid, and what becomes of a result when the tournament is called off."""

from typing import Any

import pytest
from pitboss.ledger import public as ledger

from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto

FIXED = {"lines": [{"rankFrom": 1, "amount": "50.00"}, {"rankFrom": 2, "rankTo": 3, "amount": "10.00"}]}
PAID = {"entry": {"buyIn": "10.00", "rake": "1.00"}}


def in_review(casino: Hub, **fields: Any) -> str:
    """A tournament that ann won before bob and cid, waiting for the operator's approval."""
    tid = casino.create(approval="manual", **{"prizes": FIXED, **fields})
    for player in ("ann", "bob", "cid"):
        assert casino.register(tid, player).status == 201
    casino.to(casino.now + HOUR)
    casino.send(("r1", "ann", "3.00", "0"), ("r2", "bob", "2.00", "0"), ("r3", "cid", "1.00", "0"))
    casino.to(casino.now + HOUR + 31 * SECOND)
    assert casino.settle(tid, passes=3) == "review"
    return tid


def payouts(casino: Hub, tid: str) -> list[tuple[str, str, str]]:
    """(player, amount, state) of all payouts of a tournament."""
    rows = casino.ok("GET", "/payouts", query={"tournamentId": tid})["payouts"]
    return sorted((p["playerId"], p["amount"], p["state"]) for p in rows)


def disqualify(casino: Hub, tid: str, player: str) -> None:
    assert casino.player("POST", tid, "disqualify", player, {"reason": "two accounts"}).status == 200


def test_who_is_disqualified_in_review_is_never_paid(casino: Hub) -> None:
    tid = in_review(casino)
    disqualify(casino, tid, "ann")
    assert casino.settle(tid, passes=2) == "review"
    assert casino.ok("GET", "/tournaments/{id}/results", id=tid)["version"] == 2
    casino.ok("POST", "/tournaments/{id}/approve", id=tid)
    assert casino.settle(tid) == "settled"
    assert payouts(casino, tid) == [("bob", "50.00", "confirmed"), ("cid", "10.00", "confirmed")]
    assert (casino.house("overlay"), casino.house("clawback"), casino.house("cash")) == (-6000, 0, 6000)
    assert casino.balance(ledger.pool_account(tid)) == casino.balance(ledger.payable_account(tid)) == 0
    casino.check_books()
    # Amended once more after payment, only what differs from the version that was paid moves.
    casino.player("POST", tid, "reinstate", "ann", {"reason": "appeal"})
    assert casino.settle(tid) == "settled"
    assert casino.ok("GET", "/tournaments/{id}/results", id=tid)["version"] == 3
    assert payouts(casino, tid) == [
        ("ann", "50.00", "confirmed"),
        ("bob", "-40.00", "manual"),
        ("bob", "50.00", "confirmed"),
        ("cid", "10.00", "confirmed"),
    ]
    casino.check_books()


def test_a_result_that_is_being_amended_is_not_approved(casino: Hub) -> None:
    tid = in_review(casino)
    disqualify(casino, tid, "ann")
    refused = casino.refused("POST", "/tournaments/{id}/approve", id=tid)
    assert (refused["name"], refused["retryable"]) == ("RESULT_NOT_READY", True)
    assert casino.settle(tid, passes=2) == "review"
    assert payouts(casino, tid) == []
    casino.ok("POST", "/tournaments/{id}/approve", id=tid)
    assert casino.settle(tid) == "settled"
    assert payouts(casino, tid) == [("bob", "50.00", "confirmed"), ("cid", "10.00", "confirmed")]


def test_only_the_version_that_was_read_is_approved(casino: Hub) -> None:
    tid = in_review(casino)
    disqualify(casino, tid, "ann")
    assert casino.settle(tid, passes=2) == "review"
    refused = casino.refused("POST", "/tournaments/{id}/approve", {"resultVersion": 1}, id=tid)
    assert (refused["name"], refused["resultVersion"]) == ("VERSION_CONFLICT", 2)
    assert payouts(casino, tid) == []
    assert casino.ok("POST", "/tournaments/{id}/approve", {"resultVersion": 2}, id=tid)["status"] == "final"


def test_a_void_while_a_result_is_being_amended_refunds_everybody(casino: Hub) -> None:
    tid = in_review(casino, **PAID)
    disqualify(casino, tid, "ann")
    casino.ok("POST", "/tournaments/{id}/void", {"policy": "refund", "reason": "the game broke"}, id=tid)
    assert casino.settle(tid) == "voided"
    debits = casino.ok("GET", "/debits", query={"tournamentId": tid})["debits"]
    refunds = [(d["playerId"], d["state"]) for d in debits if d["kind"] == "refund"]
    assert sorted(refunds) == [("ann", "confirmed"), ("bob", "confirmed"), ("cid", "confirmed")]
    assert casino.house("cash") == casino.house("rake") == casino.balance(ledger.pool_account(tid)) == 0
    assert casino.balance(ledger.payable_account(tid)) == 0
    casino.check_books()
