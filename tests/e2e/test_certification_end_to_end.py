"""Certification through the deployed stack: asked for over HTTP, played by the worker from the queue, reported."""

from typing import Any

import pytest

from devtools.client import Hub
from devtools.seed import DemoTenant
from tests.conftest import Stack
from tests.e2e.conftest import poll

pytestmark = pytest.mark.e2e
CASES = "1-3,9,14,17,25,42,45-46,62"


def played(hub: Hub, body: dict[str, Any]) -> dict[str, Any]:
    run_id = hub("POST", "/certification/runs", body)["runId"]

    def look() -> dict[str, Any]:
        run: dict[str, Any] = hub("GET", f"/certification/runs/{run_id}")
        return run

    return poll(look, lambda run: run["state"] in ("done", "broken"), within_s=180.0)


def failures(hub: Hub, run: dict[str, Any]) -> list[Any]:
    """What failed, with everything that the report tells about it."""
    assert run["reason"] is None
    report = hub("GET", f"/certification/runs/{run['runId']}/report")
    return [(case["number"], case["failure"]) for case in report["cases"] if case["state"] != "passed"]


@pytest.mark.parametrize("mode", ["transfer", "seamless"])
def test_the_hub_certifies_itself(
    hub: Hub, mode: str, stack: Stack, tenants: tuple[DemoTenant, DemoTenant]
) -> None:
    before = hub("GET", "/agents", limit=200)["agents"]
    run = played(hub, {"target": "hub", "mode": mode, "cases": CASES})
    assert failures(hub, run) == []
    assert run["passed"] == run["total"] == 11
    report = hub("GET", f"/certification/runs/{run['runId']}/report")
    assert report["certified"] is True
    assert report["signature"]["kid"] in {key["kid"] for key in hub("GET", "/.well-known/jwks.json")["keys"]}
    # What the run made below the operator is out of its sight, and can be looked at when somebody wants to.
    made = f"Certification {run['runId'][-8:].lower()} "
    listed = [row["name"] for row in hub("GET", "/agents", limit=200)["agents"]]
    assert listed == [row["name"] for row in before]
    closed = hub("GET", "/agents", closed="true", limit=200)["agents"]
    put_away = [row for row in closed if row["name"].startswith(made)]
    agent = next(row["agentId"] for row in put_away if row["name"].endswith(" EUR"))
    below = Hub(stack.api_url, tenants[0].token, tenant=agent)
    assert poll(lambda: below("GET", "/history", limit=1)["transactions"], bool, within_s=30.0)


@pytest.mark.parametrize("profile", ["hub88", "pragmatic", "softswiss"])
def test_the_hub_is_certified_with_a_vendors_profile(hub: Hub, profile: str) -> None:
    run = played(hub, {"target": "hub", "profile": profile, "cases": "3-5,9,12,24,38,46,67"})
    assert failures(hub, run) == []
    assert (run["profile"], run["passed"]) == (profile, 9)


def test_the_demo_operators_wallet_is_certified_with_players_it_already_has(
    hub: Hub, stack: Stack, tenants: tuple[DemoTenant, DemoTenant]
) -> None:
    tenant = tenants[0]
    demo = Hub(stack.api_url, tenant.token)
    demo.http.headers["X-Demo-Token"] = tenant.demo_token
    for user in ("certify-a", "certify-b"):
        player = {"tenantId": tenant.operator_id, "brandId": "aurora", "userId": user, "balance": "12.34"}
        demo("POST", "/demo-operator/wallet/control", player)
    lent = [{"userId": user, "brandId": "aurora"} for user in ("certify-a", "certify-b")]
    body = {"target": "wallet", "walletUrl": f"{stack.api_url}/demo-operator/wallet", "players": lent}
    run = played(hub, {**body, "cases": f"{CASES},18,58"})
    assert failures(hub, run) == []
    assert run["passed"] == 13


def test_a_strangers_run_does_not_exist(hub: Hub, rival: Hub) -> None:
    run_id = hub("POST", "/certification/runs", {"target": "hub", "mode": "transfer", "cases": "1"})["runId"]
    with pytest.raises(Exception, match="404"):
        rival("GET", f"/certification/runs/{run_id}")
