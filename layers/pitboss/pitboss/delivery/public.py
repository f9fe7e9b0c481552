"""What other contexts may use of money out.

request_debit(tenant_id, tournament_id, *, now, **DebitTerms) -> Outcome
debit_born(tenant_id, tournament_id, *, now, **DebitTerms) -> (Movement, TransactItem)
ask(born, now) -> (Outcome, Movement | None)
heard_op(ended) -> TransactItem
keep(ended) -> Outcome
debit_outcome(tenant_id, tournament_id, ref) -> Outcome | None
refund(tenant_id, tournament_id, *, debit_ref, refund_ref, reason, now) -> bool
plan_payouts(tenant_id, tournament_id, result_version, lines, approval, *, now) -> None
payouts_of(tenant_id, tournament_id) -> list[Movement]
debits_of(tenant_id, tournament_id) -> list[Movement]
debit_of(tenant_id, tournament_id, ref) -> Movement | None
payout_of(tenant_id, tournament_id, ref) -> Movement | None
all_settled(tenant_id, tournament_id) -> bool
sweep(now) -> int
"""

from pitboss.delivery import store
from pitboss.delivery.model import DebitTerms, FreeRounds, Movement, Outcome, PayoutLine
from pitboss.delivery.service import (
    all_settled,
    ask,
    debit_born,
    debit_outcome,
    debits_of,
    heard_op,
    keep,
    payouts_of,
    plan_payouts,
    refund,
    request_debit,
    sweep,
)

__all__ = [
    "DebitTerms",
    "FreeRounds",
    "Movement",
    "Outcome",
    "PayoutLine",
    "all_settled",
    "ask",
    "debit_born",
    "debit_of",
    "debit_outcome",
    "debits_of",
    "heard_op",
    "keep",
    "payout_of",
    "payouts_of",
    "plan_payouts",
    "refund",
    "request_debit",
    "sweep",
]


def debit_of(tenant_id: str, tournament_id: str, ref: str) -> Movement | None:
    """One debit by its reference, or None."""
    return store.load(tenant_id, tournament_id, "debit", ref)


def payout_of(tenant_id: str, tournament_id: str, ref: str) -> Movement | None:
    """One payout by its reference, or None."""
    return store.load(tenant_id, tournament_id, "payout", ref)
