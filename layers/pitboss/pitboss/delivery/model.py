"""What leaves the hub for an operator: debits, refunds and payouts, and the tables of their lives.

A movement is one instruction to the operator's wallet under one reference that never changes. Amounts are integers of
the currency's smallest unit with the exponent beside them; instants are milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from pitboss.kernel.canonical import digest

Family = Literal["debit", "refund", "payout"]
DebitKind = Literal["buy_in", "rebuy", "add_on"]
PayoutKind = Literal["cash", "bonus", "free_rounds"]
Verdict = Literal["confirmed", "declined", "conflict", "unknown", "unsent"]
OutcomeState = Literal["confirmed", "declined", "unknown"]

# (state, event) -> state. A pair that is absent is not possible; tests walk every pair.
PAYOUT_LIFE: Mapping[tuple[str, str], str] = {
    ("planned", "approve"): "approved",
    ("planned", "resolve_cancelled"): "reversed",
    ("approved", "claim"): "sending",
    ("approved", "retry"): "approved",
    ("unknown", "claim"): "sending",
    ("unknown", "retry"): "unknown",
    ("sending", "claim"): "sending",  # the lease ran out: whoever held it died, the same reference goes again
    ("sending", "confirm"): "confirmed",
    ("sending", "decline"): "rejected",
    ("sending", "lose"): "unknown",
    ("sending", "give_up"): "manual",
    ("rejected", "retry"): "approved",
    ("rejected", "resolve_paid"): "confirmed",
    ("rejected", "resolve_cancelled"): "reversed",
    ("manual", "retry"): "approved",
    ("manual", "resolve_paid"): "confirmed",
    ("manual", "resolve_cancelled"): "reversed",
}
DEBIT_LIFE: Mapping[tuple[str, str], str] = {
    ("requested", "claim"): "requested",
    ("requested", "confirm"): "confirmed",
    ("requested", "decline"): "declined",
    ("requested", "lose"): "unknown",
    ("requested", "give_up"): "manual",
    ("requested", "undo"): "refunding",
    ("unknown", "claim"): "requested",
    ("unknown", "retry"): "unknown",
    ("unknown", "undo"): "refunding",
    ("manual", "retry"): "unknown",
    ("manual", "resolve_paid"): "confirmed",
    ("manual", "resolve_cancelled"): "declined",
    ("manual", "undo"): "refunding",
    ("confirmed", "undo"): "refunding",
    ("refunding", "undone"): "refunded",
}
LIVES: Mapping[Family, Mapping[tuple[str, str], str]] = {
    "payout": PAYOUT_LIFE,
    "refund": PAYOUT_LIFE,  # a refund pays, so it lives as a payout that needs no approval
    "debit": DEBIT_LIFE,
}
# Nothing is being sent any more, though a person may still act on rejected and manual.
AT_REST = frozenset({"confirmed", "declined", "rejected", "manual", "reversed", "refunding", "refunded"})
# A person has to act; these are the visible queues.
WAITING = frozenset({"planned", "rejected", "manual"})
STATES: Mapping[Family, tuple[str, ...]] = {
    "payout": ("planned", "approved", "sending", "unknown", "confirmed", "rejected", "manual", "reversed"),
    "refund": ("planned", "approved", "sending", "unknown", "confirmed", "rejected", "manual", "reversed"),
    "debit": ("requested", "unknown", "confirmed", "declined", "manual", "refunding", "refunded"),
}


@dataclass(frozen=True, slots=True)
class FreeRounds:
    """A prize of free rounds: `value` is the stake of one in minor units; `terms` whatever the prize table adds."""

    count: int
    value: int
    game_id: str
    valid_hours: int


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One prize of one entry, as settlement plans it.

    `ref` is stable: the same prize of the same entry has the same ref whenever it is planned again. A negative
    `amount` is a claw-back: it is listed for a person and never sent.
    """

    ref: str
    entry_id: str
    brand_id: str
    player_id: str
    kind: PayoutKind
    amount: int
    currency: str
    exponent: int
    rank: int = 0
    line: str = ""
    free_rounds: FreeRounds | None = None


class DebitTerms(TypedDict):
    """What is said of a debit that is asked for. Amounts in minor units; `ref` names it for ever."""

    ref: str
    kind: DebitKind
    entry_id: str
    brand_id: str
    player_id: str
    amount: int
    rake: int
    currency: str
    exponent: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked of the operator; it never changes, so that every attempt carries the same bytes.

    `amount` is the buy-in of a debit or refund (its `rake` comes on top) and the whole of a payout.
    """

    entry_id: str
    brand_id: str
    player_id: str
    amount: int
    rake: int
    currency: str
    exponent: int
    rank: int = 0
    line: str = ""
    result_version: int = 0
    refund_of: str = ""
    why: str = ""
    free_rounds: FreeRounds | None = None

    @property
    def total(self) -> int:
        """What moves, in minor units."""
        return self.amount + self.rake


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: `outcome` is `open` until it is known how it ended, for ever if the sender died."""

    at: int
    outcome: str
    status: int = 0
    detail: str = ""
    elapsed_ms: int = 0


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did: approve, retry, resolve_paid, resolve_cancelled; `by` is the key's id."""

    at: int
    by: str
    action: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """A debit, refund or payout with all that happened to it.

    `due_at` is when it must be looked at again (None: never by itself); `told` is whether the tournament has heard how
    it ended; `sent_since` is when the present series of attempts began (a retry by hand begins a new one).
    """

    tenant_id: str
    tournament_id: str
    family: Family
    ref: str
    kind: str
    state: str
    terms: Terms | None
    created_at: int
    version: int = 1
    due_at: int | None = None
    lease_until: int = 0
    sent_since: int = 0
    tries: int = 0
    told: bool = True
    transaction_id: str = ""
    reason: str = ""
    refund_ref: str = ""
    attempts: tuple[Attempt, ...] = ()
    acts: tuple[Act, ...] = ()

    @property
    def id(self) -> str:
        """The public id: finds the movement without an index."""
        return f"{self.tournament_id}.{self.ref}"

    @property
    def at_rest(self) -> bool:
        """Whether nothing will be sent any more unless a person acts."""
        return self.state in AT_REST


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a debit stands for the tournament: confirmed, declined, or unknown (the seat is held)."""

    ref: str
    state: OutcomeState
    reason: str = ""
    transaction_id: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from a callback. `verdict` is never a guess: anything that is not a plain yes or no is `unknown`;
    `unsent` means that not one byte of the request left."""

    verdict: Verdict
    status: int = 0
    detail: str = ""
    transaction_id: str = ""
    advised_s: int = 0
    elapsed_ms: int = 0


def terms_document(terms: Terms) -> dict[str, Any]:
    """Terms as plain data, for storage and fingerprint."""
    rounds = terms.free_rounds
    return {
        "entryId": terms.entry_id,
        "brandId": terms.brand_id,
        "playerId": terms.player_id,
        "amount": terms.amount,
        "rake": terms.rake,
        "currency": terms.currency,
        "exponent": terms.exponent,
        "rank": terms.rank,
        "line": terms.line,
        "resultVersion": terms.result_version,
        "refundOf": terms.refund_of,
        "why": terms.why,
        "freeRounds": None
        if rounds is None
        else {
            "count": rounds.count,
            "value": rounds.value,
            "gameId": rounds.game_id,
            "validHours": rounds.valid_hours,
        },
    }


def terms_from(document: Mapping[str, Any]) -> Terms:
    """The inverse of `terms_document`."""
    rounds = document.get("freeRounds")
    return Terms(
        entry_id=document["entryId"],
        brand_id=document["brandId"],
        player_id=document["playerId"],
        amount=document["amount"],
        rake=document["rake"],
        currency=document["currency"],
        exponent=document["exponent"],
        rank=document["rank"],
        line=document["line"],
        result_version=document["resultVersion"],
        refund_of=document["refundOf"],
        why=document["why"],
        free_rounds=FreeRounds(rounds["count"], rounds["value"], rounds["gameId"], rounds["validHours"])
        if rounds
        else None,
    )


def fingerprint(kind: str, terms: Terms) -> str:
    """Two requests under one reference are the same request exactly when these are equal."""
    return digest({"kind": kind, **terms_document(terms)})
