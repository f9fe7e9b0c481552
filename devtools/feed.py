"""A believable feed of rounds for the demo: a crash game and a slot, with everything that real feeds do wrong.

Deterministic by seed. The feed is what a casino would send, so amounts are decimal strings in major units.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount

STAKES = (20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True, slots=True)
class Mix:
    """How often a feed errs, in per mille of its rounds."""

    duplicates: int = 40
    reordered: int = 80
    rolled_back: int = 15
    amended: int = 10
    late: int = 20


def _crash_win(rng: random.Random, stake: int) -> int:
    """The player cashes out at a target; the crash point has a 97 % return whatever the target."""
    target = rng.choice((120, 150, 200, 300, 500, 1000))
    crash = 97 * 100 // max(1, rng.randrange(1, 10_001) // 100 + 1)
    return stake * target // 100 if crash >= target else 0


def _slot_win(rng: random.Random, stake: int) -> int:
    roll = rng.randrange(10_000)
    for bound, multiple in ((3, 250), (40, 50), (250, 10), (1100, 3), (3000, 1)):
        if roll < bound:
            return stake * multiple
    return 0


def rounds(
    players: Sequence[tuple[str, str]],
    total: int,
    start_ms: int,
    end_ms: int,
    *,
    seed: int,
    mix: Mix | None = None,
) -> list[dict[str, Any]]:
    """`total` distinct rounds in event-time order plus their corrections, spread evenly over [start, end)."""
    mix = mix or Mix()
    rng = random.Random(seed)
    feed: list[dict[str, Any]] = []
    for number in range(total):
        brand, player = rng.choice(players)
        crash = rng.random() < 0.6
        stake = rng.choice(STAKES)
        settled = start_ms + (end_ms - start_ms) * number // total
        message = {
            "roundId": f"r{seed}-{number}",
            "revision": 0,
            "status": "settled",
            "brandId": brand,
            "playerId": player,
            "gameId": "crash-classic" if crash else "lucky-sevens",
            "roundType": "regular" if rng.random() < 0.95 else "bonus_buy",
            "currency": "EUR",
            "bet": format_amount(stake, 2),
            "win": format_amount((_crash_win if crash else _slot_win)(rng, stake), 2),
            "startedAt": format_instant(settled - rng.randrange(200, 2500)),
            "settledAt": format_instant(settled),
        }
        feed.append(message)
        luck = rng.randrange(1000)
        if luck < mix.rolled_back:
            feed.append({**message, "revision": 1, "status": "rolled_back"})
        elif luck < mix.rolled_back + mix.amended:
            feed.append({**message, "revision": 1, "status": "amended", "win": format_amount(stake * 2, 2)})
    return feed


def deliveries(feed: Sequence[dict[str, Any]], *, seed: int, mix: Mix | None = None) -> list[dict[str, Any]]:
    """The order in which a tired network delivers the feed: some twice, some swapped, some much later."""
    mix = mix or Mix()
    rng = random.Random(seed + 1)
    keyed: list[tuple[float, int, dict[str, Any]]] = []
    for place, message in enumerate(feed):
        at = float(place)
        luck = rng.randrange(1000)
        if luck < mix.reordered:
            at += rng.uniform(-40, 40)
        elif luck < mix.reordered + mix.late:
            at += rng.uniform(400, 4000)
        keyed.append((at, len(keyed), message))
        if rng.randrange(1000) < mix.duplicates:
            keyed.append((at + rng.uniform(0, 900), len(keyed), message))
    keyed.sort(key=lambda row: row[:2])
    return [message for _, _, message in keyed]


def batches(messages: Sequence[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Consecutive batches of at most `size`."""
    for start in range(0, len(messages), size):
        yield list(messages[start : start + size])
