"""SlotCity v4 and v1: what the vendor sends is understood, what is answered are the vendor's words."""

import hashlib
import json
from typing import Any

import pytest
from pitboss.dialects.model import Credential, Said, Terms
from pitboss.dialects.slotcity_v1 import SlotCityV1, signature, signed_texts
from pitboss.dialects.slotcity_v4 import SlotCityV4
from pitboss.dialects.spelling import read_object
from pitboss.kernel.refusal import Refusal

pytestmark = pytest.mark.unit

V4, V1 = SlotCityV4(), SlotCityV1()
TOKEN = Credential(b"eadd5a04-0000-4a10-ae60-b11cd01cc3aa")
V4_TERMS, V1_TERMS = Terms("slotcity-v4", "decimal"), Terms("slotcity-v1", "decimal")
NOW_S = 1_789_000_000


def v4(command: str, **data: Any) -> bytes:
    body = {"command": command, "request_timestamp": NOW_S, "check": "21,22,31,41", "data": data}
    return json.dumps(body).encode()


def body_of(said: Said) -> Any:
    return json.loads(said.body, parse_float=str)


BET = {"account": "alice", "trans_guid": "t1", "round_id": "r1", "game_code": "lucky-7", "amount": 10.5}


# ---------------------------------------------------------------- v4
def test_v4_bet_is_a_bet_by_player_without_currency() -> None:
    asked = V4.decode_request(v4("bet", **BET), {})
    assert asked.refusal is None
    document = {**asked.document, "amount": str(asked.document["amount"])}
    assert document == {
        "action": "bet",
        "userId": "alice",
        "transactionId": "t1",
        "roundId": "r1",
        "gameId": "lucky-7",
        "amount": "10.5",
    }


def test_v4_ids_may_be_numbers() -> None:
    asked = V4.decode_request(v4("bet", **{**BET, "account": 400001, "trans_guid": 77, "round_id": 12}), {})
    assert (asked.document["userId"], asked.document["transactionId"], asked.document["roundId"]) == (
        "400001",
        "77",
        "12",
    )


@pytest.mark.parametrize("spelling", ["cancel_trans_guid", "cancle_trans_guid"])
def test_v4_cancel_in_both_spellings(spelling: str) -> None:
    asked = V4.decode_request(v4("cancel", account="alice", trans_guid="c1", **{spelling: "t1"}), {})
    assert asked.document == {
        "action": "rollback",
        "userId": "alice",
        "transactionId": "c1",
        "originalTransactionId": "t1",
    }


def test_v4_cancel_without_an_id_of_its_own_gets_a_stable_one() -> None:
    asked = V4.decode_request(v4("cancel", account="alice", cancel_trans_guid="t1"), {})
    assert asked.document["transactionId"] == "cancel:t1"


@pytest.mark.parametrize(("type_", "ours"), [(2, "win"), (32, "promo"), (None, "win")])
def test_v4_bonus_call_is_a_promotion(type_: int | None, ours: str) -> None:
    data = {**BET, **({"type": type_} if type_ else {})}
    assert V4.decode_request(v4("win", **data), {}).document["type"] == ours


@pytest.mark.parametrize(
    ("outcome", "reply"),
    [
        (
            {"status": "OK", "balance": "990.00", "currency": "EUR"},
            {"result": 0, "status": "OK", "data": {"balance": "990.00"}},
        ),
        (
            Refusal("BALANCE_NOT_ENOUGH", "No.", facts={"balance": "3.10"}),
            {"result": 31, "status": "ERROR", "data": {"balance": "3.10"}},
        ),
        (
            Refusal("TX_ALREADY_PROCESSED", "Twice.", facts={"balance": "980.00"}),
            {"result": 41, "status": "ERROR", "data": {"balance": "980.00"}},
        ),
        (Refusal("USER_NOT_FOUND", "Who?"), {"result": 21, "status": "ERROR"}),
        (Refusal("PLAYER_SELF_EXCLUDED", "No."), {"result": 22, "status": "ERROR"}),
        (Refusal("SIGNATURE_INVALID", "No."), {"result": 100, "status": "ERROR"}),
        (Refusal("SERVER_IS_BUSY", "Later."), {"result": 99, "status": "ERROR"}),
    ],
)
def test_v4_answers(outcome: Any, reply: dict[str, Any]) -> None:
    said = V4.encode_reply(V4.decode_request(v4("bet", **BET), {}), outcome, V4_TERMS, TOKEN)
    assert (said.status, body_of(said)) == (200, reply)


def test_v4_authenticate_and_status_repeat_the_account() -> None:
    asked = V4.decode_request(v4("authenticate", account="alice"), {})
    said = V4.encode_reply(asked, {"status": "OK", "balance": "5.00"}, V4_TERMS, TOKEN)
    assert body_of(said)["data"] == {"account": "alice", "balance": "5.00"}
    asked = V4.decode_request(v4("status", account="alice", trans_guid="t1"), {})
    said = V4.encode_reply(asked, {"status": "OK", "rolledBack": True}, V4_TERMS, TOKEN)
    assert body_of(said)["data"] == {"account": "alice", "trans_guid": "t1", "trans_status": "CANCELED"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"command":"bet"}',
        b'{"command":"bet","data":[]}',
        v4("bet", **{**BET, "amount": None}),
        v4("bet", **{**BET, "amount": True}),
        v4("bet", **{**BET, "amount": [1]}),
        v4("bet", **{**BET, "account": None}),
        v4("bet", **{**BET, "trans_guid": {}}),
        v4("bet", **{**BET, "round_id": ""}),
        v4("cancel", account="alice", trans_guid="c"),
        v4("steal", account="alice"),
        b'{"command":"bet","command":"win","data":{}}',
        b'{"command":"bet","data":{"account":"a","amount":NaN}}',
    ],
)
def test_v4_nonsense_is_answered_99_and_never_understood(raw: bytes) -> None:
    asked = V4.decode_request(raw, {})
    assert asked.refusal is not None
    assert body_of(V4.encode_reply(asked, asked.refusal, V4_TERMS, TOKEN))["result"] == 99


def test_v4_token() -> None:
    given = {"callback-token": TOKEN.secret.decode()}
    hashed = Credential(digest=hashlib.sha256(TOKEN.secret).digest())
    assert V4.fault(b"", given, [TOKEN], NOW_S) == ""
    assert V4.fault(b"", given, [Credential(b"other"), hashed], NOW_S) == ""
    for headers in ({}, {"callback-token": ""}, {"callback-token": "eadd5a04-0000-4a10-ae60-b11cd01cc3ab"}):
        assert V4.fault(b"", headers, [TOKEN], NOW_S)
    assert V4.fault(b"", given, [], NOW_S)


# ---------------------------------------------------------------- v1
V1_BET = {
    "command": "bet",
    "transactionId": "t1",
    "playerId": "alice",
    "roundId": "r1",
    "providerId": 1,
    "providerName": "P",
    "gameCode": "lucky-7",
    "gameName": "Lucky 7",
    "currency": "EUR",
    "amount": 10.5,
    "isRoundFinished": True,
    "isCall": False,
    "timestamp": NOW_S,
}


def test_v1_bet() -> None:
    asked = V1.decode_request(json.dumps(V1_BET).encode(), {})
    assert asked.refusal is None
    document = {**asked.document, "amount": str(asked.document["amount"])}
    assert document == {
        "action": "bet",
        "userId": "alice",
        "transactionId": "t1",
        "roundId": "r1",
        "gameId": "lucky-7",
        "currency": "EUR",
        "amount": "10.5",
        "roundClosed": True,
    }


def test_v1_signature_is_that_of_the_vendors_example() -> None:
    """The example of the vendor's page: values in the order of their names, apart by commas."""
    body = {"amount": 1500, "currency": "USD", "playerId": "user123", "timestamp": 1713792000}
    assert list(signed_texts(body)) == ["1500,USD,user123,1713792000"]
    # Computed apart, with: openssl dgst -sha512 -hmac my_super_secret_token -binary | base64
    assert signature(b"my_super_secret_token", "1500,USD,user123,1713792000") == V1_EXAMPLE


V1_EXAMPLE = "KT1EnIClK3FLG6dfJUQDmVbMadPfBZkL/O8A3oF5f8SLNSVykskclKlFzhOV9LafI65TiTBdXALoYjxWsbjl4w=="


@pytest.mark.parametrize("amount", ["10.50", "10.5", "10", "10.0"])
def test_v1_numbers_are_signed_as_written_or_as_javascript_writes_them(amount: str) -> None:
    raw = ('{"amount":' + amount + ',"isCall":false,"note":null}').encode()
    short = amount.rstrip("0").rstrip(".") if "." in amount else amount
    for text in (amount, short):
        given = {"x-request-signature": signature(b"k", f"{text},false,")}
        assert V1.fault(raw, given, [Credential(b"k")], NOW_S) == ""
    wrong = {"x-request-signature": signature(b"k", f"{amount}0,false,")}
    assert V1.fault(raw, wrong, [Credential(b"k")], NOW_S) == ("" if f"{amount}0" == short else FAULT)


FAULT = "the X-Request-Signature does not match"


def test_v1_signature_notices_every_value() -> None:
    raw = json.dumps(V1_BET).encode()
    given = {"x-request-signature": signature(b"k", next(signed_texts(read_object(raw))))}
    assert V1.fault(raw, given, [Credential(b"old"), Credential(b"k")], NOW_S) == ""
    for name in V1_BET:
        changed = json.dumps({**V1_BET, name: "x"}).encode()
        assert V1.fault(changed, given, [Credential(b"k")], NOW_S) == FAULT
    assert V1.fault(raw, {}, [Credential(b"k")], NOW_S) == FAULT
    assert V1.fault(b"[1]", given, [Credential(b"k")], NOW_S)
    assert V1.fault(b'{"a":{}}', given, [Credential(b"k")], NOW_S)


@pytest.mark.parametrize(
    ("command", "outcome", "code"),
    [
        ("bet", Refusal("BALANCE_NOT_ENOUGH", "No.", facts={"balance": "1.00"}), "ERR_NOT_ENOUGH_MONEY"),
        ("bet", Refusal("CURRENCY_MISMATCH", "No."), "ERR_INVALID_ACCOUNT"),
        ("cancel", Refusal("TX_NOT_FOUND", "No."), "ERR_TRANSACTION_DOES_NOT_EXIST"),
        ("cancel", Refusal("TX_ROLLED_BACK", "No."), "ERR_TRANSACTION_ROLLED_BACK"),
        ("win", Refusal("USER_NOT_FOUND", "No."), "ERR_INVALID_PLAYER_ID"),
        ("win", Refusal("TIMEOUT", "No."), "ERR_UNKNOWN"),
        ("win", {"status": "OK", "balance": "3.00"}, "OK"),
    ],
)
def test_v1_answers(command: str, outcome: Any, code: str) -> None:
    asked = V1.decode_request(json.dumps({**V1_BET, "command": command, "referenceId": "t0"}).encode(), {})
    assert asked.refusal is None
    said = V1.encode_reply(asked, outcome, V1_TERMS, TOKEN)
    assert (said.status, body_of(said)["statusCode"]) == (200, code)
    assert ("balance" in body_of(said)) == (
        "balance" in (outcome if isinstance(outcome, dict) else outcome.facts)
    )


# ---------------------------------------------------------------- both halves
DOCUMENTS: list[dict[str, Any]] = [
    {"action": "balance", "userId": "alice"},
    {"action": "bet", "userId": "a", "transactionId": "t", "roundId": "r", "gameId": "g", "amount": "0.01"},
    {
        "action": "win",
        "userId": "ä€😀",
        "transactionId": "w",
        "roundId": "r",
        "gameId": "g",
        "amount": "12345678901.25",
        "type": "promo",
    },
    {
        "action": "rollback",
        "userId": "a",
        "transactionId": "x",
        "originalTransactionId": "t",
        "roundId": "r",
        "gameId": "g",
    },
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=[d["action"] for d in DOCUMENTS])
@pytest.mark.parametrize("codec", [V4, V1], ids=["v4", "v1"])
def test_what_the_providers_half_writes_the_wallets_half_reads(codec: Any, document: dict[str, Any]) -> None:
    terms = Terms(codec.name, "decimal")
    document = {**document, "currency": "EUR"} if codec is V1 else document
    sent = codec.encode_request(document, terms, TOKEN, NOW_S, "1")
    assert codec.fault(sent.body, sent.headers, [TOKEN], NOW_S) == ""
    asked = codec.decode_request(sent.body, sent.headers)
    read = {k: str(v) if k == "amount" else v for k, v in asked.document.items()}
    assert asked.refusal is None
    for name, value in document.items():
        if name in ("currency",) and document["action"] == "balance":
            continue
        assert read[name] == value, name


@pytest.mark.parametrize("codec", [V4, V1], ids=["v4", "v1"])
@pytest.mark.parametrize(
    ("balance", "exponent"), [("990.00", 2), ("1500", 0), ("0.12345678", 8), ("-3.000", 3)]
)
def test_balances_come_back_exactly(codec: Any, balance: str, exponent: int) -> None:
    document = {**DOCUMENTS[1], "currency": "EUR", "exponent": exponent, "amount": "1"}
    terms = Terms(codec.name, "decimal")
    sent = codec.encode_request(document, terms, TOKEN, NOW_S, "1")
    asked = codec.decode_request(sent.body, sent.headers)
    said = codec.encode_reply(asked, {"status": "OK", "balance": balance}, terms, TOKEN)
    assert codec.decode_reply(document, said, terms)["balance"] == balance


@pytest.mark.parametrize("codec", [V4, V1], ids=["v4", "v1"])
def test_a_refusal_comes_back_as_one(codec: Any) -> None:
    document = {**DOCUMENTS[1], "currency": "EUR"}
    terms = Terms(codec.name, "decimal")
    asked = codec.decode_request(codec.encode_request(document, terms, TOKEN, NOW_S, "1").body, {})
    said = codec.encode_reply(
        asked, Refusal("BALANCE_NOT_ENOUGH", "No.", facts={"balance": "3.00"}), terms, TOKEN
    )
    with pytest.raises(Refusal) as refused:
        codec.decode_reply(document, said, terms)
    assert (refused.value.name, refused.value.facts["balance"]) == ("BALANCE_NOT_ENOUGH", "3.00")


@pytest.mark.parametrize("codec", [V4, V1], ids=["v4", "v1"])
@pytest.mark.parametrize("action", ["end-round", "transaction", "status"])
def test_what_the_protocol_cannot_say_is_not_said(codec: Any, action: str) -> None:
    with pytest.raises(ValueError, match="no word"):
        codec.encode_request(
            {"action": action, "userId": "a"}, Terms(codec.name, "decimal"), TOKEN, NOW_S, "1"
        )
