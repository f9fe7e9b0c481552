"""The books over random operations with repeats and crashes: every cause once, sums zero, entries chained."""

import random
from typing import Any

import pytest
from pitboss.ledger import public as ledger
from pitboss.ledger import store
from pitboss.ledger.public import Line, Posting
from pitboss.platform import dynamo
from pitboss.platform.dynamo import TransactionRefused, check_op, put_op
from pitboss.platform.settings import ledger_table

from bench.capacity import size

pytestmark = pytest.mark.moto

ACCOUNTS = [
    ledger.pool_account("T1"),
    ledger.payable_account("T1"),
    *(ledger.operator_account("op", name) for name in ("cash", "rake", "overlay")),
]


class CrashError(Exception):
    """The process dies here."""


def random_posting(rng: random.Random, number: int) -> Posting:
    accounts = rng.sample(ACCOUNTS, rng.randint(2, 4))
    amounts = [rng.choice([-1, 1]) * rng.randint(1, 10_000) for _ in accounts[1:]]
    if sum(amounts) == 0:
        amounts[0] += 1 if amounts[0] != -1 else 2
    lines = tuple(Line(a, v) for a, v in zip(accounts, [-sum(amounts), *amounts], strict=True))
    return Posting(f"cause-{number}", "test", rng.choice(["EUR", "JPY"]), 2, lines, number)


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_repeats_and_crashes_leaves_books_that_add_up(
    aws: dict[str, str], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    postings = [random_posting(rng, n) for n in range(25)]
    real = dynamo.transact

    def dying(ops: Any) -> None:
        fate = rng.random()
        if fate < 0.2:
            raise CrashError  # before the write
        real(ops)
        if fate > 0.8:
            raise CrashError  # after it: the caller never learns that it was written

    monkeypatch.setattr(store, "transact", dying)
    todo = postings * 2
    rng.shuffle(todo)
    while todo:
        posting = todo.pop()
        try:
            ledger.post("op", posting)
        except CrashError:
            todo.insert(rng.randint(0, len(todo)), posting)
    monkeypatch.setattr(store, "transact", real)

    audit = ledger.trial_balance("op")
    assert audit.faults == ()
    assert audit.postings == len(postings)
    for currency in ("EUR", "JPY"):
        assert audit.total(currency) == 0
        for account in ACCOUNTS:
            expected = sum(
                line.amount
                for p in postings
                if p.currency == currency
                for line in p.lines
                if line.account == account
            )
            assert ledger.balance("op", account, currency) == expected


def test_a_balance_that_moves_between_read_and_write_is_read_again(
    aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, cash = ACCOUNTS[0], ACCOUNTS[2]
    other = Posting("other", "test", "EUR", 2, (Line(pool, 5), Line(cash, -5)), 1)
    real, raced = store.read_book, []

    def racing(*args: Any) -> Any:
        found = real(*args)
        if not raced:
            raced.append(True)
            ledger.post("op", other)  # somebody else, right after we read
        return found

    monkeypatch.setattr(store, "read_book", racing)
    assert ledger.post("op", Posting("mine", "test", "EUR", 2, (Line(pool, 7), Line(cash, -7)), 2))
    assert ledger.balance("op", pool, "EUR") == 12
    assert ledger.trial_balance("op").faults == ()


def test_what_stands_beside_is_written_with_the_money_or_not_at_all(aws: dict[str, str]) -> None:
    pool, cash = ACCOUNTS[0], ACCOUNTS[2]
    posting = Posting("entry", "buy_in", "EUR", 2, (Line(pool, 10), Line(cash, -10)), 1)
    beside = put_op(ledger_table(), {"pk": "X", "sk": "Y"}, condition="absent")
    barred = check_op(ledger_table(), "X", "Y", "attribute_exists(pk)")
    with pytest.raises(TransactionRefused) as refused:
        ledger.post("op", posting, beside=[barred])
    assert len(refused.value.reasons) == 1
    assert ledger.balance("op", pool, "EUR") == 0

    assert ledger.post("op", posting, beside=[beside]) is True
    # Again: the money is not posted twice, although the item beside would be refused now.
    assert ledger.post("op", posting, beside=[beside]) is False
    assert ledger.balance("op", pool, "EUR") == 10


def test_an_audit_finds_a_balance_that_was_tampered_with(aws: dict[str, str]) -> None:
    pool, cash = ACCOUNTS[0], ACCOUNTS[2]
    ledger.post("op", Posting("a", "buy_in", "EUR", 2, (Line(pool, 10), Line(cash, -10)), 1))
    dynamo.apply(
        dynamo.update_op(
            ledger_table(),
            "BOOKS#op",
            "T1#EUR",
            "SET balances.#a = :x",
            names={"#a": pool},
            values={":x": 11},
        )
    )
    assert any("balance 11" in fault for fault in ledger.trial_balance("op").faults)


@pytest.mark.parametrize(
    "change",
    [
        ("SET #lines[0][1] = :x, #lines[1][1] = :y", {":x": 6, ":y": -6}),  # another amount
        ("SET #lines[0][2] = :x", {":x": 9}),  # another balance before
        ("SET #lines[0][3] = :x", {":x": 9}),  # another balance after
        ("SET seq = :x", {":x": 3}),
        ("SET book = :x", {":x": "T2"}),
    ],
)
def test_an_audit_finds_a_posting_that_was_tampered_with(
    aws: dict[str, str], change: tuple[str, dict[str, Any]]
) -> None:
    pool, cash = ACCOUNTS[0], ACCOUNTS[2]
    for cause, amount in (("a", 10), ("b", 5), ("c", 3)):
        ledger.post("op", Posting(cause, "buy_in", "EUR", 2, (Line(pool, amount), Line(cash, -amount)), 1))
    assert ledger.trial_balance("op").faults == ()
    expression, values = change
    names = {"#lines": "lines"} if "#lines" in expression else {}
    dynamo.apply(
        dynamo.update_op(ledger_table(), "TX#op", "b", expression, names=names or None, values=values)
    )
    assert ledger.trial_balance("op").faults


@pytest.mark.parametrize("gone", ["a", "b", "c"])
def test_an_audit_finds_a_posting_that_was_taken_away(aws: dict[str, str], gone: str) -> None:
    pool, cash = ACCOUNTS[0], ACCOUNTS[2]
    for cause, amount in (("a", 10), ("b", -10), ("c", 10)):
        ledger.post("op", Posting(cause, "buy_in", "EUR", 2, (Line(pool, amount), Line(cash, -amount)), 1))
    dynamo.apply(dynamo.delete_op(ledger_table(), "TX#op", gone))
    assert ledger.trial_balance("op").faults


def test_an_operators_account_is_the_sum_over_its_books(aws: dict[str, str]) -> None:
    cash, rake = ledger.operator_account("op", "cash"), ledger.operator_account("op", "rake")
    for number, other in enumerate((ledger.pool_account("T1"), ledger.pool_account("T2"), rake)):
        ledger.post("op", Posting(f"p{number}", "buy_in", "EUR", 2, (Line(other, 5), Line(cash, -5)), 1))
    assert ledger.balance("op", cash, "EUR") == -15
    assert ledger.balance("op", ledger.pool_account("T2"), "EUR") == 5
    assert ledger.balance("op", cash, "JPY") == 0
    audit = ledger.trial_balance("op")
    assert (audit.faults, audit.balances["EUR"][cash], audit.total("EUR")) == ((), -15, 0)


def test_a_posting_writes_two_records_however_many_accounts_it_has(
    aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a posting costs: its two records are a kilobyte at most, with the longest ids that there are."""
    tenant, tid = "t" * 64, "T" * 64
    ops: list[Any] = []
    real = store.transact
    monkeypatch.setattr(store, "transact", lambda some: (ops.extend(some), real(some)))
    lines = (
        Line(ledger.pool_account(tid), 10**9),
        Line(ledger.operator_account(tenant, "rake"), 10**8),
        Line(ledger.operator_account(tenant, "cash"), -(10**9) - 10**8),
    )
    assert ledger.post(tenant, Posting("DEBIT#" + "0" * 26, "buy_in", "EUR", 2, lines, 1_800_000_000_000))
    assert len(ops) == 2
    assert all(size(op["Put"]["Item"]) <= 1024 for op in ops)


def test_tenants_do_not_see_each_other(aws: dict[str, str]) -> None:
    lines = (Line(ACCOUNTS[0], 10), Line(ACCOUNTS[2], -10))
    ledger.post("op", Posting("a", "buy_in", "EUR", 2, lines, 1))
    assert ledger.balance("other", ACCOUNTS[0], "EUR") == 0
    assert ledger.trial_balance("other").postings == 0
