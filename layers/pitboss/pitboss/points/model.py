"""Points of the agent tree, as frozen records.

An amount of points is an integer: ten-thousandths (`SCALE`) of the currency's smallest unit, so that a rate in basis points
of any stake is exact. Stakes and wins come in minor units; only this context multiplies.

An account has a `Main` part, moved by transfers one at a time, and `Slice`s, drawn by play at the same time. Always
`balance = main.free + sum(slice.amount)` and `main.funded = balance + played`: what came in is there or was played.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Policy = Literal["none", "ggr", "face_value"]
Status = Literal["active", "frozen", "closed"]
Mode = Literal["transfer", "seamless"]
MoveType = Literal["mint", "burn", "transfer", "return"]
TransferState = Literal["DONE", "PENDING", "REJECTED"]

SCALE = 10_000
SCALE_DIGITS = 4
MAX_SLICES = 64
DEFAULT_SLICES = 8
MAX_ALERTS = 10
MAX_RATE_BPS = 10_000
PENDING_MS = 7 * 86_400_000
LOOSEN_MS = 86_400_000
MAIN = -1  # the place of a shift that is no slice

# What entries add up by kind; a statement is the difference of two of them.
TOTALS = ("minted", "burned", "fromParent", "toParent", "toChildren", "fromChildren")


class Play(NamedTuple):
    """What one wallet transaction does to points, added up, in minor units of the player's currency.

    * `bets`: stakes taken. `wins`: wins credited. `unwins`: wins taken back.
    * `rollbacks`: stakes given back of rounds still open; `late_rollbacks`: of rounds already closed.
    * `closed`: net stake (bets less rollbacks) of the rounds that this transaction closes.
    * `deposits`, `withdrawals`: between agent and player in transfer mode.
    """

    mode: Mode
    bets: int = 0
    wins: int = 0
    rollbacks: int = 0
    late_rollbacks: int = 0
    unwins: int = 0
    closed: int = 0
    deposits: int = 0
    withdrawals: int = 0


class Draw(NamedTuple):
    """What a play does to a slice: refused unless `amount >= need`, then `amount += net`.

    `opened` (stakes in open rounds) and `lent` (deposits less withdrawals) are changes in minor units.
    """

    need: int
    net: int
    opened: int
    lent: int

    @property
    def idle(self) -> bool:
        """Nothing moves and nothing is asked."""
        return not any(self)


@dataclass(frozen=True, slots=True)
class Billing:
    """How play consumes the points of a node; version 0 is "never set".

    * `rate_bps`: for `ggr`, of bets less wins; in force is the least of it and the rates above.
    * `floor`: play and transfers leave at least this. `alert_at`: thresholds, falling.
    * `approval_over`: moves above it wait for a second key; None never. A loosening by the node itself waits until
      `loosens_at`, up to which `approval_before` holds.
    """

    version: int = 0
    policy: Policy = "none"
    rate_bps: int = 0
    floor: int = 0
    alert_at: tuple[int, ...] = ()
    slices: int = DEFAULT_SLICES
    approval_over: int | None = None
    approval_before: int | None = None
    loosens_at: int = 0

    def approval_limit(self, now: int) -> int | None:
        """The limit in force at `now`."""
        if now >= self.loosens_at or self.approval_before is None:
            return self.approval_over
        if self.approval_over is None:
            return self.approval_before
        return min(self.approval_over, self.approval_before)


@dataclass(frozen=True, slots=True)
class Main:
    """The part of an account that transfers move. `free` is in no slice; `funded` is all that ever came in less what
    went out by transfers; `made` slices exist. Version 0 is an account that nobody has touched yet."""

    tenant_id: str
    currency: str
    exponent: int
    version: int = 0
    status: Status = "active"
    free: int = 0
    funded: int = 0
    made: int = 0
    seq: int = 0
    last_at: int = 0
    totals: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(TOTALS, 0))


@dataclass(frozen=True, slots=True)
class Slice:
    """A part that play draws from. `allot` is what shifts have put in, so `allot - amount` was played here. `days` is
    what was played on UTC days ("20261121") that are not booked yet."""

    index: int
    amount: int = 0
    allot: int = 0
    opened: int = 0
    lent: int = 0
    days: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """An account as it was read: its parts, its billing, and the rate in force."""

    main: Main
    billing: Billing
    slices: tuple[Slice, ...]
    rate_bps: int

    @property
    def balance(self) -> int:
        """All points of the node."""
        return self.main.free + sum(part.amount for part in self.slices)

    @property
    def available(self) -> int:
        """Points above the floor; negative below it."""
        return self.balance - self.billing.floor

    @property
    def played(self) -> int:
        """Points that play has consumed so far, less what it gave back."""
        return sum(part.allot - part.amount for part in self.slices)


class Shift(NamedTuple):
    """Points from one place of an account to another; `MAIN` or the index of a slice."""

    source: int
    target: int
    amount: int


@dataclass(frozen=True, slots=True)
class Actor:
    """Who moved points: the key, the node it belongs to, the address it called from."""

    key_id: str
    tenant_id: str
    ip: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an account. `before` and `after` are of `funded`; `played` was read just before, so the balance was
    `before - played` and became `after - played`. `totals` are the account's after this entry."""

    tenant_id: str
    seq: int
    at: int
    kind: str
    amount: int
    before: int
    after: int
    played: int
    reason: str
    actor: Actor
    totals: Mapping[str, int]
    transfer_id: str = ""
    counterparty: str = ""
    approver: Actor | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A movement of points, asked for by `tenant_id`. `source` and `target` are nodes, "" for the root's mint."""

    id: str
    tenant_id: str
    agent_id: str
    type: MoveType
    source: str
    target: str
    amount: int
    currency: str
    exponent: int
    state: TransferState
    reason: str
    at: int
    actor: Actor
    decided_at: int = 0
    decided_by: Actor | None = None
    decision: str = ""

    def expired(self, now: int) -> bool:
        """Whether nobody approved it in time."""
        return self.state == "PENDING" and now >= self.at + PENDING_MS


@dataclass(frozen=True, slots=True)
class Alert:
    """Points fell to a threshold or below it."""

    at: int
    threshold: int
    balance: int


@dataclass(frozen=True, slots=True)
class Statement:
    """An account over whole UTC days. `lines` are the totals' differences; opening + in - out - play = closing."""

    opening: int
    lines: Mapping[str, int]
    play: int
    closing: int

    @property
    def ties(self) -> bool:
        """Whether the sums tie."""
        into = self.lines["minted"] + self.lines["fromParent"] + self.lines["fromChildren"]
        out = self.lines["burned"] + self.lines["toParent"] + self.lines["toChildren"]
        return self.opening + into - out - self.play == self.closing
