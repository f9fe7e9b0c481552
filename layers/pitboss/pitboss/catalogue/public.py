"""What other contexts may use of the catalogue."""

from pitboss.catalogue import links
from pitboss.catalogue.known import Known
from pitboss.catalogue.model import Brand, Game
from pitboss.catalogue.rules import Running
from pitboss.catalogue.store import all_brands, all_games, integration_known, integrations, read
from pitboss.catalogue.wallets import WalletIntegration
from pitboss.catalogue.wallets import forget as forget_wallets
from pitboss.catalogue.wallets import kept as wallet_integration
from pitboss.catalogue.wallets import read_fresh as read_wallet_integration
from pitboss.catalogue.wallets import save as save_wallet_integration

__all__ = [
    "Brand",
    "Game",
    "Known",
    "Running",
    "WalletIntegration",
    "all_games",
    "brand",
    "enabled_brands",
    "forget_wallets",
    "game",
    "integration_known",
    "integrations",
    "known",
    "links",
    "read",
    "read_wallet_integration",
    "save_wallet_integration",
    "wallet_integration",
]


def known(tenant_id: str, now: int | None = None) -> Known:
    """A view of the tenant's brands and games for one request; call `want(brands, games)` once, then `fault(...)`."""
    return Known(tenant_id, now)


def brand(tenant_id: str, ref: str) -> Brand | None:
    """One brand, read strongly, or None."""
    return read(tenant_id, (ref,), ())[0].get(ref)


def game(tenant_id: str, slug: str) -> Game | None:
    """One game, read strongly, or None."""
    return read(tenant_id, (), (slug,))[1].get(slug)


def enabled_brands(tenant_id: str) -> list[str]:
    """Refs of every enabled brand of the tenant, sorted: who takes part where nobody is named."""
    return sorted(brand.ref for brand in all_brands(tenant_id) if brand.enabled)
