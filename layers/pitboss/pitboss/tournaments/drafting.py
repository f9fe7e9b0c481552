"""What an operator asks for -> `Spec`: defaults filled in, amounts to minor units, every contradiction named by field.

Pure: the tenant's defaults and the clock come in as arguments.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pitboss.kernel.money import exponent_of
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.tournaments.model import Purchase, Spec
from pitboss.tournaments.ruleforms import Faults, Scope, prize_table, ranking_rules, rule_set, worst_cost

TERMS_BYTES = 390_000  # of 400 KB that an item may have; the rest of the record takes less than one
MAX_DURATION_MS = 366 * 24 * 3_600_000
EFFECTS_OF_REBUY = ("new_entry", "reset", "add_rounds")
EFFECTS_OF_ADD_ON = ("add_rounds", "add_points")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the tenant's settings and catalogue say; `brands` and `games` are the known ones."""

    currency: str
    exponents: Mapping[str, int] = field(default_factory=dict)
    rates: Mapping[str, Any] = field(default_factory=dict)
    duration_ms: int = 3_600_000
    grace_s: int = 60
    approval: str = "auto"
    collect: str = "operator"
    brands: frozenset[str] = frozenset()
    games: frozenset[str] = frozenset()


def draft(given: Mapping[str, Any], defaults: Defaults, now: int) -> tuple[Spec, list[str]]:
    """The normalised tournament and warnings for its creator.

    `given` is the create request in snake_case, absent members None. VALIDATION_ERROR, RULES_INVALID or
    PRIZES_INVALID name the fields at fault. A start that has passed means now (with a warning).
    """
    faults, warnings = Faults(), list[str]()
    currency = given.get("currency") or defaults.currency
    exponent = _exponent(faults, currency, defaults)
    times = _times(faults, warnings, given, defaults, now)
    brands = _known(faults, "brands", given.get("brands"), defaults.brands) or tuple(sorted(defaults.brands))
    if not brands:
        faults.add("brands", "no brand is known; sync them with PUT /integrations/{id}/operators")
    games, weights = _games(faults, given, defaults)
    money = _money(faults, given, exponent, times)
    crowd = _crowd(faults, given)
    faults.refuse()
    scope = Scope(currency, exponent, defaults.exponents, defaults.rates, games, weights, brands)
    rules = rule_set(given.get("rules"), scope)
    _fit_effects(faults, rules, money["rebuy"], money["add_on"], explicit=given.get("rules") or {})
    faults.refuse("RULES_INVALID")
    prizes = prize_table(given.get("prizes"), exponent=exponent, paid_entry=money["buy_in"] > 0)
    for i, line in enumerate(prizes["lines"] if prizes else ()):
        if line["kind"] == "free_rounds" and line["game"] not in defaults.games:
            faults.add(
                f"prizes.lines[{i}].gameSlug", f"{line['game']!r} is not in the catalogue; sync it first"
            )
    faults.refuse("PRIZES_INVALID")
    fields: dict[str, Any] = {**money, **times, **crowd}
    spec = Spec(
        name=given["name"],
        currency=currency,
        exponent=exponent,
        rules=rules,
        ranking=ranking_rules(given.get("ranking")),
        prizes=prizes,
        brands=brands,
        games=games,
        approval=given.get("approval") or defaults.approval,
        external_ref=given.get("external_ref") or "",
        collect=defaults.collect,
        **fields,
    )
    check_size(spec)
    check_budget(spec)
    return spec, warnings


def _exponent(faults: Faults, currency: str, defaults: Defaults) -> int:
    try:
        return exponent_of(currency, defaults.exponents)
    except KeyError:
        faults.add(
            "currency", f"{currency} is not a known currency; its decimals can be set in PUT /settings"
        )
        return 2


def _times(
    faults: Faults, warnings: list[str], given: Mapping[str, Any], defaults: Defaults, now: int
) -> dict[str, int]:
    start = given["start_time"]
    if start < now:
        warnings.append("startTime has passed; the tournament starts at once")
        start = now
    end = given.get("end_time") or start + defaults.duration_ms
    if end <= start:
        faults.add("endTime", "must be after startTime and not have passed")
    elif end - start > MAX_DURATION_MS:
        faults.add("endTime", "must be within 366 days of startTime")
    opens = given.get("registration_opens_at")
    opens = now if opens is None else opens
    if opens > start:
        faults.add("registrationOpensAt", "must not be after startTime")
    late = given.get("late_registration_until")
    late = end if late is None else late
    # The creator's own words are compared, not the start that was moved to now.
    if late > end or late < given["start_time"]:
        faults.add("lateRegistrationUntil", "must lie between startTime and endTime")
    grace_s = given.get("grace_seconds")
    grace_s = defaults.grace_s if grace_s is None else grace_s
    return {
        "start_at": start,
        "end_at": end,
        "opens_at": opens,
        "late_until": max(late, start),
        "grace_ms": grace_s * 1000,
    }


def _known(faults: Faults, pointer: str, asked: Any, known: frozenset[str]) -> tuple[str, ...]:
    if not asked:
        return ()
    for i, name in enumerate(asked):
        if name not in known:
            faults.add(f"{pointer}[{i}]", f"{name!r} is not in the catalogue; sync it first")
    if len(set(asked)) != len(asked):
        faults.add(pointer, "names something twice")
    return tuple(sorted(set(asked)))


def _games(
    faults: Faults, given: Mapping[str, Any], defaults: Defaults
) -> tuple[tuple[str, ...], dict[str, int]]:
    slug, rows = given.get("game_slug"), given.get("games")
    if slug and rows:
        faults.add("games", "give either gameSlug or games")
    if slug and slug not in defaults.games:
        faults.add(
            "gameSlug", f"{slug!r} is not in the catalogue; sync it with PUT /integrations/{{id}}/games"
        )
    if slug:
        return (slug,), {}
    slugs = [row if isinstance(row, str) else row["game_slug"] for row in rows or ()]
    weights = {
        row["game_slug"]: row["weight_bps"]
        for row in rows or ()
        if not isinstance(row, str)
        and row.get("weight_bps", 10_000) != 10_000  # absent where it was not said
    }
    return _known(faults, "games", slugs, defaults.games), weights


def _money(faults: Faults, given: Mapping[str, Any], exponent: int, times: dict[str, int]) -> dict[str, Any]:
    entry = given.get("entry") or {}
    if given.get("entry_fee") is not None and entry.get("buy_in") is not None:
        faults.add("entry.buyIn", "give either entryFee or entry.buyIn")

    def read(pointer: str, value: Any) -> int:
        return 0 if value is None else faults.amount(pointer, value, exponent)

    buy_in = read("entryFee", given.get("entry_fee")) or read("entry.buyIn", entry.get("buy_in"))
    rake = read("entry.rake", entry.get("rake"))
    if rake and not buy_in:
        faults.add("entry.rake", "a fee needs a buy-in")
    out: dict[str, Any] = {
        "buy_in": buy_in,
        "rake": rake,
        "guarantee": read("guarantee", given.get("guarantee")),
        "seed": read("seed", given.get("seed")),
        "max_prize_cost": None,
    }
    if given.get("max_prize_cost") is not None:
        out["max_prize_cost"] = read("maxPrizeCost", given["max_prize_cost"])
    for name, outside, effects in (
        ("rebuy", "rebuy", EFFECTS_OF_REBUY),
        ("add_on", "addOn", EFFECTS_OF_ADD_ON),
    ):
        out[name] = _purchase(faults, f"entry.{outside}", entry.get(name), exponent, times, effects)
    return out


def _purchase(
    faults: Faults,
    at: str,
    given: Mapping[str, Any] | None,
    exponent: int,
    times: dict[str, int],
    effects: tuple[str, ...],
) -> Purchase | None:
    if given is None:
        return None
    fee = faults.amount(f"{at}.fee", given["fee"], exponent)
    rake = faults.amount(f"{at}.rake", given["rake"], exponent) if given.get("rake") is not None else 0
    effect = given.get("effect") or effects[0]
    if effect not in effects:
        faults.add(f"{at}.effect", "must be one of " + ", ".join(effects))
    gives = given.get("gives") or 0
    if effect.startswith("add_") and not gives:
        faults.add(f"{at}.gives", f"says how much {effect} gives, at least 1")
    until = given.get("until")
    if until is not None and not times["start_at"] <= until <= times["end_at"]:
        faults.add(f"{at}.until", "must lie between startTime and endTime")
    return Purchase(fee, rake, given.get("max") or 1, until, effect, gives)


def _crowd(faults: Faults, given: Mapping[str, Any]) -> dict[str, Any]:
    most, least = given.get("max_players") or 0, given.get("min_players") or 0
    if most and least > most:
        faults.add("minPlayers", "must not be above maxPlayers")
    return {
        "max_players": most,
        "min_players": least,
        "on_short": given.get("on_short") or "start",
        "expected_players": given.get("expected_players") or 0,
    }


def _fit_effects(
    faults: Faults,
    rules: dict[str, Any],
    rebuy: Purchase | None,
    add_on: Purchase | None,
    *,
    explicit: Mapping[str, Any],
) -> None:
    if rebuy and rebuy.effect == "reset":
        if explicit.get("entries", "last") != "last":
            faults.add("rules.entries", "a rebuy that resets the score counts the last entry")
        rules["entries"] = "last"
    for pointer, purchase in (("entry.rebuy.effect", rebuy), ("entry.addOn.effect", add_on)):
        if purchase and purchase.effect == "add_rounds" and "firstN" not in rules:
            faults.add(
                pointer, "add_rounds needs rules with firstN: without a limit there is nothing to add to"
            )


def check_size(spec: Spec) -> None:
    """VALIDATION_ERROR for a tournament whose terms do not fit the scorer's record, which is one item of DynamoDB."""
    terms = [spec.rules, spec.ranking, spec.prizes, spec.brands, spec.games]
    size = len(json.dumps(terms, separators=(",", ":")))
    if size > TERMS_BYTES:
        faults = Faults()
        faults.add(
            "games",
            f"with rules and prizes they take {size} bytes of {TERMS_BYTES}; name fewer, or leave them out",
        )
        faults.refuse()


def check_budget(spec: Spec) -> int | None:
    """The worst case of what prizes can cost the house, in minor units. PRIZES_INVALID if it is above `maxPrizeCost`."""
    worst = worst_cost(spec.prizes, guarantee=spec.guarantee, seed=spec.seed, players=spec.max_players)
    if spec.max_prize_cost is not None and (worst is None or worst > spec.max_prize_cost):
        faults = Faults()
        faults.add(
            "maxPrizeCost",
            "the prizes can cost more than this"
            if worst is not None
            else "the prizes have no upper bound: set maxPlayers or another tie rule",
        )
        faults.refuse("PRIZES_INVALID")
    return worst


def check_publishable(spec: Spec, now: int) -> None:
    """VALIDATION_ERROR for a tournament that would be over already, PRIZES_INVALID as `check_budget`."""
    if spec.end_at <= now:
        raise Refusal(
            "VALIDATION_ERROR",
            "The tournament would be over already.",
            errors=[FieldError("endTime", "has passed; change it first")],
        )
    check_budget(spec)
