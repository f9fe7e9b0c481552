"""Which rounds may count, and what they are worth in the base currency."""

from collections.abc import Callable, Mapping
from math import gcd
from typing import Any, NamedTuple

from pitboss.scoring.model import BASIS_POINTS, Round, Seat, Window

Judgement = tuple[int, str]
NO_LIMIT = 1 << 62
MAX_TERMS = 20_000  # distinct game x type x currency seen; the memory of one rule set stays bounded


class Terms(NamedTuple):
    """What the rules say to one combination of game, round type, currency and exponent: why not (or ""), bet limits in
    the round's own minor units, the exact factor to base-currency minor units, the game's weight."""

    reason: str
    low: int
    high: int
    num: int
    den: int
    weight: int


def terms_of(document: Mapping[str, Any], game: str, round_type: str, currency: str, exponent: int) -> Terms:
    """Work out the terms of one combination, with excluded ones carrying the first reason that applies."""
    rule = document.get("eligibility", {})
    games = rule.get("games", {})
    if ("include" in games and game not in games["include"]) or game in games.get("exclude", ()):
        return Terms("game_excluded", 0, 0, 0, 1, 0)
    if "roundTypes" in rule and round_type not in rule["roundTypes"]:
        return Terms("round_type_excluded", 0, 0, 0, 1, 0)
    factor = _factor(document, currency, exponent)
    if factor is None or ("currencies" in rule and currency not in rule["currencies"]):
        return Terms("currency_excluded", 0, 0, 0, 1, 0)
    low, high = _bet_limits(document, currency, exponent, *factor)
    return Terms("", low, high, *factor, games.get("weights", {}).get(game, BASIS_POINTS))


def _factor(document: Mapping[str, Any], currency: str, exponent: int) -> tuple[int, int] | None:
    """Minor units of the currency to minor units of the base: an exact fraction, None without a rate."""
    base = document["base"]
    if currency == base["currency"]:
        num, den = 1, 1
    else:
        rate = document.get("rates", {}).get(currency)
        if rate is None:
            return None
        num, den = rate["num"], rate["den"]
    num, den = num * 10 ** base["exponent"], den * 10**exponent
    common = gcd(num, den)
    return num // common, den // common


def _bet_limits(
    document: Mapping[str, Any], currency: str, exponent: int, num: int, den: int
) -> tuple[int, int]:
    """Lowest and highest bet in the round's own minor units.

    A currency's own row is taken as written. Otherwise the base-currency limits apply to the converted bet, which is
    cut downwards: floor(bet x rate) >= min and <= max, solved here once for the bet.
    """
    rule = document.get("eligibility", {})
    row = rule.get("betLimits", {}).get(currency)
    if row is not None:
        base = document["base"]
        stated = base["exponent"] if currency == base["currency"] else document["rates"][currency]["exponent"]
        up, down = 10 ** max(exponent - stated, 0), 10 ** max(stated - exponent, 0)
        low = -(-row.get("min", 0) * up // down)
        return low, row["max"] * up // down if "max" in row else NO_LIMIT
    low = -(-rule.get("minBet", 0) * den // num)
    high = -(-(rule["maxBet"] + 1) * den // num) - 1 if "maxBet" in rule else NO_LIMIT
    return low, high


class Bench:
    """Terms by combination, worked out once each: the rounds of a tournament share a few dozen of them."""

    __slots__ = ("_document", "_known")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._known: dict[tuple[Any, ...], Terms] = {}

    def lookup(self) -> Callable[[Round], Terms]:
        """A function from round to terms. The slice 5:9 is game, round type, currency, exponent (see Round)."""
        document, known = self._document, self._known

        def terms(round_: Round) -> Terms:
            key = round_[5:9]
            found = known.get(key)
            if found is None:
                if len(known) >= MAX_TERMS:
                    known.clear()
                found = known[key] = terms_of(document, *key)
            return found

        return terms


def counted_amounts(document: Mapping[str, Any]) -> Callable[[Round], tuple[int, int]] | None:
    """How to read (bet, win) that count by the funds and jackpot rules; None when the totals count as they are."""
    rule = document.get("eligibility", {})
    real, jackpot = rule.get("funds", "all") == "real", rule.get("jackpot", True)
    if not real and jackpot:
        return None

    def amounts(round_: Round) -> tuple[int, int]:
        bet, win = round_.bet, round_.win
        if real:
            bet, win = bet - round_.bet_bonus, win - round_.win_bonus
        if not jackpot:
            win -= round_.jackpot
        return bet, max(win, 0)

    return amounts


def judge_of(  # noqa: C901 - see judge
    document: Mapping[str, Any], terms: Callable[[Round], Terms]
) -> Callable[[Round, Seat | None, Window], Judgement]:
    """The judge: which entry of the seat a round may count for, or 0 and the reason why for none."""
    rule = document.get("eligibility", {})
    moment = Round._fields.index("started_at" if rule.get("timestamp") == "started" else "settled_at")
    brands = frozenset(rule["brands"]) if "brands" in rule else None
    real_only = rule.get("funds", "all") == "real"

    # One flat list of reasons in the order the player is told them; helpers would cost calls on the hottest path.
    def judge(round_: Round, seat: Seat | None, window: Window) -> Judgement:  # noqa: C901, PLR0911
        if seat is None:
            return 0, "not_registered"
        if seat.status != "active":
            return 0, seat.status if seat.status in ("withdrawn", "disqualified") else "not_active"
        at: int = round_[moment]  # type: ignore[assignment]  # both fields are instants
        start_at, end_at, pauses = window
        if not start_at <= at < end_at:
            return 0, "outside_window"
        for pause in pauses:
            if pause[0] <= at < pause[1]:
                return 0, "paused"
        entry_no = 0
        for stint in seat.stints:
            if at >= stint.from_ms:
                entry_no = stint.entry_no
        if not entry_no:
            return 0, "before_joining"
        if brands is not None and round_.brand_id not in brands:
            return 0, "brand_excluded"
        found = terms(round_)
        if found.reason:
            return 0, found.reason
        bet = round_.bet
        if real_only and round_.bet_bonus:
            bet -= round_.bet_bonus
            if bet <= 0:
                return 0, "funds_excluded"
        if bet < found.low:
            return 0, "bet_below_min"
        if bet > found.high:
            return 0, "bet_above_max"
        return entry_no, ""

    return judge
