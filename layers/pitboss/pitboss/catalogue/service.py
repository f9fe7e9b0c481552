"""Use cases of the catalogue: full lists in, pages out."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from pitboss.catalogue import rules, store
from pitboss.catalogue.known import forget
from pitboss.catalogue.model import Brand, Counts, Game
from pitboss.catalogue.rules import Running, Sync
from pitboss.kernel.canonical import digest
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import dynamo

MAX_BRANDS = 2_000
MAX_GAMES = 10_000


def sync_brands(
    tenant_id: str, integration: str, wanted: Mapping[str, Brand], *, lease: str, now: int
) -> Counts:
    """A full list of brands; `wanted` is by the pointer at which each was sent. See `_sync`."""

    def plan() -> Sync[Brand]:
        present = {brand.ref: brand for brand in store.all_brands(tenant_id)}
        _refuse(rules.foreign(wanted, present, integration))
        return rules.plan_sync(list(wanted.values()), present, integration)

    return _sync(tenant_id, integration, "brands", plan, lease=lease, now=now)


def sync_games(
    tenant_id: str, integration: str, wanted: Mapping[str, Game], *, lease: str, now: int
) -> Counts:
    """A full list of games; `wanted` is by the pointer at which each was sent. See `_sync`."""

    def plan() -> Sync[Game]:
        present = {game.slug: game for game in store.all_games(tenant_id)}
        _refuse(rules.foreign(wanted, present, integration))
        sync = rules.plan_sync(list(wanted.values()), present, integration)
        return Sync([replace(game, changed_at=now) for game in sync.writes], sync.counts)

    return _sync(tenant_id, integration, "games", plan, lease=lease, now=now)


def _refuse(errors: Sequence[FieldError]) -> None:
    if errors:
        raise Refusal(
            "VALIDATION_ERROR",
            "; ".join(f"{e.pointer}: {e.reason}" for e in errors[:3]) + ".",
            errors=errors[:50],
        )


def _sync[Item: (Brand, Game)](
    tenant_id: str, integration: str, kind: str, plan: Callable[[], Sync[Item]], *, lease: str, now: int
) -> Counts:
    """Under the tenant's sync lease: compare, write what differs, record.

    A list of thousands is not one transaction. If the function dies halfway, some items are new and none that was to be
    disabled is yet (they come last); every item in itself is whole; the lease runs out and the same list sent again
    completes the rest.
    """
    if not store.begin_sync(tenant_id, integration, lease, now):
        raise Refusal(
            "OPERATION_IN_PROGRESS",
            "Another full list of this tenant is being taken in; repeat shortly.",
            retry_after_s=2,
        )
    try:
        sync = plan()
    except Refusal:
        store.abandon_sync(tenant_id, lease)
        raise
    try:
        store.write(tenant_id, sync.writes, lease)
        store.end_sync(tenant_id, integration, lease, kind, now, asdict(sync.counts))
    except dynamo.TransactionRefused:
        raise Refusal(
            "OPERATION_IN_PROGRESS", "A later full list took over; send yours again.", retry_after_s=2
        ) from None
    finally:
        forget()
    return sync.counts


# ---------------------------------------------------------------- lists
@dataclass(frozen=True, slots=True)
class GameFilter:
    """What a list of games is narrowed to; None is no matter. `changed_since` counts that instant in."""

    provider: str | None = None
    enabled: bool | None = None
    integration: str | None = None
    tag: str | None = None
    currency: str | None = None
    device: str | None = None
    language: str | None = None
    country: str | None = None
    free_rounds: bool | None = None
    demo: bool | None = None
    brand: str | None = None
    changed_since: int | None = None

    def takes(self, game: Game) -> bool:
        """Whether the game passes. A game that names no currencies (devices, languages) takes every one."""
        facts = game.facts
        exact = (
            (self.provider, game.provider),
            (self.enabled, game.enabled),
            (self.integration, game.integration_id),
            (self.free_rounds, game.free_rounds),
            (self.demo, facts.demo),
        )
        listed = (
            (self.currency, facts.currencies),
            (self.device, facts.devices),
            (self.language, facts.languages),
        )
        return (
            all(wished is None or wished == told for wished, told in exact)
            and all(wished is None or not told or wished in told for wished, told in listed)
            and (self.brand is None or game.brands is None or self.brand in game.brands)
            and (self.tag is None or self.tag in facts.tags)
            and (self.country is None or self.country not in facts.restricted_countries)
            and (self.changed_since is None or game.changed_at >= self.changed_since)
        )


def list_games(
    tenant_id: str, wanted: GameFilter, *, cursor: str | None, limit: int
) -> tuple[list[Game], str]:
    """Games by slug that pass the filter, and the next cursor ("" at the end)."""
    found: list[Game] = []
    for game in store.all_games(tenant_id, after=_from_cursor(cursor)):
        if not wanted.takes(game):
            continue
        if len(found) == limit:
            return found, _to_cursor(found[-1].slug)
        found.append(game)
    return found, ""


def list_brands(
    tenant_id: str, *, enabled: bool | None, integration: str | None, cursor: str | None, limit: int
) -> tuple[list[Brand], str]:
    """Brands by ref that pass the filters, and the next cursor ("" at the end)."""
    found: list[Brand] = []
    for brand in store.all_brands(tenant_id, after=_from_cursor(cursor)):
        if enabled is not None and brand.enabled != enabled:
            continue
        if integration is not None and brand.integration_id != integration:
            continue
        if len(found) == limit:
            return found, _to_cursor(found[-1].ref)
        found.append(brand)
    return found, ""


def _to_cursor(last: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([last], ensure_ascii=False).encode()).decode()


def _from_cursor(text: str | None) -> str:
    if not text:
        return ""
    try:
        (last,) = json.loads(base64.b64decode(text.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        last = None
    if not isinstance(last, str) or not 1 <= len(last) <= 100:
        raise Refusal("CURSOR_INVALID", "Send `cursor` exactly as `nextCursor` was answered.")
    return last


def active_games(tenant_id: str, running: Iterable[Running]) -> tuple[list[dict[str, object]], str]:
    """Game by brands of tournaments that are on or soon start, and the ETag of that list."""
    tournaments = list(running)
    brands = {brand.ref: brand for brand in store.all_brands(tenant_id)} if tournaments else {}
    if any(not tournament.games for tournament in tournaments):
        games = {game.slug: game for game in store.all_games(tenant_id)}
    else:
        games = store.read(tenant_id, (), {slug for one in tournaments for slug in one.games})[1]
    rows = rules.active_games(tournaments, games, brands)
    return rows, digest(rows)[:32]
