"""Amounts as vendors write them: decimals, minor units, thousandths, hundred-thousandths; exact, or cut where a profile says so."""

from decimal import Decimal
from typing import Any

import pytest
from pitboss.kernel.money import MAX_MINOR
from pitboss.kernel.refusal import Refusal
from pitboss.wallet.profile import Profile
from pitboss.wallet.rules import to_minor

pytestmark = pytest.mark.unit


def read(value: Any, exponent: int, **switches: Any) -> int | str:
    try:
        return to_minor(value, exponent, Profile(**switches))
    except Refusal as refusal:
        return refusal.name


@pytest.mark.parametrize(
    ("value", "exponent", "cut"),
    [
        ("12.345", 2, 1_234),
        ("12.999", 2, 1_299),  # never rounded up
        (Decimal("0.019"), 2, 1),
        ("0.001", 2, 0),
        ("12.5", 0, 12),
        ("7.12345678", 3, 7_123),
        ("-0.001", 2, "INVALID_AMOUNT"),
        (str(MAX_MINOR) + ".001", 2, "AMOUNT_LIMIT"),
    ],
)
def test_decimals_beyond_the_currency_are_refused_or_cut(value: Any, exponent: int, cut: int | str) -> None:
    assert read(value, exponent, precision="truncate") == cut
    assert read(value, exponent) == "AMOUNT_PRECISION"


@pytest.mark.parametrize("precision", ["refuse", "truncate"])
@pytest.mark.parametrize("value", ["1e1", "", "10,00", "+1", "1.", ".5", Decimal("NaN"), True, None])
def test_what_is_no_amount_is_none_in_any_precision(precision: str, value: Any) -> None:
    assert read(value, 2, precision=precision) == "INVALID_AMOUNT"


@pytest.mark.parametrize("precision", ["refuse", "truncate"])
@pytest.mark.parametrize(
    ("scale", "value", "exponent", "minor"),
    [
        ("minor", 1_050, 2, 1_050),
        ("minor", 7, 0, 7),
        ("millis", 10_500, 2, 1_050),
        ("millis", 10_500, 3, 10_500),
        ("x100000", 1_050_000, 2, 1_050),
        ("x100000", 0, 2, 0),
    ],
)
def test_integers_are_exact(precision: str, scale: str, value: int, exponent: int, minor: int) -> None:
    assert read(value, exponent, money_scale=scale, precision=precision) == minor


@pytest.mark.parametrize(
    ("scale", "value", "exponent", "refused", "cut"),
    [
        ("millis", 10_505, 2, "AMOUNT_PRECISION", 1_050),
        ("millis", 999, 0, "AMOUNT_PRECISION", 0),
        ("x100000", 1, 2, "AMOUNT_PRECISION", 0),
    ],
)
def test_parts_of_the_smallest_unit_are_refused_or_cut(
    scale: str, value: int, exponent: int, refused: str, cut: int
) -> None:
    assert read(value, exponent, money_scale=scale) == refused
    assert read(value, exponent, money_scale=scale, precision="truncate") == cut


@pytest.mark.parametrize("scale", ["minor", "millis", "x100000"])
@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("10", "INVALID_AMOUNT"),
        (Decimal(10), "INVALID_AMOUNT"),
        (True, "INVALID_AMOUNT"),
        (None, "INVALID_AMOUNT"),
        (-1_000_000, "INVALID_AMOUNT"),
        (MAX_MINOR + 1, "AMOUNT_LIMIT"),
        (-MAX_MINOR - 1, "AMOUNT_LIMIT"),
    ],
)
def test_integers_that_no_account_takes(scale: str, value: Any, name: str) -> None:
    assert read(value, 2, money_scale=scale) == name


def test_the_ceiling_holds_for_what_the_amount_comes_to() -> None:
    assert read(MAX_MINOR, 2, money_scale="minor") == MAX_MINOR
    # Ten to the seventeenth thousandths of a coin of eight decimals is more than any account holds.
    assert read(MAX_MINOR, 8, money_scale="millis") == "AMOUNT_LIMIT"
    assert read(MAX_MINOR, 3, money_scale="millis") == MAX_MINOR
