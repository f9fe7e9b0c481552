"""What the demo wallet takes and tells, for the contract's document. An operator ignores members that it does not know."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from pitboss.platform.models import Model

_OPEN = ConfigDict(extra="ignore")
Name = Annotated[str, Field(min_length=1, max_length=256)]
Money = Annotated[str, Field(pattern=r"^(0|[1-9]\d{0,17})(\.\d{1,8})?$")]
FaultKind = Literal[
    "drop-before",
    "drop-after",
    "slow",
    "late",
    "html",
    "empty",
    "malformed",
    "error500",
    "unknown-status",
    "lying-balance",
    "duplicate",
    "refuse",
]


class BalanceCallback(Model):
    """The hub asks what a player holds."""

    model_config = _OPEN

    action: Literal["balance"]
    tenant_id: Name
    brand_id: Name
    user_id: Name
    currency: str


class _Money(Model):
    model_config = _OPEN

    action: Literal["bet", "win", "rollback"]
    transaction_id: Name = Field(description="The hub's id of it: the key of idempotency.")
    provider: Name
    provider_transaction_id: Name
    round_id: Name | None = None
    game_id: Name | None = None
    amount: Money
    type: str = Field(
        description="bet, free, jackpot, tip; win, free, promo, jackpot; rollback, win_reversal."
    )
    round_closed: bool = False
    free_rounds_id: Name | None = None
    bet_transaction_id: Name | None = Field(None, description="Win: the hub's id of the bet it pays.")
    original_transaction_id: Name | None = Field(None, description="Rollback: the hub's id of what to undo.")
    win_transaction_ids: list[Name] | None = Field(
        None, description="Rollback of type resettle: the wins to take back before the stake is returned."
    )
    face_amount: Money | None = Field(None, description="Free rounds: what the stake or bonus win is worth.")
    at: str


class MoneyCallback(_Money):
    """A bet to take, a win to pay, a transaction to undo."""

    tenant_id: Name
    brand_id: Name
    user_id: Name
    session_id: Name | None = None
    currency: str


class ListCallback(Model):
    """Actions that succeed or fail together."""

    model_config = _OPEN

    action: Literal["transaction"]
    transaction_id: Name = Field(description="The list's own id.")
    tenant_id: Name
    brand_id: Name
    user_id: Name
    session_id: Name | None = None
    currency: str
    provider: Name
    actions: Annotated[list[_Money], Field(min_length=1, max_length=20)]
    at: str


class WalletAnswer(Model):
    """A definite yes (`OK`) or no (a name of the catalogue)."""

    status: str
    balance: str | None = None
    currency: str | None = None
    transaction_id: str | None = None
    replay: bool | None = None
    current_balance: str | None = None
    detail: str | None = None


class WalletFaultOrder(Model):
    """An answer to get wrong."""

    kind: FaultKind
    action: Literal["balance", "bet", "win", "rollback", "transaction", "*"] = "*"
    user_id: Name | None = Field(None, description="Only calls about this player.")
    times: Annotated[int, Field(ge=1, le=1000)] = 1
    commit: bool | None = Field(
        None,
        description="Whether the work is done all the same; by default for drop-after, slow, late, lying-balance and duplicate.",
    )
    delay_ms: Annotated[int, Field(ge=1, le=12_000)] | None = Field(
        None, description="For slow (answers late) and late (begins late)."
    )
    name: str | None = Field(None, description="For refuse: the status to answer.")


class WalletFaults(Model):
    """What to get wrong next, in this order."""

    tenant_id: Name
    faults: Annotated[list[WalletFaultOrder], Field(max_length=50)]
    replace: bool = Field(default=False, description="Drop what is still pending.")


class WalletFaultsSet(Model):
    """How many wrong answers are due."""

    pending: int


class WalletLimits(Model):
    """The casino's own limits."""

    max_bet: Money | None = None


class WalletControl(Model):
    """A player to create or to change."""

    tenant_id: Name
    brand_id: Name
    user_id: Name
    currency: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{2,9}$")] | None = None
    balance: Money | None = None
    status: Literal["active", "blocked", "selfExcluded", "closed"] | None = None
    limits: WalletLimits | None = None


class WalletTold(Model):
    """A transaction that the wallet was told of."""

    action: str
    transaction_id: str
    provider_transaction_id: str
    amount: str
    state: Literal["DONE", "REFUSED", "ROLLED_BACK", "TOMBSTONE"]
    status: str
    at: str


class WalletPlayer(Model):
    """A player of the demo wallet."""

    brand_id: str
    user_id: str
    balance: str
    currency: str
    status: Literal["active", "blocked", "selfExcluded", "closed"]
    max_bet: str | None
    transactions: list[WalletTold]
