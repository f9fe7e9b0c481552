"""A game launched by the casino and played by a provider's back end against the hub's own wallet, over HTTP."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pitboss.catalogue.public import (
    WalletIntegration,
    forget_wallets,
    read_wallet_integration,
    save_wallet_integration,
)
from pitboss.demo import game, game_gateway, game_service, game_store
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.platform import signing
from pitboss.platform.clock import now_ms
from pitboss.platform.http import Api
from pitboss.platform.masters import callback_master

from tests.functions import load
from tests.money_world import http_server
from tests.players_world import World
from tests.tenancy_world import Reply, authorize, made

pytestmark = pytest.mark.moto

PAGE = (
    "https://hub.example/api/demo-operator/game#token={token}&game={game}&mode={mode}&fr={freeRoundsId}"
    "&frBet={freeRoundsBet}&tenant={tenant}"
)


class Line:
    """The provider's way to the hub, with faults to order: `faults[n]` spoils the n-th call."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.faults: dict[int, str] = {}
        self.calls: list[tuple[str, dict[str, Any], int]] = []

    def __call__(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        fault = self.faults.get(len(self.calls), "")
        self.calls.append((path, json.loads(body), 0))
        if fault == "lost":
            return 502, "text/html", b"<html>bad gateway</html>"
        allowed = authorize(self.token, "POST", path)
        assert allowed is not None
        event = {
            "httpMethod": "POST",
            "resource": path,
            "headers": headers,
            "body": body.decode(),
            "requestContext": {
                "requestId": f"req-{len(self.calls)}",
                "identity": {"sourceIp": "203.0.113.9"},
                "authorizer": allowed["context"],
            },
        }
        answer = load("wallet_api").handler(event, None)
        if fault == "unheard":
            return 502, "text/html", b"<html>bad gateway</html>"
        return answer["statusCode"], answer["headers"]["Content-Type"], answer["body"].encode()

    def told(self, route: str) -> list[dict[str, Any]]:
        return [body for path, body, _ in self.calls if path == f"/wallet/{route}"]


@pytest.fixture
def line(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    before = read_wallet_integration(world.tenant_id, "int")
    assert before is not None
    after = WalletIntegration("int", launch_url=PAGE, generation=1, version=before.version)
    assert save_wallet_integration(world.tenant_id, before, after) is not None
    forget_wallets()
    secret = signing.provider_secret(callback_master(), world.tenant_id, "int", 1)
    monkeypatch.setattr(game_gateway, "PAUSE_S", 0.0)
    spoken = Line(world.call.token)
    with http_server(spoken) as url:
        demo(
            "PUT",
            "/demo-operator/game/provider",
            {
                "tenantId": world.tenant_id,
                "integrationId": "int",
                "hubUrl": url,
                "apiToken": world.call.token,
                "walletSecret": signing.printable_secret(secret),
            },
        )
        yield spoken


def demo(method: str, path: str, body: Any) -> Reply:
    """The demo operator's door."""
    api: Api = load("demo_operator").api
    event = {
        "httpMethod": method,
        "resource": path,
        "headers": {"Content-Type": "application/json", "X-Demo-Token": "demo-token"},
        "body": json.dumps(body),
        "requestContext": {"requestId": "demo"},
    }
    answer = api.handler(event, None)
    return Reply(answer["statusCode"], json.loads(answer["body"]), answer["headers"])


def opened(world: World, open_id: str = "tab-1", **launch: Any) -> Reply:
    url = made(world.launch("slot", brandId="aurora", userId="ann", **launch))["url"]
    return open_url(url, open_id)


def open_url(url: str, open_id: str) -> Reply:
    """What the page does with its URL."""
    said = {k: v[0] for k, v in parse_qs(urlsplit(url).fragment, keep_blank_values=True).items()}
    body = {
        "openId": open_id,
        "mode": said["mode"],
        "gameId": said["game"],
        "tenantId": said["tenant"],
        **({"launchToken": said["token"]} if said["token"] else {}),
        "freeRoundsId": said["fr"],
        "freeRoundsBet": said["frBet"],
    }
    return demo("POST", "/demo-operator/game/open", body)


def turn(play: str, spin: str, **more: Any) -> Reply:
    return demo("POST", "/demo-operator/game/spin", {"playId": play, "spinId": spin, **more})


def fund(world: World, amount: str) -> str:
    player = world.player("ann")
    body = {"transactionId": "d1", "amount": amount}
    made(world.call("POST", "/players/{id}/deposit", body, key="d1", id=player["id"]))
    return str(player["id"])


def balance(world: World, player: str) -> str:
    return str(made(world.call("GET", "/players/{id}", id=player))["balance"])


def drawn(monkeypatch: pytest.MonkeyPatch, segment: int) -> None:
    monkeypatch.setattr(game_service.secrets, "randbelow", lambda _: segment)


TWICE = 618 + 180  # the first segment that pays twice the stake


def test_a_launched_game_is_played_with_the_players_money(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = fund(world, "10.00")
    play = made(opened(world))
    assert (play["balance"], play["currency"], play["returnPercent"]) == ("10.00", "EUR", "96.00")
    drawn(monkeypatch, TWICE)
    spun = made(turn(play["playId"], "s1", bet="1.00"))
    assert (spun["state"], spun["multiplier"], spun["win"], spun["balance"]) == ("done", 2, "2.00", "11.00")
    drawn(monkeypatch, 0)
    lost = made(turn(play["playId"], "s2", bet="0.50"))
    assert (lost["state"], lost["win"], lost["balance"]) == ("done", "0.00", "10.50")
    assert balance(world, player) == "10.50"


def test_the_same_spin_again_is_the_same_spin(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = fund(world, "10.00")
    play = made(opened(world))
    drawn(monkeypatch, TWICE)
    first = made(turn(play["playId"], "s1", bet="1.00"))
    drawn(monkeypatch, 0)
    assert made(turn(play["playId"], "s1", bet="1.00")) == first
    assert balance(world, player) == "11.00"
    assert len(line.told("bet")) == 1


def test_a_url_opens_once_and_a_reload_is_the_same_opening(world: World, line: Line) -> None:
    fund(world, "1.00")
    url = made(world.launch("slot", brandId="aurora", userId="ann"))["url"]
    first = made(open_url(url, "tab-1"))
    assert made(open_url(url, "tab-1")) == first
    second = open_url(url, "tab-2")
    assert (second.status, second.name) == (401, "LAUNCH_TOKEN_USED")
    assert "POST /games/{slug}/launch" in second.body["detail"]


@pytest.mark.parametrize("fault", ["lost", "unheard"])
def test_an_answer_that_is_lost_once_costs_nothing(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    player = fund(world, "10.00")
    play = made(opened(world))
    drawn(monkeypatch, TWICE)
    line.faults = {1: fault, 3: fault}
    spun = made(turn(play["playId"], "s1", bet="1.00"))
    assert (spun["state"], spun["balance"]) == ("done", "11.00")
    assert [path for path, _, _ in line.calls][1:] == [
        "/wallet/bet",
        "/wallet/bet",
        "/wallet/win",
        "/wallet/win",
    ]
    assert balance(world, player) == "11.00"


@pytest.mark.parametrize("fault", ["lost", "unheard"])
def test_a_bet_that_nobody_answers_is_taken_back(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    player = fund(world, "10.00")
    play = made(opened(world))
    line.faults = dict.fromkeys(range(1, 1 + game_gateway.ATTEMPTS), fault)
    spun = made(turn(play["playId"], "s1", bet="1.00"))
    assert (spun["state"], spun["balance"]) == ("undone", "10.00")
    assert balance(world, player) == "10.00"
    assert len(line.told("rollback")) == 1


def test_a_win_that_nobody_answers_is_paid_before_the_next_spin(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = fund(world, "10.00")
    play = made(opened(world))
    drawn(monkeypatch, TWICE)
    line.faults = dict.fromkeys(range(2, 2 + game_gateway.ATTEMPTS), "lost")
    assert made(turn(play["playId"], "s1", bet="1.00"))["state"] == "bet"
    assert balance(world, player) == "9.00"
    drawn(monkeypatch, 0)
    assert made(turn(play["playId"], "s2", bet="1.00"))["balance"] == "10.00"
    kept = game_store.spin(play["playId"], "s1")
    assert kept is not None
    assert (kept.state, kept.segment) == ("done", TWICE)


def test_a_refused_bet_is_final_and_never_rolled_back(world: World, line: Line) -> None:
    player = fund(world, "0.30")
    play = made(opened(world))
    spun = made(turn(play["playId"], "s1", bet="1.00"))
    assert (spun["state"], spun["refusal"]) == ("refused", "BALANCE_NOT_ENOUGH")
    assert line.told("rollback") == line.told("win") == []
    assert balance(world, player) == "0.30"


def test_blocking_a_player_stops_the_next_bet_but_not_the_win(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = fund(world, "10.00")
    play = made(opened(world))
    drawn(monkeypatch, TWICE)
    line.faults = dict.fromkeys(range(2, 2 + game_gateway.ATTEMPTS), "lost")
    assert made(turn(play["playId"], "s1", bet="1.00"))["state"] == "bet"
    made(world.patch(player, status="blocked"))
    refused = made(turn(play["playId"], "s2", bet="1.00"))
    assert refused["state"] == "refused"
    assert refused["refusal"] == "PLAYER_BLOCKED"
    assert balance(world, player) == "11.00"


def test_free_rounds_cost_no_cash_and_are_counted(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = fund(world, "5.00")
    granted = made(
        world.call(
            "POST",
            "/free-rounds",
            {
                "playerId": player,
                "gameIds": ["slot"],
                "count": 2,
                "betAmount": "0.20",
                "expiresAt": format_instant((now_ms() + 86_400_000) // 1000 * 1000),
            },
        )
    )["freeRoundsId"]
    play = made(opened(world, freeRoundsId=granted))
    assert play["freeBet"] == "0.20"
    drawn(monkeypatch, TWICE)
    assert made(turn(play["playId"], "f1", free=True))["balance"] == "5.40"
    drawn(monkeypatch, 0)
    assert made(turn(play["playId"], "f2", free=True))["balance"] == "5.40"
    third = made(turn(play["playId"], "f3", free=True))
    assert (third["state"], third["refusal"]) == ("refused", "FREEROUND_EXHAUSTED")
    assert balance(world, player) == "5.40"
    read = made(world.call("GET", "/free-rounds/{id}", id=granted))
    assert (read["used"], read["left"], read["won"], read["state"]) == (2, 0, "0.40", "used")
    assert world.call("DELETE", "/free-rounds/{id}", id=granted).name == "FREEROUND_CANNOT_CANCEL"


def test_a_demo_never_calls_the_wallet(world: World, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    url = made(world.launch("slot", mode="demo"))["url"]
    play = made(open_url(url, "tab-1"))
    assert (play["currency"], play["balance"], play["mode"]) == ("FUN", "1000.00", "demo")
    drawn(monkeypatch, TWICE)
    assert made(turn(play["playId"], "s1", bet="1.00"))["balance"] == "1001.00"
    assert made(turn(play["playId"], "s1", bet="1.00"))["balance"] == "1001.00"
    drawn(monkeypatch, 0)
    assert made(turn(play["playId"], "s2", bet="10.00"))["balance"] == "991.00"
    assert line.calls == []


def test_only_the_stakes_of_the_wheel_are_played(world: World, line: Line) -> None:
    fund(world, "10.00")
    play = made(opened(world))
    assert play["bets"] == [format_amount(bet, 2) for bet in game.BETS_MINOR]
    for wrong in ({"bet": "1.50"}, {}):
        assert turn(play["playId"], "s1", **wrong).name == "VALIDATION_ERROR"
    assert turn("nowhere", "s1", bet="1.00").name == "SESSION_NOT_FOUND"
    assert turn(play["playId"], "s1", free=True).name == "FREEROUND_NOT_FOUND"
    assert line.told("bet") == []


def test_the_provider_is_told_only_with_the_demo_token(world: World) -> None:
    api: Api = load("demo_operator").api
    event = {
        "httpMethod": "PUT",
        "resource": "/demo-operator/game/provider",
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(
            {
                "tenantId": "t",
                "integrationId": "i",
                "hubUrl": "https://h.example",
                "apiToken": "x",
                "walletSecret": "whsec_AA==",
            }
        ),
        "requestContext": {"requestId": "demo"},
    }
    assert json.loads(api.handler(event, None)["body"])["name"] == "TOKEN_INVALID"
    missing = demo("POST", "/demo-operator/game/open", {"openId": "o", "gameId": "slot", "mode": "real"})
    assert missing.name == "VALIDATION_ERROR"
    unknown = {"openId": "o", "gameId": "slot", "tenantId": world.tenant_id, "launchToken": "pl_x"}
    assert demo("POST", "/demo-operator/game/open", unknown).name == "PROVIDER_NOT_FOUND"
