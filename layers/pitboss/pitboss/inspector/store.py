"""Kept calls in table `hub`; the only file of the context that spells keys.

A call is one item in the partition of its request's id, found by its main id through the index `gsi1`; every further id is
a small item beside it that names the call. All of them go in one request and end by TTL. What a call holds is packed
into one attribute, so that an ordinary one stays within the kilobyte that a write unit pays for, in the index too.
"""

import hashlib
import json
import zlib
from base64 import b32encode
from collections.abc import Iterator, Sequence
from typing import Any

from pitboss.inspector.model import CallRecord
from pitboss.platform import dynamo
from pitboss.platform.settings import hub_table

SCHEMA = 2
TTL_S = 14 * 86_400
REQUEST_BYTES, REPLY_BYTES = 200_000, 64_000
HOUR_MS = 3_600_000
_LOWEST = "!"  # below every ULID: DynamoDB takes no empty bound
_SHELF = slice(10, 18)  # of a call's id: after the time, before what is random


def call_id(fresh: str, request_id: str) -> str:
    """The id of a call, from a fresh ULID: with a request's id in it, that leads to the call's partition as well as the
    call's own id does."""
    return fresh[: _SHELF.start] + _shelf(request_id) + fresh[_SHELF.stop :] if request_id else fresh


def _shelf(request_id: str) -> str:
    """40 bits of a request's id, in letters that a ULID may have."""
    digest = hashlib.blake2b(request_id.encode(), digest_size=5).digest()
    return b32encode(digest).decode().translate(_CROCKFORD)


_CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def _shelf_pk(tenant_id: str, shelf: str) -> str:
    return f"IC#{tenant_id}#{shelf}"


def call_pk(tenant_id: str, call_id: str) -> str:
    """Partition of one call."""
    return _shelf_pk(tenant_id, call_id[_SHELF])


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
    return {
        "pk": call_pk(call.tenant_id, call.call_id),
        "sk": call.call_id,
        "gsi1pk": index_pk(call.tenant_id, main),
        "gsi1sk": call.call_id,
        "tenantId": call.tenant_id,
        "schema": SCHEMA,
        "ttl": call.at // 1000 + TTL_S,
        "d": _packed(call),
    }


_MEMBERS = {  # of a call as it is packed; what is empty is left out
    "direction": "d",
    "provider": "p",
    "route": "o",
    "at": "t",
    "elapsed_ms": "m",
    "status": "s",
    "headers": "h",
    "ids": "i",
    "error": "e",
    "source_ip": "a",
    "url": "u",
    "attempt": "n",
    "diagnosis": "x",
    "replay_of": "y",
}


def _packed(call: CallRecord) -> bytes:
    """Everything of a call but its names, under one compression: the reply repeats the request, and both repeat the ids.
    Two lengths, what is not bytes as JSON, the request, the reply."""
    request, reply = call.request[:REQUEST_BYTES], call.reply[:REPLY_BYTES]
    told = {short: getattr(call, name) for name, short in _MEMBERS.items() if getattr(call, name)}
    about = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    sizes = len(about).to_bytes(4) + len(request).to_bytes(4)
    return zlib.compress(sizes + about + request + reply, 9)


def _call(row: dict[str, Any]) -> CallRecord:
    whole = zlib.decompress(row["d"])
    request_at = 8 + int.from_bytes(whole[:4])
    reply_at = request_at + int.from_bytes(whole[4:8])
    told = json.loads(whole[8:request_at])
    empty: dict[str, Any] = {"elapsed_ms": 0, "status": 0, "provider": ""}
    return CallRecord(
        call_id=row["sk"],
        tenant_id=row["tenantId"],
        request=whole[request_at:reply_at],
        reply=whole[reply_at:],
        **{**empty, **{name: told[short] for name, short in _MEMBERS.items() if short in told}},
    )


def read(tenant_id: str, call_id: str) -> CallRecord | None:
    """One call, or None."""
    row = dynamo.get(hub_table(), call_pk(tenant_id, call_id), call_id)
    return _call(row) if row else None


def read_many(tenant_id: str, call_ids: Sequence[str]) -> list[CallRecord]:
    """Those of the calls that still stand, in the order asked."""
    keys = [(call_pk(tenant_id, call_id), call_id) for call_id in dict.fromkeys(call_ids)]
    found = dynamo.get_many(hub_table(), keys)
    return [_call(found[key]) for key in keys if key in found]


def by_request(tenant_id: str, request_id: str, *, before: str | None, limit: int) -> Iterator[CallRecord]:
    """Calls that came under a request's id, newest first."""
    pk, after = _shelf_pk(tenant_id, _shelf(request_id)), _LOWEST if before else None
    for row in dynamo.query(hub_table(), pk, after=after, before=before, forward=False):
        call = _call(row)
        if call.ids.get("requestId") == request_id:
            yield call
            limit -= 1
        if limit <= 0:
            return


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
