"""What the operator's wallet has moved, or a person has ended by hand, entered in the books: each movement once."""

from pitboss.delivery import public as delivery
from pitboss.ledger import public as ledger
from pitboss.tournaments.model import Tournament


def post_payout(tournament: Tournament, payout: delivery.Movement, now: int) -> None:
    """Post what became of a payout, once: confirmed, it leaves `payable`; reversed by hand, it stays with the house.

    A claw-back (negative) is a person's from the first: taken back, the player owes no more; reversed, the house has given it.
    """
    terms = payout.terms
    if terms is None or payout.kind == "free_rounds" or not terms.total:
        return
    owed = terms.total > 0
    goes_to = {"confirmed": "cash", "reversed": "remainder" if owed else "overlay"}.get(payout.state)
    if goes_to is not None:
        kind = f"payout_{payout.state}" if owed else f"clawback_{payout.state}"
        _post_moved(tournament, payout.ref, terms.total, goes_to, kind, now)


def post_refund(tournament: Tournament, debit: delivery.Movement, now: int) -> None:
    """Post how the refund of a debit ended, once: the operator's wallet has confirmed it, or a person has called it off and it
    stays with the house."""
    if debit.terms is None or not debit.refund_ref:
        return
    back = delivery.debit_of(tournament.tenant_id, tournament.tournament_id, debit.refund_ref)
    goes_to = {"confirmed": "cash", "reversed": "remainder"}.get(back.state) if back else None
    if back is not None and goes_to is not None:
        _post_moved(tournament, debit.refund_ref, debit.terms.total, goes_to, f"refund_{back.state}", now)


def _post_moved(tournament: Tournament, ref: str, amount: int, goes_to: str, kind: str, now: int) -> None:
    """`amount` (minor units; negative: a claw-back) from what is owed to where it went."""
    tenant, tx_id = tournament.tenant_id, f"MOVED#{ref}"
    if ledger.posted(tenant, tx_id):
        return
    owed = ledger.payable_account(tournament.tournament_id)
    posting = ledger.merged(
        {
            owed if amount > 0 else ledger.operator_account(tenant, "clawback"): -amount,
            ledger.operator_account(tenant, goes_to): amount,
        },
        tx_id=tx_id,
        kind=kind,
        currency=tournament.spec.currency,
        exponent=tournament.spec.exponent,
        at=now,
    )
    if posting is not None:
        ledger.post(tenant, posting)
