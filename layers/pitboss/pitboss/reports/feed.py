"""From the ledger's stream to what is read: round messages, players' rows, the tenant's log and its figures.

Order of the writes: rounds into the inbox, rows of players, then the second's rows together with the day's figures. The
last write is a transaction on their versions and is what counts: figures are changed by exactly what a row changes, so a
record that is delivered again, late, or in another portion finds its row there and changes nothing. Dying before it means
that the stream brings the records again; what came before is the same when it is written twice.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from pitboss.kernel.ids import is_ulid, ulid_instant
from pitboss.platform.dynamo import pause
from pitboss.platform.observe import count
from pitboss.reports import store
from pitboss.reports.model import (
    ROUND,
    Cell,
    Day,
    Figures,
    Row,
    Slot,
    added,
    day_of,
    lane_of,
    mark_of,
    round_row_id,
    slot_of,
)
from pitboss.reports.store import Lane
from pitboss.wallet.public import RoundRecord, Tx, round_from_item, tx_from_item

ATTEMPTS = 12
# A transaction holds 100 items and 4 MB; a row takes at most some 1,200 bytes packed, with the longest ids.
PORTION_SLOTS, PORTION_ROWS = 60, 2_500


class Contested(RuntimeError):  # noqa: N818 - other feeds kept winning; the records come again
    """A day could not be written; nothing is lost."""


class Change(NamedTuple):
    """A record of the ledger's stream: the item as it is now and as it was (None: absent), and its sequence number."""

    new: Mapping[str, Any]
    old: Mapping[str, Any] | None
    seq: int


class PlayedRound(NamedTuple):
    """A closed round on its way to the tournaments (see rounds.wallet_feed)."""

    round_id: str
    revision: int
    status: str
    brand_id: str
    user_id: str
    game_id: str
    currency: str
    exponent: int
    stake: int
    win: int
    free: bool
    started_at: int
    settled_at: int


type Ingest = Callable[[str, str, Sequence[PlayedRound], int], int]


class World(Protocol):
    """What the feed needs of storage; the simulation stands in for it."""

    def read_lane(self, tenant_id: str, lane: int, slots: Iterable[int], days: Iterable[int]) -> Lane: ...
    def write_lane(self, tenant_id: str, lane: int, slots: Sequence[Slot], day: Day) -> bool: ...
    def put_all(self, records: Sequence[Mapping[str, Any]]) -> None: ...


def project(changes: Sequence[Change], ingest: Ingest, now: int, world: World = store) -> Counter[str]:
    """Carry a portion of the stream on. Safe to repeat, with any of its records, at any time."""
    totals: Counter[str] = Counter()
    rows: dict[str, list[Row]] = defaultdict(list)
    played: dict[tuple[str, str], list[PlayedRound]] = defaultdict(list)
    wallets: list[dict[str, Any]] = []
    for change in changes:
        tenant_id = change.new["tenantId"]
        match change.new["pk"][:2]:
            case "X#":
                rows[tenant_id].append(row_of_tx(tx_from_item(change.new), change.seq))
            case "R#":
                record = round_from_item(change.new)
                rows[tenant_id].append(row_of_round(record, change.seq))
                message = message_of(record, change.old)
                if message is not None:
                    played[tenant_id, record.round.provider].append(message)
            case "W#" if change.old is None:
                player_id = change.new["pk"].rpartition("#")[2]
                wallets.append(store.wallet_record(tenant_id, lane_of(player_id), player_id))
    for (tenant_id, integration_id), messages in played.items():
        totals["rounds"] += ingest(tenant_id, integration_id, messages, now)
    if wallets:
        world.put_all(wallets)
    for tenant_id, of in rows.items():
        totals["rows"] += _keep(tenant_id, of, world)
    for name, value in totals.items():
        count(f"feed_{name}", value)
    return totals


def row_of_tx(tx: Tx, seq: int) -> Row:
    """A transaction's row. Its time is the instant in the hub's id: it never changes, and the id alone leads to the row."""
    at = ulid_instant(tx.hub_id) if is_ulid(tx.hub_id) else tx.at
    facts: dict[str, Any] = json.loads(tx.facts) if tx.facts else {}
    return Row(
        tx.hub_id,
        at,
        tx.kind,
        tx.state,
        tx.provider,
        tx.ext_id,
        tx.key.player_id,
        tx.player_id,
        tx.brand_id,
        tx.user_id,
        tx.round_id,
        tx.game_id,
        tx.type,
        tx.amount,
        tx.currency,
        tx.exponent,
        tx.ref,
        tx.free_id,
        tx.before,
        tx.after,
        tx.version,
        tx.refusal,
        mark_of(str(facts["id"])) if facts.get("id") else 0,
        mark_of(str(facts["rid"])) if facts.get("rid") else 0,
        seq,
    )


def row_of_round(record: RoundRecord, seq: int) -> Row:
    """A recorded round's row, at its start."""
    r = record.round
    return Row(
        round_row_id(r.provider, r.round_id, record.player_id),
        r.started_at,
        ROUND,
        r.status,
        r.provider,
        "",
        "",
        record.player_id,
        record.brand_id,
        record.user_id,
        "",
        r.game_id,
        "",
        0,
        record.currency,
        record.exponent,
        "",
        "",
        0,
        0,
        r.revision,
        "",
        0,
        0,
        seq,
    )


def message_of(record: RoundRecord, old: Mapping[str, Any] | None) -> PlayedRound | None:
    """What the tournaments are to hear of a recorded round, if anything: one that is open, or was cancelled before it
    ever counted, is nothing to them."""
    r = record.round
    before = old["status"] if old else "open"
    if r.status == "open" or (r.status == "cancelled" and before != "completed"):
        return None
    counted = "amended" if before == "completed" else "settled"
    status = "rolled_back" if r.status == "cancelled" else counted
    return PlayedRound(
        r.round_id,
        max(0, r.revision - 1),
        status,
        record.brand_id,
        record.user_id,
        r.game_id,
        record.currency,
        record.exponent,
        r.stake,
        r.win,
        bool(r.free),
        r.started_at,
        r.settled_at or r.changed_at,
    )


def _keep(tenant_id: str, rows: Sequence[Row], world: World) -> int:
    """Bring rows into the log, by lane and day; answers how many were news."""
    by_day: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in rows:
        by_day[lane_of(row.player_id), day_of(row.at)].append(row)
    return sum(_keep_day(tenant_id, lane, day, of, world) for (lane, day), of in by_day.items())


def _keep_day(tenant_id: str, lane: int, day: int, rows: Sequence[Row], world: World) -> int:
    by_slot: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_slot[slot_of(row.at)].append(row)
    news = 0
    for attempt in range(ATTEMPTS):
        read = world.read_lane(tenant_id, lane, sorted(by_slot), [day])
        page = read.days[day]
        contested = False
        for portion in _portions(by_slot, read.slots):
            changed, changes, fresh = _merge(portion, by_slot)
            # After a contest somebody may have put an older row of a player beside ours: the log knows the newest.
            shown = fresh if attempt == 0 else [s.rows[r.id] for s in portion for r in by_slot[s.start]]
            world.put_all(_records(tenant_id, shown))
            if not changed:
                continue
            page.add(changes)
            if not world.write_lane(tenant_id, lane, changed, page):
                contested = True
                break
            page.version += 1
            news += len(fresh)
        if not contested:
            return news
        pause(attempt + 1)
    raise Contested(f"a day was contested {ATTEMPTS} times")


def _portions(by_slot: Mapping[int, Sequence[Row]], slots: Mapping[int, Slot]) -> Iterator[list[Slot]]:
    """Slots in portions that one transaction can hold."""
    portion: list[Slot] = []
    size = 0
    for start in sorted(by_slot):
        weight = len(slots[start].rows) + len(by_slot[start])
        if portion and (len(portion) == PORTION_SLOTS or size + weight > PORTION_ROWS):
            yield portion
            portion, size = [], 0
        portion.append(slots[start])
        size += weight
    if portion:
        yield portion


def _merge(
    portion: Sequence[Slot], by_slot: Mapping[int, Sequence[Row]]
) -> tuple[list[Slot], dict[Cell, Figures], list[Row]]:
    """Slots that changed, by how much their figures did, and the rows that were news."""
    changed: list[Slot] = []
    totals: dict[Cell, Figures] = {}
    fresh: list[Row] = []
    for slot in portion:
        before = {row.id: slot.rows.get(row.id) for row in by_slot[slot.start]}
        changes = slot.merge(by_slot[slot.start])
        if not changes:
            continue
        changed.append(slot)
        for cell, change in changes.items():
            totals[cell] = added(totals[cell], change) if cell in totals else change
        fresh += [slot.rows[row_id] for row_id, was in before.items() if slot.rows[row_id] != was]
    return changed, totals, fresh


def _records(tenant_id: str, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The items that lead from a player and from a round to rows."""
    records = []
    for row in rows:
        if row.kind == ROUND:
            continue
        records.append(store.player_record(tenant_id, row))
        if row.round_id and (row.kind == "bet" or (row.kind == "win" and not row.ref)):
            records.append(store.round_record(tenant_id, row))
    return records
