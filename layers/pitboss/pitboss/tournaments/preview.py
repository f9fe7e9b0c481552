"""What a player would win if the tournament ended on this board."""

from typing import Any

from pitboss.kernel.money import format_amount
from pitboss.ledger import public as ledger
from pitboss.rounds import public as rounds
from pitboss.scoring.public import Award, split_prizes
from pitboss.tournaments import store
from pitboss.tournaments.model import REFUNDING
from pitboss.tournaments.results import pool_of_collected

# Tied players share places, so the exact prize of one needs every paid place: two chunks of the board at the most.
MOST_ROWS = 2_000
STEP = 500


def preview(
    tenant_id: str, tournament_id: str, board: rounds.Snapshot, entry_id: str
) -> dict[str, Any] | None:
    """`{prizeAmount, currency, prizes: [...]}` of an entry by the split that the result will use, from the pool as it is
    now, or as the result found it; None without prizes, in a tournament that is called off, or where more than 2,000
    places are paid."""
    tournament = store.load(tenant_id, tournament_id)
    prizes = tournament.spec.prizes if tournament else None
    if tournament is None or not prizes or tournament.status in REFUNDING:
        return None
    spec = tournament.spec
    last = max(line["to"] for line in prizes["lines"])
    if last > MOST_ROWS:
        return None
    if tournament.result_version:  # the pool is paid out by now, or soon; the result stands by what was in it
        collected = tournament.collected
    else:
        collected = ledger.balance(tenant_id, ledger.pool_account(tournament_id), spec.currency)
    pool = pool_of_collected(spec, collected)
    ranked = rounds.ranked_from(board, 0, last)
    # Who ties with the last paid place shares in it; those without a rank share in nothing.
    while len(ranked) < min(board.total, MOST_ROWS) and 0 < ranked[-1].rank == ranked[last - 1].rank:
        ranked += rounds.ranked_from(board, len(ranked), STEP)
    awards = split_prizes(prizes, ranked, pool.net, spec.exponent, spec.currency)
    own = [award for award in awards if award.entry_id == entry_id]
    return {
        "currency": spec.currency,
        "prizeAmount": format_amount(sum(award.amount for award in own), spec.exponent),
        "prizes": [_shown(award) for award in own],
    }


def _shown(award: Award) -> dict[str, Any]:
    if award.kind != "free_rounds":
        return {"kind": award.kind, "amount": format_amount(award.amount, award.exponent)}
    return {
        "kind": award.kind,
        "count": award.free_rounds,
        "value": format_amount(award.value, award.exponent),
        "gameSlug": award.game,
        "validHours": award.valid_hours,
    }
