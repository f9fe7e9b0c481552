"""Seamless players on the local AWS: races of real processes, and transactions that queue and worker drive to their end."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from devtools import seed
from devtools.client import Hub
from devtools.provider import Provider
from tests.conftest import Stack
from tests.e2e.conftest import poll

pytestmark = pytest.mark.stack
GAME, BRAND = "lucky-sevens", "aurora"


@dataclass
class Player:
    """A player whose 1000.00 EUR are at the demo operator."""

    hub: Hub
    demo: Hub
    provider: Provider
    tenant_id: str
    user_id: str
    token: str

    def send(self, action: str, **body: Any) -> dict[str, Any]:
        """One call, not repeated; its name, or OK."""
        raw = json.dumps({"action": action, "sessionToken": self.token, **body}).encode()
        return dict(self.provider.once(action, raw).json())

    def bet(self, tx: str, amount: str = "10.00", round_id: str = "r1") -> dict[str, Any]:
        return self.send(
            "bet", transactionId=tx, roundId=round_id, gameId=GAME, amount=amount, currency="EUR"
        )

    def win(self, tx: str, bet: str, amount: str = "20.00", round_id: str = "r1") -> dict[str, Any]:
        return self.send(
            "win",
            transactionId=tx,
            betTransactionId=bet,
            roundId=round_id,
            gameId=GAME,
            amount=amount,
            currency="EUR",
            roundClosed=True,
        )

    def back(self, tx: str, original: str) -> dict[str, Any]:
        return self.send("rollback", transactionId=tx, originalTransactionId=original)

    def held(self) -> str:
        """The balance at the operator."""
        where = {"tenantId": self.tenant_id, "brandId": BRAND, "userId": self.user_id}
        return str(self.demo("GET", "/demo-operator/wallet/control", **where)["balance"])

    def control(self, **wishes: Any) -> None:
        who = {"tenantId": self.tenant_id, "brandId": BRAND, "userId": self.user_id}
        self.demo("POST", "/demo-operator/wallet/control", {**who, **wishes})

    def fault(self, action: str, kind: str, times: int = 1) -> None:
        order = {"action": action, "kind": kind, "times": times, "userId": self.user_id}
        self.demo("POST", "/demo-operator/wallet/faults", {"tenantId": self.tenant_id, "faults": [order]})

    def state(self, tx: str, kind: str = "bet") -> str:
        rows = self.hub("GET", "/transactions", provider="demo", transactionId=tx)["transactions"]
        return next((str(row["state"]) for row in rows if row["kind"] == kind), "")


@pytest.fixture(scope="module")
def make(stack: Stack, root: Hub, tenants: tuple[seed.DemoTenant, seed.DemoTenant]) -> Callable[[], Player]:
    """Make players of a seamless operator of their own."""
    own = seed.make_operator(
        root, seed.DemoTenant("", "", tenants[0].root_token, demo_token=tenants[0].demo_token), "Seamless"
    )
    hub = Hub(stack.api_url, own.token)
    seed.configure(hub, stack.api_url)
    seed.put_settings(hub, walletMode="seamless", walletTimeoutMs=4000, walletTransactions=True)
    provider = Provider(stack.api_url, own.token, seed.wallet_secret(hub))
    demo = Hub(stack.api_url, own.token)
    demo.http.headers["X-Demo-Token"] = own.demo_token

    def player() -> Player:
        user = f"ann-{uuid4()}"
        made = hub("POST", "/players", {"brandId": BRAND, "userId": user})
        assert made["walletMode"] == "seamless"
        token = hub("POST", f"/players/{made['id']}/sessions", {"device": "d"})["sessionToken"]
        found = Player(hub, demo, provider, own.operator_id, user, token)
        found.control(currency="EUR", balance="1000.00")
        return found

    return player


def names(answers: list[dict[str, Any]]) -> Counter[str]:
    return Counter(str(answer.get("name", "OK")) for answer in answers)


def test_one_bet_sent_many_times_at_once_is_one_debit(make: Callable[[], Player]) -> None:
    player = make()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: player.bet("t1"), range(20)))
    assert set(names(answers)) <= {"OK", "OPERATION_IN_PROGRESS"}
    assert player.bet("t1")["status"] == "OK"
    assert player.held() == "990.00"


def test_many_bets_at_once_never_pass_the_balance(make: Callable[[], Player]) -> None:
    player = make()
    player.control(balance="50.00")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: player.bet(f"t{n}", round_id=f"r{n}"), range(10)))
    taken = sum(
        poll(lambda n=n: player.state(f"t{n}"), lambda s: s != "PENDING") == "DONE" for n in range(10)
    )
    assert taken == 5
    assert player.held() == "0.00"
    assert names(answers)["OK"] <= 5


def test_a_bet_racing_its_rollback_leaves_nothing(make: Callable[[], Player]) -> None:
    player = make()
    with ThreadPoolExecutor(2) as pool:
        for number in range(8):
            pair = [
                pool.submit(player.bet, f"t{number}", "10.00", f"r{number}"),
                pool.submit(player.back, f"k{number}", f"t{number}"),
            ]
            for one in pair:
                one.result()
            ended = poll(
                lambda n=number: player.back(f"k{n}", f"t{n}"), lambda answer: answer.get("status") == "OK"
            )
            assert ended["balance"] == "1000.00"
    assert player.held() == "1000.00"


def test_queue_and_worker_roll_back_a_bet_that_nobody_repeats(make: Callable[[], Player]) -> None:
    player = make()
    player.fault("bet", "drop-after")
    player.fault("rollback", "error500")
    answer = player.bet("t1")
    assert (answer["name"], answer["effect"], answer["retryable"]) == ("CALLBACK_ERROR", "unknown", True)
    assert player.held() == "990.00"
    assert poll(lambda: player.state("t1"), lambda state: state == "ROLLED_BACK", within_s=60.0)
    assert player.held() == "1000.00"
    assert player.bet("t1")["name"] == "TX_ROLLED_BACK"


def test_queue_and_worker_pay_a_win_until_it_is_acknowledged(make: Callable[[], Player]) -> None:
    player = make()
    assert player.bet("t1")["status"] == "OK"
    player.fault("win", "html", 2)
    assert player.win("w1", "t1")["name"] == "CALLBACK_ERROR"
    assert poll(lambda: player.state("w1", "win"), lambda state: state == "DONE", within_s=60.0)
    assert player.held() == "1010.00"
    assert player.win("w1", "t1")["replay"] is True


def test_a_list_is_one_movement(make: Callable[[], Player]) -> None:
    player = make()
    rows = [
        {"action": "bet", "transactionId": "t1", "amount": "10.00"},
        {"action": "win", "transactionId": "w1", "amount": "25.00", "betTransactionId": "t1"},
    ]
    player.fault("transaction", "drop-after")
    body = {"actions": rows, "roundId": "r1", "gameId": GAME, "currency": "EUR"}
    assert player.send("transaction", **body)["name"] == "CALLBACK_ERROR"
    assert poll(lambda: player.state("w1", "win"), lambda state: state == "DONE", within_s=60.0)
    assert (player.state("t1"), player.held()) == ("DONE", "1015.00")
