"""The hub's callbacks taken apart, field by field: what an operator checks before it touches its books."""

from collections.abc import Mapping
from typing import Any

from pitboss.demo.wallet_model import Order

MAX_LIST = 20
_ID_MAX = 256


class BadBodyError(Exception):
    """The call is not what the contract says; nothing was done."""

    def __init__(self, status: str, reason: str, http: int = 400) -> None:
        super().__init__(reason)
        self.status = status
        self.http = http


def read_order(body: Mapping[str, Any], action: str, head: Mapping[str, Any] | None = None) -> Order:
    """One action; inside a list, `head` holds what the list says for all of them. Fields we do not know are left aside.

    Raises:
        BadBodyError: a field is missing or not of its type.
    """
    both = {**(head or {}), **body}
    if both.get("action") != action:
        raise BadBodyError("VALIDATION_ERROR", f"action must be {action}")
    money = action != "balance"
    if money and "amount" not in both and action != "rollback":
        raise BadBodyError("INVALID_AMOUNT", "amount is missing")
    closes = both.get("roundClosed", False)
    if not isinstance(closes, bool):
        raise BadBodyError("VALIDATION_ERROR", "roundClosed is true or false")
    return Order(
        action=action,  # type: ignore[arg-type]
        transaction_id=_text(both, "transactionId", required=money),
        brand_id=_text(both, "brandId", required=True),
        user_id=_text(both, "userId", required=True),
        currency=_text(both, "currency"),
        amount=both.get("amount"),
        provider=_text(both, "provider"),
        provider_transaction_id=_text(both, "providerTransactionId"),
        game_id=_text(both, "gameId"),
        round_id=_text(both, "roundId", required=action in ("bet", "win")),
        closes_round=closes,
        type=_text(both, "type") or action,
        bet_id=_text(both, "betTransactionId") if action == "win" else "",
        original_id=_text(both, "originalTransactionId", required=action == "rollback"),
        wins=_wins(both),
    )


def _wins(body: Mapping[str, Any]) -> tuple[str, ...]:
    given = body.get("winTransactionIds", [])
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
        raise BadBodyError("VALIDATION_ERROR", "winTransactionIds is a list of ids")
    return tuple(given)


def read_list(body: Mapping[str, Any]) -> tuple[list[Order], str]:
    """The actions of a list, and the list's own id. All are of one player. Raises BadBodyError."""
    if body.get("action") != "transaction":
        raise BadBodyError("VALIDATION_ERROR", "action must be transaction")
    actions = body.get("actions")
    if not isinstance(actions, list) or not 1 <= len(actions) <= MAX_LIST:
        raise BadBodyError("VALIDATION_ERROR", f"actions is a list of 1 to {MAX_LIST}")
    head = {name: body[name] for name in ("brandId", "userId", "currency", "provider") if name in body}
    orders = []
    for one in actions:
        if not isinstance(one, dict) or one.get("action") not in ("bet", "win", "rollback"):
            raise BadBodyError("VALIDATION_ERROR", "an action is bet, win or rollback")
        orders.append(read_order(one, one["action"], head))
    if len({order.player_key for order in orders}) != 1:
        raise BadBodyError("VALIDATION_ERROR", "a list is of one player")
    if len({order.transaction_id for order in orders}) != len(orders):
        raise BadBodyError("VALIDATION_ERROR", "an id stands twice in the list")
    return orders, _text(body, "transactionId", required=True)


def _text(body: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    value = body.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or len(value) > _ID_MAX or (required and not value):
        raise BadBodyError("VALIDATION_ERROR", f"{name} is a string of 1 to {_ID_MAX} characters")
    return value
