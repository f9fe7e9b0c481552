"""Who calls: what the authorizer found out, as every use case sees it."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

SCOPES = (
    "tournaments.read",
    "tournaments.write",
    "tournaments.delete",
    "players.read",
    "players.write",
    "results.read",
    "games.read",
    "games.write",
    "rounds.write",
    "wallet.write",
    "agents.read",
    "agents.write",
    "points.write",
    "reports.read",
    "webhooks.read",
    "webhooks.write",
    "keys.write",
    "audit.read",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated caller of one request.

    `tenant_id` is the node of the key; `path` its place in the tree ("/root/op/agent/"), so that a node below it
    is recognised by prefix. A player (`kind == "player"`) carries the tournament and player its token was minted for.
    """

    kind: Literal["api", "player"]
    key_id: str
    tenant_id: str
    path: str
    scopes: frozenset[str] = frozenset()
    allowed_ips: tuple[str, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)
    tournament_id: str = ""
    brand_id: str = ""
    player_id: str = ""

    def to_context(self) -> str:
        """The authorizer's context value (API Gateway carries only strings, numbers and booleans)."""
        return json.dumps(
            {
                "k": self.kind,
                "i": self.key_id,
                "t": self.tenant_id,
                "p": self.path,
                "s": sorted(self.scopes),
                "a": list(self.allowed_ips),
                "l": self.limits,
                "o": self.tournament_id,
                "b": self.brand_id,
                "u": self.player_id,
            },
            separators=(",", ":"),
        )

    @staticmethod
    def from_context(text: str) -> "Caller":
        """The inverse of `to_context`."""
        raw: dict[str, Any] = json.loads(text)
        return Caller(
            raw["k"],
            raw["i"],
            raw["t"],
            raw["p"],
            frozenset(raw["s"]),
            tuple(raw["a"]),
            raw["l"],
            raw["o"],
            raw["b"],
            raw["u"],
        )
