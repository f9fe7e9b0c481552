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
from pitboss.scoring.public import Ranked, Row, Rules, Seat, rank, sort_key

CHUNK = 1000
INLINE_BYTES = 64 * 1024
TOP = 100

type BoardRow = list[
    Any
]  # [rank, tied, entryId, brandId, playerId, displayName, score, reachedAt, status, qualified, rounds]
RANK, TIED, ENTRY, BRAND, PLAYER, NAME, SCORE, REACHED, STATUS, QUALIFIED, ROUNDS = range(11)


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
    """A seat's row; who is not active has no score on the board."""
    if seat.status != "active":
        return Row(seat.entry_id, seat.brand_id, seat.player_id, 0, 0, seat.status, False, 0)
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
        if seat.status in ("active", "disqualified"):
            by_entry[seat.entry_id] = seat
            rows.append(row_of(rules, seat, states.get(player_key(seat.brand_id, seat.player_id), {})))
    return [(r, by_entry[r.entry_id]) for r in rank(rows, ranking)]


def board_row(ranked: Ranked, seat: Seat) -> BoardRow:
    """A row as the snapshot holds it."""
    return [
        ranked.rank,
        ranked.tied,
        ranked.entry_id,
        ranked.brand_id,
        ranked.player_id,
        seat.display_name,
        ranked.score,
        ranked.reached_at,
        ranked.status,
        ranked.qualified,
        ranked.rounds,
    ]


def snapshot(
    rows: Sequence[BoardRow], *, seq: int, as_of: int, finality: str, decimals: int, key: str
) -> tuple[Snapshot, bytes | None]:
    """A snapshot and, when it is too large for the item, the object's bytes."""
    chunks = [_pack(rows[at : at + CHUNK]) for at in range(0, len(rows), CHUNK)]
    size = sum(len(c) for c in chunks)
    directory, offset = [], 0
    for number, chunk in enumerate(chunks):
        directory.append([list(_key(rows[number * CHUNK])), offset, len(chunk)])
        offset += len(chunk)
    inline = size <= INLINE_BYTES
    body = b"".join(chunks)
    made = Snapshot(
        seq,
        as_of,
        finality,
        len(rows),
        decimals,
        list(rows[: TOP if not inline else 0]),
        directory,
        body if inline else b"",
        "" if inline else key,
    )
    return made, None if inline else body


def _pack(rows: Sequence[BoardRow]) -> bytes:
    return zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode(), 6)


def unpack_chunk(data: bytes) -> list[BoardRow]:
    """The rows of one chunk."""
    rows: list[BoardRow] = json.loads(zlib.decompress(data))
    return rows


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
