"""How many bets a second one agent's points can pay, by the number of slices: a capacity model with the product's rules.

What is modelled: every bet is a transaction that moves the agent's slice (2 write units, as a transactional write of an
item under 1 KB costs) and, one time in three, a win. DynamoDB's published limit is 1,000 write units a second for one
item; a transaction that meets another one on the same item is refused and tried again after the product's own jitter.
How long a transaction holds its items is not published: `hold_ms` is an assumption and stated with each row. Players are
unequally busy (log-normal). When a slice cannot pay, points are shifted by the product's plan, at the price of a
transaction over both places. Wallet items are not modelled: they are one for each player.

What is asserted: no slice below zero, no point lost or made, and with 8 slices at least 6 times the bets of one (where
the account is not nearly empty; those rows are shown as well).
"""

import argparse
import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pitboss.points import rules
from pitboss.points.model import MAIN, SCALE, Billing, Main, Play, Slice, View

from bench.report import keep, table

SLICES = (1, 2, 4, 8, 16, 32)
ITEM_UNITS_S, TRANSACTION_UNITS = 1000, 2
ROUND_TRIP_MS = 4.0
CLIENTS_A_SLICE, PLAYERS = 500, 20_000  # enough to keep every slice busy, so that a row is a capacity
# Units of currency in the account: seconds of play, and so few that bets in flight hold nearly all and slices run dry.
POINTS, THIN = 25_000, 2_500
STAKE, WIN = 100, 300
JITTER_BASE_MS, JITTER_TOP_MS = 20.0, 800.0  # platform.dynamo.pause


@dataclass
class Places:
    """The items of one account: until when each is held, and the units it has spent in the present second."""

    hold_ms: float
    free_at: dict[int, float] = field(default_factory=dict)
    second: dict[int, int] = field(default_factory=dict)
    units: Counter[int] = field(default_factory=Counter)

    def take(self, now: float, places: tuple[int, ...]) -> bool:
        """Whether a transaction over these items gets through now."""
        for place in places:
            if self.second.get(place) != int(now // 1000):
                self.second[place], self.units[place] = int(now // 1000), 0
            if self.free_at.get(place, 0.0) > now or self.units[place] + TRANSACTION_UNITS > ITEM_UNITS_S:
                return False
        for place in places:
            self.free_at[place] = now + self.hold_ms
            self.units[place] += TRANSACTION_UNITS
        return True


class Agent:
    """One account under load, on a virtual clock."""

    def __init__(self, slices: int, hold_ms: float, points: int, seed: int) -> None:
        self.rng = random.Random(seed)
        self.view = View(
            Main("A", "EUR", 2, 1, free=points * 100 * SCALE, funded=points * 100 * SCALE, made=slices),
            Billing(1, "face_value", slices=slices),
            tuple(Slice(n) for n in range(slices)),
            0,
        )
        self.places = Places(hold_ms)
        self.queue: list[tuple[float, int, Callable[[float], None]]] = []
        self.turn = 0
        self.counts: Counter[str] = Counter()
        weights = [self.rng.lognormvariate(0, 1) for _ in range(PLAYERS)]
        ids = [f"{self.rng.getrandbits(128):032X}" for _ in range(PLAYERS)]
        self.choices = self.rng.choices([rules.slice_of(one, slices) for one in ids], weights, k=400_000)

    def at(self, moment: float, work: Callable[[float], None]) -> None:
        self.turn += 1
        heapq.heappush(self.queue, (moment, self.turn, work))

    def start(self) -> None:
        """All clients begin within a tenth of a second and bet without a pause."""
        for _ in range(CLIENTS_A_SLICE * self.view.main.made):
            self.at(self.rng.uniform(0, 100), self.next_bet)

    def run(self, until_ms: float) -> None:
        """Let the time pass."""
        while self.queue and self.queue[0][0] < until_ms:
            moment, _, work = heapq.heappop(self.queue)
            work(moment)

    # -- a client
    def next_bet(self, now: float) -> None:
        index = self.choices[self.rng.randrange(len(self.choices))]
        self.write(now, (index,), lambda at: self.bet(at, index))

    def bet(self, now: float, index: int) -> None:
        if not self.draw(index, Play("seamless", bets=STAKE)):
            self.refill(now + ROUND_TRIP_MS, index)
            return
        self.counts["bets"] += 1
        if self.rng.random() < 1 / 3:
            self.at(
                now + ROUND_TRIP_MS, lambda at: self.write(at, (index,), lambda won: self.win(won, index))
            )
        else:
            self.at(now + ROUND_TRIP_MS, self.next_bet)

    def win(self, now: float, index: int) -> None:
        self.draw(index, Play("seamless", wins=WIN))
        self.counts["wins"] += 1
        self.at(now + ROUND_TRIP_MS, self.next_bet)

    def refill(self, now: float, index: int) -> None:
        """As play.make_room: read, one shift, read again, until the slice can pay."""
        step = rules.plan_refill(self.view, index, STAKE * SCALE)
        if step == "short":
            self.counts["short"] += 1
            self.at(now + 50.0, self.next_bet)
        elif step == "enough":
            self.at(
                now + ROUND_TRIP_MS, lambda at: self.write(at, (index,), lambda done: self.bet(done, index))
            )
        else:
            shift = step

            def move(at: float) -> None:
                if self.shift(shift.source, shift.target, shift.amount):
                    self.counts["shifts"] += 1
                self.refill(at + ROUND_TRIP_MS, index)

            self.write(now, (shift.source, shift.target), move)

    def write(
        self, now: float, places: tuple[int, ...], work: Callable[[float], None], attempt: int = 1
    ) -> None:
        """A transaction, tried again with the product's jitter while others hold its items."""
        if self.places.take(now, places):
            self.at(now + self.places.hold_ms, work)
            return
        self.counts["conflicts"] += 1
        wait = self.rng.uniform(0, min(JITTER_TOP_MS, JITTER_BASE_MS * 2.0**attempt))
        self.at(now + wait, lambda at: self.write(at, places, work, min(attempt + 1, 8)))

    # -- the account
    def draw(self, index: int, play: Play) -> bool:
        draw = rules.draw_of(play, self.view)
        part = self.view.slices[index]
        if part.amount < draw.need:
            return False
        self.put(replace(part, amount=part.amount + draw.net))
        return True

    def shift(self, source: int, target: int, amount: int) -> bool:
        have = self.view.main.free if source == MAIN else self.view.slices[source].amount
        if have < amount:
            return False
        for place, change in ((source, -amount), (target, amount)):
            if place == MAIN:
                self.view = replace(
                    self.view, main=replace(self.view.main, free=self.view.main.free + change)
                )
            else:
                part = self.view.slices[place]
                self.put(replace(part, amount=part.amount + change, allot=part.allot + change))
        return True

    def put(self, part: Slice) -> None:
        assert part.amount >= 0, "a slice is overspent"
        slices = list(self.view.slices)
        slices[part.index] = part
        self.view = replace(self.view, slices=tuple(slices))


def measure(slices: int, hold_ms: float, points: int, seconds: int, seed: int) -> dict[str, Any]:
    """One row: bets a second in the second half, when all is in its stride."""
    agent = Agent(slices, hold_ms, points, seed)
    agent.start()
    agent.run(seconds * 500.0)
    before = agent.counts["bets"]
    agent.run(seconds * 1000.0)
    spent = (agent.counts["bets"] * STAKE - agent.counts["wins"] * WIN) * SCALE
    assert agent.view.balance == points * 100 * SCALE - spent, "points were lost or made"
    assert agent.view.played == spent
    return {
        "slices": slices,
        "hold_ms": hold_ms,
        "points": points,
        "bets_per_s": round((agent.counts["bets"] - before) / (seconds / 2), 1),
        "conflicts_per_bet": round(agent.counts["conflicts"] / max(1, agent.counts["bets"]), 2),
        "shifts_per_1000_bets": round(1000 * agent.counts["shifts"] / max(1, agent.counts["bets"]), 2),
        "refused_short": agent.counts["short"],
        "overspent": False,
    }


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="virtual seconds for each row")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows = []
    for points, hold_ms in ((POINTS, 1.0), (POINTS, 5.0), (THIN, 1.0), (THIN, 5.0)):
        single = 0.0
        for slices in SLICES:
            row = measure(slices, hold_ms, points, asked.seconds, asked.seed)
            single = single or row["bets_per_s"]
            row["ratio_to_one"] = round(row["bets_per_s"] / single, 2)
            rows.append(row)
    table("Bets a second that one agent's points can pay", rows)
    keep("points", rows)
    eight = [row["ratio_to_one"] for row in rows if row["slices"] == 8 and row["points"] == POINTS]
    assert min(eight) >= 6, "8 slices carry less than 6 times the bets of one"


if __name__ == "__main__":
    main()
