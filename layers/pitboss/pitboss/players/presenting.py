"""Players, sessions and grants as answers show them."""

from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.players.model import Event, Player
from pitboss.players.service import Known, limits_row
from pitboss.wallet.public import FreeRounds, Session, sessions


def _instant(at: int) -> str | None:
    return format_instant(at) if at else None


def player_row(player: Player) -> dict[str, Any]:
    """The profile."""
    return {
        "id": player.player_id,
        "brandId": player.brand_id,
        "userId": player.user_id,
        "displayName": player.display_name or None,
        "country": player.country or None,
        "language": player.language or None,
        "jurisdiction": player.jurisdiction or None,
        "birthYear": player.birth_year or None,
        "realityCheckMinutes": player.reality_check_minutes,
        "currency": player.currency,
        "createdAt": format_instant(player.created_at),
        "updatedAt": format_instant(player.updated_at),
    }


def player_view(known: Known, now: int) -> dict[str, Any]:
    """The player with what play is judged by."""
    wallet = known.wallet
    following = wallet.next_limits if wallet.next_limits_at > now else None
    return {
        **player_row(known.player),
        "mode": wallet.mode,
        "status": wallet.status,
        "selfExcludedUntil": _instant(wallet.self_excluded_until),
        "coolOffUntil": _instant(wallet.cool_off_until),
        "limits": limits_row(wallet.limits_at(now), wallet.exponent),
        "nextLimits": limits_row(following, wallet.exponent) if following else None,
        "nextLimitsAt": format_instant(wallet.next_limits_at) if following else None,
        "balance": format_amount(wallet.shown, wallet.exponent) if wallet.mode == "transfer" else None,
        "sessions": [session_row(session, now) for session in wallet.sessions],
    }


def session_row(session: Session, now: int) -> dict[str, Any]:
    """A session; one that was launched tells until when its URL is good."""
    if sessions.alive(session, now):
        state = "live"
    elif session.ended:
        state = "ended"
    elif not session.digest and now < session.launch_until:
        state = "launched"
    else:
        state = "expired"
    return {
        "sessionId": session.id,
        "device": session.device.partition("/")[0],
        "externalSessionId": session.external_id or None,
        "state": state,
        "startedAt": format_instant(session.started_at),
        "expiresAt": format_instant(session.expires_at),
    }


def event_row(event: Event) -> dict[str, Any]:
    """A line of the history."""
    return {
        "eventId": event.event_id,
        "type": event.kind,
        "at": format_instant(event.at),
        "actor": event.actor,
        "sourceIp": event.source_ip,
        "changes": {name: list(pair) for name, pair in event.changes.items()},
    }


def grant_row(rounds: FreeRounds, now: int) -> dict[str, Any]:
    """A grant and what was played of it."""
    return {
        "freeRoundsId": rounds.id,
        "playerId": rounds.player_id,
        "integrationId": rounds.provider,
        "gameIds": list(rounds.games),
        "count": rounds.count,
        "used": rounds.used,
        "left": rounds.left,
        "betAmount": format_amount(rounds.bet_amount, rounds.exponent),
        "staked": format_amount(rounds.staked, rounds.exponent),
        "won": format_amount(rounds.won, rounds.exponent),
        "currency": rounds.currency,
        "winKind": rounds.win_kind,
        "state": rounds.status_at(now),
        "reference": rounds.reference,
        "createdAt": format_instant(rounds.created_at),
        "expiresAt": format_instant(rounds.expires_at),
    }
