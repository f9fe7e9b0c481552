"""Seamless transactions that are yet to end, as the index `due` of table `ledger` lists them.

| partition of the index | who stands there, by what |
|---|---|
| `WDUE#<shard>` | leaders of groups that are to be looked at, by when; of all tenants, read by the sweeper alone |
| `WFAILED#<tenant>` | leaders that wait for a person, by when they failed |
"""

from collections.abc import Iterator
from typing import Any

from pitboss.kernel.instants import MAX_INSTANT
from pitboss.platform.aws import dynamodb
from pitboss.platform.dynamo import from_item, to_attribute
from pitboss.platform.settings import ledger_table
from pitboss.wallet.model import Tx
from pitboss.wallet.resolve_rules import due_partition, failed_partition
from pitboss.wallet.store import tx_from_item, tx_key

Place = tuple[int, str]  # when, and the item's pk


def due(shard: int, until: int, limit: int) -> Iterator[Tx]:
    """Leaders of a shard that were due by `until`, the longest due first (eventually consistent)."""
    for record in _index(due_partition(shard), until, limit, None):
        yield tx_from_item(record)


def failed(tenant_id: str, *, after: Place | None = None, limit: int) -> list[Tx]:
    """A tenant's failed transactions, the oldest failure first, after (exclusive) a place."""
    pk = failed_partition(tenant_id)
    start: dict[str, Any] | None = None
    if after is not None:
        start = {
            "duepk": {"S": pk},
            "dueAt": to_attribute(after[0]),
            "pk": {"S": after[1]},
            "sk": {"S": "TX"},
        }
    return [tx_from_item(record) for record in _index(pk, MAX_INSTANT, limit, start)]


def place_of(tx: Tx) -> Place:
    """Where a failed transaction stands in its list."""
    return tx.due_at, tx_key(tx.tenant_id, tx.key)[0]


def _index(pk: str, until: int, limit: int, start: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {
        "TableName": ledger_table(),
        "IndexName": "due",
        "KeyConditionExpression": "duepk = :p AND dueAt <= :b",
        "ExpressionAttributeValues": {":p": {"S": pk}, ":b": to_attribute(until)},
    }
    if start is not None:
        request["ExclusiveStartKey"] = start
    left = limit
    while left > 0:
        answer = dynamodb().query(**request, Limit=left)
        for item in answer["Items"]:
            yield from_item(item)
        left -= len(answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
