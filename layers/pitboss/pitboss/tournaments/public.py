"""What workers may use of tournaments: tell how money ended.

    on_debit(tenant_id, tournament_id, ref, outcome)     a debit ended, or the refund of one did
    on_payout(tenant_id, tournament_id, ref)             a payout came to rest

Both may be told the same any number of times. What they raise means: tell me again.
"""

from pitboss.delivery import public as delivery
from pitboss.ledger import public as ledger
from pitboss.platform.clock import now_ms
from pitboss.tournaments import entry_store, gateway, store
from pitboss.tournaments.model import PAYING, Actor
from pitboss.tournaments.moved import post_payout, post_refund
from pitboss.tournaments.saga import return_unclaimed, settle_purchase

__all__ = ["on_debit", "on_payout"]

GATHER_MS = 2000  # news of many payouts within this time leads to one look


def on_debit(tenant_id: str, tournament_id: str, ref: str, outcome: delivery.Outcome) -> None:
    """Give the purchase that `ref` pays for its end; post the refund once it is confirmed."""
    tournament = store.load(tenant_id, tournament_id)
    debit = delivery.debit_of(tenant_id, tournament_id, ref)
    if tournament is None or debit is None or debit.terms is None or outcome.state == "unknown":
        return
    if debit.refund_ref and ledger.posted(tenant_id, f"DEBIT#{ref}"):
        post_refund(tournament, debit, now_ms())
    terms, actor = debit.terms, Actor("money", ref, now_ms())
    entry = entry_store.load_entry(tenant_id, tournament_id, terms.brand_id, terms.player_id)
    if entry is not None and entry.pending is not None and entry.pending.ref == ref:
        settle_purchase(tournament, entry, outcome.state, outcome.reason, actor)
    elif outcome.state == "confirmed" and not (entry and any(paid.ref == ref for paid in entry.paid)):
        return_unclaimed(tournament, debit, actor)


def on_payout(tenant_id: str, tournament_id: str, ref: str) -> None:
    """Have the settler see what is still open: soon, and once for all payouts that end within a moment.

    What a person ended is posted here: it was at rest before, so the settler may have been done with it.
    """
    tournament = store.load(tenant_id, tournament_id)
    if tournament is None:
        return
    now = now_ms()
    payout = delivery.payout_of(tenant_id, tournament_id, ref)
    if payout is not None and (payout.acts or tournament.status != PAYING):
        post_payout(tournament, payout, now)
    if tournament.status != PAYING:
        return
    if store.take_lease(tenant_id, tournament_id, "", now, now + GATHER_MS, of="NUDGE"):
        gateway.ask_settlement(tenant_id, tournament_id, delay_s=GATHER_MS // 1000)
