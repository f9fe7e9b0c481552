"""Bodies and answers of the founding agent API, in its own snake_case; members that it knows and we do not are ignored."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pitboss.platform.models import Amount


class _V4(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


Code = Annotated[int, Field(ge=1, le=2**53 - 1)]
Symbol = Annotated[str, Field(min_length=1, max_length=100)]


class Nothing(_V4):
    """No members are needed."""


class CreateUser(_V4):
    """A player, or the one of that name."""

    name: Annotated[str, Field(min_length=2, max_length=50, pattern=r"^[_a-zA-Z0-9]+$")]


class OfUser(_V4):
    """Whom it is about."""

    user_code: Code


class OfProvider(_V4):
    """Whose games."""

    provider_id: Annotated[int, Field(ge=0, le=2**31 - 1)]
    lang: int = 1


class GameUrl(_V4):
    """A launch. Result control per player is not offered: `win_ratio` and `rtp` are 0 or left out."""

    user_code: Code
    provider_id: Annotated[int, Field(ge=0, le=2**31 - 1)]
    game_symbol: Symbol
    lang: int = 1
    return_url: Annotated[str, Field(max_length=1_000)] = ""
    win_ratio: Any = 0
    rtp: Any = 0


class V4Movement(_V4):
    """Money to or from a player's balance. `tx_id` makes the call repeatable; without it each call is another movement."""

    user_code: Code
    amount: Amount
    tx_id: Annotated[str, Field(min_length=1, max_length=100)] | None = None


class V4MoveAll(_V4):
    """Everything that there is."""

    user_code: Code
    tx_id: Annotated[str, Field(min_length=1, max_length=100)] | None = None


class Envelope(BaseModel):
    """Every answer. `code` 0 is success, else the number of docs/errors.md and `message` its name; HTTP status 200."""

    code: int
    message: str
    data: Any = None
    detail: str | None = None
