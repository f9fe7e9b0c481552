"""The what-if model: its own arithmetic, and that it is a faithful copy of nothing but the real rules."""

import random
from dataclasses import replace

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.tournaments import whatif
from pitboss.tournaments.drafting import Defaults, draft
from pitboss.tournaments.model import Spec
from pitboss.tournaments.whatif import Play

pytestmark = pytest.mark.unit

NOW = 1_700_000_000_000


def spec(**given: object) -> Spec:
    defaults = Defaults(currency="EUR", brands=frozenset({"b"}), games=frozenset({"g"}))
    made, _ = draft({"name": "x", "start_time": NOW, "game_slug": "g", **given}, defaults, NOW)
    return made


def play(**more: object) -> Play:
    return replace_play(Play(50, 50, 40, 9600, "medium", (100,)), **more)


def replace_play(base: Play, **more: object) -> Play:
    return base._replace(**more)  # type: ignore[arg-type]


@pytest.mark.parametrize("volatility", ["low", "medium"])
def test_invented_play_returns_what_it_says(volatility: str) -> None:
    terms = spec(rules={"metric": "total_won"}, ranking={}, prizes=None)
    rng = random.Random(1)
    staked = won = 0
    for _ in range(20):
        run = whatif.synthetic_run(terms, play(volatility=volatility), rng)
        staked += 50 * 40 * 100
        won += sum(row.score for row in run.ranked)
    # 40,000 rounds: the mean is within a few percent of 96 %, whatever the spread.
    assert abs(won * 10_000 // staked - 9600) < 400


def test_the_pool_follows_the_entries() -> None:
    terms = spec(entry_fee="10", guarantee="500")
    run = whatif.synthetic_run(terms, play(players_from=40, players_to=40), random.Random(2))
    assert (run.overlay, run.net) == (10_000, 50_000)
    run = whatif.synthetic_run(terms, play(players_from=60, players_to=60), random.Random(2))
    assert (run.overlay, run.net) == (0, 60_000)
    assert sum(award.amount for award in run.awards) == 60_000


def test_ties_over_paid_places_are_seen() -> None:
    # Everybody bets the same number of rounds: all scores are equal, and shared ranks share the prizes.
    terms = spec(
        rules={"metric": "round_count"},
        ranking={"ties": "shared"},
        prizes={"lines": [{"rankFrom": 1, "amount": "10"}]},
    )
    report = whatif.report(terms, [whatif.synthetic_run(terms, play(), random.Random(3)) for _ in range(4)])
    assert report["tieOddsBps"] == 10_000
    alone = replace(terms, ranking={})
    report = whatif.report(alone, [whatif.synthetic_run(alone, play(), random.Random(3)) for _ in range(4)])
    assert report["tieOddsBps"] == 0


def test_work_is_bounded() -> None:
    whatif.check_work(100, 300, 10)
    with pytest.raises(Refusal) as refused:
        whatif.check_work(100, 300, 11)
    assert [error.pointer for error in refused.value.errors] == ["runs"]


@pytest.mark.parametrize(
    ("values", "expected"), [([5], 5), (list(range(1, 101)), 95), ([1, 2, 3], 3), ([3, 1], 3)]
)
def test_the_percentile_is_the_nearest_rank(values: list[int], expected: int) -> None:
    assert whatif.percentile(values, 95) == expected
