"""The ledger feed under a stream that repeats, cuts anew and dies: rows and figures end as the ledger has them.

Shards deliver each item's changes in order, and bring everything again from the last place that was acknowledged; a feed
may die before or after any write, and a rival may write the same day in between.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from pitboss.kernel.ids import ulid
from pitboss.reports import feed
from pitboss.reports.codec import pack_day, pack_slot, unpack_day, unpack_row, unpack_slot
from pitboss.reports.feed import Change, PlayedRound
from pitboss.reports.model import (
    DAY_MS,
    NOTHING,
    ROUND,
    Cell,
    Day,
    Figures,
    Row,
    Slot,
    added,
    cell_of,
    day_of,
    figures_of,
)
from pitboss.reports.store import Lane
from pitboss.wallet.codec import pack_round_record, pack_tx
from pitboss.wallet.model import Round, RoundRecord, Tx, TxKey
from pitboss.wallet.store import round_key, tx_key

pytestmark = pytest.mark.simulation

TENANT = "01J0000000000000000000TEN1"
START = 1_767_225_500_000  # some 100 s before midnight, so that a run spans two days
SHARDS = 3


class Died(Exception):  # noqa: N818
    """The process ended here."""


class MemoryWorld:
    """Storage in memory, in stored form. Every write may kill the process before or after it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.slots: dict[tuple[int, int], tuple[int, bytes]] = {}
        self.days: dict[tuple[int, int], tuple[int, bytes]] = {}
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.danger = 0.0
        self.deaths = 0
        self.lost = 0
        self.rival: Any = None

    def _perhaps_die(self) -> None:
        if self.rng.random() < self.danger:
            self.deaths += 1
            raise Died

    def read_lane(self, tenant_id: str, lane: int, slots: Iterable[int], days: Iterable[int]) -> Lane:
        return Lane(
            {s: unpack_slot(s, *self.slots[lane, s]) if (lane, s) in self.slots else Slot(s) for s in slots},
            {d: unpack_day(d, *self.days[lane, d]) if (lane, d) in self.days else Day(d) for d in days},
        )

    def write_lane(self, tenant_id: str, lane: int, slots: Sequence[Slot], day: Day) -> bool:
        if self.rival is not None:
            rival, self.rival = self.rival, None
            rival()
        self._perhaps_die()
        if self.days.get((lane, day.start), (0, b""))[0] != day.version:
            self.lost += 1
            return False
        if any(self.slots.get((lane, s.start), (0, b""))[0] != s.version for s in slots):
            self.lost += 1
            return False
        self.days[lane, day.start] = (day.version + 1, pack_day(day))
        for slot in slots:
            self.slots[lane, slot.start] = (slot.version + 1, pack_slot(slot))
        self._perhaps_die()
        return True

    def put_all(self, records: Sequence[Mapping[str, Any]]) -> None:
        self._perhaps_die()
        for record in records:  # not all or nothing: BatchWriteItem is not
            self.items[record["pk"], record["sk"]] = dict(record)
            self._perhaps_die()

    # ------------------------------------------------------------ what stands
    def all_rows(self) -> dict[str, Row]:
        return {
            row_id: row
            for (_, start), (version, data) in self.slots.items()
            for row_id, row in unpack_slot(start, version, data).rows.items()
        }

    def all_figures(self) -> dict[tuple[int, Cell], Figures]:
        total: dict[tuple[int, Cell], Figures] = {}
        for (_, start), (version, data) in self.days.items():
            for cell, figures in unpack_day(start, version, data).cells.items():
                total[start, cell] = added(total.get((start, cell), NOTHING), figures)
        return total


def tx_change(tx: Tx, seq: int) -> Change:
    pk, sk = tx_key(tx.tenant_id, tx.key)
    item = {k: v for k, v in {"pk": pk, "sk": sk, **pack_tx(tx)}.items() if v is not None}
    return Change(item, None, seq)


def round_change(record: RoundRecord, old: RoundRecord | None, seq: int) -> Change:
    def item(of: RoundRecord) -> dict[str, Any]:
        pk, sk = round_key(TENANT, of.player_id, of.round.provider, of.round.round_id)
        return {"pk": pk, "sk": sk, **pack_round_record(of)}

    return Change(item(record), item(old) if old else None, seq)


def ledger(rng: random.Random, players: int, rounds: int) -> tuple[list[list[Change]], int]:
    """Changes by shard, in order within each; and how many rounds were ever completed."""
    shards: list[list[Change]] = [[] for _ in range(SHARDS)]
    seq = [1]
    completed = 0

    def emit(change: Change) -> None:
        number = sum(map(ord, change.new["pk"])) % SHARDS
        shards[number].append(change._replace(seq=seq[0] * 7 + number))
        seq[0] += 1

    for n in range(rounds):
        player = f"01J000000000000000000PLAY{rng.randrange(players):02d}"[:26]
        at = START + rng.randrange(200_000)
        round_id, game = f"r{n}", rng.choice(["book", "fruit"])
        common: dict[str, Any] = {
            "tenant_id": TENANT,
            "player_id": player,
            "brand_id": rng.choice(["b1", "b2"]),
            "user_id": f"u{player[-2:]}",
            "currency": "EUR",
            "exponent": 2,
            "round_id": round_id,
            "game_id": game,
        }

        def tx(kind: str, state: str, amount: int, when: int, **more: Any) -> Tx:
            key = TxKey("prov", kind, f"{kind}{n}")  # noqa: B023 - used within the turn of the loop
            hub_id = ulid(when, f"{kind}{n}".encode().ljust(10, b"."))  # noqa: B023
            return Tx(key=key, hub_id=hub_id, state=state, amount=amount, at=when, **common, **more)  # noqa: B023

        stake, win = rng.randrange(1, 500), rng.choice([0, 0, rng.randrange(1, 900)])
        if rng.random() < 0.4:
            emit(tx_change(tx("bet", "PENDING", stake, at, type="bet"), 0))
        if rng.random() < 0.1:
            emit(tx_change(tx("bet", "REFUSED", stake, at, type="bet", refusal="BALANCE_NOT_ENOUGH"), 0))
            continue
        emit(tx_change(tx("bet", "DONE", stake, at, type="bet"), 0))
        emit(tx_change(tx("win", "DONE", win, at + 900, type="win", ref=f"bet{n}"), 0))
        open_round = Round(
            "prov", round_id, game, stake, win, at, at + 900, at + 900, "completed", revision=1
        )
        first = RoundRecord(TENANT, player, common["brand_id"], common["user_id"], "EUR", 2, open_round)
        emit(round_change(first, None, 0))
        completed += 1
        if rng.random() < 0.25:  # win and bet taken back: the round is cancelled by its next revision
            emit(tx_change(tx("win", "ROLLED_BACK", win, at + 900, type="win", ref=f"bet{n}"), 0))
            emit(tx_change(tx("rollback", "DONE", stake, at + 2000, ref=f"bet{n}"), 0))
            emit(tx_change(tx("bet", "ROLLED_BACK", stake, at, type="bet"), 0))
            gone = Round("prov", round_id, game, 0, 0, at, at + 2000, at + 900, "cancelled", revision=2)
            second = RoundRecord(TENANT, player, common["brand_id"], common["user_id"], "EUR", 2, gone)
            emit(round_change(second, first, 0))
    return shards, completed


def expected_rows(shards: Sequence[Sequence[Change]]) -> dict[str, Row]:
    from pitboss.wallet.public import round_from_item, tx_from_item

    rows: dict[str, Row] = {}
    for shard in shards:
        for change in shard:
            if change.new["pk"].startswith("X#"):
                row = feed.row_of_tx(tx_from_item(change.new), change.seq)
            else:
                row = feed.row_of_round(round_from_item(change.new), change.seq)
            if row.id not in rows or rows[row.id].seq < row.seq:
                rows[row.id] = row
    return rows


def play(seed: int, monkeypatch: pytest.MonkeyPatch) -> MemoryWorld:
    rng = random.Random(seed)
    world = MemoryWorld(rng)
    monkeypatch.setattr(feed, "pause", lambda attempt: None)
    monkeypatch.setattr(feed, "PORTION_SLOTS", rng.choice([1, 3, 60]))
    shards, completed = ledger(rng, players=6, rounds=60)
    heard: dict[tuple[str, int], PlayedRound] = {}

    def ingest(tenant: str, integration: str, rounds: Sequence[PlayedRound], now: int) -> int:
        assert (tenant, integration, now) == (TENANT, "prov", START)
        for r in rounds:
            # The same message again must be the same message, or the rounds engine would see a contradiction.
            assert heard.setdefault((r.round_id, r.revision), r) == r
        return len(rounds)

    places = [0] * SHARDS
    while any(place < len(shard) for place, shard in zip(places, shards, strict=True)):
        number = rng.choice([n for n in range(SHARDS) if places[n] < len(shards[n])])
        size = rng.randrange(1, 40)
        batch = shards[number][places[number] : places[number] + size]
        world.danger = rng.choice([0.0, 0.0, 0.02, 0.2])
        if rng.random() < 0.3:  # another shard's feed writes in between
            beside = rng.choice([n for n in range(SHARDS) if n != number])
            rows = shards[beside][places[beside] : places[beside] + 10]
            world.rival = lambda rows=rows: feed.project(rows, ingest, START, calm(world))
        try:
            feed.project(batch, ingest, START, world)
        except Died:
            continue  # not acknowledged: the shard brings it again, cut anew
        finally:
            world.rival = None
        places[number] += len(batch)
        if rng.random() < 0.2:  # acknowledged, but the acknowledgement was lost
            places[number] = max(0, places[number] - rng.randrange(1, 30))
    world.danger = 0.0
    assert {r.round_id for r in heard.values() if r.revision == 0} == {
        change.new["sk"].partition("#")[2]
        for shard in shards
        for change in shard
        if change.new["pk"].startswith("R#") and change.new["revision"] == 1
    }
    assert len([r for r in heard.values() if r.revision == 0]) == completed
    check(world, expected_rows(shards))
    return world


def calm(world: MemoryWorld) -> MemoryWorld:
    """The same storage for a feed that does not die."""
    other = MemoryWorld(world.rng)
    other.slots, other.days, other.items = world.slots, world.days, world.items
    return other


def check(world: MemoryWorld, rows: dict[str, Row]) -> None:
    assert world.all_rows() == rows
    figures: dict[tuple[int, Cell], Figures] = {}
    for row in rows.values():
        place = (day_of(row.at), cell_of(row))
        figures[place] = added(figures.get(place, NOTHING), figures_of(row))
    assert world.all_figures() == {place: f for place, f in figures.items() if f != NOTHING}
    shown = {
        unpack_row(item["d"]).id: unpack_row(item["d"])
        for (pk, _), item in world.items.items()
        if pk.startswith("HP#")
    }
    assert shown == {row_id: row for row_id, row in rows.items() if row.kind != ROUND}
    of_rounds = {pk.rpartition("#")[2] for pk, _ in world.items if pk.startswith("RX#")}
    assert of_rounds == {row.round_id for row in rows.values() if row.kind == "bet"}


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_stream_does_history_ends_as_the_ledger(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(seed, monkeypatch)


def test_the_world_really_was_dangerous(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = [play(seed, monkeypatch) for seed in range(10)]
    assert sum(w.deaths for w in worlds) > 50
    assert sum(w.lost for w in worlds) > 5
    days = {start for w in worlds for _, start in w.days}
    assert days == {day_of(START), day_of(START) + DAY_MS}
