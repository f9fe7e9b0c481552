"""Tenancy's items in the hub table, and the only place that spells their keys.

| item | pk | sk |
|---|---|---|
| node | `NODE#<id>` | `META` |
| settings of a node | `NODE#<id>` | `SETTINGS` |
| key register of a node (what its owner sees) | `NODE#<id>` | `KEYS` |
| child of a node (pointer) | `NODE#<parent>` | `CHILD#<id>` |
| key (what the authorizer reads) | `KEY#<sha256 of token>` | `META` |
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pitboss.platform import dynamo
from pitboss.platform.dynamo import Record
from pitboss.platform.settings import hub_table
from pitboss.tenancy.model import ApiKey, Node, OwnSettings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

SCHEMA = 1
REGISTER_ATTEMPTS = 6
_SETTINGS_FIELDS = tuple(name for name in OwnSettings.__dataclass_fields__ if name != "version")


def _node_pk(node_id: str) -> str:
    return f"NODE#{node_id}"


def _key_pk(token_hash: str) -> str:
    return f"KEY#{token_hash}"


# ---------------------------------------------------------------- nodes
def _node_record(node: Node) -> Record:
    return {
        "pk": _node_pk(node.id),
        "sk": "META",
        "tenantId": node.id,
        "schema": SCHEMA,
        "version": node.version,
        "name": node.name,
        "kind": node.kind,
        "parentId": node.parent_id,
        "path": node.path,
        "currency": node.currency,
        "status": node.status,
        "createdAt": node.created_at,
    }


def _node(record: Record) -> Node:
    return Node(
        record["tenantId"],
        record["name"],
        record["kind"],
        record.get("parentId", ""),
        record["path"],
        record["currency"],
        record["status"],
        record["createdAt"],
        record["version"],
    )


def read_node(node_id: str) -> Node | None:
    """The node, strongly consistent, or None."""
    record = dynamo.get(hub_table(), _node_pk(node_id), "META")
    return _node(record) if record else None


def read_nodes(node_ids: Sequence[str]) -> dict[str, Node]:
    """Many nodes by id; missing ones are left out."""
    found = dynamo.get_many(hub_table(), [(_node_pk(node_id), "META") for node_id in node_ids])
    return {record["tenantId"]: _node(record) for record in found.values()}


def read_path(node_id: str) -> list[tuple[Node, OwnSettings]]:
    """Node and settings of a tenant and everything above it, root first; [] if there is no such tenant."""
    node = read_node(node_id)
    if node is None:
        return []
    ids = node.ancestry
    keys = [(_node_pk(one), sk) for one in ids for sk in ("META", "SETTINGS")]
    found = dynamo.get_many(hub_table(), keys)
    return [
        (_node(found[_node_pk(one), "META"]), _settings(found.get((_node_pk(one), "SETTINGS"))))
        for one in ids
    ]


def create_node(node: Node, first_key: ApiKey | None = None) -> None:
    """A new node, under its active parent, with its first key when one is given. Repeating changes nothing.

    Raises:
        dynamo.TransactionRefused: index 0 if the node exists already, index 1 if the parent is gone or suspended.
    """
    table = hub_table()
    ops = [dynamo.put_op(table, _node_record(node), condition="absent")]
    if node.parent_id:
        ops.append(
            dynamo.check_op(
                table,
                _node_pk(node.parent_id),
                "META",
                "#status = :active",
                names={"#status": "status"},
                values={":active": "active"},
            )
        )
        child = {"pk": _node_pk(node.parent_id), "sk": f"CHILD#{node.id}"}
        ops.append(
            dynamo.put_op(table, {**child, "tenantId": node.parent_id, "schema": SCHEMA, "childId": node.id})
        )
    if first_key is not None:
        ops += [_register_op(node.id, (first_key,), 0), _key_op(node, first_key)]
    dynamo.transact(ops)


def change_node(node: Node, *, expect: int) -> bool:
    """Name and status of a node, if it still has version `expect`."""
    try:
        dynamo.apply(
            dynamo.update_op(
                hub_table(),
                _node_pk(node.id),
                "META",
                "SET #name = :name, #status = :status, #version = :version",
                condition="#version = :expect",
                names={"#name": "name", "#status": "status", "#version": "version"},
                values={
                    ":name": node.name,
                    ":status": node.status,
                    ":version": node.version,
                    ":expect": expect,
                },
            )
        )
    except dynamo.ConditionFailed:
        return False
    return True


def close_node(node: Node, *, expect: int) -> bool:
    """A node that is closed, and its place among the closed ones below its parent, in one commit; False if it has not
    version `expect` any more."""
    table, above = hub_table(), _node_pk(node.parent_id)
    moved = {"pk": above, "sk": f"CLOSED#{node.id}", "tenantId": node.parent_id, "schema": SCHEMA}
    names = {"#status": "status", "#version": "version"}
    ops = [
        dynamo.update_op(
            table,
            _node_pk(node.id),
            "META",
            "SET #status = :status, #version = :version",
            condition="#version = :expect",
            names=names,
            values={":status": node.status, ":version": node.version, ":expect": expect},
        ),
        dynamo.delete_op(table, above, f"CHILD#{node.id}"),
        dynamo.put_op(table, {**moved, "childId": node.id}),
    ]
    try:
        dynamo.transact(ops)
    except dynamo.TransactionRefused:
        return False
    return True


def child_ids(node_id: str, *, after: str = "", limit: int | None = None, closed: bool = False) -> list[str]:
    """Ids of the nodes right below, in order of creation, from after `after`; of the closed ones with `closed`."""
    prefix = "CLOSED#" if closed else "CHILD#"
    rows = dynamo.query(
        hub_table(),
        _node_pk(node_id),
        prefix=prefix,
        after=f"{prefix}{after}" if after else None,
        limit=limit,
    )
    return [row["childId"] for row in rows]


# ---------------------------------------------------------------- settings
def _settings(record: Record | None) -> OwnSettings:
    if record is None:
        return OwnSettings()
    members = {name: record[name] for name in _SETTINGS_FIELDS if name in record}
    members["allowed_ips"] = tuple(record["allowed_ips"])
    return OwnSettings(version=record["version"], **members)


def read_settings(node_id: str) -> OwnSettings:
    """What a node itself has set."""
    return _settings(dynamo.get(hub_table(), _node_pk(node_id), "SETTINGS"))


def write_settings(node_id: str, settings: OwnSettings) -> bool:
    """Replace the settings of version `settings.version - 1`; False if another version stands there."""
    record = {name: getattr(settings, name) for name in _SETTINGS_FIELDS}
    head = {"pk": _node_pk(node_id), "sk": "SETTINGS", "tenantId": node_id, "schema": SCHEMA}
    first = settings.version == 1
    try:
        dynamo.apply(
            dynamo.put_op(
                hub_table(),
                {**head, "version": settings.version, **record},
                condition="absent" if first else "#version = :expect",
                names=None if first else {"#version": "version"},
                values=None if first else {":expect": settings.version - 1},
            )
        )
    except dynamo.ConditionFailed:
        return False
    return True


# ---------------------------------------------------------------- keys
def read_keys(node_id: str) -> tuple[tuple[ApiKey, ...], int]:
    """The key register of a node and its version (0: there is none yet)."""
    record = dynamo.get(hub_table(), _node_pk(node_id), "KEYS")
    if record is None:
        return (), 0
    return tuple(ApiKey.from_record(row) for row in record["keys"]), record["version"]


def _register_op(node_id: str, keys: Sequence[ApiKey], expect: int) -> "TransactWriteItemTypeDef":
    record = {
        "pk": _node_pk(node_id),
        "sk": "KEYS",
        "tenantId": node_id,
        "schema": SCHEMA,
        "version": expect + 1,
        "keys": [key.to_record() for key in keys],
    }
    if expect == 0:
        return dynamo.put_op(hub_table(), record, condition="absent")
    return dynamo.put_op(
        hub_table(),
        record,
        condition="#version = :expect",
        names={"#version": "version"},
        values={":expect": expect},
    )


def _key_op(node: Node, key: ApiKey) -> "TransactWriteItemTypeDef":
    record: Record = {
        "pk": _key_pk(key.token_hash),
        "sk": "META",
        "tenantId": node.id,
        "schema": SCHEMA,
        "keyId": key.id,
        "path": node.path,
        "scopes": list(key.scopes),
        "expiresAt": key.expires_at,
        "lastUsed": key.last_used,
    }
    if key.expires_at:
        record["ttl"] = key.expires_at // 1000 + 86_400
    return dynamo.put_op(hub_table(), record)


def _expiry_op(key: ApiKey) -> "TransactWriteItemTypeDef":
    return dynamo.update_op(
        hub_table(),
        _key_pk(key.token_hash),
        "META",
        "SET expiresAt = :at, #ttl = :ttl",
        condition="attribute_exists(pk)",
        names={"#ttl": "ttl"},
        values={":at": key.expires_at, ":ttl": key.expires_at // 1000 + 86_400},
    )


def change_keys(node: Node, decide: Callable[[tuple[ApiKey, ...]], tuple[ApiKey, ...]]) -> tuple[ApiKey, ...]:
    """The register as `decide` makes it out of the present one, and the authorizer's items to match, in one transaction.

    A revoked or forgotten key's item is deleted: what the authorizer cannot find opens nothing. `decide` may be asked
    again when another writer came first. Unchanged registers are not written.
    """
    for _ in range(REGISTER_ATTEMPTS):
        before, version = read_keys(node.id)
        after = decide(before)
        if after == before:
            return after
        live = {key.token_hash: key for key in after if not key.revoked_at}
        old = {key.token_hash: key for key in before if not key.revoked_at}
        ops = [_register_op(node.id, after, version)]
        ops += [_key_op(node, key) for token_hash, key in live.items() if token_hash not in old]
        ops += [_expiry_op(key) for token_hash, key in live.items() if old.get(token_hash, key) != key]
        ops += [dynamo.delete_op(hub_table(), _key_pk(gone), "META") for gone in old if gone not in live]
        try:
            dynamo.transact(ops)
        except dynamo.TransactionRefused:
            continue
        return after
    raise dynamo.TooBusy


def find_key(token_hash: str) -> Record | None:
    """What the authorizer needs of a key: `tenantId, keyId, path, scopes, expiresAt, lastUsed`. Strongly consistent,
    so that a revocation holds from the moment it was answered (but for API Gateway's memory of 30 s)."""
    return dynamo.get(hub_table(), _key_pk(token_hash), "META")


def last_used(keys: Sequence[ApiKey]) -> dict[str, str]:
    """The UTC day of last use by token hash, for those keys that were used."""
    found = dynamo.get_many(
        hub_table(), [(_key_pk(key.token_hash), "META") for key in keys if not key.revoked_at]
    )
    return {record["pk"].removeprefix("KEY#"): record.get("lastUsed", "") for record in found.values()}


def mark_used(token_hash: str, day: str) -> None:
    """Remember the day of use; at most one write a day and key. A key deleted meanwhile stays deleted."""
    try:
        dynamo.apply(
            dynamo.update_op(
                hub_table(),
                _key_pk(token_hash),
                "META",
                "SET lastUsed = :day",
                condition="attribute_exists(pk) AND lastUsed < :day",
                values={":day": day},
            )
        )
    except dynamo.ConditionFailed:
        return
