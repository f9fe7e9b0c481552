"""Records of the rounds engine. Pure; instants in ms, money in minor units."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pitboss.scoring.public import Round, Window

SEPARATOR = "\x1f"
# Twice as many players, half as many page writes and calls; the state a write carries per round stays (decisions/020).
PLAYERS_PER_PAGE = 64
MAX_PAGES = 32_768
DEFAULT_PAGES = 64
TOMBSTONE = 3  # a rollback whose round has not come yet
# How much event time a page keeps hashes of: duplicates of rounds older than this are looked up in the segments.
LIVE_WINDOW_MS = 7_500
BUCKET_MS = 1_250
# No accepted round is further ahead of our clock than this, so a round folded at t has settledAt <= t + SKEW_MS.
SKEW_MS = 5 * 60_000

_HASH_KEY = b"pitboss-round-1"


def player_key(brand_id: str, player_id: str) -> str:
    """The key of a player; ids carry no control characters, so the separator is unambiguous."""
    return f"{brand_id}{SEPARATOR}{player_id}"


def page_of(key: str, pages: int) -> int:
    """The page of a player. The only place that knows how players are spread."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "big") % pages


def pages_for(players: int | None) -> int:
    """Pages of a tournament from the players expected at publication; None: nobody knows."""
    if players is None:
        return DEFAULT_PAGES
    return max(1, min(MAX_PAGES, -(-players // PLAYERS_PER_PAGE)))


def round_hash(integration_id: str, brand_id: str, player_id: str, round_id: str) -> int:
    """64 bits that name a round, whatever its revision (rounds-engine.md: false matches below 1 in 10^4 at 10^12)."""
    text = f"{integration_id}{SEPARATOR}{brand_id}{SEPARATOR}{player_id}{SEPARATOR}{round_id}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8, key=_HASH_KEY).digest(), "big")


def fingerprint(round_: Round) -> int:
    """32 bits of a message's content: the same id and revision with another fingerprint is a conflict."""
    return int.from_bytes(hashlib.blake2b(repr(round_[2:]).encode(), digest_size=4).digest(), "big")


@dataclass(frozen=True, slots=True)
class Live:
    """What the scorer must know of a tournament: written with its lifecycle, read strongly at each flush."""

    tenant_id: str
    tournament_id: str
    status: str
    rules: dict[str, Any]
    ranking: dict[str, Any]
    start_at: int
    end_at: int
    grace_until: int
    pauses: tuple[tuple[int, int], ...]
    brands: tuple[str, ...]
    games: tuple[str, ...]
    pages: int
    currency: str
    exponent: int
    prizes: dict[str, Any] | None = None
    version: int = 1

    @property
    def window(self) -> Window:
        """When its rounds count."""
        return Window(self.start_at, self.end_at, self.pauses)

    def takes(self, brand_id: str, game: str) -> bool:
        """Whether a round of that brand and game can concern it at all (empty lists: any)."""
        return (not self.brands or brand_id in self.brands) and (not self.games or game in self.games)


class Arrival(NamedTuple):
    """A round on its way to a page."""

    round: Round
    hash: int
    fingerprint: int


class Recorded(NamedTuple):
    """What the log knows of a round after this record: the latest record of a hash says everything.

    `round` is the content that stands (of the highest revision that is not a rollback), its `revision` is the highest
    one seen and its `status` ROLLED_BACK or TOMBSTONE when that was a rollback. `content_revision` is whose content it is.
    """

    round: Round
    hash: int
    fingerprint: int
    content_revision: int
    entry_no: int
    points: int
    reason: str


@dataclass(slots=True)
class Page:
    """The score page of some 64 players: states by player and entry, and the hashes of the latest rounds.

    `recent[bucket][hash] = (revision, fingerprint)`; every round folded with settledAt >= `horizon` is in it.
    """

    version: int = 0
    head: str = ""
    sealed: bool = False
    horizon: int = 0
    states: dict[str, dict[int, list[Any]]] = field(default_factory=dict)
    recent: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)
    orphans: dict[int, tuple[int, int]] = field(default_factory=dict)
    updated_at: int = 0


@dataclass(slots=True)
class History:
    """The part of a page's log that was read: records by hash, in the order written (oldest first within a hash)."""

    complete_since: int
    records: list[Recorded] = field(default_factory=list)


class Segment(NamedTuple):
    """One flush of one page."""

    version: int
    token: str
    previous: str
    at: int
    records: list[Recorded]


class NeedHistory(Exception):  # noqa: N818 - a question, answered by reading
    """Folding this needs the log since an instant (0: all of it)."""

    def __init__(self, since: int) -> None:
        super().__init__("the page's log is needed")
        self.since = since


class LogDamagedError(RuntimeError):
    """The chain of segments has a hole: pages and log disagree, and nothing may be published."""
