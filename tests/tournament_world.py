"""A hub on moto with its clock in hand: every route, the sweeper, the settler and the money worker, and the demo casino.

Single-threaded: what the streams and queues would trigger is called in turn by `pass_time`.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from pitboss.catalogue.known import forget
from pitboss.delivery import gateway as money_gateway
from pitboss.delivery import store as money_store
from pitboss.delivery import worker as money_worker
from pitboss.kernel.instants import format_instant
from pitboss.ledger import public as ledger
from pitboss.platform import clock
from pitboss.platform.http import Api
from pitboss.rounds import service as rounds_service
from pitboss.rounds import store as rounds_store
from pitboss.tournaments import clock as tournament_clock
from pitboss.tournaments import public, settlement

from tests.functions import load
from tests.money_world import demo_casino, forget_secrets, http_server
from tests.tenancy_world import Client, Reply, made, operator, root_client

GAMES = ("crash-classic", "lucky-sevens")
BRANDS = ("aurora", "borealis")
SECOND, HOUR = 1000, 3_600_000


def apis() -> list[Api]:
    """The routes that tournaments are played through."""
    from pitboss.catalogue.api import api as catalogue
    from pitboss.delivery.api import api as money
    from pitboss.rounds.api import api as rounds
    from pitboss.tenancy.api import api as tenancy
    from pitboss.tournaments.api import api as tournaments
    from pitboss.tournaments.registrations_api import api as registrations
    from pitboss.tournaments.simulate_api import api as simulate

    boards: Api = load("boards_api").api
    return [tenancy, catalogue, rounds, money, tournaments, registrations, simulate, boards]


class Hub:
    """One operator with two brands and two games; `now` is the clock of everything (ms)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, casino: str) -> None:
        self.now = clock.now_ms()
        monkeypatch.setattr(clock, "time", SimpleNamespace(time_ns=lambda: self.now * 1_000_000))
        self.apis = {(r.method, r.path): api for api in apis() for r in api.routes}
        self.scored = "0"
        self.root = root_client(self.apis["POST", "/agents"])
        self.tenant, client = operator(self.root)
        self.token = client.token
        forget()
        limits = dict.fromkeys(("standard", "create", "register", "results", "ingest"), 20000)
        settings: dict[str, Any] = {"version": 0, "limits": limits}
        if casino:
            settings["callbacks"] = {
                "payouts": f"{casino}/demo-operator/payouts",
                "debits": f"{casino}/demo-operator/debits",
            }
        # Limits are the parent's to raise; a test calls faster than any casino.
        made(self.root("PUT", "/settings", settings, headers={"Pitboss-Tenant": self.tenant}))
        brands = [{"ref": ref, "name": ref.title()} for ref in BRANDS]
        self.ok(
            "PUT",
            "/integrations/{id}/operators",
            {"operators": [{"ref": "group", "name": "Group", "brands": brands}]},
            id="main",
        )
        games = [
            {
                "gameId": slug,
                "displayName": slug,
                "gameProviderDisplayName": "Pit",
                "isEnabled": True,
                "isFreeroundSupported": True,
                "enabledBrandRefs": list(BRANDS),
            }
            for slug in GAMES
        ]
        self.ok("PUT", "/integrations/{id}/games", {"games": games}, id="main")

    # -- calls
    def __call__(self, method: str, path: str, body: Any = None, *, token: str = "", **more: Any) -> Reply:
        return Client(self.apis[method, path], token or self.token)(method, path, body, **more)

    def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The body of an answer that is none of refusal."""
        reply = self(method, path, body, **more)
        assert reply.status < 300, reply.body
        return reply.body

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The problem of a refusal that changed nothing."""
        reply = self(method, path, body, **more)
        assert reply.status >= 400, reply.body
        return reply.body

    def create(self, **fields: Any) -> str:
        """A tournament that starts in an hour and lasts one, unless told otherwise."""
        body = {
            "name": "Cup",
            "startTime": format_instant(self.now + HOUR),
            "endTime": format_instant(self.now + 2 * HOUR),
            "graceSeconds": 30,
            "games": list(GAMES),
            **fields,
        }
        return str(self.ok("POST", "/tournaments", body)["tournamentId"])

    def register(self, tid: str, player: str, brand: str = "aurora", **fields: Any) -> Reply:
        self.now += 1
        body = {"userId": player, "displayName": player.title(), "brandId": brand, **fields}
        return self("POST", "/tournaments/{id}/players", body, id=tid)

    def player(self, method: str, tid: str, action: str, player: str, body: Any = None, **more: Any) -> Reply:
        path = "/tournaments/{id}/players/{player}" + (f"/{action}" if action else "")
        more.setdefault("query", {"brandId": "aurora"})
        return self(method, path, body, id=tid, player=player, **more)

    def status(self, tid: str) -> str:
        return str(self.ok("GET", "/tournaments/{id}/status", id=tid)["status"])

    def message(self, round_id: str, player: str, bet: str, win: str, **more: Any) -> dict[str, Any]:
        """A round settled now, as a casino sends it; `more` says what else, or otherwise."""
        return {
            "roundId": round_id,
            "brandId": "aurora",
            "playerId": player,
            "gameId": GAMES[0],
            "currency": "EUR",
            "bet": bet,
            "win": win,
            "settledAt": format_instant(self.now),
            **more,
        }

    def send(self, *rounds: tuple[str, str, str, str], brand: str = "aurora", at: int = 0) -> None:
        """Rounds (id, player, bet, win) settled now, or at an instant; they must all be accepted."""
        told = {"status": "settled", "brandId": brand, "settledAt": format_instant(at or self.now)}
        message = [self.message(*one, **told) for one in rounds]
        answer = self.ok("POST", "/rounds", {"integrationId": "main", "rounds": message})
        assert {row["status"] for row in answer["results"]} == {"accepted"}, answer
        # What the table's stream would hand to the scorer; the last batch comes twice, as streams may do.
        batches = list(rounds_store.inbox_since(self.tenant, "main", self.scored))
        rounds_service.score(batches)
        self.scored = batches[-2].batch_id if len(batches) > 1 else self.scored

    def events(self, tid: str) -> list[str]:
        return [e["type"] for e in self.ok("GET", "/tournaments/{id}/events", id=tid)["events"]]

    # -- time
    def to(self, instant: int) -> None:
        """Let the clock reach an instant and ring."""
        self.now = max(self.now, instant)
        assert tournament_clock.sweep(self.now)["failed"] == 0

    def rank(self) -> None:
        """The ranker does what was asked of it."""
        queue = boto3.client("sqs")
        url = os.environ["RANK_QUEUE_URL"]
        while messages := queue.receive_message(QueueUrl=url, WaitTimeSeconds=2, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            records = [{"messageId": m["MessageId"], "body": m["Body"]} for m in messages]
            assert load("ranker").handler({"Records": records}, None) == {"batchItemFailures": []}
            for message in messages:
                queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def money(self) -> int:
        """One pass of the money worker over whatever is due."""
        due = [m for s in range(money_store.SHARDS) for m in money_store.due(s, self.now, 1000)]
        for movement in due:
            message = json.loads(money_gateway.message_body(movement))
            money_worker.look(message, public.on_debit, public.on_payout, self.now)
        return len(due)

    def settle(self, tid: str, passes: int = 12) -> str:
        """Sweeper, settler and money worker in turn, half a minute apart, until nothing moves."""
        for n in range(passes):
            settlement.settle(self.tenant, tid, f"settler-{n}")
            self.money()
            self.to(self.now + 31 * SECOND)
        return self.status(tid)

    # -- books
    def balance(self, account: str) -> int:
        return ledger.balance(self.tenant, account, "EUR")

    def house(self, name: str) -> int:
        return self.balance(ledger.operator_account(self.tenant, name))

    def check_books(self) -> None:
        """Postings, balances and entries agree, and everything sums to zero."""
        audit = ledger.trial_balance(self.tenant)
        assert audit.faults == ()
        assert all(audit.total(currency) == 0 for currency in audit.balances)


@contextmanager
def hub_with_casino(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """An operator whose callbacks are the demo casino's: every player has 1000.00."""
    monkeypatch.setenv("DEMO_TOKEN", "look")
    forget_secrets()
    with http_server(demo_casino) as url:
        yield Hub(monkeypatch, url)
    forget_secrets()
