"""A provider's file beside ours: what is missing, what is extra, what differs. Pure.

A transaction is told by its action and the provider's id (and the player, where the provider's ids are per player).
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from pitboss.kernel.money import AmountError, format_amount, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.reports.model import Row

# Names that files use for the same thing.
NAMES: Mapping[str, tuple[str, ...]] = {
    "transactionId": ("transactionId", "transaction_id", "txId", "id"),
    "action": ("action", "kind", "type"),
    "amount": ("amount",),
    "currency": ("currency",),
    "userId": ("userId", "user_id", "playerId", "player"),
    "roundId": ("roundId", "round_id", "round"),
    "gameId": ("gameId", "game_id", "game"),
}
ACTIONS = {
    "bet": "bet",
    "debit": "bet",
    "withdraw": "bet",
    "win": "win",
    "credit": "win",
    "deposit": "win",
    "rollback": "rollback",
    "refund": "rollback",
    "cancel": "rollback",
}
BAD_LINES_SHOWN = 50
MAX_LINES = 2_000_000
ID_CHARS = 256  # what the wallet takes


class Theirs(NamedTuple):
    """A line of the provider's file; "" where it does not say. `amount` is as written."""

    line: int
    action: str
    ext_id: str
    amount: str
    currency: str
    user_id: str
    round_id: str
    game_id: str


class BadLine(NamedTuple):
    """A line that says no transaction."""

    line: int
    reason: str


class Difference(NamedTuple):
    """`kind`: missing (theirs alone), extra (ours alone), differing (`fields` say in what)."""

    kind: str
    action: str
    ext_id: str
    ours: Row | None
    theirs: Theirs | None
    fields: tuple[str, ...]


def read_file(data: bytes) -> Iterator[Theirs | BadLine]:
    """The lines of a file: JSON lines, a JSON list of objects, or CSV with a head (comma, semicolon or tab).

    Raises:
        Refusal: FILE_INVALID if it is none of these.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _invalid("The file is not UTF-8.") from None
    start = text.lstrip()[:1]
    if start == "{":
        yield from _json_lines(text)
    elif start == "[":
        try:
            rows = json.loads(text, parse_float=Decimal)
        except (ValueError, ArithmeticError, RecursionError):
            raise _invalid("The file begins like a JSON list, but is not one.") from None
        yield from (_of_object(n, row) for n, row in enumerate(rows, 1))
    elif start:
        yield from _csv(text)


def _invalid(detail: str) -> Refusal:
    return Refusal("FILE_INVALID", detail, errors=[FieldError("(body)", detail)])


def _json_lines(text: str) -> Iterator[Theirs | BadLine]:
    for n, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_float=Decimal)
        except (ValueError, ArithmeticError, RecursionError):
            yield BadLine(n, "not JSON")
            continue
        yield _of_object(n, row)


def _csv(text: str) -> Iterator[Theirs | BadLine]:
    head, _, _ = text.partition("\n")
    separator = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        names = {(name or "").strip() for name in reader.fieldnames or ()}
        if not names.intersection(NAMES["transactionId"]) or not names.intersection(NAMES["action"]):
            raise _invalid(
                "The first line of a CSV file names its columns; transactionId and action are needed."
            )
        for row in reader:
            plain = {(k or "").strip(): v.strip() if isinstance(v, str) else "" for k, v in row.items()}
            yield _of_object(reader.line_num, plain)
    except csv.Error as error:
        raise _invalid(f"The CSV cannot be read: {error} (line {reader.line_num}).") from None


def _of_object(n: int, row: Any) -> Theirs | BadLine:
    if not isinstance(row, dict):
        return BadLine(n, "not an object")
    values = {name: _text(row, names) for name, names in NAMES.items()}
    action = ACTIONS.get(values["action"].lower(), "")
    if not 1 <= len(values["transactionId"]) <= ID_CHARS or not action:
        return BadLine(
            n, "needs transactionId (at most 256 characters), and action one of bet, win, rollback"
        )
    return Theirs(
        n,
        action,
        values["transactionId"],
        values["amount"],
        values["currency"],
        values["userId"],
        values["roundId"],
        values["gameId"],
    )


def _text(row: Mapping[str, Any], names: Iterable[str]) -> str:
    for name in names:
        value = row.get(name)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, str):
            # Half a surrogate pair could be written into no answer of ours; no id of ours has one.
            return value if value.isascii() else value.encode("utf-8", "replace").decode()
        if isinstance(value, int | Decimal):
            return str(value)
    return ""


class Compared(NamedTuple):
    """What a comparison came to."""

    ours: int
    theirs: int
    matched: int
    twice: int
    differences: list[Difference]
    bad: list[BadLine]
    bad_count: int


def compare(ours: Iterable[Row], lines: Iterable[Theirs | BadLine]) -> Compared:
    """Compare; ours must be the transactions that both sides should know. A line of theirs that stands twice is counted
    as `twice` and compared once."""
    left: dict[tuple[str, str], list[Row]] = defaultdict(list)
    number = 0
    for row in ours:
        left[row.kind, row.ext_id].append(row)
        number += 1
    seen: set[tuple[str, str, str]] = set()
    differences: list[Difference] = []
    bad: list[BadLine] = []
    theirs = matched = twice = bad_count = 0
    for line in lines:
        if isinstance(line, BadLine):
            bad_count += 1
            if len(bad) < BAD_LINES_SHOWN:
                bad.append(line)
            continue
        theirs += 1
        if theirs > MAX_LINES:
            raise _invalid(f"A file has at most {MAX_LINES} lines; split it by provider or time.")
        mark = (line.action, line.ext_id, line.user_id)
        if mark in seen:
            twice += 1
            continue
        seen.add(mark)
        known = _take(left, line)
        if known is None:
            differences.append(Difference("missing", line.action, line.ext_id, None, line, ()))
        elif fields := _differing(known, line):
            differences.append(Difference("differing", line.action, line.ext_id, known, line, fields))
        else:
            matched += 1
    for (action, ext_id), rows in left.items():
        differences += [Difference("extra", action, ext_id, row, None, ()) for row in rows]
    return Compared(number, theirs, matched, twice, differences, bad, bad_count)


def _take(left: dict[tuple[str, str], list[Row]], line: Theirs) -> Row | None:
    """Our transaction of a line, taken out; that of the same player where several have the id."""
    rows = left.get((line.action, line.ext_id))
    if not rows:
        return None
    of_player = [row for row in rows if line.user_id in (row.user_id, row.player_id)]
    row = of_player[0] if of_player else rows[0]
    if not of_player and row.scope and line.user_id:
        return None
    rows.remove(row)
    return row


def _differing(row: Row, line: Theirs) -> tuple[str, ...]:
    """The members in which two writings of one transaction differ; what their file does not say does not differ."""
    fields = []
    if line.amount and not same_amount(row, line.amount):
        fields.append("amount")
    if line.currency and line.currency != row.currency:
        fields.append("currency")
    if line.user_id and line.user_id not in (row.user_id, row.player_id):
        fields.append("userId")
    if line.round_id and row.round_id and line.round_id != row.round_id:
        fields.append("roundId")
    if line.game_id and row.game_id and line.game_id != row.game_id:
        fields.append("gameId")
    if row.state in ("PENDING", "UNKNOWN", "FAILED"):
        fields.append("state")
    return tuple(fields)


def same_amount(row: Row, written: str) -> bool:
    """Whether an amount as written, in major units, is the row's. A rollback without an amount of its own is any."""
    try:
        return abs(parse_amount(written, row.exponent)) == row.amount
    except AmountError:
        return False


def difference_view(d: Difference) -> dict[str, Any]:
    """A difference in answers."""
    ours, theirs = d.ours, d.theirs
    return {
        "kind": d.kind,
        "action": d.action,
        "transactionId": d.ext_id,
        "fields": list(d.fields),
        "ours": None
        if ours is None
        else {
            "hubTransactionId": ours.id,
            "state": ours.state,
            "amount": format_amount(ours.amount, ours.exponent),
            "currency": ours.currency,
            "brandId": ours.brand_id,
            "userId": ours.user_id,
            "roundId": ours.round_id,
            "gameId": ours.game_id,
            "at": ours.at,
        },
        "theirs": None
        if theirs is None
        else {
            "line": theirs.line,
            "amount": theirs.amount or None,
            "currency": theirs.currency or None,
            "userId": theirs.user_id or None,
            "roundId": theirs.round_id or None,
            "gameId": theirs.game_id or None,
        },
    }
