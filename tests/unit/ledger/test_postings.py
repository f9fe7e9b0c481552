"""A posting that does not balance never reaches the table."""

import pytest
from pitboss.kernel.money import MAX_EXPONENT
from pitboss.ledger.model import (
    MAX_LINES,
    Line,
    Posting,
    check_posting,
    merged,
    operator_account,
    pool_account,
)

pytestmark = pytest.mark.unit

POOL, CASH = pool_account("T1"), operator_account("op", "cash")


def posting(*lines: Line, **more: object) -> Posting:
    fields = {"tx_id": "x", "kind": "buy_in", "currency": "EUR", "exponent": 2, "lines": lines, "at": 1}
    return Posting(**{**fields, **more})


@pytest.mark.parametrize(
    "bad",
    [
        posting(Line(POOL, 1), Line(CASH, -2)),
        posting(Line(POOL, 1)),
        posting(Line(POOL, 1), Line(POOL, -1)),
        posting(Line(POOL, 0), Line(CASH, 0)),
        posting(Line("wallet/x", 1), Line(CASH, -1)),
        posting(Line(POOL, 10**17 + 1), Line(CASH, -(10**17) - 1)),
        posting(Line(POOL, 1), Line(CASH, -1), tx_id=""),
        posting(Line(POOL, 1), Line(CASH, -1), exponent=9),
        posting(Line(POOL, 1), Line(CASH, -1), exponent=-1),
        posting(),
        posting(*(Line(pool_account(f"T{n}"), 1) for n in range(MAX_LINES)), Line(CASH, -MAX_LINES)),
    ],
)
def test_what_does_not_balance_is_a_fault_of_the_program(bad: Posting) -> None:
    with pytest.raises(ValueError, match=r"posting|account"):
        check_posting(bad)


@pytest.mark.parametrize("exponent", [0, MAX_EXPONENT])
def test_yen_and_bitcoin_may_be_posted_and_as_many_lines_as_there_may_be(exponent: int) -> None:
    others = [Line(operator_account("op", "a" * n), 1) for n in range(1, MAX_LINES)]
    check_posting(posting(*others, Line(POOL, 1 - MAX_LINES), exponent=exponent))


def test_a_posting_stays_within_one_tournament() -> None:
    with pytest.raises(ValueError, match="within one tournament"):
        check_posting(posting(Line(pool_account("T1"), 1), Line(pool_account("T2"), -1)))


def test_a_balanced_posting_passes_and_empty_lines_fall_away() -> None:
    made = merged(
        {POOL: 10, operator_account("op", "rake"): 0, CASH: -10},
        tx_id="x",
        kind="buy_in",
        currency="EUR",
        exponent=2,
        at=1,
    )
    assert made is not None
    check_posting(made)
    assert made == Posting("x", "buy_in", "EUR", 2, (Line(POOL, 10), Line(CASH, -10)), 1)
    assert merged({POOL: 0}, tx_id="x", kind="k", currency="EUR", exponent=2, at=1) is None
