"""The life of a tournament as a table: (status, event) -> status. What is not in it is refused.

    draft -> scheduled -> registration -> running -> closing -> provisional -> review -> final -> paying -> settled
                                          running <-> paused
    draft, scheduled, registration -> cancelled          running .. review -> voided
    review, paying, settled -> (amend) a further version of the result

Late registration is a time inside `running`, not a status of its own. `docs/tournaments.md` shows the same picture.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pitboss.kernel.refusal import Refusal
from pitboss.tournaments.model import (
    BEFORE_START,
    CANCELLED,
    CLOSING,
    DRAFT,
    FINAL,
    NEVER,
    PAUSED,
    PAYING,
    PROVISIONAL,
    REFUNDING,
    REGISTRATION,
    REVIEW,
    RUNNING,
    SCHEDULED,
    SETTLED,
    STATUSES,
    VOIDED,
    Tournament,
)

PUBLISH, OPEN, START, CLOSE_LATE, END = "publish", "open", "start", "close_late", "end"
PAUSE, RESUME, FINISH, CANCEL, FALL_SHORT = "pause", "resume", "finish", "cancel", "fall_short"
RANK, SUBMIT, FINALISE, APPROVE, PAY, SETTLE = "rank", "submit", "finalise", "approve", "pay", "settle"
AMEND, VOID_REFUND, VOID_PAY = "amend", "void_refund", "void_pay"
EVENTS = (
    PUBLISH,
    OPEN,
    START,
    CLOSE_LATE,
    END,
    PAUSE,
    RESUME,
    FINISH,
    CANCEL,
    FALL_SHORT,
    RANK,
    SUBMIT,
    FINALISE,
    APPROVE,
    PAY,
    SETTLE,
    AMEND,
    VOID_REFUND,
    VOID_PAY,
)

TRANSITIONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        (DRAFT, PUBLISH): SCHEDULED,
        (DRAFT, CANCEL): CANCELLED,
        (SCHEDULED, OPEN): REGISTRATION,
        (SCHEDULED, CANCEL): CANCELLED,
        (REGISTRATION, START): RUNNING,
        (REGISTRATION, FALL_SHORT): CANCELLED,
        (REGISTRATION, CANCEL): CANCELLED,
        (RUNNING, CLOSE_LATE): RUNNING,
        (RUNNING, PAUSE): PAUSED,
        (RUNNING, END): CLOSING,
        (RUNNING, FINISH): CLOSING,
        (RUNNING, VOID_PAY): CLOSING,
        (RUNNING, VOID_REFUND): VOIDED,
        (PAUSED, RESUME): RUNNING,
        (PAUSED, END): CLOSING,
        (PAUSED, FINISH): CLOSING,
        (PAUSED, VOID_PAY): CLOSING,
        (PAUSED, VOID_REFUND): VOIDED,
        (CLOSING, RANK): PROVISIONAL,
        (CLOSING, VOID_REFUND): VOIDED,
        (PROVISIONAL, SUBMIT): REVIEW,
        (PROVISIONAL, FINALISE): FINAL,
        (PROVISIONAL, VOID_REFUND): VOIDED,
        (REVIEW, APPROVE): FINAL,
        (REVIEW, AMEND): REVIEW,
        (REVIEW, VOID_REFUND): VOIDED,
        (FINAL, PAY): PAYING,
        (PAYING, SETTLE): SETTLED,
        (PAYING, AMEND): PAYING,
        (SETTLED, AMEND): PAYING,
    }
)

_ENDED = (CLOSING, PROVISIONAL, REVIEW, FINAL, PAYING, SETTLED)
# Where an asked-for event has happened already, asking again is answered as the first time and changes nothing.
DONE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        PUBLISH: (SCHEDULED, REGISTRATION, RUNNING, PAUSED, *_ENDED),
        PAUSE: (PAUSED,),
        RESUME: (RUNNING,),
        FINISH: _ENDED,
        CANCEL: (CANCELLED,),
        VOID_REFUND: (VOIDED,),
        VOID_PAY: _ENDED,
        APPROVE: (FINAL, PAYING, SETTLED),
    }
)

HISTORY: Mapping[str, str] = MappingProxyType(
    {
        PUBLISH: "tournament.published",
        OPEN: "tournament.registration_opened",
        START: "tournament.started",
        CLOSE_LATE: "tournament.late_registration_closed",
        END: "tournament.closing",
        PAUSE: "tournament.paused",
        RESUME: "tournament.resumed",
        FINISH: "tournament.closing",
        CANCEL: "tournament.cancelled",
        FALL_SHORT: "tournament.cancelled",
        RANK: "tournament.provisional",
        SUBMIT: "tournament.review",
        FINALISE: "tournament.finalised",
        APPROVE: "tournament.finalised",
        PAY: "tournament.paying",
        SETTLE: "tournament.settled",
        AMEND: "result.amended",
        VOID_REFUND: "tournament.voided",
        VOID_PAY: "tournament.voided",
    }
)

ARCHIVE_AFTER_MS = 24 * 3_600_000  # so long late rounds of a settled tournament are still listed
RECHECK_MS = 5 * 60_000


def step(status: str, event: str) -> str:
    """The status after an event. TOURNAMENT_STATE names the statuses in which the event can happen."""
    after = TRANSITIONS.get((status, event))
    if after is None:
        allowed = [s for s in STATUSES if (s, event) in TRANSITIONS]
        raise Refusal(
            "TOURNAMENT_STATE",
            f"A tournament that is {status} cannot {event.replace('_', ' ')}; that takes {' or '.join(allowed)}.",
            facts={"tournamentStatus": status, "allowedIn": allowed},
        )
    return after


def already(status: str, event: str) -> bool:
    """Whether the event was asked for before and has had its effect."""
    return status in DONE.get(event, ())


def due_event(tournament: Tournament, now: int) -> str | None:
    """What the clock owes the tournament at `now`, from its own record alone; None if nothing yet.

    A bell that rings early finds nothing due; one that rings twice finds it done; one that rings late finds several
    due in turn.
    """
    spec, status = tournament.spec, tournament.status
    if status == SCHEDULED and now >= spec.opens_at:
        return OPEN
    if status == REGISTRATION and now >= spec.start_at:
        short = spec.on_short == "cancel_refund" and tournament.players < spec.min_players
        return FALL_SHORT if short else START
    if status in (RUNNING, PAUSED) and now >= spec.end_at:
        return END
    if status == RUNNING and not tournament.late_closed and now >= spec.late_until:
        return CLOSE_LATE
    return None


def next_due(tournament: Tournament, now: int) -> int:
    """When the clock must look again after the tournament became what it is; NEVER if only people can move it."""
    spec, status = tournament.spec, tournament.status
    if status == SCHEDULED:
        return spec.opens_at
    if status == REGISTRATION:
        return spec.start_at
    if status == RUNNING and not tournament.late_closed:
        return min(spec.late_until, spec.end_at)
    if status in (RUNNING, PAUSED):
        return spec.end_at
    if status == CLOSING:
        return tournament.grace_until
    if status in REFUNDING:
        return now if tournament.published_at and not tournament.refunded else NEVER
    if tournament.result_wanted > tournament.result_version or status in (PROVISIONAL, FINAL):
        return now
    if status == PAYING:
        return now if tournament.planned_version < tournament.result_version else now + RECHECK_MS
    if status == SETTLED and not tournament.archived:
        return tournament.settled_at + ARCHIVE_AFTER_MS
    return NEVER


def bells(tournament: Tournament) -> dict[str, int]:
    """The moments for which one-off schedules are made: name -> instant."""
    spec, status = tournament.spec, tournament.status
    found: dict[str, int] = {}
    if status == SCHEDULED:
        found["open"] = spec.opens_at
    if status in BEFORE_START:
        found["start"] = spec.start_at
    if status in (*BEFORE_START, RUNNING, PAUSED):
        if spec.start_at < spec.late_until < spec.end_at:
            found["late"] = spec.late_until
        found["end"] = spec.end_at
    if status in (*BEFORE_START, RUNNING, PAUSED, CLOSING):
        found["grace"] = tournament.grace_until
    return found


def check_may_have_result(status: str) -> None:
    """TOURNAMENT_STATE for what was cancelled or voided: whoever is told that a result is not ready comes back for it."""
    if status in REFUNDING:
        raise Refusal(
            "TOURNAMENT_STATE",
            f"The tournament was {status}; nobody is ranked, so it has no result.",
            facts={"tournamentStatus": status},
        )
