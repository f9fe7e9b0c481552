"""The demo casino's seamless wallet: the doors that the hub calls (docs/seamless.md), and controls for whoever holds the
demo token."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pitboss.demo import wallet, wallet_store
from pitboss.demo.api import SIGNED, api, guard
from pitboss.demo.wallet_model import Books, Order, Player, Said, WalletFault
from pitboss.demo.wallet_parse import BadBodyError, read_list, read_order
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import AmountError, exponent_of, format_amount, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import signing
from pitboss.platform.clock import new_ulid
from pitboss.platform.http import Answer, Call, Query
from pitboss.platform.masters import callback_master

SCHEMAS = "pitboss.demo.wallet_schemas"
_ATTEMPTS = 60
_GUARDED = "Only in demo mode. Opened by the header X-Demo-Token."
# Longer than the hub's default patience of 3 s, shorter than this function may take.
LATE_MS = 4_500


def _as_it_is(document: Any) -> Any:
    """The signature is looked at before the fields are."""
    return document


# ---------------------------------------------------------------- what the hub calls
def _checked(call: Call) -> Mapping[str, Any]:
    """The body of a call that the hub has signed for this tenant."""
    body = call.body
    tenant_id = body.get("tenantId") if isinstance(body, dict) else None
    if not isinstance(tenant_id, str):
        raise BadBodyError("VALIDATION_ERROR", "tenantId is missing")
    secret = signing.tenant_secret(callback_master(), tenant_id)
    if fault := signing.fault(secret, call.headers, call.raw, call.now // 1000):
        raise BadBodyError("SIGNATURE_INVALID", fault, 401)
    return body  # type: ignore[no-any-return]


def _serve(call: Call, action: str) -> Answer:
    try:
        body = _checked(call)
        orders, list_id = read_list(body) if action == "transaction" else ([read_order(body, action)], "")
    except BadBodyError as bad:
        return Answer({"status": bad.status, "detail": str(bad)}, bad.http)
    tenant_id, first = body["tenantId"], orders[0]
    fault = pop_fault(tenant_id, action, first.user_id)
    if fault is None:
        return _present(*_apply(tenant_id, list_id, orders, call.now))
    return _misbehave(fault, tenant_id, list_id, orders, call.now)


def _apply(tenant_id: str, list_id: str, orders: list[Order], now: int) -> tuple[Said, Player | None]:
    """Load, decide, commit; again when somebody else was at the same wallet."""
    for attempt in range(_ATTEMPTS):
        books = wallet_store.load(tenant_id, orders[0].player_key, list_id, orders)
        if books is None:
            return Said("PLAYER_NOT_FOUND"), None
        said, after = _decide(books, list_id, orders, now)
        if after is books or wallet_store.save(books, after):
            return said, after.player
        time.sleep(min(0.05, 0.002 * (attempt + 1)))
    return Said("SERVER_IS_BUSY"), None


def _decide(books: Books, list_id: str, orders: list[Order], now: int) -> tuple[Said, Books]:
    if list_id:
        return wallet.take_list(books, list_id, orders, now)
    return wallet.take(books, orders[0], now)


def _present(said: Said, player: Player | None) -> Answer:
    """A definite answer: HTTP 200 and the word, with the balance wherever there is one."""
    body: dict[str, Any] = {"status": said.status}
    if player is not None and said.balance is not None:
        body["balance"] = format_amount(said.balance, player.exponent)
        body["currency"] = player.currency
    if said.replay and player is not None and said.current is not None:
        body |= {"replay": True, "currentBalance": format_amount(said.current, player.exponent)}
    if said.status == "OK":
        body["transactionId"] = new_ulid()
    if said.detail:
        body["detail"] = said.detail
    return Answer(body, 503 if said.status == "SERVER_IS_BUSY" else 200)


def _misbehave(fault: WalletFault, tenant_id: str, list_id: str, orders: list[Order], now: int) -> Answer:
    if fault.kind == "late":
        time.sleep(fault.delay_ms / 1000)
    if fault.kind == "refuse":
        return Answer({"status": fault.name or "PLAYER_BLOCKED"})
    if not fault.commit:
        return _wrong(fault.kind)
    said, player = _apply(tenant_id, list_id, orders, now)
    if fault.kind == "duplicate":
        said, player = _apply(tenant_id, list_id, orders, now)
    if fault.kind == "slow":
        time.sleep(fault.delay_ms / 1000)
    if fault.kind == "lying-balance" and player is not None:
        return _present(replace(said, balance=(said.balance or 0) * 10 + 1), player)
    return _present(said, player) if fault.kind in ("slow", "late", "duplicate") else _wrong(fault.kind)


def _wrong(kind: str) -> Answer:
    status, content_type, text = {
        "html": (200, "text/html", "<html><body>Welcome to our casino</body></html>"),
        "empty": (200, "application/json", ""),
        "error500": (500, "application/json", '{"error": "boom"}'),
        "unknown-status": (200, "application/json", '{"status": "MAYBE", "balance": "1.00"}'),
        "malformed": (200, "application/json", '{"status": "OK", "bal'),
    }.get(kind, (502, "text/plain", ""))  # drop-before, drop-after: what a gateway says whose upstream died
    return Answer(text, status, content_type=content_type)


def _door(path: str, action: str, summary: str, body: str) -> None:
    @api.route(
        "POST",
        f"/demo-operator/wallet/{path}",
        summary,
        public=True,
        parse=_as_it_is,
        body=f"{SCHEMAS}:{body}",
        answer=f"{SCHEMAS}:WalletAnswer",
        also=(401, 503),
        about=SIGNED,
    )
    def serve(call: Call) -> Answer:
        """As docs/seamless.md asks of an operator."""
        return _serve(call, action)


_door("balance", "balance", "Tell a player's balance", "BalanceCallback")
_door("bet", "bet", "Take a bet", "MoneyCallback")
_door("win", "win", "Pay a win", "MoneyCallback")
_door("rollback", "rollback", "Undo a transaction", "MoneyCallback")
_door("transaction", "transaction", "Take a list of actions, all or none", "ListCallback")


# ---------------------------------------------------------------- faults
def pop_fault(tenant_id: str, action: str, user_id: str) -> WalletFault | None:
    """The fault that is due for this call, if any; each is used as often as it was ordered."""
    for _ in range(_ATTEMPTS):
        pending, version = wallet_store.faults(tenant_id)
        for place, fault in enumerate(pending):
            if fault.action in ("*", action) and fault.user_id in ("", user_id):
                rest = [replace(fault, left=fault.left - 1)] if fault.left > 1 else []
                if wallet_store.save_faults(
                    tenant_id, [*pending[:place], *rest, *pending[place + 1 :]], version
                ):
                    return fault
                break
        else:
            return None
    return None


@api.route(
    "POST",
    "/demo-operator/wallet/faults",
    "Tell the demo wallet to answer wrongly",
    public=True,
    body=f"{SCHEMAS}:WalletFaults",
    answer=f"{SCHEMAS}:WalletFaultsSet",
    errors=("TOKEN_INVALID", "SERVER_IS_BUSY"),
    about=_GUARDED,
)
def set_wallet_faults(call: Call) -> Answer:
    """Adds to what is pending; `replace` drops what was (of the named player, if one is named)."""
    guard(call)
    wanted = [
        WalletFault(
            f.kind,
            f.action,
            f.user_id or "",
            f.times,
            f.commit
            if f.commit is not None
            else f.kind in ("drop-after", "slow", "late", "lying-balance", "duplicate"),
            f.delay_ms or LATE_MS,
            f.name or "",
        )
        for f in call.body.faults
    ]
    for _ in range(_ATTEMPTS):
        pending, version = wallet_store.faults(call.body.tenant_id)
        left = [] if call.body.replace else pending
        if wallet_store.save_faults(call.body.tenant_id, [*left, *wanted], version):
            return Answer({"pending": sum(fault.left for fault in [*left, *wanted])})
    raise Refusal("SERVER_IS_BUSY", "The demo casino is busy.", retry_after_s=1)


# ---------------------------------------------------------------- players
def _player_view(player: Player) -> dict[str, Any]:
    return {
        "brandId": player.brand_id,
        "userId": player.user_id,
        "balance": format_amount(player.balance, player.exponent),
        "currency": player.currency,
        "status": player.status,
        "maxBet": None if player.max_bet is None else format_amount(player.max_bet, player.exponent),
        "transactions": [],
    }


def _amount(text: Any, exponent: int, field: str) -> int:
    try:
        return parse_amount(text, exponent)
    except AmountError as error:
        raise Refusal(error.code, str(error), errors=[FieldError(field, str(error))]) from None


@api.route(
    "POST",
    "/demo-operator/wallet/control",
    "Create or set a player of the demo wallet",
    public=True,
    body=f"{SCHEMAS}:WalletControl",
    answer=f"{SCHEMAS}:WalletPlayer",
    errors=("TOKEN_INVALID", "SERVER_IS_BUSY", "INVALID_AMOUNT", "AMOUNT_PRECISION", "AMOUNT_LIMIT"),
    about=_GUARDED + " A new player has 1000.00 unless told otherwise.",
)
def control_player(call: Call) -> Answer:
    """Members left out stay as they are."""
    guard(call)
    body = call.body
    for _ in range(_ATTEMPTS):
        before = wallet_store.read_player(body.tenant_id, body.brand_id, body.user_id)
        player = before or _newcomer(body)
        if body.currency and body.currency != player.currency:
            player = replace(player, currency=body.currency, exponent=_exponent(body), balance=0)
        if body.balance is not None:
            player = replace(player, balance=_amount(body.balance, player.exponent, "balance"))
        if body.status is not None:
            player = replace(player, status=body.status)
        if body.limits is not None:
            most = body.limits.max_bet
            limit = None if most is None else _amount(most, player.exponent, "limits.maxBet")
            player = replace(player, max_bet=limit)
        if wallet_store.write_player(player, before.version if before else 0):
            return Answer(_player_view(player))
    raise Refusal("SERVER_IS_BUSY", "The demo casino is busy.", retry_after_s=1)


def _newcomer(body: Any) -> Player:
    exponent = _exponent(body)
    currency = body.currency or "EUR"
    return Player(body.tenant_id, body.brand_id, body.user_id, currency, exponent, 1000 * 10**exponent)


def _exponent(body: Any) -> int:
    """The currency's own, unless the balance is written with other decimals of a currency nobody knows."""
    try:
        return exponent_of(body.currency or "EUR")
    except KeyError:
        return len(str(body.balance or "").partition(".")[2])


@api.route(
    "GET",
    "/demo-operator/wallet/control",
    "Read a player of the demo wallet",
    public=True,
    answer=f"{SCHEMAS}:WalletPlayer",
    query=(
        Query("tenantId", "Required: whose casino.", maximum=100),
        Query("brandId", "Required.", maximum=100),
        Query("userId", "Required.", maximum=100),
    ),
    errors=("TOKEN_INVALID", "USER_NOT_FOUND"),
    about=_GUARDED,
)
def look_at_player(call: Call) -> Answer:
    """Balance, and every transaction that the wallet was told of, oldest first."""
    guard(call)
    given = [call.query[name] or "" for name in ("tenantId", "brandId", "userId")]
    player = wallet_store.read_player(*given)
    if player is None:
        raise Refusal("USER_NOT_FOUND", "The demo wallet has no such player.")
    entries = wallet_store.entries_of(player, 2000)
    told = [
        {
            "action": entry.action,
            "transactionId": entry.transaction_id,
            "providerTransactionId": entry.provider_transaction_id,
            "amount": format_amount(entry.amount, player.exponent),
            "state": entry.state,
            "status": entry.status,
            "at": format_instant(entry.at),
        }
        for entry in entries
    ]
    return Answer({**_player_view(player), "transactions": told})
