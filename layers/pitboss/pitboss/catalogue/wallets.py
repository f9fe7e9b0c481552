"""What an integration's wallet calls go by: its profile, its secrets' generations, its door.

One item, `CAT#<tenant>` / `WINT#<integration>`, read by every wallet call and therefore kept for a few seconds in the
execution environment. The secrets themselves are derived (platform/signing.py) and stand nowhere; only what a vendor
issued is kept, as a hash or sealed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pitboss.platform import dynamo
from pitboss.platform.dynamo import ConditionFailed
from pitboss.platform.settings import hub_table

SCHEMA = 1
KEPT_MS = 5_000
KEPT_ITEMS = 512
# A rotation whose answer was lost is simply done again; the generation in use must survive that.
MOST_FORMER = 2


@dataclass(frozen=True, slots=True)
class WalletIntegration:
    """How one integration's wallet calls are read, checked and judged.

    * `profile`: a name of dialects/profiles.json; `overrides`: the switches that differ from it; `switches`: both,
      resolved, camelCase, as `wallet.profile.Profile.from_record` reads them.
    * `brand_id`: whose players a vendor means that names players only ("" when the calls say it).
    * `door`: the opaque id in the URL of a vendor's dialect.
    * `generation`: of the secret in force, 0 before there is one; `former`: older generations and the instants (ms)
      until which they are accepted too.
    * `seed`: of the request that rotated last: repeated after a death it finds its work done.
    * `given`: secrets that a vendor issued, by generation: `{"hash": hex}` or `{"sealed": bytes, "key": key id}`.
    """

    integration_id: str
    profile: str = "default"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    switches: Mapping[str, Any] = field(default_factory=dict)
    brand_id: str = ""
    launch_url: str = ""
    door: str = ""
    generation: int = 0
    former: tuple[tuple[int, int], ...] = ()
    given: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    seed: str = ""
    updated_at: int = 0
    version: int = 0

    def generations(self, now: int) -> tuple[int, ...]:
        """Generations of the secret that are accepted at `now`, the one in force first; empty before there is one."""
        if not self.generation:
            return ()
        return (self.generation, *(number for number, until in self.former if now < until))

    def rotated(
        self, now: int, grace_ms: int, seed: str, given: Mapping[str, Any] | None = None
    ) -> "WalletIntegration":
        """With the next generation in force and the former one accepted for `grace_ms` more."""
        alive = [(number, until) for number, until in self.former if now < until]
        if self.generation and grace_ms:
            alive.insert(0, (self.generation, now + grace_ms))
        following = self.generation + 1
        former = tuple(alive[:MOST_FORMER])
        kept = {number: row for number, row in self.given.items() if number in {f for f, _ in former}}
        if given is not None:
            kept[following] = given
        return replace(self, generation=following, former=former, given=kept, seed=seed, updated_at=now)

    def to_record(self) -> dict[str, Any]:
        """Members as stored."""
        return {
            "integrationId": self.integration_id,
            "profile": self.profile,
            "overrides": dict(self.overrides),
            "switches": dict(self.switches),
            "brandId": self.brand_id,
            "launchUrl": self.launch_url,
            "door": self.door,
            "generation": self.generation,
            "former": [list(row) for row in self.former],
            "given": {str(number): dict(row) for number, row in self.given.items()},
            "seed": self.seed,
            "updatedAt": self.updated_at,
            "version": self.version,
        }

    @staticmethod
    def from_record(row: Mapping[str, Any]) -> "WalletIntegration":
        """The inverse of `to_record`."""
        return WalletIntegration(
            row["integrationId"],
            row["profile"],
            row["overrides"],
            row["switches"],
            row["brandId"],
            row["launchUrl"],
            row["door"],
            row["generation"],
            tuple((number, until) for number, until in row["former"]),
            {int(number): given for number, given in row["given"].items()},
            row["seed"],
            row["updatedAt"],
            row["version"],
        )


_kept: dict[tuple[str, str], tuple[int, WalletIntegration]] = {}


def forget() -> None:
    """Drop what is kept (after an own change, and in tests)."""
    _kept.clear()


def read_fresh(tenant_id: str, integration: str) -> WalletIntegration | None:
    """The stored settings, strongly consistent, or None if nobody set any."""
    row = dynamo.get(hub_table(), f"CAT#{tenant_id}", f"WINT#{integration}")
    return WalletIntegration.from_record(row) if row else None


def kept(tenant_id: str, integration: str, now: int) -> WalletIntegration | None:
    """As `read_fresh`, at most KEPT_MS old: a rotated secret or a changed switch is in force within that time."""
    found = _kept.get((tenant_id, integration))
    if found is not None and 0 <= now - found[0] < KEPT_MS:
        return found[1]
    fresh = read_fresh(tenant_id, integration)
    if fresh is None or not fresh.generation:
        return fresh  # somebody is just setting it up: what is missing is not remembered
    if len(_kept) >= KEPT_ITEMS:
        _kept.clear()
    _kept[tenant_id, integration] = (now, fresh)
    return fresh


def save(
    tenant_id: str, before: WalletIntegration | None, after: WalletIntegration
) -> WalletIntegration | None:
    """Put the settings if they still are as `before`; None if they changed in the meantime."""
    written = replace(after, version=(before.version if before else 0) + 1)
    record = {
        "pk": f"CAT#{tenant_id}",
        "sk": f"WINT#{after.integration_id}",
        "tenantId": tenant_id,
        "schema": SCHEMA,
        **written.to_record(),
    }
    names, values = ({"#version": "version"}, {":version": before.version}) if before else (None, None)
    condition = "#version = :version" if before else "absent"
    try:
        dynamo.apply(dynamo.put_op(hub_table(), record, condition=condition, names=names, values=values))
    except ConditionFailed:
        return None
    finally:
        forget()
    return written
