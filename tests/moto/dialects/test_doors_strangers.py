"""Who knows a door's address and not its secret: neither the vendor's rate nor its slots are his to use up."""

import json
from typing import Any

import boto3
import pytest
from pitboss.dialects import doors
from pitboss.platform.clock import now_ms
from pitboss.tenancy.api import api as tenancy_api

from tests.dialect_world import Vendor, World
from tests.tenancy_world import Client, made

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]

BALANCE = json.dumps({"command": "balance", "check": "21", "data": {"account": "alice"}}).encode()


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """A vendor whose door takes three calls a minute."""
    world = World.make()
    world.player("alice", 1_000)
    settings = Client(tenancy_api, world.call.token)
    version = made(settings("GET", "/settings"))["version"]
    made(settings("PUT", "/settings", {"version": version, "limits": {"wallet": 3}}))
    # The clock stands still, or a minute's end would give back what was used up.
    at = now_ms()
    monkeypatch.setattr("pitboss.platform.http.now_ms", lambda: at)
    doors.strangers.forget()
    return world.vendor("slotcity-v4")


def ask(vendor: Vendor, token: str) -> tuple[Any, dict[str, str]]:
    _, headers, raw = vendor.raw(BALANCE, {"Callback-Token": token})
    return json.loads(raw), headers


def stored(vendor: Vendor, prefix: str) -> list[str]:
    rows = boto3.client("dynamodb").scan(TableName="HubTable")["Items"]
    tenant = vendor.world.tenant_id
    return [row["pk"]["S"] for row in rows if row["pk"]["S"].startswith(f"{prefix}{tenant}")]


def test_a_stranger_uses_up_nothing_of_the_vendors(vendor: Vendor) -> None:
    rates, slots = stored(vendor, "RATE#"), stored(vendor, "SLOTS#")
    for _ in range(5):
        assert ask(vendor, "guessed")[0] == {"result": 100, "status": "ERROR"}
    assert (stored(vendor, "RATE#"), stored(vendor, "SLOTS#")) == (rates, slots)
    secret = vendor.credential.secret.decode()
    told = [ask(vendor, secret) for _ in range(4)]
    assert [said["result"] for said, _ in told[:3]] == [0, 0, 0]
    assert told[3][1]["Pitboss-Error"] == "RATE_LIMITED"
    assert told[0][1]["RateLimit-Limit"] == "3"


def test_an_address_off_the_list_is_refused_with_the_right_secret_only(vendor: Vendor) -> None:
    settings = Client(tenancy_api, vendor.world.call.token)
    version = made(settings("GET", "/settings"))["version"]
    stated = {"version": version, "allowedIps": "203.0.113.9", "limits": {"wallet": 3}}
    made(settings("PUT", "/settings", stated))
    vendor.source_ip = "198.51.100.7"
    assert ask(vendor, vendor.credential.secret.decode())[1]["Pitboss-Error"] == "IP_NOT_ALLOWED"
    assert ask(vendor, "guessed")[1]["Pitboss-Error"] == "SIGNATURE_INVALID"


def test_only_so_many_of_a_strangers_calls_a_minute_are_kept(vendor: Vendor) -> None:
    for _ in range(doors.KEPT_A_MINUTE + 10):
        ask(vendor, "guessed")
    assert len(stored(vendor, "IC#")) == doors.KEPT_A_MINUTE
    doors.strangers.forget()
    ask(vendor, "guessed")
    assert len(stored(vendor, "IC#")) == doors.KEPT_A_MINUTE + 1
