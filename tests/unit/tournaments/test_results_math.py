"""Results: the pool, hashes and receipts, amended versions and the postings that follow from them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.kernel.canonical import digest
from pitboss.scoring.public import Ranked, Stint
from pitboss.tournaments import merkle, results
from pitboss.tournaments.model import Entry, Paid, Spec, Tournament

pytestmark = pytest.mark.unit

TID = "01J00000000000000000000000"
OPERATOR = {name: f"operator/op/{name}" for name in ("overlay", "remainder", "clawback")}
SPEC = Spec(
    name="x",
    start_at=1,
    end_at=2,
    opens_at=0,
    late_until=2,
    currency="EUR",
    exponent=2,
    rules={},
    ranking={},
    prizes={
        "schema": 1,
        "lines": [
            {"from": 1, "to": 1, "kind": "cash", "shareBps": 5000},
            {"from": 2, "to": 2, "kind": "cash", "shareBps": 3000},
            {"from": 3, "to": 3, "kind": "cash", "shareBps": 2000},
        ],
    },
    buy_in=1000,
    rake=100,
    guarantee=50_000,
)


def tournament(**spec: Any) -> Tournament:
    return Tournament("op", TID, 1, "closing", replace(SPEC, **spec), 0, "key")


def entry_id(n: int) -> str:
    return f"01J0000000000000000000{n:04d}"


def ranked(count: int, out: set[int] = frozenset()) -> list[Ranked]:  # type: ignore[assignment]
    rows, place = [], 0
    for n in [n for n in range(count) if n not in out] + sorted(out):
        place += 0 if n in out else 1
        status = "disqualified" if n in out else "active"
        rows.append(
            Ranked(0 if n in out else place, 1, entry_id(n), "b", f"p{n}", 1000 - n, 5, status, True, 3)
        )
    return rows


def entries(count: int) -> dict[str, Entry]:
    return {
        entry_id(n): Entry(
            "op",
            TID,
            entry_id(n),
            "b",
            f"p{n}",
            f"P{n}",
            "active",
            1,
            1,
            0,
            stints=(Stint(1, 1),),
            paid=(Paid("r", "buy_in", 1000, 100, 1),),
        )
        for n in range(count)
    }


def result(count: int, *, version: int = 1, out: set[int] = frozenset(), **spec: Any) -> results.Result:  # type: ignore[assignment]
    return results.make_result(
        tournament(**spec),
        version,
        ranked(count, out),
        entries(count),
        collected=count * 1000,
        rake=count * 100,
        segment_log_hash="0" * 64,
        counts={"rounds": 3},
    )


@pytest.mark.parametrize(
    ("players", "collected", "overlay", "net"), [(40, 40_000, 10_000, 50_000), (60, 60_000, 0, 60_000)]
)
def test_guarantee_and_overlay(players: int, collected: int, overlay: int, net: int) -> None:
    # 40 entries of 10.00, 1.00 rake each, guarantee 500: collected 400, overlay 100; at 60 the pool is 600.
    pool = result(players).header["pool"]
    assert (pool["collected"], pool["overlay"], pool["net"]) == (collected, overlay, net)
    assert pool["rake"] == players * 100
    assert pool["awarded"] + pool["remainder"] == net


def check_postings(new: results.Result, old: results.Result | None, before: dict[str, int]) -> dict[str, int]:
    """Apply a version's postings to balances; each must sum to zero and the pool must end empty."""
    changes = results.diffs(new.rows, old.rows if old else [])
    for _, _, amounts in results.postings(
        TID, OPERATOR, "pool", "payable", new.header, old.header if old else None, changes
    ):
        assert sum(amounts.values()) == 0
        for account, amount in amounts.items():
            before[account] = before.get(account, 0) + amount
    assert before["pool"] == 0
    return before


def test_payouts_and_remainder_are_what_was_in_the_pool() -> None:
    made = result(40)
    books = check_postings(made, None, {"pool": 40_000})
    assert books[OPERATOR["overlay"]] == -10_000
    assert books["payable"] + books[OPERATOR["remainder"]] == 50_000


@pytest.mark.parametrize(
    ("guarantee", "overlay", "net"), [(0, 0, 47_000), (47_000, 0, 47_000), (50_000, 3_000, 50_000)]
)
def test_a_seed_is_in_the_pool_before_the_guarantee_is_looked_at(
    guarantee: int, overlay: int, net: int
) -> None:
    made = result(40, seed=7_000, guarantee=guarantee)
    pool = made.header["pool"]
    assert (pool["seed"], pool["overlay"], pool["net"]) == (7_000, overlay, net)
    books = check_postings(made, None, {"pool": 40_000})
    assert books[OPERATOR["overlay"]] == -7_000 - overlay
    assert books["payable"] + books[OPERATOR["remainder"]] == net


def test_without_prizes_the_pool_stays_with_the_house() -> None:
    made = result(3, guarantee=0, prizes=None)
    assert results.diffs(made.rows, []) == []
    assert check_postings(made, None, {"pool": 3_000})[OPERATOR["remainder"]] == 3_000


def test_a_row_tells_who_it_was_and_what_was_paid() -> None:
    made = result(2)
    row = made.rows[1]
    assert (row["displayName"], row["playerId"], row["brandId"]) == ("P1", "p1", "b")
    assert (row["entryCount"], row["paid"]) == (1, 1_100)  # 10.00 and 1.00 rake
    assert (made.header["players"], made.header["entries"]) == (2, 2)


def test_a_remainder_that_an_amended_result_changes_moves_by_the_difference() -> None:
    first, second = result(2, guarantee=0), result(2, version=2, out={0}, guarantee=0)
    books = check_postings(first, None, {"pool": 2_000})
    books = check_postings(second, first, books)
    # 1000 and 600 and 400 left became 1000 for p1 alone and 1000 left; p0 owes 1000.
    assert (books["payable"], books[OPERATOR["clawback"]], books[OPERATOR["remainder"]]) == (
        2_000,
        -1_000,
        1_000,
    )


def test_fewer_players_than_prizes_leave_a_remainder_with_the_house() -> None:
    made = result(2, guarantee=0)
    books = check_postings(made, None, {"pool": 2_000})
    assert made.header["pool"]["remainder"] == 400
    assert (books["payable"], books[OPERATOR["remainder"]]) == (1_600, 400)


def test_disqualifying_the_winner_after_the_result_moves_prizes_up() -> None:
    first = result(5, guarantee=0)
    second = result(5, version=2, out={0}, guarantee=0)
    books = check_postings(first, None, {"pool": 5_000})
    books = check_postings(second, first, books)
    changes = {(d.player_id, d.amount) for d in results.diffs(second.rows, first.rows)}
    # 2500, 1500, 1000 became the prizes of p1, p2, p3; p0 owes 2500 back.
    assert changes == {("p0", -2500), ("p1", 1000), ("p2", 500), ("p3", 1000)}
    assert books[OPERATOR["clawback"]] == -2500
    assert books["payable"] == 7500
    assert second.header["resultHash"] != first.header["resultHash"]


def test_the_same_difference_has_the_same_reference_and_another_version_another() -> None:
    first, second = result(5), result(5, version=2, out={0})
    one = results.diffs(first.rows, [])[0]
    assert results.payout_ref(TID, 1, one) == results.payout_ref(TID, 1, results.diffs(first.rows, [])[0])
    refs = {results.payout_ref(TID, 1, d) for d in results.diffs(first.rows, [])}
    refs |= {results.payout_ref(TID, 2, d) for d in results.diffs(second.rows, first.rows)}
    assert len(refs) == 3 + 4


def test_references_are_the_same_in_every_release() -> None:
    """A release that reckoned them anew would have every unsettled prize paid twice."""
    cash = results.Diff(entry_id(7), "b", "p7", "cash", 2_500, 0, 0, "", 0, 1)
    rounds = results.Diff(entry_id(7), "b", "p7", "free_rounds", 0, 20, 10, "g", 24, 1)
    assert results.payout_ref(TID, 1, cash) == "01J00000002P87Z3J55WBEMGCP"
    assert results.payout_ref(TID, 1, rounds) == "01J0000000CW7KV4QVQGF351RN"


def test_differences_come_in_board_order_and_those_without_a_rank_last() -> None:
    first = result(30, guarantee=0)
    changes = results.diffs(result(30, version=2, out={0}, guarantee=0).rows, first.rows)
    assert [(d.player_id, d.rank) for d in changes] == [("p1", 1), ("p2", 2), ("p3", 3), ("p0", 0)]


def test_free_rounds_are_paid_in_rounds_not_in_money() -> None:
    line = {
        "from": 1,
        "to": 2,
        "kind": "free_rounds",
        "count": 20,
        "value": 10,
        "game": "g",
        "validHours": 24,
    }
    made = result(3, guarantee=0, prizes={"schema": 1, "lines": [line]})
    changes = results.diffs(made.rows, [])
    assert changes == [
        results.Diff(entry_id(n), "b", f"p{n}", "free_rounds", 0, 20, 10, "g", 24, n + 1) for n in range(2)
    ]
    books = check_postings(made, None, {"pool": 3_000})
    assert books.get("payable", 0) == 0
    assert books[OPERATOR["remainder"]] == 3_000


def test_a_result_is_fixed_by_its_hash() -> None:
    made = result(7)
    assert results.header_hash(made.header) == made.header["resultHash"]
    assert result(7) == made
    tampered = {**made.header, "players": 8}
    assert results.header_hash(tampered) != made.header["resultHash"]
    assert digest(made.rows) == digest(result(7).rows)


@given(st.integers(1, 70), st.data())
def test_a_receipt_proves_its_row_and_no_other(size: int, data: st.DataObject) -> None:
    rows = [{"n": n} for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    steps = merkle.path(rows, index)
    root = merkle.root(rows)
    assert merkle.climb(rows[index], steps) == root
    assert len(steps) <= 7
    assert merkle.climb({"n": size}, steps) != root
    if steps:
        turned = [{**s, "side": "left" if s["side"] == "right" else "right"} for s in steps]
        assert merkle.climb(rows[index], turned) != root


def test_the_tree_is_the_published_one() -> None:
    # RFC 6962 section 2.1.1: three leaves hash as (0, 1), 2.
    rows = [{"n": n} for n in range(3)]
    a, b, c = (merkle.leaf(row) for row in rows)
    left = __import__("hashlib").sha256(b"\x01" + a + b).digest()
    assert merkle.root(rows) == __import__("hashlib").sha256(b"\x01" + left + c).hexdigest()
    assert len(merkle.root([])) == 64
    with pytest.raises(IndexError):
        merkle.path(rows, 3)
