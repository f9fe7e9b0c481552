"""Providers' calls against the real wallet on tables in memory: several processes take turns at every read and write,
die before or after any write, read what is behind; messages come twice, late, out of order and with wrong contents.

What must hold is judged from the stored records alone, by an arithmetic of its own (`audit`).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from random import Random
from threading import current_thread
from typing import Any
from unittest.mock import patch

from pitboss.catalogue import known as catalogue_memory
from pitboss.catalogue.model import Brand, Game
from pitboss.kernel.ids import ulid
from pitboss.kernel.money import parse_amount
from pitboss.kernel.refusal import Refusal
from pitboss.platform import dynamo
from pitboss.points import play as points_memory
from pitboss.tenancy import standing as tenancy_memory
from pitboss.tenancy import store as tenancy
from pitboss.tenancy.model import Node
from pitboss.wallet import commit, service, store
from pitboss.wallet.accounts import change_wallet, open_wallet_ops
from pitboss.wallet.cash import deposit, withdraw
from pitboss.wallet.free_rounds import FreeRounds
from pitboss.wallet.free_rounds import put_op as grant_put_op
from pitboss.wallet.model import HUB, Action, Limits, Mode, Session, Tx, TxKey, Wallet
from pitboss.wallet.profile import Profile
from pitboss.wallet.service import Request
from pitboss.wallet.tokens import Token, digest_of

from tests.simulation.points_table import Death, Turns
from tests.simulation.wallet_table import WalletTable

TENANT, BRAND, GAME, PROVIDER = "T" * 26, "aurora", "book-of-suns", "acme"
T0 = 1_790_000_000_000
PROCESSES = 3
SECRET = bytes(range(16))
# Answers after which a message may simply come again.
PASSING = ("OPERATION_IN_PROGRESS", "TIMEOUT", "CALLBACK_ERROR", "SERVER_IS_BUSY", "INTERNAL_ERROR")


@dataclass
class Message:
    """A call as the provider (or the operator, for money in and out) sends it, again and again if need be."""

    player: str
    actions: tuple[Action, ...]
    sound: bool = True  # not another message's id with another content
    answers: list[Any] = field(default_factory=list)

    @property
    def cash(self) -> bool:
        """Whether it is a deposit or a withdrawal."""
        return self.actions[0].kind in ("deposit", "withdraw")


def profile_of(rng: Random) -> Profile:
    """The hub's own, or switches drawn one by one."""
    if rng.randrange(3) == 0:
        return Profile()
    return Profile(
        duplicate=rng.choice(["replay", "replay", "error"]),
        unknown_rollback=rng.choice(["ok", "error"]),
        repeat_rollback=rng.choice(["replay", "error"]),
        bet_after_rollback=rng.choice(["refuse", "noop"]),
        settled_rollback=rng.choice(["refuse", "resettle"]),
        rollback_win=rng.choice(["refuse", "allow"]),
        funds_gone_rollback=rng.choice(["refuse", "receivable"]),
        wrong_amount_rollback=rng.choice(["stored", "conflict"]),
        id_scope=rng.choice(["integration", "player"]),
        round_close=rng.choice(["flag", "flag", "win"]),
        bet_in_closed_round=rng.choice(["refuse", "reopen"]),
        late_win=rng.choice(["accept", "refuse"]),
        zero_bet=rng.choice(["ok", "refuse"]),
        win_without_bet=rng.choice(["promo", "any", "refuse"]),
        free_charge=rng.choice(["round", "bet"]),
    )


class Script:
    """What a provider does with a few players: mostly sound play, and everything that goes wrong in the field."""

    def __init__(self, rng: Random, players: Sequence[str]) -> None:
        self.rng = rng
        self.players = players
        self.number = 0

    def _id(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"

    def messages(self, rounds: int) -> list[Message]:
        """The messages of some rounds, in the order of their sending."""
        found = [m for _ in range(rounds) for m in self._round()]
        for player in self.players:
            for _ in range(3):
                found.insert(self.rng.randrange(len(found)), self._cash(player))
        return found

    def _cash(self, player: str) -> Message:
        kind = self.rng.choice(["deposit", "deposit", "withdraw"])
        everything = kind == "withdraw" and self.rng.randrange(3) == 0
        amount = None if everything else self.rng.randrange(1, 4000)
        return Message(player, (Action(kind, self._id("c"), amount=amount),))  # type: ignore[arg-type]

    def _amount(self, most: int) -> str:
        return f"{self.rng.randrange(0, most)}.{self.rng.randrange(100):02}"

    def _round(self) -> list[Message]:
        rng, player, round_id = self.rng, self.rng.choice(self.players), self._id("r")
        free = {"type": "free", "free_id": f"G-{player}"} if rng.randrange(8) == 0 else {}
        bets = [
            Action(
                "bet",
                self._id("b"),
                round_id,
                GAME,
                "3.00" if free else self._amount(12),
                "EUR",
                **{"type": "bet", **free},
            )
            for _ in range(rng.choice([1, 1, 1, 2, 3]))
        ]
        wins = [
            Action(
                "win",
                self._id("w"),
                round_id,
                GAME,
                self._amount(20),
                "EUR",
                **{"type": "win", **free},
                ref=rng.choice([bet.ext_id, ""]),
            )
            for bet in bets
            if rng.randrange(5) < 3
        ]
        if wins and rng.randrange(2):
            wins[-1] = replace(wins[-1], round_closed=True)
        elif rng.randrange(4) == 0:
            bets[-1] = replace(bets[-1], round_closed=True)
        acts: list[tuple[Action, ...]] = [(a,) for a in (*bets, *wins)]
        if rng.randrange(4) == 0:
            ends = (Action("end", self._id("e"), round_id, GAME),) if rng.randrange(2) else ()
            acts = [(*bets, *wins, *ends)]
        for target in (*bets, *wins):
            if rng.randrange(6) == 0:
                back = Action("rollback", self._id("x"), rng.choice([round_id, ""]), ref=target.ext_id)
                after = next(at for at, of in enumerate(acts) if target in of) + 1
                acts.insert(rng.choice([after, after, rng.randrange(len(acts) + 1)]), (back,))
        if rng.randrange(6) == 0:
            acts.append((Action("win", self._id("p"), round_id, GAME, self._amount(5), "EUR", "promo"),))
        if rng.randrange(3):
            acts.append((Action("end", self._id("e"), round_id, GAME),))
        if rng.randrange(10) == 0:
            acts.append((self._twisted(rng.choice(bets)),))
            return [Message(player, actions, sound=actions is not acts[-1]) for actions in acts]
        return [Message(player, actions) for actions in acts]

    def _twisted(self, bet: Action) -> Action:
        """A known id with another content."""
        change = self.rng.choice(
            [{"amount": "4.44"}, {"round_id": "elsewhere"}, {"currency": "USD"}, {"amount": "0.001"}]
        )
        return replace(bet, **change)


class World:
    """Everything follows from the seed. `die(rng)` says at each write whether its process dies there; `play` delivers,
    `audit` judges. `mode` and `operator` (entered as a context) make it a seamless world."""

    def __init__(
        self,
        seed: int,
        *,
        rounds: int = 14,
        die: Callable[[int], str] | None = None,
        mode: Mode = "transfer",
        processes: int = PROCESSES,
    ) -> None:
        self.rng = Random(seed)
        self.table = WalletTable(Random(seed + 1))
        self.turns = Turns(Random(seed + 2))
        self.die = die or (lambda _: self.rng.choice(["before", "after", *[""] * 24]))
        self.mode = mode
        self.processes = processes
        self.now = T0
        self.calls = 0
        self.deliveries = 0
        self.deaths = 0
        self.profile = profile_of(self.rng)
        self.players = ["P1" + "0" * 24, "P2" + "0" * 24]
        self.script = Script(self.rng, self.players)
        self.messages = self.script.messages(rounds)

    # ------------------------------------------------------------ the stage
    def in_place(self) -> ExitStack:
        """The tables, and memories of other worlds forgotten."""
        stack = ExitStack()
        stack.enter_context(
            patch.dict("os.environ", HUB_TABLE="hub", LEDGER_TABLE="ledger", ARENA_TABLE="arena")
        )
        stack.enter_context(self.table.in_place())
        for forget in (catalogue_memory.forget, points_memory.forget, tenancy_memory.forget):
            forget()
        return stack

    def prepare(self) -> None:
        """An agent with a brand and a game, players with money, sessions, limits and free rounds."""
        self._put(tenancy._node_record(Node(TENANT, "Agent", "root", "", f"/{TENANT}/", "EUR", "active", T0)))
        for item in (
            Brand(BRAND, BRAND, "op", "Op", PROVIDER, True),
            Game(GAME, GAME, "Acme", PROVIDER, True),
        ):
            sk = f"BRAND#{BRAND}" if isinstance(item, Brand) else f"GAME#{GAME}"
            self._put({"pk": f"CAT#{TENANT}", "sk": sk, "tenantId": TENANT, "schema": 1, **item.to_record()})
        for player in self.players:
            wallet = Wallet(TENANT, player, BRAND, f"user-{player[:2]}", "EUR", 2, self.mode)
            session = Session("S1", digest_of(SECRET), "desktop", T0, T0 + 10**9)
            limits = Limits(max_bet=1100) if self.rng.randrange(2) else Limits()
            dynamo.transact(open_wallet_ops(replace(wallet, sessions=(session,), limits=limits)))
            if self.mode == "transfer":
                deposit(TENANT, player, f"first-{player}", 5000, now=self.now, seed=self._seed())
            grant = FreeRounds(
                f"G-{player}",
                TENANT,
                player,
                PROVIDER,
                (),
                3,
                300,
                "EUR",
                2,
                T0 + 10**9,
                self.rng.choice(["cash", "bonus"]),
                T0,
            )
            dynamo.apply(grant_put_op(grant, 0))

    def _put(self, record: dict[str, Any]) -> None:
        self.table.items[record["pk"], record["sk"]] = dynamo.to_item(record)

    def _seed(self) -> str:
        self.calls += 1
        return ulid(self.now, self.calls.to_bytes(10, "big"))

    # ------------------------------------------------------------ calls
    def request(self, message: Message) -> Request:
        """A message as the service takes it."""
        self.now += self.rng.randrange(1, 30_000)
        token = Token(TENANT, message.player, "S1", digest_of(SECRET))
        return Request(
            TENANT,
            message.player,
            PROVIDER,
            message.actions,
            self.profile,
            self.now,
            self._seed(),
            token=token,
        )

    def deliver(self, message: Message) -> None:
        """One delivery; what the sender hears is kept with the message. A death leaves it without an answer."""
        self.deliveries += 1
        request = self.request(message)
        try:
            if message.cash:
                (action,) = message.actions
                move = deposit if action.kind == "deposit" else withdraw
                outcome = move(
                    TENANT, message.player, action.ext_id, action.amount, now=request.now, seed=request.seed
                )
            else:
                outcome = service.run(request)
        except Refusal as refusal:
            message.answers.append(refusal)
        else:
            message.answers.append(outcome)

    def play(self) -> None:
        """Deliver everything, some of it often and late, by processes that take turns; then everything once more."""
        with self.in_place():
            self.prepare()
            queue = self._queue()
            self.table.step = self._step
            self.table.fate = self._fate
            self.turns.run([lambda: self._work(queue) for _ in range(self.processes)])
            self.table.step, self.table.fate = (lambda: None), (lambda _: "")
            self.settle()
            self.audit()

    def _queue(self) -> list[Message]:
        """Messages with repetitions, each a little out of place; popped from the end."""
        due: list[tuple[float, int, Message]] = []
        for place, message in enumerate(self.messages):
            for time in range(self.rng.choice([1, 1, 2, 3])):
                late = 0.0 if time == 0 and self.rng.randrange(3) else self.rng.expovariate(0.25)
                due.append((place + late, len(due), message))
        return [message for _, _, message in sorted(due, reverse=True, key=lambda row: row[:2])]

    def _work(self, queue: list[Message]) -> None:
        while queue:
            message = queue.pop()
            try:
                self.deliver(message)
            except Death:
                self.deaths += 1
                queue.insert(max(0, len(queue) - self.rng.randrange(4)), message)
            if self.rng.randrange(40) == 0:
                self._meddle(message.player)

    def _meddle(self, player: str) -> None:
        """The back office blocks and unblocks."""
        status = self.rng.choice(["active", "active", "blocked"])
        try:
            change_wallet(TENANT, player, lambda w: replace(w, status=status))
        except (Refusal, Death):
            return

    def _step(self) -> None:
        name = current_thread().name
        if name.isdigit():
            self.turns.step(int(name))

    def _fate(self, number: int) -> str:
        return self.die(number)

    def settle(self) -> None:
        """Calm: every message is repeated until it has an answer that stands, then every round is ended."""
        for player in self.players:
            change_wallet(TENANT, player, lambda w: replace(w, status="active"))
        for message in self.messages:
            for _ in range(20):
                self.deliver(message)
                last = message.answers[-1]
                if not (isinstance(last, Refusal) and last.name in PASSING):
                    break
            else:
                raise AssertionError(f"no answer for {message}")
        for number, (player, round_) in enumerate(self.open_rounds()):
            last_word = Message(player, (Action("end", f"end{number}", round_, GAME),))
            self.deliver(last_word)
            assert not isinstance(last_word.answers[0], Refusal), (round_, last_word.answers[0].detail)

    # ------------------------------------------------------------ what stands
    def txs(self) -> list[Tx]:
        """Every transaction record."""
        return [store.tx_from_item(r) for r in self.records("X#")]

    def records(self, prefix: str) -> list[dict[str, Any]]:
        """Items whose partition begins so."""
        return [dynamo.from_item(item) for (pk, _), item in self.table.items.items() if pk.startswith(prefix)]

    def wallet(self, player: str) -> Wallet:
        """A wallet as stored."""
        found = store.read_wallet(TENANT, player)
        assert found is not None
        return found

    def open_rounds(self) -> list[tuple[str, str]]:
        """Player and id of every open round, found as the sweeper finds them: by the register, then in the records."""
        marked = {
            p for slot in range(T0 // 86_400_000, self.now // 86_400_000 + 1) for _, p in store.marked(slot)
        }
        found = [(p, r.round_id) for p in sorted(marked) for r in self.wallet(p).rounds]
        recorded = [store.round_from_item(r) for r in self.records("R#")]
        open_ = [r for r in recorded if r.round.status == "open" and r.player_id in marked]
        return found + [(r.player_id, r.round.round_id) for r in open_]

    def audit(self) -> None:
        """Sums are zero, nothing is negative, each id was applied at most once, every round ended."""
        txs = self.txs()
        for player in self.players:
            wallet = self.wallet(player)
            mine = [tx for tx in txs if tx.player_id == player]
            check_sums(wallet, mine, self.bonus_grants())
            check_chain(mine)
            assert not wallet.rounds, wallet.rounds
            assert wallet.spilled == 0
        check_rounds([store.round_from_item(r).round for r in self.records("R#")], txs)
        for message in self.messages:
            check_answers(message, {tx.key: tx for tx in txs})
        assert not [tx for tx in txs if tx.state in ("PENDING", "UNKNOWN")]

    def bonus_grants(self) -> set[str]:
        """Grants whose wins are no cash."""
        return {r["id"] for r in self.records("F#") if r["winKind"] == "bonus"}


# ---------------------------------------------------------------- the arithmetic of the audit
def signed(tx: Tx, bonus: set[str]) -> int:
    """What a standing transaction moved to the player."""
    match tx.kind:
        case "bet":
            return 0 if tx.type == "free" else -tx.amount
        case "win":
            return 0 if tx.free_id in bonus else tx.amount
        case "deposit":
            return tx.amount
        case "withdraw":
            return -tx.amount
    return 0


def check_sums(wallet: Wallet, txs: Sequence[Tx], bonus: set[str]) -> None:
    """The balance is what the standing transactions come to; the accounts sum to zero."""
    standing = [tx for tx in txs if tx.state == "DONE"]
    play = sum(signed(tx, bonus) for tx in standing if tx.key.provider != HUB)
    cash = sum(signed(tx, bonus) for tx in standing if tx.key.provider == HUB)
    assert wallet.house == -play, (wallet, play)
    if wallet.mode == "transfer":
        assert wallet.cash == -cash
        assert wallet.shown == play + cash
    assert wallet.balance >= 0
    assert wallet.receivable >= 0
    assert wallet.balance + wallet.house + wallet.cash - wallet.receivable == 0


def check_chain(txs: Sequence[Tx]) -> None:
    """Each movement begins at the balance that the one before it ended at. Within a list the records' own order counts."""
    moves = [
        tx
        for tx in txs
        if tx.before is not None and tx.before != tx.after and tx.state in ("DONE", "ROLLED_BACK")
    ]
    by_version: dict[int, list[Tx]] = defaultdict(list)
    for tx in moves:
        by_version[tx.version].append(tx)
    balance = 0
    for version in sorted(by_version):
        group = by_version[version]
        while group:
            following = next((tx for tx in group if tx.before == balance), None)
            assert following is not None, f"at version {version} nothing begins at {balance}: {group}"
            assert following.after is not None
            balance = following.after
            group.remove(following)


def check_rounds(rounds: Sequence[Any], txs: Sequence[Tx]) -> None:
    """Every round ended, and what it says of its transactions is what they say of themselves."""
    by_key = {(tx.kind, tx.ext_id, tx.player_id): tx for tx in txs}
    for round_ in rounds:
        assert round_.status in ("completed", "cancelled"), round_
        states = {
            "b": ("bet", "DONE"),
            "w": ("win", "DONE"),
            "B": ("bet", "ROLLED_BACK"),
            "W": ("win", "ROLLED_BACK"),
        }
        stake = win = 0
        for kind, ext_id, _ in round_.txs:
            name, state = states[kind]
            (tx,) = [
                t
                for (k, e, _), t in by_key.items()
                if k == name and e == ext_id and t.round_id == round_.round_id
            ]
            assert tx.state == state, (round_, tx)
            if state == "DONE":
                stake += tx.amount if name == "bet" and tx.type != "free" else 0
                win += tx.amount if name == "win" else 0
        assert (round_.stake, round_.win) == (stake, win), round_


def check_answers(message: Message, txs: dict[TxKey, Tx]) -> None:
    """All who heard yes heard the same yes; who heard no in the end has nothing standing under the id."""
    yes = [answer for answer in message.answers if not isinstance(answer, Refusal)]
    told = {
        tuple((r.tx.hub_id, r.tx.amount, r.tx.after) for r in y.results if r.tx.state != "TOMBSTONE")
        for y in yes
    }
    assert len(told) <= 1, (message.actions, told)
    # A list that was applied in part by others' lists does not exist: it is new once, whole.
    assert [y.replay for y in yes].count(False) <= 1, message.actions
    heard = {answer.name for answer in message.answers if isinstance(answer, Refusal)}
    if message.sound and not yes and not heard & {"TX_ALREADY_PROCESSED", "TX_ROLLED_BACK", "TX_CONFLICT"}:
        for tx in (tx for tx in txs.values() if tx.player_id == message.player):
            mine = [a for a in message.actions if is_of(tx, a)]
            assert not mine or tx.state != "DONE", (message, tx)


def is_of(tx: Tx, action: Action) -> bool:
    """Whether the record is that of this action, with this content."""
    same = (action.kind, action.ext_id) == (tx.kind, tx.ext_id) and action.round_id in ("", tx.round_id)
    return same and (not isinstance(action.amount, str) or parse_amount(action.amount, 2) == tx.amount)


__all__ = ["GAME", "PROVIDER", "TENANT", "Message", "World", "commit"]
