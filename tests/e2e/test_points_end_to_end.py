"""Points on the deployed stack: from the mint to an agent and back, by two persons, seen by nobody else."""

from uuid import uuid4

import pytest

from devtools.client import ApiRefusal, Hub
from tests.conftest import Stack

pytestmark = pytest.mark.e2e


def refused(call: object) -> str:
    """The name of the refusal that `call()` raises."""
    with pytest.raises(ApiRefusal) as caught:
        call()  # type: ignore[operator]
    return str(caught.value.name)


def test_points_flow_down_and_back_and_nowhere_else(stack: Stack, root: Hub, rival: Hub) -> None:
    top = root("GET", "/settings")["tenantId"]
    operator = root("POST", "/agents", {"name": f"Points {uuid4().hex[:6]}", "kind": "operator"})["agentId"]
    keys = [
        root("POST", "/api-keys", {"name": name, "scopes": ["*"], "agentId": operator})["token"]
        for name in ("first", "second")
    ]
    first, second = (Hub(stack.api_url, token) for token in keys)
    agent = first("POST", "/agents", {"name": "Casino", "kind": "agent"})["agentId"]

    before = root("GET", f"/agents/{top}/points")["balance"]
    root("POST", f"/agents/{top}/points", {"type": "mint", "amount": "500", "reason": "opening"})
    root("POST", f"/agents/{operator}/points", {"type": "transfer", "amount": "500", "reason": "contract"})
    assert root("GET", f"/agents/{top}/points")["balance"] == before

    wanted = {"version": 0, "policy": "ggr", "ggrRateBps": 1000, "floor": "5", "alertAt": ["50"], "slices": 4}
    assert first("PUT", f"/agents/{agent}/billing", wanted)["ggrRateBpsInForce"] == 1000
    first("PUT", f"/agents/{operator}/billing", {"version": 0, "approvalOver": "100"})
    asked = first("POST", f"/agents/{agent}/points", {"type": "transfer", "amount": "120", "reason": "big"})
    assert asked["state"] == "PENDING"
    approve = f"/points/transfers/{asked['transferId']}/approve"
    assert refused(lambda: first("POST", approve)) == "PERMISSION_ERROR"
    assert second("POST", approve, {"reason": "seen"})["state"] == "DONE"
    first("POST", f"/agents/{agent}/points", {"type": "return", "amount": "20", "reason": "too much"})

    shown = first("GET", f"/agents/{agent}/points")
    assert (shown["balance"], shown["available"], len(shown["slices"])) == ("100.00", "95.00", 4)
    statement = first("GET", f"/agents/{agent}/points/statement")
    assert (statement["fromParent"], statement["toParent"], statement["closing"]) == (
        "120.00",
        "20.00",
        "100.00",
    )
    assert statement["ties"] is True
    kinds = [row["kind"] for row in first("GET", f"/agents/{agent}/points/entries")["entries"]]
    assert kinds == ["toParent", "fromParent", "billing"]
    everything = first("POST", f"/agents/{agent}/points", {"type": "return", "all": True, "reason": "bye"})
    assert everything["amount"] == "95.00"
    for path in (
        f"/agents/{agent}/points",
        f"/agents/{operator}/points/statement",
        f"/agents/{agent}/billing",
    ):
        assert refused(lambda path=path: rival("GET", path)) == "AGENT_NOT_FOUND"
    take = {"type": "return", "amount": "1", "reason": "theft"}
    assert refused(lambda: rival("POST", f"/agents/{agent}/points", take)) == "AGENT_NOT_FOUND"
    freeze = {"status": "frozen", "reason": "audit"}
    assert first("PATCH", f"/agents/{agent}/points", freeze)["status"] == "frozen"
