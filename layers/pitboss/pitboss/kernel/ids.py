"""Ids of ours are ULIDs; they come from a seed and a label, so that a repeated attempt names the same things."""

import hashlib

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _CROCKFORD for b in _CROCKFORD]
_VALUES = {char: value for value, char in enumerate(_CROCKFORD)}


def ulid(instant_ms: int, randomness: bytes) -> str:
    """26 characters, sortable by time: 48 bits of milliseconds, 80 bits of `randomness` (10 bytes)."""
    if len(randomness) != 10 or not 0 <= instant_ms < 1 << 48:
        raise ValueError("a ULID takes 48 bits of time and 10 bytes of randomness")
    number = (instant_ms << 80) | int.from_bytes(randomness, "big")
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def derive_ulid(seed: str, label: str) -> str:
    """A second id from the same attempt: the time of `seed` (a ULID), the rest from its hash with `label`."""
    digest = hashlib.blake2b(label.encode(), key=seed.encode(), digest_size=10).digest()
    tail = int.from_bytes(digest, "big")
    return seed[:10] + "".join(_CROCKFORD[(tail >> shift) & 31] for shift in range(75, -1, -5))


def ulid_instant(text: str) -> int:
    """The milliseconds inside a ULID. ValueError for anything else."""
    if len(text) != 26:
        raise ValueError("a ULID has 26 characters")
    value = 0
    for char in text[:10]:
        value = value * 32 + _CROCKFORD.index(char)
    return value


def is_ulid(text: str) -> bool:
    """Whether `text` has the form of a ULID of ours."""
    return len(text) == 26 and text[0] <= "7" and all(c in _CROCKFORD for c in text)


def ulid_bytes(text: str) -> bytes:
    """The 16 bytes of a ULID. KeyError or OverflowError for what is none (ask `is_ulid` first)."""
    number = 0
    for char in text:
        number = number << 5 | _VALUES[char]
    return number.to_bytes(16, "big")


def ulid_text(data: bytes) -> str:
    """The inverse of `ulid_bytes`; two characters at a time, since boards are made of many."""
    number = int.from_bytes(data, "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])
