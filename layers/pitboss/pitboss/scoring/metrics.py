"""The metrics. A part folds one entry's rounds into a small JSON-able body and can say what the body is worth.

Every part answers the same six questions (`Part`). Mergeable parts (sum, max, best-N) give the same standing for any
order of the rounds; ordered ones (streak, consecutive window, target) must be fed in event order.
"""

# ruff: noqa: ARG002 - the parts answer one protocol, and not every part needs every argument of it
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pitboss.scoring.model import BASIS_POINTS, MULTIPLE_SCALE

Body = list[Any]
# (bet, win, weight) in base-currency minor units and basis points -> points of that one round
Contribution = Callable[[int, int, int], int]
SPARE_CANDIDATES = 8  # best-N keeps a few more than N, so that most rollbacks need no refold


class Part(Protocol):
    """One metric. `add` returns the change of the part's score and the reason; `remove` is False when only a refold
    can tell what the body would be without the round (the body is then undefined)."""

    decimals: int
    ordered: bool

    def fresh(self) -> Body: ...
    def add(self, body: Body, bet: int, win: int, weight: int, at: int) -> tuple[int, str]: ...
    def remove(self, body: Body, bet: int, win: int, weight: int, at: int) -> bool: ...
    def score(self, body: Body) -> int: ...
    def reached_at(self, body: Body) -> int: ...
    def detail(self, body: Body) -> Mapping[str, Any]: ...


def ratio(value: int, numerator: int, denominator: int) -> int:
    """value * numerator / denominator, cut towards zero."""
    product = value * numerator
    return product // denominator if product >= 0 else -(-product // denominator)


def weighed(plain: Callable[[int, int], int], cap: int) -> Contribution:
    """A round's plain value times its game's weight, cut towards zero, then held within the cap on either side."""

    def contribution(bet: int, win: int, weight: int) -> int:
        value = plain(bet, win)
        if weight != BASIS_POINTS:
            value = ratio(value, weight, BASIS_POINTS)
        if value > cap:
            return cap
        return value if value >= -cap else -cap

    return contribution


class Sum:
    """Total of all contributions, reached at the latest round that moved it."""

    __slots__ = ("contribution", "decimals", "nothing", "ordered")

    def __init__(self, contribution: Contribution, decimals: int, nothing: str = "no_points") -> None:
        self.contribution, self.decimals, self.nothing, self.ordered = contribution, decimals, nothing, False

    def fresh(self) -> Body:
        return [0, 0]

    def add(self, body: Body, bet: int, win: int, weight: int, at: int) -> tuple[int, str]:
        points = self.contribution(bet, win, weight)
        if not points:
            return 0, self.nothing
        body[0] += points
        if at > body[1]:  # noqa: PLR1730 - max() is a call, and this line runs for every round
            body[1] = at
        return points, "counted"

    def remove(self, body: Body, bet: int, win: int, weight: int, at: int) -> bool:
        points = self.contribution(bet, win, weight)
        if points and at >= body[1]:
            return False  # the latest one goes: which was the latest before it is not kept
        body[0] -= points
        return True

    def score(self, body: Body) -> int:
        return int(body[0])

    def reached_at(self, body: Body) -> int:
        return int(body[1])

    def detail(self, body: Body) -> Mapping[str, Any]:
        return {}


class Max:
    """Best single round, reached when it was first reached."""

    __slots__ = ("contribution", "decimals", "nothing", "ordered")

    def __init__(self, contribution: Contribution, decimals: int, nothing: str = "no_points") -> None:
        self.contribution, self.decimals, self.nothing, self.ordered = contribution, decimals, nothing, False

    def fresh(self) -> Body:
        return [0, 0]

    def add(self, body: Body, bet: int, win: int, weight: int, at: int) -> tuple[int, str]:
        points = self.contribution(bet, win, weight)
        best = body[0]
        if points <= 0:
            return 0, self.nothing
        if points > best:
            body[0], body[1] = points, at
            return points - best, "counted"
        if points == best and at < body[1]:
            body[1] = at
        return 0, "not_best"

    def remove(self, body: Body, bet: int, win: int, weight: int, at: int) -> bool:
        points = self.contribution(bet, win, weight)
        return points <= 0 or points < body[0] or at > body[1]

    def score(self, body: Body) -> int:
        return int(body[0])

    def reached_at(self, body: Body) -> int:
        return int(body[1])

    def detail(self, body: Body) -> Mapping[str, Any]:
        return {}


class BestN:
    """Sum of the N best rounds; among equal ones the earliest are taken. Reached when the latest of them settled.

    Body: [candidates as [-points, at], ascending; whether any round was ever let go]. The candidates are always
    exactly the best so-many of all rounds folded, N plus a few spare ones, fewer after removals.
    """

    __slots__ = ("cap", "contribution", "decimals", "n", "nothing", "ordered")

    def __init__(self, n: int, contribution: Contribution, decimals: int, nothing: str = "no_points") -> None:
        self.n, self.cap, self.contribution, self.decimals = n, n + SPARE_CANDIDATES, contribution, decimals
        self.nothing, self.ordered = nothing, False

    def fresh(self) -> Body:
        return [[], 0]

    def add(self, body: Body, bet: int, win: int, weight: int, at: int) -> tuple[int, str]:
        points = self.contribution(bet, win, weight)
        if points <= 0:
            return 0, self.nothing
        kept, item = body[0], [-points, at]
        if (body[1] or len(kept) == self.cap) and item > kept[-1]:
            body[1] = 1
            return 0, "not_among_best"
        place = bisect_right(kept, item)
        kept.insert(place, item)
        gained = 0
        if place < self.n:
            gained = points + (kept[self.n][0] if len(kept) > self.n else 0)
        if len(kept) > self.cap:
            kept.pop()
            body[1] = 1
        return gained, "counted" if place < self.n else "not_among_best"

    def remove(self, body: Body, bet: int, win: int, weight: int, at: int) -> bool:
        points = self.contribution(bet, win, weight)
        if points <= 0:
            return True
        kept, item = body[0], [-points, at]
        if item in kept:
            kept.remove(item)
            return len(kept) >= self.n or not body[1]
        return True

    def score(self, body: Body) -> int:
        return sum(-item[0] for item in body[0][: self.n])

    def reached_at(self, body: Body) -> int:
        return max((item[1] for item in body[0][: self.n]), default=0)

    def detail(self, body: Body) -> Mapping[str, Any]:
        return {"best": [-item[0] for item in body[0][: self.n]]}


class Streak:
    """Longest (or most valuable) run of rounds in a row whose win is at, or above, a multiple of the bet.

    Body: [length of the current run, its value, best value, when that was reached].
    """

    __slots__ = ("contribution", "decimals", "min_length", "multiple", "ordered", "strict")

    def __init__(
        self, contribution: Contribution, decimals: int, *, multiple: int, strict: bool, min_length: int
    ) -> None:
        self.contribution, self.decimals, self.ordered = contribution, decimals, True
        self.multiple, self.strict, self.min_length = multiple, strict, min_length

    def fresh(self) -> Body:
        return [0, 0, 0, 0]

    def add(self, body: Body, bet: int, win: int, weight: int, at: int) -> tuple[int, str]:
        have, need = win * MULTIPLE_SCALE, self.multiple * bet
        if bet <= 0 or win <= 0 or have < need or (self.strict and have == need):
            body[0] = body[1] = 0
            return 0, "below_multiple"
        body[0] += 1
        body[1] += self.contribution(bet, win, weight)
        gained: int = body[1] - body[2]
        if body[0] < self.min_length or gained <= 0:
            return 0, "streak_running"
        body[2], body[3] = body[1], at
        return gained, "counted"

    def remove(self, body: Body, bet: int, win: int, weight: int, at: int) -> bool:
        return False

    def score(self, body: Body) -> int:
        return int(body[2])

    def reached_at(self, body: Body) -> int:
        return int(body[3])

    def detail(self, body: Body) -> Mapping[str, Any]:
        return {"runLength": body[0], "runValue": body[1]}


class Consecutive:
    """Best sum over at most N rounds in a row. Body: [values of the last N rounds, their sum, best sum, reached]."""

    __slots__ = ("contribution", "decimals", "n", "ordered")

    def __init__(self, n: int, contribution: Contribution, decimals: int) -> None:
        self.n, self.contribution, self.decimals, self.ordered = n, contribution, decimals, True

    def fresh(self) -> Body:
        return [[], 0, 0, 0]

    def add(self, body: Body, bet: int, win: int, weight: int, at: int) -> tuple[int, str]:
        points = self.contribution(bet, win, weight)
        last = body[0]
        last.append(points)
        body[1] += points
        if len(last) > self.n:
            body[1] -= last.pop(0)
        gained: int = body[1] - body[2]
        if gained <= 0:
            return 0, "not_best"
        body[2], body[3] = body[1], at
        return gained, "counted"

    def remove(self, body: Body, bet: int, win: int, weight: int, at: int) -> bool:
        return False

    def score(self, body: Body) -> int:
        return int(body[2])

    def reached_at(self, body: Body) -> int:
        return int(body[3])

    def detail(self, body: Body) -> Mapping[str, Any]:
        return {"windowLength": len(body[0]), "windowValue": body[1]}


class Target:
    """Race to a target: those who reached it all have the target as score and rank by the moment they did; the others
    rank behind by how far they are. Body: [total until the target, latest round that moved it, moment of reaching]."""

    __slots__ = ("contribution", "decimals", "nothing", "ordered", "target")

    def __init__(
        self, target: int, contribution: Contribution, decimals: int, nothing: str = "no_points"
    ) -> None:
        self.target, self.contribution, self.decimals = target, contribution, decimals
        self.nothing, self.ordered = nothing, True

    def fresh(self) -> Body:
        return [0, 0, 0]

    def add(self, body: Body, bet: int, win: int, weight: int, at: int) -> tuple[int, str]:
        if body[2]:
            return 0, "target_reached"
        points = self.contribution(bet, win, weight)
        if not points:
            return 0, self.nothing
        before = body[0]
        body[0] = min(before + points, self.target)
        body[1] = max(body[1], at)
        if body[0] == self.target:
            body[2] = at
        return body[0] - before, "counted"

    def remove(self, body: Body, bet: int, win: int, weight: int, at: int) -> bool:
        return False

    def score(self, body: Body) -> int:
        return int(body[0])

    def reached_at(self, body: Body) -> int:
        return int(body[2] or body[1])

    def detail(self, body: Body) -> Mapping[str, Any]:
        return {"target": self.target, "targetReached": bool(body[2])}


class Weighted:
    """Weighted sum of parts that do not add up round by round (bests, runs), besides one sum of those that do."""

    __slots__ = ("decimals", "ordered", "parts", "weights")

    def __init__(self, parts: Sequence[Part], weights: Sequence[tuple[int, int]], decimals: int) -> None:
        self.parts, self.weights, self.decimals = tuple(parts), tuple(weights), decimals
        self.ordered = any(part.ordered for part in parts)

    def fresh(self) -> Body:
        return [part.fresh() for part in self.parts]

    def add(self, body: Body, bet: int, win: int, weight: int, at: int) -> tuple[int, str]:
        gained, reason = 0, "no_points"
        for part, held, (up, down) in zip(self.parts, body, self.weights, strict=True):
            before = part.score(held)
            change, why = part.add(held, bet, win, weight, at)
            if change:
                gained += ratio(before + change, up, down) - ratio(before, up, down)
            if why == "counted":
                reason = why
        return gained, reason

    def remove(self, body: Body, bet: int, win: int, weight: int, at: int) -> bool:
        pairs = zip(self.parts, body, strict=True)
        return all(part.remove(held, bet, win, weight, at) for part, held in pairs)

    def score(self, body: Body) -> int:
        rows = zip(self.parts, body, self.weights, strict=True)
        return sum(ratio(part.score(held), up, down) for part, held, (up, down) in rows)

    def reached_at(self, body: Body) -> int:
        return max(part.reached_at(held) for part, held in zip(self.parts, body, strict=True))

    def detail(self, body: Body) -> Mapping[str, Any]:
        pairs = zip(self.parts, body, strict=True)
        return {"parts": [{"score": part.score(held), **part.detail(held)} for part, held in pairs]}
