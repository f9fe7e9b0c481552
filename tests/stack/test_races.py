"""Races on the local AWS: capacity, idempotency, slots. moto would lose these updates."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from devtools.client import Hub
from devtools.seed import DemoTenant
from tests.conftest import Stack

pytestmark = pytest.mark.stack

pytest_plugins: list[str] = []


def create(hub: Hub, **more: Any) -> str:
    from pitboss.kernel.instants import format_instant

    from tests.e2e.conftest import now_ms

    body = {
        "name": "Race",
        "startTime": format_instant(now_ms() + 600_000),
        "gameSlug": "crash-classic",
        "maxPlayers": 100,
        "entryFee": 0,
        "brands": ["aurora"],
        **more,
    }
    made: dict[str, Any] = hub("POST", "/tournaments", body)
    return str(made["tournamentId"])


def outcomes(answers: list[httpx.Response]) -> Counter[str]:
    return Counter("ok" if a.status_code in (200, 201) else a.json()["name"] for a in answers)


def test_two_hundred_registrations_on_a_hundred_seats(hub: Hub) -> None:
    tid = create(hub)

    def enter(number: int) -> str:
        from devtools.client import ApiRefusal

        try:
            hub("POST", f"/tournaments/{tid}/players", {"userId": f"p{number}", "displayName": f"P{number}"})
        except ApiRefusal as refusal:
            return refusal.name
        return "ok"

    with ThreadPoolExecutor(24) as pool:
        seen = Counter(pool.map(enter, range(200)))
    assert seen == {"ok": 100, "TOURNAMENT_FULL": 100}
    assert hub("GET", f"/tournaments/{tid}/status")["playerCount"] == 100
    listed: list[str] = []
    cursor = None
    while True:
        page = hub("GET", f"/tournaments/{tid}/players", cursor=cursor, limit=40)
        listed += [row["userId"] for row in page["players"]]
        cursor = page.get("nextCursor")
        if not cursor:
            break
    assert len(listed) == len(set(listed)) == 100


def test_one_player_registering_ten_times_at_once_has_one_entry(hub: Hub) -> None:
    tid = create(hub, maxPlayers=5)

    def enter(_: int) -> str:
        made = hub("POST", f"/tournaments/{tid}/players", {"userId": "eager", "displayName": "Eager"})
        return str(made["entryId"])

    with ThreadPoolExecutor(10) as pool:
        entries = set(pool.map(enter, range(10)))
    assert len(entries) == 1
    assert hub("GET", f"/tournaments/{tid}/status")["playerCount"] == 1


def test_one_idempotency_key_creates_one_tournament(hub: Hub) -> None:
    key = str(uuid.uuid4())
    from pitboss.kernel.instants import format_instant

    from tests.e2e.conftest import now_ms

    body = {
        "name": "Once",
        "startTime": format_instant(now_ms() + 600_000),
        "gameSlug": "crash-classic",
        "maxPlayers": 10,
        "entryFee": 0,
        "brands": ["aurora"],
    }

    def make(_: int) -> str:
        return str(hub("POST", "/tournaments", body, key=key)["tournamentId"])

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(make, range(8)))
    assert len(made) == 1


def test_more_calls_at_a_time_than_slots_are_told_so(
    stack: Stack, root: Hub, tenants: tuple[DemoTenant, DemoTenant]
) -> None:
    """With two slots and twenty callers some hear 1018, none is half served, and afterwards every slot is free."""
    from devtools import seed

    small = seed.make_operator(root, seed.DemoTenant("", "", tenants[0].root_token), "Small Group")
    hub = Hub(stack.api_url, small.token)
    seed.put_settings(
        Hub(stack.api_url, tenants[0].root_token, tenant=small.operator_id), limits={"concurrency": 2}
    )

    def ask(_: int) -> httpx.Response:
        return hub.http.get("/tournaments")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(60)))
    seen = outcomes(answers)
    assert set(seen) == {"ok", "SERVER_IS_BUSY"}
    busy = next(a for a in answers if a.status_code == 503).json()
    assert (busy["code"], busy["retryable"], busy["effect"]) == (1018, True, "none")
    assert hub("GET", "/tournaments")["tournaments"] == []
