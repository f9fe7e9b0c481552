"""A Merkle tree over the rows of a result, so that one player can prove a row without seeing the others.

Hashes as in RFC 6962: a leaf is SHA-256 of 0x00 and the row's canonical JSON, a node of 0x01 and its two children,
and the tree of n leaves splits at the largest power of two below n. Hex throughout.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from pitboss.kernel.canonical import canonical_json


def leaf(row: Any) -> bytes:
    """The hash of one row."""
    return hashlib.sha256(b"\x00" + canonical_json(row)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    # Pairing from the left and carrying an odd one up gives the same tree as splitting at the power of two.
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [_node(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
        if len(below) % 2:
            above.append(below[-1])
        levels.append(above)
    return levels


def root(rows: Sequence[Any]) -> str:
    """The root over the rows in order; of no rows the hash of nothing."""
    if not rows:
        return hashlib.sha256(b"").hexdigest()
    return _levels([leaf(row) for row in rows])[-1][0].hex()


def path(rows: Sequence[Any], index: int) -> list[dict[str, str]]:
    """The siblings from the row at `index` up to the root: [{side: left|right, hash}]. IndexError if it is not there."""
    if not 0 <= index < len(rows):
        raise IndexError(index)
    steps: list[dict[str, str]] = []
    for level in _levels([leaf(row) for row in rows])[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            steps.append({"side": "left" if sibling < index else "right", "hash": level[sibling].hex()})
        index //= 2
    return steps


def climb(row: Any, steps: Sequence[dict[str, str]]) -> str:
    """The root that a row and its path lead to: what whoever holds a receipt computes."""
    at = leaf(row)
    for step in steps:
        sibling = bytes.fromhex(step["hash"])
        at = _node(sibling, at) if step["side"] == "left" else _node(at, sibling)
    return at.hex()
