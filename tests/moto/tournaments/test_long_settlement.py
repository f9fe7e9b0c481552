"""Refunds and payouts of many players take longer than a lease: whoever works keeps it."""

from typing import Any

import pytest
from pitboss.platform.aws import dynamodb
from pitboss.tournaments import settlement, store

from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto
PLAYERS = ("ann", "bob", "cid", "dan", "eve", "fay")
PRIZES = {"lines": [{"rankFrom": 1, "rankTo": len(PLAYERS), "amount": "1.00"}]}


def rivals_while(hub: Hub, tid: str) -> list[bool]:
    """Settles while each transaction takes a third of a lease; after each, whether a second settler could have begun."""
    begun: list[bool] = []

    def slowly(**_: Any) -> None:
        hub.now += settlement.LEASE_MS // 3
        if store.take_lease(hub.tenant, tid, "rival", hub.now, hub.now + SECOND):
            begun.append(True)
            store.drop_lease(hub.tenant, tid, "rival")
        else:
            begun.append(False)

    events = dynamodb().meta.events
    events.register("after-call.dynamodb.TransactWriteItems", slowly)
    try:
        settlement.settle(hub.tenant, tid, "first")
    finally:
        events.unregister("after-call.dynamodb.TransactWriteItems", slowly)
    return begun


def test_refunds_of_a_tournament_that_was_called_off(casino: Hub) -> None:
    tid = casino.create(entry={"buyIn": "10.00", "rake": "1.00"})
    for player in PLAYERS:
        assert casino.register(tid, player).status == 201
    casino.ok("DELETE", "/tournaments/{id}", id=tid)
    begun = rivals_while(casino, tid)
    assert len(begun) > len(PLAYERS)
    assert not any(begun)
    assert casino.balance("tournament/" + tid + "/pool") == 0


def test_postings_of_many_payouts(casino: Hub) -> None:
    tid = casino.create(prizes=PRIZES)
    for player in PLAYERS:
        assert casino.register(tid, player).status == 201
    casino.to(casino.now + HOUR)
    casino.send(*[(f"r{n}", player, f"{n + 1}.00", "0") for n, player in enumerate(PLAYERS)])
    casino.to(casino.now + HOUR + 31 * SECOND)
    settlement.settle(casino.tenant, tid, "planner")
    casino.money()
    assert casino.status(tid) == "paying"
    begun = rivals_while(casino, tid)
    assert len(begun) > len(PLAYERS)
    assert not any(begun)
    assert casino.status(tid) == "settled"
