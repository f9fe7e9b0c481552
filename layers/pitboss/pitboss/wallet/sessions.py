"""What may be done with a player's sessions. Pure: `(wallet, wish, now) -> wallet`; the caller commits.

* A player has one session per device (a launch's device is that of its game); the next one on the same device, or of the
  same external id, refreshes it: the old token takes no bets from that write on. Several devices play at once.
* A launch keeps a session that waits for its token; exchanging the token, once, makes it a live one.
* Time played counts through: a session that begins while another is alive takes over its beginning, so that neither
  refreshing nor a second device stretches the session time.
* An ended session is kept while there is room, since its wins and rollbacks still come.
"""

import hashlib
from dataclasses import replace

from pitboss.kernel.instants import format_instant
from pitboss.kernel.refusal import Refusal
from pitboss.wallet.model import MAX_SESSIONS, Session, Wallet
from pitboss.wallet.tokens import LAUNCH, SECRET_BYTES, Token, digest_of, make, matches, read

MINUTE_MS = 60_000
SESSION_TTL_MS = 480 * MINUTE_MS
LAUNCH_TTL_MS = 10 * MINUTE_MS
# After the session time is used up, a pause before the next session may begin.
PAUSE_MS = 15 * MINUTE_MS
# Wins of a session come late by hours, promotions by days.
KEPT_MS = 7 * 24 * 60 * MINUTE_MS
# The wallet item is paid for by its size with every bet: few sessions that are over stay (wins of forgotten ones are taken
# too), and of a launch only what its session needs.
MOST_OVER = 2
SLIM_MS = 60 * MINUTE_MS


def barred(wallet: Wallet, now: int) -> Refusal | None:
    """Why the player may not begin to play or bet now, or None. Wins and rollbacks are never asked about."""
    if wallet.status == "closed":
        return Refusal("PLAYER_CLOSED", "The player's account is closed.")
    if wallet.self_excluded_until > now:
        until = format_instant(wallet.self_excluded_until)
        return Refusal(
            "PLAYER_SELF_EXCLUDED",
            f"The player has excluded himself until {until}.",
            facts={"selfExcludedUntil": until},
        )
    if wallet.status == "blocked":
        return Refusal("PLAYER_BLOCKED", "The player is blocked; PATCH /players/{id} unblocks.")
    if wallet.cool_off_until > now:
        until = format_instant(wallet.cool_off_until)
        return Refusal(
            "PLAYER_COOLING_OFF", f"The player is cooling off until {until}.", facts={"coolOffUntil": until}
        )
    return None


def alive(session: Session, now: int) -> bool:
    """Whether the session takes bets, as far as it itself is asked."""
    return bool(session.digest) and not session.ended and now < session.expires_at


def by_id(wallet: Wallet, session_id: str) -> Session | None:
    """The session of that id, launched and ended ones too, or None."""
    return next((session for session in wallet.sessions if session.id == session_id), None)


def lookup(wallet: Wallet, token: Token) -> Session | None:
    """The session that the token is true for, ended and expired ones too; None if there is none (any more)."""
    session = by_id(wallet, token.session_id)
    return session if session and matches(token, session.digest) else None


def find(wallet: Wallet, token: Token, now: int) -> Session:
    """The live session of a token. Refusal TOKEN_INVALID, SESSION_EXPIRED."""
    session = lookup(wallet, token)
    if session is None:
        raise Refusal("TOKEN_INVALID", "The session token is not valid.")
    if not alive(session, now):
        raise Refusal(
            "SESSION_EXPIRED",
            "The session was ended or refreshed; authorise the player again."
            if session.ended
            else f"The session ran out at {format_instant(session.expires_at)}; authorise the player again.",
        )
    return session


def time_used_up(wallet: Wallet, now: int) -> Refusal | None:
    """SESSION_TIME_LIMIT while the pause after a full session time lasts, else None."""
    minutes = wallet.limits_at(now).session_minutes
    if minutes is None:
        return None
    for session in wallet.sessions:
        if not session.digest or session.ended:
            continue
        full = session.started_at + minutes * MINUTE_MS
        if full <= now < full + PAUSE_MS:
            until = format_instant(full + PAUSE_MS)
            return Refusal(
                "SESSION_TIME_LIMIT",
                f"The player's {minutes} minutes of play are used up; the next session may begin at {until}.",
                facts={"sessionMinutes": minutes, "pauseUntil": until},
            )
    return None


def begun_at(wallet: Wallet, now: int) -> int:
    """When the play that is going on began, or `now` if no session is alive."""
    return min([session.started_at for session in wallet.sessions if alive(session, now)], default=now)


def may_begin(wallet: Wallet, now: int) -> Refusal | None:
    """Why no session may begin now, or None."""
    return barred(wallet, now) or time_used_up(wallet, now)


def start(wallet: Wallet, session: Session, now: int) -> Wallet:
    """With a new live session, which ends its predecessor. Refusals of `may_begin`."""
    if refusal := may_begin(wallet, now):
        raise refusal
    others = tuple(_ended(s) if alive(s, now) and _same(s, session) else s for s in wallet.sessions)
    return _with(wallet, others, replace(session, started_at=begun_at(wallet, now)), now)


def _same(old: Session, new: Session) -> bool:
    if new.external_id and old.external_id == new.external_id:
        return True
    return old.device == new.device


def launch(wallet: Wallet, session: Session, now: int) -> Wallet:
    """With a session that waits for its launch token until `launch_until` (no `digest` yet). Refusals of `may_begin`."""
    if refusal := may_begin(wallet, now):
        raise refusal
    return _with(wallet, wallet.sessions, session, now)


def _with(wallet: Wallet, others: tuple[Session, ...], session: Session, now: int) -> Wallet:
    kept = [_slimmed(s, now) for s in others if s.id != session.id and not _forgettable(s, now)]
    over = [s for s in kept if s.digest and not alive(s, now)]
    for gone in sorted(over, key=lambda s: s.started_at)[: max(0, len(over) - MOST_OVER)]:
        kept.remove(gone)
    while len(kept) >= MAX_SESSIONS:
        kept.remove(min(kept, key=lambda s: _worth(s, now)))
    return replace(wallet, sessions=(*kept, session))


def _slimmed(session: Session, now: int) -> Session:
    """Without what told of its launch token, once nobody can be repeating the exchange any more."""
    if not session.used or now < session.launch_until + SLIM_MS:
        return session
    return replace(session, launch=b"", launch_until=0, used=b"")


def _forgettable(session: Session, now: int) -> bool:
    """The wallet item is paid for by its size with every bet."""
    if not session.digest:
        return session.ended or now >= session.launch_until
    return now >= session.expires_at + KEPT_MS


def _worth(session: Session, now: int) -> tuple[int, int]:
    """What is given up first: ended sessions, expired ones, launches not opened yet, live ones; each the oldest first."""
    if not session.digest:
        return 2, session.launch_until
    if session.ended:
        return 0, session.started_at
    return (3 if now < session.expires_at else 1), session.started_at


def exchange(
    wallet: Wallet, launch_token: str, request_id: str, now: int, ttl_ms: int = SESSION_TTL_MS
) -> tuple[Wallet, str]:
    """A launch token for a session token: once. The same request again (`request_id` names it: its webhook-id) gets the
    same session token and the wallet unchanged, so that an answer that was lost does not cost the player the game.

    Raises:
        Refusal: TOKEN_INVALID, LAUNCH_TOKEN_USED, LAUNCH_TOKEN_EXPIRED, and those of `may_begin`.
    """
    token = read(launch_token, LAUNCH)
    launched = by_id(wallet, token.session_id) if token else None
    if token is None or launched is None:
        raise Refusal("TOKEN_INVALID", "This is no launch token, or one that is long over.")
    secret = _session_secret(launch_token, request_id)
    session_token = make(token.tenant_id, token.player_id, token.session_id, secret)
    if not matches(token, launched.launch):
        raise Refusal("TOKEN_INVALID", "This is no launch token.")
    if launched.used:
        if launched.used == _nonce(request_id) and launched.digest == digest_of(secret):
            return wallet, session_token
        raise Refusal(
            "LAUNCH_TOKEN_USED",
            "A launch URL opens once; ask for a new one with POST /games/{slug}/launch. Was an old one cached?",
        )
    if launched.ended or now >= launched.launch_until:
        raise Refusal(
            "LAUNCH_TOKEN_EXPIRED",
            "The launch URL was not opened in time or was withdrawn; ask for a new one with "
            "POST /games/{slug}/launch.",
        )
    session = replace(
        launched,
        digest=digest_of(secret),
        used=_nonce(request_id),
        started_at=now,
        expires_at=now + ttl_ms,
    )
    waiting = replace(wallet, sessions=tuple(s for s in wallet.sessions if s.id != launched.id))
    return start(waiting, session, now), session_token


def _session_secret(launch_token: str, request_id: str) -> bytes:
    # Whoever saw the launch URL cannot know the id of the provider's request.
    return hashlib.sha256(f"pitboss/exchange|{launch_token}|{request_id}".encode()).digest()[:SECRET_BYTES]


def _nonce(request_id: str) -> bytes:
    return hashlib.sha256(request_id.encode()).digest()[:8]


def end(wallet: Wallet, session_id: str) -> Wallet:
    """With the session ended: its bets are refused from this write on, its wins and rollbacks pass. Again is the same.
    Refusal SESSION_NOT_FOUND."""
    if by_id(wallet, session_id) is None:
        raise Refusal("SESSION_NOT_FOUND", "There is no such session, or it is long over.")
    return replace(wallet, sessions=tuple(_ended(s) if s.id == session_id else s for s in wallet.sessions))


def end_all(wallet: Wallet) -> Wallet:
    """With every session ended and every launch URL dead: of a player who is blocked or excluded."""
    return replace(wallet, sessions=tuple(_ended(s) for s in wallet.sessions))


def _ended(session: Session) -> Session:
    return replace(session, ended=True)
