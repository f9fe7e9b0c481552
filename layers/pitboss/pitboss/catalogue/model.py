"""Brands and games as an integration told us."""

from dataclasses import dataclass
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
class Game:
    """A game; `slug` is its id over all providers. `brands` are the brands that offer it; None means every brand."""

    slug: str
    name: str
    provider: str
    integration_id: str
    enabled: bool
    free_rounds: bool = False
    icon_url: str = ""
    brands: tuple[str, ...] | None = None

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
        }

    @staticmethod
    def from_record(row: dict[str, Any]) -> "Game":
        """The inverse of `to_record`."""
        brands = row.get("brands")
        return Game(
            row["ref"],
            row["name"],
            row["provider"],
            row["integrationId"],
            row["enabled"],
            row["freeRounds"],
            row["iconUrl"],
            None if brands is None else tuple(brands),
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """What a full-list sync came to."""

    created: int
    updated: int
    disabled: int
    unchanged: int
