"""A decision's reads and its one transaction: what a call loads, and how what was decided is written, all or nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pitboss.kernel.refusal import Refusal
from pitboss.platform import dynamo
from pitboss.platform.dynamo import ConditionFailed, TooBusy, TransactionRefused
from pitboss.points.public import PLAY_ATTEMPTS, Play, make_room, play_ops
from pitboss.wallet import free_rounds, store
from pitboss.wallet.book import Decision, NeedMore, Place, Sums
from pitboss.wallet.free_rounds import FreeRounds
from pitboss.wallet.model import OPEN_SLOT_MS, Round, RoundRecord, Tx, TxKey, Wallet

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef


class Lost(Exception):  # noqa: N818 - an ordinary outcome of a race
    """Another call was quicker (or this one's own first attempt): nothing was written; read again and decide again, with
    the records of `places`, which stood in the way."""

    def __init__(self, places: Iterable[Place] = ()) -> None:
        super().__init__("another call was quicker")
        self.places = tuple(places)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a decision must have read: rounds that may be recorded, transactions, grants."""

    rounds: frozenset[Place] = frozenset()
    txs: frozenset[TxKey] = frozenset()
    grants: frozenset[str] = frozenset()

    def more(
        self, rounds: Iterable[Place] = (), txs: Iterable[TxKey] = (), grants: Iterable[str] = ()
    ) -> "Wanted":
        """And these too."""
        return Wanted(self.rounds | set(rounds), self.txs | set(txs), self.grants | set(grants))

    def asked(self, need: NeedMore) -> "Wanted":
        """And what a decision asked for."""
        return self.more(need.rounds, need.txs, need.grants)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read. `known` holds None for a transaction that is not there."""

    wallet: Wallet
    known: Mapping[TxKey, Tx | None]
    records: Mapping[Place, Round]
    grants: Mapping[str, FreeRounds]


def load(tenant_id: str, player_id: str, wanted: Wanted, *, consistent: bool = True) -> Loaded | None:
    """One BatchGetItem for the wallet and all that is wanted; None when there is no such wallet."""
    wallet_key = store.wallet_key(tenant_id, player_id)
    rounds = {store.round_key(tenant_id, player_id, *place): place for place in sorted(wanted.rounds)}
    txs = {store.tx_key(tenant_id, key): key for key in sorted(wanted.txs)}
    grants = [free_rounds.grant_key(tenant_id, player_id, grant_id) for grant_id in sorted(wanted.grants)]
    found = store.read([wallet_key, *rounds, *txs, *grants], consistent=consistent)
    if wallet_key not in found:
        return None
    read_grants = [free_rounds.from_item(found[key]) for key in grants if key in found]
    return Loaded(
        store.wallet_from_item(found[wallet_key]),
        {key: store.tx_from_item(found[at]) if at in found else None for at, key in txs.items()},
        {place: store.round_from_item(found[at]).round for at, place in rounds.items() if at in found},
        {grant.id: grant for grant in read_grants},
    )


def play_of(wallet: Wallet, sums: Sums) -> Play:
    """What a decision does to the agent's points."""
    return Play(
        mode=wallet.mode,
        bets=sums.bets,
        wins=sums.wins,
        rollbacks=sums.rollbacks,
        late_rollbacks=sums.late_rollbacks,
        unwins=sums.unwins,
        closed=sums.closed,
        deposits=sums.deposits,
        withdrawals=sums.withdrawals,
    )


def ops_of(decision: Decision, before: Wallet, now: int) -> "list[Op]":
    """The writes of a decision without points: the wallet first, then transactions, rounds, grants, the register."""
    ops: list[Op] = []
    if decision.wallet is not None:
        ops.append(store.wallet_put_op(decision.wallet, before.version))
    ops += [store.tx_put_op(tx, was) for tx, was in decision.txs]
    for round_, was in decision.rounds:
        record = RoundRecord(
            before.tenant_id,
            before.player_id,
            before.brand_id,
            before.user_id,
            before.currency,
            before.exponent,
            round_,
        )
        ops.append(store.round_put_op(record, was))
    ops += [free_rounds.put_op(grant, was) for grant, was in decision.grants]
    if decision.open_mark and decision.wallet is not None:
        ops.append(store.mark_open_op(decision.wallet, now // OPEN_SLOT_MS))
    return ops


def commit(decision: Decision, before: Wallet, *, now: int, beside: "Sequence[Op]" = ()) -> None:
    """Write a decision in one transaction, with what it does to the agent's points and with `beside`.

    Raises Lost when a condition failed; Refusal POINT_NOT_ENOUGH when the agent's points do not cover it;
    OPERATION_IN_PROGRESS when DynamoDB kept refusing for other writers. In each case nothing was written.
    """
    check_sums(decision.wallet)
    fixed = [*ops_of(decision, before, now), *beside]
    play = play_of(before, decision.sums)
    for _ in range(PLAY_ATTEMPTS):
        points = play_ops(before.tenant_id, before.player_id, play, now) if any(decision.sums) else []
        ops = [*fixed, *points]
        if not ops:
            return
        try:
            write(ops)
        except ConditionFailed:
            raise Lost() from None
        except TransactionRefused as refused:
            if any(refused.refused(index) for index in range(len(fixed))):
                raise Lost(_places_of(decision, refused)) from None
            refusal = make_room(before.tenant_id, before.player_id, play, now)
            if refusal is not None:
                raise refusal from None
            continue
        except TooBusy:
            raise busy() from None
        return
    raise busy()


def check_sums(wallet: Wallet | None) -> None:
    """What holds in every wallet is checked once more before it is written: books that are wrong are not kept."""
    if wallet is None:
        return
    total = wallet.balance + wallet.house + wallet.cash - wallet.receivable
    if total or wallet.balance < 0 or wallet.receivable < 0:
        raise ArithmeticError(f"the wallet of {wallet.player_id} would not be balanced: {total}")


def _places_of(decision: Decision, refused: TransactionRefused) -> list[Place]:
    """The recorded rounds whose conditions failed (`ops_of` says where they stand)."""
    first = (decision.wallet is not None) + len(decision.txs)
    return [
        (round_.provider, round_.round_id)
        for at, (round_, _) in enumerate(decision.rounds)
        if refused.refused(first + at)
    ]


def write(ops: "list[Op]") -> None:
    """All or nothing; a single write needs no transaction, which would cost twice as much."""
    if len(ops) == 1:
        dynamo.apply(ops[0])
    else:
        dynamo.transact(ops, lean=True)


def busy() -> Refusal:
    """1025: others keep winning; nothing was written, the same call may come again."""
    return Refusal(
        "OPERATION_IN_PROGRESS", "Other calls of this player are running; repeat it.", retry_after_s=1
    )
