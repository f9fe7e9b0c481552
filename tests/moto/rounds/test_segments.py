"""The log of a page in the table: walked from its head, read by version, across splits, with orphans lying about."""

import pytest
from pitboss.rounds import segment_store
from pitboss.rounds.model import LogDamagedError, Page, Place, Recorded, Segment
from pitboss.scoring.public import Round

pytestmark = pytest.mark.moto
PLACE = Place("t", "T" * 26, 0)
AT = 1_800_000_000_000


def record(name: str) -> Recorded:
    round_ = Round(name, 0, 0, "aurora", "ann", "crash", "regular", "EUR", 2, 1, 0, 0, 0, 0, AT, AT, 0)
    return Recorded(round_, hash(name) & 0xFFFF, 1, 0, 1, 1, "counted")


def write(place: Place, version: int, token: str, previous: str) -> None:
    segment = Segment(version, token, previous, AT + version, [record(f"{token}-{version}")])
    segment_store.put_segments([segment_store.segment_record(place, segment)])


@pytest.fixture
def page(aws: dict[str, str]) -> Page:
    """Thirty versions of page 0; version 9 and 20 have an orphan each, one sorted before the real one and one behind."""
    for version in range(1, 31):
        write(PLACE, version, f"m{version}", f"m{version - 1}" if version > 1 else "")
    write(PLACE, 9, "a9", "m8")
    write(PLACE, 20, "z20", "m19")
    write(PLACE, 31, "m31", "m30")  # its page was never written
    return Page(version=30, head="m30")


def test_the_log_is_the_chain_from_the_head(page: Page) -> None:
    found = list(segment_store.segments_back(PLACE, page))
    assert [s.token for s in found] == [f"m{n}" for n in range(30, 0, -1)]
    assert [r.round.round_id for r in found[0].records] == ["m30-30"]


def test_a_missing_link_is_noticed(page: Page) -> None:
    page.head = "nowhere"
    with pytest.raises(LogDamagedError):
        list(segment_store.segments_back(PLACE, page))


def test_versions_are_read_where_they_lie_and_ambiguous_ones_are_not_guessed(page: Page) -> None:
    def tokens(*runs: tuple[int, int]) -> list[str]:
        return [s.token for s in segment_store.segments_at(PLACE, page, runs)]

    assert tokens((2, 4), (12, 12)) == ["m2", "m3", "m4", "m12"]
    assert tokens((8, 10)) == ["m8", "m10"]
    assert tokens((2, 4), (20, 20)) == ["m2", "m3", "m4"]
    assert tokens() == []


def test_a_page_that_was_split_off_reads_on_in_the_log_of_the_other(page: Page) -> None:
    child, grandchild = PLACE.at(300), PLACE.at(700)
    assert segment_store.page_pk(child) != segment_store.page_pk(PLACE)
    write(child, 21, "c21", "m20")
    write(child, 22, "c22", "c21")
    write(PLACE.at(300), 23, "c23", "c22")
    write(grandchild, 23, "g23", "c22")
    write(grandchild, 24, "g24", "g23")
    young = Page(version=24, head="g24", lineage=((21, 0), (23, 300)))
    tokens = [s.token for s in segment_store.segments_back(grandchild, young)]
    assert tokens == ["g24", "g23", "c22", "c21", *(f"m{n}" for n in range(20, 0, -1))]
    found = segment_store.segments_at(grandchild, young, [[18, 19], [22, 24]])
    assert sorted(s.token for s in found) == ["c22", "g23", "g24", "m18", "m19"]
    found = segment_store.segments_at(grandchild, young, [[20, 24]])
    assert sorted(s.token for s in found) == ["c21", "c22", "g23", "g24"]
