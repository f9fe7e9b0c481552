"""What an invocation took from DynamoDB, counted from DynamoDB's own answers (`ReturnConsumedCapacity`).

Switched on by METER=1 (the local stack): the figures become the metrics `wru` and `rru` of the invocation, and
`make demo` adds them up. On AWS the same figures are CloudWatch's own table metrics, so nothing is asked for there.
"""

from threading import Lock
from typing import Any

from pitboss.platform.settings import optional

_taken = {"wru": 0.0, "rru": 0.0, "calls": 0.0}
_adding = Lock()  # several calls may come back at once

_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})
_METERED = (*sorted(_WRITES), "GetItem", "BatchGetItem", "Query")


def on() -> bool:
    """Whether capacity is asked for."""
    return optional("METER", "") == "1"


def attach(client: Any) -> None:
    """Ask for and add up the capacity of every data call of a DynamoDB client."""
    for operation in _METERED:
        client.meta.events.register(f"before-parameter-build.dynamodb.{operation}", _ask)
        client.meta.events.register(f"after-call.dynamodb.{operation}", _add)


def _ask(params: dict[str, Any], **_: Any) -> None:
    params.setdefault("ReturnConsumedCapacity", "TOTAL")


def _add(model: Any, parsed: dict[str, Any], **_: Any) -> None:
    add(model.name, parsed)


def add(operation: str, parsed: dict[str, Any]) -> None:
    """Add up what one answer says."""
    consumed = parsed.get("ConsumedCapacity") or []
    units = sum(
        row.get("CapacityUnits", 0.0) for row in (consumed if isinstance(consumed, list) else [consumed])
    )
    with _adding:
        _taken["wru" if operation in _WRITES else "rru"] += units
        _taken["calls"] += 1


def drain() -> dict[str, float]:
    """What was taken since the last call."""
    taken = dict(_taken)
    _taken.update(wru=0.0, rru=0.0, calls=0.0)
    return taken
