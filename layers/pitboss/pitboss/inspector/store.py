"""Kept calls in table `hub`; the only file of the context that spells keys.

A call is one item, found by its main id through the index `gsi1`; every further id is a small item beside it that names
the call. All of them go in one request and end by TTL.
"""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from pitboss.inspector.model import CallRecord
from pitboss.platform import dynamo
from pitboss.platform.settings import hub_table

SCHEMA = 1
TTL_S = 14 * 86_400
REQUEST_BYTES, REPLY_BYTES = 200_000, 64_000
HOUR_MS = 3_600_000
_SK = "CALL"
_LOWEST = "!"  # below every ULID: DynamoDB takes no empty bound


def call_pk(tenant_id: str, call_id: str) -> str:
    """Partition of one call."""
    return f"IC#{tenant_id}#{call_id}"


def index_pk(tenant_id: str, any_id: str) -> str:
    """Partition of the calls that an id names; also the value in the index."""
    return f"II#{tenant_id}#{any_id}"


def recent_id(at: int) -> str:
    """Not an id of anybody's (they carry no control characters): the calls of one hour."""
    return f"\x1frecent\x1f{at // HOUR_MS}"


def put(call: CallRecord, main: str, others: Sequence[str]) -> None:
    """One BatchWriteItem: the call and what else finds it."""
    records = [_record(call, main)]
    records += [
        {
            "pk": index_pk(call.tenant_id, other),
            "sk": call.call_id,
            "tenantId": call.tenant_id,
            "schema": SCHEMA,
            "ttl": call.at // 1000 + TTL_S,
        }
        for other in dict.fromkeys(others)
        if other and other != main
    ]
    dynamo.put_many(hub_table(), records)


def _record(call: CallRecord, main: str) -> dict[str, Any]:
    request, reply = call.request[:REQUEST_BYTES], call.reply[:REPLY_BYTES]
    return {
        "pk": call_pk(call.tenant_id, call.call_id),
        "sk": _SK,
        "gsi1pk": index_pk(call.tenant_id, main),
        "gsi1sk": call.call_id,
        "tenantId": call.tenant_id,
        "schema": SCHEMA,
        "callId": call.call_id,
        "direction": call.direction,
        "provider": call.provider,
        "route": call.route,
        "at": call.at,
        "ms": call.elapsed_ms,
        "status": call.status,
        "request": zlib.compress(request),
        "reply": zlib.compress(reply),
        "headers": call.headers,
        "ids": call.ids,
        "error": call.error,
        "ip": call.source_ip,
        "url": call.url,
        "attempt": call.attempt,
        "diagnosis": call.diagnosis,
        "replayOf": call.replay_of,
        "ttl": call.at // 1000 + TTL_S,
    }


def _call(row: dict[str, Any]) -> CallRecord:
    return CallRecord(
        row["callId"],
        row["tenantId"],
        row["direction"],
        row["provider"],
        row["route"],
        row["at"],
        row["ms"],
        row["status"],
        zlib.decompress(row["request"]),
        zlib.decompress(row["reply"]),
        row["headers"],
        row["ids"],
        row["error"],
        row["ip"],
        row["url"],
        row["attempt"],
        row.get("diagnosis"),
        row["replayOf"],
    )


def read(tenant_id: str, call_id: str) -> CallRecord | None:
    """One call, or None."""
    row = dynamo.get(hub_table(), call_pk(tenant_id, call_id), _SK)
    return _call(row) if row else None


def read_many(tenant_id: str, call_ids: Sequence[str]) -> list[CallRecord]:
    """Those of the calls that still stand, in the order asked."""
    keys = [(call_pk(tenant_id, call_id), _SK) for call_id in dict.fromkeys(call_ids)]
    found = dynamo.get_many(hub_table(), keys)
    return [_call(found[key]) for key in keys if key in found]


def ids_of(tenant_id: str, any_id: str, *, before: str | None, limit: int) -> Iterator[str]:
    """Ids of the calls that an id names beside their main one, newest first."""
    pk = index_pk(tenant_id, any_id)
    after = _LOWEST if before else None
    for row in dynamo.query(hub_table(), pk, after=after, before=before, limit=limit, forward=False):
        yield row["sk"]


def by_main(tenant_id: str, any_id: str, *, before: str | None, limit: int) -> Iterator[CallRecord]:
    """Calls whose main id it is, newest first."""
    pk = index_pk(tenant_id, any_id)
    after = _LOWEST if before else None
    for row in dynamo.query(
        hub_table(), pk, after=after, before=before, limit=limit, forward=False, index="gsi1"
    ):
        yield _call(row)
