"""From the forms an operator writes to the documents of scoring: short rules in human units, prize lines in major units.

`{"metric": "wins_at_least", "multiple": "2.5", "minBet": "0.20"}` becomes a rule-set document of integers. A document
that has `scoring` in it is taken as it stands (docs/scoring.md); only what the tournament itself says is filled in.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pitboss.kernel.money import AmountError, exponent_of, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.scoring.public import validate_prizes, validate_ranking, validate_rules

_TOP = ("entries", "minRoundsToRank", "maxPointsPerRound")
_ELIGIBILITY = ("timestamp", "currencies", "roundTypes", "funds", "jackpot")
MULTIPLE_DECIMALS = 4
DEFAULT_RULES: Mapping[str, Any] = {"metric": "total_wagered"}
# Half, three tenths, a fifth: what a buy-in tournament pays when its creator says nothing about prizes.
DEFAULT_SHARES = (5000, 3000, 2000)


class Faults:
    """Collects what is wrong, by field."""

    def __init__(self) -> None:
        self.found: list[FieldError] = []

    def add(self, pointer: str, reason: str) -> None:
        """Note one fault."""
        self.found.append(FieldError(pointer, reason))

    def amount(self, pointer: str, value: Any, exponent: int, *, least: int = 0) -> int:
        """An amount in major units to minor units; 0 where it is not one."""
        try:
            minor = parse_amount(value, exponent)
        except AmountError as error:
            self.add(pointer, str(error))
            return 0
        if minor < least:
            self.add(pointer, "must be above zero" if least == 1 else "must not be negative")
        return minor

    def refuse(self, name: str = "VALIDATION_ERROR") -> None:
        """Raise if anything was noted."""
        if self.found:
            raise Refusal(
                name,
                "; ".join(f"{f.pointer}: {f.reason}" for f in self.found[:3]),
                errors=self.found[:50],
            )


class Scope(NamedTuple):
    """What a tournament itself says about its rules: currency, the tenant's decimals and rates, games, brands."""

    currency: str
    exponent: int
    exponents: Mapping[str, int]
    rates: Mapping[str, Any]
    games: Sequence[str]
    weights: Mapping[str, int]
    brands: Sequence[str]

    @property
    def base(self) -> dict[str, Any]:
        """The base currency of the rule set."""
        return {"currency": self.currency, "exponent": self.exponent}


def rule_set(asked: Mapping[str, Any] | None, scope: Scope) -> dict[str, Any]:
    """The rule-set document of a tournament. RULES_INVALID names every field at fault, as `rules.<path>`."""
    faults = Faults()
    given = dict(asked or DEFAULT_RULES)
    if "scoring" in given:
        document = given
        document.setdefault("schema", 1)
        document.setdefault("base", scope.base)
    else:
        document = _expand(faults, given, scope)
    faults.refuse("RULES_INVALID")
    if document["base"] != scope.base:
        own = f"{scope.currency} with {scope.exponent} decimals"
        faults.add("rules.base", f"must be the tournament's own currency, {own}")
    if scope.rates and "rates" not in document:
        document["rates"] = {code: dict(rate) for code, rate in scope.rates.items() if code != scope.currency}
    eligibility = document.setdefault("eligibility", {})
    if isinstance(eligibility, dict):
        _fill_scope(eligibility, scope.games, scope.weights, scope.brands)
    for fault in validate_rules(document):
        faults.add(f"rules.{fault.pointer}", fault.reason)
    faults.refuse("RULES_INVALID")
    return document


def _fill_scope(
    eligibility: dict[str, Any], games: Sequence[str], weights: Mapping[str, int], brands: Sequence[str]
) -> None:
    if games and "games" not in eligibility:
        eligibility["games"] = {"include": sorted(games)}
        if weights:
            eligibility["games"]["weights"] = dict(sorted(weights.items()))
    if brands and "brands" not in eligibility:
        eligibility["brands"] = sorted(brands)


def _expand(faults: Faults, given: dict[str, Any], scope: Scope) -> dict[str, Any]:
    exponent = scope.exponent
    document: dict[str, Any] = {"schema": 1, "base": scope.base}
    for name in (*_TOP, "rates"):
        if name in given:
            document[name] = given.pop(name)
    if "firstN" in given:
        first = given.pop("firstN")
        document["firstN"] = {"rounds": first} if isinstance(first, int) else first
    eligibility: dict[str, Any] = {name: given.pop(name) for name in _ELIGIBILITY if name in given}
    for name in ("minBet", "maxBet"):
        if name in given:
            eligibility[name] = faults.amount(f"rules.{name}", given.pop(name), exponent)
    if "betLimits" in given:
        eligibility["betLimits"] = _bet_limits(faults, given.pop("betLimits"), scope.exponents)
    if eligibility:
        document["eligibility"] = eligibility
    document["scoring"] = _metric(faults, "rules", given, exponent)
    return document


def _bet_limits(faults: Faults, given: Any, exponents: Mapping[str, int]) -> Any:
    if not isinstance(given, Mapping):
        return given
    out: dict[str, Any] = {}
    for code, row in given.items():
        try:
            decimals = exponent_of(code, exponents)
        except KeyError:
            faults.add(f"rules.betLimits.{code}", "is not a known currency")
            continue
        out[code] = (
            {
                name: faults.amount(f"rules.betLimits.{code}.{name}", value, decimals)
                for name, value in row.items()
            }
            if isinstance(row, Mapping)
            else row
        )
    return out


def _metric(faults: Faults, at: str, node: Any, exponent: int, depth: int = 0) -> Any:
    if not isinstance(node, Mapping) or depth > 4:
        return node
    out = dict(node)
    if "multiple" in out:
        out["multiple"] = faults.amount(f"{at}.multiple", out["multiple"], MULTIPLE_DECIMALS)
    if "per" in out:
        out["per"] = faults.amount(f"{at}.per", out["per"], exponent)
    if "of" in out:
        out["of"] = _metric(faults, f"{at}.of", out["of"], exponent, depth + 1)
    if isinstance(out.get("parts"), list):
        out["parts"] = [
            {**part, "rule": _metric(faults, f"{at}.parts[{i}].rule", part.get("rule"), exponent, depth + 1)}
            if isinstance(part, Mapping)
            else part
            for i, part in enumerate(out["parts"])
        ]
    return out


def ranking_rules(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The ranking document; RULES_INVALID names the fields as `ranking.<path>`."""
    faults = Faults()
    for fault in validate_ranking(given or {}):
        faults.add(f"ranking.{fault.pointer}", fault.reason)
    faults.refuse("RULES_INVALID")
    return dict(given or {})


def prize_table(given: Mapping[str, Any] | None, *, exponent: int, paid_entry: bool) -> dict[str, Any] | None:
    """The prize table, None for a tournament without prizes. PRIZES_INVALID names the fields as `prizes.<path>`.

    `given`: {lines: [{rankFrom, rankTo?, kind?, amount | shareBps | count, value, gameSlug, validHours}], ties?,
    remainder?, minScore?}, amounts in major units.
    """
    if given is None:
        if not paid_entry:
            return None
        lines = [
            {"from": place, "to": place, "kind": "cash", "shareBps": share}
            for place, share in enumerate(DEFAULT_SHARES, 1)
        ]
        return {"schema": 1, "lines": lines}
    faults = Faults()
    document: dict[str, Any] = {k: v for k, v in given.items() if k != "lines" and v is not None}
    document["schema"] = 1
    document["lines"] = [_prize_line(faults, i, line, exponent) for i, line in enumerate(given["lines"])]
    faults.refuse("PRIZES_INVALID")
    for fault in validate_prizes(document):
        faults.add(f"prizes.{fault.pointer}", fault.reason)
    faults.refuse("PRIZES_INVALID")
    return document


_OUTSIDE = {"game": "gameSlug", "from": "rankFrom", "to": "rankTo"}


def _prize_line(faults: Faults, index: int, line: Mapping[str, Any], exponent: int) -> dict[str, Any]:
    given = {k: v for k, v in line.items() if v is not None}
    out: dict[str, Any] = {
        "from": given.pop("rankFrom"),
        "to": given.pop("rankTo", line["rankFrom"]),
        "kind": given.pop("kind", "cash"),
    }
    for name in ("amount", "value"):
        if name in given:
            out[name] = faults.amount(f"prizes.lines[{index}].{name}", given.pop(name), exponent, least=1)
    if "gameSlug" in given:
        out["game"] = given.pop("gameSlug")
    return out | given


def shown_prizes(document: Mapping[str, Any] | None, show: Any) -> dict[str, Any] | None:
    """A prize table as its creator would write it; `show` makes a decimal string of minor units."""
    if document is None:
        return None
    lines = []
    for line in document["lines"]:
        row = {_OUTSIDE.get(name, name): value for name, value in line.items()}
        for name in ("amount", "value"):
            if name in row:
                row[name] = show(row[name])
        lines.append(row)
    rest = {k: v for k, v in document.items() if k not in ("lines", "schema")}
    return {"lines": lines, **rest}


def worst_cost(document: Mapping[str, Any] | None, *, guarantee: int, seed: int, players: int) -> int | None:
    """The most that prizes can cost the house (minor units, buy-ins not set against it), None if there is no bound.

    Shares never pay more than the pool, so the house risks the guarantee or its seed. Fixed prizes cost their places;
    where all who tie get the higher prize, everybody could tie for the best one, and where they get the lower one,
    prizes that rise with the place are paid from the first place on.
    """
    house: int = max(guarantee, seed)
    if document is None:
        return house
    fixed: list[tuple[int, int, str]] = [
        (_line_cost(line), line["to"] - line["from"] + 1, line["kind"]) for line in document["lines"]
    ]
    if document.get("ties") == "all_get_higher" and any(cost for cost, _, _ in fixed):
        if not players:
            return None
        kinds = {kind for _, _, kind in fixed}
        return house + sum(players * max(c for c, _, k in fixed if k == kind) for kind in kinds)
    if document.get("ties") == "drop_to_lower":
        return house + sum(_lowest_cost(document["lines"], kind) for kind in {k for _, _, k in fixed})
    return house + sum(cost * places for cost, places, _ in fixed)


def _lowest_cost(lines: Sequence[Mapping[str, Any]], kind: str) -> int:
    """Where all who tie get the prize of their lowest place, a place can cost as much as the dearest one below it."""
    rows = sorted((line["to"], _line_cost(line)) for line in lines if line["kind"] == kind)
    worst = start = 0
    for i, (end, _) in enumerate(rows):
        worst += (end - start) * max(cost for _, cost in rows[i:])
        start = end
    return worst


def _line_cost(line: Mapping[str, Any]) -> int:
    if line["kind"] == "free_rounds":
        return int(line["count"] * line["value"])
    return int(line.get("amount", 0))
