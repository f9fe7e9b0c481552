"""The demo casino's book-keeping, in plain records. Amounts are integers of the currency's smallest unit."""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["error500", "html", "empty", "malformed", "timeout", "decline"]
# What every player of the demo casino begins with, in each currency: a thousand of it.
OPENING_MAJOR = 1000
# Longer than the hub waits (8 s), shorter than this function may take.
HOLD_S = 9


@dataclass(frozen=True, slots=True)
class Order:
    """A callback, taken apart. `fingerprint` is of the body's bytes."""

    type: Literal["debit", "refund", "payout"]
    ref: str
    tenant_id: str
    tournament_id: str
    brand_id: str
    player_id: str
    kind: str
    amount: int
    currency: str
    exponent: int
    refund_of: str
    free_rounds: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an order: kept for ever, since the same reference must get the same answer."""

    order: Order
    status: Literal["confirmed", "declined"]
    reason: str
    transaction_id: str
    at: int


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that the casino is told to get wrong, `left` more times. `commit`: it does the work all the same."""

    kind: Kind
    on: str
    left: int
    commit: bool


def answer_of(done: Done) -> dict[str, Any]:
    """What the callback answers."""
    body = {"status": done.status, "ref": done.order.ref, "transactionId": done.transaction_id}
    return body | ({"reason": done.reason} if done.reason else {})


def exponent_of_amount(text: str) -> int:
    """The hub writes all decimals of a currency, so the text says how many there are."""
    return len(text.partition(".")[2])


def next_fault(faults: list[Fault], order_type: str) -> tuple[Fault | None, list[Fault]]:
    """The first fault that is meant for this kind of order, and what is left afterwards."""
    for place, fault in enumerate(faults):
        if fault.on in ("any", order_type):
            rest = [Fault(fault.kind, fault.on, fault.left - 1, fault.commit)] if fault.left > 1 else []
            return fault, [*faults[:place], *rest, *faults[place + 1 :]]
    return None, faults
