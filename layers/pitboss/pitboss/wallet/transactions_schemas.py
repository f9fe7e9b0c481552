"""Bodies and answers of the routes about transactions and rounds of the wallet."""

from typing import Annotated, Literal

from pydantic import Field

from pitboss.platform.models import Model


class WalletTransaction(Model):
    """A transaction as the hub recorded it for good."""

    hub_transaction_id: str
    transaction_id: str = Field(
        description="The provider's own id; of deposits and withdrawals the caller's."
    )
    provider: str = Field(description="The integration; `hub` for deposits and withdrawals.")
    kind: Literal["bet", "win", "rollback", "end", "deposit", "withdraw"]
    type: str | None
    state: Literal["DONE", "REFUSED", "ROLLED_BACK", "TOMBSTONE", "PENDING", "UNKNOWN", "FAILED"]
    player_id: str
    brand_id: str
    user_id: str
    round_id: str | None
    game_id: str | None
    amount: str
    currency: str
    before: str | None = Field(description="The balance before it; null where the operator has not told it.")
    after: str | None
    reference: str | None = Field(description="The bet that a win names, or what a rollback undoes.")
    undone_by: str | None = Field(description="The rollback that undid it.")
    refusal: str | None = Field(description="Why it was refused, or why it failed.")
    operator_transaction_id: str | None
    free_rounds_id: str | None
    session_id: str | None
    at: str
    attempts: int = Field(description="Calls of the operator's wallet so far.")
    next_attempt_at: str | None
    undoing: bool = Field(description="The hub is rolling back a bet whose answer never came.")
    note: str | None
    expires_at: str | None = Field(description="When the record is deleted: null, it is kept for good.")


class WalletTransactionList(Model):
    """A page of transactions."""

    transactions: list[WalletTransaction]
    next_cursor: str | None


class ResolveTransaction(Model):
    """What a person found out about a failed transaction."""

    resolution: Literal["done", "void"] = Field(
        description="`done`: it has been carried out at the operator. `void`: it never was and never will be."
    )
    note: Annotated[str, Field(min_length=3, max_length=200)] = Field(
        description="Kept with the transaction."
    )


class RetryTransaction(Model):
    """Ask the operator again."""

    note: Annotated[str, Field(max_length=200)] = ""


class WalletRoundTransaction(Model):
    """A transaction of a round, in order."""

    kind: Literal["bet", "win"]
    transaction_id: str
    reference: str | None
    rolled_back: bool


class WalletRound(Model):
    """A round of one player. Free bets add nothing to the stake; what was rolled back is not counted."""

    provider: str
    round_id: str
    game_id: str
    player_id: str
    brand_id: str
    user_id: str
    status: Literal["open", "completed", "cancelled"]
    stake: str
    win: str
    currency: str
    bets: int
    wins: int
    started_at: str
    settled_at: str | None
    revision: int
    free_rounds_id: str | None
    transactions: list[WalletRoundTransaction]


class WalletRounds(Model):
    """The rounds of that id: one for each player and provider that used it."""

    rounds: list[WalletRound]


class OpenRounds(Model):
    """Rounds that are open for longer than asked, the oldest first as far as known."""

    rounds: list[WalletRound]
    next_cursor: str | None
