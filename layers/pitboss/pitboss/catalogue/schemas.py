"""Bodies and answers of the catalogue's routes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

from pitboss.kernel.money import parse_amount
from pitboss.platform.models import Amount, Currency, Id, Instant, Model, Name


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


Tag = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Language = Annotated[
    str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$", description="As in `en`, `pt-BR`.", examples=["en"])
]
Country = Annotated[
    str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1, two letters.", examples=["MT"])
]
Device = Literal["desktop", "mobile", "tablet"]
Volatility = Literal["low", "low_medium", "medium", "medium_high", "high", "very_high"]


def _percent(value: Any) -> int:
    """Hundredths of a percent."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("a percentage with at most two decimals, such as 96.50")  # noqa: TRY004 - pydantic
    bps = parse_amount(value, 2)
    if not 0 < bps <= 10_000:
        raise ValueError("a percentage above 0 and up to 100")
    return bps


Rtp = Annotated[
    int,
    BeforeValidator(_percent),
    WithJsonSchema(
        {
            "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^(100|\d{1,2})(\.\d{1,2})?$"}],
            "description": "The certified return to player in percent.",
        }
    ),
]
Url = Annotated[str, Field(max_length=1000, pattern=r"^https?://[!-~]+$")]


class BetLimits(Model):
    """The least and the most of one bet in a currency."""

    currency: Currency
    min_bet: Amount
    max_bet: Amount


class Thumbnail(Model):
    """A picture; sizes in pixels."""

    url: Url
    width: Annotated[int, Field(ge=0, le=20_000)] = 0
    height: Annotated[int, Field(ge=0, le=20_000)] = 0


class GameRow(Model):
    """A game as the integration offers it. Only the first three are needed; an empty list restricts nothing."""

    game_id: Id = Field(description="Unique over all providers; tournaments call it `gameSlug`.")
    display_name: Name
    game_provider_display_name: Name
    is_enabled: bool = True
    is_freeround_supported: bool = False
    icon_url: Annotated[str, Field(max_length=500)] = ""
    enabled_brand_refs: Annotated[list[Id], Field(max_length=2_000)] | None = Field(
        default=None, description="Brands that offer it; null or left out for all."
    )
    tags: Annotated[list[Tag], Field(max_length=50)] = Field(
        [], description="Categories: `slots`, `live`, `crash` ..."
    )
    volatility: Volatility | None = None
    rtp: Rtp | None = None
    devices: Annotated[list[Device], Field(max_length=3)] = Field([])
    currencies: Annotated[list[Currency], Field(max_length=300)] = Field([])
    languages: Annotated[list[Language], Field(max_length=200)] = Field([])
    restricted_countries: Annotated[list[Country], Field(max_length=250)] = Field([])
    has_demo: bool = False
    bet_limits: Annotated[list[BetLimits], Field(max_length=300)] = Field([])
    thumbnails: Annotated[list[Thumbnail], Field(max_length=20)] = Field([])
    released_at: Instant | None = None
    launch_url: Annotated[str, Field(max_length=2000)] = Field(
        "",
        description="Template of the launch URL of this game alone; else the integration's (docs/launch.md).",
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
    changed_at: Instant | None = Field(description="When the hub last took in something new about it.")


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
