"""For every metric: whatever is repeated, reordered, corrected or rolled back, the standings are those of the set of
distinct rounds (domain invariants 1, 2, 6 to 9), and a program that shares no code with ours finds the same."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pitboss.scoring.public import (
    METRICS,
    REASONS,
    ROLLED_BACK,
    Round,
    Seat,
    Stint,
    Window,
    compile_rules,
    distinct_rounds,
    naive_standings,
    refold,
    validate_rules,
)

from devtools import recompute
from tests.property import scoring_world as world

pytestmark = pytest.mark.property
calm = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
everyone = Window(0, 1 << 50)


@pytest.mark.parametrize("name", METRICS)
@calm
@given(data=st.data())
def test_kept_up_equals_recomputed_from_nothing(name: str, data: st.DataObject) -> None:
    doc, ranking = data.draw(world.documents(name)), data.draw(world.rankings)
    players, window, feed = data.draw(world.seats()), data.draw(world.windows), data.draw(world.rounds())
    assert validate_rules(doc) == []
    book = world.Book(compile_rules(doc), players, window)
    for round_ in feed:
        book.take(round_)
    board = book.board(ranking)
    naive = naive_standings(doc, players, [(r, world.key_of(r)) for r in feed], window, ranking)
    assert board == naive

    strangers = recompute.standings(
        world.tournament_of(doc, ranking, players, window), [world.message_of(r) for r in feed]
    )
    fields = ("rank", "entryId", "score", "reachedAt", "rounds", "status", "qualified")
    ours = [
        dict(
            zip(
                fields,
                (r.rank, r.entry_id, r.score, r.reached_at, r.rounds, r.status, r.qualified),
                strict=True,
            )
        )
        for r in board
    ]
    assert ours == [{f: row[f] for f in fields} for row in strangers]
    assert recompute.differences(strangers, strangers) == []


@pytest.mark.parametrize("name", METRICS)
@calm
@given(data=st.data())
def test_arrival_in_any_order_ends_the_same(name: str, data: st.DataObject) -> None:
    doc, players = data.draw(world.documents(name)), data.draw(world.seats())
    feed = [pair[0] for pair in distinct_rounds((r, world.key_of(r)) for r in data.draw(world.rounds()))]
    feed = [r for r in feed if r.status != ROLLED_BACK]
    boards = []
    for order in (feed, data.draw(st.permutations(feed)), feed[::-1]):
        book = world.Book(compile_rules(doc), players, everyone)
        for round_ in [*order, *order[: len(order) // 2]]:
            book.take(round_)
        boards.append(book.board({}))
    assert boards[0] == boards[1] == boards[2]


def _eligible(data: st.DataObject, name: str) -> tuple[Any, list[tuple[Round, int]]]:
    """A rule set, and distinct rounds of one entry that it lets through."""
    rules = compile_rules(data.draw(world.documents(name)))
    seat = Seat("e", "aurora", "ann", "Ann", "active", 0, (Stint(1, 0),))
    drawn = [r._replace(round_id=f"r{i}") for i, r in enumerate(data.draw(world.rounds()))]
    mine = [(r._replace(brand_id="aurora", player_id="ann", status=0), i) for i, r in enumerate(drawn)]
    return rules, [pair for pair in mine if rules.judge(pair[0], seat, everyone)[0]]


@pytest.mark.parametrize("name", METRICS)
@calm
@given(data=st.data())
def test_points_add_up_to_the_score_and_reasons_are_known(name: str, data: st.DataObject) -> None:
    rules, mine = _eligible(data, name)
    state, answers = refold(rules, mine)
    standing = rules.standing(state)
    assert sum(points for points, _ in answers) == standing.score
    assert {reason for _, reason in answers} <= set(REASONS)
    assert all(points == 0 for points, reason in answers if reason in ("over_round_limit", "rolled_back"))
    assert standing.reached_at == 0 or standing.reached_at in {r.settled_at for r, _ in mine}
    if standing.score > 0:
        assert standing.reached_at


@pytest.mark.parametrize("name", METRICS)
@calm
@given(data=st.data())
def test_undo_is_as_if_it_had_never_been(name: str, data: st.DataObject) -> None:
    rules, mine = _eligible(data, name)
    assume(len(mine) >= 2)
    if not rules.ordered:
        mine = data.draw(st.permutations(mine))
    gone = data.draw(st.integers(0, len(mine) - 1))
    later = data.draw(st.integers(gone + 1, len(mine)))
    if rules.ordered:
        state, answers = refold(rules, mine)
        assert rules.unfold(state, *mine[gone], *answers[0]) is None
        return
    state, said = rules.fresh(), (0, "")
    for i, (round_, key) in enumerate(mine[:later]):
        state, points, reason = rules.fold(state, round_, key)
        said = (points, reason) if i == gone else said
    kept_as_it_was = json.dumps(state)
    undone = rules.unfold(state, *mine[gone], *said)
    assert json.dumps(state) == kept_as_it_was
    rest = [pair for i, pair in enumerate(mine[:later]) if i != gone]
    if undone is None:
        undone, _ = refold(rules, rest)
    assert rules.standing(undone) == rules.standing(refold(rules, rest)[0])
    for round_, key in mine[later:]:  # and what comes later lands on it as on the state that never knew it
        undone, _, _ = rules.fold(undone, round_, key)
    everything = [pair for i, pair in enumerate(mine) if i != gone]
    assert rules.standing(undone) == rules.standing(refold(rules, everything)[0])


@pytest.mark.parametrize("name", METRICS)
@calm
@given(data=st.data())
def test_states_are_json_of_64_bit_integers(name: str, data: st.DataObject) -> None:
    rules, mine = _eligible(data, name)
    state, _ = refold(rules, mine)

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item)
        else:
            assert type(node) is int
            assert -(1 << 63) <= node < 1 << 63

    walk(state)
    assert rules.standing(json.loads(json.dumps(state))) == rules.standing(state)


@calm
@given(data=st.data(), refill=st.booleans())
def test_first_n_without_refill_never_lets_a_later_round_up(data: st.DataObject, refill: bool) -> None:
    """Invariant 8: round N+1 does not count because an earlier one was rolled back, unless the rule says refill."""
    doc = {
        "schema": 1,
        "base": {"currency": "EUR", "exponent": 2},
        "scoring": {"metric": "round_count"},
        "firstN": {"rounds": 3, "refill": refill},
    }
    rules = compile_rules(doc)
    total = data.draw(st.integers(1, 8))
    back = data.draw(st.sets(st.integers(0, total - 1)))
    mine = [
        (
            Round(
                f"r{i}",
                0,
                ROLLED_BACK if i in back else 0,
                "b",
                "p",
                "g",
                "regular",
                "EUR",
                2,
                1,
                0,
                0,
                0,
                0,
                i,
                i,
                0,
            ),
            i,
        )
        for i in range(total)
    ]
    state, answers = refold(rules, mine)
    counted = {i for i, (_, reason) in enumerate(answers) if reason == "counted"}
    standing_ones = [i for i in range(total) if i not in back]
    expected = set(standing_ones[:3]) if refill else {i for i in standing_ones if i < 3}
    assert counted == expected
    assert rules.standing(state).score == len(expected)
