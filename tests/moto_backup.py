"""moto's transactions without a copy of whole tables.

Before each transaction moto copies the table of every item of it, all records included, in case the transaction fails:
a transaction of ten items in a table of three hundred records copies three thousand. Here the copy that a failure goes
back to holds the same records but those that the transaction names, which alone can change.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.dynamodb import models
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table


def _keys(table: Table, transaction: list[dict[str, Any]]) -> Iterator[tuple[DynamoType, DynamoType]]:
    for part in transaction:
        ((_, operation),) = part.items()
        if operation.get("TableName") == table.name:
            named = operation.get("Key") or operation["Item"]
            yield DynamoType(named[table.hash_key_attr]), DynamoType(named[table.range_key_attr or ""])


def backup(table: Table, transaction: list[dict[str, Any]]) -> Table:
    """A table of the same records; those that the transaction names are copies."""
    twin = copy.copy(table)
    twin.items = copy.copy(table.items)
    for partition, rows in table.items.items():
        twin.items[partition] = copy.copy(rows)
    for partition, sort in _keys(table, transaction):
        if sort in table.items.get(partition, {}):
            twin.items[partition][sort] = copy.deepcopy(table.items[partition][sort])
    return twin


class _Copying:
    """What `copy` is to moto's models: whole tables are backed up, everything else is copied as ever."""

    def __init__(self, transaction: list[dict[str, Any]]) -> None:
        self.transaction = transaction
        self.made: dict[str, Table] = {}

    def deepcopy(self, thing: Any, *memo: Any) -> Any:
        if not isinstance(thing, Table):
            return copy.deepcopy(thing, *memo)
        if thing.name not in self.made:  # moto asks for every item anew
            self.made[thing.name] = backup(thing, self.transaction)
        return self.made[thing.name]


@contextmanager
def cheap_transactions() -> Iterator[None]:
    """moto with such backups; single-threaded, as moto is used here."""
    original = models.DynamoDBBackend.transact_write_items

    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        with patch.object(models, "copy", _Copying(transact_items)):
            original(self, transact_items)

    models.DynamoDBBackend.transact_write_items = transact_write_items  # type: ignore[method-assign]
    try:
        yield
    finally:
        models.DynamoDBBackend.transact_write_items = original  # type: ignore[method-assign]
