"""The provider's messages and our answers, as documentation: the hot path checks them by hand (parse.py)."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from pitboss.platform.models import Model

Ref = Annotated[
    str, Field(min_length=1, max_length=256, description="1 to 256 characters, no control characters.")
]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Amount = Annotated[
    str | float, Field(description='Major units, plain decimal: "10.00" or 10.00; never rounded.')
]
Token = Annotated[
    str, Field(description="The session token; wins and rollbacks may name brandId and userId instead.")
]


Shown = Annotated[
    str | int,
    Field(
        description="A decimal string in major units; an integer of the scale where the integration's `moneyScale` has one."
    ),
]


class _Message(Model):
    """Fields that are not known are ignored, with a warning in the answer."""

    model_config = ConfigDict(extra="allow")

    session_token: Token | None = None
    brand_id: Name | None = None
    user_id: Name | None = None


class AuthenticateBody(_Message):
    """Check a session, or exchange a launch token (once) for one."""

    action: Literal["authenticate"]
    launch_token: str | None = None


class BalanceBody(_Message):
    """Ask for the balance."""

    action: Literal["balance"]


class BetAction(Model):
    """A bet. `free` bets cost no cash; `roundClosed` says that nothing more comes in this round."""

    model_config = ConfigDict(extra="allow")

    action: Literal["bet"]
    transaction_id: Ref
    round_id: Ref
    game_id: Name
    amount: Amount
    currency: str
    type: Literal["bet", "free", "jackpot", "tip"] = "bet"
    free_rounds_id: str | None = None
    round_closed: bool = False


class WinAction(Model):
    """A win: of a bet (`betTransactionId`), of its round, or a promotion's."""

    model_config = ConfigDict(extra="allow")

    action: Literal["win"]
    transaction_id: Ref
    bet_transaction_id: Ref | None = None
    round_id: Ref
    game_id: Name
    amount: Amount
    currency: str
    type: Literal["win", "free", "promo", "jackpot"] = "win"
    free_rounds_id: str | None = None
    round_closed: bool = False


class RollbackAction(Model):
    """Take a bet back. What is not known yet is refused when it comes later."""

    model_config = ConfigDict(extra="allow")

    action: Literal["rollback"]
    transaction_id: Ref | None = Field(
        None,
        description="Required, unless the integration's `rollbackId` is `bet`: then it may be left out, and the rollback is "
        "known by the id of what it takes back.",
    )
    original_transaction_id: Ref
    original_action: Literal["bet", "win"] | None = None
    round_id: Ref | None = None
    game_id: Name | None = None
    amount: Amount | None = None
    currency: str | None = None
    round_closed: bool = False


class EndRoundAction(Model):
    """Nothing more comes in this round."""

    model_config = ConfigDict(extra="allow")

    action: Literal["end-round"]
    transaction_id: Ref
    round_id: Ref
    game_id: Name | None = None


class BetBody(BetAction, _Message):
    """POST /wallet/bet."""


class WinBody(WinAction, _Message):
    """POST /wallet/win."""


class RollbackBody(RollbackAction, _Message):
    """POST /wallet/rollback."""


class EndRoundBody(EndRoundAction, _Message):
    """POST /wallet/end-round."""


class TransactionBody(_Message):
    """Up to 20 actions in order, all or nothing; roundId, gameId and currency may be said once for all."""

    action: Literal["transaction"]
    round_id: Ref | None = None
    game_id: Name | None = None
    currency: str | None = None
    actions: Annotated[
        list[BetAction | WinAction | RollbackAction | EndRoundAction], Field(min_length=1, max_length=20)
    ]


class WhoPlays(Model):
    """Who plays."""

    status: Literal["OK"]
    code: Literal[0]
    player_id: str = Field(description="The casino's own id of the player (`userId`).")
    brand_id: str
    session_id: str
    currency: str
    balance: Shown
    country: str
    language: str
    expires_at: str
    reality_check_minutes: int
    session_token: str | None = Field(None, description="Where a launch token was exchanged.")


class BalanceAnswer(Model):
    """The balance."""

    status: Literal["OK"]
    code: Literal[0]
    balance: Shown
    currency: str
    warnings: list[str] | None = None


class ActionAnswer(Model):
    """What became of one action of a list."""

    action: Literal["bet", "win", "rollback", "end-round"]
    transaction_id: str
    hub_transaction_id: str
    replay: bool
    balance: Shown | None = None
    round_status: Literal["open", "completed", "cancelled"] | None = None


class MoneyAnswer(Model):
    """What became of the call. At a replay `balance` is that of the first time and `currentBalance` that of now."""

    status: Literal["OK"]
    code: Literal[0]
    transaction_id: str
    hub_transaction_id: str
    balance: Shown
    currency: str
    replay: bool
    current_balance: Shown | None = None
    round_status: Literal["open", "completed", "cancelled"] | None = None
    free_rounds_left: int | None = None
    results: list[ActionAnswer] | None = None
    warnings: list[str] | None = None
