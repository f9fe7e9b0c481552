"""Items in table `hub`: `DOOR#<id>` / `META` (whose door it is), `NONCE#<door>` / `<nonce>`, `V4USER#<tenant>` / `<number>`."""

import hashlib
from typing import TYPE_CHECKING

from pitboss.platform import dynamo
from pitboss.platform.dynamo import ConditionFailed
from pitboss.platform.settings import hub_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

SCHEMA = 1
KEPT_DOORS = 512
# Longer than a time-stamp can be old and young together, so that no nonce is forgotten while its call would pass.
NONCE_TTL_S = 900

_doors: dict[str, tuple[str, str]] = {}


def forget() -> None:
    """Drop what is kept (in tests)."""
    _doors.clear()


def door_put_op(door: str, tenant_id: str, integration: str) -> "TransactWriteItemTypeDef":
    """Put a door; it is the same whenever it is put, since its id is derived from its owner."""
    record = {
        "pk": f"DOOR#{door}",
        "sk": "META",
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "integrationId": integration,
    }
    return dynamo.put_op(hub_table(), record)


def find_door(door: str) -> tuple[str, str] | None:
    """Tenant and integration of a door, or None. Kept for good once found: a door never changes hands."""
    found = _doors.get(door)
    if found is None:
        row = dynamo.get(hub_table(), f"DOOR#{door}", "META")
        if row is None:
            return None
        if len(_doors) >= KEPT_DOORS:
            _doors.clear()
        found = _doors[door] = (row["tenantId"], row["integrationId"])
    return found


def claim_nonce(tenant_id: str, door: str, nonce: str, body: bytes, now: int) -> bool:
    """Whether the nonce is new, or comes again with the very same body (a repeated request, which is no harm)."""
    digest = hashlib.sha256(body).digest()[:16]
    record = {
        "pk": f"NONCE#{door}",
        "sk": nonce,
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "digest": digest,
        "ttl": now // 1000 + NONCE_TTL_S,
    }
    try:
        dynamo.apply(dynamo.put_op(hub_table(), record, condition="absent"))
    except ConditionFailed as refused:
        return refused.item is not None and refused.item["digest"] == digest
    return True


# ---------------------------------------------------------------- numbers of the founding agent API
def claim_user_code(tenant_id: str, number: int, brand_id: str, user_id: str) -> bool:
    """Whether the number stands for this player now; False if it stands for another."""
    record = {
        "pk": f"V4USER#{tenant_id}",
        "sk": str(number),
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "brandId": brand_id,
        "userId": user_id,
    }
    try:
        dynamo.apply(dynamo.put_op(hub_table(), record, condition="absent"))
    except ConditionFailed as refused:
        found = refused.item or {}
        return (found.get("brandId"), found.get("userId")) == (brand_id, user_id)
    return True


def find_user_code(tenant_id: str, number: int) -> tuple[str, str] | None:
    """Brand and casino id of the player that a number stands for, or None."""
    row = dynamo.get(hub_table(), f"V4USER#{tenant_id}", str(number))
    return (row["brandId"], row["userId"]) if row else None
