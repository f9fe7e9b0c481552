"""The only place that reads the clock and draws randomness; the core is given both as arguments."""

import os
import time

from pitboss.kernel.ids import ulid


def now_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def new_ulid(instant_ms: int | None = None) -> str:
    """A fresh ULID, of now unless told otherwise."""
    return ulid(now_ms() if instant_ms is None else instant_ms, os.urandom(10))
