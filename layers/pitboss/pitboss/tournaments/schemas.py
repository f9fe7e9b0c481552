"""Bodies of the tournament routes; amounts are in major units."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pitboss.platform.models import Amount, Currency, Id, Instant, Model, Name

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Bps = Annotated[int, Field(ge=0, le=10_000_000)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Kind = Literal["cash", "bonus", "free_rounds"]


class GameWeight(Model):
    """A game whose rounds count more or less: 15000 basis points are one and a half times."""

    game_slug: Id
    weight_bps: Bps = 10_000


class Rebuy(Model):
    """A further entry (`new_entry`), a fresh start (`reset`), or more rounds under firstN (`add_rounds`)."""

    fee: Amount
    rake: Amount | None = None
    max: Annotated[int, Field(ge=1, le=100)] = 1
    until: Instant | None = None
    effect: Literal["new_entry", "reset", "add_rounds"] = "new_entry"
    gives: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Rounds, with add_rounds."
    )


class AddOn(Model):
    """More rounds under firstN, or points in the scale of the rules."""

    fee: Amount
    rake: Amount | None = None
    max: Annotated[int, Field(ge=1, le=100)] = 1
    until: Instant | None = None
    effect: Literal["add_rounds", "add_points"] = "add_points"
    gives: Annotated[int, Field(ge=1, le=10**12)] | None = None


class EntryTerms(Model):
    """What entering costs: the buy-in goes to the pool, the rake to the house."""

    buy_in: Amount | None = None
    rake: Amount | None = None
    rebuy: Rebuy | None = None
    add_on: AddOn | None = None


class PrizeLine(Model):
    """Prizes of the places rankFrom to rankTo; each place gets the amount; a share of the pool is divided among the places of the line."""

    rank_from: Annotated[int, Field(ge=1, le=100_000)]
    rank_to: Annotated[int, Field(ge=1, le=100_000)] | None = None
    kind: Kind = "cash"
    amount: Amount | None = None
    share_bps: Annotated[int, Field(ge=1, le=10_000)] | None = None
    count: Annotated[int, Field(ge=1, le=100_000)] | None = None
    value: Amount | None = None
    game_slug: Id | None = None
    valid_hours: Annotated[int, Field(ge=1, le=8784)] | None = None


class Prizes(Model):
    """The prize table."""

    lines: Annotated[list[PrizeLine], Field(min_length=1, max_length=500)]
    ties: Literal["split_places", "all_get_higher", "earliest_wins", "drop_to_lower"] | None = None
    remainder: Literal["to_first", "next", "house"] | None = None
    min_score: int | None = None


class TournamentFields(Model):
    """What a creator may say. Left out, a tournament lasts as long as the settings say, opens for registration at once
    and until its end, counts every game and brand, and ranks by the total wagered."""

    name: Name | None = None
    start_time: Instant | None = None
    end_time: Instant | None = None
    registration_opens_at: Instant | None = None
    late_registration_until: Instant | None = None
    game_slug: Id | None = None
    games: Annotated[list[Id | GameWeight], Field(min_length=1, max_length=2000)] | None = None
    brands: Annotated[list[Id], Field(min_length=1, max_length=500)] | None = None
    max_players: Count | None = None
    min_players: Count | None = None
    on_short: Literal["start", "cancel_refund"] | None = None
    expected_players: Count | None = None
    entry_fee: Amount | None = Field(None, description="Short for entry.buyIn.")
    entry: EntryTerms | None = None
    currency: Currency | None = None
    guarantee: Amount | None = None
    seed: Amount | None = None
    rules: dict[str, Any] | None = Field(
        None,
        description='A rule set (docs/scoring.md), or its short form, such as {"metric": "total_wagered"}.',
    )
    ranking: dict[str, Any] | None = None
    prizes: Prizes | None = None
    max_prize_cost: Amount | None = Field(
        None, description="Publishing is refused if the prizes can cost more."
    )
    grace_seconds: Annotated[int, Field(ge=0, le=604_800)] | None = None
    approval: Literal["auto", "manual"] | None = None
    external_ref: Id | None = None


class CreateTournament(TournamentFields):
    """A new tournament; it is published unless `draft` is true."""

    name: Name
    start_time: Instant
    draft: bool = False


class ChangeTournament(TournamentFields):
    """Members left out stay as they are; `version` is the one that was read."""

    version: Annotated[int, Field(ge=1)]


class CloneTournament(Model):
    """The clone's start; its other times move along. It is a draft unless said otherwise."""

    name: Name | None = None
    start_time: Instant | None = None
    draft: bool = True


class GiveReason(Model):
    """Why; kept in the history."""

    reason: Reason | None = None


class ApproveResult(GiveReason):
    """Which result, and why; kept in the history."""

    result_version: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="The version that was read; VERSION_CONFLICT if another stands by now."
    )


class VoidTournament(Model):
    """`refund` gives every entry back, `pay_current` ends it now and pays by the board."""

    policy: Literal["refund", "pay_current"]
    reason: Reason


class AmendResult(Model):
    """Ask for a further version of the result."""

    reason: Reason


class RegisterPlayer(Model):
    """A player enters. `buyInAmount` is buy-in plus rake; it must be there where the operator collects itself."""

    user_id: Id
    display_name: Name
    buy_in_amount: Amount | None = None
    brand_id: Id | None = Field(None, description="Needed where several brands take part.")
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None


class BuyMore(Model):
    """A rebuy or add-on; its price is the tournament's."""


class JudgePlayer(Model):
    """Why a player is disqualified or reinstated; kept in the history."""

    reason: Reason


class SyntheticPlay(Model):
    """Invented play. `players` are that many, or drawn between two bounds in each run."""

    players: Annotated[int, Field(ge=1, le=5000)] | None = None
    players_from: Annotated[int, Field(ge=1, le=5000)] | None = None
    players_to: Annotated[int, Field(ge=1, le=5000)] | None = None
    rounds_per_player: Annotated[int, Field(ge=1, le=5000)] = 50
    rtp_bps: Annotated[int, Field(ge=1, le=10_000)] = 9600
    volatility: Literal["low", "medium", "high"] = "medium"
    bet_levels: Annotated[list[Amount], Field(min_length=1, max_length=20)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**53 - 1)] = 1

    @model_validator(mode="after")
    def _one_way(self) -> "SyntheticPlay":
        bounds = (self.players_from, self.players_to)
        if (self.players is None) == (None in bounds) or (self.players is not None and any(bounds)):
            raise ValueError("give either players, or playersFrom and playersTo")
        if self.players_from and self.players_to and self.players_from > self.players_to:
            raise ValueError("playersTo is below playersFrom")
        return self


class SimulatedRound(Model):
    """A round to replay; the player counts as registered from the start."""

    user_id: Id
    brand_id: Id | None = None
    game_slug: Id | None = None
    bet: Amount
    win: Amount
    settled_at: Instant | None = None


class Simulate(Model):
    """A draft and what is played on it: given rounds, or invented ones in several runs."""

    tournament: CreateTournament
    rounds: Annotated[list[SimulatedRound], Field(min_length=1, max_length=20_000)] | None = None
    synthetic: SyntheticPlay | None = None
    runs: Annotated[int, Field(ge=1, le=1000)] = 20

    @model_validator(mode="after")
    def _one_way(self) -> "Simulate":
        if (self.rounds is None) == (self.synthetic is None):
            raise ValueError("give either rounds or synthetic")
        return self


def asked_of(body: Model, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a request said, in snake_case and storable: decimals as text, prize lines by their outside names."""
    given = body.model_dump(exclude_unset=True, exclude_none=True, exclude=set(without))
    prizes = getattr(body, "prizes", None)
    if prizes is not None:
        given["prizes"] = prizes.model_dump(by_alias=True, exclude_none=True)
    return {name: _storable(value) for name, value in given.items()}


def _storable(value: Any) -> Any:
    if isinstance(value, Decimal):
        # 1E+400 stays short here and is refused when it is read as an amount.
        exponent = value.as_tuple().exponent
        return format(value, "f") if isinstance(exponent, int) and -40 < exponent <= 0 else str(value)
    if isinstance(value, dict):
        return {k: _storable(v) for k, v in value.items()}
    return [_storable(v) for v in value] if isinstance(value, list | tuple) else value
