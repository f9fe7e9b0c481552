"""How long after a round's acknowledgement a board shows it, on a stack that runs and does nothing else.

    make up && .venv/bin/python -m bench.freshness [--rounds 40]

A tournament of 20 players; one round at a time, sent at random moments (so that no timer of the hub keeps step with it), and
the board asked every 20 ms over HTTP until it has the score. What it does not show: a crowd, and AWS, where the scorer's
batching window comes on top (`ScorerWindowSeconds`, which the emulator has not) and the emulator's own polling of streams and
queues does not.
"""

import argparse
import os
import random
import time
from decimal import Decimal
from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.platform.clock import now_ms

from bench.flood import Stack
from bench.report import keep, table
from devtools.client import Hub

PLAYERS = 20
ASKED_EVERY_S = 0.02
GIVEN_UP_S = 30.0
SEED = 7


def tournament(hub: Hub) -> str:
    """A free tournament that runs, its players registered."""
    start = now_ms() + 1_000
    body = {
        "name": "Freshness",
        "startTime": format_instant(start),
        "endTime": format_instant(start + 3_600_000),
        "currency": "EUR",
        "brands": ["aurora"],
        "games": ["crash-classic"],
        "rules": {"metric": "total_wagered"},
    }
    tid = str(hub("POST", "/tournaments", body)["tournamentId"])
    hub("POST", f"/tournaments/{tid}/publish")
    for number in range(PLAYERS):
        player = f"fresh-{number}"
        hub(
            "POST",
            f"/tournaments/{tid}/players",
            {"userId": player, "brandId": "aurora", "displayName": player},
        )
    while hub("GET", f"/tournaments/{tid}/status")["status"] != "running":
        time.sleep(0.1)
    return tid


def delays(hub: Hub, tid: str, rounds: int) -> tuple[list[float], list[float]]:
    """(seconds from the answer to the board, seconds that the request itself took), one of each a round."""
    dice, seen, asked = random.Random(SEED), list[float](), list[float]()
    scores: dict[str, Decimal] = {}
    for number in range(rounds + 1):
        time.sleep(dice.uniform(1.0, 4.0))
        player = f"fresh-{dice.randrange(PLAYERS)}"
        scores[player] = scores.get(player, Decimal(0)) + 1
        began = time.monotonic()
        answer = hub("POST", "/rounds", {"integrationId": "demo", "rounds": [message(tid, number, player)]})
        told = time.monotonic()
        if answer["results"][0]["status"] != "accepted":
            raise SystemExit(f"the round was refused: {answer['results'][0]}")
        while shown(hub, tid, player) != scores[player]:
            if time.monotonic() - told > GIVEN_UP_S:
                raise SystemExit(f"round {number} is not on the board after {GIVEN_UP_S:.0f} s")
            time.sleep(ASKED_EVERY_S)
        if number:  # the first one starts the functions' workers, which a stack in use has
            seen.append(time.monotonic() - told)
            asked.append(told - began)
    return seen, asked


def message(tid: str, number: int, player: str) -> dict[str, Any]:
    """A round that has just been settled."""
    return {
        "roundId": f"fresh-{tid}-{number}",
        "brandId": "aurora",
        "playerId": player,
        "gameId": "crash-classic",
        "currency": "EUR",
        "bet": "1.00",
        "win": "0.00",
        "settledAt": format_instant(now_ms()),
    }


def shown(hub: Hub, tid: str, player: str) -> Decimal:
    """What the board says of a player."""
    rows = hub("GET", f"/tournaments/{tid}/leaderboard", limit=PLAYERS)["leaderboard"]
    return next((Decimal(row["score"]) for row in rows if row["playerId"] == player), Decimal(0))


def share(times: list[float], part: float) -> float:
    """The value that so many of them do not exceed."""
    return round(sorted(times)[min(len(times) - 1, int(part * len(times)))], 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ[name] = "test"
    hub = Stack().hub
    tid = tournament(hub)
    seen, asked = delays(hub, tid, rounds)
    hub("POST", f"/tournaments/{tid}/finish", {"reason": "measured"})
    rows = [
        {
            "from_to": name,
            "rounds": rounds,
            **{f"p{p}_s": share(times, p / 100) for p in (50, 90)},
            "max_s": share(times, 1),
        }
        for name, times in (("request to its answer", asked), ("answer to the board", seen))
    ]
    keep("freshness", rows)
    table("a round's way to the board", rows)


if __name__ == "__main__":
    main()
