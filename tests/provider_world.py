"""A game provider in front of the wallet's function on moto: signed calls in the hub's own protocol."""

import base64
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from pitboss.platform import signing
from pitboss.platform.clock import now_ms
from pitboss.wallet.api import api

from tests.dialect_world import BRAND, GAME, INTEGRATION, World
from tests.tenancy_world import Client, Reply, made

_numbers = itertools.count(1)


@dataclass
class Provider:
    """Signs and sends. `client` is the API key's way in; `token` the session of the player that plays."""

    client: Client
    secret: bytes
    token: str
    integration: str = INTEGRATION
    game: str = GAME
    skew_s: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def raw(self, action: str, content: bytes, *, nonce: str = "", **headers: str) -> Reply:
        """These bytes, signed."""
        stamp = now_ms() // 1000 + self.skew_s
        message_id = nonce or f"msg-{next(_numbers)}"
        sent = {
            "Pitboss-Provider": self.integration,
            **signing.headers(self.secret, message_id, stamp, content),
            **self.headers,
            **headers,
        }
        return self.client("POST", f"/wallet/{action}", raw=content, headers=sent)

    def __call__(self, route: str, /, *, nonce: str = "", **body: Any) -> Reply:
        """One action's message; the session token and the action stand in it unless given."""
        who = {} if "userId" in body or "sessionToken" in body else {"sessionToken": self.token}
        return self.raw(route, json.dumps({"action": route, **who, **body}).encode(), nonce=nonce)

    def bet(self, tx: str, amount: Any = "10.00", round_id: str = "r1", **more: Any) -> Reply:
        """A bet."""
        body = {
            "transactionId": tx,
            "roundId": round_id,
            "gameId": self.game,
            "amount": amount,
            "currency": "EUR",
        }
        return self("bet", **{**body, **more})

    def win(self, tx: str, amount: Any = "20.00", round_id: str = "r1", **more: Any) -> Reply:
        """A win."""
        body = {
            "transactionId": tx,
            "roundId": round_id,
            "gameId": self.game,
            "amount": amount,
            "currency": "EUR",
        }
        return self("win", **{**body, **more})

    def back(self, tx: str, original: str, **more: Any) -> Reply:
        """A rollback."""
        return self("rollback", transactionId=tx, originalTransactionId=original, **more)

    def balance(self) -> str:
        """What the player has."""
        return str(made(self("balance"))["balance"])


def open_world(balance: int = 100_000, profile: str = "default") -> tuple[World, Provider]:
    """An agent with one player who has 1,000.00 EUR, and the provider of its game."""
    world = World.make()
    made(world.call("PUT", "/integrations/{id}/wallet", {"profile": profile}, id=INTEGRATION))
    printed = made(world.call("POST", "/integrations/{id}/wallet-secret", {}, id=INTEGRATION))["secret"]
    secret = base64.b64decode(printed.removeprefix("whsec_"))
    token = world.player("ann", balance)
    return world, Provider(Client(api, world.call.token), secret, token)


__all__ = ["BRAND", "GAME", "INTEGRATION", "Provider", "open_world"]
