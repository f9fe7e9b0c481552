"""The demo operator's wallet through its function: only the hub is heard, and it can be told to misbehave."""

import json
from typing import Any

import pytest
from pitboss.platform import signing
from pitboss.platform.clock import now_ms
from pitboss.platform.masters import callback_master

from tests.functions import load

pytestmark = pytest.mark.moto
WHO = {"tenantId": "t1", "brandId": "aurora", "userId": "ann"}


@pytest.fixture(autouse=True)
def casino(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_TOKEN", "look")
    control(currency="EUR", balance="1000.00")


def http(method: str, path: str, headers: dict[str, str], raw: bytes | None, query: Any = None) -> Any:
    event = {
        "httpMethod": method,
        "resource": f"/demo-operator/wallet/{path}",
        "headers": {"Content-Type": "application/json", **headers},
        "queryStringParameters": query,
        "body": raw.decode() if raw is not None else None,
        "requestContext": {"requestId": "r"},
    }
    answer = load("demo_operator").handler(event, None)
    try:
        body = json.loads(answer["body"])
    except ValueError:
        body = answer["body"]
    return answer["statusCode"], body


def guarded(method: str, path: str, body: Any = None, query: Any = None, shown: str = "look") -> Any:
    raw = None if body is None else json.dumps(body).encode()
    return http(method, path, {"X-Demo-Token": shown}, raw, query)


def control(**wishes: Any) -> Any:
    status, body = guarded("POST", "control", {**WHO, **wishes})
    assert status == 200, body
    return body


def send(path: str, document: Any, *, secret: bytes | None = None, at: int = 0) -> Any:
    raw = json.dumps(document).encode()
    own = secret or signing.tenant_secret(callback_master(), "t1")
    return http("POST", path, signing.headers(own, "m1", now_ms() // 1000 + at, raw), raw)


def bet(tx: str, amount: Any = "10.00", **more: Any) -> Any:
    body = {
        "action": "bet",
        "transactionId": tx,
        "amount": amount,
        "currency": "EUR",
        "provider": "studio",
        "gameId": "g",
        "roundId": "r1",
        "type": "bet",
    }
    return send("bet", {**WHO, **body, **more})


def test_a_bet_and_its_repetition() -> None:
    status, first = bet("b1")
    assert (status, first["status"], first["balance"], first["currency"]) == (200, "OK", "990.00", "EUR")
    bet("b2")
    again = bet("b1")[1]
    assert (again["balance"], again["replay"], again["currentBalance"]) == ("990.00", True, "980.00")
    assert bet("b1", "11.00")[1]["status"] == "TX_CONFLICT"
    told = guarded("GET", "control", query=WHO)[1]
    assert [(t["transactionId"], t["state"]) for t in told["transactions"]] == [
        ("b1", "DONE"),
        ("b2", "DONE"),
    ]
    assert send("balance", {"action": "balance", **WHO})[1]["balance"] == "980.00"


def test_only_the_hub_is_heard() -> None:
    assert bet("b1")[0] == 200
    status, body = send("bet", {**WHO, "action": "bet"}, secret=b"x" * 32)
    assert (status, body["status"]) == (401, "SIGNATURE_INVALID")
    assert send("bet", {**WHO, "action": "bet"}, at=-400)[1]["status"] == "SIGNATURE_INVALID"
    assert send("bet", {"action": "bet"})[1]["status"] == "VALIDATION_ERROR"
    assert guarded("GET", "control", query=WHO, shown="guess")[0] == 401


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"action": "win"}, "VALIDATION_ERROR"),
        ({"transactionId": ""}, "VALIDATION_ERROR"),
        ({"transactionId": "x" * 257}, "VALIDATION_ERROR"),
        ({"roundClosed": "yes"}, "VALIDATION_ERROR"),
        ({"roundId": 7}, "VALIDATION_ERROR"),
        ({"amount": "1e1"}, "INVALID_AMOUNT"),
        ({"amount": "0.001"}, "AMOUNT_PRECISION"),
        ({"userId": "nobody"}, "PLAYER_NOT_FOUND"),
        ({"currency": "USD"}, "CURRENCY_MISMATCH"),
    ],
)
def test_what_is_not_a_bet_moves_nothing(more: dict[str, Any], status: str) -> None:
    assert bet("b1", **more)[1]["status"] == status
    assert guarded("GET", "control", query=WHO)[1]["balance"] == "1000.00"


def test_a_list_is_all_or_none() -> None:
    def act(tx: str, amount: str) -> dict[str, Any]:
        return {"action": "bet", "transactionId": tx, "amount": amount, "roundId": "r1", "gameId": "g"}

    head = {**WHO, "action": "transaction", "currency": "EUR", "provider": "studio"}
    poor = {**head, "transactionId": "l1", "actions": [act("b1", "10.00"), act("b2", "5000.00")]}
    assert send("transaction", poor)[1]["status"] == "INSUFFICIENT_FUNDS"
    good = {**head, "transactionId": "l2", "actions": [act("b3", "10.00"), act("b4", "5.00")]}
    assert send("transaction", good)[1]["balance"] == "985.00"
    assert send("transaction", good)[1]["replay"] is True
    twice = {**head, "transactionId": "l3", "actions": [act("b5", "1.00"), act("b5", "1.00")]}
    assert send("transaction", twice)[1]["status"] == "VALIDATION_ERROR"


def test_faults_come_in_order_for_the_player_and_action_named() -> None:
    orders = [
        {"kind": "html", "action": "win"},
        {"kind": "empty", "userId": "bob"},
        {"kind": "error500", "action": "bet", "times": 2},
        {"kind": "drop-after"},
    ]
    assert guarded("POST", "faults", {"tenantId": "t1", "faults": orders})[1] == {"pending": 5}
    assert [bet("b1")[0] for _ in range(3)] == [500, 500, 502]
    assert guarded("GET", "control", query=WHO)[1]["balance"] == "990.00"
    assert bet("b1")[1]["replay"] is True
    assert guarded("POST", "faults", {"tenantId": "t1", "faults": [], "replace": True})[1] == {"pending": 0}


def test_a_player_is_set_and_read() -> None:
    seen = control(status="blocked", limits={"maxBet": "5.00"})
    assert (seen["status"], seen["maxBet"], seen["balance"]) == ("blocked", "5.00", "1000.00")
    assert bet("b1")[1]["status"] == "PLAYER_BLOCKED"
    control(status="active")
    assert bet("b2")[1]["status"] == "BET_LIMIT"
    yen = control(currency="JPY", balance="700")
    assert (yen["balance"], yen["currency"]) == ("700", "JPY")
    assert guarded("POST", "control", {**WHO, "balance": "0.5"})[0] == 400
    assert guarded("GET", "control", query={**WHO, "userId": "nobody"})[0] == 404
