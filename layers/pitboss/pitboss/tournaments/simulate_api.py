"""The what-if route: a draft, played through; nothing is written."""

import random
from typing import Any

from pitboss.kernel.canonical import digest
from pitboss.kernel.money import AmountError, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.http import Answer, Api, Call
from pitboss.tenancy.public import gate
from pitboss.tournaments import views, whatif
from pitboss.tournaments.drafting import draft
from pitboss.tournaments.model import Spec
from pitboss.tournaments.service import defaults_of, games_of

api = Api("simulate_api", gate)


@api.route(
    "POST",
    "/tournaments/simulate",
    "Play a draft through",
    scope="tournaments.read",
    body="pitboss.tournaments.schemas:Simulate",
    answer="pitboss.tournaments.answers:Simulated",
    max_body=4 * 1024 * 1024,
    errors=("RULES_INVALID", "PRIZES_INVALID", "INVALID_AMOUNT", "AMOUNT_PRECISION", "AMOUNT_LIMIT"),
    about="Given rounds, or invented ones in several runs; the same seed answers the same. Nothing is stored.",
)
def simulate(call: Call) -> Answer:
    """Winners, prize cost, overlay, tie odds, whale dominance."""
    from pitboss.tournaments.schemas import asked_of

    body = call.body
    asked = asked_of(body.tournament, without=("draft",))
    spec, warnings = draft(asked, defaults_of(call.tenant_id, games_of(asked)), call.now)
    runs = [whatif.given_run(spec, _given(spec, body.rounds))] if body.rounds else _synthetic(spec, body)
    answer = whatif.report(spec, runs)
    answer |= {
        "worstCasePrizeCost": views.worst_case(spec),
        "ruleSetHash": digest(spec.rules),
        "warnings": warnings,
    }
    return Answer(answer)


def _given(spec: Spec, rows: Any) -> Any:
    whatif.check_work(1, len(rows), 1)
    found = []
    for i, row in enumerate(rows):
        brand = row.brand_id or spec.brands[0]
        game = row.game_slug or (spec.games[0] if spec.games else "any")
        at = (
            row.settled_at
            if row.settled_at is not None
            else spec.start_at + min(i, spec.end_at - 1 - spec.start_at)
        )
        bet = _amount(f"rounds[{i}].bet", row.bet, spec.exponent)
        win = _amount(f"rounds[{i}].win", row.win, spec.exponent)
        found.append((brand, row.user_id, game, bet, win, at))
    return whatif.given_rounds(spec, found)


def _synthetic(spec: Spec, body: Any) -> list[whatif.Run]:
    asked = body.synthetic
    low = asked.players or asked.players_from
    high = asked.players or asked.players_to
    if spec.max_players:
        low, high = min(low, spec.max_players), min(high, spec.max_players)
    whatif.check_work(high, asked.rounds_per_player, body.runs)
    levels = asked.bet_levels or [1]
    bets = tuple(_amount(f"synthetic.betLevels[{i}]", level, spec.exponent) for i, level in enumerate(levels))
    play = whatif.Play(low, high, asked.rounds_per_player, asked.rtp_bps, asked.volatility, bets)
    rng = random.Random(asked.seed)  # noqa: S311 - a simulation that must be repeatable, not a secret
    return [whatif.synthetic_run(spec, play, rng) for _ in range(body.runs)]


def _amount(pointer: str, value: Any, exponent: int) -> int:
    try:
        minor = parse_amount(value, exponent)
    except AmountError as error:
        raise Refusal(error.code, f"{pointer}: {error}.", errors=[FieldError(pointer, str(error))]) from None
    if minor < 0:
        raise Refusal(
            "INVALID_AMOUNT", f"{pointer} is negative.", errors=[FieldError(pointer, "must not be negative")]
        )
    return minor
