"""Opaque cursors: a position in a list, bound to tenant, route and filters by a check value.

It is no secret that is guarded here: a forged cursor could only move inside the caller's own list. The check makes sure
that a cursor of another list, filter or tenant is refused instead of giving a page that means nothing.
"""

import base64
import binascii
import hashlib
import json
from typing import Any

from pitboss.kernel.refusal import FieldError, Refusal

_CHECK_BYTES = 9


def _check(position: bytes, bound_to: tuple[Any, ...]) -> bytes:
    key = hashlib.sha256(json.dumps(bound_to, separators=(",", ":")).encode()).digest()
    return hashlib.blake2b(position, key=key, digest_size=_CHECK_BYTES).digest()


def make(position: str, *bound_to: Any) -> str:
    """A cursor for a position, to be read with the same `bound_to` (texts, numbers, None)."""
    raw = position.encode()
    return base64.urlsafe_b64encode(_check(raw, bound_to) + raw).rstrip(b"=").decode()


def read(cursor: str | None, *bound_to: Any) -> str | None:
    """The position of a cursor, None if there is none. CURSOR_INVALID for anything that `make` did not make for this."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        check, position = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        if position and check == _check(position, bound_to):
            return position.decode()
    except (binascii.Error, ValueError):
        pass
    raise Refusal(
        "CURSOR_INVALID",
        "Take nextCursor of the page before, with the same filters, or leave it out.",
        errors=[FieldError("cursor", "not a cursor of this list")],
    )
