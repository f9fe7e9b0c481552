"""The seamless contract as messages (docs/seamless.md): what the hub sends to an operator's wallet, and what an answer
means. Pure.

A message is made from the recorded transaction alone, so that the same transaction is the same message whenever it is
sent again. An answer is a yes, a definite no, or unknown; there is no fourth, and nothing is guessed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from pitboss.kernel.ids import derive_ulid
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import AmountError, format_amount, parse_amount
from pitboss.wallet.model import Tx, Wallet

# What an operator may say no with, and the catalogue's name of it. Anything else is no answer.
REFUSALS: Mapping[str, str] = {
    "INSUFFICIENT_FUNDS": "BALANCE_NOT_ENOUGH",
    "PLAYER_NOT_FOUND": "USER_NOT_FOUND",
    **{
        name: name
        for name in (
            "BALANCE_NOT_ENOUGH",
            "USER_NOT_FOUND",
            "PLAYER_BLOCKED",
            "PLAYER_SELF_EXCLUDED",
            "PLAYER_CLOSED",
            "PLAYER_COOLING_OFF",
            "SESSION_EXPIRED",
            "BET_LIMIT",
            "LOSS_LIMIT",
            "SESSION_TIME_LIMIT",
            "REALITY_CHECK_REQUIRED",
            "COUNTRY_RESTRICTED",
            "GAME_NOT_FOUND",
            "GAME_DISABLED",
            "CURRENCY_MISMATCH",
            "ROUND_CLOSED",
            "TX_NOT_FOUND",
            "TX_CONFLICT",
            "TX_ROLLED_BACK",
            "TX_ALREADY_SETTLED",
            "NOT_ROLLBACKABLE",
            "INVALID_AMOUNT",
            "AMOUNT_PRECISION",
            "AMOUNT_LIMIT",
            "FREEROUND_NOT_FOUND",
            "FREEROUND_EXHAUSTED",
        )
    },
}
# A rollback that is answered so has nothing left to undo.
_UNDONE = frozenset({"TX_NOT_FOUND", "TX_ROLLED_BACK"})
# With these an operator may refuse a provider's rollback for good; any other no to it is a person's to look at.
_NO_ROLLBACK = frozenset({"TX_ALREADY_SETTLED", "NOT_ROLLBACKABLE", "BALANCE_NOT_ENOUGH", "TX_CONFLICT"})
DETAIL_MAX = 200
# What a transaction's `marks` say of its message: the provider closes the round with it; it is a bonus win, which is no
# cash; it settles a bet anew, and takes back the wins whose hub ids follow, apart by commas.
CLOSES, BONUS, RESETTLES = "c", "b", "r:"

Verdict = Literal["done", "refused", "unclear", "stuck"]


@dataclass(frozen=True, slots=True)
class Yes:
    """It is done (now or before). `balance` in minor units, `theirs` the operator's own id of it."""

    balance: int
    theirs: str = ""


@dataclass(frozen=True, slots=True)
class No:
    """A definite refusal: nothing has moved, under this id nothing ever will. `name` is the catalogue's."""

    name: str
    balance: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Whether it was done nobody can say. `sent` is False when the request never left."""

    why: str
    timed_out: bool = False
    sent: bool = True


Answer = Yes | No | Unknown


@dataclass(frozen=True, slots=True)
class Message:
    """One call of an operator's wallet: POST `<wallet URL>/<path>`. `id` is its webhook-id, the same at each repetition."""

    id: str
    path: Literal["balance", "bet", "win", "rollback", "transaction"]
    body: Mapping[str, Any]


# ---------------------------------------------------------------- messages
def ask_of(tx: Tx) -> Message:
    """The message that has a transaction carried out."""
    path: Any = tx.kind
    return Message(tx.hub_id, path, {**_head(tx), **_action(tx)})


def list_of(txs: Sequence[Tx]) -> Message:
    """One message for a whole list; the first transaction names it."""
    leader = txs[0]
    body = {
        **_head(leader),
        "action": "transaction",
        "transactionId": list_id(leader),
        "actions": [_action(tx) for tx in txs],
        "at": format_instant(leader.at),
    }
    return Message(list_id(leader), "transaction", body)


def list_id(leader: Tx) -> str:
    """The id under which an operator knows a list."""
    return derive_ulid(leader.hub_id, "list")


def undo_of(tx: Tx) -> Message:
    """The hub's own rollback of a bet whose answer never came."""
    own = derive_ulid(tx.hub_id, "undo")
    body = {
        **_head(tx),
        "action": "rollback",
        "transactionId": own,
        "providerTransactionId": tx.ext_id,
        "amount": format_amount(cash(tx), tx.exponent),
        "gameId": tx.game_id,
        "roundId": tx.round_id,
        "roundClosed": False,
        "type": "rollback",
        "originalTransactionId": tx.hub_id,
        "at": format_instant(tx.at),
    }
    return Message(own, "rollback", body)


def balance_of(wallet: Wallet, message_id: str, session_id: str = "") -> Message:
    """The question what a player holds."""
    body = {
        "action": "balance",
        "tenantId": wallet.tenant_id,
        "brandId": wallet.brand_id,
        "userId": wallet.user_id,
        "currency": wallet.currency,
    }
    if session_id:
        body["sessionId"] = session_id
    return Message(message_id, "balance", body)


def _head(tx: Tx) -> dict[str, Any]:
    head = {
        "tenantId": tx.tenant_id,
        "brandId": tx.brand_id,
        "userId": tx.user_id,
        "currency": tx.currency,
        "provider": tx.provider,
    }
    if tx.session_id:
        head["sessionId"] = tx.session_id
    if tx.external_session_id:
        head["externalSessionId"] = tx.external_session_id
    return head


def cash(tx: Tx) -> int:
    """What the operator is to move. Free rounds are the house's and bonus wins stay with the grant: the operator hears of
    them, and whoever moves the amount blindly moves nothing."""
    free = (tx.kind, tx.type) == ("bet", "free") or tx.marks.partition(RESETTLES)[0].endswith(BONUS)
    return 0 if free else tx.amount


def _type(tx: Tx) -> str:
    if tx.kind != "rollback":
        return tx.type or tx.kind
    if tx.type == "win":
        return "win_reversal"
    return "resettle" if RESETTLES in tx.marks else "rollback"


def _action(tx: Tx) -> dict[str, Any]:
    body: dict[str, Any] = {
        "action": tx.kind,
        "transactionId": tx.hub_id,
        "providerTransactionId": tx.ext_id,
        "amount": format_amount(cash(tx), tx.exponent),
        "gameId": tx.game_id,
        "roundId": tx.round_id,
        "roundClosed": tx.marks.startswith(CLOSES),
        "type": _type(tx),
        "at": format_instant(tx.at),
    }
    if tx.free_id and tx.free_id != "-":
        body["freeRoundsId"] = tx.free_id
    if cash(tx) != tx.amount:
        body["faceAmount"] = format_amount(tx.amount, tx.exponent)
    if tx.kind == "win" and tx.ref_hub_id:
        body["betTransactionId"] = tx.ref_hub_id
    if tx.kind == "rollback":
        body["originalTransactionId"] = tx.ref_hub_id
        if RESETTLES in tx.marks:
            body["winTransactionIds"] = tx.marks.partition(RESETTLES)[2].split(",")
    return body


# ---------------------------------------------------------------- answers
def read_answer(status: int, body: bytes, *, cut: bool, currency: str, exponent: int) -> Answer:
    """What an operator's answer says.

    * yes: 2xx and `{"status": "OK", "balance": "990.00"}` in the wallet's currency and decimals
    * no: 2xx or 4xx and `{"status": <one of REFUSALS>}`
    * everything else is unknown: 3xx, 5xx, HTML, nothing, a cut body, another status, a balance that cannot be read
    """
    document = None if cut else _json_object(body)
    if document is None:
        said = (
            "the answer was cut at the limit" if cut else "not a JSON object" if body else "an empty answer"
        )
        return Unknown(f"HTTP {status}, {said}")
    word = document.get("status")
    if isinstance(word, str) and word in REFUSALS and (200 <= status < 300 or 400 <= status < 500):
        balance = _balance(document.get("balance"), exponent)
        detail = _short(document.get("detail") or document.get("message"))
        return No(REFUSALS[word], balance if isinstance(balance, int) else None, detail)
    if word != "OK" or not 200 <= status < 300:
        shown = _short(word) if isinstance(word, str) else "no status"
        return Unknown(f"HTTP {status}, {shown or 'no status'} is neither OK nor a refusal that we know")
    told = document.get("currency", currency)
    if told != currency:
        return Unknown(f"OK, but in currency {_short(told)} instead of {currency}")
    balance = _balance(document.get("balance"), exponent)
    if not isinstance(balance, int):
        return Unknown(f"OK, but the balance cannot be read: {balance}")
    return Yes(balance, _short(document.get("transactionId"))[:100])


def _balance(value: Any, exponent: int) -> int | str:
    if value is None:
        return "it is missing"
    try:
        return parse_amount(value, exponent)
    except AmountError as error:
        return str(error)


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body.decode("utf-8"), parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        return None
    return document if isinstance(document, dict) else None


def _short(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    # Surrogates and control characters would not survive storage and logs.
    return "".join(c for c in str(value)[:DETAIL_MAX] if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF)


# ---------------------------------------------------------------- what an answer means for a transaction
def verdict(kind: str, answer: Answer, *, undo: bool) -> Verdict:
    """`done`; `refused` (final, nothing moved); `unclear` (ask again, or undo); `stuck` (a person has to look).

    A bet is refused by any definite no. A win is owed: a no to it is never the end of it. A rollback of what the operator
    never had, or has rolled back already, is done.
    """
    match answer:
        case Yes():
            return "done"
        case Unknown():
            return "unclear"
        case No(name=name):
            if undo or kind == "rollback":
                if name in _UNDONE:
                    return "done"
                return "refused" if name in _NO_ROLLBACK and not undo else "stuck"
            return "refused" if kind == "bet" else "stuck"
