"""A provider in front of the wallet's function whose player's balance is the demo operator's wallet, over real HTTP.

The operator's server answers in a thread of its own while the hub waits.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pitboss.platform import dynamo, outgoing
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.tenancy.api import api as tenancy_api
from pitboss.wallet import callbacks_gateway, failed_store, resolve, resolve_rules
from pitboss.wallet import public as wallets
from pitboss.wallet.api import api
from pitboss.wallet.model import Tx, TxKey, Wallet

from tests.dialect_world import BRAND, INTEGRATION, World
from tests.functions import load
from tests.money_world import Script, http_server
from tests.provider_world import Provider
from tests.tenancy_world import Client, made


def demo_call(method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> Any:
    """The demo operator's function, with the demo token."""
    demo = load("demo_operator")

    event = {
        "httpMethod": method,
        "resource": path,
        "headers": {"X-Demo-Token": "look", "Content-Type": "application/json"},
        "queryStringParameters": query,
        "body": None if body is None else json.dumps(body),
        "requestContext": {"requestId": "demo"},
    }
    answer = demo.handler(event, None)
    assert answer["statusCode"] == 200, answer["body"]
    return json.loads(answer["body"])


def demo_wallet(path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
    """The demo operator's wallet behind the server."""
    demo = load("demo_operator")

    event = {
        "httpMethod": "POST",
        "resource": path,
        "headers": headers,
        "body": body.decode(),
        "requestContext": {"requestId": "demo"},
    }
    answer = demo.handler(event, None)
    return answer["statusCode"], answer["headers"]["Content-Type"], answer["body"].encode()


@dataclass
class Seamless:
    """One agent, one player (`ann`, 1000.00 EUR at the operator), one provider."""

    world: World
    provider: Provider
    player_id: str
    heard: list[tuple[str, dict[str, Any]]]

    @property
    def tenant_id(self) -> str:
        return self.world.tenant_id

    # -- the operator's side
    def control(self, **wishes: Any) -> Any:
        """Create or change ann at the operator."""
        who = {"tenantId": self.tenant_id, "brandId": BRAND, "userId": "ann"}
        return demo_call("POST", "/demo-operator/wallet/control", {**who, **wishes})

    def operator(self) -> Any:
        """Ann as the operator sees her."""
        who = {"tenantId": self.tenant_id, "brandId": BRAND, "userId": "ann"}
        return demo_call("GET", "/demo-operator/wallet/control", query=who)

    def faults(self, *faults: dict[str, Any]) -> None:
        """What the operator gets wrong next."""
        body = {"tenantId": self.tenant_id, "faults": list(faults), "replace": True}
        demo_call("POST", "/demo-operator/wallet/faults", body)

    def calls(self) -> list[str]:
        """What the operator was called for, in order, questions for the balance left out."""
        return [path for path, _ in self.heard if path != "balance"]

    # -- the hub's side
    def wallet(self) -> Wallet:
        found = wallets.read_wallet(self.tenant_id, self.player_id)
        assert found is not None
        return found

    def tx(self, ext_id: str, kind: str = "bet") -> Tx:
        found = wallets.read_tx(self.tenant_id, TxKey(INTEGRATION, kind, ext_id))
        assert found is not None
        return found

    def due(self) -> list[Tx]:
        """Everything that the index says will be due some day."""
        far = now_ms() + 40 * 3_600_000
        shards = range(resolve_rules.SHARDS)
        return [tx for shard in shards for tx in failed_store.due(shard, far, 1000)]

    def work(self) -> None:
        """The worker looks at everything, as if its time had come."""
        for tx in self.due():
            resolve.look(tx.tenant_id, tx.key, max(now_ms(), tx.due_at))
        callbacks_gateway.settle()


@contextmanager
def open_seamless(
    overrides: dict[str, Any] | None = None, script: Script = demo_wallet, **settings: Any
) -> Iterator[Seamless]:
    """See the module; `settings` go to PUT /settings."""
    heard: list[tuple[str, dict[str, Any]]] = []

    def listen(path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        heard.append((path.rpartition("/")[2], json.loads(body)))
        return script(path, headers, body)

    with http_server(listen) as url:
        world = World.make()
        tenancy = Client(tenancy_api, world.call.token)
        body = {
            "version": 0,
            "walletMode": "seamless",
            "walletUrl": f"{url}/demo-operator/wallet",
            "walletTimeoutMs": 1000,
            **settings,
        }
        made(tenancy("PUT", "/settings", body))
        profile = {"profile": "default", "overrides": overrides or {}}
        made(world.call("PUT", "/integrations/{id}/wallet", profile, id=INTEGRATION))
        printed = made(world.call("POST", "/integrations/{id}/wallet-secret", {}, id=INTEGRATION))["secret"]
        secret = base64.b64decode(printed.removeprefix("whsec_"))
        player_id, token = _player(world)
        seamless = Seamless(world, Provider(Client(api, world.call.token), secret, token), player_id, heard)
        seamless.control(currency="EUR", balance="1000.00")
        try:
            yield seamless
        finally:
            outgoing.forget_lines()


def _player(world: World) -> tuple[str, str]:
    now = now_ms()
    player_id = new_ulid(now)
    fresh = Wallet(world.tenant_id, player_id, BRAND, "ann", "EUR", 2, "seamless")
    dynamo.transact(wallets.open_wallet_ops(fresh))
    return player_id, world.session(player_id, "ann")


__all__ = ["BRAND", "INTEGRATION", "Seamless", "demo_wallet", "open_seamless"]
