"""DynamoDB units per round, this design beside the obvious one, from the sizes of really encoded items.

DynamoDB's published rules: a write takes 1 unit per started KB of the item (names and values), a strongly consistent read 1
unit per started 4 KB of an item (each item of a batch by itself; a query by its sum). Counted all in: inbox, pages,
segments, rosters, live item, the key's admission, and a board every flush with the ranker's reads of all pages and rosters (of a million players
every ten seconds). Large fields are computed from a sample of whole pages and scaled; boards kept outside the table are
charged at an object's price. The dollars are those of the tables and of such objects; requests, Lambda and queues are
in bench/results/flood.json, which weighs the same load on a running stack by DynamoDB's own answers (`python -m bench.flood`).

The obvious design: an item per round (conditional put, the dedupe), the player's score updated, and a GSI on the score, which
takes a delete and a put as its key changes; a rank then costs a count, which is not even charged here.
"""

import argparse
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from pitboss.platform.aws import dynamodb
from pitboss.platform.dynamo import to_item
from pitboss.rounds import codec, keys, service, store
from pitboss.rounds.boards import CHUNK, row_of, snapshot
from pitboss.rounds.folding import fold_page
from pitboss.rounds.model import KEYFRAME, MAX_SLOTS, SLOT_MS, Page, Place, player_key
from pitboss.rounds.ranker import item_of
from pitboss.rounds.sorting import Entries, in_order
from pitboss.scoring.model import Round, Seat
from pitboss.scoring.public import compile_rules
from pitboss.tenancy.hotgate import RENEW_MS, SHARES
from pitboss.tenancy.model import DEFAULT_LIMITS

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

PLAYERS = (100, 1_000, 10_000, 100_000, 1_000_000)
SAMPLED_PLAYERS = 4_000
WARM, TURNS = (
    8,
    KEYFRAME,
)  # until the hash windows are full; then as many flushes as have one keyframe among them
WRITE_USD, READ_USD = 0.625e-6, 0.125e-6  # on demand, us-east-1
RANKED_A_SECOND = (
    100_000  # entries; what a ranking run reads and sorts, so that a million take ten seconds (see ranker)
)
REQUEST_S = 0.1  # how long a request of 500 rounds keeps its environment, generously
SNAPSHOT_USD = 5e-6  # keeping an object; boards beyond boards.INLINE_BYTES are kept outside the table


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
            self.by_page.setdefault(self.live.layout.page_of(key), {})[key] = seat
        self.rosters = {n: size(to_item(self.roster(n))) for n in self.by_page}
        self.pages: dict[int, tuple[bytes, int, str]] = {}
        self.outside = False
        self.writes = self.reads = self.rounds = 0

    def _sample(self, players: int) -> list[Seat]:
        """All players, or those of whole pages of a large tournament."""
        seats = seats_of(players)
        if players <= SAMPLED_PLAYERS:
            return seats
        some = max(1, SAMPLED_PLAYERS * self.live.pages // players)
        layout = self.live.layout
        return [s for s in seats if layout.page_of(player_key(s.brand_id, s.player_id)) < some]

    def roster(self, number: int) -> dict[str, Any]:
        """A roster page's item."""
        fixed = {"pk": keys.page_pk(Place(TENANT, TOURNAMENT, number)), "sk": keys.roster_sk(number)}
        seats = {store.SEAT + k: codec.seat_document(s) for k, s in self.by_page[number].items()}
        return {**fixed, "tenantId": TENANT, "schema": store.SCHEMA, "n": len(seats), **seats}

    def run(self) -> None:
        """Warm up until the hash windows are full, then count."""
        for turn, (moment, rounds) in enumerate(flushes(self.seats, WARM + TURNS)):
            item = store.InboxItem(TENANT, INTEGRATION, "0" * 26, moment, codec.encode_batch(rounds))
            for work in service.spread([self.live], [item]):
                self._flush(work, moment, counts=turn >= WARM)
            self.rounds += len(rounds) if turn >= WARM else 0

    def _flush(self, work: service.Work, moment: int, *, counts: bool) -> None:
        stood = self.pages.get(work.number)
        page = codec.decode_page(*stood, sealed=False) if stood else aged_page()
        seats = self.by_page[work.number]
        was = len(stood[0]) + 200 if stood else 0
        folded = fold_page(page, work.arrivals, seats, self.rules, self.live.window, now=moment)
        segment = service.advance(work, folded)
        record = store.page_record(work.place, page)
        self.pages[work.number] = record["data"], page.version, page.head
        if counts:
            self.writes += wru(segment) + wru(record)
            self.reads += rru(was) + rru(self.rosters[work.number])

    def board(self, players: int) -> tuple[float, float]:
        """Units of one ranking run: (write, read). The ranker queries pages and rosters, charged by their sum."""
        entries = Entries()
        for number, seats in self.by_page.items():
            stood = self.pages.get(number)
            states = codec.decode_page(*stood, sealed=False).states if stood else {}
            for key, seat in seats.items():
                entries.add(row_of(self.rules, seat, states.get(key, {})), seat.display_name)
        made, outside = snapshot(
            in_order(entries, {}), seq=1, as_of=START, finality="live", decimals=2, key="boards/" + "0" * 70
        )
        record = item_of(made)
        # Beyond the top, a large board's item holds one directory line of about 40 packed bytes a thousand rows.
        grown = 40 * max(0, players - len(self.seats)) // CHUNK
        held = size(
            to_item({**record, "pk": "T#" + "0" * 53, "sk": "BOARD", "tenantId": TENANT, "schema": 1})
        )
        read = sum(len(data) + 200 for data, _, _ in self.pages.values()) + sum(self.rosters.values())
        self.outside = outside is not None
        return -(-(held + grown) // 1024), read * players / len(self.seats) / 4096


def aged_page() -> Page:
    """An empty page of a tournament that has run for so long that every slot of event time has its versions."""
    first = START // SLOT_MS - MAX_SLOTS
    step = SLOT_MS / FLUSH_EVERY_MS
    slots = {first + n: [[int(n * step) + 1, int(n * step) + 5 + n % 2]] for n in range(MAX_SLOTS)}
    return Page(version=19 * KEYFRAME, head="0" * 12, slots=slots, mapped=START - MAX_SLOTS * SLOT_MS)


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


def admission_writes(players: int) -> float:
    """Units per round of letting requests in: an environment writes its slot when half of its hold is over and it is
    called, and counts a share of the minute's calls at once (tenancy/hotgate.py)."""
    flushed = players * FLUSH_EVERY_MS / ROUND_EVERY_MS
    requests = math.ceil(flushed / BATCH) * 1000 / FLUSH_EVERY_MS
    environments = max(1.0, requests * REQUEST_S)
    slots = min(environments * 1000 / RENEW_MS, requests)
    shares = requests / (DEFAULT_LIMITS["ingest"] // SHARES) + environments / 60
    return (slots + shares) / (players * 1000 / ROUND_EVERY_MS)


def pitboss(players: int) -> dict[str, Any]:
    """This design: one flush and, since nothing changes in between, at most one board every two seconds."""
    meter = Meter(players)
    meter.run()
    per_second = players * 1000 / ROUND_EVERY_MS
    every_s = max(FLUSH_EVERY_MS / 1000, players / RANKED_A_SECOND)
    board_writes, board_reads = meter.board(players)
    writes = (
        inbox_writes(players)
        + admission_writes(players)
        + meter.writes / meter.rounds
        + board_writes / every_s / per_second
    )
    # Once a flush the scorer reads the live tournaments; the ranker reads its own and the former board.
    fixed = rru(size(to_item(store.live_record(meter.live)))) * 2 + board_writes / 4
    flushed = per_second * FLUSH_EVERY_MS / 1000
    reads = meter.reads / meter.rounds + board_reads / every_s / per_second + fixed / flushed
    outside = SNAPSHOT_USD / every_s / per_second if meter.outside else 0
    return row(players, "pitboss", writes, reads, outside)


def obvious(players: int) -> dict[str, Any]:
    """An item per round, the player's score, and an index by score; a rank of one's own is not even charged."""
    chance, seats = random.Random(5), seats_of(100)
    writes = 0
    for _ in range(1000):
        seat = chance.choice(seats)
        round_ = one_round(chance, seat, START)._asdict()
        key = f"T#{TENANT}#{TOURNAMENT}"
        item = {**round_, "pk": key, "sk": f"ROUND#{INTEGRATION}#{round_['round_id']}", "tenantId": TENANT}
        score = {
            "pk": key,
            "sk": f"SCORE#{seat.brand_id}#{seat.player_id}",
            "tenantId": TENANT,
            "displayName": seat.display_name,
            "score": chance.randrange(10**6),
            "reachedAt": START,
            "rounds": 100,
        }
        # The score is the index's key: the old entry is deleted, the new one put.
        writes += wru(item) + wru(score) + 2 * wru(score)
    # One strong read: is the player registered? (The dedupe is the put's own condition.)
    return row(players, "obvious", writes / 1000, 1.0, 0.0)


def row(players: int, design: str, writes: float, reads: float, outside: float) -> dict[str, Any]:
    """A line of the result."""
    usd = (writes * WRITE_USD + reads * READ_USD + outside) * 1e6
    return {
        "players": players,
        "design": design,
        "wru_per_round": round(writes, 4),
        "rru_per_round": round(reads, 4),
        "usd_per_million_rounds": round(usd, 4),
    }


def check() -> None:
    """Put really encoded items to the DynamoDB of AWS_ENDPOINT_URL and compare what it says they took with `wru`."""
    client, name = dynamodb(), "capacity-check"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    meter, chance = Meter(1_000), random.Random(23)
    meter.run()
    records = [meter.roster(n) for n in meter.by_page]
    for number, stood in meter.pages.items():
        place = Place(TENANT, TOURNAMENT, number)
        records.append(store.page_record(place, codec.decode_page(*stood, sealed=False)))
    records += [
        inbox_record([one_round(chance, chance.choice(meter.seats), START) for _ in range(many)])
        for many in (1, 20, 67, 250, BATCH)
    ]
    records.append(store.live_record(meter.live))
    wrong = 0
    for record in records:
        answer = client.put_item(TableName=name, Item=to_item(record), ReturnConsumedCapacity="TOTAL")
        told = answer["ConsumedCapacity"]["CapacityUnits"]
        if told != wru(record):
            wrong += 1
            print(f"  {record['sk']}: told {told}, computed {wru(record)} for {size(to_item(record))} bytes")
    client.delete_table(TableName=name)
    print(f"  {len(records)} items, {wrong} differ")
    if wrong:
        raise SystemExit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="compare the rules with AWS_ENDPOINT_URL's answers"
    )
    if parser.parse_args().check:
        check()
        return
    rows = []
    for players in PLAYERS:
        rows += [pitboss(players), obvious(players)]
        print(f"  {players:,} players done", flush=True)
    table("DynamoDB capacity per round", rows)
    keep("capacity", rows)


if __name__ == "__main__":
    main()
