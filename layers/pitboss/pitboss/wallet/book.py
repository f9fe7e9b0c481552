"""The working copy that a decision is made on: the wallet, its rounds and grants, and what came of the actions so far.

Everything is applied here in memory; `Decision` says what to write. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pitboss.kernel.ids import derive_ulid
from pitboss.kernel.refusal import Refusal
from pitboss.wallet.free_rounds import FreeRounds
from pitboss.wallet.model import (
    MAX_OPEN,
    MAX_ROUND_TXS,
    OPEN_SLOT_MS,
    RING,
    Action,
    Result,
    Round,
    RoundStatus,
    RoundTx,
    State,
    Tx,
    TxKey,
    Wallet,
)
from pitboss.wallet.profile import Profile
from pitboss.wallet.rules import round_mark

Place = tuple[str, str]  # provider and round id
ROUND_BYTES = 250_000  # of one recorded round: an item holds 400 KB
MAX_WRITES = 99  # of one decision: a transaction of DynamoDB has 100 items, and points may need one
SPILL_BYTES = 520  # of open rounds in the wallet item: with sessions and the rest it stays near 1,024 bytes


class NeedMore(Exception):  # noqa: N818 - a question, not an error
    """The decision depends on what was not read: read it too and decide again."""

    def __init__(
        self, *, txs: tuple[TxKey, ...] = (), rounds: tuple[Place, ...] = (), grants: tuple[str, ...] = ()
    ) -> None:
        super().__init__("more must be read")
        self.txs = txs
        self.rounds = rounds
        self.grants = grants


@dataclass(frozen=True, slots=True)
class Facts:
    """What the world says about a call beyond the wallet. Refusals here concern bets only.

    `session` or `agent` bar any bet (session expired; agent suspended or short of points); `games` holds, for each
    game named, None or why no bet is taken on it. `lock_on_failed`: whether the agent wants no bets of a player for whom
    something failed. `session_id`, `external_session_id` are recorded.
    """

    session: Refusal | None = None
    agent: Refusal | None = None
    games: Mapping[str, Refusal | None] = field(default_factory=dict)
    session_id: str = ""
    external_session_id: str = ""
    session_started_at: int = 0
    lock_on_failed: bool = True


class Sums(NamedTuple):
    """What the actions did to the stakes, in minor units: see points' Play."""

    bets: int = 0
    wins: int = 0
    rollbacks: int = 0
    late_rollbacks: int = 0
    unwins: int = 0
    closed: int = 0
    deposits: int = 0
    withdrawals: int = 0


class Decision(NamedTuple):
    """What to write, all or nothing. `wallet` is None when it stays as it is; else it is put at its next version.

    `txs` come with the state that they replace (None: new), `rounds` and `grants` with their former revision and version
    (0: new). `open_mark`: the wallet is to be entered in the register of open rounds. `refusal` is raised after the
    writes: it is final and recorded.
    """

    wallet: Wallet | None
    txs: tuple[tuple[Tx, str | None], ...]
    rounds: tuple[tuple[Round, int], ...]
    grants: tuple[tuple[FreeRounds, int], ...]
    results: tuple[Result, ...]
    sums: Sums
    open_mark: bool = False
    refusal: Refusal | None = None

    @property
    def writes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.wallet or self.txs or self.rounds or self.grants)

    @property
    def size(self) -> int:
        """How many items are written, points' apart."""
        items = len(self.txs) + len(self.rounds) + len(self.grants)
        return items + (self.wallet is not None) + self.open_mark


class Book:
    """See the module. `known` are the transactions that were read (None: read, and not there)."""

    def __init__(
        self,
        wallet: Wallet,
        known: Mapping[TxKey, Tx | None],
        records: Mapping[Place, Round],
        grants: Mapping[str, FreeRounds],
        profile: Profile,
        provider: str,
        now: int,
        seed: str,
    ) -> None:
        self.before = wallet
        self.wallet = wallet
        self.profile = profile
        self.provider = provider
        self.now = now
        self.seed = seed
        self.known: dict[TxKey, Tx | None] = dict(known)
        self._were: dict[TxKey, str | None] = {}
        self._records = records
        self._grants_were = grants
        self.rounds: dict[Place, Round] = dict(records)
        for mine in wallet.rounds:
            place = (mine.provider, mine.round_id)
            self.rounds[place] = merged(records[place], mine) if place in records else mine
        self._changed: dict[Place, None] = {}
        self.ending: set[Place] = set()  # rounds whose end this call brought, while it may still wait
        self.grants: dict[str, FreeRounds] = dict(grants)
        self.results: list[Result] = []
        self.sums = Sums()

    @property
    def seamless(self) -> bool:
        """Whether the balance is the operator's."""
        return self.wallet.mode == "seamless"

    @property
    def shown(self) -> int | None:
        """The balance that the player sees; None where only the operator can tell it."""
        return None if self.seamless else self.wallet.shown

    # ------------------------------------------------------------ transactions
    def tx(self, key: TxKey) -> Tx | None:
        """A transaction, or None if there is none. NeedMore if nobody looked yet."""
        if key not in self.known:
            raise NeedMore(txs=(key,))
        return self.known[key]

    def is_new(self, key: TxKey) -> bool:
        """Whether this very call made the transaction."""
        return key in self._were and self._were[key] is None

    def put_tx(self, tx: Tx) -> None:
        """Record a transaction as it is now."""
        if tx.key not in self._were:
            before = self.known.get(tx.key)
            self._were[tx.key] = before.state if before else None
        self.known[tx.key] = tx

    def new_tx(self, action: Action, key: TxKey, state: State, fingerprint: str, facts: Facts) -> Tx:
        """The record of an action, with what every record has."""
        w = self.wallet
        return Tx(
            tenant_id=w.tenant_id,
            key=key,
            hub_id=derive_ulid(self.seed, f"{key.kind}\x1f{key.ext_id}"),
            player_id=w.player_id,
            brand_id=w.brand_id,
            user_id=w.user_id,
            currency=w.currency,
            exponent=w.exponent,
            state=state,
            type=action.type,
            round_id=action.round_id,
            game_id=action.game_id,
            ref=action.ref,
            free_id=action.free_id,
            fingerprint=fingerprint,
            at=self.now,
            session_id=facts.session_id,
            external_session_id=facts.external_session_id,
        )

    def add(self, **more: int) -> None:
        """Add to the sums."""
        self.sums = self.sums._replace(**{k: getattr(self.sums, k) + v for k, v in more.items()})

    # ------------------------------------------------------------ money
    def move(self, amount: int) -> None:
        """To the player (positive) or from the player (negative), against the house."""
        w = self.wallet
        if self.seamless:
            self.wallet = replace(w, house=w.house - amount, cash=w.cash + amount)
            return
        owed = min(w.receivable, amount) if amount > 0 else 0
        self.wallet = replace(
            w, balance=w.balance + amount - owed, receivable=w.receivable - owed, house=w.house - amount
        )

    # ------------------------------------------------------------ rounds
    def put_round(self, round_: Round, tx: RoundTx | None = None) -> Round:
        """The round as it is now, with one more transaction."""
        if tx is not None:
            # Bets leave room: what is owed for them must still fit, and a win names its bet beside itself.
            few, small, name = (2, 3, "ROUND_CLOSED") if tx.kind == "b" else (1, 1, "CONFLICT")
            many, most = len(round_.txs), MAX_ROUND_TXS // few
            if many >= most or (many > 100 and weight(round_) > ROUND_BYTES // small):
                raise Refusal(name, f"The round is full: it holds at most {most} transactions.")
            round_ = replace(round_, txs=(*round_.txs, tx))
        place = (round_.provider, round_.round_id)
        round_ = replace(round_, changed_at=self.now)
        self.rounds[place] = round_
        self._changed.pop(place, None)
        self._changed[place] = None
        return round_

    def close(self, round_: Round, *, flag: bool, ended: bool = False) -> Round:
        """End a round: completed when something of it stands, else cancelled. `flag`: by the provider's word."""
        status: RoundStatus = "cancelled" if round_.emptied else "completed"
        self.add(closed=round_.stake - round_.counted)
        return self.put_round(
            replace(
                round_,
                status=status,
                closed=round_.closed or flag,
                ended=round_.ended or ended,
                settled_at=self.now,
                counted=round_.stake,
                reopened=0,
            )
        )

    def close_again(self, round_: Round) -> Round:
        """End a round that only what is void had opened again, with the provider's word as it was."""
        if round_.reopened:
            flags = round_.reopened - 1
            round_ = replace(round_, closed=bool(flags & 1), ended=bool(flags & 2))
        return self.close(round_, flag=False)

    # ------------------------------------------------------------ grants
    def grant(self, grant_id: str) -> FreeRounds:
        """The free rounds of a recorded transaction."""
        if grant_id not in self.grants:
            raise NeedMore(grants=(grant_id,))
        return self.grants[grant_id]

    def put_grant(self, grant: FreeRounds) -> None:
        """The grant as it is now."""
        self.grants[grant.id] = grant

    # ------------------------------------------------------------ outcome
    def decision(self) -> Decision:
        """What to write."""
        txs = tuple((self._tx(key), was) for key, was in self._were.items())
        rounds = self._lay_rounds()
        grants = tuple(
            (g, self._grants_were[g.id].version) for g in self.grants.values() if g != self._grants_were[g.id]
        )
        changed = self.wallet != self.before
        version = self.before.version + changed
        txs = tuple((replace(tx, version=version) if was is None else tx, was) for tx, was in txs)
        written = {tx.key: tx for tx, _ in txs}
        results = tuple(
            r._replace(tx=written.get(r.tx.key, r.tx)) if not r.replay else r for r in self.results
        )
        mark = self.wallet.marked != self.before.marked
        return Decision(
            replace(self.wallet, version=version) if changed else None,
            txs,
            rounds,
            grants,
            results,
            self.sums,
            mark,
        )

    def _tx(self, key: TxKey) -> Tx:
        tx = self.known[key]
        assert tx is not None  # noqa: S101 - put_tx only takes transactions
        return tx

    def _lay_rounds(self) -> tuple[tuple[Round, int], ...]:
        """Where each changed round goes: open ones into the wallet (or stay in their record), others into records."""
        mine = {(r.provider, r.round_id): r for r in self.wallet.rounds}
        recorded: list[tuple[Round, int]] = []
        ring = self.wallet.ring
        spilled = self.wallet.spilled
        for place in self._changed:
            round_ = self.rounds[place]
            old = self._records.get(place)
            if old is None and round_.status == "open":
                mine.pop(place, None)
                if round_.txs:
                    mine[place] = round_  # at the end: the one changed last
                continue
            mine.pop(place, None)
            was = old.revision if old else 0
            recorded.append((replace(round_, revision=was + 1), was))
            spilled += (round_.status == "open") - (old is not None and old.status == "open")
            if round_.status != "open":
                mark = round_mark(*place)
                ring = (*(m for m in ring if m != mark), mark)[-RING:]
        kept = list(mine.values())
        while kept and (len(kept) > MAX_OPEN or sum(map(weight, kept)) > SPILL_BYTES):
            gone = kept.pop(0)
            place = (gone.provider, gone.round_id)
            old = self._records.get(place)
            was = old.revision if old else 0
            recorded.append((replace(self.rounds[place] if old else gone, revision=was + 1), was))
            spilled += old is None or old.status != "open"
        slot = self.now // OPEN_SLOT_MS
        has_open = bool(kept or spilled)  # a round that was opened again in its record is in no wallet item
        marked = slot if has_open and self._changed and self.wallet.marked < slot else self.wallet.marked
        self.wallet = replace(self.wallet, rounds=tuple(kept), ring=ring, spilled=spilled, marked=marked)
        return tuple(recorded)


def as_reopened(round_: Round) -> int:
    """What `reopened` of a round is once a bet that waits has opened it again."""
    return round_.reopened if round_.status == "open" else 1 + round_.closed + 2 * round_.ended


def merged(record: Round, mine: Round) -> Round:
    """A recorded round and a part of it that stands in the wallet: it was opened again from a read that did not show the
    record yet. Nothing of either is lost."""
    return replace(
        record,
        stake=record.stake + mine.stake,
        win=record.win + mine.win,
        changed_at=max(record.changed_at, mine.changed_at),
        status="open",
        txs=record.txs + mine.txs,
        free=record.free or mine.free,
        reopened=as_reopened(record),
    )


def weight(round_: Round) -> int:
    """About the bytes of a round in the wallet item."""
    ids = (
        round_.provider,
        round_.round_id,
        round_.game_id,
        *(x for tx in round_.txs for x in (tx.ext_id, tx.ref)),
    )
    return 48 + 12 * len(round_.txs) + sum(len(text.encode()) for text in ids)
