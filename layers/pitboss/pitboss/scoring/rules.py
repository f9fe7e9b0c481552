"""A rule-set document made executable: judge and fold as closures over what was worked out once.

State of one entry, JSON-able throughout: [rounds, wagered, won, body of the metric], and for ordered rules further
[settledAt, seq, key] of the latest round folded, [rounds that took a place under first-N, extra places].
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pitboss.kernel.canonical import digest
from pitboss.kernel.refusal import Refusal
from pitboss.scoring.document import BEST_METRICS, ROUND_METRICS, check_rules
from pitboss.scoring.eligibility import Bench, Terms, counted_amounts, judge_of
from pitboss.scoring.metrics import (
    BestN,
    Consecutive,
    Contribution,
    Max,
    Part,
    Streak,
    Sum,
    Target,
    Weighted,
    ratio,
    weighed,
)
from pitboss.scoring.model import (
    BASIS_POINTS,
    MAX_INSTANT,
    MAX_ROUND_POINTS,
    MAX_SCORE,
    MULTIPLE_SCALE,
    ROLLED_BACK,
    Round,
    Seat,
    Standing,
    Stint,
    Window,
)

State = list[Any]
MAX_COMPILED = 256
NO_EXTRAS = Stint(0, 0)


class Rules:
    """A compiled rule set. Public attributes and closures (attributes, so that the hot path pays no method lookup):

    digest: SHA-256 of the canonical document. decimals: digits of the score behind the point.
    ordered: rounds of an entry must be folded in `event_order`; a late one means a refold.
    judge(round, seat, window) -> (entry number, "") or (0, reason).
    fold(state, round, key) -> (state, points, reason): the state is changed in place; `points` is by how much the score
    moved, so that over any folding of an entry they add up to its score. The round must have been judged eligible,
    or be a rolled-back one that had been (it then only keeps its place under first-N without refill).
    """

    __slots__ = (
        "_first_n",
        "_min_rounds",
        "_part",
        "_read",
        "_refill",
        "_terms",
        "decimals",
        "digest",
        "document",
        "fold",
        "judge",
        "ordered",
    )
    judge: Callable[[Round, Seat | None, Window], tuple[int, str]]
    fold: Callable[[State, Round, int], tuple[State, int, str]]

    def __init__(self, document: Mapping[str, Any], digest_: str) -> None:
        self.document, self.digest = document, digest_
        self._part = part_of(document["scoring"], document)
        first_n = document.get("firstN")
        self._first_n: int = first_n["rounds"] if first_n else 0
        self._refill: bool = bool(first_n and first_n.get("refill"))
        self._min_rounds: int = document.get("minRoundsToRank", 1)
        self._terms = Bench(document).lookup()
        self._read = counted_amounts(document)
        self.ordered = self._part.ordered or bool(first_n)
        self.decimals = self._part.decimals
        self.judge = judge_of(document, self._terms)
        plain = _plain_fold(self._part, self._terms, self._read)
        self.fold = _ordered_fold(plain, self._first_n, refill=self._refill) if self.ordered else plain

    def fresh(self, rounds_extra: int = 0) -> State:
        """State of an entry without rounds; `rounds_extra` is the stint's, needed under first-N only."""
        state: State = [0, 0, 0, self._part.fresh()]
        if self.ordered:
            state.append([])
        if self._first_n:
            state.append([0, rounds_extra])
        return state

    def outdated(self, state: State, stint: Stint) -> bool:
        """Whether an add-on changed the first-N limit since this state was begun: the entry must then be refolded
        (`refold(..., rounds_extra=stint.rounds_extra)`), since rounds once over the limit count now."""
        return bool(self._first_n) and state[5][1] != stint.rounds_extra

    def event_order(self, round_: Round, key: int) -> tuple[int, int, int]:
        """The total order in which ordered rules see an entry's rounds."""
        return round_.settled_at, round_.seq, key

    def last_seen(self, state: State) -> tuple[int, int, int] | None:
        """Order of the latest round an ordered rule has folded; None if there is none or order does not matter."""
        return tuple(state[4]) if self.ordered and state[4] else None

    def unfold(
        self,
        state: State,
        round_: Round,
        key: int,  # noqa: ARG002 - part of the contract: another metric may need to know which of two equal rounds goes
        points: int,  # noqa: ARG002 - likewise
        reason: str,
    ) -> State | None:
        """The state as if the round had never been folded, or None when only a refold can tell. The given state stays
        as it is. `points` and `reason` are what fold answered; the undo works them out anew and does not need them."""
        if self.ordered or reason == "rolled_back":
            return None
        if state[0] == 1:
            return self.fresh()
        bet, win, weight = self._amounts(round_)
        body = _copy(state[3])
        if not self._part.remove(body, bet, win, weight, round_.settled_at):
            return None
        return [state[0] - 1, state[1] - bet, state[2] - win, body]

    def standing(self, state: State, stint: Stint = NO_EXTRAS) -> Standing:
        """What the entry stands at, with the points its add-ons gave."""
        part, body = self._part, state[3]
        score = part.score(body) + stint.points_extra
        if not -MAX_SCORE <= score <= MAX_SCORE:
            score = MAX_SCORE if score > 0 else -MAX_SCORE
        rounds: int = state[0]
        return Standing(
            score,
            part.reached_at(body),
            rounds,
            state[1],
            state[2],
            rounds >= self._min_rounds,
            part.detail(body),
        )

    def best_of(self, standings: Iterable[Standing]) -> Standing:
        """One standing for a player of several entries (in order of entry): the best, the last, or their sum.

        best: qualified before not, then higher score, then reached earlier, then the earlier entry. sum: reached when
        the latest of the entries with rounds reached theirs; qualified by the rounds of all together.
        """
        rows = list(standings)
        if not rows:
            return self.standing(self.fresh())
        how = self.document.get("entries", "best")
        if how == "last" or len(rows) == 1:
            return rows[-1]
        if how == "best":
            return min(rows, key=lambda s: (not s.qualified, -s.score, s.reached_at or MAX_INSTANT))
        total = sum(s.score for s in rows)
        rounds = sum(s.rounds for s in rows)
        return Standing(
            max(-MAX_SCORE, min(MAX_SCORE, total)),
            max(s.reached_at for s in rows),
            rounds,
            sum(s.wagered for s in rows),
            sum(s.won for s in rows),
            rounds >= self._min_rounds,
            {"entries": [s.score for s in rows]},
        )

    def _amounts(self, round_: Round) -> tuple[int, int, int]:
        found = self._terms(round_)
        bet, win = self._read(round_) if self._read else (round_.bet, round_.win)
        return bet * found.num // found.den, win * found.num // found.den, found.weight


def _plain_fold(
    part: Part, terms: Callable[[Round], Terms], read: Callable[[Round], tuple[int, int]] | None
) -> Callable[[State, Round, int], tuple[State, int, str]]:
    add = part.add

    def fold(state: State, round_: Round, _key: int) -> tuple[State, int, str]:
        if round_.status == ROLLED_BACK:
            return state, 0, "rolled_back"
        reason, _, _, num, den, weight = terms(round_)
        if reason:
            return state, 0, reason
        if read is None:
            bet, win = round_.bet, round_.win
        else:
            bet, win = read(round_)
        if num != den:
            bet, win = bet * num // den, win * num // den
        state[0] += 1
        state[1] += bet
        state[2] += win
        points, reason = add(state[3], bet, win, weight, round_.settled_at)
        return state, points, reason

    return fold


def _ordered_fold(
    plain: Callable[[State, Round, int], tuple[State, int, str]], first_n: int, *, refill: bool
) -> Callable[[State, Round, int], tuple[State, int, str]]:
    def fold(state: State, round_: Round, key: int) -> tuple[State, int, str]:
        order = [round_.settled_at, round_.seq, key]
        if state[4] and order < state[4]:
            raise ValueError("an ordered rule was fed a round older than the last: refold the entry")
        gone = round_.status == ROLLED_BACK
        if gone and (refill or not first_n):
            return state, 0, "rolled_back"
        state[4] = order
        if first_n:
            places = state[5]
            if places[0] >= first_n + places[1]:
                return state, 0, "rolled_back" if gone else "over_round_limit"
            places[0] += 1
        return plain(state, round_, key)

    return fold


def _copy(body: Any) -> Any:
    return [_copy(item) for item in body] if isinstance(body, list) else body


def part_of(node: Mapping[str, Any], document: Mapping[str, Any]) -> Part:
    """The part a metric's description stands for."""
    metric = node["metric"]
    cap = min(document.get("maxPointsPerRound", MAX_ROUND_POINTS), MAX_ROUND_POINTS)
    exponent = document["base"]["exponent"]
    if metric in ROUND_METRICS:
        return Sum(*_contribution(node, exponent, cap))
    if metric in BEST_METRICS:
        inner = {"biggest_win": "total_won", "biggest_multiplier": "sum_multipliers"}.get(metric)
        found = _contribution({"metric": inner} if inner else node["of"], exponent, cap)
        return Max(*found) if inner else BestN(node["n"], *found)
    if metric == "best_n_consecutive":
        return Consecutive(node["n"], *_contribution(node["of"], exponent, cap)[:2])
    if metric == "first_to_target":
        return Target(node["target"], *_contribution(node["of"], exponent, cap))
    if metric == "consecutive_wins":
        by_length = node.get("value", "length") == "length"
        what = {**node, "metric": "round_count" if by_length else "sum_multipliers"}
        return Streak(
            *_contribution(what, exponent, cap)[:2],
            multiple=node.get("multiple", MULTIPLE_SCALE),
            strict=node.get("strict", True),
            min_length=node.get("minLength", 1),
        )
    return _weighted(node, document, cap)


def _weighted(node: Mapping[str, Any], document: Mapping[str, Any], cap: int) -> Part:
    """Parts that add up round by round become one sum (cut round by round), the others are weighed by their score."""
    decimals = node.get("decimals", 0)
    exponent = document["base"]["exponent"]
    summed: list[tuple[Contribution, int, int]] = []
    parts: list[Part] = []
    weights: list[tuple[int, int]] = []
    for row in node["parts"]:
        rule = row["rule"]
        if rule["metric"] in ROUND_METRICS:
            contribution, own, _ = _contribution(rule, exponent, cap)
            summed.append((contribution, row["weight"] * 10**decimals, BASIS_POINTS * 10**own))
        else:
            part = part_of(rule, document)
            parts.append(part)
            weights.append((row["weight"] * 10**decimals, BASIS_POINTS * 10**part.decimals))
    if not summed:
        return Weighted(parts, weights, decimals)
    rows = tuple(summed)

    def together(bet: int, win: int, weight: int) -> int:
        value = sum(ratio(contribution(bet, win, weight), up, down) for contribution, up, down in rows)
        return max(-cap, min(cap, value))

    total = Sum(together, decimals)
    return Weighted([total, *parts], [(1, 1), *weights], decimals) if parts else total


def _contribution(node: Mapping[str, Any], exponent: int, cap: int) -> tuple[Contribution, int, str]:
    """(points of one round, decimals they are in, reason when there are none) of a metric that looks at one round."""
    plain, decimals, nothing = _plain(node, exponent)
    return weighed(plain, cap), decimals, nothing


def _plain(node: Mapping[str, Any], exponent: int) -> tuple[Callable[[int, int], int], int, str]:
    decimals = node.get("decimals", 0)
    unit = 10**decimals
    multiple = node.get("multiple", 0)
    match node["metric"]:
        case "total_wagered":
            return (lambda bet, _win: bet), exponent, "no_points"
        case "total_won":
            return (lambda _bet, win: win), exponent, "no_points"
        case "net_win":
            return (lambda bet, win: win - bet), exponent, "no_points"
        case "round_count":
            return (lambda _bet, _win: unit), decimals, "no_points"
        case "win_count":
            return (lambda _bet, win: unit if win > 0 else 0), decimals, "no_points"
        case "wins_at_least":
            return (
                (lambda bet, win: unit if 0 < bet * multiple <= win * MULTIPLE_SCALE else 0),
                decimals,
                "below_multiple",
            )
        case "sum_multipliers":
            return (lambda bet, win: win * MULTIPLE_SCALE // bet if bet > 0 else 0), 4, "no_points"
    per, points, by_bet = node["per"], node["points"], node["metric"] == "bet_points"
    if node.get("mode", "step") == "step":
        return (lambda bet, win: (bet if by_bet else win) // per * points), decimals, "no_points"
    return (lambda bet, win: (bet if by_bet else win) * points // per), decimals, "no_points"


_compiled: OrderedDict[str, Rules] = OrderedDict()


def compile_rules(document: Mapping[str, Any]) -> Rules:
    """The compiled form, kept by digest. RULES_INVALID with every fault if the document cannot be compiled."""
    try:
        name = digest(document)
    except TypeError as error:
        raise Refusal("RULES_INVALID", f"The rule set cannot be hashed: {error}.") from None
    found = _compiled.get(name)
    if found is None:
        faults = check_rules(document)
        if faults:
            raise Refusal("RULES_INVALID", "The rule set is not valid; see errors.", errors=faults)
        found = _compiled[name] = Rules(document, name)
        if len(_compiled) > MAX_COMPILED:
            _compiled.popitem(last=False)
    else:
        _compiled.move_to_end(name)
    return found


def refold(
    rules: Rules, rounds: Iterable[tuple[Round, int]], rounds_extra: int = 0
) -> tuple[State, list[tuple[int, str]]]:
    """Fold an entry from nothing. `rounds` are its distinct eligible rounds with their keys, in any order (they are
    sorted here), rolled-back ones included. Answers the state and (points, reason) of each in event order."""
    state, answers = rules.fresh(rounds_extra), []
    fold = rules.fold
    for round_, key in sorted(rounds, key=lambda pair: (pair[0].settled_at, pair[0].seq, pair[1])):
        state, points, reason = fold(state, round_, key)
        answers.append((points, reason))
    return state, answers
