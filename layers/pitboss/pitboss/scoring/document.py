"""The rule-set document: what may stand in it (docs/scoring.md describes every field for its reader)."""

from collections.abc import Mapping
from typing import Any

from pitboss.kernel.money import MAX_EXPONENT, MAX_MINOR
from pitboss.kernel.refusal import FieldError
from pitboss.scoring.checks import Checker
from pitboss.scoring.model import BASIS_POINTS, MAX_ROUND_POINTS, MULTIPLE_SCALE

# Worth of one round, independent of all others: these may be summed, maximised, windowed and weighted.
ROUND_METRICS = (
    "total_wagered",
    "total_won",
    "net_win",
    "round_count",
    "win_count",
    "wins_at_least",
    "sum_multipliers",
    "bet_points",
    "win_points",
)
BEST_METRICS = ("biggest_win", "biggest_multiplier", "best_n")
ORDERED_METRICS = ("consecutive_wins", "best_n_consecutive", "first_to_target")
METRICS = (*ROUND_METRICS, *BEST_METRICS, *ORDERED_METRICS, "weighted")
MAX_DECIMALS = 6
MAX_N = 100
MAX_PARTS = 8
MAX_MULTIPLE = 1_000_000 * MULTIPLE_SCALE
MAX_WEIGHT = 1_000 * BASIS_POINTS


def check_rules(document: Any) -> list[FieldError]:
    """Every fault of a rule-set document, [] if it can be compiled."""
    check = Checker()
    known = ("schema", "base", "scoring")
    optional = ("rates", "eligibility", "minRoundsToRank", "firstN", "maxPointsPerRound", "entries")
    if not check.fields("", document, known, optional):
        return check.faults
    check.integer("schema", document["schema"], 1, 1)
    _check_currencies(check, document)
    _check_metric(check, "scoring", document["scoring"], METRICS)
    if "eligibility" in document:
        _check_eligibility(check, document["eligibility"])
    check.optional_integer(document, "", "minRoundsToRank", 0, 1_000_000)
    check.optional_integer(document, "", "maxPointsPerRound", 1, MAX_ROUND_POINTS)
    if "firstN" in document:
        node = document["firstN"]
        if check.fields("firstN", node, ("rounds",), ("refill",)):
            check.integer("firstN.rounds", node["rounds"], 1, 1_000_000)
            check.flag("firstN.refill", node.get("refill", False))
    entries = check.choice("entries", document.get("entries", "best"), ("best", "last", "sum"))
    scoring = document["scoring"]
    if entries == "sum" and isinstance(scoring, Mapping) and scoring.get("metric") == "first_to_target":
        check.fault("entries", "a race to a target cannot add up several entries")
    return check.faults


def _check_currencies(check: Checker, document: Mapping[str, Any]) -> None:
    base = document["base"]
    if check.fields("base", base, ("currency", "exponent")):
        check.currency("base.currency", base["currency"])
        check.integer("base.exponent", base["exponent"], 0, MAX_EXPONENT)
    rates = document.get("rates", {})
    if not isinstance(rates, Mapping) or len(rates) > 200:
        check.fault("rates", "must be an object of at most 200 currencies")
        return
    for code, rate in rates.items():
        path = f"rates.{code}"
        check.currency(path, code)
        if isinstance(base, Mapping) and code == base.get("currency"):
            check.fault(path, "the base currency has no rate")
        if check.fields(path, rate, ("exponent", "num", "den")):
            check.integer(f"{path}.exponent", rate["exponent"], 0, MAX_EXPONENT)
            check.integer(f"{path}.num", rate["num"], 1, 10**15)
            check.integer(f"{path}.den", rate["den"], 1, 10**15)


def _check_eligibility(check: Checker, node: Any) -> None:
    optional = (
        "timestamp",
        "games",
        "brands",
        "currencies",
        "roundTypes",
        "minBet",
        "maxBet",
        "betLimits",
        "funds",
        "jackpot",
    )
    if not check.fields("eligibility", node, (), optional):
        return
    check.choice("eligibility.timestamp", node.get("timestamp", "settled"), ("settled", "started"))
    check.choice("eligibility.funds", node.get("funds", "all"), ("all", "real"))
    check.flag("eligibility.jackpot", node.get("jackpot", True))
    for name in ("brands", "currencies", "roundTypes"):
        if name in node:
            check.texts(f"eligibility.{name}", node[name])
    if "games" in node and check.fields(
        "eligibility.games", node["games"], (), ("include", "exclude", "weights")
    ):
        _check_games(check, node["games"])
    low = check.optional_integer(node, "eligibility", "minBet", 0, MAX_MINOR)
    high = check.optional_integer(node, "eligibility", "maxBet", 0, MAX_MINOR)
    if low is not None and high is not None and low > high:
        check.fault("eligibility.maxBet", "is below minBet")
    limits = node.get("betLimits", {})
    if not isinstance(limits, Mapping):
        check.fault("eligibility.betLimits", "must be an object of currencies")
        return
    for code, row in limits.items():
        path = f"eligibility.betLimits.{code}"
        check.currency(path, code)
        if check.fields(path, row, (), ("min", "max")):
            least = check.optional_integer(row, path, "min", 0, MAX_MINOR)
            most = check.optional_integer(row, path, "max", 0, MAX_MINOR)
            if least is not None and most is not None and least > most:
                check.fault(f"{path}.max", "is below min")


def _check_games(check: Checker, games: Mapping[str, Any]) -> None:
    for name in ("include", "exclude"):
        if name in games:
            check.texts(f"eligibility.games.{name}", games[name])
    weights = games.get("weights", {})
    if not isinstance(weights, Mapping) or len(weights) > 2000:
        check.fault("eligibility.games.weights", "must be an object of at most 2000 games")
        return
    for slug, weight in weights.items():
        check.text(f"eligibility.games.weights.{slug}", slug)
        check.integer(f"eligibility.games.weights.{slug}", weight, 0, MAX_WEIGHT)


def _check_metric(check: Checker, path: str, node: Any, allowed: tuple[str, ...]) -> None:
    if not isinstance(node, Mapping) or "metric" not in node:
        check.fault(path, "must be an object with a metric")
        return
    metric = check.choice(f"{path}.metric", node["metric"], allowed)
    if metric is None:
        return
    required, optional = _SHAPES[metric]
    if not check.fields(path, node, ("metric", *required), optional):
        return
    check.optional_integer(node, path, "decimals", 0, MAX_DECIMALS)
    check.optional_integer(node, path, "n", 1, MAX_N)
    check.optional_integer(node, path, "target", 1)
    check.optional_integer(node, path, "per", 1, MAX_MINOR)
    check.optional_integer(node, path, "points", 1, 10**9)
    check.optional_integer(node, path, "multiple", 1, MAX_MULTIPLE)
    check.optional_integer(node, path, "minLength", 1, 1000)
    if "mode" in node:
        check.choice(f"{path}.mode", node["mode"], ("step", "linear"))
    if "value" in node:
        check.choice(f"{path}.value", node["value"], ("length", "multiples"))
    if "strict" in node:
        check.flag(f"{path}.strict", node["strict"])
    if "of" in node:
        # A window's running best is only monotone while it fills up if no round can take points away.
        inner = tuple(m for m in ROUND_METRICS if metric != "best_n_consecutive" or m != "net_win")
        _check_metric(check, f"{path}.of", node["of"], inner)
    if "parts" in node:
        _check_parts(check, f"{path}.parts", node["parts"])


def _check_parts(check: Checker, path: str, parts: Any) -> None:
    if not isinstance(parts, list) or not 1 <= len(parts) <= MAX_PARTS:
        check.fault(path, f"must be a list of 1 to {MAX_PARTS} parts")
        return
    inner = tuple(m for m in METRICS if m not in ("weighted", "first_to_target"))
    for i, part in enumerate(parts):
        if check.fields(f"{path}[{i}]", part, ("weight", "rule")):
            weight = check.integer(f"{path}[{i}].weight", part["weight"], -MAX_WEIGHT, MAX_WEIGHT)
            if weight == 0:
                check.fault(f"{path}[{i}].weight", "a part without weight says nothing")
            _check_metric(check, f"{path}[{i}].rule", part["rule"], inner)


_POINTS = (("per", "points"), ("mode", "decimals"))
_SHAPES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **dict.fromkeys(("total_wagered", "total_won", "net_win", "biggest_win", "biggest_multiplier"), ((), ())),
    **dict.fromkeys(("round_count", "win_count"), ((), ("decimals",))),
    "sum_multipliers": ((), ()),
    "wins_at_least": (("multiple",), ("decimals",)),
    "bet_points": _POINTS,
    "win_points": _POINTS,
    "best_n": (("n", "of"), ()),
    "best_n_consecutive": (("n", "of"), ()),
    "consecutive_wins": ((), ("multiple", "strict", "minLength", "value", "decimals")),
    "first_to_target": (("target", "of"), ()),
    "weighted": (("parts",), ("decimals",)),
}
