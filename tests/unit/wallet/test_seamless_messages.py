"""What the hub says to an operator's wallet and what it makes of the answers; docs/seamless.md shows the same."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from pitboss.kernel.canonical import canonical_json
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.refusal import catalogue
from pitboss.platform import signing
from pitboss.wallet.callbacks import (
    BONUS,
    CLOSES,
    REFUSALS,
    RESETTLES,
    Answer,
    No,
    Unknown,
    Yes,
    ask_of,
    list_id,
    list_of,
    read_answer,
    undo_of,
    verdict,
)
from pitboss.wallet.model import Tx, TxKey

from devtools.console import ROOT

pytestmark = pytest.mark.unit
PAGE = (ROOT / "docs" / "seamless.md").read_text("utf-8")
AT = parse_instant("2026-09-21T12:00:00Z")


def tx(kind: str = "bet", **more: Any) -> Tx:
    fields: dict[str, Any] = {
        "tenant_id": "01JTENANT000000000000000AA",
        "key": TxKey("studio", kind, "p-1001"),
        "hub_id": "01JBET0000000000000000000A",
        "player_id": "P1",
        "brand_id": "aurora",
        "user_id": "player-77",
        "currency": "EUR",
        "exponent": 2,
        "state": "PENDING",
        "amount": 1000,
        "type": kind if kind != "rollback" else "",
        "round_id": "r-5",
        "game_id": "lucky-7",
        "session_id": "01JSESSION",
        "at": AT,
    }
    return Tx(**{**fields, **more})


def shown(name: str) -> Any:
    """The example of that name in the operator's page."""
    found = re.search(rf"<!-- example: {name} -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, name
    return json.loads(found[1])


# ---------------------------------------------------------------- messages
def test_the_page_shows_the_messages_as_they_are() -> None:
    assert ask_of(tx()).body == shown("bet")
    win = tx(
        "win",
        key=TxKey("studio", "win", "p-1002"),
        hub_id="01JW1N0000000000000000000A",
        amount=2500,
        ref_hub_id="01JBET0000000000000000000A",
        marks=CLOSES,
    )
    assert ask_of(win).body == shown("win")
    back = tx(
        "rollback",
        key=TxKey("studio", "rollback", "p-1003"),
        hub_id="01JBACK000000000000000000A",
        round_id="r-6",
        ref_hub_id="01JBET0000000000000000000B",
    )
    assert ask_of(back).body == shown("rollback")


def test_the_page_shows_how_a_signature_is_checked() -> None:
    example = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    names: dict[str, Any] = {}
    exec(example[1], names)  # noqa: S102 - the page's own example
    secret, raw = b"x" * 32, canonical_json(ask_of(tx()).body)
    from pitboss.platform.clock import now_ms

    good = signing.headers(secret, "01J", now_ms() // 1000, raw)
    check = names["is_from_the_hub"]
    assert check(signing.printable_secret(secret), raw, good)
    assert not check(signing.printable_secret(secret), raw + b" ", good)
    assert not check(signing.printable_secret(b"y" * 32), raw, good)
    assert not check(
        signing.printable_secret(secret), raw, signing.headers(secret, "01J", now_ms() // 1000 - 400, raw)
    )


def test_the_page_names_every_word_that_counts_as_a_no() -> None:
    table = PAGE[PAGE.index("A definite no, with") : PAGE.index("## What the hub does")]
    assert set(re.findall(r"`([A-Z][A-Z_]+)`", table)) == set(REFUSALS)
    assert set(REFUSALS.values()) <= set(catalogue())


def test_messages_are_the_same_at_each_repetition() -> None:
    again = replace(tx(), attempts=7, state="UNKNOWN", note="timed out", due_at=5, lease_until=9)
    assert ask_of(again) == ask_of(tx())
    assert undo_of(again) == undo_of(tx())


def test_an_undo_has_an_id_of_its_own_and_names_the_bet() -> None:
    message = undo_of(tx())
    assert message.id == message.body["transactionId"] != tx().hub_id
    assert (message.path, message.body["originalTransactionId"]) == ("rollback", tx().hub_id)


def test_free_rounds_move_no_cash() -> None:
    bet = ask_of(tx(type="free", free_id="G1")).body
    assert (bet["amount"], bet["faceAmount"], bet["freeRoundsId"]) == ("0.00", "10.00", "G1")
    own = ask_of(tx(type="free", free_id="-")).body
    assert "freeRoundsId" not in own
    cash = ask_of(tx("win", type="free", free_id="G1")).body
    assert (cash["amount"], "faceAmount" in cash) == ("10.00", False)
    bonus = ask_of(tx("win", type="free", free_id="G1", marks=CLOSES + BONUS)).body
    assert (bonus["amount"], bonus["faceAmount"], bonus["roundClosed"]) == ("0.00", "10.00", True)


@pytest.mark.parametrize(
    ("more", "word", "wins"),
    [
        ({}, "rollback", None),
        ({"type": "win"}, "win_reversal", None),
        ({"marks": RESETTLES + "01A,01B"}, "resettle", ["01A", "01B"]),
        ({"marks": CLOSES + RESETTLES + "01A"}, "resettle", ["01A"]),
    ],
)
def test_a_rollback_says_what_it_takes(more: dict[str, Any], word: str, wins: list[str] | None) -> None:
    body = ask_of(tx("rollback", **more)).body
    assert (body["type"], body.get("winTransactionIds")) == (word, wins)


def test_a_list_is_named_by_its_first() -> None:
    second = tx("win", key=TxKey("studio", "win", "p-2"), hub_id="01JW1N0000000000000000000A")
    message = list_of([tx(), second])
    assert (message.path, message.id) == ("transaction", list_id(tx()))
    assert [one["transactionId"] for one in message.body["actions"]] == [tx().hub_id, second.hub_id]
    assert "tenantId" not in message.body["actions"][0]


@pytest.mark.parametrize(("exponent", "amount"), [(0, "1000"), (3, "1.000"), (8, "0.00001000")])
def test_amounts_are_written_with_all_decimals_of_the_currency(exponent: int, amount: str) -> None:
    assert ask_of(tx(exponent=exponent)).body["amount"] == amount


# ---------------------------------------------------------------- answers
def read(status: int, document: Any, *, cut: bool = False) -> Answer:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_answer(status, raw, cut=cut, currency="EUR", exponent=2)


def test_a_yes() -> None:
    assert read(200, {"status": "OK", "balance": "990.00", "transactionId": "op-1"}) == Yes(99000, "op-1")
    assert read(200, b'{"status": "OK", "balance": 990.5, "currency": "EUR"}') == Yes(99050)
    assert read(201, {"status": "OK", "balance": "-3.00", "more": {}}) == Yes(-300)


@pytest.mark.parametrize("word", sorted(REFUSALS))
@pytest.mark.parametrize("status", [200, 402, 404, 409])
def test_a_no(word: str, status: int) -> None:
    assert read(status, {"status": word, "balance": "5.00"}) == No(REFUSALS[word], 500)


@pytest.mark.parametrize("balance", [None, "x", 1.005, True, {}])
def test_a_no_without_a_readable_balance_is_still_one(balance: Any) -> None:
    assert read(200, {"status": "PLAYER_BLOCKED", "balance": balance}) == No("PLAYER_BLOCKED")


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (200, b""),
        (200, b"<html></html>"),
        (200, b'{"status": "OK", "bal'),
        (200, b'["OK"]'),
        (200, b"\xff\xfe"),
        (200, b"[" * 5000),
        (200, b'{"status": "OK", "balance": 1e999999999}'),
        (200, {"status": "ok", "balance": "1.00"}),
        (200, {"status": "OK"}),
        (200, {"status": "OK", "balance": None}),
        (200, {"status": "OK", "balance": True}),
        (200, {"status": "OK", "balance": "1,00"}),
        (200, {"status": "OK", "balance": "1.001"}),
        (200, {"status": "OK", "balance": "1.00", "currency": "USD"}),
        (200, {"status": "MAYBE", "balance": "1.00"}),
        (200, {"status": ["OK"], "balance": "1.00"}),
        (200, {"balance": "1.00"}),
        (302, {"status": "OK", "balance": "1.00"}),
        (400, {"status": "OK", "balance": "1.00"}),
        (401, {"status": "SIGNATURE_INVALID"}),
        (404, {"error": "no such page"}),
        (500, {"status": "OK", "balance": "1.00"}),
        (503, {"status": "INSUFFICIENT_FUNDS"}),
        (302, {"status": "INSUFFICIENT_FUNDS"}),
    ],
)
def test_everything_else_is_unknown(status: int, document: Any) -> None:
    answer = read(status, document)
    assert isinstance(answer, Unknown)
    assert answer.why


def test_an_answer_that_was_cut_is_unknown() -> None:
    assert isinstance(read(200, {"status": "OK", "balance": "1.00"}, cut=True), Unknown)


# ---------------------------------------------------------------- verdicts
@pytest.mark.parametrize(
    ("kind", "undo", "name", "meant"),
    [
        ("bet", False, "BALANCE_NOT_ENOUGH", "refused"),
        ("bet", False, "USER_NOT_FOUND", "refused"),
        ("win", False, "USER_NOT_FOUND", "stuck"),
        ("win", False, "TX_ROLLED_BACK", "stuck"),
        ("rollback", False, "TX_NOT_FOUND", "done"),
        ("rollback", False, "TX_ROLLED_BACK", "done"),
        ("rollback", False, "TX_ALREADY_SETTLED", "refused"),
        ("rollback", False, "BALANCE_NOT_ENOUGH", "refused"),
        ("rollback", False, "USER_NOT_FOUND", "stuck"),
        ("bet", True, "TX_NOT_FOUND", "done"),
        ("bet", True, "TX_ALREADY_SETTLED", "stuck"),
        ("bet", True, "USER_NOT_FOUND", "stuck"),
    ],
)
def test_what_a_no_means(kind: str, undo: bool, name: str, meant: str) -> None:
    assert verdict(kind, No(name), undo=undo) == meant
    assert verdict(kind, Yes(1), undo=undo) == "done"
    assert verdict(kind, Unknown("?"), undo=undo) == "unclear"
