"""Bad input to the wallet: the catalogue's answer, no effect, and nothing written but the inspector's record."""

import json
from typing import Any

import pytest
from pitboss.platform.clock import now_ms
from pitboss.wallet.public import TxKey, read_tx

from tests.bad_input_world import Watch, bet_text, respelled, sent, zipped
from tests.provider_world import BRAND, INTEGRATION, Provider, World, open_world
from tests.tenancy_world import made

pytestmark = pytest.mark.moto

# Amounts as they stand in the JSON text (cases 5, 7, 8, 10 and 12), and how they are refused.
AMOUNTS = {
    "0.001": "AMOUNT_PRECISION",
    '"0.001"': "AMOUNT_PRECISION",
    "1e-3": "AMOUNT_PRECISION",
    '"10.000000000000000001"': "AMOUNT_PRECISION",
    "-0.001": "AMOUNT_PRECISION",
    "-1": "INVALID_AMOUNT",
    '"-1"': "INVALID_AMOUNT",
    "-0.01": "INVALID_AMOUNT",
    "-100000000000000000000": "AMOUNT_LIMIT",
    "10000000000000000": "AMOUNT_LIMIT",
    '"10000000000000000.00"': "AMOUNT_LIMIT",
    "1000000000000000.01": "AMOUNT_LIMIT",
    "9223372036854775808": "AMOUNT_LIMIT",
    "1" + "0" * 4000: "AMOUNT_LIMIT",
    "1" + "0" * 5000: "MALFORMED_JSON",
    '"' + "1" * 41 + '"': "INVALID_AMOUNT",
    "1e1": "INVALID_AMOUNT",
    "1E1": "INVALID_AMOUNT",
    "1e400": "INVALID_AMOUNT",
    "1e-400": "INVALID_AMOUNT",
    "1e999999999999": "INVALID_AMOUNT",
    "1e-999999999999": "INVALID_AMOUNT",
    "1e99999999999999999999": ("INVALID_AMOUNT", "MALFORMED_JSON"),
    '"1e1"': "INVALID_AMOUNT",
    '"10,00"': "INVALID_AMOUNT",
    '"1.000,00"': "INVALID_AMOUNT",
    '"NaN"': "INVALID_AMOUNT",
    "NaN": "MALFORMED_JSON",
    "Infinity": "MALFORMED_JSON",
    "-Infinity": "MALFORMED_JSON",
    '""': "INVALID_AMOUNT",
    '" 10"': "INVALID_AMOUNT",
    '"10 "': "INVALID_AMOUNT",
    '"10\\n"': "INVALID_AMOUNT",
    '"+10"': "INVALID_AMOUNT",
    "+10": "MALFORMED_JSON",
    '"010"': "INVALID_AMOUNT",
    "010": "MALFORMED_JSON",
    '".5"': "INVALID_AMOUNT",
    ".5": "MALFORMED_JSON",
    '"5."': "INVALID_AMOUNT",
    "5.": "MALFORMED_JSON",
    '"0x10"': "INVALID_AMOUNT",
    '"1_000"': "INVALID_AMOUNT",
    '"\uff11\uff10"': "INVALID_AMOUNT",
    '"\u0661\u0660"': "INVALID_AMOUNT",
    '"\u221210"': "INVALID_AMOUNT",
    "null": "INVALID_AMOUNT",
    "true": "INVALID_AMOUNT",
    "false": "INVALID_AMOUNT",
    "[10]": "INVALID_AMOUNT",
    '{"value": 10}': "INVALID_AMOUNT",
}
# More than there is (cases 9 and 10): final, and so on record under its id.
TOO_MUCH = ("1000.01", '"1000.01"', "21474836.47", "90071992547409.93", "1000000000000000", '"999999999999999.99"')
HOSTILE_IDS = (
    "'; DROP TABLE tx; --",
    '" OR 1=1 --',
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "${jndi:ldap://x}",
    "a#b@c%d|e\\f",
    "=1+1",
    "号" * 256,
    "\U0001f3b0" * 256,
    "e\u0301",
    "\u202egnp",
    "x" * 255,
    "x" * 256,
    "x",
    " ",
)
BAD_IDS: tuple[Any, ...] = (
    "", "x" * 257, "\U0001f3b0" * 257, "a\x00b", "a\nb", "a\x7f", "\x1f", "\ud800", None, 7, 7.5, True, [], ["t"], {},
)  # fmt: skip


@pytest.fixture
def here(aws: dict[str, str]) -> tuple[World, Provider, Watch]:
    world, provider = open_world()
    return world, provider, Watch(aws, provider)


@pytest.mark.parametrize("route", ["bet", "win"])
def test_4_to_12_amounts_that_are_refused(here: tuple[World, Provider, Watch], route: str) -> None:
    _, provider, watch = here
    faults = {}
    for amount, name in AMOUNTS.items():
        text = bet_text(provider, amount=amount, action=route, **({"type": "promo"} if route == "win" else {}))
        if wrong := watch.fault(provider.raw(route, text), name):
            faults[amount[:30]] = wrong
    assert faults == {}
    assert provider.balance() == "1000.00"


def test_4_to_12_amounts_in_lists_and_rollbacks(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    faults = {}
    for amount, name in AMOUNTS.items():
        good = {"action": "bet", "transactionId": "t-good", "amount": 1}
        bad = f'{{"action": "bet", "transactionId": "t-bad", "amount": {amount}}}'
        head = {"action": "transaction", "sessionToken": provider.token, "roundId": "r", "gameId": provider.game}
        text = f'{json.dumps({**head, "currency": "EUR"})[:-1]}, "actions": [{json.dumps(good)}, {bad}]}}'
        if wrong := watch.fault(provider.raw("transaction", text.encode()), name):
            faults[amount[:30]] = wrong
    assert faults == {}
    assert provider.balance() == "1000.00"


@pytest.mark.parametrize("amount", TOO_MUCH)
def test_9_10_more_than_there_is_leaves_only_its_refusal(
    here: tuple[World, Provider, Watch], amount: str
) -> None:
    world, provider, watch = here
    before = world.wallet("ann")
    reply = provider.raw("bet", bet_text(provider, amount=amount))
    assert watch.fault(reply, "BALANCE_NOT_ENOUGH", "X#") == ""
    assert (reply.status, reply.body["code"], reply.body["balance"]) == (402, 2006, "1000.00")
    stored = read_tx(world.tenant_id, TxKey(INTEGRATION, "bet", "t-bad"))
    assert stored is not None
    assert (stored.state, stored.before, stored.after) == ("REFUSED", 100_000, 100_000)
    assert world.wallet("ann") == before


def test_11_a_win_beyond_what_a_balance_may_hold(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    text = bet_text(provider, amount="1000000000000000", action="win", type="promo")
    assert watch.fault(provider.raw("win", text), "AMOUNT_LIMIT") == ""
    fits = bet_text(provider, amount="999999999999000.00", action="win", type="promo")
    assert made(provider.raw("win", fits))["balance"] == "1000000000000000.00"
    watch.wrote()
    cent = bet_text(provider, amount="0.01", action="win", type="promo", tx="w-2")
    assert watch.fault(provider.raw("win", cent), "AMOUNT_LIMIT") == ""


@pytest.mark.parametrize("name", ["transactionId", "roundId", "gameId", "currency", "sessionToken"])
def test_85_ids_that_are_none(here: tuple[World, Provider, Watch], name: str) -> None:
    _, provider, watch = here
    faults = {}
    for value in BAD_IDS:
        if name == "sessionToken" and isinstance(value, str) and len(value) > 200:
            continue  # as a token it is long enough to be one; see the tokens below
        if wrong := watch.fault(provider.bet("t", **{name: value}), "VALIDATION_ERROR"):
            faults[repr(value)[:20]] = wrong
    assert faults == {}


@pytest.mark.parametrize("ident", HOSTILE_IDS, ids=[f"id-{n}" for n in range(len(HOSTILE_IDS))])
def test_85_hostile_ids_name_what_they_name(here: tuple[World, Provider, Watch], ident: str) -> None:
    """As a transaction, a round and a player: kept exactly, or unknown; never more than a name."""
    world, provider, watch = here
    assert watch.fault(provider.bet("t", gameId=ident[:100]), "GAME_NOT_FOUND") == ""
    row = {"transactionId": "w", "roundId": "r", "gameId": provider.game, "amount": 1, "currency": "EUR"}
    who = {"brandId": ident[:100], "userId": ident[:100]}
    assert watch.fault(provider("win", **row, **who, type="promo"), "USER_NOT_FOUND") == ""
    assert watch.fault(provider("win", **row, betTransactionId=ident), "TX_NOT_FOUND") == ""
    assert watch.fault(provider("end-round", transactionId="e", roundId=ident), "ROUND_NOT_FOUND") == ""
    assert watch.fault(provider.bet("t", type="free", freeRoundsId=ident[:100]), "FREEROUND_NOT_FOUND") == ""
    placed = made(provider.bet(ident, "1.00", ident))
    assert made(provider.bet(ident, "1.00", ident))["hubTransactionId"] == placed["hubTransactionId"]
    assert made(provider.back(ident, ident))["balance"] == "1000.00"
    assert provider.bet(ident, "1.00", ident).name == "TX_ROLLED_BACK"
    stored = read_tx(world.tenant_id, TxKey(INTEGRATION, "bet", ident))
    assert stored is not None
    assert (stored.ext_id, stored.round_id, stored.state) == (ident, ident, "ROLLED_BACK")


def test_84_missing_and_mistyped_fields(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    body = json.loads(bet_text(provider))
    wrong: list[Any] = [{k: v for k, v in body.items() if k != name} for name in body]
    wrong += [{**body, "roundClosed": value} for value in ("true", 1, None, [])]
    wrong += [{**body, "type": value} for value in ("win", "promo", "", None, 3, ["bet"], {})]
    wrong += [{**body, "action": value} for value in ("win", "Bet", "", None, 1)]
    wrong += [{**body, "freeRoundsId": "g"}, {**body, "userId": 5}, {**body, "brandId": ""}]
    wrong += [[], [body], "bet", 7, 1.5, True, None, {}]
    faults = {}
    for document in wrong:
        if fault := watch.fault(provider.raw("bet", json.dumps(document).encode()), "VALIDATION_ERROR"):
            faults[json.dumps(document)[-60:]] = fault
    assert faults == {}


def test_84_lists_that_are_none(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    row = {"action": "bet", "transactionId": "t", "roundId": "r", "gameId": provider.game, "amount": 1}
    good = {**row, "currency": "EUR"}
    lists: list[Any] = [
        None, {}, [], "bet", [None], [[]], ["bet"], [7], [{}], [good, None], [good, {**good, "action": "transaction"}],
        [good, {**good, "action": "balance"}], [{**good, "action": "BET"}], [good] * 21, [row],
        [{**good, "transactionId": "t2"}, {**good, "amount": None}],
    ]  # fmt: skip
    faults = {}
    for rows in lists:
        reply = provider("transaction", actions=rows)
        if fault := watch.fault(reply, ("VALIDATION_ERROR", "INVALID_AMOUNT")):
            faults[str(rows)[:40]] = fault
    assert faults == {}
    assert watch.fault(provider("transaction"), "VALIDATION_ERROR") == ""


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
        "latin-1": good.replace(b"t-bad", "t-\u00e9".encode("latin-1")),
        "half a letter": good.replace(b"t-bad", b"t-\xe5\x8f"),
        "overlong": good.replace(b"t-bad", b"t-\xc0\xaf"),
        "surrogate bytes": good.replace(b"t-bad", b"t-\xed\xa0\x80"),
        "twice": bet_text(provider, more=', "amount": 2'),
        "twice the same": bet_text(provider, more=', "amount": 1'),
        "twice by escape": bet_text(provider, more=', "\\u0061mount": 1'),
        "twice inside": bet_text(provider, more=', "x": {"a": 1, "a": 2}'),
        "deep list": bet_text(provider, more=', "x": ' + "[" * 15_000 + "]" * 15_000),
        "deep object": bet_text(provider, more=', "x": ' + '{"a":' * 5_000 + "1" + "}" * 5_000),
        "many digits": bet_text(provider, more=', "x": ' + "9" * 20_000),
        "control": good.replace(b"t-bad", b"t-\x01"),
    }
    faults = {}
    for what, raw in texts.items():
        if fault := watch.fault(provider.raw("bet", raw), "MALFORMED_JSON"):
            faults[what] = fault
    assert faults == {}
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
        assert (reply.body["effect"], watch.wrote()) == ("none", []), what
    assert made(sent(provider, "bet", good, zipped(good)))["balance"] == "999.00"


def test_81_a_body_changed_by_one_byte(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    good = bet_text(provider)
    spoiled = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(0, len(good), 9)]
    spoiled += [good + b" ", b" " + good, good + b"\n", good[:-1], good.replace(b": ", b":"), b""]
    spoiled += [json.dumps(dict(reversed(json.loads(good).items()))).encode(), good.replace(b"1}", b"2}")]
    faults = {}
    for raw in spoiled:
        if fault := watch.fault(sent(provider, "bet", good, raw), "SIGNATURE_INVALID"):
            faults[raw[-40:]] = fault
    assert faults == {}
    assert watch.nonces == []
    assert made(provider.raw("bet", good))["balance"] == "999.00"


def test_81_signatures_that_are_none(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    good = bet_text(provider)
    faults = {}
    for header, values in {
        "webhook-signature": ("", "v1,", "v1,AAAA", "v2,AAAA", "garbage", "v1", "\u00e9", "v1,AAAA " * 300),
        "webhook-id": ("", "x" * 256, "\u00e9", "other", "a\tb"),
        "webhook-timestamp": ("", "0", "-1", "now", "1e9", "9" * 20, "\u0661", f"{now_ms() // 1000}.0"),
    }.items():
        for value in values:
            reply = sent(provider, "bet", good, good, **{header: value})
            if fault := watch.fault(reply, "SIGNATURE_INVALID"):
                faults[header, value[:20]] = fault
    assert faults == {}
    assert watch.nonces == []


def test_82_stale_and_early_times(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    for skew in (-86_400, -302, 302, 86_400, 10**9, -now_ms() // 1000 + 1, now_ms()):
        provider.skew_s = skew
        reply = provider.bet("t")
        assert watch.fault(reply, "TIMESTAMP_OUT_OF_WINDOW") == "", skew
        assert reply.status == 401
        assert watch.nonces == []
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
        assert watch.nonces == []
    assert provider.balance() == "990.00"


def test_a_captured_message_serves_no_other_route(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    good = bet_text(provider, betTransactionId="t-bad", originalTransactionId="t-bad", actions=[])
    for route in ("win", "rollback", "end-round", "transaction", "balance", "authenticate"):
        assert watch.fault(provider.raw(route, good), "VALIDATION_ERROR") == "", route


def test_02_88_tokens_that_are_not_the_players(here: tuple[World, Provider, Watch]) -> None:
    """A spoiled token opens nothing, and no refusal tells a balance."""
    _, provider, watch = here
    faults = {}
    for token in respelled(provider.token):
        for reply in (
            provider.bet("t", sessionToken=token),
            provider("balance", sessionToken=token),
            provider("authenticate", sessionToken=token),
        ):
            fault = watch.fault(reply, "TOKEN_INVALID") or ("balance" in reply.body and "told a balance")
            if fault:
                faults[token[:10], token[-10:]] = fault
    assert faults == {}
    assert provider.balance() == "1000.00"


def test_88_another_tenants_token_and_secret(
    here: tuple[World, Provider, Watch], aws: dict[str, str]
) -> None:
    world, provider, _ = here
    there, stranger = open_world()
    watch = Watch(aws, stranger)
    own, stranger.token = stranger.token, provider.token
    row = {"transactionId": "w", "roundId": "r", "gameId": stranger.game, "amount": 1, "currency": "EUR"}
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
    stranger.token = own
    # The right secret of one tenant under the key of the other, and the other way about.
    for mixed in (
        Provider(stranger.client, provider.secret, own),
        Provider(provider.client, stranger.secret, provider.token),
    ):
        assert watch.fault(mixed.bet("t"), "SIGNATURE_INVALID") == ""
    assert world.wallet("ann").balance == there.wallet("ann").balance == 100_000


def test_another_integrations_header(here: tuple[World, Provider, Watch]) -> None:
    """Its own secret does not sign for another integration, and another's game and transactions are not its own."""
    world, provider, watch = here
    names = ("other", "Studio", "studio ", "", "x" * 101, "studio#", "../studio", "\u00e9")
    for name in names:
        reply = provider.raw("bet", bet_text(provider), **{"Pitboss-Provider": name})
        expected = ("PROVIDER_NOT_FOUND", "SIGNATURE_INVALID")
        assert name.strip() == "studio" or watch.fault(reply, expected) == "", name
    brands = [{"ref": "o2", "name": "O2", "brands": []}]
    from pitboss.catalogue.api import api as catalogue_api

    from tests.tenancy_world import Client

    made(Client(catalogue_api, world.call.token)("PUT", "/integrations/{id}/operators", brands, id="second"))
    made(world.call("PUT", "/integrations/{id}/wallet", {"profile": "default"}, id="second"))
    import base64

    printed = made(world.call("POST", "/integrations/{id}/wallet-secret", {}, id="second"))["secret"]
    second = Provider(
        provider.client, base64.b64decode(printed.removeprefix("whsec_")), provider.token, "second"
    )
    made(provider.bet("mine"))
    watch.wrote()
    assert watch.fault(second.bet("t"), "GAME_NOT_FOUND") == ""
    assert watch.fault(second.win("w", betTransactionId="mine"), "TX_NOT_FOUND") == ""
    assert watch.fault(second("end-round", transactionId="e", roundId="r1"), "ROUND_NOT_FOUND") == ""
    as_first = Provider(provider.client, second.secret, provider.token)
    assert watch.fault(as_first.back("b", "mine"), "SIGNATURE_INVALID") == ""
    # Its rollback of the same id is of a transaction that it never sent.
    assert made(second.back("b", "mine"))["balance"] == "990.00"
    assert made(provider.win("w1", betTransactionId="mine"))["balance"] == "1010.00"


def test_unknown_fields_are_taken_and_named(here: tuple[World, Provider, Watch]) -> None:
    _, provider, _ = here
    more: dict[str, Any] = {"__proto__": {}, "amount ": "9", "Amount": "9", "x" * 300: 1, "\u202e": 1, "a": [[]]}
    answer = made(provider.bet("t1", **more))
    assert answer["balance"] == "990.00"
    assert len(answer["warnings"]) == 5
    assert all(len(text) < 200 for text in answer["warnings"])


def test_brand_and_user_of_nobody(here: tuple[World, Provider, Watch]) -> None:
    _, provider, watch = here
    row = {"transactionId": "w", "roundId": "r", "gameId": provider.game, "amount": 1, "currency": "EUR"}
    for brand, user in ((BRAND, "bob"), ("other", "ann"), (BRAND, "ANN"), (BRAND, "ann "), (BRAND, "%61nn")):
        who = {"brandId": brand, "userId": user}
        assert watch.fault(provider("win", type="promo", **row, **who), "USER_NOT_FOUND") == ""
        assert watch.fault(provider("balance", **who), "USER_NOT_FOUND") == ""
    bob = {"sessionToken": provider.token, "userId": "bob"}
    assert watch.fault(provider("win", type="promo", **row, **bob), "USER_NOT_FOUND") == ""
    assert watch.fault(provider("bet", **row, brandId=BRAND, userId="ann"), "VALIDATION_ERROR") == ""
