"""What the demo casino takes and tells. An operator ignores members that it does not know, and so does this one."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from pitboss.platform.models import Id, Model

_OPEN = ConfigDict(extra="ignore")
Ref = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
Money = Annotated[str, Field(pattern=r"^(0|[1-9]\d{0,17})(\.\d{1,8})?$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{2,9}$")]


class GivenFreeRounds(Model):
    """A prize of free rounds."""

    model_config = _OPEN

    count: Annotated[int, Field(ge=1, le=1_000_000)]
    value: Money
    game_id: Id
    valid_hours: int


class _Callback(Model):
    model_config = _OPEN

    ref: Ref
    tenant_id: Ref
    tournament_id: Ref
    brand_id: Id
    player_id: Id
    amount: Money
    currency: Currency


class PayoutCallback(_Callback):
    """A prize for a player."""

    type: Literal["payout"]
    kind: Literal["cash", "bonus", "free_rounds"]
    free_rounds: GivenFreeRounds | None = None


class DebitCallback(_Callback):
    """A buy-in, rebuy or add-on to take, or (refund) one to give back."""

    type: Literal["debit", "refund"]
    kind: Literal["buy_in", "rebuy", "add_on", "refund"]
    refund_of: Ref | None = None


class CallbackAnswer(Model):
    """A definite yes or no."""

    status: Literal["confirmed", "declined"]
    ref: str
    transaction_id: str
    reason: str | None = None


class DemoWallet(Model):
    """A player's wallet in one currency."""

    currency: str
    balance: str
    bonus: str
    free_rounds: int


class DemoPlayer(Model):
    """A player of the demo casino; no wallets before the first movement."""

    brand_id: str
    player_id: str
    wallets: list[DemoWallet]


class ToldTransaction(Model):
    """An order that the casino was given and what it answered."""

    ref: str
    type: Literal["debit", "refund", "payout"]
    kind: str
    tournament_id: str
    brand_id: str
    player_id: str
    amount: str
    currency: str
    refund_of: str | None
    status: Literal["confirmed", "declined"]
    reason: str | None
    transaction_id: str
    at: str


class ToldTransactions(Model):
    """A page of what the casino was told about a tournament."""

    transactions: list[ToldTransaction]
    next_cursor: str | None


class FaultOrder(Model):
    """An answer to get wrong."""

    kind: Literal["error500", "html", "empty", "malformed", "timeout", "decline"]
    on: Literal["payout", "debit", "refund", "any"] = "any"
    times: Annotated[int, Field(ge=1, le=1000)] = 1
    commit: bool | None = Field(
        None, description="Whether the work is done all the same; by default only before `timeout`."
    )


class Faults(Model):
    """What to get wrong next, in this order; it replaces what was left of earlier orders."""

    tournament_id: Ref | None = Field(None, description="Only calls about this tournament.")
    faults: Annotated[list[FaultOrder], Field(max_length=50)]


class FaultsSet(Model):
    """How many wrong answers are due."""

    pending: int
