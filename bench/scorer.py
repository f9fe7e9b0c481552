"""CPU of the scorer: rounds folded per second of one core, with storage faked and with the real client.

What it shows: decode, match, dedupe, fold, encode of full flushes at a steady state, first against a dictionary, then
through platform/lean.py and boto3 against a server in another process that answers at once; the CPU time of this process
only. What it does not: waiting for DynamoDB, Lambda's smaller cores. Each figure is the median of the measured flushes.
"""

# ruff: noqa: ARG002 - the world in memory answers the protocol of the stored one
import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pitboss.platform.aws import forget_clients
from pitboss.rounds import codec, keys, service, store
from pitboss.rounds.model import Live, Page, Place, Segment, Sheet, player_key
from pitboss.rounds.store import InboxItem
from pitboss.scoring.model import Seat

from bench.report import keep, table
from bench.workload import BATCH, INTEGRATION, TENANT, flushes, live_of, seats_of

WARM = 8  # flushes until the hash windows of the pages are full


class Memory:
    """service.World over a dictionary: pages stand encoded, as in the table."""

    def __init__(self, live: Live, seats: Sequence[Seat]) -> None:
        self.live = live
        self.pages: dict[Place, tuple[bytes, int, str]] = {}
        self.rosters: dict[int, dict[str, Seat]] = {}
        for seat in seats:
            key = player_key(seat.brand_id, seat.player_id)
            self.rosters.setdefault(live.layout.page_of(key), {})[key] = seat

    def live_of(self, tenant_id: str) -> list[Live]:
        assert tenant_id == self.live.tenant_id
        return [self.live]

    def live_one(self, tenant_id: str, tournament_id: str) -> Live:
        raise AssertionError("no page is split")

    def read_sheets(self, places: Sequence[Place]) -> dict[Place, Sheet]:
        return {p: Sheet(p.number, self._page(p), self.rosters.get(p.number, {})) for p in places}

    def _page(self, place: Place) -> Page:
        found = self.pages.get(place)
        return codec.decode_page(*found, sealed=False) if found else Page()

    def put_segments(self, records: Sequence[dict[str, Any]]) -> None:
        """Already encoded by then; nobody reads them here."""

    def put_pages(self, pages: Sequence[tuple[Place, Page, int]]) -> list[store.Put]:
        for place, page, _ in pages:
            self.pages[place] = codec.encode_page(page), page.version, page.head
        return [True] * len(pages)

    def segments_back(self, place: Place, page: Page) -> Iterator[Segment]:
        raise AssertionError("a feed in order needs no history")

    def put_late(self, *_: Any) -> bool:
        raise AssertionError("no page is sealed")

    def put_conflict(self, *_: Any) -> bool:
        raise AssertionError("no round contradicts another")


def measure(
    players: int,
    turns: int,
    world: Any,
    live_for: Callable[[], list[Live]],
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Rounds per CPU second (or of another clock's): the median over the flushes after the warm-up."""
    speeds = []
    for turn, (moment, rounds) in enumerate(flushes(seats_of(players), WARM + turns)):
        data = [codec.encode_batch(rounds[at : at + BATCH]) for at in range(0, len(rounds), BATCH)]
        start = clock()
        items = [InboxItem(TENANT, INTEGRATION, "0", moment, d) for d in data]
        counts = service.flush(service.spread(live_for(), items), world, now=moment)
        took = clock() - start
        assert counts["counted"] == len(rounds), counts
        if turn >= WARM:
            speeds.append(len(rounds) / took)
    return statistics.median(speeds)


def fill(live: Live, seats: Sequence[Seat]) -> None:
    """Put the tournament and its rosters where the scorer will read them."""
    pages: dict[Place, dict[str, Any]] = {}
    for seat in seats:
        key = player_key(seat.brand_id, seat.player_id)
        place = live.place_of(key)
        where = {"pk": keys.page_pk(place), "sk": keys.roster_sk(place.number)}
        page = pages.setdefault(place, {**where, "tenantId": TENANT, "schema": 1})
        page[store.SEAT + key] = codec.seat_document(seat)
    store.put_segments([store.live_record(live), *pages.values()])


def with_client(
    players: int, turns: int, clock: Callable[[], float] = time.process_time, latency_ms: int = 0
) -> float:
    """The same through the real client, and a DynamoDB that takes its time."""
    command = [sys.executable, "-m", "bench.stub_dynamo", str(latency_ms)]
    stub = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert stub.stdout is not None
        os.environ.update(
            AWS_ENDPOINT_URL_DYNAMODB=f"http://127.0.0.1:{stub.stdout.readline().strip()}",
            AWS_DEFAULT_REGION="us-east-1",
            AWS_ACCESS_KEY_ID="x",
            AWS_SECRET_ACCESS_KEY="x",  # noqa: S106
            ARENA_TABLE="arena",
        )
        live = live_of(players)
        fill(live, seats_of(players))
        return measure(players, turns, store, lambda: store.live_of(TENANT), clock)
    finally:
        forget_clients()
        stub.kill()
        stub.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=9)
    given = parser.parse_args()
    live, seats = live_of(given.players), seats_of(given.players)
    faked = measure(given.players, given.turns, Memory(live, seats), lambda: [live])
    real = with_client(given.players, given.turns)
    row = {
        "rounds_per_second_per_core": round(faked),
        "rounds_per_second_per_core_with_client": round(real),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    table(f"scorer, {given.players:,} players, on {machine()}", [row])
    keep("scorer", row)


def machine() -> str:
    """What it ran on, for the reader of the table."""
    return f"{os.cpu_count()} x {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
