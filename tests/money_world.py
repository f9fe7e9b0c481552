"""A tenant on moto whose callbacks are answered over real HTTP, by the demo casino or by a script.

The server answers in a thread of its own while the caller waits, so at any time only one thread is at the tables.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pitboss.delivery import gateway, service, store, worker
from pitboss.delivery.model import Movement, Outcome, PayoutLine
from pitboss.platform.clock import now_ms

from tests.tenancy_world import Client, made, operator, root_client

type Script = Callable[[str, dict[str, str], bytes], tuple[int, str, bytes]]


@contextmanager
def http_server(script: Script) -> Iterator[str]:
    """A server on loopback; `script` gets path, headers (lower-case) and body, and answers status, type and body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {k.lower(): v for k, v in self.headers.items()}
            status, kind, answer = script(self.path, headers, body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def demo_casino(path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
    """The demo operator's own handler behind the server."""
    from pitboss.demo.api import api

    event = {
        "httpMethod": "POST",
        "resource": path,
        "headers": headers,
        "body": body.decode(),
        "requestContext": {"requestId": "demo"},
    }
    answer = api.handler(event, None)
    return answer["statusCode"], answer["headers"]["Content-Type"], answer["body"].encode()


def demo_get(resource: str, query: dict[str, str], **params: str) -> Any:
    """A look at the demo casino from the other end."""
    from pitboss.demo.api import api

    event = {
        "httpMethod": "GET",
        "resource": resource,
        "headers": {"X-Demo-Token": "look"},
        "queryStringParameters": query,
        "pathParameters": params or None,
        "requestContext": {"requestId": "look"},
    }
    answer = api.handler(event, None)
    assert answer["statusCode"] == 200, answer["body"]
    return json.loads(answer["body"])


def demo_faults(*faults: dict[str, Any], tournament: str = "T1") -> None:
    """Tell the demo casino what to get wrong next."""
    from pitboss.demo.api import api

    event = {
        "httpMethod": "POST",
        "resource": "/demo-operator/faults",
        "headers": {"X-Demo-Token": "look", "Content-Type": "application/json"},
        "body": json.dumps({"tournamentId": tournament, "faults": list(faults)}),
        "requestContext": {"requestId": "faults"},
    }
    answer = api.handler(event, None)
    assert answer["statusCode"] == 200, answer["body"]


@dataclass
class World:
    """One tenant with callbacks, its clock (ms, set by hand), and what its tournaments were told."""

    tenant: str
    client: Client
    now: int
    tournament: str = "T1"
    player: str = "p1"
    told_debits: list[tuple[str, str]] = field(default_factory=list)
    told_payouts: int = 0

    def on_debit(self, tenant: str, tournament: str, ref: str, outcome: Outcome) -> None:
        assert (tenant, tournament) == (self.tenant, self.tournament)
        self.told_debits.append((ref, outcome.state))

    def on_payout(self, tenant: str, tournament: str, ref: str) -> None:
        assert (tenant, tournament) == (self.tenant, self.tournament)
        assert self.movement(ref, "payout").at_rest
        self.told_payouts += 1

    def debit(self, ref: str, amount: int = 1000, rake: int = 100, **more: Any) -> Outcome:
        """Ask for a buy-in of the player."""
        return service.request_debit(self.tenant, self.tournament, **self._asked(ref, amount, rake, **more))

    def born(self, ref: str) -> tuple[Movement, Any]:
        """A buy-in of the player, and what writes it."""
        return service.debit_born(self.tenant, self.tournament, **self._asked(ref, 1000, 100))

    def _asked(self, ref: str, amount: int, rake: int, **more: Any) -> dict[str, Any]:
        return {
            "ref": ref,
            "amount": amount,
            "rake": rake,
            "now": self.now,
            "kind": "buy_in",
            "entry_id": f"entry-{ref}",
            "brand_id": "aurora",
            "player_id": self.player,
            "currency": "EUR",
            "exponent": 2,
            **more,
        }

    def refund(self, debit_ref: str, refund_ref: str) -> bool:
        """Give a debit back."""
        return service.refund(
            self.tenant,
            self.tournament,
            debit_ref=debit_ref,
            refund_ref=refund_ref,
            reason="withdrawn",
            now=self.now,
        )

    def plan(self, *lines: PayoutLine, approval: Any = "auto", version: int = 1) -> None:
        """Plan payouts of the result."""
        service.plan_payouts(self.tenant, self.tournament, version, list(lines), approval, now=self.now)

    def movement(self, ref: str, family: Any = "debit") -> Movement:
        """A movement as it stands."""
        found = store.load(self.tenant, self.tournament, family, ref)
        assert found is not None
        return found

    def due(self, within_ms: int = 0) -> list[Movement]:
        """What the index says is due now, or will be within a time."""
        until = self.now + within_ms
        return [m for shard in range(store.SHARDS) for m in store.due(shard, until, 1000)]

    def work(self) -> int:
        """One pass of the worker over everything that is due now; how many it looked at."""
        found = self.due()
        for movement in found:
            message = json.loads(gateway.message_body(movement))
            worker.look(message, self.on_debit, self.on_payout, self.now)
        return len(found)

    def work_until_quiet(self, step_ms: int = 31_000, passes: int = 8) -> None:
        """Let time pass in steps and work, until nothing is due any more."""
        for _ in range(passes):
            if not self.due(within_ms=600_000):
                return
            self.work()
            self.now += step_ms
        assert not self.due(within_ms=600_000)

    def balance(self) -> dict[str, Any]:
        """The player's EUR wallet at the demo casino."""
        found = demo_get(
            "/demo-operator/players/{brand}/{player}",
            {"tenantId": self.tenant},
            brand="aurora",
            player=self.player,
        )
        rows: list[dict[str, Any]] = found["wallets"]
        return (
            rows[0] if rows else {"currency": "EUR", "balance": "1000.00", "bonus": "0.00", "freeRounds": 0}
        )


def make_world(url: str) -> World:
    """An operator whose callbacks go to `url`."""
    from pitboss.delivery.api import api
    from pitboss.tenancy.api import api as tenancy_api

    root = root_client(tenancy_api)
    tenant, own = operator(root)
    callbacks = {"payouts": f"{url}/demo-operator/payouts", "debits": f"{url}/demo-operator/debits"}
    made(own("PUT", "/settings", {"version": 0, "callbacks": callbacks}))
    return World(tenant, Client(api, own.token), now_ms())


def forget_secrets() -> None:
    """Each test has another Secrets Manager."""
    gateway._master.cache_clear()


def prize(ref: str, amount: int = 5000, player: str = "p1", **more: Any) -> PayoutLine:
    """A prize of the tournament."""
    return PayoutLine(
        ref, f"entry-{player}", "aurora", player, more.pop("kind", "cash"), amount, "EUR", 2, **more
    )
