"""The control door of a wallet under test: makes players, bars them, orders faults, shows the books.

It is the demo wallet's own door; a wallet of somebody's test system may offer the same (docs/certify.md).
"""

import json
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from pitboss.certify.gateway import Line
from pitboss.certify.model import Exchange, SetupFailed
from pitboss.certify.scene import Player


class OperatorControl(Protocol):
    """What a case may want of an operator beside its wallet."""

    async def put(self, player: Player, **wishes: Any) -> None:
        """Create a player, or set its `balance` (decimal string), `status` or `limits`."""
        ...

    async def look(self, player: Player) -> Mapping[str, Any]:
        """Balance, status and transactions of a player, as the wallet itself has them."""
        ...

    async def fault(self, player: Player, action: str, kind: str, times: int) -> None:
        """The next `times` calls of this action for this player go wrong in this way."""
        ...

    def close(self) -> None:
        """Give back what was opened."""
        ...


class OperatorDoor:
    """Calls to `<url>/control` and `<url>/faults`, guarded by a token in X-Demo-Token."""

    def __init__(self, line: Line, token: str, tenant_id: str) -> None:
        self.line = line
        self.token = token
        self.tenant_id = tenant_id

    def close(self) -> None:
        """Give the connections back."""
        self.line.close()

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        content = json.dumps(body).encode() if body is not None else b""
        headers = {"Accept": "application/json", "X-Demo-Token": self.token}
        if content:
            headers["Content-Type"] = "application/json"
        exchange = await self.line.call(method, path, content, headers, {})
        return read_json(exchange, "the wallet's control door")

    async def put(self, player: Player, **wishes: Any) -> None:
        """Create a player, or set its balance, status or limits."""
        await self._call(
            "POST",
            "/control",
            {
                "tenantId": player.extra.get("tenantId", self.tenant_id),
                "brandId": player.brand_id,
                "userId": player.user_id,
                "currency": player.currency,
                **wishes,
            },
        )

    async def look(self, player: Player) -> Mapping[str, Any]:
        """Balance, status and transactions of a player, as the wallet itself has them."""
        query = urlencode(
            {
                "tenantId": player.extra.get("tenantId", self.tenant_id),
                "brandId": player.brand_id,
                "userId": player.user_id,
            }
        )
        found: Mapping[str, Any] = await self._call("GET", f"/control?{query}")
        return found

    async def fault(self, player: Player, action: str, kind: str, times: int) -> None:
        """The next `times` calls of this action for this player go wrong in this way."""
        await self._call(
            "POST",
            "/faults",
            {
                "tenantId": player.extra.get("tenantId", self.tenant_id),
                "faults": [{"action": action, "userId": player.user_id, "kind": kind, "times": times}],
            },
        )


def read_json(exchange: Exchange, what: str) -> Any:
    """The JSON of a 2xx answer. Raises SetupFailed with the exchange otherwise."""
    try:
        document = json.loads(exchange.answer) if exchange.answer else {}
    except (ValueError, RecursionError):
        document = None
    if not 200 <= exchange.status < 300 or document is None:
        told = document.get("detail", "") if isinstance(document, dict) else exchange.answer[:200]
        raise SetupFailed(f"{what} answered HTTP {exchange.status}: {told or exchange.note}", exchange)
    return document
