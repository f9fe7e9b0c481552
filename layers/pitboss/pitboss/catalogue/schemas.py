"""Bodies and answers of the catalogue's routes."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from pitboss.platform.models import Id, Model, Name


def _or_list(member: str) -> Callable[[dict[str, Any]], None]:
    """In the contract: the object, or its one list alone."""

    def widen(schema: dict[str, Any]) -> None:
        whole = dict(schema)
        schema.clear()
        schema["description"] = whole.pop("description", "")
        schema["anyOf"] = [whole, whole["properties"][member]]

    return widen


class FullList(Model):
    """A body that may also be sent as the bare list."""

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, document: Any) -> Any:
        return {to_camel(next(iter(cls.model_fields))): document} if isinstance(document, list) else document


class BrandRef(Model):
    """A brand of an operator."""

    ref: Id
    name: Name


class OperatorRef(Model):
    """An operator and its brands."""

    ref: Id
    name: Name
    brands: Annotated[list[BrandRef], Field(max_length=2_000)]


class PutOperators(FullList):
    """The full list: brands of this integration that are missing are disabled."""

    model_config = ConfigDict(json_schema_extra=_or_list("operators"))

    operators: Annotated[list[OperatorRef], Field(max_length=2_000)]


class GameRow(Model):
    """A game as the integration offers it."""

    game_id: Id = Field(description="Unique over all providers; tournaments call it `gameSlug`.")
    display_name: Name
    game_provider_display_name: Name
    is_enabled: bool = True
    is_freeround_supported: bool = False
    icon_url: Annotated[str, Field(max_length=500)] = ""
    enabled_brand_refs: Annotated[list[Id], Field(max_length=2_000)] | None = Field(
        default=None, description="Brands that offer it; null or left out for all."
    )


class PutGames(FullList):
    """The full list: games of this integration that are missing are disabled."""

    model_config = ConfigDict(json_schema_extra=_or_list("games"))

    games: Annotated[list[GameRow], Field(max_length=10_000)]


class SyncAnswer(Model):
    """What the list came to."""

    integration_id: str
    created: int
    updated: int
    disabled: int
    unchanged: int


class BrandAnswer(Model):
    """A brand."""

    ref: str
    name: str
    operator_ref: str
    operator_name: str
    integration_id: str
    is_enabled: bool


class BrandList(Model):
    """Brands by ref."""

    brands: list[BrandAnswer]
    next_cursor: str | None


class GameAnswer(GameRow):
    """A game."""

    integration_id: str


class GameList(Model):
    """Games by id."""

    games: list[GameAnswer]
    next_cursor: str | None


class ActiveGame(Model):
    """A game whose rounds are wanted, and of which brands."""

    game_id: str
    brand_ids: list[str]
    tournament_ids: list[str]


class ActiveGames(Model):
    """Games by id."""

    active_games: list[ActiveGame]
