"""From the end of grace to the last payout: rank, result, review, prizes, payouts; refunds of what was called off.

`settle` looks where the tournament stands and goes on from there. Each step is one transaction whose inputs are either
fixed by then (sealed pages, a written result) or guarded by the tournament's version, so dying anywhere and running
twice both end in the same state.
"""

import gzip
import json
from dataclasses import replace
from typing import Any

from pitboss.delivery import public as delivery
from pitboss.ledger import public as ledger
from pitboss.platform.clock import now_ms
from pitboss.platform.dynamo import TransactionRefused
from pitboss.platform.observe import count, logger
from pitboss.rounds import public as rounds
from pitboss.tournaments import entry_store, gateway, results, store
from pitboss.tournaments.lifecycle import (
    FINALISE,
    PAY,
    RANK,
    RECHECK_MS,
    SETTLE,
    SUBMIT,
    next_due,
)
from pitboss.tournaments.model import (
    CLOSING,
    FINAL,
    NEVER,
    PAYING,
    PROVISIONAL,
    REFUNDING,
    SETTLED,
    Actor,
    Entry,
    Event,
    Tournament,
)
from pitboss.tournaments.moved import post_payout
from pitboss.tournaments.results import Diff, Result
from pitboss.tournaments.rules import happen
from pitboss.tournaments.saga import refund_entry
from pitboss.tournaments.service import commit_change, reschedule, ring

LEASE_MS = 150_000  # so long a settler that died is missed; one that works renews its lease
RENEW_MS = 30_000
INLINE_BYTES = 300_000
MAX_STEPS = 40


def settle(tenant_id: str, tournament_id: str, holder: str) -> Tournament | None:
    """Take a tournament as far as it goes now. None if there is none, or another settler is at it."""
    now = now_ms()
    if not store.take_lease(tenant_id, tournament_id, holder, now, now + LEASE_MS):
        return None
    beat = renewal(tenant_id, tournament_id, holder)
    try:
        tournament = ring(tenant_id, tournament_id, now)
        for _ in range(MAX_STEPS):
            if tournament is None:
                return None
            after = _step(tournament, Actor("settler", holder, now_ms()), beat)
            if after is None:
                return tournament
            tournament = store.load(tenant_id, tournament_id)
        return tournament
    finally:
        store.drop_lease(tenant_id, tournament_id, holder)


def renewal(tenant_id: str, tournament_id: str, holder: str) -> rounds.Beat:
    """To be called while the settler works: renews its lease every half minute, so that no second one begins the same
    work. A ranking takes as long as there are rounds, which may be longer than any lease that a dead one should hold."""
    renewed_at = now_ms()

    def beat() -> None:
        nonlocal renewed_at
        now = now_ms()
        if now - renewed_at >= RENEW_MS:
            store.take_lease(tenant_id, tournament_id, holder, now, now + LEASE_MS)
            renewed_at = now

    return beat


def _step(tournament: Tournament, actor: Actor, beat: rounds.Beat) -> bool | None:
    """One step; None when there is nothing (more) to do now."""
    status = tournament.status
    if status in REFUNDING:
        # Before all else: a version that was wanted of a result that is void by now is never made.
        return None if tournament.refunded else _refund(tournament, actor, beat)
    if tournament.result_wanted > tournament.result_version and tournament.result_version:
        return _amend(tournament, actor, beat)
    if status == CLOSING:
        return _rank(tournament, actor, beat) if actor.now >= tournament.grace_until else None
    if status == PROVISIONAL:
        return _move(tournament, SUBMIT if tournament.spec.approval == "manual" else FINALISE, actor)
    if status == FINAL or (status == PAYING and tournament.planned_version < tournament.result_version):
        return _pay(tournament, actor)
    if status == PAYING:
        return _check_paid(tournament, actor, beat)
    if status == SETTLED and not tournament.archived and actor.now >= tournament.due_at:
        return _archive(tournament, actor)
    return None


def _move(tournament: Tournament, event: str, actor: Actor) -> bool:
    after, told = happen(tournament, event, actor)
    try:
        commit_change(tournament, after, [told], actor)
    except TransactionRefused:
        logger.info("the tournament moved meanwhile", tournamentId=tournament.tournament_id)
    return True


# -- the result -------------------------------------------------------------------------------------------------------


def _rank(tournament: Tournament, actor: Actor, beat: rounds.Beat) -> bool | None:
    """Every acknowledged round folded, every page sealed, the ranking recomputed from the log: version 1."""
    tenant, tid = tournament.tenant_id, tournament.tournament_id
    rounds.catch_up(tenant, tid, beat)
    if not rounds.seal(tenant, tid, beat):
        gateway.ask_settlement(tenant, tid, delay_s=5)
        return None
    made = _compute(tournament, 1, None, beat)
    after, told = happen(tournament, RANK, actor)
    collected = made.header["pool"]["collected"]
    after = replace(after, result_version=1, result_wanted=1, collected=collected)
    published = Event("result.published", {"version": 1, "resultHash": made.header["resultHash"]})
    _commit_result(tournament, after, made, [told, published], actor)
    return True


def _amend(tournament: Tournament, actor: Actor, beat: rounds.Beat) -> bool:
    """A further version, from the same sealed rounds and the seats as they are now."""
    version = tournament.result_version + 1
    before = load_result(tournament, version - 1)
    if before is None:
        raise RuntimeError(f"result {version - 1} of {tournament.tournament_id} is missing")
    made = _compute(tournament, version, before, beat)
    after = replace(tournament, version=tournament.version + 1, result_version=version, result_wanted=version)
    after = replace(after, due_at=next_due(after, actor.now))
    told = Event("result.published", {"version": version, "resultHash": made.header["resultHash"]})
    _commit_result(tournament, after, made, [told], actor)
    return True


def _compute(tournament: Tournament, version: int, before: Result | None, beat: rounds.Beat) -> Result:
    tenant, tid = tournament.tenant_id, tournament.tournament_id
    final = rounds.final_ranking(tenant, tid, beat)
    entries: dict[str, Entry] = {entry.entry_id: entry for entry in entry_store.entries(tenant, tid)}
    if before is None:
        collected = ledger.balance(tenant, ledger.pool_account(tid), tournament.spec.currency)
    else:
        collected = before.header["pool"]["collected"]
    rake = sum(paid.rake for entry in entries.values() for paid in entry.paid if not paid.refund)
    return results.make_result(
        tournament,
        version,
        final.rows,
        entries,
        collected=collected,
        rake=rake,
        segment_log_hash=final.segment_log_hash,
        counts=final.counts,
        previous_hash=before.header["resultHash"] if before else "",
    )


def _commit_result(
    before: Tournament, after: Tournament, made: Result, events: list[Event], actor: Actor
) -> None:
    body: dict[str, Any] = {"header": made.header, "createdAt": actor.now}
    packed = gzip.compress(json.dumps(made.rows, separators=(",", ":")).encode(), mtime=0)
    if len(packed) <= INLINE_BYTES:
        body["rows"] = packed
    else:
        digest = made.header["resultHash"]
        key = f"results/{after.tenant_id}/{after.tournament_id}/{made.header['version']}-{digest}.json.gz"
        gateway.put_document(key, packed)
        body["rowsKey"] = key
    try:
        commit_change(
            before,
            after,
            events,
            actor,
            beside=[store.result_op(after, made.header["version"], body)],
        )
    except TransactionRefused:
        # A seat was judged, or another settler was faster: the next step computes from what stands then.
        logger.info("the result was overtaken", tournamentId=after.tournament_id)
        return
    rounds.request_rank(after.tenant_id, after.tournament_id)  # sealing may have put pages right


def load_result(tournament: Tournament, version: int) -> Result | None:
    """A version of the result with its rows, None if there is no such version."""
    record = store.read_result(tournament.tenant_id, tournament.tournament_id, version)
    if record is None:
        return None
    packed = record["rows"] if "rows" in record else gateway.get_document(record["rowsKey"])
    return Result(record["header"], json.loads(gzip.decompress(packed)))


# -- payouts ----------------------------------------------------------------------------------------------------------


def _pay(tournament: Tournament, actor: Actor) -> bool:
    """Plan the payouts of the newest result and post its money; both repeat to the same."""
    version = tournament.result_version
    rounds.request_rank(
        tournament.tenant_id, tournament.tournament_id
    )  # readers learn that the board is final
    if tournament.status == FINAL:
        # What was amended before it was approved is paid as it was approved: versions before it were never owed. A final
        # result is not amended before it is paying, so this is the same version however often it is planned.
        _plan(tournament, version, None, actor)
        after, told = happen(tournament, PAY, actor)
        after = replace(after, planned_version=version)
        events = [told]
    else:
        for number in range(tournament.planned_version + 1, version + 1):
            _plan(tournament, number, number - 1, actor)
        after = replace(tournament, planned_version=version, version=tournament.version + 1)
        events = []
    after = replace(after, due_at=actor.now + RECHECK_MS)
    try:
        commit_change(tournament, after, events, actor)
    except TransactionRefused:
        logger.info("the tournament moved while it was planned", tournamentId=tournament.tournament_id)
    return True


def _plan(tournament: Tournament, version: int, paid: int | None, actor: Actor) -> None:
    """What a version of the result gives beyond the version that was paid before it (None: nothing was)."""
    tenant, tid = tournament.tenant_id, tournament.tournament_id
    new = load_result(tournament, version)
    old = load_result(tournament, paid) if paid else None
    if new is None:
        raise RuntimeError(f"result {version} of {tid} is missing")
    changes = results.diffs(new.rows, old.rows if old else [])
    operator = {name: ledger.operator_account(tenant, name) for name in ("overlay", "remainder", "clawback")}
    for cause, kind, amounts in results.postings(
        tid,
        operator,
        ledger.pool_account(tid),
        ledger.payable_account(tid),
        new.header,
        old.header if old else None,
        changes,
    ):
        posting = ledger.merged(
            amounts,
            tx_id=cause,
            kind=kind,
            currency=tournament.spec.currency,
            exponent=tournament.spec.exponent,
            at=actor.now,
        )
        if posting is not None:
            ledger.post(tenant, posting)
    lines = [_line(tournament, version, change) for change in changes]
    # The tournament's own approval came before: what is final is sent.
    delivery.plan_payouts(tenant, tid, version, lines, "auto", now=actor.now)
    count("payouts_planned", len(lines))


def _line(tournament: Tournament, version: int, change: Diff) -> delivery.PayoutLine:
    spec = tournament.spec
    free = change.kind == "free_rounds"
    taken_back = free and change.free_count < 0
    return delivery.PayoutLine(
        ref=results.payout_ref(tournament.tournament_id, version, change),
        entry_id=change.entry_id,
        brand_id=change.brand_id,
        player_id=change.player_id,
        kind=change.kind,  # type: ignore[arg-type]  # one of the three kinds of prizes
        amount=change.free_count * change.value if taken_back else change.amount,
        currency=spec.currency,
        exponent=spec.exponent,
        rank=change.rank,
        line=change.ref,
        free_rounds=delivery.FreeRounds(change.free_count, change.value, change.game, change.valid_hours)
        if free and not taken_back
        else None,
    )


def _check_paid(tournament: Tournament, actor: Actor, beat: rounds.Beat) -> bool | None:
    """Settled once every payout has ended; until then looked at again every few minutes, besides being told."""
    tenant, tid = tournament.tenant_id, tournament.tournament_id
    payouts = delivery.payouts_of(tenant, tid)
    for payout in payouts:
        post_payout(tournament, payout, actor.now)
        beat()
    if all(payout.at_rest for payout in payouts):
        return _move(tournament, SETTLE, actor)
    if actor.now >= tournament.due_at:
        reschedule(tournament, actor.now + RECHECK_MS, actor)
    return None


def _archive(tournament: Tournament, actor: Actor) -> bool:
    """A day after settlement the scorer forgets the tournament; late rounds were listed until now."""
    return reschedule(tournament, NEVER, actor, archived=True) is not None


# -- refunds ----------------------------------------------------------------------------------------------------------


def _refund(tournament: Tournament, actor: Actor, beat: rounds.Beat) -> bool | None:
    """Everything that entries of a cancelled or voided tournament paid is given back."""
    arranged = True
    for entry in entry_store.entries(tournament.tenant_id, tournament.tournament_id):
        arranged = refund_entry(tournament, entry, actor) and arranged
        beat()
    if not arranged:
        reschedule(tournament, actor.now + 60_000, actor)
        return None
    return reschedule(tournament, NEVER, actor, refunded=True) is not None
