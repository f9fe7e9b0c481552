"""A rule set is taken whole or refused with every fault and its place."""

from typing import Any

import pytest
from pitboss.scoring.public import METRICS, compile_rules, validate_ranking, validate_rules

pytestmark = pytest.mark.unit
GOOD: dict[str, Any] = {
    "schema": 1,
    "base": {"currency": "EUR", "exponent": 2},
    "rates": {"USD": {"exponent": 2, "num": 92, "den": 100}},
    "scoring": {"metric": "total_wagered"},
    "eligibility": {
        "timestamp": "started",
        "games": {"include": ["slot"], "exclude": ["wheel"], "weights": {"slot": 15_000}},
        "brands": ["aurora"],
        "currencies": ["EUR", "USD"],
        "roundTypes": ["regular"],
        "minBet": 20,
        "maxBet": 500,
        "betLimits": {"USD": {"min": 25, "max": 600}},
        "funds": "real",
        "jackpot": False,
    },
    "minRoundsToRank": 10,
    "firstN": {"rounds": 100, "refill": True},
    "maxPointsPerRound": 5_000,
    "entries": "sum",
}


def put(path: str, value: Any) -> dict[str, Any]:
    """GOOD with one member set."""
    import copy

    document: Any = copy.deepcopy(GOOD)
    node = document
    *way, last = path.split(".")
    for name in way:
        node = node[name]
    node[last] = value
    return dict(document)


def test_a_full_document_compiles() -> None:
    assert validate_rules(GOOD) == []
    assert compile_rules(GOOD).decimals == 2


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("schema", 2, "schema"),
        ("schema", True, "schema"),
        ("colour", 1, "colour"),
        ("base", "EUR", "base"),
        ("base.currency", "euro", "base.currency"),
        ("base.exponent", 9, "base.exponent"),
        ("base.exponent", "2", "base.exponent"),
        ("rates", [], "rates"),
        ("rates.EUR", {"exponent": 2, "num": 1, "den": 1}, "rates.EUR"),
        ("rates.usd", {"exponent": 2, "num": 1, "den": 1}, "rates.usd"),
        ("rates.USD.den", 0, "rates.USD.den"),
        ("rates.USD.num", -1, "rates.USD.num"),
        ("rates.USD.num", 1.5, "rates.USD.num"),
        ("eligibility", [], "eligibility"),
        ("eligibility.colour", 1, "eligibility.colour"),
        ("eligibility.timestamp", "sent", "eligibility.timestamp"),
        ("eligibility.games.include", [], "eligibility.games.include"),
        ("eligibility.games.include", ["a", "a"], "eligibility.games.include"),
        ("eligibility.games.include", ["a", 5], "eligibility.games.include[1]"),
        ("eligibility.games.include", ["x" * 101], "eligibility.games.include[0]"),
        ("eligibility.games.include", ["a\x1fb"], "eligibility.games.include[0]"),
        ("eligibility.games.weights", [], "eligibility.games.weights"),
        ("eligibility.games.weights", {"slot": -1}, "eligibility.games.weights.slot"),
        ("eligibility.brands", "aurora", "eligibility.brands"),
        ("eligibility.minBet", -1, "eligibility.minBet"),
        ("eligibility.minBet", 501, "eligibility.maxBet"),
        ("eligibility.maxBet", 10**18, "eligibility.maxBet"),
        ("eligibility.betLimits", [], "eligibility.betLimits"),
        ("eligibility.betLimits.USD", {"min": 9, "max": 8}, "eligibility.betLimits.USD.max"),
        ("eligibility.betLimits.USD", {"least": 9}, "eligibility.betLimits.USD.least"),
        ("eligibility.funds", "bonus", "eligibility.funds"),
        ("eligibility.jackpot", 1, "eligibility.jackpot"),
        ("minRoundsToRank", -1, "minRoundsToRank"),
        ("firstN", 5, "firstN"),
        ("firstN.rounds", 0, "firstN.rounds"),
        ("firstN.refill", "yes", "firstN.refill"),
        ("maxPointsPerRound", 0, "maxPointsPerRound"),
        ("maxPointsPerRound", 10**15, "maxPointsPerRound"),
        ("entries", "first", "entries"),
        ("scoring", "total_wagered", "scoring"),
        ("scoring", {"metric": "luck"}, "scoring.metric"),
        ("scoring", {"metric": ["total_won"]}, "scoring.metric"),
        ("scoring", {"metric": "total_won", "decimals": 2}, "scoring.decimals"),
        ("scoring", {"metric": "round_count", "decimals": 7}, "scoring.decimals"),
        ("scoring", {"metric": "wins_at_least"}, "scoring.multiple"),
        ("scoring", {"metric": "bet_points", "per": 0, "points": 1}, "scoring.per"),
        ("scoring", {"metric": "bet_points", "per": 10, "points": 1, "mode": "log"}, "scoring.mode"),
        ("scoring", {"metric": "best_n", "n": 101, "of": {"metric": "total_won"}}, "scoring.n"),
        ("scoring", {"metric": "best_n", "n": 5, "of": {"metric": "biggest_win"}}, "scoring.of.metric"),
        ("scoring", {"metric": "best_n", "n": 5, "of": "total_won"}, "scoring.of"),
        (
            "scoring",
            {"metric": "best_n_consecutive", "n": 5, "of": {"metric": "net_win"}},
            "scoring.of.metric",
        ),
        ("scoring", {"metric": "consecutive_wins", "strict": 1}, "scoring.strict"),
        ("scoring", {"metric": "consecutive_wins", "value": "sum"}, "scoring.value"),
        ("scoring", {"metric": "consecutive_wins", "minLength": 0}, "scoring.minLength"),
        (
            "scoring",
            {"metric": "first_to_target", "target": 0, "of": {"metric": "total_won"}},
            "scoring.target entries",
        ),
        ("scoring", {"metric": "first_to_target", "target": 1, "of": {"metric": "total_won"}}, "entries"),
        ("scoring", {"metric": "weighted", "parts": []}, "scoring.parts"),
        ("scoring", {"metric": "weighted", "parts": [1]}, "scoring.parts[0]"),
        (
            "scoring",
            {"metric": "weighted", "parts": [{"weight": 0, "rule": {"metric": "total_won"}}]},
            "scoring.parts[0].weight",
        ),
        (
            "scoring",
            {"metric": "weighted", "parts": [{"weight": 1, "rule": {"metric": "weighted", "parts": []}}]},
            "scoring.parts[0].rule.metric",
        ),
    ],
)
def test_every_fault_has_its_place(path: str, value: Any, where: str) -> None:
    assert [fault.pointer for fault in validate_rules(put(path, value))] == where.split()


@pytest.mark.parametrize("missing", ["schema", "base", "scoring"])
def test_what_must_stand_in_it(missing: str) -> None:
    document = {k: v for k, v in GOOD.items() if k != missing}
    assert [(f.pointer, f.reason) for f in validate_rules(document)] == [(missing, "is required")]


@pytest.mark.parametrize("document", [None, [], "x", 5])
def test_what_is_no_object(document: Any) -> None:
    assert [f.pointer for f in validate_rules(document)] == ["(document)"]


def test_faults_are_all_told_but_not_without_end() -> None:
    document = put("eligibility.brands", [""] * 60)
    assert len(validate_rules(document)) == 50
    assert len(validate_rules({**GOOD, "entries": 1, "minRoundsToRank": "x"})) == 2


def test_every_metric_of_the_issue_is_known() -> None:
    assert len(METRICS) == len(set(METRICS)) == 16


@pytest.mark.parametrize(
    ("ranking", "where"),
    [
        ({}, []),
        ({"direction": "desc", "ties": "shared", "style": "dense"}, []),
        ({"direction": "asc"}, ["direction"]),
        ({"ties": "random"}, ["ties"]),
        ({"style": "olympic", "colour": 1}, ["colour", "style"]),
        ([], ["(document)"]),
    ],
)
def test_ranking_documents(ranking: Any, where: list[str]) -> None:
    assert [fault.pointer for fault in validate_ranking(ranking)] == where
