"""Answers of the routes that tell about the API itself."""

from typing import Literal

from pitboss.platform.models import Model


class Health(Model):
    """The front door is open; what lies behind is watched by alarms, not by this."""

    status: Literal["ok"]
    time: str


class Jwk(Model):
    """A public key (RFC 8037)."""

    kty: str
    kid: str
    alg: str
    use: str
    crv: str
    x: str


class Jwks(Model):
    """The keys that player tokens are verified with (RFC 7517)."""

    keys: list[Jwk]
