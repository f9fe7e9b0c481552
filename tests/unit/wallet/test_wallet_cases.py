"""The certification cases that are the engine's business, by their numbers, on the pure core."""

from dataclasses import replace

import pytest
from pitboss.kernel.money import MAX_MINOR
from pitboss.kernel.refusal import Refusal
from pitboss.wallet.book import Facts
from pitboss.wallet.free_rounds import FreeRounds
from pitboss.wallet.model import DAY_MS, Limits, TxKey
from pitboss.wallet.profile import Profile

from tests.wallet_bank import GAME, PROVIDER, T0, Bank, back, bet, end, wallet_of, win

pytestmark = pytest.mark.unit
EXPIRED = Facts(session=Refusal("SESSION_EXPIRED", "over"), session_id="S1")


def with_profile(**switches: object) -> Bank:
    return Bank(profile=replace(Profile(), **switches))  # type: ignore[arg-type]


def grant(**more: object) -> FreeRounds:
    made = FreeRounds(
        "G1", "T1", "P1", PROVIDER, (GAME,), 2, 1000, "EUR", 2, T0 + DAY_MS, "cash", T0, version=1
    )
    return replace(made, **more)  # type: ignore[arg-type]


# ---------------------------------------------------------------- amounts
def test_03_04_a_bet_takes_exactly_what_it_says() -> None:
    bank = Bank()
    (result,) = bank.do(bet("t1", "10"))
    assert (result.tx.before, result.tx.after, bank.balance) == (100_000, 99_000, 99_000)
    bank.do(bet("t2", "0.01"))
    assert bank.balance == 98_999


@pytest.mark.parametrize(
    ("amount", "name"),
    [
        ("0.001", "AMOUNT_PRECISION"),
        ("-1", "INVALID_AMOUNT"),
        ("10,00", "INVALID_AMOUNT"),
        ("NaN", "INVALID_AMOUNT"),
        ("", "INVALID_AMOUNT"),
        ("1e1", "INVALID_AMOUNT"),
        ("1000.01", "BALANCE_NOT_ENOUGH"),
        (2**31 - 1, "BALANCE_NOT_ENOUGH"),
        (2**53 + 1, "AMOUNT_LIMIT"),
        (10**18, "AMOUNT_LIMIT"),
    ],
)
def test_05_to_12_bad_amounts_move_nothing(amount: object, name: str) -> None:
    bank = Bank()
    assert bank.said(bet("t1", amount)) == name
    assert bank.balance == 100_000
    assert not bank.wallet.rounds


def test_06_a_zero_bet_is_recorded_or_refused() -> None:
    bank = Bank()
    assert bank.said(bet("t1", 0)) == "OK"
    assert bank.said(bet("t1", 0)) == "replay"
    assert bank.balance == 100_000
    assert with_profile(zero_bet="refuse").said(bet("t1", 0)) == "INVALID_AMOUNT"


def test_08_11_13_edges_of_the_balance() -> None:
    bank = Bank()
    bank.do(bet("t1", 1000))
    assert bank.balance == 0
    assert bank.said(win("w1", "-1")) == "INVALID_AMOUNT"
    full = Bank(wallet_of(MAX_MINOR - 500))
    full.do(bet("t1", "1"))
    assert full.said(win("w1", "6.01")) == "AMOUNT_LIMIT"
    assert full.said(win("w1", "6.00")) == "OK"


def test_67_exponents_zero_three_eight() -> None:
    for exponent, amount, minor in ((0, "7", 7), (3, "0.125", 125), (8, "0.00000001", 1)):
        bank = Bank(wallet_of(1000, currency="X", exponent=exponent))
        bank.do(bet("t1", amount, currency="X"))
        assert bank.balance == 1000 - minor
        assert bank.said(bet("t2", "0." + "0" * exponent + "1", currency="X")) == "AMOUNT_PRECISION"


# ---------------------------------------------------------------- repetition
def test_14_23_24_a_replay_tells_the_first_balance() -> None:
    bank = Bank()
    first = bank.do(bet("t1"))[0].tx
    bank.do(bet("t2"))
    bank.now += 120 * DAY_MS
    (again,) = bank.do(bet("t1"))
    assert again.replay
    assert again.tx == first
    assert (again.tx.after, bank.balance) == (99_000, 98_000)


@pytest.mark.parametrize(
    "other",
    [
        bet("t1", "20"),
        bet("t1", currency="USD"),
        bet("t1", round_id="r2"),
        replace(bet("t1"), game_id="other"),
        bet("t1", "0.001"),
    ],
    ids=["amount", "currency", "round", "game", "precision"],
)
def test_17_18_another_content_is_a_conflict(other: object) -> None:
    bank = Bank()
    bank.do(bet("t1"))
    assert bank.said(other) == "TX_CONFLICT"  # type: ignore[arg-type]
    assert bank.balance == 99_000


def test_19_ids_are_global_or_per_player() -> None:
    bank = Bank()
    bank.do(bet("t1"))
    other = Bank(wallet_of(player_id="P2"), txs=bank.txs)
    assert other.said(bet("t1")) == "TX_CONFLICT"
    scoped = with_profile(id_scope="player")
    scoped.do(bet("t1"))
    other = Bank(wallet_of(player_id="P2"), profile=scoped.profile, txs=scoped.txs)
    assert other.said(bet("t1")) == "OK"


def test_20_a_refusal_is_final_for_its_id() -> None:
    bank = Bank(wallet_of(500))
    assert bank.said(bet("t1")) == "BALANCE_NOT_ENOUGH"
    bank.wallet = replace(bank.wallet, balance=5000, cash=-5000)
    with pytest.raises(Refusal) as again:
        bank.do(bet("t1"))
    assert again.value.name == "BALANCE_NOT_ENOUGH"
    assert again.value.facts["replay"] is True
    assert bank.said(bet("t1", "9")) == "TX_CONFLICT"
    assert bank.said(bet("t2")) == "OK"


def test_duplicates_are_an_error_where_the_profile_says_so() -> None:
    bank = with_profile(duplicate="error")
    bank.do(bet("t1"))
    with pytest.raises(Refusal) as again:
        bank.do(bet("t1"))
    assert again.value.name == "TX_ALREADY_PROCESSED"
    assert again.value.facts["balance"] == "990.00"


# ---------------------------------------------------------------- wins
def test_25_26_27_31_wins() -> None:
    bank = Bank()
    bank.do(bet("t1"))
    bank.do(win("w1", ref="t1"))
    assert bank.balance == 101_000
    assert bank.said(win("w1", ref="t1")) == "replay"
    assert bank.said(win("w1", "30", ref="t1")) == "TX_CONFLICT"
    bank.do(win("w2", "5"))
    assert bank.balance == 101_500


def test_28_29_a_win_needs_a_bet() -> None:
    bank = Bank()
    assert bank.said(win("w1")) == "TX_NOT_FOUND"
    assert bank.said(win("w1", ref="t9")) == "TX_NOT_FOUND"
    assert bank.said(win("w1", type="promo")) == "OK"
    assert bank.round().status == "completed"
    assert with_profile(win_without_bet="any").said(win("w1")) == "OK"
    assert with_profile(win_without_bet="refuse").said(win("w1", type="jackpot")) == "TX_NOT_FOUND"
    late = with_profile(tx_not_found_retryable=True)
    with pytest.raises(Refusal) as refusal:
        late.do(win("w1", ref="t9"))
    assert refusal.value.facts["retryable"] is True


def test_30_33_a_win_of_nothing_closes_the_round() -> None:
    bank = Bank()
    bank.do(bet("t1"))
    bank.do(win("w1", 0, round_closed=True))
    assert bank.round().status == "completed"
    assert bank.round().revision == 1
    assert not bank.wallet.rounds
    assert bank.said(bet("t2")) == "ROUND_CLOSED"
    assert with_profile(bet_in_closed_round="reopen").said(bet("t1")) == "OK"


def test_32_late_wins() -> None:
    bank = Bank()
    bank.do(bet("t1", round_closed=True))
    bank.do(win("w1", "20"))
    assert bank.balance == 101_000
    assert (bank.round().revision, bank.round().win, bank.round().status) == (2, 2000, "completed")
    strict = with_profile(late_win="refuse")
    strict.do(bet("t1", round_closed=True))
    assert strict.said(win("w1")) == "ROUND_CLOSED"


def test_34_40_several_bets_several_games() -> None:
    bank = Bank()
    for number in range(3):
        bank.do(bet(f"t{number}"))
    bank.do(bet("u1", "5", "r2"))
    bank.do(win("w2", "7", "r2", round_closed=True))
    bank.do(win("w1", "40", round_closed=True))
    assert bank.balance == 100_000 - 3000 - 500 + 700 + 4000
    assert bank.round().stake == 3000


def test_35_36_37_38_expired_sessions_take_wins_and_rollbacks_but_no_bets() -> None:
    bank = Bank()
    bank.do(bet("t1"), bet("t2"))
    assert bank.said(bet("t3"), facts=EXPIRED) == "SESSION_EXPIRED"
    assert bank.said(win("w1", ref="t1"), facts=EXPIRED) == "OK"
    assert bank.said(back("b1", "t2"), facts=EXPIRED) == "OK"
    assert bank.said(bet("t1"), facts=EXPIRED) == "replay"
    assert TxKey(PROVIDER, "bet", "t3") not in bank.txs


# ---------------------------------------------------------------- rollbacks
def test_42_43_44_a_stake_goes_back_once() -> None:
    bank = Bank()
    bank.do(bet("t1"))
    assert bank.said(back("b1", "t1")) == "OK"
    assert bank.balance == 100_000
    assert bank.round().status == "cancelled"
    assert bank.said(back("b1", "t1")) == "replay"
    assert bank.said(back("b2", "t1")) == "OK"
    assert bank.balance == 100_000
    strict = with_profile(repeat_rollback="error")
    strict.do(bet("t1"))
    strict.do(back("b1", "t1"))
    assert strict.said(back("b2", "t1")) == "TX_ROLLED_BACK"


def test_45_46_47_a_tombstone_stops_the_late_bet() -> None:
    bank = Bank()
    assert bank.said(back("b1", "t9")) == "OK"
    assert bank.said(back("b1", "t9")) == "replay"
    assert bank.said(bet("t9")) == "TX_ROLLED_BACK"
    assert bank.said(bet("t9")) == "TX_ROLLED_BACK"
    assert bank.balance == 100_000
    error = with_profile(unknown_rollback="error")
    assert error.said(back("b1", "t9")) == "TX_NOT_FOUND"
    assert error.said(back("b1", "t9")) == "TX_NOT_FOUND"
    assert error.said(bet("t9")) == "TX_ROLLED_BACK"
    noop = with_profile(bet_after_rollback="noop")
    noop.do(back("b1", "t9"))
    (result,) = noop.do(bet("t9"))
    assert result.tx.hub_id
    assert noop.balance == 100_000


def test_49_rollbacks_before_bet_and_win() -> None:
    bank = Bank()
    bank.do(back("b1", "t1"))
    bank.do(back("b2", "w1"))
    assert bank.said(bet("t1")) == "TX_ROLLED_BACK"
    assert bank.said(win("w1", ref="t1")) == "TX_ROLLED_BACK"
    assert bank.balance == 100_000


def test_50_no_win_of_a_bet_that_was_taken_back() -> None:
    bank = Bank()
    bank.do(bet("t1"))
    bank.do(back("b1", "t1"))
    assert bank.said(win("w1", ref="t1")) == "TX_ROLLED_BACK"
    assert bank.said(win("w1")) == "TX_ROLLED_BACK"
    assert bank.balance == 100_000


def test_51_52_settled_bets() -> None:
    bank = Bank()
    bank.do(bet("t1"))
    bank.do(win("w1", ref="t1"))
    assert bank.said(back("b1", "t1")) == "TX_ALREADY_SETTLED"
    assert bank.balance == 101_000
    again = with_profile(settled_rollback="resettle")
    again.do(bet("t1"))
    again.do(win("w1", round_closed=True))
    assert again.said(back("b1", "t1")) == "OK"
    assert again.balance == 100_000
    assert again.round().status == "cancelled"
    assert again.said(win("w1")) == "TX_ROLLED_BACK"


def test_53_a_win_that_is_spent() -> None:
    bank = with_profile(rollback_win="allow")
    bank.do(bet("t1", 10))
    bank.do(win("w1", 20))
    bank.do(bet("t2", 1010, "r2"))
    assert bank.said(back("b1", "w1")) == "BALANCE_NOT_ENOUGH"
    assert bank.balance == 0
    bank = with_profile(rollback_win="allow", funds_gone_rollback="receivable")
    bank.do(bet("t1", 10))
    bank.do(win("w1", 20))
    bank.do(bet("t2", 1010, "r2"))
    assert bank.said(back("b1", "w1")) == "OK"
    assert (bank.balance, bank.wallet.balance, bank.wallet.receivable) == (-2000, 0, 2000)
    bank.do(win("w2", 50, "r2"))
    assert (bank.wallet.balance, bank.wallet.receivable) == (3000, 0)


def test_54_55_what_is_never_taken_back() -> None:
    bank = Bank()
    bank.do(bet("t1"))
    bank.do(bet("t2"))
    bank.do(win("w1", ref="t1"))
    bank.do(back("b2", "t2"))
    assert bank.said(back("b3", "w1")) == "NOT_ROLLBACKABLE"
    assert bank.said(back("b4", "b2")) == "NOT_ROLLBACKABLE"


def test_56_57_58_what_a_rollback_says_of_its_bet() -> None:
    bank = Bank()
    bank.do(bet("t1"), bet("t2"), bet("t3"))
    assert bank.said(back("b1", "t1", amount="3", round_id="r1")) == "OK"
    assert bank.balance == 98_000
    assert bank.said(back("b2", "t2", currency="USD")) == "TX_CONFLICT"
    assert bank.said(back("b2", "t2", round_id="r7")) == "TX_CONFLICT"
    other = Bank(wallet_of(player_id="P2"), txs=bank.txs)
    assert other.said(back("b5", "t2")) == "TX_CONFLICT"
    strict = Bank(profile=Profile(wrong_amount_rollback="conflict"))
    strict.do(bet("t1"))
    assert strict.said(back("b1", "t1", amount="3")) == "TX_CONFLICT"
    assert strict.said(back("b1", "t1", amount="10.00")) == "OK"


def test_59_a_list_of_rollbacks_is_atomic() -> None:
    bank = Bank()
    bank.do(bet("t1"), bet("t2"), win("w2", ref="t2"))
    assert bank.said(back("b1", "t1"), back("b2", "t2")) == "TX_ALREADY_SETTLED"
    assert bank.balance == 100_000
    assert bank.said(back("b1", "t1")) == "OK"


def test_60_61_one_bet_of_two() -> None:
    bank = Bank()
    bank.do(bet("t1"))
    bank.do(bet("t2"))
    bank.do(back("b1", "t1"))
    assert bank.round().status == "open"
    bank.do(win("w1", ref="t2"))
    assert bank.balance == 101_000
    bank = Bank()
    bank.do(bet("t1"))
    bank.do(back("b1", "t1", round_closed=True))
    assert bank.said(bet("t2")) == "ROUND_CLOSED"
    bank = Bank()
    bank.do(bet("t1"))
    bank.do(back("b1", "t1"))
    assert bank.said(bet("t2")) == "OK"  # only the bet was taken back, the round was not closed
    assert bank.round().status == "open"


# ---------------------------------------------------------------- lists
def test_62_to_65_lists_are_atomic() -> None:
    bank = Bank()
    bet_win = (bet("t1", 10), win("w1", 25, ref="t1"))
    results = bank.do(*bet_win)
    assert [r.tx.after for r in results] == [99_000, 101_500]
    assert bank.said(bet("t2", 2000), win("w2", 5000)) == "BALANCE_NOT_ENOUGH"
    assert bank.said(bet("t3"), bet("t4", 5000)) == "BALANCE_NOT_ENOUGH"
    assert bank.balance == 101_500
    assert TxKey(PROVIDER, "bet", "t3") not in bank.txs
    results = bank.do(*bet_win, bet("t5", 1))
    assert [r.replay for r in results] == [True, True, False]
    assert bank.balance == 101_400


def test_a_list_may_take_back_what_it_placed() -> None:
    bank = Bank()
    bank.do(bet("t1"), back("b1", "t1"))
    assert bank.balance == 100_000
    assert bank.said(bet("t1")) == "TX_ROLLED_BACK"


# ---------------------------------------------------------------- who may not bet
def test_66_68_other_currency_unknown_game() -> None:
    bank = Bank()
    assert bank.said(bet("t1", currency="USD")) == "CURRENCY_MISMATCH"
    assert bank.said(bet("t1", currency="???")) == "CURRENCY_MISMATCH"
    bank.do(bet("t1"))
    assert bank.said(win("w1", currency="USD")) == "CURRENCY_MISMATCH"
    unknown = Facts(games={GAME: Refusal("GAME_NOT_FOUND", "no")})
    assert bank.said(bet("t2"), facts=unknown) == "GAME_NOT_FOUND"


@pytest.mark.parametrize(
    ("state", "name"),
    [
        ({"status": "blocked"}, "PLAYER_BLOCKED"),
        ({"status": "closed"}, "PLAYER_CLOSED"),
        ({"self_excluded_until": T0 + 1}, "PLAYER_SELF_EXCLUDED"),
        ({"cool_off_until": T0 + 1}, "PLAYER_COOLING_OFF"),
        ({"held": 1}, "PLAYER_BLOCKED"),
    ],
    ids=["blocked", "closed", "excluded", "cooling-off", "held"],
)
def test_70_71_barred_players_still_get_their_money(state: dict[str, object], name: str) -> None:
    bank = Bank()
    bank.do(bet("t1"), bet("t2"))
    bank.wallet = replace(bank.wallet, **state)  # type: ignore[arg-type]
    assert bank.said(bet("t3")) == name
    assert bank.said(win("w1", ref="t1")) == "OK"
    assert bank.said(back("b2", "t2")) == "OK"
    assert bank.balance == 101_000


def test_73_limits_are_told_apart() -> None:
    bank = Bank(wallet_of(limits=Limits(max_bet=2000, daily_loss=3000, weekly_loss=4000)))
    assert bank.said(bet("t1", "20.01")) == "BET_LIMIT"
    assert bank.said(bet("t2", "20")) == "OK"
    assert bank.said(bet("t3", "10.01")) == "LOSS_LIMIT"
    bank.do(win("w2", "5", ref="t2"))
    assert bank.said(bet("t4", "15")) == "OK"
    bank.now += DAY_MS
    assert bank.said(bet("t5", "10.01", "r5")) == "LOSS_LIMIT"  # of the week
    assert bank.said(bet("t6", "10", "r5")) == "OK"
    bank.now += 7 * DAY_MS
    assert bank.said(bet("t7", "20", "r6")) == "OK"


def test_73_a_rollback_gives_the_room_back_only_on_its_day() -> None:
    bank = Bank(wallet_of(limits=Limits(daily_loss=1000)))
    bank.do(bet("t1", 10))
    bank.do(back("b1", "t1"))
    assert bank.said(bet("t2", 10, "r2")) == "OK"
    bank.now += DAY_MS
    bank.do(bet("t3", 4, "r3"))
    bank.do(back("b2", "t2"))
    assert bank.wallet.day_loss == 400


def test_73_session_time_and_looser_limits() -> None:
    wallet = wallet_of(
        limits=Limits(max_bet=100, session_minutes=60), next_limits=Limits(), next_limits_at=T0 + DAY_MS
    )
    bank = Bank(wallet, facts=Facts(session_id="S1", session_started_at=T0))
    assert bank.said(bet("t1", 2)) == "BET_LIMIT"
    bank.now += 60 * 60_000
    assert bank.said(bet("t2", 1)) == "SESSION_TIME_LIMIT"
    bank.now = T0 + DAY_MS
    assert bank.said(bet("t3", 2)) == "OK"


# ---------------------------------------------------------------- free rounds
def test_74_a_free_bet_moves_no_cash() -> None:
    bank = Bank()
    bank.do(bet("t1", 10, type="free"))
    assert bank.balance == 100_000
    assert bank.round().stake == 0
    bank.do(win("w1", 5, type="free", round_closed=True))
    assert bank.balance == 100_500


def test_75_76_a_grant_is_charged_once_a_round_and_never_falls_back_to_cash() -> None:
    bank = Bank(grants={"G1": grant()})
    bank.do(bet("t1", 10, type="free", free_id="G1"))
    bank.do(bet("t2", 10, type="free", free_id="G1"))
    assert bank.grants["G1"].used == 1
    bank.do(win("w1", 5, type="free", free_id="G1", round_closed=True))
    assert bank.grants["G1"].won == 500
    bank.do(bet("t3", 10, "r2", type="free", free_id="G1"))
    assert bank.said(bet("t4", 10, "r3", type="free", free_id="G1")) == "FREEROUND_EXHAUSTED"
    assert bank.balance == 100_500
    bank.do(back("b3", "t3"))
    assert bank.grants["G1"].left == 1
    assert bank.said(bet("t5", 10, "r4", type="free", free_id="nope")) == "FREEROUND_NOT_FOUND"
    assert bank.said(bet("t6", 7, "r4", type="free", free_id="G1")) == "INVALID_AMOUNT"


def test_75_bonus_wins_stay_with_the_grant() -> None:
    bank = Bank(grants={"G1": grant(win_kind="bonus")})
    bank.do(bet("t1", 10, type="free", free_id="G1"))
    bank.do(win("w1", 5, type="free", free_id="G1"))
    assert (bank.balance, bank.grants["G1"].won) == (100_000, 500)


def test_78_79_80_promotions_and_jackpots() -> None:
    bank = Bank()
    assert bank.said(win("w1", 5, "promo-1", type="promo"), facts=EXPIRED) == "OK"
    assert bank.said(win("w1", 5, "promo-1", type="promo")) == "replay"
    assert bank.said(win("w1", 5, "r1", type="win")) == "TX_CONFLICT"
    (result,) = bank.do(bet("t1", 2, type="jackpot"))
    assert result.tx.type == "jackpot"
    assert bank.balance == 100_300


# ---------------------------------------------------------------- ends
def test_end_of_a_round() -> None:
    bank = Bank()
    bank.do(bet("t1"))
    assert bank.said(end("e1")) == "OK"
    assert bank.said(end("e1")) == "replay"
    assert bank.said(end("e2")) == "OK"
    assert bank.round().status == "completed"
    assert bank.said(end("e3", "r9")) == "ROUND_NOT_FOUND"
    assert bank.said(back("b1", "t1")) == "TX_ALREADY_SETTLED"


def test_a_lost_answer_to_a_closing_bet_is_taken_back() -> None:
    bank = Bank()
    bank.do(bet("t1", round_closed=True))
    assert bank.said(back("b1", "t1")) == "OK"
    assert (bank.balance, bank.round().status, bank.round().revision) == (100_000, "cancelled", 2)


def test_many_open_rounds_spill_and_come_home() -> None:
    bank = Bank()
    for number in range(30):
        bank.do(bet(f"t{number}", 1, f"r{number}"))
        assert len(bank.wallet.rounds) <= 8
    assert bank.wallet.spilled == 30 - len(bank.wallet.rounds)
    for number in range(30):
        bank.do(win(f"w{number}", 1, f"r{number}", round_closed=True))
    assert bank.balance == 100_000
    assert (bank.wallet.spilled, bank.wallet.rounds) == (0, ())
    assert {r.status for r in bank.records.values()} == {"completed"}
