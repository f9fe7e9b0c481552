"""What the demo game takes and tells."""

from typing import Annotated, Literal

from pydantic import Field

from pitboss.platform.models import Id, Model

Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Money = Annotated[str, Field(max_length=40, pattern=r"^(0|[1-9]\d{0,17})(\.\d{1,8})?$")]


class SetProvider(Model):
    """How the game speaks to the hub for a tenant: what an integration is given when it begins."""

    tenant_id: Id
    integration_id: Id
    hub_url: Annotated[str, Field(max_length=500, pattern=r"^https?://[!-~]+$")] = Field(
        description="Base of the hub's routes, without /wallet."
    )
    api_token: Annotated[str, Field(min_length=1, max_length=200)]
    wallet_secret: Annotated[str, Field(max_length=200, pattern=r"^whsec_[A-Za-z0-9+/=]+$")]


class ProviderSet(Model):
    """Kept."""

    tenant_id: str
    integration_id: str


class OpenGame(Model):
    """What the launch URL said, and a word of the page's own that names this opening."""

    open_id: Word
    mode: Literal["real", "demo"] = "real"
    game_id: Id
    tenant_id: Id | None = None
    launch_token: Annotated[str, Field(min_length=1, max_length=600)] | None = None
    free_rounds_id: Annotated[str, Field(max_length=100)] = ""
    free_rounds_bet: Annotated[str, Field(max_length=40)] = ""


class GameOpened(Model):
    """The play, and the wheel's pay table: multiplier of the bet and how many of a thousand segments pay it."""

    play_id: str
    mode: Literal["real", "demo"]
    currency: str
    balance: str
    bets: list[str]
    free_bet: str | None
    paytable: list[list[int]]
    return_percent: str


class SpinWheel(Model):
    """One turn; the same `spinId` again gets the same turn."""

    play_id: Word
    spin_id: Word
    bet: Money | None = None
    free: bool = False


class WheelSpun(Model):
    """What the wheel said, and what the wallet said to it."""

    spin_id: str
    state: Literal["drawn", "bet", "undo", "done", "refused", "undone", "failed"]
    segment: int
    multiplier: int
    bet: str
    free: bool
    win: str
    balance: str | None
    refusal: str | None
    detail: str | None
