"""Exactly once, whatever happens: random tournaments, dirty feeds, two scorers, and death at every single write.

Each world is random by its number alone, which is in the failure. PITBOSS_WORLDS asks for more of them.
"""

import os
import random
from collections import Counter
from functools import partial
from typing import Any

import pytest
from pitboss.rounds import parts, service
from pitboss.rounds.codec import encode_batch
from pitboss.rounds.folding import standings_of
from pitboss.rounds.history import all_records
from pitboss.rounds.model import Live, player_key, round_hash
from pitboss.rounds.store import InboxItem
from pitboss.scoring.public import (
    ROLLED_BACK,
    SETTLED,
    Round,
    Row,
    Seat,
    Stint,
    compile_rules,
    naive_standings,
    rank,
    validate_rules,
)

from tests.simulation.arena import Arena, Crash

pytestmark = pytest.mark.simulation

WORLDS = int(os.environ.get("PITBOSS_WORLDS", "240"))
START = 1_790_000_000_000
END = START + 600_000
PLAYERS = ("ann", "bob", "cyd")
METRICS: tuple[dict[str, Any], ...] = (
    {"metric": "total_wagered"},
    {"metric": "net_win"},
    {"metric": "win_count"},
    {"metric": "biggest_win"},
    {"metric": "biggest_multiplier"},
    {"metric": "sum_multipliers"},
    {"metric": "bet_points", "per": 70, "points": 3},
    {"metric": "wins_at_least", "multiple": 20_000},
    {"metric": "consecutive_wins"},
    {"metric": "best_n", "n": 3, "of": {"metric": "total_won"}},
    {"metric": "best_n_consecutive", "n": 3, "of": {"metric": "total_won"}},
    {"metric": "first_to_target", "target": 500, "of": {"metric": "total_wagered"}},
    {
        "metric": "weighted",
        "parts": [
            {"weight": 10_000, "rule": {"metric": "total_wagered"}},
            {"weight": -5_000, "rule": {"metric": "total_won"}},
        ],
    },
)


def rules_of(rng: random.Random) -> dict[str, Any]:
    doc: dict[str, Any] = {
        "schema": 1,
        "base": {"currency": "EUR", "exponent": 2},
        "scoring": rng.choice(METRICS),
        "entries": rng.choice(("best", "last", "sum")),
    }
    if rng.random() < 0.3:
        doc["firstN"] = {"rounds": rng.randint(2, 6), "refill": rng.random() < 0.5}
    if doc["scoring"]["metric"] == "first_to_target" and doc["entries"] == "sum":
        doc["entries"] = "best"  # a race cannot add up several entries
    assert validate_rules(doc) == []
    return doc


def seats_of(rng: random.Random) -> dict[str, Seat]:
    seats = {}
    for name in PLAYERS:
        stints = [Stint(1, START)]
        if rng.random() < 0.3:
            stints.append(Stint(2, START + rng.randrange(20_000, 60_000)))
        status = "disqualified" if rng.random() < 0.1 else "active"
        seats[player_key("b", name)] = Seat(f"e-{name}", "b", name, name, status, START, tuple(stints))
    return seats


def feed_of(rng: random.Random, *, contradict: bool) -> list[Round]:
    """Rounds as a tired network delivers them: twice, swapped, late, corrected, taken back, contradicted."""
    sent: list[tuple[float, Round]] = []
    step = rng.choice((400, 3_000))
    for number in range(rng.randint(6, 28)):
        at = START + number * step + rng.randrange(-2_000, 200)
        bet, win = rng.choice((50, 100, 200)), rng.choice((0, 0, 100, 300, 700))
        who = rng.choice((*PLAYERS, "nobody"))
        first = Round(
            f"r{number}",
            0,
            SETTLED,
            "b",
            who,
            "slot",
            "regular",
            "EUR",
            2,
            bet,
            win,
            0,
            0,
            0,
            at - 300,
            at,
            0,
        )
        sent.append((at + rng.choice((0, 0, 0, 4_000, 45_000)), first))
        if rng.random() < 0.3:
            sent.append((at + rng.choice((10, 2_000, 70_000)), first))
        for revision in (1, 2):
            if rng.random() < 0.2:
                status = rng.choice((1, ROLLED_BACK))
                later = first._replace(revision=revision, status=status, bet=bet + revision)
                sent.append((at + rng.choice((-3_000, 500, 20_000, 90_000)), later))
        if rng.random() < 0.06 and contradict:
            sent.append((at + rng.choice((100, 40_000)), first._replace(win=999)))
    sent.sort(key=lambda pair: pair[0])
    return [round_ for _, round_ in sent]


class Tournament:
    """A world by its number."""

    def __init__(self, number: int, *, contradict: bool = True) -> None:
        rng = random.Random(number)
        pauses = ((START + 9_000, START + 14_000),) if rng.random() < 0.3 else ()
        self.live = Live(
            tenant_id="T",
            tournament_id="01AAAAAAAAAAAAAAAAAAAAAAAA",
            status="running",
            rules=rules_of(rng),
            ranking={"ties": rng.choice(("earliest", "shared"))},
            start_at=START,
            end_at=END,
            grace_until=END + 60_000,
            pauses=pauses,
            brands=("b",),
            games=(),
            pages=rng.choice((1, 2)),
            currency="EUR",
            exponent=2,
        )
        self.seats = seats_of(rng)
        self.feed = feed_of(rng, contradict=contradict)
        self.batches: list[list[Round]] = []
        at = 0
        while at < len(self.feed):
            size = rng.randint(1, 6)
            self.batches.append(self.feed[at : at + size])
            at += size
        self.rng = rng

    def deliver(self, arena: Arena, batch: list[Round]) -> None:
        now = max(r.settled_at for r in batch)
        item = InboxItem("T", "casino", "x", now, encode_batch(batch))
        for wave in service.waves(service.spread([arena.live], [item])):
            service.flush(wave, arena, now=now)

    def truth(self) -> list[Any]:
        pairs = [(r, round_hash("casino", r.brand_id, r.player_id, r.round_id)) for r in self.feed]
        standings = naive_standings(
            self.live.rules, list(self.seats.values()), pairs, self.live.window, self.live.ranking
        )
        return [
            (r.rank, r.entry_id, r.score, r.reached_at, r.rounds) for r in standings if r.status == "active"
        ]

    def ranks(self, states: dict[str, dict[int, list[Any]]]) -> list[Any]:
        rules = compile_rules(self.live.rules)
        rows = []
        for key, seat in self.seats.items():
            s = standings_of(rules, seat, states.get(key, {}))
            rows.append(
                Row(
                    seat.entry_id,
                    "b",
                    seat.player_id,
                    s.score,
                    s.reached_at,
                    seat.status,
                    s.qualified,
                    s.rounds,
                )
            )
        ranked = rank(rows, self.live.ranking)
        return [(r.rank, r.entry_id, r.score, r.reached_at, r.rounds) for r in ranked if r.status == "active"]

    def board(self, arena: Arena) -> list[Any]:
        states: dict[str, dict[int, list[Any]]] = {}
        for number in range(arena.live.layout.pages):
            states |= arena.page(arena.place(number)).states
        return self.ranks(states)

    def result(self, arena: Arena) -> list[Any]:
        states: dict[str, dict[int, list[Any]]] = {}
        for number in range(arena.live.layout.pages):
            sheet = arena.sheet(arena.place(number))
            log = all_records(arena.segments_back(arena.place(number), sheet.page))
            own = [r for r in log if player_key(r.round.brand_id, r.round.player_id) in sheet.seats]
            states |= parts.states_from(self.live, sheet.seats, own, Counter())
        return self.ranks(states)


@pytest.mark.parametrize("block", range(8))
def test_dirty_feeds_and_redelivery(block: int) -> None:
    """Pages, and the log judged anew, equal the naive recomputation of the distinct rounds."""
    for number in range(block, WORLDS, 8):
        world = Tournament(number)
        arena = Arena(world.live, world.seats)
        for batch in world.batches:
            world.deliver(arena, batch)
            if world.rng.random() < 0.2:
                world.deliver(arena, batch)
            if world.rng.random() < 0.15:
                arena.split(START)
        assert world.board(arena) == world.truth(), f"world {number}: the board"
        assert world.result(arena) == world.truth(), f"world {number}: the log"


@pytest.mark.parametrize("block", range(8))
def test_death_before_and_after_every_write(block: int) -> None:
    """The stream delivers the batch again; nothing is lost and nothing doubled, wherever it died."""
    deaths = 0
    for number in range(1000 + block, 1000 + WORLDS // 8, 8):
        world = Tournament(number)
        crash_at = 0
        while True:
            arena = Arena(world.live, world.seats)
            arena.crash_at = crash_at
            died = False
            for place, batch in enumerate(world.batches):
                while True:
                    try:
                        if number % 2 and place % 4 == 1 and arena.live.layout.pages < world.live.pages + 3:
                            arena.split(START)
                        world.deliver(arena, batch)
                        break
                    except Crash:
                        died = True
            assert world.board(arena) == world.truth(), f"world {number}, death at {crash_at}"
            assert world.result(arena) == world.truth(), f"world {number}, death at {crash_at}"
            if not died:
                break
            deaths += 1
            crash_at += 1
    assert deaths > 50


def test_a_page_that_is_split_between_the_reading_and_the_write() -> None:
    """The scorer finds the page changed, looks up where its players are now, and folds them there."""
    for number in range(2500, 2500 + WORLDS // 4):
        world = Tournament(number)
        arena = Arena(world.live, world.seats)
        for batch in world.batches:
            if world.rng.random() < 0.3:
                arena.rival = partial(arena.split, START)
            world.deliver(arena, batch)
            arena.rival = None
        assert world.board(arena) == world.truth(), f"world {number}"
        assert world.result(arena) == world.truth(), f"world {number}"


def test_a_scorer_with_an_old_layout_finds_everybody() -> None:
    """Its idea of the pages is as old as the tournament, and every batch is spread by it."""
    for number in range(2700, 2700 + WORLDS // 4):
        world = Tournament(number)
        arena = Arena(world.live, world.seats)
        for batch in world.batches:
            now = max(r.settled_at for r in batch)
            item = InboxItem("T", "casino", "x", now, encode_batch(batch))
            for wave in service.waves(service.spread([world.live], [item])):
                service.flush(wave, arena, now=now)
            if world.rng.random() < 0.3:
                arena.split(START)
        assert world.board(arena) == world.truth(), f"world {number}"
        assert world.result(arena) == world.truth(), f"world {number}"


@pytest.mark.parametrize("block", range(4))
def test_two_scorers_on_one_page(block: int) -> None:
    """A second scorer takes the same batch (or the next) between the read and the write of the first."""
    met = 0
    for number in range(2000 + block, 2000 + WORLDS // 2, 4):
        # Of two contradicting messages the first one folded stands, and here that is not the first one sent.
        world = Tournament(number, contradict=False)
        arena = Arena(world.live, world.seats)
        for place, batch in enumerate(world.batches):
            if world.rng.random() < 0.5:
                other = world.batches[min(place + world.rng.randint(0, 1), len(world.batches) - 1)]
                arena.rival = partial(world.deliver, arena, other)
                met += 1
            world.deliver(arena, batch)
            arena.rival = None
        assert world.board(arena) == world.truth(), f"world {number}"
        assert world.result(arena) == world.truth(), f"world {number}"
    assert met


def test_of_two_contradictions_only_the_one_that_does_not_stand_is_listed() -> None:
    """Another scorer folds the second of them between the read and the write: what the first attempt took for the
    contradiction is what stands."""
    world = Tournament(4243)
    world.seats = {k: s._replace(status="active", stints=(Stint(1, START),)) for k, s in world.seats.items()}
    arena = Arena(world.live, world.seats)
    one = world.feed[0]._replace(
        player_id="ann", settled_at=START + 1_000, started_at=START + 900, status=SETTLED, revision=0
    )
    other = one._replace(win=one.win + 5)
    arena.rival = partial(world.deliver, arena, [other])
    world.deliver(arena, [one, other])
    (record,) = all_records(arena.segments_back(arena.place(0), arena.page(arena.place(0)))) or all_records(
        arena.segments_back(arena.place(1), arena.page(arena.place(1)))
    )
    assert record.round == other
    assert [a.round for a in arena.conflicts.values()] == [one]


def test_a_contradiction_is_listed_wherever_the_scorer_died() -> None:
    """The page is written before the list; the batch comes again, and the contradiction is found again."""
    world = Tournament(4244)
    world.seats = {k: s._replace(status="active", stints=(Stint(1, START),)) for k, s in world.seats.items()}
    one = world.feed[0]._replace(
        player_id="ann", settled_at=START + 1_000, started_at=START + 900, status=SETTLED, revision=0
    )
    deaths = 0
    for crash_at in range(100):
        arena = Arena(world.live, world.seats)
        arena.crash_at = crash_at
        try:
            world.deliver(arena, [one, one._replace(win=one.win + 5)])
        except Crash:
            deaths += 1
            world.deliver(arena, [one, one._replace(win=one.win + 5)])
        assert [a.round.win for a in arena.conflicts.values()] == [one.win + 5], f"death at {crash_at}"
    assert deaths >= 6


def test_sealed_pages_take_nothing_more_and_list_what_came_late() -> None:
    """After the seal: duplicates are silent, new rounds are listed once, and not a point moves."""
    for number in range(3000, 3000 + WORLDS // 4):
        world = Tournament(number)
        arena = Arena(world.live, world.seats)
        for batch in world.batches:
            world.deliver(arena, batch)
        for page_number in range(world.live.pages):
            page = arena.page(arena.place(page_number))
            was, page.version, page.sealed = page.version, page.version + 1, True
            assert arena.put_page(arena.place(page_number), page, was)
        before = dict(arena.pages)
        late = world.feed[0]._replace(
            round_id="late", player_id="ann", settled_at=START + 5_000, started_at=START
        )
        for batch in ([late], *world.batches, [late]):
            world.deliver(arena, batch)
        assert arena.pages == before, f"world {number}"
        assert [a.round.round_id for a in arena.late.values()] == ["late"], f"world {number}"
        assert world.result(arena) == world.truth(), f"world {number}"


def test_a_page_sealed_between_two_reads_of_one_fold_stays_sealed() -> None:
    """The correction needs the log, and the seal falls between the reads: it is listed, not folded."""
    world = Tournament(4242)
    world.seats = {k: s._replace(status="active", stints=(Stint(1, START),)) for k, s in world.seats.items()}
    arena = Arena(world.live, world.seats)
    base = world.feed[0]._replace(
        player_id="ann", settled_at=START + 1_000, started_at=START + 900, status=SETTLED
    )
    world.deliver(arena, [base._replace(round_id="a", revision=0)])
    world.deliver(
        arena, [base._replace(round_id="b", revision=0, settled_at=START + 90_000, started_at=START)]
    )
    reads = arena.read_sheets

    def seal_then_read(places: Any) -> Any:
        found = reads(places)
        arena.read_sheets = reads  # type: ignore[method-assign]
        for place in places:
            page = arena.page(place)
            was, page.version, page.sealed = page.version, page.version + 1, True
            arena.put_page(place, page, was)
        return found

    arena.read_sheets = seal_then_read  # type: ignore[method-assign]
    world.deliver(arena, [base._replace(round_id="a", revision=1, status=1, bet=999)])
    assert [a.round.round_id for a in arena.late.values()] == ["a"]
