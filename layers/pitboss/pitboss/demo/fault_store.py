"""Faults that the demo casino is to make: one list under a key, taken from by several callers at once."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pitboss.platform.dynamo import ConditionFailed, apply, get, put_op
from pitboss.platform.settings import setting

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def read[T: "DataclassInstance"](kind: type[T], pk: str) -> tuple[list[T], int]:
    """The faults under a key and the version that they were read at (0: none were ever set)."""
    record = get(setting("DEMO_TABLE"), pk, "META")
    return ([kind(**row) for row in record["faults"]], record["version"]) if record else ([], 0)


def write(pk: str, left: "Iterable[DataclassInstance]", was: int) -> bool:
    """Write the faults over the version that was read; False if somebody else took one meanwhile."""
    record = {"pk": pk, "sk": "META", "faults": [asdict(fault) for fault in left], "version": was + 1}
    over: dict[str, Any] = {"condition": "absent"}
    if was:
        over = {"condition": "#v = :was", "names": {"#v": "version"}, "values": {":was": was}}
    try:
        apply(put_op(setting("DEMO_TABLE"), record, **over))
    except ConditionFailed:
        return False
    return True
