"""Both dialects at their doors, on the wallet itself: the vendor's own words, the same money."""

import json
from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal

from tests.dialect_world import GAME, Vendor, World

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]


def v4(vendor: Vendor, command: str, check: str = "21,22,31,41", **data: Any) -> Any:
    body = {"command": command, "request_timestamp": 1, "check": check, "data": {"account": "alice", **data}}
    token = {"Callback-Token": vendor.credential.secret.decode()}
    status, _, raw = vendor.raw(json.dumps(body).encode(), token)
    assert status == 200
    return json.loads(raw, parse_float=str)


def play(guid: str, amount: float, **more: Any) -> dict[str, Any]:
    return {"trans_guid": guid, "round_id": "r1", "game_code": GAME, "amount": amount, **more}


def test_a_day_at_slotcity_v4() -> None:
    world = World.make()
    world.player("alice", 100_000)
    vendor = world.vendor("slotcity-v4")
    assert v4(vendor, "authenticate")["data"] == {"account": "alice", "balance": "1000.00"}
    assert v4(vendor, "balance")["data"] == {"balance": "1000.00"}
    assert v4(vendor, "bet", **play("b1", 10)) == {"result": 0, "status": "OK", "data": {"balance": "990.00"}}
    # The same again is error 41 and the balance as it is: nothing moved twice.
    assert v4(vendor, "bet", **play("b1", 10)) == {
        "result": 41,
        "status": "ERROR",
        "data": {"balance": "990.00"},
    }
    assert v4(vendor, "bet", **play("b2", 990.01, round_id="r2"))["result"] == 31
    assert v4(vendor, "win", **play("w1", 25.5))["data"] == {"balance": "1015.50"}
    assert v4(vendor, "win", **play("w1", 25.5))["result"] == 41
    assert v4(vendor, "status", trans_guid="b1")["data"]["trans_status"] == "OK"
    assert v4(vendor, "status", trans_guid="nothing")["result"] == 42
    # A cancelled win comes off the balance; repeated it changes nothing; what was never there is 43.
    assert v4(vendor, "cancel", trans_guid="c1", cancel_trans_guid="w1")["data"] == {"balance": "990.00"}
    assert v4(vendor, "cancel", trans_guid="c2", cancel_trans_guid="w1")["data"] == {"balance": "990.00"}
    assert v4(vendor, "status", trans_guid="w1")["data"]["trans_status"] == "CANCELED"
    assert v4(vendor, "cancel", trans_guid="c3", cancel_trans_guid="never")["result"] == 43
    # ... and leaves its mark: the bet that comes late takes nothing.
    assert v4(vendor, "bet", **play("never", 5, round_id="r9"))["result"] == 99
    assert v4(vendor, "bet", **play("b4", 1, round_id="r3"))["result"] == 0
    assert world.wallet("alice").balance == 98_900


def test_v4_whose_player_and_may_he_play() -> None:
    world = World.make()
    world.player("alice", 1_000)
    vendor = world.vendor("slotcity-v4")
    assert v4(vendor, "bet", **{**play("b1", 1), "account": "nobody"})["result"] == 21
    world.change("alice", status="blocked")
    assert v4(vendor, "authenticate")["result"] == 22
    assert v4(vendor, "bet", **play("b1", 1))["result"] == 22
    world.change("alice", status="active", sessions=())
    assert v4(vendor, "bet", **play("b2", 1))["result"] == 22, "no live session"
    assert world.wallet("alice").balance == 1_000


def test_v4_bets_again_in_a_round_that_a_win_closed() -> None:
    world = World.make()
    world.player("alice", 1_000)
    vendor = world.vendor("slotcity-v4")
    for turn in range(3):
        assert v4(vendor, "bet", **play(f"b{turn}", 1))["result"] == 0
        assert v4(vendor, "win", **play(f"w{turn}", 0))["result"] == 0
    assert world.wallet("alice").balance == 700


@pytest.mark.parametrize("token", ["", "wrong", "eadd5a04-4720-4a10-ae60-b11cd01cc3aa"])
def test_v4_a_wrong_token_reads_nothing_and_writes_nothing(token: str) -> None:
    world = World.make()
    world.player("alice", 1_000)
    vendor = world.vendor("slotcity-v4")
    body = json.dumps({"command": "balance", "check": "21", "data": {"account": "alice"}}).encode()
    _, _, raw = vendor.raw(body, {"Callback-Token": token})
    assert json.loads(raw) == {"result": 100, "status": "ERROR"}


def test_a_door_that_is_not_there_answers_like_a_wrong_token() -> None:
    world = World.make()
    vendor = world.vendor("slotcity-v4")
    wrong = Vendor(world, "slotcity-v4", vendor.door[:-1] + "a", vendor.credential)
    other = Vendor(world, "slotcity-v1", vendor.door.replace("/v4/", "/v1/"), vendor.credential)
    assert v4(wrong, "balance") == {"result": 100, "status": "ERROR"}
    _, _, raw = other.raw(b"{}", {})
    assert json.loads(raw) == {"statusCode": "ERR_INTEGRITY_CHECK_FAILED"}


def test_the_allowlist_of_the_tenant_holds_at_the_door() -> None:
    world = World.make()
    world.player("alice", 1_000)
    vendor = world.vendor("slotcity-v4")
    from pitboss.tenancy.api import api as tenancy_api

    from tests.tenancy_world import Client, made

    settings = Client(tenancy_api, world.call.token)
    version = made(settings("GET", "/settings"))["version"]
    made(settings("PUT", "/settings", {"version": version, "allowedIps": "203.0.113.9"}))
    assert v4(vendor, "balance")["result"] == 0
    vendor.source_ip = "198.51.100.7"
    assert v4(vendor, "balance") == {"result": 100, "status": "ERROR"}


def test_slotcity_v1() -> None:
    world = World.make()
    world.player("alice", 100_000)
    vendor = world.vendor("slotcity-v1")
    head = {"userId": "alice", "roundId": "r1", "gameId": GAME, "currency": "EUR"}
    bet = {**head, "action": "bet", "transactionId": "b1", "amount": "10.00"}
    assert vendor.ask(bet)["balance"] == "990.00"
    assert vendor.ask(bet)["balance"] == "990.00", "registered once"
    win = {**head, "action": "win", "transactionId": "w1", "amount": "5.00", "roundClosed": True}
    assert vendor.ask(win)["balance"] == "995.00"
    second = {**head, "roundId": "r2", "action": "bet", "transactionId": "b2", "amount": "1.00"}
    assert vendor.ask(second)["balance"] == "994.00"
    cancel = {
        **head,
        "action": "rollback",
        "transactionId": "c1",
        "originalTransactionId": "b2",
        "roundId": "r2",
    }
    assert vendor.ask(cancel)["balance"] == "995.00"
    for document, name in (
        ({**cancel, "transactionId": "c2"}, "TX_ROLLED_BACK"),
        ({**cancel, "transactionId": "c3", "originalTransactionId": "no"}, "TX_NOT_FOUND"),
        ({**bet, "transactionId": "b3", "amount": "2000.00", "roundId": "r3"}, "BALANCE_NOT_ENOUGH"),
        ({**bet, "transactionId": "b4", "currency": "USD", "roundId": "r3"}, "CURRENCY_MISMATCH"),
        ({**bet, "transactionId": "b5", "userId": "bob", "roundId": "r3"}, "USER_NOT_FOUND"),
    ):
        with pytest.raises(Refusal) as refused:
            vendor.ask(document)
        assert refused.value.name == name
    assert world.wallet("alice").balance == 99_500


def test_mascot() -> None:
    world = World.make()
    token = world.player("alice", 100_000)
    vendor = world.vendor("mascot")
    head = {"userId": "alice", "sessionToken": token, "roundId": "r1", "gameId": GAME, "currency": "EUR"}
    bet = {"action": "bet", "transactionId": "x1", "amount": "10.00"}
    win = {"action": "win", "transactionId": "x1", "amount": "25.00"}
    both = {**head, "action": "transaction", "actions": [bet, win]}
    assert vendor.ask({**head, "action": "balance"})["balance"] == "1000.00"
    assert vendor.ask(both)["balance"] == "1015.00"
    assert vendor.ask(both)["balance"] == "1015.00", "a repetition moves nothing"
    back = {**head, "action": "rollback", "transactionId": "ignored", "originalTransactionId": "x1"}
    assert vendor.ask(back)["status"] == "OK"
    assert vendor.ask(back)["status"] == "OK"
    assert world.wallet("alice").balance == 100_000, "win and stake are both undone, once"
    # A rollback ahead of its call: both halves are refused when they come.
    assert vendor.ask({**back, "originalTransactionId": "x2"})["status"] == "OK"
    late = [{**bet, "transactionId": "x2"}, {**win, "transactionId": "x2"}]
    with pytest.raises(Refusal) as refused:
        vendor.ask({**head, "roundId": "r2", "action": "transaction", "actions": late})
    assert (refused.value.name, refused.value.effect) == ("INTERNAL_ERROR", "none")
    # The stake must be there whatever the win is.
    big = [
        {**bet, "transactionId": "x3", "amount": "1000.01"},
        {**win, "transactionId": "x3", "amount": "9999.00"},
    ]
    with pytest.raises(Refusal) as refused:
        vendor.ask({**head, "roundId": "r3", "action": "transaction", "actions": big})
    assert refused.value.name == "BALANCE_NOT_ENOUGH"
    assert world.wallet("alice").balance == 100_000


def test_mascot_answers_are_signed_and_strangers_get_401() -> None:
    from pitboss.dialects.codecs import CODECS
    from pitboss.dialects.mascot import signature
    from pitboss.platform.clock import now_ms

    world = World.make()
    token = world.player("alice", 1_000)
    vendor = world.vendor("mascot")
    document = {"action": "balance", "userId": "alice", "sessionToken": token}
    sent = CODECS["mascot"].encode_request(document, vendor.terms, vendor.credential, now_ms() // 1000, "77")
    status, headers, body = vendor.raw(sent.body, dict(sent.headers))
    assert status == 200
    assert headers["X-Signature"] == signature(
        vendor.credential, "77", int(sent.headers["x-timestamp"]), body
    )
    status, headers, _ = vendor.raw(sent.body + b" ", dict(sent.headers))
    assert status == 401
    assert "X-Signature" not in headers


def test_mascot_a_reused_nonce_is_refused_and_a_repetition_is_not() -> None:
    from pitboss.dialects.codecs import CODECS
    from pitboss.platform.clock import now_ms

    world = World.make()
    token = world.player("alice", 1_000)
    vendor = world.vendor("mascot")
    head = {"userId": "alice", "sessionToken": token, "roundId": "r1", "gameId": GAME, "currency": "EUR"}
    at = now_ms() // 1000

    def send(ref: str) -> Any:
        document = {**head, "action": "bet", "transactionId": ref, "amount": "1.00"}
        sent = CODECS["mascot"].encode_request(document, vendor.terms, vendor.credential, at, "5")
        return json.loads(vendor.raw(sent.body, dict(sent.headers))[2])

    assert send("a")["result"]["newBalance"] == 900
    assert send("a")["result"]["newBalance"] == 900
    assert send("b")["error"]["code"] == 7
    assert world.wallet("alice").balance == 900


def test_mascot_the_token_and_the_player_name_must_agree() -> None:
    world = World.make()
    token = world.player("alice", 1_000)
    world.player("bob", 1_000)
    vendor = world.vendor("mascot")
    head = {"userId": "bob", "sessionToken": token, "roundId": "r1", "gameId": GAME, "currency": "EUR"}
    bet = {**head, "action": "bet", "transactionId": "x", "amount": "1.00"}
    for document in (bet, {**head, "action": "balance"}):
        with pytest.raises(Refusal) as refused:
            vendor.ask(document)
        assert (refused.value.name, refused.value.effect) == ("INTERNAL_ERROR", "none")
    assert world.wallet("alice").balance == world.wallet("bob").balance == 1_000


@pytest.mark.parametrize("profile", ["slotcity-v4", "slotcity-v1", "mascot"])
def test_a_bet_of_another_tenants_player_opens_nothing(profile: str) -> None:
    theirs = World.make()
    token = theirs.player("mallory", 1_000)
    ours = World.make()
    vendor = ours.vendor(profile)
    document = {
        "action": "bet",
        "userId": "mallory",
        "sessionToken": token,
        "transactionId": "b",
        "roundId": "r",
        "gameId": GAME,
        "amount": "1.00",
        "currency": "EUR",
    }
    with pytest.raises(Refusal) as refused:
        vendor.ask(document)
    assert refused.value.effect in ("none", "unknown")
    assert theirs.wallet("mallory").balance == 1_000
