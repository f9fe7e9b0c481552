"""What is told of points (entries, alerts) and what was asked for (transfers), in the ledger table; keys in store.py."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pitboss.platform import dynamo
from pitboss.platform.dynamo import Record
from pitboss.platform.settings import ledger_table
from pitboss.points.model import Actor, Alert, Entry, Transfer
from pitboss.points.store import account_pk, head, versioned

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef


# ---------------------------------------------------------------- entries
def _actor(actor: Actor) -> Record:
    return {"key": actor.key_id, "node": actor.tenant_id, "ip": actor.ip}


def _read_actor(record: Record | None) -> Actor | None:
    return Actor(record["key"], record["node"], record["ip"]) if record else None


def entry_op(entry: Entry) -> "Op":
    """One line of an account, written in the transaction that moves it."""
    record = {
        **head(account_pk(entry.tenant_id), f"E#{entry.at:013d}#{entry.seq:012d}", entry.tenant_id),
        "seq": entry.seq,
        "at": entry.at,
        "kind": entry.kind,
        "amount": entry.amount,
        "before": entry.before,
        "after": entry.after,
        "played": entry.played,
        "reason": entry.reason,
        "actor": _actor(entry.actor),
        "totals": dict(entry.totals),
        "transferId": entry.transfer_id or None,
        "counterparty": entry.counterparty or None,
        "approver": _actor(entry.approver) if entry.approver else None,
    }
    return dynamo.put_op(ledger_table(), record, condition="absent")


def _entry(record: Record) -> Entry:
    return Entry(
        record["tenantId"],
        record["seq"],
        record["at"],
        record["kind"],
        record["amount"],
        record["before"],
        record["after"],
        record["played"],
        record["reason"],
        _read_actor(record["actor"]) or Actor("", "", ""),
        record["totals"],
        record.get("transferId", ""),
        record.get("counterparty", ""),
        _read_actor(record.get("approver")),
    )


def entry_position(entry: Entry) -> str:
    """Where a list goes on after this entry."""
    return f"E#{entry.at:013d}#{entry.seq:012d}"


def entries(
    node_id: str, *, start: int, end: int, position: str = "", limit: int | None = None
) -> Iterator[Entry]:
    """Entries from `start` (inclusive) to `end` (exclusive), newest first, from before `position`."""
    rows = dynamo.query(
        ledger_table(),
        account_pk(node_id),
        prefix="E#",
        after=f"E#{max(0, start):013d}",
        before=position or f"E#{end:013d}",
        limit=limit,
        forward=False,
    )
    return (_entry(row) for row in rows)


# ---------------------------------------------------------------- alerts
def read_alert_state(node_id: str) -> tuple[int | None, int]:
    """The lowest threshold that counts as crossed, and the version of that memory."""
    record = dynamo.get(ledger_table(), account_pk(node_id), "ALERTS")
    return (record.get("crossed"), record["version"]) if record else (None, 0)


def write_alert(node_id: str, crossed: int | None, version: int, alert: Alert | None) -> bool:
    """Remember what is crossed, and tell of it once; False if another process came first."""
    state = {**head(account_pk(node_id), "ALERTS", node_id), "version": version + 1, "crossed": crossed}
    ops = [versioned(state, version + 1)]
    if alert is not None:
        record = {
            **head(account_pk(node_id), f"A#{alert.at:013d}", node_id),
            "type": "points.low",
            "at": alert.at,
            "threshold": alert.threshold,
            "balance": alert.balance,
        }
        ops.append(dynamo.put_op(ledger_table(), record))
    try:
        dynamo.transact(ops)
    except dynamo.TransactionRefused:
        return False
    return True


def alerts(node_id: str, limit: int) -> list[Alert]:
    """The latest alerts, newest first."""
    rows = dynamo.query(ledger_table(), account_pk(node_id), prefix="A#", forward=False, limit=limit)
    return [Alert(row["at"], row["threshold"], row["balance"]) for row in rows]


# ---------------------------------------------------------------- transfers
def transfer_ops(transfer: Transfer, *, waiting: bool) -> "list[Op]":
    """The record of a transfer; `waiting`: it stands there as PENDING and leaves the list of those that wait."""
    record = {
        **head(f"PTX#{transfer.tenant_id}", transfer.id, transfer.tenant_id),
        "agentId": transfer.agent_id,
        "type": transfer.type,
        "source": transfer.source or None,
        "target": transfer.target or None,
        "amount": transfer.amount,
        "currency": transfer.currency,
        "exponent": transfer.exponent,
        "state": transfer.state,
        "reason": transfer.reason,
        "at": transfer.at,
        "actor": _actor(transfer.actor),
        "decidedAt": transfer.decided_at or None,
        "decidedBy": _actor(transfer.decided_by) if transfer.decided_by else None,
        "decision": transfer.decision or None,
    }
    if not waiting:
        put = dynamo.put_op(ledger_table(), record, condition="absent")
    else:
        put = dynamo.put_op(
            ledger_table(),
            record,
            condition="#state = :pending",
            names={"#state": "state"},
            values={":pending": "PENDING"},
        )
    pointer = (f"PTXP#{transfer.tenant_id}", transfer.id)
    if transfer.state == "PENDING":
        return [put, dynamo.put_op(ledger_table(), head(*pointer, transfer.tenant_id))]
    return [put, dynamo.delete_op(ledger_table(), *pointer)] if waiting else [put]


def read_transfer(node_id: str, transfer_id: str) -> Transfer | None:
    """A transfer that this node asked for."""
    record = dynamo.get(ledger_table(), f"PTX#{node_id}", transfer_id)
    return _transfer(record) if record else None


def _transfer(record: Record) -> Transfer:
    return Transfer(
        record["sk"],
        record["tenantId"],
        record["agentId"],
        record["type"],
        record.get("source", ""),
        record.get("target", ""),
        record["amount"],
        record["currency"],
        record["exponent"],
        record["state"],
        record["reason"],
        record["at"],
        _read_actor(record["actor"]) or Actor("", "", ""),
        record.get("decidedAt", 0),
        _read_actor(record.get("decidedBy")),
        record.get("decision", ""),
    )


def transfers(node_id: str, *, pending: bool, before: str, limit: int) -> list[Transfer]:
    """Transfers that this node asked for, newest first; with `pending` those that wait for approval."""
    pk = f"PTXP#{node_id}" if pending else f"PTX#{node_id}"
    rows = dynamo.query(ledger_table(), pk, after="!", before=before or None, forward=False, limit=limit)
    if not pending:
        return [_transfer(row) for row in rows]
    ids = [row["sk"] for row in rows]
    found = dynamo.get_many(ledger_table(), [(f"PTX#{node_id}", one) for one in ids])
    return [_transfer(found[f"PTX#{node_id}", one]) for one in ids if (f"PTX#{node_id}", one) in found]
