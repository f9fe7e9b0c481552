"""Keeping calls: best effort, bounded, redacted."""

from collections.abc import Mapping, Sequence
from typing import Any

from pitboss.inspector import store
from pitboss.inspector.diagnosis import diagnose
from pitboss.inspector.model import HEADERS_KEPT, CallRecord, More, Told, redact
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.platform.observe import count, logger

# The first that is given leads to the call by itself, and so does a request's id; the rest need an item each.
MAIN_IDS = ("hubTransactionId", "transactionId", "roundId", "playerId", "webhookId")
ID_CHARS = 256


def keep(told: Told, more: More, secrets: Sequence[bytes]) -> str:
    """See public.record."""
    raw, headers = told["raw"], told["headers"]
    try:
        ids = {name: _storable(str(value)[:ID_CHARS]) for name, value in told["ids"].items() if value}
        call = CallRecord(
            call_id=store.call_id(new_ulid(told["at"]), ids.get("requestId", "")),
            tenant_id=told["tenant_id"],
            direction=told["direction"],
            provider=told["provider"][:ID_CHARS],
            route=told["route"],
            at=told["at"],
            elapsed_ms=told["elapsed_ms"],
            status=told["status"],
            request=redact(raw),
            reply=redact(told["reply"]),
            headers=kept_headers(headers),
            ids=ids,
            error=more.get("error", ""),
            source_ip=more.get("source_ip", ""),
            url=more.get("url", ""),
            attempt=more.get("attempt", 0),
            diagnosis=diagnose(raw, headers, secrets, now_ms() // 1000) if secrets else None,
            replay_of=more.get("replay_of", ""),
        )
        main, others = named(call)
        store.put(call, main, others)
    except Exception:  # noqa: BLE001 - a record of a call must never become the call's own failure
        logger.warning("a call could not be kept for the inspector", exc_info=True)
        count("inspector_lost")
        return ""
    return call.call_id


def _storable(text: str) -> str:
    """Half a surrogate pair is in no UTF-8: it would cost the whole record."""
    return text.encode("utf-8", "replace").decode()


def named(call: CallRecord) -> tuple[str, list[str]]:
    """The id that leads to the call through the index, and those that need an item of their own.

    What is about a transaction that stands (an outbound call, a repeated inbound one) is frequent, and the transaction's own
    ids lead to it (see search): only the message's are kept beside. What was refused is known nowhere else: every id
    finds it, and so does its hour.
    """
    given = [call.ids[name] for name in MAIN_IDS if call.ids.get(name)]
    main = given[0] if given else call.call_id
    if call.direction == "out" or call.ids.get("hubTransactionId"):
        return main, [call.ids[name] for name in ("webhookId",) if call.ids.get(name)]
    others = [value for name, value in call.ids.items() if name not in MAIN_IDS and name != "requestId"]
    return main, [*given[1:], *others, store.recent_id(call.at)]


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those that say something, bounded and redacted."""
    return {
        name: redact(value[:1000].encode("utf-8", "replace")).decode("utf-8", "replace")
        for name, value in headers.items()
        if name.lower() in HEADERS_KEPT
    }


def header_facts(
    headers: Mapping[str, str], source_ip: str, elapsed_ms: int, request_id: str
) -> dict[str, Any]:
    """See public.applied."""
    return {
        "id": headers.get("webhook-id", "")[:ID_CHARS],
        "ts": headers.get("webhook-timestamp", "")[:20],
        "sig": headers.get("webhook-signature", "")[:400],
        "ip": source_ip,
        "ms": elapsed_ms,
        "rid": request_id,
    }
