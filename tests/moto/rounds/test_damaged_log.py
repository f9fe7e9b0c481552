"""A page that cannot be folded, since its log has a hole: the others of its batch are counted, and shown."""

from typing import Any

import pytest
from pitboss.kernel.instants import format_instant
from pitboss.platform.aws import dynamodb
from pitboss.platform.settings import arena_table
from pitboss.rounds import service, store
from pitboss.rounds.keys import segment_prefix, tournament_pk

from tests.tournament_world import GAMES, HOUR, SECOND, Hub

pytestmark = pytest.mark.moto


def lose_log(hub: Hub, tid: str) -> None:
    """What no program of ours does: the segments of a tournament's only page are gone."""
    pk = tournament_pk(hub.tenant, tid)
    for item in dynamodb().scan(TableName=arena_table())["Items"]:
        if item["pk"]["S"] == pk and item["sk"]["S"].startswith(segment_prefix(0)):
            dynamodb().delete_item(TableName=arena_table(), Key={"pk": item["pk"], "sk": item["sk"]})


def test_the_boards_of_the_other_tournaments_are_made(hub: Hub) -> None:
    tids = [hub.create(name=name) for name in ("whole", "damaged")]
    for tid in tids:
        assert hub.register(tid, "ann").status < 300
    hub.to(hub.now + HOUR)
    hub.send(("r1", "ann", "1.00", "0.00"))
    hub.rank()
    lose_log(hub, tids[1])
    row: dict[str, Any] = {
        "roundId": "r1",
        "revision": 1,
        "status": "amended",
        "brandId": "aurora",
        "playerId": "ann",
        "gameId": GAMES[0],
        "currency": "EUR",
        "bet": "5.00",
        "win": "0.00",
        "settledAt": format_instant(hub.now),
    }
    hub.now += 2 * SECOND
    hub.ok("POST", "/rounds", {"integrationId": "main", "rounds": [row]})
    with pytest.raises(service.PagesFailedError):
        service.score(list(store.inbox_since(hub.tenant, "main", hub.scored)))
    hub.rank()
    board = hub.ok("GET", "/tournaments/{id}/leaderboard", id=tids[0])["leaderboard"]
    assert [(r["playerId"], r["score"]) for r in board] == [("ann", "5.00")]
