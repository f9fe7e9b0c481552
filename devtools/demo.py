"""`make demo`: a whole tournament through the public HTTP API, then recomputed by a program that knows nothing of ours.

300 players of two brands register, 30,000 rounds arrive with duplicates, reorders, rollbacks and late ones, the board
moves in the terminal, prizes are paid to the demo casino, and `devtools/recompute.py` says whether a stranger would
have come to the same standings. Then a casino integrates: 50 players from creation to payout, through both kinds of
wallet (demo_casino.py). `make demo ROUNDS=path.jsonl[.gz]` plays a feed of your own (demo_feed.py).
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from pitboss.kernel.instants import format_instant, parse_instant
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from devtools import console
from devtools import feed as feeds
from devtools.client import ApiRefusal, Hub
from devtools.costs import cost_table, mark
from devtools.demo_casino import Casino
from devtools.recompute import compare_with_result
from devtools.up import describe

BATCH = 500
PLAY_S = 60  # how long the demo tournament runs
GRACE_S = 8


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def until(instant_ms: int) -> None:
    """Wait for a moment of the tournament's own clock (the demo plays in real time)."""
    time.sleep(max(0.0, (instant_ms - now_ms()) / 1000))


class Demo:
    """One run: the hub, the tournament, the players, and what the screen shows."""

    def __init__(self, stack: dict[str, Any], players: int, total: int, seed: int) -> None:
        self.stack = stack
        self.hub = Hub(stack["api"], stack["token"])
        self.console = Console(highlight=False)
        self.seed = seed
        self.total = total
        self.players = [("aurora" if n % 2 else "borealis", f"player-{seed}-{n:03d}") for n in range(players)]
        self.tid = ""
        self.start = self.end = 0
        self.sent: list[dict[str, Any]] = []
        self.answers: Counter[str] = Counter()

    def say(self, text: str) -> None:
        self.console.print(text)

    def create(self) -> None:
        """A buy-in tournament with rebuys, a guarantee and three kinds of prizes."""
        self.start = (now_ms() // 1000 + 20 + len(self.players) // 8) * 1000
        self.end = self.start + PLAY_S * 1000
        made = self.hub("POST", "/tournaments", self.draft(["crash-classic", "lucky-sevens"]))
        self.tid = made["tournamentId"]
        self.say(
            f"tournament [bold]{self.tid}[/] starts {format_instant(self.start)}, ends {format_instant(self.end)}"
        )

    def draft(self, games: list[str]) -> dict[str, Any]:
        """What is played: multiples add up, the best entry counts, three kinds of prizes."""
        return {
            "name": "Friday Night Multipliers",
            "startTime": format_instant(self.start),
            "endTime": format_instant(self.end),
            "graceSeconds": GRACE_S,
            "currency": "EUR",
            "maxPlayers": len(self.players) + 5,
            "brands": ["aurora", "borealis"],
            "games": games,
            "entry": {
                "buyIn": "10.00",
                "rake": "1.00",
                "rebuy": {"fee": "10.00", "rake": "1.00", "max": 2, "effect": "new_entry"},
            },
            "guarantee": "3500.00",
            "rules": {"metric": "sum_multipliers", "minBet": "0.20", "entries": "best"},
            "prizes": {
                "lines": [
                    {"rankFrom": 1, "rankTo": 1, "kind": "cash", "shareBps": 4000},
                    {"rankFrom": 2, "rankTo": 2, "kind": "cash", "shareBps": 2500},
                    {"rankFrom": 3, "rankTo": 3, "kind": "cash", "shareBps": 1500},
                    {"rankFrom": 4, "rankTo": 10, "kind": "cash", "shareBps": 2000},
                    {"rankFrom": 11, "rankTo": 20, "kind": "bonus", "amount": "5.00"},
                    {
                        "rankFrom": 21,
                        "rankTo": 30,
                        "kind": "free_rounds",
                        "count": 20,
                        "value": "0.20",
                        "gameSlug": games[-1],
                        "validHours": 72,
                    },
                ],
                "ties": "split_places",
                "remainder": "to_first",
            },
        }

    def register(self) -> None:
        """All players, eight at a time; and some who must be refused, each for a stated reason."""
        refusals: Counter[str] = Counter()

        def enter(brand: str, player: str, **more: Any) -> None:
            body = {
                "userId": player,
                "brandId": brand,
                "displayName": player.title(),
                "buyInAmount": "11.00",
                **more,
            }
            try:
                self.hub("POST", f"/tournaments/{self.tid}/players", body)
            except ApiRefusal as refusal:
                refusals[f"{refusal.name}: {refusal.problem['detail']}"] += 1

        with Progress(console=self.console) as progress, ThreadPoolExecutor(8) as pool:
            bar = progress.add_task(f"registering {len(self.players)} players", total=len(self.players))
            for _ in pool.map(lambda p: enter(*p), self.players):
                progress.advance(bar)
            enter(self.players[0][0], "penniless-1")
            enter("nowhere", "stranger-1")
            enter(self.players[0][0], "haggler-1", buyInAmount="5.00")
            for number in range(8):
                enter(self.players[0][0], f"latecomer-{self.seed}-{number}")
        status = self.hub("GET", f"/tournaments/{self.tid}/status")
        self.say(f"registered: {status['playerCount']} players; refused:")
        for reason, times in refusals.most_common():
            self.say(f"  {times} x {reason}")

    def play(self) -> None:
        """Send the feed as it happens, show the board, and let a rebuy and a disqualification happen on the way."""
        feed = feeds.rounds(self.players, self.total, self.start, self.end, seed=self.seed)
        stream = feeds.deliveries(feed, seed=self.seed)
        pending = list(feeds.batches(stream, BATCH))
        # By the clock too: on a busy machine a tournament is over before a third of its rounds was sent.
        happenings = [(1 / 3, self.rebuy), (1 / 2, self.disqualify)]
        until(self.start)
        left = 0
        with Live(console=self.console, refresh_per_second=4) as screen:
            for number, batch in enumerate(pending, 1):
                until(min(self.end, max(parse_instant(m["settledAt"]) for m in batch)))
                if now_ms() > self.end + GRACE_S * 500:
                    # What comes after grace is listed as late and does not count; that is not what is shown here.
                    left = sum(map(len, pending[number - 1 :]))
                    break
                self.deliver(batch)
                gone = max(number / len(pending), (now_ms() - self.start) / (self.end - self.start))
                while happenings and gone >= happenings[0][0]:
                    happenings.pop(0)[1]()
                screen.update(self.board(number, len(pending)))
        self.say("\nsent: " + ", ".join(f"{count} {what}" for what, count in self.answers.most_common()))
        if left:
            self.say(f"{left} messages were left out: this machine was too busy to send them before the end")

    def rebuy(self) -> None:
        """A player in the middle of the field buys again."""
        player = self.players[len(self.players) // 3]
        self.hub("POST", self.player_path(player, "rebuy"), {}, brandId=player[0])

    def disqualify(self) -> None:
        """Another is disqualified; the recomputation must leave him out as well."""
        player = self.players[len(self.players) // 2]
        self.hub("POST", self.player_path(player, "disqualify"), {"reason": "demo"}, brandId=player[0])

    def player_path(self, player: tuple[str, str], action: str) -> str:
        return f"/tournaments/{self.tid}/players/{player[1]}/{action}"

    def deliver(self, batch: list[dict[str, Any]]) -> None:
        answer = self.hub(
            "POST", "/rounds", {"integrationId": self.stack["integration_id"], "rounds": batch}, zipped=True
        )
        self.answers.update(item["status"] for item in answer["results"])
        self.sent.extend(batch)

    def board(self, number: int, of: int) -> Group:
        standing = self.hub("GET", f"/tournaments/{self.tid}/leaderboard", limit=10)
        table = Table(title=f"board {standing['seq']} · {standing['finality']} · batch {number} of {of}")
        for column in ("rank", "player", "brand", "score", "rounds"):
            table.add_column(column, justify="right" if column in ("rank", "score", "rounds") else "left")
        for row in standing["leaderboard"]:
            table.add_row(
                str(row["rank"] or ""),
                escape(row["displayName"]),
                escape(row["brandId"]),
                str(row["score"]),
                str(row["rounds"]),
            )
        return Group(table)

    def settle(self) -> dict[str, Any]:
        """Wait for the clock's own end, the grace, the result and the payouts."""
        until(self.end)
        wanted = "settled"
        deadline = time.monotonic() + 600 + len(self.sent) // 500
        state = ""
        while time.monotonic() < deadline:
            status = self.hub("GET", f"/tournaments/{self.tid}/status")["status"]
            if status != state:
                state = status
                self.say(f"  {datetime.now(UTC):%H:%M:%S} {state}")
            if state == wanted:
                break
            time.sleep(0.5)
        else:
            raise SystemExit(
                f"the tournament is still {state}; GET /api/tournaments/{self.tid}/events tells why"
            )
        result: dict[str, Any] = self.hub("GET", f"/tournaments/{self.tid}/results")
        table = Table(title=f"result, version {result['version']}")
        for column in ("rank", "player", "score", "prize"):
            table.add_column(column)
        for row in result["winners"][:12]:
            prize = row.get("prizeAmount") or row.get("prize") or ""
            table.add_row(str(row["position"]), escape(row["displayName"]), row["score"], str(prize))
        self.console.print(table)
        self.say(
            f"rules {result['ruleSetHash'][:16]}…  rounds log {result['segmentLogHash'][:16]}…  "
            f"result {result['resultHash'][:16]}…"
        )
        return result

    def check_money(self) -> bool:
        """The hub's payouts against what the demo casino says it was told."""
        payouts = all_pages(self.hub, "/payouts", "payouts", tournamentId=self.tid)
        casino = Hub(self.stack["api"], self.stack["token"])
        casino.http.headers["X-Demo-Token"] = self.stack["demo_token"]
        told = {
            row["ref"]: row
            for row in all_pages(casino, "/demo-operator/transactions", "transactions", tournamentId=self.tid)
            if row["type"] == "payout"
        }
        states = Counter(p["state"] for p in payouts)
        wrong = [p for p in payouts if told.get(p["payoutRef"], {}).get("amount") != p["amount"]]
        self.say(f"payouts: {dict(states)}; the casino was told of {len(told)}, {len(wrong)} differ")
        return not wrong and len(told) == len(payouts) and set(states) == {"confirmed"}

    def run(self) -> int:
        since = mark(self.stack)
        self.create()
        self.register()
        self.play()
        result = self.settle()
        paid = self.check_money()
        same = compare_with_result(self.hub, self.tid, self.sent, result, self.stack["integration_id"])
        self.say(
            f"standings and prizes recomputed from {len(self.sent)} raw messages: [bold]{'identical' if same else 'DIFFERENT'}[/]"
        )
        distinct = len({(m["brandId"], m["playerId"], m["roundId"]) for m in self.sent})
        self.console.print(cost_table(self.stack, since, distinct))
        return 0 if same and paid else 1


def all_pages(hub: Hub, path: str, member: str, **query: Any) -> list[dict[str, Any]]:
    """Every row of a paginated list."""
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = hub("GET", path, cursor=cursor, **query)
        rows += page[member]
        cursor = page.get("nextCursor")
        if not cursor:
            return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, default=300)
    parser.add_argument("--count", type=int, default=30_000, help="rounds to invent")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument(
        "--guests", type=int, default=50, help="players of the casino's part; 0 leaves it out"
    )
    given = parser.parse_args()
    try:
        failed = Demo(describe(), given.players, given.count, given.seed).run()
        if given.guests:
            failed = failed or not Casino(describe(), given.guests, given.seed).run()
    except ApiRefusal as refusal:
        raise console.Stop(f"The hub refused what the demo did: {refusal}") from None
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    console.run(main)
