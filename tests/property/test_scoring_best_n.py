"""Best-N keeps a few candidates only; through any adding and removing it must know when it no longer knows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pitboss.scoring.metrics import SPARE_CANDIDATES, BestN

pytestmark = pytest.mark.property

Pair = tuple[int, int]
# More than are kept as candidates come first, so that some are let go; then half of the steps take one away again.
rounds = st.tuples(st.integers(0, 30), st.integers(1, 9))
first = st.lists(rounds, min_size=SPARE_CANDIDATES, max_size=SPARE_CANDIDATES + 12)
then = st.lists(st.tuples(rounds, st.booleans()), max_size=30)


def brute(rows: list[Pair], n: int) -> Pair:
    """(sum of the n best, the moment the last of them came), equal ones by the earliest."""
    best = sorted((row for row in rows if row[0] > 0), key=lambda row: (-row[0], row[1]))[:n]
    return sum(points for points, _ in best), max((at for _, at in best), default=0)


def through(n: int, ops: list[tuple[Pair, int | None]]) -> int:
    """Play (round, None: add it; else: take away the dearest but so many) beside brute force; how often it was lost."""
    part = BestN(n, lambda _bet, win, _weight: win, 0)
    body, rows, lost = part.fresh(), [], 0
    for (points, at), gone_at in ops:
        if gone_at is not None and rows:
            # the dearest go first: those are what the candidates are kept for
            rows.sort(key=lambda row: (-row[0], row[1]))
            gone = rows.pop(gone_at % min(len(rows), 2 * n))
            if not part.remove(body, 0, gone[0], 10_000, gone[1]):
                lost += 1
                body = part.fresh()
                for win, when in rows:
                    part.add(body, 0, win, 10_000, when)
        else:
            rows.append((points, at))
            before = part.score(body)
            gained, _ = part.add(body, 0, points, 10_000, at)
            assert part.score(body) == before + gained
        assert (part.score(body), part.reached_at(body)) == brute(rows, n)
        assert len(body[0]) <= n + SPARE_CANDIDATES
    return lost


@settings(max_examples=400, deadline=None)
@given(n=st.integers(1, 3), start=first, ops=then, places=st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_any_adding_and_removing(
    n: int, start: list[Pair], ops: list[tuple[Pair, bool]], places: list[int]
) -> None:
    later = [(row, places[i % len(places)] if take else None) for i, (row, take) in enumerate(ops)]
    through(n, [*((row, None) for row in start), *later])


@pytest.mark.parametrize("falling", [False, True])
def test_taking_the_best_away_one_by_one_needs_a_refold_and_is_told_so(falling: bool) -> None:
    """Whether the small ones were pushed out by better ones or never taken in."""
    values = sorted(range(1, 31), reverse=falling)
    away: list[tuple[Pair, int | None]] = [((0, 0), 0)] * 30
    assert through(2, [*(((value, at), None) for at, value in enumerate(values, 1)), *away]) == 3


def test_it_says_so_when_the_spare_ones_are_used_up() -> None:
    part = BestN(2, lambda _bet, win, _weight: win, 0)
    body = part.fresh()
    total = 2 + SPARE_CANDIDATES + 1
    for win in range(1, total + 1):
        part.add(body, 0, win, 10_000, win)
    for win in range(total, total - SPARE_CANDIDATES, -1):
        assert part.remove(body, 0, win, 10_000, win)
    assert part.score(body) == 2 + 3
    # round 2 might be the one that was let go: add one below the known candidates, it must not be taken for the next
    assert part.add(body, 0, 1, 10_000, 99) == (0, "not_among_best")
    assert not part.remove(body, 0, 3, 10_000, 3)


def test_it_needs_no_refold_while_nothing_was_let_go() -> None:
    part = BestN(5, lambda _bet, win, _weight: win, 0)
    body = part.fresh()
    for win in (3, 2, 1):
        part.add(body, 0, win, 10_000, win)
    assert part.remove(body, 0, 3, 10_000, 3)
    assert part.score(body) == 3
