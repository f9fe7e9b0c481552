"""An end-round in a list waits for the operator, as all that stands beside it."""

from collections.abc import Iterator
from typing import Any

import pytest
from pitboss.wallet import failed
from pitboss.wallet.public import read_round

from tests.dialect_world import INTEGRATION
from tests.seamless_world import Seamless, open_seamless
from tests.tenancy_world import Reply, made

pytestmark = pytest.mark.moto


@pytest.fixture(autouse=True)
def demo_token(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_TOKEN", "look")


@pytest.fixture(params=[True, False], ids=["as a list", "one by one"])
def there(aws: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Seamless]:
    with open_seamless(walletTransactions=request.param) as world:
        yield world


def bet(tx: str = "t1", amount: str = "10.00", **more: Any) -> dict[str, Any]:
    return {"action": "bet", "transactionId": tx, "amount": amount, **more}


def win(tx: str = "w1", of: str = "t1") -> dict[str, Any]:
    return {"action": "win", "transactionId": tx, "amount": "25.00", "betTransactionId": of}


def end(tx: str = "e1", **more: Any) -> dict[str, Any]:
    return {"action": "end-round", "transactionId": tx, **more}


def send(there: Seamless, *actions: dict[str, Any]) -> Reply:
    common = {"roundId": "r1", "gameId": there.provider.game, "currency": "EUR"}
    return there.provider("transaction", actions=list(actions), **common)


def recorded(there: Seamless, round_id: str = "r1") -> Any:
    found = read_round(there.tenant_id, there.player_id, INTEGRATION, round_id)
    return found.round if found else None


def test_a_yes_ends_the_round_once(there: Seamless) -> None:
    answer = made(send(there, bet(), end()))
    assert (answer["roundStatus"], answer["balance"]) == ("completed", "990.00")
    assert there.calls() == ["bet"], "the end of a round is between provider and hub"
    played = recorded(there)
    assert (played.status, played.closed, played.ended, played.revision) == ("completed", True, True, 1)
    again = made(send(there, bet(), end()))
    assert (again["replay"], again["roundStatus"], recorded(there).revision) == (True, "completed", 1)
    assert there.provider.bet("t2").name == "ROUND_CLOSED"
    assert there.due() == []


def test_a_no_leaves_the_round_as_it_was(there: Seamless) -> None:
    """It used to be recorded as completed, and as cancelled in a next revision."""
    there.provider.bet("t0")
    refused = send(there, bet("t1", "5000.00"), end())
    assert (refused.name, refused.body["effect"]) == ("BALANCE_NOT_ENOUGH", "none")
    assert recorded(there) is None
    (played,) = there.wallet().rounds
    assert (played.status, played.closed, played.ended, played.stake) == ("open", False, False, 1000)
    assert there.tx("e1", "end").state == "REFUSED"
    assert made(there.provider.bet("t2"))["balance"] == "980.00"
    assert there.due() == []


def test_a_bet_that_nobody_answers_is_undone_and_its_round_never_was(there: Seamless) -> None:
    there.faults({"kind": "drop-after", "action": "bet"})
    assert send(there, bet(), end()).name == "CALLBACK_ERROR"
    assert recorded(there) is None
    there.work()
    assert (there.tx("t1").state, there.tx("e1", "end").state) == ("ROLLED_BACK", "ROLLED_BACK")
    assert there.calls() == ["bet", "rollback"]
    played = recorded(there)
    assert (played.status, played.revision, played.ended) == ("cancelled", 1, False)
    assert send(there, bet(), end()).name == "TX_ROLLED_BACK"
    assert there.operator()["balance"] == "1000.00"
    assert there.due() == []


def test_what_is_owed_is_paid_by_the_worker_and_ends_the_round(there: Seamless) -> None:
    lists = {"kind": "drop-after", "action": "transaction"}
    there.faults(lists, {"kind": "drop-after", "action": "win"})
    assert send(there, bet(), win(), end()).name == "CALLBACK_ERROR"
    assert recorded(there) is None
    there.work()
    states = {there.tx("t1").state, there.tx("w1", "win").state, there.tx("e1", "end").state}
    assert states == {"DONE"}
    played = recorded(there)
    assert (played.status, played.ended, played.revision) == ("completed", True, 1)
    answer = made(send(there, bet(), win(), end()))
    assert (answer["replay"], answer["balance"], answer["roundStatus"]) == (True, "1015.00", "completed")
    assert there.due() == []


def test_a_person_settles_the_end_with_what_it_waits_for(there: Seamless) -> None:
    there.provider.bet("t1")
    there.faults(
        {"kind": "refuse", "action": "win", "name": "PLAYER_NOT_FOUND"},
        {"kind": "refuse", "action": "transaction", "name": "PLAYER_NOT_FOUND"},
    )
    assert send(there, win(), end()).name == "USER_NOT_FOUND"
    assert recorded(there) is None
    (stuck,), _ = failed.page(there.tenant_id, None, 10)
    failed.resolve(there.tenant_id, stuck.hub_id, "done", "key-1", "paid by hand", 1)
    assert (there.tx("e1", "end").state, recorded(there).status) == ("DONE", "completed")


def test_an_end_of_another_round_waits_as_well_and_order_counts(there: Seamless) -> None:
    there.provider.bet("t0", round_id="r0")
    assert send(there, end("e0", roundId="r0"), bet("t1", "5000.00")).name == "BALANCE_NOT_ENOUGH"
    assert recorded(there, "r0") is None
    assert send(there, bet("t2"), end("e2"), bet("t3")).name == "ROUND_CLOSED"
    assert [r.round_id for r in there.wallet().rounds] == ["r0"]
    assert made(send(there, end("e3", roundId="r0"), bet("t4")))["roundStatus"] == "open"
    assert recorded(there, "r0").status == "completed"
    assert made(send(there, end("e4")))["roundStatus"] == "completed", "nothing beside it: at once"


def test_an_end_settles_the_bets_of_its_round_for_what_follows_it(there: Seamless) -> None:
    there.provider.bet("t1")
    back = {"action": "rollback", "transactionId": "k1", "originalTransactionId": "t1", "roundId": "r1"}
    assert send(there, end("e1"), back).name == "TX_ALREADY_SETTLED"
    assert recorded(there) is None
