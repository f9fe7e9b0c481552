"""Rounds over HTTP: each sort of bad message, what the next request finds, and what history and board say of it."""

from collections.abc import Callable
from typing import Any

import pytest
from pitboss.kernel.instants import format_instant

from devtools.client import Hub
from tests.e2e.conftest import now_ms, poll

pytestmark = pytest.mark.e2e


def test_a_contradiction_changes_nothing_and_is_told(
    hub: Hub, tournament: Callable[..., dict[str, Any]]
) -> None:
    tid = tournament(starts_in_ms=800, runs_ms=60_000)["tournamentId"]
    hub("POST", f"/tournaments/{tid}/players", {"userId": "p1", "displayName": "P1"})
    poll(lambda: hub("GET", f"/tournaments/{tid}/status"), lambda s: s["status"] == "running")

    def send(round_id: str, **more: Any) -> Any:
        message = {
            "roundId": round_id,
            "brandId": "aurora",
            "playerId": "p1",
            "gameId": "crash-classic",
            "currency": "EUR",
            "bet": "2.00",
            "win": "1.00",
            "settledAt": format_instant(now_ms()),
            **more,
        }
        hub("POST", "/rounds", {"integrationId": "demo", "rounds": [message]})
        return message

    first = send("r1")
    again = {**first, "win": "900.00"}
    hub("POST", "/rounds", {"integrationId": "demo", "rounds": [first]})
    hub("POST", "/rounds", {"integrationId": "demo", "rounds": [again]})
    send("r2", status="rolled_back")  # before its round: a tombstone
    send("r2")
    events = poll(
        lambda: hub("GET", f"/tournaments/{tid}/events")["events"],
        lambda rows: any(e["type"] == "ingest.conflict" for e in rows),
    )
    (conflict,) = [e for e in events if e["type"] == "ingest.conflict"]
    assert conflict["data"]["roundId"] == "r1"
    why = poll(
        lambda: hub("GET", f"/tournaments/{tid}/players/p1/rounds"), lambda page: len(page["rounds"]) == 2
    )
    by_id = {row["roundId"]: row for row in why["rounds"]}
    assert (by_id["r1"]["counted"], by_id["r1"]["points"], by_id["r1"]["win"]) == (True, "2.00", "1.00")
    assert by_id["r2"]["counted"] is False
    assert [row["win"] for row in why["conflicts"]] == ["900.00"]
    board = poll(
        lambda: hub("GET", f"/tournaments/{tid}/leaderboard")["leaderboard"],
        lambda rows: bool(rows) and rows[0]["score"] == "2.00",
    )
    assert (board[0]["rank"], board[0]["rounds"]) == (1, 1)
    found = hub("GET", "/rounds", roundId="r1", brandId="aurora", playerId="p1")
    assert tid in [row["tournamentId"] for row in found["tournaments"]]


@pytest.mark.parametrize(
    ("change", "field", "name"),
    [
        ({"gameId": "nowhere"}, "gameId", "GAME_NOT_FOUND"),
        ({"brandId": "nowhere"}, "brandId", "BRAND_NOT_FOUND"),
        ({"bet": "1.001"}, "bet", "AMOUNT_PRECISION"),
        ({"bet": "1e400"}, "bet", "INVALID_AMOUNT"),
        ({"bet": True}, "bet", "INVALID_AMOUNT"),
        ({"bet": "-1"}, "bet", "INVALID_AMOUNT"),
        ({"currency": "ZZZ"}, "currency", "CURRENCY_NOT_SUPPORTED"),
        ({"settledAt": "2999-01-01T00:00:00Z"}, "settledAt", None),
        ({"colour": "red"}, "colour", "ROUND_INVALID"),
    ],
)
def test_a_bad_round_is_named_and_the_others_pass(
    hub: Hub, change: dict[str, Any], field: str, name: str | None
) -> None:
    good = {
        "roundId": "ok",
        "brandId": "aurora",
        "playerId": "px",
        "gameId": "crash-classic",
        "currency": "EUR",
        "bet": "1",
        "win": "0",
        "settledAt": format_instant(now_ms()),
    }
    answer = hub(
        "POST", "/rounds", {"integrationId": "demo", "rounds": [{**good, **change, "roundId": "bad"}, good]}
    )
    bad, fine = answer["results"]
    assert (bad["status"], bad["field"], fine["status"]) == ("rejected", field, "accepted")
    assert name is None or bad["name"] == name
