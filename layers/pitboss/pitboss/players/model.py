"""Players as the hub knows them. What a bet is judged by (status, exclusions, limits, sessions, balance) stands in the
wallet item, read with every bet; here stands the person: what is asked for rarely and may be erased."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

Status = Literal["active", "blocked", "closed"]
Mode = Literal["real", "demo"]
Severity = Literal["error", "warning"]

# What a casino may tell of a player; the rest of `Player` is the hub's own.
PERSONAL = ("display_name", "country", "language", "jurisdiction", "birth_year", "reality_check_minutes")
# Of these the history says that they were told, not what.
PRIVATE = ("display_name", "birth_year")
DEFAULT_REALITY_CHECK = 60
DEMO_CURRENCY = "FUN"


def camel(name: str) -> str:
    """`display_name` to `displayName`."""
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


@dataclass(frozen=True, slots=True)
class Player:
    """A player of one brand. `player_id` is the hub's ULID, `user_id` the casino's own id; `as_created` holds what the
    casino told when it made the player, so that the same call again is known as the same.

    `birth_year` 0, `country` "" and so on: not told. `reality_check_minutes` 0: no reminder.
    """

    tenant_id: str
    player_id: str
    brand_id: str
    user_id: str
    currency: str
    created_at: int
    updated_at: int
    version: int = 1
    display_name: str = ""
    country: str = ""
    language: str = ""
    jurisdiction: str = ""
    birth_year: int = 0
    reality_check_minutes: int = DEFAULT_REALITY_CHECK
    as_created: Mapping[str, Any] = field(default_factory=dict)

    def to_record(self) -> dict[str, Any]:
        """Members as stored; empty ones are left out."""
        told = {camel(f.name): getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in told.items() if value or name == "realityCheckMinutes"}

    @staticmethod
    def from_record(row: Mapping[str, Any]) -> "Player":
        """The inverse of `to_record`."""
        known = {f.name: row[camel(f.name)] for f in fields(Player) if camel(f.name) in row}
        return Player(**known)


@dataclass(frozen=True, slots=True)
class Event:
    """What was changed about a player: `changes` is `{member: [before, after]}`, in the API's names and forms."""

    event_id: str
    player_id: str
    kind: str
    at: int
    actor: str
    source_ip: str
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the launch linter has to say. `refusal` names the catalogue entry that a launch is refused with; "" for a
    warning, which stops nothing."""

    field: str
    code: str
    severity: Severity
    message: str
    fix: str
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """A launch as it was asked for, unjudged: None is a member left out."""

    slug: str
    player_id: str | None = None
    brand_id: str | None = None
    user_id: str | None = None
    language: str | None = None
    currency: str | None = None
    country: str | None = None
    device: str | None = None
    lobby_url: str | None = None
    deposit_url: str | None = None
    history_url: str | None = None
    mode: str | None = None
    free_rounds_id: str | None = None
    external_session_id: str | None = None
