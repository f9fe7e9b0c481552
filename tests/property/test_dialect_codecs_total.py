"""A codec understands or refuses; it never fails. And what it answers is always of the vendor's form."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pitboss.dialects import profiles
from pitboss.dialects.codecs import CODECS
from pitboss.dialects.model import Asked, Credential, Dialect, Terms
from pitboss.kernel.refusal import Refusal, catalogue

pytestmark = pytest.mark.property

KEY = Credential(b"0123456789abcdef", b"", "k1")
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["1.5", "-0", "1e9"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NAMES = [
    *(
        "command",
        "data",
        "check",
        "account",
        "trans_guid",
        "cancel_trans_guid",
        "round_id",
        "game_code",
        "amount",
    ),
    *(
        "type",
        "playerId",
        "transactionId",
        "referenceId",
        "roundId",
        "gameCode",
        "currency",
        "isRoundFinished",
    ),
    *(
        "isCall",
        "timestamp",
        "jsonrpc",
        "method",
        "params",
        "id",
        "callerId",
        "playerName",
        "sessionAlternativeId",
    ),
    *(
        "transactionRef",
        "gameRoundRef",
        "gameId",
        "withdraw",
        "deposit",
        "reason",
        "bonusId",
        "chargeFreerounds",
    ),
    *("freeround",),
]
WORDS = st.sampled_from(
    [
        "bet",
        "win",
        "cancel",
        "status",
        "balance",
        "authenticate",
        "getBalance",
        "withdrawAndDeposit",
        "rollbackTransaction",
        "2.0",
    ]
)
MEMBERS = st.dictionaries(st.sampled_from(NAMES), WORDS | JSON, max_size=14)
NEARLY = (
    st.builds(lambda a, b, c: {**a, "data": b, "params": c}, MEMBERS, MEMBERS | JSON, MEMBERS | JSON)
    | MEMBERS
)
BODIES = (
    st.binary(max_size=200)
    | NEARLY.map(lambda d: json.dumps(d).encode())
    | JSON.map(lambda d: json.dumps(d).encode())
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["callback-token", "x-request-signature", "x-nonce", "x-timestamp", "x-subject", "x-signature"]
    ),
    st.text(max_size=24),
)


def is_answer(name: str, body: Any) -> bool:
    if name == "slotcity-v4":
        return set(body) <= {"result", "status", "data"} and isinstance(body["result"], int)
    if name == "slotcity-v1":
        return set(body) <= {"balance", "statusCode"} and isinstance(body["statusCode"], str)
    return body["jsonrpc"] == "2.0" and ("result" in body) != ("error" in body)


@pytest.mark.parametrize("name", sorted(CODECS))
@settings(max_examples=300, deadline=None)
@given(raw=BODIES, headers=HEADERS)
def test_any_bytes_are_understood_or_refused(name: str, raw: bytes, headers: dict[str, str]) -> None:
    codec, terms = CODECS[name], Terms(name, "minor" if name == "mascot" else "decimal")
    codec.nonce(headers)
    assert codec.fault(raw, headers, [KEY], 1_789_000_000) != ""
    answered(codec, terms, codec.decode_request(raw, headers))


IDS = st.text("abcxyz019-_:", min_size=1, max_size=12)
MONEY = st.integers(0, 10**9)
MASCOT_CALLS = {
    "getBalance": {"currency": st.just("EUR")},
    "withdrawAndDeposit": {
        "currency": st.just("EUR"),
        "transactionRef": IDS,
        "gameRoundRef": IDS,
        "gameId": IDS,
        "withdraw": MONEY,
        "deposit": MONEY,
        "reason": st.sampled_from(["GAME_PLAY", "GAME_PLAY_FINAL"]),
    },
    "rollbackTransaction": {"transactionRef": IDS},
}
V1_PLAY = {"transactionId": IDS, "roundId": IDS, "gameCode": IDS, "currency": st.just("EUR")}
V1_CALLS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "balance": {},
    "bet": {**V1_PLAY, "amount": MONEY, "isRoundFinished": st.booleans()},
    "win": {**V1_PLAY, "amount": MONEY, "isRoundFinished": st.booleans(), "isCall": st.booleans()},
    "cancel": {**V1_PLAY, "referenceId": IDS},
}
V4_PLAY = {"trans_guid": IDS, "round_id": IDS, "game_code": IDS, "amount": MONEY}
V4_CALLS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "balance": {},
    "authenticate": {},
    "status": {"trans_guid": IDS},
    "bet": V4_PLAY,
    "win": {**V4_PLAY, "type": st.sampled_from([2, 32])},
    "cancel": {"trans_guid": IDS, "cancel_trans_guid": IDS},
}


@st.composite
def whole_calls(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A call as the vendor's documents have it, of any kind."""
    if name == "mascot":
        method = draw(st.sampled_from(sorted(MASCOT_CALLS)))
        who = {"callerId": st.just(7), "playerName": IDS, "sessionAlternativeId": IDS, "sessionId": IDS}
        params = draw(st.fixed_dictionaries({**who, **MASCOT_CALLS[method]}))
        return {"jsonrpc": "2.0", "method": method, "id": draw(st.integers() | IDS), "params": params}
    if name == "slotcity-v1":
        command = draw(st.sampled_from(sorted(V1_CALLS)))
        return {"command": command, **draw(st.fixed_dictionaries({"playerId": IDS, **V1_CALLS[command]}))}
    command = draw(st.sampled_from(sorted(V4_CALLS)))
    data = draw(st.fixed_dictionaries({"account": IDS, **V4_CALLS[command]}))
    return {"command": command, "check": "21", "data": data}


def answered(codec: Dialect, terms: Terms, asked: Asked) -> None:
    """What was understood names an action and, where money moves, every transaction; and there is an answer to it."""
    if asked.refusal is None:
        assert asked.document["action"]
        if asked.command == "money":
            rows = asked.document.get("actions") or [asked.document]
            assert all(isinstance(row["transactionId"], str) for row in rows)
    outcome = asked.refusal or {"status": "OK", "balance": "1.00", "rolledBack": False}
    said = codec.encode_reply(asked, outcome, terms, None)
    assert is_answer(codec.name, json.loads(said.body))


@pytest.mark.parametrize("name", sorted(CODECS))
@given(data=st.data())
def test_a_whole_call_is_understood_and_a_spoilt_one_understood_or_refused(
    name: str, data: st.DataObject
) -> None:
    codec, terms = CODECS[name], Terms(name, "minor" if name == "mascot" else "decimal")
    body = data.draw(whole_calls(name))
    asked = codec.decode_request(json.dumps(body).encode(), {})
    assert asked.refusal is None, (body, asked.refusal)
    answered(codec, terms, asked)
    inner = body.get("data", body.get("params", body))
    for spoilt in data.draw(st.lists(st.sampled_from(sorted(inner)), min_size=1, max_size=2, unique=True)):
        if data.draw(st.booleans()):
            del inner[spoilt]
        else:
            inner[spoilt] = data.draw(WORDS | JSON)
    answered(codec, terms, codec.decode_request(json.dumps(body).encode(), {}))


@pytest.mark.parametrize("name", sorted(CODECS))
@given(
    refusal=st.sampled_from([one for one in profiles.outcomes() if one in catalogue()]),
    balance=st.none() | st.integers(-(10**12), 10**12).map(lambda n: f"{n}.00"),
)
def test_every_refusal_can_be_said(name: str, refusal: str, balance: str | None) -> None:
    codec, terms = CODECS[name], Terms(name, "minor" if name == "mascot" else "decimal")
    asked = codec.decode_request(b"{}", {})
    facts = {} if balance is None else {"balance": balance}
    said = codec.encode_reply(
        asked, Refusal(refusal, 'Because of \u2028 this "quote".', facts=facts), terms, None
    )
    assert is_answer(name, json.loads(said.body))
    assert said.headers["pitboss-error"] == refusal
