"""A provider's message to actions, checked by hand: a bet carries no model library.

Missing and mistyped fields are refused by their pointer. Unknown fields are taken (vendors add some in time) and answered
with a warning, which names the field that was probably meant. Nothing is coerced.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, cast

from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.wire import LONGEST_ID
from pitboss.wallet.model import BET_TYPES, MAX_ACTIONS, WIN_TYPES, Action, Kind
from pitboss.wallet.profile import Profile

LONGEST_NAME = 100  # brands, players, games: as everywhere in the product
MAX_WARNINGS = 5
_KINDS: Mapping[str, Kind] = {"bet": "bet", "win": "win", "rollback": "rollback", "end-round": "end"}
_WHO = ("action", "sessionToken", "brandId", "userId")
_ITEM: Mapping[str, tuple[str, ...]] = {
    "bet": (
        "action",
        "transactionId",
        "roundId",
        "gameId",
        "amount",
        "currency",
        "type",
        "freeRoundsId",
        "roundClosed",
    ),
    "win": (
        "action",
        "transactionId",
        "betTransactionId",
        "roundId",
        "gameId",
        "amount",
        "currency",
        "type",
        "freeRoundsId",
        "roundClosed",
    ),
    "rollback": (
        "action",
        "transactionId",
        "originalTransactionId",
        "originalAction",
        "roundId",
        "gameId",
        "amount",
        "currency",
        "roundClosed",
    ),
    "end-round": ("action", "transactionId", "roundId", "gameId"),
}
_TOP: Mapping[str, tuple[str, ...]] = {
    **{name: (*_WHO, *fields) for name, fields in _ITEM.items()},
    "transaction": (*_WHO, "roundId", "gameId", "currency", "actions"),
    "balance": _WHO,
    "authenticate": ("action", "sessionToken", "launchToken"),
}


class Parsed(NamedTuple):
    """A message: who it is for (a token, or brand and user), and what it asks."""

    action: str
    token: str
    launch_token: str
    brand_id: str
    user_id: str
    actions: tuple[Action, ...]
    warnings: tuple[str, ...]


class _Reader:
    """Reads fields and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self.warnings: list[str] = []

    def text(self, source: Mapping[str, Any], name: str, at: str, *, most: int, needed: bool) -> str:
        value = source.get(name)
        if value is None and name not in source:
            if needed:
                self.errors.append(FieldError(at + name, "required"))
            return ""
        if not isinstance(value, str) or not _is_plain(value, most):
            self.errors.append(
                FieldError(at + name, f"a string of 1 to {most} characters without control characters")
            )
            return ""
        return value

    def choice(
        self, source: Mapping[str, Any], name: str, at: str, among: Sequence[str], default: str
    ) -> str:
        value = source.get(name, default)
        if not isinstance(value, str) or value not in (*among, default):
            self.errors.append(FieldError(at + name, "one of " + ", ".join(among)))
            return default
        return value

    def flag(self, source: Mapping[str, Any], name: str, at: str) -> bool:
        value = source.get(name, False)
        if not isinstance(value, bool):
            self.errors.append(FieldError(at + name, "true or false"))
            return False
        return value

    def amount(self, source: Mapping[str, Any], at: str, *, needed: bool) -> Any:
        if "amount" not in source:
            if needed:
                self.errors.append(FieldError(at + "amount", "required"))
            return None
        value = source["amount"]
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise Refusal(
                "INVALID_AMOUNT",
                f"{at}amount: a decimal number or a decimal string.",
                errors=[FieldError(at + "amount", "a decimal number or a decimal string")],
            )
        return value

    def extras(self, source: Mapping[str, Any], known: Sequence[str], at: str) -> None:
        for name in source:
            if name not in known and len(self.warnings) < MAX_WARNINGS:
                near = _near(name, known)
                meant = f"; did you mean {near}?" if near else ""
                self.warnings.append(f"{at}{name[:60]}: unknown field, ignored{meant}")


def parse(document: Any, action: str, profile: Profile) -> Parsed:
    """A message of the action that its route is for. Refusals VALIDATION_ERROR, INVALID_AMOUNT."""
    if not isinstance(document, dict):
        raise Refusal(
            "VALIDATION_ERROR", "The body is a JSON object.", errors=[FieldError("(body)", "an object")]
        )
    reader = _Reader()
    if document.get("action") != action:
        # The action stands in the signed body, so that a captured bet cannot be sent to another route.
        reader.errors.append(FieldError("action", f'"{action}", as the route'))
    token = reader.text(document, "sessionToken", "", most=512, needed=False)
    launch = (
        reader.text(document, "launchToken", "", most=512, needed=False) if action == "authenticate" else ""
    )
    brand = reader.text(document, "brandId", "", most=LONGEST_NAME, needed=False)
    user = reader.text(document, "userId", "", most=LONGEST_NAME, needed=False)
    actions = _actions(document, action, profile, reader)
    if not reader.errors:
        _check_who(
            reader,
            action,
            profile,
            actions,
            has_token=bool(token or launch),
            names_player=bool(brand and user),
        )
    reader.extras(document, _TOP[action], "")
    if reader.errors:
        raise Refusal(
            "VALIDATION_ERROR",
            "; ".join(f"{e.pointer}: {e.reason}" for e in reader.errors[:3]) + ".",
            errors=reader.errors[:50],
        )
    return Parsed(action, token, launch, brand, user, actions, tuple(reader.warnings))


def _check_who(
    reader: _Reader,
    action: str,
    profile: Profile,
    actions: Sequence[Action],
    *,
    has_token: bool,
    names_player: bool,
) -> None:
    if action == "authenticate":
        if not has_token:
            reader.errors.append(FieldError("sessionToken", "required (or launchToken)"))
    elif not has_token and not names_player:
        reader.errors.append(FieldError("sessionToken", "required (or brandId and userId)"))
    elif not has_token and profile.session == "token" and any(a.kind == "bet" for a in actions):
        reader.errors.append(FieldError("sessionToken", "required: a bet needs a session"))


def _actions(
    document: Mapping[str, Any], action: str, profile: Profile, reader: _Reader
) -> tuple[Action, ...]:
    if action in _ITEM:
        return (_item(document, action, "", profile, reader),)
    if action != "transaction":
        return ()
    rows = document.get("actions")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_ACTIONS:
        reader.errors.append(FieldError("actions", f"a list of 1 to {MAX_ACTIONS} actions"))
        return ()
    common = {name: document[name] for name in ("roundId", "gameId", "currency") if name in document}
    found = []
    for number, row in enumerate(rows):
        at = f"actions[{number}]."
        kind = row.get("action") if isinstance(row, dict) else None
        if not isinstance(kind, str) or kind not in _ITEM:
            reader.errors.append(FieldError(at + "action", "one of " + ", ".join(_ITEM)))
            continue
        reader.extras(row, _ITEM[kind], at)
        found.append(_item({**common, **row}, kind, at, profile, reader))
    return tuple(found)


def _item(source: Mapping[str, Any], kind: str, at: str, profile: Profile, reader: _Reader) -> Action:
    rollback, plays = kind == "rollback", kind in ("bet", "win")

    def text(name: str, *, most: int = LONGEST_ID, needed: bool = False) -> str:
        return reader.text(source, name, at, most=most, needed=needed)

    action_type = ""
    if plays:
        action_type = reader.choice(source, "type", at, BET_TYPES if kind == "bet" else WIN_TYPES, kind)
    free_id = text("freeRoundsId", most=LONGEST_NAME) if plays else ""
    if free_id and action_type != "free":
        reader.errors.append(FieldError(at + "freeRoundsId", 'only with "type": "free"'))
    ref = ""
    # Where a rollback has no id of its own it is known by that of what it takes back: ids of other kinds do not clash.
    unnamed = rollback and profile.rollback_id == "bet"
    if rollback:
        ref = text("originalTransactionId", needed=True)
    elif kind == "win":
        ref = text("betTransactionId")
    return Action(
        kind=_KINDS[kind],
        ext_id=text("transactionId", needed=not unnamed) or ref,
        round_id=text("roundId", needed=not rollback),
        game_id=text("gameId", most=LONGEST_NAME, needed=plays),
        amount=None if kind == "end-round" else reader.amount(source, at, needed=plays),
        currency=text("currency", most=12, needed=plays and profile.currency_in_call),
        type=action_type,
        ref=ref,
        free_id=free_id,
        round_closed=kind != "end-round" and reader.flag(source, "roundClosed", at),
        target=cast(Any, reader.choice(source, "originalAction", at, ("bet", "win"), "")) if rollback else "",
    )


def _is_plain(text: str, most: int) -> bool:
    """1 to `most` characters, none of them a control character or half of a pair."""
    return 1 <= len(text) <= most and not any(
        ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in text
    )


def _near(name: str, known: Sequence[str]) -> str:
    """The known field that a name is spelled like, "" if none."""
    bare = name.lower().replace("_", "").replace("-", "")
    for field in known:
        if field.lower() == bare:
            return field
    from difflib import get_close_matches

    close = get_close_matches(name[:60], known, 1, 0.75)
    return close[0] if close else ""
