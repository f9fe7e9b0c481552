"""Documents to signed bytes, with the faults of a message: a wrong signature, a changed byte, an old time stamp. Pure.

The signature is Standard Webhooks (platform/signing.py) over the bytes that are meant; a fault changes bytes after it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pitboss.platform import signing

_RAW = "\x00raw amount\x00"
FAULTS_OF_A_MESSAGE = frozenset({"sign", "flip", "reorder", "spaces", "stale", "future"})


@dataclass(frozen=True, slots=True)
class Sealed:
    """A message ready to be sent."""

    body: bytes
    headers: Mapping[str, str]


def amount_json(word: str) -> Any:
    """The amount of a script: `10` is sent as the string "10"; `=10.0` as the JSON written."""
    return word if not word.startswith("=") else _Raw(word[1:])


def scaled_json(word: str, scale: str, exponent: int) -> Any:
    """The amount of a script as a provider with this `moneyScale` writes it. What the scale cannot say is sent as the
    fraction that it is, which no wallet may take for an amount; JSON written out is sent as it stands."""
    amount = amount_json(word)
    if scale == "decimal" or not isinstance(amount, str):
        return amount
    number = Decimal(amount).scaleb(places_of(scale, exponent))
    return int(number) if number == number.to_integral_value() else _Raw(format(number, "f"))


def places_of(scale: str, exponent: int) -> int:
    """Decimals of the major unit that an integer of the scale stands for."""
    return {"minor": exponent, "millis": 3, "x100000": 5}[scale]


@dataclass(frozen=True, slots=True)
class _Raw:
    """JSON to be written as it stands: what no serializer would write must be sent too."""

    text: str


def document_bytes(document: Mapping[str, Any], **style: Any) -> bytes:
    """Compact JSON; a raw amount is put in as written, `=missing` leaves it out."""
    raw = document.get("amount")
    if not isinstance(raw, _Raw):
        return _dumps(document, style)
    if raw.text == "missing":
        return _dumps({k: v for k, v in document.items() if k != "amount"}, style)
    marked = _dumps({**document, "amount": _RAW}, style)
    return marked.replace(json.dumps(_RAW).encode(), raw.text.encode())


def _dumps(document: Mapping[str, Any], style: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, **{"separators": (",", ":"), **style}).encode()


def misshapen(document: Mapping[str, Any], wire: Mapping[str, str]) -> dict[str, Any]:
    """The document with what the sender gets wrong before signing: a missing, mistyped or additional member."""
    shaped = dict(document)
    if "missing" in wire:
        shaped.pop(wire["missing"], None)
    if "number" in wire:
        shaped[wire["number"]] = 12345
    if "extra" in wire:
        shaped["somethingNew"] = {"added": ["later", 1, None]}
    return shaped


def seal(
    document: Mapping[str, Any], wire: Mapping[str, str], *, secret: bytes, message_id: str, now_s: int
) -> Sealed:
    """Sign, then spoil what the script asks to be spoiled."""
    shaped = misshapen(document, wire)
    body = document_bytes(shaped)
    return spoil(shaped, body, wire, secret=secret, message_id=message_id, now_s=now_s)


def spoil(
    document: Mapping[str, Any],
    body: bytes,
    wire: Mapping[str, str],
    *,
    secret: bytes,
    message_id: str,
    now_s: int,
) -> Sealed:
    """Headers for the bytes that are meant, and the bytes that are sent."""
    stamp = now_s - int(wire["stale"]) if "stale" in wire else now_s + int(wire.get("future", "0"))
    key = secret[::-1] if wire.get("sign") == "wrong" else secret
    headers = signing.headers(key, message_id, stamp, body)
    if wire.get("sign") == "none":
        headers = {}
    if "flip" in wire:
        place = max(i for i, byte in enumerate(body) if byte < 128 and chr(byte).isalnum())
        body = body[:place] + (b"x" if body[place : place + 1] != b"x" else b"y") + body[place + 1 :]
    elif "reorder" in wire:
        body = document_bytes(dict(reversed(list(document.items()))))
    elif "spaces" in wire:
        body = document_bytes(document, separators=(", ", ": "))
    return Sealed(body, headers)


BODIES: Mapping[str, bytes] = {
    "html": b"<html><body>Bad gateway</body></html>",
    "empty": b"",
    "list": b'[{"action":"bet"}]',
    "cut": b'{"action":"bet","amount":"10',
    "deep": b'{"action":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
}
