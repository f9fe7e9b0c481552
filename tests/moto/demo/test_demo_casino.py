"""The demo casino keeps the contract of docs/callbacks.md: signed, once per reference, never below zero."""

import json
from typing import Any

import pytest
from pitboss.demo.api import api
from pitboss.platform import signing
from pitboss.platform.clock import now_ms

from tests.money_world import demo_faults, demo_get, forget_secrets

pytestmark = pytest.mark.moto


@pytest.fixture(autouse=True)
def casino(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_TOKEN", "look")
    forget_secrets()


def body(ref: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "debit",
        "kind": "buy_in",
        "ref": ref,
        "tenantId": "t1",
        "tournamentId": "T1",
        "entryId": "e1",
        "brandId": "aurora",
        "playerId": "p1",
        "amount": "11.00",
        "buyIn": "10.00",
        "rake": "1.00",
        "currency": "EUR",
        **more,
    }


def send(
    document: dict[str, Any], *, path: str = "", secret: bytes | None = None, at: int = 0, **headers: str
) -> Any:
    from pitboss.platform.masters import callback_master

    raw = json.dumps(document).encode()
    own = secret or signing.tenant_secret(callback_master(), "t1")
    stamp = (now_ms() // 1000) + at
    event = {
        "httpMethod": "POST",
        "resource": path
        or ("/demo-operator/payouts" if document["type"] == "payout" else "/demo-operator/debits"),
        "headers": {
            "Content-Type": "application/json",
            **signing.headers(own, document["ref"], stamp, raw),
            **headers,
        },
        "body": raw.decode(),
        "requestContext": {"requestId": "r"},
    }
    answer = api.handler(event, None)
    return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None


def balance() -> str:
    rows = demo_get(
        "/demo-operator/players/{brand}/{player}", {"tenantId": "t1"}, brand="aurora", player="p1"
    )["wallets"]
    return str(rows[0]["balance"]) if rows else "-"


def test_the_same_reference_gets_the_same_answer() -> None:
    first = send(body("d1"))
    assert first == (200, {"status": "confirmed", "ref": "d1", "transactionId": first[1]["transactionId"]})
    assert send(body("d1")) == first
    assert balance() == "989.00"
    status, problem = send(body("d1", amount="12.00"))
    assert (status, problem["name"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert balance() == "989.00"


def test_no_wallet_goes_below_zero() -> None:
    assert send(body("d1", amount="1000.00"))[1]["status"] == "confirmed"
    assert send(body("d2", amount="0.01"))[1] | {"transactionId": ""} == {
        "status": "declined",
        "ref": "d2",
        "transactionId": "",
        "reason": "BALANCE_NOT_ENOUGH",
    }
    assert send(body("p1", type="payout", kind="cash", amount="5.00"))[1]["status"] == "confirmed"
    assert send(body("d2", amount="0.01"))[1]["status"] == "declined"  # a no stays a no
    assert send(body("d3", amount="0.01"))[1]["status"] == "confirmed"
    assert balance() == "4.99"


def test_currencies_are_wallets_of_their_own() -> None:
    send(body("j", currency="JPY", amount="100"))
    send(body("b", currency="BTC", amount="0.00000001"))
    rows = demo_get(
        "/demo-operator/players/{brand}/{player}", {"tenantId": "t1"}, brand="aurora", player="p1"
    )["wallets"]
    assert {row["currency"]: row["balance"] for row in rows} == {"JPY": "900", "BTC": "999.99999999"}


def test_a_refund_gives_back_once_and_buries_what_never_came() -> None:
    send(body("d1"))
    back = {"type": "refund", "kind": "refund", "reason": "withdrawn"}
    assert send(body("r1", refundOf="d1", **back))[1]["status"] == "confirmed"
    assert send(body("r1", refundOf="d1", **back))[1]["status"] == "confirmed"
    assert balance() == "1000.00"
    assert send(body("r2", refundOf="d1", **back))[1]["reason"] == "ALREADY_REFUNDED"
    assert send(body("r3", refundOf="late", **back))[1]["status"] == "confirmed"
    assert send(body("late"))[1]["reason"] == "CANCELLED"
    assert balance() == "1000.00"
    send(body("no", amount="9999.00"))
    assert send(body("r4", refundOf="no", **back))[1]["status"] == "confirmed"
    assert balance() == "1000.00"


def test_only_the_hub_is_heard() -> None:
    for refused in (
        send(body("d1"), secret=b"x" * 32),
        send(body("d1"), at=-400),
        send(body("d1"), at=400),
        send(body("d1", tenantId="t2")),
        send(body("d1"), **{"webhook-id": "d2"}),
        send(body("d1"), **{"webhook-signature": "v1,"}),
    ):
        assert (refused[0], refused[1]["name"]) == (401, "SIGNATURE_INVALID")
    assert balance() == "-"


def test_strange_orders_are_refused_before_anything_moves() -> None:
    for strange in (
        body("d1", amount="1e3"),
        body("d1", amount="-1.00"),
        body("d1", amount=11),
        body("d1", currency="eur"),
        body("d1", type="refund"),
        body("d1", refundOf="d0"),
        body("d1", type="refund", kind="refund"),
        body("d1", kind="free"),
        body("d1", brandId=""),
    ):
        assert send(strange)[0] == 400
    assert send(body("f", type="payout", kind="free_rounds", amount="0.00"))[0] == 400
    assert balance() == "-"


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("error500", 500, "application/json"),
        ("html", 200, "text/html"),
        ("empty", 200, "application/json"),
        ("malformed", 200, "application/json"),
    ],
)
def test_faults_are_as_many_as_asked_for_and_only_where(kind: str, status: int, content_type: str) -> None:
    from tests.money_world import demo_casino

    demo_faults({"kind": kind, "on": "payout", "times": 2}, {"kind": "decline", "on": "debit"})

    def ask(ref: str) -> tuple[int, str, bytes]:
        from pitboss.platform.masters import callback_master

        raw = json.dumps(body(ref, type="payout", kind="cash")).encode()
        own = signing.tenant_secret(callback_master(), "t1")
        headers = {"content-type": "application/json", **signing.headers(own, ref, now_ms() // 1000, raw)}
        return demo_casino("/demo-operator/payouts", headers, raw)

    for _ in range(2):
        assert ask("p1")[:2] == (status, content_type)
    assert json.loads(ask("p1")[2])["status"] == "confirmed"
    assert send(body("d1"))[1]["reason"] == "DECLINED_BY_ORDER"
    assert send(body("d1"))[1]["reason"] == "DECLINED_BY_ORDER"
    assert send(body("d2"))[1]["status"] == "confirmed"


def test_the_view_needs_its_token() -> None:
    event = {
        "httpMethod": "GET",
        "resource": "/demo-operator/transactions",
        "headers": {"X-Demo-Token": "guess"},
        "queryStringParameters": {"tournamentId": "T1"},
        "requestContext": {"requestId": "r"},
    }
    assert api.handler(event, None)["statusCode"] == 401
    event["headers"] = {"X-Demo-Token": "look"}
    event["queryStringParameters"] = {}
    assert json.loads(api.handler(event, None)["body"])["errors"] == [
        {"field": "tournamentId", "reason": "required"}
    ]


def test_what_was_told_is_paged() -> None:
    for number in range(5):
        send(body(f"d{number}"))
    seen, cursor = [], None
    while True:
        query = {"tournamentId": "T1", "limit": "2", **({"cursor": cursor} if cursor else {})}
        page = demo_get("/demo-operator/transactions", query)
        seen += [row["ref"] for row in page["transactions"]]
        cursor = page["nextCursor"]
        if not cursor:
            break
    assert seen == [f"d{n}" for n in range(5)]
