"""Every metric on rounds small enough to work out by hand."""

from typing import Any

import pytest
from pitboss.scoring.public import Round, Stint, compile_rules, refold

pytestmark = pytest.mark.unit
BASE = {"currency": "EUR", "exponent": 2}


def a_round(number: int, bet: int = 100, win: int = 0, **more: Any) -> Round:
    """Round `number` settles at instant 1000 + number."""
    plain = Round(
        f"r{number}", 0, 0, "aurora", "ann", "slot", "regular", "EUR", 2, bet, win, 0, 0, 0, 900 + number, 1000 + number, 0
    )  # fmt: skip
    return plain._replace(**more)


def played(
    scoring: dict[str, Any], rounds: list[Round], **document: Any
) -> tuple[int, int, list[tuple[int, str]]]:
    """(score, reachedAt, answers) of an entry."""
    rules = compile_rules({"schema": 1, "base": BASE, "scoring": scoring, **document})
    state, answers = refold(rules, [(r, i) for i, r in enumerate(rounds)])
    standing = rules.standing(state)
    return standing.score, standing.reached_at, answers


FOUR = [a_round(1, 100, 300), a_round(2, 200, 0), a_round(3, 50, 125), a_round(4, 100, 100)]
# multiples 3, 0, 2.5, 1


@pytest.mark.parametrize(
    ("scoring", "score", "reached"),
    [
        ({"metric": "total_wagered"}, 450, 1004),
        ({"metric": "total_won"}, 525, 1004),
        ({"metric": "net_win"}, 75, 1003),  # the last round moved nothing: 100 for 100
        ({"metric": "round_count"}, 4, 1004),
        ({"metric": "round_count", "decimals": 2}, 400, 1004),
        ({"metric": "win_count"}, 3, 1004),
        ({"metric": "wins_at_least", "multiple": 25_000}, 2, 1003),
        ({"metric": "sum_multipliers"}, 65_000, 1004),
        ({"metric": "bet_points", "per": 60, "points": 2}, 2 + 6 + 0 + 2, 1004),
        ({"metric": "bet_points", "per": 60, "points": 2, "mode": "linear"}, 3 + 6 + 1 + 3, 1004),
        ({"metric": "win_points", "per": 100, "points": 5}, 15 + 0 + 5 + 5, 1004),
        ({"metric": "biggest_win"}, 300, 1001),
        ({"metric": "biggest_multiplier"}, 30_000, 1001),
        ({"metric": "best_n", "n": 2, "of": {"metric": "sum_multipliers"}}, 55_000, 1003),
        ({"metric": "best_n", "n": 3, "of": {"metric": "total_won"}}, 525, 1004),
        ({"metric": "best_n_consecutive", "n": 2, "of": {"metric": "total_won"}}, 300, 1001),
        ({"metric": "best_n_consecutive", "n": 3, "of": {"metric": "total_won"}}, 425, 1003),
        ({"metric": "consecutive_wins"}, 1, 1001),
        ({"metric": "consecutive_wins", "strict": False, "minLength": 2}, 2, 1004),
        ({"metric": "consecutive_wins", "strict": False, "minLength": 2, "value": "multiples"}, 35_000, 1004),
        ({"metric": "first_to_target", "target": 300, "of": {"metric": "total_wagered"}}, 300, 1002),
        ({"metric": "first_to_target", "target": 9_000, "of": {"metric": "total_wagered"}}, 450, 1004),
    ],
)
def test_by_hand(scoring: dict[str, Any], score: int, reached: int) -> None:
    assert played(scoring, FOUR)[:2] == (score, reached)


def test_streak_of_wins_over_twice_the_bet_is_broken_by_exactly_twice() -> None:
    """Invariant 7: multiples 3, 2.5, 2.0, 4 make a streak of 2, then one of 1 which alone is none."""
    rounds = [a_round(i, 100, win) for i, win in enumerate((300, 250, 200, 400), 1)]
    scoring = {"metric": "consecutive_wins", "multiple": 20_000, "strict": True, "minLength": 2}
    score, reached, answers = played(scoring, rounds)
    assert (score, reached) == (2, 1002)
    assert answers == [(0, "streak_running"), (2, "counted"), (0, "below_multiple"), (0, "streak_running")]
    assert played({**scoring, "strict": False}, rounds)[0] == 4


def test_a_round_without_a_counted_bet_has_no_multiple() -> None:
    rounds = [a_round(1, 100, 300), a_round(2, 0, 500), a_round(3, 100, 300)]
    assert played({"metric": "sum_multipliers"}, rounds)[0] == 60_000
    assert played({"metric": "consecutive_wins"}, rounds)[0] == 1
    assert played({"metric": "wins_at_least", "multiple": 1}, rounds)[0] == 2


def test_multiples_are_cut_never_rounded_up() -> None:
    assert played({"metric": "sum_multipliers"}, [a_round(1, 3, 2)])[0] == 6_666


def test_weights_cut_towards_zero_on_either_side() -> None:
    weights = {"eligibility": {"games": {"weights": {"slot": 3_333}}}}
    assert played({"metric": "net_win"}, [a_round(1, 0, 100)], **weights)[0] == 33
    assert played({"metric": "net_win"}, [a_round(1, 100, 0)], **weights)[0] == -33


def test_the_earliest_of_equal_bests_is_when_it_was_reached_whatever_the_order() -> None:
    rules = compile_rules({"schema": 1, "base": BASE, "scoring": {"metric": "biggest_win"}})
    state = rules.fresh()
    for round_ in (a_round(9, 1, 50), a_round(2, 1, 50), a_round(5, 1, 50)):
        state, _, _ = rules.fold(state, round_, 0)
    assert rules.standing(state).reached_at == 1002


def test_race_to_a_target_stays_won_when_the_total_falls_again() -> None:
    scoring = {"metric": "first_to_target", "target": 100, "of": {"metric": "net_win"}}
    score, reached, answers = played(scoring, [a_round(1, 0, 150), a_round(2, 500, 0)])
    assert (score, reached) == (100, 1001)
    assert answers == [(100, "counted"), (0, "target_reached")]


def test_weighted_sum_is_points_per_whole_unit() -> None:
    """1 point for a euro staked, half a point for each win, ten for the best multiple, in hundredths."""
    scoring = {
        "metric": "weighted",
        "decimals": 2,
        "parts": [
            {"weight": 10_000, "rule": {"metric": "total_wagered"}},
            {"weight": 5_000, "rule": {"metric": "win_count"}},
            {"weight": 100_000, "rule": {"metric": "biggest_multiplier"}},
        ],
    }
    score, _, answers = played(scoring, FOUR)
    assert score == 450 + 150 + 3_000
    assert sum(points for points, _ in answers) == score


def test_negative_weights_are_penalties() -> None:
    scoring = {
        "metric": "weighted",
        "parts": [
            {"weight": 10_000, "rule": {"metric": "win_count"}},
            {"weight": -20_000, "rule": {"metric": "best_n", "n": 1, "of": {"metric": "round_count"}}},
        ],
    }
    assert played(scoring, FOUR)[0] == 3 - 2


def test_a_round_moves_a_score_by_the_cap_at_most() -> None:
    assert played({"metric": "total_won"}, FOUR, maxPointsPerRound=120)[0] == 120 + 0 + 120 + 100
    assert played({"metric": "net_win"}, [a_round(1, 900, 0)], maxPointsPerRound=120)[0] == -120


def test_scores_stay_inside_64_bits() -> None:
    huge = 10**17
    rounds = [a_round(i, huge, huge * 10**4) for i in range(100)]
    score, _, _ = played({"metric": "total_won"}, rounds)
    assert score == 100 * 10**14
    rules = compile_rules({"schema": 1, "base": BASE, "scoring": {"metric": "total_won"}})
    state = rules.fresh()
    state[3][0] = 1 << 70
    assert rules.standing(state).score == 9 * 10**18


def test_add_on_points_come_on_top_without_moving_the_moment() -> None:
    rules = compile_rules({"schema": 1, "base": BASE, "scoring": {"metric": "total_wagered"}})
    state, _ = refold(rules, [(r, 0) for r in FOUR])
    standing = rules.standing(state, Stint(1, 0, 0, 500))
    assert (standing.score, standing.reached_at, standing.rounds) == (950, 1004, 4)
    assert (standing.wagered, standing.won) == (450, 525)


def test_standing_tells_the_state_of_the_race() -> None:
    def detail(scoring: dict[str, Any]) -> Any:
        rules = compile_rules({"schema": 1, "base": BASE, "scoring": scoring})
        return rules.standing(refold(rules, [(r, 0) for r in FOUR])[0]).detail

    assert detail({"metric": "total_wagered"}) == {}
    assert detail({"metric": "best_n", "n": 2, "of": {"metric": "total_won"}}) == {"best": [300, 125]}
    assert detail({"metric": "consecutive_wins", "strict": False}) == {"runLength": 2, "runValue": 2}
    assert detail({"metric": "first_to_target", "target": 100, "of": {"metric": "total_won"}}) == {
        "target": 100,
        "targetReached": True,
    }
    window = {"metric": "best_n_consecutive", "n": 2, "of": {"metric": "total_won"}}
    assert detail(window) == {"windowLength": 2, "windowValue": 225}
    parts = {"metric": "weighted", "parts": [{"weight": 10_000, "rule": {"metric": "biggest_win"}}]}
    assert detail(parts) == {"parts": [{"score": 300}]}
