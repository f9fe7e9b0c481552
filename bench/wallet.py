"""What a wallet call costs: round trips, write and read units, and CPU of the handler beside the DynamoDB client.

The function's own handler is called with events as API Gateway sends them (the authorizer is another function), against a
table in another process that obeys conditions and counts units (bench/wallet_stub.py). Round trips are calls that had to
wait for one another; calls side by side count once; the operator's callback is left out. CPU is this process's own
(all threads) less what the client took; the bare handler answers the same message through the same front without doing
anything. Medians over the repetitions, after a warm-up in which limits are leased and tenants, games and secrets read.
"""

import argparse
import base64
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from bench.report import keep, table

TENANT, BRAND, GAME, PROVIDER = "01M7YH3A4FMQ9VS041P84F4NWP", "aurora", "book-of-suns", "acme"
SECRET = b"the master of secrets, for the bench"
WARM, REPEAT = 50, 240
MODES = ("transfer", "seamless")
OPERATIONS = ("authenticate", "balance", "bet", "win", "rollback", "bet replayed", "bet refused", "bet+win")


# ---------------------------------------------------------------- the client's CPU
class ClientTime:
    """CPU seconds of this process inside the client, over all threads."""

    def __init__(self) -> None:
        self.taken = 0.0

    def wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, timed by the CPU of its own thread."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.thread_time()
            try:
                return call(*args, **kwargs)
            finally:
                self.taken += time.thread_time() - start

        return timed


@contextmanager
def client_timed() -> Any:
    """Time what goes to DynamoDB, by either way."""
    from botocore.client import BaseClient
    from pitboss.platform import dynamo

    clock = ClientTime()
    ways: tuple[tuple[Any, str], ...] = ((dynamo, "wire"), (BaseClient, "_make_api_call"))
    with ExitStack() as stack:
        for owner, name in ways:
            stack.enter_context(patch.object(owner, name, clock.wrapped(getattr(owner, name))))
        yield clock


# ---------------------------------------------------------------- the stage
@dataclass
class Stage:
    """A provider with a signed way into the handler; `calls()` empties the stub's list of what was called."""

    handler: Callable[[dict[str, Any], Any], dict[str, Any]]
    url: str
    token: str = ""
    number: int = 0

    def event(self, action: str, **body: Any) -> dict[str, Any]:
        """An event of API Gateway with a signed body."""
        from pitboss.platform import signing
        from pitboss.platform.caller import Caller

        self.number += 1
        raw = json.dumps({"action": action, "sessionToken": self.token, **body}).encode()
        secret = signing.provider_secret(SECRET, TENANT, PROVIDER, 1)
        signed = signing.headers(secret, f"msg-{self.number}", int(time.time()), raw)
        caller = Caller("api", "key", TENANT, f"/{TENANT}/", frozenset({"wallet.write"}))
        return {
            "httpMethod": "POST",
            "resource": f"/wallet/{action}",
            "headers": {"Content-Type": "application/json", "Pitboss-Provider": PROVIDER, **signed},
            "requestContext": {
                "requestId": f"req-{self.number}",
                "identity": {"sourceIp": "203.0.113.9"},
                "authorizer": {"caller": caller.to_context()},
            },
            "body": base64.b64encode(raw).decode(),
            "isBase64Encoded": True,
        }

    def calls(self) -> list[dict[str, Any]]:
        """What the stub was asked since the last time."""
        request = urllib.request.Request(self.url, b"{}", {"X-Amz-Target": "Bench.Drain"})  # noqa: S310
        with urllib.request.urlopen(request) as reply:  # noqa: S310 - the stub on loopback
            found: list[dict[str, Any]] = json.load(reply)["calls"]
        return found


def prepare(mode: str, url: str) -> str:
    """An agent, a brand, a game, an integration and a player; answers the session token."""
    from pitboss.catalogue.model import Brand, Game
    from pitboss.catalogue.public import WalletIntegration, forget_wallets
    from pitboss.platform import dynamo, masters
    from pitboss.tenancy import standing, store
    from pitboss.tenancy.model import Node, OwnSettings
    from pitboss.wallet.accounts import open_wallet_ops
    from pitboss.wallet.model import Session, Wallet
    from pitboss.wallet.tokens import digest_of, make

    masters._read = lambda _: SECRET  # type: ignore[assignment]
    standing.forget()
    forget_wallets()
    player, secret, now = f"01M7YH3A4FMQ9VS041P84{mode[:5].upper()}", bytes(16), time.time_ns() // 1_000_000
    node = Node(TENANT, "Agent", "root", "", f"/{TENANT}/", "EUR", "active", now)
    head = {"pk": f"CAT#{TENANT}", "tenantId": TENANT, "schema": 1}
    for record in (
        store._node_record(node),
        {**head, "sk": f"BRAND#{BRAND}", **Brand(BRAND, BRAND, "op", "Op", PROVIDER, True).to_record()},
        {**head, "sk": f"GAME#{GAME}", **Game(GAME, GAME, "Acme", PROVIDER, True).to_record()},
        {**head, "sk": f"WINT#{PROVIDER}", **WalletIntegration(PROVIDER, generation=1).to_record()},
    ):
        dynamo.apply(dynamo.put_op("hub", record))
    store.write_settings(TENANT, OwnSettings(version=1, wallet_url=url + "wallet"))
    session = Session("S123456789", digest_of(secret), "desktop", now, now + 10**8)
    balance = 10**9 if mode == "transfer" else 0
    wallet = Wallet(TENANT, player, BRAND, "user-4711", "EUR", 2, mode)  # type: ignore[arg-type]
    wallet = replace(wallet, sessions=(session,), balance=balance, cash=-balance)
    dynamo.transact(open_wallet_ops(wallet))
    return make(TENANT, player, session.id, secret)


# ---------------------------------------------------------------- what is measured
def events_of(operation: str, stage: Stage, number: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The calls that come before, and the one that is measured."""
    own = f"{stage.token[-4:]}-8f3c2a71-5d0e-4b6f-{number:012d}"
    play = {"roundId": f"r-{own}", "gameId": GAME, "currency": "EUR"}
    bet = {"transactionId": f"b-{own}", "amount": "1.00", **play}
    win = {"transactionId": f"w-{own}", "amount": "0.50", "roundClosed": True, **play}
    back = {
        "transactionId": f"x-{own}",
        "originalTransactionId": bet["transactionId"],
        "roundId": play["roundId"],
    }
    event = stage.event
    match operation:
        case "authenticate" | "balance":
            return [], event(operation)
        case "bet":
            return [], event("bet", **bet)
        case "win":
            return [event("bet", **bet)], event("win", **win)
        case "rollback":
            return [event("bet", **bet)], event("rollback", **back)
        case "bet replayed":
            return [event("bet", **bet)], event("bet", **bet)
        case "bet refused":
            return [], event("bet", **{**bet, "amount": "99999999.00"})
    rows = [{"action": "bet", **bet}, {"action": "win", **win}]
    return [], event("transaction", actions=rows)


def tidy(operation: str, stage: Stage, number: int) -> dict[str, Any] | None:
    """The end of the round that a measured bet opened: a wallet at play has one or two open."""
    if not operation.startswith("bet") or operation in ("bet+win", "bet refused"):
        return None
    own = f"{stage.token[-4:]}-8f3c2a71-5d0e-4b6f-{number:012d}"
    play = {"roundId": f"r-{own}", "gameId": GAME, "currency": "EUR"}
    return stage.event("win", transactionId=f"w-{own}", amount="0.50", roundClosed=True, **play)


def trips(calls: list[dict[str, Any]]) -> int:
    """The longest chain of calls that waited for one another; the operator's are left out."""
    ends = sorted((c["to"], c["from"]) for c in calls if c["op"] != "Operator")
    chain, free_at = 0, 0.0
    for until, begun in ends:
        if begun >= free_at:
            chain, free_at = chain + 1, until
    return chain


def bare_cpu(stage: Stage) -> float:
    """CPU milliseconds of a handler that reads the same message and answers as much, and does nothing."""
    from pitboss.platform.http import Answer, Api, Call

    api = Api("bare", None)
    body = {
        "status": "OK",
        "code": 0,
        "transactionId": "x" * 40,
        "hubTransactionId": "y" * 26,
        "balance": "1.00",
    }

    @api.route("POST", "/wallet/bet", "nothing", parse=lambda document: document, public=True)
    def nothing(call: Call) -> Answer:
        return Answer({**body, "replay": False, "currency": call.body["currency"]})

    taken = []
    for number in range(WARM + REPEAT):
        _, event = events_of("bet", stage, number)
        start = time.process_time()
        answer = api.handler(event, None)
        taken.append((time.process_time() - start) * 1000)
        assert answer["statusCode"] == 200, answer["body"]
    return statistics.median(taken[WARM:])


def measure(operation: str, mode: str, stage: Stage, span: range, *, counting: bool) -> dict[str, Any]:
    """One row: medians of the measured calls, the first of which warm up."""
    rows: list[tuple[int, float, float, float]] = []
    with client_timed() as clock:
        for number in span:
            before, event = events_of(operation, stage, number)
            for one in before:
                answered(stage, one)
            if counting:
                stage.calls()
            clock.taken, start = 0.0, time.process_time()
            answer = stage.handler(event, None)
            cpu = (time.process_time() - start - clock.taken) * 1000
            calls = stage.calls() if counting else []
            wanted = 402 if operation == "bet refused" and mode == "transfer" else 200
            assert answer["statusCode"] == wanted, answer["body"]
            rows.append((trips(calls), sum(c["wru"] for c in calls), sum(c["rru"] for c in calls), cpu))
            last = tidy(operation, stage, number)
            if last is not None:
                answered(stage, last)
    mid = [statistics.median(column) for column in zip(*rows[len(rows) // 3 :], strict=True)]
    return {
        "operation": operation,
        "mode": mode,
        "round_trips": int(mid[0]),
        "wru": mid[1],
        "rru": mid[2],
        "handler_cpu_ms": round(mid[3], 3),
    }


def answered(stage: Stage, event: dict[str, Any]) -> None:
    """A call that only prepares."""
    answer = stage.handler(event, None)
    assert answer["statusCode"] == 200, answer["body"]


def rows_of(mode: str, delay_s: float, repeat: int) -> list[dict[str, Any]]:
    """All operations of a mode against a stub of that delay."""
    stub = subprocess.Popen(
        [sys.executable, "-m", "bench.wallet_stub", str(delay_s)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert stub.stdout is not None
        url = f"http://127.0.0.1:{stub.stdout.readline().strip()}/"
        os.environ.update(AWS_ENDPOINT_URL_DYNAMODB=url)
        from pitboss.platform import aws

        aws.forget_clients()
        from pitboss.wallet.api import api

        stage = Stage(api.handler, url)
        stage.token = prepare(mode, url)
        bare = bare_cpu(stage)
        rows = []
        skipped = ("bet refused",) if mode == "seamless" else ()
        for at, operation in enumerate(o for o in OPERATIONS if o not in skipped):
            span = range(at * 10_000, at * 10_000 + repeat)
            row = measure(operation, mode, stage, span, counting=delay_s > 0)
            rows.append({**row, "ratio_to_bare": round(row["handler_cpu_ms"] / bare, 2)})
        return rows
    finally:
        stub.kill()
        stub.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=REPEAT)
    given = parser.parse_args()
    os.environ.update(
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="x",  # noqa: S106
        HUB_TABLE="hub",
        LEDGER_TABLE="ledger",
        CALLBACK_SECRET_ARN="arn:x",  # noqa: S106
        POWERTOOLS_SERVICE_NAME="wallet",
        POWERTOOLS_METRICS_NAMESPACE="Pitboss",
        POWERTOOLS_LOG_LEVEL="CRITICAL",
        STAGE="local",
    )
    rows = []
    for mode in MODES:
        # Trips and units with a delay that shows what runs side by side; CPU without, where nothing waits.
        with redirect_stdout(io.StringIO()):  # the functions' own lines of metrics
            counted = rows_of(mode, 0.004, 12)
            quick = {row["operation"]: row for row in rows_of(mode, 0.0, given.repeat)}
        rows += [
            {**row, **{k: quick[row["operation"]][k] for k in ("handler_cpu_ms", "ratio_to_bare")}}
            for row in counted
        ]
    table(
        f"wallet calls on {os.cpu_count()} x {platform.machine()}, Python {platform.python_version()}", rows
    )
    keep("wallet", rows)


if __name__ == "__main__":
    main()
