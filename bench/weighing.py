"""What writes cost, item by item, by DynamoDB's rules and the real sizes of the items: for benches on an emulator whose
own figures cannot be told apart by item.

A write takes one unit for each KB of the larger of the item before and after, twice in a transaction; an index that
holds the item takes one unit a KB more (and one for the place that an item leaves in it).
"""

from collections import Counter
from typing import Any

from bench.capacity import size

WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}


def blocks(size: int) -> int:
    """Whole kilobytes, at least one."""
    return max(1, -(-size // 1024))


class Scale:
    """Weighs every write of a DynamoDB client; `taken[label]` are the units, `label` tells what kind of item it was."""

    def __init__(self, client: Any, reader: Any, indexes: dict[str, tuple[str, str]]) -> None:
        self.reader, self.indexes = reader, indexes
        self.taken: Counter[str] = Counter()
        self.times: Counter[str] = Counter()
        self.sizes: dict[tuple[str, str, str], tuple[int, tuple[str, ...] | None]] = {}
        for operation in (*WRITES.values(), "TransactWriteItems", "BatchWriteItem"):
            client.meta.events.register(f"before-parameter-build.dynamodb.{operation}", self._note)
            client.meta.events.register(f"after-call.dynamodb.{operation}", self._weigh)
        self.asked: list[tuple[str, str, str, int]] = []

    def drain(self) -> dict[str, int]:
        """Units by kind of item since the last call."""
        taken = dict(self.taken)
        self.taken.clear()
        self.times.clear()
        return taken

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.asked = []
        if model.name == "TransactWriteItems":
            parts = [(kind, op) for row in params["TransactItems"] for kind, op in row.items()]
            twice = 2
        elif model.name == "BatchWriteItem":
            parts = [
                (kind, {**request, "TableName": table})
                for table, rows in params["RequestItems"].items()
                for row in rows
                for kind, request in row.items()
            ]
            twice = 1
        else:
            parts, twice = [(model.name, params)], 1
        for _kind, op in parts:
            key = op.get("Key") or op.get("Item")
            where = op["TableName"], key["pk"]["S"], key["sk"]["S"]
            self.asked.append((*where, twice))
            self.sizes.setdefault(where, self._look(*where))

    def _look(self, table: str, pk: str, sk: str) -> tuple[int, tuple[str, ...] | None]:
        found = self.reader.get_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}})
        item = found.get("Item")
        if item is None:
            return 0, None
        names = self.indexes.get(table)
        place = (
            tuple(next(iter(item[n].values())) for n in names)
            if names and all(n in item for n in names)
            else None
        )
        return size(item), place

    def _weigh(self, parsed: dict[str, Any], **_: Any) -> None:
        if parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 200) >= 300:
            return
        for table, pk, sk, twice in self.asked:
            before, was = self.sizes[table, pk, sk]
            after, now = self.sizes[table, pk, sk] = self._look(table, pk, sk)
            cost = blocks(max(before, after)) * twice
            if now is not None and (now != was or before != after):
                cost += blocks(after)
            if was is not None and now != was:
                cost += blocks(before)
            label = label_of(table, pk, sk)
            self.taken[label] += cost
            self.times[label] += 1


def label_of(table: str, pk: str, sk: str) -> str:
    """The kind of an item from its keys: ids and numbers taken out."""
    kind, place = pk.partition("#")[0], sk.partition("#")[0]
    return f"{table.removesuffix('Table').lower()} {kind} {'...' if sk[:1].isdigit() else place}"
