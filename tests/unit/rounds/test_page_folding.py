"""Folding into one page, case by case: what a page knows, what it asks its log for, and what it never does twice."""

from typing import Any

import pytest
from pitboss.rounds.codec import decode_page, encode_page
from pitboss.rounds.folding import MOST_HASHES, Folded, fold_page, latest_records
from pitboss.rounds.model import (
    LIVE_WINDOW_MS,
    Arrival,
    History,
    Live,
    NeedHistory,
    Page,
    Recorded,
    fingerprint,
    player_key,
    round_hash,
)
from pitboss.rounds.service import RECORD_BYTES, WAVE_BYTES, Work, waves
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
    """A page with its log, folded as the service does it: asked for history, it gives what it has."""

    def __init__(self, document: dict[str, Any], seat: Seat = SEAT) -> None:
        self.rules, self.seats = compile_rules(document), {KEY: seat}
        self.data = encode_page(Page())
        self.records: list[Recorded] = []
        self.asked: list[int] = []

    def send(self, *rounds: Round, now: int = START + 60_000) -> Folded:
        history = None
        while True:
            page = decode_page(self.data, 0, "", sealed=False)
            try:
                arrivals = [arrival(r) for r in rounds]
                folded = fold_page(page, arrivals, self.seats, self.rules, WINDOW, now=now, history=history)
            except NeedHistory as need:
                self.asked.append(need.since)
                history = History(need.since, list(self.records))
            else:
                self.data = encode_page(folded.page)
                self.records += folded.records
                return folded

    @property
    def page(self) -> Page:
        return decode_page(self.data, 0, "", sealed=False)

    def score(self, entry: int = 1) -> int:
        stint = next(s for s in self.seats[KEY].stints if s.entry_no == entry)
        return self.rules.standing(self.page.states[KEY][entry], stint).score


def test_the_same_message_counts_once_within_and_across_flushes() -> None:
    log = Log(SUM)
    assert log.send(round_("a"), round_("a")).counts == {"counted": 1, "duplicates": 1}
    assert log.send(round_("a")).counts == {"duplicates": 1}
    assert log.score() == 100
    assert log.asked == []


def test_other_content_under_the_same_revision_is_a_conflict_and_changes_nothing() -> None:
    log = Log(SUM)
    log.send(round_("a"))
    folded = log.send(round_("a", bet=999))
    assert [c.round.bet for c in folded.conflicts] == [999]
    assert folded.records == []
    assert log.score() == 100


def test_an_old_duplicate_is_looked_up_in_the_log() -> None:
    log = Log(SUM)
    log.send(round_("a"))
    log.send(round_("b", 1000 + 2 * LIVE_WINDOW_MS))
    assert log.page.horizon > START + 1000
    assert log.send(round_("a")).counts == {"duplicates": 1}
    assert len(log.asked) == 1
    assert log.send(round_("late", 2000)).counts == {"counted": 1}
    assert log.score() == 300


def test_a_round_ahead_of_our_clock_does_not_push_others_off_the_page() -> None:
    log = Log(SUM)
    now = START + 5_000
    log.send(round_("ahead", 290_000), round_("b", 4_000), now=now)
    assert log.page.horizon <= now
    log.send(round_("c", 4_500), now=now)
    assert log.asked == []
    assert log.send(round_("b", 4_000), round_("ahead", 290_000), now=now).counts == {"duplicates": 2}


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
    assert log.asked[-1] == 0


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
