"""Players through the function's own handler: creating, reading, changing, sessions, isolation."""

from typing import Any

import pytest
from pitboss.kernel.instants import format_instant, parse_instant
from pitboss.platform import aws as clients
from pitboss.platform import dynamo
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.platform.settings import hub_table
from pitboss.wallet.public import change_wallet, deposit, player_of, read_wallet, sessions, tokens

from tests.players_world import World
from tests.tenancy_world import made

pytestmark = pytest.mark.moto

HOUR = 3_600_000


def ahead(ms: int) -> str:
    return format_instant((now_ms() + ms) // 1000 * 1000)


def test_creating_is_idempotent_by_brand_and_casino_id(world: World) -> None:
    body = {"brandId": "aurora", "userId": "ann", "displayName": "Ann", "country": "MT", "birthYear": 1990}
    first = world.call("POST", "/players", body)
    again = world.call("POST", "/players", body)
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    assert first.body["mode"] == "transfer"
    assert (first.body["balance"], first.body["currency"], first.body["status"]) == ("0.00", "EUR", "active")
    other = world.call("POST", "/players", {**body, "country": "DE", "birthYear": 1991})
    assert (other.status, other.name) == (409, "CONFLICT")
    assert {e["field"] for e in other.body["errors"]} == {"country", "birthYear"}
    assert other.body["id"] == first.body["id"]
    wallet = read_wallet(world.tenant_id, first.body["id"])
    assert wallet is not None
    assert (wallet.brand_id, wallet.user_id, wallet.country, wallet.exponent) == ("aurora", "ann", "MT", 2)
    assert player_of(world.tenant_id, "aurora", "ann") == first.body["id"]


def test_the_body_sent_at_each_login_is_still_the_same_after_a_change(world: World) -> None:
    body = {"brandId": "aurora", "userId": "ann", "displayName": "Ann"}
    player = made(world.call("POST", "/players", body))
    made(world.patch(player["id"], displayName="Anna"))
    again = world.call("POST", "/players", body)
    assert (again.status, again.body["displayName"]) == (200, "Anna")
    assert world.call("POST", "/players", {**body, "displayName": "Anna"}).status == 200
    assert world.call("POST", "/players", {**body, "displayName": "Annie"}).status == 409


def test_one_id_at_two_brands_is_two_players(world: World) -> None:
    here, there = world.player("ann"), world.player("ann", "borealis")
    assert here["id"] != there["id"]
    by_ref = made(world.call("GET", "/players/{id}", query={"brandId": "borealis"}, id="ann"))
    assert by_ref["id"] == there["id"]
    assert made(world.call("GET", "/players/{id}", id=here["id"])) == here


def test_what_makes_no_player(world: World) -> None:
    post = lambda **body: world.call("POST", "/players", {"brandId": "aurora", "userId": "u", **body})  # noqa: E731
    assert post(brandId="nowhere").name == "BRAND_NOT_FOUND"
    assert (post(currency="USD").status, post(currency="USD").name) == (400, "CURRENCY_MISMATCH")
    assert post(currency="EUR").status == 201
    for wrong in (
        {"country": "mt"},
        {"language": "en_US"},
        {"userId": ""},
        {"userId": "a\nb"},
        {"birthYear": "1990"},
    ):
        assert post(**wrong).name == "VALIDATION_ERROR"
    assert [p["userId"] for p in made(world.call("GET", "/players"))["players"]] == ["u"]


@pytest.mark.parametrize(
    "user_id",
    ["x", "Ünï ☃ 用户", "'; DROP TABLE players; --", "<script>alert(1)</script>", "a" * 100, "a#b@c%d/e"],
)
def test_ids_are_kept_exactly(world: World, user_id: str) -> None:
    player = world.player(user_id)
    assert player["userId"] == user_id
    found = made(world.call("GET", "/players", query={"brandId": "aurora", "userId": user_id}))["players"]
    assert [row["id"] for row in found] == [player["id"]]


def test_lists_go_by_brand_and_page_on(world: World) -> None:
    for brand, users in (("aurora", "cab"), ("borealis", "ba")):
        for user in users:
            world.player(user, brand)
    seen: list[tuple[str, str]] = []
    cursor: str | None = None
    while True:
        page = made(
            world.call("GET", "/players", query={"limit": "2", **({"cursor": cursor} if cursor else {})})
        )
        seen += [(row["brandId"], row["userId"]) for row in page["players"]]
        cursor = page["nextCursor"]
        if not cursor:
            break
    assert seen == [("aurora", "a"), ("aurora", "b"), ("aurora", "c"), ("borealis", "a"), ("borealis", "b")]
    only = made(world.call("GET", "/players", query={"brandId": "borealis", "limit": "1"}))
    assert [row["userId"] for row in only["players"]] == ["a"]
    elsewhere = world.call("GET", "/players", query={"brandId": "aurora", "cursor": only["nextCursor"]})
    assert elsewhere.name == "CURSOR_INVALID"
    assert world.call("GET", "/players", query={"userId": "a"}).name == "PARAMETERS_INVALID"


def test_a_stranger_sees_nothing_of_a_player(world: World) -> None:
    player = world.player("ann")
    session = made(world.call("POST", "/players/{id}/sessions", {}, id=player["id"]))
    for method, path, body, params in (
        ("GET", "/players/{id}", None, {}),
        ("PATCH", "/players/{id}", {"status": "blocked"}, {}),
        ("GET", "/players/{id}/events", None, {}),
        ("POST", "/players/{id}/sessions", {}, {}),
        ("DELETE", "/players/{id}/sessions/{sessionId}", None, {"sessionId": session["sessionId"]}),
    ):
        reply = world.other(method, path, body, id=player["id"], **params)
        assert (reply.status, reply.name) == (404, "USER_NOT_FOUND")
    launch = world.other("POST", "/games/{slug}/launch", {"playerId": player["id"]}, slug="slot")
    assert launch.status == 404
    assert made(world.other("GET", "/players"))["players"] == []


# ---------------------------------------------------------------- changing
def test_changes_are_in_force_at_once_and_written_down(world: World) -> None:
    player = world.player("ann", displayName="Ann", country="MT")
    changed = made(world.patch(player["id"], displayName=None, country="DE", realityCheckMinutes=30))
    assert (changed["displayName"], changed["country"], changed["realityCheckMinutes"]) == (None, "DE", 30)
    wallet = read_wallet(world.tenant_id, player["id"])
    assert wallet is not None
    assert (wallet.country, wallet.reality_check_minutes) == ("DE", 30)
    same = made(world.patch(player["id"], country="DE"))
    assert same["updatedAt"] == changed["updatedAt"]
    events = made(world.call("GET", "/players/{id}/events", id=player["id"]))["events"]
    assert [event["type"] for event in events] == ["player.changed", "player.created"]
    assert events[0]["changes"] == {
        "displayName": ["told", "not told"],
        "country": ["MT", "DE"],
        "realityCheckMinutes": [60, 30],
    }
    assert events[0]["sourceIp"] == "203.0.113.9"


def test_what_is_cleared_is_gone(world: World) -> None:
    body = {"brandId": "aurora", "userId": "ann", "displayName": "Annabel", "birthYear": 1987}
    player = made(world.call("POST", "/players", body))["id"]
    made(world.patch(player, displayName="Annabella"))
    cleared = made(world.patch(player, displayName=None, birthYear=None))
    assert (cleared["displayName"], cleared["birthYear"]) == (None, None)
    kept = [
        *dynamo.query(hub_table(), f"PLAYERS#{world.tenant_id}"),
        *dynamo.query(hub_table(), f"PLAYER#{world.tenant_id}#{player}"),
    ]
    assert "Annabel" not in str(kept)
    assert not [row for row in kept if "birthYear" in row or "birth_year" in row.get("asCreated", {})]
    assert world.call("POST", "/players", body).name == "CONFLICT"


def test_a_bet_that_is_quicker_is_not_overwritten(world: World) -> None:
    """Another call of the player commits between reading and writing: the change is decided again upon it."""
    player = world.player("ann")["id"]
    client = clients.dynamodb()
    paid: list[str] = []

    def pay_in(**_: Any) -> None:
        client.meta.events.unregister("before-call.dynamodb.TransactWriteItems", pay_in)
        paid.append(
            deposit(world.tenant_id, player, "d1", 500, now=now_ms(), seed=new_ulid()).results[0].tx.hub_id
        )

    client.meta.events.register("before-call.dynamodb.TransactWriteItems", pay_in)
    blocked = made(world.patch(player, status="blocked", displayName="Ann"))
    assert len(paid) == 1
    assert (blocked["status"], blocked["balance"], blocked["displayName"]) == ("blocked", "5.00", "Ann")
    events = made(world.call("GET", "/players/{id}/events", id=player))["events"]
    assert [event["type"] for event in events] == ["player.changed", "player.created"]


def test_an_exclusion_ends_sessions_and_is_not_shortened(world: World) -> None:
    player = world.player("ann")
    made(world.call("POST", "/players/{id}/sessions", {"device": "mobile"}, id=player["id"]))
    until = ahead(48 * HOUR)
    excluded = made(world.patch(player["id"], selfExcludedUntil=until))
    assert excluded["selfExcludedUntil"] == until
    assert [s["state"] for s in excluded["sessions"]] == ["ended"]
    for shorter in (ahead(24 * HOUR), None):
        refused = world.patch(player["id"], selfExcludedUntil=shorter)
        assert (refused.status, refused.name) == (409, "EXCLUSION_NOT_SHORTENED")
        assert refused.body["selfExcludedUntil"] == until
    longer = ahead(96 * HOUR)
    assert made(world.patch(player["id"], selfExcludedUntil=longer))["selfExcludedUntil"] == longer
    barred = world.call("POST", "/players/{id}/sessions", {}, id=player["id"])
    assert (barred.status, barred.name) == (403, "PLAYER_SELF_EXCLUDED")
    assert world.launch("slot", playerId=player["id"]).name == "PLAYER_SELF_EXCLUDED"
    assert world.patch(player["id"], coolOffUntil=ahead(-HOUR)).name == "VALIDATION_ERROR"


def test_blocked_closed_and_cooling_off_have_reasons_of_their_own(world: World) -> None:
    authorise = lambda p: world.call("POST", "/players/{id}/sessions", {}, id=p)  # noqa: E731
    player = world.player("ann")["id"]
    made(world.patch(player, coolOffUntil=ahead(HOUR)))
    assert authorise(player).name == "PLAYER_COOLING_OFF"
    made(world.patch(player, status="blocked"))
    assert authorise(player).name == "PLAYER_BLOCKED"
    other = world.player("bob")["id"]
    made(world.patch(other, status="blocked"))
    made(world.patch(other, status="active"))
    assert authorise(other).status == 201
    made(world.patch(other, status="closed"))
    assert authorise(other).name == "PLAYER_CLOSED"
    assert world.patch(other, status="active").name == "CONFLICT"
    assert world.patch(other, status=None).name == "VALIDATION_ERROR"


def test_limits_are_stricter_at_once_and_looser_after_a_day(world: World) -> None:
    player = world.player("ann")["id"]
    limited = made(world.patch(player, limits={"maxBet": "10", "dailyLoss": 100, "sessionMinutes": 60}))
    assert limited["limits"] == {
        "maxBet": "10.00",
        "dailyLoss": "100.00",
        "weeklyLoss": None,
        "sessionMinutes": 60,
    }
    assert limited["nextLimits"] is None
    looser = made(world.patch(player, limits={"maxBet": "20", "dailyLoss": "50", "sessionMinutes": None}))
    assert looser["limits"] == {
        "maxBet": "10.00",
        "dailyLoss": "50.00",
        "weeklyLoss": None,
        "sessionMinutes": 60,
    }
    assert looser["nextLimits"] == {
        "maxBet": "20.00",
        "dailyLoss": "50.00",
        "weeklyLoss": None,
        "sessionMinutes": None,
    }
    at = parse_instant(looser["nextLimitsAt"])
    assert 24 * HOUR - 60_000 < at - now_ms() <= 24 * HOUR
    again = made(world.patch(player, limits={"maxBet": "20"}))
    assert again["nextLimitsAt"] == looser["nextLimitsAt"]
    wallet = read_wallet(world.tenant_id, player)
    assert wallet is not None
    assert (wallet.limits_at(at - 1).max_bet, wallet.limits_at(at).max_bet) == (1000, 2000)
    withdrawn = made(world.patch(player, limits={"maxBet": "10", "sessionMinutes": 60}))
    assert withdrawn["nextLimits"] is None
    for wrong, name in (("0", "INVALID_AMOUNT"), ("-1", "INVALID_AMOUNT"), ("1.001", "AMOUNT_PRECISION")):
        assert world.patch(player, limits={"maxBet": wrong}).name == name
    assert world.patch(player, limits={"maxBet": True}).name == "VALIDATION_ERROR"


# ---------------------------------------------------------------- sessions
def test_a_session_per_device_and_a_refresh(world: World) -> None:
    player = world.player("ann")["id"]
    make = lambda **body: made(world.call("POST", "/players/{id}/sessions", body, id=player))  # noqa: E731
    desktop, mobile = make(device="desktop"), make(device="mobile", externalSessionId="casino-7")
    refreshed = make(device="desktop")
    states = {
        s["sessionId"]: s["state"] for s in made(world.call("GET", "/players/{id}", id=player))["sessions"]
    }
    assert states == {
        desktop["sessionId"]: "ended",
        mobile["sessionId"]: "live",
        refreshed["sessionId"]: "live",
    }
    wallet = read_wallet(world.tenant_id, player)
    assert wallet is not None
    for made_session, name in ((desktop, "SESSION_EXPIRED"), (mobile, ""), (refreshed, "")):
        token = tokens.read(made_session["sessionToken"])
        assert token is not None
        assert (token.tenant_id, token.player_id) == (world.tenant_id, player)
        assert sessions.lookup(wallet, token) is not None
        if name:
            with pytest.raises(Exception, match="ended or refreshed"):
                sessions.find(wallet, token, now_ms())
        else:
            assert sessions.find(wallet, token, now_ms()).id == made_session["sessionId"]
    assert mobile["externalSessionId"] == "casino-7"
    assert mobile["realityCheckMinutes"] == 60


def test_the_token_is_stored_nowhere_and_shown_once(world: World) -> None:
    player = world.player("ann")["id"]
    first = world.call("POST", "/players/{id}/sessions", {}, key="k1", id=player)
    again = world.call("POST", "/players/{id}/sessions", {}, key="k1", id=player)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == {**first.body, "sessionToken": None}
    secret = first.body["sessionToken"]
    stored = str(list(dynamo.query(hub_table(), f"PLAYER#{world.tenant_id}#{player}")))
    assert secret not in stored


def test_ending_a_session_is_at_once_and_repeatable(world: World) -> None:
    player = world.player("ann")["id"]
    session = made(world.call("POST", "/players/{id}/sessions", {}, id=player))
    end = lambda sid: world.call("DELETE", "/players/{id}/sessions/{sessionId}", id=player, sessionId=sid)  # noqa: E731
    assert end(session["sessionId"]).status == 204
    assert end(session["sessionId"]).status == 204
    assert (end("nope").status, end("nope").name) == (404, "SESSION_NOT_FOUND")
    events = made(world.call("GET", "/players/{id}/events", id=player))["events"]
    assert [e["type"] for e in events] == ["session.ended", "session.started", "player.created"]


def test_session_time_is_not_stretched_by_devices_or_refreshing(world: World) -> None:
    player = world.player("ann")["id"]
    make = lambda device: world.call("POST", "/players/{id}/sessions", {"device": device}, id=player)  # noqa: E731
    made(make("desktop"))

    def played_for(minutes: int) -> Any:
        from dataclasses import replace

        begun = now_ms() - minutes * 60_000
        return change_wallet(
            world.tenant_id,
            player,
            lambda w: replace(w, sessions=tuple(replace(s, started_at=begun) for s in w.sessions)),
        )

    played_for(50)
    made(world.patch(player, limits={"sessionMinutes": 60}))
    assert now_ms() - parse_instant(made(make("mobile"))["startedAt"]) >= 49 * 60_000
    played_for(61)
    refused = make("tablet")
    assert (refused.status, refused.name) == (403, "SESSION_TIME_LIMIT")
    assert "pauseUntil" in refused.body
    played_for(76)
    assert make("tablet").status == 201
