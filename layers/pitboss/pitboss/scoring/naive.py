"""Standings from nothing: what every incremental result is compared with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pitboss.scoring.model import ROLLED_BACK, Ranked, Round, Row, Seat, Window
from pitboss.scoring.ranking import rank
from pitboss.scoring.rules import Rules, compile_rules, refold

Keyed = tuple[Round, int]


def distinct_rounds(rounds: Iterable[Keyed]) -> list[Keyed]:
    """One record for each round of a player: the content of its highest revision, the first sent of each.

    A rolled-back round keeps the content of its highest revision that is not a rollback, with status ROLLED_BACK (it
    may still hold a place under first-N); one that never was anything but rolled back is left out.
    """
    by_round: dict[tuple[str, str, str], dict[int, Keyed]] = {}
    for round_, key in rounds:
        revisions = by_round.setdefault((round_.brand_id, round_.player_id, round_.round_id), {})
        revisions.setdefault(round_.revision, (round_, key))
    kept: list[Keyed] = []
    for revisions in by_round.values():
        newest = revisions[max(revisions)]
        if newest[0].status != ROLLED_BACK:
            kept.append(newest)
            continue
        content = [pair for pair in revisions.values() if pair[0].status != ROLLED_BACK]
        if content:
            round_, key = max(content, key=lambda pair: pair[0].revision)
            kept.append((round_._replace(status=ROLLED_BACK), key))
    return kept


def naive_rows(
    rules: Rules, seats: Sequence[Seat], rounds: Iterable[Keyed], window: Window
) -> list[tuple[Row, dict[int, list[Any]]]]:
    """Every seat's row and the states of its entries by number, from all rounds ever sent, in any order."""
    by_player: dict[tuple[str, str], list[Keyed]] = {}
    for pair in distinct_rounds(rounds):
        by_player.setdefault((pair[0].brand_id, pair[0].player_id), []).append(pair)
    rows: list[tuple[Row, dict[int, list[Any]]]] = []
    for seat in seats:
        playing = seat._replace(
            status="active"
        )  # who is out keeps a score, and with reinstatement has every round
        of_entry: dict[int, list[Keyed]] = {stint.entry_no: [] for stint in seat.stints}
        for pair in by_player.get((seat.brand_id, seat.player_id), ()):
            entry_no, _ = rules.judge(pair[0], playing, window)
            if entry_no:
                of_entry[entry_no].append(pair)
        states = {s.entry_no: refold(rules, of_entry[s.entry_no], s.rounds_extra)[0] for s in seat.stints}
        standing = rules.best_of([rules.standing(states[s.entry_no], s) for s in seat.stints])
        row = Row(
            seat.entry_id,
            seat.brand_id,
            seat.player_id,
            standing.score,
            standing.reached_at,
            seat.status,
            standing.qualified,
            standing.rounds,
        )
        rows.append((row, states))
    return rows


def naive_standings(
    doc: Mapping[str, Any],
    seats: Sequence[Seat],
    rounds: Iterable[Keyed],
    window: Window,
    ranking: Mapping[str, Any],
) -> list[Ranked]:
    """The board as it must be. Seats that are not active keep their score and come last without a rank."""
    return rank((row for row, _ in naive_rows(compile_rules(doc), seats, rounds, window)), ranking)
