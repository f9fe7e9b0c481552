"""Leaderboard, own standing with what it would win, why a round counted.

Composed here because the rounds engine knows no prizes: what a place is worth is the tournament's knowledge.
"""

from typing import Any

from pitboss.rounds.boards_api import api, serve_preview
from pitboss.rounds.public import Live, Snapshot


def prizes(live: Live, board: Snapshot, entry_id: str) -> dict[str, Any] | None:
    """The prize preview of an entry; imported when somebody asks for a standing, not for every board."""
    from pitboss.tournaments.preview import preview

    return preview(live.tenant_id, live.tournament_id, board, entry_id)


serve_preview(prizes)
handler = api.handler
