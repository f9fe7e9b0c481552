"""Every round message that must not be taken, and the exact reason its sender is told."""

import json
from decimal import Decimal
from typing import Any

import pytest
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import EXPONENTS, MAX_MINOR
from pitboss.rounds.intake import MAX_AGE_MS, Fault, read_round
from pitboss.rounds.model import SKEW_MS
from pitboss.scoring.public import AMENDED, ROLLED_BACK, SETTLED, Round

pytestmark = pytest.mark.unit
NOW = 1_800_000_000_000
GOOD: dict[str, Any] = {
    "roundId": "r-1",
    "brandId": "aurora",
    "playerId": "ann",
    "gameId": "crash",
    "currency": "EUR",
    "bet": "1.00",
    "win": "2.50",
    "settledAt": format_instant(NOW - 1000),
}


def read(**changes: Any) -> Round | Fault:
    """The message with these members, as it comes out of the JSON reader; a member that is ... is left out."""
    message = {k: v for k, v in {**GOOD, **changes}.items() if v is not ...}
    return read_round(message, NOW, dict(EXPONENTS))


def fault(**changes: Any) -> Fault:
    answer = read(**changes)
    assert isinstance(answer, Fault), answer
    return answer


def test_a_plain_round_is_read_whole() -> None:
    expected = Round(
        "r-1",
        0,
        SETTLED,
        "aurora",
        "ann",
        "crash",
        "regular",
        "EUR",
        2,
        100,
        250,
        0,
        0,
        0,
        NOW - 1000,
        NOW - 1000,
        0,
    )
    assert read() == expected


def test_parts_are_added_up_and_kept_apart() -> None:
    answer = read(
        bet={"real": "1.00", "bonus": "0.50", "locked": "0.25"},
        win={"real": 1, "bonus": "0.10", "locked": "0.20", "freeRound": "0.30", "jackpot": "100.00"},
    )
    assert isinstance(answer, Round)
    assert (answer.bet, answer.bet_bonus) == (175, 75)
    assert (answer.win, answer.win_bonus, answer.jackpot) == (10160, 60, 10000)


def test_a_correction_without_a_number_is_the_first() -> None:
    assert read(status="amended")[1:3] == (1, AMENDED)
    assert read(status="rolled_back")[1:3] == (1, ROLLED_BACK)
    assert read(status="rolled_back", revision=7)[1:3] == (7, ROLLED_BACK)


@pytest.mark.parametrize("name", list(GOOD))
def test_a_missing_field_is_named(name: str) -> None:
    assert fault(**{name: ...}) == Fault("ROUND_INVALID", name, "missing")


@pytest.mark.parametrize("name", ["roundId", "brandId", "playerId", "gameId", "roundType", "sessionId"])
@pytest.mark.parametrize("bad", ["", "x" * 101, "a\x1fb", "a\nb", " a", "a ", 7, True, ["a"], "\ud800"])
def test_ids_are_plain_text(name: str, bad: Any) -> None:
    found = fault(**{name: bad})
    assert (found.code, found.field) == ("ROUND_INVALID", name)


@pytest.mark.parametrize("good", ["x" * 100, "日本", "a b", "ß/é#1"])
def test_any_printable_id_is_taken(good: str) -> None:
    assert isinstance(read(roundId=good), Round)


@pytest.mark.parametrize("name", ["bet", "win"])
@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (Decimal("1e400"), "INVALID_AMOUNT"),
        (Decimal("1e1"), "INVALID_AMOUNT"),
        (Decimal("NaN"), "INVALID_AMOUNT"),
        (Decimal("-Infinity"), "INVALID_AMOUNT"),
        (float("nan"), "INVALID_AMOUNT"),
        (1.5, "INVALID_AMOUNT"),
        (True, "INVALID_AMOUNT"),
        (None, "INVALID_AMOUNT"),
        ([], "INVALID_AMOUNT"),
        ("", "INVALID_AMOUNT"),
        ("1,50", "INVALID_AMOUNT"),
        ("1 000", "INVALID_AMOUNT"),
        ("+1", "INVALID_AMOUNT"),
        ("01", "INVALID_AMOUNT"),
        ("\u0661", "INVALID_AMOUNT"),
        ("-1.00", "INVALID_AMOUNT"),
        (-1, "INVALID_AMOUNT"),
        ("1.005", "AMOUNT_PRECISION"),
        (Decimal("0.001"), "AMOUNT_PRECISION"),
        (MAX_MINOR + 1, "AMOUNT_LIMIT"),
    ],
)
def test_amounts_are_exact_or_refused(name: str, bad: Any, code: str) -> None:
    found = fault(**{name: bad})
    assert (found.code, found.field) == (code, name)


def test_a_bad_part_is_named() -> None:
    assert fault(bet={"real": "1.00", "bonus": "x"}).field == "bet.bonus"
    assert fault(bet={"jackpot": "1.00"}) == Fault("ROUND_INVALID", "bet.jackpot", "unknown field")
    assert fault(win={"real": "1.001"})[:2] == ("AMOUNT_PRECISION", "win.real")


def test_precision_is_the_currencys() -> None:
    assert fault(currency="JPY").code == "AMOUNT_PRECISION"
    assert isinstance(read(currency="JPY", bet="100", win="250.00"), Round)
    assert read(currency="BTC", bet="0.00000001", win=0)[9] == 1


@pytest.mark.parametrize("bad", ["XXX", "eur", "", 7, None, ["EUR"]])
def test_a_currency_is_one_we_know(bad: Any) -> None:
    assert fault(currency=bad)[:2] == ("CURRENCY_NOT_SUPPORTED", "currency")


@pytest.mark.parametrize("name", ["settledAt", "startedAt"])
@pytest.mark.parametrize(
    "bad", ["2026-01-31", "2026-01-31T20:00:00", "2026-02-30T00:00:00Z", 1_800_000_000_000, True, ""]
)
def test_times_carry_their_offset(name: str, bad: Any) -> None:
    assert fault(**{name: bad})[:2] == ("ROUND_INVALID", name)


def test_clocks_may_run_ahead_by_five_minutes_and_no_more() -> None:
    assert isinstance(read(settledAt=format_instant(NOW + SKEW_MS)), Round)
    assert fault(settledAt=format_instant(NOW + SKEW_MS + 1))[:2] == ("ROUND_IN_FUTURE", "settledAt")


def test_a_month_is_the_oldest() -> None:
    assert isinstance(read(settledAt=format_instant(NOW - MAX_AGE_MS)), Round)
    assert fault(settledAt=format_instant(NOW - MAX_AGE_MS - 1))[:2] == ("ROUND_INVALID", "settledAt")


def test_a_round_does_not_end_before_it_starts() -> None:
    assert fault(startedAt=format_instant(NOW))[:2] == ("ROUND_INVALID", "startedAt")


@pytest.mark.parametrize("bad", ["Settled", "void", 0, None, ["settled"]])
def test_a_status_is_one_of_three(bad: Any) -> None:
    assert fault(status=bad).field == "status"


@pytest.mark.parametrize("bad", [-1, 1.0, "1", True, None, 1_000_001])
def test_a_revision_is_a_small_number(bad: Any) -> None:
    assert fault(revision=bad).field == "revision"


@pytest.mark.parametrize("status", ["amended", "rolled_back"])
def test_a_correction_is_not_the_round_itself(status: str) -> None:
    assert fault(status=status, revision=0).field == "revision"


@pytest.mark.parametrize("bad", [-1, 2**53 + 1, "1", True])
def test_seq_is_a_number_json_can_carry(bad: Any) -> None:
    assert fault(seq=bad).field == "seq"


def test_unknown_members_and_large_meta_are_refused() -> None:
    assert fault(betAmount="1.00") == Fault("ROUND_INVALID", "betAmount", "unknown field")
    assert fault(meta={"x": "y" * 2100}).field == "meta"
    assert fault(meta="text").field == "meta"
    assert isinstance(read(meta={"x": 1}, sentAt="whenever"), Round)


@pytest.mark.parametrize("bad", [None, [], "round", 7, True])
def test_an_item_is_an_object(bad: Any) -> None:
    assert read_round(bad, NOW, dict(EXPONENTS)) == Fault("ROUND_INVALID", "", "an object")


def test_what_the_json_reader_makes_of_huge_numbers_is_refused_quickly() -> None:
    message = json.loads(json.dumps(GOOD).replace('"1.00"', "1e400"), parse_float=Decimal)
    answer = read_round(message, NOW, dict(EXPONENTS))
    assert isinstance(answer, Fault)
    assert answer.field == "bet"
