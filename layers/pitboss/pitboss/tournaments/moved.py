"""What the operator's wallet has moved, or a person has ended by hand, entered in the books: each movement once."""

from pitboss.delivery import public as delivery
from pitboss.ledger import public as ledger
from pitboss.tournaments.model import Tournament

# Where an ended movement goes: its money has left us, or stays with the house.
_GOES_TO = {"confirmed": "cash", "reversed": "remainder"}


def post_payout(tournament: Tournament, payout: delivery.Movement, now: int) -> None:
    """Post what became of a payout, once: confirmed, it leaves `payable`; reversed by hand, it stays with the house. A
    claw-back (negative) leaves `clawback` likewise: the money is back, or the house bears it."""
    goes_to = _GOES_TO.get(payout.state)
    if payout.terms is None or payout.kind == "free_rounds" or goes_to is None:
        return
    owed = ledger.payable_account(tournament.tournament_id)
    if payout.terms.total < 0:
        owed = ledger.operator_account(tournament.tenant_id, "clawback")
    _post_moved(tournament, payout, owed, goes_to, f"payout_{payout.state}", now)


def post_refund(tournament: Tournament, debit: delivery.Movement, now: int) -> None:
    """Post how the refund of a debit ended, once: the operator's wallet has confirmed it, or a person has called it off."""
    back = delivery.debit_of(tournament.tenant_id, tournament.tournament_id, debit.refund_ref)
    goes_to = _GOES_TO.get(back.state) if back else None
    if back is not None and goes_to is not None:
        owed = ledger.payable_account(tournament.tournament_id)
        _post_moved(tournament, back, owed, goes_to, f"refund_{back.state}", now)


def post_ended_by_hand(tournament: Tournament, now: int) -> None:
    """Post the payouts that a person has sent again or ended. Once a tournament is settled no others move."""
    for payout in delivery.payouts_of(tournament.tenant_id, tournament.tournament_id):
        if payout.acts:
            post_payout(tournament, payout, now)


def _post_moved(
    tournament: Tournament, movement: delivery.Movement, owed: str, goes_to: str, kind: str, now: int
) -> None:
    tenant, tx_id = tournament.tenant_id, f"MOVED#{movement.ref}"
    if movement.terms is None or ledger.posted(tenant, tx_id):
        return
    amount = movement.terms.total
    posting = ledger.merged(
        {owed: -amount, ledger.operator_account(tenant, goes_to): amount},
        tx_id=tx_id,
        kind=kind,
        currency=tournament.spec.currency,
        exponent=tournament.spec.exponent,
        at=now,
    )
    if posting is not None:
        ledger.post(tenant, posting)
