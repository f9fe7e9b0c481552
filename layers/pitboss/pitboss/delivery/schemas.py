"""Bodies and answers of the routes of money out."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from pitboss.platform.models import Model

_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
Reason = Annotated[str, Field(min_length=3, max_length=500, pattern=_PRINTABLE)]


class Resolve(Model):
    """How a person found it to have ended, on the operator's side."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"outcome": "paid", "reason": "Paid by hand on 31 January", "transactionId": "wallet-7731"}
            ]
        }
    )

    outcome: Literal["paid", "cancelled"] = Field(
        description="`paid`: the money moved; `cancelled`: it did not and will not."
    )
    reason: Reason
    transaction_id: Annotated[str, Field(min_length=1, max_length=200, pattern=_PRINTABLE)] | None = Field(
        None, description="The operator's own id of it, for the books."
    )


class AttemptView(Model):
    """One try. `open` is one whose sender never came back."""

    at: str
    outcome: Literal["open", "confirmed", "declined", "conflict", "unknown", "unsent"]
    http_status: int | None
    detail: str | None
    elapsed_ms: int


class ActView(Model):
    """What a person did."""

    at: str
    by: str = Field(description="Id of the API key.")
    action: Literal["approve", "retry", "resolve_paid", "resolve_cancelled"]
    reason: str | None


class FreeRoundsView(Model):
    """A prize of free rounds; `value` is the stake of one."""

    count: int
    value: str
    game_id: str
    valid_hours: int


class Payout(Model):
    """A prize on its way to a player. Amounts are decimal strings in major units."""

    payout_id: str
    payout_ref: str = Field(description="Stable over all attempts; the operator's key of idempotency.")
    tournament_id: str
    entry_id: str
    brand_id: str
    player_id: str
    kind: Literal["cash", "bonus", "free_rounds"]
    state: Literal["planned", "approved", "sending", "unknown", "confirmed", "rejected", "manual", "reversed"]
    amount: str
    currency: str
    free_rounds: FreeRoundsView | None
    rank: int
    prize_line: str
    result_version: int
    transaction_id: str | None = Field(description="The operator's own id of it.")
    reason: str | None = Field(description="Why it stands where it stands.")
    created_at: str
    next_attempt_at: str | None
    version: int
    attempts: list[AttemptView]
    acts: list[ActView]


class PayoutList(Model):
    """A page of payouts."""

    payouts: list[Payout]
    next_cursor: str | None


class Debit(Model):
    """A buy-in, rebuy, add-on or refund. `amount` is `buyIn` and `rake` together."""

    debit_id: str
    debit_ref: str
    tournament_id: str
    entry_id: str | None
    brand_id: str | None
    player_id: str | None
    kind: Literal["buy_in", "rebuy", "add_on", "refund", "cancelled"]
    state: Literal[
        "requested",
        "unknown",
        "confirmed",
        "declined",
        "manual",
        "refunding",
        "refunded",
        "approved",
        "sending",
        "rejected",
        "reversed",
    ] = Field(description="approved, sending, rejected and reversed are states of refunds.")
    amount: str | None
    buy_in: str | None
    rake: str | None
    currency: str | None
    refund_of: str | None
    refund_ref: str | None
    transaction_id: str | None
    reason: str | None
    created_at: str
    next_attempt_at: str | None
    version: int
    attempts: list[AttemptView]
    acts: list[ActView]


class DebitList(Model):
    """A page of debits and refunds."""

    debits: list[Debit]
    next_cursor: str | None


class CallbackSecret(Model):
    """What callbacks to this tenant are signed with (Standard Webhooks)."""

    secret: str = Field(description="`whsec_` and base64; give it to a `standardwebhooks` library.")
