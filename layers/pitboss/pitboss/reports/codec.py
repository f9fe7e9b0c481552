"""Slots and days as compact bytes: columns of a kind stand together, equal columns are written once, then deflate. Pure."""

import json
import zlib
from collections.abc import Sequence
from typing import Any

from pitboss.reports.model import Cell, Day, Figures, Row, Slot

FORMAT = 1
LEVEL = 6


def _pack(document: list[Any]) -> bytes:
    text = json.dumps([FORMAT, *document], ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode(), LEVEL)


def _unpack(data: bytes) -> list[Any]:
    found: Any
    document: list[Any]
    found, *document = json.loads(zlib.decompress(data))
    if found != FORMAT:
        raise ValueError(f"unknown format {found}")
    return document


def _columns(rows: Sequence[Sequence[Any]]) -> list[Any]:
    """[number of rows, column...]; a column of one value is that value in a list of one."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return [len(rows), *(c[:1] if c.count(c[0]) == len(c) else c for c in columns)]


def _rows(document: list[Any]) -> list[tuple[Any, ...]]:
    number, *columns = document
    return list(zip(*(c * number if len(c) == 1 else c for c in columns), strict=True)) if number else []


def pack_slot(slot: Slot) -> bytes:
    """A slot's rows in order of time."""
    rows: list[Row] = sorted(slot.rows.values(), key=lambda row: (row.at, row.id))
    return _pack(_columns(rows))


def unpack_slot(start: int, version: int, data: bytes) -> Slot:
    """The inverse of `pack_slot`."""
    return Slot(start, version, {row.id: row for row in rows_of(data)})


def rows_of(data: bytes) -> list[Row]:
    """The rows of a packed slot, in order of time."""
    return list(map(Row._make, _rows(_unpack(data))))


def pack_day(day: Day) -> bytes:
    """A day's figures."""
    return _pack(_columns([(*cell, *figures) for cell, figures in sorted(day.cells.items())]))


def unpack_day(start: int, version: int, data: bytes) -> Day:
    """The inverse of `pack_day`. Figures that a later version added are 0 in what was packed before."""
    split = len(Cell._fields)
    cells = {Cell(*row[:split]): Figures(*row[split:]) for row in _rows(_unpack(data))}
    return Day(start, version, cells)


def pack_row(row: Row) -> str:
    """One row by itself."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def unpack_row(text: str) -> Row:
    """The inverse of `pack_row`."""
    return Row(*json.loads(text))
