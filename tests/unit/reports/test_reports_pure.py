"""Figures, CSV, comparison, books: the pure parts of reports."""

import csv
import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.kernel.refusal import Refusal
from pitboss.reports import csvs
from pitboss.reports.books import judge
from pitboss.reports.codec import pack_day, pack_slot, unpack_day, unpack_slot
from pitboss.reports.comparing import BadLine, Compared, compare, read_file
from pitboss.reports.lines import CSV_COLUMNS, CSV_HEAD, csv_line, json_line
from pitboss.reports.model import NOTHING, ROUND, Day, Figures, Row, Slot, added, cell_of, figures_of
from pitboss.wallet.public import Wallet

pytestmark = pytest.mark.unit


def row(**more: Any) -> Row:
    plain: dict[str, Any] = {
        "id": "01J00000000000000000000001",
        "at": 1_767_225_600_000,
        "kind": "bet",
        "state": "DONE",
        "provider": "prov",
        "ext_id": "t-1",
        "scope": "",
        "player_id": "p-1",
        "brand_id": "b-1",
        "user_id": "u-1",
        "round_id": "r-1",
        "game_id": "g-1",
        "type": "bet",
        "amount": 1000,
        "currency": "EUR",
        "exponent": 2,
        "ref": "",
        "free_id": "",
        "before": 5000,
        "after": 4000,
        "order": 1,
        "refusal": "",
        "message": 0,
        "request": 0,
        "seq": 1,
    }
    return Row(**{**plain, **more})


# ---------------------------------------------------------------- figures
@pytest.mark.parametrize(
    ("given_row", "expected"),
    [
        (row(), Figures(bets=1, stake=1000)),
        (row(type="tip"), Figures(bets=1, stake=1000)),
        (row(type="free"), Figures(free_bets=1)),
        (row(state="ROLLED_BACK"), Figures(cancelled_bets=1, cancelled_stake=1000)),
        (row(state="REFUSED"), Figures(refused=1)),
        (row(state="PENDING"), Figures(pending=1)),
        (row(kind="win", type="win"), Figures(wins=1, won=1000)),
        (row(kind="win", type="win", amount=0), Figures()),
        (row(kind="win", type="jackpot"), Figures(wins=1, won=1000)),
        (row(kind="win", type="promo"), Figures(promo=1000)),
        (row(kind="win", type="free"), Figures(free_won=1000)),
        (row(kind="win", type="win", free_id="fr-1"), Figures(free_won=1000)),
        (row(kind="win", type="win", state="ROLLED_BACK"), NOTHING),
        (row(kind="win", type="win", state="UNKNOWN"), Figures(pending=1)),
        (row(kind="rollback", type=""), NOTHING),
        (row(kind="rollback", state="TOMBSTONE"), NOTHING),
        (row(kind="deposit", type=""), Figures(deposited=1000)),
        (row(kind="withdraw", type=""), Figures(withdrawn=1000)),
        (row(kind=ROUND, state="completed"), Figures(rounds=1)),
        (row(kind=ROUND, state="cancelled"), Figures(cancelled_rounds=1)),
        (row(kind=ROUND, state="open"), NOTHING),
    ],
    ids=str,
)
def test_what_a_row_counts_for(given_row: Row, expected: Figures) -> None:
    assert figures_of(given_row) == expected


def test_ggr_and_rtp() -> None:
    figures = Figures(bets=3, stake=30_000, wins=1, won=28_509, free_won=100, promo=50)
    assert (figures.ggr, figures.ngr, figures.rtp_bps) == (1_491, 1_341, 9_503)
    assert NOTHING.rtp_bps is None


def test_a_slot_takes_each_row_once_and_only_newer_ones() -> None:
    slot, day = Slot(0), Day(0)
    day.add(slot.merge([row(state="PENDING", seq=1), row(state="DONE", seq=2)]))
    assert day.cells == {cell_of(row()): Figures(bets=1, stake=1000)}
    assert slot.merge([row(state="DONE", seq=2), row(state="PENDING", seq=1)]) == {}
    day.add(slot.merge([row(state="ROLLED_BACK", seq=9)]))
    assert day.cells == {cell_of(row()): Figures(cancelled_bets=1, cancelled_stake=1000)}


ROWS = st.builds(
    row,
    id=st.text(min_size=1, max_size=6),
    at=st.integers(0, 10**13),
    amount=st.integers(0, 10**17),
    ext_id=st.text(max_size=20),
    state=st.sampled_from(["DONE", "REFUSED", "ROLLED_BACK"]),
    game_id=st.text(max_size=8),
    before=st.none() | st.integers(-(10**17), 10**17),
    seq=st.integers(0, 10**38),
)


@given(st.lists(ROWS, max_size=20))
def test_slots_and_days_come_back_as_they_were(rows: list[Row]) -> None:
    slot, day = Slot(0, 3), Day(0, 4)
    day.add(slot.merge(rows))
    assert unpack_slot(0, 3, pack_slot(slot)) == slot
    assert unpack_day(0, 4, pack_day(day)) == day


def test_a_row_takes_little_room() -> None:
    rows = [
        row(id=f"01J0{n:022d}", ext_id=f"bet-{n}", round_id=f"r-{n // 2}", seq=10**24 + n)
        for n in range(1000)
    ]
    slot = Slot(0)
    slot.merge(rows)
    assert len(pack_slot(slot)) / len(rows) < 40


# ---------------------------------------------------------------- CSV
def test_csv_is_rfc_4180_and_no_formula_runs() -> None:
    hostile = '=HYPERLINK("http://x.example"),"a"\r\nb'
    text = CSV_HEAD + csv_line(row(user_id=hostile, round_id="  =1+1", amount=-500, before=None))
    head, cells = list(csv.reader(io.StringIO(text, newline="")))
    assert head == list(CSV_COLUMNS)
    found = dict(zip(head, cells, strict=True))
    assert found["userId"] == "'" + hostile
    assert found["roundId"] == "'  =1+1"
    assert (found["amount"], found["balanceBefore"]) == ("-5.00", "")
    assert text.endswith("\r\n")


@given(
    st.lists(
        st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20),
        min_size=2,
        max_size=5,
    )
)
def test_any_text_survives_and_no_cell_begins_like_a_formula(values: list[str]) -> None:
    (cells,) = csv.reader(io.StringIO(csvs.line(map(csvs.text, values)), newline=""))
    assert [c.removeprefix("'") for c in cells] == [v.removeprefix("'") for v in values]
    assert not any(
        c.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") and c for c in cells if c.strip(" ")
    )


# ---------------------------------------------------------------- comparison
def ours(n: int) -> list[Row]:
    return [row(id=f"h{k}", ext_id=f"t-{k}", amount=1000 + k) for k in range(n)]


def lines(rows: list[Row]) -> bytes:
    return "".join(map(json_line, rows)).encode()


def counts(result: Compared) -> dict[str, int]:
    kinds = [d.kind for d in result.differences]
    return {"matched": result.matched, **{k: kinds.count(k) for k in ("missing", "extra", "differing")}}


def test_our_own_file_has_no_differences() -> None:
    rows = ours(50)
    assert counts(compare(rows, read_file(lines(rows)))) == {
        "matched": 50,
        "missing": 0,
        "extra": 0,
        "differing": 0,
    }


def test_every_kind_of_difference_is_found() -> None:
    rows = ours(5)
    theirs = b"".join(
        (
            b'{"transactionId":"t-0","action":"bet","amount":"10.00"}\n',
            b'{"transactionId":"t-1","action":"debit","amount":10.02,"currency":"EUR"}\n',
            b'{"transactionId":"t-2","action":"bet","amount":"10.02","currency":"USD","userId":"u-9","roundId":"r-9"}\n',
            b'{"transactionId":"t-3","action":"win","amount":"10.03"}\n',
            b'{"transactionId":"t-0","action":"bet","amount":"10.00"}\n',
            b'{"transactionId":5}\nnot json\n[1]\n',
            b'{"transactionId":"' + b"x" * 257 + b'","action":"bet"}\n',
        )
    )
    result = compare(rows, read_file(theirs))
    assert (result.theirs, result.twice, result.bad_count) == (5, 1, 4)
    assert [b.line for b in result.bad] == [6, 7, 8, 9]
    assert counts(result) == {"matched": 1, "missing": 1, "extra": 2, "differing": 2}
    by_id = {(d.kind, d.ext_id): d.fields for d in result.differences}
    assert by_id["differing", "t-1"] == ("amount",)
    assert by_id["differing", "t-2"] == ("currency", "userId", "roundId")
    assert ("missing", "t-3") in by_id
    assert {k for k in by_id if k[0] == "extra"} == {("extra", "t-3"), ("extra", "t-4")}


@pytest.mark.parametrize(
    "text",
    [
        "transactionId,action,amount\r\nt-0,bet,10.00\r\n",
        "\ufefftransactionId;action;amount\nt-0;bet;10.00\n",
        "id\tkind\tamount\nt-0\tdebit\t10\n",
        '"transactionId","action","amount"\n"t-0","bet","10.00"\n',
        '[{"transactionId":"t-0","action":"bet","amount":10}]',
    ],
    ids=["comma", "semicolon with mark", "tab", "quoted", "JSON list"],
)
def test_csv_and_lists_are_read(text: str) -> None:
    assert counts(compare(ours(1), read_file(text.encode())))["matched"] == 1


LONG = b"x" * 140_000  # the reader takes no cell beyond 128 KB


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe",
        b"a,b\n1,2\n",
        b"[1,",
        b"transactionId\nt\n",
        b"transactionId,action," + LONG + b"\nt,bet,1\n",
        b"transactionId,action\n" + LONG + b",bet\n",
        LONG,
    ],
    ids=["no text", "other columns", "half a list", "no action", "long name", "long cell", "one long line"],
)
def test_a_file_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        list(read_file(data))
    assert caught.value.name == "FILE_INVALID"


def test_an_empty_file_lacks_everything() -> None:
    assert counts(compare(ours(3), read_file(b"")))["extra"] == 3


def test_ids_that_are_per_player_are_matched_by_player() -> None:
    rows = [row(id="h1", scope="p-1"), row(id="h2", scope="p-2", player_id="p-2", user_id="u-2")]
    file = b'{"transactionId":"t-1","action":"bet","userId":"u-2"}\n{"transactionId":"t-1","action":"bet","userId":"u-3"}\n'
    result = compare(rows, read_file(file))
    assert counts(result) == {"matched": 1, "missing": 1, "extra": 1, "differing": 0}
    assert [d.ours.id for d in result.differences if d.ours] == ["h1"]


def test_a_transaction_whose_end_is_not_known_differs() -> None:
    (difference,) = compare([row(state="UNKNOWN")], read_file(lines([row()]))).differences
    assert difference.fields == ("state",)


def test_a_hundred_thousand_lines_are_compared_quickly() -> None:
    rows = ours(100_000)
    packed = gzip.compress(lines(rows[:-1]), 1)
    result = compare(rows, read_file(gzip.decompress(packed)))
    assert counts(result) == {"matched": 99_999, "missing": 0, "extra": 1, "differing": 0}


def test_bad_lines_are_counted_beyond_what_is_shown() -> None:
    result = compare([], read_file(b'{"n":1}\n' * 80))
    assert (result.bad_count, len(result.bad)) == (80, 50)
    assert all(isinstance(b, BadLine) for b in result.bad)
    json.dumps(result.bad)


# ---------------------------------------------------------------- books
def wallet(**more: Any) -> Wallet:
    plain: dict[str, Any] = {
        "tenant_id": "t",
        "player_id": "p-1",
        "brand_id": "b-1",
        "user_id": "u-1",
        "currency": "EUR",
        "exponent": 2,
        "mode": "transfer",
        "version": 9,
        "balance": 500,
        "house": 500,
        "cash": -1000,
    }
    return Wallet(**{**plain, **more})


CHAIN = [
    row(id="h1", kind="deposit", ext_id="d", before=0, after=1000, order=1),
    row(id="h2", ext_id="a", before=1000, after=0, order=2),
    row(id="h3", kind="win", ext_id="b", before=0, after=1000, order=3),
    row(id="h4", ext_id="c", before=1000, after=500, order=4),
]


def kinds(of: Wallet, rows: list[Row]) -> list[str]:
    return [f.kind for f in judge(of, rows)]


def test_a_whole_chain_in_any_order_comes_out() -> None:
    assert kinds(wallet(), CHAIN) == []
    assert kinds(wallet(), CHAIN[::-1]) == []
    assert kinds(wallet(balance=0, house=0, cash=0), []) == []


@pytest.mark.parametrize("gone", range(4))
def test_a_transaction_that_is_gone_or_doubled_is_found(gone: int) -> None:
    assert kinds(wallet(), CHAIN[:gone] + CHAIN[gone + 1 :]) == ["broken_chain"]
    doubled = [*CHAIN, CHAIN[gone]._replace(id="hx")]
    assert kinds(wallet(), doubled) == ["broken_chain", "twice"]


def test_sides_that_do_not_come_to_nothing_are_found() -> None:
    assert kinds(wallet(house=501), CHAIN)[0] == "unbalanced"
    assert "negative" in kinds(wallet(balance=-1, house=1001), [])
    assert kinds(wallet(), [CHAIN[0]._replace(before=None)])[0] == "no_balances"


def test_what_is_younger_than_the_wallet_as_read_is_left_aside() -> None:
    later = row(id="h5", ext_id="e", before=500, after=400, order=10)
    assert kinds(wallet(), [*CHAIN, later]) == []


def test_refused_and_open_transactions_move_nothing() -> None:
    aside = [
        row(id="h6", ext_id="f", state="REFUSED", before=1, after=1),
        row(id="h7", ext_id="g", state="PENDING"),
    ]
    assert kinds(wallet(), [*CHAIN, *aside]) == []


def test_of_a_seamless_player_only_the_sides_are_judged() -> None:
    assert kinds(wallet(mode="seamless", balance=0, house=1, cash=-1), CHAIN) == []


def test_sums_are_what_they_are_made_of() -> None:
    one, other = Figures(bets=1, stake=5), Figures(bets=2, won=7)
    assert added(added(one, other), other, -1) == one
