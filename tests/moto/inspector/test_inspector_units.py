"""What keeping a call costs: a write unit for the call, one for its place in the index, one for each further id."""

from typing import Any
from uuid import uuid4

import pytest

from bench.wallet_stub import index_units, size_of, units
from tests.bad_input_world import changes, snapshot
from tests.functions import load
from tests.provider_world import Provider, World, open_world
from tests.tenancy_world import Client, Reply, made

pytestmark = pytest.mark.moto
KEPT = ("IC#", "II#")


@pytest.fixture
def world(aws: dict[str, str]) -> tuple[World, Provider]:
    load("inspector_api")
    return open_world()


def told(aws: dict[str, str], before: Any) -> list[int]:
    """The write units of each item that tells of calls, dearest first."""
    now = snapshot(aws)
    fresh = {key: item for key, item in now.items() if key[0] in changes(before, now)}
    rows = [_sized(item) for (pk, _), item in fresh.items() if pk.startswith(KEPT)]
    return sorted((units(size_of(item), 1024) + index_units(None, item) for item in rows), reverse=True)


def _sized(item: dict[str, Any]) -> dict[str, Any]:
    """Scanned bytes as text of as many characters: the stub knows bytes as they come over the wire."""
    return {name: {"S": "x" * len(value["B"])} if "B" in value else value for name, value in item.items()}


def found(world: World, reply: Reply, *ids: str) -> None:
    """Each id, and the one that the answer names, leads to the call."""
    client = Client(load("inspector_api").api, world.call.token)
    for any_id in (*ids, reply.headers["X-Request-Id"]):
        calls = made(client("GET", "/inspector/calls", query={"id": any_id}))["calls"]
        kept = [call for call in calls if call["kind"] == "kept"]
        assert [call["ids"]["requestId"] for call in kept] == [reply.headers["X-Request-Id"]], any_id
        whole = made(client("GET", "/inspector/calls/{id}", id=kept[0]["callId"]))
        assert whole["ids"] == kept[0]["ids"]


def test_a_refused_call_is_five_units_and_found_by_every_id(
    world: tuple[World, Provider], aws: dict[str, str]
) -> None:
    tenant, provider = world
    tx, round_id, nonce = str(uuid4()), str(uuid4()), str(uuid4())
    before = snapshot(aws)
    poor = provider.bet(tx, "1000.01", round_id, nonce=nonce)
    assert poor.name == "BALANCE_NOT_ENOUGH"
    assert told(aws, before) == [2, 1, 1, 1]  # the call and its transaction's id; round, message, hour
    found(tenant, poor, tx, round_id, nonce)


def test_a_repeated_call_is_three_units_and_found_by_its_message(
    world: tuple[World, Provider], aws: dict[str, str]
) -> None:
    tenant, provider = world
    tx, nonce = str(uuid4()), str(uuid4())
    made(provider.bet(tx))
    before = snapshot(aws)
    again = provider.bet(tx, nonce=nonce)
    assert made(again)["replay"] is True
    assert told(aws, before) == [2, 1]
    found(tenant, again, tx, nonce, made(again)["hubTransactionId"])
