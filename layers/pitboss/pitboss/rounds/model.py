"""Records of the rounds engine. Pure; instants in ms, money in minor units."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from pitboss.scoring.public import Round, Seat, Window

# By player key and number of the entry.
type States = dict[str, dict[int, list[Any]]]

SEPARATOR = "\x1f"
# Twice as many players, half as many page writes and calls; the state a write carries per round stays (decisions/020).
PLAYERS_PER_PAGE = 64
MAX_PAGES = 32_768
# Nobody knows how many will come: pages grow with the players, and a page for few is a write for many.
DEFAULT_PAGES = 1
# Pages under one partition key: some 8,000 players, 16,000 at the most while they wait to be split (decisions/023).
LANE_PAGES = 128
TOMBSTONE = 3  # a rollback whose round has not come yet
# How much event time a page keeps hashes of: duplicates of rounds older than this are looked up in the segments.
LIVE_WINDOW_MS = 7_500
BUCKET_MS = 1_250
# A page also knows which of its versions folded rounds of which slot of event time, for the latest slots. A round that
# comes late is then looked for in a few segments, and in none when nothing of its slot was ever folded.
SLOT_MS = 5_000
MAX_SLOTS = 96
MAX_RUNS = 4  # of versions, that a slot is remembered by; with more, the nearest are joined
# Every so many versions the segment carries the page's states: what must be folded again begins there (decisions/023).
KEYFRAME = 16
# No accepted round is further ahead of our clock than this, so a round folded at t has settledAt <= t + SKEW_MS.
SKEW_MS = 5 * 60_000

# Copied for each round: cheaper than having their parameters read anew.
_NAMING = hashlib.blake2b(digest_size=8, key=b"pitboss-round-1")
_PRINTING = hashlib.blake2b(digest_size=4)


def player_key(brand_id: str, player_id: str) -> str:
    """The key of a player; ids carry no control characters, so the separator is unambiguous."""
    return f"{brand_id}{SEPARATOR}{player_id}"


# The same players come at every flush.
@lru_cache(maxsize=1 << 15)
def player_hash(key: str) -> int:
    """What decides on a player's page."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "big")


class Layout(NamedTuple):
    """How players are spread over pages, by linear hashing: `first` pages at publication, `pages` now, never fewer.

    Page n holds the players whose hash modulo the page's span is n. Splitting is always the turn of one certain page,
    whose span doubles: half of its players go to the new last page. So the number of pages alone says where everybody is.
    """

    first: int
    pages: int

    @property
    def round(self) -> int:
        """The span of pages that were not yet split in this round of splitting."""
        span = self.first
        while span * 2 <= self.pages:
            span *= 2
        return span

    def page_of(self, key: str) -> int:
        """The page of a player."""
        return self.finder()(key)

    def finder(self) -> Callable[[str], int]:
        """`page_of` for many players. The only place that knows how players are spread."""
        span, pages = self.round, self.pages

        def page_of(key: str) -> int:
            wide = player_hash(key) % (2 * span)
            return wide if wide < pages else wide - span

        return page_of

    def span_of(self, number: int) -> int:
        """A page's span; 0 for one as it was published, since most never are anything else."""
        span = self.round
        if number >= span or number < self.pages - span:
            span *= 2
        return 0 if span == self.first else span

    def next_split(self) -> tuple[int, int, int]:
        """The page whose turn it is, the page that will be made, and the span of both afterwards."""
        span = self.round
        return self.pages - span, self.pages, 2 * span

    def grown(self) -> "Layout":
        """After the next split."""
        return self._replace(pages=self.pages + 1)

    def above(self, number: int) -> Iterator[tuple[int, int]]:
        """(page, span) of every page that held a page's players before it was made."""
        span = self.first
        while span <= number:
            yield number % span, span
            span *= 2


class Place(NamedTuple):
    """One page of one tournament."""

    tenant_id: str
    tournament_id: str
    number: int

    def at(self, number: int) -> "Place":
        """Another page of the same tournament."""
        return self._replace(number=number)


def pages_for(players: int | None) -> int:
    """Pages of a tournament from the players expected at publication; None: nobody knows."""
    if players is None:
        return DEFAULT_PAGES
    return max(1, min(MAX_PAGES, -(-players // PLAYERS_PER_PAGE)))


def round_hash(integration_id: str, brand_id: str, player_id: str, round_id: str) -> int:
    """64 bits that name a round, whatever its revision (rounds-engine.md: false matches below 1 in 10^4 at 10^12)."""
    text = f"{integration_id}{SEPARATOR}{brand_id}{SEPARATOR}{player_id}{SEPARATOR}{round_id}"
    naming = _NAMING.copy()
    naming.update(text.encode())
    return int.from_bytes(naming.digest(), "big")


def fingerprint(round_: Round) -> int:
    """32 bits of a message's content: the same id and revision with another fingerprint is a conflict."""
    printing = _PRINTING.copy()
    printing.update(repr(round_[2:]).encode())
    return int.from_bytes(printing.digest(), "big")


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
    grown: int = 0  # pages now, where they have grown beyond `pages`; kept beside the rest, not with it

    @property
    def layout(self) -> Layout:
        """How its players are spread, as far as was known when it was read."""
        return Layout(self.pages, max(self.pages, self.grown))

    def place_of(self, key: str) -> Place:
        """The page of a player."""
        return Place(self.tenant_id, self.tournament_id, self.layout.page_of(key))

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

    `recent[bucket][hash] = (revision, fingerprint)`; every round folded with settledAt >= `horizon` is in it. `span` says
    whose page it is (Layout). `lineage` has (version, page) of each split that led here, oldest first: versions
    below that one are in that other page's log. `raw` is the page as it was read, so that a fold can begin again.

    `slots[slot]` are the runs [first, last] of versions that folded rounds of that slot; of rounds settled since `mapped`
    every one is in them. `early` are runs [first, last, written at] of versions that folded a correction whose round had
    not come: that one's own time may be another.
    """

    version: int = 0
    head: str = ""
    sealed: bool = False
    horizon: int = 0
    states: dict[str, dict[int, list[Any]]] = field(default_factory=dict)
    recent: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)
    orphans: dict[int, tuple[int, int]] = field(default_factory=dict)
    updated_at: int = 0
    span: int = 0
    lineage: tuple[tuple[int, int], ...] = ()
    slots: dict[int, list[list[int]]] = field(default_factory=dict)
    mapped: int = 0
    early: list[list[int]] = field(default_factory=list)
    raw: bytes = field(default=b"", compare=False, repr=False)


@dataclass(slots=True)
class Sheet:
    """A page with its roster, both of one moment. `changes` counts the roster's writes."""

    number: int
    page: Page
    seats: dict[str, Seat]
    span: int = 0
    changes: int = 0

    @property
    def settled(self) -> bool:
        """Whether page and roster were read on the same side of a split."""
        return self.page.span == self.span


class Segment(NamedTuple):
    """One flush of one page. `states` of a keyframe are the page's states before the flush."""

    version: int
    token: str
    previous: str
    at: int
    records: list[Recorded]
    states: dict[str, dict[int, list[Any]]] | None = None


class Part(NamedTuple):
    """One page's share of a ranking: states by player and entry, what was counted, and the hash of the log (empty: there is
    none). `basis` says what it was made of."""

    basis: str
    states: States
    counts: dict[str, int]
    log_hash: str


class LogDamagedError(RuntimeError):
    """The chain of segments has a hole: pages and log disagree, and nothing may be published."""
