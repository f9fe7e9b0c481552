"""Bad input to the wallet: the catalogue's answer, no effect, and nothing written but the inspector's record."""

import base64
import json
from typing import Any

import pytest
from pitboss.catalogue.api import api as catalogue_api
from pitboss.platform.clock import now_ms
from pitboss.wallet.public import TxKey, read_tx

from tests.bad_input_world import Watch, bet_text, respelled, sent, zipped
from tests.dialect_world import World
from tests.provider_world import BRAND, INTEGRATION, Provider, open_world
from tests.tenancy_world import Client, made

pytestmark = pytest.mark.moto

# Amounts as they stand in the JSON text (cases 5, 7, 8, 10 and 12), and how they are refused.
AMOUNTS = {
    "0.001": "AMOUNT_PRECISION",
    '"0.001"': "AMOUNT_PRECISION",
    "1e-3": "AMOUNT_PRECISION",
    '"10.000000000000000001"': "AMOUNT_PRECISION",
    "-1": "INVALID_AMOUNT",
    '"-1"': "INVALID_AMOUNT",
    "-0.01": "INVALID_AMOUNT",
    "10000000000000000": "AMOUNT_LIMIT",
    "1000000000000000.01": "AMOUNT_LIMIT",
    "9223372036854775808": "AMOUNT_LIMIT",
    "1" + "0" * 4000: "AMOUNT_LIMIT",
    "1" + "0" * 5000: "MALFORMED_JSON",
    '"' + "1" * 41 + '"': "INVALID_AMOUNT",
    "1e1": "INVALID_AMOUNT",
    "1e400": "INVALID_AMOUNT",
    "1e-400": "INVALID_AMOUNT",
    "1e999999999": "INVALID_AMOUNT",
    "1e-999999999": "INVALID_AMOUNT",
    "1e99999999999999999999": "MALFORMED_JSON",
    '"1e1"': "INVALID_AMOUNT",
    '"10,00"': "INVALID_AMOUNT",
    '"NaN"': "INVALID_AMOUNT",
    "NaN": "MALFORMED_JSON",
    "-Infinity": "MALFORMED_JSON",
    '""': "INVALID_AMOUNT",
    '" 10"': "INVALID_AMOUNT",
    '"10\\n"': "INVALID_AMOUNT",
    '"+10"': "INVALID_AMOUNT",
    '"010"': "INVALID_AMOUNT",
    "010": "MALFORMED_JSON",
    '".5"': "INVALID_AMOUNT",
    '"5."': "INVALID_AMOUNT",
    '"0x10"': "INVALID_AMOUNT",
    '"1_000"': "INVALID_AMOUNT",
    '"\uff11\uff10"': "INVALID_AMOUNT",
    '"\u221210"': "INVALID_AMOUNT",
    "null": "INVALID_AMOUNT",
    "true": "INVALID_AMOUNT",
    "[10]": "INVALID_AMOUNT",
    '{"value": 10}': "INVALID_AMOUNT",
}
# More than there is (cases 9 and 10): final, and so on record under its id.
TOO_MUCH = ("1000.01", '"1000.01"', "21474836.47", "90071992547409.93", '"999999999999999.99"')
HOSTILE_IDS = (
    "'; DROP TABLE tx; --",
    '" OR 1=1 --',
    "<script>alert(1)</script>",
    "../../${jndi:ldap://x}",
    "a#b@c%d|e\\f",
    "\U0001f3b0" * 256,
    "\u202ee\u0301",
    "x" * 256,
    " ",
)
BAD_IDS: tuple[Any, ...] = (
    "", "x" * 257, "\U0001f3b0" * 257, "a\x00b", "a\nb", "a\x7f", None, 7, 7.5, True, ["t"], {},
)  # fmt: skip


@pytest.fixture
def here(aws: dict[str, str]) -> tuple[World, Provider, Watch]:
    world, provider = open_world()
    return world, provider, Watch(aws, provider)


@pytest.mark.parametrize("route", ["bet", "win"])
def test_4_to_12_amounts_that_are_refused(here: tuple[World, Provider, Watch], route: str) -> None:
    _, provider, watch = here
    faults = {}
    more = {"type": "promo"} if route == "win" else {}
    for amount, name in AMOUNTS.items():
        text = bet_text(provider, amount=amount, action=route, **more)
        if wrong := watch.fault(provider.raw(route, text), name):
            faults[amount[:30]] = wrong
    assert (faults, watch.wrote()) == ({}, [])
    assert provider.balance() == "1000.00"


def test_4_to_12_an_amount_in_a_list_refuses_the_list(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    good = json.dumps({"action": "bet", "transactionId": "t-good", "amount": 1})
    head = {"action": "transaction", "sessionToken": provider.token, "roundId": "r", "gameId": provider.game}
    faults = {}
    for amount, name in list(AMOUNTS.items())[::4]:
        bad = f'{{"action": "bet", "transactionId": "t-bad", "amount": {amount}}}'
        text = f'{json.dumps({**head, "currency": "EUR"})[:-1]}, "actions": [{good}, {bad}]}}'
        if wrong := watch.fault(provider.raw("transaction", text.encode()), name):
            faults[amount[:30]] = wrong
    assert (faults, watch.wrote()) == ({}, [])


def test_9_10_more_than_there_is_leaves_only_its_refusal(here: tuple[World, Provider, Watch]) -> None:
    world, provider, watch = here
    before = world.wallet("ann")
    for number, amount in enumerate(TOO_MUCH):
        reply = provider.raw("bet", bet_text(provider, amount=amount, tx=f"t-{number}"))
        assert watch.fault(reply, "BALANCE_NOT_ENOUGH") == ""
        assert (reply.status, reply.body["code"], reply.body["balance"]) == (402, 2006, "1000.00")
        stored = read_tx(world.tenant_id, TxKey(INTEGRATION, "bet", f"t-{number}"))
        assert stored is not None
        assert (stored.state, stored.before, stored.after) == ("REFUSED", 100_000, 100_000)
    assert watch.wrote("X#") == []
    assert world.wallet("ann") == before


def test_11_a_win_beyond_what_a_balance_may_hold(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    most = {"action": "win", "type": "promo"}
    text = bet_text(provider, amount="1000000000000000", **most)
    assert watch.fault(provider.raw("win", text), "AMOUNT_LIMIT") == ""
    assert watch.wrote() == []
    fits = bet_text(provider, amount="999999999999000.00", **most)
    assert made(provider.raw("win", fits))["balance"] == "1000000000000000.00"
    watch.wrote()
    cent = bet_text(provider, amount="0.01", tx="w-2", **most)
    assert watch.fault(provider.raw("win", cent), "AMOUNT_LIMIT") == ""
    assert watch.wrote() == []


def test_85_ids_that_are_none(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    faults = {}
    for name in ("transactionId", "roundId", "gameId", "currency"):
        for value in BAD_IDS:
            if wrong := watch.fault(provider.bet("t", **{name: value}), "VALIDATION_ERROR"):
                faults[name, repr(value)[:20]] = wrong
    assert (faults, watch.wrote()) == ({}, [])


def test_85_hostile_ids_are_names_and_no_more(here: tuple[World, Provider, Watch]) -> None:
    """As a transaction, a round, a game and a player: kept exactly, or unknown."""
    world, provider, watch = here
    row: dict[str, Any] = {"roundId": "r", "gameId": provider.game, "amount": 1, "currency": "EUR"}
    for ident in HOSTILE_IDS:
        who = {"brandId": ident[:100], "userId": ident[:100]}
        assert watch.fault(provider.bet("t", gameId=ident[:100]), "GAME_NOT_FOUND") == ""
        unknown = provider("win", transactionId=ident, **row, **who, type="promo")
        assert watch.fault(unknown, "USER_NOT_FOUND") == ""
        assert (
            watch.fault(provider("win", transactionId="w", **row, betTransactionId=ident), "TX_NOT_FOUND")
            == ""
        )
        assert watch.fault(provider("end-round", transactionId=ident, roundId=ident), "ROUND_NOT_FOUND") == ""
        free = provider.bet("t", type="free", freeRoundsId=ident[:100])
        assert watch.fault(free, "FREEROUND_NOT_FOUND") == ""
    assert watch.wrote() == []
    for ident in HOSTILE_IDS:
        placed = made(provider.bet(ident, "1.00", ident))
        assert made(provider.bet(ident, "1.00", ident))["hubTransactionId"] == placed["hubTransactionId"]
        assert made(provider.back(ident, ident))["balance"] == "1000.00"
        stored = read_tx(world.tenant_id, TxKey(INTEGRATION, "bet", ident))
        assert stored is not None
        assert (stored.ext_id, stored.round_id, stored.state) == (ident, ident, "ROLLED_BACK")


def test_84_missing_and_mistyped_fields(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    body = json.loads(bet_text(provider))
    wrong: list[Any] = [{k: v for k, v in body.items() if k != name} for name in body]
    wrong += [{**body, "roundClosed": value} for value in ("true", 1, None)]
    wrong += [{**body, "type": value} for value in ("promo", "", None, ["bet"])]
    wrong += [{**body, "action": value} for value in ("win", "Bet", None)]
    wrong += [{**body, "freeRoundsId": "g"}, {**body, "userId": 5}, {**body, "brandId": ""}]
    wrong += [{**body, "sessionToken": value} for value in ("", "x" * 513, None, 7, [provider.token])]
    wrong += [[], [body], "bet", 7, 1.5, True, None, {}]
    faults = {}
    for document in wrong:
        if fault := watch.fault(provider.raw("bet", json.dumps(document).encode()), "VALIDATION_ERROR"):
            faults[json.dumps(document)[-60:]] = fault
    assert (faults, watch.wrote()) == ({}, [])


def test_84_lists_that_are_none(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    row: dict[str, Any] = {
        "action": "bet",
        "transactionId": "t",
        "roundId": "r",
        "gameId": provider.game,
        "amount": 1,
    }
    good = {**row, "currency": "EUR"}
    lists: list[Any] = [
        None, {}, [], "bet", [None], [[]], ["bet"], [{}], [good, None], [good, {**good, "action": "transaction"}],
        [good, {**good, "action": "balance"}], [{**good, "action": "BET"}], [good] * 21, [row],
    ]  # fmt: skip
    faults = {}
    for rows in lists:
        if fault := watch.fault(provider("transaction", actions=rows), "VALIDATION_ERROR"):
            faults[str(rows)[:40]] = fault
    assert watch.fault(provider("transaction"), "VALIDATION_ERROR") == ""
    assert (faults, watch.wrote()) == ({}, [])


def test_texts_that_are_no_json(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    good = bet_text(provider)
    texts = {
        "empty": b"",
        "cut": good[:-1],
        "two": good + good,
        "comment": b"/* */" + good,
        "single quotes": good.replace(b'"', b"'"),
        "bom": b"\xef\xbb\xbf" + good,
        "utf-16": good.decode().encode("utf-16"),
        "half a letter": good.replace(b"t-bad", b"t-\xe5\x8f"),
        "overlong": good.replace(b"t-bad", b"t-\xc0\xaf"),
        "surrogate bytes": good.replace(b"t-bad", b"t-\xed\xa0\x80"),
        "twice": bet_text(provider, more=', "amount": 2'),
        "twice the same": bet_text(provider, more=', "amount": 1'),
        "twice by escape": bet_text(provider, more=', "\\u0061mount": 1'),
        "twice inside": bet_text(provider, more=', "x": {"a": 1, "a": 2}'),
        "deep list": bet_text(provider, more=', "x": ' + "[" * 15_000 + "]" * 15_000),
        "half a pair": bet_text(provider, tx="\ud800"),
        "half a pair unread": bet_text(provider, more=', "\\udfff": 1'),
        "immense exponent": bet_text(provider, more=', "x": 1e-99999999999999999999'),
        "many digits": bet_text(provider, more=', "x": ' + "9" * 20_000),
        "control": good.replace(b"t-bad", b"t-\x01"),
    }
    faults = {}
    for what, raw in texts.items():
        if fault := watch.fault(provider.raw("bet", raw), "MALFORMED_JSON"):
            faults[what] = fault
    assert (faults, watch.wrote()) == ({}, [])
    reply = provider.raw("bet", bet_text(provider, more=', "x": "' + "y" * 33_000 + '"'))
    assert (reply.status, reply.name, watch.wrote()) == (413, "BODY_TOO_LARGE", [])


def test_gzip_is_signed_as_what_is_inside(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    good = bet_text(provider)
    assert watch.fault(sent(provider, "bet", zipped(good), zipped(good)), "SIGNATURE_INVALID") == ""
    broken = {
        "cut": zipped(good)[:-3],
        "trailing": zipped(good) + b"x",
        "spoiled": zipped(good)[:20] + b"\xff\xff" + zipped(good)[22:],
        "bomb": zipped(b" " * 10_000_000 + good),
    }
    for what, raw in broken.items():
        reply = sent(provider, "bet", good, raw)
        assert reply.name in ("MALFORMED_JSON", "BODY_TOO_LARGE"), what
        assert reply.body["effect"] == "none", what
    assert watch.wrote() == []
    assert made(sent(provider, "bet", good, zipped(good)))["balance"] == "999.00"


def test_81_a_body_changed_by_one_byte(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    good = bet_text(provider)
    spoiled = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(0, len(good), 23)]
    spoiled += [
        good + b" ",
        b" " + good,
        good[:-1],
        good.replace(b": ", b":"),
        b"",
        good.replace(b"1}", b"2}"),
    ]
    spoiled += [json.dumps(dict(reversed(json.loads(good).items()))).encode()]
    faults = {}
    for raw in spoiled:
        if fault := watch.fault(sent(provider, "bet", good, raw), "SIGNATURE_INVALID"):
            faults[raw[-40:]] = fault
    assert (faults, watch.wrote(), watch.nonces) == ({}, [], [])
    assert made(provider.raw("bet", good))["balance"] == "999.00"


def test_81_signatures_that_are_none(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    good = bet_text(provider)
    faults = {}
    for header, values in {
        "webhook-signature": ("", "v1,", "v1,AAAA", "v2,AAAA", "\u00e9", "v1,AAAA " * 300),
        "webhook-id": ("", "x" * 256, "\u00e9", "other", "a\tb"),
        "webhook-timestamp": ("", "0", "-1", "now", "1e9", "9" * 20, "\u0661", f"{now_ms() // 1000}.0"),
    }.items():
        for value in values:
            reply = sent(provider, "bet", good, good, **{header: value})
            if fault := watch.fault(reply, "SIGNATURE_INVALID"):
                faults[header, value[:20]] = fault
    assert (faults, watch.wrote(), watch.nonces) == ({}, [], [])


def test_82_stale_and_early_times(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    for skew in (-86_400, -302, 302, 10**9, now_ms()):
        provider.skew_s = skew
        reply = provider.bet("t")
        assert watch.fault(reply, "TIMESTAMP_OUT_OF_WINDOW") == "", skew
        assert reply.status == 401
    assert (watch.wrote(), watch.nonces) == ([], [])
    provider.skew_s = 0
    assert made(provider.bet("t"))["replay"] is False


def test_82_a_nonce_is_for_one_body(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    assert made(provider.bet("t1", nonce="n"))["balance"] == "990.00"
    watch.wrote()
    for reply in (
        provider.bet("t2", nonce="n"),
        provider.bet("t1", "20.00", nonce="n"),
        provider.win("t1", betTransactionId="t1", nonce="n"),
        provider.back("b1", "t1", nonce="n"),
        provider("balance", nonce="n"),
        provider("authenticate", nonce="n"),
        provider("end-round", nonce="n", transactionId="e", roundId="r1"),
    ):
        assert watch.fault(reply, "NONCE_REUSED") == ""
    assert (watch.wrote(), watch.nonces) == ([], [])
    assert provider.balance() == "990.00"


def test_a_captured_message_serves_no_other_route(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    good = bet_text(provider, betTransactionId="t-bad", originalTransactionId="t-bad", actions=[])
    for route in ("win", "rollback", "end-round", "transaction", "balance", "authenticate"):
        assert watch.fault(provider.raw(route, good), "VALIDATION_ERROR") == "", route
    assert watch.wrote() == []


def test_02_tokens_that_are_cut_or_spoiled(here: tuple[World, Provider, Watch]) -> None:
    """A spoiled token opens nothing, and no refusal tells a balance."""
    _, provider, watch = here
    faults = {}
    for number, token in enumerate(respelled(provider.token)):
        route = ("bet", "balance", "authenticate")[number % 3]
        reply = (
            provider.bet("t", sessionToken=token) if route == "bet" else provider(route, sessionToken=token)
        )
        if fault := watch.fault(reply, "TOKEN_INVALID") or ("balance" in reply.body and "told a balance"):
            faults[route, token] = fault
    assert (faults, watch.wrote()) == ({}, [])


def test_88_another_tenants_token_and_secret(
    here: tuple[World, Provider, Watch], aws: dict[str, str]
) -> None:
    world, provider, _ = here
    there, stranger = open_world()
    watch = Watch(aws, stranger)
    own, stranger.token = stranger.token, provider.token
    row: dict[str, Any] = {
        "transactionId": "w",
        "roundId": "r",
        "gameId": stranger.game,
        "amount": 1,
        "currency": "EUR",
    }
    for reply in (
        stranger("authenticate"),
        stranger("balance"),
        stranger.bet("t"),
        stranger.win("w", type="promo"),
        stranger.back("b", "t"),
        stranger("end-round", transactionId="e", roundId="r"),
        stranger("transaction", actions=[{"action": "win", "type": "promo", **row}]),
    ):
        assert watch.fault(reply, "TOKEN_INVALID") == ""
        assert "balance" not in reply.body
    # The right secret of one tenant under the key of the other, and the other way about.
    for mixed in (
        Provider(stranger.client, provider.secret, own),
        Provider(provider.client, stranger.secret, provider.token),
    ):
        assert watch.fault(mixed.bet("t"), "SIGNATURE_INVALID") == ""
    assert watch.wrote() == []
    assert world.wallet("ann").balance == there.wallet("ann").balance == 100_000


def test_another_integrations_header(here: tuple[World, Provider, Watch]) -> None:
    """Its own secret does not sign for another integration, and another's game and transactions are not its own."""
    world, provider, watch = here
    made(provider.bet("mine"))
    brands = [{"ref": "o2", "name": "O2", "brands": []}]
    catalogue = Client(catalogue_api, world.call.token)
    made(catalogue("PUT", "/integrations/{id}/operators", brands, id="second"))
    made(world.call("PUT", "/integrations/{id}/wallet", {"profile": "default"}, id="second"))
    printed = made(world.call("POST", "/integrations/{id}/wallet-secret", {}, id="second"))["secret"]
    secret = base64.b64decode(printed.removeprefix("whsec_"))
    second = Provider(provider.client, secret, provider.token, "second")
    watch.wrote()
    for name in ("other", "Studio", "", "x" * 101, "studio#", "\u00e9", "second"):
        reply = provider.raw("bet", bet_text(provider), **{"Pitboss-Provider": name})
        assert watch.fault(reply, "PROVIDER_NOT_FOUND", "SIGNATURE_INVALID") == "", name
    assert watch.fault(second.bet("t"), "GAME_NOT_FOUND") == ""
    assert watch.fault(second.win("w", betTransactionId="mine"), "TX_NOT_FOUND") == ""
    assert watch.fault(second("end-round", transactionId="e", roundId="r1"), "ROUND_NOT_FOUND") == ""
    as_first = Provider(provider.client, secret, provider.token)
    assert watch.fault(as_first.back("b", "mine"), "SIGNATURE_INVALID") == ""
    assert watch.wrote() == []
    # Message ids are an integration's own too.
    made(provider("authenticate", nonce="same"))
    assert made(second("balance", nonce="same"))["balance"] == "990.00"
    # Its rollback of the same id is of a transaction that it never sent.
    assert made(second.back("b", "mine"))["balance"] == "990.00"
    assert made(provider.win("w1", betTransactionId="mine"))["balance"] == "1010.00"


def test_unknown_fields_are_taken_and_named(here: tuple[World, Provider, Watch]) -> None:
    _, provider, _ = here
    more: dict[str, Any] = {
        "__proto__": {},
        "amount ": "9",
        "Amount": "9",
        "x" * 300: 1,
        "\u202e": 1,
        "\U0001f3b0": [[]],
    }
    answer = made(provider.bet("t1", **more))
    assert answer["balance"] == "990.00"
    assert len(answer["warnings"]) == 5
    assert all(len(text) < 200 for text in answer["warnings"])


def test_72_brand_and_user_of_nobody(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    row: dict[str, Any] = {
        "transactionId": "w",
        "roundId": "r",
        "gameId": provider.game,
        "amount": 1,
        "currency": "EUR",
    }
    for brand, user in ((BRAND, "bob"), ("other", "ann"), (BRAND, "ANN"), (BRAND, "ann "), (BRAND, "%61nn")):
        who = {"brandId": brand, "userId": user}
        assert watch.fault(provider("win", type="promo", **row, **who), "USER_NOT_FOUND") == ""
        assert watch.fault(provider("balance", **who), "USER_NOT_FOUND") == ""
    bob = {"sessionToken": provider.token, "userId": "bob"}
    assert watch.fault(provider("win", type="promo", **row, **bob), "USER_NOT_FOUND") == ""
    assert watch.fault(provider("bet", **row, brandId=BRAND, userId="ann"), "VALIDATION_ERROR") == ""
    assert watch.wrote() == []


def test_a_failure_of_ours_is_on_record_too(
    here: tuple[World, Provider, Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, provider, watch = here
    with monkeypatch.context() as broken:
        broken.setenv("LEDGER_TABLE", "no-such-table")
        reply = provider.bet("t1")
    assert (reply.status, reply.name, reply.body["effect"]) == (500, "INTERNAL_ERROR", "unknown")
    watch.refused += 1
    assert watch.wrote() == []
    assert made(provider.bet("t1"))["replay"] is False
