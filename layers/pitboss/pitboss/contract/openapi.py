"""The OpenAPI 3.1 document, made from the registry of routes, the models and the error catalogue.

`python -m pitboss.contract.openapi` writes it where it is served from and where it is read (docs/), with docs/errors.md.
A test fails while what is written differs from what the code says.
"""

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from pitboss.contract.components import schemas
from pitboss.contract.naming import operation_ids, path_parameter
from pitboss.contract.registry import ABOUT, apis
from pitboss.contract.shared import (
    problem_example,
    problem_schema,
    security_schemes,
    shared_headers,
    shared_parameters,
)
from pitboss.kernel.refusal import CatalogueEntry, catalogue
from pitboss.platform.http import Query, Route
from pitboss.platform.wire import LONGEST_ID

SERVED = Path(__file__).with_name("openapi.json")
EXAMPLES = Path(__file__).with_name("examples.json")  # a body for each route whose model has none
VERSION = "1.0.0"
_ABOUT = """\
Casinos send their rounds and their players; the hub scores, ranks, proves and pays out.

* JSON in camelCase; times are RFC 3339 in UTC; ids are opaque strings.
* Amounts go in as decimal numbers or strings in major units and come out as decimal strings; more decimals than the
  currency has are refused, never rounded.
* Every refusal is `application/problem+json` (RFC 9457) with a stable `code`, `retryable`, and `effect`: whether money or
  state moved (`none`, `applied`, `unknown`). Unknown members of an answer are to be ignored.
* `Idempotency-Key` names an attempt: the same key and body give the first answer again, with `Idempotency-Replayed: true`.
* A token acts for its own node of the tree, or, with `Pitboss-Tenant`, for a node below it.
"""
_PRINTABLE = "^[^\\x00-\\x1f\\x7f]+$"
_EVERYWHERE = (
    "PARAMETERS_INVALID",
    "VALIDATION_ERROR",
    "NOT_FOUND",
    "NOT_ACCEPTABLE",
    "RATE_LIMITED",
    "INTERNAL_ERROR",
    "TIMEOUT",
)
_WITH_TOKEN = (
    "TOKEN_NOT_FOUND",
    "TOKEN_INVALID",
    "PERMISSION_ERROR",
    "IP_NOT_ALLOWED",
    "TENANT_SUSPENDED",
    "SERVER_IS_BUSY",
)
_WITH_BODY = ("MALFORMED_JSON", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_IDEMPOTENT = ("OPERATION_IN_PROGRESS", "IDEMPOTENCY_CONFLICT")
_RATE_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def document() -> dict[str, Any]:
    """The whole OpenAPI document as plain data."""
    routes = [
        (title, route)
        for title, api in apis()
        # Not as they were registered: that depends on what was imported first.
        for route in sorted(api.routes, key=lambda r: (r.path, METHODS.index(r.method)))
    ]
    bodies = {r.body for _, r in routes if r.body}
    answers = {r.answer for _, r in routes if r.answer}
    models, body_refs, answer_refs = schemas(bodies, answers)
    names = operation_ids((route.method, route.path, route.handler.__name__) for _, route in routes)
    paths: dict[str, Any] = {}
    responses: dict[str, Any] = {}
    for title, route in routes:
        operation = {
            "operationId": names[route.method, route.path],
            "tags": [title],
            "summary": route.summary,
            "description": _description(route),
            "parameters": _parameters(route),
            "responses": _responses(route, answer_refs, responses),
            "security": _security(route),
        }
        if route.method in ("POST", "PUT", "PATCH"):
            operation["requestBody"] = _request_body(route, body_refs, models)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pitboss",
            "version": VERSION,
            "summary": "Casino integration and tournament hub",
            "description": _ABOUT,
        },
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "servers": [{"url": "/api"}],
        "tags": [{"name": t, "description": ABOUT[t]} for t in dict.fromkeys(title for title, _ in routes)],
        "paths": paths,
        "components": {
            "schemas": {**models, "Problem": problem_schema()},
            "responses": dict(sorted(responses.items())),
            "parameters": shared_parameters(),
            "headers": shared_headers(),
            "securitySchemes": security_schemes(),
        },
    }


# ---------------------------------------------------------------- operations
def _description(route: Route) -> str:
    parts = [route.about] if route.about else []
    if route.scope:
        parts.append(f"Needs the scope `{route.scope}`.")
    if route.players:
        parts.append("A player's own token opens it too, for its own tournament.")
    if not route.public and route.limit != "none":
        parts.append(f"Counts towards the rate class `{route.limit}`.")
    return "\n\n".join(parts)


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": path_parameter(route.path, name),
            "schema": {
                "type": "string",
                "minLength": 1,
                "maxLength": LONGEST_ID,
                "pattern": "^[^\\x00-\\x1f\\x7f/]+$",
            },
        }
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    found += [
        {"name": q.name, "in": "query", "required": False, "description": q.about, "schema": _query_schema(q)}
        for q in route.query
    ]
    if not route.public:
        found.append({"$ref": "#/components/parameters/PitbossTenant"})
    if route.idempotent:
        name = "RequiredIdempotencyKey" if route.key_required else "IdempotencyKey"
        found.append({"$ref": f"#/components/parameters/{name}"})
    if 304 in route.also:
        found.append({"$ref": "#/components/parameters/IfNoneMatch"})
    return found


def _query_schema(query: Query) -> dict[str, Any]:
    schema: dict[str, Any]
    match query.kind:
        case "integer":
            high = query.maximum if query.maximum is not None else 2**31 - 1
            schema = {"type": "integer", "minimum": query.minimum or 0, "maximum": high}
        case "boolean":
            schema = {"type": "boolean"}
        case "instant":
            schema = {"type": "string", "format": "date-time"}
        case _ if query.choices:
            schema = {"type": "string", "enum": list(query.choices)}
        case _:
            longest = query.maximum or LONGEST_ID
            schema = {"type": "string", "minLength": 1, "maxLength": longest, "pattern": _PRINTABLE}
    return schema if query.default is None else {**schema, "default": query.default}


def _request_body(route: Route, refs: dict[str, str], models: dict[str, Any]) -> dict[str, Any]:
    limit = f"At most {route.max_body // 1024} KiB; gzip (`Content-Encoding: gzip`) is taken, inflated within the same limit."
    if not route.body:
        return {
            "required": True,
            "description": f"Send `{{}}`: nothing is read from it. {limit}",
            "content": {"application/json": {"schema": {"type": "object"}, "example": {}}},
        }
    media: dict[str, Any] = {"schema": {"$ref": refs[route.body]}}
    examples = models[refs[route.body].rpartition("/")[2]].get("examples") or _examples(route)
    if examples:
        media["examples"] = {f"example{n}": {"value": value} for n, value in enumerate(examples, 1)}
    files = {name: {"schema": {"type": "string"}} for name in route.takes}
    return {"required": True, "description": limit, "content": {"application/json": media, **files}}


def _examples(route: Route) -> list[dict[str, Any]]:
    found = json.loads(EXAMPLES.read_text("utf-8")).get(f"{route.method} {route.path}")
    return [] if found is None else [found]


def _security(route: Route) -> list[dict[str, list[str]]]:
    if route.public:
        return []
    own: list[dict[str, list[str]]] = [{"apiToken": [route.scope] if route.scope else []}]
    return [*own, {"playerToken": []}] if route.players else own


# ---------------------------------------------------------------- answers
def errors_of(route: Route) -> list[CatalogueEntry]:
    """Every refusal that a route may give: its own, and those that its needs imply."""
    names = [*_EVERYWHERE, *route.errors]
    names += _WITH_TOKEN if not route.public else ()
    names += _WITH_BODY if route.method in ("POST", "PUT", "PATCH") else ()
    names += _IDEMPOTENT if route.idempotent else ()
    names += ("IDEMPOTENCY_KEY_REQUIRED",) if route.key_required else ()
    return sorted({catalogue()[name] for name in names}, key=lambda entry: entry.code)


def _responses(route: Route, answers: dict[str, str], shared: dict[str, Any]) -> dict[str, Any]:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
    if not route.public and route.limit != "none":
        headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in _RATE_HEADERS}
    if route.idempotent:
        headers["Idempotency-Replayed"] = {"$ref": "#/components/headers/Idempotency-Replayed"}
    if 304 in route.also:
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    schema: dict[str, Any] = {"$ref": answers[route.answer]} if route.answer else {"type": "object"}
    if route.media_type.startswith("text/"):
        schema = {"type": "string"}
    found: dict[str, Any] = {}
    # A refusal among them is told in the words of a vendor's protocol, so it has the form of the answer.
    for status in (route.status, *route.also):
        found[str(status)] = {"description": _SAID.get(status, "Done"), "headers": headers}
        if status not in (204, 304):
            found[str(status)]["content"] = {route.media_type: {"schema": schema}}
    by_status: dict[int, list[CatalogueEntry]] = {}
    for entry in errors_of(route):
        by_status.setdefault(entry.status, []).append(entry)
    for status in sorted(by_status):
        name = f"Problem{status}_" + "_".join(str(e.code) for e in by_status[status])
        shared[name] = _problem_response(by_status[status])
        found[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return found


_SAID = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No content",
    304: "Not modified since the ETag that was sent",
    401: "Refused: the call does not carry the secret",
}


def _problem_response(entries: list[CatalogueEntry]) -> dict[str, Any]:
    first = entries[0]
    response: dict[str, Any] = {
        "description": "; ".join(f"{e.code} {e.name}: {e.title}" for e in entries),
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}},
        "content": {
            "application/problem+json": {
                "schema": {
                    "$ref": "#/components/schemas/Problem",
                    "properties": {
                        "status": {"const": first.status},
                        "code": {"enum": [e.code for e in entries]},
                        "name": {"enum": [e.name for e in entries]},
                    },
                },
                "examples": {e.name: {"value": problem_example(e)} for e in entries},
            }
        },
    }
    if first.status in (429, 503):
        for name in ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"):
            response["headers"][name] = {"$ref": f"#/components/headers/{name}"}
    return response


# ---------------------------------------------------------------- files
def files(root: Path) -> dict[Path, str]:
    """Everything that is generated, by where it stands in the repository: the served form is compact, the read one is
    indented so that a change can be reviewed."""
    from pitboss.contract.errors import errors_page

    made = document()
    return {
        SERVED: json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n",
        root / "docs/openapi.json": json.dumps(made, ensure_ascii=False, indent=1) + "\n",
        root / "docs/errors.md": errors_page(),
    }


@cache
def served() -> str:
    """The document as it was generated, for the route that answers it."""
    return SERVED.read_text("utf-8")


def main() -> None:
    """Write the generated files into the repository that the current directory is the root of."""
    for path, text in files(Path.cwd()).items():
        path.write_text(text, "utf-8")
        sys.stdout.write(f"wrote {path.name}, {len(text.encode())} bytes\n")


if __name__ == "__main__":
    main()
