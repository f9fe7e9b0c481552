"""Files of any length, made while they are asked for: each request carries an export on by some parts and keeps where it is.

A part is a gzip member, and members one after another are a gzip file; so a part once uploaded is never touched again. One
request at a time works at an export, by a lease; who dies leaves its part to be made again from the same place.
"""

import json
import time
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from pitboss.kernel.canonical import digest
from pitboss.kernel.refusal import Refusal
from pitboss.platform.clock import now_ms
from pitboss.reports import gateway, store
from pitboss.reports.lines import CSV_HEAD, csv_line, json_line
from pitboss.reports.model import Filter, Row
from pitboss.reports.reading import walk

PART_BYTES = 5 * 1024 * 1024  # S3 takes no smaller part but the last
PATIENCE_S = 15.0
LOOKED_THROUGH = 1_000  # rows between two looks at the clock
LEASE_MS = 40_000
KEPT_S = 14 * 86_400
LEVEL = 6

# Kind -> (content type, head, line of a row).
KINDS: dict[str, tuple[str, str, Callable[[Row], str]]] = {
    "csv": ("text/csv; charset=utf-8", CSV_HEAD, csv_line),
    "jsonl": ("application/x-ndjson", "", json_line),
}
Record = dict[str, Any]


def begin(
    tenant_id: str, export_id: str, kind: str, f: Filter, now: int, *, compared: bool = False
) -> Record:
    """The export of that id, new or as it stands. With `compared`, only what a reconciliation compares is in it."""
    record = store.read_export(tenant_id, export_id)
    if record is not None:
        return record
    made = {
        "exportId": export_id,
        "kind": kind,
        "compared": compared,
        "filter": [*f[:7], sorted(f.games), *f[8:]],
        "state": "building",
        "rows": 0,
        "bytes": 0,
        "place": "",
        "tags": [],
        "uploadId": "",
        "file": gateway.key(tenant_id, "exports", digest([export_id])[:32] + f".{kind}.gz"),
        "createdAt": now,
        "leaseUntil": 0,
        "ttl": now // 1000 + KEPT_S,
    }
    store.write_export(tenant_id, made, 0)
    return read(tenant_id, export_id)


def read(tenant_id: str, export_id: str) -> Record:
    """An export as it stands. Refusal EXPORT_NOT_FOUND."""
    record = store.read_export(tenant_id, export_id)
    if record is None:
        raise Refusal("EXPORT_NOT_FOUND", "There is no such export; files are kept for 14 days.")
    return record


def carry_on(tenant_id: str, record: Record) -> Record:
    """Work at an export for some seconds, unless somebody else does; answers it as it stands then."""
    if record["state"] != "building" or record["leaseUntil"] > now_ms():
        return record
    until = time.monotonic() + PATIENCE_S
    while record["state"] == "building":
        leased = {**record, "leaseUntil": now_ms() + LEASE_MS}
        if not store.write_export(tenant_id, leased, record["version"]):
            return read(tenant_id, record["exportId"])
        following = _next_part(tenant_id, {**leased, "version": record["version"] + 1}, until)
        if not store.write_export(tenant_id, following, record["version"] + 1):
            return read(tenant_id, record["exportId"])
        record = {**following, "version": record["version"] + 2}
        if time.monotonic() > until:
            break
    return record


class _Piece(NamedTuple):
    """Some rows as one gzip member, and the place of the last that was looked at."""

    body: bytes
    rows: int
    place: str
    ended: bool


def _gather(tenant_id: str, record: Record, until: float) -> _Piece:
    """Rows from where the export stands: as many as a part holds, or as were found by `until` (of time.monotonic), since a
    filter that few rows pass reads millions for one part."""
    _, head, line = KINDS[record["kind"]]
    f = filter_of(record)
    place = record["place"]
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    chunks = [packer.compress(head.encode())] if head and not place else []
    size = rows = 0
    ended = True
    for looked, row in enumerate(walk(tenant_id, f, place=place or None)):
        if size >= PART_BYTES or (looked and looked % LOOKED_THROUGH == 0 and time.monotonic() > until):
            ended = False
            break
        place = row.place
        if f.takes(row) and (not record["compared"] or comparable(row)):
            rows += 1
            chunks.append(packer.compress(line(row).encode()))
            size += len(chunks[-1])
    chunks.append(packer.flush())
    return _Piece(b"".join(chunks), rows, place, ended)


def _next_part(tenant_id: str, record: Record, until: float) -> Record:
    """One part made and uploaded, or the file finished after the last of them. Its record has no lease.

    A file is finished by a step of its own, once the last part is on record: S3 takes no part of a finished file again.
    What is less than a part waits in a file of its own (`rest`), whose name says up to where it goes.
    """
    if record.get("whole"):
        gateway.finish(record["file"], record["uploadId"], record["tags"])
        return {**record, "leaseUntil": 0, "state": "ready"}
    content_type = KINDS[record["kind"]][0]
    piece = _gather(tenant_id, record, until)
    body = _rest(record) + piece.body
    record = {
        **record,
        "place": piece.place,
        "rows": record["rows"] + piece.rows,
        "bytes": record["bytes"] + len(piece.body),
        "leaseUntil": 0,
        "rest": "",
    }
    if piece.ended and not record["tags"]:
        gateway.put(record["file"], body, content_type)
        return {**record, "state": "ready"}
    if not piece.ended and len(body) < PART_BYTES:
        rest = gateway.key(tenant_id, "exports", digest([record["exportId"], piece.place])[:32] + ".rest")
        gateway.put(rest, body, content_type)
        return {**record, "rest": rest}
    upload_id = record["uploadId"] or gateway.begin(record["file"], content_type)
    tag = gateway.put_part(record["file"], upload_id, len(record["tags"]) + 1, body)
    return {**record, "uploadId": upload_id, "tags": [*record["tags"], tag], "whole": piece.ended}


def _rest(record: Record) -> bytes:
    """What was found before, and was too little for a part."""
    if not record.get("rest"):
        return b""
    found = gateway.get(record["rest"])
    if found is None:
        raise LookupError("a part of an export is gone")
    return found


def comparable(row: Row) -> bool:
    """Whether both sides of a reconciliation should know a transaction: it was taken, or may have been."""
    return row.kind in ("bet", "win", "rollback") and row.state not in ("REFUSED", "TOMBSTONE")


def filter_of(record: Record) -> Filter:
    """The filter that an export was begun with."""
    stored = record["filter"]
    return Filter._make([*stored[:7], frozenset(stored[7]), *stored[8:]])


def view(record: Record, shown_as: str) -> dict[str, Any]:
    """An export in answers."""
    ready = record["state"] == "ready"
    return {
        "exportId": record["exportId"],
        "state": record["state"],
        "rows": record["rows"],
        "bytes": record["bytes"],
        "url": gateway.link(record["file"], shown_as) if ready else None,
        "urlSeconds": gateway.LINK_S if ready else None,
    }


def id_of(*parts: Any) -> str:
    """An export's id from what it is of: asking for the same thing again finds it."""
    return digest(json.loads(json.dumps(parts)))[:32]
