"""Use cases of the operator's hand: disqualify, reinstate, amend a result."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pitboss.kernel.refusal import Refusal
from pitboss.platform.dynamo import TooBusy, TransactionRefused
from pitboss.rounds import public as rounds
from pitboss.tournaments import entry_rules, entry_store, gateway, store
from pitboss.tournaments.entries import find
from pitboss.tournaments.lifecycle import AMEND, HISTORY, check_may_have_result, step
from pitboss.tournaments.model import (
    BEFORE_START,
    CLOSING,
    PAUSED,
    PAYING,
    REFUNDING,
    REVIEW,
    RUNNING,
    SETTLED,
    Actor,
    Entry,
    Event,
    Tournament,
)
from pitboss.tournaments.saga import event_of, seating
from pitboss.tournaments.service import busy, commit_change, current

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef

ATTEMPTS = 8
AMENDABLE = (REVIEW, PAYING, SETTLED)


def judge(
    tenant_id: str,
    tournament_id: str,
    player_id: str,
    brand_id: str | None,
    *,
    out: bool,
    reason: str,
    actor: Actor,
) -> Entry:
    """Disqualify (`out`) or reinstate. While a result stands, a further version of it is made. Repeating answers the
    same entry."""
    for _ in range(ATTEMPTS):
        tournament = current(tenant_id, tournament_id, actor.now)
        entry = find(tournament, player_id, brand_id)
        after = entry_rules.disqualified(entry, reason) if out else entry_rules.reinstated(entry)
        if after.status == entry.status:
            return entry
        after, written = seating(tournament, entry, after)
        beside = [
            *written,
            event_of(
                after, "registration.disqualified" if out else "registration.reinstated", actor, reason=reason
            ),
        ]
        try:
            if tournament.status in AMENDABLE:
                want_result(tournament, actor, reason or ("disqualified" if out else "reinstated"), beside)
            elif tournament.status == CLOSING:
                # A result may be in the making from the seats as they were: the new version makes it be made again.
                touched = replace(tournament, version=tournament.version + 1)
                commit_change(tournament, touched, [], actor, beside=beside)
            elif tournament.status in (*BEFORE_START, RUNNING, PAUSED):
                store.commit([entry_store.seat_op(tournament, (tournament.status,)), *beside])
            else:
                # A draft has no players, so it is either over for everybody or on its way from one state to the next.
                then = "nobody is ranked" if tournament.status in REFUNDING else "try again in a moment"
                raise Refusal(
                    "TOURNAMENT_STATE",
                    f"The tournament is {tournament.status}; {then}.",
                    facts={"tournamentStatus": tournament.status},
                )
        except (TransactionRefused, TooBusy):
            continue
        if tournament.status in (RUNNING, PAUSED, CLOSING):
            rounds.request_rank(tenant_id, tournament_id)
        return after
    raise busy("changes of this tournament")


def want_result(tournament: Tournament, actor: Actor, reason: str, beside: Sequence["Op"] = ()) -> Tournament:
    """Ask for a further version of the result. TransactionRefused if the tournament moved meanwhile."""
    after = replace(
        tournament,
        status=step(tournament.status, AMEND),
        version=tournament.version + 1,
        result_wanted=tournament.result_version + 1,
        due_at=actor.now,
        archived=False,
    )
    told = Event(HISTORY[AMEND], {"wanted": after.result_wanted, "reason": reason, "from": tournament.status})
    commit_change(tournament, after, [told], actor, beside=beside)
    gateway.ask_settlement(tournament.tenant_id, tournament.tournament_id)
    return after


def amend(tenant_id: str, tournament_id: str, reason: str, actor: Actor) -> Tournament:
    """Ask for a further version of the result; one that is asked for already is not asked for twice."""
    for _ in range(ATTEMPTS):
        tournament = current(tenant_id, tournament_id, actor.now)
        if tournament.result_version and tournament.result_wanted > tournament.result_version:
            return tournament
        if not tournament.result_version:
            check_may_have_result(tournament.status)
            raise Refusal(
                "RESULT_NOT_READY",
                f"The tournament is {tournament.status}; there is no result to amend.",
                facts={"tournamentStatus": tournament.status},
            )
        try:
            return want_result(tournament, actor, reason)
        except (TransactionRefused, TooBusy):
            continue
    raise busy("changes of this tournament")
