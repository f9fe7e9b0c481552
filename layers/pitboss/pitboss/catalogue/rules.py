"""Decisions of the catalogue. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pitboss.catalogue.model import Brand, Counts, Game
from pitboss.kernel.refusal import FieldError


class Sync[Item: (Brand, Game)](NamedTuple):
    """What a full list means: the items to write (upserts first, then those to disable), and the counts."""

    writes: list[Item]
    counts: Counts


def ref_of(item: Brand | Game) -> str:
    """The id that an item is known by."""
    return item.ref if isinstance(item, Brand) else item.slug


def plan_sync[Item: (Brand, Game)](
    wanted: Sequence[Item], present: Mapping[str, Item], integration: str
) -> Sync[Item]:
    """Compare a full list with what stands: only what differs is written; what is missing is disabled, never deleted
    (rounds and tournaments refer to it). Items of other integrations are left alone."""
    upserts: list[Item] = [item for item in wanted if present.get(ref_of(item)) != item]
    listed = {ref_of(item) for item in wanted}
    gone: list[Item] = [
        replace(item, enabled=False)
        for ref, item in present.items()
        if ref not in listed and item.integration_id == integration and item.enabled
    ]
    created = sum(ref_of(item) not in present for item in upserts)
    return Sync(
        upserts + gone,
        Counts(created, len(upserts) - created, len(gone), len(wanted) - len(upserts)),
    )


def foreign[Item: (Brand, Game)](
    wanted: Mapping[str, Item], present: Mapping[str, Item], integration: str
) -> list[FieldError]:
    """Items that another integration holds and has enabled, by the pointer at which they were sent."""
    errors = []
    for pointer, item in wanted.items():
        held = present.get(ref_of(item))
        if held is not None and held.enabled and held.integration_id != integration:
            errors.append(
                FieldError(pointer, f"{ref_of(item)!r} belongs to the integration {held.integration_id!r}")
            )
    return errors


def repeated(refs: Iterable[tuple[str, str]]) -> list[FieldError]:
    """Refs that stand twice in one list, from pairs of pointer and ref."""
    seen: dict[str, str] = {}
    errors = []
    for pointer, ref in refs:
        if ref in seen:
            errors.append(FieldError(pointer, f"{ref!r} stands at {seen[ref]} already"))
        seen.setdefault(ref, pointer)
    return errors


class Running(NamedTuple):
    """A tournament that is on or soon starts: its games and brands, empty for all."""

    tournament_id: str
    games: Sequence[str]
    brands: Sequence[str]


def active_games(
    running: Iterable[Running], games: Mapping[str, Game], brands: Mapping[str, Brand]
) -> list[dict[str, object]]:
    """Game by brands of which rounds are wanted: `[{"gameId", "brandIds", "tournamentIds"}]`, sorted, each game once."""
    enabled = {ref for ref, brand in brands.items() if brand.enabled}
    pairs: dict[str, set[str]] = {}
    why: dict[str, set[str]] = {}
    for tournament in running:
        in_it = enabled & set(tournament.brands) if tournament.brands else enabled
        for slug in tournament.games or games:
            game = games.get(slug)
            if game is None or not game.enabled:
                continue
            offered = in_it if game.brands is None else in_it & set(game.brands)
            if offered:
                pairs.setdefault(slug, set()).update(offered)
                why.setdefault(slug, set()).add(tournament.tournament_id)
    return [
        {"gameId": slug, "brandIds": sorted(pairs[slug]), "tournamentIds": sorted(why[slug])}
        for slug in sorted(pairs)
    ]
