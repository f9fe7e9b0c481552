"""A DynamoDB and an operator's wallet for the wallet's bench, in a process of their own.

The tables keep items in memory, obey the few conditions that the wallet writes, and count capacity by DynamoDB's rules from
the sizes of the items: a write 1 unit a KB, twice in a transaction, and once more in each index that holds the item; a strong read 1 unit for 4 KB, half of it when
eventually consistent. Every call takes `DELAY_S`, so that calls side by side can be told from calls in turn. `POST /` with
the target `Bench.Drain` answers what was called since the last time. `POST /wallet/...` is an operator that says yes.
"""

import json
import re
import sys
import threading
import time
import zlib
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DELAY_S = float(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 0.0
ITEMS: dict[tuple[str, str, str], dict[str, Any]] = {}
CALLS: list[dict[str, Any]] = []
LOCK = threading.Lock()
_EQUALS = re.compile(r"^([#\w]+) = (:\w+)$")


def size_of(item: dict[str, Any]) -> int:
    """Bytes of an item: names and values in UTF-8, numbers about half a byte a digit."""
    return sum(len(name.encode()) + _size(typed) for name, typed in item.items())


def _size(typed: dict[str, Any]) -> int:
    ((kind, value),) = typed.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return (len(value.lstrip("-")) + 1) // 2 + 1
        case "B":
            return len(b64decode(value))
        case "L":
            return 3 + sum(1 + _size(v) for v in value)
        case "M":
            return 3 + sum(1 + len(k.encode()) + _size(v) for k, v in value.items())
    return 1


def units(size: int, block: int) -> int:
    """Whole blocks, at least one."""
    return max(1, -(-size // block))


def holds(there: dict[str, Any] | None, op: dict[str, Any]) -> bool:
    """Whether the condition of a write agrees with what stands there."""
    condition = op.get("ConditionExpression")
    return condition is None or any(_one(there, op, part) for part in condition.split(" OR "))


def _one(there: dict[str, Any] | None, op: dict[str, Any], part: str) -> bool:
    if part.startswith("attribute_not_exists("):
        return there is None
    found = _EQUALS.match(part)
    if found is None:
        return True  # the counters of admission: nothing here depends on them
    name = op.get("ExpressionAttributeNames", {}).get(found[1], found[1])
    return there is not None and there.get(name) == op["ExpressionAttributeValues"][found[2]]


def index_units(there: dict[str, Any] | None, item: dict[str, Any]) -> int:
    """What a write costs in the tables' indexes, which hold whole items: one entry put, moved (twice) or taken out."""
    taken = 0
    for names in (("duepk", "dueAt"), ("gsi1pk", "gsi1sk")):
        old, new = ([(of or {}).get(name) for name in names] for of in (there, item))
        entries = [(old, there), (new, item)] if old != new else [(new, item)]
        taken += sum(units(size_of(of), 1024) for key, of in entries if of is not None and key[0] is not None)
    return taken


def where(table: str, of: dict[str, Any]) -> tuple[str, str, str]:
    """The place of an item or key."""
    return table, of["pk"]["S"], of["sk"]["S"]


def answer(operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any], float, float]:
    """Status, answer, write units, read units."""
    if operation == "TransactWriteItems":
        return _transact(body["TransactItems"])
    if operation in ("PutItem", "UpdateItem"):
        return _write(operation, body)
    if operation in ("GetItem", "BatchGetItem"):
        return _read(operation, body)
    if operation == "BatchWriteItem":  # the inspector's records
        puts = [(t, r["PutRequest"]["Item"]) for t, rows in body["RequestItems"].items() for r in rows]
        ITEMS.update((where(t, item), item) for t, item in puts)
        taken = sum(units(size_of(item), 1024) + index_units(None, item) for _, item in puts)
        return 200, {"UnprocessedItems": {}}, taken, 0
    if operation == "Query":
        return 200, {"Items": [], "Count": 0}, 0, 0.5
    raise ValueError(operation)


def _write(operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any], float, float]:
    item = body.get("Item") or body["Key"]
    place = where(body["TableName"], item)
    if not holds(ITEMS.get(place), body):
        error = {"__type": "x#ConditionalCheckFailedException", "message": "refused"}
        return 400, {**error, "Item": ITEMS.get(place)}, units(size_of(item), 1024), 0
    if operation == "PutItem":
        taken = units(size_of(item), 1024) + index_units(ITEMS.get(place), item)
        ITEMS[place] = item
        return 200, {}, taken, 0
    return 200, {"Attributes": {"used": {"N": "60"}}} if "ReturnValues" in body else {}, 1, 0


def _transact(parts: list[dict[str, Any]]) -> tuple[int, dict[str, Any], float, float]:
    taken, puts = 0, []
    reasons: list[dict[str, Any]] = []
    for part in parts:
        ((_, op),) = part.items()
        item = op.get("Item") or op["Key"]
        place = where(op["TableName"], item)
        there = ITEMS.get(place)
        taken += 2 * max(units(size_of(item), 1024), units(size_of(there), 1024) if there else 1)
        if holds(there, op):
            reasons.append({"Code": "None"})
            if "Item" in op:
                puts.append((place, item))
                taken += index_units(there, item)
        else:
            reasons.append({"Code": "ConditionalCheckFailed", **({"Item": there} if there else {})})
    if any(reason["Code"] != "None" for reason in reasons):
        error = {"__type": "x#TransactionCanceledException", "message": "refused"}
        return 400, {**error, "CancellationReasons": reasons}, taken, 0
    ITEMS.update(puts)
    return 200, {}, taken, 0


def _read(operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any], float, float]:
    if operation == "GetItem":
        item = ITEMS.get(where(body["TableName"], body["Key"]))
        cost = units(size_of(item) if item else 0, 4096) * (1 if body.get("ConsistentRead") else 0.5)
        return 200, {"Item": item} if item else {}, 0, cost
    responses: dict[str, list[dict[str, Any]]] = {}
    cost = 0.0
    for table, asked in body["RequestItems"].items():
        found = [ITEMS.get(where(table, key)) for key in asked["Keys"]]
        each = 1 if asked.get("ConsistentRead") else 0.5
        cost += sum(units(size_of(item) if item else 0, 4096) * each for item in found)
        responses[table] = [item for item in found if item]
    return 200, {"Responses": responses, "UnprocessedKeys": {}}, 0, cost


class Handler(BaseHTTPRequestHandler):
    """JSON 1.0 over kept connections."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        begun = time.monotonic()
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/wallet"):
            self._call("Operator", begun, 0, 0)
            self._send(200, {"status": "OK", "balance": "990.00", "currency": "EUR"})
            return
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        if operation == "Drain":
            with LOCK:
                drained, CALLS[:] = list(CALLS), []
            self._send(200, {"calls": drained})
            return
        with LOCK:
            status, document, written, read = answer(operation, json.loads(raw))
        self._call(operation, begun, written, read)
        self._send(status, document)

    def _call(self, operation: str, begun: float, written: float, read: float) -> None:
        time.sleep(max(0.0, begun + DELAY_S - time.monotonic()))
        with LOCK:
            CALLS.append(
                {"op": operation, "from": begun, "to": time.monotonic(), "wru": written, "rru": read}
            )

    def _send(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("x-amz-crc32", str(zlib.crc32(content)))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
