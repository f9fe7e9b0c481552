"""What other contexts may use of the inspector."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from pitboss.inspector import service
from pitboss.inspector.diagnosis import diagnose
from pitboss.inspector.model import Applied, Direction, More, RoundTrace, Told, redact

__all__ = ["Applied", "RoundTrace", "applied", "diagnose", "record", "redact"]


def record(
    *,
    tenant_id: str,
    direction: Direction,
    provider: str,
    route: str,
    raw: bytes,
    headers: Mapping[str, str],
    status: int,
    reply: bytes,
    at: int,
    elapsed_ms: int,
    ids: Mapping[str, str],
    secrets: Sequence[bytes] = (),
    **more: Unpack[More],
) -> str:
    """Keep a money call for 14 days; one request to DynamoDB, and never a failure of the caller's own work. Answers the
    call's id, "" if it could not be kept (counted as `inspector_lost`).

    Args:
        direction: "in": a provider called us, "out": we called an operator.
        route: such as "POST /wallet/bet", or the action of a callback.
        raw, reply: the bodies as they went over the wire; tokens are masked here.
        headers: all of them, names in lower case; only those that say something about the signature are kept.
        status: of the HTTP answer, 0 if there was none. at: when it began, ms; elapsed_ms: how long it took.
        ids: any of transactionId, hubTransactionId, roundId, playerId, userId, sessionId, webhookId, requestId; all of
            them find the call again. Never a token or its digest.
        secrets: where the signature was wrong, the secrets that would have been accepted: they are used to find out
            what the sender signed instead, and are not kept.
    """
    call: Told = {
        "tenant_id": tenant_id,
        "direction": direction,
        "provider": provider,
        "route": route,
        "raw": raw,
        "headers": headers,
        "status": status,
        "reply": reply,
        "at": at,
        "elapsed_ms": elapsed_ms,
        "ids": ids,
    }
    return service.keep(call, more, secrets)


def applied(headers: Mapping[str, str], source_ip: str, elapsed_ms: int, request_id: str) -> dict[str, Any]:
    """The header facts of an applied call, as the transaction's item keeps them beside its raw request (`hx`)."""
    return service.header_facts(headers, source_ip, elapsed_ms, request_id)
