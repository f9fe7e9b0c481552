"""Bad input for a seamless player reaches neither the books nor the operator; and locks end when their reason does."""

import json
from collections.abc import Iterator

import pytest
from pitboss.certify.api import api as certify_api
from pitboss.platform.clock import now_ms
from pitboss.tenancy.api import api as tenancy_api
from pitboss.wallet import failed, open_rounds, resolve
from pitboss.wallet.transactions_api import api as transactions_api

from tests.bad_input_world import Watch, bet_text, respelled, sent
from tests.seamless_world import Seamless, open_seamless
from tests.tenancy_world import Client, made

pytestmark = pytest.mark.moto
AMOUNTS = {
    "0.001": "AMOUNT_PRECISION",
    "-1": "INVALID_AMOUNT",
    "1e1": "INVALID_AMOUNT",
    '"10,00"': "INVALID_AMOUNT",
    "null": "INVALID_AMOUNT",
    "true": "INVALID_AMOUNT",
    "NaN": "MALFORMED_JSON",
    "10000000000000000": "AMOUNT_LIMIT",
    "9223372036854775808": "AMOUNT_LIMIT",
    "1e99999999999999999999": "MALFORMED_JSON",
}


@pytest.fixture(autouse=True)
def demo_token(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_TOKEN", "look")


@pytest.fixture
def there(aws: dict[str, str]) -> Iterator[Seamless]:
    # Nothing here is about time: a loaded machine must not look like a slow operator.
    with open_seamless(walletTimeoutMs=10_000) as world:
        yield world


def test_bad_input_is_neither_written_nor_forwarded(there: Seamless, aws: dict[str, str]) -> None:
    provider = there.provider
    watch = Watch(aws, provider)
    heard = len(there.heard)
    faults = {}
    for route, more in (("bet", {}), ("win", {"type": "promo"})):
        for amount, name in AMOUNTS.items():
            reply = provider.raw(route, bet_text(provider, amount=amount, action=route, **more))
            if fault := watch.fault(reply, name):
                faults[route, amount] = fault
    good = bet_text(provider)
    if fault := watch.fault(sent(provider, "bet", good, good.replace(b"1}", b"2}")), "SIGNATURE_INVALID"):
        faults["signature", ""] = fault
    provider.skew_s = -400
    if fault := watch.fault(provider.bet("t"), "TIMESTAMP_OUT_OF_WINDOW"):
        faults["time", ""] = fault
    provider.skew_s = 0
    for token in respelled(provider.token)[::2]:
        if fault := watch.fault(provider.bet("t", sessionToken=token), "TOKEN_INVALID"):
            faults["token", token] = fault
    for body, name in (
        ({"transactionId": "x" * 257}, "VALIDATION_ERROR"),
        ({"roundId": "a\x00"}, "VALIDATION_ERROR"),
        ({"gameId": "' OR 1=1"}, "GAME_NOT_FOUND"),
        ({"currency": "USD"}, "CURRENCY_MISMATCH"),
        ({"type": "free", "freeRoundsId": "<script>"}, "FREEROUND_NOT_FOUND"),
    ):
        if fault := watch.fault(provider.bet("t", **body), name):
            faults["body", json.dumps(body)] = fault
    if fault := watch.fault(provider.win("w", betTransactionId="nobody's"), "TX_NOT_FOUND"):
        faults["win", ""] = fault
    assert (faults, watch.wrote()) == ({}, [])
    assert len(there.heard) == heard


def test_a_reused_nonce_is_not_forwarded(there: Seamless, aws: dict[str, str]) -> None:
    made(there.provider.bet("t1", nonce="n"))
    watch = Watch(aws, there.provider)
    heard = list(there.heard)
    assert watch.fault(there.provider.bet("t2", nonce="n"), "NONCE_REUSED") == ""
    assert watch.fault(there.provider.win("w1", betTransactionId="t1", nonce="n"), "NONCE_REUSED") == ""
    assert (watch.wrote(), watch.nonces) == ([], [])
    assert there.heard == heard


def lock(there: Seamless, *, wanted: bool) -> None:
    """The agent's setting."""
    tenancy = Client(tenancy_api, there.world.call.token)
    stands = made(tenancy("GET", "/settings"))
    own = {name: stands[name] for name in ("walletMode", "walletUrl", "walletTimeoutMs")}
    made(tenancy("PUT", "/settings", {"version": stands["version"], **own, "walletLockOnFailed": wanted}))


@pytest.mark.parametrize("first", [True, False], ids=["on-then-off", "off-then-on"])
def test_the_lock_for_a_failed_win_follows_the_setting(there: Seamless, first: bool) -> None:
    lock(there, wanted=first)
    made(there.provider.bet("t1"))
    there.faults({"kind": "refuse", "action": "win", "name": "PLAYER_NOT_FOUND", "times": 1})
    assert there.provider.win("w1", betTransactionId="t1").name == "USER_NOT_FOUND"
    assert (there.provider.bet("t2", round_id="r2").status == 403) is first
    lock(there, wanted=not first)
    assert (there.provider.bet("t3", round_id="r3").status == 403) is not first
    (stuck,), _ = failed.page(there.tenant_id, None, 10)
    failed.resolve(there.tenant_id, stuck.hub_id, "done", "key-1", "seen", 1)
    for wanted in (True, False):
        lock(there, wanted=wanted)
        made(there.provider.bet(f"t-{wanted}", round_id=f"r-{wanted}"))


def test_a_providers_key_settles_nothing_by_hand_and_has_nothing_signed(there: Seamless) -> None:
    """docs/integrate-provider.md gives providers a key with wallet.write: it plays and does no more."""
    tenancy = Client(tenancy_api, there.world.call.token)
    wanted = {"name": "studio", "scopes": ["games.write", "wallet.write", "rounds.write"]}
    key = made(tenancy("POST", "/api-keys", wanted))["token"]
    there.provider.client = Client(there.provider.client.api, key)
    made(there.provider.bet("t1"))
    hub_id = there.tx("t1").hub_id
    settle = {"resolution": "done", "note": "by the provider itself"}
    by_hand = Client(transactions_api, key)
    for path, body in (("resolve", settle), ("retry", {"note": "once more"})):
        reply = by_hand("POST", f"/transactions/{{id}}/{path}", body, id=hub_id)
        assert (reply.status, reply.name) == (403, "PERMISSION_ERROR")
    run = {"target": "wallet", "walletUrl": "https://elsewhere.example", "players": []}
    reply = Client(certify_api, key)("POST", "/certification/runs", run)
    assert (reply.status, reply.name) == (403, "PERMISSION_ERROR")


def test_a_page_of_open_rounds_reads_no_more_wallets_than_it_may(
    there: Seamless, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(there.provider.bet("t1"))
    made(there.provider.win("w1", betTransactionId="t1", roundClosed=True))
    monkeypatch.setattr(open_rounds, "WALLETS", 1)
    found, position = open_rounds.page(there.tenant_id, now_ms(), None, 10, now_ms())
    assert found == []
    assert str(position).endswith(there.player_id)
    assert open_rounds.page(there.tenant_id, now_ms(), position, 10, now_ms())[0] == []


def test_a_balance_that_nobody_tells_is_not_made_up(there: Seamless) -> None:
    made(there.provider.bet("t1"))
    there.faults({"kind": "error500", "action": "balance", "times": 2})
    row = {"transactionId": "e1", "roundId": "r1", "gameId": there.provider.game}
    for _ in range(2):
        untold = there.provider("end-round", **row)
        assert (untold.status, untold.name) == (502, "CALLBACK_ERROR")
        assert (untold.body["effect"], untold.body["retryable"], "balance" in untold.body) == (
            "applied",
            True,
            False,
        )
    ended = made(there.provider("end-round", **row))
    assert (ended["replay"], ended["balance"], ended["roundStatus"]) == (True, "990.00", "completed")


def test_a_bet_that_stands_twice_in_a_list_is_asked_for_once(there: Seamless) -> None:
    rows = [{"action": "bet", "transactionId": "t1", "amount": "10.00"}] * 2
    common = {"roundId": "r1", "gameId": there.provider.game, "currency": "EUR"}
    answer = made(there.provider("transaction", actions=rows, **common))
    assert [(row["replay"], row["balance"]) for row in answer["results"]] == [
        (False, "990.00"),
        (True, "990.00"),
    ]
    assert (there.calls(), there.operator()["balance"]) == (["bet"], "990.00")


def test_what_a_list_takes_back_itself_the_operator_never_hears_of(there: Seamless) -> None:
    """The bet was never asked for: a rollback of it would be of a bet that the operator does not know."""
    common = {"roundId": "r1", "gameId": there.provider.game, "currency": "EUR"}
    rows = [
        {"action": "bet", "transactionId": "t1", "amount": "10.00"},
        {"action": "rollback", "transactionId": "k1", "originalTransactionId": "t1"},
    ]
    for replay in (False, True):
        answer = made(there.provider("transaction", actions=rows[1:] if replay else rows, **common))
        assert (answer["balance"], answer["results"][-1]["replay"]) == ("1000.00", replay)
    assert (there.calls(), there.operator()["balance"]) == ([], "1000.00")
    assert (there.tx("t1").state, there.tx("k1", "rollback").state) == ("ROLLED_BACK", "DONE")
    assert (there.wallet().house, there.wallet().rounds, there.due()) == (0, (), [])
    assert there.provider("transaction", actions=rows[:1], **common).name == "TX_ROLLED_BACK"


def test_a_refused_list_does_not_bring_back_what_it_took_back_itself(there: Seamless) -> None:
    common = {"roundId": "r1", "gameId": there.provider.game, "currency": "EUR"}
    rows = [
        {"action": "bet", "transactionId": "t1", "amount": "10.00"},
        {"action": "bet", "transactionId": "t2", "amount": "5000.00"},
        {"action": "rollback", "transactionId": "k1", "originalTransactionId": "t1"},
    ]
    assert there.provider("transaction", actions=rows, **common).name == "BALANCE_NOT_ENOUGH"
    assert [there.tx(name).state for name in ("t1", "t2")] == ["ROLLED_BACK", "REFUSED"]
    # The operator took no stake, so none stands here.
    assert (there.wallet().house, there.operator()["balance"], there.due()) == (0, "1000.00", [])


def test_a_message_that_comes_early_drives_nothing(there: Seamless) -> None:
    """A queue may bring a message twice; the provider's own repetition still has its seconds."""
    there.faults({"kind": "drop-after", "action": "bet"})
    there.provider.bet("t1")
    stands = there.tx("t1")
    assert stands.due_at - stands.at >= 5_000
    assert resolve.look(stands.tenant_id, stands.key, stands.due_at - 1) is None
    assert (there.tx("t1"), there.calls()) == (stands, ["bet"])
    assert made(there.provider.bet("t1"))["balance"] == "990.00"
    assert resolve.look(stands.tenant_id, stands.key, stands.due_at + 60_000) is None
    assert (there.tx("t1").state, there.calls()) == ("DONE", ["bet", "bet"])
