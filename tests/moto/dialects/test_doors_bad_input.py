"""Whatever comes through a door: the vendor's word for it, and nothing written but the inspector's record."""

import json
from typing import Any

import boto3
import pytest
from pitboss.dialects.codecs import CODECS
from pitboss.dialects.mascot import signature as rpc_signature
from pitboss.dialects.slotcity_v1 import signature as v1_signature
from pitboss.dialects.slotcity_v1 import signed_texts
from pitboss.dialects.spelling import read_object
from pitboss.platform.clock import now_ms

from tests.dialect_world import GAME, Vendor, World

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]


def ledger() -> list[Any]:
    """Every item of the ledger table."""
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName="LedgerTable")
    return sorted(
        (item for page in pages for item in page["Items"]), key=lambda i: (i["pk"]["S"], i["sk"]["S"])
    )


def send(vendor: Vendor, raw: bytes) -> tuple[int, Any]:
    """A body, authentically sent."""
    vendor.nonce += 1
    headers = {"Content-Type": "application/json"}
    if vendor.profile == "slotcity-v4":
        headers["Callback-Token"] = vendor.credential.secret.decode()
    elif vendor.profile == "slotcity-v1":
        text = next(signed_texts(read_object(raw)))
        headers["X-Request-Signature"] = v1_signature(vendor.credential.secret, text)
    else:
        nonce, at = str(vendor.nonce), now_ms() // 1000
        headers |= {"X-Nonce": nonce, "X-Timestamp": str(at), "X-Subject": "1"}
        headers["X-Signature"] = rpc_signature(vendor.credential, nonce, at, raw)
    status, _, body = vendor.raw(raw, headers)
    return status, json.loads(body)


def bet(vendor: Vendor, token: str, amount: str, tx: str = "t1") -> bytes:
    """A bet whose amount is written as told."""
    id_ = json.dumps(tx)
    if vendor.profile == "slotcity-v4":
        text = (
            f'{{"command":"bet","check":"21,31,41","data":{{"account":"alice","trans_guid":{id_},"round_id":"r1",'
            f'"game_code":"{GAME}","amount":{amount}}}}}'
        )
    elif vendor.profile == "slotcity-v1":
        text = (
            f'{{"command":"bet","playerId":"alice","transactionId":{id_},"roundId":"r1","gameCode":"{GAME}",'
            f'"currency":"EUR","amount":{amount},"isRoundFinished":false}}'
        )
    else:
        text = (
            f'{{"jsonrpc":"2.0","id":1,"method":"withdrawAndDeposit","params":{{"callerId":1,"playerName":"alice",'
            f'"sessionAlternativeId":"{token}","transactionRef":{id_},"gameRoundRef":"r1","gameId":"{GAME}",'
            f'"currency":"EUR","withdraw":{amount}}}}}'
        )
    return text.encode()


def refused(vendor: Vendor, answer: Any) -> bool:
    if vendor.profile == "mascot":
        return "error" in answer and "result" not in answer
    return answer.get("result", 0) != 0 or answer.get("statusCode", "OK") != "OK"


AMOUNTS = [
    "-1",
    "-0.01",
    "1e1",
    "1E5",
    '"10,00"',
    '""',
    "null",
    "true",
    "[]",
    "{}",
    '"NaN"',
    "1000000000000000000",
]


@pytest.mark.parametrize("profile", sorted(CODECS))
def test_no_amount_of_the_bad_ones_moves_anything(profile: str) -> None:
    world = World.make()
    token = world.player("alice", 100_000)
    vendor = world.vendor(profile)
    before = ledger()
    finer = ['"0.001"', "0.001"] if profile != "mascot" else ["0.5", '"5"']
    for amount in [*AMOUNTS, *finer]:
        raw = bet(vendor, token, amount)
        if profile == "slotcity-v1" and amount in ("[]", "{}"):
            continue  # such a body cannot be signed in this protocol
        status, answer = send(vendor, raw)
        assert (status, refused(vendor, answer)) == (200, True), amount
    assert ledger() == before


IDS = [
    "x",
    "i" * 40,
    "i" * 255,
    "i" * 256,
    "ünï-ço∂é-プレイヤー-😀",
    "'; DROP TABLE bets; --",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "a#b@c%d|e",
    "  spaces ",
]


@pytest.mark.parametrize("profile", sorted(CODECS))
def test_ids_of_every_kind_are_kept_exactly(profile: str) -> None:
    world = World.make()
    token = world.player("alice", 100_000)
    vendor = world.vendor(profile)
    for number, tx in enumerate(IDS, 1):
        for _ in range(2):
            send(vendor, bet(vendor, token, "1" if profile != "mascot" else "100", tx))
        assert world.wallet("alice").balance == 100_000 - number * 100, tx


@pytest.mark.parametrize("profile", sorted(CODECS))
@pytest.mark.parametrize("tx", ["", "i" * 257, "a\nb", "a\u0000b", "\ud800"])
def test_ids_that_are_none_are_refused(profile: str, tx: str) -> None:
    world = World.make()
    token = world.player("alice", 100_000)
    vendor = world.vendor(profile)
    before = ledger()
    raw = bet(vendor, token, "1", tx)
    if profile == "slotcity-v1" and tx == "\ud800":
        return  # half a character has no bytes that could be signed
    status, answer = send(vendor, raw)
    assert (status, refused(vendor, answer)) == (200, True)
    assert ledger() == before


@pytest.mark.parametrize("profile", sorted(CODECS))
def test_a_body_changed_by_one_byte_moves_nothing(profile: str) -> None:
    if profile == "slotcity-v4":
        return  # that protocol signs no body: docs/profiles.md
    world = World.make()
    token = world.player("alice", 100_000)
    vendor = world.vendor(profile)
    codec = CODECS[profile]
    before = ledger()
    document = {
        "action": "bet",
        "userId": "alice",
        "sessionToken": token,
        "transactionId": "t1",
        "roundId": "r1",
        "gameId": GAME,
        "amount": "10.00",
        "currency": "EUR",
    }
    sent = codec.encode_request(document, vendor.terms, vendor.credential, now_ms() // 1000, "1")
    old, new = (
        (b'"withdraw":1000', b'"withdraw":1900')
        if profile == "mascot"
        else (b'"amount":10.00', b'"amount":19.00')
    )
    assert sent.body.count(old) == 1
    status, headers, _ = vendor.raw(sent.body.replace(old, new), dict(sent.headers))
    assert headers["Pitboss-Error"] == "SIGNATURE_INVALID"
    assert status == (401 if profile == "mascot" else 200)
    assert ledger() == before
