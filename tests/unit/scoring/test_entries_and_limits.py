"""Several entries of a player, first-N with add-ons and refills, order of events."""

from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.scoring.public import Round, Standing, Stint, compile_rules, distinct_rounds, refold

pytestmark = pytest.mark.unit


def rules_of(metric: str = "round_count", **document: Any) -> Any:
    return compile_rules(
        {"schema": 1, "base": {"currency": "EUR", "exponent": 2}, "scoring": {"metric": metric}, **document}
    )


def a_round(number: int, status: int = 0, revision: int = 0, at: int | None = None, **more: Any) -> Round:
    moment = 1_000 + number if at is None else at
    plain = Round(
        f"r{number}", revision, status, "b", "p", "g", "regular", "EUR", 2, 10, 0, 0, 0, 0, moment, moment, 0
    )
    return plain._replace(**more)


def a_standing(score: int, reached: int, rounds: int = 3, *, qualified: bool = True) -> Standing:
    return Standing(score, reached, rounds, 30, 10, qualified, {})


def test_best_prefers_qualified_then_score_then_the_earlier_moment() -> None:
    rules = rules_of(entries="best")
    low, high = a_standing(5, 900), a_standing(9, 800)
    assert rules.best_of([low, high]) is high
    assert rules.best_of([a_standing(9, 900), high]) is high
    assert rules.best_of([low, a_standing(50, 1, qualified=False)]) is low
    assert rules.best_of([a_standing(0, 0), a_standing(0, 5)]).reached_at == 5  # 0 is never, not first


def test_last_takes_the_last_even_if_worse() -> None:
    assert rules_of(entries="last").best_of([a_standing(9, 1), a_standing(2, 2)]).score == 2


def test_sum_adds_entries_and_their_rounds() -> None:
    rules = rules_of(entries="sum", minRoundsToRank=5)
    both = rules.best_of([a_standing(9, 10, qualified=False), a_standing(2, 20, qualified=False)])
    assert both == Standing(11, 20, 6, 60, 20, qualified=True, detail={"entries": [9, 2]})


def test_a_player_without_entries_stands_at_nothing() -> None:
    assert rules_of().best_of([]) == Standing(0, 0, 0, 0, 0, qualified=False, detail={})


def test_rounds_over_the_limit_do_not_count() -> None:
    rules = rules_of(firstN={"rounds": 2})
    state, answers = refold(rules, [(a_round(i), i) for i in (3, 1, 2)])
    assert [reason for _, reason in answers] == ["counted", "counted", "over_round_limit"]
    assert rules.standing(state).rounds == 2


def test_an_add_on_raises_the_limit_by_a_refold() -> None:
    rules = rules_of(firstN={"rounds": 1})
    rounds = [(a_round(i), i) for i in (1, 2, 3)]
    state, _ = refold(rules, rounds)
    more = Stint(1, 0, rounds_extra=1)
    assert rules.outdated(state, more)
    state, _ = refold(rules, rounds, more.rounds_extra)
    assert not rules.outdated(state, more)
    assert rules.standing(state, more).score == 2
    assert not rules_of().outdated(rules_of().fresh(), more)


def test_a_rolled_back_round_keeps_its_place_unless_refilled() -> None:
    rounds = [(a_round(1, status=2), 1), (a_round(2), 2), (a_round(3), 3)]
    strict, refilled = rules_of(firstN={"rounds": 2}), rules_of(firstN={"rounds": 2, "refill": True})
    assert [why for _, why in refold(strict, rounds)[1]] == ["rolled_back", "counted", "over_round_limit"]
    assert [why for _, why in refold(refilled, rounds)[1]] == ["rolled_back", "counted", "counted"]


def test_an_ordered_rule_refuses_to_be_fed_backwards() -> None:
    rules = rules_of("consecutive_wins")
    state, _, _ = rules.fold(rules.fresh(), a_round(5), 77)
    assert rules.last_seen(state) == (1_005, 0, 77)
    assert rules.event_order(a_round(4), 1) < rules.last_seen(state)
    with pytest.raises(ValueError, match="refold"):
        rules.fold(state, a_round(4), 1)


def test_order_is_time_then_seq_then_key() -> None:
    rules = rules_of("consecutive_wins")
    assert rules.event_order(a_round(1, at=5)._replace(seq=2), 1) < rules.event_order(
        a_round(1, at=5)._replace(seq=3), 0
    )
    assert rules.last_seen(rules.fresh()) is None
    mergeable = rules_of()
    assert mergeable.last_seen(mergeable.fold(mergeable.fresh(), a_round(1), 1)[0]) is None
    assert (mergeable.ordered, rules.ordered, rules_of(firstN={"rounds": 1}).ordered) == (False, True, True)


def test_undo_of_the_only_round_is_a_fresh_state() -> None:
    rules = rules_of()
    state, points, reason = rules.fold(rules.fresh(), a_round(1), 1)
    assert rules.unfold(state, a_round(1), 1, points, reason) == rules.fresh()


def test_undo_of_the_latest_of_a_sum_needs_a_refold_and_of_an_earlier_one_does_not() -> None:
    rules = rules_of()
    state, _ = refold(rules, [(a_round(i), i) for i in (1, 2, 3)])
    assert rules.unfold(state, a_round(3), 3, 1, "counted") is None
    undone = rules.unfold(state, a_round(1), 1, 1, "counted")
    assert rules.standing(undone).rounds == 2
    assert rules.standing(undone).reached_at == 1_003


def test_distinct_rounds_keep_the_highest_revision_and_the_first_of_equal_ones() -> None:
    first, other = a_round(1), a_round(1, win=99)
    amended, back = a_round(1, 1, 1, win=5), a_round(1, 2, 2, bet=0, at=7)
    assert distinct_rounds([(first, 1), (other, 1)]) == [(first, 1)]
    assert distinct_rounds([(amended, 2), (first, 1)]) == [(amended, 2)]
    assert distinct_rounds([(back, 3), (first, 1), (amended, 2)]) == [(amended._replace(status=2), 2)]
    assert distinct_rounds([(back, 3)]) == []
    assert len(distinct_rounds([(first, 1), (first._replace(player_id="q"), 1)])) == 2


def test_compiled_rules_are_kept_by_content() -> None:
    assert rules_of() is rules_of()
    assert rules_of().digest != rules_of("win_count").digest
    assert len(rules_of().digest) == 64


def test_invalid_documents_do_not_compile() -> None:
    with pytest.raises(Refusal) as refused:
        rules_of("luck")
    assert refused.value.name == "RULES_INVALID"
    assert [e.pointer for e in refused.value.errors] == ["scoring.metric"]
    with pytest.raises(Refusal, match="floats"):
        compile_rules({"schema": 1.0})
