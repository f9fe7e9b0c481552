"""Answers read and judged. Pure: what an answer of the hub or of a wallet must look like, and whether it is the right one.

Reading is strict, since an answer that a lenient reader guesses at is how money is lost: a body outside the contract is
MALFORMED whatever its HTTP status.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from pitboss.certify.envelope import places_of
from pitboss.certify.model import LOST, MALFORMED, Exchange, Reply, Wanted
from pitboss.kernel.money import AmountError, parse_amount

ALIASES: Mapping[str, str] = {
    "INSUFFICIENT_FUNDS": "BALANCE_NOT_ENOUGH",
    "PLAYER_NOT_FOUND": "USER_NOT_FOUND",
    "BLOCKED": "PLAYER_BLOCKED",
}
# What a wallet may answer as a definite no; anything else is not known to the hub (docs/certify.md has the list).
_NAMES = (
    "BALANCE_NOT_ENOUGH USER_NOT_FOUND PLAYER_BLOCKED PLAYER_SELF_EXCLUDED PLAYER_CLOSED BET_LIMIT LOSS_LIMIT "
    "SESSION_TIME_LIMIT SESSION_EXPIRED CURRENCY_MISMATCH CURRENCY_NOT_SUPPORTED TX_CONFLICT TX_NOT_FOUND "
    "TX_ROLLED_BACK TX_ALREADY_SETTLED TX_ALREADY_PROCESSED NOT_ROLLBACKABLE ROUND_CLOSED INVALID_AMOUNT "
    "AMOUNT_PRECISION AMOUNT_LIMIT VALIDATION_ERROR MALFORMED_JSON SIGNATURE_INVALID TIMESTAMP_OUT_OF_WINDOW "
    "GAME_NOT_FOUND GAME_DISABLED COUNTRY_RESTRICTED REALITY_CHECK_REQUIRED BODY_TOO_LARGE"
)
WALLET_NAMES = frozenset(_NAMES.split())
# The repetition of what is still at work says so too: the first may have moved the money.
MOVED_UNKNOWN = frozenset(
    {"TIMEOUT", "CALLBACK_ERROR", "PROVIDER_ERROR", "INTERNAL_ERROR", "OPERATION_IN_PROGRESS"}
)
# A repetition of the same call is the right answer to these; the kit repeats, unless the step waits for one of them.
# Refusals of a call of which the hub does not know yet that it is the provider's: they keep their HTTP status.
_EARLY = (
    "TOKEN_NOT_FOUND TOKEN_INVALID PERMISSION_ERROR IP_NOT_ALLOWED PROVIDER_NOT_FOUND SIGNATURE_INVALID "
    "TIMESTAMP_OUT_OF_WINDOW RATE_LIMITED BODY_TOO_LARGE UNSUPPORTED_MEDIA_TYPE NOT_ACCEPTABLE NOT_FOUND"
)
NOT_KNOWN_YET = frozenset(_EARLY.split())
WAIT = frozenset(
    {"OPERATION_IN_PROGRESS", "SERVER_IS_BUSY", "RATE_LIMITED", "VERSION_CONFLICT", "UNDER_MAINTENANCE"}
)


def _document(exchange: Exchange) -> Mapping[str, Any] | None:
    try:
        document = json.loads(exchange.answer)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _amount(value: Any, exponent: int, scale: str = "decimal") -> Decimal | str:
    """The balance, or what is wrong about it. In a scale it is an integer, of which the currency may use fewer decimals."""
    if scale != "decimal":
        if isinstance(value, bool) or not isinstance(value, int):
            return f"a balance is an integer of the scale {scale}, not {json.dumps(value)[:40]}"
        return Decimal(value).scaleb(-places_of(scale, exponent))
    if not isinstance(value, str):
        return f"a balance is a decimal string, not {json.dumps(value)[:40]}"
    try:
        return Decimal(parse_amount(value, exponent)).scaleb(-exponent)
    except AmountError as error:
        return f"the balance {value!r}: {error}"


def _wrong(exchange: Exchange, fault: str, document: Mapping[str, Any] | None = None) -> Reply:
    return Reply(MALFORMED, exchange.status, fault=fault, document=document or {}, exchange=exchange)


def read_hub(
    exchange: Exchange,
    *,
    transaction_id: str,
    exponent: int,
    currency: str,
    switches: Mapping[str, Any] = MappingProxyType({}),
) -> Reply:
    """An answer of the hub: 200 with the contract's members, or problem+json of the catalogue. `switches` are the profile's:
    balances come in its `moneyScale`, and with `always200` refusals have HTTP 200."""
    scale = switches.get("moneyScale", "decimal")
    if not exchange.status:
        return Reply(LOST, exchange=exchange)
    document = _document(exchange)
    if document is None:
        return _wrong(exchange, "the answer is not a JSON object")
    always200 = switches.get("httpSchool") == "always200"
    if exchange.status != 200 or (always200 and document.get("status") != "OK"):
        return _read_problem(exchange, document, exponent, scale, always200=always200)
    if document.get("status") != "OK" or document.get("code", 0) != 0:
        return _wrong(exchange, 'HTTP 200 must carry "status": "OK"', document)
    if document.get("currency", currency) != currency:
        return _wrong(exchange, f"the currency is {document.get('currency')!r}, not {currency}", document)
    balance = _amount(document.get("balance"), exponent, scale)
    current = _amount(document["currentBalance"], exponent, scale) if "currentBalance" in document else None
    for fault in (balance, current):
        if isinstance(fault, str):
            return _wrong(exchange, fault, document)
    if transaction_id:
        if document.get("transactionId") != transaction_id:
            return _wrong(exchange, f"transactionId is {document.get('transactionId')!r}", document)
        if not document.get("hubTransactionId") or not isinstance(document.get("replay"), bool):
            return _wrong(exchange, "hubTransactionId and replay are required", document)
    return Reply(
        "OK",
        200,
        balance if isinstance(balance, Decimal) else None,
        current if isinstance(current, Decimal) else None,
        document.get("replay"),
        document=document,
        exchange=exchange,
    )


def _read_problem(
    exchange: Exchange, document: Mapping[str, Any], exponent: int, scale: str, *, always200: bool
) -> Reply:
    name = document.get("name")
    if always200 and 400 <= exchange.status < 500 and str(name) not in NOT_KNOWN_YET:
        return _wrong(exchange, "this profile has HTTP 200 for a refusal of an authentic call", document)
    if not exchange.content_type.startswith("application/problem+json") or not isinstance(name, str):
        return _wrong(exchange, "a refusal is application/problem+json with a name", document)
    effect, retryable = document.get("effect"), document.get("retryable")
    if not isinstance(retryable, bool) or not isinstance(document.get("code"), int):
        return _wrong(exchange, "a refusal carries code and retryable", document)
    if effect not in ("none", "applied", "unknown"):
        return _wrong(exchange, "a refusal says its effect: none, applied or unknown", document)
    # TX_ALREADY_PROCESSED says what the first of its kind has done.
    if (
        effect != "none"
        and name not in MOVED_UNKNOWN
        and (effect, name) != ("applied", "TX_ALREADY_PROCESSED")
    ):
        return _wrong(exchange, f"{name} moves nothing, so its effect is none and not {effect}", document)
    balance = _amount(document["balance"], exponent, scale) if "balance" in document else None
    if isinstance(balance, str):
        return _wrong(exchange, balance, document)
    if balance is not None and name in ("TOKEN_INVALID", "USER_NOT_FOUND", "SIGNATURE_INVALID"):
        return _wrong(exchange, f"{name} tells a balance to somebody who may not know it", document)
    return Reply(
        ALIASES.get(name, name),
        exchange.status,
        balance,
        effect=effect,
        retryable=retryable,
        document=document,
        exchange=exchange,
    )


def read_wallet(
    exchange: Exchange, *, exponent: int, currency: str, unsigned: bool = False, malformed: bool = False
) -> Reply:
    """An answer of an operator's wallet. `unsigned` is a request that it must not believe: 401 and 403 need no body;
    `malformed` one that is no message: any JSON object with 4xx will do."""
    if not exchange.status:
        return Reply(LOST, exchange=exchange)
    document = _document(exchange)
    if unsigned and exchange.status in (401, 403) and document is None:
        return Reply("SIGNATURE_INVALID", exchange.status, exchange=exchange)
    if document is None:
        fault = f"HTTP {exchange.status} without a JSON object: the hub would not know what happened"
        return _wrong(exchange, fault)
    name = document.get("status")
    if malformed and exchange.status in range(400, 500):
        return Reply("VALIDATION_ERROR", exchange.status, document=document, exchange=exchange)
    if exchange.status == 503 and isinstance(name, str) and name in WAIT:
        return Reply(name, 503, document=document, exchange=exchange)
    if exchange.status >= 500 or exchange.status in range(300, 400) or not isinstance(name, str):
        fault = (
            "there is no status" if exchange.status < 300 else f"HTTP {exchange.status} is no definite answer"
        )
        return _wrong(exchange, fault, document)
    name = ALIASES.get(name, name)
    balance = _amount(document["balance"], exponent) if document.get("balance") is not None else None
    if isinstance(balance, str):
        return _wrong(exchange, balance, document)
    if name != "OK":
        if name not in WALLET_NAMES:
            return _wrong(exchange, f"{name!r} is no status of the contract", document)
        return Reply(name, exchange.status, balance, document=document, exchange=exchange)
    return _wallet_yes(exchange, document, balance, currency)


def _wallet_yes(
    exchange: Exchange, document: Mapping[str, Any], balance: Decimal | None, currency: str
) -> Reply:
    if exchange.status != 200 or balance is None:
        return _wrong(exchange, "a yes is HTTP 200 with the balance", document)
    if document.get("currency") != currency:
        return _wrong(exchange, f"the currency is {document.get('currency')!r}, not {currency}", document)
    replay = document.get("replay") if isinstance(document.get("replay"), bool) else None
    return Reply("OK", 200, balance, None, replay, document=document, exchange=exchange)


def fits(reply: Reply, wanted: Wanted) -> bool:
    """Whether an answer is the admissible one."""
    if wanted.name == "REPLAY":
        named = reply.ok and reply.replay is not False
    elif wanted.name == "REFUSED":
        named = reply.name not in ("OK", LOST, MALFORMED)
    else:
        named = reply.name == wanted.name and not (wanted.name == "OK" and reply.replay is True)
    if not named or (wanted.now is not None and reply.current != wanted.now):
        return False
    return wanted.balance is None or reply.balance == wanted.balance


def told(wanted: Sequence[Wanted]) -> str:
    """The admissible answers in words."""
    return " or ".join(
        " ".join(
            part
            for part in (
                f"{w.times} x" if w.times else "",
                w.name,
                f"with balance {w.balance}" if w.balance is not None else "",
                f"and currentBalance {w.now}" if w.now is not None else "",
            )
            if part
        )
        for w in wanted
    )


def shown(reply: Reply) -> str:
    """An answer in words."""
    if reply.name == LOST:
        return "no answer" + (f" ({reply.exchange.note})" if reply.exchange and reply.exchange.note else "")
    if reply.name == MALFORMED:
        return f"HTTP {reply.status}, outside the contract: {reply.fault}"
    parts = ["REPLAY" if reply.ok and reply.replay else reply.name]
    if reply.balance is not None:
        parts.append(f"with balance {reply.balance}")
    if reply.current is not None:
        parts.append(f"and currentBalance {reply.current}")
    return " ".join(parts)
