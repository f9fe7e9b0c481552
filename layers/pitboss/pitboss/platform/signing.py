"""Signatures of messages that leave the hub: Standard Webhooks (id, timestamp, body under HMAC-SHA256).

One secret per tenant, derived (HKDF, RFC 5869) from one master, so that nothing per tenant has to be stored or rotated
apart. Anyone can verify with the public `standardwebhooks` libraries.
"""

import base64
import hashlib
import hmac

TOLERANCE_S = 300
_SALT = b"pitboss/callback-secrets/v1"
_PROVIDER_SALT = b"pitboss/provider-secrets/v1"


def tenant_secret(master: bytes, tenant_id: str) -> bytes:
    """The 32 bytes that sign messages to a tenant."""
    extracted = hmac.digest(_SALT, master, hashlib.sha256)
    return hmac.digest(extracted, tenant_id.encode() + b"\x01", hashlib.sha256)


def provider_secret(master: bytes, tenant_id: str, integration_id: str, generation: int) -> bytes:
    """The 32 bytes with which an integration signs its wallet calls to a tenant. A new generation is a new secret, so
    rotating needs nothing kept but a number."""
    extracted = hmac.digest(_PROVIDER_SALT, master, hashlib.sha256)
    named = f"{tenant_id}\x1f{integration_id}\x1f{generation}".encode()
    return hmac.digest(extracted, named + b"\x01", hashlib.sha256)


def printable_secret(secret: bytes) -> str:
    """The form that is shown to the operator and that the libraries take: `whsec_` and base64."""
    return "whsec_" + base64.b64encode(secret).decode()


def signature(secret: bytes, message_id: str, timestamp_s: int, body: bytes) -> str:
    """One signature, `v1,<base64>`."""
    signed = f"{message_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def headers(secret: bytes, message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers of a signed message."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature(secret, message_id, timestamp_s, body),
    }


def fault(secret: bytes, given: dict[str, str], body: bytes, now_s: int) -> str:
    """Why a received message is not authentic, "" if it is. `given` has lower-case header names."""
    message_id, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not message_id or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 15):
        return "webhook-id and webhook-timestamp are required"
    if abs(now_s - int(stamp)) > TOLERANCE_S:
        return "the timestamp is outside the window"
    expected = signature(secret, message_id, int(stamp), body).encode()
    # Several signatures, apart by spaces, let a secret be rotated.
    for one in given.get("webhook-signature", "").encode("utf-8", "replace").split(b" "):
        if hmac.compare_digest(one, expected):
            return ""
    return "the signature does not match"
