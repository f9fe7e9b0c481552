"""Items of the rounds engine in table `arena`; the only file of the context that spells keys (docs/architecture.md)."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from pitboss.kernel.ids import ulid
from pitboss.platform import dynamo
from pitboss.platform.settings import arena_table
from pitboss.rounds.codec import (
    decode_page,
    decode_records,
    encode_page,
    encode_records,
    seat_document,
    seat_from,
)
from pitboss.rounds.model import (
    Arrival,
    History,
    Live,
    LogDamagedError,
    Page,
    Recorded,
    Segment,
    page_of,
    player_key,
)
from pitboss.scoring.public import Seat

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

SCHEMA = 1
SEAT = "seat:"
INBOX_TTL_S = 45 * 86_400


class InboxItem(NamedTuple):
    """One accepted request (or a part of one)."""

    tenant_id: str
    integration_id: str
    batch_id: str
    received_at: int
    data: bytes


def tournament_pk(tenant_id: str, tournament_id: str) -> str:
    """Partition of everything of one tournament."""
    return f"T#{tenant_id}#{tournament_id}"


def page_sk(page: int) -> str:
    """Sort key of a score page."""
    return f"PAGE#{page:05d}"


def roster_sk(page: int) -> str:
    """Sort key of a roster page."""
    return f"ROSTER#{page:05d}"


def segment_prefix(page: int) -> str:
    """Sort keys of a page's segments begin with it."""
    return f"SEG#{page:05d}#"


def segment_sk(page: int, version: int, token: str) -> str:
    """Sort key of a segment."""
    return f"{segment_prefix(page)}{version:010d}#{token}"


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


def inbox_since(tenant_id: str, integration_id: str, since_ulid: str, lane: int = 0) -> Iterator[InboxItem]:
    """Batches received since, oldest first."""
    for record in dynamo.query(arena_table(), f"IN#{tenant_id}#{integration_id}#{lane}", after=since_ulid):
        yield inbox_item(record)


# --- live tournaments


def live_record(live: Live) -> dict[str, Any]:
    """A live tournament's item."""
    return {
        "pk": f"LIVE#{live.tenant_id}",
        "sk": live.tournament_id,
        "tenantId": live.tenant_id,
        "schema": SCHEMA,
        "version": live.version,
        "document": json.dumps(asdict(live), separators=(",", ":")),
    }


def live_put(live: Live) -> "TransactWriteItemTypeDef":
    """Part of a lifecycle transaction: what the scorer is to know from now on."""
    return dynamo.put_op(arena_table(), live_record(live))


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
    return Live(**raw)


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


def roster_put(
    tenant_id: str, tournament_id: str, pages: int, seat: Seat, expect: Seat | None
) -> "TransactWriteItemTypeDef":
    """Part of a registration transaction: set one seat, on condition of what stood there. Makes the page if absent."""
    key = player_key(seat.brand_id, seat.player_id)
    values: dict[str, Any] = {":seat": seat_document(seat), ":t": tenant_id, ":v": SCHEMA}
    condition = "attribute_not_exists(#p)"
    if expect is not None:
        condition, values[":old"] = "#p = :old", seat_document(expect)
    return dynamo.update_op(
        arena_table(),
        tournament_pk(tenant_id, tournament_id),
        roster_sk(page_of(key, pages)),
        "SET #p = :seat, tenantId = :t, #schema = :v",
        condition=condition,
        names={"#p": SEAT + key, "#schema": "schema"},
        values=values,
    )


def seats_in(record: dict[str, Any] | None) -> dict[str, Seat]:
    """The seats of a roster page by player key."""
    start = len(SEAT)
    return {k[start:]: seat_from(k[start:], v) for k, v in (record or {}).items() if k.startswith(SEAT)}


def read_seat(tenant_id: str, tournament_id: str, pages: int, key: str) -> Seat | None:
    """One seat, strongly read."""
    record = dynamo.get(
        arena_table(), tournament_pk(tenant_id, tournament_id), roster_sk(page_of(key, pages))
    )
    return seats_in(record).get(key)


def rosters(tenant_id: str, tournament_id: str) -> Iterator[tuple[int, dict[str, Seat]]]:
    """Every roster page, by number."""
    for record in dynamo.query(arena_table(), tournament_pk(tenant_id, tournament_id), prefix="ROSTER#"):
        yield int(record["sk"].rpartition("#")[2]), seats_in(record)


# --- pages and segments


def page_from(record: dict[str, Any] | None) -> Page:
    """A page from its item; a new one if there is none."""
    if record is None:
        return Page()
    return decode_page(
        bytes(record["data"]), record["version"], record["head"], sealed=bool(record.get("sealed"))
    )


def read_pages(keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], tuple[Page, dict[str, Seat]]]:
    """Pages and rosters of (partition, page number), strongly, a hundred items a call."""
    wanted = [(pk, sk) for pk, n in keys for sk in (page_sk(n), roster_sk(n))]
    found = dynamo.get_many(arena_table(), wanted, lean=True)
    return {
        (pk, n): (page_from(found.get((pk, page_sk(n)))), seats_in(found.get((pk, roster_sk(n)))))
        for pk, n in keys
    }


def all_pages(tenant_id: str, tournament_id: str) -> Iterator[tuple[int, Page]]:
    """Every score page of a tournament, by number."""
    for record in dynamo.query(arena_table(), tournament_pk(tenant_id, tournament_id), prefix="PAGE#"):
        yield int(record["sk"].rpartition("#")[2]), page_from(record)


def segment_record(pk: str, tenant_id: str, number: int, segment: Segment) -> dict[str, Any]:
    """A segment's item."""
    return {
        "pk": pk,
        "sk": segment_sk(number, segment.version, segment.token),
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "previous": segment.previous,
        "at": segment.at,
        "data": encode_records(segment.records),
    }


def put_segments(records: Sequence[dict[str, Any]]) -> None:
    """Write segments; one that no page names is nobody's, so order does not matter."""
    dynamo.put_many(arena_table(), records)


def put_page(pk: str, tenant_id: str, number: int, page: Page, was: int) -> bool:
    """Make a page `page.version` on condition that it still is at version `was`; False when another was quicker."""
    record = page_record(pk, tenant_id, number, page)
    condition, values = ("absent", None) if was == 0 else ("version = :was", {":was": was})
    try:
        dynamo.put(arena_table(), record, condition=condition, values=values)
    except dynamo.ConditionFailed:
        return False
    return True


def page_record(pk: str, tenant_id: str, number: int, page: Page) -> dict[str, Any]:
    """A page's item."""
    return {
        "pk": pk,
        "sk": page_sk(number),
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "version": page.version,
        "head": page.head,
        "sealed": page.sealed,
        "data": encode_page(page),
    }


def read_history(pk: str, number: int, page: Page, since: int) -> History:
    """The page's log since an instant (0: all), walked from its head back; orphans are never on the chain."""
    chain: list[Segment] = []
    token = page.head
    for record in dynamo.query(
        arena_table(),
        pk,
        after=segment_prefix(number),
        before=f"{segment_prefix(number)}{page.version:010d}$",
        forward=False,
    ):
        if not token:
            break
        _, _, version, found = record["sk"].split("#")
        if found != token:
            continue
        records = decode_records(bytes(record["data"]))
        chain.append(Segment(int(version), found, record["previous"], record["at"], records))
        token = record["previous"]
        if record["at"] < since:
            break
    else:
        if token:
            raise LogDamagedError(f"{pk} page {number}: segment {token} is missing")
    complete = 0 if not token else since
    return History(complete, [r for s in reversed(chain) for r in s.records])


# --- what did not count


def put_late(pk: str, tenant_id: str, arrival: Arrival, received_at: int, document: dict[str, Any]) -> bool:
    """List a round that came after the final ranking; False when it was listed before."""
    record = {
        "pk": pk,
        "sk": f"LATE#{arrival.hash:016x}#{arrival.round.revision}",
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "receivedAt": received_at,
        "document": document,
    }
    return _put_once(record)


def put_conflict(
    pk: str, tenant_id: str, arrival: Arrival, received_at: int, document: dict[str, Any]
) -> bool:
    """List a message that contradicts an earlier one, and tell of it in the history; False when it was listed before."""
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


def listed(tenant_id: str, tournament_id: str, kind: str) -> Iterator[dict[str, Any]]:
    """The LATE or CONFLICT documents of a tournament."""
    for record in dynamo.query(arena_table(), tournament_pk(tenant_id, tournament_id), prefix=f"{kind}#"):
        yield {**record["document"], "receivedAt": record["receivedAt"]}


# --- boards


def read_board(tenant_id: str, tournament_id: str) -> dict[str, Any] | None:
    """The newest snapshot's item."""
    return dynamo.get(arena_table(), tournament_pk(tenant_id, tournament_id), "BOARD")


def put_board(tenant_id: str, tournament_id: str, board: dict[str, Any], was: int) -> bool:
    """Publish snapshot `board["seq"]` on condition that `was` is the newest; False when another was quicker."""
    record = {
        **board,
        "pk": tournament_pk(tenant_id, tournament_id),
        "sk": "BOARD",
        "tenantId": tenant_id,
        "schema": SCHEMA,
    }
    condition, values = ("absent", None) if was == 0 else ("seq = :was", {":was": was})
    try:
        dynamo.apply(dynamo.put_op(arena_table(), record, condition=condition, values=values))
    except dynamo.ConditionFailed:
        return False
    return True


def records_by_player(records: Iterable[Recorded], key: str) -> list[Recorded]:
    """The records of one player."""
    return [r for r in records if player_key(r.round.brand_id, r.round.player_id) == key]
