"""The day's file, and the comparison with a provider's own."""

import gzip
import hashlib
import json
from typing import Any

from pitboss.kernel.canonical import digest
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import cursors
from pitboss.reports import exports, gateway, store
from pitboss.reports.comparing import Compared, compare, difference_view, read_file
from pitboss.reports.model import DAY_MS, LANES, Filter
from pitboss.reports.reading import walk
from pitboss.wallet.public import TxKey, read_txs

CHUNK = 2_000
# History follows a call within seconds. So long after midnight a day is taken to be over even if its feed was behind.
SETTLES_MS = 10 * 60_000
LOOKED_UP = (
    100  # missing ones that are looked for by key: they may stand in another day, or have been refused
)


def day_filter(date: str, provider: str, player_id: str = "") -> Filter:
    """The transactions of a UTC day. Refusal PERIOD_INVALID."""
    try:
        if len(date) != 10:
            raise ValueError
        start = parse_instant(f"{date}T00:00:00Z")
    except ValueError:
        raise Refusal(
            "PERIOD_INVALID",
            "A date is written as 2026-01-31 and means that day in UTC.",
            errors=[FieldError("date", "a date")],
        ) from None
    return Filter(start, start + DAY_MS, provider=provider, player_id=player_id)


def versions(tenant_id: str, f: Filter) -> list[int]:
    """What names the state of a day's log: each lane's version."""
    return [
        next((d.version for d in store.days_between(tenant_id, lane, f.since, f.since)), 0)
        for lane in range(LANES)
    ]


def provisional(date: str, at: int) -> bool:
    """Whether what was made of a day at `at` (ms) may lack transactions: the day was not over, or had only just ended."""
    return at < day_filter(date, "").until + SETTLES_MS


def day_file(tenant_id: str, date: str, provider: str, now: int) -> dict[str, Any]:
    """The file of a day as it is now, ready or on its way: asking again carries it on. A day that changed since has a
    file of its own."""
    f = day_filter(date, provider)
    export_id = exports.id_of("reconciliation", date, provider, versions(tenant_id, f))
    record = exports.begin(tenant_id, export_id, "jsonl", f, now, compared=True)
    return exports.carry_on(tenant_id, record)


def compare_day(tenant_id: str, date: str, provider: str, data: bytes, now: int) -> str:
    """Compare a provider's file with the day; answers the comparison's id. The same file against the same log is the same
    comparison.

    Raises:
        Refusal: FILE_INVALID, PERIOD_INVALID.
    """
    f = day_filter(date, provider)
    diff_id = digest([date, provider, hashlib.sha256(data).hexdigest(), versions(tenant_id, f)])[:32]
    known = _get(tenant_id, diff_id, "head")
    if known is not None:
        if provisional(date, known["comparedAt"]) and not provisional(date, now):
            # The day is over, and neither side has changed: the comparison stands, and for good.
            _put(tenant_id, diff_id, "head", {**known, "comparedAt": now})
        return diff_id
    ours = (row for row in walk(tenant_id, f) if f.takes(row) and exports.comparable(row))
    result = compare(ours, read_file(data))
    rows = [
        difference_view(d) for d in sorted(result.differences, key=lambda d: (d.kind, d.action, d.ext_id))
    ]
    _look_up(tenant_id, provider, rows)
    for start in range(0, len(rows), CHUNK):
        _put(tenant_id, diff_id, str(start // CHUNK), rows[start : start + CHUNK])
    # The head comes last: a comparison that has one is whole.
    _put(tenant_id, diff_id, "head", _head(date, provider, result, len(rows), now))
    return diff_id


def _head(date: str, provider: str, result: Compared, total: int, now: int) -> dict[str, Any]:
    kinds = [d.kind for d in result.differences]
    return {
        "date": date,
        "provider": provider or None,
        "comparedAt": now,
        "total": total,
        "counts": {
            "ours": result.ours,
            "theirs": result.theirs,
            "matched": result.matched,
            "missing": kinds.count("missing"),
            "extra": kinds.count("extra"),
            "differing": kinds.count("differing"),
            "repeatedLines": result.twice,
            "badLines": result.bad_count,
        },
        "badLines": [{"line": b.line, "reason": b.reason} for b in result.bad],
    }


def _look_up(tenant_id: str, provider: str, rows: list[dict[str, Any]]) -> None:
    """Tell of the first missing ones whether the hub knows them after all."""
    if not provider:
        return
    missing = [r for r in rows if r["kind"] == "missing"][:LOOKED_UP]
    keys = [TxKey(provider, row["action"], row["transactionId"]) for row in missing]
    found = {(tx.kind, tx.ext_id): tx for tx in read_txs(tenant_id, keys)}
    for row in missing:
        tx = found.get((row["action"], row["transactionId"]))
        if tx is not None:
            row["elsewhere"] = {"state": tx.state, "at": tx.at, "hubTransactionId": tx.hub_id}


def _file(tenant_id: str, diff_id: str, part: str) -> str:
    return gateway.key(tenant_id, "diffs", diff_id, f"{part}.json.gz")


def _put(tenant_id: str, diff_id: str, part: str, document: Any) -> None:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    gateway.put(_file(tenant_id, diff_id, part), gzip.compress(text, 6, mtime=0), "application/json")


def _get(tenant_id: str, diff_id: str, part: str) -> Any:
    data = gateway.get(_file(tenant_id, diff_id, part))
    return None if data is None else json.loads(gzip.decompress(data))


def differences(
    tenant_id: str, diff_id: str, cursor: str | None, limit: int
) -> tuple[dict[str, Any], list[dict[str, Any]], str | None]:
    """The head of a comparison, a page of its differences, and the next page's cursor.

    Raises:
        Refusal: DIFF_NOT_FOUND, CURSOR_INVALID.
    """
    well_formed = len(diff_id) == 32 and all(c in "0123456789abcdef" for c in diff_id)
    head = _get(tenant_id, diff_id, "head") if well_formed else None
    if head is None:
        raise Refusal("DIFF_NOT_FOUND", "There is no such comparison; they are kept for 14 days.")
    bound = ("diff", tenant_id, diff_id)
    start = int(cursors.read(cursor, *bound) or 0)
    rows: list[dict[str, Any]] = []
    place = start
    while len(rows) < limit and place < head["total"]:
        chunk = _get(tenant_id, diff_id, str(place // CHUNK)) or []
        taken = chunk[place % CHUNK : place % CHUNK + limit - len(rows)]
        if not taken:
            break
        rows += taken
        place += len(taken)
    following = cursors.make(str(place), *bound) if rows and place < head["total"] else None
    return head, rows, following
