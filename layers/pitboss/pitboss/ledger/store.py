"""Books and postings in the `ledger` table.

| item | pk | sk |
|---|---|---|
| posting | `TX#<tenant>` | `<id of its cause>` (each line with its balance before and after) |
| book | `BOOKS#<tenant>` | `<tournament, or house>#<currency>` (all its balances, and how many postings made them) |

A posting is one TransactWriteItems: the posting under the id of its cause (nothing may stand there), and its book,
conditioned on its version. The posting carries the version that it made, so a book can be retold from its postings one by
one, and one that is missing leaves a gap. What must be true together with the money (a seat activated, a result final) is
written in the same transaction, as `beside`.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pitboss.ledger.model import Posting, check_posting
from pitboss.platform.dynamo import (
    Record,
    TooBusy,
    TransactionRefused,
    get,
    put_op,
    query,
    transact,
)
from pitboss.platform.settings import ledger_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef

SCHEMA = 2
ATTEMPTS = 12  # each is a fresh read of the book; TransactionConflicts are tried again inside `transact`


def _books_pk(tenant_id: str) -> str:
    return f"BOOKS#{tenant_id}"


def _tx_pk(tenant_id: str) -> str:
    return f"TX#{tenant_id}"


def read_book(tenant_id: str, book: str, currency: str) -> Record | None:
    """A book: `balances` by account, `version` (how many postings it has); None if nothing was ever posted to it."""
    return get(ledger_table(), _books_pk(tenant_id), f"{book}#{currency}")


def books(tenant_id: str) -> Iterator[Record]:
    """All books of a tenant, as `read_book` answers one."""
    return query(ledger_table(), _books_pk(tenant_id))


def post_ops(tenant_id: str, posting: Posting, book: Record | None) -> list["Op"]:
    """The transaction items of a posting, given its book as it was read: the posting first, then the book."""
    check_posting(posting)
    version = book["version"] if book else 0
    balances: dict[str, int] = dict(book["balances"]) if book else {}
    lines = []
    for line in posting.lines:
        before = balances.get(line.account, 0)
        balances[line.account] = before + line.amount
        lines.append([line.account, line.amount, before, before + line.amount])
    told = {
        "pk": _tx_pk(tenant_id),
        "sk": posting.tx_id,
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "kind": posting.kind,
        "book": posting.book,
        "seq": version + 1,
        "currency": posting.currency,
        "exponent": posting.exponent,
        "at": posting.at,
        "memo": posting.memo or None,
        "lines": lines,
    }
    after = {
        "pk": _books_pk(tenant_id),
        "sk": f"{posting.book}#{posting.currency}",
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "version": version + 1,
        "currency": posting.currency,
        "exponent": posting.exponent,
        "balances": balances,
    }
    table = ledger_table()
    if book is None:
        return [put_op(table, told, condition="absent"), put_op(table, after, condition="absent")]
    moved = put_op(table, after, condition="version = :version", values={":version": version})
    return [put_op(table, told, condition="absent"), moved]


def commit(tenant_id: str, posting: Posting, beside: Sequence["Op"] = ()) -> bool:
    """Post once, together with `beside`. False when this cause was posted before: then `beside` was written with it.

    Raises TransactionRefused with the reasons of `beside` alone when one of its conditions said no, and TooBusy when
    other postings to the same book kept winning; nothing was written in either case.
    """
    for _ in range(ATTEMPTS):
        book = read_book(tenant_id, posting.book, posting.currency)
        ops = [*beside, *post_ops(tenant_id, posting, book)]
        try:
            transact(ops)
        except TransactionRefused as refused:
            if refused.refused(len(beside)):
                return False
            if any(reason is not None for reason in refused.reasons[: len(beside)]):
                raise TransactionRefused(refused.reasons[: len(beside)]) from None
            continue  # the book moved between our read and our write
        return True
    raise TooBusy


def read_transaction(tenant_id: str, tx_id: str) -> Record | None:
    """The posting of a cause, None if it was never posted."""
    return get(ledger_table(), _tx_pk(tenant_id), tx_id)


def transactions(tenant_id: str, prefix: str = "") -> Iterator[Record]:
    """All postings of a tenant whose cause begins with `prefix`, by cause."""
    return query(ledger_table(), _tx_pk(tenant_id), prefix=prefix)
