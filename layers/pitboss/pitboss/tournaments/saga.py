"""The saga of a paid entry, and of giving money back.

    reserve the seat -> debit -> activate and post | declined: free the seat | unknown: hold it until it is known

Every step is one transaction and the debit has one reference for ever, so whoever comes next (the player's repeated
call, the money worker, the sweeper) goes on where the last one stopped and ends in the same state. The debit is born with
the reservation and ends with the activation; in between its own lease says who looks at it when the asker has died.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pitboss.delivery import public as delivery
from pitboss.kernel.refusal import Refusal
from pitboss.ledger import public as ledger
from pitboss.platform.dynamo import TooBusy, TransactionRefused
from pitboss.platform.observe import count, logger
from pitboss.rounds import public as rounds
from pitboss.tournaments import entry_rules, entry_store, store
from pitboss.tournaments.debiting import debit_terms
from pitboss.tournaments.model import (
    BEFORE_START,
    DECLINED,
    ENTERABLE,
    PAUSED,
    REFUNDED,
    SCHEDULED,
    Actor,
    Entry,
    Event,
    Pending,
    Tournament,
    refund_ref,
)
from pitboss.tournaments.service import busy, require

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef

ATTEMPTS = 8
# A purchase that is confirmed in these statuses still has its effect; later it is owed back.
STILL_OPEN = (*ENTERABLE, PAUSED)


def resume(
    tournament: Tournament, entry: Entry, actor: Actor, debit: delivery.Movement | None = None
) -> Entry:
    """Take a pending purchase as far as it goes now; `debit` was born with it, in this very call."""
    if entry.pending is None:
        return entry
    if tournament.spec.collect == "operator":
        return settle_purchase(tournament, entry, "confirmed", "", actor)
    heard = None
    if debit is not None:
        outcome, heard = delivery.ask(debit, actor.now)
    else:
        outcome = delivery.request_debit(
            tournament.tenant_id,
            tournament.tournament_id,
            **debit_terms(tournament, entry, entry.pending),
            now=actor.now,
        )
    if outcome.state == "unknown":
        count("purchases_pending")
        return entry
    return settle_purchase(tournament, entry, outcome.state, outcome.reason, actor, heard)


def settle_purchase(
    tournament: Tournament,
    entry: Entry,
    state: str,
    reason: str,
    actor: Actor,
    heard: delivery.Movement | None = None,
) -> Entry:
    """Give a pending purchase its end, `confirmed` or `declined`, once, whoever comes to know it first.

    Confirmed: the entry takes effect and the ledger is posted, in one transaction; too late for that, the money is
    owed back. Declined: the seat is free again. `heard` is the end of the debit where it is not written yet: it is
    written in that transaction, or, where that is refused, by itself, so that it is not lost.
    """
    for _ in range(ATTEMPTS):
        try:
            with_it = [delivery.heard_op(heard)] if heard else []
            done = _settled(tournament, entry, state, reason, actor, with_it)
        except (TransactionRefused, TooBusy):
            done = None
        if done is not None:
            return done
        if heard is not None:
            outcome, heard = delivery.keep(heard), None
            state, reason = outcome.state, outcome.reason
        if entry.pending is None or state == "unknown" or tournament.status == SCHEDULED:
            return entry
        tournament = require(tournament.tenant_id, tournament.tournament_id)
        entry = _again(entry)
    raise busy("payments")


def _settled(
    tournament: Tournament, entry: Entry, state: str, reason: str, actor: Actor, with_it: list["Op"]
) -> Entry | None:
    """One attempt; None where nothing was written."""
    pending = entry.pending
    if pending is None:
        return None
    if state == "declined":
        return _decline(tournament, entry, reason or "declined", actor, with_it)
    if tournament.status in STILL_OPEN:
        return _activate(tournament, entry, pending, actor, with_it)
    if tournament.status not in BEFORE_START:
        return _return_late(tournament, entry, pending, actor, with_it)
    return None


def _again(entry: Entry) -> Entry:
    found = entry_store.load_entry(entry.tenant_id, entry.tournament_id, entry.brand_id, entry.player_id)
    if found is None:
        raise Refusal("NOT_REGISTERED", "The player is not registered in this tournament.")
    return found


def _activate(
    tournament: Tournament, entry: Entry, pending: Pending, actor: Actor, with_it: list["Op"]
) -> Entry | None:
    first = pending.kind == "buy_in"
    after = entry_rules.confirmed(tournament, entry, actor.now)
    fresh_entry = 1 if first else len(after.stints) - len(entry.stints)
    after, written = seating(tournament, entry, after)
    kind = {"buy_in": "registration.accepted", "rebuy": "entry.rebuy", "add_on": "entry.addon"}[pending.kind]
    beside = [
        entry_store.seat_op(tournament, STILL_OPEN, players=1 if first else 0, count=fresh_entry),
        *written,
        event_of(after, kind, actor, ref=pending.ref),
        *with_it,
    ]
    lines = _purchase_lines(tournament, pending)
    now_posted = _post(tournament, f"DEBIT#{pending.ref}", pending.kind, lines, actor, beside)
    if not now_posted:
        return None  # somebody else did it: look again
    if fresh_entry:
        make_room(tournament)
    return after


def seat_paid(
    tournament: Tournament, before: Entry | None, entry: Entry, pending: Pending, actor: Actor
) -> Entry:
    """Where the operator collects, its registering call is the proof: seat and posting in one transaction, and nothing is
    ever pending. TransactionRefused when seat, entry or status moved, or the very purchase was posted before."""
    after, written = seating(tournament, before, entry_rules.confirmed(tournament, entry, actor.now))
    beside = [
        entry_store.seat_op(tournament, ENTERABLE, seats=1, players=1, count=1),
        *written,
        entry_store.joined_op(after),
        event_of(after, "registration.accepted", actor, ref=pending.ref),
    ]
    lines = _purchase_lines(tournament, pending)
    if not _post(tournament, f"DEBIT#{pending.ref}", pending.kind, lines, actor, beside):
        raise TransactionRefused([])
    make_room(tournament)
    return after


def make_room(tournament: Tournament) -> None:
    """After an entry, a player's first or a further one: let the pages grow with the entries, since each has a stint on its
    roster and a state on its page, and an item has a limit. Dying before it leaves that to the next one."""
    entries = max(tournament.players, tournament.entries) + 1
    try:
        rounds.grow(tournament.tenant_id, tournament.tournament_id, tournament.pages, entries)
    except Exception:  # noqa: BLE001 - the player is seated; fuller pages for a while are no reason to say otherwise
        logger.exception("the pages did not grow", tournamentId=tournament.tournament_id)
        count("pages_not_grown")


def _purchase_lines(tournament: Tournament, pending: Pending) -> dict[str, int]:
    tenant = tournament.tenant_id
    return {
        ledger.operator_account(tenant, "cash"): -(pending.fee + pending.rake),
        ledger.pool_account(tournament.tournament_id): pending.fee,
        ledger.operator_account(tenant, "rake"): pending.rake,
    }


def _post(
    tournament: Tournament,
    tx_id: str,
    kind: str,
    amounts: dict[str, int],
    actor: Actor,
    beside: Sequence["Op"],
) -> bool:
    posting = ledger.merged(
        amounts,
        tx_id=tx_id,
        kind=kind,
        currency=tournament.spec.currency,
        exponent=tournament.spec.exponent,
        at=actor.now,
    )
    if posting is None:
        store.commit(beside)
        return True
    return ledger.post(tournament.tenant_id, posting, beside=beside)


def _decline(tournament: Tournament, entry: Entry, reason: str, actor: Actor, with_it: list["Op"]) -> Entry:
    after = entry_rules.refused(entry, reason)
    ops = [
        *entry_store.entry_ops(entry, after),
        event_of(
            after,
            "registration.rejected" if after.status == DECLINED else "entry.declined",
            actor,
            reason=reason,
        ),
        *with_it,
    ]
    if after.status == DECLINED:
        ops.append(free_seat(tournament))
    store.commit(ops)
    return after


def free_seat(tournament: Tournament, *, players: int = 0, entries: int = 0) -> "Op":
    """Count a seat (and a player, and entries) less."""
    # Whatever the tournament has become: its seats are counted to the end.
    return entry_store.seat_op(tournament, (tournament.status,), seats=-1, players=-players, count=-entries)


def _return_late(
    tournament: Tournament, entry: Entry, pending: Pending, actor: Actor, with_it: list["Op"]
) -> Entry | None:
    after = entry_rules.too_late(entry, f"tournament {tournament.status}", actor.now)
    beside = [
        *entry_store.entry_ops(entry, after),
        event_of(
            after, "registration.rejected", actor, reason=after.reason or f"tournament {tournament.status}"
        ),
        *with_it,
    ]
    if after.status == DECLINED:
        beside.append(free_seat(tournament))
    price = pending.fee + pending.rake
    amounts = {
        ledger.operator_account(tournament.tenant_id, "cash"): -price,
        ledger.payable_account(tournament.tournament_id): price,
    }
    if not _post(tournament, f"DEBIT#{pending.ref}", "late_purchase", amounts, actor, beside):
        return None
    return drive(tournament, after, actor) or after


def seating(tournament: Tournament, before: Entry | None, after: Entry) -> "tuple[Entry, list[Op]]":
    """The entry with its new seat, and what writes both."""
    seat = entry_rules.seat_of(after)
    had = before.roster if before else None
    after = replace(after, roster=seat)
    ops = rounds.roster_put_ops(
        tournament.tenant_id, tournament.tournament_id, tournament.pages, seat, expect=had
    )
    return after, [*entry_store.entry_ops(before, after), *ops]


def return_unclaimed(tournament: Tournament, debit: delivery.Movement, actor: Actor) -> None:
    """Money moved for a purchase that nobody holds any more: it goes back under a reference of its own."""
    if debit.terms is None:
        return
    price = debit.terms.total
    amounts = {
        ledger.operator_account(tournament.tenant_id, "cash"): -price,
        ledger.payable_account(tournament.tournament_id): price,
    }
    _post(tournament, f"DEBIT#{debit.ref}", "late_purchase", amounts, actor, ())
    delivery.refund(
        tournament.tenant_id,
        tournament.tournament_id,
        debit_ref=debit.ref,
        refund_ref=refund_ref(debit.ref),
        reason="nothing to buy any more",
        now=actor.now,
    )


def event_of(entry: Entry, kind: str, actor: Actor, **data: Any) -> "Op":
    """A history item about an entry."""
    told = Event(
        kind,
        {
            "entryId": entry.entry_id,
            "brandId": entry.brand_id,
            "userId": entry.player_id,
            "status": entry.status,
            **data,
        },
    )
    return store.event_op(entry.tenant_id, entry.tournament_id, told, actor, f"{entry.key}.{entry.version}")


# -- driving ----------------------------------------------------------------------------------------------------------


def drive(tournament: Tournament, entry: Entry, actor: Actor) -> Entry | None:
    """Take an entry as far as it goes: a pending purchase to its end, an owed refund on its way. None if it is gone.

    The sweeper calls it for every due entry; doing it again changes nothing.
    """
    if entry.pending is not None:
        after = resume(tournament, entry, actor)
        if after.pending is None or not after.due_at or after.due_at > actor.now:
            return after
        # Still unknown: look again later. Queue and worker are on it meanwhile.
        later = replace(after, due_at=actor.now + entry_rules.PENDING_CHECK_MS, version=after.version + 1)
        return save(after, later)
    if not entry.due_at:
        return entry
    arrange_refunds(tournament, entry, actor.now)
    return save(entry, replace(entry, due_at=0, version=entry.version + 1))


def arrange_refunds(tournament: Tournament, entry: Entry, now: int) -> None:
    """Have every owed refund of an entry sent; each has its own reference, so that asking again is harmless."""
    for paid in entry.paid:
        if not paid.refund:
            continue
        if tournament.spec.collect == "operator":
            continue  # there was no debit of ours; the operator reads what it owes from the entry and the ledger
        delivery.refund(
            tournament.tenant_id,
            tournament.tournament_id,
            debit_ref=paid.ref,
            refund_ref=paid.refund,
            reason=entry.reason or tournament.status,
            now=now,
        )


def save(before: Entry, after: Entry) -> Entry | None:
    """Write an entry, or answer what stands there if it moved meanwhile."""
    try:
        store.commit(entry_store.entry_ops(before, after))
    except TransactionRefused:
        return entry_store.load_entry(
            before.tenant_id, before.tournament_id, before.brand_id, before.player_id
        )
    return after


def post_owed(
    tournament: Tournament, before: Entry, after: Entry, actor: Actor, beside: Sequence["Op"]
) -> None:
    """Move what an entry paid from pool and rake to what is owed, in one transaction with `beside`."""
    owed = [paid for paid in before.paid if not paid.refund]
    fee, rake = sum(paid.fee for paid in owed), sum(paid.rake for paid in owed)
    back = "cash" if tournament.spec.collect == "operator" else ""
    tenant = tournament.tenant_id
    owing = (
        ledger.operator_account(tenant, back) if back else ledger.payable_account(tournament.tournament_id)
    )
    amounts = {
        ledger.pool_account(tournament.tournament_id): -fee,
        ledger.operator_account(tenant, "rake"): -rake,
        owing: fee + rake,
    }
    _post(tournament, f"OWED#{after.entry_id}#{after.attempt}", "refund_owed", amounts, actor, beside)


def refund_entry(tournament: Tournament, entry: Entry, actor: Actor) -> bool:
    """Give back what an entry of a cancelled or voided tournament paid. True once that is arranged for it."""
    if entry.pending is not None:
        entry = drive(tournament, entry, actor) or entry
        if entry.pending is not None:
            return False
    if entry.status == REFUNDED or all(paid.refund for paid in entry.paid):
        return True  # arranged before it was written so; who left earlier has a due item of its own
    after = entry_rules.refunded(entry)
    # First the refunds, whose references never change, then the entry: the tournament is over for good, so a refund
    # without its entry written can only mean that we come again.
    arrange_refunds(tournament, after, actor.now)
    beside = [*entry_store.entry_ops(entry, after), event_of(after, "registration.refunded", actor)]
    try:
        post_owed(tournament, entry, after, actor, beside)
    except (TransactionRefused, TooBusy):
        return False  # refunds that are confirmed meanwhile are posted to the same book: this one waits, not all others
    return True
