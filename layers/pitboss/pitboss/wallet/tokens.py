"""Session and launch tokens: they name tenant, player and session themselves, so that a bet needs no lookup.

`ps_` (session) or `pl_` (launch) and base64url of `tenantId|playerId|sessionId|` and 16 random bytes. The wallet keeps
only a digest of the secret: whoever reads the table cannot play.
"""

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

SESSION, LAUNCH = "ps_", "pl_"
SECRET_BYTES = DIGEST_BYTES = 16
MAX_TOKEN = 512


class Token(NamedTuple):
    """What a token says; `digest` is what the wallet must hold for it to be true."""

    tenant_id: str
    player_id: str
    session_id: str
    digest: bytes


def digest_of(secret: bytes) -> bytes:
    """The 16 bytes that are stored for a secret."""
    return hashlib.sha256(secret).digest()[:DIGEST_BYTES]


def make(tenant_id: str, player_id: str, session_id: str, secret: bytes, prefix: str = SESSION) -> str:
    """A token; `secret` is 16 random bytes, the ids are ours and hold no `|`."""
    if len(secret) != SECRET_BYTES or "|" in tenant_id + player_id + session_id:
        raise ValueError("a token takes 16 bytes of secret and ids without |")
    head = f"{tenant_id}|{player_id}|{session_id}|".encode()
    return prefix + urlsafe_b64encode(head + secret).rstrip(b"=").decode()


def read(token: str, prefix: str = SESSION) -> Token | None:
    """What a token says, or None if it is none of ours. Whether it is true, `matches` tells."""
    if not token.startswith(prefix) or len(token) > MAX_TOKEN or not token.isascii():
        return None
    text = token[len(prefix) :]
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        head, secret = raw[:-SECRET_BYTES], raw[-SECRET_BYTES:]
        tenant_id, player_id, session_id, rest = head.decode("ascii").split("|")
    except (binascii.Error, ValueError):
        return None
    if rest or not (tenant_id and player_id and session_id):
        return None
    # Base64 has several spellings of one value; only ours is taken.
    if make(tenant_id, player_id, session_id, secret, prefix) != token:
        return None
    return Token(tenant_id, player_id, session_id, digest_of(secret))


def matches(token: Token, stored: bytes) -> bool:
    """Whether the stored digest is that of the token's secret; in constant time."""
    return len(stored) == DIGEST_BYTES and hmac.compare_digest(token.digest, stored)
