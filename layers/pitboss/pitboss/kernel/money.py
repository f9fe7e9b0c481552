"""Amounts: integers of a currency's smallest unit inside, exact decimals at the edge.

The exponent is ISO 4217's, or a tenant's own for crypto (up to 8), and is snapshotted on every record that
carries an amount. More decimals than the exponent are refused, never rounded (money.md, "Amounts").
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

MAX_MINOR = 10**17  # a ceiling far above any real pool and far below 2^63, so that sums of many still fit
MAX_EXPONENT = 8
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,18})?", re.ASCII)

_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_TWO = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR "
    "MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD "
    "SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER "
    "ZAR ZMW ZWG"
)
EXPONENTS: Mapping[str, int] = {
    **dict.fromkeys(_ZERO.split(), 0),
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_THREE.split(), 3),
    "BTC": 8,
    "ETH": 8,
    "LTC": 8,
    "USDT": 6,
    "USDC": 6,
}


class AmountError(ValueError):
    """An amount that must be refused; `code` is INVALID_AMOUNT, AMOUNT_PRECISION or AMOUNT_LIMIT."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def exponent_of(currency: str, own: Mapping[str, int] | None = None) -> int:
    """Decimals of a currency: the tenant's own table first, then ISO 4217. KeyError if it is unknown."""
    if own and currency in own:
        return own[currency]
    return EXPONENTS[currency]


def parse_amount(value: Any, exponent: int) -> int:
    """A decimal number or string in major units to minor units, exactly.

    JSON numbers must have been read with `parse_float=Decimal`; a float is refused, since it has already lost
    what was written. Booleans, NaN, infinities, large exponents (1e1), commas, signs other than a leading minus, and
    more decimals than `exponent` are refused. Trailing zeros beyond the exponent are fine: they say nothing more.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise AmountError("INVALID_AMOUNT", "an amount is a decimal number or a decimal string")
    if isinstance(value, int):
        if abs(value) > MAX_MINOR:
            raise AmountError("AMOUNT_LIMIT", "the amount is beyond what any account may hold")
        minor = value * int(10**exponent)
    else:
        # A Decimal is a JSON number: 1e-2 and 0.01 are the same one, but 1e400 must not be spelled out to be seen.
        if isinstance(value, Decimal):
            exponent_written = value.as_tuple().exponent
            spelled_out = isinstance(exponent_written, int) and -40 < exponent_written <= 0
            text = format(value, "f") if spelled_out else ""
        else:
            text = value
        if len(text) > 40 or _DECIMAL.fullmatch(text) is None:
            raise AmountError(
                "INVALID_AMOUNT",
                "an amount is written as plain digits with a dot, such as 12.50, at most 18 of them before it",
            )
        sign, text = (-1, text[1:]) if text[0] == "-" else (1, text)
        whole, _, fraction = text.partition(".")
        kept, rest = fraction[:exponent], fraction[exponent:]
        if rest.strip("0"):
            raise AmountError(
                "AMOUNT_PRECISION", f"the currency has {exponent} decimals; more are refused, not rounded"
            )
        minor = sign * (int(whole) * int(10**exponent) + int(kept.ljust(exponent, "0") or "0"))
    if abs(minor) > MAX_MINOR:
        raise AmountError("AMOUNT_LIMIT", "the amount is beyond what any account may hold")
    return minor


def format_amount(minor: int, exponent: int) -> str:
    """Minor units to a decimal string in major units with all decimals of the currency, as answers carry it."""
    sign = "-" if minor < 0 else ""
    digits = str(abs(minor)).rjust(exponent + 1, "0")
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}" if exponent else f"{sign}{digits}"
