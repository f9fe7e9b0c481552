"""A table in memory with DynamoDB's semantics as far as the rounds engine leans on them, and with crashes.

It stands in for the functions of platform/dynamo.py, so that the stores, the codec and everything above run as they are.
Items are kept in DynamoDB's typed form: what cannot be stored there cannot be stored here.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest.mock import patch

from pitboss.platform import dynamo

ITEM_BYTES = 400 * 1024
_EQUALS = re.compile(r"^([#\w]+) = (:\w+)$")
_ABSENT = re.compile(r"^attribute_not_exists\(([#\w]+)\)$")
_PRESENT = re.compile(r"^attribute_exists\(([#\w]+)\)$")


class Crash(BaseException):
    """The process is gone: no handler of the product may see it."""


class Table:
    """`crash(n)` decides at the n-th write whether to die: "before" it, "after" it, or not at all (""). `before_page` is
    called ahead of every write of a score page: there another scorer may slip in."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.items: dict[str, dict[str, dict[str, Any]]] = {}
        self.writes = 0
        self.crash: Callable[[int], str] = lambda _: ""
        self.before_page: Callable[[], None] = lambda: None
        self.between_reads: Callable[[], None] = lambda: None
        self.queries = 0

    # -- reading
    def get(self, _table: str, pk: str, sk: str, *, consistent: bool = True) -> dict[str, Any] | None:
        assert consistent, "the engine decides on strongly consistent reads only"
        item = self.items.get(pk, {}).get(sk)
        return dynamo.from_item(item) if item else None

    def get_many(self, table: str, keys: Sequence[tuple[str, str]], **_: Any) -> dict[tuple[str, str], Any]:
        assert len(keys) == len(set(keys)), "DynamoDB refuses a key that is asked for twice"
        found = ((key, self.get(table, *key)) for key in keys)
        return {key: record for key, record in found if record is not None}

    def query(
        self,
        _table: str,
        pk: str,
        *,
        prefix: str = "",
        after: str | None = None,
        before: str | None = None,
        forward: bool = True,
        limit: int | None = None,
        **_: Any,
    ) -> Iterator[dict[str, Any]]:
        """Like DynamoDB it answers a few at a time, and what is written behind the reader's back shows further on."""
        self.queries += 1
        low, high = after if after is not None else prefix, before if before is not None else "\U0010ffff"
        left, last = limit if limit is not None else 1 << 30, ""
        while left:
            found = [
                sk
                for sk in sorted(self.items.get(pk, {}), reverse=not forward)
                if low <= sk <= high
                and sk not in (after, before)
                and (after or before or sk.startswith(prefix))
                and (not last or (sk > last if forward else sk < last))
            ]
            part = found[: min(left, self.rng.choice([1, 2, 5, 100]))]
            # A page of the answer is of one moment, also when the reader takes its time with it.
            yield from [dynamo.from_item(self.items[pk][sk]) for sk in part]
            if len(part) == len(found):
                return
            left, last = left - len(part), part[-1]
            self.between_reads()

    # -- writing
    def apply(self, op: Any, **_: Any) -> None:
        ((kind, raw),) = op.items()
        if _key(raw)[1].startswith("PAGE#"):
            self.before_page()
        self._write(kind, raw)

    def put(self, table: str, record: Any, *, condition: str, values: Any = None) -> None:
        self.apply(dynamo.put_op(table, record, condition=condition, values=values))

    def put_many(self, table: str, records: Sequence[Any]) -> None:
        for record in self.rng.sample(list(records), len(records)):
            self.apply(dynamo.put_op(table, record))

    def transact(self, ops: Sequence[Any]) -> None:
        if any(_key(raw)[1].startswith("PAGE#") for op in ops for raw in op.values()):
            self.before_page()
        parts = [(kind, raw, self._there(raw)) for op in ops for kind, raw in op.items()]
        assert len({_key(raw) for _, raw, _ in parts}) == len(parts), "a transaction takes an item once"
        fate = self._fate()
        reasons = [
            None if _holds(there, raw) else dynamo.from_item(there) if there else {}
            for _, raw, there in parts
        ]
        if any(reason is not None for reason in reasons):
            raise dynamo.TransactionRefused(reasons)
        for kind, raw, there in parts:
            if kind != "ConditionCheck":
                self._change(kind, raw, there)
        if fate == "after":
            raise Crash("transaction")

    def _write(self, kind: str, raw: Mapping[str, Any]) -> None:
        fate, there = self._fate(), self._there(raw)
        if not _holds(there, raw):
            raise dynamo.ConditionFailed(dynamo.from_item(there) if there else None)
        self._change(kind, raw, there)
        if fate == "after":
            raise Crash(kind)

    def _fate(self) -> str:
        self.writes += 1
        fate = self.crash(self.writes)
        if fate == "before":
            raise Crash("before a write")
        return fate

    def _there(self, raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
        pk, sk = _key(raw)
        return self.items.get(pk, {}).get(sk)

    def _change(self, kind: str, raw: Mapping[str, Any], there: Mapping[str, Any] | None) -> None:
        pk, sk = _key(raw)
        of = self.items.setdefault(pk, {})
        if kind == "Delete":
            of.pop(sk, None)
            return
        of[sk] = raw["Item"] if kind == "Put" else _updated(there, raw)
        assert size_of(of[sk]) <= ITEM_BYTES, f"{sk} is larger than an item may be"

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Everything that would go to DynamoDB goes here."""
        names = ("get", "get_many", "query", "apply", "put", "put_many", "transact")
        with patch.multiple(dynamo, **{name: getattr(self, name) for name in names}):
            yield


def size_of(item: Mapping[str, Any]) -> int:
    """Bytes of an item by DynamoDB's rule, nearly: names and values in UTF-8, numbers by their digits."""
    total = 0
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        total += len(name.encode()) + (size_of(value) if kind == "M" else len(_bytes(value)))
    return total


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _key(raw: Mapping[str, Any]) -> tuple[str, str]:
    key = raw.get("Key") or raw["Item"]
    return key["pk"]["S"], key["sk"]["S"]


def _name(raw: Mapping[str, Any], name: str) -> str:
    return raw["ExpressionAttributeNames"][name] if name.startswith("#") else name


def _holds(there: Mapping[str, Any] | None, raw: Mapping[str, Any]) -> bool:
    condition = raw.get("ConditionExpression")
    return condition is None or all(_agrees(there, raw, part) for part in condition.split(" AND "))


def _agrees(there: Mapping[str, Any] | None, raw: Mapping[str, Any], condition: str) -> bool:
    if found := _PRESENT.match(condition):
        return there is not None and _name(raw, found[1]) in there
    if found := _ABSENT.match(condition):
        return there is None or _name(raw, found[1]) not in there
    found = _EQUALS.match(condition)
    assert found, f"teach the table this condition: {condition}"
    return there is not None and there.get(_name(raw, found[1])) == raw["ExpressionAttributeValues"][found[2]]


def _updated(there: Mapping[str, Any] | None, raw: Mapping[str, Any]) -> dict[str, Any]:
    item = dict(there or raw["Key"])
    verb, _, rest = raw["UpdateExpression"].partition(" ")
    assert verb == "SET", "teach the table this update"
    rest, _, added = rest.partition(" ADD ")
    for part in rest.split(", "):
        name, value = part.split(" = ")
        item[_name(raw, name)] = raw["ExpressionAttributeValues"][value]
    if added:
        name, value = added.split(" ")
        before = int(item.get(_name(raw, name), {"N": "0"})["N"])
        item[_name(raw, name)] = {"N": str(before + int(raw["ExpressionAttributeValues"][value]["N"]))}
    return item
