"""What the routes of this context share: who acts, amounts, query parameters."""

from typing import Any

from pitboss.kernel.money import AmountError, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.http import Call, Query
from pitboss.players.service import Who

SCHEMAS = "pitboss.players.schemas"
BRAND = Query("brandId", "Whose player; then {id} is the casino's own userId", maximum=100)
CURSOR = Query("cursor", "`nextCursor` of the page before", maximum=2000)
BARRED = ("PLAYER_BLOCKED", "PLAYER_SELF_EXCLUDED", "PLAYER_CLOSED", "PLAYER_COOLING_OFF")


def page_of(most: int, default: int) -> Query:
    """The parameter `limit`."""
    return Query("limit", "Rows of a page", "integer", default, 1, most)


def who(call: Call) -> Who:
    """The actor of a call; a repeated attempt writes its event under the same id."""
    return Who(call.who().key_id, call.source_ip, call.new_id("event"))


def amount(value: Any, exponent: int, pointer: str) -> int:
    """An amount above zero in minor units. Refusal INVALID_AMOUNT, AMOUNT_PRECISION, AMOUNT_LIMIT."""
    try:
        minor = parse_amount(value, exponent)
    except AmountError as error:
        raise Refusal(error.code, f"{pointer}: {error}.", errors=[FieldError(pointer, str(error))]) from None
    if minor <= 0:
        raise Refusal(
            "INVALID_AMOUNT", f"{pointer} is above zero.", errors=[FieldError(pointer, "above zero")]
        )
    return minor


def same_currency(wanted: str | None, currency: str) -> None:
    """Refusal CURRENCY_MISMATCH unless nothing or the player's own currency was named."""
    if wanted not in (None, currency):
        raise Refusal(
            "CURRENCY_MISMATCH",
            f"The player's currency is {currency}.",
            errors=[FieldError("currency", f"{currency} or left out")],
            facts={"currency": currency},
        )
