"""Tournaments, entries, history and results in the `arena` table; the one file of this context that spells its keys.

| item | pk | sk |
|---|---|---|
| tournament | `T#<tenant>#<tid>` | `META` |
| entry | same | `ENTRY#<playerKey>` |
| history | same | `EVENT#<ulid>` |
| result | same | `RESULT#<version, 4 digits>` |
| settlement lease, settlement asked for | same | `SETTLE`, `NUDGE` |
| tournaments by start | `TL#<tenant>` | `<startAt, 13 digits>#<tid>` |
| tournaments of a player | `PL#<tenant>#<playerId>` | `<tid>#<brandId>` |
| what is due | `DUE#<bucket>` | `<dueAt, 13 digits>#<tenant>#<tid>[#<playerKey>]` |

A due item moves in the transaction that changes when its owner is due, so none is ever missing or stale.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pitboss.kernel.ids import ulid
from pitboss.platform.dynamo import (
    ConditionFailed,
    Record,
    apply,
    delete_op,
    get,
    get_many,
    put_op,
    query,
    transact,
    update_op,
)
from pitboss.platform.settings import arena_table
from pitboss.tournaments.model import (
    NEVER,
    Actor,
    Event,
    Purchase,
    Spec,
    Tournament,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef

SCHEMA = 1
DUE_BUCKETS = 8
_COUNTERS = ("seats", "players", "entries")
_OUTSIDE_LIFE = ("tenant_id", "tournament_id", "version", "status", "spec", "due_at", *_COUNTERS)


def tournament_pk(tenant_id: str, tournament_id: str) -> str:
    """The partition of everything that belongs to one tournament."""
    return f"T#{tenant_id}#{tournament_id}"


# -- tournaments ------------------------------------------------------------------------------------------------------


def load(tenant_id: str, tournament_id: str) -> Tournament | None:
    """A tournament of this tenant, or None."""
    record = get(arena_table(), tournament_pk(tenant_id, tournament_id), "META")
    return _tournament(record) if record else None


def load_many(tenant_id: str, tournament_ids: Iterable[str]) -> dict[str, Tournament]:
    """Several tournaments by id; those that are not there are absent."""
    keys = [(tournament_pk(tenant_id, tid), "META") for tid in dict.fromkeys(tournament_ids)]
    found = (_tournament(record) for record in get_many(arena_table(), keys).values())
    return {tournament.tournament_id: tournament for tournament in found}


def _tournament(record: Record) -> Tournament:
    document = json.loads(zlib.decompress(bytes(record["document"])))
    life = document["life"]
    life["pauses"] = tuple((start, end) for start, end in life.get("pauses", ()))
    return Tournament(
        tenant_id=record["tenantId"],
        tournament_id=record["tournamentId"],
        version=record["version"],
        status=record["status"],
        spec=_spec(document["spec"]),
        due_at=record["dueAt"],
        seats=record["seats"],
        players=record["players"],
        entries=record["entries"],
        **life,
    )


def _spec(document: Mapping[str, Any]) -> Spec:
    fields = dict(document)
    for name in ("rebuy", "add_on"):
        if name in fields:
            fields[name] = Purchase(*fields[name])
    for name in ("brands", "games"):
        fields[name] = tuple(fields.get(name, ()))
    return Spec(**fields)


def _told(record: Spec | Tournament, without: Sequence[str]) -> dict[str, Any]:
    """The fields of a record that are not as by default: so a default, once released, is part of what is stored."""
    return {
        name: getattr(record, name)
        for name, told in record.__dataclass_fields__.items()
        if name not in without and getattr(record, name) != told.default
    }


def _document(tournament: Tournament) -> bytes:
    """Everything that conditions do not look at, deflated: counters move with every registration, and a write costs by
    the size of the whole item."""
    spec = _told(tournament.spec, ())
    # A NamedTuple stays a tuple and becomes a list here.
    whole = {"spec": spec, "life": _told(tournament, _OUTSIDE_LIFE)}
    return zlib.compress(json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode(), 9)


def create_ops(after: Tournament, events: Sequence[Event], actor: Actor) -> list["Op"]:
    """A new tournament: its record, its place in the list, what is due, its history. Item 0 is refused if it exists."""
    record = {
        "pk": tournament_pk(after.tenant_id, after.tournament_id),
        "sk": "META",
        "tenantId": after.tenant_id,
        "tournamentId": after.tournament_id,
        "schema": SCHEMA,
        "version": after.version,
        "status": after.status,
        "document": _document(after),
        "maxPlayers": after.spec.max_players,
        "dueAt": after.due_at,
        "seats": 0,
        "players": 0,
        "entries": 0,
    }
    return [
        put_op(arena_table(), record, condition="absent"),
        _listed_op(after),
        *_due_ops(None, after),
        *event_ops(after, events, actor),
    ]


def change_ops(
    before: Tournament,
    after: Tournament,
    events: Sequence[Event],
    actor: Actor,
    *,
    condition: str = "",
    values: Mapping[str, Any] | None = None,
) -> list["Op"]:
    """A transition: item 0 is refused unless the record still has the version of `before` (and `condition` holds)."""
    table = arena_table()
    ops = [
        update_op(
            table,
            tournament_pk(after.tenant_id, after.tournament_id),
            "META",
            "SET version = :after, #status = :status, #document = :document, maxPlayers = :most, dueAt = :due",
            condition="version = :before" + (f" AND {condition}" if condition else ""),
            names={"#status": "status", "#document": "document"},
            values={
                ":before": before.version,
                ":after": after.version,
                ":status": after.status,
                ":document": _document(after),
                ":most": after.spec.max_players,
                ":due": after.due_at,
                **(values or {}),
            },
        ),
        _listed_op(after),
        *_due_ops(before, after),
        *event_ops(after, events, actor),
    ]
    if before.spec.start_at != after.spec.start_at:
        ops.append(delete_op(table, f"TL#{before.tenant_id}", _listed_sk(before)))
    return ops


def _listed_sk(tournament: Tournament) -> str:
    return f"{tournament.spec.start_at:013d}#{tournament.tournament_id}"


def _listed_op(tournament: Tournament) -> "Op":
    return put_op(
        arena_table(),
        {
            "pk": f"TL#{tournament.tenant_id}",
            "sk": _listed_sk(tournament),
            "tenantId": tournament.tenant_id,
            "schema": SCHEMA,
            "tournamentId": tournament.tournament_id,
            "status": tournament.status,
        },
    )


def listed(
    tenant_id: str, *, after: str | None, from_ms: int | None, to_ms: int | None
) -> Iterator[tuple[str, str, str]]:
    """(position, tournament id, status) of a tenant's tournaments by start time, from after the given position."""
    low = after or (f"{from_ms - 1:013d}#~" if from_ms is not None else "0")
    high = f"{to_ms:013d}#" if to_ms is not None else None
    for row in query(arena_table(), f"TL#{tenant_id}", after=low, before=high):
        yield row["sk"], row["tournamentId"], row["status"]


# -- what is due ------------------------------------------------------------------------------------------------------


def bucket_of(tournament_id: str) -> str:
    """The due partition of a tournament: the sweeper's reads are spread over a few."""
    return f"DUE#{hashlib.blake2b(tournament_id.encode(), digest_size=1).digest()[0] % DUE_BUCKETS}"


def _due_key(tournament: Tournament) -> tuple[str, str]:
    name = f"{tournament.due_at:013d}#{tournament.tenant_id}#{tournament.tournament_id}"
    return bucket_of(tournament.tournament_id), name


def _due_ops(before: Tournament | None, after: Tournament) -> list["Op"]:
    ops: list[Op] = []
    if before is not None and before.due_at not in (NEVER, after.due_at):
        ops.append(delete_op(arena_table(), *_due_key(before)))
    if after.due_at != NEVER and (before is None or before.due_at != after.due_at):
        pk, sk = _due_key(after)
        ops.append(put_op(arena_table(), {"pk": pk, "sk": sk, **owner(after.tenant_id, after.tournament_id)}))
    return ops


def owner(tenant_id: str, tournament_id: str) -> dict[str, Any]:
    """Whose item it is, as every item says."""
    return {"tenantId": tenant_id, "tournamentId": tournament_id, "schema": SCHEMA}


def due(now: int, limit: int) -> Iterator[Record]:
    """Due items up to `now`, at most `limit` of each bucket."""
    for bucket in range(DUE_BUCKETS):
        yield from query(arena_table(), f"DUE#{bucket}", after="0", before=f"{now + 1:013d}#", limit=limit)


# -- history ----------------------------------------------------------------------------------------------------------


def event_ops(tournament: Tournament, events: Sequence[Event], actor: Actor) -> list["Op"]:
    """History items of a transition, in order."""
    tenant_id, tournament_id = tournament.tenant_id, tournament.tournament_id
    return [
        event_op(tenant_id, tournament_id, event, actor, "", order=(tournament.version, place))
        for place, event in enumerate(events)
    ]


def event_op(
    tenant_id: str,
    tournament_id: str,
    event: Event,
    actor: Actor,
    label: str,
    *,
    order: tuple[int, int] = (0, 0),
) -> "Op":
    """One history item. Items are ordered by time, in one millisecond by `order` (version of the tournament, place in
    its transaction); `label` tells apart what else happens in it."""
    version, place = order
    tail = hashlib.blake2b(f"{tournament_id}|{event.type}|{label}".encode(), digest_size=5).digest()
    event_id = ulid(actor.now, version.to_bytes(4, "big") + bytes([place]) + tail)
    return put_op(
        arena_table(),
        {
            "pk": tournament_pk(tenant_id, tournament_id),
            "sk": f"EVENT#{event_id}",
            **owner(tenant_id, tournament_id),
            "eventId": event_id,
            "type": event.type,
            "occurredAt": actor.now,
            "actor": actor.name,
            "requestId": actor.request_id,
            "data": event.data,
        },
    )


def history(tenant_id: str, tournament_id: str, *, after: str | None, limit: int) -> list[Record]:
    """History items in order, from after the given event id."""
    start = f"EVENT#{after}" if after else None
    end = "EVENT#~" if after else None
    pk = tournament_pk(tenant_id, tournament_id)
    return list(query(arena_table(), pk, prefix="EVENT#", after=start, before=end, limit=limit))


# -- results ----------------------------------------------------------------------------------------------------------


def result_op(tournament: Tournament, version: int, body: Mapping[str, Any]) -> "Op":
    """A version of the result; versions are written once and stay."""
    return put_op(
        arena_table(),
        {
            "pk": tournament_pk(tournament.tenant_id, tournament.tournament_id),
            "sk": f"RESULT#{version:04d}",
            **owner(tournament.tenant_id, tournament.tournament_id),
            "version": version,
            **body,
        },
        condition="absent",
    )


def read_result(tenant_id: str, tournament_id: str, version: int) -> Record | None:
    """A version of the result as stored, or None."""
    return get(arena_table(), tournament_pk(tenant_id, tournament_id), f"RESULT#{version:04d}")


def take_lease(
    tenant_id: str, tournament_id: str, holder: str, now: int, until: int, *, of: str = "SETTLE"
) -> bool:
    """Whether `holder` may settle until then (nobody, "", never holds what it takes): one at a time saves work;
    correctness does not hang on it."""
    record = {
        "pk": tournament_pk(tenant_id, tournament_id),
        "sk": of,
        **owner(tenant_id, tournament_id),
        "holder": holder,
        "leaseUntil": until,
    }
    try:
        apply(
            put_op(
                arena_table(),
                record,
                condition="attribute_not_exists(pk) OR leaseUntil <= :now OR (holder = :holder AND holder <> :nobody)",
                values={":now": now, ":holder": holder, ":nobody": ""},
            )
        )
    except ConditionFailed:
        return False
    return True


def drop_lease(tenant_id: str, tournament_id: str, holder: str) -> None:
    """Give the lease back, if it is still this holder's."""
    try:
        apply(
            delete_op(
                arena_table(),
                tournament_pk(tenant_id, tournament_id),
                "SETTLE",
                condition="holder = :holder",
                values={":holder": holder},
            )
        )
    except ConditionFailed:
        return


def commit(ops: Sequence["Op"]) -> None:
    """All of these or none; raises TransactionRefused and TooBusy of the platform."""
    transact(ops)
