"""What is reported: rows of transactions and rounds, and the figures that follow from them. Pure; amounts in minor units.

A row is told by its id and holds what is known of it now; figures are sums over rows, so that whatever is delivered twice,
late or in other portions comes to the same figures.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

LANES = 4
SLOT_MS = 1_000
DAY_MS = 86_400_000
ROUND = "round"  # the kind of a row that stands for a round
TX_KINDS = ("bet", "win", "rollback", "end", "deposit", "withdraw")
STATES = ("PENDING", "UNKNOWN", "DONE", "REFUSED", "ROLLED_BACK", "TOMBSTONE", "FAILED")
FREE, PROMO = "free", "promo"


class Row(NamedTuple):
    """A transaction, or a round, as reports know it.

    `id` is the hub's id (of a round: a hash of its provider, id and player), `at` the instant in that id (of a round: its
    start). `scope` is the player where the provider's ids are per player. `state` of a round is its status. `order` is the
    wallet's version after it. `message` and `request` are short hashes of the ids that the call came under, 0 for none:
    they find it again (see inspected). `seq` is the stream's sequence number: of two rows of one id, the higher one is the newer.
    """

    id: str
    at: int
    kind: str
    state: str
    provider: str
    ext_id: str
    scope: str
    player_id: str
    brand_id: str
    user_id: str
    round_id: str
    game_id: str
    type: str
    amount: int
    currency: str
    exponent: int
    ref: str
    free_id: str
    before: int | None
    after: int | None
    order: int
    refusal: str
    message: int
    request: int
    seq: int

    @property
    def place(self) -> str:
        """Its sort key wherever rows stand in order of time."""
        return f"{self.at:013d}#{self.id}"


class Cell(NamedTuple):
    """What figures are kept apart by. Amounts of two currencies, or of two scales of one, are never added."""

    provider: str
    brand_id: str
    game_id: str
    currency: str
    exponent: int


class Figures(NamedTuple):
    """Sums over rows; amounts in minor units.

    * `bets`, `stake`: cash bets that stand (tips and jackpot contributions too). A rolled back one is in
      `cancelled_bets`, `cancelled_stake` instead, a refused one in `refused`.
    * `wins`, `won`: wins of cash play, with jackpots; `wins` counts those above zero.
    * `free_bets`, `free_won`: of free rounds; `promo`: wins that no play earned.
    * `pending`: transactions whose end is not known yet; they are in no other figure.
    * `rounds`, `cancelled_rounds`: closed rounds.
    """

    bets: int = 0
    stake: int = 0
    wins: int = 0
    won: int = 0
    free_bets: int = 0
    free_won: int = 0
    promo: int = 0
    cancelled_bets: int = 0
    cancelled_stake: int = 0
    refused: int = 0
    pending: int = 0
    rounds: int = 0
    cancelled_rounds: int = 0
    deposited: int = 0
    withdrawn: int = 0

    @property
    def ggr(self) -> int:
        """Gross gaming revenue: cash stakes less cash wins."""
        return self.stake - self.won

    @property
    def ngr(self) -> int:
        """What is left of it after free rounds and promotions."""
        return self.ggr - self.free_won - self.promo

    @property
    def rtp_bps(self) -> int | None:
        """Return to player in basis points, rounded down; None where nothing was staked."""
        return self.won * 10_000 // self.stake if self.stake else None


NOTHING = Figures()
MONEY = frozenset(
    ("stake", "won", "free_won", "promo", "cancelled_stake", "deposited", "withdrawn", "ggr", "ngr")
)


def added(one: Figures, other: Figures, sign: int = 1) -> Figures:
    """The sum of two, or with sign -1 their difference."""
    return Figures(*(a + sign * b for a, b in zip(one, other, strict=True)))


def figures_of(row: Row) -> Figures:
    """What one row counts for."""
    if row.kind == ROUND:
        return {"completed": Figures(rounds=1), "cancelled": Figures(cancelled_rounds=1)}.get(
            row.state, NOTHING
        )
    if row.state in ("PENDING", "UNKNOWN"):
        return Figures(pending=1)
    if row.kind == "bet":
        return _of_bet(row)
    if row.state != "DONE":
        return NOTHING
    match row.kind:
        case "win" if row.type == PROMO:
            return Figures(promo=row.amount)
        case "win" if row.type == FREE or row.free_id:
            return Figures(free_won=row.amount)
        case "win":
            return Figures(wins=int(row.amount > 0), won=row.amount)
        case "deposit":
            return Figures(deposited=row.amount)
        case "withdraw":
            return Figures(withdrawn=row.amount)
    return NOTHING


def _of_bet(row: Row) -> Figures:
    free = row.type == FREE
    match row.state:
        case "DONE":
            return Figures(free_bets=1) if free else Figures(bets=1, stake=row.amount)
        case "ROLLED_BACK":
            return Figures(cancelled_bets=1, cancelled_stake=0 if free else row.amount)
        case "REFUSED":
            return Figures(refused=1)
    return NOTHING


def cell_of(row: Row) -> Cell:
    """Where a row's figures are added."""
    return Cell(row.provider, row.brand_id, row.game_id, row.currency, row.exponent)


def mark_of(any_id: str) -> int:
    """A short hash of an id (32 bits, never 0): enough to look for it in a log, where every hit is looked at."""
    return int.from_bytes(hashlib.blake2b(any_id.encode("utf-8", "replace"), digest_size=4).digest()) or 1


def lane_of(player_id: str) -> int:
    """Which of a tenant's lanes a player's rows stand in; for good."""
    return hashlib.blake2b(player_id.encode(), digest_size=2).digest()[0] % LANES


def slot_of(at: int) -> int:
    """The slot of an instant: its first millisecond."""
    return at // SLOT_MS * SLOT_MS


def day_of(at: int) -> int:
    """The UTC day of an instant: its first millisecond."""
    return at // DAY_MS * DAY_MS


def round_row_id(provider: str, round_id: str, player_id: str) -> str:
    """A round's id among rows."""
    text = f"{provider}\x1f{round_id}\x1f{player_id}"
    return "R" + hashlib.blake2b(text.encode(), digest_size=15).hexdigest()


@dataclass(slots=True)
class Slot:
    """The rows of one second in one lane, by id. `version` 0 is not stored yet."""

    start: int
    version: int = 0
    rows: dict[str, Row] = field(default_factory=dict)

    def merge(self, rows: Iterable[Row]) -> "dict[Cell, Figures]":
        """Take in rows that are new or newer; answers by how much the figures change (empty: nothing was new)."""
        changes: dict[Cell, Figures] = {}
        for row in rows:
            old = self.rows.get(row.id)
            if old is not None and old.seq >= row.seq:
                continue
            self.rows[row.id] = row
            if old is not None:
                cell = cell_of(old)
                changes[cell] = added(changes.get(cell, NOTHING), figures_of(old), -1)
            cell = cell_of(row)
            changes[cell] = added(changes.get(cell, NOTHING), figures_of(row))
        return changes


@dataclass(slots=True)
class Day:
    """The figures of one lane's day. `version` counts every change of its rows, so it names the state of the day's log."""

    start: int
    version: int = 0
    cells: dict[Cell, Figures] = field(default_factory=dict)

    def add(self, changes: Mapping[Cell, Figures]) -> None:
        """Add changes; cells that come to nothing are forgotten."""
        for cell, change in changes.items():
            total = added(self.cells.get(cell, NOTHING), change)
            if total == NOTHING:
                self.cells.pop(cell, None)
            else:
                self.cells[cell] = total


class Filter(NamedTuple):
    """Which rows are asked for; "" and empty mean any. `since` and `until` (exclusive) bound `at`, in ms."""

    since: int
    until: int
    player_id: str = ""
    brand_id: str = ""
    user_id: str = ""
    provider: str = ""
    game_id: str = ""
    games: frozenset[str] = frozenset()
    round_id: str = ""
    kind: str = ""
    state: str = ""

    def takes(self, row: Row) -> bool:
        """Whether a row is among those asked for; rows of rounds never are."""
        return (
            row.kind != ROUND
            and self.since <= row.at < self.until
            and self.player_id in ("", row.player_id)
            and self.brand_id in ("", row.brand_id)
            and self.user_id in ("", row.user_id)
            and self.provider in ("", row.provider)
            and self.game_id in ("", row.game_id)
            and (not self.games or row.game_id in self.games)
            and self.round_id in ("", row.round_id)
            and self.kind in ("", row.kind)
            and self.state in ("", row.state)
        )

    def takes_cell(self, cell: Cell) -> bool:
        """Whether figures of a cell are among those asked for."""
        return (
            self.brand_id in ("", cell.brand_id)
            and self.provider in ("", cell.provider)
            and self.game_id in ("", cell.game_id)
            and (not self.games or cell.game_id in self.games)
        )

    def mark(self) -> list[Any]:
        """What a cursor is bound to."""
        return [*self[:7], sorted(self.games), *self[8:]]
