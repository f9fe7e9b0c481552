"""The tables in memory for the wallet: as points lean on them (points_table), with single writes and with reads that are
behind, as eventually consistent ones may be."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest.mock import patch

from pitboss.platform import dynamo

from tests.simulation.points_table import PointsTable, _key

BEHIND = 25  # percent of eventually consistent items that are not the newest
KEPT = 3


class WalletTable(PointsTable):
    """`steps` may be held, for what is prepared and looked at outside the processes."""

    def __init__(self, rng: Random) -> None:
        super().__init__(rng)
        self.older: dict[tuple[str, str], list[dict[str, Any] | None]] = {}
        self.stale_reads = 0

    def get_many(
        self, _table: str, keys: Sequence[tuple[str, str]], *, consistent: bool = True, **_: Any
    ) -> dict[tuple[str, str], Any]:
        assert len(keys) == len(set(keys)), "DynamoDB refuses a key that is asked for twice"
        found = {}
        for key in self.rng.sample(list(keys), len(keys)):
            self.step()  # a batch is no snapshot: others write between its items
            item = self.items.get(key)
            if not consistent and key in self.older and self.rng.randrange(100) < BEHIND:
                self.stale_reads += 1
                item = self.rng.choice(self.older[key])
            if item is not None:
                found[key] = dynamo.from_item(item)
        return found

    def transact(self, ops: Sequence[Any], **_: Any) -> None:
        keys = [_key(raw) for op in ops for raw in op.values()]
        before = {key: self.items.get(key) for key in keys}
        try:
            super().transact(ops)
        finally:
            for key in keys:
                if self.items.get(key) is not before[key]:
                    self.older[key] = [*self.older.get(key, []), before[key]][-KEPT:]

    def apply(self, op: Any, **_: Any) -> None:
        try:
            self.transact([op])
        except dynamo.TransactionRefused as refused:
            raise dynamo.ConditionFailed(refused.reasons[0] or None) from None

    def put(self, table: str, record: Mapping[str, Any], *, condition: str, values: Any = None) -> None:
        self.apply(dynamo.put_op(table, record, condition=condition, values=values))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Everything that would go to DynamoDB goes here."""
        names = ("get", "get_many", "query", "transact", "apply", "put")
        mine = {name: getattr(self, name) for name in names}
        with patch.multiple(dynamo, pause=lambda _: None, **mine):
            yield
