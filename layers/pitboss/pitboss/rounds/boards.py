"""Boards: from pages to ranks to a snapshot, and back from a snapshot to what a reader asks for. Pure.

A snapshot is a pure function of pages and rosters. Small ones stand inline in the board item; large ones are chunks of
rows, each deflated by itself, in one object that is read by byte range with the directory in the item.
"""

import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pitboss.rounds.folding import standings_of
from pitboss.rounds.model import player_key
from pitboss.rounds.sorting import (
    BRAND,
    ENTRY,
    PLAYER,
    QUALIFIED,
    REACHED,
    ROUNDS,
    SCORE,
    STATUS,
    BoardRow,
    Ordered,
)
from pitboss.scoring.public import Ranked, Row, Rules, Seat, rank, sort_key

CHUNK = 1000
# A write of so many units costs what keeping an object costs, so larger boards are cheaper outside (decisions/022).
INLINE_BYTES = 8 * 1024
LEVEL = 6
FAST_FROM = 100_000  # entries from which on time matters more than bytes
TOP = 100
LISTED = ("active", "disqualified")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published board. `directory[i] = [sort key of the first row of chunk i, offset, length]`."""

    seq: int
    as_of: int
    finality: str
    total: int
    decimals: int
    top: list[BoardRow]
    directory: list[list[Any]] = field(default_factory=list)
    data: bytes = b""
    key: str = ""


def row_of(rules: Rules, seat: Seat, states: Mapping[int, list[Any]]) -> Row:
    """A seat's row; who is out keeps the score (docs/scoring.md) and loses the rank."""
    s = standings_of(rules, seat, states)
    return Row(
        seat.entry_id,
        seat.brand_id,
        seat.player_id,
        s.score,
        s.reached_at,
        seat.status,
        s.qualified,
        s.rounds,
    )


def ranked_rows(
    rules: Rules,
    ranking: Mapping[str, Any],
    seats: Iterable[Seat],
    states: Mapping[str, Mapping[int, list[Any]]],
) -> list[tuple[Ranked, Seat]]:
    """Every seat in board order with its rank."""
    by_entry: dict[str, Seat] = {}
    rows = []
    for seat in seats:
        if seat.status in LISTED:
            by_entry[seat.entry_id] = seat
            rows.append(row_of(rules, seat, states.get(player_key(seat.brand_id, seat.player_id), {})))
    return [(r, by_entry[r.entry_id]) for r in rank(rows, ranking)]


def snapshot(
    board: Ordered, *, seq: int, as_of: int, finality: str, decimals: int, key: str
) -> tuple[Snapshot, bytes | None]:
    """A snapshot and, when it is too large for the item, the object's bytes."""
    total = len(board)
    level = LEVEL if total < FAST_FROM else 1
    directory: list[list[Any]] = []
    chunks: list[bytes] = []
    offset = 0
    for at in range(0, total, CHUNK):
        columns = board.columns(at, at + CHUNK)
        chunk = _pack(columns, level)
        directory.append([list(_key([column[0] for column in columns])), offset, len(chunk)])
        chunks.append(chunk)
        offset += len(chunk)
    inline = offset <= INLINE_BYTES
    body = b"".join(chunks)
    made = Snapshot(
        seq,
        as_of,
        finality,
        total,
        decimals,
        [] if inline else list(board.rows(0, TOP)),
        directory,
        body if inline else b"",
        "" if inline else key,
    )
    return made, None if inline else body


def _pack(columns: Sequence[list[Any]], level: int) -> bytes:
    """Columns deflate better than rows. One of a single value is written once; texts are joined, since one long text is
    written much faster than a thousand short ones."""
    thin = [_thin(column) for column in columns]
    text = json.dumps([len(columns[0]), *thin], ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode(), level)


def _thin(column: list[Any]) -> Any:
    first = column[0]
    if first == column[-1] and column.count(first) == len(column):
        return [first]
    if isinstance(first, str):
        joined = "\n".join(column)
        if joined.count("\n") == len(column) - 1:
            return joined
    return column


def unpack_chunk(data: bytes) -> list[BoardRow]:
    """The rows of one chunk."""
    length, *thin = json.loads(zlib.decompress(data))
    columns = [_wide(column, length) for column in thin]
    return list(map(list, zip(*columns, strict=True)))


def _wide(column: Any, length: int) -> list[Any]:
    if isinstance(column, str):
        return column.split("\n")
    return column * length if len(column) < length else list(column)


def _key(row: BoardRow) -> tuple[int, int, int, str]:
    return sort_key(
        Row(
            row[ENTRY],
            row[BRAND],
            row[PLAYER],
            row[SCORE],
            row[REACHED],
            row[STATUS],
            row[QUALIFIED],
            row[ROUNDS],
        )
    )


def chunk_of(board: Snapshot, key: tuple[int, int, int, str]) -> int:
    """The chunk that holds a row of this sort key, by binary search of the directory."""
    return max(0, bisect_right([tuple(d[0]) for d in board.directory], key) - 1)
