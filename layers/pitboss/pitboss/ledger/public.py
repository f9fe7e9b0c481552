"""What other contexts may use of the ledger: post, read a balance, audit the books."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pitboss.ledger import store
from pitboss.ledger.model import (
    HOUSE,
    Line,
    Posting,
    book_of,
    merged,
    operator_account,
    payable_account,
    pool_account,
)
from pitboss.platform.dynamo import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

__all__ = [
    "Line",
    "Posting",
    "TrialBalance",
    "balance",
    "merged",
    "operator_account",
    "payable_account",
    "pool_account",
    "post",
    "post_ops",
    "posted",
    "trial_balance",
]


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """The books of a tenant: `balances[currency][account]` in minor units, and every fault that was found."""

    balances: dict[str, dict[str, int]]
    postings: int
    faults: tuple[str, ...]

    def total(self, currency: str) -> int:
        """The sum over all accounts of a currency: 0 in books that are right."""
        return sum(self.balances.get(currency, {}).values())


def post(tenant_id: str, posting: Posting, *, beside: Sequence["TransactWriteItemTypeDef"] = ()) -> bool:
    """Post once, in one transaction with `beside`. True when it was posted now, False when it had been before.

    Raises TransactionRefused (reasons of `beside` only) and TooBusy; either way nothing was written.
    """
    return store.commit(tenant_id, posting, beside)


def post_ops(tenant_id: str, posting: Posting) -> list["TransactWriteItemTypeDef"]:
    """The items of a posting for a transaction of one's own: item 0 is refused when the cause was posted before, item 1
    when the book moved meanwhile (build them again). `post` does both for you."""
    return store.post_ops(tenant_id, posting, store.read_book(tenant_id, posting.book, posting.currency))


def posted(tenant_id: str, tx_id: str) -> bool:
    """Whether the cause `tx_id` has been posted."""
    return store.read_transaction(tenant_id, tx_id) is not None


def balance(tenant_id: str, account: str, currency: str) -> int:
    """The balance of an account in minor units; 0 for one that was never posted to. An account of a tournament is one
    read, an operator's the sum over its books: an audit's question."""
    book = book_of(account)
    if book != HOUSE:
        found = store.read_book(tenant_id, book, currency)
        return int(found["balances"].get(account, 0)) if found else 0
    kept = (record for record in store.books(tenant_id) if record["currency"] == currency)
    return sum(int(record["balances"].get(account, 0)) for record in kept)


def trial_balance(tenant_id: str) -> TrialBalance:
    """Retell every book from its postings, in their order, and compare with what it says: an audit, not a hot path."""
    told: dict[tuple[str, str], list[Record]] = {}
    postings = 0
    faults: list[str] = []
    for tx in store.transactions(tenant_id):
        postings += 1
        if sum(line[1] for line in tx["lines"]) != 0:
            faults.append(f"{tx['sk']}: its lines do not sum to zero")
        told.setdefault((tx["book"], tx["currency"]), []).append(tx)
    sums: dict[str, dict[str, int]] = {}
    books = {
        (record["sk"].rpartition("#")[0], record["currency"]): record for record in store.books(tenant_id)
    }
    for (book, currency), postings_of in told.items():
        running, wrong = _retold(postings_of)
        faults += [f"book {book} {currency}: {fault}" for fault in wrong]
        record = books.pop((book, currency), None) or {"version": 0, "balances": {}}
        if record["version"] != len(postings_of):
            faults.append(
                f"book {book} {currency}: {record['version']} postings, {len(postings_of)} are there"
            )
        for account in sorted(running.keys() | record["balances"].keys()):
            stored, said = record["balances"].get(account, 0), running.get(account, 0)
            if stored != said:
                faults.append(f"book {book} {currency}: {account} balance {stored}, postings say {said}")
            row = sums.setdefault(currency, {})
            row[account] = row.get(account, 0) + said
    faults += [f"book {book} {currency}: none of its postings is there" for book, currency in books]
    return TrialBalance(sums, postings, tuple(faults))


def _retold(postings: Sequence[Record]) -> tuple[dict[str, int], list[str]]:
    """The balances that a book's postings come to, one after the other, and what does not follow."""
    running: dict[str, int] = {}
    faults: list[str] = []
    for number, tx in enumerate(sorted(postings, key=lambda tx: int(tx["seq"])), start=1):
        if tx["seq"] != number:
            faults.append(f"posting {tx['sk']} is number {tx['seq']}, {number} was expected")
        for account, amount, before, after in tx["lines"]:
            if before != running.get(account, 0) or after != before + amount:
                faults.append(f"{account} in {tx['sk']} does not follow the posting before it")
            running[account] = after
    return running, faults
