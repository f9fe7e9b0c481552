"""Random tournaments and the feed of a casino with every fault a feed can have, all out of one seed."""

from random import Random
from typing import Any, NamedTuple

from pitboss.scoring.public import AMENDED, MAX_INSTANT, ROLLED_BACK, SETTLED, Round, Seat, Stint

START = 1_700_000_000_000
LENGTH = 60_000
END = START + LENGTH
GRACE_UNTIL = END + 30_000
EXPONENTS = {"EUR": 2, "JPY": 0, "USD": 2, "GBP": 2}
SINGLE = [
    "total_wagered",
    "total_won",
    "net_win",
    "sum_multipliers",
    "round_count",
    "win_count",
    "wins_at_least",
    "bet_points",
    "win_points",
]
METRICS = [
    *SINGLE,
    *[
        "biggest_win",
        "biggest_multiplier",
        "best_n",
        "best_n_consecutive",
        "consecutive_wins",
        "first_to_target",
        "weighted",
    ],
]


class Message(NamedTuple):
    """A round as sent at an instant of our clock."""

    at: int
    round: Round


def chance(rng: Random, percent: int) -> bool:
    return rng.randrange(100) < percent


def metric(rng: Random, name: str) -> dict[str, Any]:
    """A description of one metric."""
    inner = [n for n in SINGLE if n != "net_win" or name != "best_n_consecutive"]
    match name:
        case "wins_at_least":
            return {"metric": name, "multiple": rng.choice([5_000, 10_000, 33_333])}
        case "bet_points" | "win_points":
            shape = {"metric": name, "per": rng.randint(1, 70), "points": rng.randint(1, 5)}
            return {**shape, "mode": rng.choice(["step", "linear"])}
        case "best_n" | "best_n_consecutive":
            return {"metric": name, "n": rng.randint(1, 4), "of": metric(rng, rng.choice(inner))}
        case "first_to_target":
            return {"metric": name, "target": rng.randint(1, 400), "of": metric(rng, rng.choice(inner))}
        case "consecutive_wins":
            shape = {"multiple": rng.choice([1, 10_000, 20_000]), "strict": chance(rng, 50)}
            value = rng.choice(["length", "multiples"])
            return {"metric": name, "minLength": rng.randint(1, 3), "value": value, **shape}
        case "weighted":
            names = [m for m in METRICS if m not in ("weighted", "first_to_target")]
            parts = [
                {"weight": rng.choice([-7_000, 1, 9_999, 30_000]), "rule": metric(rng, rng.choice(names))}
                for _ in range(rng.randint(1, 3))
            ]
            return {"metric": name, "parts": parts, "decimals": rng.randint(0, 3)}
    return {"metric": name}


def document(rng: Random, name: str) -> dict[str, Any]:
    """A rule set of one metric with some of everything else."""
    entries = ["best", "last"] if name == "first_to_target" else ["best", "last", "sum"]
    eligibility = {
        "timestamp": rng.choice(["settled", "settled", "started"]),
        "maxBet": 300,
        "jackpot": chance(rng, 80),
    }
    if chance(rng, 30):
        eligibility["games"] = {"exclude": ["wheel"], "weights": {"crash": 15_000}}
    rates = {"USD": {"exponent": 2, "num": 91, "den": 100}, "JPY": {"exponent": 0, "num": 7, "den": 1100}}
    made: dict[str, Any] = {
        "schema": 1,
        "base": {"currency": "EUR", "exponent": 2},
        "rates": rates,
        "scoring": metric(rng, name),
        "eligibility": eligibility,
        "entries": rng.choice(entries),
        "minRoundsToRank": rng.choice([0, 1, 3]),
    }
    if chance(rng, 30):
        made["firstN"] = {"rounds": rng.randint(2, 8), "refill": chance(rng, 50)}
    if chance(rng, 20):
        made["maxPointsPerRound"] = rng.randint(20, 500)
    return made


def ranking(rng: Random) -> dict[str, Any]:
    return {
        "ties": rng.choice(["earliest", "shared"]),
        "style": rng.choice(["competition", "dense", "unique"]),
    }


def seats(rng: Random, *, calm: bool) -> list[list[Seat]]:
    """For each player the seat as it was at first, then as it became, oldest first. Calm players stay as they joined."""
    out = []
    for number in range(rng.randint(2, 7)):
        brand, player = rng.choice(["aurora", "borealis"]), f"player-{number}"
        joined = START - 9_000 if chance(rng, 70) else START + rng.randrange(LENGTH // 2)
        stints = (Stint(1, joined),)
        history = [Seat(f"E{number:025d}", brand, player, player.title(), "active", joined, stints)]
        if not calm and chance(rng, 40):
            stints = (*stints, Stint(2, max(joined, START) + rng.randrange(1, LENGTH // 2)))
            history.append(history[-1]._replace(stints=stints))
        if not calm and chance(rng, 30):
            stints = (*stints[:-1], stints[-1]._replace(rounds_extra=2, points_extra=rng.randint(0, 40)))
            history.append(history[-1]._replace(stints=stints))
        if chance(rng, 15):
            history.append(history[-1]._replace(status="disqualified"))
        if len(history) > 1 and history[-1].status != "active" and chance(rng, 50):
            history.append(history[-1]._replace(status="active"))
        out.append(history)
    return out


def pauses(rng: Random) -> tuple[tuple[int, int], ...]:
    if chance(rng, 60):
        return ()
    first = START + rng.randrange(LENGTH // 2)
    until = MAX_INSTANT if chance(rng, 10) else first + rng.randrange(1, LENGTH // 3)
    return ((first, until),)


def _fresh(rng: Random, number: int, players: list[Seat]) -> Round:
    currency = rng.choice(["EUR", "EUR", "EUR", "JPY", "USD", "GBP"])
    bet, win = rng.choice([0, 1, 20, 50, 100, 250, 400]), rng.choice([0, 0, 10, 50, 100, 101, 200, 777])
    settled = START + rng.randrange(-2_000, LENGTH + 2_000)
    seat = rng.choice(players)
    stranger = chance(rng, 5)
    return Round(
        f"r{number}",
        0,
        SETTLED,
        seat.brand_id,
        "nobody" if stranger else seat.player_id,
        rng.choice(["slot", "slot", "crash", "wheel"]),
        "regular",
        currency,
        EXPONENTS[currency],
        bet,
        win,
        0,
        0,
        rng.choice([0, 0, win // 3]),
        settled - rng.randrange(4_000),
        settled,
        rng.choice([0, 0, number]),
    )


def _corrections(rng: Random, first: Round, *, calm: bool, fixed: bool) -> list[Round]:
    """Higher revisions of a round. Calm ones never move it to an earlier time, and `fixed` ones not at all."""
    out: list[Round] = []
    for revision in range(1, rng.choice([1, 1, 1, 1, 2, 2, 3, 4])):
        if chance(rng, 50):
            bare = chance(rng, 50)
            new = first._replace(revision=revision, status=ROLLED_BACK)
            moved = rng.randrange(20_000)
            settled = first.settled_at + moved
            out.append(new._replace(bet=0, win=0, jackpot=0, settled_at=settled) if bare else new)
            continue
        low = 0 if calm else -15_000
        last = max(r.settled_at for r in (first, *out))
        moved = rng.choice([0, 0, 0 if fixed else rng.randrange(low, 15_000)])
        settled = max(last, first.settled_at + moved) if calm else first.settled_at + moved
        new = first._replace(revision=revision, status=AMENDED, win=first.win + revision, bet=first.bet + 3)
        out.append(new._replace(settled_at=settled, started_at=min(first.started_at, settled)))
    return out


def feed(rng: Random, players: list[Seat], *, calm: bool, most: int = 60) -> list[Message]:
    """Everything the casino sends, by the time it is sent: delays, repeats, corrections (also ahead of their round),
    contradictions, clocks that run ahead, and what comes when all is over."""
    sent: list[Message] = []
    early = {(s.brand_id, s.player_id) for s in players if s.joined_at < START}
    for number in range(rng.randint(5, most)):
        first = _fresh(rng, number, players)
        # A round that is moved to where its player plays, after a correction that came before the player, is nobody's
        # mistake but the casino's: calm casinos do not do it.
        newcomer = (first.brand_id, first.player_id) not in early
        rounds = [first, *_corrections(rng, first, calm=calm, fixed=calm and newcomer)]
        if chance(rng, 10):
            other = rng.choice(rounds)
            moved = 0 if calm else rng.choice([0, 25_000])
            rounds.append(other._replace(win=other.win + 7, settled_at=other.settled_at + moved))
        for round_ in rounds:
            delay = rng.choice([rng.randrange(500), rng.randrange(3_000), rng.randrange(30_000)])
            if chance(rng, 4):
                delay = rng.randrange(LENGTH, 3 * LENGTH)
            if chance(rng, 5) and (first.brand_id, first.player_id) in early and not calm:
                delay = -rng.randrange(20_000)
            for _ in range(1 + chance(rng, 15) + chance(rng, 5)):
                sent.append(Message(max(START - 5_000, round_.settled_at + delay), round_))
                delay += rng.randrange(40_000)
    return sorted(sent, key=lambda m: m.at)
