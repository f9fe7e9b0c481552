"""Money over the deployed stack, checked from both ends: what the hub says, and what the demo casino was told."""

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pitboss.kernel.instants import format_instant

from devtools.client import ApiRefusal, Hub
from devtools.seed import DemoTenant
from tests.conftest import Stack
from tests.e2e.conftest import poll

pytestmark = pytest.mark.e2e


class Casino:
    """The demo casino's view."""

    def __init__(self, stack: Stack, tenant: DemoTenant) -> None:
        self.tenant = tenant
        self.http = httpx.Client(
            base_url=f"{stack.api_url}/demo-operator",
            headers={"X-Demo-Token": tenant.demo_token, "Content-Type": "application/json"},
            timeout=30,
        )

    def told(self, tournament: str) -> list[dict[str, Any]]:
        answer = self.http.get("/transactions", params={"tournamentId": tournament, "limit": 200})
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["transactions"]
        return rows

    def balance(self, player: str) -> str:
        answer = self.http.get(f"/players/aurora/{player}", params={"tenantId": self.tenant.operator_id})
        assert answer.status_code == 200, answer.text
        wallets = answer.json()["wallets"]
        return str(wallets[0]["balance"]) if wallets else "1000.00"

    def err(self, tournament: str, *faults: dict[str, Any]) -> None:
        answer = self.http.post("/faults", json={"tournamentId": tournament, "faults": list(faults)})
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def casino(stack: Stack, tenants: tuple[DemoTenant, DemoTenant]) -> Iterator[Casino]:
    view = Casino(stack, tenants[0])
    yield view
    view.http.close()


PAID = {
    "entry": {"buyIn": "10.00", "rake": "1.00"},
    "entryFee": None,
    "currency": "EUR",
    "prizes": {
        "lines": [{"rankFrom": n, "shareBps": bps} for n, bps in enumerate((4000, 3000, 2000, 1000), 1)]
    },
    "onShort": "start",
}


def players(prefix: str, count: int) -> list[str]:
    stamp = time.time_ns()
    return [f"{prefix}-{stamp}-{place}" for place in range(count)]


def play(hub: Hub, tournament: str, *names: str) -> None:
    """A round each, so that there is somebody to pay: the first wins more than the second."""
    poll(
        lambda: hub("GET", f"/tournaments/{tournament}/status")["status"], lambda status: status == "running"
    )
    settled = format_instant(time.time_ns() // 1_000_000)
    rounds = [
        {
            "roundId": f"{tournament}-{place}",
            "status": "settled",
            "brandId": "aurora",
            "playerId": name,
            "gameId": "crash-classic",
            "roundType": "regular",
            "currency": "EUR",
            "bet": f"{9 - place}.00",
            "win": f"{9 - place}.00",
            "startedAt": settled,
            "settledAt": settled,
        }
        for place, name in enumerate(names)
    ]
    answer = hub("POST", "/rounds", {"integrationId": "demo", "rounds": rounds})
    assert answer["counts"]["accepted"] == len(rounds), answer


def enter(hub: Hub, tournament: str, player: str) -> Any:
    body = {"userId": player, "displayName": player[:20], "buyInAmount": "11.00"}
    return hub("POST", f"/tournaments/{tournament}/players", body)


def test_prizes_arrive_once_however_often_the_casino_fails_to_say_so(
    hub: Hub, casino: Casino, tournament: Callable[..., dict[str, Any]]
) -> None:
    made = tournament(starts_in_ms=4000, runs_ms=6000, **PAID)
    tid = made["tournamentId"]
    names = players("prize", 4)
    for name in names:
        assert enter(hub, tid, name)["status"] == "active"
        assert casino.balance(name) == "989.00"
    play(hub, tid, *names)
    kinds = ("error500", "html", "empty", "timeout")
    casino.err(tid, *({"kind": kind, "on": "payout", "commit": True} for kind in kinds))
    poll(
        lambda: hub("GET", f"/tournaments/{tid}/status")["status"],
        lambda status: status == "settled",
        within_s=150,
    )
    payouts = hub("GET", "/payouts", tournamentId=tid)["payouts"]
    assert [p["state"] for p in payouts] == ["confirmed"] * 4
    told = [row for row in casino.told(tid) if row["type"] == "payout"]
    assert sorted((r["ref"], r["amount"]) for r in told) == sorted(
        (p["payoutRef"], p["amount"]) for p in payouts
    )
    lost = [a for p in payouts for a in p["attempts"] if a["outcome"] == "unknown"]
    assert len(lost) >= len(kinds)
    assert sum(Decimal(p["amount"]) for p in payouts) == 40
    assert sum(Decimal(casino.balance(name)) for name in names) == 4 * (1000 - 11) + 40


def test_a_buy_in_of_unknown_end_holds_the_seat_until_it_is_known(
    hub: Hub, casino: Casino, tournament: Callable[..., dict[str, Any]]
) -> None:
    made = tournament(starts_in_ms=300_000, runs_ms=60_000, **PAID)
    tid = made["tournamentId"]
    yes, no = players("buyin", 2)

    def seats() -> dict[str, str]:
        rows = hub("GET", f"/tournaments/{tid}/players")["players"]
        return {row["userId"]: row["status"] for row in rows}

    casino.err(tid, {"kind": "empty", "on": "debit"}, {"kind": "decline", "on": "debit"})
    assert enter(hub, tid, no)["status"] == "pending_payment"
    poll(seats, lambda found: found.get(no) != "pending_payment", within_s=90)
    assert seats().get(no) != "active"
    casino.err(tid, {"kind": "html", "on": "debit", "commit": True})
    assert enter(hub, tid, yes)["status"] == "pending_payment"
    poll(seats, lambda found: found.get(yes) == "active", within_s=90)
    assert casino.balance(yes) == "989.00"
    assert casino.balance(no) == "1000.00"
    hub("DELETE", f"/tournaments/{tid}/players/{yes}")
    poll(lambda: casino.balance(yes), lambda balance: balance == "1000.00")
    kinds = sorted((row["type"], row["status"]) for row in casino.told(tid))
    assert kinds == [("debit", "confirmed"), ("debit", "declined"), ("refund", "confirmed")]


def test_a_player_without_the_money_is_told_so(
    hub: Hub, casino: Casino, tournament: Callable[..., dict[str, Any]]
) -> None:
    made = tournament(starts_in_ms=60_000, **PAID)
    casino.err(made["tournamentId"], {"kind": "decline", "on": "debit"})
    with pytest.raises(ApiRefusal) as refused:
        enter(hub, made["tournamentId"], players("poor", 1)[0])
    assert refused.value.name == "BUY_IN_DECLINED"


def test_the_api_describes_itself(stack: Stack) -> None:
    document = httpx.get(f"{stack.api_url}/openapi.json", timeout=30)
    assert (document.status_code, document.json()["openapi"]) == (200, "3.1.0")
    page = httpx.get(f"{stack.api_url}/docs", headers={"Accept": "text/html"}, timeout=30)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert 'id="error-1018"' in page.text
    keys = httpx.get(f"{stack.api_url}/.well-known/jwks.json", timeout=30).json()["keys"]
    assert keys[0]["kty"] == "OKP"
    assert httpx.get(f"{stack.api_url}/health", timeout=30).json()["status"] == "ok"
    for url in ("/payouts", "/callback-secret"):
        assert httpx.get(stack.api_url + url, timeout=30).status_code == 401
    unknown = {"Authorization": "Bearer 00000000-0000-4000-8000-000000000000"}
    denied = httpx.get(f"{stack.api_url}/payouts", headers=unknown, timeout=30)
    assert (denied.status_code, denied.json()["name"]) == (401, "TOKEN_INVALID")
