"""Prizes under every tie and remainder rule: exact sums, nothing negative, nothing twice (domain invariants 3, 4, 14)."""

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pitboss.scoring.prizes import PRIZE_TIES, REMAINDERS
from pitboss.scoring.public import (
    Award,
    Ranked,
    Row,
    pool_of,
    rank,
    sort_key,
    split_prizes,
    unpaid,
    validate_prizes,
)
from pitboss.tournaments.ruleforms import shown_prizes, worst_cost

from devtools.recompute_prizes import prizes_of

pytestmark = pytest.mark.property
many = settings(max_examples=250, deadline=None)


@st.composite
def boards(draw: st.DrawFn, least: int = 0) -> list[Ranked]:
    """Up to 25 players with many ties, some of them out."""
    rows = [
        Row(
            f"e{i:02d}",
            "aurora",
            f"p{i}",
            draw(st.integers(-2, 6)),
            draw(st.integers(1, 3)),
            draw(st.sampled_from(["active"] * 7 + ["disqualified"])),
            draw(st.sampled_from([True] * 7 + [False])),
        )
        for i in range(draw(st.integers(least, 25)))
    ]
    ranking = {
        "ties": draw(st.sampled_from(["earliest", "shared"])),
        "style": draw(st.sampled_from(["competition", "dense", "unique"])),
    }
    return rank(rows, ranking)


@st.composite
def tables(draw: st.DrawFn, *, shares_only: bool = False) -> dict[str, Any]:
    """Valid prize tables; the lines of a kind follow each other, sometimes with a gap."""
    ties = draw(st.sampled_from([t for t in PRIZE_TIES if not shares_only or t != "all_get_higher"]))
    lines: list[dict[str, Any]] = []
    shares_left, each = 10_000, Fraction(1)
    for kind in ["cash"] if shares_only else ["cash", "bonus", "free_rounds"]:
        place, gap = 1, False
        for _ in range(draw(st.integers(1 if kind == "cash" else 0, 4))):
            if not shares_only and draw(st.integers(0, 4)) == 0:
                place, gap = place + 1, True
            last = place + draw(st.integers(0, 4))
            line: dict[str, Any] = {"from": place, "to": last, "kind": kind}
            if kind == "free_rounds":
                line |= {
                    "count": draw(st.integers(1, 20)),
                    "value": draw(st.sampled_from([10, 20])),
                    "game": draw(st.sampled_from(["slot", "crash"])),
                    "validHours": 24,
                }
            elif kind == "cash" and ties != "all_get_higher" and (shares_only or draw(st.booleans())):
                most = min(shares_left, int(each * 10_000 * (last - place + 1)))
                if most < 1 or (ties == "drop_to_lower" and gap):
                    break
                bps = draw(st.integers(1, most))
                line["shareBps"] = bps
                shares_left -= bps
                each = Fraction(bps, 10_000 * (last - place + 1)) if ties == "drop_to_lower" else Fraction(1)
            else:
                line["amount"] = draw(st.integers(1, 10_000))
                gap = True
            lines.append(line)
            place = last + 1
    return {
        "schema": 1,
        "lines": lines or [{"from": 1, "to": 1, "kind": "cash", "amount": 5}],
        "ties": ties,
        "remainder": draw(st.sampled_from(REMAINDERS)),
        **draw(st.fixed_dictionaries({}, optional={"minScore": st.integers(-1, 4)})),
    }


def places_of(table: dict[str, Any], kind: str, member: str) -> dict[int, Fraction]:
    """What stands on each place, straight from the lines."""
    out: dict[int, Fraction] = {}
    for line in table["lines"]:
        if line["kind"] == kind and member in line:
            size = line["to"] - line["from"] + 1 if member == "shareBps" else 1
            for place in range(line["from"], line["to"] + 1):
                out[place] = Fraction(line[member], size)
    return out


@many
@given(board=boards(), table=tables(), pool=st.integers(0, 10**6))
def test_sums_are_exact_and_nothing_is_negative(
    board: list[Ranked], table: dict[str, Any], pool: int
) -> None:
    assert validate_prizes(table) == []
    awards = split_prizes(table, board, pool, 2, "EUR")
    assert unpaid(awards, pool) >= 0
    assert sum(a.from_pool for a in awards) + unpaid(awards, pool) == pool
    for award in awards:
        assert type(award.amount) is int
        assert award.amount >= award.from_pool >= 0
        assert award.free_rounds >= 0
        assert award.amount or award.free_rounds
        assert (award.kind == "free_rounds") == bool(award.free_rounds)
        assert (award.exponent, award.currency) == (2, "EUR")
    paid = {a.entry_id for a in awards}
    out = {r.entry_id for r in board if not r.rank or r.score < table.get("minScore", -99)}
    assert not paid & out
    order = [r.entry_id for r in board]
    assert [order.index(a.entry_id) for a in awards] == sorted(order.index(a.entry_id) for a in awards)


@many
@given(board=boards(), table=tables(), pool=st.integers(0, 10**6))
def test_fixed_prizes_never_cost_more_than_their_places(
    board: list[Ranked], table: dict[str, Any], pool: int
) -> None:
    """Under every rule but all_get_higher, what is paid of a kind is at most what the claimed places hold."""
    claimed = sum(1 for r in board if r.rank and r.score >= table.get("minScore", -99))
    awards = split_prizes(table, board, pool, 2, "EUR")
    if table["ties"] == "all_get_higher":
        return
    for kind in ("cash", "bonus"):
        held = sum(v for place, v in places_of(table, kind, "amount").items() if place <= claimed)
        paid = sum(a.amount - a.from_pool for a in awards if a.kind == kind)
        if (table["ties"] in ("split_places", "earliest_wins") and table["remainder"] != "house") or table[
            "ties"
        ] == "earliest_wins":
            assert paid == held
        elif table["ties"] == "split_places":
            assert held - max(1, len(board)) < paid <= held


@many
@given(board=boards(), table=tables(shares_only=True), pool=st.integers(0, 10**9))
def test_shares_hand_out_all_they_promise(board: list[Ranked], table: dict[str, Any], pool: int) -> None:
    claimed = sum(1 for r in board if r.rank and r.score >= table.get("minScore", -99))
    shares = places_of(table, "cash", "shareBps")
    exact = sum((v for place, v in shares.items() if place <= claimed), Fraction(0)) * pool / 10_000
    paid = sum(a.from_pool for a in split_prizes(table, board, pool, 2, "EUR"))
    if table["ties"] in ("split_places", "earliest_wins") and table["remainder"] != "house":
        assert paid == int(exact)
    assert paid <= exact
    if table["ties"] in ("split_places", "earliest_wins"):
        assert exact - paid < 2 * len(board) + 1


@many
@given(board=boards(least=2), table=tables(), pool=st.integers(0, 10**6))
def test_tied_players_differ_by_the_remainder_at_most(
    board: list[Ranked], table: dict[str, Any], pool: int
) -> None:
    if table["ties"] == "earliest_wins":
        return
    groups: dict[int, list[Ranked]] = {}
    for row in board:
        groups.setdefault(row.rank, []).append(row)
    awards = split_prizes({**table, "remainder": "house"}, board, pool, 2, "EUR")
    for number, group in groups.items():
        if number:
            per_player = [
                Counter(a[4:] for a in awards if a.entry_id == r.entry_id)  # all but who and which rank
                for r in group
            ]
            assert all(mine == per_player[0] for mine in per_player)
    if table["ties"] == "split_places":
        first = next((r.entry_id for r in board), "")
        spread = split_prizes({**table, "remainder": "next"}, board, pool, 2, "EUR")
        for key, amount in _by_player(spread).items():
            assert 0 <= amount - _by_player(awards).get(key, 0) <= 3
        to_first = _by_player(split_prizes({**table, "remainder": "to_first"}, board, pool, 2, "EUR"))
        assert to_first.get(first, 0) >= _by_player(awards).get(first, 0)


def _by_player(awards: list[Award]) -> dict[str, int]:
    out: dict[str, int] = {}
    for award in awards:
        out[award.entry_id] = out.get(award.entry_id, 0) + award.amount
    return out


@many
@given(
    figures=st.tuples(*[st.integers(0, 10**6)] * 4),
    more=st.tuples(*[st.integers(0, 100)] * 4),
)
def test_the_pool_meets_its_guarantee_exactly(figures: tuple[int, ...], more: tuple[int, ...]) -> None:
    entries, buy_in, guarantee, seed = figures[0] % 500, figures[1] % 10_000, figures[2], figures[3]
    rebuys, rebuy, add_ons, add_on = more
    pool = pool_of(
        entries, buy_in, guarantee, seed, rebuys=rebuys, rebuy=rebuy, add_ons=add_ons, add_on=add_on
    )
    assert pool.collected == entries * buy_in + rebuys * rebuy + add_ons * add_on
    assert pool.net == pool.collected + seed + pool.overlay
    assert pool.net >= guarantee
    assert pool.overlay >= 0
    assert pool.overlay == 0 or pool.net == guarantee


@many
@given(board=boards())
def test_ranks_count_those_above(board: list[Ranked]) -> None:
    inside = [r for r in board if r.rank]
    assert board[: len(inside)] == inside
    rows = [Row(*r[2:]) for r in board]
    assert rows == sorted(rows, key=sort_key)
    numbers = [r.rank for r in inside]
    assert numbers == sorted(numbers)
    assert not numbers or numbers[0] == 1
    for number, times in Counter(numbers).items():
        assert {r.tied for r in inside if r.rank == number} == {times}


@given(tables(), boards(), st.integers(0, 50), st.integers(0, 50), st.integers(0, 90))
@many
def test_no_board_costs_the_house_more_than_the_worst_case(
    table: dict[str, Any], board: list[Ranked], guarantee: int, seed: int, collected: int
) -> None:
    net = max(guarantee, seed + collected)
    awards = split_prizes(table, board, net, 2, "EUR")
    worth = sum(a.free_rounds * a.value if a.kind == "free_rounds" else a.amount for a in awards)
    worst = worst_cost(table, guarantee=guarantee, seed=seed, players=len(board) or 1)
    assert worst is not None
    assert worth - collected <= worst


@given(tables(), boards(), st.integers(0, 50_000))
@many
def test_a_program_that_shares_no_code_splits_alike(
    table: dict[str, Any], board: list[Ranked], net: int
) -> None:
    mine: dict[str, dict[tuple[str, str, str, int], int]] = {}
    for award in split_prizes(table, board, net, 2, "EUR"):
        free = award.kind == "free_rounds"
        key = (award.kind, award.game, str(award.value) if free else "", award.valid_hours)
        mine.setdefault(award.entry_id, {})[key] = award.free_rounds if free else award.amount
    # Minor units stand for major ones here: the program is given no decimals to read.
    theirs = prizes_of(
        shown_prizes(table, str) or {},
        [{"entryId": r.entry_id, "rank": r.rank, "score": r.score} for r in board],
        net,
        0,
    )
    assert mine == theirs
