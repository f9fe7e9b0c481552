"""Another tenant's ids do not exist: every route, walked with a second tenant's key.

The walk takes the routes from the code's own registry, so a new route is in it without anybody remembering to add it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pitboss.platform.http import Route

from devtools.client import ApiRefusal, Hub
from devtools.seed import DemoTenant
from tests.functions import load

pytestmark = pytest.mark.e2e

FUNCTIONS = Path(__file__).parents[2] / "functions"
# Bodies that are valid, so that the only reason for a refusal is whose id it is.
BODIES: dict[str, dict[str, Any]] = {
    "disqualify": {"reason": "test"},
    "reinstate": {"reason": "test"},
    "resolve": {"outcome": "cancelled", "reason": "test"},
    "void": {"reason": "test"},
    "players": {"userId": "p1", "brandId": "aurora", "displayName": "P"},
}


def routes() -> Iterator[Route]:
    for folder in sorted(FUNCTIONS.iterdir()):
        if (folder / "app.py").exists():
            module = load(folder.name)
            api = getattr(module, "api", None)
            if api is not None:
                yield from api.routes


NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
WALKED = [r for r in routes() if "{" in r.path and not r.public]


@pytest.fixture(scope="module")
def owned(hub: Hub, tenants: tuple[DemoTenant, DemoTenant]) -> dict[str, str]:
    """Real ids of the first tenant for every path parameter."""
    from pitboss.kernel.instants import format_instant

    from tests.e2e.conftest import now_ms

    made = hub(
        "POST",
        "/tournaments",
        {
            "name": "Private",
            "startTime": format_instant(now_ms() + 3_600_000),
            "gameSlug": "crash-classic",
            "maxPlayers": 5,
            "entryFee": 0,
            "brands": ["aurora"],
        },
    )
    hub("POST", f"/tournaments/{made['tournamentId']}/players", {"userId": "p1", "displayName": "P"})
    key = hub("POST", "/api-keys", {"name": "spare", "scopes": ["tournaments.read"]})
    return {
        "tournament": made["tournamentId"],
        "player": "p1",
        "agent": tenants[0].operator_id,
        "key": key["keyId"],
        "integration": tenants[0].integration_id,
    }


def fill(route: Route, owned: dict[str, str]) -> str:
    head = route.path.split("/")[1]
    first = {
        "tournaments": "tournament",
        "agents": "agent",
        "api-keys": "key",
        "players": "player",
        "integrations": "integration",
    }.get(head, "tournament")
    path = route.path.replace("{id}", owned[first])
    for name in ("player", "key", "agent"):
        path = path.replace("{" + name + "}", owned[name])
    assert "{" not in path, f"the walk does not know how to fill {route.path}"
    return path


def test_the_walk_is_not_empty() -> None:
    assert len(WALKED) > 25


@pytest.mark.parametrize("route", WALKED, ids=lambda r: f"{r.method} {r.path}")
def test_a_rivals_key_finds_nothing(route: Route, owned: dict[str, str], rival: Hub) -> None:
    path = fill(route, owned)
    body = BODIES.get(path.rsplit("/", 1)[-1], {}) if route.method in ("POST", "PATCH", "PUT") else None
    status, answer = ask(rival, route, path, body)
    if status >= 400:
        # 400 may come first where the body cannot be filled for every route; it must not differ for an id of nobody.
        nowhere = path.replace(owned["tournament"], NOBODY).replace(owned["agent"], NOBODY)
        assert status in (400, 404), answer
        if nowhere != path:
            other_status, other = ask(rival, route, nowhere, body)
            assert (other_status, other["name"]) == (status, answer["name"])
    else:
        # Only what is keyed by the caller's own tenant may answer: its own integration, a player it does not know.
        assert not any(owned[what] in str(answer) for what in ("tournament", "agent", "key")), answer


def ask(hub: Hub, route: Route, path: str, body: Any) -> tuple[int, Any]:
    """Status and document, refusal or not."""
    try:
        return 200, hub(route.method, path, body)
    except ApiRefusal as refusal:
        return refusal.status, refusal.problem


def test_lists_do_not_mention_the_other(owned: dict[str, str], rival: Hub, hub: Hub) -> None:
    lists: list[tuple[str, str]] = [
        ("/tournaments", "tournament"),
        ("/api-keys", "key"),
        ("/agents", "agent"),
    ]
    for path, what in lists:
        assert owned[what] in str(hub("GET", path)) or what == "agent"
        assert owned[what] not in str(rival("GET", path))


def test_acting_for_a_stranger_is_not_found(rival: Hub, tenants: tuple[DemoTenant, DemoTenant]) -> None:
    answer = rival.http.get("/tournaments", headers={"Pitboss-Tenant": tenants[0].operator_id})
    assert answer.status_code == 404


def test_the_platform_may_act_for_its_operators(
    root: Hub, owned: dict[str, str], tenants: tuple[DemoTenant, DemoTenant]
) -> None:
    answer = root.http.get(
        f"/tournaments/{owned['tournament']}", headers={"Pitboss-Tenant": tenants[0].operator_id}
    )
    assert answer.status_code == 200
    assert root.http.get(f"/tournaments/{owned['tournament']}").status_code == 404


def test_a_players_token_opens_its_own_tournament_only(
    hub: Hub, stack: Any, tournament: Callable[..., dict[str, Any]]
) -> None:
    one, two = tournament(starts_in_ms=600_000), tournament(starts_in_ms=600_000)
    entry = hub("POST", f"/tournaments/{one['tournamentId']}/players", {"userId": "tok", "displayName": "T"})
    player = Hub(stack.api_url, entry["token"])
    assert player("GET", f"/tournaments/{one['tournamentId']}/players/tok")["playerId"]
    for path in (
        f"/tournaments/{two['tournamentId']}/leaderboard",
        f"/tournaments/{one['tournamentId']}/players/other",
        "/tournaments",
        "/payouts",
    ):
        with pytest.raises(ApiRefusal) as caught:
            player("GET", path)
        assert caught.value.status in (403, 404), path
