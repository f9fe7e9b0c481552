"""A bank of one player in memory: decisions of the pure engine applied to dictionaries, and the sums checked each time."""

from dataclasses import dataclass, field, replace
from typing import Any

from pitboss.kernel.ids import ulid
from pitboss.kernel.refusal import Refusal
from pitboss.wallet.book import Decision, Facts, NeedMore, Place
from pitboss.wallet.engine import decide
from pitboss.wallet.free_rounds import FreeRounds
from pitboss.wallet.model import Action, Result, Round, Tx, TxKey, Wallet
from pitboss.wallet.profile import DEFAULT, Profile

PROVIDER, GAME = "acme", "book-of-suns"
T0 = 1_790_000_000_000


def bet(ext_id: str, amount: Any = "10", round_id: str = "r1", **more: Any) -> Action:
    """A bet."""
    return Action(
        "bet", ext_id, round_id, GAME, amount, more.pop("currency", "EUR"), more.pop("type", "bet"), **more
    )


def win(ext_id: str, amount: Any = "20", round_id: str = "r1", **more: Any) -> Action:
    """A win."""
    return Action(
        "win", ext_id, round_id, GAME, amount, more.pop("currency", "EUR"), more.pop("type", "win"), **more
    )


def back(ext_id: str, ref: str, **more: Any) -> Action:
    """A rollback."""
    return Action("rollback", ext_id, ref=ref, **more)


def end(ext_id: str, round_id: str = "r1") -> Action:
    """An end-round."""
    return Action("end", ext_id, round_id, GAME)


def wallet_of(balance: int = 100_000, **more: Any) -> Wallet:
    """A wallet with 1,000.00 EUR."""
    made = Wallet("T1", "P1", "lucky", "u1", "EUR", 2, "transfer", version=1, balance=balance, cash=-balance)
    return replace(made, **more)


@dataclass
class Bank:
    """See the module. `do` answers results, or raises the refusal."""

    wallet: Wallet = field(default_factory=wallet_of)
    profile: Profile = DEFAULT
    facts: Facts = field(default_factory=Facts)
    now: int = T0
    txs: dict[TxKey, Tx] = field(default_factory=dict)
    records: dict[Place, Round] = field(default_factory=dict)
    grants: dict[str, FreeRounds] = field(default_factory=dict)
    calls: int = 0

    def decide(self, *actions: Action, facts: Facts | None = None) -> Decision:
        """The decision, without applying it."""
        self.calls += 1
        known: dict[TxKey, Tx | None] = dict(self.txs)
        records = {p: r for p, r in self.records.items() if any(p[1] == a.round_id for a in actions)}
        while True:
            try:
                return decide(
                    self.wallet,
                    actions,
                    provider=PROVIDER,
                    known=known,
                    records=records,
                    grants=self.grants,
                    profile=self.profile,
                    facts=facts or self.facts,
                    now=self.now,
                    seed=ulid(self.now, self.calls.to_bytes(10, "big")),
                )
            except NeedMore as need:
                known.update({key: self.txs.get(key) for key in need.txs})
                records.update({place: self.records[place] for place in need.rounds})

    def do(self, *actions: Action, facts: Facts | None = None) -> tuple[Result, ...]:
        """Apply the actions; asserts what must hold of the books after every call."""
        decision = self.decide(*actions, facts=facts)
        self.write(decision)
        if decision.refusal is not None:
            raise decision.refusal
        return decision.results

    def write(self, decision: Decision) -> None:
        """Apply a decision as the table would, with its conditions."""
        if decision.wallet is not None:
            assert decision.wallet.version == self.wallet.version + 1
            self.wallet = decision.wallet
        for tx, was in decision.txs:
            standing = self.txs.get(tx.key)
            assert (standing.state if standing else None) == was
            self.txs[tx.key] = tx
        for round_, revision in decision.rounds:
            place = (round_.provider, round_.round_id)
            assert (self.records[place].revision if place in self.records else 0) == revision
            self.records[place] = round_
        for grant, version in decision.grants:
            assert self.grants[grant.id].version == version
            self.grants[grant.id] = replace(grant, version=version + 1)
        check_books(self.wallet)

    def said(self, *actions: Action, facts: Facts | None = None) -> str:
        """The name of the refusal, "OK", or "replay"."""
        try:
            results = self.do(*actions, facts=facts)
        except Refusal as refusal:
            return refusal.name
        return "replay" if all(r.replay for r in results) else "OK"

    @property
    def balance(self) -> int:
        """What the player sees, minor units."""
        return self.wallet.shown

    def round(self, round_id: str = "r1") -> Round:
        """A round, wherever it stands."""
        for round_ in self.wallet.rounds:
            if round_.round_id == round_id:
                return round_
        return self.records[PROVIDER, round_id]


def check_books(wallet: Wallet) -> None:
    """The wallet's accounts sum to zero and nothing of the player is negative."""
    assert wallet.balance + wallet.house + wallet.cash - wallet.receivable == 0, wallet
    assert wallet.balance >= 0, wallet
    assert wallet.receivable >= 0, wallet
