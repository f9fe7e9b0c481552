"""A page at DynamoDB's limit of 400 KB: first it lets go of what its log has as well; what is too large then harms no other."""

import pytest
from pitboss.platform import dynamo
from pitboss.rounds import service, store
from pitboss.rounds.model import Place

from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto
ROUNDS = 500


def acknowledge(hub: Hub, prefix: str) -> list[store.InboxItem]:
    hub.now += SECOND
    rounds = [hub.message(f"{prefix}{n}", "ann", "1.00", "0.00") for n in range(ROUNDS)]
    hub.ok("POST", "/rounds", {"integrationId": "main", "rounds": rounds})
    return list(store.inbox_since(hub.tenant, "main", hub.scored))[-1:]


def fill(hub: Hub, tid: str) -> None:
    """Rollbacks whose rounds never came, until the page takes no more."""
    place = Place(hub.tenant, tid, 0)
    page = store.read_sheets([place])[place].page
    step = 8192
    while step:
        before, first = page.orphans, len(page.orphans)
        more = {
            (n + 1) * 0x9E3779B97F4A7C15 % 2**64: (1, n * 40503 % 2**32) for n in range(first, first + step)
        }
        was, page.version, page.orphans = page.version, page.version + 1, before | more
        try:
            assert store.put_page(place, page, was)
        except dynamo.TooLarge:
            page.version, page.orphans = was, before
            step //= 2


def score_of(hub: Hub, tid: str) -> int:
    place = Place(hub.tenant, tid, 0)
    states = store.read_sheets([place])[place].page.states
    return sum(state[0] for of in states.values() for state in of.values())


@pytest.fixture
def two(hub: Hub) -> list[str]:
    tids = [hub.create(name=name) for name in ("full", "other")]
    for tid in tids:
        assert hub.register(tid, "ann").status < 300
    hub.to(hub.now + HOUR)
    return tids


def test_hashes_that_the_log_has_make_room(hub: Hub, two: list[str]) -> None:
    first = acknowledge(hub, "a")
    service.score(first)
    fill(hub, two[0])
    assert service.score(acknowledge(hub, "b"))["counted"] == 2 * ROUNDS
    assert [score_of(hub, tid) for tid in two] == [2 * ROUNDS, 2 * ROUNDS]
    # What it has let go of it still knows.
    assert service.score(first)["duplicates"] == 2 * ROUNDS
    assert [score_of(hub, tid) for tid in two] == [2 * ROUNDS, 2 * ROUNDS]


def test_a_page_that_is_too_large_all_the_same_holds_up_no_other(hub: Hub, two: list[str]) -> None:
    fill(hub, two[0])
    with pytest.raises(service.PagesFailedError):
        service.score(acknowledge(hub, "a"))
    assert [score_of(hub, tid) for tid in two] == [0, ROUNDS]


def test_a_full_page_is_small_once_it_is_sealed(hub: Hub, two: list[str]) -> None:
    """Whatever the seal puts right must find room on it."""
    service.score(acknowledge(hub, "a"))
    fill(hub, two[0])
    hub.to(hub.now + 3 * HOUR)
    assert hub.settle(two[0]) == "settled"
    place = Place(hub.tenant, two[0], 0)
    page = store.read_sheets([place])[place].page
    assert page.sealed
    assert len(page.raw) < 1_000
    assert score_of(hub, two[0]) == ROUNDS
