"""Giving back what many have paid: one entry that cannot be posted now keeps no other waiting, and one settler is enough."""

from typing import Any

import pytest
from pitboss.ledger import public as ledger
from pitboss.ledger import store as ledger_store
from pitboss.platform.dynamo import TooBusy
from pitboss.tournaments import settlement

from tests.tournament_world import SECOND, Hub

pytestmark = pytest.mark.moto

PLAYERS = ("ann", "bob", "cid")


def cancelled(casino: Hub) -> str:
    tid = casino.create(entry={"buyIn": "10.00", "rake": "1.00"})
    for player in PLAYERS:
        assert casino.register(tid, player).status == 201
    casino.ok("DELETE", "/tournaments/{id}", id=tid)
    return tid


def statuses(casino: Hub, tid: str) -> list[str]:
    rows = casino.ok("GET", "/tournaments/{id}/players", id=tid)["players"]
    return [row["status"] for row in rows]


def test_a_book_that_is_busy_for_one_refund_keeps_no_other_waiting(
    casino: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    tid = cancelled(casino)
    real, crowded = ledger_store.transact, []

    def busy_at_first(ops: Any) -> None:
        if any("OWED#" in str(op) for op in ops) and not crowded:
            crowded.append(len(ops))
            raise TooBusy
        real(ops)

    monkeypatch.setattr(ledger_store, "transact", busy_at_first)
    settlement.settle(casino.tenant, tid, "first")
    assert crowded, "nothing was to be posted"
    assert sorted(statuses(casino, tid)) == ["active", "refunded", "refunded"]
    casino.to(casino.now + 61 * SECOND)
    casino.settle(tid, passes=3)
    assert set(statuses(casino, tid)) == {"refunded"}
    assert casino.balance(ledger.payable_account(tid)) == 0
    assert (casino.house("cash"), casino.house("rake")) == (0, 0)
    casino.check_books()
