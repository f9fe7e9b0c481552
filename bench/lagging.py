"""What the log costs to read when rounds do not come in order: units per round of feeds that lag, swap and take back.

Two pages of 64 players through the scorer's own flush, over a table in memory that charges by DynamoDB's rules: a query for
all that it finds on its way (1 MB a request, or the limit asked for), a batch read item by item. Ten minutes of play, of which
the last three are counted. `log_rru` is what the queries of the log took, and `seconds` the CPU of the whole flush a
thousand rounds.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest.mock import patch

from pitboss.platform import dynamo
from pitboss.platform.dynamo import from_item, to_item
from pitboss.rounds import codec, keys, service, store
from pitboss.rounds.store import InboxItem
from pitboss.scoring.model import AMENDED, ROLLED_BACK, Round, Seat

from bench.capacity import rru, size
from bench.report import keep, table
from bench.workload import FLUSH_EVERY_MS, GAMES, INTEGRATION, TENANT, flushes, live_of, seats_of

PLAYERS, TURNS, COUNTED = 128, 300, 90
PAGE_BYTES = 1 << 20
STREAK = {"metric": "consecutive_wins"}
type Feed = Callable[[random.Random, list[tuple[int, list[Round]]]], list[tuple[int, list[Round]]]]


class Table:
    """Items in memory, with the units that reading them took."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, tuple[dict[str, Any], int]]] = {}
        self.read = self.log = self.written = 0

    def keep(self, record: dict[str, Any]) -> None:
        typed = to_item(record)
        self.items.setdefault(record["pk"], {})[record["sk"]] = typed, size(typed)
        self.written += -(-size(typed) // 1024)

    def put(self, _table: str, record: dict[str, Any], **_: Any) -> None:
        self.keep(record)

    def put_many(self, _table: str, records: Sequence[dict[str, Any]]) -> None:
        for record in records:
            self.keep(record)

    def get_many(self, _table: str, keys: Sequence[tuple[str, str]], **_: Any) -> dict[Any, Any]:
        found = {}
        for pk, sk in keys:
            item = self.items.get(pk, {}).get(sk)
            self.read += rru(item[1] if item else 0)
            if item:
                found[pk, sk] = from_item(item[0])
        return found

    def query(
        self,
        _table: str,
        pk: str,
        *,
        after: str,
        before: str,
        forward: bool = True,
        limit: int | None = None,
        **_: Any,
    ) -> Iterator[dict[str, Any]]:
        of = self.items.get(pk, {})
        found = [sk for sk in sorted(of, reverse=not forward) if after < sk < before]
        left = len(found) if limit is None else min(len(found), limit)
        while left:
            page, total = [], 0
            for sk in found[:left]:
                page.append(sk)
                total += of[sk][1]
                if total > PAGE_BYTES:
                    break
            self.log += rru(total)
            yield from [from_item(of[sk][0]) for sk in page]
            left, found = left - len(page), found[len(page) :]


def in_order(_chance: random.Random, sent: list[tuple[int, list[Round]]]) -> list[tuple[int, list[Round]]]:
    """Everything comes when it is settled."""
    return sent


def lagging(seconds: int) -> Feed:
    """Half of the games come from a source that is so much behind."""

    def feed(_chance: random.Random, sent: list[tuple[int, list[Round]]]) -> list[tuple[int, list[Round]]]:
        turns: list[list[Round]] = [[] for _ in range(len(sent) + seconds * 1000 // FLUSH_EVERY_MS + 1)]
        for n, (_, rounds) in enumerate(sent):
            for round_ in rounds:
                slow = round_.game in GAMES[:2]
                turns[n + (seconds * 1000 // FLUSH_EVERY_MS if slow else 0)].append(round_)
        return [(moment, turns[n]) for n, (moment, _) in enumerate(sent)]

    return feed


def swapped(chance: random.Random, sent: list[tuple[int, list[Round]]]) -> list[tuple[int, list[Round]]]:
    """Two rounds in a hundred come one or two flushes late, behind their player's next one."""
    turns: list[list[Round]] = [[] for _ in range(len(sent) + 3)]
    for n, (_, rounds) in enumerate(sent):
        for round_ in rounds:
            turns[n + (chance.randint(1, 2) if chance.randrange(100) < 2 else 0)].append(round_)
    return [(moment, turns[n]) for n, (moment, _) in enumerate(sent)]


def shuffled(chance: random.Random, sent: list[tuple[int, list[Round]]]) -> list[tuple[int, list[Round]]]:
    """Every round comes anything up to a minute late, as from a queue that keeps no order."""
    turns: list[list[Round]] = [[] for _ in range(len(sent) + 60_000 // FLUSH_EVERY_MS + 1)]
    for n, (_, rounds) in enumerate(sent):
        for round_ in rounds:
            turns[n + chance.randrange(60_000 // FLUSH_EVERY_MS)].append(round_)
    return [(moment, turns[n]) for n, (moment, _) in enumerate(sent)]


def taken_back(status: int, seconds: int) -> Feed:
    """One round in a hundred is rolled back or amended so much later."""

    def feed(chance: random.Random, sent: list[tuple[int, list[Round]]]) -> list[tuple[int, list[Round]]]:
        turns: list[list[Round]] = [[] for _ in range(len(sent) + seconds * 1000 // FLUSH_EVERY_MS + 1)]
        for n, (_, rounds) in enumerate(sent):
            turns[n] += rounds
            for round_ in rounds:
                if chance.randrange(100) == 0:
                    later = n + seconds * 1000 // FLUSH_EVERY_MS
                    turns[later].append(round_._replace(revision=1, status=status))
        return [(moment, turns[n]) for n, (moment, _) in enumerate(sent)]

    return feed


CASES: tuple[tuple[str, dict[str, Any] | None, Feed], ...] = (
    ("in order", None, in_order),
    ("in order, ordered rule", STREAK, in_order),
    ("half lags 15 s", None, lagging(15)),
    ("half lags 60 s", None, lagging(60)),
    ("in no order within a minute", None, shuffled),
    ("2 % swapped, ordered rule", STREAK, swapped),
    ("1 % rolled back after 4 s", None, taken_back(ROLLED_BACK, 4)),
    ("1 % rolled back after 60 s", None, taken_back(ROLLED_BACK, 60)),
    ("1 % amended after 20 s, ordered rule", STREAK, taken_back(AMENDED, 20)),
)


def measure(name: str, scoring: dict[str, Any] | None, feed: Feed) -> dict[str, Any]:
    """One feed, to a steady state."""
    world, live, seats = Table(), live_of(PLAYERS, scoring), seats_of(PLAYERS)
    functions = {n: getattr(world, n) for n in ("put", "put_many", "get_many", "query")}
    counted, took = 0, 0.0
    with patch.multiple(dynamo, **functions), patch.dict("os.environ", ARENA_TABLE="arena"):
        seat(world, live, seats)
        sent = feed(random.Random(5), list(flushes(seats, TURNS)))
        for turn, (moment, rounds) in enumerate(sent):
            if turn == TURNS - COUNTED:
                world.read = world.log = world.written = counted = 0
                took = time.process_time()
            if rounds:
                item = InboxItem(TENANT, INTEGRATION, "0", moment, codec.encode_batch(rounds))
                service.flush(service.spread([live], [item]), now=moment)
                counted += len(rounds)
        took = time.process_time() - took
    return {
        "feed": name,
        "rru_per_round": round((world.read + world.log) / counted, 3),
        "log_rru_per_round": round(world.log / counted, 3),
        "wru_per_round": round(world.written / counted, 3),
        "cpu_ms_per_round": round(took / counted * 1000, 3),
    }


def seat(world: Table, live: Any, seats: Sequence[Seat]) -> None:
    """Register everybody."""
    rosters: dict[Any, dict[str, Any]] = {}
    for one in seats:
        key = f"{one.brand_id}\x1f{one.player_id}"
        place = live.place_of(key)
        at = {"pk": keys.page_pk(place), "sk": keys.roster_sk(place.number)}
        rosters.setdefault(place, {**at, "tenantId": TENANT, "schema": 1})[store.SEAT + key] = (
            codec.seat_document(one)
        )
    world.put_many("arena", list(rosters.values()))


def main() -> None:
    rows = []
    for case in CASES:
        rows.append(measure(*case))
        print(f"  {case[0]} done", flush=True)
    table("reading the log: two pages of 64 players, a round each 3 s, a flush every 2 s", rows)
    keep("lagging", rows)


if __name__ == "__main__":
    main()
