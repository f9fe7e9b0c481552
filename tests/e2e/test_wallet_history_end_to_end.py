"""Money calls over HTTP, and what follows of itself: history, figures, books, the tournament, the inspector, the day's file."""

import base64
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pitboss.platform import signing

from devtools import seed
from devtools.client import ApiRefusal, Hub
from devtools.console import ROOT
from tests.conftest import Stack
from tests.e2e.conftest import now_ms, poll

pytestmark = pytest.mark.e2e
GAME = "crash-classic"


class Provider:
    """A game provider as it calls the hub: a token, a signature over the very bytes, a new message id each time."""

    def __init__(self, stack: Stack, tenant: seed.DemoTenant) -> None:
        self.secret = base64.b64decode(tenant.wallet_secret.removeprefix("whsec_"))
        headers = {
            "Authorization": f"Bearer {tenant.token}",
            "Content-Type": "application/json",
            "Pitboss-Provider": tenant.integration_id,
        }
        self.http = httpx.Client(base_url=stack.api_url, headers=headers, timeout=30.0)

    def __call__(self, action: str, *, signed: bytes | None = None, **body: Any) -> dict[str, Any]:
        raw = json.dumps({"action": action, **body}, separators=(",", ":")).encode()
        over = raw if signed is None else signed
        headers = signing.headers(self.secret, str(uuid4()), now_ms() // 1000, over)
        answer: dict[str, Any] = self.http.post(f"/wallet/{action}", content=raw, headers=headers).json()
        return answer


@pytest.fixture
def provider(stack: Stack, tenants: tuple[seed.DemoTenant, seed.DemoTenant]) -> Any:
    made = Provider(stack, tenants[0])
    yield made
    made.http.close()


class Player:
    """A player with money and a session."""

    def __init__(self, hub: Hub, money: str) -> None:
        self.user = f"u-{uuid4()}"
        self.id = str(hub("POST", "/players", {"brandId": "aurora", "userId": self.user})["id"])
        hub("POST", f"/players/{self.id}/deposit", {"transactionId": f"d-{uuid4()}", "amount": money})
        self.token = str(hub("POST", f"/players/{self.id}/sessions", {"device": "web"})["sessionToken"])

    def play(self, provider: Provider, stake: str, win: str) -> str:
        """One round to its end; answers its id."""
        round_id = f"r-{uuid4()}"
        common = {"sessionToken": self.token, "roundId": round_id, "gameId": GAME, "currency": "EUR"}
        bet = provider("bet", transactionId=f"b-{round_id}", amount=stake, **common)
        assert bet["status"] == "OK", bet
        more = {"betTransactionId": f"b-{round_id}", "roundClosed": True}
        paid = provider("win", transactionId=f"w-{round_id}", amount=win, **common, **more)
        assert paid["status"] == "OK", paid
        return round_id


def test_play_appears_in_history_figures_and_books(hub: Hub, provider: Provider) -> None:
    player = Player(hub, "100.00")
    rounds = [player.play(provider, "10.00", "2.50"), player.play(provider, "10.00", "30.00")]
    seen = poll(
        lambda: hub("GET", "/history", playerId=player.id)["transactions"], lambda rows: len(rows) == 5
    )
    assert [row["action"] for row in seen] == ["win", "bet", "win", "bet", "deposit"]
    assert seen[0]["balanceAfter"] == hub("GET", f"/players/{player.id}")["balance"] == "112.50"
    by_user = hub("GET", "/history", brandId="aurora", userId=player.user)["transactions"]
    assert by_user == seen
    figures = poll(
        lambda: hub("GET", "/statistics", playerId=player.id)["rows"], lambda rows: rows[0]["rounds"] == 2
    )
    assert (figures[0]["bets"], figures[0]["stake"], figures[0]["won"]) == (2, "20.00", "32.50")
    assert (figures[0]["ggr"], figures[0]["rtp"]) == ("-12.50", "162.50")
    page = hub("GET", "/reports/books")
    while True:
        assert not [f for f in page["findings"] if f["playerId"] == player.id]
        if page["nextCursor"] is None:
            break
        page = hub("GET", "/reports/books", cursor=page["nextCursor"])
    timeline = hub("GET", f"/inspector/rounds/demo/{rounds[1]}")
    assert [step["route"] for step in timeline["timeline"]] == ["bet", "win"]
    assert timeline["players"][0]["status"] == "completed"


def test_whatever_is_rolled_back_refused_or_late_the_books_come_out(hub: Hub, provider: Provider) -> None:
    player = Player(hub, "100.00")
    round_id = player.play(provider, "10.00", "5.00")
    common = {"sessionToken": player.token, "gameId": GAME, "currency": "EUR"}
    late = provider("win", transactionId=f"late-{round_id}", roundId=round_id, amount="1.00", **common)
    bet = provider("bet", transactionId=f"x-{round_id}", roundId=f"x-{round_id}", amount="20.00", **common)
    back = {"transactionId": f"rx-{round_id}", "originalTransactionId": f"x-{round_id}", "roundClosed": True}
    undone = provider("rollback", roundId=f"x-{round_id}", **back, **common)
    unknown = {"transactionId": f"ry-{round_id}", "originalTransactionId": f"y-{round_id}"}
    provider("rollback", roundId=f"y-{round_id}", **unknown, **common)
    buried = provider("bet", transactionId=f"y-{round_id}", roundId=f"y-{round_id}", amount="1.00", **common)
    poor = provider("bet", transactionId=f"z-{round_id}", roundId=f"z-{round_id}", amount="999.00", **common)
    moved = {"transactionId": f"o-{round_id}", "amount": "6.00"}
    hub("POST", f"/players/{player.id}/withdraw", moved)
    assert [late["status"], bet["status"], undone["status"]] == ["OK", "OK", "OK"]
    assert (buried["name"], poor["name"]) == ("TX_ROLLED_BACK", "BALANCE_NOT_ENOUGH")
    poll(
        lambda: {
            r["transactionId"]: r["state"] for r in hub("GET", "/history", playerId=player.id)["transactions"]
        },
        lambda seen: (
            seen.get(f"x-{round_id}") == "ROLLED_BACK" and f"o-{round_id}" in seen and f"z-{round_id}" in seen
        ),
    )
    found: list[dict[str, Any]] = []
    page = hub("GET", "/reports/books")
    while True:
        found += [f for f in page["findings"] if f["playerId"] == player.id]
        if page["nextCursor"] is None:
            break
        page = hub("GET", "/reports/books", cursor=page["nextCursor"])
    assert found == []
    (figures,) = hub("GET", "/statistics", playerId=player.id, groupBy="player")["rows"]
    assert (figures["stake"], figures["won"], figures["cancelledStake"]) == ("10.00", "6.00", "20.00")
    assert (figures["withdrawn"], figures["refused"]) == ("6.00", 1)
    assert hub("GET", f"/players/{player.id}")["balance"] == "90.00"


def test_rounds_of_the_wallet_run_a_tournament(
    hub: Hub, provider: Provider, tournament: Callable[..., dict[str, Any]]
) -> None:
    tid = tournament(starts_in_ms=500, runs_ms=60_000)["tournamentId"]
    player = Player(hub, "50.00")
    hub("POST", f"/tournaments/{tid}/players", {"userId": player.user, "displayName": "Ann"})
    poll(lambda: hub("GET", f"/tournaments/{tid}/status"), lambda s: s["status"] == "running")
    round_id = player.play(provider, "5.00", "9.00")
    board = poll(
        lambda: hub("GET", f"/tournaments/{tid}/leaderboard")["leaderboard"],
        lambda rows: bool(rows) and rows[0]["rounds"] == 1,
    )
    assert board[0]["playerId"] == player.user
    (why,) = hub("GET", f"/tournaments/{tid}/players/{player.user}/rounds")["rounds"]
    assert (why["roundId"], why["bet"], why["win"], why["counted"]) == (round_id, "5.00", "9.00", True)


def test_refused_calls_are_found_and_explained(hub: Hub, rival: Hub, provider: Provider) -> None:
    player = Player(hub, "10.00")
    body = {"sessionToken": player.token, "transactionId": f"b-{uuid4()}", "roundId": "r-x", "gameId": GAME}
    raw = json.dumps({"action": "bet", **body, "amount": "1.00", "currency": "EUR"}).encode()
    answer = provider("bet", signed=raw, **body, amount="1.00", currency="EUR")
    assert answer["name"] == "SIGNATURE_INVALID"
    recent = hub("GET", "/inspector/calls")["calls"]
    call = next(c for c in recent if c["outcome"] == "SIGNATURE_INVALID")
    detail = hub("GET", f"/inspector/calls/{call['callId']}")
    assert detail["diagnosis"]["cause"] == "body_reencoded"
    assert "with spaces" in detail["diagnosis"]["advice"]
    assert player.token not in json.dumps(detail)
    with pytest.raises(ApiRefusal) as caught:
        rival("GET", f"/inspector/calls/{call['callId']}")
    assert caught.value.name == "CALL_NOT_FOUND"
    poor = provider("bet", **body, amount="10.01", currency="EUR")
    assert poor["name"] == "BALANCE_NOT_ENOUGH"
    found = hub("GET", "/inspector/calls", id=body["transactionId"])["calls"]
    assert {c["outcome"] for c in found} >= {"BALANCE_NOT_ENOUGH"}


def test_the_days_file_compares_without_a_difference(hub: Hub, provider: Provider) -> None:
    player = Player(hub, "20.00")
    round_id = player.play(provider, "1.00", "0.00")
    poll(
        lambda: hub("GET", "/history", roundId=round_id)["transactions"],
        lambda rows: len(rows) == 2,
    )
    date = datetime.fromtimestamp(now_ms() / 1000, UTC).strftime("%Y-%m-%d")
    export = poll(
        lambda: hub("GET", f"/reconciliation/{date}", provider="demo"), lambda e: e["state"] != "building"
    )
    assert export["state"] == "provisional", "today is not over"
    file = httpx.get(export["url"])
    assert file.status_code == 200, export["url"] + file.text
    text = file.content if file.content[:1] == b"{" else gzip.decompress(file.content)
    lines = text.splitlines()
    assert len(lines) == export["rows"]
    mine = [line for line in lines if json.loads(line)["roundId"] == round_id]
    assert [json.loads(line)["action"] for line in mine] == ["bet", "win"]
    changed = b"\n".join(
        line.replace(b'"amount":"1.00"', b'"amount":"1.01"') if line in mine else line for line in lines
    )
    for raw, expected in ((text, []), (changed, [f"b-{round_id}"])):
        answer = hub.http.post(
            f"/reconciliation/{date}/diff",
            params={"provider": "demo"},
            content=gzip.compress(raw),
            headers={"Content-Type": "application/gzip"},
        ).json()
        differing = [row["transactionId"] for row in answer["rows"] if row["kind"] == "differing"]
        assert differing == expected
        assert answer["counts"]["missing"] == 0
    plain = hub.http.post(
        f"/reconciliation/{date}/diff",
        content=b"transactionId,action\nghost,bet\n",
        headers={"Content-Type": "text/csv"},
    ).json()
    assert [row["kind"] for row in plain["rows"] if row["transactionId"] == "ghost"] == ["missing"]


def test_history_is_what_the_ledger_says(stack: Stack, hub: Hub, provider: Provider) -> None:
    player = Player(hub, "20.00")
    player.play(provider, "1.00", "0.00")
    seen = poll(
        lambda: hub("GET", "/history", playerId=player.id)["transactions"], lambda rows: len(rows) == 3
    )
    command = [sys.executable, "-m", "devtools.refeed", "--endpoint", stack.endpoint, "--segments", "2"]
    paths = os.pathsep.join((str(ROOT), str(ROOT / "layers/pitboss")))
    environment = {**os.environ, "PYTHONPATH": paths, "AWS_ENDPOINT_URL": stack.endpoint}

    def mended() -> int:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"segment"')]
        assert len(told) == 2
        assert sum(row["read"] for row in told) > 4
        return sum(row["mended"] for row in told)

    mended()  # it may find what other tests have under way, but nothing of a player at rest
    assert hub("GET", "/history", playerId=player.id)["transactions"] == seen
    assert poll(mended, lambda number: number == 0) == 0
