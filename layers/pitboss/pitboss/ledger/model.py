"""Double entry in integers of the smallest unit (design: one ledger, no lost or doubled unit).

Accounts of tournament money, each per tenant and currency:

| account | what its balance says (minor units) |
|---|---|
| `tournament/<id>/pool` | prize money that is still in the pool; 0 once a result is posted |
| `operator/<id>/rake` | fees kept |
| `operator/<id>/overlay` | minus what the house has put in: seed, guarantee, fixed prizes |
| `operator/<id>/remainder` | pool money that no prize line pays out |
| `tournament/<id>/payable` | prizes and refunds owed, not yet confirmed by the operator's wallet; 0 when settled |
| `operator/<id>/clawback` | minus what players owe back after an amended result |
| `operator/<id>/cash` | the counterpart: what the operator's wallet has moved |

A positive amount adds to a balance. The lines of a posting sum to zero, so all balances of a currency do.

A posting is entered in one *book*: that of its tournament, or the house's where no account of a tournament moves. A book
holds the balance of each account as far as its own postings go, so an operator's account is the sum over the books: no
balance is shared by all tournaments of an operator, and a posting moves one record, however many accounts it has.
"""

import re
from typing import NamedTuple

from pitboss.kernel.money import MAX_EXPONENT, MAX_MINOR

MAX_LINES = 12
HOUSE = "house"
_ACCOUNT = re.compile(
    r"(?:tournament/[0-9A-Za-z-]{1,64}/(?:pool|payable)|operator/[0-9A-Za-z-]{1,64}/[a-z]{1,16})", re.ASCII
)


class Line(NamedTuple):
    """One side of a posting: `amount` in minor units is added to the balance of `account`."""

    account: str
    amount: int


class Posting(NamedTuple):
    """One movement of money. `tx_id` names its cause, so that repeating the cause posts nothing."""

    tx_id: str
    kind: str
    currency: str
    exponent: int
    lines: tuple[Line, ...]
    at: int
    memo: str = ""

    @property
    def book(self) -> str:
        """The book it is entered in: a tournament's id, or `house`."""
        return next((book for line in self.lines if (book := book_of(line.account)) != HOUSE), HOUSE)


def pool_account(tournament_id: str) -> str:
    """Where the prize money of one tournament is kept."""
    return f"tournament/{tournament_id}/pool"


def payable_account(tournament_id: str) -> str:
    """What is owed to players of one tournament until the operator's wallet has confirmed it."""
    return f"tournament/{tournament_id}/payable"


def operator_account(tenant_id: str, name: str) -> str:
    """An account of the house: rake, overlay, remainder, clawback or cash."""
    return f"operator/{tenant_id}/{name}"


def book_of(account: str) -> str:
    """The book of an account of a tournament; `house` for an account that stands in many."""
    owner, _, rest = account.partition("/")
    return rest.partition("/")[0] if owner == "tournament" else HOUSE


def check_posting(posting: Posting) -> None:
    """ValueError unless the posting balances; a fault here is a fault of the program, never of a request."""
    accounts = [line.account for line in posting.lines]
    if not 2 <= len(accounts) <= MAX_LINES or len(set(accounts)) != len(accounts):
        raise ValueError(f"a posting has 2 to {MAX_LINES} lines, one for each account")
    if not all(_ACCOUNT.fullmatch(account) for account in accounts):
        raise ValueError(f"unknown kind of account among {accounts}")
    if len({book_of(account) for account in accounts} - {HOUSE}) > 1:
        raise ValueError("a posting stays within one tournament")
    if any(line.amount == 0 or abs(line.amount) > MAX_MINOR for line in posting.lines):
        raise ValueError("an amount of a posting is not zero and stays within the ledger's limit")
    if sum(line.amount for line in posting.lines) != 0:
        raise ValueError("the lines of a posting sum to zero")
    if not 0 <= posting.exponent <= MAX_EXPONENT or not posting.tx_id:
        raise ValueError("a posting names its cause and its currency's exponent")


def merged(
    amounts: dict[str, int], *, tx_id: str, kind: str, currency: str, exponent: int, at: int
) -> Posting | None:
    """A posting of those accounts that move; None when nothing does."""
    lines = tuple(Line(account, amount) for account, amount in amounts.items() if amount)
    return Posting(tx_id, kind, currency, exponent, lines, at) if lines else None
