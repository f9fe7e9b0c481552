"""The load that the benches share: a tournament of slots and a crash game, each player settling a round every three
seconds, the casino sending what it has every two seconds in batches of at most 500.

Ids are as wide as real ones and do not compress by pattern: round ids are 64 random bits in hex, player ids nine random
digits. Stakes are typical amounts, wins are multiples with the long tail of a slot. Everything follows from the seed.
"""

import random
from collections.abc import Iterator
from typing import Any

from pitboss.kernel.ids import ulid
from pitboss.rounds.model import Live, pages_for
from pitboss.scoring.model import Round, Seat, Stint

TENANT, TOURNAMENT, INTEGRATION = "01HTENANT0000000000000BENC", "01HTOURNAMENT0000000000BEN", "main-platform"
START = 1_750_000_000_000
ROUND_EVERY_MS, FLUSH_EVERY_MS, BATCH = 3_000, 2_000, 500
BRANDS, GAMES = ("aurora", "borealis"), ("crash-classic", "lucky-sevens", "book-of-ra", "sweet-bonanza")
STAKES = (20, 50, 100, 100, 200, 200, 500, 1000, 2500)
RULES: dict[str, Any] = {
    "schema": 1,
    "base": {"currency": "EUR", "exponent": 2},
    "scoring": {"metric": "total_wagered"},
}


def live_of(players: int, scoring: dict[str, Any] | None = None) -> Live:
    """A running tournament of that many players."""
    return Live(
        tenant_id=TENANT,
        tournament_id=TOURNAMENT,
        status="running",
        rules={**RULES, "scoring": scoring} if scoring else RULES,
        ranking={},
        start_at=START - 3_600_000,
        end_at=START + 86_400_000,
        grace_until=START + 86_460_000,
        pauses=(),
        brands=BRANDS,
        games=GAMES,
        pages=pages_for(players),
        currency="EUR",
        exponent=2,
    )


def seats_of(players: int, seed: int = 7) -> list[Seat]:
    """The registered players."""
    chance = random.Random(seed)
    ids = chance.sample(range(10**8, 10**9), players)
    return [
        Seat(
            ulid(START - 600_000, chance.randbytes(10)),
            BRANDS[n % 2],
            f"p{id_}",
            f"Player{id_ % 100_000}",
            "active",
            START - 600_000,
            (Stint(1, START - 600_000),),
        )
        for n, id_ in enumerate(ids)
    ]


def one_round(chance: random.Random, seat: Seat, at: int) -> Round:
    """A settled round of a player."""
    bet = chance.choice(STAKES)
    luck = chance.random()
    win = 0 if luck < 0.68 else int(bet * min(0.3 / (1.0 - luck), 5_000))
    return Round(
        f"{chance.getrandbits(64):016x}",
        0,
        0,
        seat.brand_id,
        seat.player_id,
        chance.choice(GAMES),
        "regular",
        "EUR",
        2,
        bet,
        win,
        0,
        0,
        0,
        at - chance.randint(800, 2_900),
        at,
        0,
    )


def flushes(seats: list[Seat], turns: int, seed: int = 11) -> Iterator[tuple[int, list[Round]]]:
    """(moment, rounds settled in the two seconds before it) of each flush, in order of settling; every player has a
    rhythm of his own, three seconds give or take a half."""
    chance = random.Random(seed)
    due = [START + chance.randrange(ROUND_EVERY_MS) for _ in seats]
    for turn in range(1, turns + 1):
        moment = START + turn * FLUSH_EVERY_MS
        rounds = []
        for n, seat in enumerate(seats):
            while due[n] < moment:
                rounds.append(one_round(chance, seat, due[n]))
                due[n] += ROUND_EVERY_MS + chance.randint(-500, 500)
        rounds.sort(key=lambda r: r.settled_at)
        yield moment, rounds
