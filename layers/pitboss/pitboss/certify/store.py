"""Runs in the hub table: the only file that spells their keys.

| item | pk | sk |
|---|---|---|
| run | `CERT#<tenant>` | `RUN#<run id>` |
| case of a run | `CERT#<tenant>#<run id>` | `CASE#<number, 3 digits>` |
| event of a run | `CERT#<tenant>#<run id>` | `EVENT#<ulid>` |

A case is one item, written once it has ended; the counts of a run are those of its cases, so nothing can disagree. A run's
items live 400 days.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from pitboss.platform.dynamo import (
    ConditionFailed,
    Record,
    TransactionRefused,
    apply,
    get,
    put_op,
    query,
    transact,
)
from pitboss.platform.settings import hub_table

KEPT_S = 400 * 86_400
LEASE_MS = 620_000  # longer than the worker may run: whoever holds a lease beyond that is dead
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as it is asked for and how far it is.

    `state`: queued, running, done, broken (its stage could not be set; `reason` says why). `lease_until` (ms): until then
    the worker that holds it is believed to be at work.
    """

    tenant_id: str
    run_id: str
    target: str
    profile: str
    only: str
    address: str
    total: int
    asked: Mapping[str, Any]
    created_at: int
    state: str = "queued"
    started_at: int = 0
    ended_at: int = 0
    lease_until: int = 0
    reason: str = ""
    version: int = 1


def _pk(tenant_id: str) -> str:
    return f"CERT#{tenant_id}"


def _cases_pk(tenant_id: str, run_id: str) -> str:
    return f"CERT#{tenant_id}#{run_id}"


def _record(run: RunRecord) -> Record:
    return {
        "pk": _pk(run.tenant_id),
        "sk": f"RUN#{run.run_id}",
        "schema": SCHEMA,
        "ttl": run.created_at // 1000 + KEPT_S,
        "tenantId": run.tenant_id,
        "version": run.version,
        "run": json.dumps({k: v for k, v in asdict(run).items() if k not in ("tenant_id", "version")}),
    }


def _run(record: Record) -> RunRecord:
    return RunRecord(tenant_id=record["tenantId"], version=record["version"], **json.loads(record["run"]))


def _event_op(run: RunRecord, event_id: str, kind: str, now: int) -> Any:
    record = {
        "pk": _cases_pk(run.tenant_id, run.run_id),
        "sk": f"EVENT#{event_id}",
        "schema": SCHEMA,
        "ttl": run.created_at // 1000 + KEPT_S,
        "tenantId": run.tenant_id,
        "type": kind,
        "at": now,
    }
    return put_op(hub_table(), record)


def create(run: RunRecord, event_id: str) -> RunRecord:
    """Keep a new run, or answer the one that stands under its id."""
    ops = [
        put_op(hub_table(), _record(run), condition="absent"),
        _event_op(run, event_id, "certification.requested", run.created_at),
    ]
    try:
        transact(ops)
    except TransactionRefused as refused:
        return _run(refused.reasons[0] or _record(run))
    return run


def find(tenant_id: str, run_id: str) -> RunRecord | None:
    """One run of the tenant."""
    record = get(hub_table(), _pk(tenant_id), f"RUN#{run_id}")
    return _run(record) if record else None


def change(
    run: RunRecord, event_id: str = "", kind: str = "", *, now: int = 0, **to: Any
) -> RunRecord | None:
    """The run with other members, and an event that tells of it, in one commit; None if it was changed meanwhile."""
    after = replace(run, version=run.version + 1, **to)
    op = put_op(
        hub_table(),
        _record(after),
        condition="#version = :version",
        names={"#version": "version"},
        values={":version": run.version},
    )
    try:
        if kind:
            transact([op, _event_op(after, event_id, kind, now)])
        else:
            apply(op)
    except (ConditionFailed, TransactionRefused):
        return None
    return after


def page(tenant_id: str, before: str | None, limit: int) -> list[RunRecord]:
    """Runs, the newest first; `before` is the run id that the page before ended with."""
    bound = f"RUN#{before}" if before else None
    rows = query(hub_table(), _pk(tenant_id), prefix="RUN#", before=bound, limit=limit, forward=False)
    return [_run(row) for row in rows]


def put_case(run: RunRecord, document: Mapping[str, Any]) -> None:
    """Keep how a case has ended. The same case again (its worker died before it could tell) replaces it."""
    record = {
        "pk": _cases_pk(run.tenant_id, run.run_id),
        "sk": f"CASE#{document['number']:03d}",
        "schema": SCHEMA,
        "ttl": run.created_at // 1000 + KEPT_S,
        "tenantId": run.tenant_id,
        "state": document["state"],
        "case": zlib.compress(json.dumps(document, ensure_ascii=False).encode(), 6),
    }
    apply(put_op(hub_table(), record))


def cases_of(run: RunRecord) -> list[dict[str, Any]]:
    """The cases that have ended, in order."""
    rows = query(hub_table(), _cases_pk(run.tenant_id, run.run_id), prefix="CASE#")
    return [json.loads(zlib.decompress(row["case"])) for row in rows]


def events_of(run: RunRecord) -> list[tuple[int, str]]:
    """What has happened to the run, in order."""
    rows = query(hub_table(), _cases_pk(run.tenant_id, run.run_id), prefix="EVENT#")
    return sorted((row["at"], row["type"]) for row in rows)
