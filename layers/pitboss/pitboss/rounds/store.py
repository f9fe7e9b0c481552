"""Items of the rounds engine in table `arena`: inbox, live tournaments, rosters, pages, and what did not count. The
scorer's world (service.World) is this module; its log has a file of its own."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from pitboss.kernel.ids import ulid
from pitboss.platform import dynamo, together
from pitboss.platform.settings import arena_table
from pitboss.rounds import segment_store
from pitboss.rounds.codec import (
    decode_page,
    decode_records,
    encode_page,
    encode_records,
    seat_document,
    seat_from,
)
from pitboss.rounds.keys import lane_pk, page_pk, page_sk, part_sk, roster_sk, tournament_pk
from pitboss.rounds.model import Arrival, Live, Page, Part, Place, Recorded, Sheet, player_key
from pitboss.scoring.public import Seat

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

SCHEMA = segment_store.SCHEMA
SEAT = "@"  # begins the name of a seat's attribute: player key behind it
INBOX_TTL_S = 45 * 86_400

put_segments = segment_store.put_segments
segment_record = segment_store.segment_record
segments_at = segment_store.segments_at
segments_back = segment_store.segments_back


class InboxItem(NamedTuple):
    """One accepted request (or a part of one)."""

    tenant_id: str
    integration_id: str
    batch_id: str
    received_at: int
    data: bytes


# --- inbox


def put_batch(item: InboxItem, lane: int = 0) -> None:
    """The write that is the acknowledgement."""
    dynamo.apply(dynamo.put_op(arena_table(), batch_record(item, lane)))


def batch_record(item: InboxItem, lane: int = 0) -> dict[str, Any]:
    """An inbox batch's item."""
    return {
        "pk": f"IN#{item.tenant_id}#{item.integration_id}#{lane}",
        "sk": item.batch_id,
        "tenantId": item.tenant_id,
        "integrationId": item.integration_id,
        "schema": SCHEMA,
        "receivedAt": item.received_at,
        "data": item.data,
        "ttl": item.received_at // 1000 + INBOX_TTL_S,
    }


def inbox_item(record: dict[str, Any]) -> InboxItem:
    """An inbox batch from its stored form."""
    return InboxItem(
        record["tenantId"], record["integrationId"], record["sk"], record["receivedAt"], bytes(record["data"])
    )


def inbox_since(
    tenant_id: str, integration_id: str, since_ulid: str, lane: int = 0, *, forward: bool = True
) -> Iterator[InboxItem]:
    """Batches received since, oldest first, or newest first."""
    pk = f"IN#{tenant_id}#{integration_id}#{lane}"
    for record in dynamo.query(arena_table(), pk, after=since_ulid, forward=forward):
        yield inbox_item(record)


def inbox_one(tenant_id: str, integration_id: str, batch_id: str, lane: int = 0) -> InboxItem | None:
    """One batch, None when it is gone."""
    record = dynamo.get(arena_table(), f"IN#{tenant_id}#{integration_id}#{lane}", batch_id)
    return inbox_item(record) if record else None


# --- live tournaments


def live_record(live: Live) -> dict[str, Any]:
    """A live tournament's item."""
    return {
        "pk": f"LIVE#{live.tenant_id}",
        "sk": live.tournament_id,
        "tenantId": live.tenant_id,
        "schema": SCHEMA,
        "version": live.version,
        "document": _document(live),
    }


def _document(live: Live) -> str:
    fields = asdict(live)
    del fields["grown"]
    return json.dumps(fields, separators=(",", ":"))


def live_put(live: Live) -> "TransactWriteItemTypeDef":
    """Part of a lifecycle transaction: what the scorer is to know from now on. How far the pages have grown stands
    beside it and stays as it is, unless `live` says it."""
    grown: dict[str, Any] = {":g": live.grown} if live.grown else {}
    return dynamo.update_op(
        arena_table(),
        f"LIVE#{live.tenant_id}",
        live.tournament_id,
        "SET tenantId = :t, #schema = :s, #version = :v, #document = :d" + (", grown = :g" if grown else ""),
        names={"#schema": "schema", "#version": "version", "#document": "document"},
        values={":t": live.tenant_id, ":s": SCHEMA, ":v": live.version, ":d": _document(live), **grown},
    )


def live_archive(live: Live) -> "list[TransactWriteItemTypeDef]":
    """Part of a lifecycle transaction: the scorer forgets the tournament, readers of its board do not."""
    kept = {**live_record(live), "pk": tournament_pk(live.tenant_id, live.tournament_id), "sk": "LIVE"}
    return [
        dynamo.delete_op(arena_table(), f"LIVE#{live.tenant_id}", live.tournament_id),
        dynamo.put_op(arena_table(), kept),
    ]


def _live_from(record: dict[str, Any]) -> Live:
    raw = json.loads(record["document"])
    raw["pauses"] = tuple(tuple(p) for p in raw["pauses"])
    raw["brands"], raw["games"] = tuple(raw["brands"]), tuple(raw["games"])
    return Live(**raw, grown=record.get("grown", 0))


def live_of(tenant_id: str) -> list[Live]:
    """Every live tournament of a tenant, strongly read."""
    return [_live_from(r) for r in dynamo.query(arena_table(), f"LIVE#{tenant_id}")]


def live_one(tenant_id: str, tournament_id: str) -> Live | None:
    """One live tournament, strongly read."""
    record = dynamo.get(arena_table(), f"LIVE#{tenant_id}", tournament_id)
    return _live_from(record) if record else None


def archived_one(tenant_id: str, tournament_id: str) -> Live | None:
    """One tournament that the scorer has forgotten, as it was last."""
    record = dynamo.get(arena_table(), tournament_pk(tenant_id, tournament_id), "LIVE")
    return _live_from(record) if record else None


# --- rosters


def roster_put(place: Place, span: int, seat: Seat, expect: Seat | None) -> "TransactWriteItemTypeDef":
    """Part of a registration transaction: set one seat on its page, on condition of what stood there and that the page
    still is the player's. Makes the page if absent."""
    values: dict[str, Any] = {":seat": seat_document(seat), ":t": place.tenant_id, ":v": SCHEMA, ":one": 1}
    condition = "attribute_not_exists(#p)"
    if expect is not None:
        condition, values[":old"] = "#p = :old", seat_document(expect)
    if span:
        condition, values[":span"] = f"{condition} AND #span = :span", span
    else:
        condition = f"{condition} AND attribute_not_exists(#span)"
    return dynamo.update_op(
        arena_table(),
        page_pk(place),
        roster_sk(place.number),
        "SET #p = :seat, tenantId = :t, #schema = :v ADD #n :one",
        condition=condition,
        names={
            "#p": SEAT + player_key(seat.brand_id, seat.player_id),
            "#schema": "schema",
            "#span": "span",
            "#n": "n",
        },
        values=values,
    )


def seats_in(record: dict[str, Any] | None) -> dict[str, Seat]:
    """The seats of a roster page by player key."""
    start = len(SEAT)
    return {k[start:]: seat_from(k[start:], v) for k, v in (record or {}).items() if k.startswith(SEAT)}


# --- pages and segments


def page_from(record: dict[str, Any] | None) -> Page:
    """A page from its item; a new one if there is none."""
    if record is None:
        return Page()
    return decode_page(
        bytes(record["data"]),
        record["version"],
        record["head"],
        sealed=bool(record.get("sealed")),
        span=record.get("span", 0),
    )


def read_sheets(places: Sequence[Place]) -> dict[Place, Sheet]:
    """Pages with their rosters, strongly, a hundred items a call. Both of a pair are read in one call but not in one
    moment: a split may lie between them (Sheet.settled)."""
    wanted = [(page_pk(p), sk) for p in places for sk in (page_sk(p.number), roster_sk(p.number))]
    found = dynamo.get_many(arena_table(), wanted, lean=True)
    return {
        p: sheet_of(
            p.number,
            found.get((page_pk(p), page_sk(p.number))),
            found.get((page_pk(p), roster_sk(p.number))),
        )
        for p in places
    }


def sheet_of(number: int, page: dict[str, Any] | None, roster: dict[str, Any] | None) -> Sheet:
    """A sheet of its two items."""
    there = roster or {}
    return Sheet(number, page_from(page), seats_in(roster), there.get("span", 0), there.get("n", 0))


def numbered(
    tenant_id: str, tournament_id: str, lane: int, kind: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The PAGE, ROSTER or PART items of one lane, by number."""
    pk = lane_pk(tenant_id, tournament_id, lane)
    for record in dynamo.query(arena_table(), pk, prefix=f"{kind}#"):
        yield int(record["sk"].rpartition("#")[2]), record


# Written, another was quicker, or it was too large.
type Put = bool | dynamo.TooLarge


def put_page(place: Place, page: Page, was: int) -> bool:
    """Make a page `page.version` on condition that it still is at version `was`; False when another was quicker."""
    condition, values = ("absent", None) if was == 0 else ("version = :was", {":was": was})
    try:
        dynamo.put(arena_table(), page_record(place, page), condition=condition, values=values)
    except dynamo.ConditionFailed:
        return False
    return True


def put_pages(pages: Sequence[tuple[Place, Page, int]]) -> list[Put]:
    """`put_page` for each, in no order and several at a time; TooLarge, and none of the others harmed, for what is."""
    return together.each(_put_or_too_large, pages)


def _put_or_too_large(one: tuple[Place, Page, int]) -> Put:
    try:
        return put_page(*one)
    except dynamo.TooLarge as error:
        return error


def page_record(place: Place, page: Page) -> dict[str, Any]:
    """A page's item."""
    return {
        "pk": page_pk(place),
        "sk": page_sk(place.number),
        "tenantId": place.tenant_id,
        "schema": SCHEMA,
        "version": page.version,
        "head": page.head,
        "sealed": page.sealed,
        "span": page.span or None,
        "data": encode_page(page),
    }


# --- parts of a ranking


def read_parts(tenant_id: str, tournament_id: str, lane: int) -> dict[int, Part]:
    """The parts that are kept of a lane's pages, by page."""
    found = numbered(tenant_id, tournament_id, lane, "PART")
    return {number: _part_from(record) for number, record in found}


def _part_from(record: dict[str, Any]) -> Part:
    _, states = decode_records(bytes(record["data"]))
    return Part(record["basis"], states or {}, record["counts"], record["logHash"])


def put_part(place: Place, part: Part) -> None:
    """Keep a part in place of an earlier one: who makes one of the same basis makes the same."""
    record = {
        "pk": page_pk(place),
        "sk": part_sk(place.number),
        "tenantId": place.tenant_id,
        "schema": SCHEMA,
        "basis": part.basis,
        "counts": part.counts,
        "logHash": part.log_hash,
        "data": encode_records([], part.states),
    }
    dynamo.put_many(arena_table(), [record])


# --- what did not count


def put_late(place: Place, arrival: Arrival, received_at: int, document: dict[str, Any]) -> bool:
    """List a round that came after the final ranking; False when it was listed before."""
    record = {
        "pk": tournament_pk(place.tenant_id, place.tournament_id),
        "sk": f"LATE#{arrival.hash:016x}#{arrival.round.revision}",
        "tenantId": place.tenant_id,
        "schema": SCHEMA,
        "receivedAt": received_at,
        "document": document,
    }
    return _put_once(record)


def put_conflict(place: Place, arrival: Arrival, received_at: int, document: dict[str, Any]) -> bool:
    """List a message that contradicts an earlier one, and tell of it in the history; False when it was listed before."""
    pk, tenant_id = tournament_pk(place.tenant_id, place.tournament_id), place.tenant_id
    record = {
        "pk": pk,
        "sk": f"CONFLICT#{arrival.hash:016x}#{arrival.round.revision}#{arrival.fingerprint:08x}",
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "receivedAt": received_at,
        "document": document,
    }
    told = hashlib.blake2b(f"{pk}|{record['sk']}".encode(), digest_size=10).digest()
    event_id = ulid(received_at, told)
    event = {
        "pk": pk,
        "sk": f"EVENT#{event_id}",
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "eventId": event_id,
        "type": "ingest.conflict",
        "occurredAt": received_at,
        "actor": "scorer",
        "requestId": "",
        "data": {name: document[name] for name in ("roundId", "revision", "brandId", "playerId", "gameId")},
    }
    table = arena_table()
    try:
        dynamo.transact([dynamo.put_op(table, record, condition="absent"), dynamo.put_op(table, event)])
    except dynamo.TransactionRefused:
        return False
    return True


def _put_once(record: dict[str, Any]) -> bool:
    try:
        dynamo.apply(dynamo.put_op(arena_table(), record, condition="absent"))
    except dynamo.ConditionFailed:
        return False
    return True


def conflicts_listed(tenant_id: str, tournament_id: str) -> set[tuple[int, int, int]]:
    """(round hash, revision, fingerprint) of every contradiction on the list."""
    found = set()
    for record in dynamo.query(arena_table(), tournament_pk(tenant_id, tournament_id), prefix="CONFLICT#"):
        _, hash_, revision, print_ = record["sk"].split("#")
        found.add((int(hash_, 16), int(revision), int(print_, 16)))
    return found


def listed(tenant_id: str, tournament_id: str, kind: str) -> Iterator[dict[str, Any]]:
    """The LATE or CONFLICT documents of a tournament."""
    for record in dynamo.query(arena_table(), tournament_pk(tenant_id, tournament_id), prefix=f"{kind}#"):
        yield {**record["document"], "receivedAt": record["receivedAt"]}


def records_by_player(records: Iterable[Recorded], key: str) -> list[Recorded]:
    """The records of one player."""
    return [r for r in records if player_key(r.round.brand_id, r.round.player_id) == key]
