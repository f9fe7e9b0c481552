"""Decisions about players. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pitboss.kernel.instants import MAX_INSTANT, format_instant
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.players.model import PERSONAL, PRIVATE, Player, Status, camel

LOOSER_AFTER_MS = 24 * 3_600_000


def same_as_created(player: Player, told: Mapping[str, Any]) -> None:
    """A second POST of the same player is answered as the first; one that says otherwise is refused.

    `told` holds the members that the call named, by the names of Player. They may say what the player is now, or what
    the first call said: a casino that sends the same body at each login must not fail after a PATCH.

    Raises:
        Refusal: CONFLICT, naming every member that differs.
    """
    now = {name: getattr(player, name) for name in told}
    if told in (now, player.as_created):
        return
    errors = [
        FieldError(camel(name), f"the player has {now[name]!r} here")
        for name, value in told.items()
        if value != now[name]
    ]
    raise Refusal(
        "CONFLICT",
        f"The player {player.user_id!r} of {player.brand_id!r} exists with other content "
        f"({', '.join(e.pointer for e in errors)}); change it with PATCH /players/{player.player_id}.",
        errors=errors,
        facts={"id": player.player_id},
    )


def personal_change(
    player: Player, wanted: Mapping[str, Any], now: int
) -> tuple[Player, dict[str, tuple[Any, Any]]]:
    """The profile with `wanted` (names of Player, only PERSONAL ones) and what differs, in the API's names.

    What is cleared is gone: from the words of the creation too, and the history never held it (PRIVATE).
    """
    differs = {
        name: value for name, value in wanted.items() if name in PERSONAL and getattr(player, name) != value
    }
    if not differs:
        return player, {}
    changes = {
        camel(name): (_told(name, getattr(player, name)), _told(name, value))
        for name, value in differs.items()
    }
    as_created = {name: value for name, value in player.as_created.items() if differs.get(name, value)}
    changed = replace(player, **differs, as_created=as_created, updated_at=now, version=player.version + 1)
    return changed, changes


def _told(name: str, value: Any) -> Any:
    if name not in PRIVATE:
        return value
    return "told" if value else "not told"


def next_status(before: Status, wanted: Status) -> Status:
    """The status after a change. Refusal CONFLICT: a closed account stays closed."""
    if before == "closed" and wanted != "closed":
        raise Refusal(
            "CONFLICT",
            "A closed account is not opened again; create the player under another userId.",
            errors=[FieldError("status", "closed is final")],
        )
    return wanted


def extended(member: str, before: int, wanted: int | None, now: int) -> int:
    """A self-exclusion or cool-off after a change: instants in ms, 0 for none. While it lasts it can only grow.

    Raises:
        Refusal: EXCLUSION_NOT_SHORTENED; VALIDATION_ERROR for an end that has passed.
    """
    running = before > now
    if wanted is None or wanted == 0:
        if running:
            raise _kept(member, before)
        return 0
    if wanted == before:
        return before
    if wanted <= now or wanted > MAX_INSTANT:
        raise Refusal(
            "VALIDATION_ERROR", f"{member} lies ahead.", errors=[FieldError(member, "an instant ahead")]
        )
    if running and wanted < before:
        raise _kept(member, before)
    return wanted


def _kept(member: str, until: int) -> Refusal:
    return Refusal(
        "EXCLUSION_NOT_SHORTENED",
        f"{member} stands until {format_instant(until)}; it can be extended, not shortened or lifted.",
        errors=[FieldError(member, f"not before {format_instant(until)}")],
        facts={member: format_instant(until)},
    )


type Limits = Mapping[str, int | None]


class LimitChange(NamedTuple):
    """Limits by name (None is no limit): those in force, and those that follow at `at` (None and 0 when none wait)."""

    now: Limits
    following: Limits | None
    at: int


def change_limits(before: LimitChange, wanted: Limits, now: int) -> LimitChange:
    """Stricter limits count at once, looser ones after 24 hours.

    Asking for the present value withdraws what waits. Asking for a value that is no looser than the one that waits keeps
    its time: a repeated call must not put it off. Any other looser wish starts the 24 hours anew for all that wait.
    """
    due = before.following is not None and before.at <= now
    current = dict(before.following if due and before.following is not None else before.now)
    waiting = before.following is not None and not due
    following = dict(before.following) if waiting and before.following is not None else dict(current)
    at = before.at if waiting else 0
    for name, value in wanted.items():
        if not _looser(value, current[name]):
            current[name] = following[name] = value
            continue
        if at == 0 or _looser(value, following[name]):
            at = now + LOOSER_AFTER_MS
        following[name] = value
    return LimitChange(current, None, 0) if following == current else LimitChange(current, following, at)


def _looser(value: int | None, than: int | None) -> bool:
    """Whether a limit lets more through than another."""
    return than is not None and (value is None or value > than)
