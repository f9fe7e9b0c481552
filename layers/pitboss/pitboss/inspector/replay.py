"""A kept call sent again, signed anew.

To the operator's own wallet a call goes again only under its own id and only when the hub knows it as done: then it must
come back as a replay. Anything else could move money there that the hub's books know nothing of.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pitboss.catalogue.public import wallet_integration
from pitboss.inspector import search, service
from pitboss.inspector.model import MASK, Applied, CallRecord, Told, redact
from pitboss.inspector.search import Entry
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import signing
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.platform.masters import callback_master
from pitboss.platform.outgoing import Exchange, NoAnswer, NotSent, exchange
from pitboss.platform.settings import is_local
from pitboss.tenancy.public import settings_of

TIMEOUT_S = 8.0
_ID = "transactionId"


def replay(
    tenant_id: str, call_id: str, *, url: str, new_id: bool, session_token: str, api_token: str
) -> dict[str, Any]:
    """Send a call again and tell what came back; the repetition is kept as a call of its own.

    Raises:
        Refusal: CALL_NOT_FOUND, REPLAY_UNSAFE, VALIDATION_ERROR (no URL is known), SIGNATURE_INVALID (no secret).
    """
    entry = search.read(tenant_id, call_id)
    outbound = isinstance(entry, CallRecord) and entry.direction == "out"
    target = url or (entry.url if isinstance(entry, CallRecord) and outbound else "")
    if not target:
        raise Refusal(
            "VALIDATION_ERROR",
            "Say where to send it: a provider's call has no URL of its own.",
            errors=[FieldError("url", "required for a call that came in")],
        )
    if outbound:
        _guard(tenant_id, entry, target, new_id=new_id)
    body = body_again(entry.request, new_id=new_id, session_token=session_token)
    first_id = entry.ids.get("webhookId", "") if isinstance(entry, CallRecord) else ""
    # The same message again where nothing in it is new; a call that came in is a new message of an old transaction.
    message_id = first_id if outbound and not new_id and first_id else new_ulid()
    now = now_ms()
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "Pitboss",
        **signing.headers(_secret(tenant_id, entry, now), message_id, now // 1000, body),
    }
    if not outbound:
        headers["Pitboss-Provider"] = entry.provider
        if api_token:
            headers["Authorization"] = f"Bearer {api_token}"
    return _send(tenant_id, entry, target, body, headers, message_id)


def _guard(tenant_id: str, entry: Entry, target: str, *, new_id: bool) -> None:
    if not isinstance(entry, CallRecord) or not _same_server(
        target, settings_of(tenant_id).wallet_url, entry.url
    ):
        return
    if new_id:
        raise Refusal(
            "REPLAY_UNSAFE",
            "Under a new id the operator's wallet would move money that the hub knows nothing of; name another URL.",
        )
    if entry.route.rpartition("/")[2] == "balance":
        return
    hub_id = entry.ids.get("hubTransactionId", "")
    found = search.transactions().find(tenant_id, hub_id, "", 10) if hub_id else []
    state = next((a.state for a in found if a.hub_id == hub_id), "")
    if state != "DONE":
        raise Refusal(
            "REPLAY_UNSAFE",
            "Only a transaction that is DONE may go to the operator's wallet again; POST /transactions/{id}/retry drives others.",
            facts={"state": state or None},
        )


def _same_server(url: str, *others: str) -> bool:
    host = urlsplit(url).netloc.lower()
    return any(other and urlsplit(other).netloc.lower() == host for other in others)


def body_again(raw: bytes, *, new_id: bool, session_token: str) -> bytes:
    """The body to send: the very bytes where nothing changes, else re-encoded with another id or the token in place of the
    mask. VALIDATION_ERROR if it has to change and is no JSON object."""
    if not new_id and not session_token:
        return raw
    try:
        document = json.loads(raw)
        if not isinstance(document, dict):
            raise TypeError
    except (ValueError, TypeError):
        raise Refusal(
            "VALIDATION_ERROR", "The body is no JSON object, so nothing in it can be changed."
        ) from None
    if new_id:
        _renew(document)
    if session_token and "sessionToken" in document:
        document["sessionToken"] = session_token
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _renew(document: dict[str, Any]) -> None:
    """New ids, and references inside the same list follow them."""
    actions = [a for a in document.get("actions", []) if isinstance(a, dict)]
    renamed = {str(part[_ID]): new_ulid() for part in (document, *actions) if part.get(_ID)}
    for part in (document, *actions):
        for name in (_ID, "betTransactionId", "originalTransactionId"):
            if part.get(name) in renamed:
                part[name] = renamed[part[name]]


def _secret(tenant_id: str, entry: Entry, now: int) -> bytes:
    if isinstance(entry, CallRecord) and entry.direction == "out":
        return signing.tenant_secret(callback_master(), tenant_id)
    return provider_secrets(tenant_id, entry.provider, now)[0]


def provider_secrets(tenant_id: str, provider: str, now: int) -> list[bytes]:
    """The accepted secrets of an integration, the current one first. SIGNATURE_INVALID if it has none."""
    found = wallet_integration(tenant_id, provider, now)
    generations = found.generations(now) if found else ()
    if not generations:
        raise Refusal(
            "SIGNATURE_INVALID", "The integration has no secret yet: POST /integrations/{id}/wallet-secret."
        )
    master = callback_master()
    return [signing.provider_secret(master, tenant_id, provider, g) for g in generations]


def _send(
    tenant_id: str, entry: Entry, url: str, body: bytes, headers: Mapping[str, str], message_id: str
) -> dict[str, Any]:
    at = now_ms()
    result: dict[str, Any] = {"url": url, "sent": search.text_of(redact(body)), "webhookId": message_id}
    try:
        answer: Exchange = exchange(url, body, headers, timeout_s=TIMEOUT_S, local=is_local())
    except NotSent as error:
        result |= {"outcome": "not_sent", "detail": str(error), "httpStatus": None, "reply": None}
        elapsed, status, reply = error.elapsed_ms, 0, b""
    except NoAnswer as error:
        result |= {"outcome": "no_answer", "detail": str(error), "httpStatus": None, "reply": None}
        elapsed, status, reply = error.elapsed_ms, 0, b""
    else:
        elapsed, status, reply = answer.elapsed_ms, answer.status, answer.body
        result |= {
            "outcome": "answered",
            "detail": None,
            "httpStatus": status,
            "reply": search.text_of(redact(reply)),
        }
    first = entry.hub_id if isinstance(entry, Applied) else entry.call_id
    ids = {"transactionId": entry.transaction_id} if isinstance(entry, Applied) else dict(entry.ids)
    told: Told = {
        "tenant_id": tenant_id,
        "direction": "out",
        "provider": entry.provider,
        "route": f"replay {entry.action if isinstance(entry, Applied) else entry.route}",
        "raw": body,
        "headers": {name.lower(): value for name, value in headers.items()},
        "status": status,
        "reply": reply,
        "at": at,
        "elapsed_ms": elapsed,
        "ids": {**ids, "webhookId": message_id, "replayOf": first},
    }
    ended = "" if result["outcome"] == "answered" else str(result["outcome"]).upper()
    kept = service.keep(told, {"error": ended, "url": url, "replay_of": first}, ())
    return {
        **result,
        "elapsedMs": elapsed,
        "callId": kept or None,
        "replayOf": first,
        "masked": MASK * 8 in body,
    }
