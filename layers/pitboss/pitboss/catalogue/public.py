"""What other contexts may use of the catalogue."""

from pitboss.catalogue.known import Known
from pitboss.catalogue.model import Brand, Game
from pitboss.catalogue.rules import Running
from pitboss.catalogue.store import all_brands, integration_known, integrations, read

__all__ = [
    "Brand",
    "Game",
    "Known",
    "Running",
    "brand",
    "enabled_brands",
    "game",
    "integration_known",
    "integrations",
    "known",
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
