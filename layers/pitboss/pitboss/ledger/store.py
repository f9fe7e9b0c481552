"""Accounts and postings in the `ledger` table.

A posting is one TransactWriteItems: the transaction item under the id of its cause (nothing may stand there), and for
each line the balance (conditioned on its version) and an entry with the balance before and after. What must be true
together with the money (a seat activated, a result final) is written in the same transaction, as `beside`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pitboss.ledger.model import Posting, check_posting
from pitboss.platform.dynamo import (
    Record,
    TooBusy,
    TransactionRefused,
    get,
    get_many,
    put_op,
    query,
    transact,
    update_op,
)
from pitboss.platform.settings import ledger_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef

SCHEMA = 1
ATTEMPTS = 12  # each is a fresh read of the balances; TransactionConflicts are tried again inside `transact`


def _account_pk(tenant_id: str, account: str, currency: str) -> str:
    return f"ACC#{tenant_id}#{account}#{currency}"


def _tx_pk(tenant_id: str) -> str:
    return f"TX#{tenant_id}"


def read_balances(tenant_id: str, currency: str, accounts: Iterable[str]) -> dict[str, Record]:
    """The balance records of some accounts; one that was never posted to is absent."""
    keys = {_account_pk(tenant_id, account, currency): account for account in accounts}
    found = get_many(ledger_table(), [(pk, "BALANCE") for pk in keys])
    return {keys[pk]: record for (pk, _), record in found.items()}


def post_ops(tenant_id: str, posting: Posting, balances: Mapping[str, Record]) -> list["Op"]:
    """The transaction items of a posting, given the balances as they were read: the transaction item first."""
    check_posting(posting)
    table = ledger_table()
    ops = [
        put_op(
            table,
            {
                "pk": _tx_pk(tenant_id),
                "sk": posting.tx_id,
                "tenantId": tenant_id,
                "schema": SCHEMA,
                "kind": posting.kind,
                "currency": posting.currency,
                "exponent": posting.exponent,
                "at": posting.at,
                "memo": posting.memo or None,
                "lines": [[line.account, line.amount] for line in posting.lines],
            },
            condition="absent",
        )
    ]
    for line in posting.lines:
        ops += _line_ops(tenant_id, posting, line.account, line.amount, balances.get(line.account))
    return ops


def _line_ops(
    tenant_id: str, posting: Posting, account: str, amount: int, balance: Record | None
) -> list["Op"]:
    table, pk = ledger_table(), _account_pk(tenant_id, account, posting.currency)
    before = balance["amount"] if balance else 0
    version = balance["version"] if balance else 0
    entry = {
        "pk": pk,
        "sk": f"E#{version + 1:012d}",
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "txId": posting.tx_id,
        "kind": posting.kind,
        "amount": amount,
        "before": before,
        "after": before + amount,
        "at": posting.at,
    }
    values: dict[str, Any] = {
        ":after": before + amount,
        ":next": version + 1,
        ":tenant": tenant_id,
        ":schema": SCHEMA,
        ":account": account,
        ":currency": posting.currency,
        ":exponent": posting.exponent,
    }
    if version:
        values[":version"] = version
    written = update_op(
        table,
        pk,
        "BALANCE",
        "SET amount = :after, version = :next, tenantId = :tenant, #schema = :schema,"
        " account = :account, currency = :currency, exponent = :exponent",
        condition="version = :version" if version else "attribute_not_exists(pk)",
        names={"#schema": "schema"},
        values=values,
    )
    return [written, put_op(table, entry, condition="absent")]


def commit(tenant_id: str, posting: Posting, beside: Sequence["Op"] = ()) -> bool:
    """Post once, together with `beside`. False when this cause was posted before: then `beside` was written with it.

    Raises TransactionRefused with the reasons of `beside` alone when one of its conditions said no, and TooBusy when
    other postings to the same accounts kept winning; nothing was written in either case.
    """
    for _ in range(ATTEMPTS):
        balances = read_balances(tenant_id, posting.currency, (line.account for line in posting.lines))
        ops = [*beside, *post_ops(tenant_id, posting, balances)]
        try:
            transact(ops)
        except TransactionRefused as refused:
            if refused.refused(len(beside)):
                return False
            if any(reason is not None for reason in refused.reasons[: len(beside)]):
                raise TransactionRefused(refused.reasons[: len(beside)]) from None
            continue  # a balance moved between our read and our write
        return True
    raise TooBusy


def read_transaction(tenant_id: str, tx_id: str) -> Record | None:
    """The posting of a cause, None if it was never posted."""
    return get(ledger_table(), _tx_pk(tenant_id), tx_id)


def transactions(tenant_id: str, prefix: str = "") -> Iterator[Record]:
    """All postings of a tenant whose cause begins with `prefix`, by cause."""
    return query(ledger_table(), _tx_pk(tenant_id), prefix=prefix)


def entries(tenant_id: str, account: str, currency: str) -> Iterator[Record]:
    """The entries of one account, oldest first."""
    return query(ledger_table(), _account_pk(tenant_id, account, currency), prefix="E#")
