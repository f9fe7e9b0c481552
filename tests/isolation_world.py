"""Two operators for tests/e2e/test_isolation.py: one that owns a thing of every kind, and a rival with the same brands,
games and integrations, and a namesake of one of the owner's players."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from string import Template
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from pitboss.dialects.agent_v4 import provider_id
from pitboss.kernel.instants import format_instant

from devtools import seed
from devtools.client import Hub
from devtools.provider import Provider
from devtools.seed import DemoTenant

BRAND, GAME = "aurora", "crash-classic"
NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
Things = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Party:
    """One operator: its keys, its server's view and its provider's."""

    tenant: DemoTenant
    hub: Hub
    provider: Provider


@dataclass(frozen=True, slots=True)
class World:
    """`things` are the owner's, by name; `nobody` has the same names for what was never made; `shared` are the names
    whose values say nothing about whose they are; `before` is what the owner saw when all was made."""

    owner: Party
    rival: Party
    things: Things
    nobody: Things
    shared: frozenset[str]
    before: dict[str, Any]


@contextmanager
def party(root: Hub, like: DemoTenant, api_url: str, name: str) -> Iterator[Party]:
    """A new operator below the root, set up as the demo's is, with a provider's secret."""
    made = seed.make_operator(root, DemoTenant("", "", like.root_token, demo_token=like.demo_token), name)
    hub = Hub(api_url, made.token)
    seed.configure(hub, api_url)
    provider = Provider(api_url, made.token, seed.wallet_secret(hub))
    try:
        yield Party(made, hub, provider)
    finally:
        provider.close()
        hub.close()


def fill(value: Any, things: Things) -> Any:
    """`value` with every `$name` replaced; a text that is only `$name` becomes the thing itself, number or text."""
    if isinstance(value, dict):
        return {key: fill(one, things) for key, one in value.items()}
    if isinstance(value, list):
        return [fill(one, things) for one in value]
    if not isinstance(value, str):
        return value
    return (
        things[value[1:]] if value[:1] == "$" and value[1:] in things else Template(value).substitute(things)
    )


def until[T](question: Callable[[], T], holds: Callable[[T], bool], within_s: float = 60.0) -> T:
    """Ask until the answer holds."""
    end = time.monotonic() + within_s
    while not holds(answer := question()):
        assert time.monotonic() < end, f"still {answer!r} after {within_s} s"
        time.sleep(0.1)
    return answer


def later(seconds: float) -> str:
    """An instant that far from now."""
    return format_instant(time.time_ns() // 1_000_000 + int(seconds * 1000))


# ---------------------------------------------------------------- what the owner has
def own(owner: Party, root: Hub) -> tuple[Things, frozenset[str]]:
    """Make one of everything; answers the things by name, and the names of those that are the same for everybody."""
    common: Things = {
        "brand": BRAND,
        "game": GAME,
        "provider": "demo",
        "date": today(),
        "since": later(-86_400),
    }
    common |= {"until": later(60), "soon": later(3600), "yesterday": later(-7200)}
    things: Things = {"agent": owner.tenant.operator_id}
    common |= {
        "integration": fresh("palace"),
        "twin": fresh("twin"),
        "twinSet": fresh("both"),
        "demoCode": provider_id("demo"),
    }
    common["studioCode"] = provider_id(common["integration"])
    things |= people(owner.hub, common["twin"])
    things |= games(owner.hub, common)
    things |= certify(owner.hub)
    things |= enter(owner.hub, things["user"])
    things |= play(owner, things)
    score(owner.hub, things)
    things |= launch(owner.hub, things)
    things |= points(root, owner)
    things |= papers(owner.hub, common, things)
    things |= settle(owner.hub, things["contest"])
    certified(owner.hub, things["run"])
    things["key"] = owner.hub("POST", "/api-keys", {"name": "spare", "scopes": ["tournaments.read"]})["keyId"]
    return {**common, **things}, frozenset(common)


def fresh(word: str) -> str:
    """A name that nothing else has."""
    return f"{word}-{uuid4().hex[:10]}"


def today() -> str:
    """The day that is played on, in UTC."""
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%d")


def people(hub: Hub, twin: str) -> Things:
    """A player with money and a session, and one of whom the rival has a namesake."""
    made: Things = {"user": fresh("ann")}
    for user, name in ((made["user"], "player"), (twin, "twinPlayer")):
        made[name] = hub("POST", "/players", {"brandId": BRAND, "userId": user})["id"]
        money = {"transactionId": fresh("deposit"), "amount": "7654.32"}
        made[f"{name}Deposit"] = hub("POST", f"/players/{made[name]}/deposit", money)["hubTransactionId"]
    session = hub("POST", f"/players/{made['player']}/sessions", {"device": "desktop"})
    made |= {"session": session["sessionId"], "token": session["sessionToken"]}
    v4 = hub.http.post(
        "/v4/user/create", json={"name": f"v{uuid4().hex[:10]}"}, headers={"Pitboss-Brand": BRAND}
    )
    return {**made, "userCode": v4.json()["data"]["user_code"]}


def games(hub: Hub, common: Things) -> Things:
    """An integration of its own with a game, a vendor's door to it, and a set of games."""
    game, studio, name, integration = fresh("slot"), fresh("Studio"), fresh("set"), common["integration"]
    row = {"gameId": game, "displayName": game, "gameProviderDisplayName": studio}
    hub("PUT", f"/integrations/{integration}/games", {"games": [row]})
    view = hub("PUT", f"/integrations/{integration}/wallet", {"profile": "slotcity-v4", "brandId": BRAND})
    secret = hub("POST", f"/integrations/{integration}/wallet-secret", {})
    for one in (name, common["twinSet"]):
        hub("PUT", f"/game-sets/{one}", {"games": [GAME]})
    door = view["door"].rpartition("/")[2]
    return {"ownGame": game, "studio": studio, "door": door, "doorSecret": secret["secret"], "gameSet": name}


def play(owner: Party, things: Things) -> Things:
    """An open round, a closed one, and a call that was refused; waits until all of it is in history."""
    made: Things = {name: fresh(name) for name in ("openRound", "openBet", "round", "bet", "win", "poorBet")}
    common = {"sessionToken": things["token"], "gameId": GAME, "currency": "EUR"}
    settled = {**common, "roundId": made["round"]}
    answers = [
        owner.provider(
            "bet", transactionId=made["openBet"], roundId=made["openRound"], amount="1.11", **common
        ),
        owner.provider("bet", transactionId=made["bet"], amount="10.00", **settled),
        owner.provider("win", transactionId=made["win"], amount="22.22", roundClosed=True, **settled),
    ]
    assert [answer["status"] for answer in answers] == ["OK"] * 3, answers
    made["hubTransaction"] = answers[1]["hubTransactionId"]
    poor = owner.provider(
        "bet", transactionId=made["poorBet"], roundId=fresh("poor"), amount="9999.99", **common
    )
    assert poor["name"] == "BALANCE_NOT_ENOUGH", poor
    hub, player = owner.hub, things["player"]
    until(lambda: hub("GET", "/history", playerId=player)["transactions"], lambda rows: len(rows) >= 4)
    calls = until(lambda: hub("GET", "/inspector/calls", id=made["poorBet"])["calls"], bool)
    return {**made, "call": calls[0]["callId"]}


def launch(hub: Hub, things: Things) -> Things:
    """Free rounds, and a launch that nobody has opened."""
    wish = {"playerId": things["player"], "device": "desktop"}
    launched = hub("POST", f"/games/{GAME}/launch", wish)
    token = re.search(r"pl_[A-Za-z0-9_-]+", launched["url"])
    assert token, launched
    gift = {"gameIds": ["lucky-sevens"], "count": 3, "betAmount": "0.50", "expiresAt": later(86_400)}
    grant = hub("POST", "/free-rounds", {"playerId": things["player"], "reference": "welcome", **gift})
    return {"launchUrl": launched["url"], "launchToken": token[0], "grant": grant["freeRoundsId"]}


def enter(hub: Hub, user: str) -> Things:
    """A tournament that is to come, and one that took a buy-in and is about to run."""
    body: dict[str, Any] = {"gameSlug": GAME, "maxPlayers": 5, "brands": [BRAND]}
    free = {"name": "Private", "startTime": later(3600), "entryFee": 0, **body}
    coming = hub("POST", "/tournaments", free)["tournamentId"]
    hub("POST", f"/tournaments/{coming}/players", {"userId": user, "displayName": "Ann"})
    paid = {
        "entry": {"buyIn": "10.00", "rake": "1.00"},
        "currency": "EUR",
        "graceSeconds": 1,
        "onShort": "start",
    }
    paid |= {"prizes": {"lines": [{"rankFrom": 1, "shareBps": 10_000}]}}
    times = {"startTime": later(2), "endTime": later(10)}
    contest = hub("POST", "/tournaments", {"name": "Contest", **body, **paid, **times})["tournamentId"]
    entry = {"userId": user, "displayName": "Ann", "buyInAmount": "11.00"}
    hub("POST", f"/tournaments/{contest}/players", entry)
    debit = hub("GET", "/debits", tournamentId=contest)["debits"][0]["debitRef"]
    return {"tournament": coming, "contest": contest, "debit": debit, "contestRound": fresh("contest")}


def score(hub: Hub, things: Things) -> None:
    """A round in the tournament that runs, so that there is somebody to pay."""
    contest = things["contest"]
    until(lambda: hub("GET", f"/tournaments/{contest}/status")["status"], lambda status: status == "running")
    now = later(0)
    row = {
        "roundId": things["contestRound"],
        "status": "settled",
        "brandId": BRAND,
        "playerId": things["user"],
    }
    row |= {"gameId": GAME, "roundType": "regular", "currency": "EUR", "bet": "1.00", "win": "2.00"}
    row |= {"startedAt": now, "settledAt": now}
    told = hub("POST", "/rounds", {"integrationId": "demo", "rounds": [row]})
    assert told["counts"]["accepted"] == 1, told


def settle(hub: Hub, contest: str) -> Things:
    """Wait for the prize, and for the casino's word on the buy-in: a slow machine makes its first answer come too late."""
    until(lambda: hub("GET", f"/tournaments/{contest}/status")["status"], lambda s: s == "settled", 120.0)
    until(
        lambda: hub("GET", "/debits", tournamentId=contest)["debits"][0]["state"], lambda s: s == "confirmed"
    )
    payouts = hub("GET", "/payouts", tournamentId=contest)["payouts"]
    assert [payout["state"] for payout in payouts] == ["confirmed"], payouts
    return {"payout": payouts[0]["payoutRef"]}


def points(root: Hub, owner: Party) -> Things:
    """An agent below the owner with points, and a transfer that waits for a second person."""
    top = root("GET", "/settings")["tenantId"]
    child = owner.hub("POST", "/agents", {"name": "Small Casino", "kind": "agent"})["agentId"]
    root("POST", f"/agents/{top}/points", {"type": "mint", "amount": "400", "reason": "opening"})
    give = {"type": "transfer", "amount": "400", "reason": "contract"}
    root("POST", f"/agents/{owner.tenant.operator_id}/points", give)
    billing = {"version": 0, "approvalOver": "100"}
    owner.hub("PUT", f"/agents/{owner.tenant.operator_id}/billing", billing)
    small = {"type": "transfer", "amount": "55", "reason": "start"}
    owner.hub("POST", f"/agents/{child}/points", small)
    asked = owner.hub("POST", f"/agents/{child}/points", {**small, "amount": "150", "reason": "more"})
    assert asked["state"] == "PENDING", asked
    return {"child": child, "transfer": asked["transferId"]}


def papers(hub: Hub, common: Things, things: Things) -> Things:
    """An export that is ready, and a comparison with the provider's file."""
    wanted = {"format": "csv", "from": common["since"], "to": common["until"], "playerId": things["player"]}
    export = hub("POST", "/exports", wanted)["exportId"]
    until(lambda: hub("GET", f"/exports/{export}")["state"], lambda state: state == "ready")
    line = {"transactionId": things["bet"], "action": "bet", "amount": "10.01", "currency": "EUR"}
    diff = hub("POST", f"/reconciliation/{common['date']}/diff", line)["diffId"]
    return {"export": export, "diff": diff}


def certify(hub: Hub) -> Things:
    """A certification run, as short as there is."""
    return {
        "run": hub("POST", "/certification/runs", {"target": "hub", "mode": "transfer", "cases": "1"})[
            "runId"
        ]
    }


def certified(hub: Hub, run: str) -> None:
    """Wait for its end."""
    until(lambda: hub("GET", f"/certification/runs/{run}")["state"], lambda s: s in ("done", "broken"), 120.0)


def nobody(things: Things, shared: frozenset[str]) -> Things:
    """Names of the same shape for what does not exist."""

    def other(name: str, value: Any) -> Any:
        if name in shared:
            return value
        if isinstance(value, int):
            return 1 + value % 1_000_003
        if _ULID.fullmatch(value):
            return NOBODY
        return value[:-6] + ("aaaaaa" if value[-6:] != "aaaaaa" else "bbbbbb")

    return {name: other(name, value) for name, value in things.items()}


def namesakes(rival: Party, things: Things) -> None:
    """The rival's own integration and player of the same names as the owner's."""
    row = {"gameId": "rival-slot", "displayName": "Rival Slot", "gameProviderDisplayName": "Rival"}
    rival.hub("PUT", f"/integrations/{things['integration']}/games", {"games": [row]})
    rival.hub(
        "PUT", f"/integrations/{things['integration']}/wallet", {"profile": "slotcity-v4", "brandId": BRAND}
    )
    rival.hub("PUT", f"/game-sets/{things['twinSet']}", {"games": [GAME]})
    player = rival.hub("POST", "/players", {"brandId": BRAND, "userId": things["twin"]})["id"]
    rival.hub(
        "POST", f"/players/{player}/deposit", {"transactionId": f"rd-{things['twin']}", "amount": "50.00"}
    )


# ---------------------------------------------------------------- what the owner sees
SEEN = (
    "/agents/$agent",
    "/agents/$child",
    "/agents",
    "/agents/$agent/points",
    "/agents/$child/points",
    "/agents/$child/billing",
    "/agents/$agent/points/entries",
    "/points/transfers/$transfer",
    "/api-keys",
    "/settings",
    "/brands",
    "/games",
    "/game-sets",
    "/integrations/$integration/wallet",
    "/integrations/demo/wallet",
    "/players/$player",
    "/players/$player/events",
    "/players/$twinPlayer",
    "/free-rounds/$grant",
    "/history?playerId=$player",
    "/history?playerId=$twinPlayer",
    "/statistics?playerId=$player",
    "/transactions?playerId=$player",
    "/rounds/open?playerId=$player",
    "/rounds/$round?playerId=$player&provider=demo",
    "/inspector/calls",
    "/inspector/rounds/demo/$round",
    "/exports/$export",
    "/reconciliation/$date/diff/$diff",
    "/certification/runs",
    "/certification/runs/$run/report",
    "/tournaments",
    "/tournaments/$tournament",
    "/tournaments/$tournament/players",
    "/tournaments/$tournament/events",
    "/tournaments/$contest/results",
    "/payouts",
    "/debits",
    "/rounds?roundId=$contestRound&brandId=aurora&playerId=$user",
    "/callback-secret",
)
_PASSING = ("url", "lastUsedAt", "requestId", "asOf", "generatedAt")  # told anew at every reading


def seen(party: Party, things: Things) -> dict[str, Any]:
    """Every view that the owner has of what it owns."""

    def look(question: str) -> Any:
        path, _, query = fill(question, things).partition("?")
        return _still(party.hub("GET", path, **dict(parse_qsl(query))))

    return {question: look(question) for question in SEEN}


def _still(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: _still(value) for name, value in document.items() if name not in _PASSING}
    return [_still(one) for one in document] if isinstance(document, list) else document
