"""What other contexts may import of scoring."""

from collections.abc import Mapping
from typing import Any

from pitboss.kernel.refusal import FieldError
from pitboss.scoring.document import METRICS, check_rules
from pitboss.scoring.model import (
    AMENDED,
    MAX_INSTANT,
    REASONS,
    ROLLED_BACK,
    SETTLED,
    Award,
    Pool,
    Ranked,
    Round,
    Row,
    Seat,
    Standing,
    Stint,
    Window,
)
from pitboss.scoring.naive import distinct_rounds, naive_rows, naive_standings
from pitboss.scoring.prizes import check_prizes, pool_of, split_prizes, unpaid
from pitboss.scoring.ranking import check_ranking, rank, sort_key
from pitboss.scoring.rules import Rules, compile_rules, refold

__all__ = [
    "AMENDED",
    "MAX_INSTANT",
    "METRICS",
    "REASONS",
    "ROLLED_BACK",
    "SETTLED",
    "Award",
    "Pool",
    "Ranked",
    "Round",
    "Row",
    "Rules",
    "Seat",
    "Standing",
    "Stint",
    "Window",
    "compile_rules",
    "distinct_rounds",
    "naive_rows",
    "naive_standings",
    "pool_of",
    "rank",
    "refold",
    "sort_key",
    "split_prizes",
    "unpaid",
    "validate_prizes",
    "validate_ranking",
    "validate_rules",
]


def validate_rules(doc: Mapping[str, Any]) -> list[FieldError]:
    """Every fault of a rule-set document (docs/scoring.md), [] if `compile_rules` will take it."""
    return check_rules(doc)


def validate_prizes(doc: Mapping[str, Any]) -> list[FieldError]:
    """Every fault of a prize table, [] if `split_prizes` will take it."""
    return check_prizes(doc)


def validate_ranking(doc: Mapping[str, Any]) -> list[FieldError]:
    """Every fault of a ranking document, [] if `rank` will take it."""
    return check_ranking(doc)
