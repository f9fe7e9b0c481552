"""Providers' messages served as documents: what the hub's own routes and the vendors' dialects have in common.

A message acts for the tenant of its session token, which must be the caller's own or one below it; a message that names
brand and user instead acts for the tenant that the caller acts for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pitboss.kernel.refusal import Refusal
from pitboss.tenancy.public import standing_of
from pitboss.wallet import answers, service, sessions, store, tokens
from pitboss.wallet.accounts import change_wallet
from pitboss.wallet.model import Outcome, Wallet
from pitboss.wallet.parse import Parsed, parse
from pitboss.wallet.profile import Profile
from pitboss.wallet.service import Request, token_invalid


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: the tenant it acts for, the place in the tree below which tokens are taken, its integration and how
    that speaks."""

    tenant_id: str
    path: str
    provider: str
    profile: Profile


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a message came: its moment, the seed of ids, its own id; `raw` and `headers` for the inspector (see
    service.Request); `beside` runs while the wallet is read, and may refuse."""

    now: int
    seed: str
    message_id: str = ""
    raw: bytes = b""
    headers: str = ""
    beside: Callable[[], None] | None = field(default=None, compare=False)


def run_document(document: Any, action: str, sender: Sender, arrival: Arrival) -> dict[str, Any]:
    """Serve a message of `action` (authenticate, balance, bet, win, rollback, end-round, transaction): the document of the
    200, or a Refusal of the catalogue."""
    parsed = parse(document, action, sender.profile)
    if action == "authenticate":
        return _authenticate(parsed, sender, arrival)
    if action == "balance":
        return _balance(parsed, sender, arrival)
    return answers.outcome_document(run_parsed(parsed, sender, arrival), listed=action == "transaction")


def run_parsed(parsed: Parsed, sender: Sender, arrival: Arrival) -> Outcome:
    """Serve a money message."""
    token, tenant_id, player_id = _who(parsed, sender, arrival.now)
    request = Request(
        tenant_id=tenant_id,
        player_id=player_id,
        provider=sender.provider,
        actions=parsed.actions,
        profile=sender.profile,
        now=arrival.now,
        seed=arrival.seed,
        token=token,
        raw=arrival.raw,
        headers=arrival.headers,
        warnings=parsed.warnings,
        user_id=parsed.user_id if token else "",
        beside=arrival.beside,
    )
    return service.run(request)


def _who(parsed: Parsed, sender: Sender, now: int) -> tuple[tokens.Token | None, str, str]:
    """The token, if it came with one, and tenant and player."""
    if parsed.token:
        token = tokens.read(parsed.token)
        if token is None:
            raise token_invalid()
        check_below(token.tenant_id, sender.path, now)
        return token, token.tenant_id, token.player_id
    player_id = store.player_of(sender.tenant_id, parsed.brand_id, parsed.user_id)
    if player_id is None:  # 72
        raise Refusal("USER_NOT_FOUND", "There is no such player of this brand.")
    return None, sender.tenant_id, player_id


def check_below(tenant_id: str, path: str, now: int) -> None:
    """Another tenant's token is answered as one that does not exist."""
    standing = standing_of(tenant_id, now) if len(tenant_id) <= 100 else None
    if standing is None or not standing.node.path.startswith(path):
        raise token_invalid()


def _read(tenant_id: str, player_id: str) -> Wallet:
    wallet = store.read_wallet(tenant_id, player_id)
    if wallet is None:
        raise token_invalid()
    return wallet


def _shown(wallet: Wallet, session_id: str) -> int:
    """The balance to show: the hub's, or the operator's own word."""
    if wallet.mode == "transfer":
        return wallet.shown
    from pitboss.wallet import seamless

    return seamless.balance(wallet, session_id)


def _authenticate(parsed: Parsed, sender: Sender, arrival: Arrival) -> dict[str, Any]:
    """A session token is checked; a launch token is exchanged, once, for a session token."""
    launch = bool(parsed.launch_token)
    text, prefix = (parsed.launch_token, tokens.LAUNCH) if launch else (parsed.token, tokens.SESSION)
    token = tokens.read(text, prefix)
    if token is None:
        raise token_invalid()
    check_below(token.tenant_id, sender.path, arrival.now)
    if arrival.beside is not None:
        arrival.beside()
    session_token = ""
    if launch:
        made: dict[str, str] = {}

        def exchange(wallet: Wallet) -> Wallet:
            after, made["token"] = sessions.exchange(wallet, text, arrival.message_id, arrival.now)
            return after

        try:
            wallet = change_wallet(token.tenant_id, token.player_id, exchange)
        except Refusal as refusal:
            if refusal.name == "USER_NOT_FOUND":
                raise token_invalid() from None
            raise
        session_token = made["token"]
    else:
        wallet = _read(token.tenant_id, token.player_id)
    barred = sessions.barred(wallet, arrival.now)
    if barred is not None:
        raise barred
    if launch:
        session = next(s for s in wallet.sessions if s.id == token.session_id)
    else:
        session = sessions.find(wallet, token, arrival.now)
    return answers.session_document(wallet, session, _shown(wallet, session.id), session_token)


def _balance(parsed: Parsed, sender: Sender, arrival: Arrival) -> dict[str, Any]:
    token, tenant_id, player_id = _who(parsed, sender, arrival.now)
    if arrival.beside is not None:
        arrival.beside()
    wallet = _read(tenant_id, player_id)
    service.check_named(wallet, parsed.user_id if token else "")
    session_id = sessions.find(wallet, token, arrival.now).id if token else ""
    return answers.balance_document(wallet, _shown(wallet, session_id), parsed.warnings)


def ids_of(document: Any) -> dict[str, str]:
    """The ids in a message, for the inspector; never a token."""
    if not isinstance(document, Mapping):
        return {}
    names = ("transactionId", "roundId", "userId")
    rows = document.get("actions")
    first = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], Mapping) else {}
    found = {name: document.get(name, first.get(name)) for name in names}
    return {name: value[:256] for name, value in found.items() if isinstance(value, str) and value}
