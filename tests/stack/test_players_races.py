"""Players, sessions and launches under races on the local AWS, and a game that is played over HTTP from its launch URL."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import pytest
from pitboss.kernel.instants import format_instant

from devtools.client import ApiRefusal, Hub
from tests.conftest import Stack
from tests.e2e.conftest import now_ms

pytestmark = pytest.mark.stack
GAME = "lucky-sevens"


def new_player(hub: Hub, **more: Any) -> str:
    body = {"brandId": "aurora", "userId": f"u-{uuid4()}", **more}
    return str(hub("POST", "/players", body)["id"])


def said(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).fragment, keep_blank_values=True))


def name_of(call: Any) -> str:
    try:
        call()
    except ApiRefusal as refusal:
        return refusal.name
    return "ok"


def test_one_player_created_twenty_times_at_once_is_one_player(hub: Hub) -> None:
    body = {"brandId": "aurora", "userId": f"race-{uuid4()}", "country": "MT"}
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: hub.http.post("/players", json=body), range(20)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 19}
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_devices_and_changes_of_one_player_do_not_lose_each_other(hub: Hub) -> None:
    player = new_player(hub)
    work = [lambda n=n: hub("POST", f"/players/{player}/sessions", {"device": f"d{n}"}) for n in range(4)] + [
        lambda n=n: hub("PATCH", f"/players/{player}", {"displayName": f"N{n}"}) for n in range(4)
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda job: job(), work))
    read = hub("GET", f"/players/{player}")
    assert sorted(s["device"] for s in read["sessions"] if s["state"] == "live") == ["d0", "d1", "d2", "d3"]
    events = hub("GET", f"/players/{player}/events")["events"]
    assert Counter(event["type"] for event in events) == {
        "player.created": 1,
        "session.started": 4,
        "player.changed": 4,
    }


def test_a_deposit_sent_ten_times_at_once_is_paid_in_once(hub: Hub) -> None:
    player = new_player(hub)
    body = {"transactionId": f"d-{uuid4()}", "amount": "10.00"}
    with ThreadPoolExecutor(10) as pool:
        moved = list(pool.map(lambda _: hub("POST", f"/players/{player}/deposit", body), range(10)))
    assert Counter(row["replay"] for row in moved) == {False: 1, True: 9}
    assert hub("GET", f"/players/{player}")["balance"] == "10.00"


@pytest.fixture
def browser(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.api_url, timeout=30.0) as client:
        yield client


def opened(browser: httpx.Client, url: str, tab: str) -> httpx.Response:
    told = said(url)
    body = {
        "openId": tab,
        "mode": told["mode"],
        "gameId": told["game"],
        "tenantId": told["tenant"],
        "launchToken": told["token"],
        "freeRoundsId": told["fr"],
        "freeRoundsBet": told["frBet"],
    }
    return browser.post("/demo-operator/game/open", json=body)


def test_a_launch_url_raced_by_ten_browsers_opens_in_one(hub: Hub, browser: httpx.Client) -> None:
    player = new_player(hub)
    url = hub("POST", f"/games/{GAME}/launch", {"playerId": player})["url"]
    page = httpx.get(url)
    assert (page.status_code, "The Wheel" in page.text) == (200, True)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: opened(browser, url, f"tab-{n}"), range(10)))
    assert Counter(a.json().get("name", "ok") for a in answers) == {"ok": 1, "LAUNCH_TOKEN_USED": 9}


def test_a_launched_game_is_played_to_its_end(hub: Hub, browser: httpx.Client) -> None:
    player = new_player(hub)
    hub("POST", f"/players/{player}/deposit", {"transactionId": f"d-{uuid4()}", "amount": "50.00"})
    gift = hub(
        "POST",
        "/free-rounds",
        {
            "playerId": player,
            "gameIds": [GAME],
            "count": 2,
            "betAmount": "0.20",
            "expiresAt": format_instant((now_ms() + 3_600_000) // 1000 * 1000),
        },
    )["freeRoundsId"]
    url = hub("POST", f"/games/{GAME}/launch", {"playerId": player, "freeRoundsId": gift})["url"]
    play = opened(browser, url, "tab").json()
    assert (play["balance"], play["freeBet"]) == ("50.00", "0.20")
    spins = [{"playId": play["playId"], "spinId": f"s{n}", "bet": "1.00"} for n in range(6)]
    spins += [{"playId": play["playId"], "spinId": f"f{n}", "free": True} for n in range(2)]
    balance = 5000
    for spin in spins:
        turned = browser.post("/demo-operator/game/spin", json=spin).json()
        assert turned["state"] == "done", turned
        won = int(turned["win"].replace(".", ""))
        balance += won - (0 if turned["free"] else 100)
        assert int(turned["balance"].replace(".", "")) == balance
        assert browser.post("/demo-operator/game/spin", json=spin).json() == turned
    assert hub("GET", f"/players/{player}")["balance"] == f"{balance // 100}.{balance % 100:02d}"
    assert hub("GET", f"/free-rounds/{gift}")["state"] == "used"
    third = browser.post(
        "/demo-operator/game/spin", json={"playId": play["playId"], "spinId": "f9", "free": True}
    )
    assert third.json()["refusal"] == "FREEROUND_EXHAUSTED"


def test_blocking_is_in_force_with_the_next_bet(hub: Hub, browser: httpx.Client) -> None:
    player = new_player(hub)
    hub("POST", f"/players/{player}/deposit", {"transactionId": f"d-{uuid4()}", "amount": "50.00"})
    url = hub("POST", f"/games/{GAME}/launch", {"playerId": player})["url"]
    play = opened(browser, url, "tab").json()["playId"]
    spin = lambda n: browser.post(  # noqa: E731
        "/demo-operator/game/spin", json={"playId": play, "spinId": f"s{n}", "bet": "1.00"}
    ).json()
    assert spin(1)["state"] == "done"
    hub("PATCH", f"/players/{player}", {"status": "blocked"})
    refused = spin(2)
    assert (refused["state"], refused["refusal"]) == ("refused", "PLAYER_BLOCKED")
    assert name_of(lambda: hub("POST", f"/games/{GAME}/launch", {"playerId": player})) == "PLAYER_BLOCKED"


def test_another_operator_sees_no_player(hub: Hub, rival: Hub) -> None:
    player = new_player(hub)
    assert name_of(lambda: rival("GET", f"/players/{player}")) == "USER_NOT_FOUND"
    assert name_of(lambda: rival("POST", f"/games/{GAME}/launch", {"playerId": player})) == "USER_NOT_FOUND"
