"""Figures of a period: sums over the days' figures; by player, sums over the days' logs, kept once they are made."""

import gzip
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.kernel.refusal import Refusal
from pitboss.reports import gateway, store
from pitboss.reports.model import (
    DAY_MS,
    LANES,
    NOTHING,
    Cell,
    Day,
    Figures,
    Filter,
    added,
    cell_of,
    figures_of,
    lane_of,
)

GROUPS = ("total", "day", "provider", "brand", "game", "gameSet", "player")
# Longer than the gateway waits is of no use; what was made by then is kept, and the next call goes on from there.
PATIENCE_S = 18.0
FORMAT = 1

type Place = tuple[str, str, int]  # key of the group, currency, exponent
type Sums = dict[Place, Figures]
type Played = dict[tuple[str, str, str], dict[Cell, Figures]]  # player, brand, user -> figures


@dataclass(frozen=True, slots=True)
class Question:
    """Figures of the UTC days that lie in the filter's time, grouped. `sets` are the tenant's game sets."""

    tenant_id: str
    filter: Filter
    group_by: str
    sets: Mapping[str, frozenset[str]]


def answer(question: Question) -> Sums:
    """Sums by group, currency and exponent.

    Raises:
        Refusal: REPORT_BUILDING where figures by player take longer than a call may; the next one goes on.
    """
    f = question.filter
    if question.group_by == "player" or f.player_id or f.user_id:
        return _by_player(question)
    sums: Sums = {}
    for lane in range(LANES):
        for day in store.days_between(question.tenant_id, lane, f.since, f.until - 1):
            for cell, figures in day.cells.items():
                if f.takes_cell(cell):
                    for key in _keys(question, cell, day):
                        _add(sums, key, cell, figures)
    return sums


def _add(sums: Sums, key: str, cell: Cell, figures: Figures) -> None:
    place = (key, cell.currency, cell.exponent)
    sums[place] = added(sums.get(place, NOTHING), figures)


def _keys(question: Question, cell: Cell, day: Day) -> Iterator[str]:
    """The groups that a cell belongs to: several game sets may hold a game, none may."""
    match question.group_by:
        case "day":
            yield format_instant(day.start)[:10]
        case "provider":
            yield cell.provider
        case "brand":
            yield cell.brand_id
        case "game":
            yield cell.game_id
        case "gameSet":
            yield from (name for name, games in question.sets.items() if cell.game_id in games)
        case _:
            yield ""


def _by_player(question: Question) -> Sums:
    f = question.filter
    until = time.monotonic() + PATIENCE_S
    lanes = [lane_of(f.player_id)] if f.player_id else range(LANES)
    sums: Sums = {}
    for lane in lanes:
        for day in store.days_between(question.tenant_id, lane, f.since, f.until - 1):
            if time.monotonic() > until:
                raise Refusal(
                    "REPORT_BUILDING",
                    "Figures by player are made of every transaction of the period; ask again to go on.",
                    retry_after_s=1,
                )
            for (player_id, brand_id, user_id), cells in played(question.tenant_id, lane, day).items():
                if f.player_id not in ("", player_id) or f.user_id not in ("", user_id):
                    continue
                for cell, figures in cells.items():
                    if not f.takes_cell(cell):
                        continue
                    by_player = question.group_by == "player"
                    keys = (
                        [_player_key(player_id, brand_id, user_id)]
                        if by_player
                        else _keys(question, cell, day)
                    )
                    for key in keys:
                        _add(sums, key, cell, figures)
    return sums


def _player_key(*who: str) -> str:
    return "\x1f".join(who)


def player_of_key(key: str) -> dict[str, str]:
    """The player that a group of `player` stands for."""
    player_id, brand_id, user_id = key.split("\x1f")
    return {"playerId": player_id, "brandId": brand_id, "userId": user_id}


def played(tenant_id: str, lane: int, day: Day) -> Played:
    """Figures by player of one lane's day, from its log; kept under the day's version, which names the log's state."""
    name = gateway.key(tenant_id, "players", str(day.start), f"{lane}-{day.version}-{FORMAT}.json.gz")
    kept = gateway.get(name)
    if kept is not None:
        return _read(kept)
    made: Played = {}
    for row in store.rows_between(tenant_id, lane, day.start, day.start + DAY_MS - 1, forward=True):
        cells = made.setdefault((row.player_id, row.brand_id, row.user_id), {})
        cell = cell_of(row)
        cells[cell] = added(cells.get(cell, NOTHING), figures_of(row))
    now_there = next(store.days_between(tenant_id, lane, day.start, day.start), None)
    # Rows that came in while the log was read would be kept under a version that did not have them.
    if now_there is not None and now_there.version == day.version:
        gateway.put(name, _write(made), "application/json")
    return made


def _write(made: Played) -> bytes:
    rows = [[*who, *cell, *figures] for who, cells in made.items() for cell, figures in cells.items()]
    return gzip.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode(), 6, mtime=0)


def _read(data: bytes) -> Played:
    rows: list[list[Any]] = json.loads(gzip.decompress(data))
    read: Played = {}
    split = 3 + len(Cell._fields)
    for row in rows:
        cells = read.setdefault((row[0], row[1], row[2]), {})
        cells[Cell(*row[3:split])] = Figures(*row[split:])
    return read


def ordered(sums: Sums, sort: Callable[[Place, Figures], Any] | None = None) -> list[tuple[Place, Figures]]:
    """Groups that are not empty, by key, or by `sort`."""
    rows = [(place, figures) for place, figures in sums.items() if figures != NOTHING]
    rows.sort(key=lambda row: row[0] if sort is None else sort(*row))
    return rows
