"""What rounds are worth, for devtools/recompute.py: every metric looked up in docs/scoring.md and done the long way."""

from fractions import Fraction
from math import floor, trunc
from typing import Any

Document = dict[str, Any]
LARGEST = 10**14
SINGLE = (
    *("total_wagered", "total_won", "net_win", "round_count", "win_count", "wins_at_least"),
    *("sum_multipliers", "bet_points", "win_points"),
)


def to_base(amount: Fraction, row: Document, rules: Document) -> int:
    """Minor units of the base currency, cut down."""
    base = rules["base"]
    rate = {"num": 1, "den": 1} if row["currency"] == base["currency"] else rules["rates"][row["currency"]]
    return floor(amount * Fraction(rate["num"], rate["den"]) * int(10 ** base["exponent"]))


def amounts(row: Document, rules: Document) -> tuple[int, int, Fraction]:
    """(bet, win, weight) that count: base-currency minor units and the game's weight."""
    allowed = rules.get("eligibility", {})
    bet, win = row["bet"], row["win"]
    if allowed.get("funds") == "real":
        bet, win = bet - row["betBonus"], win - row["winBonus"]
    if allowed.get("jackpot") is False:
        win -= row["jackpot"]
    weight = Fraction(allowed.get("games", {}).get("weights", {}).get(row["gameId"], 10_000), 10_000)
    return to_base(bet, row, rules), to_base(max(win, Fraction(0)), row, rules), weight


def decimals_of(metric: Document, rules: Document) -> int:
    """Digits of a metric's score behind the point."""
    name = metric["metric"]
    if name in ("total_wagered", "total_won", "net_win", "biggest_win"):
        return int(rules["base"]["exponent"])
    if name in ("sum_multipliers", "biggest_multiplier") or metric.get("value") == "multiples":
        return 4
    return decimals_of(metric["of"], rules) if "of" in metric else int(metric.get("decimals", 0))


def value_of(metric: Document, row: Document, rules: Document) -> int:
    """What one round is worth under a metric that looks at single rounds."""
    bet, win, weight = amounts(row, rules)
    unit = 10 ** metric.get("decimals", 0)
    name = metric["metric"]
    if name in ("bet_points", "win_points"):
        amount = Fraction(bet if name == "bet_points" else win, metric["per"])
        plain = (
            floor(amount) * metric["points"]
            if metric.get("mode", "step") == "step"
            else floor(amount * metric["points"])
        )
    else:
        plain = {
            "total_wagered": bet,
            "total_won": win,
            "net_win": win - bet,
            "round_count": unit,
            "win_count": unit * (win > 0),
            "wins_at_least": unit
            * (bet > 0 and Fraction(win, max(bet, 1)) >= Fraction(metric.get("multiple", 0), 10_000)),
            "sum_multipliers": floor(Fraction(win * 10_000, bet)) if bet > 0 else 0,
        }[name]
    most = min(rules.get("maxPointsPerRound", LARGEST), LARGEST)
    return int(max(-most, min(most, trunc(plain * weight))))


def score_of(metric: Document, rows: list[Document], rules: Document) -> tuple[int, int]:
    """(score, reachedAt) of rounds in event order."""
    name = metric["metric"]
    if name == "weighted":
        return weighted(metric, rows, rules)
    if name == "consecutive_wins":
        return streak(metric, rows, rules)
    inner = {"biggest_win": {"metric": "total_won"}, "biggest_multiplier": {"metric": "sum_multipliers"}}.get(
        name
    )
    values = [(value_of(inner or metric.get("of") or metric, row, rules), row["settled"]) for row in rows]
    if inner:
        best = max([v for v, _ in values if v > 0], default=0)
        return best, min([at for v, at in values if v == best and best], default=0)
    if name == "best_n":
        chosen = sorted([pair for pair in values if pair[0] > 0], key=lambda pair: (-pair[0], pair[1]))[
            : metric["n"]
        ]
        return sum(v for v, _ in chosen), max([at for _, at in chosen], default=0)
    if name == "best_n_consecutive":
        n = metric["n"]
        sums = [
            (sum(v for v, _ in values[max(0, i - n + 1) : i + 1]), values[i][1]) for i in range(len(values))
        ]
        return first_best(sums)
    if name == "first_to_target":
        for i in range(len(values)):
            if sum(v for v, _ in values[: i + 1]) >= metric["target"]:
                return metric["target"], values[i][1]
    return sum(v for v, _ in values), max([at for v, at in values if v], default=0)


def first_best(sums: list[tuple[int, int]]) -> tuple[int, int]:
    """The highest positive value and the earliest moment it was had."""
    best = max([v for v, _ in sums if v > 0], default=0)
    return best, next((at for v, at in sums if best and v == best), 0)


def streak(metric: Document, rows: list[Document], rules: Document) -> tuple[int, int]:
    """Best run of wins; every stretch that ends at each round is looked at."""
    need, strict = Fraction(metric.get("multiple", 10_000), 10_000), metric.get("strict", True)
    by_length = metric.get("value", "length") == "length"
    unit = (
        {"metric": "round_count", "decimals": metric.get("decimals", 0)}
        if by_length
        else {"metric": "sum_multipliers"}
    )

    def wins(row: Document) -> bool:
        bet, win, _ = amounts(row, rules)
        return (
            bet > 0 and win > 0 and (Fraction(win, bet) > need or (not strict and Fraction(win, bet) == need))
        )

    sums = []
    for end in range(len(rows)):
        run: list[Document] = []
        for row in reversed(rows[: end + 1]):
            if not wins(row):
                break
            run.append(row)
        if len(run) >= metric.get("minLength", 1) and run:
            sums.append((sum(value_of(unit, row, rules) for row in run), rows[end]["settled"]))
    return first_best(sums)


def weighted(metric: Document, rows: list[Document], rules: Document) -> tuple[int, int]:
    """Parts of single rounds are weighed and cut round by round, the others by their score."""
    scale = 10 ** metric.get("decimals", 0)
    most = min(rules.get("maxPointsPerRound", LARGEST), LARGEST)

    def weigh(value: int, part: Document) -> int:
        return trunc(
            value * Fraction(part["weight"], 10_000) * Fraction(scale, 10 ** decimals_of(part["rule"], rules))
        )

    by_round = [p for p in metric["parts"] if p["rule"]["metric"] in SINGLE]
    whole = [p for p in metric["parts"] if p["rule"]["metric"] not in SINGLE]
    points = []
    for row in rows:
        value = sum(weigh(value_of(p["rule"], row, rules), p) for p in by_round)
        points.append((max(-most, min(most, value)), row["settled"]))
    ends = [max([at for v, at in points if v], default=0)]
    total = sum(v for v, _ in points)
    for part in whole:
        score, reached = score_of(part["rule"], rows, rules)
        total += weigh(score, part)
        ends.append(reached)
    return total, max(ends)
