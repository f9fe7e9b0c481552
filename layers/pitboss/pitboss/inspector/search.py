"""Calls by any id: those that were kept, and those that were applied and are kept with their transactions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pitboss.inspector import store
from pitboss.inspector.diagnosis import canonical
from pitboss.inspector.model import Applied, CallRecord, RoundTrace
from pitboss.kernel.ids import is_ulid
from pitboss.kernel.instants import format_instant
from pitboss.kernel.refusal import Refusal

HOURS = 24  # of calls that are listed without an id
EXCERPT = 64 * 1024
type Entry = CallRecord | Applied


class Transactions(Protocol):
    """Where applied calls are: composed by the function, since the inspector knows no wallet."""

    def find(self, tenant_id: str, any_id: str, before: str, limit: int) -> list[Applied]: ...
    def rounds(self, tenant_id: str, provider: str, round_id: str) -> list[RoundTrace]: ...


@dataclass(slots=True)
class _Nobody:
    """Before anything is composed: no transactions."""

    def find(self, tenant_id: str, any_id: str, before: str, limit: int) -> list[Applied]:
        del tenant_id, any_id, before, limit
        return []

    def rounds(self, tenant_id: str, provider: str, round_id: str) -> list[RoundTrace]:
        del tenant_id, provider, round_id
        return []


_transactions: list[Transactions] = [_Nobody()]


def serve_transactions(source: Transactions) -> None:
    """Say where applied calls are found."""
    _transactions[0] = source


def transactions() -> Transactions:
    """Where applied calls are found."""
    return _transactions[0]


def entry_id(entry: Entry) -> str:
    """What names an entry; both kinds are ULIDs, so that they sort by time together."""
    return entry.call_id if isinstance(entry, CallRecord) else entry.hub_id


def search(tenant_id: str, any_id: str, before: str, limit: int) -> list[Entry]:
    """Calls that an id names (transaction, hub transaction, round, player, request, webhook, call), newest first, with
    entry ids below `before` ("" for any)."""
    bound = before or None
    found: dict[str, Entry] = {}

    def add(entries: Sequence[Entry]) -> None:
        found.update({entry_id(entry): entry for entry in entries})

    if is_ulid(any_id):
        own = store.read(tenant_id, any_id)
        add([own] if own and (not before or own.call_id < before) else [])
    add(list(store.by_request(tenant_id, any_id, before=bound, limit=limit)))
    of_ids = list(store.ids_of(tenant_id, any_id, before=bound, limit=limit))
    add(store.read_many(tenant_id, of_ids))
    add(list(store.by_main(tenant_id, any_id, before=bound, limit=limit)))
    applied = transactions().find(tenant_id, any_id, before, limit)
    add(applied)
    for one in applied:
        add(list(store.by_main(tenant_id, one.hub_id, before=bound, limit=limit)))
    newest = sorted(found, reverse=True)[:limit]
    return [found[key] for key in newest]


def recent(tenant_id: str, now: int, before: str, limit: int) -> list[Entry]:
    """Inbound calls of the last hours that were not applied, newest first."""
    ids: list[str] = []
    for back in range(HOURS):
        hour = store.recent_id(now - back * store.HOUR_MS)
        ids += store.ids_of(tenant_id, hour, before=before or None, limit=limit - len(ids))
        if len(ids) >= limit:
            break
    return list(store.read_many(tenant_id, ids))


def read(tenant_id: str, call_id: str) -> Entry:
    """One entry. Refusal CALL_NOT_FOUND."""
    entry: Entry | None = None
    if is_ulid(call_id):
        entry = store.read(tenant_id, call_id)
        if entry is None:
            found = transactions().find(tenant_id, call_id, "", 100)
            entry = next((a for a in found if a.hub_id == call_id), None)
    if entry is None:
        raise Refusal(
            "CALL_NOT_FOUND", "There is no such call; calls that were not applied are kept for 14 days."
        )
    return entry


def chain(tenant_id: str, entry: Entry) -> list[Entry]:
    """Every attempt of the same thing, oldest first: calls with the same transaction or webhook id on the same route."""
    if isinstance(entry, Applied):
        ids = [entry.transaction_id, entry.hub_id]
    else:
        ids = [entry.ids.get(name, "") for name in ("webhookId", "transactionId", "hubTransactionId")]
    found: dict[str, Entry] = {entry_id(entry): entry}
    for one in dict.fromkeys(filter(None, ids)):
        found.update({entry_id(e): e for e in search(tenant_id, one, "", 50) if _alike(entry, e)})
    return [found[key] for key in sorted(found)]


def _alike(one: Entry, other: Entry) -> bool:
    if isinstance(one, Applied) or isinstance(other, Applied):
        return True
    return (one.route, one.direction) == (other.route, other.direction)


# ---------------------------------------------------------------- how it looks
def summary(entry: Entry) -> dict[str, Any]:
    """An entry in a list."""
    if isinstance(entry, Applied):
        return {
            "callId": entry.hub_id,
            "kind": "applied",
            "direction": "in",
            "provider": entry.provider,
            "route": entry.action,
            "time": format_instant(entry.at),
            "elapsedMs": int(entry.facts.get("ms") or 0),
            "httpStatus": None,
            "outcome": entry.refusal or entry.state,
            "attempt": entry.attempts or None,
            "ids": {
                "transactionId": entry.transaction_id,
                "hubTransactionId": entry.hub_id,
                "roundId": entry.round_id,
                "playerId": entry.player_id,
            },
        }
    return {
        "callId": entry.call_id,
        "kind": "kept",
        "direction": entry.direction,
        "provider": entry.provider,
        "route": entry.route,
        "time": format_instant(entry.at),
        "elapsedMs": entry.elapsed_ms,
        "httpStatus": entry.status or None,
        "outcome": entry.error or "OK",
        "attempt": entry.attempt or None,
        "ids": entry.ids,
    }


def text_of(raw: bytes) -> dict[str, Any]:
    """Bytes for people: as text where they are UTF-8, else as base64 too."""
    from base64 import b64encode

    shown = raw[:EXCERPT]
    try:
        return {"bytes": len(raw), "text": shown.decode(), "base64": None}
    except UnicodeDecodeError:
        return {
            "bytes": len(raw),
            "text": shown.decode("utf-8", "replace"),
            "base64": b64encode(shown).decode(),
        }


def detail(tenant_id: str, entry: Entry) -> dict[str, Any]:
    """An entry with all that is known of it."""
    retries = [summary(e) for e in chain(tenant_id, entry)]
    if isinstance(entry, Applied):
        facts = entry.facts
        message_id, stamp = str(facts.get("id", "")), str(facts.get("ts", ""))
        return {
            **summary(entry),
            "headers": {
                "webhook-id": message_id,
                "webhook-timestamp": stamp,
                "webhook-signature": str(facts.get("sig", "")),
            },
            "sourceIp": facts.get("ip") or None,
            "url": None,
            "request": text_of(entry.request),
            "reply": None,
            "signed": text_of(canonical(message_id, stamp, entry.request))["text"] if message_id else None,
            "diagnosis": None,
            "transaction": {
                "state": entry.state,
                "amount": entry.amount,
                "currency": entry.currency,
                "balanceBefore": entry.before,
                "balanceAfter": entry.after,
                "refusal": entry.refusal or None,
                "note": entry.note or None,
            },
            "replayOf": None,
            "chain": retries,
        }
    headers = entry.headers
    signed = canonical(headers.get("webhook-id", ""), headers.get("webhook-timestamp", ""), entry.request)
    return {
        **summary(entry),
        "headers": headers,
        "sourceIp": entry.source_ip or None,
        "url": entry.url or None,
        "request": text_of(entry.request),
        "reply": text_of(entry.reply),
        "signed": text_of(signed)["text"] if headers.get("webhook-id") else None,
        "diagnosis": entry.diagnosis,
        "transaction": None,
        "replayOf": entry.replay_of or None,
        "chain": retries,
    }


def timeline(tenant_id: str, provider: str, round_id: str) -> dict[str, Any]:
    """Everything that happened in a round, in order: transactions, refused calls, callbacks. Refusal ROUND_NOT_FOUND."""
    traces = transactions().rounds(tenant_id, provider, round_id)
    calls = [
        e
        for e in search(tenant_id, round_id, "", 100)
        if isinstance(e, CallRecord) and e.provider == provider
    ]
    if not traces and not calls:
        raise Refusal("ROUND_NOT_FOUND", "Nothing is known of such a round (history follows within seconds).")
    entries: dict[str, Entry] = {c.call_id: c for c in calls}
    for trace in traces:
        for one in trace.transactions:
            entries[one.hub_id] = one
            entries.update(
                {c.call_id: c for c in store.by_main(tenant_id, one.hub_id, before=None, limit=50)}
            )
    return {
        "provider": provider,
        "roundId": round_id,
        "players": [
            {
                "playerId": t.player_id,
                "status": t.status,
                "revision": t.revision,
                "stake": t.stake,
                "win": t.win,
                "currency": t.currency,
                "startedAt": format_instant(t.started_at) if t.started_at else None,
                "settledAt": format_instant(t.settled_at) if t.settled_at else None,
            }
            for t in traces
        ],
        "timeline": [_step(entries[key]) for key in sorted(entries, key=lambda k: (entries[k].at, k))],
    }


def _step(entry: Entry) -> dict[str, Any]:
    step = summary(entry)
    if isinstance(entry, Applied):
        step |= {
            "amount": entry.amount,
            "currency": entry.currency,
            "state": entry.state,
            "balanceAfter": entry.after,
        }
    return step
