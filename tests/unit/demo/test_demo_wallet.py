"""The reference wallet, rule by rule: what an operator's seamless wallet has to get right."""

from dataclasses import replace
from typing import Any

import pytest
from pitboss.demo.wallet import take, take_list
from pitboss.demo.wallet_model import Books, Order, Player, Said
from pitboss.kernel.money import MAX_MINOR

pytestmark = pytest.mark.unit


def order(action: str, tx: str, amount: Any = "10.00", **more: Any) -> Order:
    fields: dict[str, Any] = {
        "action": action,
        "transaction_id": tx,
        "brand_id": "aurora",
        "user_id": "p1",
        "currency": "EUR",
        "amount": amount,
        "provider": "studio",
        "provider_transaction_id": f"x-{tx}",
        "game_id": "g1",
        "round_id": "r1",
        "closes_round": False,
        "type": action,
        "bet_id": "",
        "original_id": "",
    }
    return Order(**{**fields, **more})


class Casino:
    """Books that keep what each call left."""

    def __init__(self, balance: int = 100_000, **more: Any) -> None:
        self.books = Books(Player("t1", "aurora", "p1", "EUR", 2, balance, **more), {}, {})

    def do(self, action: str, tx: str, amount: Any = "10.00", **more: Any) -> Said:
        said, self.books = take(self.books, order(action, tx, amount, **more), 1)
        return said

    @property
    def balance(self) -> int:
        return self.books.player.balance


def test_a_bet_again_gets_its_first_answer_and_moves_nothing() -> None:
    casino = Casino()
    assert casino.do("bet", "b1") == Said("OK", 99_000)
    casino.do("bet", "b2")
    assert casino.do("bet", "b1") == Said("OK", 99_000, replay=True, current=98_000)
    assert casino.balance == 98_000


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "20.00"},
        {"round_id": "r2"},
        {"game_id": "g2"},
        {"user_id": "p2"},
        {"currency": "USD"},
        {"action": "win"},
    ],
    ids=["amount", "round", "game", "player", "currency", "action"],
)
def test_an_id_with_other_content_is_a_conflict(change: dict[str, Any]) -> None:
    casino = Casino()
    casino.do("bet", "b1")
    said, after = take(casino.books, replace(order("bet", "b1"), **change), 2)
    assert said.status == "TX_CONFLICT"
    assert after is casino.books


def test_a_refusal_is_final_even_when_funds_come() -> None:
    casino = Casino(balance=500)
    assert casino.do("bet", "b1").status == "INSUFFICIENT_FUNDS"
    casino.books = casino.books.with_balance(100_000)
    again = casino.do("bet", "b1")
    assert (again.status, again.replay, casino.balance) == ("INSUFFICIENT_FUNDS", True, 100_000)
    assert casino.do("bet", "b2").status == "OK"


def test_a_balance_may_be_spent_to_the_last_cent() -> None:
    casino = Casino()
    assert casino.do("bet", "b1", "1000.01").status == "INSUFFICIENT_FUNDS"
    assert casino.do("bet", "b2", "1000.00") == Said("OK", 0)


@pytest.mark.parametrize(
    ("amount", "status"),
    [
        ("10.001", "AMOUNT_PRECISION"),
        ("-1", "INVALID_AMOUNT"),
        ("10,00", "INVALID_AMOUNT"),
        ("NaN", "INVALID_AMOUNT"),
        ("", "INVALID_AMOUNT"),
        (None, "INVALID_AMOUNT"),
        (True, "INVALID_AMOUNT"),
        (10**18, "AMOUNT_LIMIT"),
    ],
    ids=["finer", "negative", "comma", "nan", "empty", "null", "true", "huge"],
)
def test_an_amount_is_taken_as_written_or_refused(amount: Any, status: str) -> None:
    casino = Casino()
    assert casino.do("bet", "b1", amount).status == status
    assert casino.balance == 100_000


def test_a_rollback_gives_back_once_under_any_id() -> None:
    casino = Casino()
    casino.do("bet", "b1")
    assert casino.do("rollback", "k1", original_id="b1") == Said("OK", 100_000)
    assert casino.do("rollback", "k1", original_id="b1").replay
    assert casino.do("rollback", "k2", original_id="b1") == Said("OK", 100_000)
    assert casino.do("bet", "b1").status == "TX_ROLLED_BACK"
    assert casino.balance == 100_000


def test_a_rollback_that_comes_first_leaves_a_tombstone() -> None:
    casino = Casino()
    assert casino.do("rollback", "k1", original_id="b9").status == "OK"
    for _ in range(2):
        assert casino.do("bet", "b9").status == "TX_ROLLED_BACK"
    assert casino.balance == 100_000


def test_a_settled_bet_a_win_and_a_rollback_are_not_rolled_back() -> None:
    casino = Casino()
    casino.do("bet", "b1")
    casino.do("win", "w1", "25.00", bet_id="b1")
    assert casino.do("rollback", "k1", original_id="b1").status == "TX_ALREADY_SETTLED"
    assert casino.do("rollback", "k2", original_id="w1").status == "NOT_ROLLBACKABLE"
    casino.do("bet", "b2", round_id="r2")
    casino.do("rollback", "k3", original_id="b2")
    assert casino.do("rollback", "k4", original_id="k3").status == "NOT_ROLLBACKABLE"
    assert casino.balance == 101_500


def test_a_win_is_taken_back_only_when_the_hub_says_so() -> None:
    casino = Casino()
    casino.do("bet", "b1")
    casino.do("win", "w1", "25.00", bet_id="b1")
    assert casino.do("rollback", "k1", original_id="w1", type="win_reversal") == Said("OK", 99_000)
    assert casino.do("rollback", "k2", original_id="b1") == Said("OK", 100_000)


def test_a_settled_round_is_settled_anew_win_first() -> None:
    casino = Casino()
    casino.do("bet", "b1")
    casino.do("win", "w1", "25.00", bet_id="b1")
    casino.do("win", "w2", "5.00")  # names no bet: the hub knows that it falls with this one
    assert casino.do("rollback", "k1", original_id="b1", type="resettle", wins=("w1", "w2")) == Said(
        "OK", 100_000
    )
    assert [casino.books.entries[name].state for name in ("w1", "w2", "b1")] == ["ROLLED_BACK"] * 3
    assert casino.do("rollback", "k2", original_id="b1", type="resettle", wins=("w1", "w2")) == Said(
        "OK", 100_000
    )


def test_a_spent_win_cannot_be_taken_back() -> None:
    casino = Casino(balance=1000)
    casino.do("bet", "b1")
    casino.do("win", "w1", "25.00", bet_id="b1")
    casino.do("bet", "b2", "20.00", round_id="r2")
    said = casino.do("rollback", "k1", original_id="w1", type="win_reversal")
    assert (said.status, casino.balance) == ("INSUFFICIENT_FUNDS", 500)


def test_a_win_that_names_a_bet_needs_it() -> None:
    casino = Casino()
    assert casino.do("win", "w2", bet_id="b9").status == "TX_NOT_FOUND"
    assert casino.do("win", "w3", type="promo").status == "OK"
    casino.do("bet", "b1")
    casino.do("rollback", "k1", original_id="b1")
    assert casino.do("win", "w4", bet_id="b1").status == "TX_ROLLED_BACK"
    assert casino.balance == 101_000


def test_a_closed_round_takes_no_bet_but_a_late_win() -> None:
    casino = Casino()
    casino.do("bet", "b1", closes_round=True)
    assert casino.do("bet", "b2").status == "ROUND_CLOSED"
    assert casino.do("win", "w1", bet_id="b1").status == "OK"


@pytest.mark.parametrize(
    ("status", "word"),
    [("blocked", "PLAYER_BLOCKED"), ("selfExcluded", "PLAYER_SELF_EXCLUDED"), ("closed", "PLAYER_CLOSED")],
)
def test_a_barred_player_bets_no_more_but_is_paid(status: Any, word: str) -> None:
    casino = Casino()
    casino.do("bet", "b1")
    casino.do("bet", "b3")
    casino.books = replace(casino.books, player=replace(casino.books.player, status=status))
    assert casino.do("bet", "b2").status == word
    assert casino.do("rollback", "k1", original_id="b3").status == "OK"
    assert casino.do("win", "w1", bet_id="b1").status == "OK"


def test_limits_and_currency() -> None:
    casino = Casino(max_bet=500)
    assert casino.do("bet", "b1", "5.01").status == "BET_LIMIT"
    assert casino.do("bet", "b2", "5.00", currency="USD").status == "CURRENCY_MISMATCH"
    assert casino.do("bet", "b3", "5.00").status == "OK"


def test_a_balance_has_a_ceiling() -> None:
    casino = Casino(balance=MAX_MINOR)
    assert casino.do("win", "w1", "0.01", type="promo").status == "AMOUNT_LIMIT"


def test_of_two_bets_one_can_be_rolled_back_and_the_round_goes_on() -> None:
    casino = Casino()
    casino.do("bet", "b1")
    casino.do("bet", "b2")
    casino.do("rollback", "k1", original_id="b1")
    assert casino.do("win", "w1", "5.00", bet_id="b2").status == "OK"
    assert casino.balance == 99_500


def run_list(casino: Casino, list_id: str, *orders: Order) -> Said:
    said, casino.books = take_list(casino.books, list_id, orders, 1)
    return said


def test_a_list_is_all_or_none() -> None:
    casino = Casino()
    assert run_list(casino, "l1", order("bet", "b1"), order("win", "w1", "25.00", bet_id="b1")) == Said(
        "OK", 101_500
    )
    said = run_list(casino, "l2", order("bet", "b2"), order("bet", "b3", "5000.00"))
    assert (said.status, casino.balance) == ("INSUFFICIENT_FUNDS", 101_500)
    assert "b2" not in casino.books.entries
    assert run_list(casino, "l2", order("bet", "b2"), order("bet", "b3", "5000.00")).replay
    assert run_list(casino, "l2", order("bet", "b2")).status == "TX_CONFLICT"


def test_a_list_with_an_old_item_replays_it_and_does_the_rest() -> None:
    casino = Casino()
    run_list(casino, "l1", order("bet", "b1"))
    said = run_list(casino, "l2", order("bet", "b1"), order("bet", "b2"))
    assert (said.status, casino.balance) == ("OK", 98_000)
