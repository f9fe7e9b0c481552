"""An agent with a brand, a game and a player on moto, and vendors who call it in their own protocols."""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Any

from pitboss.catalogue import known as memory
from pitboss.catalogue import public as catalogue
from pitboss.dialects import store
from pitboss.dialects.api import api
from pitboss.dialects.codecs import CODECS
from pitboss.dialects.model import Credential, Said, Terms
from pitboss.kernel.ids import ulid
from pitboss.platform import dynamo
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.tenancy import standing
from pitboss.tenancy.api import api as tenancy_api
from pitboss.wallet import public as wallets
from pitboss.wallet.public import Session, Wallet

from tests.functions import load
from tests.tenancy_world import Client, made, operator, root_client

INTEGRATION, BRAND, GAME = "studio", "aurora", "lucky-7"


def forget() -> None:
    """Nothing of an earlier world is remembered."""
    memory.forget()
    catalogue.forget_wallets()
    store.forget()
    standing.forget()


@dataclass
class World:
    """One agent; `call` speaks to the dialects' function with its API key."""

    tenant_id: str
    path: str
    call: Client
    tokens: dict[str, str] = field(default_factory=dict)
    players: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def make(currency: str = "EUR") -> "World":
        """A fresh agent with an integration, a brand and a game."""
        forget()
        app: Any = load("catalogue_api")
        tenant_id, client = operator(root_client(tenancy_api, currency))
        games = Client(app.api, client.token)
        brands = [{"ref": BRAND, "name": "Aurora"}]
        row = {"gameId": GAME, "displayName": "Lucky", "gameProviderDisplayName": "Studio"}
        made(
            games(
                "PUT",
                "/integrations/{id}/operators",
                [{"ref": "o", "name": "O", "brands": brands}],
                id=INTEGRATION,
            )
        )
        made(games("PUT", "/integrations/{id}/games", [row], id=INTEGRATION))
        found = standing.standing_of(tenant_id)
        assert found is not None
        return World(tenant_id, found.node.path, Client(api, client.token))

    def player(self, user_id: str, balance: int, *, currency: str = "EUR", exponent: int = 2) -> str:
        """A transfer player with a live session and a balance in minor units; answers the session token."""
        now = now_ms()
        player_id = new_ulid(now)
        fresh = Wallet(self.tenant_id, player_id, BRAND, user_id, currency, exponent, "transfer")
        dynamo.transact(wallets.open_wallet_ops(fresh))
        token = self.session(player_id, user_id)
        if balance:
            wallets.deposit(
                self.tenant_id, player_id, f"first-{user_id}", balance, now=now, seed=ulid(now, bytes(10))
            )
        return token

    def session(self, player_id: str, user_id: str) -> str:
        """Another session, which ends the one before."""
        now, secret = now_ms(), secrets.token_bytes(16)
        session_id = new_ulid(now)[-10:]
        digest = wallets.tokens.digest_of(secret)
        begun = Session(session_id, digest, "desktop", now, now + 3_600_000)
        wallets.change_wallet(
            self.tenant_id, player_id, lambda wallet: wallets.sessions.start(wallet, begun, now)
        )
        self.players[user_id] = player_id
        self.tokens[user_id] = wallets.tokens.make(self.tenant_id, player_id, session_id, secret)
        return self.tokens[user_id]

    def wallet(self, user_id: str) -> Wallet:
        """As it stands."""
        found = wallets.read_wallet(self.tenant_id, self.players[user_id])
        assert found is not None
        return found

    def change(self, user_id: str, **members: Any) -> None:
        """Status and the like."""
        from dataclasses import replace

        wallets.change_wallet(
            self.tenant_id, self.players[user_id], lambda wallet: replace(wallet, **members)
        )

    def vendor(self, profile: str, **body: Any) -> "Vendor":
        """Set the profile, make a secret, stand at the door."""
        view = made(
            self.call(
                "PUT",
                "/integrations/{id}/wallet",
                {"profile": profile, "brandId": BRAND, **body},
                id=INTEGRATION,
            )
        )
        secret = made(self.call("POST", "/integrations/{id}/wallet-secret", {}, id=INTEGRATION))
        credential = Credential(secret["secret"].encode(), b"", secret["keyId"] or "")
        return Vendor(self, profile, view["door"], credential)


@dataclass
class Vendor:
    """Who knocks at a door in the protocol of a profile."""

    world: World
    profile: str
    door: str
    credential: Credential
    source_ip: str = "203.0.113.9"
    nonce: int = 0

    @property
    def terms(self) -> Terms:
        """Codes and scale of the profile."""
        return Terms(self.profile, "minor" if self.profile == "mascot" else "decimal")

    def raw(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """One HTTP call to the door."""
        standing.forget()
        path, _, door = self.door.removeprefix("/api").rpartition("/")
        event = {
            "httpMethod": "POST",
            "resource": f"{path}/{{door}}",
            "pathParameters": {"door": door},
            "headers": {"Content-Type": "application/json", "Accept": "application/json", **headers},
            "requestContext": {"requestId": "req-1", "identity": {"sourceIp": self.source_ip}},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        answer = api.handler(event, None)
        return answer["statusCode"], answer["headers"], answer["body"].encode()

    def ask(self, document: dict[str, Any]) -> dict[str, Any]:
        """A document of the hub's contract through the vendor's protocol and back; raises Refusal."""
        codec = CODECS[self.profile]
        self.nonce += 1
        sent = codec.encode_request(document, self.terms, self.credential, now_ms() // 1000, str(self.nonce))
        status, headers, body = self.raw(sent.body, dict(sent.headers))
        lower = {name.lower(): value for name, value in headers.items()}
        return codec.decode_reply(document, Said(status, lower, body), self.terms)
