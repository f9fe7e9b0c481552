"""What a certification of the hub needs before the first call: agents, keys, games, secrets, players, all by the public API.

Every run makes agents of its own below the node whose token it was given, so that it disturbs nobody and can be repeated.
"""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from pitboss.certify.gateway import Line
from pitboss.certify.model import Exchange, SetupFailed
from pitboss.certify.replies import WAIT

ATTEMPTS = 12
CALLBACK_MS = 4000  # below the 4.5 s that a slow answer of the demo wallet takes, above its cold start
GENEROUS = {
    "standard": 6000,
    "create": 600,
    "register": 6000,
    "results": 6000,
    "wallet": 60_000,
    "concurrency": 200,
    "walletConcurrency": 200,
}
# An address of the documentation range (RFC 5737): nobody ever calls from there.
NOWHERE = "203.0.113.7"


@dataclass(frozen=True, slots=True)
class HubSettings:
    """How to reach the hub, and the operator's wallet of seamless agents with its control door. `label` is the run that the
    agents are named by; a run that is taken up again after a death has another `run_id`, but the same label."""

    url: str
    token: str
    mode: str
    wallet_url: str = ""
    control_token: str = ""
    tenant_id: str = ""
    label: str = ""
    profile: str = "default"


@dataclass(slots=True)
class Provider:
    """An integration as its game provider sees it."""

    integration_id: str
    secret: bytes
    games: tuple[str, str]


@dataclass(slots=True)
class Agent:
    """One agent of the run, with what its servers know."""

    name: str
    tenant_id: str
    token: str
    currency: str
    brand_id: str
    providers: dict[str, Provider] = field(default_factory=dict)


class Api:
    """The management API with one token, for the token's node or a node below it."""

    def __init__(self, line: Line, token: str, tenant_id: str = "") -> None:
        self.line = line
        self.token = token
        self.tenant_id = tenant_id

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        content_type: str = "application/json",
    ) -> Exchange:
        """One call, repeated under the same Idempotency-Key while the answer says that it may be."""
        headers = {"Accept": "application/json", "Authorization": f"Bearer {self.token}"}
        if self.tenant_id:
            headers["Pitboss-Tenant"] = self.tenant_id
        if method in ("POST", "PUT", "PATCH"):
            headers["Content-Type"] = content_type
            content = (
                content if content is not None else json.dumps(body if body is not None else {}).encode()
            )
        if method == "POST":
            headers["Idempotency-Key"] = f"certify-{secrets.token_hex(12)}"
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        where = f"{path}?{urlencode(asked)}" if asked else path
        exchange = await self.line.call(method, where, content or b"", headers, {})
        for attempt in range(ATTEMPTS):
            if not _passing(exchange):
                break
            await asyncio.sleep(min(3.0, 0.1 * 2**attempt))
            exchange = await self.line.call(method, where, content or b"", headers, {})
        return exchange

    async def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The document of a 2xx answer. Raises SetupFailed."""
        exchange = await self.call(method, path, body, query=query)
        return read(exchange, f"{method} {path}")


def _passing(exchange: Exchange) -> bool:
    if exchange.status in (0, 502):
        return True
    if exchange.status < 400:
        return False
    try:
        document = json.loads(exchange.answer)
    except ValueError:
        return exchange.status >= 500
    return isinstance(document, dict) and (document.get("name") in WAIT or bool(document.get("retryable")))


def read(exchange: Exchange, what: str) -> Any:
    """The JSON of a 2xx answer. Raises SetupFailed with the exchange otherwise."""
    try:
        document = json.loads(exchange.answer) if exchange.answer else {}
    except ValueError:
        document = None
    if not 200 <= exchange.status < 300 or document is None:
        told = document.get("detail", "") if isinstance(document, dict) else exchange.answer[:200]
        raise SetupFailed(f"{what} answered HTTP {exchange.status}: {told or exchange.note}", exchange)
    return document


class Stage:
    """Makes agents and integrations as cases ask for them, each once."""

    def __init__(self, settings: HubSettings, run_id: str, line: Line) -> None:
        self.settings = settings
        self.run_id = run_id
        self.line = line
        self.owner = Api(line, settings.token, settings.tenant_id)
        self.short = (settings.label or run_id)[-8:].lower()
        self._agents: dict[str, Agent] = {}
        self._doors: dict[str, asyncio.Lock] = {}

    def api(self, agent: Agent, *, own: bool = False) -> Api:
        """The management API for an agent: its own key, or the owner's acting for it."""
        return Api(self.line, agent.token) if own else Api(self.line, self.settings.token, agent.tenant_id)

    async def agent(self, name: str) -> Agent:
        """`EUR`, `JPY` ... for a currency; `other`, `walled`, `narrow` are further ones in EUR."""
        async with self._doors.setdefault(name, asyncio.Lock()):
            if name not in self._agents:
                self._agents[name] = await self._make(name)
            return self._agents[name]

    @property
    def _named(self) -> str:
        return f"Certification {self.short} "

    async def put_away(self) -> None:
        """Close the run's agents, those of an attempt that died too: nobody plays there again, and they leave the lists of
        the node that lent itself to them. What cannot be closed now is left: the results do not hang on it."""
        cursor: str | None = ""
        found: list[str] = []
        while cursor is not None:
            asked = {"limit": 200, **({"cursor": cursor} if cursor else {})}
            page = await self.owner.ask("GET", "/agents", **asked)
            found += [row["agentId"] for row in page["agents"] if row["name"].startswith(self._named)]
            cursor = page["nextCursor"]
        for agent_id in found:
            await self.owner.call("PATCH", f"/agents/{agent_id}", {"status": "closed"})

    async def _make(self, name: str) -> Agent:
        currency = name if name.isupper() else "EUR"
        made = await self.owner.ask(
            "POST",
            "/agents",
            {"name": f"{self._named}{name}", "kind": "agent", "currency": currency},
        )
        tenant_id = made["agentId"]
        key = await self.owner.ask(
            "POST", "/api-keys", {"name": "certification", "scopes": ["*"], "agentId": tenant_id}
        )
        agent = Agent(name, tenant_id, key["token"], currency, f"house-{self.short}")
        api = self.api(agent)
        await self._settings(api, name)
        await api.ask(
            "PUT",
            "/integrations/certify/operators",
            [
                {
                    "ref": "certify",
                    "name": "Certification",
                    "brands": [{"ref": agent.brand_id, "name": "House"}],
                }
            ],
        )
        agent.providers[""] = await self._provider(agent, "certify", {})
        if name == "walled":
            await self._put_settings(api, allowedIps=NOWHERE)
        return agent

    async def _settings(self, api: Api, name: str) -> None:
        limits = {**GENEROUS, "walletConcurrency": 1} if name == "narrow" else GENEROUS
        in_force = (await api.ask("GET", "/settings"))["limitsInForce"]
        # Nobody may have more than what stands above.
        wanted = {key: min(value, max(in_force[key], 1)) for key, value in limits.items() if key in in_force}
        changes: dict[str, Any] = {"limits": wanted}
        if self.settings.mode == "seamless":
            changes |= {
                "walletMode": "seamless",
                "walletUrl": self.settings.wallet_url,
                "walletTransactions": True,
                "walletTimeoutMs": CALLBACK_MS,
            }
        await self._put_settings(api, **changes)

    async def _put_settings(self, api: Api, **changes: Any) -> None:
        """Change some settings and leave the others as they are."""
        found = await api.ask("GET", "/settings")
        told = {"tenantId", "currency", "limitsInForce", "exponentsInForce", "fxInForce", "warnings"}
        kept = {name: value for name, value in found.items() if name not in told}
        await api.ask(
            "PUT", "/settings", {**kept, **changes, "limits": {**kept["limits"], **changes.get("limits", {})}}
        )

    async def provider(self, agent: Agent, overrides: Mapping[str, str]) -> Provider:
        """The integration whose profile has these switches; the agent's usual one when there are none."""
        name = ",".join(f"{key}={overrides[key]}" for key in sorted(overrides))
        async with self._doors.setdefault(f"{agent.name}/{name}", asyncio.Lock()):
            if name not in agent.providers:
                short = hashlib.sha256(name.encode()).hexdigest()[:8]
                made = await self._provider(agent, f"certify-{short}", overrides)
                agent.providers[name] = made
            return agent.providers[name]

    async def _provider(self, agent: Agent, integration: str, overrides: Mapping[str, str]) -> Provider:
        from pitboss.certify.secret import secret_bytes

        api = self.api(agent)
        games = (f"{integration}-reels", f"{integration}-wheel")
        await api.ask(
            "PUT",
            f"/integrations/{integration}/games",
            [
                {
                    "gameId": game,
                    "displayName": game,
                    "gameProviderDisplayName": "Certification",
                    "isFreeroundSupported": True,
                }
                for game in games
            ],
        )
        await api.ask(
            "PUT",
            f"/integrations/{integration}/wallet",
            {"profile": self.settings.profile, "overrides": dict(overrides)},
        )
        made = await api.ask("POST", f"/integrations/{integration}/wallet-secret", {})
        return Provider(integration, secret_bytes(made["secret"]), games)
