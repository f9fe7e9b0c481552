"""Best-N keeps a few candidates only; through any adding and removing it must know when it no longer knows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pitboss.scoring.metrics import SPARE_CANDIDATES, BestN

pytestmark = pytest.mark.property

Pair = tuple[int, int]
steps = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 9), st.integers(0, 5)), min_size=20, max_size=60
)


def brute(rows: list[Pair], n: int) -> Pair:
    """(sum of the n best, the moment the last of them came), equal ones by the earliest."""
    best = sorted((row for row in rows if row[0] > 0), key=lambda row: (-row[0], row[1]))[:n]
    return sum(points for points, _ in best), max((at for _, at in best), default=0)


@settings(max_examples=400, deadline=None)
@given(n=st.integers(1, 3), ops=steps, data=st.data())
def test_any_adding_and_removing(n: int, ops: list[tuple[int, int, int]], data: st.DataObject) -> None:
    part = BestN(n, lambda _bet, win, _weight: win, 0)
    body, rows, lost = part.fresh(), [], 0
    for points, at, what in ops:
        if what == 0 and rows:
            # the dearest go first: those are what the candidates are kept for
            rows.sort(key=lambda row: (-row[0], row[1]))
            gone = rows.pop(data.draw(st.integers(0, min(len(rows), 2 * n) - 1)))
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
