"""The board's two ways of ranking, and its packing, against the one definition of order."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pitboss.rounds.boards import snapshot, unpack_chunk
from pitboss.rounds.sorting import Entries, by_arrays, by_records
from pitboss.scoring.public import MAX_INSTANT, Row, rank

pytestmark = pytest.mark.property

MOST = 9 * 10**18
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=4)
rows = st.lists(
    st.builds(
        Row,
        texts,
        st.sampled_from(["a", "ß"]),
        texts,
        st.sampled_from([-MOST, -1, 0, 1, 5, MOST]) | st.integers(-MOST, MOST),
        st.sampled_from([0, 1, 2, MAX_INSTANT]),
        st.sampled_from(["active", "active", "active", "disqualified"]),
        st.booleans(),
        st.integers(0, 5),
    ),
    max_size=40,
    unique_by=lambda row: row.entry_id,
)
rankings = st.fixed_dictionaries(
    {},
    optional={
        "ties": st.sampled_from(["earliest", "shared"]),
        "style": st.sampled_from(["competition", "dense", "unique"]),
    },
)


def entries_of(many: list[Row]) -> Entries:
    entries = Entries()
    for row in many:
        entries.add(row, f"name\n{row.player_id}")
    return entries


@given(rows, rankings)
@example([], {})
@example([Row("é", "a", "p", 1, 1), Row("z", "a", "q", 1, 1), Row("𐀀", "a", "r", 1, 1)], {})
def test_both_ways_give_the_order_of_the_definition(many: list[Row], ranking: dict[str, str]) -> None:
    wanted = [[r.rank, r.tied, *r[2:5], f"name\n{r.player_id}", *r[5:]] for r in rank(many, ranking)]
    for way in (by_records, by_arrays):
        assert list(way(entries_of(many), ranking).rows(0, len(many))) == wanted


@given(rows, st.integers(1, 3))
def test_a_snapshot_unpacks_to_its_rows(many: list[Row], copies: int) -> None:
    entries = entries_of([r._replace(entry_id=f"{r.entry_id}{n}") for r in many for n in range(copies * 9)])
    board = by_arrays(entries, {})
    made, body = snapshot(board, seq=1, as_of=0, finality="live", decimals=0, key="k")
    data = made.data if body is None else body
    chunks = [unpack_chunk(data[at : at + size]) for _, at, size in made.directory]
    assert [row for chunk in chunks for row in chunk] == list(board.rows(0, len(board)))
    assert made.total == len(board)
    assert made.top == ([] if body is None else list(board.rows(0, 100)))
