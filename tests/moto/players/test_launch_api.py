"""Launching games through the function's handler: the URL, its one opening, what the linter says."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.platform.clock import now_ms
from pitboss.wallet.public import change_wallet, read_wallet, sessions

from tests.players_world import BRANDS, GAMES, TEMPLATE, World, game_row, launch_template
from tests.tenancy_world import made

pytestmark = pytest.mark.moto


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def codes(body: dict[str, Any], severity: str = "error") -> list[str]:
    return [finding["code"] for finding in body["findings"] if finding["severity"] == severity]


def exchange(world: World, player: str, token: str, request: str, now: int | None = None) -> str:
    """What POST /wallet/authenticate does with a launch token."""
    answered = []

    def once(wallet: Any) -> Any:
        after, session_token = sessions.exchange(wallet, token, request, now_ms() if now is None else now)
        answered.append(session_token)
        return after

    change_wallet(world.tenant_id, player, once)
    return answered[-1]


def test_a_launch_url_carries_what_the_game_must_know(world: World) -> None:
    player = world.player("ann", country="MT", realityCheckMinutes=45)
    launched = made(
        world.launch(
            "slot",
            brandId="aurora",
            userId="ann",
            language="pt-BR",
            currency="EUR",
            country="MT",
            device="mobile",
            lobbyUrl="https://casino.example/lobby?x=1&y=ü",
            depositUrl="https://casino.example/cash",
            historyUrl="https://casino.example/me",
            externalSessionId="s-1",
        )
    )
    assert (launched["ok"], launched["findings"], launched["mode"]) == (True, [], "real")
    assert (launched["playerId"], launched["language"], launched["currency"]) == (
        player["id"],
        "pt-BR",
        "EUR",
    )
    said = query_of(launched["url"])
    assert said.pop("t").startswith("pl_")
    assert said == {
        "g": "slot",
        "m": "real",
        "l": "pt-BR",
        "c": "EUR",
        "d": "mobile",
        "back": "https://casino.example/lobby?x=1&y=ü",
        "cash": "https://casino.example/cash",
        "hist": "https://casino.example/me",
        "rc": "45",
        "for": "0",
        "fr": "",
        "frn": "0",
        "frb": "",
        "p": "ann",
    }
    (session,) = made(world.call("GET", "/players/{id}", id=player["id"]))["sessions"]
    assert (session["sessionId"], session["state"]) == (launched["sessionId"], "launched")
    assert session["externalSessionId"] == "s-1"


def test_a_launch_url_opens_once_but_a_lost_answer_costs_nothing(world: World) -> None:
    player = world.player("ann")["id"]
    token = query_of(made(world.launch("slot", playerId=player))["url"])["t"]
    first = exchange(world, player, token, "msg-1")
    assert first.startswith("ps_")
    assert exchange(world, player, token, "msg-1") == first
    with pytest.raises(Refusal) as second:
        exchange(world, player, token, "msg-2")
    assert second.value.name == "LAUNCH_TOKEN_USED"
    wallet = read_wallet(world.tenant_id, player)
    assert wallet is not None
    assert [sessions.alive(s, now_ms()) for s in wallet.sessions] == [True]
    late = query_of(made(world.launch("slot", playerId=player))["url"])["t"]
    with pytest.raises(Refusal) as expired:
        exchange(world, player, late, "msg-3", now_ms() + sessions.LAUNCH_TTL_MS)
    assert expired.value.name == "LAUNCH_TOKEN_EXPIRED"
    forged = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    with pytest.raises(Refusal) as wrong:
        exchange(world, player, forged, "msg-1")
    assert wrong.value.name == "TOKEN_INVALID"


def test_a_demo_has_no_player_and_no_token(world: World) -> None:
    demo = made(world.launch("slot", mode="demo", lobbyUrl="https://casino.example/"))
    said = query_of(demo["url"])
    assert (said["t"], said["m"], said["c"], said["p"]) == ("", "demo", "FUN", "")
    assert (demo["sessionId"], demo["expiresAt"], demo["findings"]) == (None, None, [])
    assert world.launch("crash", mode="demo").name == "DEMO_NOT_OFFERED"


def test_the_linter_names_every_fault_at_once_and_writes_nothing(world: World) -> None:
    player = world.player("ann", country="MT")["id"]
    wrong = {
        "playerId": player,
        "lobbyUrl": "undefined",
        "depositUrl": "null",
        "historyUrl": "/me",
        "language": "en_US",
        "currency": "USD",
        "country": "US",
        "device": "tablet",
    }
    linted = made(world.launch("crash", dry=True, **wrong))
    by_field = {finding["field"]: finding for finding in linted["findings"]}
    assert by_field["lobbyUrl"]["message"] == "lobbyUrl is the literal string undefined."
    assert by_field["depositUrl"]["message"] == "depositUrl is the literal string null."
    assert by_field["language"]["fix"] == "Send en-US."
    assert {field: finding["code"] for field, finding in by_field.items()} == {
        "lobbyUrl": "LITERAL_STRING",
        "depositUrl": "LITERAL_STRING",
        "historyUrl": "URL_RELATIVE",
        "language": "LANGUAGE_FORMAT",
        "currency": "CURRENCY_MISMATCH",
        "country": "COUNTRY_RESTRICTED",
        "device": "DEVICE_NOT_SUPPORTED",
    }
    assert (linted["ok"], linted["url"]) == (False, None)
    refused = world.launch("crash", **wrong)
    assert (refused.status, refused.name, refused.body["findings"]) == (
        400,
        "LAUNCH_INVALID",
        linted["findings"],
    )
    assert {e["field"] for e in refused.body["errors"]} == set(by_field)
    assert made(world.call("GET", "/players/{id}", id=player))["sessions"] == []


def test_warnings_do_not_stop_a_launch(world: World) -> None:
    player = world.player("ann", country="MT")["id"]
    launched = made(world.launch("slot", playerId=player, language="fr", country="DE"))
    assert codes(launched, "warning") == [
        "MISSING_LOBBY",
        "MISSING_DEPOSIT",
        "LANGUAGE_UNSUPPORTED",
        "COUNTRY_DIFFERS",
    ]
    assert launched["ok"] is True
    assert query_of(launched["url"])["l"] == "en"


@pytest.mark.parametrize(
    ("slug", "body", "status", "name"),
    [
        ("nothing", {}, 404, "GAME_NOT_FOUND"),
        ("gone", {}, 403, "GAME_DISABLED"),
        ("private", {}, 403, "GAME_DISABLED"),
        ("crash", {"country": "FR"}, 403, "COUNTRY_RESTRICTED"),
        ("crash", {"device": "tablet"}, 400, "DEVICE_NOT_SUPPORTED"),
        ("slot", {"currency": "USD"}, 400, "CURRENCY_MISMATCH"),
        ("slot", {"mode": "fun"}, 400, "LAUNCH_INVALID"),
        ("slot", {"freeRoundsId": "01J00000000000000000000000"}, 404, "FREEROUND_NOT_FOUND"),
        ("crash", {"freeRoundsId": "x"}, 409, "FREEROUND_NOT_SUPPORTED"),
        ("slot", {"userId": "nobody"}, 404, "USER_NOT_FOUND"),
        ("slot", {"userId": "undefined"}, 400, "LAUNCH_INVALID"),
        ("slot", {"playerId": "x"}, 400, "LAUNCH_INVALID"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else None,
)
def test_a_launch_is_refused_with_its_own_name(
    world: World, slug: str, body: dict[str, Any], status: int, name: str
) -> None:
    world.player("ann")
    refused = world.launch(slug, **{"brandId": "aurora", "userId": "ann", **body})
    assert (refused.status, refused.name) == (status, name)
    assert refused.body["effect"] == "none"


def test_wrong_types_are_the_parsers_business(world: World) -> None:
    for body in ({"lobbyUrl": 7}, {"mode": True}, {"playerId": ["x"]}, {"unknown": "x"}):
        assert world.launch("slot", **body).name == "VALIDATION_ERROR"


def test_a_game_without_a_launch_url_says_so(world: World) -> None:
    player = world.player("ann")["id"]
    launch_template(world.tenant_id, "")
    assert codes(made(world.launch("slot", dry=True, playerId=player))) == ["LAUNCH_URL_MISSING"]
    assert world.launch("slot", playerId=player).name == "LAUNCH_URL_MISSING"
    launch_template(world.tenant_id, "https://games.example/{gmae}")
    assert codes(made(world.launch("slot", dry=True, playerId=player))) == [
        "LAUNCH_URL_PLACEHOLDER",
        "LAUNCH_URL_NO_TOKEN",
    ]
    own = [*GAMES[1:], game_row("slot", launchUrl="https://own.example/{token}/{game}")]
    made(world.catalogue("PUT", "/integrations/{id}/games", own, id="int"))
    assert made(world.launch("slot", playerId=player))["url"].startswith("https://own.example/pl_")


def test_a_disabled_brand_and_a_changed_list_are_seen_at_once(world: World) -> None:
    player = world.player("ann")["id"]
    made(world.launch("slot", playerId=player))
    made(world.catalogue("PUT", "/integrations/{id}/games", list(GAMES[1:]), id="int"))
    assert world.launch("slot", playerId=player).name == "GAME_DISABLED"
    made(world.catalogue("PUT", "/integrations/{id}/games", list(GAMES), id="int"))
    rest = [{**BRANDS[0], "brands": [{"ref": "borealis", "name": "B"}]}]
    made(world.catalogue("PUT", "/integrations/{id}/operators", rest, id="int"))
    assert codes(made(world.launch("slot", dry=True, playerId=player))) == ["BRAND_DISABLED"]


def test_what_became_of_a_launch_url(world: World) -> None:
    player = world.player("ann")["id"]
    url = made(world.launch("slot", playerId=player))["url"]
    said = lambda text, call=world.call: codes(made(call("POST", "/launch-lint", {"url": text})))  # noqa: E731
    assert said(url) == []
    token = query_of(url)["t"]
    assert said(url.replace(token, token[:-3])) == ["LAUNCH_URL_MANGLED"]
    assert said(url, world.other) == ["LAUNCH_URL_UNKNOWN"]
    exchange(world, player, token, "msg-1")
    assert said(url) == ["LAUNCH_URL_USED"]
    withdrawn = made(world.launch("other-slot", playerId=player))
    made(world.patch(player, status="blocked"))
    assert said(withdrawn["url"]) == ["LAUNCH_URL_EXPIRED"]
    assert said("undefined") == ["LITERAL_STRING"]
    assert said(TEMPLATE.replace("{token}", token)) == ["UNFILLED_TEMPLATE", "LAUNCH_URL_USED"]


def test_time_played_is_told_to_the_next_game(world: World) -> None:
    from dataclasses import replace

    player = world.player("ann")["id"]
    made(world.call("POST", "/players/{id}/sessions", {}, id=player))
    begun = now_ms() - 31 * 60_000
    change_wallet(
        world.tenant_id,
        player,
        lambda w: replace(w, sessions=tuple(replace(s, started_at=begun) for s in w.sessions)),
    )
    assert query_of(made(world.launch("slot", playerId=player))["url"])["for"] == "31"


def test_many_launches_do_not_fill_the_wallet(world: World) -> None:
    player = world.player("ann")["id"]
    live = made(world.call("POST", "/players/{id}/sessions", {}, id=player))
    for _ in range(12):
        made(world.launch("slot", playerId=player))
    kept = made(world.call("GET", "/players/{id}", id=player))["sessions"]
    assert len(kept) == 8
    assert {s["state"] for s in kept if s["sessionId"] == live["sessionId"]} == {"live"}


def test_a_suspended_agent_launches_nothing(world: World) -> None:
    player = world.player("ann")["id"]
    made(world.root("PATCH", "/agents/{id}", {"status": "suspended"}, id=world.tenant_id))
    assert world.launch("slot", playerId=player).name == "TENANT_SUSPENDED"
