"""One byte form of a document, so that hashes of equal documents are equal for everyone (RFC 8785 for our subset:
no floats, keys sorted by code point, no insignificant white space, UTF-8)."""

import hashlib
import json
from typing import Any


def canonical_json(document: Any) -> bytes:
    """Canonical bytes of a document of dicts, lists, strings, integers, booleans and null. Floats raise TypeError."""
    _refuse_floats(document)
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(document: Any) -> str:
    """Hex SHA-256 of the canonical bytes."""
    return hashlib.sha256(canonical_json(document)).hexdigest()


def _refuse_floats(node: Any) -> None:
    if isinstance(node, float):
        raise TypeError("floats have no canonical form here; use integers or strings")
    if isinstance(node, dict):
        for key, value in node.items():
            if not isinstance(key, str):
                raise TypeError("keys of a canonical document are strings")
            _refuse_floats(value)
    elif isinstance(node, list | tuple):
        for value in node:
            _refuse_floats(value)
