"""The secrets of an integration's wallet calls: derived from the hub's master or issued by the vendor, in the spelling of
each protocol.

A derived secret stands nowhere: master, tenant, integration and generation give it again. Of one that the vendor issued
only the SHA-256 is kept where comparing is all that is needed (a static token), else it is sealed (AES-256-GCM) under a
key derived for that one generation.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pitboss.catalogue.public import WalletIntegration
from pitboss.dialects.model import Credential
from pitboss.dialects.profiles import vendors
from pitboss.platform.signing import printable_secret, provider_secret

_SEAL_SALT = b"pitboss/vendor-secrets/v1"
_DOOR_SALT = b"pitboss/doors/v1"
SPELLINGS: Mapping[str, str] = {
    "default": "Standard Webhooks secret",
    "slotcity-v4": "Callback-Token",
    "slotcity-v1": "API token that keys X-Request-Signature",
    "mascot": "key id and key value of X-Signature",
}


def door_id(master: bytes, tenant_id: str, integration: str) -> str:
    """The opaque id in the URL of a dialect: the same for the same integration, and nothing that could be guessed."""
    named = hmac.digest(_DOOR_SALT, master, hashlib.sha256)
    digest = hmac.digest(named, f"{tenant_id}\x1f{integration}".encode(), hashlib.sha256)
    return base64.b32encode(digest[:20]).decode().lower()


def dialect_of(profile: str) -> str:
    """Which codec speaks a profile: vendors without one of their own send the hub's calls."""
    return vendors()[profile].dialect or "default"


def derived(
    master: bytes, tenant_id: str, integration: str, generation: int, dialect: str
) -> tuple[str, str]:
    """`(secret, key id)` as the protocol spells them; the key id is "" where it has none."""
    secret = provider_secret(master, tenant_id, integration, generation)
    if dialect == "default":
        return printable_secret(secret), ""
    if dialect == "mascot":
        return secret.hex(), f"k{generation}"
    return str(UUID(bytes=secret[:16], version=4)), ""


def accepted(master: bytes, tenant_id: str, settings: WalletIntegration, now: int) -> list[Credential]:
    """Every credential that opens the integration's door at `now`, the one in force first."""
    dialect = dialect_of(settings.profile)
    found = []
    for generation in settings.generations(now):
        given = settings.given.get(generation)
        if given is None:
            secret, key_id = derived(master, tenant_id, settings.integration_id, generation, dialect)
            found.append(Credential(secret.encode(), b"", key_id))
        elif "hash" in given:
            found.append(Credential(digest=bytes.fromhex(given["hash"])))
        else:
            secret_of = _unsealed(master, _context(tenant_id, settings.integration_id, generation), given)
            found += [Credential(secret_of, b"", given["keyId"])] if secret_of else []
    return found


def _unsealed(master: bytes, context: bytes, given: Mapping[str, Any]) -> bytes:
    """A secret that was sealed; b"" if that was under another master: it opens nothing, and bars no other."""
    from cryptography.exceptions import InvalidTag

    try:
        return unseal(master, context, given["sealed"])
    except InvalidTag:
        return b""


def keep(
    master: bytes,
    tenant_id: str,
    integration: str,
    generation: int,
    dialect: str,
    secret: str,
    key_id: str,
    seed: str,
) -> dict[str, Any]:
    """What is stored of a secret that the vendor issued."""
    if dialect == "slotcity-v4":
        return {"hash": hashlib.sha256(secret.encode()).hexdigest()}
    context = _context(tenant_id, integration, generation)
    return {"sealed": seal(master, context, secret.encode(), seed), "keyId": key_id}


def _context(tenant_id: str, integration: str, generation: int) -> bytes:
    return f"{tenant_id}\x1f{integration}\x1f{generation}".encode()


def _seal_key(master: bytes, context: bytes) -> bytes:
    extracted = hmac.digest(_SEAL_SALT, master, hashlib.sha256)
    return hmac.digest(extracted, context + b"\x01", hashlib.sha256)


def seal(master: bytes, context: bytes, secret: bytes, seed: str) -> bytes:
    """Encrypt under a key of this context alone; `seed` makes the 12 bytes of the nonce. A context is used once."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = hashlib.sha256(seed.encode()).digest()[:12]
    return nonce + AESGCM(_seal_key(master, context)).encrypt(nonce, secret, context)


def unseal(master: bytes, context: bytes, sealed: bytes) -> bytes:
    """The inverse of `seal`; raises what `cryptography` raises if anything was changed."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(_seal_key(master, context)).decrypt(sealed[:12], sealed[12:], context)
