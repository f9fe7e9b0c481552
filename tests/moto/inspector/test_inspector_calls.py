"""Money calls are found by any id, told what was wrong with them, and sent again."""

import base64
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pitboss.catalogue.public import WalletIntegration, save_wallet_integration
from pitboss.inspector import schemas as models
from pitboss.inspector import service
from pitboss.inspector import store as inspector_store
from pitboss.inspector.public import applied, record, redact
from pitboss.platform import signing
from pitboss.platform.clock import now_ms
from pitboss.platform.masters import callback_master

from tests.functions import load
from tests.money_world import http_server
from tests.reports_world import PLAYERS, Ledger, make_ledger
from tests.tenancy_world import Client, Reply, made, operator

pytestmark = pytest.mark.moto
TOKEN = "ps_" + "dG9rZW4" * 6
NONCE = "msg-1"


@pytest.fixture
def ledger(aws: dict[str, str]) -> Ledger:
    load("inspector_api")  # composes the search over the ledger's transactions
    return make_ledger()


def bet_body(**more: Any) -> bytes:
    plain = {
        "action": "bet",
        "sessionToken": TOKEN,
        "transactionId": "t-1",
        "roundId": "r-1",
        "gameId": "book",
        "amount": "10.00",
        "currency": "EUR",
    }
    return json.dumps({**plain, **more}, separators=(",", ":")).encode()


def headers_of(raw: bytes, secret: bytes, message_id: str = NONCE) -> dict[str, str]:
    signed = signing.headers(secret, message_id, now_ms() // 1000, raw)
    return {**signed, "pitboss-provider": "prov", "authorization": "Bearer 11111111-2222", "cookie": "x"}


def refused(ledger: Ledger, raw: bytes, **more: Any) -> str:
    """A provider's call that was not applied."""
    plain: dict[str, Any] = {
        "tenant_id": ledger.tenant_id,
        "direction": "in",
        "provider": "prov",
        "route": "POST /wallet/bet",
        "raw": raw,
        "headers": headers_of(raw, b"k" * 32),
        "status": 401,
        "reply": b'{"code":1021}',
        "at": now_ms(),
        "elapsed_ms": 3,
        "ids": {"transactionId": "t-1", "roundId": "r-1", "webhookId": NONCE, "requestId": "req-9"},
        "error": "SIGNATURE_INVALID",
        "source_ip": "203.0.113.5",
    }
    return record(**{**plain, **more})


def callback(ledger: Ledger, hub_id: str, url: str, **more: Any) -> str:
    """A call of the hub to the operator's wallet."""
    raw = json.dumps({"action": "bet", "transactionId": hub_id, "amount": "10.00"}).encode()
    secret = signing.tenant_secret(callback_master(), ledger.tenant_id)
    plain: dict[str, Any] = {
        "tenant_id": ledger.tenant_id,
        "direction": "out",
        "provider": "prov",
        "route": "bet",
        "raw": raw,
        "headers": signing.headers(secret, f"w-{hub_id}", now_ms() // 1000, raw),
        "status": 0,
        "reply": b"",
        "at": now_ms(),
        "elapsed_ms": 3000,
        "ids": {
            "hubTransactionId": hub_id,
            "transactionId": "t-1",
            "webhookId": f"w-{hub_id}",
            "roundId": "r-1",
        },
        "error": "UNKNOWN",
        "url": url,
        "attempt": 1,
    }
    return record(**{**plain, **more})


def taken(ledger: Ledger, **more: Any) -> str:
    """A bet that was applied: kept with its transaction."""
    raw = bet_body()
    tx = ledger.tx(
        "bet",
        "t-1",
        1000,
        now_ms(),
        round_id="r-1",
        before=10_000,
        after=9_000,
        raw=zlib.compress(redact(raw)),
        facts=json.dumps(applied(headers_of(raw, b"k" * 32, "msg-0"), "203.0.113.5", 7, "req-1")),
        **more,
    )
    ledger.wallet("u-1", version=1)
    ledger.flow()
    return tx.hub_id


def found(client: Client, any_id: str, **query: str) -> list[dict[str, Any]]:
    answer = made(client("GET", "/inspector/calls", query={"id": any_id, **query}))
    models.CallList.model_validate(answer)
    return list(answer["calls"])


def look(client: Client, call_id: str) -> dict[str, Any]:
    answer = made(client("GET", "/inspector/calls/{id}", id=call_id))
    models.CallDetail.model_validate(answer)
    return dict(answer)


# ---------------------------------------------------------------- keeping and finding
def test_a_refused_call_is_found_by_each_of_its_ids(ledger: Ledger) -> None:
    call_id = refused(ledger, bet_body())
    for any_id in ("t-1", "r-1", NONCE, "req-9", call_id):
        assert [c["callId"] for c in found(ledger.inspector, any_id)] == [call_id]
    recent = made(ledger.inspector("GET", "/inspector/calls"))["calls"]
    assert [(c["callId"], c["outcome"]) for c in recent] == [(call_id, "SIGNATURE_INVALID")]


def test_an_applied_call_and_its_callbacks_are_found_by_each_id(ledger: Ledger) -> None:
    hub_id = taken(ledger)
    first = callback(ledger, hub_id, "https://wallet.example/bet")
    second = callback(ledger, hub_id, "https://wallet.example/bet", error="", status=200, attempt=2)
    told = {"transactionId": "t-1", "hubTransactionId": hub_id, "webhookId": "msg-7", "requestId": "req-7"}
    again = refused(ledger, bet_body(), error="", status=200, ids=told)
    expected = {hub_id, first, second, again}
    for any_id in ("t-1", "r-1"):
        assert {c["callId"] for c in found(ledger.inspector, any_id)} == expected
    for any_id in (hub_id, PLAYERS["u-1"]):
        assert {c["callId"] for c in found(ledger.inspector, any_id)} == expected
    for any_id in ("msg-7", "req-7"):
        assert [c["callId"] for c in found(ledger.inspector, any_id)] == [again]
    assert made(ledger.inspector("GET", "/inspector/calls"))["calls"] == []
    listed = found(ledger.inspector, "t-1")
    assert [c["callId"] for c in listed] == sorted(expected, reverse=True)


def test_an_applied_call_is_found_by_its_message_and_its_request(ledger: Ledger) -> None:
    hub_id = taken(ledger)
    for any_id in ("msg-0", "req-1"):
        assert [c["callId"] for c in found(ledger.inspector, any_id)] == [hub_id]
    assert found(ledger.inspector, "msg-00") == []


def test_pages_of_a_search(ledger: Ledger) -> None:
    made_ids = {refused(ledger, bet_body(), at=now_ms() + n) for n in range(7)}
    query, seen = {"id": "t-1", "limit": "3"}, []
    while True:
        page = made(ledger.inspector("GET", "/inspector/calls", query=query))
        seen += [c["callId"] for c in page["calls"]]
        if page["nextCursor"] is None:
            break
        query = {**query, "cursor": page["nextCursor"]}
    assert len(seen) == 7
    assert set(seen) == made_ids
    wrong = ledger.inspector("GET", "/inspector/calls", query={**query, "id": "t-2"})
    assert wrong.name == "CURSOR_INVALID"


def test_details_hold_the_bytes_without_the_token(ledger: Ledger) -> None:
    raw = bet_body()
    detail = look(ledger.inspector, refused(ledger, raw))
    assert detail["request"]["bytes"] == len(raw)
    assert TOKEN not in json.dumps(detail)
    assert detail["request"]["text"] == raw.decode().replace(TOKEN, "*" * len(TOKEN))
    assert detail["signed"].startswith(f"{NONCE}.")
    assert set(detail["headers"]) == {
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "pitboss-provider",
    }
    hub_id = taken(ledger)
    of_applied = look(ledger.inspector, hub_id)
    assert (of_applied["kind"], of_applied["elapsedMs"], of_applied["sourceIp"]) == (
        "applied",
        7,
        "203.0.113.5",
    )
    assert of_applied["transaction"]["balanceAfter"] == "90.00"
    assert TOKEN not in json.dumps(of_applied)
    assert of_applied["signed"].startswith("msg-0.")


def test_what_is_stored_holds_no_token_either(ledger: Ledger) -> None:
    call_id = refused(ledger, bet_body(), reply=b'{"token":"' + TOKEN.encode() + b'"}')
    kept = inspector_store.read(ledger.tenant_id, call_id)
    assert kept is not None
    assert TOKEN.encode() not in kept.request + kept.reply
    assert "authorization" not in kept.headers


def test_a_bad_signature_is_explained_where_it_is_looked_at(ledger: Ledger) -> None:
    raw, secret = bet_body(), b"k" * 32
    spaced = json.dumps(json.loads(raw)).encode()
    bad = headers_of(spaced, secret)
    detail = look(ledger.inspector, refused(ledger, raw, headers=bad, secrets=(secret,)))
    assert detail["diagnosis"]["cause"] == "body_reencoded"
    assert detail["diagnosis"]["firstDifference"] == 10
    assert "with spaces" in detail["diagnosis"]["advice"]
    assert TOKEN not in json.dumps(detail)


def test_the_chain_shows_every_attempt_in_order(ledger: Ledger) -> None:
    hub_id = taken(ledger)
    calls = [callback(ledger, hub_id, "https://w.example/bet", attempt=n, at=now_ms() + n) for n in (1, 2, 3)]
    detail = look(ledger.inspector, calls[1])
    assert [c["callId"] for c in detail["chain"] if c["kind"] == "kept"] == calls
    assert [c["attempt"] for c in detail["chain"] if c["kind"] == "kept"] == [1, 2, 3]


def test_a_rounds_timeline_is_in_order(ledger: Ledger) -> None:
    hub_id = taken(ledger)
    out = callback(ledger, hub_id, "https://w.example/bet", at=now_ms() + 1)
    bad = refused(ledger, bet_body(), at=now_ms() + 2)
    win = ledger.tx("win", "t-2", 500, now_ms() + 3, ref="t-1", round_id="r-1").hub_id
    ledger.round("r-1", 1000, 500, now_ms())
    ledger.flow()
    reply = ledger.inspector("GET", "/inspector/rounds/{provider}/{roundId}", provider="prov", roundId="r-1")
    timeline = made(reply)
    models.Timeline.model_validate(timeline)
    assert [s["callId"] for s in timeline["timeline"]] == [hub_id, out, bad, win]
    (player,) = timeline["players"]
    assert (player["status"], player["stake"], player["win"]) == ("completed", "10.00", "5.00")
    missing = ledger.inspector(
        "GET", "/inspector/rounds/{provider}/{roundId}", provider="prov", roundId="r-9"
    )
    assert missing.name == "ROUND_NOT_FOUND"
    other = ledger.inspector("GET", "/inspector/rounds/{provider}/{roundId}", provider="nope", roundId="r-1")
    assert other.name == "ROUND_NOT_FOUND"


def test_another_tenant_finds_nothing(ledger: Ledger) -> None:
    from pitboss.tenancy.api import api

    from tests.tenancy_world import root_client

    hub_id = taken(ledger)
    call_id = refused(ledger, bet_body())
    _, client = operator(root_client(api), "Other")
    stranger = Client(ledger.inspector.api, client.token)
    for any_id in ("t-1", "r-1", NONCE, hub_id, call_id, PLAYERS["u-1"]):
        assert found(stranger, any_id) == []
    for one in (hub_id, call_id):
        assert stranger("GET", "/inspector/calls/{id}", id=one).name == "CALL_NOT_FOUND"
        assert stranger("POST", "/inspector/calls/{id}/replay", {}, id=one).name == "CALL_NOT_FOUND"


def test_a_call_that_cannot_be_kept_fails_nobody(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("no table")

    monkeypatch.setattr(service.store, "put", broken)
    assert refused(ledger, bet_body()) == ""


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff\x00\xfe", b"{" * 70_000, "ünïcödé '; DROP--".encode()],
    ids=["empty", "binary", "large", "text"],
)
def test_any_body_and_any_id_is_kept(ledger: Ledger, raw: bytes) -> None:
    strange = "' OR 1=1;--<script>é" + "x" * 230
    call_id = refused(ledger, raw, ids={"transactionId": strange, "roundId": "é" * 256})
    assert [c["callId"] for c in found(ledger.inspector, strange[:256])] == [call_id]
    detail = look(ledger.inspector, call_id)
    assert detail["request"]["bytes"] == len(raw)
    if detail["request"]["base64"]:
        assert base64.b64decode(detail["request"]["base64"]) == raw


# ---------------------------------------------------------------- sending again
@contextmanager
def listener() -> Iterator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    heard: list[tuple[str, dict[str, str], bytes]] = []

    def script(path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        heard.append((path, headers, body))
        return 200, "application/json", b'{"status":"OK","balance":"90.00","token":"ps_abcdefgh12"}'

    with http_server(script) as url:
        yield url, heard


def replay(ledger: Ledger, call_id: str, **body: Any) -> Reply:
    reply = ledger.inspector("POST", "/inspector/calls/{id}/replay", body, id=call_id)
    if reply.status == 200:
        models.ReplayAnswer.model_validate(reply.body)
    return reply


def test_a_callback_is_sent_again_signed_anew_under_the_same_ids(ledger: Ledger) -> None:
    hub_id = taken(ledger)
    secret = signing.tenant_secret(callback_master(), ledger.tenant_id)
    with listener() as (url, heard):
        call_id = callback(ledger, hub_id, f"{url}/bet")
        answer = made(replay(ledger, call_id))
        assert made(replay(ledger, call_id, url=f"{url}/elsewhere"))["outcome"] == "answered"
    assert (answer["outcome"], answer["httpStatus"], answer["webhookId"]) == ("answered", 200, f"w-{hub_id}")
    path, headers, body = heard[0]
    assert path == "/bet"
    assert signing.fault(secret, headers, body, now_ms() // 1000) == ""
    kept = inspector_store.read(ledger.tenant_id, call_id)
    assert kept is not None
    assert body == kept.request
    assert "ps_abcdefgh12" not in json.dumps(answer)
    own = look(ledger.inspector, answer["callId"])
    assert (own["replayOf"], own["httpStatus"], own["direction"]) == (call_id, 200, "out")
    assert answer["callId"] in {c["callId"] for c in found(ledger.inspector, hub_id)}


def test_nothing_is_sent_to_the_operators_wallet_that_could_move_money_unseen(ledger: Ledger) -> None:
    hub_id = taken(ledger, state="REFUSED", refusal="BALANCE_NOT_ENOUGH")
    with listener() as (url, heard):
        call_id = callback(ledger, hub_id, f"{url}/bet")
        assert replay(ledger, call_id).name == "REPLAY_UNSAFE"
        assert replay(ledger, call_id, newId=True).name == "REPLAY_UNSAFE"
        unknown = callback(ledger, "01J0000000000000000000NONE", f"{url}/bet")
        assert replay(ledger, unknown).name == "REPLAY_UNSAFE"
        assert heard == []
        asked = callback(ledger, "", f"{url}/balance", route="balance", ids={"webhookId": "w-b"})
        assert made(replay(ledger, asked))["outcome"] == "answered"


def test_under_a_new_id_it_goes_elsewhere(ledger: Ledger) -> None:
    hub_id = taken(ledger)
    with listener() as (url, heard):
        call_id = callback(ledger, hub_id, "https://wallet.example/bet")
        answer = made(replay(ledger, call_id, url=url, newId=True))
    document = json.loads(heard[0][2])
    assert document["transactionId"] != hub_id
    assert document["amount"] == "10.00"
    assert answer["webhookId"] != f"w-{hub_id}"


def test_a_providers_call_is_sent_to_a_url_with_its_secret_and_a_given_token(ledger: Ledger) -> None:
    hub_id = taken(ledger)
    call_id = refused(ledger, bet_body(betTransactionId="t-1", actions=[{"transactionId": "t-7"}]))
    assert replay(ledger, hub_id).name == "VALIDATION_ERROR"
    with listener() as (url, heard):
        assert replay(ledger, hub_id, url=url).name == "SIGNATURE_INVALID"
        save_wallet_integration(
            ledger.tenant_id, None, WalletIntegration("prov").rotated(now_ms(), 0, "seed")
        )
        masked = made(replay(ledger, hub_id, url=url))
        given = made(replay(ledger, call_id, url=url, newId=True, sessionToken=TOKEN, apiToken="api-token-1"))
    secret = signing.provider_secret(callback_master(), ledger.tenant_id, "prov", 1)
    for _, headers, body in heard:
        assert signing.fault(secret, headers, body, now_ms() // 1000) == ""
        assert headers["pitboss-provider"] == "prov"
    assert (masked["masked"], given["masked"]) == (True, False)
    assert "authorization" not in heard[0][1]
    assert heard[1][1]["authorization"] == "Bearer api-token-1"
    document = json.loads(heard[1][2])
    assert document["sessionToken"] == TOKEN
    assert document["transactionId"] == document["betTransactionId"] != "t-1"
    assert document["actions"][0]["transactionId"] != "t-7"
    assert TOKEN not in json.dumps(given)


def test_no_call_leaves_for_an_address_inside(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    from pitboss.inspector import replay as module

    monkeypatch.setattr(module, "is_local", lambda: False)
    call_id = callback(ledger, taken(ledger), "https://wallet.example/bet")
    for url in ("http://example.com/x", "https://127.0.0.1/x", "https://169.254.169.254/latest/meta-data"):
        answer = made(replay(ledger, call_id, url=url))
        assert answer["outcome"] == "not_sent"
        assert "refused" in answer["detail"]


def test_who_may_only_read_may_not_send(ledger: Ledger) -> None:
    from pitboss.tenancy.api import api

    keys = Client(api, ledger.client.token)
    made_key = made(keys("POST", "/api-keys", {"name": "reader", "scopes": ["reports.read"]}))
    reader = Client(ledger.inspector.api, made_key["token"])
    call_id = refused(ledger, bet_body())
    assert reader("GET", "/inspector/calls/{id}", id=call_id).status == 200
    assert reader("POST", "/inspector/calls/{id}/replay", {}, id=call_id).name == "PERMISSION_ERROR"
    lab = {"body": "x", "headers": {}}
    assert reader("POST", "/inspector/signature-lab", lab).name == "PERMISSION_ERROR"


# ---------------------------------------------------------------- the lab
def test_the_lab_shows_what_the_hub_computes_and_names_the_mistake(ledger: Ledger) -> None:
    save_wallet_integration(ledger.tenant_id, None, WalletIntegration("prov").rotated(now_ms(), 0, "seed"))
    secret = signing.provider_secret(callback_master(), ledger.tenant_id, "prov", 1)
    raw, stamp = '{"a":1}', now_ms() // 1000
    right = signing.signature(secret, "m", stamp, raw.encode())
    headers = {"Webhook-Id": "m", "webhook-timestamp": str(stamp), "webhook-signature": right}
    answer = made(
        ledger.inspector(
            "POST", "/inspector/signature-lab", {"provider": "prov", "body": raw, "headers": headers}
        )
    )
    models.LabAnswer.model_validate(answer)
    assert (answer["signature"], answer["diagnosis"]["cause"]) == (right, "valid")
    assert answer["signed"]["text"] == f"m.{stamp}.{raw}"
    headers["webhook-signature"] = signing.signature(secret, "m", stamp, b'{"a": 1}')
    body = {"provider": "prov", "bodyBase64": base64.b64encode(raw.encode()).decode(), "headers": headers}
    answer = made(ledger.inspector("POST", "/inspector/signature-lab", body))
    assert (answer["diagnosis"]["cause"], answer["diagnosis"]["firstDifference"]) == ("body_reencoded", 5)
    callbacks = made(ledger.inspector("POST", "/inspector/signature-lab", {"body": raw, "headers": headers}))
    assert callbacks["signature"] != answer["signature"]


@pytest.mark.parametrize(
    "body",
    [
        {"headers": {}},
        {"body": "a", "bodyBase64": "YQ==", "headers": {}},
        {"bodyBase64": "?", "headers": {}},
        {"body": "a"},
        {"body": "a", "headers": {"x": 1}},
    ],
    ids=str,
)
def test_a_lab_question_that_is_none_is_refused(ledger: Ledger, body: dict[str, Any]) -> None:
    assert ledger.inspector("POST", "/inspector/signature-lab", body).name == "VALIDATION_ERROR"
