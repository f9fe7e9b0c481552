"""Folding into one page, case by case: what a page knows, what it asks its log for, and what it never does twice."""

import json
from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.rounds.codec import decode_page, encode_page
from pitboss.rounds.folding import MOST_HASHES, Folded, LogDamagedError, joined
from pitboss.rounds.model import (
    KEYFRAME,
    LIVE_WINDOW_MS,
    MAX_RUNS,
    MAX_SLOTS,
    SLOT_MS,
    Arrival,
    Live,
    Page,
    Place,
    Recorded,
    Segment,
    Sheet,
    fingerprint,
    player_key,
    round_hash,
)
from pitboss.rounds.service import RECORD_BYTES, WAVE_BYTES, Work, World, advance, fold_with_history, waves
from pitboss.rounds.standing import latest_records
from pitboss.scoring.public import AMENDED, ROLLED_BACK, SETTLED, Round, Seat, Stint, Window, compile_rules

pytestmark = pytest.mark.unit
START = 1_800_000_000_000
WINDOW = Window(START, START + 3_600_000)
SUM = {"schema": 1, "base": {"currency": "EUR", "exponent": 2}, "scoring": {"metric": "total_wagered"}}
STREAK = {**SUM, "scoring": {"metric": "consecutive_wins"}}
FIRST_TWO = {**SUM, "firstN": {"rounds": 2}}
SEAT = Seat("E1", "aurora", "ann", "Ann", "active", START - 1, (Stint(1, START - 1),))
KEY = player_key("aurora", "ann")


def round_(name: str, after: int = 1000, *, bet: int = 100, win: int = 0, **changes: Any) -> Round:
    at = START + after
    plain = Round(
        name, 0, SETTLED, "aurora", "ann", "crash", "regular", "EUR", 2, bet, win, 0, 0, 0, at, at, 0
    )
    return plain._replace(**changes)


def arrival(r: Round) -> Arrival:
    return Arrival(r, round_hash("main", r.brand_id, r.player_id, r.round_id), fingerprint(r))


class Log:
    """A page with its log, folded as the service does it, and what was read of the log for it."""

    def __init__(self, document: dict[str, Any], seat: Seat = SEAT) -> None:
        self.rules, self.seats = compile_rules(document), {KEY: seat}
        self.live = Live("t", "T", "running", document, {}, *WINDOW[:2], WINDOW[1], (), (), (), 1, "EUR", 2)
        self.data, self.version = encode_page(Page()), 0
        self.segments: list[Segment] = []
        self.asked = 0  # times that the log was read
        self.read = 0  # segments that were read

    @property
    def records(self) -> list[Recorded]:
        return [r for s in self.segments for r in s.records]

    def send(self, *rounds: Round, now: int = START + 60_000) -> Folded:
        work = Work(self.live, 0, [arrival(r) for r in rounds], now)
        sheet = Sheet(0, self.page, self.seats)
        asked = self.asked
        folded, was = fold_with_history(work, sheet, cast(World, self), now)
        assert was == self.version
        assert self.asked <= asked + 1, "what is read is kept"
        if folded.records:
            advance(work, folded)
            states = (
                None if folded.keyframe is None else json.loads(json.dumps(list(folded.keyframe.items())))
            )
            keyframe = None if states is None else {k: {int(n): s for n, s in of.items()} for k, of in states}
            self.version = folded.page.version
            at = folded.page.updated_at
            self.segments.append(Segment(self.version, str(self.version), "", at, folded.records, keyframe))
            self.data = encode_page(folded.page)
        return folded

    def segments_back(self, _place: Place, _page: Page) -> Iterator[Segment]:
        self.asked += 1
        for segment in reversed(self.segments):
            self.read += 1
            yield segment

    def segments_at(self, _place: Place, _page: Page, runs: Any) -> list[Segment]:
        found = [s for s in self.segments if any(run[0] <= s.version <= run[1] for run in runs)]
        self.read += len(found)
        return found

    @property
    def page(self) -> Page:
        return decode_page(self.data, self.version, "", sealed=False)

    def score(self, entry: int = 1) -> int:
        stint = next(s for s in self.seats[KEY].stints if s.entry_no == entry)
        return self.rules.standing(self.page.states[KEY][entry], stint).score


def test_the_same_message_counts_once_within_and_across_flushes() -> None:
    log = Log(SUM)
    assert log.send(round_("a"), round_("a")).counts == {"counted": 1, "duplicates": 1}
    assert log.send(round_("a")).counts == {"duplicates": 1}
    assert log.score() == 100
    assert log.asked == 0


def test_other_content_under_the_same_revision_is_a_conflict_and_changes_nothing() -> None:
    log = Log(SUM)
    log.send(round_("a"))
    folded = log.send(round_("a", bet=999))
    assert [c.round.bet for c in folded.conflicts] == [999]
    assert folded.records == []
    assert log.score() == 100


def test_a_contradiction_of_a_round_that_left_the_page_is_a_conflict_all_the_same() -> None:
    log = Log(SUM)
    log.send(round_("a"))
    log.send(round_("b", 1000 + 2 * LIVE_WINDOW_MS))
    folded = log.send(round_("a", bet=999))
    assert [c.round.bet for c in folded.conflicts] == [999]
    assert folded.records == []
    assert log.score() == 200


def test_an_old_duplicate_is_looked_up_in_the_log() -> None:
    log = Log(SUM)
    log.send(round_("a"))
    log.send(round_("b", 1000 + 2 * LIVE_WINDOW_MS))
    assert log.page.horizon > START + 1000
    assert log.send(round_("a")).counts == {"duplicates": 1}
    assert (log.asked, log.read) == (0, 1)  # the one segment of its time, not the log from its end
    assert log.send(round_("late", 2000)).counts == {"counted": 1}
    assert log.score() == 300


def test_a_round_ahead_of_our_clock_does_not_push_others_off_the_page() -> None:
    log = Log(SUM)
    now = START + 5_000
    log.send(round_("ahead", 290_000), round_("b", 4_000), now=now)
    assert log.page.horizon <= now
    log.send(round_("c", 4_500), now=now)
    assert log.asked == 0
    assert log.send(round_("b", 4_000), round_("ahead", 290_000), now=now).counts == {"duplicates": 2}


@pytest.mark.parametrize("document", [SUM, STREAK, FIRST_TWO])
def test_of_contradicting_messages_in_one_flush_the_first_received_stands(document: dict[str, Any]) -> None:
    """Also where the rules go by order, and the contradiction puts the round before its first message."""
    log = Log(document)
    others = [round_("b", 2_000, win=300), round_("c", 8_000, win=300)]
    first, second = round_("a", 5_000, bet=100, win=300), round_("a", 1_000, bet=700)
    folded = log.send(others[0], first, second, others[1], first)
    assert folded.counts == {"counted": 3, "conflicts": 1, "duplicates": 1}
    assert [a.round for a in folded.conflicts] == [second]
    assert {r.round for r in log.records} == {first, *others}
    amended = first._replace(revision=1, status=AMENDED, bet=500)
    folded = log.send(amended, amended._replace(bet=900, settled_at=START + 500))
    assert [a.round.bet for a in folded.conflicts] == [900]
    assert latest_records(log.records)[-1].round.bet in (100, 500)
    assert {r.round.bet for r in latest_records(log.records)} == {100, 500}


def test_a_higher_revision_replaces_and_a_lower_one_is_outdated() -> None:
    log = Log(SUM)
    log.send(round_("a"))
    log.send(round_("a", revision=2, status=AMENDED, bet=700))
    assert log.score() == 700
    assert log.send(round_("a", revision=1, status=AMENDED, bet=300)).counts == {"outdated": 1}
    assert log.send(round_("a")).counts == {"outdated": 1}
    assert log.score() == 700


def test_a_rollback_ahead_of_its_round_waits_for_it_however_long() -> None:
    log = Log(SUM)
    rollback = round_("a", revision=1, status=ROLLED_BACK)
    log.send(rollback)
    log.send(round_("b", 1000 + 3 * LIVE_WINDOW_MS))
    assert log.page.orphans
    log.send(round_("a"))
    assert log.page.orphans == {}
    assert log.score() == 100
    assert log.send(round_("a"), rollback).counts == {"outdated": 1, "duplicates": 1}


def test_a_rollback_inside_a_streak_joins_what_it_stood_between() -> None:
    log = Log(STREAK)
    log.send(*[round_(n, at, win=win) for n, at, win in (("a", 1, 200), ("b", 2, 0), ("c", 3, 200))])
    assert log.score() == 1
    log.send(round_("b", 2, revision=1, status=ROLLED_BACK))
    assert log.score() == 2
    assert log.asked == 1


def test_a_late_round_is_put_in_its_place_in_a_streak() -> None:
    log = Log(STREAK)
    log.send(round_("a", 1, win=200), round_("c", 3, win=200))
    assert log.score() == 2
    log.send(round_("b", 2, win=0))
    assert log.score() == 1


def test_a_rolled_back_round_keeps_its_place_among_the_first_or_leaves_it() -> None:
    for refill, score in ((False, 100), (True, 500)):
        log = Log({**SUM, "firstN": {"rounds": 2, "refill": refill}})
        log.send(round_("a", 1), round_("b", 2), round_("c", 3, bet=400))
        assert log.score() == 200
        log.send(round_("a", 1, revision=1, status=ROLLED_BACK))
        assert log.score() == score


def test_an_add_on_lets_rounds_count_that_were_over_the_limit() -> None:
    log = Log(FIRST_TWO)
    log.send(round_("a", 1), round_("b", 2), round_("c", 3, bet=400))
    log.seats = {KEY: SEAT._replace(stints=(SEAT.stints[0]._replace(rounds_extra=1),))}
    log.send(round_("d", 4, bet=5))
    assert log.score() == 600


def test_a_correction_may_move_a_round_to_another_entry() -> None:
    seat = SEAT._replace(stints=(Stint(1, START - 1), Stint(2, START + 5_000)))
    for document in (SUM, STREAK):
        log = Log(document, seat)
        log.send(round_("a", 1_000, win=200))
        log.send(round_("a", 6_000, win=200, revision=1, status=AMENDED))
        assert log.score(1) == 0
        assert log.score(2) == (100 if document is SUM else 1)
        log.send(round_("a", 6_000, win=200, revision=2, status=ROLLED_BACK))
        assert (log.score(1), log.score(2)) == (0, 0)


def played(log: Log, flushes: int, *, lag: int = 0) -> None:
    """Flushes of two rounds every two seconds; with a lag, the second of them is that much older."""
    for n in range(flushes):
        moment = 2_000 * n + lag
        first = round_(f"f{n}", moment + 500, bet=1, win=2)
        log.send(first, round_(f"s{n}", moment + 600 - lag, bet=1, win=2), now=START + moment + 2_000)


def test_a_source_that_lags_is_looked_for_in_a_few_segments() -> None:
    log = Log(SUM)
    played(log, 100, lag=20_000)
    assert log.score() == 200
    before = log.read
    played_on = 2_000 * 100 + 20_000
    late = round_("s100", played_on + 600 - 20_000, bet=1)
    log.send(round_("f100", played_on + 500, bet=1), late, now=START + played_on + 2_000)
    # Its five seconds were folded by three flushes of the quick source and, ten flushes later, so far by one or two.
    assert 0 < log.read - before <= 8
    assert log.send(late, now=START + played_on + 4_000).counts == {"duplicates": 1}
    assert log.score() == 202


def test_a_segment_is_read_once_however_many_slots_it_has_rounds_of() -> None:
    log, slots = Log(SUM), 20
    for flush in range(6):
        before = log.read
        log.send(*(round_(f"r{flush}-{n}", n * SLOT_MS) for n in range(slots)), now=START + slots * SLOT_MS)
        assert log.read - before == flush, "the whole log, since every flush is of the whole time, and once"
    assert log.score() == 100 * 6 * slots


def test_a_late_round_of_a_time_when_nothing_was_folded_asks_for_nothing() -> None:
    log = Log(SUM)
    log.send(round_("a", 1_000))
    log.send(round_("b", 100_000))
    assert log.send(round_("c", 50_000)).counts == {"counted": 1}
    assert log.asked == 0
    assert log.send(round_("c", 50_000)).counts == {"duplicates": 1}


@given(st.lists(st.integers(1, 12), min_size=1, max_size=40))
def test_runs_cover_every_version_and_stay_few(steps: list[int]) -> None:
    """A version that no run covered would be a segment not read, and its rounds would count twice."""
    versions = list(accumulate(steps))
    runs: list[list[int]] = []
    for version in versions:
        joined(runs, version)
        assert len(runs) <= MAX_RUNS
    assert all(any(first <= version <= last for first, last in runs) for version in versions)
    assert [runs[0][0], runs[-1][1]] == [versions[0], versions[-1]]
    assert all(one[1] < two[0] for one, two in pairwise(runs))


def test_what_is_far_apart_is_joined_where_the_gap_is_least_and_bears_the_later_time() -> None:
    runs: list[list[int]] = []
    for version, at in ((10, 1), (20, 2), (40, 3), (46, 4), (60, 5)):
        joined(runs, version, at)
    assert runs == [[10, 10, 1], [20, 20, 2], [40, 46, 4], [60, 60, 5]]


def test_a_time_that_many_flushes_told_of_is_looked_for_in_all_of_them() -> None:
    log = Log(SUM)
    late = [round_(f"late{n}", 900 + n, bet=1) for n in range(3 * MAX_RUNS)]
    for n, one in enumerate(late):
        for k in range(4):
            moment = 30_000 + (4 * n + k) * SLOT_MS
            log.send(round_(f"r{n}.{k}", moment, bet=1), now=START + moment + 1_000)
        log.send(one, now=START + 30_000 + 4 * (n + 1) * SLOT_MS)
    assert log.score() == 5 * len(late)
    for one in late:
        assert log.send(one, now=START + 600_000).counts == {"duplicates": 1}
    assert log.score() == 5 * len(late)


def test_slots_are_forgotten_and_then_the_log_is_read_as_far_back_as_clocks_may_differ() -> None:
    log = Log(SUM)
    for n in range(MAX_SLOTS + 10):
        log.send(round_(f"r{n}", 1_000 + n * SLOT_MS, bet=1), now=START + 2_000 + n * SLOT_MS)
    assert len(log.page.slots) == MAX_SLOTS
    assert log.page.mapped > START
    assert log.send(round_("r3", 1_000 + 3 * SLOT_MS, bet=1)).counts == {"duplicates": 1}
    assert log.send(round_("new", 1_000 + 3 * SLOT_MS, bet=1)).counts == {"counted": 1}
    assert log.score() == MAX_SLOTS + 11


def test_a_round_whose_correction_came_first_and_elsewhere_is_outdated_however_late() -> None:
    log = Log(SUM)
    log.send(round_("a", 40_000, revision=1, status=AMENDED, bet=7))
    log.send(round_("b", 40_000 + 3 * LIVE_WINDOW_MS, bet=1))
    log.send(round_("c", 900, bet=1))  # its slot was folded as well
    assert log.send(round_("a", 1_000)).counts == {"outdated": 1}
    assert log.score() == 9


def test_swapped_arrivals_under_an_ordered_rule_read_back_to_the_last_keyframe() -> None:
    for many in (40, 200):
        log = Log(STREAK)
        played(log, many)
        moment = 2_000 * many
        log.send(round_("z", moment + 900, win=200), now=START + moment + 2_000)
        before = log.read
        log.send(round_("y", moment + 800, win=0), now=START + moment + 4_000)
        assert 0 < log.read - before <= KEYFRAME + 2
        assert log.score() == 2 * many


def test_a_rollback_of_the_latest_round_reads_back_to_the_last_keyframe() -> None:
    for many in (40, 200):
        log = Log(SUM)
        played(log, many)
        before, moment = log.read, 2_000 * many
        gone = round_(f"s{many - 1}", moment - 1_400, bet=1, win=2, revision=1, status=ROLLED_BACK)
        log.send(gone, now=START + moment)
        assert 0 < log.read - before <= KEYFRAME + 2
        assert log.score() == 2 * many - 1


def test_what_was_corrected_since_a_keyframe_is_not_taken_from_it() -> None:
    log = Log(SUM)
    played(log, KEYFRAME - 4)
    log.send(round_("old", 25_000, bet=1_000), now=START + 26_000)
    for n in range(8):
        log.send(round_(f"m{n}", 26_000 + n, bet=1), now=START + 27_000 + n)
    score = log.score()
    log.send(round_("old", 25_000, bet=10, revision=1, status=AMENDED), now=START + 28_000)
    log.send(round_("last", 26_500, bet=1), now=START + 29_000)
    log.send(round_("last", 26_500, bet=1, revision=1, status=ROLLED_BACK), now=START + 29_500)
    assert log.score() == score - 990


def test_a_log_that_lost_what_its_page_knows_stops_the_scorer() -> None:
    log = Log(SUM)
    log.send(round_("a"))
    log.segments.clear()
    with pytest.raises(LogDamagedError, match="its log does not"):
        log.send(round_("a", revision=1, status=ROLLED_BACK))


def test_who_is_not_seated_leaves_no_trace() -> None:
    log = Log(SUM)
    folded = log.send(round_("a", player_id="stranger"))
    assert folded.counts == {"not_registered": 1}
    assert folded.records == []


def test_a_disqualified_player_goes_on_collecting() -> None:
    log = Log(SUM, SEAT._replace(status="disqualified"))
    assert log.send(round_("a")).counts == {"counted": 1}
    assert log.score() == 100


def test_a_page_stays_an_item_when_every_round_bears_the_same_second() -> None:
    log = Log(SUM)
    for n in range(0, MOST_HASHES + 2_000, 2_000):
        log.send(*[round_(f"r{n + i}") for i in range(2_000)])
    assert len(log.data) < 300_000
    assert sum(map(len, log.page.recent.values())) <= MOST_HASHES
    assert log.send(round_("r0"), round_("r13999")).counts == {"duplicates": 2}
    assert log.score() == 100 * (MOST_HASHES + 2_000)


def test_the_log_is_read_by_revision_and_not_by_place() -> None:
    log = Log(SUM)
    log.send(round_("a", revision=1, status=AMENDED, bet=300))
    newest = log.records[-1]
    stray = newest._replace(round=round_("a"), content_revision=0, fingerprint=1)
    assert [r.round.bet for r in latest_records([newest, stray])] == [300]


def test_work_is_cut_where_a_segment_would_burst() -> None:
    live = Live(
        "t", "T", "running", SUM, {}, WINDOW.start_at, WINDOW.end_at, WINDOW.end_at, (), (), (), 1, "EUR", 2
    )
    rounds = [arrival(round_(f"{n:05d}" + "界" * 95)) for n in range(3_000)]
    cut = list(waves([Work(live, 0, rounds), Work(live, 1, rounds[:5])]))
    assert [a for wave in cut for w in wave if w.number == 0 for a in w.arrivals] == rounds
    assert [a for wave in cut for w in wave if w.number == 1 for a in w.arrivals] == rounds[:5]
    for wave in cut:
        for w in wave:
            ids = sum(len(a.round.round_id.encode()) + RECORD_BYTES for a in w.arrivals)
            assert 0 < ids <= WAVE_BYTES
    assert list(waves([])) == []
