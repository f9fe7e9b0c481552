"""Answers of the tournament routes; amounts are decimal strings in major units."""

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from pitboss.platform.models import Model

Money = Annotated[str, Field(pattern=r"^-?\d+(\.\d{1,8})?$", examples=["12.50"])]
When = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Status = Literal[
    "draft",
    "scheduled",
    "registration",
    "running",
    "paused",
    "closing",
    "provisional",
    "review",
    "final",
    "paying",
    "settled",
    "cancelled",
    "voided",
]
EntryStatus = Literal["pending_payment", "active", "withdrawn", "disqualified", "declined", "refunded"]


class PurchaseTerms(Model):
    """A rebuy or add-on as it is sold."""

    fee: Money
    rake: Money
    max: int
    until: When | None
    effect: str
    gives: int


class EntryTermsShown(Model):
    """What entering costs."""

    buy_in: Money
    rake: Money
    collect: Literal["callback", "operator"] = Field(
        description="Who takes the money: our call to the debit callback, or the operator before it registers."
    )
    rebuy: PurchaseTerms | None
    add_on: PurchaseTerms | None


class Pause(Model):
    """Rounds settled in it do not count; `until` is null while it lasts."""

    since: When
    until: When | None


class Tournament(Model):
    """A tournament."""

    tournament_id: str
    name: str
    status: Status
    version: int
    start_time: When
    end_time: When
    registration_opens_at: When
    late_registration_until: When
    grace_until: When
    game_slug: str | None
    games: list[str] = Field(description="Empty: every game counts.")
    brands: list[str]
    currency: str
    max_players: int | None
    min_players: int | None
    on_short: Literal["start", "cancel_refund"]
    entry_fee: Money
    entry: EntryTermsShown
    guarantee: Money
    seed: Money
    rules: dict[str, Any]
    ranking: dict[str, Any]
    prizes: dict[str, Any] | None
    worst_case_prize_cost: Money | None = Field(description="null: without bound.")
    rule_set_hash: Hash | None
    prize_table_hash: Hash | None
    grace_seconds: int
    approval: Literal["auto", "manual"]
    player_count: int
    entry_count: int
    seats_taken: int
    pauses: list[Pause]
    result_version: int
    reason: str | None
    void_policy: Literal["refund", "pay_current"] | None
    external_ref: str | None
    cloned_from: str | None
    created_at: When
    published_at: When | None
    started_at: When | None
    ended_at: When | None
    settled_at: When | None
    warnings: list[str] | None = None


class TournamentList(Model):
    """Tournaments by start time."""

    tournaments: list[Tournament]
    next_cursor: str | None


class TournamentNow(Model):
    """How a tournament stands, for polling."""

    tournament_id: str
    status: Status
    version: int
    start_time: When
    end_time: When
    grace_until: When
    registration_open: bool
    player_count: int
    entry_count: int
    max_players: int | None
    seats_left: int | None
    result_version: int
    server_time: When


class StintRow(Model):
    """One entry of the player: rounds from this moment on count for it, until the next begins."""

    entry_no: int
    from_: When = Field(alias="from")
    rounds_extra: int
    points_extra: int


class Player(Model):
    """A player's entry."""

    player_id: str = Field(description="The player's id in this tournament, the same as entryId.")
    entry_id: str
    tournament_id: str
    user_id: str
    brand_id: str
    display_name: str
    status: EntryStatus
    entry_count: int
    rebuys: int
    add_ons: int
    total_paid: Money
    currency: str
    pending_payment: str | None = Field(description="What a debit is still being settled for.")
    registered_at: When
    joined_at: When | None
    reason: str | None
    country: str | None
    stints: list[StintRow]


class Registration(Player):
    """What a player needs to play. The token belongs into a header or message, never into a URL."""

    token: str | None
    token_expires_at: When | None
    game_url: str | None
    message: str


class EntrantList(Model):
    """Entries by player."""

    players: list[Player]
    next_cursor: str | None


class PlayerTournament(Model):
    """A tournament of a player."""

    tournament_id: str
    name: str
    status: Status
    start_time: When
    end_time: When
    entry: Player


class PlayerTournaments(Model):
    """A player's tournaments, the newest first."""

    tournaments: list[PlayerTournament]
    next_cursor: str | None


class HistoryEvent(Model):
    """Something that happened to a tournament."""

    event_id: str
    type: str
    occurred_at: When
    actor: str
    request_id: str
    data: dict[str, Any]


class TournamentHistory(Model):
    """A tournament's history in order."""

    events: list[HistoryEvent]
    next_cursor: str | None


class PoolShown(Model):
    """The prize money."""

    tournament_id: str
    status: Status
    currency: str
    collected: Money
    seed: Money
    guarantee: Money
    overlay: Money
    total: Money
    rake: Money
    entries: int
    final: bool
    distribution: list[dict[str, Any]]
    worst_case_prize_cost: Money | None


class Winner(Model):
    """A row of the result. `position` is null for those without a rank."""

    position: int | None
    tied: int
    player_id: str
    user_id: str
    brand_id: str
    display_name: str
    status: str
    qualified: bool
    final_score: int = Field(
        description="As the hashes and the recomputation have it: in the scale of the rules."
    )
    score: str = Field(description="The same as a decimal, as boards show it.")
    reached_at: When | None
    rounds: int
    entry_count: int
    total_paid: Money
    prize_amount: Money
    net_winnings: Money
    prizes: list[dict[str, Any]]


class Results(Model):
    """A version of the result."""

    tournament_id: str
    name: str
    status: Status
    version: int
    versions: int
    finality: Literal["provisional", "final"]
    completed_at: When
    total_players: int
    total_entries: int
    currency: str
    prize_pool: dict[str, Any]
    rule_set_hash: Hash
    prize_table_hash: Hash
    segment_log_hash: str
    result_hash: Hash
    previous_hash: str
    counts: dict[str, Any]
    winners: list[Winner]
    next_cursor: str | None


class Proof(Model):
    """What fixes a version of the result; `header` hashes to `resultHash`."""

    tournament_id: str
    version: int
    result_hash: Hash
    rows_root: Hash
    header: dict[str, Any]
    how: str


class Receipt(Proof):
    """What proves one player's row: hashed with `path` it leads to `rowsRoot`, which is in the header."""

    row: dict[str, Any]
    index: int
    path: list[dict[str, str]]


class Simulated(Model):
    """What the draft would have come to."""

    runs: int
    players: dict[str, int]
    rounds: int
    currency: str
    winners: list[dict[str, Any]] = Field(description="The first run's, as an example.")
    prize_cost: dict[str, Any] = Field(description="Per kind and in all, mean and 95th percentile.")
    overlay: dict[str, Any]
    pool: dict[str, Any]
    tie_odds_bps: int = Field(description="Runs in which paid places were shared, in basis points.")
    whale_dominance_bps: int = Field(
        description="Share of all prize money that the tenth of players with the highest stakes won."
    )
    worst_case_prize_cost: Money | None
    rule_set_hash: Hash
    warnings: list[str]
