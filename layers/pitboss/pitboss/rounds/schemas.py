"""Answers of the rounds and boards routes, for the contract (the request of POST /rounds is validated by hand)."""

from typing import Literal

from pydantic import Field

from pitboss.platform.models import Model


class ItemAnswer(Model):
    """What became of one round of the request, in the order sent."""

    round_id: str | None
    status: Literal["accepted", "duplicate", "conflict", "rejected"]
    code: int | None = None
    name: str | None = None
    field: str | None = None
    reason: str | None = None


class Counts(Model):
    """How many of each."""

    accepted: int
    duplicate: int
    conflict: int
    rejected: int


class RoundsAnswer(Model):
    """The answer to a batch. `batchId` is null when nothing was accepted."""

    batch_id: str | None
    counts: Counts
    results: list[ItemAnswer]


class BoardRow(Model):
    """A row. `rank` is null for players without one; `score` is a decimal string in the rule set's scale."""

    rank: int | None
    tied: int
    entry_id: str
    brand_id: str
    player_id: str
    display_name: str
    score: str
    rounds: int
    reached_at: str | None
    status: str
    qualified: bool


class Head(Model):
    """Which board this is."""

    tournament_id: str
    status: str
    seq: int
    as_of: str | None
    finality: Literal["live", "provisional", "final"]
    total_entries: int


class Leaderboard(Head):
    """Rows of the newest snapshot."""

    leaderboard: list[BoardRow]
    next_cursor: str | None


class PreviewedPrize(Model):
    """One prize: cash and bonus have an amount, free rounds the rest."""

    kind: str
    amount: str | None = None
    count: int | None = None
    value: str | None = None
    game_slug: str | None = None
    valid_hours: int | None = None


class PrizePreview(Model):
    """What the player would win if the tournament ended on this board, from the pool as it is now."""

    currency: str
    prize_amount: str
    prizes: list[PreviewedPrize]


class OwnStanding(Head):
    """One player's entry; `standing` is null until the first board after joining. `prizePreview` is null where there are
    no prizes, and where more than 2,000 places are paid."""

    entry_id: str
    player_id: str
    brand_id: str
    display_name: str
    entry_status: str
    entries: int
    joined_at: str
    place: int | None
    standing: BoardRow | None
    prize_preview: PrizePreview | None


class ExplainedRound(Model):
    """One round and what it was worth."""

    round_id: str
    revision: int
    status: str
    game_id: str
    currency: str
    bet: str
    win: str
    settled_at: str
    entry_no: int | None
    counted: bool
    points: str
    reason: str
    explanation: str


class ListedRound(Model):
    """A round that came too late, or contradicted an earlier message."""

    round_id: str
    revision: int
    game_id: str
    currency: str
    bet: str
    win: str
    settled_at: str
    received_at: str


class ExplainedRounds(Model):
    """A player's rounds in event order."""

    tournament_id: str
    player_id: str
    brand_id: str
    total: int
    rounds: list[ExplainedRound]
    late: list[ListedRound]
    conflicts: list[ListedRound]
    next_cursor: str | None


class TournamentRound(ExplainedRound):
    """A round in one tournament."""

    tournament_id: str


class RoundLookup(Model):
    """Where a round was looked at."""

    round_id: str
    tournaments: list[TournamentRound] = Field(default_factory=list)
