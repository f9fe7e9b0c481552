"""Why a round may not count, each reason once and at its edge."""

from typing import Any

import pytest
from pitboss.scoring.public import (
    MAX_INSTANT,
    REASONS,
    Round,
    Seat,
    Stint,
    Window,
    compile_rules,
    naive_standings,
    refold,
)

pytestmark = pytest.mark.unit
WINDOW = Window(1_000, 2_000, ((1_200, 1_300), (1_900, MAX_INSTANT)))
SEAT = Seat("e1", "aurora", "ann", "Ann", "active", 1_600, (Stint(1, 1_010), Stint(2, 1_500)))
ROUND = Round("r", 0, 0, "aurora", "ann", "slot", "regular", "EUR", 2, 100, 50, 0, 0, 0, 1_090, 1_100, 0)
RATES = {
    "JPY": {"exponent": 0, "num": 6, "den": 1_000},
    "BTC": {"exponent": 8, "num": 90_000, "den": 1},
}


def rules_of(**eligibility: Any) -> Any:
    return compile_rules(
        {
            "schema": 1,
            "base": {"currency": "EUR", "exponent": 2},
            "rates": RATES,
            "scoring": {"metric": "total_wagered"},
            "eligibility": eligibility,
        }
    )


def judged(
    change: dict[str, Any] | None = None, seat: Seat | None = SEAT, **eligibility: Any
) -> tuple[int, str]:
    answer: tuple[int, str] = rules_of(**eligibility).judge(ROUND._replace(**(change or {})), seat, WINDOW)
    return answer


@pytest.mark.parametrize(
    ("change", "eligibility", "answer"),
    [
        ({}, {}, (1, "")),
        ({"settled_at": 1_000}, {}, (0, "before_joining")),
        ({"settled_at": 999}, {}, (0, "outside_window")),
        ({"settled_at": 1_899}, {}, (2, "")),
        ({"settled_at": 2_000}, {}, (0, "outside_window")),
        ({"settled_at": 1_010}, {}, (1, "")),
        ({"settled_at": 1_009}, {}, (0, "before_joining")),
        ({"settled_at": 1_499}, {}, (1, "")),
        ({"settled_at": 1_500}, {}, (2, "")),
        ({"settled_at": 1_199}, {}, (1, "")),
        ({"settled_at": 1_200}, {}, (0, "paused")),
        ({"settled_at": 1_300}, {}, (1, "")),
        ({"settled_at": 1_950}, {}, (0, "paused")),  # a pause nobody has ended
        # The closing bell (invariant 6): started inside, settled after.
        ({"started_at": 1_850, "settled_at": 2_005}, {}, (0, "outside_window")),
        ({"started_at": 1_850, "settled_at": 2_005}, {"timestamp": "started"}, (2, "")),
        ({"started_at": 990, "settled_at": 1_100}, {"timestamp": "started"}, (0, "outside_window")),
        ({}, {"games": {"include": ["wheel"]}}, (0, "game_excluded")),
        ({}, {"games": {"exclude": ["slot"]}}, (0, "game_excluded")),
        ({}, {"brands": ["borealis"]}, (0, "brand_excluded")),
        ({}, {"currencies": ["JPY"]}, (0, "currency_excluded")),
        ({"currency": "USD"}, {}, (0, "currency_excluded")),  # no rate in the rules
        ({"round_type": "free_round"}, {"roundTypes": ["regular"]}, (0, "round_type_excluded")),
        ({"bet": 49}, {"minBet": 50}, (0, "bet_below_min")),
        ({"bet": 50}, {"minBet": 50}, (1, "")),
        ({"bet": 501}, {"maxBet": 500}, (0, "bet_above_max")),
        ({"bet": 500}, {"maxBet": 500}, (1, "")),
        ({"bet_bonus": 100}, {"funds": "real"}, (0, "funds_excluded")),
        ({"bet_bonus": 60}, {"funds": "real", "minBet": 50}, (0, "bet_below_min")),
        ({"bet_bonus": 50}, {"funds": "real", "minBet": 50}, (1, "")),
        ({"bet_bonus": 100}, {}, (1, "")),
    ],
)
def test_edges(change: dict[str, Any], eligibility: dict[str, Any], answer: tuple[int, str]) -> None:
    assert judged(change, **eligibility) == answer
    assert answer[0] or answer[1] in REASONS


@pytest.mark.parametrize(
    ("status", "reason"),
    [("withdrawn", "withdrawn"), ("disqualified", "disqualified"), ("pending_payment", "not_active")],
)
def test_the_status_of_a_seat_is_a_reason(status: str, reason: str) -> None:
    assert judged({}, SEAT._replace(status=status)) == (0, reason)
    assert judged({}, None) == (0, "not_registered")


@pytest.mark.parametrize(
    ("bet", "answer"),
    # 0.50 EUR at the rules' own rate of 0.006 is 83.33 JPY: 83 yen are 49.8 cents, cut to 49 (invariant 9)
    [(83, "bet_below_min"), (84, ""), (169, ""), (170, "bet_above_max")],
)
def test_limits_without_a_row_go_by_the_fixed_rate(bet: int, answer: str) -> None:
    # 1.01 EUR as maximum: 169 yen are 101.4 cents, cut to 101, allowed; 170 are 102
    change = {"currency": "JPY", "exponent": 0, "bet": bet}
    assert judged(change, minBet=50, maxBet=101)[1] == answer


def test_a_currency_row_replaces_both_limits() -> None:
    limits = {"minBet": 50, "maxBet": 100, "betLimits": {"JPY": {"min": 10}}}
    assert judged({"currency": "JPY", "exponent": 0, "bet": 9}, **limits)[1] == "bet_below_min"
    assert judged({"currency": "JPY", "exponent": 0, "bet": 10}, **limits)[1] == ""
    assert judged({"currency": "JPY", "exponent": 0, "bet": 10**9}, **limits)[1] == ""
    # the row is stated with the rate's decimals; a round that carries others is compared exactly
    assert judged({"currency": "JPY", "exponent": 2, "bet": 999}, **limits)[1] == "bet_below_min"
    assert judged({"currency": "JPY", "exponent": 2, "bet": 1_000}, **limits)[1] == ""


@pytest.mark.parametrize(
    ("currency", "exponent", "bet", "cents"),
    [("EUR", 2, 150, 150), ("EUR", 3, 1_509, 150), ("JPY", 0, 1_000, 600), ("JPY", 0, 83, 49), ("BTC", 8, 1, 0), ("BTC", 8, 1_234, 111)],
)  # fmt: skip
def test_amounts_convert_exactly_and_are_cut(currency: str, exponent: int, bet: int, cents: int) -> None:
    rules = rules_of()
    state, _ = refold(rules, [(ROUND._replace(currency=currency, exponent=exponent, bet=bet), 0)])
    assert rules.standing(state).score == cents


def test_bonus_money_and_jackpots_leave_the_amounts() -> None:
    parts = ROUND._replace(bet=100, bet_bonus=30, win=90, win_bonus=20, jackpot=50)

    def wagered_won(**eligibility: Any) -> tuple[int, int]:
        rules = rules_of(**eligibility)
        standing = rules.standing(refold(rules, [(parts, 0)])[0])
        return standing.wagered, standing.won

    assert wagered_won() == (100, 90)
    assert wagered_won(funds="real") == (70, 70)
    assert wagered_won(jackpot=False) == (100, 40)
    assert wagered_won(funds="real", jackpot=False) == (70, 20)


def test_a_seat_that_is_out_keeps_its_score_and_has_no_rank() -> None:
    out = SEAT._replace(entry_id="e2", player_id="bob", status="disqualified")
    rounds = [(ROUND, 1), (ROUND._replace(player_id="bob", bet=900), 2)]
    board = naive_standings(dict(rules_of().document), [SEAT, out], rounds, WINDOW, {})
    assert [(r.entry_id, r.rank, r.score) for r in board] == [("e1", 1, 100), ("e2", 0, 900)]
