"""The ledger table in memory, as far as points lean on DynamoDB, with processes that take turns and die.

Every call of the product to the table is one step; between two steps any other process may run, by the seed's choice, and
at a write the process may die before or after it. Everything above `platform.dynamo` runs as it is.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from threading import Condition, Thread
from typing import Any
from unittest.mock import patch

from pitboss.platform import dynamo

_CONDITION = re.compile(r"^([#\w]+) (=|>=) (:\w+)$")
_CLAUSE = re.compile(r"(SET|ADD|REMOVE) (.*?)(?= SET | ADD | REMOVE |$)")
TOO_LONG_S = 60


class Death(BaseException):
    """The process is gone: no handler of the product may see it."""


class Turns:
    """Threads that run one at a time; who goes on after each step is drawn from the seed."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.condition = Condition()
        self.waiting: list[int] = []
        self.running: int | None = None
        self.alive: set[int] = set()

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        """Run all works, interleaved; the first fault of any is raised."""
        faults: list[BaseException] = []
        self.alive, self.waiting, self.running = set(range(len(works))), [], None

        def body(me: int) -> None:
            try:
                self.step(me)
                works[me]()
            except BaseException as fault:  # noqa: BLE001 - carried to the test's own thread
                faults.append(fault)
            finally:
                with self.condition:
                    self.alive.discard(me)
                    self.running = None
                    self._choose()

        threads = [Thread(target=body, args=(n,), name=str(n), daemon=True) for n in range(len(works))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(TOO_LONG_S)
            assert not thread.is_alive(), "the processes stand still"
        if faults:
            raise faults[0]

    def step(self, me: int) -> None:
        """Let others go first, if the seed says so."""
        with self.condition:
            self.waiting.append(me)
            if self.running == me:
                self.running = None
            self._choose()
            while self.running != me:
                assert self.condition.wait(TOO_LONG_S), "nobody's turn"

    def _choose(self) -> None:
        # Chosen only when all that live have arrived, else the order would be the machine's and not the seed's.
        if self.running is None and self.waiting and len(self.waiting) == len(self.alive):
            self.running = self.rng.choice(sorted(self.waiting))
            self.waiting.remove(self.running)
        self.condition.notify_all()


class PointsTable:
    """`fate(n)` says at the n-th write whether its process dies: "before", "after" or "". `step` is called ahead of every
    access; `written` after every write, to look whether all still holds."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.writes = 0
        self.fate: Callable[[int], str] = lambda _: ""
        self.step: Callable[[], None] = lambda: None
        self.written: Callable[[], None] = lambda: None

    # -- reading
    def get(self, _table: str, pk: str, sk: str, *, consistent: bool = True) -> dict[str, Any] | None:
        assert consistent
        self.step()
        item = self.items.get((pk, sk))
        return dynamo.from_item(item) if item else None

    def get_many(self, _table: str, keys: Sequence[tuple[str, str]], **_: Any) -> dict[tuple[str, str], Any]:
        assert len(keys) == len(set(keys)), "DynamoDB refuses a key that is asked for twice"
        found = {}
        for key in self.rng.sample(list(keys), len(keys)):
            self.step()  # a batch is no snapshot: others write between its items
            if key in self.items:
                found[key] = dynamo.from_item(self.items[key])
        return found

    def query(
        self,
        _table: str,
        pk: str,
        *,
        prefix: str = "",
        after: str | None = None,
        before: str | None = None,
        limit: int | None = None,
        forward: bool = True,
        **_: Any,
    ) -> Iterator[dict[str, Any]]:
        self.step()
        low, high = (
            after if after is not None else prefix,
            before if before is not None else prefix + "\U0010ffff",
        )
        keys = sorted((sk for p, sk in self.items if p == pk and low <= sk <= high), reverse=not forward)
        rows = [dynamo.from_item(self.items[pk, sk]) for sk in keys if sk not in (after, before)]
        return iter(rows if limit is None else rows[:limit])

    # -- writing
    def transact(self, ops: Sequence[Any]) -> None:
        self.step()
        self.writes += 1
        fate = self.fate(self.writes)
        if fate == "before":
            raise Death
        parts = [(kind, raw, self.items.get(_key(raw))) for op in ops for kind, raw in op.items()]
        assert len({_key(raw) for _, raw, _ in parts}) == len(parts) <= 100, (
            "one operation for each item, 100 in all"
        )
        reasons = [None if _holds(there, raw) else dynamo.from_item(there or {}) for _, raw, there in parts]
        if any(reason is not None for reason in reasons):
            raise dynamo.TransactionRefused(reasons)
        for kind, raw, there in parts:
            if kind == "Put":
                self.items[_key(raw)] = raw["Item"]
            elif kind == "Delete":
                self.items.pop(_key(raw), None)
            elif kind == "Update":
                self.items[_key(raw)] = _updated(there or raw["Key"], raw)
        self.written()
        if fate == "after":
            raise Death

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Everything that would go to DynamoDB goes here."""
        names = ("get", "get_many", "query", "transact")
        mine = {name: getattr(self, name) for name in names}
        with patch.multiple(dynamo, pause=lambda _: None, **mine):
            yield


def _key(raw: Mapping[str, Any]) -> tuple[str, str]:
    key = raw.get("Key") or raw["Item"]
    return key["pk"]["S"], key["sk"]["S"]


def _name(raw: Mapping[str, Any], name: str) -> str:
    return str(raw["ExpressionAttributeNames"][name]) if name.startswith("#") else name


def _holds(there: Mapping[str, Any] | None, raw: Mapping[str, Any]) -> bool:
    condition = raw.get("ConditionExpression")
    if condition is None:
        return True
    if condition == "attribute_not_exists(pk)":
        return there is None
    found = _CONDITION.match(condition)
    assert found, f"teach the table this condition: {condition}"
    value = (there or {}).get(_name(raw, found[1]))
    wanted = raw["ExpressionAttributeValues"][found[3]]
    if value is None:
        return False
    return value == wanted if found[2] == "=" else int(value["N"]) >= int(wanted["N"])


def _updated(there: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    item, values = dict(there), raw.get("ExpressionAttributeValues", {})
    clauses = _CLAUSE.findall(raw["UpdateExpression"])
    assert clauses, f"teach the table this update: {raw['UpdateExpression']}"
    for verb, rest in clauses:
        for part in rest.split(", "):
            if verb == "SET":
                name, value = part.split(" = ")
                item[_name(raw, name)] = values[value]
            elif verb == "ADD":
                name, value = part.split(" ")
                before = int(item.get(_name(raw, name), {"N": "0"})["N"])
                item[_name(raw, name)] = {"N": str(before + int(values[value]["N"]))}
            else:
                item.pop(_name(raw, part), None)
    return item
