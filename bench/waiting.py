"""How long a flush of the scorer waits for DynamoDB, by how many calls it makes at a time (CALLS_AT_ONCE).

The scorer's own flush and client against a server in another process that answers every call after some milliseconds: of one
process, by the wall clock, each figure beside its own CPU. What it does not show: throttling, a network, Lambda's cores.
The server is a plain one, so that the figures of many calls at a time are rather too low than too high.
"""

import os
import time

from bench.report import keep, table
from bench.scorer import with_client

LATENCY_MS = 5  # of a small write in one region, by what AWS promises ("single-digit milliseconds")
PLAYERS = (1_000, 10_000)
AT_ONCE = (1, 4, 8, 16)
TURNS = 5


def main() -> None:
    rows = []
    for players in PLAYERS:
        alone = 0.0
        for many in AT_ONCE:
            os.environ["CALLS_AT_ONCE"] = str(many)
            speed = with_client(players, TURNS, time.monotonic, LATENCY_MS)
            alone = alone or speed
            rows.append(
                {
                    "players": players,
                    "calls_at_once": many,
                    "latency_ms": LATENCY_MS,
                    "rounds_per_second": round(speed),
                    "times_as_fast": round(speed / alone, 2),
                }
            )
    table("the scorer before a DynamoDB that takes its time", rows)
    keep("waiting", rows)


if __name__ == "__main__":
    main()
