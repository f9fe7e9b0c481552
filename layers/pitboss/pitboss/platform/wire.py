"""Bytes in, problem+json out: media types, bounded bodies, strict JSON, query parameters, field paths."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from pitboss.kernel.instants import parse_instant
from pitboss.kernel.refusal import FieldError, Refusal

if TYPE_CHECKING:
    from pydantic import ValidationError

    from pitboss.platform.http import Answer, Query

MAX_ERRORS = 50
LONGEST_ID = 256  # of an id anywhere: in a body, a path or a query; what is stored can be asked for
_ESCAPED_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


def header_map(event: Mapping[str, Any]) -> dict[str, str]:
    """Headers with lower-case names; of repeated ones the last, as API Gateway does."""
    return {k.lower(): v for k, v in (event.get("headers") or {}).items() if v is not None}


def check_media_types(
    method: str,
    headers: Mapping[str, str],
    produces: str = "application/json",
    *,
    empty: bool = False,
    takes: Sequence[str] = (),
) -> None:
    """406 unless the caller takes what we produce; 415 unless a body is JSON (or gzip of it), or of `takes`. `empty`:
    there is no body and none is asked for, so there is nothing to declare."""
    accept = headers.get("accept", "*/*") or "*/*"
    kinds = {part.split(";")[0].strip().lower() for part in accept.split(",")}
    family = produces.partition("/")[0] + "/*"
    if not kinds & {produces, "application/problem+json", family, "*/*", ""}:
        raise Refusal("NOT_ACCEPTABLE", f"This route answers {produces}; send Accept: {produces}.")
    if method in ("POST", "PUT", "PATCH") and not empty:
        content = headers.get("content-type", "").split(";")[0].strip().lower()
        if content not in ("application/json", "application/gzip", *takes):
            others = "".join(f", or {name}" for name in takes)
            raise Refusal(
                "UNSUPPORTED_MEDIA_TYPE", f"Send the body with Content-Type: application/json{others}."
            )


def read_body(event: Mapping[str, Any], headers: Mapping[str, str], limit: int) -> bytes:
    """The body's bytes, inflated if gzip, never more than `limit` of them (a bomb is refused, not unpacked)."""
    text = event.get("body") or ""
    try:
        raw = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except (binascii.Error, ValueError):
        raise Refusal("MALFORMED_JSON", "The body could not be read as bytes.") from None
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        raise Refusal("UNSUPPORTED_MEDIA_TYPE", "Content-Encoding may be gzip or absent.")
    if raw[:2] == b"\x1f\x8b":
        raw = gunzip(raw, limit)
    if len(raw) > limit:
        raise Refusal("BODY_TOO_LARGE", f"The body may have {limit} bytes.", facts={"limitBytes": limit})
    return raw


def gunzip(raw: bytes, limit: int) -> bytes:
    """Inflate at most `limit` bytes; damage and excess are refused."""
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        out = inflater.decompress(raw, limit + 1)
    except zlib.error:
        raise Refusal("MALFORMED_JSON", "The gzip body is damaged.") from None
    if len(out) > limit or inflater.unconsumed_tail:
        raise Refusal(
            "BODY_TOO_LARGE", f"The inflated body may have {limit} bytes.", facts={"limitBytes": limit}
        )
    if not inflater.eof or inflater.unused_data:
        raise Refusal("MALFORMED_JSON", "The gzip body is cut short or has trailing bytes.")
    return out


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
        raise Refusal("MALFORMED_JSON", f"The member {twice!r} stands twice in one object.")
    return document


def _constant(name: str) -> Any:
    raise Refusal("MALFORMED_JSON", f"{name} is not JSON.")


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Refusal("MALFORMED_JSON", "A number in the body has an exponent beyond any use.") from None


def load_json(raw: bytes) -> Any:
    """Strict JSON: UTF-8, no NaN or Infinity, no repeated members, no halves of a surrogate pair (no answer, log or table
    could hold them), numbers with a fraction kept exactly (Decimal)."""
    try:
        document = json.loads(
            raw.decode("utf-8"), parse_float=_number, parse_constant=_constant, object_pairs_hook=_pairs
        )
        if _ESCAPED_HALF.search(raw):
            json.dumps(document, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise Refusal("MALFORMED_JSON", "A text in the body holds half of a surrogate pair.") from None
    except UnicodeDecodeError:
        raise Refusal("MALFORMED_JSON", "The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise Refusal(
            "MALFORMED_JSON",
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
        ) from None
    except RecursionError:
        raise Refusal("MALFORMED_JSON", "The body is nested too deeply.") from None
    except ValueError:  # an integer of thousands of digits
        raise Refusal("MALFORMED_JSON", "A number in the body has too many digits.") from None
    return document


def read_query(known: Sequence["Query"], given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Query parameters by their declared kinds; unknown, repeated and mistyped ones are refused by name."""
    errors: list[FieldError] = []
    values: dict[str, Any] = {q.name: q.default for q in known}
    by_name = {q.name: q for q in known}
    for name, texts in given.items():
        query = by_name.get(name)
        if query is None:
            errors.append(FieldError(name, "unknown parameter"))
        elif len(texts) != 1:
            errors.append(FieldError(name, "given more than once"))
        else:
            try:
                values[name] = _query_value(query, texts[0])
            except ValueError as error:
                errors.append(FieldError(name, str(error)))
    if errors:
        raise Refusal(
            "PARAMETERS_INVALID",
            "; ".join(f"{e.pointer}: {e.reason}" for e in errors[:3]),
            errors=errors,
        )
    return values


def _query_value(query: "Query", text: str) -> Any:
    match query.kind:
        case "integer":
            low, high = query.minimum or 0, query.maximum if query.maximum is not None else 2**31 - 1
            if not (text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high):
                raise ValueError(f"an integer from {low} to {high}")
            return int(text)
        case "boolean":
            if text not in ("true", "false"):
                raise ValueError("true or false")
            return text == "true"
        case "instant":
            return parse_instant(text)
    if query.choices and text not in query.choices:
        raise ValueError("one of " + ", ".join(query.choices))
    longest = query.maximum or LONGEST_ID
    if not 1 <= len(text) <= longest or any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError(f"1 to {longest} printable characters")
    return text


def field_errors(error: "ValidationError") -> list[FieldError]:
    """pydantic's findings as dotted paths and plain reasons, at most 50 of them."""
    from pitboss.platform.findings import reason

    found = []
    for row in error.errors(include_url=False, include_input=False)[:MAX_ERRORS]:
        pointer = ""
        for part in row["loc"]:
            pointer += f"[{part}]" if isinstance(part, int) else f".{part}" if pointer else str(part)
        found.append(FieldError(pointer or "(body)", reason(row["type"], row["msg"], row.get("ctx") or {})))
    return found


def problem(refusal: Refusal, request_id: str) -> "Answer":
    """RFC 9457 answer of a refusal, with our members `code`, `name`, `retryable`, `effect`, `requestId`, `errors`."""
    from pitboss.platform.http import Answer

    entry = refusal.entry
    body: dict[str, Any] = {
        "type": f"/api/docs#error-{entry.code}",
        "title": entry.title,
        "status": entry.status,
        "code": entry.code,
        "name": entry.name,
        "detail": refusal.detail,
        "retryable": entry.retryable,
        "effect": refusal.effect,
        "requestId": request_id,
        **refusal.facts,
    }
    if refusal.errors:
        body["errors"] = [{"field": e.pointer, "reason": e.reason} for e in refusal.errors]
    headers = dict(refusal.headers)
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    if entry.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Answer(body, entry.status, headers, content_type="application/problem+json")
