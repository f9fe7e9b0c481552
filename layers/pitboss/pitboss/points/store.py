"""Points in the ledger table, and the only place that spells their keys.

| item | pk | sk |
|---|---|---|
| main part of an account | `PTS#<node>` | `MAIN` |
| billing of a node | `PTS#<node>` | `BILLING` |
| entry | `PTS#<node>` | `E#<at, 13 digits>#<seq, 12 digits>` |
| play of a day that is over | `PTS#<node>` | `P#<day>` |
| alert; lowest threshold crossed | `PTS#<node>` | `A#<at, 13 digits>`; `ALERTS` |
| slice (a partition of its own, so that slices do not share one's throughput) | `PTS#<node>#S<nn>` | `SLICE` |
| transfer, of the node that asked | `PTX#<node>` | `<id>` |
| transfer that waits for approval | `PTXP#<node>` | `<id>` |

Main part and billing are put whole with their version as condition; slices are moved by ADD, which needs no read.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pitboss.platform import dynamo
from pitboss.platform.dynamo import Record
from pitboss.platform.settings import ledger_table
from pitboss.points.model import (
    MAIN,
    TOTALS,
    Billing,
    Draw,
    Main,
    Shift,
    Slice,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef

SCHEMA = 1


def account_pk(node_id: str) -> str:
    """The partition of an account."""
    return f"PTS#{node_id}"


def _slice_pk(node_id: str, index: int) -> str:
    return f"PTS#{node_id}#S{index:02d}"


def versioned(record: Record, version: int) -> "Op":
    """A put that needs the version before `version` to stand there; 1 is the first."""
    if version == 1:
        return dynamo.put_op(ledger_table(), record, condition="absent")
    return dynamo.put_op(
        ledger_table(), record, condition="version = :version", values={":version": version - 1}
    )


def head(pk: str, sk: str, node_id: str) -> Record:
    """What every item begins with."""
    return {"pk": pk, "sk": sk, "tenantId": node_id, "schema": SCHEMA}


# ---------------------------------------------------------------- account
def read_mains(node_ids: Sequence[str]) -> dict[str, Main]:
    """Main parts by node; those that nobody touched yet are absent."""
    found = dynamo.get_many(ledger_table(), [(account_pk(one), "MAIN") for one in node_ids])
    return {record["tenantId"]: _main(record) for record in found.values()}


def read_account(node_id: str, above: Sequence[str]) -> tuple[Main | None, Billing, list[Billing]]:
    """Main part and billing of a node, and the billing of the nodes over it."""
    keys = [(account_pk(node_id), "MAIN"), *((account_pk(one), "BILLING") for one in (node_id, *above))]
    found = dynamo.get_many(ledger_table(), keys)
    main = found.get((account_pk(node_id), "MAIN"))
    billing = [_billing(found.get((account_pk(one), "BILLING"))) for one in (node_id, *above)]
    return (_main(main) if main else None), billing[0], billing[1:]


def read_slices(node_id: str, made: int) -> tuple[Slice, ...]:
    """Every slice that was ever made, in order. One that is absent (which cannot be) counts as empty."""
    return read_slices_of({node_id: made})[node_id]


def read_slices_of(made: Mapping[str, int]) -> dict[str, tuple[Slice, ...]]:
    """The slices of many nodes, of which so many were made."""
    keys = [(_slice_pk(one, n), "SLICE") for one, count in made.items() for n in range(count)]
    found = dynamo.get_many(ledger_table(), keys)
    return {
        one: tuple(_slice(n, found.get((_slice_pk(one, n), "SLICE"), {})) for n in range(count))
        for one, count in made.items()
    }


def _main(record: Record) -> Main:
    return Main(
        record["tenantId"],
        record["currency"],
        record["exponent"],
        record["version"],
        record["status"],
        record["free"],
        record["funded"],
        record["made"],
        record["seq"],
        record["lastAt"],
        {name: record["totals"][name] for name in TOTALS},
    )


def main_op(main: Main) -> "Op":
    """The main part as it shall be, if the version before it stands there."""
    record = {
        **head(account_pk(main.tenant_id), "MAIN", main.tenant_id),
        "version": main.version,
        "currency": main.currency,
        "exponent": main.exponent,
        "status": main.status,
        "free": main.free,
        "funded": main.funded,
        "made": main.made,
        "seq": main.seq,
        "lastAt": main.last_at,
        "totals": dict(main.totals),
    }
    return versioned(record, main.version)


def _slice(index: int, record: Mapping[str, Any]) -> Slice:
    return Slice(
        index,
        record.get("amount", 0),
        record.get("allot", 0),
        record.get("opened", 0),
        record.get("lent", 0),
        {name[1:]: value for name, value in record.items() if name[0] == "d" and name[1:].isdigit()},
    )


def new_slice_op(node_id: str, index: int) -> "Op":
    """An empty slice."""
    record = {**head(_slice_pk(node_id, index), "SLICE", node_id), "amount": 0, "allot": 0}
    return dynamo.put_op(ledger_table(), record, condition="absent")


def empty_slice_op(node_id: str, index: int) -> "Op":
    """A check that nothing is in a slice."""
    return dynamo.check_op(
        ledger_table(), _slice_pk(node_id, index), "SLICE", "amount = :none", values={":none": 0}
    )


def draw_op(node_id: str, index: int, draw: Draw, day: str) -> "Op":
    """A play on one slice: refused only where it needs more than is there. Belongs into the transaction of its cause."""
    parts, values = [], {}
    changes = (("amount", draw.net), (f"d{day}", -draw.net), ("opened", draw.opened), ("lent", draw.lent))
    for number, (name, change) in enumerate(changes):
        if change or name == "amount":
            parts.append(f"{name} :{number}")
            values[f":{number}"] = change
    if draw.need:
        values[":need"] = draw.need
    return dynamo.update_op(
        ledger_table(),
        _slice_pk(node_id, index),
        "SLICE",
        "ADD " + ", ".join(parts),
        condition="amount >= :need" if draw.need else None,
        values=values,
    )


def shift(main: Main, move: Shift) -> bool:
    """Points from one place of an account to another in one transaction; False when a place had moved meanwhile."""
    ops = []
    for place, amount in ((move.source, -move.amount), (move.target, move.amount)):
        if place == MAIN:
            ops.append(_shift_main_op(main, amount))
        else:
            ops.append(_shift_slice_op(main.tenant_id, place, amount))
    try:
        dynamo.transact(ops)
    except dynamo.TransactionRefused:
        return False
    return True


def _shift_main_op(main: Main, amount: int) -> "Op":
    return dynamo.update_op(
        ledger_table(),
        account_pk(main.tenant_id),
        "MAIN",
        "SET #free = :free, version = :next",
        condition="version = :version",
        names={"#free": "free"},  # a reserved word
        values={":free": main.free + amount, ":next": main.version + 1, ":version": main.version},
    )


def _shift_slice_op(node_id: str, index: int, amount: int) -> "Op":
    return dynamo.update_op(
        ledger_table(),
        _slice_pk(node_id, index),
        "SLICE",
        "ADD amount :amount, allot :amount",
        condition="amount >= :need" if amount < 0 else None,
        values={":amount": amount, **({":need": -amount} if amount < 0 else {})},
    )


# ---------------------------------------------------------------- days of play
def book_day(node_id: str, part: Slice, day: str) -> bool:
    """Move a day that is over from a slice to the account's day record; False if it was not as it was read."""
    value = part.days[day]
    ops = [
        dynamo.update_op(
            ledger_table(),
            _slice_pk(node_id, part.index),
            "SLICE",
            f"REMOVE d{day}",
            condition=f"d{day} = :was",
            values={":was": value},
        ),
        dynamo.update_op(
            ledger_table(),
            account_pk(node_id),
            f"P#{day}",
            "ADD played :played SET tenantId = :node, #schema = :schema",
            names={"#schema": "schema"},
            values={":played": value, ":node": node_id, ":schema": SCHEMA},
        ),
    ]
    try:
        dynamo.transact(ops)
    except dynamo.TransactionRefused:
        return False
    return True


def booked_days(node_id: str, start: str) -> dict[str, int]:
    """What was played on days from `start` on, as far as it is booked."""
    after = f"P#{int(start) - 1}"  # no real day lies between
    rows = dynamo.query(ledger_table(), account_pk(node_id), prefix="P#", after=after, before="P#99999999")
    return {row["sk"][2:]: row["played"] for row in rows}


# ---------------------------------------------------------------- billing
def _billing(record: Record | None) -> Billing:
    if record is None:
        return Billing()
    return Billing(
        record["version"],
        record["policy"],
        record["rateBps"],
        record["floor"],
        tuple(record["alertAt"]),
        record["slices"],
        record.get("approvalOver"),
        record.get("approvalBefore"),
        record["loosensAt"],
    )


def billing_op(node_id: str, billing: Billing) -> "Op":
    """Billing as it shall be, if the version before it stands there."""
    record = {
        **head(account_pk(node_id), "BILLING", node_id),
        "version": billing.version,
        "policy": billing.policy,
        "rateBps": billing.rate_bps,
        "floor": billing.floor,
        "alertAt": list(billing.alert_at),
        "slices": billing.slices,
        "approvalOver": billing.approval_over,
        "approvalBefore": billing.approval_before,
        "loosensAt": billing.loosens_at,
    }
    return versioned(record, billing.version)
