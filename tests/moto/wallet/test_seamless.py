"""Bets and wins of players whose balance is the operator's: over real HTTP to the demo operator's wallet, with everything
that an operator can get wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pitboss.platform.clock import now_ms
from pitboss.wallet import failed, failed_store, resolve

from tests.seamless_world import Seamless, open_seamless
from tests.tenancy_world import Reply, made

pytestmark = pytest.mark.moto
UNCLEAR = ["html", "empty", "malformed", "error500", "unknown-status", "drop-before", "drop-after"]


@pytest.fixture(autouse=True)
def demo_token(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_TOKEN", "look")


@pytest.fixture
def there() -> Iterator[Seamless]:
    with open_seamless() as made_world:
        yield made_world


def refused(reply: Reply) -> tuple[int, str, bool, str]:
    """What a provider switches on."""
    return reply.status, reply.name, reply.body["retryable"], reply.body["effect"]


# ---------------------------------------------------------------- when all is well
def test_a_round_at_the_operator(there: Seamless) -> None:
    placed = made(there.provider.bet("t1"))
    assert (placed["balance"], placed["roundStatus"], placed["replay"]) == ("990.00", "open", False)
    won = made(there.provider.win("w1", betTransactionId="t1", roundClosed=True))
    assert (won["balance"], won["roundStatus"]) == ("1010.00", "completed")
    assert there.operator()["balance"] == "1010.00"
    again = made(there.provider.bet("t1"))
    assert (again["replay"], again["balance"], again["currentBalance"]) == (True, "990.00", "1010.00")
    assert there.calls() == ["bet", "win"]
    assert there.provider.balance() == "1010.00"
    assert (there.tx("t1").state, there.tx("t1").before, there.tx("t1").after) == ("DONE", 100_000, 99_000)
    assert there.due() == []


def test_the_operator_is_told_what_the_contract_says(there: Seamless) -> None:
    there.provider.bet("t1")
    there.provider.win("w1", betTransactionId="t1", roundClosed=True)
    (_, bet), (_, win) = there.heard
    hub_id = there.tx("t1").hub_id
    assert {name: bet[name] for name in bet if name not in ("at", "sessionId")} == {
        "action": "bet",
        "tenantId": there.tenant_id,
        "brandId": "aurora",
        "userId": "ann",
        "currency": "EUR",
        "amount": "10.00",
        "transactionId": hub_id,
        "providerTransactionId": "t1",
        "provider": "studio",
        "gameId": "lucky-7",
        "roundId": "r1",
        "roundClosed": False,
        "type": "bet",
    }
    assert (win["betTransactionId"], win["roundClosed"], win["amount"]) == (hub_id, True, "20.00")


def test_a_rollback_at_the_operator(there: Seamless) -> None:
    there.provider.bet("t1")
    given = made(there.provider.back("k1", "t1"))
    assert (given["balance"], given["roundStatus"]) == ("1000.00", "cancelled")
    assert made(there.provider.back("k1", "t1"))["replay"] is True
    assert made(there.provider.back("k2", "t1"))["balance"] == "1000.00"
    assert there.provider.bet("t1").name == "TX_ROLLED_BACK"
    assert there.calls() == ["bet", "rollback"]


def test_a_rollback_of_what_never_came_stays_between_provider_and_hub(there: Seamless) -> None:
    assert made(there.provider.back("k1", "t9"))["balance"] == "1000.00"
    assert there.provider.bet("t9").name == "TX_ROLLED_BACK"
    assert there.calls() == []


def test_an_end_without_a_win_closes_the_round(there: Seamless) -> None:
    there.provider.bet("t1")
    ended = made(there.provider("end-round", transactionId="e1", roundId="r1", gameId=there.provider.game))
    assert (ended["balance"], ended["roundStatus"]) == ("990.00", "completed")
    assert there.provider.bet("t2").name == "ROUND_CLOSED"
    assert there.calls() == ["bet"]


# ---------------------------------------------------------------- a definite no
def test_a_refusal_is_final_and_never_rolled_back(there: Seamless) -> None:
    poor = there.provider.bet("t1", "1000.01")
    assert refused(poor) == (402, "BALANCE_NOT_ENOUGH", False, "none")
    assert poor.body["balance"] == "1000.00"
    again = there.provider.bet("t1", "1000.01")
    assert (again.name, again.body["balance"]) == ("BALANCE_NOT_ENOUGH", "1000.00")
    assert there.calls() == ["bet"]
    assert there.wallet().rounds == ()
    assert there.wallet().house == 0
    assert there.due() == []


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("PLAYER_BLOCKED", "PLAYER_BLOCKED"),
        ("PLAYER_NOT_FOUND", "USER_NOT_FOUND"),
        ("INSUFFICIENT_FUNDS", "BALANCE_NOT_ENOUGH"),
        ("LOSS_LIMIT", "LOSS_LIMIT"),
    ],
)
def test_the_operators_words_become_the_catalogues(there: Seamless, said: str, name: str) -> None:
    there.faults({"kind": "refuse", "action": "bet", "name": said})
    assert there.provider.bet("t1").name == name
    assert there.tx("t1").state == "REFUSED"
    assert made(there.provider.bet("t2"))["balance"] == "990.00"


# ---------------------------------------------------------------- bets without a clear answer
@pytest.mark.parametrize("kind", UNCLEAR)
def test_a_bet_without_an_answer_is_rolled_back(there: Seamless, kind: str) -> None:
    there.faults({"kind": kind, "action": "bet"})
    assert refused(there.provider.bet("t1")) == (502, "CALLBACK_ERROR", True, "unknown")
    assert there.tx("t1").state == "PENDING"
    there.work()
    assert there.tx("t1").state == "ROLLED_BACK"
    assert there.operator()["balance"] == "1000.00"
    assert there.calls() == ["bet", "rollback"]
    assert refused(there.provider.bet("t1")) == (409, "TX_ROLLED_BACK", False, "none")
    wallet = there.wallet()
    assert (wallet.house, wallet.cash, wallet.day_loss) == (0, 0, 0)
    assert not [r for r in wallet.rounds if r.status == "open" and r.bets]
    assert there.due() == []


@pytest.mark.parametrize("kind", UNCLEAR)
def test_a_bet_that_its_provider_repeats_at_once_counts_once(there: Seamless, kind: str) -> None:
    there.faults({"kind": kind, "action": "bet"})
    there.provider.bet("t1")
    assert made(there.provider.bet("t1"))["balance"] == "990.00"
    assert there.operator()["balance"] == "990.00"
    there.work()
    assert there.tx("t1").state == "DONE"
    assert there.calls() == ["bet", "bet"]


def test_a_slow_operator_is_a_timeout_and_its_late_bet_counts_for_nothing(there: Seamless) -> None:
    there.faults({"kind": "late", "action": "bet", "delayMs": 1300})
    assert refused(there.provider.bet("t1")) == (504, "TIMEOUT", True, "unknown")
    there.work()
    deadline = now_ms() + 5000
    while len(there.operator()["transactions"]) < 2 and now_ms() < deadline:
        pass
    assert there.operator()["balance"] == "1000.00"
    assert there.tx("t1").state == "ROLLED_BACK"


def test_a_provider_may_roll_back_what_nobody_is_sure_of(there: Seamless) -> None:
    there.faults({"kind": "drop-after", "action": "bet"})
    there.provider.bet("t1")
    assert made(there.provider.back("k1", "t1"))["balance"] == "1000.00"
    assert there.tx("t1").state == "ROLLED_BACK"
    there.work()
    assert there.operator()["balance"] == "1000.00"
    assert there.due() == []


def test_a_rollback_is_repeated_until_the_operator_acknowledges_it(there: Seamless) -> None:
    there.faults(
        {"kind": "drop-after", "action": "bet"}, {"kind": "error500", "action": "rollback", "times": 2}
    )
    there.provider.bet("t1")
    there.work()
    assert (there.tx("t1").state, there.tx("t1").undo) == ("UNKNOWN", True)
    assert there.provider.bet("t1").name == "TX_ROLLED_BACK"
    assert there.provider.win("w1", betTransactionId="t1").name == "TX_ROLLED_BACK"
    assert there.operator()["balance"] == "990.00"
    there.work()
    there.work()
    assert there.tx("t1").state == "ROLLED_BACK"
    assert there.operator()["balance"] == "1000.00"


def test_a_win_saves_the_bet_that_nobody_was_sure_of(there: Seamless) -> None:
    there.faults({"kind": "drop-after", "action": "bet"})
    there.provider.bet("t1")
    assert made(there.provider.win("w1", betTransactionId="t1", roundClosed=True))["balance"] == "1010.00"
    assert there.tx("t1").state == "DONE"


# ---------------------------------------------------------------- wins without a clear answer
@pytest.mark.parametrize("kind", UNCLEAR)
def test_a_win_is_repeated_until_it_is_acknowledged_and_paid_once(there: Seamless, kind: str) -> None:
    there.provider.bet("t1")
    there.faults({"kind": kind, "action": "win", "times": 2})
    unclear = there.provider.win("w1", betTransactionId="t1", roundClosed=True)
    assert refused(unclear) == (502, "CALLBACK_ERROR", True, "unknown")
    there.work()
    assert there.tx("w1", "win").state == "PENDING"
    there.work()
    assert there.tx("w1", "win").state == "DONE"
    assert there.operator()["balance"] == "1010.00"
    assert there.wallet().rounds == ()
    again = made(there.provider.win("w1", betTransactionId="t1", roundClosed=True))
    assert (again["replay"], again["roundStatus"]) == (True, "completed")


def test_the_providers_own_repetition_pays_a_win(there: Seamless) -> None:
    there.provider.bet("t1")
    there.faults({"kind": "drop-after", "action": "win"})
    there.provider.win("w1", betTransactionId="t1")
    assert made(there.provider.win("w1", betTransactionId="t1"))["balance"] == "1010.00"
    assert there.operator()["balance"] == "1010.00"


@contextmanager
def later(hours: int) -> Iterator[None]:
    """The clock of those who drive transactions has gone on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolve, "now_ms", lambda: now_ms() + hours * 3_600_000)
        yield


def test_after_a_day_a_win_waits_for_a_person_who_can_have_it_sent_again(there: Seamless) -> None:
    there.provider.bet("t1")
    there.faults({"kind": "error500", "action": "win"})
    there.provider.win("w1", betTransactionId="t1", roundClosed=True)
    with later(hours=25):
        there.work()
    assert there.due() == []
    (stuck,), _ = failed.page(there.tenant_id, None, 10)
    assert (stuck.state, stuck.kind, stuck.ext_id) == ("FAILED", "win", "w1")
    failed.retry(there.tenant_id, stuck.hub_id, "key-1", "the operator is back", now_ms())
    assert there.tx("w1", "win").state == "PENDING"
    there.work()
    assert there.tx("w1", "win").state == "DONE"
    assert there.operator()["balance"] == "1010.00"
    assert failed_store.failed(there.tenant_id, limit=10) == []


@pytest.mark.parametrize(("how", "state", "win"), [("done", "DONE", 2000), ("void", "REFUSED", 0)])
def test_a_win_that_the_operator_refuses_is_a_persons_to_settle(how: Any, state: str, win: int) -> None:
    with open_seamless(walletLockOnFailed=True) as there:
        there.provider.bet("t1")
        there.faults({"kind": "refuse", "action": "win", "name": "PLAYER_NOT_FOUND"})
        assert there.provider.win("w1", betTransactionId="t1", roundClosed=True).name == "USER_NOT_FOUND"
        assert there.provider.win("w1", betTransactionId="t1", roundClosed=True).name == "USER_NOT_FOUND"
        assert there.provider.bet("t2", round_id="r2").name == "PLAYER_BLOCKED"
        (stuck,), _ = failed.page(there.tenant_id, None, 10)
        done = failed.resolve(there.tenant_id, stuck.hub_id, how, "key-1", "seen by hand", now_ms())
        assert (done.state, "key-1" in done.note, "seen by hand" in done.note) == (state, True, True)
        again = failed.resolve(
            there.tenant_id, stuck.hub_id, how, "key-1", "seen by hand", now_ms(), known=there.tx("w1", "win")
        )
        assert again == there.tx("w1", "win")
        assert made(there.provider.bet("t3", round_id="r2"))["balance"] == "980.00"
        assert there.wallet().house == 2000 - win


# ---------------------------------------------------------------- lists
def rows(stake: Any = "10.00") -> list[dict[str, Any]]:
    return [
        {"action": "bet", "transactionId": "t1", "amount": stake},
        {
            "action": "win",
            "transactionId": "w1",
            "amount": "25",
            "betTransactionId": "t1",
            "roundClosed": True,
        },
    ]


def a_list(there: Seamless, actions: list[dict[str, Any]]) -> Reply:
    return there.provider(
        "transaction", actions=actions, roundId="r1", gameId=there.provider.game, currency="EUR"
    )


@pytest.mark.parametrize(("lists", "calls"), [(True, ["transaction"]), (False, ["bet", "win"])])
def test_a_list_is_one_call_or_several(lists: bool, calls: list[str]) -> None:
    with open_seamless(walletTransactions=lists) as there:
        answer = made(a_list(there, rows()))
        assert (answer["balance"], there.calls()) == ("1015.00", calls)
        assert [r["balance"] for r in answer["results"]] == ["990.00", "1015.00"]
        assert made(a_list(there, rows()))["replay"] is True
        assert there.operator()["balance"] == "1015.00"


@pytest.mark.parametrize("lists", [True, False])
def test_a_list_that_is_refused_leaves_nothing(lists: bool) -> None:
    with open_seamless(walletTransactions=lists) as there:
        poor = a_list(there, rows("1000.01"))
        assert refused(poor) == (402, "BALANCE_NOT_ENOUGH", False, "none")
        assert (there.tx("t1").state, there.tx("w1", "win").state) == ("REFUSED", "REFUSED")
        assert there.operator()["balance"] == "1000.00"
        assert there.wallet().house == 0
        assert there.due() == []


@pytest.mark.parametrize("lists", [True, False])
def test_of_bets_of_which_one_is_refused_none_counts(lists: bool) -> None:
    bets = [
        {"action": "bet", "transactionId": "t1", "amount": "10.00"},
        {"action": "bet", "transactionId": "t2", "amount": "5000.00"},
    ]
    with open_seamless(walletTransactions=lists) as there:
        assert a_list(there, bets).name == "BALANCE_NOT_ENOUGH"
        there.work()
        assert there.operator()["balance"] == "1000.00"
        assert there.wallet().house == 0
        assert there.due() == []


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("kind", ["drop-after", "drop-before"])
def test_a_list_with_a_win_is_completed(lists: bool, kind: str) -> None:
    with open_seamless(walletTransactions=lists) as there:
        there.faults({"kind": kind, "action": "transaction" if lists else "win"})
        assert a_list(there, rows()).name == "CALLBACK_ERROR"
        there.work()
        assert (there.tx("t1").state, there.tx("w1", "win").state) == ("DONE", "DONE")
        assert there.operator()["balance"] == "1015.00"
        assert made(a_list(there, rows()))["replay"] is True
        assert there.wallet().rounds == ()
        assert there.due() == []


def test_a_settled_round_is_settled_anew_at_the_operator() -> None:
    with open_seamless({"settledRollback": "resettle"}) as there:
        there.provider.bet("t1")
        there.provider.win("w1", betTransactionId="t1")
        assert made(there.provider.back("k1", "t1"))["balance"] == "1000.00"
        assert there.operator()["balance"] == "1000.00"
        assert (there.tx("t1").state, there.tx("w1", "win").state) == ("ROLLED_BACK", "ROLLED_BACK")
