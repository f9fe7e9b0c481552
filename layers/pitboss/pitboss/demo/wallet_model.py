"""The demo casino's seamless wallet as plain records. Amounts are integers of the currency's smallest unit."""

from dataclasses import dataclass, replace
from typing import Any, Literal

Action = Literal["balance", "bet", "win", "rollback"]
State = Literal["DONE", "REFUSED", "ROLLED_BACK", "TOMBSTONE"]
Status = Literal["active", "blocked", "selfExcluded", "closed"]
SEP = "\x1f"


@dataclass(frozen=True, slots=True)
class Player:
    """A player's wallet. Every change of anything of this player's also raises `version`: that is the one lock."""

    tenant_id: str
    brand_id: str
    user_id: str
    currency: str
    exponent: int
    balance: int
    status: Status = "active"
    max_bet: int | None = None
    version: int = 0

    @property
    def key(self) -> str:
        """Brand and user in one string."""
        return f"{self.brand_id}{SEP}{self.user_id}"


@dataclass(frozen=True, slots=True)
class Order:
    """One action that the hub asks for. `amount` is as written: what it means depends on the player's currency. `wins` are
    those that a rollback of type `resettle` takes back with the bet."""

    action: Action
    transaction_id: str
    brand_id: str
    user_id: str
    currency: str
    amount: Any
    provider: str
    provider_transaction_id: str
    game_id: str
    round_id: str
    closes_round: bool
    type: str
    bet_id: str
    original_id: str
    wins: tuple[str, ...] = ()

    @property
    def player_key(self) -> str:
        """Whose."""
        return f"{self.brand_id}{SEP}{self.user_id}"

    @property
    def round_key(self) -> str:
        """A round is a provider's, and of one player."""
        return f"{self.provider}{SEP}{self.round_id}"


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a transaction id, kept for ever: the same id must get the same answer.

    `balance` is the player's after it; `amount` is what moved.
    """

    transaction_id: str
    action: str
    state: State
    player_key: str
    fingerprint: str
    status: str
    balance: int
    amount: int = 0
    round_key: str = ""
    provider_transaction_id: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """A round of one player: the standing wins that name a bet, with the bet, and whether the round is over."""

    key: str
    wins: tuple[tuple[str, str], ...] = ()
    closed: bool = False

    def settles(self, bet_id: str) -> bool:
        """Whether a win was paid on a bet."""
        return any(bet == bet_id for _, bet in self.wins)

    def without(self, win_id: str) -> "Round":
        """When a win was taken back."""
        return replace(self, wins=tuple(row for row in self.wins if row[0] != win_id))


@dataclass(frozen=True, slots=True)
class Books:
    """What a call needs of the books, and what it leaves behind: `changed_*` are the keys to write."""

    player: Player
    entries: dict[str, Entry]
    rounds: dict[str, Round]
    changed_entries: frozenset[str] = frozenset()
    changed_rounds: frozenset[str] = frozenset()

    def with_entry(self, entry: Entry) -> "Books":
        """One entry more, or changed."""
        return replace(
            self,
            entries={**self.entries, entry.transaction_id: entry},
            changed_entries=self.changed_entries | {entry.transaction_id},
        )

    def with_round(self, changed: Round) -> "Books":
        """One round more, or changed."""
        return replace(
            self,
            rounds={**self.rounds, changed.key: changed},
            changed_rounds=self.changed_rounds | {changed.key},
        )

    def with_balance(self, balance: int) -> "Books":
        """The player's balance changed."""
        return replace(self, player=replace(self.player, balance=balance))


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: `OK` or why not. `balance` is that of the first time when it is a replay, `current` today's."""

    status: str
    balance: int | None = None
    replay: bool = False
    current: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WalletFault:
    """An answer that the wallet is told to get wrong, `left` more times."""

    kind: str
    action: str = "*"
    user_id: str = ""
    left: int = 1
    commit: bool = False
    delay_ms: int = 0
    name: str = ""
