"""Small things that the vendors' protocols share: exact JSON, money in four scales, ids out of loosely typed members."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pitboss.kernel.money import format_amount, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.wire import load_json

JSON_HEADERS = {"content-type": "application/json"}


def exact_json(value: Any) -> bytes:
    """Compact JSON in which a Decimal is a number with all its digits: no float ever stands between."""
    return _written(value).encode()


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        rows = (f"{json.dumps(k, ensure_ascii=False)}:{_written(v)}" for k, v in value.items())
        return "{" + ",".join(rows) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, float):
        raise TypeError("floats are not exact")
    return json.dumps(value, ensure_ascii=False)


def read_object(raw: bytes) -> dict[str, Any]:
    """The body, which has to be a JSON object. Raises Refusal."""
    document = load_json(raw)
    if not isinstance(document, dict):
        raise invalid("(body)", "a JSON object")
    return document


def invalid(pointer: str, reason: str) -> Refusal:
    """A member that is missing or wrong."""
    return Refusal("VALIDATION_ERROR", f"{pointer}: {reason}.", errors=[FieldError(pointer, reason)])


def identifier(members: Mapping[str, Any], name: str, *, required: bool = True) -> str:
    """An id that vendors send as a string or as a number. Raises Refusal; what it may look like is the wallet's rule."""
    value = members.get(name)
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None and not required:
        return ""
    raise invalid(name, "an id, as a string")


def scaled(amount: Any, scale: str, exponent: int | None = None) -> Decimal | int:
    """A decimal string in major units as a number in a vendor's scale. `exponent` is needed where the string may lack
    some of the currency's decimals; our answers never do. ValueError if the scale is too coarse for the amount."""
    text = str(amount)
    if scale == "decimal":
        return Decimal(text)
    whole, _, fraction = text.partition(".")
    minor = len(fraction) if exponent is None else exponent
    decimals = {"minor": minor, "millis": 3, "x100000": 5}[scale]
    if fraction[decimals:].strip("0"):
        raise ValueError(f"{text} has more decimals than the scale {scale}")
    return int(whole + fraction[:decimals].ljust(decimals, "0"))


def unscaled(number: Any, scale: str, exponent: int) -> str:
    """The inverse: a vendor's number as a decimal string with all decimals of the currency."""
    if scale == "decimal":
        return format_amount(parse_amount(number, exponent), exponent)
    decimals = {"minor": exponent, "millis": 3, "x100000": 5}[scale]
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError(f"{number!r} is not an integer of the scale {scale}")  # noqa: TRY004 - a value of the wire
    return format_amount(parse_amount(format_amount(number, decimals), exponent), exponent)
