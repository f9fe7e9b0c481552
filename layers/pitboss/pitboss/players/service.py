"""Use cases of players: create, change, authorise, end a session."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from pitboss.catalogue.public import brand as known_brand
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import dynamo
from pitboss.players import rules, store
from pitboss.players.model import Event, Player
from pitboss.players.rules import LimitChange
from pitboss.tenancy.public import exponent, settings_of
from pitboss.wallet.public import Limits, Session, Wallet, read_wallet, sessions, tokens

ATTEMPTS = 8
# Copies that POST /wallet/authenticate answers without another read.
COPIED = ("country", "language", "reality_check_minutes")


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts, for the history: the key and its address; `event_id` names this attempt's event."""

    key_id: str
    source_ip: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Known:
    """A player with the wallet."""

    player: Player
    wallet: Wallet


def find(tenant_id: str, named: str, brand_id: str | None = None) -> Known:
    """A player by the hub's id, or (with `brand_id`) by the casino's own. Refusal USER_NOT_FOUND."""
    if brand_id is not None:
        player = store.read(tenant_id, brand_id, named)
        wallet = read_wallet(tenant_id, player.player_id) if player else None
    else:
        wallet = read_wallet(tenant_id, named) if len(named) == 26 else None
        player = store.read(tenant_id, wallet.brand_id, wallet.user_id) if wallet else None
    if player is None or wallet is None:
        raise Refusal(
            "USER_NOT_FOUND",
            "There is no such player. {id} is the hub's id; for the casino's own userId send ?brandId= too.",
        )
    return Known(player, wallet)


def create(
    tenant_id: str, told: Mapping[str, Any], *, currency: str | None, player_id: str, who: Who, now: int
) -> tuple[Known, bool]:
    """The player that `told` (names of Player, brand_id and user_id among them) describes, and whether it is new.

    Raises:
        Refusal: BRAND_NOT_FOUND, CURRENCY_MISMATCH, CONFLICT (the player stands with other content).
    """
    brand_id, user_id = told["brand_id"], told["user_id"]
    personal = {name: value for name, value in told.items() if name not in ("brand_id", "user_id")}
    settings = settings_of(tenant_id)
    if currency not in (None, settings.currency):
        raise Refusal(
            "CURRENCY_MISMATCH",
            f"An agent has one currency; this one's is {settings.currency}. Make an agent for each currency.",
            errors=[FieldError("currency", f"{settings.currency} or left out")],
        )
    standing = store.read(tenant_id, brand_id, user_id)
    if standing is None:
        if known_brand(tenant_id, brand_id) is None:
            raise Refusal(
                "BRAND_NOT_FOUND",
                f"There is no brand {brand_id!r}; PUT /integrations/{{id}}/operators makes it.",
            )
        player = Player(
            tenant_id=tenant_id,
            player_id=player_id,
            currency=settings.currency,
            created_at=now,
            updated_at=now,
            as_created=personal,
            **told,
        )
        wallet = Wallet(
            tenant_id,
            player_id,
            brand_id,
            user_id,
            settings.currency,
            exponent(tenant_id, settings.currency),
            settings.wallet_mode,
            **{name: getattr(player, name) for name in COPIED},
        )
        event = Event(who.event_id, player_id, "player.created", now, who.key_id, who.source_ip)
        if store.create(player, wallet, event):
            return Known(player, replace(wallet, version=1)), True
    known = find(tenant_id, user_id, brand_id)
    rules.same_as_created(known.player, personal)
    return known, False


type Change = Callable[[Known], tuple[Known, str, dict[str, tuple[Any, Any]]]]


def _commit(tenant_id: str, named: str, brand_id: str | None, change: Change, who: Who, now: int) -> Known:
    """Load, decide, commit, with `change` run again whenever a bet of the player was quicker."""
    for attempt in range(1, ATTEMPTS + 1):
        before = find(tenant_id, named, brand_id)
        after, kind, changes = change(before)
        if after == before:
            return before
        event = Event(who.event_id, before.player.player_id, kind, now, who.key_id, who.source_ip, changes)
        if store.change(before.player, after.player, before.wallet, after.wallet, event):
            moved = after.wallet != before.wallet
            return replace(
                after,
                wallet=replace(after.wallet, version=before.wallet.version + 1) if moved else before.wallet,
            )
        dynamo.pause(attempt)
    raise Refusal(
        "OPERATION_IN_PROGRESS", "Other calls of this player are running; repeat it.", retry_after_s=1
    )


# ---------------------------------------------------------------- changing
def change(
    tenant_id: str, named: str, brand_id: str | None, wanted: Mapping[str, Any], *, who: Who, now: int
) -> Known:
    """Change what `wanted` names: personal members, `status`, `self_excluded_until`, `cool_off_until` (ms, 0 for none),
    `limits` (names of Limits; None for none). A player who may not play any more loses every session in the same write.

    Raises:
        Refusal: USER_NOT_FOUND, CONFLICT, EXCLUSION_NOT_SHORTENED, VALIDATION_ERROR.
    """

    def decide(known: Known) -> tuple[Known, str, dict[str, tuple[Any, Any]]]:
        player, changes = rules.personal_change(known.player, wanted, now)
        wallet, more = _wallet_change(known.wallet, wanted, now)
        if player != known.player:
            wallet = replace(wallet, **{name: getattr(player, name) for name in COPIED})
        if wallet.sessions and sessions.barred(wallet, now):
            wallet = sessions.end_all(wallet)
        return Known(player, wallet), "player.changed", {**changes, **more}

    return _commit(tenant_id, named, brand_id, decide, who, now)


def _wallet_change(
    wallet: Wallet, wanted: Mapping[str, Any], now: int
) -> tuple[Wallet, dict[str, tuple[Any, Any]]]:
    changes: dict[str, tuple[Any, Any]] = {}
    after = wallet
    if "status" in wanted:
        after = replace(after, status=rules.next_status(wallet.status, wanted["status"]))
        if after.status != wallet.status:
            changes["status"] = (wallet.status, after.status)
    if "self_excluded_until" in wanted:
        until = rules.extended(
            "selfExcludedUntil", wallet.self_excluded_until, wanted["self_excluded_until"], now
        )
        after = replace(after, self_excluded_until=until)
        if until != wallet.self_excluded_until:
            changes["selfExcludedUntil"] = (_instant(wallet.self_excluded_until), _instant(until))
    if "cool_off_until" in wanted:
        until = rules.extended("coolOffUntil", wallet.cool_off_until, wanted["cool_off_until"], now)
        after = replace(after, cool_off_until=until)
        if until != wallet.cool_off_until:
            changes["coolOffUntil"] = (_instant(wallet.cool_off_until), _instant(until))
    if wanted.get("limits"):
        after = _limited(after, wanted["limits"], now)
        if (after.limits, after.next_limits) != (wallet.limits, wallet.next_limits):
            changes["limits"] = (_limits_shown(wallet, now), _limits_shown(after, now))
    return after, changes


def _limited(wallet: Wallet, wanted: Mapping[str, int | None], now: int) -> Wallet:
    before = LimitChange(
        asdict(wallet.limits),
        asdict(wallet.next_limits) if wallet.next_limits else None,
        wallet.next_limits_at,
    )
    after = rules.change_limits(before, wanted, now)
    return replace(
        wallet,
        limits=Limits(**after.now),
        next_limits=Limits(**after.following) if after.following is not None else None,
        next_limits_at=after.at,
    )


def _instant(at: int) -> str | None:
    return format_instant(at) if at else None


def limits_row(limits: Limits, exponent: int) -> dict[str, Any]:
    """Limits as answers show them: amounts in major units, None for no limit."""

    def amount(minor: int | None) -> str | None:
        return None if minor is None else format_amount(minor, exponent)

    return {
        "maxBet": amount(limits.max_bet),
        "dailyLoss": amount(limits.daily_loss),
        "weeklyLoss": amount(limits.weekly_loss),
        "sessionMinutes": limits.session_minutes,
    }


def _limits_shown(wallet: Wallet, now: int) -> dict[str, Any]:
    shown = limits_row(wallet.limits_at(now), wallet.exponent)
    if wallet.next_limits is not None and wallet.next_limits_at > now:
        shown["next"] = limits_row(wallet.next_limits, wallet.exponent)
        shown["nextAt"] = format_instant(wallet.next_limits_at)
    return shown


# ---------------------------------------------------------------- sessions
@dataclass(frozen=True, slots=True)
class Authorised:
    """A new session; `token` is shown once and stored nowhere."""

    known: Known
    session: Session
    token: str


def authorise(
    tenant_id: str,
    named: str,
    brand_id: str | None,
    *,
    device: str,
    external_id: str,
    ip: str,
    ttl_ms: int,
    session_id: str,
    who: Who,
    now: int,
) -> Authorised:
    """A session of the player on a device, in place of the one before.

    Raises:
        Refusal: USER_NOT_FOUND, PLAYER_BLOCKED, PLAYER_SELF_EXCLUDED, PLAYER_COOLING_OFF, PLAYER_CLOSED,
            SESSION_TIME_LIMIT.
    """
    secret = secrets.token_bytes(tokens.SECRET_BYTES)
    session = Session(
        session_id, tokens.digest_of(secret), device, now, now + ttl_ms, external_id=external_id
    )

    def decide(known: Known) -> tuple[Known, str, dict[str, tuple[Any, Any]]]:
        facts = {"sessionId": (None, session_id), "device": (None, device)}
        if external_id:
            facts["externalSessionId"] = (None, external_id)
        if ip:
            facts["playerIp"] = (None, ip)
        return replace(known, wallet=sessions.start(known.wallet, session, now)), "session.started", facts

    known = _commit(tenant_id, named, brand_id, decide, who, now)
    started = sessions.by_id(known.wallet, session_id) or session
    token = tokens.make(tenant_id, known.player.player_id, session_id, secret)
    return Authorised(known, started, token)


def end_session(
    tenant_id: str, named: str, brand_id: str | None, session_id: str, *, who: Who, now: int
) -> None:
    """End a session (or withdraw a launch URL): bets are refused from this write on. Again is the same.

    Raises:
        Refusal: USER_NOT_FOUND, SESSION_NOT_FOUND.
    """

    def decide(known: Known) -> tuple[Known, str, dict[str, tuple[Any, Any]]]:
        wallet = sessions.end(known.wallet, session_id)
        return replace(known, wallet=wallet), "session.ended", {"sessionId": (session_id, None)}

    _commit(tenant_id, named, brand_id, decide, who, now)


def add_launch(
    known: Known, session: Session, facts: dict[str, tuple[Any, Any]], *, who: Who, now: int
) -> Known:
    """Keep a launched session with the player. Refusals of sessions.may_begin."""

    def decide(fresh: Known) -> tuple[Known, str, dict[str, tuple[Any, Any]]]:
        return replace(fresh, wallet=sessions.launch(fresh.wallet, session, now)), "game.launched", facts

    return _commit(known.player.tenant_id, known.player.player_id, None, decide, who, now)
