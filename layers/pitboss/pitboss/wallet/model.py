"""The wallet's records: one player's money and play, transactions, rounds. Pure data; amounts in minor units.

A wallet is one item, so that two calls of one player race on its version and nothing else: who loses reads again and
decides again. `balance + house + cash = receivable` holds in every wallet at every version: what a bet takes from the
balance stands in `house`, what was paid in stands in `cash` (negative), what a player owes after a win was taken back
stands in `receivable`. A seamless player's balance is the operator's: there `cash` is the operator's side.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

Mode = Literal["transfer", "seamless"]
Kind = Literal["bet", "win", "rollback", "end", "deposit", "withdraw"]
PlayerStatus = Literal["active", "blocked", "closed"]
RoundStatus = Literal["open", "completed", "cancelled"]
State = Literal["DONE", "REFUSED", "ROLLED_BACK", "TOMBSTONE", "PENDING", "UNKNOWN", "FAILED"]

HUB = "hub"  # the provider of deposits and withdrawals
MAX_SESSIONS = 8
MAX_OPEN = 8  # open rounds in the wallet item; older ones spill to records of their own
MAX_ROUND_TXS = 2_000
MAX_ACTIONS = 20
RING = 4  # closed rounds that the wallet itself still remembers
DAY_MS = 86_400_000
OPEN_SLOT_MS = DAY_MS  # the register of wallets with open rounds has one slot a day
BET_TYPES = ("bet", "free", "jackpot", "tip")
WIN_TYPES = ("win", "free", "promo", "jackpot")


@dataclass(frozen=True, slots=True)
class Limits:
    """A player's limits; None is no limit. Amounts in minor units of the wallet's currency."""

    max_bet: int | None = None
    daily_loss: int | None = None
    weekly_loss: int | None = None
    session_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A session of one device. `digest` is the first 16 bytes of the SHA-256 of the token's secret; b"" until the launch
    token was exchanged. An ended session (logged out, refreshed, evicted) takes no bets; its wins and rollbacks pass.

    `launch` is the digest of a launch token, `launch_until` its end, `used` a digest of the request that exchanged it;
    `external_id` is the operator's own id of the session.
    """

    id: str
    digest: bytes
    device: str
    started_at: int
    expires_at: int
    ended: bool = False
    external_id: str = ""
    launch: bytes = b""
    launch_until: int = 0
    used: bytes = b""


class RoundTx(NamedTuple):
    """A transaction of a round: `kind` is b (bet) or w (win), upper case once it was rolled back; `ref` the bet that a
    win named, or the free rounds that a bet was played with ("-" when they are the provider's own), "" if none."""

    kind: str
    ext_id: str
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """A round of one player. Open ones live in the wallet item (`revision` 0, never recorded) or, spilled, in a record.

    `closed` says that the provider closed it: then no bet is taken any more. A round all of whose bets were rolled
    back is `cancelled`, but open to another bet unless it was closed. Every change of a recorded round raises `revision`.
    `stake` and `win` are what stands (rolled back ones subtracted); free bets add nothing to `stake`. `reopened` is set
    while a bet that opened an ended round again waits for the operator: 1, and 1 more if it was `closed`, 2 if `ended`.
    """

    provider: str
    round_id: str
    game_id: str
    stake: int = 0
    win: int = 0
    started_at: int = 0
    changed_at: int = 0
    settled_at: int = 0
    status: RoundStatus = "open"
    closed: bool = False
    ended: bool = False  # by an end-round action: its bets count as settled
    revision: int = 0
    free: str = ""  # id of the free rounds it was played with; "-" when they are the provider's own
    counted: int = 0  # the part of `stake` that points were told of as closed
    txs: tuple[RoundTx, ...] = ()
    reopened: int = 0

    @property
    def bets(self) -> int:
        """Bets that stand."""
        return sum(1 for tx in self.txs if tx.kind == "b")

    def played_with(self, free_id: str) -> bool:
        """Whether a bet of these free rounds stands in it."""
        return any(tx.kind == "b" and tx.ref == free_id for tx in self.txs)

    def without(self, kind: str, ext_id: str) -> "Round":
        """As if a transaction (`kind` as in RoundTx) had never been in it."""
        return self._with(tuple(tx for tx in self.txs if tx[:2] != (kind, ext_id)))

    def not_free_by(self, kind: str, ext_id: str) -> "Round":
        """As if a transaction in it had not been played with free rounds."""
        return self._with(tuple(tx._replace(ref="") if tx[:2] == (kind, ext_id) else tx for tx in self.txs))

    def _with(self, txs: tuple[RoundTx, ...]) -> "Round":
        free = next((tx.ref for tx in reversed(txs) if tx.kind in "bB" and tx.ref), "")
        return replace(self, txs=txs, free=free)

    @property
    def emptied(self) -> bool:
        """Whether no bet and no win stands in it."""
        return not self.bets and not self.wins

    @property
    def wins(self) -> int:
        """Wins that stand."""
        return sum(1 for tx in self.txs if tx.kind == "w")


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """A round as recorded, with whose it is: what the ledger's stream carries on."""

    tenant_id: str
    player_id: str
    brand_id: str
    user_id: str
    currency: str
    exponent: int
    round: Round


@dataclass(frozen=True, slots=True)
class Wallet:
    """One player's wallet (see the module). Instants are ms, 0 for never; `version` 0 is not stored yet.

    `day`/`week` number the UTC day and week (from Monday) whose net loss `day_loss`/`week_loss` hold. `ring` holds short
    hashes of rounds closed last. `marked` is the last slot of the open-rounds register that this wallet stands in.
    `spilled` counts open rounds kept in records. `held` counts failed wins and rollbacks, which bar bets where the
    agent wants it.
    """

    tenant_id: str
    player_id: str
    brand_id: str
    user_id: str
    currency: str
    exponent: int
    mode: Mode
    version: int = 0
    balance: int = 0
    house: int = 0
    cash: int = 0
    receivable: int = 0
    status: PlayerStatus = "active"
    self_excluded_until: int = 0
    cool_off_until: int = 0
    limits: Limits = Limits()
    next_limits: Limits | None = None
    next_limits_at: int = 0
    day: int = 0
    day_loss: int = 0
    week: int = 0
    week_loss: int = 0
    country: str = ""
    language: str = ""
    reality_check_minutes: int = 0
    marked: int = 0
    spilled: int = 0
    held: int = 0
    sessions: tuple[Session, ...] = ()
    rounds: tuple[Round, ...] = ()
    ring: tuple[str, ...] = ()

    @property
    def shown(self) -> int:
        """The balance as answers show it: negative by what the player owes."""
        return self.balance - self.receivable

    def limits_at(self, now: int) -> Limits:
        """The limits in force: looser ones wait until `next_limits_at`."""
        return (
            self.next_limits if self.next_limits is not None and now >= self.next_limits_at else self.limits
        )


class TxKey(NamedTuple):
    """What names a transaction inside a tenant. `player_id` is "" unless the provider's ids are per player."""

    provider: str
    kind: str
    ext_id: str
    player_id: str = ""


@dataclass(frozen=True, slots=True)
class Tx:
    """A transaction as recorded for good.

    `hub_id` is ours. `before`/`after` are the balances shown around it (a seamless player's: the operator's, as it told).
    `version` is the wallet's version after it: it orders a player's transactions. `round_status` is the round's right
    after. `ref` names the bet of a win or the target of a rollback; `undone_by` the rollback that undid this one.
    `raw` is the request's body under zlib and `facts` the header facts (JSON), for the inspector. Times in ms.
    `due_key`/`due_at` put a seamless transaction on the list of those to be driven to an end; `before` and `after` are
    None until the operator told. `leader` is the stored key of the first transaction of its list ("" for that itself),
    `members` (leader only) those of the others; `undo` says that it is being taken back, `lease_until` who drives it.
    `marks` is what its message to the operator says beside (callbacks.py).
    """

    tenant_id: str
    key: TxKey
    hub_id: str
    player_id: str
    brand_id: str
    user_id: str
    currency: str
    exponent: int
    state: State
    amount: int = 0
    type: str = ""
    round_id: str = ""
    game_id: str = ""
    ref: str = ""
    round_closed: bool = False
    free_id: str = ""
    fingerprint: str = ""
    before: int | None = None
    after: int | None = None
    version: int = 0
    round_status: str = ""
    at: int = 0
    session_id: str = ""
    refusal: str = ""
    detail: str = ""
    undone_by: str = ""
    operator_tx: str = ""
    attempts: int = 0
    due_key: str = ""
    due_at: int = 0
    note: str = ""
    leader: str = ""
    members: tuple[str, ...] = ()
    undo: bool = False
    lease_until: int = 0
    ref_hub_id: str = ""
    external_session_id: str = ""
    marks: str = ""
    raw: bytes = b""
    facts: str = ""

    @property
    def provider(self) -> str:
        """The integration whose transaction it is; HUB for deposits and withdrawals."""
        return self.key.provider

    @property
    def kind(self) -> str:
        """bet, win, rollback, end, deposit, withdraw."""
        return self.key.kind

    @property
    def ext_id(self) -> str:
        """The provider's own id of it."""
        return self.key.ext_id


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a provider asks for. `amount` is as it was sent (int, str, Decimal; None where not given): its scale
    is the profile's, its decimals the wallet's. `ref` is the bet of a win or the target of a rollback."""

    kind: Kind
    ext_id: str
    round_id: str = ""
    game_id: str = ""
    amount: Any = None
    currency: str = ""
    type: str = ""
    ref: str = ""
    free_id: str = ""
    round_closed: bool = False
    target: Literal["", "bet", "win"] = ""


class Result(NamedTuple):
    """What became of one action. `replay` says that it had been applied before and this call moved nothing."""

    action: Action
    tx: Tx
    replay: bool


class Outcome(NamedTuple):
    """What became of a call. `balance` is that after its last action as it was then; `current` as it is now; `free_left`
    the free rounds left of the grant it played."""

    wallet: Wallet
    results: tuple[Result, ...]
    balance: int
    current: int
    free_left: int | None = None
    warnings: tuple[str, ...] = ()

    @property
    def replay(self) -> bool:
        """Whether every action had been applied before."""
        return all(result.replay for result in self.results)
