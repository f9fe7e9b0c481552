"""The catalogue's items in the hub table: `CAT#<tenant>` with `INT#<id>`, `BRAND#<ref>`, `GAME#<slug>`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pitboss.catalogue.model import Brand, Game
from pitboss.platform import dynamo
from pitboss.platform.dynamo import ConditionFailed, Record
from pitboss.platform.settings import hub_table

SCHEMA = 1
# Longer than the function may run (20 s); a sync that lost its lease nevertheless is fenced off by every write.
SYNC_LEASE_MS = 30_000
CHUNK = 99


def _pk(tenant_id: str) -> str:
    return f"CAT#{tenant_id}"


def _sk(item: Brand | Game) -> str:
    return f"BRAND#{item.ref}" if isinstance(item, Brand) else f"GAME#{item.slug}"


def read(
    tenant_id: str, brands: Iterable[str], games: Iterable[str]
) -> tuple[dict[str, Brand], dict[str, Game]]:
    """The named brands and games, strongly consistent; unknown ones are left out."""
    pk = _pk(tenant_id)
    keys = [(pk, f"BRAND#{ref}") for ref in brands] + [(pk, f"GAME#{slug}") for slug in games]
    found = dynamo.get_many(hub_table(), keys)
    rows = list(found.values())
    return (
        {row["ref"]: Brand.from_record(row) for row in rows if row["sk"].startswith("BRAND#")},
        {row["ref"]: Game.from_record(row) for row in rows if row["sk"].startswith("GAME#")},
    )


def all_brands(tenant_id: str, *, after: str = "", limit: int | None = None) -> Iterator[Brand]:
    """Brands by ref, from after `after`."""
    for row in _all(tenant_id, "BRAND#", after, limit):
        yield Brand.from_record(row)


def all_games(tenant_id: str, *, after: str = "", limit: int | None = None) -> Iterator[Game]:
    """Games by slug, from after `after`."""
    for row in _all(tenant_id, "GAME#", after, limit):
        yield Game.from_record(row)


def _all(tenant_id: str, prefix: str, after: str, limit: int | None) -> Iterator[Record]:
    return dynamo.query(
        hub_table(), _pk(tenant_id), prefix=prefix, after=prefix + after if after else None, limit=limit
    )


def write(tenant_id: str, items: Sequence[Brand | Game], lease: str) -> None:
    """Put items as they are, in transactions that each check the lease: a sync that lost it writes no more.

    Raises:
        dynamo.TransactionRefused: the lease is another's; what was written before stays, the next sync completes it.
    """
    pk = _pk(tenant_id)
    fence = dynamo.check_op(
        hub_table(), pk, "SYNC", "#lease = :mine", names={"#lease": "lease"}, values={":mine": lease}
    )
    head = {"pk": pk, "tenantId": tenant_id, "schema": SCHEMA}
    for start in range(0, len(items), CHUNK):
        puts = [
            dynamo.put_op(hub_table(), {**head, "sk": _sk(item), **item.to_record()})
            for item in items[start : start + CHUNK]
        ]
        dynamo.transact([fence, *puts])


def begin_sync(tenant_id: str, integration: str, lease: str, now: int) -> bool:
    """Take the tenant's sync lease: one full list at a time, since lists of two integrations may name the same game."""
    try:
        dynamo.apply(
            dynamo.update_op(
                hub_table(),
                _pk(tenant_id),
                "SYNC",
                "SET #lease = :mine, leaseUntil = :until, tenantId = :tenant, integrationId = :integration",
                condition="attribute_not_exists(pk) OR leaseUntil <= :now",
                names={"#lease": "lease"},
                values={
                    ":mine": lease,
                    ":until": now + SYNC_LEASE_MS,
                    ":now": now,
                    ":tenant": tenant_id,
                    ":integration": integration,
                },
            )
        )
    except ConditionFailed:
        return False
    return True


def end_sync(
    tenant_id: str, integration: str, lease: str, kind: str, now: int, counts: dict[str, int]
) -> None:
    """Record the sync with its integration and give the lease back, if it is still ours."""
    ops: list[Any] = [
        dynamo.update_op(
            hub_table(),
            _pk(tenant_id),
            f"INT#{integration}",
            "SET #id = :id, tenantId = :tenant, #kind = :sync, createdAt = if_not_exists(createdAt, :now)",
            names={"#id": "integrationId", "#kind": kind},
            values={":id": integration, ":tenant": tenant_id, ":sync": {"at": now, **counts}, ":now": now},
        ),
        dynamo.update_op(
            hub_table(),
            _pk(tenant_id),
            "SYNC",
            "SET leaseUntil = :zero",
            condition="#lease = :mine",
            names={"#lease": "lease"},
            values={":zero": 0, ":mine": lease},
        ),
    ]
    dynamo.transact(ops)


def abandon_sync(tenant_id: str, lease: str) -> None:
    """Give the lease back without a record."""
    try:
        dynamo.apply(
            dynamo.update_op(
                hub_table(),
                _pk(tenant_id),
                "SYNC",
                "SET leaseUntil = :zero",
                condition="#lease = :mine",
                names={"#lease": "lease"},
                values={":zero": 0, ":mine": lease},
            )
        )
    except ConditionFailed:
        return


def integration_known(tenant_id: str, integration: str) -> bool:
    """Whether the integration ever sent a list."""
    return dynamo.get(hub_table(), _pk(tenant_id), f"INT#{integration}") is not None


def integrations(tenant_id: str) -> list[str]:
    """Ids of every integration that ever sent a list."""
    return [record["integrationId"] for record in dynamo.query(hub_table(), _pk(tenant_id), prefix="INT#")]
