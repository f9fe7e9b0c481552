"""Another tenant's ids do not exist: every route, walked with a second tenant's key.

The walk takes the routes from the code's own registry, so a new route is in it without anybody remembering to add it, and
it fails until somebody has told how to ask it (tests/isolation_asks.py). The owner has a thing of every kind, the rival
the same brands, games, integrations and a player of the same name; what the owner sees must be the same after the walk.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pitboss.dialects.public import CODECS, Credential, Said, Terms
from pitboss.kernel.refusal import Refusal
from pitboss.platform import signing
from pitboss.platform.http import Answer, Route

from devtools.client import ApiRefusal, Hub
from devtools.seed import DemoTenant
from tests.e2e.conftest import now_ms
from tests.functions import load
from tests.isolation_asks import ASKS, ASKS_BY_WALLET, BARRED, IDS, MISSING, OWN, PARAMETERS, PUBLIC, Ask
from tests.isolation_world import (
    GAME,
    Party,
    Things,
    World,
    fill,
    namesakes,
    nobody,
    own,
    party,
    seen,
)

pytestmark = pytest.mark.stack

FUNCTIONS = Path(__file__).parents[2] / "functions"


def routes() -> Iterator[Route]:
    for folder in sorted(FUNCTIONS.iterdir()):
        if (folder / "app.py").exists():
            module = load(folder.name)
            api = getattr(module, "api", None)
            if api is not None:
                yield from api.routes


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


ROUTES = list(routes())
# The demo operator is a casino of its own, not the hub's: it has a token that every tenant of the demo shares.
WALKED = [r for r in ROUTES if not r.public]


def asks(route: Route) -> list[Ask]:
    """How a route is asked; none is not an answer."""
    if named(route) in ASKS_BY_WALLET:
        return ASKS_BY_WALLET[named(route)]
    told = ASKS.get(named(route))
    if told is None:
        assert "{" in route.path, (
            f"the walk does not know whose things {named(route)} tells: see tests/isolation_asks.py"
        )
        assert not route.body, (
            f"the walk does not know a body for {named(route)}: see tests/isolation_asks.py"
        )
        return [Ask(body={} if route.method == "POST" else None)]
    return [told]


def path_of(route: Route, ask: Ask) -> str:
    """The path with a `$name` for every parameter."""
    parts = []
    for part in route.path.split("/"):
        name = part.strip("{}")
        known = {**PARAMETERS, "id": IDS.get(route.path.split("/")[1], ""), **ask.takes}
        if part.startswith("{"):
            assert known.get(name), f"the walk does not know how to fill {part} of {named(route)}"
        parts.append(f"${known[name]}" if part.startswith("{") else part)
    return "/".join(parts)


@pytest.fixture(scope="module")
def world(stack: Any, root: Hub, tenants: tuple[DemoTenant, DemoTenant]) -> Iterator[World]:
    """An owner with a thing of every kind, and a rival; what the owner saw before the walk."""
    with (
        party(root, tenants[0], stack.api_url, "Isolated Group") as owner,
        party(root, tenants[0], stack.api_url, "Nosy Group") as rival,
    ):
        things, shared = own(owner, root)
        namesakes(rival, things)
        yield World(owner, rival, things, nobody(things, shared), shared, seen(owner, things))


class Stranger:
    """One request of the rival, and what it was told."""

    def __init__(self, rival: Party, route: Route, ask: Ask, things: Things, **headers: str) -> None:
        path = fill(path_of(route, ask), things)
        query, body = fill(ask.query, things), fill(ask.body, things)
        sent = {"Accept": "*/*", **headers}
        raw = None if body is None else json.dumps(body).encode()
        if named(route) == "PUT /settings":
            raw = json.dumps(settings(rival.hub)).encode()
        if raw is not None:
            sent["Content-Type"] = "application/json"
        if route.method == "POST" and (route.idempotent or route.key_required):
            sent["Idempotency-Key"] = str(uuid4())
        if ask.signed:
            sent["Pitboss-Provider"] = "demo"
            sent |= signing.headers(rival.provider.secret, str(uuid4()), now_ms() // 1000, raw or b"")
        if path.startswith("/v4/"):
            sent["Pitboss-Brand"] = things["brand"]
        answer = rival.hub.http.request(route.method, path, params=query, content=raw, headers=sent)
        self.sent = f"{path} {json.dumps(query)} {(raw or b'').decode()}"
        self.text = answer.text
        self.status = answer.status_code
        problem = answer.json() if "json" in answer.headers["content-type"] else {}
        self.name = problem.get("name", "") if isinstance(problem, dict) else ""
        self.detail = problem.get("detail", "") if isinstance(problem, dict) else ""
        if path.startswith("/v4/") and problem.get("message") not in (None, "OK"):
            # This protocol's own errors come with 200; the name is its message.
            self.status, self.name = 404, problem["message"]


def settings(hub: Hub) -> dict[str, Any]:
    """The rival's own settings, as it may put them back."""
    shown_only = ("tenantId", "currency", "limitsInForce", "exponentsInForce", "fxInForce", "warnings")
    return {name: value for name, value in hub("GET", "/settings").items() if name not in shown_only}


def leaks(world: World, told: Stranger) -> list[str]:
    """Names of the owner's things in an answer that the rival did not send itself."""
    return [
        name
        for name, value in world.things.items()
        if name not in world.shared and str(value) in told.text and str(value) not in told.sent
    ]


def test_the_walk_knows_every_route() -> None:
    assert len(WALKED) > 120
    known = {named(route) for route in ROUTES}
    assert not ({*ASKS, *ASKS_BY_WALLET, *PUBLIC} - known), "no such route any more"
    public = {named(r) for r in ROUTES if r.public and not r.path.startswith("/demo-operator/")}
    assert public == set(PUBLIC)


def test_the_owner_sees_its_things(world: World) -> None:
    told = json.dumps(world.before)
    kept_secret = {"token", "launchToken", "launchUrl", "doorSecret", "poorBet", "studio", "bet", "win"}
    passing = {"userCode", "studioCode", "demoCode", "twin", "openBet", "session"}
    for name, value in world.things.items():
        if name not in world.shared | kept_secret | passing:
            assert str(value) in told, name
    assert not any(world.things[name] in told for name in ("token", "launchToken", "doorSecret"))


def test_lists_of_the_rival_do_not_mention_the_owner(world: World) -> None:
    """Without a question for anything of the owner's, a list has nothing to say of it."""
    for route in WALKED:
        if route.method == "GET" and "{" not in route.path:
            answer = world.rival.hub.http.get(route.path)
            # Some want to be asked for somebody.
            assert answer.status_code in (200, 400, 406), (route.path, answer.text)
            told = [n for n, v in world.things.items() if n not in world.shared and str(v) in answer.text]
            assert told == [], route.path


def test_a_route_that_nobody_has_told_fails_the_walk() -> None:
    def new(method: str, path: str, body: str = "") -> Route:
        return Route(method, path, "A route to come", lambda call: Answer(), body=body)

    with pytest.raises(AssertionError, match="does not know how to fill"):
        path_of(new("GET", "/things/{id}"), Ask())
    for route in (new("GET", "/things"), new("POST", "/players/{id}/things", "some.schemas:Thing")):
        with pytest.raises(AssertionError, match="isolation_asks"):
            asks(route)


READ = [r for r in WALKED if r.method == "GET" and ASKS.get(named(r), Ask()).expects == MISSING]


@pytest.mark.parametrize("route", READ, ids=named)
def test_the_owners_key_finds_it(route: Route, world: World) -> None:
    """Otherwise the rival's 404 would say nothing."""
    for ask in asks(route):
        told = Stranger(world.owner, route, ask, world.things)
        assert told.status < 300, told.text


@pytest.mark.parametrize("route", WALKED, ids=named)
def test_a_rivals_key_finds_nothing(route: Route, world: World) -> None:
    for ask in asks(route):
        told = Stranger(world.rival, route, ask, world.things)
        assert leaks(world, told) == []
        if ask.expects == OWN:
            assert told.status < 300, told.text
            continue
        assert told.status == (401 if told.name == "TOKEN_INVALID" else 404), told.text
        if ask.expects == BARRED:
            assert told.name in ("TOKEN_INVALID", "USER_NOT_FOUND"), told.text
        else:
            assert ask.expects == MISSING
            assert told.status == 404, told.text
        never = Stranger(world.rival, route, ask, world.nobody)
        assert (never.status, never.name) == (told.status, told.name), never.text
        assert len(never.detail) - len(told.detail) in range(-4, 5), (never.detail, told.detail)


@pytest.mark.parametrize("route", WALKED, ids=named)
def test_acting_for_a_stranger_is_not_found(route: Route, world: World) -> None:
    acting = {"Pitboss-Tenant": world.things["agent"]}
    for ask in asks(route):
        told = Stranger(world.rival, route, ask, world.things, **acting)
        assert told.status == 404, told.text
        assert leaks(world, told) == []


@pytest.mark.parametrize("action", ["bet", "win", "rollback", "balance"])
def test_a_namesake_is_the_rivals_own_player(action: str, world: World) -> None:
    """Brand and user id of one tenant say nothing of another's player."""
    body = fill({"action": action, **ASKS_BY_WALLET[f"POST /wallet/{action}"][-1].body}, world.things)
    body = {**body, "userId": world.things["twin"], "brandId": "aurora"}
    body.pop("sessionToken", None)
    answer = world.rival.provider.once(action, json.dumps(body).encode())
    assert "7654.32" not in answer.text
    if action == "balance":
        assert answer.json()["balance"].startswith("5"), answer.text


def test_nothing_of_the_owners_has_changed(world: World) -> None:
    """The last of the walk: every view as before, and what was promised still holds."""
    after = seen(world.owner, world.things)
    for path, document in world.before.items():
        assert after[path] == document, path
    game = {
        "sessionToken": world.things["token"],
        "gameId": GAME,
        "currency": "EUR",
        "roundId": "after-the-walk",
    }
    bet = world.owner.provider(
        "bet", transactionId=f"after-{uuid4()}", amount="1.00", roundClosed=True, **game
    )
    assert bet["status"] == "OK", bet
    opened = world.owner.provider("authenticate", launchToken=world.things["launchToken"])
    assert opened["userId" if "userId" in opened else "playerId"] == world.things["user"], opened


def test_a_rival_is_no_provider_of_the_owners(world: World) -> None:
    """The owner's own integration, signed with the rival's secret: there is no such provider for the rival's key."""
    body = fill(ASKS_BY_WALLET["POST /wallet/win"][0].body, world.things)
    raw = json.dumps(body).encode()
    headers = signing.headers(world.rival.provider.secret, str(uuid4()), now_ms() // 1000, raw)
    headers["Content-Type"] = "application/json"
    for key in (world.rival.hub, world.owner.hub):
        answer = key.http.post(
            "/wallet/win", content=raw, headers={**headers, "Pitboss-Provider": world.things["integration"]}
        )
        assert (answer.status_code, answer.json()["name"]) == (401, "SIGNATURE_INVALID"), answer.text
    answer = world.owner.hub.http.post(
        "/wallet/win", content=raw, headers={**headers, "Pitboss-Provider": "demo"}
    )
    assert (answer.status_code, answer.json()["name"]) == (401, "SIGNATURE_INVALID"), answer.text


@pytest.mark.parametrize("profile", ["slotcity-v4", "slotcity-v1", "mascot"])
def test_the_owners_door_is_shut(profile: str, world: World, stack: Any) -> None:
    codec, terms = CODECS[profile], Terms(profile, "minor" if profile == "mascot" else "decimal")
    document = {
        "action": "balance",
        "userId": world.things["user"],
        "currency": "EUR",
        "sessionToken": "x" * 24,
    }
    secret = Credential(world.rival.tenant.token.encode(), b"", "k1")
    sent = codec.encode_request(document, terms, secret, now_ms() // 1000, str(now_ms()))
    place = {"slotcity-v4": "slotcity/v4", "slotcity-v1": "slotcity/v1", "mascot": "mascot"}[profile]
    answers = [
        httpx.post(f"{stack.api_url}/wallet/{place}/{door}", content=sent.body, headers=dict(sent.headers))
        for door in (world.things["door"], world.nobody["door"])
    ]
    for answer in answers:
        with pytest.raises(Refusal):
            codec.decode_reply(
                document, Said(answer.status_code, dict(answer.headers), answer.content), terms
            )
        assert "7654" not in answer.text
        assert world.things["player"] not in answer.text


# ---------------------------------------------------------------- the tree above, and players' tokens
def test_the_platform_may_act_for_its_operators(
    root: Hub, tournament: Callable[..., dict[str, Any]], tenants: tuple[DemoTenant, DemoTenant]
) -> None:
    path = f"/tournaments/{tournament(starts_in_ms=600_000)['tournamentId']}"
    answer = root.http.get(path, headers={"Pitboss-Tenant": tenants[0].operator_id})
    assert answer.status_code == 200
    assert root.http.get(path).status_code == 404


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
        "/players",
        "/history",
    ):
        with pytest.raises(ApiRefusal) as caught:
            player("GET", path)
        assert caught.value.status in (403, 404), path
