"""The HTTP front: API Gateway has matched the route already, so a dictionary on `resource` is the whole router.

A `Route` is data: what it needs (scope, rate class, body model), what it answers and which refusals it gives. The
same data drives admission at run time and the OpenAPI document at build time, so neither can say what the other
does not. (docs/decisions/001: why not a router library.)
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pitboss.kernel.ids import derive_ulid
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.caller import Caller
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.platform.dynamo import TooBusy
from pitboss.platform.observe import count, flush, logger
from pitboss.platform.wire import LONGEST_ID, check_media_types, header_map, load_json, problem, read_body

BODY_LIMIT = 64 * 1024
READING = ("GET", "HEAD", "OPTIONS")  # methods that change nothing


@dataclass(frozen=True, slots=True)
class Query:
    """A query parameter: `kind` is `string`, `integer`, `boolean` or `instant`; integers have bounds."""

    name: str
    about: str
    kind: str = "string"
    default: Any = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    `body` and `answer` name pydantic models as "module:Class"; they are imported only when used. `limit` is the rate
    class (standard, create, register, results, ingest, wallet, none). `players` lets a player's token in, for its own
    tournament. `public` needs no token. `idempotent` marks a POST that takes `Idempotency-Key`. With `parse`, the body
    becomes `parse(document)` (which raises Refusal) and the model of `body` is documentation only: for functions that
    cannot afford pydantic. `takes` are media types of a body that is a file, beside JSON and gzip: the handler reads
    `raw`, and the model of `body` is documentation; so with `raw_body`, where a signature is checked before the JSON is
    believed. `even_suspended` admits calls of a suspended tenant: the use case
    decides what still settles.
    """

    method: str
    path: str
    summary: str
    handler: "Callable[[Call], Answer]"
    scope: str = ""
    limit: str = "standard"
    body: str = ""
    answer: str = ""
    status: int = 200
    also: tuple[int, ...] = ()
    query: tuple[Query, ...] = ()
    errors: tuple[str, ...] = ()
    idempotent: bool = False
    key_required: bool = False
    players: bool = False
    public: bool = False
    max_body: int = BODY_LIMIT
    about: str = ""
    media_type: str = "application/json"
    parse: "Callable[[Any], Any] | None" = None
    even_suspended: bool = False
    raw_body: bool = False
    takes: tuple[str, ...] = ()


@dataclass(slots=True)
class Call:
    """One request, checked and parsed. `tenant_id` is the tenant it acts for; `seed` names this attempt: a repeated
    attempt under the same Idempotency-Key has the same seed, so ids derived from it are the same too."""

    route: Route
    params: dict[str, str]
    query: dict[str, Any]
    headers: dict[str, str]
    raw: bytes
    body: Any
    caller: Caller | None
    tenant_id: str
    source_ip: str
    request_id: str
    now: int
    seed: str
    lease: str = ""
    kept: dict[str, Any] = field(default_factory=dict)

    def new_id(self, label: str) -> str:
        """A ULID for a thing that this call creates; the same again when the call is repeated."""
        return derive_ulid(self.seed, label)

    def who(self) -> Caller:
        """The caller of a route that needs one."""
        if self.caller is None:
            raise Refusal("TOKEN_NOT_FOUND", "Send Authorization: Bearer <API token>.")
        return self.caller


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `body` is JSON-able, or text when `content_type` says so; `etag` enables 304."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""
    content_type: str = "application/json"


class Gate(Protocol):
    """Admission, given by tenancy: addresses, scopes, limits, slots, and what was answered before."""

    def enter(self, call: Call) -> Mapping[str, str]:
        """Admit the call or raise; sets `tenant_id`. Answers headers to send along (RateLimit-*)."""
        ...

    def leave(self, call: Call) -> None:
        """Give back what `enter` took."""
        ...

    def recall(self, call: Call) -> Answer | None:
        """The first answer to this Idempotency-Key, if there is one; else sets `seed` and claims the key."""
        ...

    def remember(self, call: Call, answer: Answer | None) -> None:
        """Keep the answer for the key, or (None) let the key be tried again."""
        ...


class Api:
    """The routes of one function and its Lambda handler."""

    def __init__(self, name: str, gate: Gate | None) -> None:
        self.name = name
        self.gate = gate
        self.routes: list[Route] = []
        self._table: dict[tuple[str, str], Route] = {}

    def route(self, method: str, path: str, summary: str, **needs: Any) -> Callable[..., Any]:
        """Register the decorated function `(Call) -> Answer`; see `Route` for `needs`."""

        def register(handler: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
            route = Route(method, path, summary, handler, **needs)
            self.routes.append(route)
            self._table[method, path] = route
            return handler

        return register

    def handler(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """AWS Lambda entry point for an API Gateway REST proxy event. Never raises: every fault has an answer."""
        context_id = (event.get("requestContext") or {}).get("requestId")
        request_id = str(context_id or getattr(context, "aws_request_id", ""))
        logger.append_keys(requestId=request_id, route=f"{event.get('httpMethod')} {event.get('resource')}")
        route = self._table.get((event.get("httpMethod", ""), event.get("resource", "")))
        try:
            answer, extra = self._serve(route, event, request_id)
        except Refusal as refusal:
            count(f"refused_{refusal.name.lower()}")
            answer, extra = problem(refusal, request_id), {}
        except Exception:  # noqa: BLE001 - the last line of defence: an answer is owed whatever happened
            logger.exception("unexpected failure")
            count("unexpected_failures")
            changing = event.get("httpMethod") not in READING
            answer, extra = problem(_unexpected(changing=changing), request_id), {}
        finally:
            flush()
        return respond(answer, extra, request_id, header_map(event))

    def _serve(
        self, route: Route | None, event: dict[str, Any], request_id: str
    ) -> tuple[Answer, Mapping[str, str]]:
        if route is None:
            raise Refusal("NOT_FOUND", "There is no such route; GET /api/openapi.json lists them.")
        call = open_call(route, event, request_id)
        extra: Mapping[str, str] = {}
        if self.gate is None or route.public:
            parse_into(call, event)
            return _handled(call), extra
        extra = self.gate.enter(call)
        try:
            parse_into(call, event)
            return self._answer_once(self.gate, call), extra
        except Refusal as refusal:
            count(f"refused_{refusal.name.lower()}")
            return problem(refusal, request_id), extra
        finally:
            self.gate.leave(call)

    @staticmethod
    def _answer_once(gate: Gate, call: Call) -> Answer:
        if not call.route.idempotent:
            return _handled(call)
        before = gate.recall(call)
        if before is not None:
            return before
        try:
            answer = _handled(call)
        except Refusal as refusal:
            # A final no is an answer and is repeated; a passing no must not bar the next attempt.
            final = not refusal.entry.retryable
            gate.remember(call, problem(refusal, call.request_id) if final else None)
            raise
        # Any other failure leaves the key claimed: its lease runs out, and the next attempt resumes with the same ids.
        gate.remember(call, answer)
        return answer


def _handled(call: Call) -> Answer:
    """The handler's answer. Where other writers kept winning nothing failed: that is a no for this moment only."""
    try:
        return call.route.handler(call)
    except TooBusy:
        count("contested")
        changing = call.route.method not in READING
        raise Refusal(
            "SERVER_IS_BUSY",
            "Others keep changing the same records; repeat the request.",
            retry_after_s=1,
            effect="unknown" if changing else "none",
        ) from None


def _unexpected(*, changing: bool) -> Refusal:
    advice = "Repeat the request with the same Idempotency-Key." if changing else "Repeat the request."
    return Refusal(
        "INTERNAL_ERROR", f"Something failed on our side. {advice}", effect="unknown" if changing else "none"
    )


def open_call(route: Route, event: dict[str, Any], request_id: str) -> Call:
    """The request before its body is looked at: that waits until the caller is admitted."""
    context = event.get("requestContext") or {}
    authorizer = context.get("authorizer") or {}
    caller = Caller.from_context(authorizer["caller"]) if authorizer.get("caller") else None
    headers = header_map(event)
    empty = not route.body and not event.get("body")
    check_media_types(route.method, headers, route.media_type, empty=empty, takes=route.takes)
    now = now_ms()
    return Call(
        route=route,
        params={k: v for k, v in (event.get("pathParameters") or {}).items() if v is not None},
        query={},
        headers=headers,
        raw=b"",
        body=None,
        caller=caller,
        tenant_id=caller.tenant_id if caller else "",
        source_ip=(context.get("identity") or {}).get("sourceIp", ""),
        request_id=request_id,
        now=now,
        seed=new_ulid(now),
    )


def parse_into(call: Call, event: dict[str, Any]) -> None:
    """Query and body, validated against the route."""
    from pitboss.platform.wire import read_query

    many = event.get("multiValueQueryStringParameters") or {}
    single = event.get("queryStringParameters") or {}
    call.query = read_query(call.route.query, {**{k: [v] for k, v in single.items()}, **many})
    if call.caller and call.caller.kind == "player" and "brandId" in call.query:
        # A player of that id may exist at another brand; a token speaks for its own.
        call.query["brandId"] = call.caller.brand_id
    for name, value in call.params.items():
        if not 1 <= len(value) <= LONGEST_ID or any(ord(c) < 32 or ord(c) == 127 for c in value):
            reason = f"1 to {LONGEST_ID} printable characters"
            raise Refusal(
                "PARAMETERS_INVALID", f"A path parameter has {reason}.", errors=[FieldError(name, reason)]
            )
    if call.route.method in ("POST", "PUT", "PATCH"):
        call.raw = read_body(event, call.headers, call.route.max_body)
        if call.route.raw_body:
            return
        if call.route.parse is not None:
            call.body = call.route.parse(load_json(call.raw))
        elif call.route.body and not call.route.takes:
            call.body = validate(call.route.body, load_json(call.raw))
    elif event.get("body"):
        raise Refusal("VALIDATION_ERROR", f"{call.route.method} takes no body.")


def validate(model: str, document: Any) -> Any:
    """A document against "module:Class"; pydantic is imported here and only here on the request path."""
    from importlib import import_module

    from pydantic import ValidationError

    module, _, name = model.partition(":")
    try:
        return getattr(import_module(module), name).model_validate(document)
    except ValidationError as error:
        from pitboss.platform.wire import field_errors

        errors = field_errors(error)
        raise Refusal(
            "VALIDATION_ERROR",
            f"{len(errors)} field{'s are' if len(errors) > 1 else ' is'} not valid: "
            + "; ".join(f"{e.pointer}: {e.reason}" for e in errors[:3]),
            errors=errors,
        ) from None


def respond(
    answer: Answer, extra: Mapping[str, str], request_id: str, asked: Mapping[str, str]
) -> dict[str, Any]:
    """The proxy answer: caching by ETag, no sniffing, and the request id for support."""
    headers = {
        "Content-Type": answer.content_type,
        "X-Request-Id": request_id,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        **extra,
        **answer.headers,
    }
    if answer.etag:
        headers["ETag"] = f'"{answer.etag}"'
        headers["Cache-Control"] = "private, no-cache"
        if headers["ETag"] in asked.get("if-none-match", ""):
            return {"statusCode": 304, "headers": headers, "body": ""}
    if answer.body is None:
        text = ""
    elif isinstance(answer.body, str):
        text = answer.body
    else:
        text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    return {"statusCode": answer.status, "headers": headers, "body": text, "isBase64Encoded": False}
