"""Free rounds granted to a player: counted here, in the transaction of the bet, so that none is played twice.

A grant never falls back to cash: a free bet without a free round left is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pitboss.kernel.refusal import Refusal
from pitboss.platform import dynamo
from pitboss.platform.settings import ledger_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef

WinKind = Literal["cash", "bonus"]
GrantState = Literal["active", "cancelled"]
_MEMBERS = {
    "id": "id",
    "tenant_id": "tenantId",
    "player_id": "playerId",
    "provider": "provider",
    "games": "games",
    "count": "count",
    "bet_amount": "betAmount",
    "currency": "currency",
    "exponent": "exponent",
    "expires_at": "expiresAt",
    "win_kind": "winKind",
    "created_at": "createdAt",
    "reference": "reference",
    "state": "state",
    "used": "used",
    "staked": "staked",
    "won": "won",
    "version": "version",
}


@dataclass(frozen=True, slots=True)
class FreeRounds:
    """A grant: `count` rounds of `bet_amount` (minor units) in one of `games` of `provider`, until `expires_at` (ms).

    `win_kind`: wins go to the balance (cash), or are only kept here (bonus). `used` and `won` are what was played;
    `claimed` ones cannot be cancelled.
    """

    id: str
    tenant_id: str
    player_id: str
    provider: str
    games: tuple[str, ...]
    count: int
    bet_amount: int
    currency: str
    exponent: int
    expires_at: int
    win_kind: WinKind
    created_at: int
    reference: str = ""
    state: GrantState = "active"
    used: int = 0
    staked: int = 0
    won: int = 0
    version: int = 0

    @property
    def left(self) -> int:
        """Rounds not yet played."""
        return self.count - self.used

    @property
    def claimed(self) -> bool:
        """Whether a round of it was played."""
        return self.used > 0

    def status_at(self, now: int) -> str:
        """active, used, expired or cancelled."""
        if self.state == "cancelled":
            return "cancelled"
        if self.left <= 0:
            return "used"
        return "expired" if now >= self.expires_at else "active"


def grant_key(tenant_id: str, player_id: str, grant_id: str) -> tuple[str, str]:
    """Where a grant stands."""
    return f"F#{tenant_id}#{player_id}", grant_id


def to_item(grant: FreeRounds) -> dict[str, Any]:
    """A grant's item."""
    pk, sk = grant_key(grant.tenant_id, grant.player_id, grant.id)
    row = {member: getattr(grant, name) for name, member in _MEMBERS.items()}
    return {"pk": pk, "sk": sk, "schema": 1, **row, "games": list(grant.games)}


def from_item(item: dict[str, Any]) -> FreeRounds:
    """A grant from its item."""
    row = {name: item[member] for name, member in _MEMBERS.items()}
    return FreeRounds(**{**row, "games": tuple(row["games"])})


def put_op(grant: FreeRounds, was: int) -> "Op":
    """Put a grant at version `was + 1`, on condition that `was` stands (0: none)."""
    item = to_item(replace(grant, version=was + 1))
    if was == 0:
        return dynamo.put_op(ledger_table(), item, condition="absent")
    return dynamo.put_op(ledger_table(), item, condition="version = :version", values={":version": was})


def read(tenant_id: str, player_id: str, grant_id: str) -> FreeRounds | None:
    """A grant, read strongly, or None."""
    item = dynamo.get(ledger_table(), *grant_key(tenant_id, player_id, grant_id))
    return from_item(item) if item else None


def of_player(tenant_id: str, player_id: str) -> Iterator[FreeRounds]:
    """Every grant of a player, oldest first."""
    for item in dynamo.query(ledger_table(), f"F#{tenant_id}#{player_id}"):
        yield from_item(item)


def consume(grant: FreeRounds | None, *, provider: str, game_id: str, amount: int, now: int) -> FreeRounds:
    """The grant after one more round. Refusals FREEROUND_NOT_FOUND, FREEROUND_EXHAUSTED, INVALID_AMOUNT."""
    if grant is None or grant.provider != provider or (grant.games and game_id not in grant.games):
        raise Refusal("FREEROUND_NOT_FOUND", "There are no such free rounds of this player for this game.")
    status = grant.status_at(now)
    if status != "active":
        raise Refusal(
            "FREEROUND_EXHAUSTED",
            f"The free rounds are {status}; a free bet never falls back to cash.",
            facts={"freeRoundsLeft": 0, "freeRoundsStatus": status},
        )
    if amount not in (0, grant.bet_amount):
        raise Refusal("INVALID_AMOUNT", "The amount of a free bet is that of its grant, or 0.")
    return replace(grant, used=grant.used + 1, staked=grant.staked + grant.bet_amount)


def give_back(grant: FreeRounds) -> FreeRounds:
    """The grant after the rollback of a round that it was played for."""
    return replace(grant, used=grant.used - 1, staked=grant.staked - grant.bet_amount)


def credit(grant: FreeRounds, amount: int) -> FreeRounds:
    """The grant after a win (negative: a win that was taken back)."""
    return replace(grant, won=grant.won + amount)


def cancel(grant: FreeRounds) -> FreeRounds:
    """The grant cancelled. Refusal FREEROUND_CANNOT_CANCEL once a round was played; again is the same."""
    if grant.claimed:
        raise Refusal(
            "FREEROUND_CANNOT_CANCEL",
            "A round of these was played already.",
            facts={"freeRoundsUsed": grant.used, "freeRoundsLeft": grant.left},
        )
    return replace(grant, state="cancelled")
