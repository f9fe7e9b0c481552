"""A round holds so many transactions; what is owed always fits."""

from contextlib import suppress

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.wallet import book
from pitboss.wallet.book import Facts
from pitboss.wallet.commit import ops_of
from pitboss.wallet.profile import Profile

from tests.wallet_bank import Bank, back, bet, wallet_of, win

pytestmark = pytest.mark.unit


def test_a_full_round_takes_no_bet_but_pays_and_gives_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "MAX_ROUND_TXS", 6)
    bank = Bank()
    for number in range(3):
        bank.do(bet(f"t{number}"))
    assert bank.said(bet("t3")) == "ROUND_CLOSED"
    assert bank.said(bet("t3")) == "ROUND_CLOSED"
    assert bank.said(bet("t4", round_id="r2")) == "OK"
    assert bank.said(back("k0", "t0")) == "OK"
    for number in range(1, 4):
        assert bank.said(win(f"w{number}", ref="t1")) == "OK"
    assert bank.balance == 100_000 - 3 * 1000 + 3 * 2000


def test_52_a_bet_is_settled_anew_only_as_far_as_one_commit_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB takes 100 items; the agent's points need one of them."""
    monkeypatch.setenv("LEDGER_TABLE", "ledger")
    bank = Bank(profile=Profile(settled_rollback="resettle"))
    bank.do(bet("t1"))
    paid = 0
    while paid < 100:
        bank.do(win(f"w{paid}", "0.01", ref="t1"))
        paid += 1
        with suppress(Refusal):
            assert len(ops_of(bank.decide(back("k1", "t1")), bank.wallet, bank.now)) < 100
            continue
        break
    assert 90 < paid < 100
    assert bank.said(back("k1", "t1")) == "TX_ALREADY_SETTLED"
    assert bank.balance == 100_000 - 1000 + paid


def test_a_list_that_one_commit_cannot_hold_is_to_be_split() -> None:
    bank = Bank(profile=Profile(settled_rollback="resettle"))
    for number in range(4):
        bank.do(bet(f"t{number}", round_id=f"r{number}"))
        for paid in range(30):
            bank.do(win(f"w{number}-{paid}", "0.01", f"r{number}", ref=f"t{number}"))
    backs = [back(f"k{number}", f"t{number}") for number in range(4)]
    assert bank.said(*backs) == "VALIDATION_ERROR"
    assert bank.said(*backs[:2]) == "OK"
    assert bank.said(*backs[2:]) == "OK"
    assert bank.balance == 100_000


def test_a_round_of_long_ids_stays_within_an_item(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "ROUND_BYTES", 150_000)
    bank = Bank()
    taken = 0
    while bank.said(bet(f"{taken}-" + "x" * 200, "0.01")) == "OK":
        taken += 1
    assert 150 <= taken < 250
    for number in range(taken):
        bank.do(win(f"w{number}-" + "x" * 200, "0.01", ref=f"{number}-" + "x" * 200))


def test_a_lock_counts_only_where_the_agent_wants_it() -> None:
    bank = Bank(wallet=wallet_of(held=1))
    assert bank.said(bet("t1"), facts=Facts(lock_on_failed=True)) == "PLAYER_BLOCKED"
    assert bank.said(bet("t2"), facts=Facts(lock_on_failed=False)) == "OK"


def test_a_round_opened_again_in_its_record_enters_the_wallet_in_the_register() -> None:
    """It stands in no wallet item, and the register is how the sweeper and GET /rounds/open find what nobody ended."""
    bank = Bank(profile=Profile(bet_in_closed_round="reopen"))
    bank.do(bet("t1"), win("w1", ref="t1", round_closed=True))
    assert not bank.wallet.marked, "nothing stayed open"
    again = bank.decide(bet("t2"))
    bank.write(again)
    assert (bank.round().status, bank.wallet.rounds, bank.wallet.spilled) == ("open", (), 1)
    assert again.open_mark
    assert bank.wallet.marked
