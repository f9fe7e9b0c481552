"""Whole tournaments against an adversary that knows the documentation alone."""

import os
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pitboss.kernel.instants import format_instant
from pitboss.scoring.public import METRICS

from tests.adversary import Match, own_games, prizes_of
from tests.adversary_books import check, finish
from tests.property.scoring_world import documents, rankings
from tests.tournament_world import GAMES, HOUR, Hub, hub_with_casino

pytestmark = pytest.mark.moto
MATCHES = os.environ.get("ADVERSARY_MATCHES")  # so many others, where time does not matter
MANY = settings(
    max_examples=int(MATCHES or 5),
    derandomize=not MATCHES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(rules=st.sampled_from(METRICS).flatmap(documents), ranking=rankings, seed=st.integers(0, 2**40))
@MANY
def test_a_tournament_ends_as_the_documentation_says(
    aws: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    rules: dict[str, Any],
    ranking: dict[str, Any],
    seed: int,
) -> None:
    rng = Random(seed)
    with monkeypatch.context() as patch, hub_with_casino(patch) as hub:
        match = Match(hub, rng, rules, ranking)
        try:
            duel(match, rng)
        except Exception as error:
            error.add_note(
                f"seed {seed}, terms {match.asked}, players {match.players}, pauses {match.pauses}"
            )
            raise


def duel(match: Match, rng: Random) -> None:
    """Play, settle, check; and once more after somebody was judged."""
    match.play()
    finish(match)
    check(match)
    if not match.called_off and rng.random() < 0.6:
        match.judge(rng.choice(list(match.players)), out=rng.random() < 0.7)
        assert match.hub.settle(match.tid, passes=6) == "settled"
        check(match)


def some_rounds(rng: Random, start: int) -> list[dict[str, Any]]:
    """Forty rounds of four players, no two at one moment."""
    return [
        {
            "userId": rng.choice(("ann", "bob", "cid", "dan")),
            "brandId": "aurora",
            "gameSlug": rng.choice(GAMES),
            "bet": rng.choice(["0", "1.00", "2.00", "0.50"]),
            "win": rng.choice(["0", "0", "1.00", "3.33", "9.00"]),
            "settledAt": format_instant(start + at),
        }
        for at in sorted(rng.sample(range(60_000), 40))
    ]


def play(hub: Hub, tid: str, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The result of a tournament in which these rounds are played."""
    for player in sorted({row["userId"] for row in rounds}):
        assert hub.register(tid, player).status == 201
    renamed = {"userId": "playerId", "gameSlug": "gameId"}
    messages = [
        {"roundId": f"r{n}", "currency": "EUR"} | {renamed.get(k, k): v for k, v in row.items()}
        for n, row in enumerate(rounds)
    ]
    hub.to(hub.now + HOUR + 60_000)
    hub.ok("POST", "/rounds", {"integrationId": "main", "rounds": messages})
    hub.to(hub.now + HOUR)
    assert hub.settle(tid, passes=6) == "settled"
    return dict(hub.ok("GET", "/tournaments/{id}/results", id=tid))


@given(rules=st.sampled_from(METRICS).flatmap(documents), ranking=rankings, seed=st.integers(0, 2**40))
@MANY
def test_what_if_says_of_the_same_rounds_what_then_happens(
    aws: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    rules: dict[str, Any],
    ranking: dict[str, Any],
    seed: int,
) -> None:
    rng = Random(seed)
    with monkeypatch.context() as patch, hub_with_casino(patch) as hub:
        start = hub.now + HOUR
        asked = {
            "name": "Draft",
            "startTime": format_instant(start),
            "endTime": format_instant(start + HOUR),
            "rules": own_games(rules),
            "ranking": ranking,
            "entryFee": rng.choice(["0", "10.00"]),
            "guarantee": rng.choice(["0", "33.33"]),
            "prizes": prizes_of(rng),
        }
        rounds = some_rounds(rng, start)
        seen = hub.ok("POST", "/tournaments/simulate", {"tournament": asked, "rounds": rounds})
        result = play(hub, hub.create(**asked, games=None, graceSeconds=None), rounds)

        def shown(winner: dict[str, Any]) -> tuple[Any, ...]:
            return winner["position"], winner["userId"], winner["finalScore"], winner["rounds"]

        assert [shown(w) for w in seen["winners"]] == [shown(w) for w in result["winners"] if w["prizes"]]
        worth = [
            [
                str(Decimal(p["amount"]) if "amount" in p else p["count"] * Decimal(p["value"]))
                for p in winner["prizes"]
            ]
            for winner in result["winners"]
            if winner["prizes"]
        ]
        assert [[p["worth"] for p in w["prizes"]] for w in seen["winners"]] == worth
        assert seen["pool"]["max"] == result["prizePool"]["net"]
        assert seen["overlay"]["max"] == result["prizePool"]["overlay"]
