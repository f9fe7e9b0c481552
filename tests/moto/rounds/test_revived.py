"""A grown tournament that the scorer had forgotten and that is looked at again: its pages are where they were."""

import pytest
from pitboss.kernel.instants import format_instant
from pitboss.rounds import service, store

from tests.tournament_world import GAMES, HOUR, SECOND, Hub

pytestmark = pytest.mark.moto
PLAYERS_PER_PAGE = 8
PLAYERS = 3 * PLAYERS_PER_PAGE


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pitboss.rounds.model.PLAYERS_PER_PAGE", PLAYERS_PER_PAGE)


def revived(hub: Hub) -> tuple[str, int]:
    """A tournament that grew, was settled and forgotten, and whose result is amended; and when it was played."""
    tid = hub.create()
    for n in range(PLAYERS):
        assert hub.register(tid, f"p{n:03d}").status < 300
    hub.to(hub.now + HOUR)
    played = hub.now
    hub.send(*[(f"a{n}", f"p{n:03d}", "1.00", "0.00") for n in range(PLAYERS)])
    hub.to(hub.now + HOUR + 31 * SECOND)
    assert hub.settle(tid) == "settled"
    hub.to(hub.now + 25 * HOUR)
    hub.settle(tid, passes=2)
    assert store.live_of(hub.tenant) == []
    hub.ok("POST", "/tournaments/{id}/results/amend", {"reason": "audit"}, id=tid)
    assert hub.settle(tid) == "settled"
    assert [live.tournament_id for live in store.live_of(hub.tenant)] == [tid]
    return tid, played


def test_corrections_that_come_then_are_listed_and_hold_up_nobody(hub: Hub) -> None:
    tid, played = revived(hub)
    message = [
        {
            "roundId": f"a{n}",
            "status": "rolled_back",
            "revision": 1,
            "brandId": "aurora",
            "playerId": f"p{n:03d}",
            "gameId": GAMES[0],
            "currency": "EUR",
            "bet": "1.00",
            "win": "0.00",
            "settledAt": format_instant(played),
        }
        for n in range(PLAYERS)
    ]
    answer = hub.ok("POST", "/rounds", {"integrationId": "main", "rounds": message})
    assert {row["status"] for row in answer["results"]} == {"accepted"}
    batches = list(store.inbox_since(hub.tenant, "main", hub.scored))
    assert service.score(batches)["late"] == PLAYERS
    told = hub.player("GET", tid, "rounds", "p007").body
    assert [late["roundId"] for late in told["late"]] == ["a7"]
