"""Items of reports in table `hub`; the only file of the context that spells keys (docs/history.md).

| item | pk | sk |
|---|---|---|
| rows of one second | `HL#<tenant>#<lane>` | `<second, 13 digits>` |
| figures of one day | `HS#<tenant>#<lane>` | `<day, 13 digits>` |
| row of a player | `HP#<tenant>#<player>` | `<at, 13 digits>#<hub id>` |
| who played a round | `RX#<tenant>#<roundId>` | `<provider>#<player>` |
| wallets of a tenant | `HW#<tenant>#<lane>` | `<player>` |
| game set | `HG#<tenant>` | `<name>` |
| export | `HX#<tenant>` | `<export id>` |
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pitboss.platform import dynamo
from pitboss.platform.dynamo import ConditionFailed, TransactionRefused
from pitboss.platform.settings import hub_table
from pitboss.reports.codec import pack_day, pack_row, pack_slot, rows_of, unpack_day, unpack_row, unpack_slot
from pitboss.reports.model import Day, Row, Slot

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

SCHEMA = 1
PLAYERS_OF_ROUND = 50
BATCH = 24  # of a walk that may end with its first page
Key = tuple[str, str]


def _digits(at: int) -> str:
    return f"{at:013d}"


def _log_pk(tenant_id: str, lane: int) -> str:
    return f"HL#{tenant_id}#{lane}"


def _day_pk(tenant_id: str, lane: int) -> str:
    return f"HS#{tenant_id}#{lane}"


# ---------------------------------------------------------------- the log and its figures
class Lane(NamedTuple):
    """The slots and days of one lane that a write concerns, as they stand."""

    slots: dict[int, Slot]
    days: dict[int, Day]


def read_lane(tenant_id: str, lane: int, slots: Iterable[int], days: Iterable[int]) -> Lane:
    """Slots and days by their first millisecond, read strongly; those that are not stored are empty."""
    slot_keys = {(_log_pk(tenant_id, lane), _digits(start)): start for start in slots}
    day_keys = {(_day_pk(tenant_id, lane), _digits(start)): start for start in days}
    found = dynamo.get_many(hub_table(), [*slot_keys, *day_keys], lean=True)
    read = Lane({start: Slot(start) for start in slot_keys.values()}, {d: Day(d) for d in day_keys.values()})
    for key, record in found.items():
        if key in slot_keys:
            start = slot_keys[key]
            read.slots[start] = unpack_slot(start, record["version"], bytes(record["data"]))
        else:
            start = day_keys[key]
            read.days[start] = unpack_day(start, record["version"], bytes(record["data"]))
    return read


def write_lane(tenant_id: str, lane: int, slots: Sequence[Slot], day: Day) -> bool:
    """Put slots and their day together, each at its next version if it still is at its own; False if one is not."""
    ops = [_put(tenant_id, _day_pk(tenant_id, lane), day.start, day.version, pack_day(day))]
    ops += [_put(tenant_id, _log_pk(tenant_id, lane), s.start, s.version, pack_slot(s)) for s in slots]
    try:
        dynamo.transact(ops)
    except TransactionRefused:
        return False
    return True


def _put(tenant_id: str, pk: str, start: int, was: int, data: bytes) -> "TransactWriteItemTypeDef":
    record = {
        "pk": pk,
        "sk": _digits(start),
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "version": was + 1,
        "data": data,
    }
    if was == 0:
        return dynamo.put_op(hub_table(), record, condition="absent")
    return dynamo.put_op(
        hub_table(), record, condition="#version = :was", names={"#version": "version"}, values={":was": was}
    )


def rows_between(tenant_id: str, lane: int, first: int, last: int, *, forward: bool) -> Iterator[Row]:
    """A lane's rows of the slots from `first` to `last` (both included), in order of time."""
    if last < first:
        return
    records = dynamo.query(
        hub_table(),
        _log_pk(tenant_id, lane),
        after=_digits(first - 1),
        before=_digits(last + 1),
        forward=forward,
        batch=BATCH,
    )
    for record in records:
        rows = rows_of(bytes(record["data"]))
        yield from rows if forward else reversed(rows)


def days_between(tenant_id: str, lane: int, first: int, last: int) -> Iterator[Day]:
    """A lane's days from `first` to `last` (both included)."""
    pk = _day_pk(tenant_id, lane)
    for record in dynamo.query(hub_table(), pk, after=_digits(first - 1), before=_digits(last + 1)):
        yield unpack_day(int(record["sk"]), record["version"], bytes(record["data"]))


def read_slot_rows(tenant_id: str, lanes: Iterable[int], start: int) -> list[Row]:
    """The rows of one second in several lanes."""
    keys = [(_log_pk(tenant_id, lane), _digits(start)) for lane in lanes]
    found = dynamo.get_many(hub_table(), keys)
    return [row for record in found.values() for row in rows_of(bytes(record["data"]))]


# ---------------------------------------------------------------- what a player, a round, a tenant leads to
def player_record(tenant_id: str, row: Row) -> dict[str, Any]:
    """A player's row."""
    return {
        "pk": f"HP#{tenant_id}#{row.player_id}",
        "sk": row.place,
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "d": pack_row(row),
    }


def round_record(tenant_id: str, row: Row) -> dict[str, Any]:
    """That a player played a round; the same whatever row of the round it is made of."""
    return {
        "pk": f"RX#{tenant_id}#{row.round_id}",
        "sk": f"{row.provider}#{row.player_id}",
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "provider": row.provider,
        "playerId": row.player_id,
    }


def wallet_record(tenant_id: str, lane: int, player_id: str) -> dict[str, Any]:
    """That a tenant has a wallet."""
    return {"pk": f"HW#{tenant_id}#{lane}", "sk": player_id, "tenantId": tenant_id, "schema": SCHEMA}


def put_all(records: Sequence[Mapping[str, Any]]) -> None:
    """Put records that are the same whoever puts them; of one key, the last."""
    by_key = {(record["pk"], record["sk"]): dict(record) for record in records}
    dynamo.put_many(hub_table(), list(by_key.values()))


def player_rows(
    tenant_id: str, player_id: str, *, after: str | None, before: str | None, forward: bool
) -> Iterator[Row]:
    """A player's rows between two places (both exclusive)."""
    pk = f"HP#{tenant_id}#{player_id}"
    for record in dynamo.query(hub_table(), pk, after=after, before=before, forward=forward, batch=BATCH):
        yield unpack_row(record["d"])


def players_of_round(tenant_id: str, round_id: str, limit: int = PLAYERS_OF_ROUND) -> list[tuple[str, str]]:
    """(provider, player) of those who played a round of that id, at most `limit`: a live table's round may be thousands'."""
    found = dynamo.query(hub_table(), f"RX#{tenant_id}#{round_id}", limit=limit)
    return [(r["provider"], r["playerId"]) for r in found]


def wallets(tenant_id: str, lane: int, *, after: str | None, limit: int) -> list[str]:
    """Players of a lane, in order of their ids."""
    pk = f"HW#{tenant_id}#{lane}"
    # Without a lower bound the query would be by prefix; a bound of "" is not taken by DynamoDB.
    return [r["sk"] for r in dynamo.query(hub_table(), pk, after=after or " ", limit=limit)]


# ---------------------------------------------------------------- game sets
def put_game_set(tenant_id: str, name: str, games: Sequence[str]) -> None:
    """A named list of games."""
    record = {
        "pk": f"HG#{tenant_id}",
        "sk": name,
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "games": list(games),
    }
    dynamo.apply(dynamo.put_op(hub_table(), record))


def game_set(tenant_id: str, name: str) -> list[str] | None:
    """The games of a set, or None."""
    record = dynamo.get(hub_table(), f"HG#{tenant_id}", name)
    return list(record["games"]) if record else None


def game_sets(tenant_id: str) -> dict[str, list[str]]:
    """Every set of a tenant."""
    return {r["sk"]: list(r["games"]) for r in dynamo.query(hub_table(), f"HG#{tenant_id}")}


def delete_game_set(tenant_id: str, name: str) -> bool:
    """Whether there was one."""
    op = dynamo.delete_op(hub_table(), f"HG#{tenant_id}", name, condition="attribute_exists(pk)")
    try:
        dynamo.apply(op)
    except ConditionFailed:
        return False
    return True


# ---------------------------------------------------------------- exports
def export_key(tenant_id: str, export_id: str) -> Key:
    """Where an export's progress stands."""
    return f"HX#{tenant_id}", export_id


def read_export(tenant_id: str, export_id: str) -> dict[str, Any] | None:
    """An export's progress, or None."""
    return dynamo.get(hub_table(), *export_key(tenant_id, export_id))


def write_export(tenant_id: str, record: dict[str, Any], was: int) -> bool:
    """Put progress at version `was + 1`; False if somebody else moved it on."""
    pk, sk = export_key(tenant_id, record["exportId"])
    full = {**record, "pk": pk, "sk": sk, "tenantId": tenant_id, "schema": SCHEMA, "version": was + 1}
    if was:
        op = dynamo.put_op(
            hub_table(),
            full,
            condition="#version = :was",
            names={"#version": "version"},
            values={":was": was},
        )
    else:
        op = dynamo.put_op(hub_table(), full, condition="absent")
    try:
        dynamo.apply(op)
    except ConditionFailed:
        return False
    return True
