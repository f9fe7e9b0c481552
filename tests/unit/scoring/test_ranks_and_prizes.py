"""Ranks and prizes on the worked examples of the field."""

from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.scoring.public import Pool, Ranked, Row, pool_of, rank, split_prizes, unpaid, validate_prizes

pytestmark = pytest.mark.unit


def a_board(scores: list[int], **ranking: str) -> list[Ranked]:
    """Players a, b, c ... with these scores, all reached at the same moment."""
    rows = [Row(chr(97 + i), "aurora", f"p{i}", score, 1_000) for i, score in enumerate(scores)]
    return rank(rows, ranking)


def paid(table: dict[str, Any], board: list[Ranked], pool: int = 0) -> dict[str, int]:
    return {a.entry_id: a.amount for a in split_prizes({"schema": 1, **table}, board, pool, 2, "EUR")}


def cash(*amounts: int) -> dict[str, Any]:
    lines = [{"from": i, "to": i, "kind": "cash", "amount": amount} for i, amount in enumerate(amounts, 1)]
    return {"lines": lines}


@pytest.mark.parametrize(
    ("ranking", "ranks"),
    [
        ({}, [1, 2, 2, 4]),
        ({"style": "competition"}, [1, 2, 2, 4]),
        ({"style": "dense"}, [1, 2, 2, 3]),
        ({"style": "unique"}, [1, 2, 3, 4]),
    ],
)
def test_styles(ranking: dict[str, str], ranks: list[int]) -> None:
    board = a_board([50, 40, 40, 10], **ranking)
    assert [r.rank for r in board] == ranks
    assert [r.entry_id for r in board] == ["a", "b", "c", "d"]
    assert [r.tied for r in board] == ([1, 1, 1, 1] if ranking.get("style") == "unique" else [1, 2, 2, 1])


def test_the_first_to_reach_a_score_leads_unless_ties_are_shared() -> None:
    rows = [Row("late", "b", "p1", 9, 2_000), Row("early", "b", "p2", 9, 1_000)]
    assert [(r.entry_id, r.rank) for r in rank(rows, {})] == [("early", 1), ("late", 2)]
    assert [(r.entry_id, r.rank) for r in rank(rows, {"ties": "shared"})] == [("early", 1), ("late", 1)]


def test_who_never_scored_stands_behind_who_did_at_the_same_score() -> None:
    rows = [Row("idle", "b", "p1", 0, 0), Row("even", "b", "p2", 0, 5)]
    assert [r.entry_id for r in rank(rows, {})] == ["even", "idle"]


def test_those_without_a_rank_come_last() -> None:
    rows = [
        Row("out", "b", "p1", 99, 1, "disqualified"),
        Row("few", "b", "p2", 50, 1, "active", qualified=False),
        Row("in", "b", "p3", 1, 1),
    ]
    assert [(r.entry_id, r.rank) for r in rank(rows, {})] == [("in", 1), ("few", 0), ("out", 0)]
    assert rank([], {}) == []


@pytest.mark.parametrize(
    ("remainder", "amounts"),
    [("to_first", [6_668, 6_666, 6_666]), ("next", [6_667, 6_667, 6_666]), ("house", [6_666, 6_666, 6_666])],
)
def test_three_tied_for_first_split_all_three_places(remainder: str, amounts: list[int]) -> None:
    """Invariant 4: (100 + 60 + 40) / 3 = 66.66 each, 0.02 by the stated rule."""
    board = a_board([9, 9, 9, 1])
    assert list(paid({**cash(10_000, 6_000, 4_000), "remainder": remainder}, board).values()) == amounts


def test_two_tied_for_second_and_the_dense_rank_after_them_pays_by_place() -> None:
    board = a_board([9, 5, 5, 1], style="dense")
    assert [r.rank for r in board] == [1, 2, 2, 3]
    assert paid(cash(10_000, 6_000, 4_000), board) == {"a": 10_000, "b": 5_000, "c": 5_000}


def test_a_tie_across_the_last_paid_place_shares_only_the_paid_places() -> None:
    assert paid(cash(10_000, 6_000), a_board([9, 5, 5, 5])) == {
        "a": 10_000,
        "b": 2_000,
        "c": 2_000,
        "d": 2_000,
    }


@pytest.mark.parametrize(
    ("ties", "amounts"),
    [
        ("all_get_higher", {"a": 10_000, "b": 6_000, "c": 6_000}),
        ("drop_to_lower", {"a": 10_000, "b": 4_000, "c": 4_000}),
        ("earliest_wins", {"a": 10_000, "b": 6_000, "c": 4_000}),
    ],
)
def test_other_tie_rules(ties: str, amounts: dict[str, int]) -> None:
    assert paid({**cash(10_000, 6_000, 4_000), "ties": ties}, a_board([9, 5, 5, 1])) == amounts


def test_dropping_below_the_last_paid_place_pays_nothing() -> None:
    assert paid({**cash(10_000, 6_000), "ties": "drop_to_lower"}, a_board([9, 5, 5])) == {"a": 10_000}


def shares(*rows: tuple[int, int, int], **more: Any) -> dict[str, Any]:
    lines = [{"from": a, "to": b, "kind": "cash", "shareBps": bps} for a, b, bps in rows]
    return {"lines": lines, **more}


def test_a_range_divides_its_share_among_its_places() -> None:
    table = shares((1, 1, 5_000), (2, 4, 5_000))
    board = a_board([9, 8, 7, 6, 5])
    assert paid(table, board, 1_001) == {"a": 503, "b": 166, "c": 166, "d": 166}
    awards = split_prizes({"schema": 1, **table}, board, 1_001, 2, "EUR")
    assert unpaid(awards, 1_001) == 0
    assert paid({**table, "remainder": "next"}, board, 1_001) == {"a": 501, "b": 167, "c": 167, "d": 166}
    assert paid({**table, "remainder": "house"}, board, 1_001) == {"a": 500, "b": 166, "c": 166, "d": 166}


def test_an_award_names_the_player_of_the_brand_and_the_rank() -> None:
    """The same player id may stand on one board for two brands: they are two people with two prizes."""
    board = rank([Row("x", "aurora", "sam", 9, 1), Row("y", "borealis", "sam", 5, 1)], {})
    awards = split_prizes({"schema": 1, **cash(700, 300)}, board, 0, 2, "EUR")
    assert [(a.entry_id, a.brand_id, a.player_id, a.rank, a.amount) for a in awards] == [
        ("x", "aurora", "sam", 1, 700),
        ("y", "borealis", "sam", 2, 300),
    ]


def test_unclaimed_places_stay_with_the_house() -> None:
    awards = split_prizes(
        {"schema": 1, **shares((1, 1, 6_000), (2, 2, 4_000))}, a_board([9]), 1_000, 2, "EUR"
    )
    assert [a.amount for a in awards] == [600]
    assert unpaid(awards, 1_000) == 400
    below = {"schema": 1, **shares((1, 2, 10_000), minScore=5)}
    assert [a.entry_id for a in split_prizes(below, a_board([9, 4]), 1_000, 2, "EUR")] == ["a"]


def test_yen_have_no_decimals_and_bitcoin_eight() -> None:
    """Invariant 14: an amount is whole in its currency's smallest unit, whatever that is."""
    table = {"schema": 1, **shares((1, 3, 10_000), remainder="house")}
    yen = split_prizes(table, a_board([9, 8, 7]), 100, 0, "JPY")
    assert [(a.amount, a.exponent, a.currency) for a in yen] == [(33, 0, "JPY")] * 3
    coins = split_prizes(table, a_board([9, 8, 7]), 100_000_000, 8, "BTC")
    assert [a.amount for a in coins] == [33_333_333] * 3


def test_several_kinds_for_one_place_and_free_rounds_split() -> None:
    spins = {"kind": "free_rounds", "value": 20, "game": "slot", "validHours": 72}
    table = {
        "schema": 1,
        "lines": [
            {"from": 1, "to": 2, "count": 15, **spins},
            {"from": 1, "to": 1, "kind": "bonus", "amount": 501},
            {"from": 1, "to": 1, "kind": "cash", "shareBps": 10_000},
            {"from": 3, "to": 3, **spins, "count": 1, "game": "crash"},
        ],
    }
    awards = split_prizes(table, a_board([9, 9, 9]), 300, 2, "EUR")
    assert [(a.entry_id, a.kind, a.amount, a.from_pool, a.free_rounds) for a in awards] == [
        ("a", "cash", 100, 100, 0),
        ("a", "bonus", 167, 0, 0),
        ("a", "free_rounds", 0, 0, 10),
        ("b", "cash", 100, 100, 0),
        ("b", "bonus", 167, 0, 0),
        ("b", "free_rounds", 0, 0, 10),
        ("c", "cash", 100, 100, 0),
        ("c", "bonus", 167, 0, 0),
        ("c", "free_rounds", 0, 0, 10),
    ]
    assert {(a.value, a.game, a.valid_hours) for a in awards if a.free_rounds} == {(20, "slot", 72)}


@pytest.mark.parametrize(
    ("entries", "pool"),
    [(40, Pool(40_000, 10_000, 50_000)), (60, Pool(60_000, 0, 60_000)), (0, Pool(0, 50_000, 50_000))],
)
def test_guarantee(entries: int, pool: Pool) -> None:
    """Invariant 5: 10.00 a seat and 500.00 guaranteed; the rake is no part of it."""
    assert pool_of(entries, 1_000, 50_000) == pool


def test_seed_and_rebuys_make_the_pool_too() -> None:
    assert pool_of(3, 1_000, 5_000, 700, rebuys=2, rebuy=500, add_ons=1, add_on=250) == Pool(4_250, 50, 5_000)
    with pytest.raises(ValueError, match="negative"):
        pool_of(-1, 1_000)


def a_line(first: Any = 1, last: Any = 1, **more: Any) -> dict[str, Any]:
    return {"from": first, "to": last, "kind": "cash", "amount": 5, **more}


SPINS = {"from": 1, "to": 1, "kind": "free_rounds", "count": 5, "value": 20, "game": "slot", "validHours": 24}


def without(name: str) -> dict[str, Any]:
    return {k: v for k, v in a_line().items() if k != name}


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ({"lines": [a_line()]}, []),
        ({"lines": []}, ["lines"]),
        ({}, ["lines"]),
        ({"lines": [a_line()], "ties": "coin"}, ["ties"]),
        ({"lines": [a_line()], "remainder": "me"}, ["remainder"]),
        ({"lines": [a_line()], "minScore": "1"}, ["minScore"]),
        ({"lines": [a_line()], "colour": 1}, ["colour"]),
        ({"lines": [5]}, ["lines[0]"]),
        ({"lines": [without("to")]}, ["lines[0].to"]),
        ({"lines": [a_line(2)]}, ["lines[0].to"]),
        ({"lines": [a_line(0)]}, ["lines[0].from"]),
        ({"lines": [a_line(kind="car")]}, ["lines[0].kind"]),
        ({"lines": [a_line(shareBps=5)]}, ["lines[0]"]),
        ({"lines": [without("amount")]}, ["lines[0]"]),
        ({"lines": [a_line(amount=0)]}, ["lines[0].amount"]),
        ({"lines": [a_line(amount=-5)]}, ["lines[0].amount"]),
        ({"lines": [a_line(amount=True)]}, ["lines[0].amount"]),
        ({"lines": [a_line(1, 3), a_line(3, 4)]}, ["lines[1]"]),
        ({"lines": [a_line(1, 3), a_line(3, 4, kind="bonus")]}, []),
        (shares((1, 1, 6_000), (2, 2, 4_001)), ["lines"]),
        (shares((1, 1, 6_000), (2, 9, 4_000)), []),
        (shares((1, 1, 6_000), ties="all_get_higher"), ["lines[0].shareBps"]),
        (shares((1, 1, 3_000), (2, 2, 3_001), ties="drop_to_lower"), ["lines[1]"]),
        (shares((1, 1, 3_000), (3, 3, 3_000), ties="drop_to_lower"), ["lines[1]"]),
        (shares((1, 1, 3_000), (2, 3, 6_000), ties="drop_to_lower"), []),
        (shares((2, 2, 3_000), (1, 1, 3_000), ties="drop_to_lower"), []),
        (shares((2, 2, 3_001), (1, 1, 3_000), ties="drop_to_lower"), ["lines[0]"]),
        (shares((1, 1, 0)), ["lines[0].shareBps"]),
        (shares((1, 1, 10_001)), ["lines[0].shareBps"]),
        ({"schema": 2, "lines": [a_line()]}, ["schema"]),
        ({"lines": [{**SPINS, "amount": 5}]}, ["lines[0].amount"]),
        ({"lines": [{**SPINS, "shareBps": 5}]}, ["lines[0].shareBps"]),
        ({"lines": [SPINS]}, []),
        (
            {"lines": [{"from": 1, "to": 1, "kind": "free_rounds", "count": 0, "value": 0, "game": "", "validHours": 0}]},
            ["lines[0].count", "lines[0].value", "lines[0].game", "lines[0].validHours"],
        ),
    ],
)  # fmt: skip
def test_faults_of_prize_tables(table: dict[str, Any], where: list[str]) -> None:
    assert [fault.pointer for fault in validate_prizes({"schema": 1, **table})] == where
    if where:
        with pytest.raises(Refusal) as refused:
            split_prizes({"schema": 1, **table}, [], 0, 2, "EUR")
        assert refused.value.name == "PRIZES_INVALID"


def test_a_pool_is_never_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        split_prizes({"schema": 1, **cash(1)}, [], -1, 2, "EUR")


def test_what_is_cut_from_dropped_shares_is_handed_out_too() -> None:
    table = shares((1, 2, 10_000), ties="drop_to_lower")
    assert paid(table, a_board([9, 9]), 1_001) == {"a": 501, "b": 500}
    assert paid({**table, "remainder": "house"}, a_board([9, 9]), 1_001) == {"a": 500, "b": 500}
