"""Round messages as they come in: validated by hand (the hot path carries no model library), item by item.

The message is documented in docs/rounds.md. One bad item never spoils the others; each refusal names field and reason.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from pitboss.kernel.instants import parse_instant
from pitboss.kernel.money import AmountError, parse_amount
from pitboss.rounds.model import SKEW_MS
from pitboss.scoring.public import AMENDED, ROLLED_BACK, SETTLED, Round

MAX_ROUNDS = 500
MAX_AGE_MS = 31 * 86_400_000
MAX_REVISION = 1_000_000
STATUS = {"settled": SETTLED, "amended": AMENDED, "rolled_back": ROLLED_BACK}
REQUIRED = ("roundId", "brandId", "playerId", "gameId", "currency", "bet", "win", "settledAt")
OPTIONAL = ("revision", "status", "roundType", "startedAt", "seq", "sessionId", "meta", "integrationId", "providerId", "messageId", "schema", "sentAt")  # fmt: skip
KNOWN = frozenset((*REQUIRED, *OPTIONAL))
BET_PARTS = frozenset(("real", "bonus", "locked"))
WIN_PARTS = frozenset(("real", "bonus", "locked", "jackpot", "freeRound"))
META_BYTES = 2048


class Fault(NamedTuple):
    """Why an item is rejected: an entry of the error catalogue, the field and the reason."""

    code: str
    field: str
    reason: str


class _Bad(Exception):  # noqa: N818
    def __init__(self, field: str, reason: str, code: str = "ROUND_INVALID") -> None:
        super().__init__(reason)
        self.fault = Fault(code, field, reason)


def read_round(item: Any, now: int, exponents: dict[str, int]) -> Round | Fault:
    """A message to a round, or what is wrong with it. `exponents` is every currency that is known here."""
    try:
        return _read(item, now, exponents)
    except _Bad as bad:
        return bad.fault


def _read(item: Any, now: int, exponents: dict[str, int]) -> Round:
    if not isinstance(item, dict):
        raise _Bad("", "an object")
    for name in item:
        if name not in KNOWN:
            raise _Bad(str(name)[:100], "unknown field")
    for name in REQUIRED:
        if name not in item:
            raise _Bad(name, "missing")
    currency = item["currency"]
    if not isinstance(currency, str) or currency not in exponents:
        raise _Bad("currency", "not a currency known here", "CURRENCY_NOT_SUPPORTED")
    exponent = exponents[currency]
    bet, bet_bonus, _ = _money(item["bet"], "bet", BET_PARTS, exponent)
    win, win_bonus, jackpot = _money(item["win"], "win", WIN_PARTS, exponent)
    settled = _instant(item["settledAt"], "settledAt")
    if settled > now + SKEW_MS:
        raise _Bad("settledAt", "more than five minutes ahead of our clock", "ROUND_IN_FUTURE")
    if settled < now - MAX_AGE_MS:
        raise _Bad("settledAt", "older than 31 days")
    started = _instant(item["startedAt"], "startedAt") if item.get("startedAt") is not None else settled
    if started > settled:
        raise _Bad("startedAt", "after settledAt")
    status = item.get("status", "settled")
    if not isinstance(status, str) or status not in STATUS:
        raise _Bad("status", "one of settled, amended, rolled_back")
    # A correction without a number is the first one; numbered 0 it would contradict the round it corrects.
    revision = _integer(item.get("revision", 0 if status == "settled" else 1), "revision", MAX_REVISION)
    if revision == 0 and STATUS[status] != SETTLED:
        raise _Bad("revision", f"a round that is {status} has revision 1 or higher")
    _check_rest(item)
    return Round(
        _id(item["roundId"], "roundId"),
        revision,
        STATUS[status],
        _id(item["brandId"], "brandId"),
        _id(item["playerId"], "playerId"),
        _id(item["gameId"], "gameId"),
        _id(item.get("roundType", "regular"), "roundType"),
        currency,
        exponent,
        bet,
        win,
        bet_bonus,
        win_bonus,
        jackpot,
        started,
        settled,
        _integer(item.get("seq", 0), "seq", 2**53),
    )


def _check_rest(item: dict[str, Any]) -> None:
    for name in ("sessionId", "providerId", "messageId"):
        if item.get(name) is not None:
            _id(item[name], name)
    meta = item.get("meta")
    if meta is not None and (not isinstance(meta, dict) or len(repr(meta)) > META_BYTES):
        raise _Bad("meta", f"an object of at most {META_BYTES} bytes")


def _id(value: Any, name: str) -> str:
    if (
        not isinstance(value, str)
        or not 1 <= len(value) <= 100
        or not value.isprintable()
        or value != value.strip()
    ):
        raise _Bad(name, "a string of 1 to 100 printable characters without surrounding spaces")
    return value


def _integer(value: Any, name: str, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise _Bad(name, f"an integer from 0 to {most}")
    return value


def _instant(value: Any, name: str) -> int:
    if not isinstance(value, str):
        raise _Bad(name, "an RFC 3339 time with offset, such as 2026-01-31T20:00:00Z")
    try:
        return parse_instant(value)
    except ValueError as error:
        raise _Bad(name, str(error)) from None


def _money(value: Any, name: str, parts: frozenset[str], exponent: int) -> tuple[int, int, int]:
    """Total, bonus part (with locked money and free rounds), jackpot part, in minor units."""
    if not isinstance(value, dict):
        return _amount(value, name, exponent), 0, 0
    for part in value:
        if part not in parts:
            raise _Bad(f"{name}.{part}"[:120], "unknown field")
    found = {part: _amount(value[part], f"{name}.{part}", exponent) for part in value}
    bonus = found.get("bonus", 0) + found.get("locked", 0) + found.get("freeRound", 0)
    return sum(found.values()), bonus, found.get("jackpot", 0)


def _amount(value: Any, name: str, exponent: int) -> int:
    if not isinstance(value, int | str | Decimal) or isinstance(value, bool):
        raise _Bad(name, "a decimal number or string in major units", "INVALID_AMOUNT")
    try:
        amount = parse_amount(value, exponent)
    except AmountError as error:
        raise _Bad(name, str(error), error.code) from None
    if amount < 0:
        raise _Bad(name, "not negative", "INVALID_AMOUNT")
    return amount
