"""Certification as an API: asked for, played by the worker against a real wallet over HTTP, kept, signed, shown."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pitboss.certify import sealing, store, worker
from pitboss.certify.api import api
from pitboss.kernel.canonical import canonical_json
from pitboss.platform import signing
from pitboss.platform.clock import now_ms
from pitboss.platform.masters import callback_master
from pitboss.tenancy.api import api as tenancy_api
from pitboss.tenancy.public import jwks

from tests.tenancy_world import Client, Reply, operator, root_client
from tests.wallet_world import new_wallet, serving

pytestmark = pytest.mark.moto
RUNS, RUN, REPORT = "/certification/runs", "/certification/runs/{id}", "/certification/runs/{id}/report"


class World:
    """An operator's key, the queue, and the example wallet that the hub's secret opens."""

    def __init__(self, url: str, call: Client, tenant_id: str, wallet: Any) -> None:
        self.url, self.call, self.tenant_id, self.wallet = url, call, tenant_id, wallet

    def ask(self, key: str = "", **more: Any) -> Reply:
        players = [{"userId": name, "brandId": "aurora"} for name in ("alice", "bob")]
        body = {"target": "wallet", "walletUrl": self.url, "players": players, "cases": "1-4,14", **more}
        return self.call("POST", RUNS, {k: v for k, v in body.items() if v is not None}, key=key)

    def messages(self) -> list[dict[str, Any]]:
        sqs, found = boto3.client("sqs"), []
        url = sqs.get_queue_url(QueueName="certify")["QueueUrl"]
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(m["Body"]) for m in got]
            for message in got:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def work(self) -> dict[str, Any]:
        records = [{"messageId": str(n), "body": json.dumps(m)} for n, m in enumerate(self.messages(), 1)]
        answer: dict[str, Any] = worker.handler({"Records": records}, None)
        return answer


@pytest.fixture
def world(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    queue = boto3.client("sqs").create_queue(QueueName="certify")["QueueUrl"]
    monkeypatch.setenv("CERTIFY_QUEUE_URL", queue)
    root = root_client(tenancy_api)
    tenant_id, owner = operator(root)
    wallet = new_wallet(secret=signing.tenant_secret(callback_master(), tenant_id))
    for name in ("alice", "bob"):
        wallet.put("aurora", name)
    with serving(wallet) as url:
        headers = {"Authorization": f"Bearer {owner.token}"}
        yield World(url, Client(api, owner.token, headers=headers), tenant_id, wallet)


def test_a_run_is_played_kept_signed_and_shown(world: World) -> None:
    asked = world.ask()
    assert asked.status == 202
    assert (asked.body["state"], asked.body["total"], asked.body["cases"]) == ("queued", 5, [])
    run_id = asked.body["runId"]
    assert asked.headers["Location"] == f"/certification/runs/{run_id}"
    assert world.call("GET", REPORT, id=run_id).name == "RESULT_NOT_READY"
    assert world.work() == {"batchItemFailures": []}

    run = world.call("GET", RUN, id=run_id).body
    assert run["state"] == "done"
    assert run["certified"] is True
    assert [(c["number"], c["state"]) for c in run["cases"]] == [(n, "passed") for n in (1, 2, 3, 4, 14)]
    kinds = ["certification.requested", "certification.started", "certification.completed"]
    assert [event["type"] for event in run["events"]] == kinds

    report = world.call("GET", run["report"].replace(run_id, "{id}"), id=run_id).body
    signature = report.pop("signature")
    (key,) = [k for k in jwks()["keys"] if k["kid"] == signature["kid"]]
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "="))
    raw = base64.urlsafe_b64decode(signature["value"] + "==")
    public.verify(raw, b"pitboss certification report\n" + canonical_json(report))
    with pytest.raises(InvalidSignature):
        public.verify(raw, b"pitboss certification report\n" + canonical_json({**report, "failed": 1}))

    page = world.call("GET", REPORT, query={"format": "html"}, id=run_id)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Certified" in page.text
    (row,) = world.call("GET", RUNS).body["runs"]
    assert (row["runId"], row["state"]) == (run_id, "done")


def test_a_failing_wallet_is_reported_with_its_exchange(world: World) -> None:
    world.wallet.amount = lambda _body, _player: 1_000  # every amount is read as ten
    run_id = world.ask().body["runId"]
    world.work()
    run = world.call("GET", RUN, id=run_id).body
    assert run["certified"] is False
    (failed,) = [c for c in world.call("GET", REPORT, id=run_id).body["cases"] if c["state"] == "failed"]
    assert failed["number"] == 4
    assert failed["failure"]["expected"] == "OK with balance 999.99"
    assert '"amount":"0.01"' in failed["failure"]["exchange"]["request"]
    assert failed["failure"]["likelyCauses"]


def test_a_repeated_request_is_one_run(world: World) -> None:
    first, second = world.ask(key="k1"), world.ask(key="k1")
    assert first.body["runId"] == second.body["runId"]
    assert len(world.call("GET", RUNS).body["runs"]) == 1


def test_the_callers_token_is_stored_nowhere(world: World) -> None:
    world.ask()
    (message,) = world.messages()
    assert world.call.token not in json.dumps(message)
    secrets = sealing.unseal(message["sealed"], message["runId"], now_ms())
    assert secrets["token"] == world.call.token
    with pytest.raises(ValueError, match="not sealed for this run"):
        sealing.unseal(message["sealed"], "another", now_ms())
    with pytest.raises(ValueError, match="too old"):
        sealing.unseal(message["sealed"], message["runId"], now_ms() + sealing.LIFE_MS + 1000)
    table = boto3.client("dynamodb").scan(TableName="HubTable")["Items"]
    assert world.call.token not in json.dumps(table, default=str)


def test_a_worker_that_died_costs_only_the_cases_it_was_at(world: World) -> None:
    run_id = world.ask().body["runId"]
    (message,) = world.messages()
    worker.drive(message)
    done = store.find(world.tenant_id, run_id)
    assert done is not None
    before = {case["number"]: case for case in store.cases_of(done)}
    # As a death leaves it: the run is running, its lease is over, a case is missing.
    store.change(done, state="running", ended_at=0, lease_until=now_ms() - 1)
    boto3.client("dynamodb").delete_item(
        TableName="HubTable",
        Key={"pk": {"S": f"CERT#{world.tenant_id}#{run_id}"}, "sk": {"S": "CASE#003"}},
    )
    count = "SELECT count(*) FROM transactions"
    known = world.wallet.db.execute(count).fetchone()[0]
    worker.drive(message)
    again = store.find(world.tenant_id, run_id)
    assert again is not None
    assert again.state == "done"
    assert {c["number"] for c in store.cases_of(again)} == set(before)
    # Case 3 is one bet; the players were brought back to 1000 with a call each.
    assert world.wallet.db.execute(count).fetchone()[0] - known <= 3


def test_a_run_that_somebody_plays_is_left_alone(world: World) -> None:
    run_id = world.ask().body["runId"]
    (message,) = world.messages()
    run = store.find(world.tenant_id, run_id)
    assert run is not None
    store.change(run, state="running", lease_until=now_ms() + 60_000)
    worker.drive(message)
    held = store.find(world.tenant_id, run_id)
    assert held is not None
    assert store.cases_of(held) == []
    assert held.state == "running"


def test_a_wallet_that_cannot_be_reached_breaks_the_run_with_a_reason(world: World) -> None:
    run_id = world.ask(walletUrl="http://127.0.0.1:9/wallet").body["runId"]
    world.work()
    run = world.call("GET", RUN, id=run_id).body
    assert run["state"] == "broken"
    assert "no connection" in run["reason"]
    assert run["certified"] is None
    assert run["report"] is None


def test_a_worker_outside_a_laptop_calls_no_private_address(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pitboss.certify.gateway import Line, only_public

    with pytest.raises(Exception, match="not a public address"):
        only_public("localhost", 80)
    import asyncio

    line = Line(world.url, resolve=only_public)
    exchange = asyncio.run(line.call("POST", "/balance", b"{}", {}, {}))
    line.close()
    assert exchange.status == 0
    assert "not a public address" in exchange.note


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"players": []}, "VALIDATION_ERROR", "players"),
    ({"players": [{"userId": "a", "brandId": "b", "role": "blocked"}]}, "VALIDATION_ERROR", "players"),
    ({"walletUrl": None}, "VALIDATION_ERROR", "walletUrl"),
    ({"walletUrl": "ftp://wallet.example/x"}, "URL_NOT_ALLOWED", "walletUrl"),
    ({"walletUrl": "https://user:secret@wallet.example/"}, "URL_NOT_ALLOWED", "walletUrl"),
    ({"cases": "1-3,nothing"}, "VALIDATION_ERROR", "cases"),
    ({"target": "casino"}, "VALIDATION_ERROR", "target"),
    ({"target": "hub", "mode": "seamless", "players": []}, "VALIDATION_ERROR", "control"),
    ({"profile": "unknown"}, "VALIDATION_ERROR", "profile"),
]


def test_what_cannot_be_certified_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_TOKEN", "")
    for change, name, field in REFUSED:
        refused = world.ask(**change)
        assert refused.name == name, change
        assert field in [e["field"] for e in refused.body["errors"]], change
    assert world.messages() == []
    assert world.call("GET", RUNS).body["runs"] == []


def test_a_profile_is_that_of_a_hub_and_of_the_hubs_own_protocol(world: World) -> None:
    for change in ({"profile": "hub88"}, {"target": "hub", "players": [], "profile": "mascot"}):
        refused = world.ask(**change)
        assert refused.name == "VALIDATION_ERROR"
        assert [e["field"] for e in refused.body["errors"]] == ["profile"]
    asked = world.ask(target="hub", players=[], profile="hub88")
    assert (asked.status, asked.body["profile"]) == (202, "hub88")


def test_another_tenants_run_does_not_exist(world: World) -> None:
    run_id = world.ask().body["runId"]
    _, stranger = operator(root_client(tenancy_api))
    assert Client(api, stranger.token)("GET", RUN, id=run_id).status == 404
    assert Client(api, stranger.token)("GET", REPORT, id=run_id).status == 404
    assert Client(api, stranger.token)("GET", RUNS).body["runs"] == []
    assert world.call("GET", RUN, id="nonsense").status == 404


def test_runs_are_paged(world: World) -> None:
    made = [world.ask().body["runId"] for _ in range(3)]
    first = world.call("GET", RUNS, query={"limit": "2"}).body
    second = world.call("GET", RUNS, query={"limit": "2", "cursor": first["nextCursor"]}).body
    listed = [row["runId"] for row in (*first["runs"], *second["runs"])]
    assert sorted(listed) == sorted(made)
    assert second["nextCursor"] is None
