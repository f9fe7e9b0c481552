"""Decisions over entries: who may enter, what a purchase does, who gets money back. Pure, as rules.py."""

from dataclasses import replace
from typing import Any

from pitboss.kernel.ids import derive_ulid
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.scoring.public import Seat, Stint
from pitboss.tournaments.model import (
    ACTIVE,
    BEFORE_START,
    DECLINED,
    DISQUALIFIED,
    DRAFT,
    ENTERABLE,
    PENDING,
    REFUNDED,
    REGISTRATION,
    RUNNING,
    WITHDRAWN,
    Entry,
    Paid,
    Pending,
    Purchase,
    Spec,
    Tournament,
    refund_ref,
)

PENDING_CHECK_MS = 60_000  # how long a purchase may hang before the sweeper looks at it


def check_open(tournament: Tournament, now: int) -> None:
    """REGISTRATION_CLOSED unless a player may enter at `now`."""
    spec = tournament.spec
    if tournament.status == REGISTRATION and now < spec.start_at:
        return
    if tournament.status == RUNNING and now < spec.late_until:
        return
    facts: dict[str, Any] = {"tournamentStatus": tournament.status}
    if tournament.status in (DRAFT, *BEFORE_START) and now < spec.opens_at:
        facts["registrationOpensAt"] = format_instant(spec.opens_at)
        detail = f"Registration opens at {facts['registrationOpensAt']}."
    elif tournament.status in ENTERABLE:
        facts["lateRegistrationUntil"] = format_instant(spec.late_until)
        detail = f"Registration closed at {facts['lateRegistrationUntil']}."
    else:
        detail = f"The tournament is {tournament.status}; players enter while it is {' or '.join(ENTERABLE)}."
    raise Refusal("REGISTRATION_CLOSED", detail, facts=facts)


def check_buy_in(spec: Spec, offered: int | None) -> None:
    """BUY_IN_MISMATCH unless the offered amount (minor units; None: not stated) is the price.

    Where the operator collects, its statement is the only proof of payment, so it must be there.
    """
    if offered is None and (spec.collect == "callback" or spec.price == 0):
        return
    if offered != spec.price:
        show = format_amount(spec.price, spec.exponent)
        raise Refusal(
            "BUY_IN_MISMATCH",
            f"buyInAmount is buy-in plus rake, {show} {spec.currency}.",
            errors=[FieldError("buyInAmount", f"must be {show}")],
            facts={
                "buyIn": format_amount(spec.buy_in, spec.exponent),
                "rake": format_amount(spec.rake, spec.exponent),
                "currency": spec.currency,
            },
        )


def new_entry(
    tournament: Tournament,
    before: Entry | None,
    *,
    entry_id: str,
    brand_id: str,
    player_id: str,
    display_name: str,
    country: str,
    now: int,
) -> Entry:
    """A seat that is reserved (a price is due) or taken (freeroll). Who left or was declined may come again."""
    attempt = before.attempt + 1 if before else 1
    own = before.entry_id if before else entry_id
    entry = Entry(
        tenant_id=tournament.tenant_id,
        tournament_id=tournament.tournament_id,
        entry_id=own,
        brand_id=brand_id,
        player_id=player_id,
        display_name=display_name,
        status=PENDING,
        version=before.version + 1 if before else 1,
        attempt=attempt,
        registered_at=now,
        country=country,
        paid=before.paid if before else (),
        roster=before.roster if before else None,
    )
    spec = tournament.spec
    if spec.price == 0:
        return seated(entry, now)
    ref = derive_ulid(own, f"buy_in:{attempt}")
    return replace(
        entry, pending=Pending(ref, "buy_in", spec.buy_in, spec.rake, now), due_at=now + PENDING_CHECK_MS
    )


def seated(entry: Entry, now: int) -> Entry:
    """The entry once its seat is certain: its first stint begins at this moment."""
    return replace(
        entry, status=ACTIVE, joined_at=now, stints=(Stint(1, now),), pending=None, due_at=0, reason=""
    )


def confirmed(tournament: Tournament, entry: Entry, now: int) -> Entry:
    """The entry after its pending purchase was paid; its effect begins at this moment."""
    pending = entry.pending
    if pending is None:
        raise ValueError("nothing is pending")
    paid = (*entry.paid, Paid(pending.ref, pending.kind, pending.fee, pending.rake, now))
    after = replace(entry, paid=paid, pending=None, due_at=0, version=entry.version + 1)
    if pending.kind == "buy_in":
        return seated(after, now)
    purchase = tournament.spec.rebuy if pending.kind == "rebuy" else tournament.spec.add_on
    if purchase is None:
        raise ValueError("a purchase that the tournament does not sell")
    return replace(after, stints=_after_purchase(entry.stints, purchase, now))


def _after_purchase(stints: tuple[Stint, ...], purchase: Purchase, now: int) -> tuple[Stint, ...]:
    last = stints[-1]
    if purchase.effect in ("new_entry", "reset"):
        return (*stints, Stint(last.entry_no + 1, now))
    if purchase.effect == "add_rounds":
        return (*stints[:-1], last._replace(rounds_extra=last.rounds_extra + purchase.gives))
    return (*stints[:-1], last._replace(points_extra=last.points_extra + purchase.gives))


def refused(entry: Entry, reason: str) -> Entry:
    """The entry after its pending purchase came to nothing: a first buy-in frees the seat, a rebuy changes nothing."""
    pending = entry.pending
    first = pending is not None and pending.kind == "buy_in"
    return replace(
        entry,
        pending=None,
        due_at=0,
        version=entry.version + 1,
        status=DECLINED if first else entry.status,
        reason=reason if first else entry.reason,
    )


def too_late(entry: Entry, reason: str, now: int) -> Entry:
    """The entry whose pending purchase was paid after there was nothing left to buy: it is owed back at once."""
    pending = entry.pending
    if pending is None:
        raise ValueError("nothing is pending")
    paid = (
        *entry.paid,
        Paid(pending.ref, pending.kind, pending.fee, pending.rake, now, refund_ref(pending.ref)),
    )
    return replace(refused(entry, reason), paid=paid, due_at=now)


def withdrawn(tournament: Tournament, entry: Entry, now: int) -> Entry:
    """The entry after the player left before the start; whatever was paid is owed back."""
    if tournament.status not in BEFORE_START or now >= tournament.spec.start_at:
        raise Refusal(
            "TOURNAMENT_STATE",
            f"Players leave before the start; the tournament is {tournament.status}. Use disqualify to take one out.",
            facts={"tournamentStatus": tournament.status},
        )
    if entry.pending is not None:
        raise Refusal("BUY_IN_PENDING", "The buy-in is still being settled; try again.", retry_after_s=2)
    if entry.status != ACTIVE:
        # Leaving must not be the way round a disqualification: money back, and a fresh registration.
        raise Refusal(
            "NOT_REGISTERED",
            f"The entry is {entry.status}; reinstate the player first.",
            facts={"entryStatus": entry.status},
        )
    after = replace(entry, status=WITHDRAWN, version=entry.version + 1, reason="withdrawn")
    return owing(after, now)


def owing(entry: Entry, now: int) -> Entry:
    """The entry with every purchase marked to be refunded, and due until that is arranged."""
    paid = tuple(row if row.refund else row._replace(refund=refund_ref(row.ref)) for row in entry.paid)
    return replace(entry, paid=paid, due_at=now if paid != entry.paid else entry.due_at)


def refunded(entry: Entry) -> Entry:
    """The entry of a cancelled or voided tournament: nobody takes part, everything paid is owed back."""
    paid = tuple(row if row.refund else row._replace(refund=refund_ref(row.ref)) for row in entry.paid)
    return replace(entry, status=REFUNDED, paid=paid, version=entry.version + 1, due_at=0)


def purchase_of(tournament: Tournament, entry: Entry, kind: str, ref: str, now: int) -> Entry:
    """The entry with a rebuy or add-on pending. REBUY_NOT_ALLOWED / ADDON_NOT_ALLOWED say why not."""
    name = "REBUY_NOT_ALLOWED" if kind == "rebuy" else "ADDON_NOT_ALLOWED"
    spec = tournament.spec
    purchase = spec.rebuy if kind == "rebuy" else spec.add_on
    if purchase is None:
        raise Refusal(name, f"This tournament sells no {kind.replace('_', '-')}.")
    if entry.pending is not None:
        raise Refusal("BUY_IN_PENDING", "An earlier purchase is still being settled.", retry_after_s=2)
    if entry.status != ACTIVE:
        raise Refusal(name, f"The entry is {entry.status}.", facts={"entryStatus": entry.status})
    until = min(purchase.until or spec.end_at, spec.end_at)
    # A further entry makes sense only while play is on; more rounds or points can be bought before it begins.
    early = kind == "add_on" or purchase.effect == "add_rounds"
    statuses = ENTERABLE if early else (RUNNING,)
    if tournament.status not in statuses or now >= until:
        raise Refusal(
            name,
            f"It can be bought while the tournament is {' or '.join(statuses)}, until {format_instant(until)}.",
            facts={"tournamentStatus": tournament.status, "until": format_instant(until)},
        )
    if entry.count(kind) >= purchase.most:
        raise Refusal(name, f"At most {purchase.most} per player.", facts={"max": purchase.most})
    return replace(
        entry,
        pending=Pending(ref, kind, purchase.fee, purchase.rake, now),
        version=entry.version + 1,
        due_at=now + PENDING_CHECK_MS,
    )


def seat_of(entry: Entry) -> Seat:
    """The scorer's view of an entry."""
    return Seat(
        entry.entry_id,
        entry.brand_id,
        entry.player_id,
        entry.display_name,
        entry.status,
        entry.joined_at,
        entry.stints,
    )


def disqualified(entry: Entry, reason: str) -> Entry:
    """The entry taken out of the ranking; nothing is paid back."""
    if entry.status not in (ACTIVE, DISQUALIFIED):
        raise Refusal(
            "NOT_REGISTERED", f"The entry is {entry.status}; only an active player is disqualified."
        )
    return replace(entry, status=DISQUALIFIED, version=entry.version + 1, reason=reason)


def reinstated(entry: Entry) -> Entry:
    """The entry back in the ranking, with the points it had."""
    if entry.status not in (ACTIVE, DISQUALIFIED):
        raise Refusal(
            "NOT_REGISTERED", f"The entry is {entry.status}; only a disqualified player is reinstated."
        )
    return replace(entry, status=ACTIVE, version=entry.version + 1, reason="")
