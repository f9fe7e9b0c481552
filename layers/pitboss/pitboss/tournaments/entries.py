"""Use cases of players: register, leave, buy more. How a paid entry comes about is in saga.py."""

from typing import NamedTuple

from pitboss.delivery.public import Movement, debit_of
from pitboss.kernel.ids import derive_ulid
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.dynamo import TooBusy, TransactionRefused
from pitboss.tournaments import entry_rules, entry_store, store
from pitboss.tournaments.debiting import reserving
from pitboss.tournaments.model import (
    ACTIVE,
    DECLINED,
    DISQUALIFIED,
    ENTERABLE,
    PENDING,
    REFUNDED,
    WITHDRAWN,
    Actor,
    Entry,
    Tournament,
)
from pitboss.tournaments.saga import (
    drive,
    event_of,
    free_seat,
    make_room,
    post_owed,
    resume,
    seat_paid,
    seating,
)
from pitboss.tournaments.service import busy, current

ATTEMPTS = 8


class Registered(NamedTuple):
    """What a registration came to: `fresh` is False for a repetition."""

    tournament: Tournament
    entry: Entry
    fresh: bool


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
            entry = resume(tournament, before, actor)
            return Registered(tournament, entry, fresh=False)
        if before is not None and before.due_at:
            before = drive(tournament, before, actor) or before
        entry_rules.check_open(tournament, actor.now)
        entry_rules.check_buy_in(tournament.spec, buy_in)
        if tournament.spec.max_players and tournament.seats >= tournament.spec.max_players:
            raise _full(tournament)
        entry = entry_rules.new_entry(
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
            entry, debit = _reserve(tournament, before, entry, actor)
        except (TransactionRefused, TooBusy):
            continue  # the seat, the entry or the status moved: look again and give a definite answer
        if entry.pending is not None:
            entry = resume(tournament, entry, actor, debit)
        return Registered(tournament, entry, fresh=True)
    raise busy("registrations")


def _full(tournament: Tournament) -> Refusal:
    most = tournament.spec.max_players
    return Refusal("TOURNAMENT_FULL", f"All {most} seats are taken.", facts={"maxPlayers": most})


def _reserve(
    tournament: Tournament, before: Entry | None, entry: Entry, actor: Actor
) -> tuple[Entry, Movement | None]:
    """Take the seat, for good where nothing is to be debited; the entry as it was written, and its debit."""
    if entry.pending is not None and tournament.spec.collect == "operator":
        return seat_paid(tournament, before, entry, entry.pending, actor), None
    certain = entry.status == ACTIVE
    kind = "registration.accepted" if certain else "registration.requested"
    debit = None
    if certain:
        entry, written = seating(tournament, before, entry)
    else:
        entry, debit, born = reserving(tournament, entry, actor.now)
        written = [*entry_store.entry_ops(before, entry), born]
    store.commit(
        [
            entry_store.seat_op(
                tournament, ENTERABLE, seats=1, players=1 if certain else 0, count=1 if certain else 0
            ),
            *written,
            entry_store.joined_op(entry),
            event_of(entry, kind, actor),
        ]
    )
    if certain:
        make_room(tournament)
    return entry, debit


def withdraw(tenant_id: str, tournament_id: str, player_id: str, brand_id: str | None, actor: Actor) -> Entry:
    """Leave before the start; what was paid is refunded. Repeating answers the same entry."""
    for _ in range(ATTEMPTS):
        tournament = current(tenant_id, tournament_id, actor.now)
        entry = find(tournament, player_id, brand_id)
        if entry.status in (WITHDRAWN, REFUNDED, DECLINED):
            return entry
        if entry.pending is not None:
            entry = resume(tournament, entry, actor)
            if entry.status == DECLINED:
                return entry
        after, written = seating(tournament, entry, entry_rules.withdrawn(tournament, entry, actor.now))
        beside = [
            free_seat(tournament, players=1, entries=1),
            *written,
            event_of(after, "registration.withdrawn", actor),
        ]
        try:
            post_owed(tournament, entry, after, actor, beside)
        except (TransactionRefused, TooBusy):
            continue
        return drive(tournament, after, actor) or after
    raise busy("changes of this entry")


def buy(
    tenant_id: str,
    tournament_id: str,
    player_id: str,
    brand_id: str | None,
    *,
    kind: str,
    key: str,
    actor: Actor,
) -> Registered:
    """A rebuy or an add-on. The debit's reference is made of entry and Idempotency-Key alone, so that whatever becomes of
    the first call, a repeated one is the same purchase.

    Refusals: REBUY_NOT_ALLOWED, ADDON_NOT_ALLOWED, BUY_IN_DECLINED, BUY_IN_PENDING (another purchase hangs).
    """
    for _ in range(ATTEMPTS):
        tournament = current(tenant_id, tournament_id, actor.now)
        entry = find(tournament, player_id, brand_id)
        ref = derive_ulid(entry.entry_id, f"{kind}|{key}")
        if any(paid.ref == ref for paid in entry.paid):
            _check_bought(entry, ref)
            return Registered(tournament, entry, fresh=False)
        debit = None
        if entry.pending is None or entry.pending.ref != ref:
            after = entry_rules.purchase_of(tournament, entry, kind, ref, actor.now)
            written = []
            # A purchase under this key may have been declined before: then its debit is there, and answers.
            if tournament.spec.collect == "callback" and not debit_of(tenant_id, tournament_id, ref):
                after, debit, born = reserving(tournament, after, actor.now)
                written.append(born)
            ops = [
                entry_store.seat_op(tournament, ENTERABLE),
                *entry_store.entry_ops(entry, after),
                event_of(after, f"entry.{kind}_requested", actor, ref=ref),
                *written,
            ]
            try:
                store.commit(ops)
            except (TransactionRefused, TooBusy):
                continue
            entry = after
        done = resume(tournament, entry, actor, debit)
        if done.pending is None:
            _check_bought(done, ref)
        return Registered(tournament, done, fresh=True)
    raise busy("changes of this entry")


def _check_bought(entry: Entry, ref: str) -> None:
    """BUY_IN_DECLINED where a purchase came to nothing. One that is given back while its entry plays on was paid too late;
    with an entry that has left, or whose tournament is void, it was good when it was made."""
    paid = next((paid for paid in entry.paid if paid.ref == ref), None)
    if paid is None:
        raise Refusal("BUY_IN_DECLINED", "The operator declined; nothing was bought.", facts={"ref": ref})
    if paid.refund and entry.status not in (WITHDRAWN, REFUNDED):
        raise Refusal(
            "BUY_IN_DECLINED",
            "The payment came when there was nothing left to buy; it is given back.",
            facts={"ref": ref},
        )
