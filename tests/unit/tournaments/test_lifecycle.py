"""The life of a tournament: every pair of status and event, and what the clock owes at any moment."""

from dataclasses import replace
from itertools import product

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.scoring.public import MAX_INSTANT
from pitboss.tournaments import lifecycle as life
from pitboss.tournaments.model import STATUSES, Actor, Spec, Tournament
from pitboss.tournaments.rules import changed, happen

pytestmark = pytest.mark.unit

HOUR = 3_600_000
SPEC = Spec(
    name="x",
    start_at=10 * HOUR,
    end_at=20 * HOUR,
    opens_at=5 * HOUR,
    late_until=15 * HOUR,
    currency="EUR",
    exponent=2,
    rules={"schema": 1},
    ranking={},
    prizes=None,
    grace_ms=60_000,
)


def tournament(status: str, **more: object) -> Tournament:
    return Tournament("op", "T", 1, status, SPEC, 0, "key", **more)  # type: ignore[arg-type]


def at(now: int) -> Actor:
    return Actor("key", "req", now)


# Written out by hand, not derived from the table: a slip in the table must show here.
ALLOWED = {
    "draft": {"publish": "scheduled", "cancel": "cancelled"},
    "scheduled": {"open": "registration", "cancel": "cancelled"},
    "registration": {"start": "running", "fall_short": "cancelled", "cancel": "cancelled"},
    "running": {
        "close_late": "running",
        "pause": "paused",
        "end": "closing",
        "finish": "closing",
        "void_pay": "closing",
        "void_refund": "voided",
    },
    "paused": {
        "resume": "running",
        "end": "closing",
        "finish": "closing",
        "void_pay": "closing",
        "void_refund": "voided",
    },
    "closing": {"rank": "provisional", "void_refund": "voided"},
    "provisional": {"submit": "review", "finalise": "final", "void_refund": "voided"},
    "review": {"approve": "final", "amend": "review", "void_refund": "voided"},
    "final": {"pay": "paying"},
    "paying": {"settle": "settled", "amend": "paying"},
    "settled": {"amend": "paying"},
    "cancelled": {},
    "voided": {},
}


@pytest.mark.parametrize(("status", "event"), list(product(STATUSES, life.EVENTS)))
def test_every_pair_of_status_and_event(status: str, event: str) -> None:
    expected = ALLOWED[status].get(event)
    if expected is None:
        with pytest.raises(Refusal) as refused:
            life.step(status, event)
        assert refused.value.name == "TOURNAMENT_STATE"
        assert status not in refused.value.facts["allowedIn"]
    else:
        assert life.step(status, event) == expected
        assert event in life.HISTORY


def test_every_status_can_be_reached_and_left_but_for_the_ends() -> None:
    reached = {"draft"}
    for _ in STATUSES:
        reached |= {after for (before, _), after in life.TRANSITIONS.items() if before in reached}
    assert reached == set(STATUSES)
    ends = set(STATUSES) - {before for before, _ in life.TRANSITIONS}
    assert ends == {"cancelled", "voided"}


@pytest.mark.parametrize("event", list(life.DONE))
def test_what_was_asked_before_is_recognised_where_it_leads(event: str) -> None:
    for before, after in [(b, a) for (b, e), a in life.TRANSITIONS.items() if e == event]:
        assert life.already(after, event), f"{event} from {before} ends in {after}"
        assert not life.already(before, event)


def test_the_clock_owes_each_event_at_its_moment_and_not_before() -> None:
    for status, moment, event in [
        ("scheduled", SPEC.opens_at, "open"),
        ("registration", SPEC.start_at, "start"),
        ("running", SPEC.late_until, "close_late"),
        ("paused", SPEC.end_at, "end"),
    ]:
        assert life.due_event(tournament(status), moment - 1) is None
        assert life.due_event(tournament(status), moment) == event
        assert life.next_due(tournament(status), 0) == moment


def test_a_late_bell_finds_all_it_missed_in_turn() -> None:
    found, events = tournament("scheduled"), []
    now = SPEC.end_at + 5
    while (event := life.due_event(found, now)) is not None:
        found, told = happen(found, event, at(now))
        events.append(told.type)
    assert found.status == "closing"
    assert events == [
        "tournament.registration_opened",
        "tournament.started",
        "tournament.closing",
    ]
    # The end stays as announced however late the bell.
    assert found.spec.end_at == SPEC.end_at
    assert found.due_at == found.grace_until
    assert life.due_event(found, now) is None


@pytest.mark.parametrize(
    ("on_short", "players", "expected"),
    [("cancel_refund", 1, "cancelled"), ("cancel_refund", 2, "running"), ("start", 0, "running")],
)
def test_too_few_players_at_the_start(on_short: str, players: int, expected: str) -> None:
    spec = replace(SPEC, min_players=2, on_short=on_short)
    found = replace(tournament("registration", players=players), spec=spec)
    event = life.due_event(found, SPEC.start_at)
    assert event is not None
    after, told = happen(found, event, at(SPEC.start_at))
    assert after.status == expected
    if expected == "cancelled":
        assert told.data["reason"] == "min_players"


def test_a_pause_is_closed_by_resume_and_by_the_end() -> None:
    running = tournament("running", late_closed=True)
    paused, _ = happen(running, "pause", at(12 * HOUR))
    assert paused.pauses == ((12 * HOUR, MAX_INSTANT),)
    resumed, _ = happen(paused, "resume", at(13 * HOUR))
    assert resumed.pauses == ((12 * HOUR, 13 * HOUR),)
    again, _ = happen(resumed, "pause", at(14 * HOUR))
    ended, _ = happen(again, "end", at(SPEC.end_at + 9))
    assert ended.pauses == ((12 * HOUR, 13 * HOUR), (14 * HOUR, SPEC.end_at))


def test_finishing_early_moves_the_end_and_the_grace() -> None:
    ended, told = happen(tournament("running"), "finish", at(12 * HOUR))
    assert ended.spec.end_at == 12 * HOUR
    assert ended.spec.late_until == 12 * HOUR
    assert ended.grace_until == 12 * HOUR + 60_000
    assert told.data["endTime"] == "1970-01-01T12:00:00Z"


def test_the_grace_bell_follows_the_end() -> None:
    assert set(life.bells(tournament("scheduled"))) == {"open", "start", "late", "end", "grace"}
    assert set(life.bells(tournament("closing"))) == {"grace"}
    assert life.bells(tournament("settled")) == {}


NOW = 30 * HOUR
LOOKED_AT = [
    ("draft", {}, life.NEVER),
    ("scheduled", {}, 5 * HOUR),
    ("registration", {}, 10 * HOUR),
    ("running", {}, 15 * HOUR),
    ("running", {"late_closed": True}, 20 * HOUR),
    ("paused", {}, 20 * HOUR),
    ("closing", {}, 20 * HOUR + 60_000),
    ("provisional", {"result_wanted": 1, "result_version": 1}, NOW),
    ("review", {"result_wanted": 1, "result_version": 1}, life.NEVER),  # a person's turn
    ("review", {"result_wanted": 2, "result_version": 1}, NOW),
    ("final", {"result_wanted": 1, "result_version": 1}, NOW),
    ("paying", {"result_wanted": 1, "result_version": 1}, NOW),  # payouts are not planned yet
    ("paying", {"result_wanted": 1, "result_version": 1, "planned_version": 1}, NOW + life.RECHECK_MS),
    ("paying", {"result_wanted": 2, "result_version": 1, "planned_version": 1}, NOW),
    ("settled", {"settled_at": 25 * HOUR}, 25 * HOUR + life.ARCHIVE_AFTER_MS),
    ("settled", {"settled_at": 25 * HOUR, "archived": True}, life.NEVER),
    ("settled", {"result_wanted": 2, "result_version": 1, "archived": True}, NOW),  # amended later
    ("cancelled", {}, life.NEVER),  # never published: nobody paid
    ("cancelled", {"published_at": 1}, NOW),
    ("cancelled", {"published_at": 1, "refunded": True}, life.NEVER),
    ("voided", {"published_at": 1}, NOW),
    ("voided", {"published_at": 1, "refunded": True}, life.NEVER),
]


@pytest.mark.parametrize(("status", "more", "due"), LOOKED_AT)
def test_whoever_has_money_to_move_is_looked_at_again(status: str, more: dict[str, object], due: int) -> None:
    """A tournament that the clock forgot would keep its players' refunds or prizes for ever."""
    assert life.next_due(tournament(status, **more), NOW) == due


def test_every_status_says_when_the_clock_looks_again() -> None:
    assert {status for status, _, _ in LOOKED_AT} == set(STATUSES)


def test_late_registration_is_closed_once_and_has_a_bell_only_inside_the_play() -> None:
    running = tournament("running")
    assert life.due_event(running, 15 * HOUR) == "close_late"
    assert life.due_event(replace(running, late_closed=True), 15 * HOUR) is None
    for late in (SPEC.start_at, SPEC.end_at):
        assert "late" not in life.bells(replace(running, spec=replace(SPEC, late_until=late)))


def test_rules_are_fixed_at_publication_and_dates_at_the_start() -> None:
    published = tournament("registration", published_at=1)
    with pytest.raises(Refusal) as refused:
        changed(published, replace(SPEC, rules={"schema": 2}, guarantee=5), 0)
    assert refused.value.name == "RULES_IMMUTABLE"
    assert {error.pointer for error in refused.value.errors} == {"rules", "guarantee"}
    moved = changed(published, replace(SPEC, start_at=11 * HOUR, name="y"), 0)
    assert moved.version == 2
    assert moved.due_at == 11 * HOUR
    with pytest.raises(Refusal) as refused:
        changed(tournament("running"), replace(SPEC, end_at=30 * HOUR), 0)
    assert [error.pointer for error in refused.value.errors] == ["endTime"]
    assert changed(tournament("draft"), replace(SPEC, rules={"schema": 2}), 0).spec.rules == {"schema": 2}


def test_capacity_cannot_fall_below_the_seats_taken() -> None:
    with pytest.raises(Refusal) as refused:
        changed(tournament("registration", seats=7), replace(SPEC, max_players=6), 0)
    assert [error.pointer for error in refused.value.errors] == ["maxPlayers"]
