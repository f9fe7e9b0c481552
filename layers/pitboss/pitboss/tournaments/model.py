"""Tournaments and entries as the use cases see them. Amounts are minor units of the tournament's currency, instants are
milliseconds; a record is never changed in place, `dataclasses.replace` makes the next one."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pitboss.kernel.ids import derive_ulid
from pitboss.scoring.public import Seat, Stint

# Statuses of a tournament, in the order of its life; the three side exits at the end.
DRAFT, SCHEDULED, REGISTRATION, RUNNING, PAUSED = "draft", "scheduled", "registration", "running", "paused"
CLOSING, PROVISIONAL, REVIEW, FINAL = "closing", "provisional", "review", "final"
PAYING, SETTLED, CANCELLED, VOIDED = "paying", "settled", "cancelled", "voided"
STATUSES = (
    DRAFT,
    SCHEDULED,
    REGISTRATION,
    RUNNING,
    PAUSED,
    CLOSING,
    PROVISIONAL,
    REVIEW,
    FINAL,
    PAYING,
    SETTLED,
    CANCELLED,
    VOIDED,
)
ENTERABLE = (REGISTRATION, RUNNING)
BEFORE_START = (SCHEDULED, REGISTRATION)
REFUNDING = (CANCELLED, VOIDED)

# Statuses of an entry.
PENDING, ACTIVE, WITHDRAWN = "pending_payment", "active", "withdrawn"
DISQUALIFIED, DECLINED, REFUNDED = "disqualified", "declined", "refunded"

NEVER = (1 << 53) - 1


class Purchase(NamedTuple):
    """What a rebuy or an add-on costs and does.

    `effect`: `new_entry` (a further entry; the rule set says which counts), `reset` (a further entry, only the last
    counts), `add_rounds` and `add_points` (`gives` more rounds under first-N, or points in the rule set's scale).
    """

    fee: int
    rake: int
    most: int
    until: int | None
    effect: str
    gives: int


@dataclass(frozen=True, slots=True)
class Spec:
    """What the operator asked for, normalised. `max_players` 0 means no limit; `collect` says who takes the buy-in:
    `callback` (we call the operator's debit callback) or `operator` (its registering call is the proof)."""

    name: str
    start_at: int
    end_at: int
    opens_at: int
    late_until: int
    currency: str
    exponent: int
    rules: dict[str, Any]
    ranking: dict[str, Any]
    prizes: dict[str, Any] | None
    max_players: int = 0
    min_players: int = 0
    on_short: str = "start"
    buy_in: int = 0
    rake: int = 0
    rebuy: Purchase | None = None
    add_on: Purchase | None = None
    guarantee: int = 0
    seed: int = 0
    brands: tuple[str, ...] = ()
    games: tuple[str, ...] = ()
    grace_ms: int = 60_000
    approval: str = "auto"
    external_ref: str = ""
    expected_players: int = 0
    collect: str = "callback"
    max_prize_cost: int | None = None

    @property
    def price(self) -> int:
        """What a player pays to enter: buy-in and rake."""
        return self.buy_in + self.rake


@dataclass(frozen=True, slots=True)
class Tournament:
    """One tournament. `version` moves with every transition and change of the document, not with registrations.

    `seats` counts reserved and taken seats, `players` those confirmed, `entries` all confirmed entries (rebuys too).
    `collected` is what the pool had taken in when the result was made; until then the ledger knows.
    `due_at` is when the clock must look at it next, `NEVER` if nothing is to come. `asked` is the request as it came
    (amounts as decimal strings), so that a later change of one field, or a clone, starts from the creator's own words.
    """

    tenant_id: str
    tournament_id: str
    version: int
    status: str
    spec: Spec
    created_at: int
    created_by: str
    due_at: int = NEVER
    seats: int = 0
    players: int = 0
    entries: int = 0
    pages: int = 0
    pauses: tuple[tuple[int, int], ...] = ()
    late_closed: bool = False
    published_at: int = 0
    started_at: int = 0
    ended_at: int = 0
    finalised_at: int = 0
    settled_at: int = 0
    rule_set_hash: str = ""
    prize_table_hash: str = ""
    result_version: int = 0
    result_wanted: int = 0
    planned_version: int = 0
    collected: int = 0
    approved_by: str = ""
    reason: str = ""
    void_policy: str = ""
    refunded: bool = False
    archived: bool = False
    cloned_from: str = ""
    asked: dict[str, Any] = field(default_factory=dict)

    @property
    def grace_until(self) -> int:
        """Until when late rounds are taken in."""
        return self.spec.end_at + self.spec.grace_ms


class Pending(NamedTuple):
    """A purchase whose debit is not decided: `ref` is the debit's reference, the same on every attempt."""

    ref: str
    kind: str  # buy_in, rebuy, add_on
    fee: int
    rake: int
    at: int


class Paid(NamedTuple):
    """A confirmed purchase; `refund` is the reference of its refund once one is owed."""

    ref: str
    kind: str
    fee: int
    rake: int
    at: int
    refund: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A player's place in a tournament: one seat, its stints (first entry and rebuys), and what was paid for them.

    `attempt` counts registrations of this player (one after a withdrawal is a new attempt with a new debit);
    `due_at` is when the sweeper must look at it, 0 when nothing is open. `roster` is the seat as the scorer last got it.
    """

    tenant_id: str
    tournament_id: str
    entry_id: str
    brand_id: str
    player_id: str
    display_name: str
    status: str
    version: int
    attempt: int
    registered_at: int
    joined_at: int = 0
    country: str = ""
    stints: tuple[Stint, ...] = ()
    pending: Pending | None = None
    paid: tuple[Paid, ...] = ()
    reason: str = ""
    due_at: int = 0
    roster: Seat | None = None

    @property
    def key(self) -> str:
        """The player key: brand and player, told apart by a character that neither may contain."""
        return player_key(self.brand_id, self.player_id)

    def count(self, kind: str) -> int:
        """Confirmed purchases of a kind that were not refunded."""
        return sum(1 for paid in self.paid if paid.kind == kind and not paid.refund)

    @property
    def total_paid(self) -> int:
        """Buy-ins, rebuys, add-ons and their rake, refunded ones apart."""
        return sum(paid.fee + paid.rake for paid in self.paid if not paid.refund)


class Actor(NamedTuple):
    """Who made a change, as the history keeps it: a key's id, or `clock`, `settler`, `money`."""

    name: str
    request_id: str
    now: int


class Event(NamedTuple):
    """A history event of a tournament; `type` is one of the event catalogue."""

    type: str
    data: dict[str, Any]


def player_key(brand_id: str, player_id: str) -> str:
    """The one key of a player within a tenant."""
    return f"{brand_id}\x1f{player_id}"


def refund_ref(debit_ref: str) -> str:
    """The reference of the refund of a debit: always the same one, so that it can be asked for again and again."""
    return derive_ulid(debit_ref, "refund")
