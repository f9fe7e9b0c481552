"""`make demo ROUNDS=path.jsonl[.gz]`: a feed of one's own, played through the public API as it stands in the file.

A new operator is made for it, with the brands and games that the file names; every player in it registers for a free
tournament; the messages go out in the file's order, at its pace or pressed into two minutes. What the hub refuses is
shown by reason and line. At the end `devtools/recompute.py` works out the standings from what was taken in.
"""

import argparse
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pitboss.kernel.instants import format_instant, parse_instant
from pitboss.kernel.money import EXPONENTS, format_amount
from rich.live import Live
from rich.markup import escape
from rich.progress import Progress

from devtools import console, seed
from devtools.client import ApiRefusal, Hub
from devtools.console import Stop
from devtools.demo import Demo, now_ms, until
from devtools.feed_file import (
    FeedFile,
    Line,
    Pace,
    bets_in,
    main_currency,
    names_in,
    rates_by_median,
    read_feed,
    requests_of,
    stretched,
)
from devtools.up import describe

INTEGRATION = "feed"
PLAY_S = 120
DAY_S = 86_400
SHOWN = 5  # line numbers of each reason
MOST_BRANDS, MOST_GAMES = 2_000, 10_000  # docs/integrate-provider.md


class FeedDemo(Demo):
    """A demo whose rounds are given."""

    def __init__(self, stack: dict[str, Any], feed: FeedFile, play_s: int) -> None:
        super().__init__(own_operator(stack), players=0, total=0, seed=0)
        self.feed = feed
        self.pace = Pace.of(feed.lines, play_s * 1000)
        self.players = [(brand, player) for brand, player in names_in(feed.lines, "brandId", "playerId")]
        self.refused: dict[str, list[int]] = defaultdict(list)
        self.last = 0

    def tell_file(self, path: Path) -> None:
        """What was read, what cannot be sent, and at which pace the rest is played."""
        lines = self.feed.lines
        self.say(f"{escape(str(path))}: {len(lines):,} messages, {len(self.players):,} players")
        for number, reason in self.feed.unread[:10]:
            self.say(f"  line {number} is not sent: {escape(reason)}")
        if len(self.feed.unread) > 10:
            self.say(f"  and {len(self.feed.unread) - 10:,} lines more")
        span, play = self.pace.span_ms, self.pace.play_ms
        if span:
            fast = (
                "at its own pace"
                if span == play
                else f"{span / play:,.1f} times as fast, in {play // 1000} s"
            )
            first, last = format_instant(self.pace.first), format_instant(self.pace.first + span)
            self.say(f"it spans {first} to {last} and is played as if it began now, {fast}")
        few = stretched(lines)
        if few and span != play:
            self.say(
                f"  [bold]nearly all of it happens in a fiftieth of that time or less[/]: look at lines {few[0]} "
                f"(earliest) and {few[1]} (latest)"
            )

    def create(self) -> None:
        """The file's brands and games, then a free tournament in its main currency that runs from now on."""
        exponents = {**EXPONENTS, **self.hub("GET", "/settings")["exponents"]}
        base = main_currency(self.feed.lines, exponents)
        bets = bets_in(self.feed.lines, exponents)
        brands = [b for (b,) in names_in(self.feed.lines, "brandId")][:MOST_BRANDS]
        games = [g for (g,) in names_in(self.feed.lines, "gameId")][:MOST_GAMES]
        if not brands or not games:
            raise Stop("No message of the file names a brand and a game; there is nothing to play.")
        path = f"/integrations/{INTEGRATION}"
        named = [{"ref": brand, "name": brand} for brand in brands]
        self.hub(
            "PUT", f"{path}/operators", [{"ref": "feed", "name": "The feed's operator", "brands": named}]
        )
        rows = [{"gameId": g, "displayName": g, "gameProviderDisplayName": "The feed's games"} for g in games]
        self.hub("PUT", f"{path}/games", rows)
        rates = rates_by_median(bets, base, exponents)
        unit = sorted(bets.get(base) or [10 ** exponents[base]])[len(bets.get(base) or [0]) // 2]
        self.start = now_ms() + 1000
        made = self.hub("POST", "/tournaments", self.terms(base, exponents[base], unit, rates))
        self.tid = made["tournamentId"]
        self.say(
            f"tournament [bold]{self.tid}[/] of {len(brands):,} brands and {len(games):,} games, in {base}"
        )
        self.say(f"  of a new operator, {self.stack['operator_id']}; its token: {self.stack['token']}")
        if rates:
            worth = ", ".join(f"1 {c} = {r['num'] / r['den']:.6g}" for c, r in rates.items())
            self.say(f"  its rates make the median bet of every currency worth the same {base}: {worth}")

    def terms(self, base: str, exponent: int, unit: int, rates: dict[str, dict[str, int]]) -> dict[str, Any]:
        """Multiples add up, every round with a bet counts; prizes are so many median bets (`unit`, in minor units)."""
        return {
            "name": "A feed of one's own",
            "startTime": format_instant(self.start),
            "endTime": format_instant(self.start + DAY_S * 1000),  # it is finished when the file is
            "graceSeconds": 8,
            "currency": base,
            "guarantee": format_amount(unit * 1000, exponent),
            "rules": {"metric": "sum_multipliers", "rates": rates},
            "prizes": {
                "lines": [
                    {"rankFrom": 1, "rankTo": 1, "kind": "cash", "shareBps": 5000},
                    {"rankFrom": 2, "rankTo": 2, "kind": "cash", "shareBps": 3000},
                    {"rankFrom": 3, "rankTo": 3, "kind": "cash", "shareBps": 2000},
                    {
                        "rankFrom": 4,
                        "rankTo": 10,
                        "kind": "bonus",
                        "amount": format_amount(unit * 10, exponent),
                    },
                ],
                "ties": "split_places",
                "remainder": "to_first",
            },
        }

    def register(self) -> None:
        """Everybody in the file. What they cannot enter for is said; their rounds then do not concern the tournament."""
        refusals: Counter[str] = Counter()

        def enter(player: tuple[str, str]) -> None:
            body = {"userId": player[1], "brandId": player[0], "displayName": player[1]}
            try:
                self.hub("POST", f"/tournaments/{self.tid}/players", body)
            except ApiRefusal as refusal:
                refusals[f"{refusal.name}: {refusal.problem['detail']}"] += 1

        until(self.start)
        with Progress(console=self.console) as progress, ThreadPoolExecutor(8) as pool:
            bar = progress.add_task(f"registering {len(self.players):,} players", total=len(self.players))
            for _ in pool.map(enter, self.players):
                progress.advance(bar)
        for reason, times in refusals.most_common(10):
            self.say(f"  not registered: {times} x {escape(reason)}")

    def play(self) -> None:
        """Send the file in its own order, each portion when half of its rounds are over: that is when it arrived, near enough,
        and one clock that is ahead then holds nothing up. Then end the tournament."""
        portions = list(requests_of(self.feed.lines))
        begin = now_ms() + 500  # after everybody has joined
        self.last = begin
        with Live(console=self.console, refresh_per_second=4) as screen:
            for number, portion in enumerate(portions, 1):
                messages = [self.pace.moved(line.message, begin) for line in portion]
                self.last = max(self.last, sorted(map(settled, messages))[len(messages) // 2])
                until(min(self.last, begin + self.pace.play_ms))
                self.hand_over(portion, messages)
                screen.update(self.board(number, len(portions)))
        self.say("\nsent: " + ", ".join(f"{count:,} {what}" for what, count in self.answers.most_common()))
        self.tell_refused()
        if not self.sent:
            self.hub(
                "POST", f"/tournaments/{self.tid}/void", {"reason": "nothing to play", "policy": "refund"}
            )
            raise Stop("The hub took none of the file's messages; the reasons stand above.")
        until(begin + self.pace.play_ms + 1)
        self.hub("POST", f"/tournaments/{self.tid}/finish", {"reason": "the feed has been played"})
        self.end = now_ms()

    def hand_over(self, portion: list[Line], messages: list[dict[str, Any]]) -> None:
        """One request. Only what the hub says it took in is recomputed later."""
        answer = self.hub("POST", "/rounds", {"integrationId": INTEGRATION, "rounds": messages}, zipped=True)
        for line, message, item in zip(portion, messages, answer["results"], strict=True):
            self.answers[item["status"]] += 1
            if item["status"] == "accepted":
                # Whose a round is says the request alone; a file may come from a system that calls itself otherwise.
                self.sent.append({k: v for k, v in message.items() if k != "integrationId"})
            elif item["status"] != "duplicate":
                where = f"{item['field']}: " if item.get("field") else ""
                self.refused[f"{item['status']}, {where}{item['reason']}"].append(line.number)

    def tell_refused(self) -> None:
        """Why, how often, and at which lines."""
        by_number = sorted(self.refused.items(), key=lambda row: -len(row[1]))
        for reason, lines in by_number[:15]:
            at = ", ".join(map(str, lines[:SHOWN])) + (" ..." if len(lines) > SHOWN else "")
            self.say(f"  {len(lines):,} {escape(reason)} (line {at})")
        if len(by_number) > 15:
            self.say(f"  and {len(by_number) - 15:,} reasons more")


def settled(message: dict[str, Any]) -> int:
    """When a message's round was settled; 0 when it does not say so in a way that can be read."""
    try:
        return parse_instant(message["settledAt"])
    except (KeyError, TypeError, ValueError):
        return 0


def own_operator(stack: dict[str, Any]) -> dict[str, Any]:
    """The stack with the token of a new operator, whose payouts go to the demo casino: the file's brands and games
    never mix with another's."""
    root = Hub(stack["api"], stack["root_token"])
    made = seed.make_operator(root, seed.DemoTenant("", "", stack["root_token"]), f"Feed {int(time.time())}")
    demo = f"{stack['api']}/demo-operator"
    callbacks = {"payouts": f"{demo}/payouts", "debits": f"{demo}/debits"}
    seed.put_settings(Hub(stack["api"], made.token), callbacks=callbacks)
    return {**stack, "token": made.token, "operator_id": made.operator_id, "integration_id": INTEGRATION}


def main() -> None:
    """Read, tell, play, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=Path, help="a JSONL file of round messages, gzip or not")
    parser.add_argument(
        "--seconds",
        type=int,
        default=PLAY_S,
        help="a longer feed is pressed into so many seconds (default 120)",
    )
    given = parser.parse_args()
    path = given.rounds.expanduser()
    stack = describe()
    with console.step(f"reading {path}"):
        feed = read_feed(path)
    demo = FeedDemo(stack, feed, given.seconds)
    demo.tell_file(path)
    raise SystemExit(demo.run())


if __name__ == "__main__":
    console.run(main)
