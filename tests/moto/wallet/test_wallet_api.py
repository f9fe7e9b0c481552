"""The provider's routes through the function's own handler, signature and all."""

import json
from typing import Any

import boto3
import pytest
from pitboss.wallet.public import TxKey, read_tx

from tests.provider_world import BRAND, INTEGRATION, Provider, World, open_world
from tests.tenancy_world import made

pytestmark = pytest.mark.moto


@pytest.fixture
def world(aws: dict[str, str]) -> tuple[World, Provider]:
    return open_world()


def items(aws: dict[str, str], table: str = "LEDGER_TABLE") -> int:
    """How many items the table holds."""
    return int(boto3.client("dynamodb").scan(TableName=aws[table], Select="COUNT")["Count"])


def test_a_round_from_session_to_win(world: tuple[World, Provider]) -> None:
    _, provider = world
    who = made(provider("authenticate"))
    assert (who["playerId"], who["brandId"], who["balance"]) == ("ann", BRAND, "1000.00")
    placed = made(provider.bet("t1"))
    assert placed["balance"] == "990.00"
    assert placed["roundStatus"] == "open"
    assert placed["replay"] is False
    assert "currentBalance" not in placed
    won = made(provider.win("w1", betTransactionId="t1", roundClosed=True))
    assert (won["balance"], won["roundStatus"]) == ("1010.00", "completed")
    again = made(provider.bet("t1"))
    assert again["replay"] is True
    assert (again["balance"], again["currentBalance"]) == ("990.00", "1010.00")
    assert again["hubTransactionId"] == placed["hubTransactionId"]
    assert provider.bet("t2").name == "ROUND_CLOSED"
    assert provider.balance() == "1010.00"


def test_a_list_is_atomic_and_answers_each(world: tuple[World, Provider]) -> None:
    _, provider = world
    rows = [
        {"action": "bet", "transactionId": "t1", "amount": 10},
        {
            "action": "win",
            "transactionId": "w1",
            "amount": "25",
            "betTransactionId": "t1",
            "roundClosed": True,
        },
    ]
    common = {"roundId": "r1", "gameId": provider.game, "currency": "EUR"}
    answer = made(provider("transaction", actions=rows, **common))
    assert answer["balance"] == "1015.00"
    assert [r["balance"] for r in answer["results"]] == ["990.00", "1015.00"]
    too_much = [{**rows[0], "transactionId": "t2", "amount": 5000}, {**rows[1], "transactionId": "w2"}]
    refused = provider("transaction", actions=too_much, **{**common, "roundId": "r2"})
    assert (refused.status, refused.name) == (402, "BALANCE_NOT_ENOUGH")
    assert refused.body["balance"] == "1015.00"
    assert provider.balance() == "1015.00"


def test_refusals_say_code_effect_and_balance(world: tuple[World, Provider]) -> None:
    _, provider = world
    poor = provider.bet("t1", "1000.01")
    assert poor.status == 402
    assert poor.body["code"] == 2006
    assert poor.body["effect"] == "none"
    assert poor.body["retryable"] is False
    assert poor.body["balance"] == "1000.00"
    again = provider.bet("t1", "1000.01")
    assert again.body["replay"] is True
    assert provider.bet("t9", gameId="unknown").name == "GAME_NOT_FOUND"


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ({"webhook-signature": "v1,AAAA"}, "SIGNATURE_INVALID"),
        ({"webhook-signature": ""}, "SIGNATURE_INVALID"),
        ({"webhook-id": ""}, "SIGNATURE_INVALID"),
        ({"webhook-timestamp": "soon"}, "SIGNATURE_INVALID"),
        ({"Pitboss-Provider": ""}, "PROVIDER_NOT_FOUND"),
        ({"Pitboss-Provider": "nobody"}, "SIGNATURE_INVALID"),
    ],
    ids=["wrong", "none", "no-id", "no-time", "no-provider", "unknown-provider"],
)
def test_what_is_not_authentic_is_refused(
    world: tuple[World, Provider], aws: dict[str, str], fault: dict[str, str], name: str
) -> None:
    _, provider = world
    before = items(aws)
    body = {
        "action": "bet",
        "sessionToken": provider.token,
        "transactionId": "t1",
        "roundId": "r",
        "amount": "1",
    }
    reply = provider.raw("bet", json.dumps(body).encode(), **fault)
    assert reply.name == name
    assert reply.body["effect"] == "none"
    assert items(aws) == before


def test_81_82_one_changed_byte_and_stale_times(world: tuple[World, Provider], aws: dict[str, str]) -> None:
    _, provider = world
    content = json.dumps({"action": "balance", "sessionToken": provider.token}).encode()
    signed = provider.raw("balance", content)
    assert signed.status == 200
    for changed in (content + b" ", content.replace(b'"action"', b'"Action"'), content[:-1]):
        # The signature is that of the other bytes, so malformed JSON is never looked at.
        spoiled = provider.raw("balance", content).headers
        assert spoiled
        from pitboss.platform import signing
        from pitboss.platform.clock import now_ms

        stamp = signing.headers(provider.secret, "m-1", now_ms() // 1000, content)
        reply = provider.client(
            "POST", "/wallet/balance", raw=changed, headers={"Pitboss-Provider": INTEGRATION, **stamp}
        )
        assert (reply.status, reply.name) == (401, "SIGNATURE_INVALID")
    for skew in (-301, 301):
        provider.skew_s = skew
        assert provider.bet("t1").name == "TIMESTAMP_OUT_OF_WINDOW"
    provider.skew_s = -290
    assert provider.bet("t1").status == 200


def test_82_83_nonces(world: tuple[World, Provider]) -> None:
    _, provider = world
    assert provider.bet("t1", nonce="n-1").status == 200
    repeated = provider.bet("t1", nonce="n-1")
    assert repeated.body["replay"] is True
    assert provider.bet("t2", nonce="n-1").name == "NONCE_REUSED"
    assert provider.bet("t1", nonce="n-2").body["replay"] is True
    assert provider.balance() == "990.00"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"transactionId": ""}, "transactionId"),
        ({"transactionId": None}, "transactionId"),
        ({"transactionId": 7}, "transactionId"),
        ({"transactionId": "x" * 257}, "transactionId"),
        ({"transactionId": "a\x00b"}, "transactionId"),
        ({"roundClosed": "yes"}, "roundClosed"),
        ({"type": "gift"}, "type"),
        ({"currency": 978}, "currency"),
        ({"action": "win"}, "action"),
        ({"sessionToken": 5}, "sessionToken"),
        ({"freeRoundsId": "G"}, "freeRoundsId"),
    ],
    ids=["empty", "null", "number", "long", "control", "flag", "type", "currency", "action", "token", "free"],
)
def test_84_wrong_fields_are_named(
    world: tuple[World, Provider], aws: dict[str, str], change: dict[str, Any], pointer: str
) -> None:
    _, provider = world
    before = items(aws)
    reply = provider.bet("t1", **change)
    assert reply.name == "VALIDATION_ERROR"
    assert [row["field"] for row in reply.body["errors"]] == [pointer]
    assert items(aws) == before


def test_84_missing_and_extra_fields(world: tuple[World, Provider]) -> None:
    _, provider = world
    missing = provider("bet", transactionId="t1", roundId="r1", amount=1)
    assert {row["field"] for row in missing.body["errors"]} == {"gameId", "currency"}
    extra = made(provider.bet("t1", RoundClosed=True, colour="red"))
    assert extra["warnings"] == [
        "RoundClosed: unknown field, ignored; did you mean roundClosed?",
        "colour: unknown field, ignored",
    ]
    assert extra["roundStatus"] == "open"


@pytest.mark.parametrize(
    "ident",
    [
        "a",
        "x" * 40,
        "y" * 255,
        "z" * 256,
        "号" * 256,
        "'; DROP TABLE tx; --",
        "<script>alert(1)</script>",
        "a#b@c%d|e",
    ],
    ids=["1", "40", "255", "256", "unicode", "sql", "script", "separators"],
)
def test_85_ids_are_kept_exactly(world: tuple[World, Provider], ident: str) -> None:
    here, provider = world
    answer = made(provider.bet(ident, 1, ident))
    assert answer["transactionId"] == ident
    stored = read_tx(here.tenant_id, TxKey(INTEGRATION, "bet", ident))
    assert stored is not None
    assert (stored.ext_id, stored.round_id, stored.hub_id) == (ident, ident, answer["hubTransactionId"])
    assert made(provider.win("w", 2, ident, betTransactionId=ident, roundClosed=True))["balance"] == "1001.00"
    assert provider.bet(ident + "2", 1, ident).name == (
        "VALIDATION_ERROR" if len(ident) == 256 else "ROUND_CLOSED"
    )


@pytest.mark.parametrize(
    ("amount", "name"),
    [
        ("10", "OK"),
        (10.0, "OK"),
        ("10,00", "INVALID_AMOUNT"),
        ("NaN", "INVALID_AMOUNT"),
        ("", "INVALID_AMOUNT"),
        (None, "INVALID_AMOUNT"),
        (True, "INVALID_AMOUNT"),
        ("1e1", "INVALID_AMOUNT"),
        ("-1", "INVALID_AMOUNT"),
        ("0.001", "AMOUNT_PRECISION"),
        (2**53 + 1, "AMOUNT_LIMIT"),
    ],
    ids=str,
)
def test_12_amounts_are_not_coerced(world: tuple[World, Provider], amount: Any, name: str) -> None:
    _, provider = world
    reply = provider.bet("t1", amount)
    assert (reply.body.get("name") or reply.body["status"]) == name


def test_12_an_amount_in_scientific_notation(world: tuple[World, Provider]) -> None:
    _, provider = world
    head = f'{{"action":"bet","sessionToken":"{provider.token}","transactionId":"t1","roundId":"r1",'
    text = head + f'"gameId":"{provider.game}","currency":"EUR","amount":1e1}}'
    assert provider.raw("bet", text.encode()).name == "INVALID_AMOUNT"


def test_88_another_tenants_player_does_not_exist(world: tuple[World, Provider], aws: dict[str, str]) -> None:
    here, provider = world
    there, stranger = open_world()
    assert there.tenant_id != here.tenant_id
    stranger.token = provider.token
    before = items(aws)
    for reply in (stranger.bet("t1"), stranger.win("w1"), stranger.back("b1", "t1"), stranger("balance")):
        assert (reply.status, reply.name) == (401, "TOKEN_INVALID")
        assert "balance" not in reply.body
    assert items(aws) == before


def test_02_made_up_tokens(world: tuple[World, Provider]) -> None:
    _, provider = world
    for token in ("ps_AAAA", "x", provider.token[:-2] + "AA", provider.token.replace("ps_", "pl_")):
        reply = provider("balance", sessionToken=token)
        assert (reply.status, reply.name) == (401, "TOKEN_INVALID")


def test_35_to_38_sessions(world: tuple[World, Provider]) -> None:
    here, provider = world
    made(provider.bet("t1"))
    old = provider.token
    provider.token = here.session(here.players["ann"], "ann")
    assert provider("bet", **_bet(provider, "t2", old)).name == "SESSION_EXPIRED"
    assert provider("balance", sessionToken=old).name == "SESSION_EXPIRED"
    late = {"betTransactionId": "t1", "sessionToken": old}
    assert made(provider("win", **{**_bet(provider, "w1", old), **late}))["balance"] == "1000.00"
    assert made(provider.bet("t3"))["balance"] == "990.00"
    assert made(provider("rollback", transactionId="b3", originalTransactionId="t3", sessionToken=old))


def _bet(provider: Provider, tx: str, token: str) -> dict[str, Any]:
    row = {"transactionId": tx, "roundId": "r1", "gameId": provider.game, "amount": 10, "currency": "EUR"}
    return {**row, "sessionToken": token}


def test_72_78_without_a_session(world: tuple[World, Provider]) -> None:
    _, provider = world
    row = {"transactionId": "p1", "roundId": "promo", "gameId": provider.game, "amount": 5, "currency": "EUR"}
    named = {**row, "brandId": BRAND, "userId": "ann", "type": "promo"}
    assert made(provider("win", **named))["balance"] == "1005.00"
    assert made(provider("win", **named))["replay"] is True
    assert provider("win", **{**named, "userId": "bob", "transactionId": "p2"}).name == "USER_NOT_FOUND"
    bare = provider("bet", brandId=BRAND, userId="ann", **row)
    assert bare.name == "VALIDATION_ERROR"


def test_70_71_a_suspended_agent_takes_no_bets_but_settles(world: tuple[World, Provider]) -> None:
    here, provider = world
    made(provider.bet("t1"))
    made(provider.bet("t2"))
    here.change("ann", status="blocked")
    assert provider.bet("t3").name == "PLAYER_BLOCKED"
    assert made(provider.win("w1", betTransactionId="t1"))["balance"] == "1000.00"
    assert made(provider.back("b2", "t2"))["balance"] == "1010.00"


def test_the_stored_transaction_keeps_the_redacted_request(world: tuple[World, Provider]) -> None:
    import zlib

    here, provider = world
    made(provider.bet("t1"))
    stored = read_tx(here.tenant_id, TxKey(INTEGRATION, "bet", "t1"))
    assert stored is not None
    kept = zlib.decompress(stored.raw)
    assert b'"transactionId": "t1"' in kept
    assert provider.token.encode() not in kept
    assert json.loads(stored.facts)["id"].startswith("msg-")
    refused = provider.bet("t1", 11)
    assert refused.name == "TX_CONFLICT"
