"""What is sent after a tournament was sealed: corrections come for months, and few of them concern it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pitboss.kernel.instants import format_instant
from pitboss.platform.aws import dynamodb
from pitboss.rounds import service, store

from tests.tournament_world import GAMES, HOUR, SECOND, Hub

pytestmark = pytest.mark.moto


@contextmanager
def queries() -> Iterator[list[str]]:
    """The sort keys' beginnings of every query made meanwhile."""
    asked: list[str] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(str(params["body"]))

    events = dynamodb().meta.events
    events.register("before-call.dynamodb.Query", note)
    try:
        yield asked
    finally:
        events.unregister("before-call.dynamodb.Query", note)


def rolled_back(player: str, round_id: str, at: int) -> dict[str, Any]:
    return {
        "roundId": round_id,
        "status": "rolled_back",
        "revision": 1,
        "brandId": "aurora",
        "playerId": player,
        "gameId": GAMES[0],
        "currency": "EUR",
        "bet": "1.00",
        "win": "0.00",
        "settledAt": format_instant(at),
    }


def scored(hub: Hub, *rounds: dict[str, Any]) -> tuple[dict[str, int], int]:
    """What the scorer counts of them, and how often it looked into a log for it."""
    hub.now += 1
    hub.ok("POST", "/rounds", {"integrationId": "main", "rounds": list(rounds)})
    batches = list(store.inbox_since(hub.tenant, "main", hub.scored))[-1:]
    with queries() as asked:
        counts = service.score(batches)
    return dict(counts), sum("SEG#" in question for question in asked)


def test_a_correction_of_a_stranger_costs_no_look_into_the_log(hub: Hub, running: str) -> None:
    played = hub.now
    hub.send(("r1", "ann", "1.00", "0.00"))
    hub.to(hub.now + HOUR + 31 * SECOND)
    assert hub.settle(running) == "settled"
    assert scored(hub, rolled_back("zoe", "r9", played)) == ({}, 0)
    counts, looks = scored(hub, rolled_back("zoe", "r9", played), rolled_back("ann", "r1", played))
    assert counts == {"late": 1}
    assert looks == 1
