"""Money that a person ends after the tournament is over: the books hear of it like of any other."""

from collections.abc import Iterator

import pytest
from pitboss.ledger import public as ledger

from tests.money_world import demo_casino, forget_secrets, http_server
from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto
PRIZES = {"lines": [{"rankFrom": 1, "amount": "50.00"}, {"rankFrom": 2, "amount": "20.00"}]}


class Till:
    """The demo casino, which says no to whatever its `closed` names."""

    def __init__(self) -> None:
        self.closed: set[str] = set()

    def __call__(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        if any(name.encode() in body for name in self.closed):
            return 402, "application/json", b'{"status": "declined", "reason": "account closed"}'
        return demo_casino(path, headers, body)


@pytest.fixture
def till() -> Till:
    return Till()


@pytest.fixture
def casino(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch, till: Till) -> Iterator[Hub]:
    """An operator whose casino may decline."""
    monkeypatch.setenv("DEMO_TOKEN", "look")
    forget_secrets()
    with http_server(till) as url:
        yield Hub(monkeypatch, url)
    forget_secrets()


def settled(casino: Hub) -> str:
    tid = casino.create(prizes=PRIZES)
    for player in ("ann", "bob"):
        assert casino.register(tid, player).status == 201
    casino.to(casino.now + HOUR)
    casino.send(("r1", "ann", "2.00", "0"), ("r2", "bob", "1.00", "0"))
    casino.to(casino.now + HOUR + 31 * SECOND)
    assert casino.settle(tid) == "settled"
    return tid


def told(casino: Hub) -> None:
    """The money worker, once it is due to tell how movements ended."""
    casino.to(casino.now + 31 * SECOND)
    casino.money()


def payout_of(casino: Hub, tid: str, state: str) -> str:
    found = casino.ok("GET", "/payouts", query={"tournamentId": tid, "state": state})["payouts"]
    (one,) = found
    return str(one["payoutId"])


def owed(casino: Hub, tid: str) -> int:
    return casino.balance(ledger.payable_account(tid))


@pytest.mark.parametrize("later", [0, 25 * HOUR], ids=["soon", "after-the-scorer-forgot"])
def test_a_rejected_payout_that_is_sent_again_and_paid(casino: Hub, till: Till, later: int) -> None:
    till.closed = {"ann"}
    tid = settled(casino)
    assert owed(casino, tid) == 5000
    if later:
        casino.to(casino.now + later)
        casino.settle(tid, passes=2)
    till.closed = set()
    payout = payout_of(casino, tid, "rejected")
    casino.ok("POST", "/payouts/{id}/retry", id=payout)
    casino.money()
    assert owed(casino, tid) == 0
    assert casino.house("cash") == 7000
    casino.check_books()


@pytest.mark.parametrize(("outcome", "account"), [("paid", "cash"), ("cancelled", "remainder")])
def test_a_rejected_payout_that_a_person_ends(casino: Hub, till: Till, outcome: str, account: str) -> None:
    till.closed = {"ann"}
    tid = settled(casino)
    before = casino.house(account)
    payout = payout_of(casino, tid, "rejected")
    casino.ok("POST", "/payouts/{id}/resolve", {"outcome": outcome, "reason": "by phone"}, id=payout)
    told(casino)
    assert (owed(casino, tid), casino.house(account) - before) == (0, 5000)
    casino.check_books()


@pytest.mark.parametrize(("outcome", "account"), [("paid", "cash"), ("cancelled", "overlay")])
def test_a_claw_back_that_a_person_ends_is_owed_no_more(casino: Hub, outcome: str, account: str) -> None:
    tid = settled(casino)
    assert casino.player("POST", tid, "disqualify", "ann", {"reason": "two accounts"}).status == 200
    assert casino.settle(tid) == "settled"
    assert casino.house("clawback") == -5000
    before = casino.house(account)
    back = payout_of(casino, tid, "manual")
    casino.ok("POST", "/payouts/{id}/resolve", {"outcome": outcome, "reason": "talked to her"}, id=back)
    told(casino)
    assert (casino.house("clawback"), casino.house(account) - before) == (0, -5000)
    casino.check_books()


@pytest.mark.parametrize(("outcome", "account"), [("paid", "cash"), ("cancelled", "remainder")])
def test_a_refund_that_the_casino_declines_and_a_person_ends(
    casino: Hub, till: Till, outcome: str, account: str
) -> None:
    tid = casino.create(entry={"buyIn": "10.00", "rake": "1.00"})
    assert casino.register(tid, "ann").status == 201
    before = casino.house(account)
    till.closed = {"ann"}
    assert casino.player("DELETE", tid, "", "ann").status == 200
    casino.money()
    assert owed(casino, tid) == 1100
    (back,) = casino.ok("GET", "/debits", query={"tournamentId": tid, "state": "rejected"})["debits"]
    casino.ok("POST", "/debits/{id}/resolve", {"outcome": outcome, "reason": "by phone"}, id=back["debitId"])
    told(casino)
    assert (owed(casino, tid), casino.house(account) - before) == (0, 1100)
    casino.check_books()
