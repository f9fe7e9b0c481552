"""What other contexts may use of the ledger: post, read a balance, audit the books."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pitboss.ledger import store
from pitboss.ledger.model import Line, Posting, merged, operator_account, payable_account, pool_account

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
    """The items of a posting for a transaction of one's own: item 0 is refused when the cause was posted before,
    the others when a balance moved meanwhile (build them again). `post` does both for you."""
    accounts = (line.account for line in posting.lines)
    return store.post_ops(tenant_id, posting, store.read_balances(tenant_id, posting.currency, accounts))


def posted(tenant_id: str, tx_id: str) -> bool:
    """Whether the cause `tx_id` has been posted."""
    return store.read_transaction(tenant_id, tx_id) is not None


def balance(tenant_id: str, account: str, currency: str) -> int:
    """The balance of an account in minor units; 0 for one that was never posted to."""
    found = store.read_balances(tenant_id, currency, [account])
    return int(found[account]["amount"]) if account in found else 0


def trial_balance(tenant_id: str) -> TrialBalance:
    """Add up all postings of a tenant and compare with every balance and every entry: an audit, not a hot path."""
    sums: dict[str, dict[str, int]] = {}
    counts: dict[tuple[str, str], int] = {}
    postings = 0
    faults: list[str] = []
    for tx in store.transactions(tenant_id):
        postings += 1
        if sum(amount for _, amount in tx["lines"]) != 0:
            faults.append(f"{tx['sk']}: its lines do not sum to zero")
        for account, amount in tx["lines"]:
            row = sums.setdefault(tx["currency"], {})
            row[account] = row.get(account, 0) + amount
            counts[tx["currency"], account] = counts.get((tx["currency"], account), 0) + 1
    for currency, row in sums.items():
        for account, stored in store.read_balances(tenant_id, currency, row).items():
            if stored["amount"] != row[account]:
                faults.append(
                    f"{account} {currency}: balance {stored['amount']}, postings say {row[account]}"
                )
        for account, amount in row.items():
            faults += _entry_faults(tenant_id, account, currency, amount, counts[currency, account])
    return TrialBalance(sums, postings, tuple(faults))


def _entry_faults(tenant_id: str, account: str, currency: str, amount: int, count: int) -> list[str]:
    running, seen, faults = 0, 0, []
    for entry in store.entries(tenant_id, account, currency):
        if entry["before"] != running or entry["after"] != running + entry["amount"]:
            faults.append(f"{account} {currency}: entry {entry['sk']} does not follow the one before it")
        running, seen = entry["after"], seen + 1
    if running != amount or seen != count:
        faults.append(
            f"{account} {currency}: {seen} entries end at {running}, postings say {count} and {amount}"
        )
    return faults
