"""Amounts: what is written is what is meant, or it is refused; never rounded, never guessed."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pitboss.kernel.money import MAX_EXPONENT, MAX_MINOR, AmountError, format_amount, parse_amount

pytestmark = pytest.mark.property
many = settings(max_examples=400, deadline=None)
exponents = st.integers(0, MAX_EXPONENT)
minors = st.integers(-MAX_MINOR, MAX_MINOR)


@many
@given(minor=minors, exponent=exponents)
def test_what_is_printed_reads_back(minor: int, exponent: int) -> None:
    text = format_amount(minor, exponent)
    assert parse_amount(text, exponent) == minor
    assert parse_amount(Decimal(text), exponent) == minor
    assert Decimal(text) == Decimal(minor).scaleb(-exponent)
    assert len(text.partition(".")[2]) == exponent


@many
@given(minor=minors, exponent=exponents, zeros=st.integers(0, 6))
def test_trailing_zeros_say_nothing(minor: int, exponent: int, zeros: int) -> None:
    text = format_amount(minor, exponent)
    padded = (text if "." in text else text + ".") + "0" * zeros
    if not padded.endswith("."):
        assert parse_amount(padded, exponent) == minor


@many
@given(minor=st.integers(-(10**15), 10**15), exponent=exponents)
def test_more_decimals_than_the_currency_has_are_refused(minor: int, exponent: int) -> None:
    text = format_amount(minor, exponent)
    finer = (text if "." in text else text + ".") + "5"
    for value in (finer, Decimal(finer)):
        with pytest.raises(AmountError) as refused:
            parse_amount(value, exponent)
        assert refused.value.code == "AMOUNT_PRECISION"


@many
@given(whole=st.integers(-(10**30), 10**30), exponent=exponents)
def test_whole_numbers_are_major_units_within_the_ceiling(whole: int, exponent: int) -> None:
    if abs(whole) * 10**exponent <= MAX_MINOR:
        assert parse_amount(whole, exponent) == whole * 10**exponent
    else:
        with pytest.raises(AmountError) as refused:
            parse_amount(whole, exponent)
        assert refused.value.code == "AMOUNT_LIMIT"


@many
@given(text=st.text(max_size=45), exponent=exponents)
def test_any_text_is_an_exact_amount_or_refused(text: str, exponent: int) -> None:
    try:
        minor = parse_amount(text, exponent)
    except AmountError as refused:
        assert refused.code in ("INVALID_AMOUNT", "AMOUNT_PRECISION", "AMOUNT_LIMIT")  # noqa: PT017
    else:
        assert text.isascii()
        assert Decimal(text) == Decimal(minor).scaleb(-exponent)


@many
@given(value=st.decimals(allow_nan=True, allow_infinity=True), exponent=exponents)
def test_any_number_is_an_exact_amount_or_refused(value: Decimal, exponent: int) -> None:
    try:
        minor = parse_amount(value, exponent)
    except AmountError:
        return
    assert value.is_finite()
    assert value == Decimal(minor).scaleb(-exponent)


@many
@given(
    value=st.floats() | st.booleans() | st.none() | st.binary() | st.lists(st.integers()), exponent=exponents
)
def test_what_is_no_decimal_is_refused(value: object, exponent: int) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(value, exponent)
    assert refused.value.code == "INVALID_AMOUNT"
