"""Board order over columns: a million entries without an object each. Pure; numpy is loaded for large boards only.

`scoring.rank` is the definition; this is the same order and the same ranks (a property test compares them).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from pitboss.scoring.public import MAX_INSTANT, Ranked, Row, rank

LARGE = 20_000  # entries from which on loading numpy pays

type BoardRow = list[
    Any
]  # [rank, tied, entryId, brandId, playerId, displayName, score, reachedAt, status, qualified, rounds]
RANK, TIED, ENTRY, BRAND, PLAYER, NAME, SCORE, REACHED, STATUS, QUALIFIED, ROUNDS = range(11)
WIDTH = 11


@dataclass(slots=True)
class Entries:
    """Those who stand on a board, in no order, one list a column."""

    entry_id: list[str] = field(default_factory=list)
    brand_id: list[str] = field(default_factory=list)
    player_id: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    score: list[int] = field(default_factory=list)
    reached_at: list[int] = field(default_factory=list)
    status: list[str] = field(default_factory=list)
    qualified: list[bool] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)

    def add(self, row: Row, name: str) -> None:
        """One more."""
        self.entry_id.append(row.entry_id)
        self.brand_id.append(row.brand_id)
        self.player_id.append(row.player_id)
        self.name.append(name)
        self.score.append(row.score)
        self.reached_at.append(row.reached_at)
        self.status.append(row.status)
        self.qualified.append(row.qualified)
        self.rounds.append(row.rounds)


@dataclass(frozen=True, slots=True)
class Ordered:
    """Entries in board order: `order[i]` is who stands at place i (0 first) with `ranks[i]`, `tied[i]`. `numbers` are the
    columns score, reached, rounds. All are lists of integers or, of a large board, arrays."""

    entries: Entries
    order: Any
    ranks: Any
    tied: Any
    numbers: tuple[Any, Any, Any]

    def __len__(self) -> int:
        return len(self.order)

    def columns(self, start: int, end: int) -> list[list[Any]]:
        """Places start to end, one list a member of BoardRow."""
        e, places = self.entries, self.order[start:end]
        who = _plain(places)
        texts: tuple[list[str], ...] = (e.entry_id, e.brand_id, e.player_id, e.name)
        score, reached, rounds = (_taken(column, places) for column in self.numbers)
        return [
            _plain(self.ranks[start:end]),
            _plain(self.tied[start:end]),
            *([column[i] for i in who] for column in texts),
            score,
            reached,
            [e.status[i] for i in who],
            [e.qualified[i] for i in who],
            rounds,
        ]

    def rows(self, start: int, end: int) -> Iterator[BoardRow]:
        """The same as rows."""
        return map(list, zip(*self.columns(start, end), strict=True))


def _plain(numbers: Any) -> list[int]:
    return numbers if isinstance(numbers, list) else list(numbers.tolist())


def _taken(column: Any, places: Any) -> list[int]:
    return [column[i] for i in places] if isinstance(column, list) else list(column[places].tolist())


def in_order(entries: Entries, ranking: Mapping[str, Any]) -> Ordered:
    """Rank them, by arrays where there are many and numpy is at hand."""
    if len(entries.entry_id) >= LARGE and find_spec("numpy"):
        return by_arrays(entries, ranking)
    return by_records(entries, ranking)


def by_records(entries: Entries, ranking: Mapping[str, Any]) -> Ordered:
    """By the definition."""
    e = entries
    rows = map(
        Row,
        e.entry_id,
        e.brand_id,
        e.player_id,
        e.score,
        e.reached_at,
        e.status,
        e.qualified,
        e.rounds,
    )
    place = {entry_id: n for n, entry_id in enumerate(e.entry_id)}
    ranked = rank(rows, ranking)
    order = [place[r.entry_id] for r in ranked]
    numbers = e.score, e.reached_at, e.rounds
    return Ordered(e, order, [r.rank for r in ranked], [r.tied for r in ranked], numbers)


def by_arrays(entries: Entries, ranking: Mapping[str, Any]) -> Ordered:
    """By sorting columns. Scores fit 63 bits (MAX_SCORE), so that their negation does too."""
    import numpy as np

    n = len(entries.entry_id)
    score = np.array(entries.score, np.int64)
    reached = np.array(entries.reached_at, np.int64)
    group = np.fromiter(
        (
            0 if status == "active" and good else 1 if status == "active" else 2
            for status, good in zip(entries.status, entries.qualified, strict=True)
        ),
        np.int8,
        n,
    )
    # UTF-8 sorts by bytes as text does by code points. Ids first: all later sorts are stable.
    order = np.argsort(np.array([entry.encode() for entry in entries.entry_id]), kind="stable")
    at = np.where(reached == 0, MAX_INSTANT, reached)
    order = order[np.lexsort((at[order], -score[order], group[order]))]
    ranked = int((group == 0).sum())
    ranks, tied = np.zeros(n, np.int64), np.ones(n, np.int64)
    style = ranking.get("style", "competition")
    if style == "unique":
        ranks[:ranked] = np.arange(1, ranked + 1)
    elif ranked:
        first = np.ones(ranked, bool)
        scores, moments = score[order[:ranked]], reached[order[:ranked]]
        first[1:] = scores[1:] != scores[:-1]
        if ranking.get("ties", "earliest") != "shared":
            first[1:] |= moments[1:] != moments[:-1]
        starts = np.flatnonzero(first)
        run = np.cumsum(first) - 1
        ranks[:ranked] = run + 1 if style == "dense" else starts[run] + 1
        tied[:ranked] = np.diff(np.append(starts, ranked))[run]
    return Ordered(entries, order, ranks, tied, (score, reached, np.array(entries.rounds, np.int64)))


def ranked_of(row: BoardRow) -> Ranked:
    """A board row as the prize split takes it."""
    return Ranked(
        row[RANK],
        row[TIED],
        row[ENTRY],
        row[BRAND],
        row[PLAYER],
        row[SCORE],
        row[REACHED],
        row[STATUS],
        row[QUALIFIED],
        row[ROUNDS],
    )
