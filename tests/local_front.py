"""Functions' routes behind one HTTP port, the way API Gateway serves them, on moto: for examples that speak HTTP."""

import base64
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pitboss.platform.http import Api, Route

from tests.tenancy_world import authorize


def _params(route: Route, path: str) -> dict[str, str] | None:
    wanted, given = route.path.strip("/").split("/"), path.strip("/").split("/")
    if len(wanted) != len(given):
        return None
    found = {}
    for name, value in zip(wanted, given, strict=True):
        if name.startswith("{"):
            found[name[1:-1]] = value
        elif name != value:
            return None
    return found


@contextmanager
def serving(apis: Sequence[Api]) -> Iterator[str]:
    """The base URL of a server on a free port; one call at a time, since moto is not for threads."""
    lock = threading.Lock()

    class Front(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                answer = _answer(apis, self.command, self.path, dict(self.headers.items()), body)
            content = answer["body"].encode()
            self.send_response(answer["statusCode"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(
    apis: Sequence[Api], method: str, path: str, headers: dict[str, str], body: bytes
) -> dict[str, Any]:
    for api in apis:
        for route in api.routes:
            params = _params(route, path) if route.method == method else None
            if params is None:
                continue
            event: dict[str, Any] = {
                "httpMethod": method,
                "resource": route.path,
                "pathParameters": params or None,
                "headers": headers,
                "requestContext": {"requestId": "req-1", "identity": {"sourceIp": "203.0.113.9"}},
            }
            if body:
                event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
            if not route.public:
                allowed = authorize(headers.get("Authorization", "").removeprefix("Bearer "), method)
                if allowed is None:
                    return {"statusCode": 401, "headers": {}, "body": json.dumps({"name": "TOKEN_INVALID"})}
                event["requestContext"]["authorizer"] = allowed["context"]
            return api.handler(event, None)
    return {"statusCode": 404, "headers": {}, "body": json.dumps({"name": "NOT_FOUND"})}
