"""API tokens as hashes; player tokens as EdDSA-signed JWTs that anyone can check against the JWKS.

PyJWT and cryptography are imported where they are used: most calls carry an API token and need neither.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pitboss.kernel.ids import derive_ulid, ulid
from pitboss.platform.caller import Caller
from pitboss.platform.clock import now_ms
from pitboss.tenancy.gateway import signing_seeds

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ISSUER = "pitboss"
AUDIENCE = "player"
ALGORITHM = "EdDSA"
MAX_TTL_S = 35 * 86_400
KEYS_KEPT_MS = 300_000
UNKNOWN_KID_MS = 30_000
HINT_CHARS = 8


def token_hash(token: str) -> str:
    """What is stored of an API token. A plain hash is enough for 122 random bits: there is nothing to guess."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _SigningKey:
    kid: str
    private: "Ed25519PrivateKey"
    jwk: dict[str, str]


_keys: tuple[int, tuple[_SigningKey, ...]] = (0, ())


def _derive(seed: bytes) -> _SigningKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    material = HKDF(SHA256(), 32, salt=None, info=b"pitboss player tokens, Ed25519").derive(seed)
    private = Ed25519PrivateKey.from_private_bytes(material)
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    members = {"crv": "Ed25519", "kty": "OKP", "x": _b64(raw)}
    # RFC 7638: the thumbprint over the required members in lexical order names the key.
    kid = _b64(hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest())
    return _SigningKey(kid, private, {**members, "alg": ALGORITHM, "use": "sig", "kid": kid})


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signing_keys(now: int, *, oldest_ms: int = KEYS_KEPT_MS) -> tuple[_SigningKey, ...]:
    global _keys
    read_at, keys = _keys
    if not keys or now - read_at > oldest_ms:
        keys = tuple(_derive(seed) for seed in signing_seeds())
        _keys = (now, keys)
    return keys


def forget_keys() -> None:
    """Drop the kept keys (tests)."""
    global _keys
    _keys = (0, ())


def mint_player_token(
    tenant_id: str,
    tournament_id: str,
    brand_id: str,
    player_id: str,
    display_name: str,
    now: int,
    ttl_s: int,
) -> str:
    """A player's JWT for one tournament.

    Args:
        now: instant of issue in milliseconds.
        ttl_s: life in seconds, at most 35 days (the longest tournament and its grace).

    Claims: `iss`, `aud` ("player"), `sub` (the player's id), `iat`, `exp`, `jti`, `tenant`, `tournament`, `brand`,
    `name`.
    """
    import jwt

    key = _signing_keys(now_ms())[0]
    issued = now // 1000
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": player_id,
        "iat": issued,
        "exp": issued + max(1, min(ttl_s, MAX_TTL_S)),
        "jti": derive_ulid(
            ulid(now, bytes(10)), f"{tenant_id}\x1f{tournament_id}\x1f{brand_id}\x1f{player_id}"
        ),
        "tenant": tenant_id,
        "tournament": tournament_id,
        "brand": brand_id,
        "name": display_name,
    }
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid})


def sign_bytes(content: bytes) -> tuple[str, bytes]:
    """Key id and Ed25519 signature of a document of the hub's. `content` begins with words that name its kind, so that a
    signature of one kind is never one of another, least of all a token (those begin with `eyJ`)."""
    if content.startswith(b"eyJ"):
        raise ValueError("tokens are not signed here")
    key = _signing_keys(now_ms())[0]
    return key.kid, key.private.sign(content)


def looks_like_jwt(token: str) -> bool:
    """Three dotted parts, the first a base64 JSON object: worth the import of a JWT library."""
    return token.startswith("eyJ") and token.count(".") == 2 and len(token) <= 4096


def read_player_token(token: str, now: int) -> Caller | None:
    """The player a token was minted for, or None if it is not ours, damaged or over."""
    import jwt

    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = next((k for k in _signing_keys(now) if k.kid == kid), None)
        if key is None:  # perhaps signed by a secret that was rotated in a moment ago
            key = next((k for k in _signing_keys(now, oldest_ms=UNKNOWN_KID_MS) if k.kid == kid), None)
        if key is None:
            return None
        claims: dict[str, Any] = jwt.decode(
            token,
            key.private.public_key(),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": ["exp", "iat", "sub", "tenant", "tournament", "brand"]},
        )
    except jwt.PyJWTError:
        return None
    player = f"{claims['brand']}\x1f{claims['sub']}"
    return Caller(
        kind="player",
        key_id="player-" + hashlib.sha256(player.encode()).hexdigest()[:16],
        tenant_id=claims["tenant"],
        path="",
        tournament_id=claims["tournament"],
        brand_id=claims["brand"],
        player_id=claims["sub"],
    )


def jwks() -> dict[str, Any]:
    """The public keys (RFC 7517) by which player tokens can be checked."""
    return {"keys": [key.jwk for key in _signing_keys(now_ms())]}
