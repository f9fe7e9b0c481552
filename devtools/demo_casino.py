"""The second half of `make demo`: a casino's whole integration, 50 players long.

Players are created and authorised, games listed and launched, bets and wins go through a transfer wallet (the hub holds
the money) and a seamless one (the demo casino holds it, and loses some of its answers), with rollbacks and free rounds.
Nothing sends rounds: the wallet's own feed a running tournament. In the end every balance, the figures of each game and
the tournament's scores are compared with what this program, the provider, remembers.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from pitboss.kernel.instants import format_instant
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from devtools.client import Hub
from devtools.provider import Provider
from devtools.seed import put_settings

GAMES = ("lucky-sevens", "crash-classic")
FREE = 3
START = Decimal(100)
STEPS = 8  # rounds a player plays for money
LONG_S = 1800  # the tournament is finished by hand once everything is played


@dataclass
class Guest:
    """One player as this program knows it: `balance` is what both ends must say in the end."""

    user_id: str
    mode: str
    hub_id: str = ""
    session: str = ""
    balance: Decimal = START
    won: Decimal = Decimal(0)  # in rounds that stand: the tournament's score
    stakes: Counter[str] = field(default_factory=Counter)
    wins: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)


class Casino:
    """One run of the founding flow."""

    def __init__(self, stack: dict[str, Any], players: int, seed: int) -> None:
        self.stack, self.seed = stack, seed
        self.hub = Hub(stack["api"], stack["token"])
        self.operator = stack["operator_id"]
        self.provider = Provider(stack["api"], stack["token"], stack["wallet_secret"])
        self.demo = Hub(stack["api"], stack["token"])
        self.demo.http.headers["X-Demo-Token"] = stack["demo_token"]
        self.console = Console(highlight=False)
        self.guests = [
            Guest(f"guest-{seed}-{n:02d}", "transfer" if n % 2 else "seamless") for n in range(players)
        ]
        self.tid = ""
        self.wrong: list[str] = []

    # ---------------------------------------------------------------- the flow
    def run(self) -> bool:
        """Everything; whether both ends agree on all of it."""
        self.console.rule("a casino's integration, from player to payout")
        before = self.figures()
        self.tournament()
        self.each("players created, authorised, launched", self.arrive)
        self.confuse()
        self.each("playing", self.play)
        self.each("free rounds", self.play_free)
        self.settled()
        self.hub("POST", f"/tournaments/{self.tid}/finish")
        self.compare_balances()
        self.compare_figures(before)
        self.compare_scores()
        self.show()
        return not self.wrong

    def each(self, what: str, step: Callable[[Guest], None]) -> None:
        """Eight players at a time. A mode is fixed when its player is made, so those of one mode go together."""
        with Progress(console=self.console) as progress, ThreadPoolExecutor(8) as pool:
            bar = progress.add_task(what, total=len(self.guests))
            for mode in ("transfer", "seamless"):
                if step == self.arrive:
                    put_settings(self.hub, walletMode=mode)
                    self.until(partial(self.has_mode, mode))
                    time.sleep(5)  # settings are remembered for five seconds
                for _ in pool.map(step, [g for g in self.guests if g.mode == mode]):
                    progress.advance(bar)

    def has_mode(self, mode: str) -> bool:
        """Whether the settings have it."""
        return bool(self.hub("GET", "/settings")["walletMode"] == mode)

    def tournament(self) -> None:
        """A free one over both games; it starts before the first bet."""
        start = time.time_ns() // 1_000_000 + 3_000
        made = self.hub(
            "POST",
            "/tournaments",
            {
                "name": "Wallet Cup",
                "startTime": format_instant(start),
                "endTime": format_instant(start + LONG_S * 1000),
                "graceSeconds": 8,
                "currency": "EUR",
                "maxPlayers": len(self.guests),
                "brands": ["aurora"],
                "games": list(GAMES),
                "rules": {"metric": "total_won"},
            },
        )
        self.tid = made["tournamentId"]

    def arrive(self, guest: Guest) -> None:
        """Create, authorise, register, fund, list the games, launch one and open its page."""
        who = {"brandId": "aurora", "userId": guest.user_id}
        guest.hub_id = self.hub("POST", "/players", {**who, "displayName": guest.user_id.title()})["id"]
        self.hub("POST", f"/players/{guest.hub_id}/sessions", {"device": "desktop"})
        self.hub("POST", f"/tournaments/{self.tid}/players", {**who, "displayName": guest.user_id.title()})
        if guest.mode == "transfer":
            funds = {"transactionId": f"in-{guest.user_id}", "amount": str(START)}
            self.hub("POST", f"/players/{guest.hub_id}/deposit", funds)
        else:
            account = {**who, "tenantId": self.operator, "currency": "EUR", "balance": str(START)}
            self.demo("POST", "/demo-operator/wallet/control", account)
        games = {game["gameId"] for game in self.hub("GET", "/games", isEnabled="true")["games"]}
        if not set(GAMES) <= games:
            self.wrong.append(f"the catalogue lists {sorted(games)}")
        guest.session = self.launch(guest)

    def launch(self, guest: Guest, **more: Any) -> str:
        """A session of the provider's, from a launch URL that opens."""
        wish = {"playerId": guest.hub_id, "language": "en", "currency": "EUR", "country": "MT"}
        made = self.hub(
            "POST",
            f"/games/{GAMES[0]}/launch",
            {**wish, "device": "desktop", "lobbyUrl": "https://casino.example/lobby", **more},
        )
        page = httpx.get(made["url"], headers={"Accept": "text/html"}, timeout=30)
        if page.status_code != 200 or "text/html" not in page.headers["Content-Type"]:
            self.wrong.append(f"the launch URL answers {page.status_code}")
        token = parse_qs(urlsplit(made["url"]).fragment)["token"][0]
        return str(self.provider("authenticate", launchToken=token)["sessionToken"])

    def confuse(self) -> None:
        """The demo casino is to lose answers, before and after it has done what it was asked."""
        seamless = [g.user_id for g in self.guests if g.mode == "seamless"]
        kinds = ("drop-after", "error500", "html", "drop-before", "empty")
        faults = [
            {"kind": kind, "action": action, "userId": user}
            for user, kind in zip(seamless, kinds, strict=False)
            for action in ("bet", "win")
        ]
        self.demo("POST", "/demo-operator/wallet/faults", {"tenantId": self.operator, "faults": faults})

    def play(self, guest: Guest) -> None:
        """Some rounds: most settled, some rolled back, one sent twice, one that nobody can pay."""
        luck = random.Random(f"{self.seed}/{guest.user_id}")
        for step in range(STEPS):
            game = luck.choice(GAMES)
            bet = Decimal(luck.choice((50, 100, 200, 500))) / 100
            win = bet * luck.choice((0, 0, 0, 1, 2, 5))
            self.round(guest, step, game, bet, win, undone=luck.random() < 0.15)
        if self.bet(guest, "broke", GAMES[0], Decimal(100_000)).get("error") != "BALANCE_NOT_ENOUGH":
            self.wrong.append(f"{guest.user_id} could bet what nobody has")
        guest.did["refused"] += 1

    def bet(self, guest: Guest, label: str, game: str, amount: Decimal) -> dict[str, Any]:
        """A bet; a refusal comes back under `error`. A bet that the hub took back is asked again under a new id, as a
        provider does whose player still wants to play."""
        for attempt in range(4):
            tx = f"{guest.user_id}/{label}/{attempt}"
            answer = self.provider(
                "bet",
                sessionToken=guest.session,
                transactionId=tx,
                roundId=tx,
                gameId=game,
                amount=str(amount),
                currency="EUR",
            )
            if answer.get("status") == "OK":
                return {**answer, "tx": tx}
            if answer.get("name") not in (
                "TX_ROLLED_BACK",
                "CALLBACK_ERROR",
                "TIMEOUT",
                "OPERATION_IN_PROGRESS",
            ):
                return {"error": answer.get("name")}
            guest.did["bets taken back"] += 1
        return {"error": "nobody answers"}

    def round(self, guest: Guest, step: int, game: str, bet: Decimal, win: Decimal, *, undone: bool) -> None:
        taken = self.bet(guest, str(step), game, bet)
        if "error" in taken:
            self.wrong.append(f"{guest.user_id}: bet refused: {taken['error']}")
            return
        tx = taken["tx"]
        about = {"sessionToken": guest.session, "roundId": tx, "gameId": game, "currency": "EUR"}
        if undone:
            told = self.provider("rollback", **about, transactionId=f"{tx}/r", originalTransactionId=tx)
            guest.did["rollbacks"] += 1
        else:
            closing = {**about, "betTransactionId": tx, "amount": str(win), "roundClosed": True}
            told = self.provider("win", **closing, transactionId=f"{tx}/w")
            if step % 4 == 0:
                told = self.provider("win", **closing, transactionId=f"{tx}/w")
                guest.did["sent twice"] += 1
            guest.did["rounds"] += 1
            guest.balance += win - bet
            guest.won += win
            guest.stakes[game] += int(bet * 100)
            guest.wins[game] += int(win * 100)
        if told.get("status") != "OK":
            self.wrong.append(f"{guest.user_id}: {told.get('name')}: {told.get('detail')}")

    def play_free(self, guest: Guest) -> None:
        """Every fifth player is given rounds and plays them: no stake, but wins."""
        if int(guest.user_id[-2:]) % 5:
            return
        grant = self.hub(
            "POST",
            "/free-rounds",
            {
                "playerId": guest.hub_id,
                "gameIds": [GAMES[0]],
                "count": FREE,
                "betAmount": "0.20",
                "expiresAt": format_instant(time.time_ns() // 1_000_000 + 3_600_000),
                "winKind": "cash",
            },
        )["freeRoundsId"]
        session = self.launch(guest, freeRoundsId=grant)
        for number in range(FREE + 1):
            tx = f"{guest.user_id}/free/{number}"
            about = {"sessionToken": session, "roundId": tx, "gameId": GAMES[0], "currency": "EUR"}
            about |= {"type": "free", "freeRoundsId": grant}
            charged = self.provider("bet", **about, transactionId=tx, amount="0.20")
            if (charged.get("status") == "OK") != (number < FREE):
                self.wrong.append(f"{guest.user_id}: free round {number + 1} of {FREE}: {charged}")
            if charged.get("status") == "OK":
                self.provider(
                    "win",
                    **about,
                    transactionId=f"{tx}/w",
                    betTransactionId=tx,
                    amount="0.60",
                    roundClosed=True,
                )
                guest.balance += Decimal("0.60")
                guest.won += Decimal("0.60")  # the tournament takes rounds of every type
                guest.did["free rounds"] += 1
        left = self.hub("GET", f"/free-rounds/{grant}")
        if (left["left"], left["won"]) != (0, f"{Decimal('0.60') * FREE:.2f}"):
            self.wrong.append(f"{guest.user_id}: the grant says {left}")

    # ---------------------------------------------------------------- both ends compared
    def until(self, holds: Callable[[], bool], within_s: float = 90) -> bool:
        """Wait for the other end to catch up."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if holds():
                return True
            time.sleep(0.5)
        return False

    def settled(self) -> None:
        """Wins whose answer was lost are asked again by the hub until they are acknowledged."""
        with self.console.status("waiting for what the casino did not answer"):
            self.until(lambda: not self.differing())

    def differing(self) -> list[str]:
        """Players whose money is not what it should be."""
        out = []
        for guest in self.guests:
            if guest.mode == "transfer":
                held = self.hub("GET", f"/players/{guest.hub_id}")["balance"]
            else:
                where = {"tenantId": self.operator, "brandId": "aurora", "userId": guest.user_id}
                held = self.demo("GET", "/demo-operator/wallet/control", **where)["balance"]
            if Decimal(held) != guest.balance:
                out.append(f"{guest.user_id} ({guest.mode}): {held}, not {guest.balance:.2f}")
        return out

    def compare_balances(self) -> None:
        self.wrong += self.differing()
        books = self.hub("GET", "/reports/books")
        while books["balanced"] and books.get("nextCursor"):
            books = self.hub("GET", "/reports/books", cursor=books["nextCursor"])
        if not books["balanced"]:
            self.wrong.append(f"the books: {books['findings']}")

    def figures(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Stake and wins of each game so far."""
        rows = self.hub("GET", "/statistics", groupBy="game")["rows"]
        return {row["gameId"]: (Decimal(row["stake"]), Decimal(row["won"])) for row in rows}

    def compare_figures(self, before: dict[str, tuple[Decimal, Decimal]]) -> None:
        """What the statistics gained must be what was played."""
        nothing = (Decimal(0), Decimal(0))

        def gained(game: str) -> tuple[Decimal, Decimal]:
            (stake, won), (old_stake, old_won) = self.figures().get(game, nothing), before.get(game, nothing)
            return stake - old_stake, won - old_won

        def told(game: str, played: tuple[Decimal, Decimal]) -> bool:
            return gained(game) == played

        for game in GAMES:
            played = (
                Decimal(sum(g.stakes[game] for g in self.guests)) / 100,
                Decimal(sum(g.wins[game] for g in self.guests)) / 100,
            )
            if not self.until(partial(told, game, played), within_s=20):
                self.wrong.append(f"{game}: statistics say {gained(game)}, played was {played}")

    def compare_scores(self) -> None:
        """The tournament scored rounds that nobody sent it."""
        with self.console.status("waiting for the tournament's end"):
            self.until(
                lambda: self.hub("GET", f"/tournaments/{self.tid}/status")["status"] == "settled",
                within_s=180,
            )
        rows = self.hub("GET", f"/tournaments/{self.tid}/results")["winners"]
        scores = {row["userId"]: Decimal(row["score"]) for row in rows}
        for guest in self.guests:
            if scores.get(guest.user_id) != guest.won:
                self.wrong.append(f"{guest.user_id}: scored {scores.get(guest.user_id)}, won {guest.won}")

    def show(self) -> None:
        calls = f"{self.provider.calls} wallet calls, {self.provider.repeats} of them repetitions"
        table = Table(title=f"{len(self.guests)} players, {calls}")
        columns = {
            "rounds": "rounds",
            "rollbacks": "rolled back",
            "sent twice": "sent twice",
            "free rounds": "free",
            "refused": "refused",
            "bets taken back": "taken back",
        }
        for column in ("wallet", "players", *columns.values()):
            table.add_column(column, justify="right")
        for mode in ("transfer", "seamless"):
            did: Counter[str] = sum((g.did for g in self.guests if g.mode == mode), Counter())
            table.add_row(
                mode, str(sum(g.mode == mode for g in self.guests)), *(str(did[what]) for what in columns)
            )
        self.console.print(table)
        for fault in self.wrong[:20]:
            self.console.print(f"  [red]{fault}[/]")
        self.console.print(
            "balances at both ends, books, figures of each game, tournament scores: "
            f"[bold]{'as played' if not self.wrong else 'NOT AS PLAYED'}[/]"
        )
