"""Use cases over entries: register, leave, rebuy, add-on, disqualify, reinstate; and the saga of a paid entry.

    reserve the seat -> debit -> activate and post | declined: free the seat | unknown: hold it until it is known

Every step is one transaction and the debit has one reference for ever, so whoever comes next (the player's repeated
call, the money worker, the sweeper) goes on where the last one stopped and ends in the same state.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from pitboss.delivery import public as delivery
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.ledger import public as ledger
from pitboss.platform.dynamo import TooBusy, TransactionRefused
from pitboss.platform.observe import count
from pitboss.rounds import public as rounds
from pitboss.tournaments import entry_store, gateway, rules, store
from pitboss.tournaments.lifecycle import AMEND, HISTORY, step
from pitboss.tournaments.model import (
    ACTIVE,
    BEFORE_START,
    CLOSING,
    DECLINED,
    DISQUALIFIED,
    ENTERABLE,
    PAUSED,
    PAYING,
    PENDING,
    REFUNDED,
    REVIEW,
    RUNNING,
    SETTLED,
    WITHDRAWN,
    Actor,
    Entry,
    Event,
    Pending,
    Tournament,
    refund_ref,
)
from pitboss.tournaments.service import commit_change, current, require

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef

ATTEMPTS = 8
REFUND_CHECK_MS = 60_000
# A purchase that is confirmed in these statuses still has its effect; later it is owed back.
STILL_OPEN = (*ENTERABLE, PAUSED)
AMENDABLE = (REVIEW, PAYING, SETTLED)


class Registered(NamedTuple):
    """What a registration came to: `fresh` is False for a repetition."""

    tournament: Tournament
    entry: Entry
    fresh: bool


# -- finding ----------------------------------------------------------------------------------------------------------


def brand_of(tournament: Tournament, brand_id: str | None) -> str:
    """The brand a player registers with; it may be left out where only one takes part."""
    brands = tournament.spec.brands
    if brand_id is None:
        if len(brands) == 1:
            return brands[0]
        raise Refusal(
            "VALIDATION_ERROR",
            "Several brands take part; say which.",
            errors=[FieldError("brandId", "is required, one of " + ", ".join(brands[:20]))],
        )
    if brand_id not in brands:
        raise Refusal(
            "NOT_ELIGIBLE",
            f"The brand {brand_id!r} does not take part.",
            errors=[FieldError("brandId", "must be one of " + ", ".join(brands[:20]))],
        )
    return brand_id


def find(tournament: Tournament, player_id: str, brand_id: str | None) -> Entry:
    """The entry of a player. NOT_REGISTERED, or AMBIGUOUS_PLAYER with the brands to choose from."""
    if brand_id is not None:
        found = entry_store.load_entry(tournament.tenant_id, tournament.tournament_id, brand_id, player_id)
        entries = [found] if found else []
    else:
        entries = entry_store.find_entries(tournament, player_id)
    if not entries:
        raise Refusal("NOT_REGISTERED", "The player is not registered in this tournament.")
    if len(entries) > 1:
        brands = [entry.brand_id for entry in entries]
        raise Refusal("AMBIGUOUS_PLAYER", "Say which player with ?brandId=.", facts={"brands": brands})
    return entries[0]


# -- register ---------------------------------------------------------------------------------------------------------


def register(
    tenant_id: str,
    tournament_id: str,
    *,
    player_id: str,
    brand_id: str | None,
    display_name: str,
    country: str,
    buy_in: int | None,
    entry_id: str,
    actor: Actor,
) -> Registered:
    """A player's seat. Repeating answers the same entry.

    Refusals: REGISTRATION_CLOSED, TOURNAMENT_FULL, NOT_ELIGIBLE, BUY_IN_MISMATCH, BUY_IN_DECLINED. An entry that is
    still `pending_payment` is held until its debit is known.
    """
    for _ in range(ATTEMPTS):
        tournament = current(tenant_id, tournament_id, actor.now)
        brand = brand_of(tournament, brand_id)
        before = entry_store.load_entry(tenant_id, tournament_id, brand, player_id)
        if before is not None and before.status in (ACTIVE, DISQUALIFIED, PENDING):
            entry = _resume(tournament, before, actor)
            return Registered(tournament, entry, fresh=False)
        if before is not None and before.due_at:
            before = drive(tournament, before, actor) or before
        rules.check_open(tournament, actor.now)
        rules.check_buy_in(tournament.spec, buy_in)
        if tournament.spec.max_players and tournament.seats >= tournament.spec.max_players:
            raise _full(tournament)
        entry = rules.new_entry(
            tournament,
            before,
            entry_id=entry_id,
            brand_id=brand,
            player_id=player_id,
            display_name=display_name,
            country=country,
            now=actor.now,
        )
        try:
            _reserve(tournament, before, entry, actor)
        except TransactionRefused:
            continue  # the seat, the entry or the status moved: look again and give a definite answer
        if entry.pending is not None:
            entry = _resume(tournament, entry, actor)
        return Registered(tournament, entry, fresh=True)
    raise Refusal("SERVER_IS_BUSY", "Too many register at this moment; try again.", retry_after_s=1)


def _full(tournament: Tournament) -> Refusal:
    most = tournament.spec.max_players
    return Refusal("TOURNAMENT_FULL", f"All {most} seats are taken.", facts={"maxPlayers": most})


def _reserve(tournament: Tournament, before: Entry | None, entry: Entry, actor: Actor) -> None:
    certain = entry.status == ACTIVE
    kind = "registration.accepted" if certain else "registration.requested"
    if certain:
        entry, written = _seating(tournament, before, entry)
    else:
        written = entry_store.entry_ops(before, entry)
    store.commit(
        [
            entry_store.seat_op(
                tournament, ENTERABLE, seats=1, players=1 if certain else 0, count=1 if certain else 0
            ),
            *written,
            entry_store.joined_op(entry),
            _event(entry, kind, actor),
        ]
    )


def _resume(tournament: Tournament, entry: Entry, actor: Actor) -> Entry:
    """Take a pending purchase as far as it goes now."""
    if entry.pending is None:
        return entry
    if tournament.spec.collect == "operator":
        return settle_purchase(tournament, entry, "confirmed", "", actor)
    outcome = _debit(tournament, entry, entry.pending, actor.now)
    if outcome.state == "unknown":
        count("purchases_pending")
        return entry
    return settle_purchase(tournament, entry, outcome.state, outcome.reason, actor)


def _debit(tournament: Tournament, entry: Entry, pending: Pending, now: int) -> delivery.Outcome:
    return delivery.request_debit(
        tournament.tenant_id,
        tournament.tournament_id,
        ref=pending.ref,
        kind=cast(Literal["buy_in", "rebuy", "add_on"], pending.kind),
        entry_id=entry.entry_id,
        brand_id=entry.brand_id,
        player_id=entry.player_id,
        amount=pending.fee,
        rake=pending.rake,
        currency=tournament.spec.currency,
        exponent=tournament.spec.exponent,
        now=now,
    )


def settle_purchase(tournament: Tournament, entry: Entry, state: str, reason: str, actor: Actor) -> Entry:
    """Give a pending purchase its end, `confirmed` or `declined`, once, whoever comes to know it first.

    Confirmed: the entry takes effect and the ledger is posted, in one transaction; too late for that, the money is
    owed back. Declined: the seat is free again.
    """
    for _ in range(ATTEMPTS):
        pending = entry.pending
        if pending is None:
            return entry
        try:
            if state == "declined":
                return _decline(tournament, entry, reason or "declined", actor)
            if tournament.status in STILL_OPEN:
                return _activate(tournament, entry, pending, actor)
            if tournament.status not in BEFORE_START:
                return _return_late(tournament, entry, pending, actor)
        except TransactionRefused:
            tournament = require(tournament.tenant_id, tournament.tournament_id)
            entry = _again(entry)
            continue
        return entry
    raise TooBusy


def _again(entry: Entry) -> Entry:
    found = entry_store.load_entry(entry.tenant_id, entry.tournament_id, entry.brand_id, entry.player_id)
    if found is None:
        raise Refusal("NOT_REGISTERED", "The player is not registered in this tournament.")
    return found


def _activate(tournament: Tournament, entry: Entry, pending: Pending, actor: Actor) -> Entry:
    first = pending.kind == "buy_in"
    after = rules.confirmed(tournament, entry, actor.now)
    fresh_entry = 1 if first else len(after.stints) - len(entry.stints)
    after, written = _seating(tournament, entry, after)
    kind = {"buy_in": "registration.accepted", "rebuy": "entry.rebuy", "add_on": "entry.addon"}[pending.kind]
    beside = [
        entry_store.seat_op(tournament, STILL_OPEN, players=1 if first else 0, count=fresh_entry),
        *written,
        _event(after, kind, actor, ref=pending.ref),
    ]
    lines = _purchase_lines(tournament, pending)
    now_posted = _post(tournament, f"DEBIT#{pending.ref}", pending.kind, lines, actor, beside)
    return after if now_posted else _again(entry)


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


def _decline(tournament: Tournament, entry: Entry, reason: str, actor: Actor) -> Entry:
    after = rules.refused(entry, reason)
    ops = [
        *entry_store.entry_ops(entry, after),
        _event(
            after,
            "registration.rejected" if after.status == DECLINED else "entry.declined",
            actor,
            reason=reason,
        ),
    ]
    if after.status == DECLINED:
        ops.append(_free_seat(tournament))
    store.commit(ops)
    return after


def _free_seat(tournament: Tournament, *, players: int = 0, entries: int = 0) -> "Op":
    # Whatever the tournament has become: its seats are counted to the end.
    return entry_store.seat_op(tournament, (tournament.status,), seats=-1, players=-players, count=-entries)


def _return_late(tournament: Tournament, entry: Entry, pending: Pending, actor: Actor) -> Entry:
    after = rules.too_late(entry, f"tournament {tournament.status}", actor.now)
    beside = [
        *entry_store.entry_ops(entry, after),
        _event(
            after, "registration.rejected", actor, reason=after.reason or f"tournament {tournament.status}"
        ),
    ]
    if after.status == DECLINED:
        beside.append(_free_seat(tournament))
    price = pending.fee + pending.rake
    amounts = {
        ledger.operator_account(tournament.tenant_id, "cash"): -price,
        ledger.payable_account(tournament.tournament_id): price,
    }
    _post(tournament, f"DEBIT#{pending.ref}", "late_purchase", amounts, actor, beside)
    return drive(tournament, after, actor) or after


def _seating(tournament: Tournament, before: Entry | None, after: Entry) -> "tuple[Entry, list[Op]]":
    """The entry with its new seat, and what writes both."""
    seat = rules.seat_of(after)
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


def _event(entry: Entry, kind: str, actor: Actor, **data: Any) -> "Op":
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
        after = _resume(tournament, entry, actor)
        if after.pending is None or after.due_at > actor.now:
            return after
        # Still unknown: look again later. Queue and worker are on it meanwhile.
        later = replace(after, due_at=actor.now + rules.PENDING_CHECK_MS, version=after.version + 1)
        return _save(after, later)
    if not entry.due_at:
        return entry
    arrange_refunds(tournament, entry, actor.now)
    return _save(entry, replace(entry, due_at=0, version=entry.version + 1))


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


def _save(before: Entry, after: Entry) -> Entry | None:
    try:
        store.commit(entry_store.entry_ops(before, after))
    except TransactionRefused:
        return entry_store.load_entry(
            before.tenant_id, before.tournament_id, before.brand_id, before.player_id
        )
    return after


# -- leave, buy more --------------------------------------------------------------------------------------------------


def withdraw(tenant_id: str, tournament_id: str, player_id: str, brand_id: str | None, actor: Actor) -> Entry:
    """Leave before the start; what was paid is refunded. Repeating answers the same entry."""
    for _ in range(ATTEMPTS):
        tournament = current(tenant_id, tournament_id, actor.now)
        entry = find(tournament, player_id, brand_id)
        if entry.status in (WITHDRAWN, REFUNDED, DECLINED):
            return entry
        if entry.pending is not None:
            entry = _resume(tournament, entry, actor)
            if entry.status != ACTIVE:
                return entry
        after, written = _seating(tournament, entry, rules.withdrawn(tournament, entry, actor.now))
        beside = [
            _free_seat(tournament, players=1, entries=1),
            *written,
            _event(after, "registration.withdrawn", actor),
        ]
        try:
            _post_refund(tournament, entry, after, actor, beside)
        except TransactionRefused:
            continue
        return drive(tournament, after, actor) or after
    raise TooBusy


def _post_refund(
    tournament: Tournament, before: Entry, after: Entry, actor: Actor, beside: Sequence["Op"]
) -> None:
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
    if entry.status == REFUNDED or not any(not paid.refund for paid in entry.paid):
        arrange_refunds(tournament, entry, actor.now)
        return True
    after = rules.refunded(entry)
    # First the refunds, whose references never change, then the entry: the tournament is over for good, so a refund
    # without its entry written can only mean that we come again.
    arrange_refunds(tournament, after, actor.now)
    beside = [*entry_store.entry_ops(entry, after), _event(after, "registration.refunded", actor)]
    try:
        _post_refund(tournament, entry, after, actor, beside)
    except TransactionRefused:
        return False
    return True


def buy(
    tenant_id: str,
    tournament_id: str,
    player_id: str,
    brand_id: str | None,
    *,
    kind: str,
    ref: str,
    actor: Actor,
) -> Registered:
    """A rebuy or an add-on. `ref` comes from the Idempotency-Key, so that a repeated call is the same purchase.

    Refusals: REBUY_NOT_ALLOWED, ADDON_NOT_ALLOWED, BUY_IN_DECLINED, BUY_IN_PENDING (another purchase hangs).
    """
    for _ in range(ATTEMPTS):
        tournament = current(tenant_id, tournament_id, actor.now)
        entry = find(tournament, player_id, brand_id)
        if any(paid.ref == ref for paid in entry.paid):
            return Registered(tournament, entry, fresh=False)
        if entry.pending is None or entry.pending.ref != ref:
            after = rules.purchase_of(tournament, entry, kind, ref, actor.now)
            ops = [
                entry_store.seat_op(tournament, ENTERABLE),
                *entry_store.entry_ops(entry, after),
                _event(after, f"entry.{kind}_requested", actor, ref=ref),
            ]
            try:
                store.commit(ops)
            except TransactionRefused:
                continue
            entry = after
        done = _resume(tournament, entry, actor)
        if done.pending is None and not any(paid.ref == ref and not paid.refund for paid in done.paid):
            raise Refusal("BUY_IN_DECLINED", "The operator declined; nothing was bought.", facts={"ref": ref})
        return Registered(tournament, done, fresh=True)
    raise TooBusy


# -- the operator's hand ----------------------------------------------------------------------------------------------


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
        after = rules.disqualified(entry, reason) if out else rules.reinstated(entry)
        if after.status == entry.status:
            return entry
        after, written = _seating(tournament, entry, after)
        beside = [
            *written,
            _event(
                after, "registration.disqualified" if out else "registration.reinstated", actor, reason=reason
            ),
        ]
        try:
            if tournament.status in AMENDABLE:
                want_result(tournament, actor, reason or ("disqualified" if out else "reinstated"), beside)
            elif tournament.status in (*BEFORE_START, RUNNING, PAUSED, CLOSING):
                store.commit([entry_store.seat_op(tournament, (tournament.status,)), *beside])
            else:
                raise Refusal(
                    "TOURNAMENT_STATE",
                    f"The tournament is {tournament.status}; try again in a moment.",
                    facts={"status": tournament.status},
                )
        except TransactionRefused:
            continue
        if tournament.status in (RUNNING, PAUSED, CLOSING):
            rounds.request_rank(tenant_id, tournament_id)
        return after
    raise TooBusy


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
