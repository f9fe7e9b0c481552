"""The wallet's simulation with an operator behind it: its wallet is the reference one (pitboss.demo.wallet), the network
between them loses, delays, doubles and reorders calls, and answers come broken or lying. The hub's processes die before
and after writes and calls. At the end the operator's books and the hub's must say the same.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from random import Random
from typing import Any
from unittest.mock import patch

from pitboss.catalogue.wallets import WalletIntegration
from pitboss.catalogue.wallets import forget as forget_profiles
from pitboss.catalogue.wallets import save as save_profile
from pitboss.demo.wallet import take, take_list
from pitboss.demo.wallet_model import Books, Player, Said
from pitboss.demo.wallet_parse import read_list, read_order
from pitboss.kernel.money import format_amount
from pitboss.kernel.refusal import Refusal
from pitboss.platform.outgoing import Exchange, NoAnswer, NotSent
from pitboss.tenancy import store as tenancy
from pitboss.tenancy.model import OwnSettings
from pitboss.wallet import callbacks, callbacks_gateway, failed, resolve, resolve_record, seamless
from pitboss.wallet.model import Tx

from tests.simulation.points_table import Death
from tests.simulation.wallet_sim import PROVIDER, T0, TENANT, World, check_answers, check_rounds, check_sums

OPENING = 5000
BROKEN: tuple[tuple[int, bytes], ...] = (
    (200, b"<html>Welcome</html>"),
    (200, b""),
    (200, b'{"status": "OK", "bal'),
    (200, b'{"status": "MAYBE", "balance": "1.00"}'),
    (200, b'{"status": "OK"}'),
    (200, b'{"status": "OK", "balance": "1.00", "currency": "USD"}'),
    (200, b'{"status": "OK", "balance": "1.001"}'),
    (200, b'["OK"]'),
    (302, b""),
    (500, b'{"status": "OK", "balance": "1.00"}'),
    (500, b'{"status": "INSUFFICIENT_FUNDS"}'),
    (404, b'{"error": "no such page"}'),
)


class Operator:
    """One casino. `calm` ends all faults; `flush` lets everything arrive that is still under way."""

    def __init__(self, rng: Random, players: Mapping[str, str]) -> None:
        self.rng = rng
        self.books = {
            user: Books(Player(TENANT, "aurora", user, "EUR", 2, OPENING), {}, {})
            for user in players.values()
        }
        self.under_way: list[tuple[str, dict[str, Any]]] = []
        self.calls = 0
        self.faults = 0
        self.spent = 0
        self.calm = False

    def serve(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """What the reference wallet answers, once it has done its work."""
        self.calls += 1
        now = T0 + self.calls
        if path == "transaction":
            orders, list_id = read_list(body)
            user = orders[0].user_id
            said, self.books[user] = take_list(self.books[user], list_id, orders, now)
        else:
            order = read_order(body, path)
            user = order.user_id
            said, self.books[user] = take(self.books[user], order, now)
        return 200, self._answer(said)

    def _answer(self, said: Said) -> bytes:
        body: dict[str, Any] = {"status": said.status}
        if said.balance is not None:
            body["balance"] = format_amount(said.balance, 2)
        if not self.calm and self.rng.randrange(12) == 0:
            body["balance"] = "123456.78"  # a lie that costs nobody anything
        if self.rng.randrange(2):
            body |= {"currency": "EUR", "replay": said.replay, "transactionId": f"op-{self.calls}"}
        return json.dumps(body).encode()

    def call(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """One call over the network that there is."""
        if self.calm:
            return self.serve(path, body)
        if self.under_way and self.rng.randrange(3) == 0:
            self.serve(*self.under_way.pop(self.rng.randrange(len(self.under_way))))
        if body.get("type") in ("win_reversal", "resettle") and self.rng.randrange(2) == 0:
            return self._spent(path, body)
        luck = self.rng.randrange(100)
        if luck < 60 or path == "balance":
            return self.serve(path, body)
        self.faults += 1
        if luck < 66:
            raise NoAnswer("lost on the way there", 3000, timed_out=True)
        if luck < 72:
            self.serve(path, body)
            raise NoAnswer("lost on the way back", 3000, timed_out=True)
        if luck < 78:
            self.under_way.append((path, body))
            raise NoAnswer("slow", 3000, timed_out=True)
        if luck < 84:
            self.under_way.append((path, body))  # the network doubles it, and the double comes late
            return self.serve(path, body)
        if luck < 86:
            raise NotSent("no connection", 1)
        if luck < 90 and path in ("bet", "win"):
            return self._refuse(path, body)
        if self.rng.randrange(2):
            self.serve(path, body)
        return self.rng.choice(BROKEN)

    def _refuse(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """The casino's own no, which it keeps to: its player is blocked just now (a bet); it has lost sight of the
        player (a win, which is owed all the same)."""
        user = body["userId"]
        if path == "win":
            if body["transactionId"] in self.books[user].entries:
                return self.serve(path, body)
            return 404, b'{"status": "PLAYER_NOT_FOUND"}'
        held = self.books[user]
        self.books[user] = replace(held, player=replace(held.player, status="blocked"))
        answer = self.serve(path, body)
        after = self.books[user]
        self.books[user] = replace(after, player=replace(after.player, status="active"))
        return answer

    def _spent(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """The win that is to be taken back is gone for the moment; whether that is enough to refuse, the wallet says."""
        user = body["userId"]
        held = self.books[user].player.balance
        self.books[user] = self.books[user].with_balance(0)
        answer = self.serve(path, body)
        self.spent += b"INSUFFICIENT_FUNDS" in answer[1]
        self.books[user] = self.books[user].with_balance(self.books[user].player.balance + held)
        return answer

    def flush(self) -> None:
        """Whatever is still under way arrives."""
        while self.under_way:
            self.serve(*self.under_way.pop())


class SeamlessWorld(World):
    """See the module. `fatal_call(n)` says at the n-th call of the operator whether the hub's process dies: "before" it
    is sent, "after" it was answered, or not."""

    def __init__(
        self,
        seed: int,
        *,
        fatal_call: Callable[[int], str] | None = None,
        calm: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(seed, mode="seamless", **more)
        self.messages = [m for m in self.messages if not m.cash]
        self.operator = Operator(Random(seed + 3), {p: f"user-{p[:2]}" for p in self.players})
        self.operator.calm = calm
        chance = Random(seed + 4)
        self.fatal_call = fatal_call or (lambda _: chance.choice(["before", "after", *[""] * 48]))
        self.lists = chance.randrange(2) == 0
        self.sent = 0
        self.quiet = False
        self.persons = 0

    def in_place(self) -> ExitStack:
        stack = super().in_place()
        stack.enter_context(patch.object(callbacks_gateway, "exchange", self._exchange))
        stack.enter_context(patch.object(callbacks_gateway, "callback_master", lambda: b"master"))
        stack.enter_context(patch.object(callbacks_gateway, "_remember", lambda record: None))
        for module in (resolve, resolve_record, seamless):
            stack.enter_context(patch.object(module, "now_ms", lambda: self.now))
        forget_profiles()
        return stack

    def prepare(self) -> None:
        super().prepare()
        url = "http://operator.example/wallet"
        settings = OwnSettings(
            version=1, wallet_mode="seamless", wallet_url=url, wallet_transactions=self.lists
        )
        assert tenancy.write_settings(TENANT, settings)
        switches = self.profile.to_record()
        made = save_profile(TENANT, None, WalletIntegration(PROVIDER, "default", {}, switches, generation=1))
        assert made is not None

    def _exchange(
        self, url: str, raw: bytes, headers: Mapping[str, str], *, timeout_s: float, local: bool, keep: bool
    ) -> Exchange:
        assert headers["webhook-signature"].startswith("v1,")
        self.sent += 1
        fate = "" if self.quiet else self.fatal_call(self.sent)
        self._step()
        if fate == "before":
            raise Death
        self.now += self.rng.randrange(1, 2000)
        status, answer = self.operator.call(url.rpartition("/")[2], json.loads(raw))
        self._step()
        if fate == "after":
            raise Death
        return Exchange(status, {}, answer, cut=False, elapsed_ms=5)

    # ------------------------------------------------------------ the worker, beside the calls
    def _work(self, queue: list[Any]) -> None:
        while queue:
            message = queue.pop()
            try:
                self.deliver(message)
            except Death:
                self.deaths += 1
                queue.insert(max(0, len(queue) - self.rng.randrange(4)), message)
            if self.rng.randrange(3) == 0:
                self._sweep()
            if self.rng.randrange(40) == 0:
                self._meddle(message.player)

    def _sweep(self) -> None:
        for tx in self.due():
            if self.rng.randrange(2):
                try:
                    resolve.look(TENANT, tx.key, self.now)
                except Death:
                    self.deaths += 1
                except Refusal as refusal:
                    if refusal.name != "OPERATION_IN_PROGRESS":
                        raise

    def due(self) -> list[Tx]:
        """What the index says is due."""
        return [tx for tx in self.txs() if tx.due_key.startswith("WDUE#") and tx.due_at <= self.now]

    def settle(self) -> None:
        """Calm: the operator is well again, late calls arrive, the sweeper works, a person settles what waits for one."""
        self.quiet = self.operator.calm = True
        self.operator.flush()
        self.drive()
        super().settle()
        self.drive()

    def drive(self) -> None:
        """Until nothing is due any more."""
        for _ in range(200):
            stuck = [tx for tx in self.txs() if tx.state == "FAILED"]
            for tx in stuck:
                self.persons += 1
                failed.retry(TENANT, tx.hub_id, "key", "looked into", self.now, known=tx)
            waiting = [tx for tx in self.txs() if tx.due_key.startswith("WDUE#")]
            if not waiting and not stuck:
                return
            self.now = max([self.now, *(tx.due_at for tx in waiting)])
            for tx in waiting:
                resolve.look(TENANT, tx.key, self.now)
        raise AssertionError(f"without end: {waiting}")

    # ------------------------------------------------------------ the audit
    def audit(self) -> None:
        txs = self.txs()
        bonus = self.bonus_grants()
        for player in self.players:
            wallet = self.wallet(player)
            mine = [tx for tx in txs if tx.player_id == player]
            check_sums(wallet, mine, bonus)
            assert not wallet.rounds, wallet.rounds
            assert wallet.spilled == 0
            self.check_operator(f"user-{player[:2]}", mine)
        check_rounds([r for r in self.rounds() if r], txs)
        for message in self.messages:
            check_answers(message, {tx.key: tx for tx in txs})
        assert not [tx for tx in txs if tx.state in ("PENDING", "UNKNOWN", "FAILED")]
        assert not [tx for tx in txs if tx.due_key]

    def rounds(self) -> list[Any]:
        from pitboss.wallet import store

        return [store.round_from_item(r).round for r in self.records("R#")]

    def check_operator(self, user: str, txs: list[Tx]) -> None:
        """Each transaction took effect at the operator exactly if it stands at the hub, and nothing else did."""
        books = self.operator.books[user]
        entries = books.entries
        total = OPENING
        for tx in (tx for tx in txs if tx.kind in ("bet", "win") and tx.state != "TOMBSTONE"):
            entry = entries.get(tx.hub_id)
            applied = entry is not None and entry.state == "DONE"
            assert applied == (tx.state == "DONE"), (tx, entry)
            if applied:
                total += callbacks_moved(tx)
        assert books.player.balance == total, (user, books.player.balance, total)
        assert books.player.balance >= 0
        known = {tx.hub_id for tx in txs}
        strange = [
            e for e in entries.values() if e.action in ("bet", "win") and e.transaction_id not in known
        ]
        assert not strange, strange


def callbacks_moved(tx: Tx) -> int:
    """What a standing transaction moved at the operator, by what the message said."""
    return callbacks.cash(tx) * (-1 if tx.kind == "bet" else 1)
