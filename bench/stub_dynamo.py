"""A DynamoDB that answers at once, for the CPU of a client, or after so many milliseconds, for its waiting: it keeps the items
of one table in memory, as they came.

    python -m bench.stub_dynamo [milliseconds]

No conditions, no capacity, no throttling: this process's work is not measured. Prints its port when it listens.
"""

import json
import sys
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ITEMS: dict[tuple[str, str], Any] = {}
LATENCY_S = int(sys.argv[1]) / 1000 if len(sys.argv) > 1 else 0.0


def answer(operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer of one operation."""
    match operation:
        case "PutItem":
            keep(body["Item"])
        case "BatchWriteItem":
            for requests in body["RequestItems"].values():
                for request in requests:
                    keep(request["PutRequest"]["Item"])
            return {"UnprocessedItems": {}}
        case "BatchGetItem":
            ((table, asked),) = body["RequestItems"].items()
            found = [ITEMS.get((k["pk"]["S"], k["sk"]["S"])) for k in asked["Keys"]]
            return {"Responses": {table: [item for item in found if item]}, "UnprocessedKeys": {}}
        case "Query":
            pk = body["ExpressionAttributeValues"][":p"]["S"]
            items = [item for (k, _), item in ITEMS.items() if k == pk]
            return {"Items": items, "Count": len(items)}
        case _:
            raise ValueError(operation)
    return {}


def keep(item: dict[str, Any]) -> None:
    """Store an item; the log is not read back by a scorer that keeps up, so segments need no room."""
    if not item["sk"]["S"].startswith("SEG#"):
        ITEMS[item["pk"]["S"], item["sk"]["S"]] = item


class Handler(BaseHTTPRequestHandler):
    """JSON 1.0 over one kept connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one packet

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        content = json.dumps(answer(operation, body)).encode()
        time.sleep(LATENCY_S)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("x-amz-crc32", str(zlib.crc32(content)))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Nothing: one line a call would be the most work of all."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
