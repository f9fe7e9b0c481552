"""A file of round messages of one's own, as `make demo ROUNDS=` takes it: read line by line, and told what is wrong where.

Nothing here decides what a good round is (that is the hub's affair, and its answers are shown with the line numbers);
only what cannot be sent at all is left out, and said. Then what playing it needs: the pace, the currency, the rates.
"""

import gzip
import json
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from statistics import median_low
from typing import Any

from pitboss.kernel.instants import format_instant, parse_instant

from devtools.console import Stop

Message = dict[str, Any]
TIMES = ("startedAt", "settledAt")
# A request takes 500 rounds and 2 MiB; what is written anew (times) may grow a little.
REQUEST_ROUNDS, REQUEST_BYTES, LINE_BYTES = 500, 1_500_000, 1_000_000
MOST_OF_RATE = 10**15  # docs/scoring.md: a fraction of two integers


@dataclass(frozen=True, slots=True)
class Line:
    """A message, where it stands in the file (1 is the first line), and its length in bytes."""

    number: int
    message: Message
    size: int


@dataclass(slots=True)
class FeedFile:
    """What a file holds: the lines that can be sent, and of the others why not."""

    lines: list[Line] = field(default_factory=list)
    unread: list[tuple[int, str]] = field(default_factory=list)


def read_feed(path: Path) -> FeedFile:
    """Every message of a JSONL file: plain or gzip (its content tells, not its name), UTF-8 with or without a mark,
    any line ends.

    Raises:
        Stop: there is nothing to play: no such file, no message in it, or a gzip that is cut off (what is there of it
        may be half of the truth).
    """
    feed = FeedFile()
    for number, raw in enumerate(_raw_lines(path), 1):
        line = raw.strip()
        if not line:
            continue
        try:
            feed.lines.append(Line(number, _message(line), len(line)))
        except ValueError as error:
            feed.unread.append((number, str(error)))
    if not feed.lines:
        why = "".join(f"\n  line {number}: {reason}" for number, reason in feed.unread[:5])
        raise Stop(f"{path} holds no round message; it takes one JSON object a line (docs/rounds.md).{why}")
    return feed


def _raw_lines(path: Path) -> Iterator[bytes]:
    number = 0
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            lines = gzip.GzipFile(fileobj=file) if zipped else file
            for number, raw in enumerate(lines, 1):
                yield raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Stop(
            f"{path} is a damaged gzip: {number} lines can be read, then: {error}. Fetch it again."
        ) from None
    except OSError as error:
        raise Stop(f"ROUNDS={path}: {error.strerror or error} (from {Path.cwd()}).") from None


def _message(line: bytes) -> Message:
    """A line as JSON. Amounts written as numbers stay exact; ValueError says what is wrong with the line."""
    if len(line) > LINE_BYTES:
        raise ValueError(f"{len(line):,} bytes long; no message is")
    try:
        document = json.loads(line.decode("utf-8"), parse_float=Decimal, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise ValueError(f"a JSON {kind}, no object: one message a line, no list around")  # noqa: TRY004 - the line's
    # The same dozen names on each of a hundred thousand lines.
    return {sys.intern(name): _plain(value) for name, value in document.items()}


def _no_number(text: str) -> None:
    raise ValueError(f"not JSON: {text} is no number")


def _plain(value: Any) -> Any:
    """Decimals as the texts that the API takes for them; JSON has no other exact number with a fraction."""
    if isinstance(value, Decimal):
        # 1e400 is not spelled out only to be refused.
        return f"{value:f}" if abs(value.adjusted()) < 40 else str(value)
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


# ---------------------------------------------------------------- what to play, and how
@dataclass(frozen=True, slots=True)
class Pace:
    """How the file's time becomes the demo's: from `first` on, `span_ms` of it in `play_ms`.

    One growing function for every time in the file, so that order, corrections and equal moments stay what they are.
    """

    first: int
    span_ms: int
    play_ms: int

    @classmethod
    def of(cls, lines: Iterable[Line], most_ms: int) -> "Pace":
        """As it was if that takes at most `most_ms`, else pressed into it."""
        moments = [at for line in lines if (at := moment_of(line.message)) is not None]
        if not moments:
            return cls(0, 0, 0)
        span = max(moments) - min(moments)
        return cls(min(moments), span, min(span, most_ms))

    def at(self, start: int, instant: int) -> int:
        """When it happens in the demo that begins at `start` (ms)."""
        gone = instant - self.first
        return start + (gone if self.play_ms == self.span_ms else gone * self.play_ms // self.span_ms)

    def moved(self, message: Message, start: int) -> Message:
        """The same round at the demo's time; a time that cannot be read stays, for the hub to say so."""
        times = {name: _instant(message.get(name)) for name in TIMES}
        return {
            **message,
            **{name: format_instant(self.at(start, at)) for name, at in times.items() if at is not None},
        }


def stretched(lines: Iterable[Line]) -> tuple[int, int] | None:
    """The lines with the earliest and the latest time when these few stretch the file: 98 % of it lies within a
    fiftieth of its span. None for any ordinary file."""
    moments = sorted((at, line.number) for line in lines if (at := moment_of(line.message)) is not None)
    if len(moments) < 3:
        return None
    edge = max(1, len(moments) // 100)
    body = moments[-1 - edge][0] - moments[edge][0]
    span = moments[-1][0] - moments[0][0]
    return (moments[0][1], moments[-1][1]) if body * 50 < span else None


def moment_of(message: Message) -> int | None:
    """When a message says that its round was settled, in ms."""
    return _instant(message.get("settledAt"))


def _instant(text: Any) -> int | None:
    try:
        return parse_instant(text) if isinstance(text, str) else None
    except ValueError:
        return None


def names_in(lines: Iterable[Line], *members: str) -> list[tuple[str, ...]]:
    """The distinct combinations of members that are ids at all (docs/rounds.md), sorted."""
    found: set[tuple[str, ...]] = set()
    for line in lines:
        of = tuple(n for name in members if isinstance(n := line.message.get(name), str))
        if len(of) == len(members) and all(
            1 <= len(n) <= 100 and n.isprintable() and n == n.strip() for n in of
        ):
            found.add(of)
    return sorted(found)


def bets_in(lines: Iterable[Line], exponents: Mapping[str, int]) -> dict[str, list[int]]:
    """The bets above zero in minor units, by currency, of those currencies that the hub knows."""
    found: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        currency, bet = line.message.get("currency"), line.message.get("bet")
        if not isinstance(currency, str) or currency not in exponents:
            continue
        of = found[currency]
        try:
            parts = bet.values() if isinstance(bet, dict) else [bet]
            total = sum((Decimal(str(part)) for part in parts), Decimal(0))
            minor = total.scaleb(exponents[currency])
            if minor > 0 and minor.adjusted() < 18 and minor == int(minor):
                of.append(int(minor))
        except (ArithmeticError, ValueError):
            continue
    return dict(found)


def main_currency(lines: Iterable[Line], exponents: Mapping[str, int]) -> str:
    """The known currency of most messages; EUR where there is none."""
    seen = Counter(
        c for line in lines if isinstance(c := line.message.get("currency"), str) and c in exponents
    )
    return min(seen, key=lambda c: (-seen[c], c)) if seen else "EUR"


def rates_by_median(
    bets: Mapping[str, Sequence[int]], base: str, exponents: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """Rates of a rule set for currencies of which nothing is known but their bets: the median bet of each is worth as
    much as the median bet of the base."""
    middle = {currency: median_low(of) if of else 10 ** exponents[currency] for currency, of in bets.items()}
    middle.setdefault(base, 10 ** exponents[base])
    worth = Fraction(middle.pop(base), 10 ** exponents[base])
    rates = {}
    for currency, of in sorted(middle.items()):
        rate = worth / Fraction(of, 10 ** exponents[currency])
        if max(rate.numerator, rate.denominator) > MOST_OF_RATE:
            rate = Fraction(f"{float(rate):.6g}")
        rates[currency] = {"exponent": exponents[currency], "num": rate.numerator, "den": rate.denominator}
    return rates


def requests_of(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """The file in its own order, in portions that one request may carry."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == REQUEST_ROUNDS or size + line.size > REQUEST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += line.size
    if batch:
        yield batch
