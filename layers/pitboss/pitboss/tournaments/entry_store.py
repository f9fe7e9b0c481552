"""Entries in the `arena` table. Keys are those of store.py; an entry's due item moves with the entry."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pitboss.platform.dynamo import Record, delete_op, get, get_many, put_op, query, update_op
from pitboss.platform.settings import arena_table
from pitboss.scoring.public import Seat, Stint
from pitboss.tournaments.model import Entry, Paid, Pending, Tournament, player_key
from pitboss.tournaments.store import bucket_of, owner, tournament_pk

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef


def load_entry(tenant_id: str, tournament_id: str, brand_id: str, player_id: str) -> Entry | None:
    """A player's entry, or None."""
    sk = f"ENTRY#{player_key(brand_id, player_id)}"
    record = get(arena_table(), tournament_pk(tenant_id, tournament_id), sk)
    return _entry(record) if record else None


def find_entries(tournament: Tournament, player_id: str) -> list[Entry]:
    """The entries of a player id under every brand of the tournament."""
    pk = tournament_pk(tournament.tenant_id, tournament.tournament_id)
    keys = [(pk, f"ENTRY#{player_key(brand, player_id)}") for brand in tournament.spec.brands]
    found = get_many(arena_table(), keys)
    return [_entry(found[key]) for key in keys if key in found]


def entries(tenant_id: str, tournament_id: str, *, after: str | None = None) -> Iterator[Entry]:
    """All entries by player key, from after the given key."""
    start = f"ENTRY#{after}" if after is not None else None
    end = "ENTRY#\U0010ffff" if after is not None else None
    pk = tournament_pk(tenant_id, tournament_id)
    for record in query(arena_table(), pk, prefix="ENTRY#", after=start, before=end):
        yield _entry(record)


def _entry(record: Record) -> Entry:
    pending = record.get("pending")
    return Entry(
        tenant_id=record["tenantId"],
        tournament_id=record["tournamentId"],
        entry_id=record["entryId"],
        brand_id=record["brandId"],
        player_id=record["playerId"],
        display_name=record["displayName"],
        status=record["status"],
        version=record["version"],
        attempt=record["attempt"],
        registered_at=record["registeredAt"],
        joined_at=record["joinedAt"],
        country=record["country"],
        stints=tuple(Stint(*row) for row in record["stints"]),
        pending=Pending(*pending) if pending else None,
        paid=tuple(Paid(*row) for row in record["paid"]),
        reason=record["reason"],
        due_at=record["dueAt"],
        roster=_seat(record.get("roster")),
    )


def _seat(row: list[Any] | None) -> Seat | None:
    if not row:
        return None
    entry_id, brand_id, player_id, name, status, joined_at, stints = row
    return Seat(entry_id, brand_id, player_id, name, status, joined_at, tuple(Stint(*s) for s in stints))


def entry_ops(before: Entry | None, after: Entry) -> list["Op"]:
    """Write an entry: item 0 is conditioned on what it was (absent, or of the version read); its due item follows."""
    record = {
        "pk": tournament_pk(after.tenant_id, after.tournament_id),
        "sk": f"ENTRY#{after.key}",
        **owner(after.tenant_id, after.tournament_id),
        "version": after.version,
        "entryId": after.entry_id,
        "brandId": after.brand_id,
        "playerId": after.player_id,
        "displayName": after.display_name,
        "status": after.status,
        "attempt": after.attempt,
        "registeredAt": after.registered_at,
        "joinedAt": after.joined_at,
        "country": after.country,
        "stints": [list(stint) for stint in after.stints],
        "pending": list(after.pending) if after.pending else None,
        "paid": [list(paid) for paid in after.paid],
        "reason": after.reason,
        "dueAt": after.due_at,
        "roster": list(after.roster) if after.roster else None,
    }
    if before is None:
        ops = [put_op(arena_table(), record, condition="absent")]
    else:
        values = {":version": before.version}
        ops = [put_op(arena_table(), record, condition="version = :version", values=values)]
    was, now = (before.due_at if before else 0), after.due_at
    if was and was != now:
        ops.append(delete_op(arena_table(), *_due_key(after, was)))
    if now and was != now:
        pk, sk = _due_key(after, now)
        ids = {"brandId": after.brand_id, "playerId": after.player_id}
        ops.append(
            put_op(arena_table(), {"pk": pk, "sk": sk, **owner(after.tenant_id, after.tournament_id), **ids})
        )
    return ops


def _due_key(entry: Entry, at: int) -> tuple[str, str]:
    name = f"{at:013d}#{entry.tenant_id}#{entry.tournament_id}#{entry.key}"
    return bucket_of(entry.tournament_id), name


def joined_op(entry: Entry) -> "Op":
    """The entry among the tournaments of its player."""
    return put_op(
        arena_table(),
        {
            "pk": f"PL#{entry.tenant_id}#{entry.player_id}",
            "sk": f"{entry.tournament_id}#{entry.brand_id}",
            **owner(entry.tenant_id, entry.tournament_id),
            "brandId": entry.brand_id,
        },
    )


def joined(tenant_id: str, player_id: str, *, after: str | None) -> Iterator[tuple[str, str, str]]:
    """(position, tournament id, brand) of a player's tournaments, the newest first."""
    for row in query(arena_table(), f"PL#{tenant_id}#{player_id}", after="0", before=after, forward=False):
        yield row["sk"], row["tournamentId"], row["brandId"]


def seat_op(
    tournament: Tournament,
    statuses: Sequence[str],
    *,
    seats: int = 0,
    players: int = 0,
    count: int = 0,
) -> "Op":
    """Move the counters of a tournament while its status is one of `statuses`; taking a seat also needs a free one.

    The version stays: a registration does not get in the way of a change of the document.
    """
    values: dict[str, Any] = {":seats": seats, ":players": players, ":count": count}
    names = {"#status": "status"}
    marks = []
    for i, status in enumerate(statuses):
        values[f":s{i}"] = status
        marks.append(f":s{i}")
    condition = f"#status IN ({', '.join(marks)})"
    if seats > 0:
        # The limit that stands there counts, not the one that was read: it may have been set since.
        condition += " AND (maxPlayers = :nolimit OR seats < maxPlayers)"
        values[":nolimit"] = 0
    return update_op(
        arena_table(),
        tournament_pk(tournament.tenant_id, tournament.tournament_id),
        "META",
        "ADD seats :seats, players :players, entries :count",
        condition=condition,
        names=names,
        values=values,
    )
