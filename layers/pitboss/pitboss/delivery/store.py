"""Movements in the ledger table: the only file that spells their keys.

| item | pk | sk |
|---|---|---|
| debit, refund | `MONEY#<tenant>#<tournament>` | `DEBIT#<ref>` |
| payout | same | `PAYOUT#<ref>` |
| listing by time | `MONEYLIST#<tenant>#debit` or `#payout` | `<created ms>#<tournament>#<ref>` |

The index `due` (`duepk`, `dueAt`) lists what must be looked at (`DUE#<shard>`, by when) and what waits for a person
(`WAIT#<tenant>#<family>#<state>`, by age). `DUE#` is the one key that is not a tenant's: the sweeper serves them all.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from zlib import crc32

from pitboss.delivery.model import (
    Act,
    Attempt,
    Family,
    Movement,
    terms_document,
    terms_from,
)
from pitboss.delivery.rules import index_key
from pitboss.kernel.instants import MAX_INSTANT
from pitboss.platform.aws import dynamodb
from pitboss.platform.dynamo import (
    ConditionFailed,
    Record,
    TransactionRefused,
    apply,
    from_item,
    get,
    get_many,
    put_op,
    query,
    to_attribute,
    transact,
)
from pitboss.platform.settings import ledger_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

SHARDS = 8
SCHEMA = 1
_TRANSACTION_PAIRS = 50


def _pk(tenant_id: str, tournament_id: str) -> str:
    return f"MONEY#{tenant_id}#{tournament_id}"


def _side(family: Family) -> str:
    return "payout" if family == "payout" else "debit"


def _sk(family: Family, ref: str) -> str:
    return f"{_side(family).upper()}#{ref}"


def _list_pk(tenant_id: str, side: str) -> str:
    return f"MONEYLIST#{tenant_id}#{side}"


def shard_of(ref: str) -> int:
    """Where a movement stands in the index of due ones."""
    return crc32(ref.encode()) % SHARDS


# ---------------------------------------------------------------- records
def _record(movement: Movement) -> Record:
    record: Record = {
        "pk": _pk(movement.tenant_id, movement.tournament_id),
        "sk": _sk(movement.family, movement.ref),
        "tenantId": movement.tenant_id,
        "tournamentId": movement.tournament_id,
        "schema": SCHEMA,
        "version": movement.version,
        "family": movement.family,
        "ref": movement.ref,
        "kind": movement.kind,
        "state": movement.state,
        "terms": terms_document(movement.terms) if movement.terms else None,
        "createdAt": movement.created_at,
        "dueTime": movement.due_at,
        "leaseUntil": movement.lease_until,
        "sentSince": movement.sent_since,
        "tries": movement.tries,
        "told": movement.told,
        "transactionId": movement.transaction_id,
        "reason": movement.reason,
        "refundRef": movement.refund_ref,
        "attempts": [[a.at, a.outcome, a.status, a.detail, a.elapsed_ms] for a in movement.attempts],
        "acts": [[a.at, a.by, a.action, a.reason] for a in movement.acts],
    }
    place = index_key(movement, shard_of(movement.ref))
    if place is not None:
        record["duepk"], record["dueAt"] = place
    return record


def _movement(record: Record) -> Movement:
    return Movement(
        tenant_id=record["tenantId"],
        tournament_id=record["tournamentId"],
        family=record["family"],
        ref=record["ref"],
        kind=record["kind"],
        state=record["state"],
        terms=terms_from(record["terms"]) if record.get("terms") else None,
        created_at=record["createdAt"],
        version=record["version"],
        due_at=record.get("dueTime"),
        lease_until=record["leaseUntil"],
        sent_since=record["sentSince"],
        tries=record["tries"],
        told=record["told"],
        transaction_id=record["transactionId"],
        reason=record["reason"],
        refund_ref=record["refundRef"],
        attempts=tuple(Attempt(*row) for row in record["attempts"]),
        acts=tuple(Act(*row) for row in record["acts"]),
    )


def _birth(movement: Movement) -> "list[TransactWriteItemTypeDef]":
    return [birth_op(movement), _listing(movement)]


def _listing(movement: Movement) -> "TransactWriteItemTypeDef":
    listing = {
        "pk": _list_pk(movement.tenant_id, _side(movement.family)),
        "sk": _place(movement),
        "tenantId": movement.tenant_id,
        "schema": SCHEMA,
    }
    return put_op(ledger_table(), listing)


def _place(movement: Movement) -> str:
    return f"{movement.created_at:013d}#{movement.tournament_id}#{movement.ref}"


def birth_op(movement: Movement) -> "TransactWriteItemTypeDef":
    """A new movement, for a transaction of somebody else's; `list_first` comes before it."""
    return put_op(ledger_table(), _record(movement), condition="absent")


def list_first(movement: Movement) -> None:
    """Give a movement its place in the list, before it is born: a place without a movement is passed over by readers, and
    costs half of what it does in the transaction."""
    apply(_listing(movement))


def change_op(movement: Movement) -> "TransactWriteItemTypeDef":
    """A changed movement, refused unless the version before it stands."""
    return put_op(
        ledger_table(),
        _record(movement),
        condition="#v = :was",
        names={"#v": "version"},
        values={":was": movement.version - 1},
    )


# ---------------------------------------------------------------- writes
def create(movement: Movement) -> Movement | None:
    """Write a new movement with its place in the list. None when written, else the one that stood there."""
    try:
        transact(_birth(movement))
    except TransactionRefused as refusal:
        return _movement(refusal.reasons[0] or {})
    return None


def create_all(movements: Sequence[Movement]) -> list[Movement]:
    """Write those that are not there yet, many in a transaction; answers the ones that were there already."""
    there: list[Movement] = []
    for start in range(0, len(movements), _TRANSACTION_PAIRS):
        some = movements[start : start + _TRANSACTION_PAIRS]
        try:
            transact([op for movement in some for op in _birth(movement)])
        except TransactionRefused:
            there += [found for movement in some if (found := create(movement)) is not None]
    return there


def save(movement: Movement) -> bool:
    """Write a changed movement over the version before it. False when somebody else was faster."""
    try:
        apply(change_op(movement))
    except ConditionFailed:
        return False
    return True


def save_both(one: Movement, other: Movement) -> bool:
    """Two changed movements, together or not at all. False when either was changed meanwhile."""
    try:
        transact([change_op(one), change_op(other)])
    except TransactionRefused:
        return False
    return True


def save_with_birth(changed: Movement, born: Movement) -> bool:
    """A changed movement and a new one, together or not at all."""
    try:
        transact([change_op(changed), *_birth(born)])
    except TransactionRefused:
        return False
    return True


# ---------------------------------------------------------------- reads
def load(tenant_id: str, tournament_id: str, family: Family, ref: str) -> Movement | None:
    """One movement, strongly consistent. Debits and refunds stand under the same key."""
    record = get(ledger_table(), _pk(tenant_id, tournament_id), _sk(family, ref))
    return _movement(record) if record else None


def of_tournament(
    tenant_id: str, tournament_id: str, side: str, *, after: str | None = None, limit: int | None = None
) -> Iterator[Movement]:
    """Movements of one tournament by reference; `side` is `debit` (with refunds) or `payout`."""
    prefix = f"{side.upper()}#"
    start = prefix + after if after else None
    end = f"{prefix}\U0010ffff" if after else None
    records = query(
        ledger_table(),
        _pk(tenant_id, tournament_id),
        prefix=prefix,
        after=start,
        before=end,
        limit=limit,
    )
    return (_movement(record) for record in records)


def of_tenant(
    tenant_id: str, side: str, *, before: str | None, limit: int
) -> tuple[list[tuple[str, Movement]], bool]:
    """The newest movements of a tenant with their places in the list, from `before` (exclusive) on, and whether there
    may be more. Empty only at the end."""
    pk = _list_pk(tenant_id, side)
    family: Family = "payout" if side == "payout" else "debit"
    while True:
        # Places begin with a digit; DynamoDB wants a lower bound that is not empty.
        after = "0" if before else None
        rows = list(query(ledger_table(), pk, after=after, before=before, limit=limit, forward=False))
        keys: dict[str, tuple[str, str]] = {}
        for row in rows:
            _, tournament_id, ref = row["sk"].split("#", 2)
            keys[row["sk"]] = (_pk(tenant_id, tournament_id), _sk(family, ref))
        found = get_many(ledger_table(), list(keys.values()))
        there = [(place, _movement(found[key])) for place, key in keys.items() if key in found]
        # An asker that died before the birth left a place behind; asked again, the movement was born at another moment.
        listed = [(place, movement) for place, movement in there if place == _place(movement)]
        if listed or len(rows) < limit:
            return listed, len(rows) == limit
        before = rows[-1]["sk"]


def waiting(
    tenant_id: str, family: Family, state: str, *, after: tuple[int, str, str] | None, limit: int
) -> list[Movement]:
    """What waits for a person, oldest first, after (exclusive) the one of that creation, tournament and reference."""
    pk = f"WAIT#{tenant_id}#{family}#{state}"
    start = None
    if after is not None:
        created_at, tournament_id, ref = after
        start = {
            "duepk": {"S": pk},
            "dueAt": to_attribute(created_at),
            "pk": {"S": _pk(tenant_id, tournament_id)},
            "sk": {"S": _sk(family, ref)},
        }
    return [_movement(record) for record in _due_index(pk, None, limit, start)]


def due(shard: int, now: int, limit: int) -> list[Movement]:
    """Movements of a shard that should have been looked at by `now`, the longest due first (eventually consistent)."""
    return [_movement(record) for record in _due_index(f"DUE#{shard}", now, limit, None)]


def _due_index(pk: str, until: int | None, limit: int, start: Record | None) -> Iterator[Record]:
    request: dict[str, Any] = {
        "TableName": ledger_table(),
        "IndexName": "due",
        "KeyConditionExpression": "duepk = :p AND dueAt <= :b",
        "ExpressionAttributeValues": {
            ":p": {"S": pk},
            ":b": to_attribute(until if until is not None else MAX_INSTANT),
        },
    }
    if start is not None:
        request["ExclusiveStartKey"] = start
    left = limit
    while left > 0:
        answer = dynamodb().query(**request, Limit=left)
        for item in answer["Items"]:
            yield from_item(item)
        left -= len(answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
