"""A feed of one's own as a file: whatever a stranger's export looks like, each line is read or told of by its number."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from pitboss.kernel.instants import parse_instant

from devtools.console import Stop
from devtools.feed_file import (
    LINE_BYTES,
    REQUEST_BYTES,
    Line,
    Pace,
    bets_in,
    main_currency,
    moment_of,
    names_in,
    rates_by_median,
    read_feed,
    requests_of,
    stretched,
)

pytestmark = pytest.mark.unit
EXPONENTS = {"EUR": 2, "JPY": 0, "KWD": 3, "BTC": 8}


def message(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"roundId": f"r{number}", "settledAt": "2025-03-30T01:00:00Z", **more}


def text(*messages: Any) -> bytes:
    return "\n".join(json.dumps(m) for m in messages).encode()


def lines_of(*messages: dict[str, Any]) -> list[Line]:
    return [Line(n, m, 100) for n, m in enumerate(messages, 1)]


@pytest.mark.parametrize(
    "raw",
    [
        text(message(1), message(2)),
        text(message(1), message(2)) + b"\n",
        b"\xef\xbb\xbf" + text(message(1), message(2)),
        text(message(1), message(2)).replace(b"\n", b"\r\n"),
        gzip.compress(text(message(1), message(2))),
    ],
    ids=["plain", "last line ended", "byte order mark", "CRLF", "gzip"],
)
def test_a_file_is_read_whatever_program_wrote_it(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "feed.jsonl"  # the name says nothing about gzip
    path.write_bytes(raw)
    feed = read_feed(path)
    assert [(line.number, line.message["roundId"]) for line in feed.lines] == [(1, "r1"), (2, "r2")]
    assert feed.unread == []


def test_lines_that_cannot_be_sent_are_named_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    bad = [
        b"",
        b'{"roundId": ',
        b"[1]",
        b'{"bet": NaN}',
        b'"\xff"',
        b"[" * 100_000,
        b'{"a": %s}' % (b"9" * 5000),
    ]
    long = b'{"meta": "%s"}' % (b"x" * LINE_BYTES)
    path.write_bytes(b"\n".join([text(message(1)), *bad, long, text(message(2))]))
    feed = read_feed(path)
    assert [line.number for line in feed.lines] == [1, 10]
    assert [number for number, _ in feed.unread] == [3, 4, 5, 6, 7, 8, 9]
    reasons = dict(feed.unread)
    assert reasons[3].startswith("not JSON")
    assert "list" in reasons[4]
    assert "NaN" in reasons[5]
    assert reasons[6] == "not UTF-8"
    assert "bytes long" in reasons[9]


def test_amounts_written_as_numbers_stay_what_they_are(tmp_path: Path) -> None:
    """A float would turn a satoshi into 1e-08, and 0.1 + 0.2 into something else."""
    path = tmp_path / "feed.jsonl"
    path.write_text(
        '{"bet": 0.00000001, "win": {"real": 0.30, "jackpot": 1e2}, "meta": {"x": [0.10]}, "seq": 3}'
    )
    (line,) = read_feed(path).lines
    assert line.message == {
        "bet": "0.00000001",
        "win": {"real": "0.30", "jackpot": "100"},
        "meta": {"x": ["0.10"]},
        "seq": 3,
    }
    path.write_text('{"bet": 1e400000000}')
    assert read_feed(path).lines[0].message == {"bet": "1E+400000000"}


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (None, "No such file"),
        (b"", "holds no round message"),
        (b"\n \n", "holds no round message"),
        (b'[{"roundId": "a"}]', "line 1: a JSON list"),
        (gzip.compress(b"\n".join([text(message(1))] * 5000))[:-20], "damaged gzip"),
        (b"\x1f\x8bnot really", "damaged gzip"),
    ],
    ids=["missing", "empty", "blank", "a list", "cut off", "no gzip"],
)
def test_what_cannot_be_played_is_said_in_words_that_help(
    tmp_path: Path, raw: bytes | None, told: str
) -> None:
    path = tmp_path / "feed.jsonl.gz"
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(Stop, match=told) as stop:
        read_feed(path)
    assert str(path) in str(stop.value)


def test_a_pace_keeps_order_and_equal_moments_and_fits() -> None:
    times = ["2025-03-30T01:00:00Z", "2025-03-30T02:30:00+01:00", "2025-03-30T05:00:00.500Z", "yesterday"]
    lines = lines_of(*(message(n, settledAt=at) for n, at in enumerate(times)))
    start = parse_instant("2026-01-01T00:00:00Z")
    own = Pace.of(lines, 10**9)
    assert [own.at(start, m) - start for m in (moment_of(line.message) for line in lines) if m] == [
        0,
        1_800_000,
        14_400_500,
    ]
    fast = Pace.of(lines, 60_000)
    moved = [fast.moved({**line.message, "startedAt": "2025-03-30T00:59:59Z"}, start) for line in lines]
    moments = [moment_of(m) for m in moved]
    assert moments[0] == start
    assert moments[2] == start + 60_000
    assert moments == [*sorted(m for m in moments if m), None]
    assert moved[3]["settledAt"] == "yesterday"  # for the hub to refuse
    assert parse_instant(moved[0]["startedAt"]) < start
    assert Pace.of(lines[:1], 60_000).moved(lines[0].message, start)["settledAt"] == "2026-01-01T00:00:00Z"


def test_only_ids_that_can_be_are_registered() -> None:
    good = [("b", "p"), ("b", "日本"), ("b" * 100, "p")]
    bad = [("b", "p" * 101), ("b", ""), ("b", " p"), ("b", None), (7, "p"), ("b", "p\x00")]
    lines = lines_of(*(message(brandId=b, playerId=p) for b, p in (*good, *bad, *good)))
    assert names_in(lines, "brandId", "playerId") == sorted(good)


def test_rates_make_median_bets_equal() -> None:
    lines = lines_of(
        *(message(currency="JPY", bet=bet) for bet in ("150", "150", "9000", "x", None, {}, "1E+400000000")),
        *(message(currency="EUR", bet={"real": "0.50", "bonus": "0.50"}) for _ in range(7)),
        message(currency="BTC", bet="0.00003000"),
        message(currency="ZZZ", bet="1"),
        message(currency="KWD", bet="0"),
    )
    assert main_currency(lines, EXPONENTS) == "EUR"
    bets = bets_in(lines, EXPONENTS)
    assert bets == {"JPY": [150, 150, 9000], "EUR": [100] * 7, "BTC": [3000], "KWD": []}
    rates = rates_by_median(bets, "EUR", EXPONENTS)
    assert rates == {
        "JPY": {"exponent": 0, "num": 1, "den": 150},
        "BTC": {"exponent": 8, "num": 100_000, "den": 3},
        "KWD": {"exponent": 3, "num": 1, "den": 1},
    }
    odd = rates_by_median({"BTC": [10**17 + 1]}, "EUR", EXPONENTS)
    assert all(1 <= r[k] <= 10**15 for r in odd.values() for k in ("num", "den"))


def test_requests_keep_the_order_and_the_limits() -> None:
    lines = [Line(n, {}, 10_000 if n % 3 else 900) for n in range(1, 1802)]
    portions = list(requests_of(lines))
    assert [line for portion in portions for line in portion] == lines
    assert all(len(p) <= 500 and sum(line.size for line in p) <= REQUEST_BYTES for p in portions)
    assert max(map(len, portions)) > 200


def test_a_stray_time_is_told_of() -> None:
    evening = [message(n, settledAt=f"2025-03-30T01:{n:02d}:00Z") for n in range(60)]
    assert stretched(lines_of(*evening)) is None
    assert stretched(lines_of(*evening, message(99, settledAt="2001-01-01T00:00:00Z"))) == (61, 60)
    assert stretched(lines_of(*evening[:2])) is None
