"""What-if: play a draft through, with given rounds or invented ones, and say what it would have cost.

Pure and exact: the same rules, ranking and prize split as the real thing, integers throughout, randomness from a
generator that the caller seeds. Work is bounded by WORK_LIMIT folded rounds.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pitboss.kernel.money import format_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.scoring.public import (
    SETTLED,
    Award,
    Ranked,
    Round,
    Row,
    Seat,
    Stint,
    Window,
    compile_rules,
    rank,
    split_prizes,
)
from pitboss.tournaments.model import Spec
from pitboss.tournaments.results import pool_of_collected

WORK_LIMIT = 300_000  # folded rounds over all runs: about five seconds of one core
SHOWN_WINNERS = 50
# Cash-out targets of a crash-like game, as multiples x10,000: a target of m is reached with probability rtp / m,
# so that the return to the player is the same at every target and only its spread differs.
TARGETS: Mapping[str, tuple[int, ...]] = {
    "low": (11_000, 13_000, 15_000, 20_000),
    "medium": (15_000, 20_000, 50_000, 100_000),
    "high": (50_000, 200_000, 1_000_000, 10_000_000),
}


class Play(NamedTuple):
    """Invented play: players between two bounds, the same number of rounds each."""

    players_from: int
    players_to: int
    rounds_per_player: int
    rtp_bps: int
    volatility: str
    bet_levels: tuple[int, ...]


class Run(NamedTuple):
    """One run's outcome in minor units; `free_value` is what the free rounds are worth."""

    players: int
    ranked: list[Ranked]
    awards: list[Award]
    overlay: int
    net: int
    tied: bool
    whales: int


def check_work(players: int, rounds_per_player: int, runs: int) -> None:
    """VALIDATION_ERROR if the simulation would fold more rounds than one request may."""
    if players * rounds_per_player * runs > WORK_LIMIT:
        raise Refusal(
            "VALIDATION_ERROR",
            f"players x rounds x runs may be {WORK_LIMIT}; take fewer runs or rounds.",
            errors=[FieldError("runs", f"players x rounds x runs must stay within {WORK_LIMIT}")],
        )


def synthetic_run(spec: Spec, play: Play, rng: random.Random) -> Run:
    """One run of invented play over the tournament's own time."""
    players = rng.randint(play.players_from, play.players_to)
    game = spec.games[0] if spec.games else "any"
    brand = spec.brands[0]
    span = max(1, spec.end_at - spec.start_at)
    targets = TARGETS[play.volatility]
    rounds: dict[str, list[Round]] = {}
    for number in range(players):
        player = f"p{number:05d}"
        bet = play.bet_levels[rng.randrange(len(play.bet_levels))]
        rows = []
        for k in range(play.rounds_per_player):
            target = targets[rng.randrange(len(targets))]
            hit = rng.randrange(target) < play.rtp_bps  # exactly rtp / target
            win = bet * target // 10_000 if hit else 0
            at = (
                spec.start_at
                + span * k // play.rounds_per_player
                + rng.randrange(max(1, span // play.rounds_per_player))
            )
            rows.append(
                _round(spec, f"{player}-{k}", brand, player, game, bet, win, min(at, spec.end_at - 1))
            )
        rounds[player] = rows
    return _played(spec, rounds)


def _round(
    spec: Spec, round_id: str, brand: str, player: str, game: str, bet: int, win: int, at: int
) -> Round:
    return Round(
        round_id, 0, SETTLED, brand, player, game, "regular", spec.currency, spec.exponent,
        bet, win, 0, 0, 0, at, at, 0,
    )  # fmt: skip


def given_rounds(spec: Spec, rows: Sequence[tuple[str, str, str, int, int, int]]) -> dict[str, list[Round]]:
    """Rounds to replay by player: (brand, player, game, bet, win, settledAt) in minor units of the tournament."""
    rounds: dict[str, list[Round]] = {}
    for number, (brand, player, game, bet, win, at) in enumerate(rows):
        one = _round(spec, f"given-{number}", brand, player, game, bet, win, at)
        rounds.setdefault(f"{brand}\x1f{player}", []).append(one)
    return rounds


def given_run(spec: Spec, rounds: Mapping[str, list[Round]]) -> Run:
    """The run of given rounds: every player in them is registered from the start."""
    return _played(spec, rounds)


def _played(spec: Spec, rounds: Mapping[str, list[Round]]) -> Run:
    rules = compile_rules(spec.rules)
    window = Window(spec.start_at, spec.end_at)
    table: list[Row] = []
    stakes: dict[str, int] = {}
    for key, rows in rounds.items():
        first = rows[0]
        stint = Stint(1, spec.start_at)
        seat = Seat(key, first.brand_id, first.player_id, key, "active", spec.start_at, (stint,))
        state = rules.fresh()
        ordered = sorted(((r, i) for i, r in enumerate(rows)), key=lambda x: rules.event_order(*x))
        stakes[key] = sum(r.bet for r in rows)
        for round_, number in ordered:
            if rules.judge(round_, seat, window)[0]:
                state, _, _ = rules.fold(state, round_, number)
        standing = rules.standing(state, stint)
        table.append(
            Row(
                key,
                first.brand_id,
                first.player_id,
                standing.score,
                standing.reached_at,
                "active",
                standing.qualified,
                standing.rounds,
            )
        )
    ranked = rank(table, spec.ranking)
    pool = pool_of_collected(spec, len(table) * spec.buy_in)
    awards = split_prizes(spec.prizes, ranked, pool.net, spec.exponent, spec.currency) if spec.prizes else []
    paid = {award.entry_id for award in awards}
    tied = any(row.tied > 1 and row.entry_id in paid for row in ranked)
    whales = sorted(stakes, key=lambda k: (-stakes[k], k))[: max(1, len(stakes) // 10)]
    mighty = set(whales)
    won = sum(worth(award) for award in awards if award.entry_id in mighty)
    return Run(len(table), ranked, awards, pool.overlay, pool.net, tied, won)


def worth(award: Award) -> int:
    """What a prize is worth in minor units; free rounds at their face value."""
    return award.free_rounds * award.value if award.kind == "free_rounds" else award.amount


def report(spec: Spec, runs: Sequence[Run]) -> dict[str, Any]:
    """The answer: costs per kind, overlay and pool (mean and 95th percentile), ties, whales, an example."""

    def show(minor: int) -> str:
        return format_amount(minor, spec.exponent)

    def spread(values: Sequence[int]) -> dict[str, str]:
        return {
            "mean": show(sum(values) // len(values)),
            "p95": show(percentile(values, 95)),
            "max": show(max(values)),
        }

    kinds = sorted({line["kind"] for line in spec.prizes["lines"]}) if spec.prizes else []
    per_kind = {
        kind: spread([sum(worth(a) for a in run.awards if a.kind == kind) for run in runs]) for kind in kinds
    }
    totals = [sum(worth(award) for award in run.awards) for run in runs]
    example = runs[0]
    by_entry: dict[str, list[Award]] = {}
    for award in example.awards:
        by_entry.setdefault(award.entry_id, []).append(award)
    winners = [
        {
            "position": row.rank,
            "userId": row.player_id,
            "brandId": row.brand_id,
            "finalScore": row.score,
            "rounds": row.rounds,
            "prizes": [{"kind": a.kind, "worth": show(worth(a))} for a in by_entry[row.entry_id]],
        }
        for row in example.ranked
        if row.entry_id in by_entry
    ][:SHOWN_WINNERS]
    return {
        "runs": len(runs),
        "players": {"min": min(r.players for r in runs), "max": max(r.players for r in runs)},
        "rounds": sum(row.rounds for run in runs for row in run.ranked),
        "currency": spec.currency,
        "winners": winners,
        "prizeCost": {"total": spread(totals), **per_kind},
        "overlay": spread([run.overlay for run in runs]),
        "pool": spread([run.net for run in runs]),
        "tieOddsBps": sum(run.tied for run in runs) * 10_000 // len(runs),
        "whaleDominanceBps": sum(r.whales for r in runs) * 10_000 // max(1, sum(totals)),
    }


def percentile(values: Sequence[int], percent: int) -> int:
    """The smallest value that at least `percent` of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
