"""Brands and games as an integration told us."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Brand:
    """A player base. `ref` with the player's id is the player's identity; `operator_ref` is whose brand it is."""

    ref: str
    name: str
    operator_ref: str
    operator_name: str
    integration_id: str
    enabled: bool

    def to_record(self) -> dict[str, Any]:
        """Members as stored."""
        return {
            "ref": self.ref,
            "name": self.name,
            "operatorRef": self.operator_ref,
            "operatorName": self.operator_name,
            "integrationId": self.integration_id,
            "enabled": self.enabled,
        }

    @staticmethod
    def from_record(row: dict[str, Any]) -> "Brand":
        """The inverse of `to_record`."""
        return Brand(
            row["ref"],
            row["name"],
            row["operatorRef"],
            row["operatorName"],
            row["integrationId"],
            row["enabled"],
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What vendors tell of a game beyond its name. Everything may be missing; an empty list means no restriction.

    * `rtp_bps`: the certified return to player in hundredths of a percent; 0 when not told.
    * `bets`: `(currency, least, most)` of a bet, as decimal strings in major units.
    * `thumbnails`: `(url, width, height)`, sizes in pixels or 0.
    * `launch_url`: a template of its own; without it the integration's is used.
    """

    tags: tuple[str, ...] = ()
    volatility: str = ""
    rtp_bps: int = 0
    devices: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    restricted_countries: tuple[str, ...] = ()
    demo: bool = False
    bets: tuple[tuple[str, str, str], ...] = ()
    thumbnails: tuple[tuple[str, int, int], ...] = ()
    released_at: int = 0
    launch_url: str = ""

    def to_record(self) -> dict[str, Any]:
        """Members as stored: short names, and only what was told."""
        told = {
            "tags": list(self.tags),
            "vol": self.volatility,
            "rtp": self.rtp_bps,
            "dev": list(self.devices),
            "cur": list(self.currencies),
            "lang": list(self.languages),
            "not": list(self.restricted_countries),
            "demo": self.demo,
            "bets": [list(row) for row in self.bets],
            "img": [list(row) for row in self.thumbnails],
            "rel": self.released_at,
            "url": self.launch_url,
        }
        return {name: value for name, value in told.items() if value}

    @staticmethod
    def from_record(row: dict[str, Any]) -> "Facts":
        """The inverse of `to_record`."""
        return Facts(
            tags=tuple(row.get("tags", ())),
            volatility=row.get("vol", ""),
            rtp_bps=row.get("rtp", 0),
            devices=tuple(row.get("dev", ())),
            currencies=tuple(row.get("cur", ())),
            languages=tuple(row.get("lang", ())),
            restricted_countries=tuple(row.get("not", ())),
            demo=row.get("demo", False),
            bets=tuple((c, low, high) for c, low, high in row.get("bets", ())),
            thumbnails=tuple((url, width, height) for url, width, height in row.get("img", ())),
            released_at=row.get("rel", 0),
            launch_url=row.get("url", ""),
        )


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Game:
    """A game; `slug` is its id over all providers. `brands` are the brands that offer it; None means every brand.

    `changed_at` is when the hub last wrote it: a list that says the same again is no change, so it takes no part in
    comparing.
    """

    slug: str
    name: str
    provider: str
    integration_id: str
    enabled: bool
    free_rounds: bool = False
    icon_url: str = ""
    brands: tuple[str, ...] | None = None
    facts: Facts = NO_FACTS
    changed_at: int = field(default=0, compare=False)

    def to_record(self) -> dict[str, Any]:
        """Members as stored."""
        return {
            "ref": self.slug,
            "name": self.name,
            "provider": self.provider,
            "integrationId": self.integration_id,
            "enabled": self.enabled,
            "freeRounds": self.free_rounds,
            "iconUrl": self.icon_url,
            "brands": None if self.brands is None else list(self.brands),
            "facts": self.facts.to_record() or None,
            "changedAt": self.changed_at or None,
        }

    @staticmethod
    def from_record(row: dict[str, Any]) -> "Game":
        """The inverse of `to_record`."""
        brands, facts = row.get("brands"), row.get("facts")
        return Game(
            row["ref"],
            row["name"],
            row["provider"],
            row["integrationId"],
            row["enabled"],
            row["freeRounds"],
            row["iconUrl"],
            None if brands is None else tuple(brands),
            Facts.from_record(facts) if facts else NO_FACTS,
            row.get("changedAt", 0),
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """What a full-list sync came to."""

    created: int
    updated: int
    disabled: int
    unchanged: int
