"""The debit of a purchase: what it asks for, and its birth in the reservation."""

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, cast

from pitboss.delivery import public as delivery
from pitboss.tournaments.model import Entry, Pending, Tournament

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef


def debit_terms(tournament: Tournament, entry: Entry, pending: Pending) -> delivery.DebitTerms:
    """A pending purchase as a debit: the same on every attempt. Amounts in minor units."""
    return {
        "ref": pending.ref,
        "kind": cast(Literal["buy_in", "rebuy", "add_on"], pending.kind),
        "entry_id": entry.entry_id,
        "brand_id": entry.brand_id,
        "player_id": entry.player_id,
        "amount": pending.fee,
        "rake": pending.rake,
        "currency": tournament.spec.currency,
        "exponent": tournament.spec.exponent,
    }


def reserving(tournament: Tournament, entry: Entry, now: int) -> "tuple[Entry, delivery.Movement, Op]":
    """A pending entry, the debit of its purchase, and what writes that in the reservation. The sweeper need not look at
    such an entry: its debit is what is due."""
    pending = entry.pending
    if pending is None:
        raise ValueError("nothing is pending")
    debit, born = delivery.debit_born(
        tournament.tenant_id, tournament.tournament_id, **debit_terms(tournament, entry, pending), now=now
    )
    return replace(entry, due_at=0), debit, born
