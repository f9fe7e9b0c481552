"""Transactions, the failed list and rounds as clients see them, for a seamless player and his operator."""

from collections.abc import Iterator
from typing import Any

import pytest
from pitboss.wallet.model import TxKey
from pitboss.wallet.transactions_api import Index, api, use

from tests.seamless_world import INTEGRATION, Seamless, open_seamless
from tests.tenancy_world import Client, made, operator, root_client

pytestmark = pytest.mark.moto


class History:
    """What reports would have projected: here, what the test says."""

    def __init__(self) -> None:
        self.keys: dict[str, TxKey] = {}
        self.places: list[tuple[str, str]] = []
        self.asked: dict[str, Any] = {}

    def page(self, _tenant: str, **asked: Any) -> tuple[list[TxKey], str | None]:
        self.asked = asked
        return list(self.keys.values()), "more"

    def index(self) -> Index:
        return Index(
            lambda _, hub_id: self.keys.get(hub_id),
            self.page,
            lambda _tenant, round_id: self.places if round_id == "r1" else [],
        )


@pytest.fixture
def there(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Seamless, Client, History]]:
    monkeypatch.setenv("DEMO_TOKEN", "look")
    with open_seamless() as world:
        history = History()
        use(history.index())
        yield world, Client(api, world.world.call.token), history


def stuck_win(world: Seamless) -> str:
    """A win that the operator refuses; its hub id."""
    world.provider.bet("t1")
    world.faults({"kind": "refuse", "action": "win", "name": "PLAYER_NOT_FOUND"})
    world.provider.win("w1", betTransactionId="t1", roundClosed=True)
    return world.tx("w1", "win").hub_id


def test_a_transaction_is_found_by_its_providers_id_at_once(there: tuple[Seamless, Client, History]) -> None:
    world, client, _ = there
    placed = made(world.provider.bet("t1"))
    found = made(client("GET", "/transactions", query={"provider": INTEGRATION, "transactionId": "t1"}))
    (row,) = found["transactions"]
    assert row["hubTransactionId"] == placed["hubTransactionId"]
    assert {name: row[name] for name in ("state", "kind", "amount", "before", "after", "expiresAt")} == {
        "state": "DONE",
        "kind": "bet",
        "amount": "10.00",
        "before": "1000.00",
        "after": "990.00",
        "expiresAt": None,
    }
    assert client("GET", "/transactions", query={"transactionId": "t1"}).name == "PARAMETERS_INVALID"


def test_lists_and_the_hubs_ids_come_from_history(there: tuple[Seamless, Client, History]) -> None:
    world, client, history = there
    world.provider.bet("t1")
    hub_id = world.tx("t1").hub_id
    assert client("GET", "/transactions/{id}", id=hub_id).name == "TX_NOT_FOUND"
    history.keys[hub_id] = TxKey(INTEGRATION, "bet", "t1")
    assert made(client("GET", "/transactions/{id}", id=hub_id))["transactionId"] == "t1"
    listed = made(client("GET", "/transactions", query={"playerId": world.player_id, "state": "DONE"}))
    assert [row["transactionId"] for row in listed["transactions"]] == ["t1"]
    assert listed["nextCursor"] == "more"
    assert (history.asked["player_id"], history.asked["state"]) == (world.player_id, "DONE")


def test_the_failed_list_and_what_a_person_does(there: tuple[Seamless, Client, History]) -> None:
    world, client, _ = there
    hub_id = stuck_win(world)
    (row,) = made(client("GET", "/transactions/failed"))["transactions"]
    assert (row["hubTransactionId"], row["state"], row["refusal"]) == (hub_id, "FAILED", "USER_NOT_FOUND")
    assert made(client("GET", "/transactions/{id}", id=hub_id))["state"] == "FAILED"
    retried = made(client("POST", "/transactions/{id}/retry", {"note": "they know him again"}, id=hub_id))
    assert (retried["state"], "they know him again" in retried["note"]) == ("PENDING", True)
    world.work()
    assert world.tx("w1", "win").state == "DONE"
    assert made(client("GET", "/transactions/failed"))["transactions"] == []
    assert world.operator()["balance"] == "1010.00"


def test_a_failed_win_is_resolved_with_a_note(there: tuple[Seamless, Client, History]) -> None:
    world, client, history = there
    hub_id = stuck_win(world)
    body = {"resolution": "done", "note": "paid by hand"}
    done = made(client("POST", "/transactions/{id}/resolve", body, id=hub_id))
    assert (done["state"], "paid by hand" in done["note"]) == ("DONE", True)
    assert world.wallet().rounds == ()
    history.keys[hub_id] = TxKey(INTEGRATION, "win", "w1")
    assert made(client("POST", "/transactions/{id}/resolve", body, id=hub_id)) == done
    again = client("POST", "/transactions/{id}/resolve", {**body, "resolution": "void"}, id=hub_id)
    assert again.name == "CONFLICT"
    assert client("POST", "/transactions/{id}/retry", {}, id=hub_id).name == "CONFLICT"
    assert (
        client("POST", "/transactions/{id}/resolve", {"resolution": "maybe", "note": "abc"}, id=hub_id).status
        == 400
    )


def test_the_failed_list_has_pages(there: tuple[Seamless, Client, History]) -> None:
    world, client, _ = there
    world.faults({"kind": "refuse", "action": "win", "name": "PLAYER_NOT_FOUND", "times": 5})
    for number in range(3):
        world.provider.bet(f"t{number}", round_id=f"r{number}")
        world.provider.win(f"w{number}", round_id=f"r{number}", betTransactionId=f"t{number}")
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        query = {"limit": "1", **({"cursor": cursor} if cursor else {})}
        page = made(client("GET", "/transactions/failed", query=query))
        seen += [row["transactionId"] for row in page["transactions"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert sorted(seen) == ["w0", "w1", "w2"]


def test_another_tenant_sees_nothing_of_it(there: tuple[Seamless, Client, History]) -> None:
    world, _, history = there
    hub_id = stuck_win(world)
    from pitboss.tenancy.api import api as tenancy_api

    _, other = operator(root_client(tenancy_api), name="Other")
    stranger = Client(api, other.token)
    assert made(stranger("GET", "/transactions/failed"))["transactions"] == []
    history.keys[hub_id] = TxKey(INTEGRATION, "win", "w1")
    assert stranger("GET", "/transactions/{id}", id=hub_id).name == "TX_NOT_FOUND"
    body = {"resolution": "void", "note": "not mine"}
    assert stranger("POST", "/transactions/{id}/resolve", body, id=hub_id).name == "TX_NOT_FOUND"
    found = made(stranger("GET", "/transactions", query={"provider": INTEGRATION, "transactionId": "w1"}))
    assert found["transactions"] == []
    query = {"playerId": world.player_id, "provider": INTEGRATION}
    assert stranger("GET", "/rounds/{id}", query=query, id="r1").name == "ROUND_NOT_FOUND"
    assert made(stranger("GET", "/rounds/open", query={"olderThanMinutes": "0"}))["rounds"] == []


def test_rounds_open_and_ended(there: tuple[Seamless, Client, History]) -> None:
    world, client, history = there
    world.provider.bet("t1")
    query = {"playerId": world.player_id, "provider": INTEGRATION}
    (open_,) = made(client("GET", "/rounds/{id}", query=query, id="r1"))["rounds"]
    assert (open_["status"], open_["stake"], open_["bets"]) == ("open", "10.00", 1)
    for asked in ({"olderThanMinutes": "0"}, {"olderThanMinutes": "0", "playerId": world.player_id}):
        (listed,) = made(client("GET", "/rounds/open", query=asked))["rounds"]
        assert listed == open_
    assert made(client("GET", "/rounds/open"))["rounds"] == []
    world.provider.win("w1", betTransactionId="t1", roundClosed=True)
    (ended,) = made(client("GET", "/rounds/{id}", query=query, id="r1"))["rounds"]
    assert (ended["status"], ended["win"], ended["revision"]) == ("completed", "20.00", 1)
    assert [tx["kind"] for tx in ended["transactions"]] == ["bet", "win"]
    assert made(client("GET", "/rounds/open", query={"olderThanMinutes": "0"}))["rounds"] == []
    assert client("GET", "/rounds/{id}", id="r1").name == "ROUND_NOT_FOUND"
    history.places = [(INTEGRATION, world.player_id)]
    assert made(client("GET", "/rounds/{id}", id="r1"))["rounds"] == [ended]
