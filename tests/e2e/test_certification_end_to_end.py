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


@pytest.mark.parametrize("mode", ["transfer", "seamless"])
def test_the_hub_certifies_itself(hub: Hub, mode: str) -> None:
    run = played(hub, {"target": "hub", "mode": mode, "cases": CASES})
    assert run["reason"] is None
    failed = [case for case in run["cases"] if case["state"] != "passed"]
    assert failed == []
    assert run["passed"] == run["total"] == 11
    report = hub("GET", f"/certification/runs/{run['runId']}/report")
    assert report["certified"] is True
    assert report["signature"]["kid"] in {key["kid"] for key in hub("GET", "/.well-known/jwks.json")["keys"]}


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
    assert [case for case in run["cases"] if case["state"] != "passed"] == []
    assert run["passed"] == 13


def test_a_strangers_run_does_not_exist(hub: Hub, rival: Hub) -> None:
    run_id = hub("POST", "/certification/runs", {"target": "hub", "mode": "transfer", "cases": "1"})["runId"]
    with pytest.raises(Exception, match="404"):
        rival("GET", f"/certification/runs/{run_id}")
