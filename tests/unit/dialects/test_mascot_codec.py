"""Mascot's JSON-RPC: one reference for bet, win and rollback; free rounds over several calls; signed both ways."""

import hashlib
import hmac
import json
import struct
from typing import Any

import pytest
from pitboss.dialects.mascot import Mascot, signature
from pitboss.dialects.model import Credential, Terms
from pitboss.kernel.refusal import Refusal

pytestmark = pytest.mark.unit

CODEC = Mascot()
KEY = Credential(b"0123456789abcdef", b"", "k1")
TERMS = Terms("mascot", "minor")
NOW_S = 1_789_000_000
WHO = {"callerId": 7, "playerName": "alice", "sessionAlternativeId": "ps_token", "sessionId": "theirs"}


def rpc(method: str, *, id_: Any = 5, **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": method, "id": id_, "params": params}).encode()


def play(**params: Any) -> bytes:
    whole = {**WHO, "currency": "EUR", "transactionRef": "x1", "gameRoundRef": "r1", "gameId": "g", **params}
    return rpc("withdrawAndDeposit", **whole)


def actions(raw: bytes) -> list[dict[str, Any]]:
    asked = CODEC.decode_request(raw, {})
    assert asked.refusal is None
    found: list[dict[str, Any]] = asked.document["actions"]
    return found


def signed(raw: bytes, *, nonce: str = "18446744073709551615", at: int = NOW_S) -> dict[str, str]:
    return {
        "x-nonce": nonce,
        "x-timestamp": str(at),
        "x-subject": "7",
        "x-signature": signature(KEY, nonce, at, raw),
    }


# ---------------------------------------------------------------- what is asked
def test_bet_and_win_are_one_list() -> None:
    asked = CODEC.decode_request(play(withdraw=1000, deposit=2500, reason="GAME_PLAY_FINAL"), {})
    assert asked.document == {
        "action": "transaction",
        "sessionToken": "ps_token",
        "userId": "alice",
        "currency": "EUR",
        "gameId": "g",
        "roundId": "r1",
        "actions": [
            {"action": "bet", "transactionId": "x1", "amount": 1000},
            {
                "action": "win",
                "transactionId": "x1",
                "amount": 2500,
                "betTransactionId": "x1",
                "roundClosed": True,
            },
        ],
    }


def test_the_shapes_of_a_call() -> None:
    assert actions(play(withdraw=10)) == [{"action": "bet", "transactionId": "x1", "amount": 10}]
    assert actions(play(deposit=10)) == [{"action": "win", "transactionId": "x1", "amount": 10}]
    assert actions(play()) == [{"action": "bet", "transactionId": "x1", "amount": 0}]
    assert actions(play(reason="GAME_PLAY_FINAL")) == [{"action": "end-round", "transactionId": "x1"}]
    final = actions(play(withdraw=10, reason="GAME_PLAY_FINAL"))
    assert final == [{"action": "bet", "transactionId": "x1", "amount": 10, "roundClosed": True}]


def test_a_call_without_a_round_is_a_round_of_its_own() -> None:
    raw = rpc("withdrawAndDeposit", **WHO, currency="EUR", transactionRef="x9", withdraw=1)
    assert CODEC.decode_request(raw, {}).document["roundId"] == "x9"


def test_a_free_round_over_three_calls() -> None:
    """The first charges, a tumble says that it goes on, the collect pays: all three belong to the grant."""
    free = {"type": "free", "freeRoundsId": "b1"}
    first = actions(play(withdraw=50, chargeFreerounds=1, bonusId="b1"))
    assert first == [{"action": "bet", "transactionId": "x1", "amount": 50, **free}]
    tumble = actions(play(deposit=70, freeround=True, bonusId="b1", transactionRef="x2"))
    assert tumble == [{"action": "win", "transactionId": "x2", "amount": 70, **free}]
    collect = actions(
        play(deposit=30, freeround=True, bonusId="b1", transactionRef="x3", reason="GAME_PLAY_FINAL")
    )
    assert collect == [{"action": "win", "transactionId": "x3", "amount": 30, **free, "roundClosed": True}]


def test_a_paid_spin_inside_a_bonus_session_stays_paid() -> None:
    assert actions(play(withdraw=50, bonusId="b1")) == [
        {"action": "bet", "transactionId": "x1", "amount": 50}
    ]


def test_a_rollback_takes_the_win_back_first() -> None:
    asked = CODEC.decode_request(rpc("rollbackTransaction", **WHO, transactionRef="x1"), {})
    assert (asked.action, asked.document["action"]) == ("rollback", "transaction")
    assert [
        (a["originalAction"], a["originalTransactionId"], a["transactionId"])
        for a in asked.document["actions"]
    ] == [
        ("win", "x1", "x1:win"),
        ("bet", "x1", "x1"),
    ]


def test_a_token_of_somebody_elses_leaves_the_player_name() -> None:
    raw = rpc("getBalance", callerId=7, playerName="alice", sessionAlternativeId="section-3")
    assert CODEC.decode_request(raw, {}).document == {"action": "balance", "userId": "alice"}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"[]", -32600),
        (b'{"jsonrpc":"1.0","method":"getBalance","id":1,"params":{}}', -32600),
        (b'{"jsonrpc":"2.0","method":3,"id":1,"params":{}}', -32600),
        (rpc("stealBalance"), -32601),
        (rpc("getBalance"), -32602),
        (play(deposit=-1), 3),
        (play(withdraw=-1), 4),
        (play(withdraw=1.5), -32602),
        (play(withdraw="10"), -32602),
        (play(withdraw=True), -32602),
        (play(withdraw=1, chargeFreerounds=1), -32602),
        (play(withdraw=1, chargeFreerounds=2, bonusId="b"), -32602),
        (play(withdraw=1, freeround=True, bonusId="b"), -32602),
        (play(transactionRef=""), -32602),
        (play(currency=None), -32602),
    ],
)
def test_nonsense_has_the_protocols_codes(raw: bytes, code: int) -> None:
    asked = CODEC.decode_request(raw, {})
    assert asked.refusal is not None
    reply = json.loads(CODEC.encode_reply(asked, asked.refusal, TERMS, None).body)
    assert reply["error"]["code"] == code
    assert "result" not in reply


# ---------------------------------------------------------------- what is answered
def reply_to(raw: bytes, outcome: Any) -> Any:
    asked = CODEC.decode_request(raw, signed(raw))
    return json.loads(CODEC.encode_reply(asked, outcome, TERMS, KEY).body)


OK = {"status": "OK", "balance": "1015.00", "currency": "EUR", "hubTransactionId": "01H", "replay": False}


def test_answers() -> None:
    assert reply_to(play(withdraw=1), OK) == {
        "jsonrpc": "2.0",
        "id": 5,
        "result": {"newBalance": 101500, "transactionId": "01H"},
    }
    left = reply_to(play(withdraw=1), {**OK, "freeRoundsLeft": 4})
    assert left["result"]["freeroundsLeft"] == 4
    again = reply_to(play(withdraw=1), {**OK, "replay": True, "currentBalance": "7.00"})
    assert again["result"]["newBalance"] == 700
    assert reply_to(rpc("rollbackTransaction", **WHO, transactionRef="x1"), OK)["result"] == {}
    assert reply_to(rpc("getBalance", **WHO), OK)["result"] == {"balance": 101500}


@pytest.mark.parametrize(
    ("balance", "minor"), [("1500", 1500), ("0.12345678", 12345678), ("-3.000", -3000), ("0.00", 0)]
)
def test_minor_units_are_those_of_the_currency(balance: str, minor: int) -> None:
    assert reply_to(rpc("getBalance", **WHO), {**OK, "balance": balance})["result"]["balance"] == minor


def test_only_an_unknown_effect_starts_a_rollback() -> None:
    codes = {
        name: reply_to(play(withdraw=1), Refusal(name, "No."))["error"]["code"]
        for name in (
            "BALANCE_NOT_ENOUGH",
            "TX_ROLLED_BACK",
            "SERVER_IS_BUSY",
            "TIMEOUT",
            "INTERNAL_ERROR",
            "BET_LIMIT",
        )
    }
    assert codes == {
        "BALANCE_NOT_ENOUGH": 1,
        "TX_ROLLED_BACK": 7,
        "SERVER_IS_BUSY": 7,
        "TIMEOUT": 8,
        "INTERNAL_ERROR": 8,
        "BET_LIMIT": 6,
    }


def test_the_answer_is_signed_with_the_nonce_and_time_of_the_request() -> None:
    raw = play(withdraw=1)
    headers = signed(raw, nonce="42")
    said = CODEC.encode_reply(CODEC.decode_request(raw, headers), OK, TERMS, KEY)
    packed = struct.pack(">QI", 42, NOW_S) + said.body
    expected = hmac.new(KEY.secret, packed, hashlib.sha256).hexdigest()
    assert said.headers["x-signature"] == f"k1={expected}"
    assert (said.headers["x-nonce"], said.headers["x-timestamp"]) == ("42", str(NOW_S))


# ---------------------------------------------------------------- who sent it
def test_signature() -> None:
    raw = play(withdraw=1)
    headers = signed(raw)
    assert CODEC.fault(raw, headers, [Credential(b"old", b"", "k0"), KEY], NOW_S) == ""
    assert CODEC.fault(raw, headers, [KEY], NOW_S + 300) == ""
    assert "window" in CODEC.fault(raw, headers, [KEY], NOW_S + 301)
    assert "window" in CODEC.fault(raw, headers, [KEY], NOW_S - 301)
    assert CODEC.fault(raw + b" ", headers, [KEY], NOW_S)
    assert CODEC.fault(raw, headers, [Credential(KEY.secret, b"", "k2")], NOW_S)
    assert CODEC.fault(raw, headers, [], NOW_S)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-nonce", "41"),
        ("x-nonce", ""),
        ("x-nonce", "-1"),
        ("x-nonce", "18446744073709551616"),
        ("x-nonce", "1e3"),
        ("x-nonce", "٣"),
        ("x-timestamp", ""),
        ("x-timestamp", "4294967296"),
        ("x-timestamp", str(NOW_S + 1)),
        ("x-signature", ""),
        ("x-signature", "k1=00"),
        ("x-signature", "ä"),
    ],
)
def test_every_header_counts(name: str, value: str) -> None:
    raw = play(withdraw=1)
    assert CODEC.fault(raw, {**signed(raw), name: value}, [KEY], NOW_S)


def test_nonces_that_are_the_same_number_are_the_same() -> None:
    assert CODEC.nonce({"x-nonce": "0042"}) == CODEC.nonce({"x-nonce": "42"})
    assert CODEC.nonce({"x-nonce": "000"}) == "0"


# ---------------------------------------------------------------- both halves
ROUND = {"sessionToken": "ps_t", "userId": "alice", "roundId": "r", "gameId": "g", "currency": "EUR"}
BET = {"action": "bet", "transactionId": "x", "amount": "10.00"}
WIN = {"action": "win", "transactionId": "x", "amount": "25.00"}


@pytest.mark.parametrize(
    ("document", "shape"),
    [
        ({**ROUND, **BET}, [("bet", 1000)]),
        ({**ROUND, **WIN, "roundClosed": True}, [("win", 2500)]),
        ({**ROUND, "action": "transaction", "actions": [BET, WIN]}, [("bet", 1000), ("win", 2500)]),
        ({**ROUND, **BET, "amount": "7", "exponent": 0, "currency": "JPY"}, [("bet", 7)]),
        ({**ROUND, **BET, "amount": "1.5", "exponent": 3, "currency": "KWD"}, [("bet", 1500)]),
        ({**ROUND, "action": "end-round", "transactionId": "x"}, [("end-round", None)]),
    ],
)
def test_what_the_providers_half_writes_the_wallets_half_reads(
    document: dict[str, Any], shape: list[tuple[str, int | None]]
) -> None:
    sent = CODEC.encode_request(document, TERMS, KEY, NOW_S, "9")
    assert CODEC.fault(sent.body, sent.headers, [KEY], NOW_S) == ""
    asked = CODEC.decode_request(sent.body, sent.headers)
    assert [(one["action"], one.get("amount")) for one in asked.document["actions"]] == shape
    said = CODEC.encode_reply(asked, {**OK, "balance": "12.50"}, TERMS, KEY)
    assert CODEC.decode_reply(document, said, TERMS)["balance"] == (
        "12.50" if "exponent" not in document else {0: "1250", 3: "1.250"}[document["exponent"]]
    )


def test_lists_that_the_protocol_cannot_say() -> None:
    other = {**BET, "transactionId": "y"}
    for listed in ([BET, BET], [BET, other], [WIN, BET]):
        with pytest.raises(ValueError, match="cannot say"):
            CODEC.encode_request(
                {**ROUND, "action": "transaction", "actions": listed}, TERMS, KEY, NOW_S, "9"
            )
