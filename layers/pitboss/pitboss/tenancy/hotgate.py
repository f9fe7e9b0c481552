"""Admission of hot calls (the wallet's, rounds in) without a write for each: an execution environment leases what it needs.

An ordinary call counts itself (1 write unit) and takes and gives back a slot (2). A bet as a whole may cost 5, so here an
environment leases a share of the minute's calls at once, and holds one slot for as long as it goes on being used. Since
an environment runs one call at a time, slots held are calls running, or environments that ran one within the last
`HOLD_S` seconds: the limit is kept strictly, and may be met a little early after a burst.
"""

from dataclasses import dataclass
from typing import NamedTuple

from pitboss.kernel.refusal import Refusal
from pitboss.platform.clock import new_ulid
from pitboss.platform.observe import count
from pitboss.tenancy import admission
from pitboss.tenancy.model import Standing

# A share is what 1/100 of the limit allows, so that a hundred busy environments can all hold one.
SHARES = 100
HOLD_S = 12
RENEW_MS = 6_000
MOST_KEPT = 256


class Lane(NamedTuple):
    """A hot rate class: the limit that bounds its slots, and the item that keeps them. None shares its slots with ordinary
    calls: what environments still hold after a burst must not keep those out."""

    limit: str
    slots: str


LANES = {"wallet": Lane("walletConcurrency", "WALLET"), "ingest": Lane("concurrency", "INGEST")}


@dataclass(slots=True)
class _Share:
    minute: int
    left: int
    used: int


class HotGate:
    """What one execution environment holds of the limits of its tenants' hot classes."""

    def __init__(self) -> None:
        self._name = ""
        self._shares: dict[tuple[str, str, str], _Share] = {}
        self._slots: dict[tuple[str, str], int] = {}

    def admit(
        self, standing: Standing, key_id: str, now: int, limit_class: str = "wallet"
    ) -> admission.Window:
        """One call of a key of a tenant. Raises RATE_LIMITED and SERVER_IS_BUSY; nothing has happened then."""
        limits = standing.settings.limits
        window = self._count((limit_class, standing.node.id, key_id), limits[limit_class], now)
        lane = LANES[limit_class]
        self._hold_slot(standing.node.id, lane, limits[lane.limit], now, window)
        return window

    def _count(self, of: tuple[str, str, str], limit: int, now: int) -> admission.Window:
        minute, reset_s = admission.window_of(now)
        share = self._shares.get(of)
        if share is None or share.minute != minute or not share.left:
            share = self._lease_share(of, limit, now)
        if share is None:
            count("rate_limited")
            raise admission.rate_limited(of[0], limit, reset_s)
        share.left -= 1
        return admission.Window(limit, share.used - share.left, reset_s)

    def _lease_share(self, of: tuple[str, str, str], limit: int, now: int) -> _Share | None:
        limit_class, tenant_id, key_id = of
        for calls in (max(1, limit // SHARES), 1):  # near the limit, one by one
            window = admission.count_call(tenant_id, key_id, limit_class, limit, now, calls=calls)
            if window is not None:
                if len(self._shares) >= MOST_KEPT:
                    self._shares.pop(next(iter(self._shares)))
                share = _Share(admission.window_of(now)[0], calls, window.used)
                self._shares[of] = share
                return share
        return None

    def _hold_slot(self, tenant_id: str, lane: Lane, limit: int, now: int, window: admission.Window) -> None:
        place = (lane.slots, tenant_id)
        if self._slots.get(place, 0) - now > RENEW_MS:
            return
        self._name = self._name or new_ulid(now)[-8:]
        if not admission.take_slot(tenant_id, self._name, limit, now, kind=lane.slots, hold_s=HOLD_S):
            count("slots_full")
            raise Refusal(
                "SERVER_IS_BUSY",
                f"{limit} {lane.slots.lower()} calls of this agent are running; repeat the call shortly.",
                facts={"limit": limit},
                retry_after_s=1,
                headers=window.headers(),
            )
        if len(self._slots) >= MOST_KEPT:
            self._slots.pop(next(iter(self._slots)))
        self._slots[place] = (now // 1000 + HOLD_S) * 1000
