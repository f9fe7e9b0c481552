"""Debits and payouts to the operator's callback, and back to the tournament how they ended."""

from typing import TYPE_CHECKING

from pitboss.delivery.worker import build

if TYPE_CHECKING:
    from pitboss.delivery.public import Outcome


def _on_debit(tenant_id: str, tournament_id: str, ref: str, outcome: "Outcome") -> None:
    from pitboss.tournaments.public import on_debit

    on_debit(tenant_id, tournament_id, ref, outcome)


def _on_payout(tenant_id: str, tournament_id: str, ref: str) -> None:
    from pitboss.tournaments.public import on_payout

    on_payout(tenant_id, tournament_id, ref)


handler = build(_on_debit, _on_payout)
