"""Ranks. The order is total and the same everywhere: score descending, reachedAt ascending, entry id ascending."""

from collections.abc import Iterable, Mapping
from typing import Any

from pitboss.kernel.refusal import FieldError
from pitboss.scoring.checks import Checker
from pitboss.scoring.model import MAX_INSTANT, Ranked, Row

TIES = ("earliest", "shared")
STYLES = ("competition", "dense", "unique")


def check_ranking(document: Any) -> list[FieldError]:
    """Every fault of a ranking document {direction?, ties?, style?}."""
    check = Checker()
    if check.fields("", document, (), ("direction", "ties", "style")):
        check.choice("direction", document.get("direction", "desc"), ("desc",))
        check.choice("ties", document.get("ties", "earliest"), TIES)
        check.choice("style", document.get("style", "competition"), STYLES)
    return check.faults


def sort_key(row: Row) -> tuple[int, int, int, str]:
    """The one order of a board, ascending: those with a rank, then those not qualified, then those who are out;
    within each by -score, reachedAt (0, never, sorts last), entry id by code point."""
    group = 0 if row.status == "active" and row.qualified else 1 if row.status == "active" else 2
    return group, -row.score, row.reached_at or MAX_INSTANT, row.entry_id


def rank(rows: Iterable[Row], ranking: Mapping[str, Any]) -> list[Ranked]:
    """All rows in board order with their ranks.

    ties "earliest" (default): equal scores are told apart by reachedAt, so only rows equal in both share a rank;
    "shared": equal scores share it. style "competition" 1,2,2,4 (default), "dense" 1,2,2,3, "unique" 1,2,3,4.
    """
    ordered = sorted(rows, key=sort_key)
    shared = ranking.get("ties", "earliest") == "shared"
    style = ranking.get("style", "competition")
    out: list[Ranked] = []
    at = number = 0
    while at < len(ordered):
        row = ordered[at]
        if row.status != "active" or not row.qualified:
            out.extend(_ranked(r, 0, 1) for r in ordered[at:])
            break
        end = at + 1
        while style != "unique" and end < len(ordered) and _tied(row, ordered[end], shared=shared):
            end += 1
        number = number + 1 if style == "dense" else at + 1
        out.extend(_ranked(r, number, end - at) for r in ordered[at:end])
        at = end
    return out


def _tied(one: Row, other: Row, *, shared: bool) -> bool:
    if other.status != "active" or not other.qualified or one.score != other.score:
        return False
    return shared or one.reached_at == other.reached_at


def _ranked(row: Row, number: int, tied: int) -> Ranked:
    entry_id, brand_id, player_id, score, reached_at, status, qualified, rounds = row
    return Ranked(number, tied, entry_id, brand_id, player_id, score, reached_at, status, qualified, rounds)
