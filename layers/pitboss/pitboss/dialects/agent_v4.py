"""The founding agent API, v4, over the hub's own use cases: players, games, launches, and money in transfer mode.

It names players and providers by numbers. A player's number is 53 bits of a hash, kept with the name it stands for
(`V4USER#<tenant>` / `<number>`); a provider's is 31 bits of a hash of the integration's id and is kept nowhere.
"""

import hashlib
from decimal import Decimal
from typing import Any

from pitboss.catalogue import public as catalogue
from pitboss.dialects import store
from pitboss.dialects.spelling import scaled
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import AmountError, format_amount, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.http import Call
from pitboss.players import public as players
from pitboss.players.public import Known, Who, Wish
from pitboss.points import public as points
from pitboss.tenancy import public as tenancy
from pitboss.wallet.public import Outcome, deposit, withdraw

BRAND_HEADER = "pitboss-brand"
ENGLISH = 1
NUMBERS = 4  # attempts at a number that nobody has; the second is needed once in a universe


def agent_info(call: Call, _body: Any) -> dict[str, Any]:
    """Name, currency and points."""
    tenant_id = call.tenant_id
    node = tenancy.node(tenant_id)
    if node is None:
        raise Refusal("AGENT_NOT_FOUND", "There is no such agent.")
    exponent = tenancy.exponent(tenant_id, node.currency)
    held = points.balances([tenant_id])[tenant_id] // points.SCALE
    return {"name": node.name, "currency": node.currency, "balance": _number(held, exponent)}


def _number(minor: int, exponent: int) -> Decimal | int:
    return scaled(format_amount(minor, exponent), "decimal")


def brand_of(call: Call) -> str:
    """The brand that this API has no word for: that of the header, or the only one that the agent has."""
    named = call.headers.get(BRAND_HEADER, "").strip()
    brands = catalogue.enabled_brands(call.tenant_id)
    if named in brands:
        return named
    if not named and len(brands) == 1:
        return brands[0]
    reason = "one of " + ", ".join(brands) if brands else "the agent has no brand yet"
    raise Refusal(
        "BRAND_NOT_FOUND",
        f"Send Pitboss-Brand: {reason}.",
        errors=[FieldError("Pitboss-Brand", reason)],
    )


# ---------------------------------------------------------------- players
def create_user(call: Call, body: Any) -> dict[str, Any]:
    """The player of that name, made if there is none."""
    told = {"brand_id": brand_of(call), "user_id": body.name}
    _, is_new = players.create(
        call.tenant_id, told, currency=None, player_id=call.new_id("player"), who=_who(call), now=call.now
    )
    return {"user_code": _user_code(call.tenant_id, told["brand_id"], body.name), "is_new_user": is_new}


def _user_code(tenant_id: str, brand_id: str, user_id: str) -> int:
    for attempt in range(NUMBERS):
        named = f"{tenant_id}\x1f{brand_id}\x1f{user_id}\x1f{attempt}".encode()
        number = (int.from_bytes(hashlib.sha256(named).digest()[:7], "big") >> 3) or 1
        if store.claim_user_code(tenant_id, number, brand_id, user_id):
            return number
    raise Refusal("INTERNAL_ERROR", "No number was free.", effect="none")


def _who(call: Call) -> Who:
    return Who(call.who().key_id, call.source_ip, call.new_id("event"))


def user(call: Call, user_code: int) -> Known:
    """The player of a number. Refusal USER_NOT_FOUND, for another agent's number too."""
    found = store.find_user_code(call.tenant_id, user_code)
    if found is None:
        raise Refusal("USER_NOT_FOUND", "There is no such user_code; see /v4/user/create.")
    brand_id, user_id = found
    return players.find(call.tenant_id, user_id, brand_id)


def user_info(call: Call, body: Any) -> dict[str, Any]:
    """Name and balance; the balance of a seamless player is the casino's own."""
    found = user(call, body.user_code).wallet
    balance = _number(found.shown, found.exponent) if found.mode == "transfer" else None
    return {"name": found.user_id, "balance": balance}


# ---------------------------------------------------------------- games
def provider_id(integration: str) -> int:
    """The number of an integration."""
    return int.from_bytes(hashlib.sha256(integration.encode()).digest()[:4], "big") >> 1


def providers(call: Call, _body: Any) -> list[dict[str, Any]]:
    """The integrations that sent games."""
    return [
        {"provider_id": provider_id(one), "provider_name": one, "locale_name": one, "status": 1}
        for one in catalogue.integrations(call.tenant_id)
    ]


def games(call: Call, body: Any) -> list[dict[str, Any]]:
    """Enabled games of one provider."""
    if body.provider_id not in map(provider_id, catalogue.integrations(call.tenant_id)):
        raise Refusal("PROVIDER_NOT_FOUND", "There is no such provider_id; see /v4/game/providers.")
    return _games(call, body.provider_id)


def all_games(call: Call, _body: Any) -> list[dict[str, Any]]:
    """Enabled games of all providers."""
    return _games(call, None)


def _games(call: Call, provider: int | None) -> list[dict[str, Any]]:
    brand_id = brand_of(call)
    return [
        {
            "provider_id": provider_id(game.integration_id),
            "game_code": game.slug,
            "game_name": game.name,
            "locale_name": game.name,
            "game_image": game.icon_url,
            "launch_enable": game.enabled,
            "category": "Live" if "live" in game.facts.tags else "Slots",
            "reg_date": format_instant(game.facts.released_at) if game.facts.released_at else None,
        }
        for game in catalogue.all_games(call.tenant_id)
        if game.enabled
        and (provider is None or provider_id(game.integration_id) == provider)
        and (game.brands is None or brand_id in game.brands)
    ]


def game_url(call: Call, body: Any) -> dict[str, Any]:
    """A URL that opens the game once, within ten minutes."""
    for name in ("win_ratio", "rtp"):
        if getattr(body, name) not in (0, None):
            reason = "0 or left out: the results of a game are never steered per player (docs/points.md)"
            raise Refusal("VALIDATION_ERROR", f"{name}: {reason}.", errors=[FieldError(name, reason)])
    known = user(call, body.user_code)
    game = catalogue.game(call.tenant_id, body.game_symbol)
    if game is None or provider_id(game.integration_id) != body.provider_id:
        raise Refusal("GAME_NOT_FOUND", "There is no such game of this provider.")
    wish = Wish(
        slug=body.game_symbol,
        player_id=known.player.player_id,
        language="en" if body.lang == ENGLISH else None,
        device="desktop",
        lobby_url=body.return_url or None,
        mode="real",
    )
    launched = players.launch(
        call.tenant_id, wish, session_id=call.new_id("session")[-10:], who=_who(call), now=call.now
    )
    return {"game_url": launched.url}


# ---------------------------------------------------------------- money in transfer mode
def pay_in(call: Call, body: Any) -> dict[str, Any]:
    """From the agent to the player."""
    found = user(call, body.user_code).wallet
    minor = _minor(body.amount, found.exponent)
    return _moved(
        deposit(call.tenant_id, found.player_id, _id(call, body), minor, now=call.now, seed=call.seed)
    )


def pay_out(call: Call, body: Any) -> dict[str, Any]:
    """Back to the agent."""
    found = user(call, body.user_code).wallet
    minor = _minor(body.amount, found.exponent)
    return _moved(
        withdraw(call.tenant_id, found.player_id, _id(call, body), minor, now=call.now, seed=call.seed)
    )


def pay_out_all(call: Call, body: Any) -> dict[str, Any]:
    """All of it; a repetition under the same tx_id answers what was moved the first time."""
    found = user(call, body.user_code).wallet
    return _moved(
        withdraw(call.tenant_id, found.player_id, _id(call, body), None, now=call.now, seed=call.seed)
    )


def _id(call: Call, body: Any) -> str:
    return f"v4:{body.tx_id}" if body.tx_id else f"v4-call:{call.new_id('movement')}"


def _minor(value: Any, exponent: int) -> int:
    try:
        return parse_amount(value, exponent)
    except AmountError as error:
        raise Refusal(error.code, f"amount: {error}.", errors=[FieldError("amount", str(error))]) from None


def _moved(outcome: Outcome) -> dict[str, Any]:
    (result,) = outcome.results
    tx = result.tx
    return {"balance": _number(tx.after or 0, tx.exponent), "amount": _number(tx.amount, tx.exponent)}
