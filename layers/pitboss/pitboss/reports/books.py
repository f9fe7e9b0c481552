"""The trial balance: every wallet's sides come to nothing, and its transactions lead from nothing to its balance.

A player's transactions are a walk from balance to balance: each leads from `before` to `after`. Nothing is missing and
nothing is doubled when they can be walked from zero to the balance that stands, each exactly once. That needs no order,
so it does not matter that several may have come in one millisecond (each balance is left as often as it is reached, but
for the first and the last).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pitboss.kernel.money import format_amount
from pitboss.points.public import balances
from pitboss.reports import store
from pitboss.reports.model import LANES, Row
from pitboss.wallet.public import Wallet, read_wallet

BATCH = 100
FINDINGS_SHOWN = 100
ALL_TIME = ("0000000000000#", "9999999999999~")
_MOVING = ("bet", "win", "rollback", "deposit", "withdraw")
_MOVED = ("DONE", "ROLLED_BACK")


class Finding(NamedTuple):
    """Something that does not come out."""

    player_id: str
    kind: str
    detail: str


@dataclass(slots=True)
class Books:
    """A trial balance by currency and exponent. `balance + house + cash = receivable` in every wallet, and so in all."""

    wallets: int = 0
    transactions: int = 0
    balance: Counter[tuple[str, int]] = field(default_factory=Counter)
    house: Counter[tuple[str, int]] = field(default_factory=Counter)
    cash: Counter[tuple[str, int]] = field(default_factory=Counter)
    receivable: Counter[tuple[str, int]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    found: int = 0
    points: int = 0

    @property
    def balanced(self) -> bool:
        """Whether everything came out."""
        return self.found == 0

    def add(self, wallet: Wallet, faults: Iterable[Finding], transactions: int) -> None:
        """Take a wallet in."""
        place = (wallet.currency, wallet.exponent)
        self.wallets += 1
        self.transactions += transactions
        self.balance[place] += wallet.balance
        self.house[place] += wallet.house
        self.cash[place] += wallet.cash
        self.receivable[place] += wallet.receivable
        for fault in faults:
            self.found += 1
            if len(self.findings) < FINDINGS_SHOWN:
                self.findings.append(fault)


def judge(wallet: Wallet, rows: Sequence[Row]) -> list[Finding]:
    """What does not come out in one wallet. Pure.

    Of a seamless player only the sides are judged: the balances between its transactions are the operator's, who moves
    them for other reasons too. Rows of changes younger than the wallet as read are left aside.
    """
    faults: list[Finding] = []

    def fault(kind: str, detail: str) -> None:
        faults.append(Finding(wallet.player_id, kind, detail))

    total = wallet.balance + wallet.house + wallet.cash - wallet.receivable
    if total:
        fault("unbalanced", f"balance + house + cash - receivable is {total}, not 0 (smallest units)")
    if wallet.mode == "transfer" and wallet.balance < 0:
        fault("negative", f"the balance is {format_amount(wallet.balance, wallet.exponent)}")
    moved = [
        row for row in rows if row.kind in _MOVING and row.state in _MOVED and row.order <= wallet.version
    ]
    for row in moved:
        if wallet.mode == "transfer" and (row.before is None or row.after is None):
            fault("no_balances", f"{row.id} does not tell the balance before and after it")
    if wallet.mode == "transfer" and not faults:
        _walk(wallet, [(row.before or 0, row.after or 0) for row in moved], fault)
    keys = Counter((row.provider, row.kind, row.ext_id, row.scope) for row in rows)
    for key, number in keys.items():
        if number > 1:
            fault("twice", f"{' '.join(key[:3])} stands {number} times")
    return faults


def _walk(wallet: Wallet, steps: Sequence[tuple[int, int]], fault: Callable[[str, str], None]) -> None:
    left: Counter[int] = Counter()
    for before, after in steps:
        left[before] += 1
        left[after] -= 1
    left[0] -= 1
    left[wallet.shown] += 1
    wrong = {balance: number for balance, number in left.items() if number}
    if wrong:
        shown = ", ".join(
            f"{format_amount(balance, wallet.exponent)} is {'left' if number > 0 else 'reached'} {abs(number)} times too often"
            for balance, number in sorted(wrong.items())[:4]
        )
        fault("broken_chain", f"the transactions do not lead from 0 to the balance: {shown}")


def trial_balance(tenant_id: str) -> Books:
    """The books of one tenant, whole. Rows come from history, which follows the ledger within seconds: while players play,
    a wallet may be ahead of it and is then found to be a broken chain."""
    books = Books(points=balances([tenant_id])[tenant_id])
    for lane in range(LANES):
        after: str | None = None
        while players := store.wallets(tenant_id, lane, after=after, limit=BATCH):
            after = players[-1]
            judge_players(tenant_id, players, books)
    return books


def judge_players(tenant_id: str, players: Iterable[str], books: Books) -> None:
    """Take some players in."""
    for player_id in players:
        wallet = read_wallet(tenant_id, player_id)
        if wallet is None:
            continue
        low, high = ALL_TIME
        rows = list(store.player_rows(tenant_id, player_id, after=low, before=high, forward=True))
        books.add(wallet, judge(wallet, rows), len(rows))
