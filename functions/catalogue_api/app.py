"""Brands, games, integrations, active games.

Composed here because the catalogue knows no tournaments: which are on is the rounds engine's knowledge.
"""

from collections.abc import Iterable

from pitboss.catalogue.api import api, serve_active_games
from pitboss.catalogue.rules import Running

# Clients poll every three minutes; a game appears well before its first round is wanted.
SOON_MS = 15 * 60_000
OVER = ("cancelled", "voided", "final", "paying", "settled")


def running(tenant_id: str, now: int) -> Iterable[Running]:
    """The tenant's tournaments from a quarter of an hour before the start to the end of grace."""
    from pitboss.rounds.public import live_tournaments

    return [
        Running(live.tournament_id, live.games, live.brands)
        for live in live_tournaments(tenant_id)
        if live.status not in OVER and live.start_at - SOON_MS <= now <= live.grace_until
    ]


serve_active_games(running)
handler = api.handler
