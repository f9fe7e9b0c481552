"""Bodies and answers of the routes of players, launches and free rounds."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from pitboss.platform.models import Amount, Currency, Id, Instant, Model, Name

Country = Annotated[
    str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1, two letters.", examples=["MT"])
]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$", examples=["en"])]
Jurisdiction = Annotated[
    str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,8})?$", description="As in `MT`, `US-NJ`.", examples=["MT"])
]
BirthYear = Annotated[int, Field(ge=1900, le=2100)]
RealityCheck = Annotated[int, Field(ge=0, le=1440, description="Minutes between two reminders; 0 for none.")]
Device = Literal["desktop", "mobile", "tablet"]
TransactionId = Annotated[
    str,
    Field(min_length=1, max_length=128, pattern=r"^[!-~]+$", description="Your own; new for each movement."),
]
Status = Literal["active", "blocked", "closed"]


class CreatePlayer(Model):
    """A player, by brand and the casino's own id. Members left out are not told."""

    brand_id: Id
    user_id: Id
    display_name: Name | None = None
    country: Country | None = None
    language: Language | None = None
    jurisdiction: Jurisdiction | None = None
    birth_year: BirthYear | None = None
    reality_check_minutes: RealityCheck | None = Field(None, description="60 when left out.")
    currency: Currency | None = Field(None, description="The agent's, if at all: an agent has one.")


class LimitWish(Model):
    """Limits to change; null lifts one. Stricter at once, looser after 24 hours."""

    max_bet: Amount | None = None
    daily_loss: Amount | None = Field(None, description="Bets less wins of a UTC day.")
    weekly_loss: Amount | None = Field(None, description="Bets less wins of a UTC week, from Monday.")
    session_minutes: Annotated[int, Field(ge=1, le=1440)] | None = None


class ChangePlayer(Model):
    """Members left out stay as they are; null clears what may be empty."""

    display_name: Name | None = None
    country: Country | None = None
    language: Language | None = None
    jurisdiction: Jurisdiction | None = None
    birth_year: BirthYear | None = None
    reality_check_minutes: RealityCheck | None = None
    status: Status = Field("active", description="Left out: as it is. A closed account stays closed.")
    self_excluded_until: Instant | None = Field(None, description="While it lasts it can only be extended.")
    cool_off_until: Instant | None = Field(None, description="While it lasts it can only be extended.")
    limits: LimitWish | None = None


class PlayerLimitsInForce(Model):
    """Limits; null is no limit. Amounts in major units of the player's currency."""

    max_bet: str | None
    daily_loss: str | None
    weekly_loss: str | None
    session_minutes: int | None


class SessionAnswer(Model):
    """A session as the hub keeps it. `launched`: its URL waits to be opened."""

    session_id: str
    device: str
    external_session_id: str | None
    state: Literal["live", "launched", "ended", "expired"]
    started_at: str
    expires_at: str


class PlayerRow(Model):
    """A player, as lists show one."""

    id: str = Field(description="The hub's id.")
    brand_id: str
    user_id: str = Field(description="The casino's own id.")
    display_name: str | None
    country: str | None
    language: str | None
    jurisdiction: str | None
    birth_year: int | None
    reality_check_minutes: int
    currency: str
    created_at: str
    updated_at: str


class PlayerAnswer(PlayerRow):
    """A player with what play is judged by."""

    mode: Literal["transfer", "seamless"] = Field(description="Fixed when the player is made.")
    status: Status
    self_excluded_until: str | None
    cool_off_until: str | None
    limits: PlayerLimitsInForce
    next_limits: PlayerLimitsInForce | None = Field(description="Looser ones that follow.")
    next_limits_at: str | None
    balance: str | None = Field(description="Only in transfer mode: what the hub holds.")
    sessions: list[SessionAnswer]


class PlayerList(Model):
    """Players by brand and casino id."""

    players: list[PlayerRow]
    next_cursor: str | None


class EventAnswer(Model):
    """What was done about a player; `changes` is `{member: [before, after]}`."""

    event_id: str
    type: str
    at: str
    actor: str = Field(description="Id of the API key.")
    source_ip: str
    changes: dict[str, list[Any]]


class EventList(Model):
    """The newest first."""

    events: list[EventAnswer]
    next_cursor: str | None


class Authorise(Model):
    """A session on a device."""

    device: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,23}$", examples=["mobile"])] = Field(
        "desktop", description="One live session for each; the next one on the same device replaces it."
    )
    external_session_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")] | None = (
        Field(None, description="Your own id of it; replaces the session that carries the same.")
    )
    ip: Annotated[str, Field(max_length=45, pattern=r"^[0-9A-Fa-f:.]+$")] | None = Field(
        None, description="The player's address, for the history."
    )
    ttl_minutes: Annotated[int, Field(ge=1, le=1440)] = 480


class Authorised(SessionAnswer):
    """A new session; the token is shown this once."""

    player_id: str = Field(description="The hub's id.")
    session_token: str | None = Field(description="null on a repeated answer: the hub keeps no tokens.")
    reality_check_minutes: int


class Movement(Model):
    """Money from the casino to the player's balance at the hub, or back."""

    transaction_id: TransactionId
    amount: Amount
    currency: Currency | None = Field(None, description="The player's, if at all.")


class MoveAll(Model):
    """Everything the player has at the hub, back to the casino."""

    transaction_id: TransactionId


class Moved(Model):
    """A movement as it was applied; a repetition answers the same with `replay`."""

    transaction_id: str
    hub_transaction_id: str
    amount: str
    currency: str
    before: str
    balance: str
    replay: bool


def _slugs(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise ValueError("each game once")
    return values


class GrantFreeRounds(Model):
    """Free rounds for a player: named by `playerId`, or by `brandId` and `userId`."""

    player_id: Id | None = None
    brand_id: Id | None = None
    user_id: Id | None = None
    game_ids: Annotated[list[Id], Field(min_length=1, max_length=100), AfterValidator(_slugs)]
    count: Annotated[int, Field(ge=1, le=10_000)]
    bet_amount: Amount = Field(description="The stake that each round is played with.")
    currency: Currency | None = Field(None, description="The player's, if at all.")
    expires_at: Instant
    win_kind: Literal["cash", "bonus"] = Field(
        "cash", description="Wins go to the balance, or are only counted here."
    )
    reference: Annotated[str, Field(max_length=100)] = Field("", description="Your own word for it.")


class FreeRoundsAnswer(Model):
    """A grant and what was played of it."""

    free_rounds_id: str
    player_id: str
    integration_id: str
    game_ids: list[str]
    count: int
    used: int
    left: int
    bet_amount: str
    staked: str = Field(description="What the rounds played would have cost.")
    won: str
    currency: str
    win_kind: Literal["cash", "bonus"]
    state: Literal["active", "used", "expired", "cancelled"]
    reference: str
    created_at: str
    expires_at: str


class FreeRoundsList(Model):
    """The newest first. A page may be short and yet have a next one."""

    free_rounds: list[FreeRoundsAnswer]
    next_cursor: str | None


_Loose = Annotated[str, Field(max_length=4000)] | None


class Launch(Model):
    """A launch. Texts are taken as they come: the linter, not the parser, says what is wrong with them."""

    player_id: _Loose = Field(None, description="The hub's id; or `brandId` and `userId`. Not for a demo.")
    brand_id: _Loose = None
    user_id: _Loose = None
    mode: _Loose = Field(None, description="`real` (default) or `demo`.")
    language: _Loose = Field(None, description="The player's, else English, when left out.")
    currency: _Loose = Field(None, description="The player's when left out.")
    country: _Loose = None
    device: _Loose = Field(None, description="`desktop` (default), `mobile` or `tablet`.")
    lobby_url: _Loose = None
    deposit_url: _Loose = None
    history_url: _Loose = None
    free_rounds_id: _Loose = None
    external_session_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")] | None = None


class FindingAnswer(Model):
    """What the linter says about one member."""

    field: str
    code: str
    severity: Literal["error", "warning"]
    message: str
    fix: str


class LaunchAnswer(Model):
    """A launch URL, or with `dryRun` only what the linter says."""

    ok: bool = Field(description="Whether there is no error.")
    url: str | None = Field(description="Opens once, for real money; null in a dry run.")
    mode: Literal["real", "demo"] | None
    session_id: str | None
    player_id: str | None
    language: str | None
    currency: str | None
    expires_at: str | None = Field(description="Until when the URL is to be opened.")
    findings: list[FindingAnswer]


class LintUrl(Model):
    """A launch URL that is to be opened."""

    url: Annotated[str, Field(max_length=8000)]


class LintAnswer(Model):
    """What the linter says."""

    ok: bool
    findings: list[FindingAnswer]
