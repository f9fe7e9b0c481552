"""What the numbered cases leave open: found by putting mistakes into the engine and seeing which of them went unseen."""

from typing import Any

import pytest
from pitboss.kernel.instants import parse_instant
from pitboss.wallet.free_rounds import FreeRounds
from pitboss.wallet.model import DAY_MS, Limits, TxKey
from pitboss.wallet.profile import Profile
from pitboss.wallet.rules import week_of

from tests.wallet_bank import GAME, PROVIDER, T0, Bank, back, bet, wallet_of, win

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("kind", ["promo", "jackpot", "win"])
def test_49_a_win_that_was_rolled_back_before_it_came_is_never_paid(kind: str) -> None:
    bank = Bank()
    assert bank.said(back("k1", "w1")) == "OK"
    bank.do(bet("t1"))
    for _ in range(2):
        assert bank.said(win("w1", type=kind, ref="t1" if kind == "win" else "")) == "TX_ROLLED_BACK"
    assert bank.balance == 99_000
    assert {bank.txs[TxKey(PROVIDER, of, "w1")].state for of in ("bet", "win")} == {"TOMBSTONE"}


def test_49_a_rollback_that_says_of_what_buries_only_that() -> None:
    bank = Bank()
    bank.do(bet("t1"), back("k1", "w1", target="bet"))
    assert bank.said(win("w1", ref="t1")) == "OK"


@pytest.mark.parametrize("first", ["bet", "win"])
def test_46_a_rollback_that_may_mean_either_buries_what_an_earlier_one_did_not(first: Any) -> None:
    bank = Bank()
    assert bank.said(back("k1", "t9", target=first)) == "OK"
    assert bank.said(back("k2", "t9")) == "OK"
    assert bank.said(back("k2", "t9")) == "replay"
    bank.do(bet("t1"))
    assert bank.said(bet("t9")) == "TX_ROLLED_BACK"
    assert bank.said(win("t9", ref="t1")) == "TX_ROLLED_BACK"
    assert bank.balance == 99_000


def test_46_both_are_buried_where_the_profile_calls_the_rollback_an_error() -> None:
    bank = Bank(profile=Profile(unknown_rollback="error", repeat_rollback="error"))
    assert bank.said(back("k1", "t9", target="win")) == "TX_NOT_FOUND"
    assert bank.said(back("k2", "t9")) == "TX_NOT_FOUND"
    assert bank.said(back("k3", "t9")) == "TX_ROLLED_BACK"
    assert bank.said(bet("t9")) == "TX_ROLLED_BACK"


def test_an_action_that_stands_twice_in_one_list_counts_once() -> None:
    for mode in ("transfer", "seamless"):
        bank = Bank(wallet=wallet_of(mode=mode))
        first, second = bank.do(bet("t1"), bet("t1"))
        assert (first.replay, second.replay) == (False, True)
        assert bank.wallet.house == 1000
        assert bank.said(bet("t2"), bet("t2", "11")) == "TX_CONFLICT"


def test_73_a_week_of_losses_begins_on_monday_at_midnight_utc() -> None:
    monday = parse_instant("2026-09-21T00:00:00Z")
    bank = Bank(wallet=wallet_of(limits=Limits(weekly_loss=1500)))
    for days, said in (
        (-4, "OK"),
        (-1, "LOSS_LIMIT"),
        (0, "OK"),
        (3, "LOSS_LIMIT"),
        (6, "LOSS_LIMIT"),
        (7, "OK"),
    ):
        bank.now = monday + days * DAY_MS
        assert bank.said(bet(f"t{days}", "10", round_id=f"r{days}")) == said, days
    bank.now = monday - 1
    assert week_of(bank.now) + 1 == week_of(monday) == week_of(monday + 7 * DAY_MS - 1)


def test_29_a_win_names_a_bet_of_its_own_player_and_round() -> None:
    bank = Bank()
    bank.do(bet("t1"), bet("t2", round_id="r2"))
    assert bank.said(win("w1", round_id="r2", ref="t1")) == "TX_CONFLICT"
    assert bank.said(win("w2", round_id="r3", ref="t1")) == "TX_CONFLICT"
    other = Bank(wallet=wallet_of(player_id="P2", user_id="u2"), txs=bank.txs)
    assert other.said(win("w3", ref="t1")) == "TX_CONFLICT"
    assert (other.balance, bank.balance) == (100_000, 98_000)


@pytest.mark.parametrize("free_first", [True, False])
def test_76_a_free_round_comes_back_with_the_last_of_its_own_bets(free_first: bool) -> None:
    """Bets with cash in the same round do not keep it."""
    grant = FreeRounds(
        "G1", "T1", "P1", PROVIDER, (GAME,), 3, 1000, "EUR", 2, T0 + DAY_MS, "cash", T0, version=1
    )
    bank = Bank(grants={"G1": grant})
    free = [bet("f1", type="free", free_id="G1"), bet("f2", type="free", free_id="G1")]
    bank.do(*(free if free_first else ()), bet("cash"), *(() if free_first else free))
    assert bank.grants["G1"].used == 1
    bank.do(back("b1", "f1"))
    assert bank.grants["G1"].used == 1
    bank.do(back("b2", "f2"))
    assert bank.grants["G1"].used == 0
    bank.do(back("b3", "cash"))
    assert (bank.grants["G1"].used, bank.balance) == (0, 100_000)
    bank.do(bet("f3", type="free", free_id="G1"))
    assert bank.grants["G1"].used == 1
    assert bank.said(win("w1", ref="f1")) == "TX_ROLLED_BACK"
