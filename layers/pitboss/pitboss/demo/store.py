"""The demo casino's table: what it was told, what its players hold, what it is to get wrong.

| item | pk | sk |
|---|---|---|
| order | `DEMO#TX#<ref>` | `META` |
| orders of a tournament | `DEMO#LIST#<tournament>` | `<ref>` |
| wallet | `DEMO#WALLET#<tenant>` | `<brand>␟<player>␟<currency>` |
| debit given back | `DEMO#BACK#<debit ref>` | `META` |
| faults | `DEMO#FAULTS#<tournament, or * for all>` | `META` |
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from pitboss.demo import fault_store
from pitboss.demo.model import OPENING_MAJOR, Done, Fault, Order
from pitboss.platform.dynamo import (
    ConditionFailed,
    Record,
    TransactionRefused,
    apply,
    get,
    get_many,
    put_op,
    query,
    transact,
    update_op,
)
from pitboss.platform.settings import setting

_SEP = "\x1f"


def _table() -> str:
    return setting("DEMO_TABLE")


def _done(record: Record) -> Done:
    return Done(
        Order(**record["order"]), record["status"], record["reason"], record["transactionId"], record["at"]
    )


def given_back(debit_ref: str) -> bool:
    """Whether a debit has been given back."""
    return get(_table(), f"DEMO#BACK#{debit_ref}", "META") is not None


def find(ref: str) -> Done | None:
    """What became of a reference."""
    record = get(_table(), f"DEMO#TX#{ref}", "META")
    return _done(record) if record else None


def commit(done: Done, movements: dict[str, int]) -> bool:
    """Keep what became of an order and move what it moves, in one transaction. False if the reference was kept already,
    its debit was given back already, or the wallet does not hold enough: nothing has happened then.

    `movements` adds to `balance`, `bonus` or `freeRounds` of the player's wallet; only a balance can be short.
    """
    order, table = done.order, _table()
    record = {
        "pk": f"DEMO#TX#{order.ref}",
        "sk": "META",
        "order": asdict(order),
        "status": done.status,
        "reason": done.reason,
        "transactionId": done.transaction_id,
        "at": done.at,
    }
    ops = [
        put_op(table, record, condition="absent"),
        put_op(table, {"pk": f"DEMO#LIST#{order.tournament_id}", "sk": order.ref}),
    ]
    if order.type == "refund" and done.status == "confirmed":
        # Under whatever reference it is asked for, a debit is given back once.
        once = {"pk": f"DEMO#BACK#{order.refund_of}", "sk": "META", "ref": order.ref}
        ops.append(put_op(table, once, condition="absent"))
    if movements:
        pk, sk = _wallet(order)
        _open_wallet(order, pk, sk)
        values = {f":{name}": amount for name, amount in movements.items()}
        lowest = {":need": -movements["balance"]} if movements.get("balance", 0) < 0 else {}
        ops.append(
            update_op(
                table,
                pk,
                sk,
                "ADD " + ", ".join(f"{name} :{name}" for name in movements),
                condition="balance >= :need" if lowest else None,
                values={**values, **lowest},
            )
        )
    try:
        transact(ops)
    except TransactionRefused:
        return False
    return True


def _wallet(order: Order) -> tuple[str, str]:
    return f"DEMO#WALLET#{order.tenant_id}", _SEP.join((order.brand_id, order.player_id, order.currency))


def _open_wallet(order: Order, pk: str, sk: str) -> None:
    wallet = {
        "pk": pk,
        "sk": sk,
        "currency": order.currency,
        "exponent": order.exponent,
        "balance": OPENING_MAJOR * 10**order.exponent,
        "bonus": 0,
        "freeRounds": 0,
    }
    try:
        apply(put_op(_table(), wallet, condition="absent"))
    except ConditionFailed:
        return


def wallets(tenant_id: str, brand_id: str, player_id: str) -> list[Record]:
    """A player's wallets, one for each currency."""
    prefix = _SEP.join((brand_id, player_id, ""))
    return list(query(_table(), f"DEMO#WALLET#{tenant_id}", prefix=prefix))


def orders(tournament_id: str, after: str | None, limit: int) -> list[Done]:
    """A page of what was told about a tournament, by reference."""
    rows: Iterator[Record] = query(_table(), f"DEMO#LIST#{tournament_id}", after=after, limit=limit)
    keys = [(f"DEMO#TX#{row['sk']}", "META") for row in rows]
    found = get_many(_table(), keys)
    return [_done(found[key]) for key in keys if key in found]


def faults(scope: str) -> tuple[list[Fault], int]:
    """The faults of a scope and the version that they were read at."""
    return fault_store.read(Fault, f"DEMO#FAULTS#{scope}")


def save_faults(scope: str, faults_left: Sequence[Fault], was: int) -> bool:
    """Write the faults of a scope over the version that was read; False if somebody else took one meanwhile."""
    return fault_store.write(f"DEMO#FAULTS#{scope}", faults_left, was)
