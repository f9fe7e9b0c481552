"""Rows as people and files see them. Pure."""

import json
from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.reports import csvs
from pitboss.reports.model import MONEY, Cell, Figures, Row

CSV_COLUMNS = (
    "time",
    "hubTransactionId",
    "provider",
    "transactionId",
    "action",
    "type",
    "state",
    "brandId",
    "userId",
    "playerId",
    "gameId",
    "roundId",
    "amount",
    "currency",
    "balanceBefore",
    "balanceAfter",
    "refersTo",
    "freeRoundsId",
    "refusal",
)
CSV_HEAD = csvs.line(CSV_COLUMNS)


def amount_of(row: Row, minor: int | None) -> str | None:
    """An amount of a row in major units."""
    return None if minor is None else format_amount(minor, row.exponent)


def row_view(row: Row) -> dict[str, Any]:
    """A transaction in answers."""
    return {
        "hubTransactionId": row.id,
        "time": format_instant(row.at),
        "provider": row.provider,
        "transactionId": row.ext_id,
        "action": row.kind,
        "type": row.type or None,
        "state": row.state,
        "playerId": row.player_id,
        "brandId": row.brand_id,
        "userId": row.user_id,
        "gameId": row.game_id or None,
        "roundId": row.round_id or None,
        "amount": amount_of(row, row.amount),
        "currency": row.currency,
        "balanceBefore": amount_of(row, row.before),
        "balanceAfter": amount_of(row, row.after),
        "refersTo": row.ref or None,
        "freeRoundsId": row.free_id or None,
        "refusal": row.refusal or None,
    }


def csv_line(row: Row) -> str:
    """A transaction as a CSV record, in the order of CSV_COLUMNS."""
    view = row_view(row)
    numbers = ("amount", "balanceBefore", "balanceAfter")
    return csvs.line(
        csvs.number(view[name]) if name in numbers else csvs.text(view[name] or "") for name in CSV_COLUMNS
    )


def json_line(row: Row) -> str:
    """A transaction as a line of a reconciliation file."""
    view = {name: value for name, value in row_view(row).items() if value is not None}
    return json.dumps(view, ensure_ascii=False, separators=(",", ":")) + "\n"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


FIGURE_NAMES = (*Figures._fields, "ggr", "ngr")


def figures_view(figures: Figures, currency: str, exponent: int) -> dict[str, Any]:
    """Figures in answers: amounts in major units, RTP in percent with two decimals."""
    view: dict[str, Any] = {"currency": currency}
    for name in FIGURE_NAMES:
        value = getattr(figures, name)
        view[_camel(name)] = format_amount(value, exponent) if name in MONEY else value
    bps = figures.rtp_bps
    view["rtp"] = None if bps is None else f"{bps // 100}.{bps % 100:02d}"
    return view


def figures_csv_head(keys: tuple[str, ...]) -> str:
    """The head of a CSV of figures by some keys."""
    return csvs.line((*keys, "currency", *map(_camel, FIGURE_NAMES), "rtp"))


def figures_csv_line(keys: tuple[str, ...], figures: Figures, currency: str, exponent: int) -> str:
    """One group's figures."""
    view = figures_view(figures, currency, exponent)
    return csvs.line(
        (
            *map(csvs.text, keys),
            csvs.text(currency),
            *(csvs.number(view[_camel(name)]) for name in FIGURE_NAMES),
            csvs.number(view["rtp"]),
        )
    )


def cell_view(cell: Cell) -> dict[str, Any]:
    """What a cell is kept apart by."""
    return {
        "provider": cell.provider,
        "brandId": cell.brand_id,
        "gameId": cell.game_id,
        "currency": cell.currency,
    }
