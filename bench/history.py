"""DynamoDB units and CPU that history costs for each transaction, from the items that the feed really writes.

DynamoDB's published rules: a write takes 1 unit per started KB of the item, 2 in a transaction; a strongly consistent read 1
unit per started 4 KB. The ledger's stream comes in batches of a second; a round is a bet, a win and the round's record.
"""

import json
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pitboss.kernel.ids import ulid
from pitboss.platform.dynamo import to_item
from pitboss.reports import feed
from pitboss.reports.codec import pack_day, pack_slot, unpack_day, unpack_slot
from pitboss.reports.feed import Change, World
from pitboss.reports.model import Day, Slot
from pitboss.reports.store import Lane
from pitboss.wallet.codec import pack_round_record, pack_tx
from pitboss.wallet.model import Round, RoundRecord, Tx, TxKey
from pitboss.wallet.store import round_key, tx_key

from bench.capacity import size
from bench.report import keep, table

RATES = (1, 10, 100, 500)  # rounds a second of one tenant
SECONDS, WARM = 30, 10
TENANT = "01J0000000000000000000TEN1"
START = 1_767_225_600_000
KEY_BYTES = 90  # pk, sk, tenant, schema, version with their names


class Metered(World):
    """Storage in memory in stored form that counts units."""

    def __init__(self) -> None:
        self.slots: dict[tuple[int, int], tuple[int, bytes]] = {}
        self.days: dict[tuple[int, int], tuple[int, bytes]] = {}
        self.written = 0
        self.read = 0

    def read_lane(self, _tenant: str, lane: int, slots: Iterable[int], days: Iterable[int]) -> Lane:
        """What stands, at 1 unit per started 4 KB (an item that is not there costs 1 too)."""
        read = Lane({}, {})
        for start in slots:
            version, data = self.slots.get((lane, start), (0, b""))
            self.read += -(-(KEY_BYTES + len(data)) // 4096)
            read.slots[start] = unpack_slot(start, version, data) if version else Slot(start)
        for start in days:
            version, data = self.days.get((lane, start), (0, b""))
            self.read += -(-(KEY_BYTES + len(data)) // 4096)
            read.days[start] = unpack_day(start, version, data) if version else Day(start)
        return read

    def write_lane(self, _tenant: str, lane: int, slots: Sequence[Slot], day: Day) -> bool:
        """Put them, at 2 units per started KB."""
        packed = [(self.days, (lane, day.start), day.version, pack_day(day))]
        packed += [(self.slots, (lane, s.start), s.version, pack_slot(s)) for s in slots]
        for where, key, version, data in packed:
            where[key] = (version + 1, data)
            self.written += 2 * -(-(KEY_BYTES + len(data)) // 1024)
        return True

    def put_all(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Put them, at 1 unit per started KB."""
        by_key = {(record["pk"], record["sk"]): record for record in records}
        self.written += sum(-(-size(to_item(record)) // 1024) for record in by_key.values())


def second(rng: random.Random, at: int, rounds: int, number: int) -> list[Change]:
    """The stream of one second of play, in order of time."""
    changes: list[tuple[int, dict[str, Any]]] = []
    for n in range(rounds):
        player = f"01J00000000000000000P{rng.randrange(20_000):05d}"
        round_id, when = f"round-{number}-{n}", at + rng.randrange(1000)
        game = f"game-{rng.randrange(120)}"
        common: dict[str, Any] = {
            "tenant_id": TENANT,
            "player_id": player,
            "brand_id": "aurora",
            "user_id": f"user-{player[-5:]}",
            "currency": "EUR",
            "exponent": 2,
            "state": "DONE",
            "round_id": round_id,
            "game_id": game,
            "before": rng.randrange(10**6),
            "after": rng.randrange(10**6),
            "version": number + 2,
        }
        stake, win = rng.randrange(20, 1000), rng.choice([0, 0, rng.randrange(20, 3000)])
        for kind, amount, later in (("bet", stake, 0), ("win", win, 700)):
            tx = Tx(
                key=TxKey("studio", kind, f"{kind}-{round_id}"),
                hub_id=ulid(when + later, rng.randbytes(10)),
                amount=amount,
                type=kind,
                at=when + later,
                ref="" if kind == "bet" else f"bet-{round_id}",
                facts=facts(rng),
                **common,
            )
            pk, sk = tx_key(TENANT, tx.key)
            changes.append((when + later, {"pk": pk, "sk": sk, **pack_tx(tx)}))
        r = Round("studio", round_id, game, stake, win, when, when + 700, when + 700, "completed", revision=1)
        pk, sk = round_key(TENANT, player, "studio", round_id)
        record = RoundRecord(TENANT, player, "aurora", common["user_id"], "EUR", 2, r)
        changes.append((when + 701, {"pk": pk, "sk": sk, **pack_round_record(record)}))
    changes.sort(key=lambda change: change[0])
    base = number * 10**6
    return [
        Change({k: v for k, v in item.items() if v is not None}, None, 10**23 + base + n)
        for n, (_, item) in enumerate(changes)
    ]


def facts(rng: random.Random) -> str:
    """Header facts as the wallet keeps them."""
    return json.dumps({"id": rng.randbytes(16).hex(), "rid": rng.randbytes(16).hex(), "ms": 3})


def measure(rate: int) -> dict[str, Any]:
    """Units and CPU per transaction at so many rounds a second."""
    rng, world = random.Random(rate), Metered()
    cpu, transactions = 0.0, 0
    for number in range(WARM + SECONDS):
        changes = second(rng, START + number * 1000, rate, number)
        if number == WARM:
            world.written = world.read = 0
            cpu, transactions = 0.0, 0
        began = time.process_time()
        feed.project(changes, lambda *_: 0, START, world)
        cpu += time.process_time() - began
        transactions += 2 * rate
    packed = sum(len(data) for _, data in world.slots.values())
    return {
        "rounds_per_second": rate,
        "wru_per_transaction": round(world.written / transactions, 3),
        "rru_per_transaction": round(world.read / transactions, 3),
        "cpu_us_per_transaction": round(cpu / transactions * 1e6),
        "log_bytes_per_row": round(packed / (3 * rate * (WARM + SECONDS))),
    }


def main() -> None:
    """Measure and keep."""
    rows = [measure(rate) for rate in RATES]
    table("history per transaction, one tenant, 120 games, batches of a second", rows)
    keep("history", rows)


if __name__ == "__main__":
    main()
