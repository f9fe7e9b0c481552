"""Decisions over tournaments and entries: state and request in, next state (or a refusal) out. No clock, no storage."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pitboss.kernel.canonical import digest
from pitboss.kernel.instants import format_instant
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.scoring.public import MAX_INSTANT
from pitboss.tournaments.lifecycle import (
    APPROVE,
    CANCEL,
    CLOSE_LATE,
    END,
    FALL_SHORT,
    FINALISE,
    FINISH,
    HISTORY,
    PAUSE,
    PUBLISH,
    RESUME,
    SETTLE,
    START,
    VOID_PAY,
    VOID_REFUND,
    next_due,
    step,
)
from pitboss.tournaments.model import (
    BEFORE_START,
    DRAFT,
    REGISTRATION,
    RUNNING,
    Actor,
    Event,
    Spec,
    Tournament,
)

LIVE_FIELDS = ("name", "external_ref", "approval", "max_players", "expected_players")
SCHEDULE_FIELDS = ("start_at", "end_at", "opens_at", "late_until", "min_players", "on_short", "grace_ms")


def happen(before: Tournament, event: str, actor: Actor, reason: str = "") -> tuple[Tournament, Event]:
    """The tournament after a lifecycle event, and what its history says. TOURNAMENT_STATE if it cannot happen."""
    now = actor.now
    after = replace(before, status=step(before.status, event), version=before.version + 1)
    data: dict[str, Any] = {"from": before.status, "to": after.status}
    if reason:
        after, data["reason"] = replace(after, reason=reason), reason
    effect = _EFFECTS.get(event)
    if effect is not None:
        after, told = effect(after, actor)
        data |= told
    return replace(after, due_at=next_due(after, now)), Event(HISTORY[event], data)


type _Effect = Callable[[Tournament, Actor], tuple[Tournament, dict[str, Any]]]


def _publish(after: Tournament, actor: Actor) -> tuple[Tournament, dict[str, Any]]:
    hashes = digest(after.spec.rules), digest(after.spec.prizes or {})
    after = replace(after, published_at=actor.now, rule_set_hash=hashes[0], prize_table_hash=hashes[1])
    return after, {"ruleSetHash": hashes[0], "prizeTableHash": hashes[1]}


def _fall_short(after: Tournament, actor: Actor) -> tuple[Tournament, dict[str, Any]]:
    after = replace(after, reason="min_players", ended_at=actor.now)
    return after, {"reason": "min_players", "players": after.players, "minPlayers": after.spec.min_players}


def _end(after: Tournament, actor: Actor) -> tuple[Tournament, dict[str, Any]]:
    after = _ended(after, actor.now)
    return after, {"endTime": format_instant(after.spec.end_at)}


def _void(policy: str) -> _Effect:
    def effect(after: Tournament, actor: Actor) -> tuple[Tournament, dict[str, Any]]:
        after = replace(after, void_policy=policy)
        if policy == "pay_current":
            return _ended(after, actor.now), {"policy": policy}
        return _unpaused(replace(after, ended_at=actor.now), actor.now), {"policy": policy}

    return effect


def check_seen(tournament: Tournament, version: int) -> None:
    """VERSION_CONFLICT where another version of the result stands than somebody has read."""
    if version != tournament.result_version:
        raise Refusal(
            "VERSION_CONFLICT",
            f"Version {tournament.result_version} of the result stands; read that one, then approve it.",
            facts={"resultVersion": tournament.result_version},
        )


def _approve(after: Tournament, actor: Actor) -> tuple[Tournament, dict[str, Any]]:
    if after.result_wanted > after.result_version:
        # Nobody has seen the version that would be paid.
        raise Refusal(
            "RESULT_NOT_READY",
            f"Version {after.result_wanted} of the result is being made; read that one, then approve.",
            facts={"resultVersion": after.result_version, "wantedVersion": after.result_wanted},
            retry_after_s=5,
        )
    return replace(after, finalised_at=actor.now, approved_by=actor.name), {}


_EFFECTS: Mapping[str, _Effect] = {
    PUBLISH: _publish,
    START: lambda after, actor: (replace(after, started_at=actor.now), {}),
    CLOSE_LATE: lambda after, _: (replace(after, late_closed=True), {}),
    PAUSE: lambda after, actor: (replace(after, pauses=(*after.pauses, (actor.now, MAX_INSTANT))), {}),
    RESUME: lambda after, actor: (_unpaused(after, actor.now), {}),
    END: _end,
    FINISH: _end,
    VOID_PAY: _void("pay_current"),
    VOID_REFUND: _void("refund"),
    CANCEL: lambda after, actor: (replace(after, ended_at=actor.now), {}),
    FALL_SHORT: _fall_short,
    FINALISE: lambda after, actor: (replace(after, finalised_at=actor.now), {}),
    APPROVE: _approve,
    SETTLE: lambda after, actor: (replace(after, settled_at=actor.now), {}),
}


def _unpaused(tournament: Tournament, at: int) -> Tournament:
    if not tournament.pauses or tournament.pauses[-1][1] != MAX_INSTANT:
        return tournament
    start = tournament.pauses[-1][0]
    return replace(tournament, pauses=(*tournament.pauses[:-1], (start, max(start, at))))


def _ended(tournament: Tournament, now: int) -> Tournament:
    # The bell rings a little late at times: the end stays what was announced, unless someone ended it early.
    spec = tournament.spec
    end = max(spec.start_at + 1, min(spec.end_at, now))
    spec = replace(spec, end_at=end, late_until=min(spec.late_until, end))
    return _unpaused(replace(tournament, spec=spec, ended_at=end), end)


def changed(before: Tournament, spec: Spec, now: int) -> Tournament:
    """The tournament with a changed document. RULES_IMMUTABLE once published, except name, dates before they pass,
    and capacity; VALIDATION_ERROR for a capacity below the seats taken."""
    if before.status != DRAFT:
        _check_published_change(before, spec)
    if spec.max_players and spec.max_players < before.seats:
        raise Refusal(
            "VALIDATION_ERROR",
            f"{before.seats} seats are taken already.",
            errors=[FieldError("maxPlayers", f"must be at least {before.seats}")],
        )
    if before.status == REGISTRATION and spec.opens_at > max(now, before.spec.opens_at):
        raise Refusal(
            "VALIDATION_ERROR",
            "Registration is open; pausing it is not possible by moving its opening.",
            errors=[FieldError("registrationOpensAt", "registration is open already; it cannot open later")],
        )
    after = replace(before, spec=spec, version=before.version + 1)
    return replace(after, due_at=next_due(after, now))


def _check_published_change(before: Tournament, spec: Spec) -> None:
    allowed = set(LIVE_FIELDS)
    if before.status in BEFORE_START:
        allowed |= set(SCHEDULE_FIELDS)
    if before.status not in (*BEFORE_START, RUNNING):
        allowed = {"name", "external_ref"}
    moved = [f for f in Spec.__dataclass_fields__ if getattr(spec, f) != getattr(before.spec, f)]
    barred = [f for f in moved if f not in allowed]
    if barred:
        raise Refusal(
            "RULES_IMMUTABLE",
            "After publication rules, prizes, entry and scope stay; clone the tournament to change them.",
            errors=[FieldError(_outside(f), "cannot change any more") for f in barred],
            facts={"tournamentStatus": before.status, "ruleSetHash": before.rule_set_hash},
        )


def _outside(name: str) -> str:
    named = {
        "start_at": "startTime",
        "end_at": "endTime",
        "opens_at": "registrationOpensAt",
        "late_until": "lateRegistrationUntil",
        "grace_ms": "graceSeconds",
        "buy_in": "entry.buyIn",
        "rake": "entry.rake",
        "rebuy": "entry.rebuy",
        "add_on": "entry.addOn",
        "exponent": "currency",
    }
    if name in named:
        return named[name]
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)
