"""Base of every request model: unknown fields are refused, nothing is coerced, names are camelCase outside."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from pitboss.kernel.instants import parse_instant


class Model(BaseModel):
    """camelCase outside, snake_case inside; strict: "1" is not 1 and 1 is not true."""

    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=False, frozen=True
    )


def _printable(text: str) -> str:
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise ValueError("control characters are not allowed")
    if text != text.strip():
        raise ValueError("leading or trailing white space is not allowed")
    return text


def _instant(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError("an RFC 3339 time with offset, such as 2026-01-31T20:00:00Z")  # noqa: TRY004 - pydantic
    return parse_instant(value)


def _amount(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("a decimal number or a decimal string in major units")  # noqa: TRY004 - pydantic
    return value


Id = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
Name = Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_printable)]
Currency = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{2,9}$")]
Instant = Annotated[
    int,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-01-31T20:00:00Z"}),
]
# An amount stays as written until the currency is known; kernel.money.parse_amount then reads it exactly.
Amount = Annotated[
    Any,
    BeforeValidator(_amount),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {"type": "string", "pattern": r"^-?(0|[1-9]\d{0,17})(\.\d{1,18})?$"},
            ],
            "description": "Major units, exact: a decimal number or string; more decimals than the currency has are refused.",
        }
    ),
]
