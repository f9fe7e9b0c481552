"""A tenant as every request needs it, kept for a few seconds in the execution environment."""

from pitboss.platform.clock import now_ms
from pitboss.tenancy.model import Standing
from pitboss.tenancy.rules import effective
from pitboss.tenancy.store import read_path

# With API Gateway's 30 s for tokens, a suspension or a changed allowlist is in force well within a minute.
KEPT_MS = 5_000
KEPT_TENANTS = 512

_kept: dict[str, tuple[int, Standing]] = {}


def standing_of(tenant_id: str, now: int | None = None) -> Standing | None:
    """Node, settings in effect and suspension of a tenant, at most five seconds old; None if there is no such tenant."""
    moment = now_ms() if now is None else now
    kept = _kept.get(tenant_id)
    if kept is not None and 0 <= moment - kept[0] < KEPT_MS:
        return kept[1]
    path = read_path(tenant_id)
    if not path:
        _kept.pop(tenant_id, None)
        return None
    fresh = effective(path)
    if len(_kept) >= KEPT_TENANTS:
        _kept.pop(next(iter(_kept)))
    _kept[tenant_id] = (moment, fresh)
    return fresh


def forget(tenant_id: str | None = None) -> None:
    """Drop what is kept: of one tenant after its own change, of all in tests."""
    if tenant_id is None:
        _kept.clear()
    else:
        _kept.pop(tenant_id, None)
