"""Parts of the OpenAPI document that every operation shares."""

from typing import Any

from pitboss.kernel.refusal import CatalogueEntry


def problem_example(entry: CatalogueEntry) -> dict[str, Any]:
    """A refusal as it is answered, without what only the place of refusal knows."""
    return {
        "type": f"/api/docs#error-{entry.code}",
        "title": entry.title,
        "status": entry.status,
        "code": entry.code,
        "name": entry.name,
        "detail": "What to change, in one sentence.",
        "retryable": entry.retryable,
        "effect": entry.effect,
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    }


def problem_schema() -> dict[str, Any]:
    """What every refusal looks like."""
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "RFC 9457. Further members give facts to act upon, such as `limit`.",
        "required": ["type", "title", "status", "code", "name", "detail", "retryable", "effect", "requestId"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": text,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "code": {"type": "integer", "description": "Stable; what a program decides by."},
            "name": text,
            "detail": {"type": "string", "description": "What to change."},
            "retryable": {"type": "boolean", "description": "Whether the same request may succeed later."},
            "effect": {
                "enum": ["none", "applied", "unknown"],
                "description": "Whether money or state moved.",
            },
            "requestId": text,
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "reason"],
                    "properties": {"field": text, "reason": text},
                },
            },
        },
    }


def shared_parameters() -> dict[str, Any]:
    """Parameters that many operations take."""
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Names this attempt; repeat the request with the same key until it is answered.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    }
    return {
        "PitbossTenant": {
            "name": "Pitboss-Tenant",
            "in": "header",
            "required": False,
            "description": "Act for this node below the token's own.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
        },
        "IdempotencyKey": {**key, "required": False},
        "RequiredIdempotencyKey": {**key, "required": True},
        "IfNoneMatch": {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": "The ETag of what is known already.",
            "schema": {"type": "string", "maxLength": 256, "pattern": "^[!-~ ]*$"},
        },
    }


def shared_headers() -> dict[str, Any]:
    """Headers that many answers carry."""
    number = {"type": "integer", "minimum": 0}
    return {
        "X-Request-Id": {"description": "For support.", "schema": {"type": "string"}},
        "RateLimit-Limit": {"description": "Calls per minute of this rate class.", "schema": number},
        "RateLimit-Remaining": {"description": "What is left of them.", "schema": number},
        "RateLimit-Reset": {"description": "Seconds until the window begins anew.", "schema": number},
        "Retry-After": {"description": "Seconds to wait.", "schema": number},
        "Idempotency-Replayed": {
            "description": "`true` on a repeated first answer.",
            "schema": {"const": "true"},
        },
        "ETag": {"description": "For If-None-Match.", "schema": {"type": "string"}},
    }


def security_schemes() -> dict[str, Any]:
    """How callers show who they are."""
    return {
        "apiToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "A server's API token (POST /api-keys); never in a browser.",
        },
        "playerToken": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A player's short-lived token, from registration; keys at `/.well-known/jwks.json`.",
        },
    }
