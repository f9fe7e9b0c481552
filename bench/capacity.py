"""DynamoDB units per round, this design beside the obvious one, from the sizes of really encoded items.

DynamoDB's published rules: a write takes 1 unit per started KB of the item (names and values), a strongly consistent read 1
unit per started 4 KB of an item (each item of a batch by itself; a query by its sum). Counted all in: inbox, pages,
segments, rosters, live item, and a board a second (ranker's reads of pages and rosters included) for every tournament.
Large fields are computed from a sample of whole pages and scaled; the board from its sampled rows.

The obvious design: an item per round (conditional put, the dedupe), the player's score updated, and a GSI on the score, which
takes a delete and a put as its key changes; a rank then costs a count, which is not even charged here.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from bench.report import keep, table
from bench.workload import (
    BATCH,
    FLUSH_EVERY_MS,
    INTEGRATION,
    ROUND_EVERY_MS,
    START,
    TENANT,
    TOURNAMENT,
    flushes,
    live_of,
    one_round,
    seats_of,
)
from pitboss.platform.dynamo import to_item
from pitboss.rounds import codec, service, store
from pitboss.rounds.folding import fold_page
from pitboss.rounds.model import Live, Page, page_of, player_key
from pitboss.scoring.model import Round, Seat
from pitboss.scoring.public import compile_rules

PLAYERS = (100, 1_000, 10_000, 100_000, 1_000_000)
SAMPLED_PLAYERS = 4_000
WARM, TURNS = 8, 6
WRITE_USD, READ_USD = 0.625e-6, 0.125e-6  # on demand, us-east-1
# A ranking run follows a change by a tick of one second; of a large board it takes longer than a tick.
BOARD_EVERY_MS = 1_000


def size(typed: Mapping[str, Any]) -> int:
    """Bytes of an item by DynamoDB's rules: names, and values by their type."""
    return sum(len(name.encode()) + _value(value) for name, value in typed.items())


def _value(typed: Mapping[str, Any]) -> int:
    ((kind, value),) = typed.items()
    match kind:
        case "S":
            return len(value.encode())
        case "B":
            return len(value)
        case "N":  # one byte per two significant digits, and one
            return (len(value.lstrip("-").strip("0")) + 1) // 2 + 1
        case "M":
            return 3 + sum(1 + len(k.encode()) + _value(v) for k, v in value.items())
        case "L":
            return 3 + sum(1 + _value(v) for v in value)
    return 1


def wru(record: Mapping[str, Any]) -> int:
    """Units to write a record."""
    return -(-size(to_item(record)) // 1024)


def rru(total_bytes: int) -> int:
    """Units to read that many bytes strongly."""
    return max(1, -(-total_bytes // 4096))


def inbox_record(rounds: Sequence[Round]) -> dict[str, Any]:
    """The inbox item as store.put_batch writes it."""
    return store.batch_record(
        store.InboxItem(TENANT, INTEGRATION, "0" * 26, START, codec.encode_batch(rounds)), 0
    )


class Meter:
    """Flushes of a sample of a tournament's pages, with what each would take."""

    def __init__(self, players: int) -> None:
        self.live = live_of(players)
        self.rules = compile_rules(self.live.rules)
        self.seats = self._sample(players)
        self.by_page: dict[int, dict[str, Seat]] = {}
        for seat in self.seats:
            key = player_key(seat.brand_id, seat.player_id)
            self.by_page.setdefault(page_of(key, self.live.pages), {})[key] = seat
        self.rosters = {n: size(to_item(self._roster(n))) for n in self.by_page}
        self.pages: dict[int, tuple[bytes, int, str]] = {}
        self.writes = self.reads = self.rounds = self.page_bytes = 0

    def _sample(self, players: int) -> list[Seat]:
        """All players, or those of whole pages of a large tournament."""
        seats = seats_of(players)
        if players <= SAMPLED_PLAYERS:
            return seats
        some = max(1, SAMPLED_PLAYERS * self.live.pages // players)
        return [s for s in seats if page_of(player_key(s.brand_id, s.player_id), self.live.pages) < some]

    def _roster(self, number: int) -> dict[str, Any]:
        fixed = {"pk": store.tournament_pk(TENANT, TOURNAMENT), "sk": store.roster_sk(number)}
        seats = {store.SEAT + k: codec.seat_document(s) for k, s in self.by_page[number].items()}
        return {**fixed, "tenantId": TENANT, "schema": store.SCHEMA, **seats}

    def run(self) -> None:
        """Warm up until the hash windows are full, then count."""
        for turn, (moment, rounds) in enumerate(flushes(self.seats, WARM + TURNS)):
            item = store.InboxItem(TENANT, INTEGRATION, "0" * 26, moment, codec.encode_batch(rounds))
            for work in service.spread([self.live], [item]):
                self._flush(work, moment, counts=turn >= WARM)
            self.rounds += len(rounds) if turn >= WARM else 0

    def _flush(self, work: service.Work, moment: int, *, counts: bool) -> None:
        stood = self.pages.get(work.number)
        page = codec.decode_page(*stood, sealed=False) if stood else Page()
        seats = self.by_page[work.number]
        was = len(stood[0]) + 200 if stood else 0
        folded = fold_page(page, work.arrivals, seats, self.rules, self.live.window, now=moment)
        segment = service.advance(work, folded, moment)
        record = store.page_record(work.pk, TENANT, work.number, page)
        self.pages[work.number] = record["data"], page.version, page.head
        if counts:
            self.writes += wru(segment) + wru(record)
            self.reads += rru(was) + rru(self.rosters[work.number])

    def board(self, players: int) -> tuple[float, float]:
        """Units per second of ranking: (write, read). The ranker queries pages and rosters; a query is charged by its sum."""
        share = players / len(self.seats)
        read = sum(len(data) + 200 for data, _, _ in self.pages.values()) + sum(self.rosters.values())
        run_s = max(BOARD_EVERY_MS / 1000, players / 50_000)  # see ranker.json: a million takes tens of seconds
        board_kb = 64 + 2 * players / 1000 / 20  # inline up to 64 KB, then a directory of 1,000-row chunks
        return min(board_kb, players * 45 / 1024 + 1) / run_s, read * share / 4096 / run_s


def inbox_writes(players: int) -> float:
    """Units per round of the inbox: every two seconds what has come, in batches of at most 500."""
    chance, seats = random.Random(3), seats_of(min(players, SAMPLED_PLAYERS))
    many = min(BATCH, players * FLUSH_EVERY_MS // ROUND_EVERY_MS)
    batches = [
        sorted(
            (one_round(chance, chance.choice(seats), START + chance.randrange(2_000)) for _ in range(many)),
            key=lambda r: r.settled_at,
        )
        for _ in range(10)
    ]
    return sum(wru(inbox_record(b)) for b in batches) / sum(map(len, batches))
