"""What other contexts may use of tenancy."""

from typing import TYPE_CHECKING, Any

from pitboss.kernel.money import exponent_of
from pitboss.kernel.refusal import Refusal
from pitboss.tenancy.gate import TenantGate
from pitboss.tenancy.hotgate import HotGate
from pitboss.tenancy.model import Node, Settings, Standing
from pitboss.tenancy.service import bootstrap_root
from pitboss.tenancy.standing import standing_of
from pitboss.tenancy.tokens import jwks, mint_player_token, sign_bytes

if TYPE_CHECKING:
    from pitboss.platform.http import Gate

__all__ = [
    "HotGate",
    "Node",
    "Settings",
    "Standing",
    "create_root",
    "exponent",
    "gate",
    "jwks",
    "mint_player_token",
    "node",
    "settings_of",
    "sign_bytes",
    "standing_of",
]

gate: "Gate" = TenantGate()


def settings_of(tenant_id: str) -> Settings:
    """The tenant's settings in effect, at most five seconds old. Refusal AGENT_NOT_FOUND if there is no such tenant."""
    found = standing_of(tenant_id)
    if found is None:
        raise Refusal("AGENT_NOT_FOUND", "There is no such agent.")
    return found.settings


def node(tenant_id: str) -> Node | None:
    """The tenant's node, at most five seconds old, or None."""
    found = standing_of(tenant_id)
    return found.node if found else None


def exponent(tenant_id: str, currency: str) -> int:
    """Decimals of a currency for this tenant. Refusal CURRENCY_NOT_SUPPORTED if nobody defined it."""
    try:
        return exponent_of(currency, settings_of(tenant_id).exponents)
    except KeyError:
        raise Refusal(
            "CURRENCY_NOT_SUPPORTED",
            f"{currency} is neither an ISO 4217 currency nor in the settings' exponents.",
            facts={"currency": currency},
        ) from None


def create_root(name: str, currency: str) -> str:
    """Make a root node and its first key; answers the token, which is kept nowhere. For operators with AWS credentials."""
    made: dict[str, Any] = bootstrap_root(name, currency)
    return str(made["token"])
