"""The tree of tenants, their keys and settings, as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["root", "operator", "agent"]
Status = Literal["active", "suspended", "closed"]
Approval = Literal["auto", "manual"]
WalletMode = Literal["transfer", "seamless"]

# Nobody's business is nested deeper, and every request reads the whole path of its tenant.
MAX_DEPTH = 6

# Calls per minute and key, by rate class; `concurrency` is calls at the same time per tenant (founding agent API: 50),
# `walletConcurrency` that of wallet calls, which are counted apart.
DEFAULT_LIMITS: Mapping[str, int] = {
    "standard": 100,
    "create": 10,
    "register": 200,
    "results": 500,
    "ingest": 6000,
    "wallet": 6000,
    "concurrency": 50,
    "walletConcurrency": 200,
}
# What one counter item can carry: DynamoDB writes an item at most 1,000 times a second.
CEILINGS: Mapping[str, int] = {
    "standard": 20_000,
    "create": 20_000,
    "register": 20_000,
    "results": 20_000,
    "ingest": 40_000,
    "wallet": 40_000,
    "concurrency": 500,
    "walletConcurrency": 500,
}


@dataclass(frozen=True, slots=True)
class Node:
    """A tenant. `path` holds the ids from the root down to this node, as in "/root/operator/agent/"."""

    id: str
    name: str
    kind: Kind
    parent_id: str
    path: str
    currency: str
    status: Status
    created_at: int
    version: int = 1

    @property
    def ancestry(self) -> tuple[str, ...]:
        """Ids from the root down to and with this node."""
        return tuple(self.path.strip("/").split("/"))

    @property
    def depth(self) -> int:
        """The root stands at 1."""
        return len(self.ancestry)


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """What a node itself has set, as stored: `limits` holds only what was stated. Version 0 is "never set"."""

    version: int = 0
    allowed_ips_text: str = ""
    allowed_ips: tuple[str, ...] = ()
    payouts_url: str = ""
    debits_url: str = ""
    game_url: str = ""
    approval: Approval = "auto"
    default_duration_minutes: int = 60
    grace_seconds: int = 60
    active_keys: int = 2
    limits: Mapping[str, int] = field(default_factory=dict)
    exponents: Mapping[str, int] = field(default_factory=dict)
    fx: Mapping[str, str] = field(default_factory=dict)
    branding: Mapping[str, str] = field(default_factory=dict)
    wallet_mode: WalletMode = "transfer"
    wallet_url: str = ""
    wallet_timeout_ms: int = 3000
    wallet_transactions: bool = False
    wallet_lock_on_failed: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """A tenant's settings in effect: its own, within what stands above it.

    * `exponents`: decimals of currencies beyond ISO 4217, its own and inherited.
    * `fx`: `{currency: (numerator, denominator)}`, one unit of it in units of `currency` (the tenant's), both in major
      units; its own rows over inherited ones of the same base currency.
    * `limits`: calls per minute by rate class, and `concurrency`; never above the parent's.
    * URLs are "" when not set and are not inherited: money never goes to an address its tenant did not name.
    * `game_url` may hold `{game}`, `{brand}` and `{tournament}`.
    * `wallet_mode` is that of players who are created from now on; a player keeps the mode he was created with.
    * `wallet_url` is the base of the operator's seamless wallet; `wallet_timeout_ms` bounds one call of it;
      `wallet_transactions` says that it takes whole lists at `/transaction`; `wallet_lock_on_failed` refuses bets of
      a player while a win or rollback of his stands on the failed list.
    """

    tenant_id: str
    version: int
    currency: str
    allowed_ips: tuple[str, ...]
    payouts_url: str
    debits_url: str
    game_url: str
    approval: Approval
    default_duration_ms: int
    default_grace_ms: int
    active_keys: int
    limits: Mapping[str, int]
    exponents: Mapping[str, int]
    fx: Mapping[str, tuple[int, int]]
    branding: Mapping[str, str]
    wallet_mode: WalletMode = "transfer"
    wallet_url: str = ""
    wallet_timeout_ms: int = 3000
    wallet_transactions: bool = False
    wallet_lock_on_failed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A tenant as admission sees it. `suspended_by` is the id of the highest suspended or closed node of
    its path, or ""."""

    node: Node
    settings: Settings
    suspended_by: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its owner sees it; the token itself is not here, nor anywhere. `hint` is how the token begins.

    `expires_at` and `revoked_at` are instants, 0 for never. `last_used` is a UTC day such as "2026-01-31", or "".
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    token_hash: str
    hint: str
    created_at: int
    created_by: str
    expires_at: int = 0
    revoked_at: int = 0
    last_used: str = ""

    def active(self, now: int) -> bool:
        """Whether the key opens the door at `now`."""
        return not self.revoked_at and not (self.expires_at and self.expires_at <= now)

    def to_record(self) -> dict[str, Any]:
        """As one row of the node's key register."""
        return {
            "id": self.id,
            "name": self.name,
            "scopes": list(self.scopes),
            "hash": self.token_hash,
            "hint": self.hint,
            "createdAt": self.created_at,
            "createdBy": self.created_by,
            "expiresAt": self.expires_at,
            "revokedAt": self.revoked_at,
            "lastUsed": self.last_used,
        }

    @staticmethod
    def from_record(row: Mapping[str, Any]) -> "ApiKey":
        """The inverse of `to_record`."""
        return ApiKey(
            row["id"],
            row["name"],
            tuple(row["scopes"]),
            row["hash"],
            row["hint"],
            row["createdAt"],
            row["createdBy"],
            row["expiresAt"],
            row["revokedAt"],
            row["lastUsed"],
        )
