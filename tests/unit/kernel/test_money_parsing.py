"""Amounts at the edge: the exact spellings that pass, and everything that must not."""

from decimal import Decimal
from typing import Any

import pytest
from pitboss.kernel.money import EXPONENTS, MAX_MINOR, AmountError, exponent_of, format_amount, parse_amount

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("value", "exponent", "minor"),
    [
        ("0", 2, 0),
        ("-0", 2, 0),
        ("0.00", 2, 0),
        ("12.5", 2, 1_250),
        ("12.50", 2, 1_250),
        ("12.5000", 2, 1_250),
        ("-12.50", 2, -1_250),
        (12, 2, 1_200),
        (-3, 0, -3),
        ("1", 0, 1),
        ("1.0", 0, 1),
        ("0.00000001", 8, 1),
        (Decimal("0.01"), 2, 1),
        (Decimal("1e-2"), 2, 1),  # the same JSON number as 0.01
        (Decimal("10.005"), 3, 10_005),
        ("100000000000000.00", 3, MAX_MINOR),
    ],
)
def test_what_passes(value: Any, exponent: int, minor: int) -> None:
    assert parse_amount(value, exponent) == minor


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        None,
        1.5,
        float("nan"),
        float("inf"),
        [],
        {},
        b"1",
        "",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "--1",
        "-",
        ".5",
        "5.",
        "01",
        "00.5",
        "1,000",
        "1.000,00",
        "1_000",
        "1e1",
        "1E400",
        "1e-2",
        "0x10",
        "NaN",
        "nan",
        "Infinity",
        "-inf",
        "١٢",  # Arabic-Indic digits
        "１２",  # full-width digits
        "1．5",
        "−5",  # a typographic minus
        "12.5 EUR",
        "9" * 19,
        "0." + "0" * 40,
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("1e400"),
        Decimal("1e1"),
        Decimal("1e-400"),
    ],
)
def test_what_is_no_amount(value: Any) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(value, 2)
    assert refused.value.code == "INVALID_AMOUNT"


@pytest.mark.parametrize(
    ("value", "exponent"),
    [("10.005", 2), ("0.5", 0), (Decimal("0.001"), 2), ("0.000000001", 8), ("1.10", 0)],
)
def test_more_decimals_are_refused_not_rounded(value: Any, exponent: int) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(value, exponent)
    assert refused.value.code == "AMOUNT_PRECISION"


@pytest.mark.parametrize(
    "value", [MAX_MINOR, -MAX_MINOR, 10**4000, "1000000000000000.01", "-1000000000000000.01"]
)
def test_beyond_what_any_account_may_hold(value: Any) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(value, 2)
    assert refused.value.code == "AMOUNT_LIMIT"


@pytest.mark.parametrize(
    ("minor", "exponent", "text"),
    [
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (1_250, 2, "12.50"),
        (1_250, 0, "1250"),
        (-7, 0, "-7"),
        (1, 8, "0.00000001"),
        (100_000_000, 8, "1.00000000"),
    ],
)
def test_how_amounts_are_written(minor: int, exponent: int, text: str) -> None:
    assert format_amount(minor, exponent) == text


def test_decimals_of_currencies() -> None:
    assert (exponent_of("EUR"), exponent_of("JPY"), exponent_of("KWD"), exponent_of("BTC")) == (2, 0, 3, 8)
    assert exponent_of("DOGE", {"DOGE": 8}) == 8
    assert exponent_of("BTC", {"BTC": 5}) == 5
    assert exponent_of("EUR", {"DOGE": 8}) == 2
    with pytest.raises(KeyError):
        exponent_of("DOGE")
    assert all(len(code) in (3, 4) and code.isupper() and 0 <= n <= 8 for code, n in EXPONENTS.items())
