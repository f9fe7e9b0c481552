"""The ranker at 1,000, 100,000 and 1,000,000 entries, each in a process of its own so that the peak of memory is its own.

`seconds` is ranking and making the snapshot (sort, ranks, packed chunks, directory) from the entries in memory, as CPU time: it is one
thread without I/O, so on an idle machine the clock says the same, and on a busy one the figure still holds. What comes
before on a whole run, decoding pages and rosters, is measured too and printed beside; reading them from DynamoDB is not. The
way to one's own rank is walked through the real readers over items in memory: storage calls are counted, CPU is timed.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from pitboss.rounds import board_store, codec, gateway, reading, store
from pitboss.rounds.boards import snapshot
from pitboss.rounds.model import Live, Page, Place, Sheet, player_key
from pitboss.rounds.ranker import gather, item_of
from pitboss.rounds.sorting import Entries, in_order
from pitboss.scoring.model import Row, Seat
from pitboss.scoring.public import compile_rules

from bench.report import keep, table
from bench.workload import START, live_of, seats_of

SIZES = (1_000, 100_000, 1_000_000)
LOOKUPS = 40
DECODED_PAGES = 60


def entries_of(count: int) -> Entries:
    """Entries as after an evening: scores in hundreds, some players not yet playing, a few tied."""
    chance, entries = random.Random(13), Entries()
    for n in range(count):
        played = chance.random() > 0.05
        score = int(chance.paretovariate(1.2) * 100) * 50 if played else 0
        reached = START + chance.randrange(3_600_000) if played else 0
        player = f"p{chance.getrandbits(30)}"
        row = Row(
            f"{chance.getrandbits(125):026X}",
            f"brand-{n % 2}",
            player,
            score,
            reached,
            "active",
            played,
            int(played) * 40,
        )
        entries.add(row, f"Player {player[-5:]}")
    return entries


def decoding(live: Live) -> float:
    """Seconds of CPU a player to decode pages and rosters and take the standing from them."""
    rules, chance = compile_rules(live.rules), random.Random(17)
    pages, rosters = [], []
    for number in range(DECODED_PAGES):
        seats = seats_of(64, seed=number)
        keys = [player_key(s.brand_id, s.player_id) for s in seats]
        states = {key: {1: [9, 10_000, 9_000, [chance.randrange(10**6), START]]} for key in keys}
        pages.append(codec.encode_page(Page(states=states)))
        rosters.append({store.SEAT + k: codec.seat_document(s) for k, s in zip(keys, seats, strict=True)})
    start = time.process_time()
    found = gather(
        rules,
        (
            Sheet(n, codec.decode_page(data, 1, "", sealed=False), store.seats_in(record))
            for n, (data, record) in enumerate(zip(pages, rosters, strict=True))
        ),
    )
    return (time.process_time() - start) / len(found.entry_id)


class Shelf:
    """Storage in memory that counts the calls made to it."""

    def __init__(self, live: Live, record: dict[str, Any], body: bytes | None) -> None:
        self.live, self.record, self.body, self.calls = live, record, body or b"", 0
        self.page: Page = Page()

    def read_board(self, tenant_id: str, tournament_id: str) -> dict[str, Any] | None:  # noqa: ARG002 - the store's names
        self.calls += 1
        return self.record

    def read_sheets(self, places: Any) -> dict[Place, Sheet]:
        self.calls += 1
        return {place: Sheet(place.number, self.page, {}) for place in places}

    def get_range(self, key: str, offset: int, length: int) -> bytes:  # noqa: ARG002
        self.calls += 1
        return self.body[offset : offset + length]


def own_rank(live: Live, entries: Entries, shelf: Shelf) -> tuple[int, float]:
    """Most storage calls and median milliseconds of CPU from a player to their place and row."""
    board_store.read_board, store.read_sheets, gateway.get_range = (
        shelf.read_board,
        shelf.read_sheets,
        shelf.get_range,
    )
    chance, took, most = random.Random(19), [], 0
    for _ in range(LOOKUPS):
        n = chance.randrange(len(entries.entry_id))
        brand, player = entries.brand_id[n], entries.player_id[n]
        seat = Seat(entries.entry_id[n], brand, player, entries.name[n], "active", START, ())
        state = [entries.rounds[n], 0, 0, [entries.score[n], entries.reached_at[n]]]
        states = {player_key(brand, player): {1: state}}
        shelf.page, shelf.calls = Page(states=states if entries.rounds[n] else {}), 0
        start = time.process_time()
        board = reading.newest_board(live.tenant_id, live.tournament_id)
        assert board is not None
        place = reading.place_of(live, board, seat)
        took.append(time.process_time() - start)
        assert place is not None
        most = max(most, shelf.calls)
        assert reading.rows_at(board, place, 1)[0][2] == seat.entry_id
        assert live.layout.page_of(player_key(brand, player)) < live.pages
    return most, statistics.median(took) * 1000


def measure(count: int) -> dict[str, Any]:
    """One size, in this process."""
    live, entries = live_of(count), entries_of(count)
    start = time.process_time()
    made, body = snapshot(
        in_order(entries, {}), seq=1, as_of=START, finality="live", decimals=2, key="boards/x/y/1"
    )
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    reads, ms = own_rank(live, entries, Shelf(live, item_of(made), body))
    return {
        "entries": count,
        "seconds": round(seconds, 3),
        "peak_mb": round(peak, 1),
        "own_rank_reads": reads,
        "own_rank_ms": round(ms, 2),
        "decoding_s": round(decoding(live) * count, 2),
        "snapshot_mb": round(len(body or made.data) / 1e6, 3),
    }


def apart(count: int) -> dict[str, Any]:
    """One size, in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-m", "bench.ranker", "--entries", str(count)],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise SystemExit(run.stderr)
    row: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return row


def main(measure_one: Callable[[int], dict[str, Any]] = apart) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, help="measure this size in this process and print its line")
    given = parser.parse_args()
    if given.entries:
        print(json.dumps(measure(given.entries)))
        return
    rows = [measure_one(size) for size in SIZES]
    table("ranker (decoding_s: CPU to decode that many players' pages and rosters, sampled)", rows)
    keep("ranker", [{k: v for k, v in r.items() if k not in ("decoding_s", "snapshot_mb")} for r in rows])


if __name__ == "__main__":
    main()
