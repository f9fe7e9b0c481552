"""What a sender had probably signed, when the signature is wrong. Pure.

The mistakes of integrators are few: the body was written again by a JSON library before it was signed, the id or the time
was left out, the secret was used as the text that was shown instead of the bytes it stands for, hex stood for base64, an
old secret was used. Each of them is tried; the first that gives the very signature that came is named.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from pitboss.inspector.model import redact

TOLERANCE_S = 300
_EXCERPT = 24
_ALGORITHMS = ("sha256", "sha1", "sha512")


class Candidate(NamedTuple):
    """Something that may have been done instead: how to say it, and the bytes."""

    said: str
    value: bytes


def canonical(message_id: str, timestamp: str, body: bytes) -> bytes:
    """The string that is signed: id, timestamp and the raw body, joined by dots."""
    return f"{message_id}.{timestamp}.".encode() + body


def diagnose(raw: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], now_s: int) -> dict[str, Any]:
    """Why a signature does not match, as data for people.

    Args:
        raw: the body as it came.
        headers: with lower-case names.
        secrets: those that are accepted, the current one first.
        now_s: our clock.

    Returns:
        {ok, cause, advice, signed (the canonical string, redacted), firstDifference (offset in the body or None), theirs
        and ours (a few characters around it), tried}. `cause` is a code, `advice` a sentence.
    """
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    base: dict[str, Any] = {
        "ok": False,
        "signed": redact(canonical(message_id, stamp, raw)).decode("utf-8", "replace"),
        "firstDifference": None,
        "tried": 0,
    }
    for name, value in (
        ("webhook-id", message_id),
        ("webhook-timestamp", stamp),
        ("webhook-signature", given),
    ):
        if not value:
            return {**base, "cause": "header_missing", "advice": f"Send the header {name}."}
    if not secrets:
        return {
            **base,
            "cause": "no_secret",
            "advice": "No secret stands for this integration; make one first.",
        }
    theirs = _given(given)
    found, tried = _search(raw, message_id, stamp, secrets, theirs)
    base["tried"] = tried
    if found is None:
        return {**base, **_unexplained(given, stamp)}
    what, with_key, how = found
    if not (what.said or with_key.said or how):
        return {**base, **_clock(stamp, now_s)}
    said = "; ".join(part for part in (what.said, with_key.said, how) if part)
    return {
        **base,
        "cause": _cause(what, with_key, how),
        "advice": f"You signed with: {said}.",
        **_difference(raw, what),
    }


def _clock(stamp: str, now_s: int) -> dict[str, Any]:
    """The signature is right; only its time may be wrong."""
    skew = int(stamp) - now_s if stamp.isascii() and stamp.isdigit() and len(stamp) < 16 else None
    if skew is not None and abs(skew) <= TOLERANCE_S:
        return {"ok": True, "cause": "valid", "advice": "The signature is right."}
    if skew is not None and abs(skew // 1000) > 10**8:
        return {"cause": "timestamp_in_ms", "advice": "webhook-timestamp is in seconds, not milliseconds."}
    return {
        "cause": "timestamp_out_of_window",
        "advice": f"The signature is right, but its time is {skew} s from our clock; {TOLERANCE_S} s are allowed.",
    }


def _unexplained(given: str, stamp: str) -> dict[str, Any]:
    if not any(part.startswith("v1,") for part in given.split(" ")):
        return {
            "cause": "signature_format",
            "advice": "webhook-signature is 'v1,' and base64; nothing that is known fits it.",
        }
    if not (stamp.isascii() and stamp.isdigit()):
        return {"cause": "timestamp_format", "advice": "webhook-timestamp is a whole number of seconds."}
    if len(stamp) >= 12:
        return {"cause": "timestamp_in_ms", "advice": "webhook-timestamp is in seconds, not milliseconds."}
    return {
        "cause": "other_secret_or_body",
        "advice": "No known mistake gives this signature: another secret was used, or the body changed on its way.",
    }


def _given(header: str) -> set[bytes]:
    """The signatures of the header, without their version."""
    return {part.removeprefix("v1,").strip().encode("utf-8", "replace") for part in header.split(" ") if part}


def _search(
    raw: bytes, message_id: str, stamp: str, secrets: Sequence[bytes], theirs: set[bytes]
) -> tuple[tuple[Candidate, Candidate, str] | None, int]:
    keys = list(_keys(secrets))
    # Two mistakes at once are looked for only where they are likely: this runs for every bad signature.
    plain = (canonical(message_id, stamp, raw), raw)
    tried = 0
    for what in _messages(raw, message_id, stamp):
        for key in keys:
            for algorithm in _ALGORITHMS if what.value in plain else _ALGORITHMS[:1]:
                made = hmac.digest(key.value, what.value, algorithm)
                tried += 1
                for how, text in _spellings(made):
                    if text in theirs:
                        other = (
                            ""
                            if algorithm == "sha256"
                            else f"HMAC-{algorithm.upper()} instead of HMAC-SHA256"
                        )
                        return (what, key, "; ".join(p for p in (other, how) if p)), tried
    for what in [Candidate("", plain[0]), Candidate("the body alone, without id and timestamp", raw)]:
        for key in keys:
            tried += 1
            if any(text in theirs for _, text in _spellings(hashlib.sha256(what.value + key.value).digest())):
                return (what, key, "a plain SHA-256 of text and secret instead of HMAC"), tried
    return None, tried


def _spellings(made: bytes) -> Iterator[tuple[str, bytes]]:
    """Ways to write a digest; ours first."""
    plain = base64.b64encode(made)
    yield "", plain
    yield "hex instead of base64", made.hex().encode()
    yield "hex instead of base64", made.hex().upper().encode()
    yield "URL-safe base64", base64.urlsafe_b64encode(made)
    yield "base64 without its padding", plain.rstrip(b"=")
    yield "URL-safe base64", base64.urlsafe_b64encode(made).rstrip(b"=")
    yield "base64 of the hex text", base64.b64encode(made.hex().encode())


def _keys(secrets: Sequence[bytes]) -> Iterator[Candidate]:
    """Ways to use a secret; ours first."""
    for number, secret in enumerate(secrets):
        old = "" if number == 0 else "a former secret"
        text = base64.b64encode(secret)
        yield Candidate("", secret)  # a former one is accepted too while it rotates
        both = f" of {old}" if old else ""
        yield Candidate(
            f"the shown text 'whsec_...'{both} as the key, not the bytes that it encodes", b"whsec_" + text
        )
        yield Candidate(f"the base64 text{both} as the key, not the bytes that it encodes", text)
        yield Candidate(f"the hex text{both} as the key", secret.hex().encode())
    yield Candidate("an empty key", b"")


def _messages(raw: bytes, message_id: str, stamp: str) -> Iterator[Candidate]:
    """Ways to put together what is signed; ours first."""
    yield Candidate("", canonical(message_id, stamp, raw))
    for said, body in _bodies(raw):
        yield Candidate(said, canonical(message_id, stamp, body))
    head_id, head_time = message_id.encode(), stamp.encode()
    yield Candidate("the body alone, without id and timestamp", raw)
    yield Candidate("timestamp and body, without the id", head_time + b"." + raw)
    yield Candidate("id and body, without the timestamp", head_id + b"." + raw)
    yield Candidate("timestamp before id", head_time + b"." + head_id + b"." + raw)
    yield Candidate("the parts joined without dots", head_id + head_time + raw)
    yield Candidate("id and timestamp, without the body", head_id + b"." + head_time + b".")
    digest = hashlib.sha256(raw)
    yield Candidate(
        "a hash of the body in its place", canonical(message_id, stamp, digest.hexdigest().encode())
    )
    yield Candidate("base64 of the body in its place", canonical(message_id, stamp, base64.b64encode(raw)))
    if len(stamp) >= 12:
        yield Candidate(
            "the timestamp in seconds, but sent in milliseconds", canonical(message_id, stamp[:-3], raw)
        )
    else:
        yield Candidate("the timestamp in milliseconds", canonical(message_id, stamp + "000", raw))
    for said, body in _bodies(raw):
        yield Candidate(f"the body alone, without id and timestamp, {said}", body)


def _bodies(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Other writings of the same body."""
    stripped = raw.strip()
    for said, body in (
        ("the body with a newline at its end", raw + b"\n"),
        ("the body with a Windows newline at its end", raw + b"\r\n"),
        ("the body without the white space around it", stripped),
        ("the body with a byte order mark", b"\xef\xbb\xbf" + raw),
        ("an empty body", b""),
    ):
        if body != raw:
            yield said, body
    seen = {raw}
    for numbers, parse in (("", Decimal), (" and its numbers rewritten", float)):
        try:
            document = json.loads(raw, parse_float=parse)
        except (ValueError, ArithmeticError, RecursionError):  # an exponent beyond any use is arithmetic's
            return
        for said, text in _writings(document, kept_numbers=parse is Decimal):
            body = text.encode("utf-8", "surrogatepass")
            if body not in seen:
                seen.add(body)
                yield f"the body re-encoded {said}{numbers}", body


def _writings(document: Any, *, kept_numbers: bool) -> Iterator[tuple[str, str]]:
    encoder = _Plain if kept_numbers else json.JSONEncoder
    for order, sort in (("", False), (", its members sorted", True)):
        for ascii_said, ascii_only in ((" with \\u escapes", True), ("", False)):
            for said, separators, indent in (
                ("without spaces", (",", ":"), None),
                ("with spaces", (", ", ": "), None),
                ("indented by 2", (",", ": "), 2),
                ("indented by 4", (",", ": "), 4),
            ):
                try:
                    text = json.dumps(
                        document,
                        cls=encoder,
                        sort_keys=sort,
                        ensure_ascii=ascii_only,
                        separators=separators,
                        indent=indent,
                    )
                except (TypeError, ValueError, RecursionError):
                    return
                yield said + order + (ascii_said if ascii_only and "\\u" in text else ""), _unquoted(text)


_QUOTED = "\x00number\x00"


class _Plain(json.JSONEncoder):
    """Decimals as they were written: the library has no hook for numbers, so they go out marked and are unmarked."""

    def default(self, o: Any) -> Any:
        return f"{_QUOTED}{o}{_QUOTED}" if isinstance(o, Decimal) else super().default(o)


def _unquoted(text: str) -> str:
    mark = json.dumps(_QUOTED)[1:-1]
    return text.replace(f'"{mark}', "").replace(f'{mark}"', "")


def _cause(what: Candidate, key: Candidate, how: str) -> str:
    if key.said:
        return "wrong_key"
    if how:
        return "wrong_encoding"
    return "body_reencoded" if "body re-encoded" in what.said else "wrong_message"


def _difference(raw: bytes, what: Candidate) -> dict[str, Any]:
    """Where the body that was signed first differs from the one that was sent; nothing when the bodies are the same."""
    signed = next(
        (body for said, body in _bodies(raw) if said in what.said and what.value.endswith(body)), None
    )
    if signed is None:
        return {}
    offset = first_difference(raw, signed)
    if offset is None:
        return {}
    low = max(0, offset - _EXCERPT // 2)
    return {
        "firstDifference": offset,
        "sent": redact(raw)[low : offset + _EXCERPT].decode("utf-8", "replace"),
        "signedBody": redact(signed)[low : offset + _EXCERPT].decode("utf-8", "replace"),
        "advice": f"You signed {what.said.split(', without')[0].removesuffix(',')}; the first difference to what you sent is at byte "
        f"{offset}. Sign the very bytes that you send.",
    }


def first_difference(one: bytes, other: bytes) -> int | None:
    """The offset of the first byte that differs, None if they are equal."""
    for offset, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return offset
    return None if len(one) == len(other) else min(len(one), len(other))
