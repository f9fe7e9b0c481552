"""Routes of the inspector."""

from base64 import b64decode
from typing import Any

from pitboss.inspector import replay, search
from pitboss.inspector.diagnosis import canonical, diagnose
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import cursors, signing
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.platform.masters import callback_master
from pitboss.tenancy.public import gate

SCHEMAS = "pitboss.inspector.schemas"
api = Api("inspector_api", gate)


@api.route(
    "GET",
    "/inspector/calls",
    "Search money calls",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:CallList",
    query=(
        Query(
            "id",
            "Any id: transaction, hub transaction, round, player, request, webhook, call. Without one: what came in during "
            "the last 24 hours and was not applied.",
            maximum=256,
        ),
        Query("limit", "The most calls of one page.", "integer", 20, 1, 100),
        Query("cursor", "`nextCursor` of the page before.", maximum=1000),
    ),
    errors=("CURSOR_INVALID",),
    about="Every money call: applied ones with their transaction, refused and repeated ones and the hub's own callbacks for 14 "
    "days. Newest first.",
)
def search_calls(call: Call) -> Answer:
    """Calls by any id."""
    any_id, limit = call.query["id"] or "", call.query["limit"]
    bound = ("calls", call.tenant_id, any_id)
    before = cursors.read(call.query["cursor"], *bound) or ""
    found = (
        search.search(call.tenant_id, any_id, before, limit)
        if any_id
        else search.recent(call.tenant_id, call.now, before, limit)
    )
    last = search.entry_id(found[-1]) if len(found) == limit else ""
    return Answer(
        {
            "calls": [search.summary(entry) for entry in found],
            "nextCursor": cursors.make(last, *bound) if last else None,
        }
    )


@api.route(
    "GET",
    "/inspector/calls/{id}",
    "Look into a money call",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:CallDetail",
    errors=("CALL_NOT_FOUND",),
    about="The bytes as they came, the string that was signed, what was wrong with the signature, and every other attempt.",
)
def read_call(call: Call) -> Answer:
    """One call."""
    return Answer(search.detail(call.tenant_id, search.read(call.tenant_id, call.params["id"])))


@api.route(
    "GET",
    "/inspector/rounds/{provider}/{roundId}",
    "Read a round's timeline",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:Timeline",
    errors=("ROUND_NOT_FOUND",),
    about="Transactions, refused calls and callbacks of a round, in order.",
)
def read_timeline(call: Call) -> Answer:
    """A round's timeline."""
    return Answer(search.timeline(call.tenant_id, call.params["provider"], call.params["roundId"]))


@api.route(
    "POST",
    "/inspector/calls/{id}/replay",
    "Send a call again",
    scope="keys.write",
    limit="create",
    body=f"{SCHEMAS}:ReplayBody",
    answer=f"{SCHEMAS}:ReplayAnswer",
    errors=("CALL_NOT_FOUND", "REPLAY_UNSAFE", "SIGNATURE_INVALID"),
    about="Signed anew with the tenant's (or the integration's) secret, to a URL of yours; the result is shown and kept. To the "
    "operator's own wallet only what the hub knows as DONE, under its own id.",
)
def replay_call(call: Call) -> Answer:
    """Send a call again."""
    body = call.body
    return Answer(
        replay.replay(
            call.tenant_id,
            call.params["id"],
            url=body.url or "",
            new_id=body.new_id,
            session_token=body.session_token or "",
            api_token=body.api_token or "",
        )
    )


@api.route(
    "POST",
    "/inspector/signature-lab",
    "Check how a message is signed",
    scope="keys.write",
    limit="standard",
    body=f"{SCHEMAS}:LabBody",
    answer=f"{SCHEMAS}:LabAnswer",
    errors=("SIGNATURE_INVALID",),
    about="Answers the canonical string and the signature that the hub computes, and names the mistake that gives yours.",
)
def signature_lab(call: Call) -> Answer:
    """What we would have computed."""
    body = call.body
    raw = _bytes(body)
    headers = {name.lower(): value for name, value in body.headers.items()}
    if body.provider:
        secrets = replay.provider_secrets(call.tenant_id, body.provider, call.now)
    else:
        secrets = [signing.tenant_secret(callback_master(), call.tenant_id)]
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    seconds = int(stamp) if stamp.isascii() and stamp.isdigit() and len(stamp) <= 15 else 0
    found: dict[str, Any] = diagnose(raw, headers, secrets, call.now // 1000)
    return Answer(
        {
            "signed": search.text_of(canonical(message_id, stamp, raw)),
            "signature": signing.signature(secrets[0], message_id, seconds, raw),
            "diagnosis": found,
        }
    )


def _bytes(body: Any) -> bytes:
    if (body.body is None) == (body.body_base64 is None):
        raise Refusal(
            "VALIDATION_ERROR", "Give body or bodyBase64.", errors=[FieldError("body", "one of the two")]
        )
    if body.body is not None:
        return str(body.body).encode()
    try:
        return b64decode(body.body_base64, validate=True)
    except ValueError:
        raise Refusal(
            "VALIDATION_ERROR", "bodyBase64 is not base64.", errors=[FieldError("bodyBase64", "base64")]
        ) from None
