"""The longest ids there are: what the wallet stores can be read by its path, and no route breaks on one in its path.

A character may take four bytes, and a table's sort key has 1,024 of them: an id that fits no key is one that does not exist.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from pitboss.contract.registry import apis
from pitboss.platform import dynamo
from pitboss.platform.aws import dynamodb
from pitboss.platform.http import Api, Route
from pitboss.platform.wire import LONGEST_ID

from tests.functions import load
from tests.provider_world import INTEGRATION
from tests.seamless_world import Seamless, open_seamless
from tests.tenancy_world import Client, made

pytestmark = pytest.mark.moto

LONGEST = "\U0001f0cf" * LONGEST_ID
# A door opens by its id and its protocol's secret, not by a token; the demo casino is no part of the hub.
SKIPPED = ("/wallet/", "/demo-operator/")


def asked_by_path() -> Iterator[tuple[Api, Route]]:
    for _, api in apis():
        for route in api.routes:
            if "{" in route.path and not route.path.startswith(SKIPPED):
                yield api, route


@pytest.fixture
def world(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Seamless]:
    monkeypatch.setenv("DEMO_TOKEN", "look")
    with open_seamless() as there:
        yield there


@pytest.fixture
def transactions(world: Seamless) -> Client:
    return Client(load("transactions_api").api, world.world.call.token)


def test_a_round_of_the_longest_id_is_read_by_its_path(world: Seamless, transactions: Client) -> None:
    made(world.provider.bet(LONGEST, roundId=LONGEST))
    made(world.provider.win("w", betTransactionId=LONGEST, roundId=LONGEST, roundClosed=True))
    refused = world.provider.bet("late", roundId=LONGEST)
    assert refused.name == "ROUND_CLOSED"
    query = {"playerId": world.player_id, "provider": INTEGRATION}
    (found,) = made(transactions("GET", "/rounds/{id}", query=query, id=LONGEST))["rounds"]
    assert found["roundId"] == LONGEST
    assert [row["transactionId"] for row in found["transactions"]] == [LONGEST, "w"]


def test_one_character_more_is_refused_by_its_name(transactions: Client) -> None:
    reply = transactions("GET", "/rounds/{id}", id=LONGEST + "x")
    assert (reply.status, reply.name) == (400, "PARAMETERS_INVALID")
    assert reply.body["errors"] == [{"field": "id", "reason": "1 to 256 printable characters"}]


def test_no_route_breaks_on_the_longest_id_in_its_path(world: Seamless, transactions: Client) -> None:
    assert transactions.api.routes
    broken: dict[str, Any] = {}
    walked = 0
    for api, route in asked_by_path():
        if route.method not in ("GET", "DELETE"):
            continue
        names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
        client = Client(api, world.world.call.token)
        reply = client(route.method, route.path, **dict.fromkeys(names, LONGEST))
        walked += 1
        if reply.status >= 500:
            broken[f"{route.method} {route.path}"] = reply.body
    assert walked > 20
    assert broken == {}


def test_a_key_that_cannot_be_is_not_asked_for(aws: dict[str, str]) -> None:
    """DynamoDB refuses such a key with an error of its own; moto would answer that there is nothing."""
    asked: list[Any] = []
    events = dynamodb().meta.events
    events.register("before-call.dynamodb.GetItem", lambda **sent: asked.append(sent), unique_id="asked")
    try:
        for pk, sk in (("P", "\U0001f0cf" * 256 + "x"), ("\U0001f0cf" * 512 + "x", "S")):
            assert dynamo.get(aws["HUB_TABLE"], pk, sk) is None
        assert asked == []
        assert dynamo.get(aws["HUB_TABLE"], "P", "\U0001f0cf" * 256) is None
        assert len(asked) == 1
    finally:
        events.unregister("before-call.dynamodb.GetItem", unique_id="asked")
