"""Rows in order of time: of a player from its own partition, of a tenant from the lanes of its log, merged."""

from collections.abc import Iterator
from heapq import merge

from pitboss.platform import cursors
from pitboss.reports import store
from pitboss.reports.model import LANES, Filter, Row, slot_of

# A filter that few rows pass reads at most so many; the page is then short and its cursor goes on.
SCANNED = 20_000


def walk(tenant_id: str, f: Filter, *, place: str | None = None, forward: bool = True) -> Iterator[Row]:
    """Rows of the filter's time (and player) in order, from `place` on (exclusive); the rest of the filter is not applied,
    so that the caller can bound what is read."""
    if f.player_id:
        low, high = f"{f.since:013d}#", f"{f.until:013d}#"
        after, before = (max(low, place or low), high) if forward else (low, min(high, place or high))
        yield from store.player_rows(tenant_id, f.player_id, after=after, before=before, forward=forward)
        return
    since, until = f.since, f.until
    if place:
        at = int(place[:13])
        since, until = (max(since, at), until) if forward else (since, min(until, at + 1))
    lanes = [
        store.rows_between(tenant_id, lane, slot_of(since), slot_of(max(until, 1) - 1), forward=forward)
        for lane in range(LANES)
    ]
    for row in merge(*lanes, key=lambda row: row.place, reverse=not forward):
        if place is None or (row.place > place if forward else row.place < place):
            yield row


def page(
    tenant_id: str, f: Filter, cursor: str | None, limit: int, *, forward: bool = False
) -> tuple[list[Row], str | None]:
    """Rows that the filter takes, newest first unless `forward`, and the cursor of the next page (None at the end). A page
    may be short before the end.

    Raises:
        Refusal: CURSOR_INVALID.
    """
    bound = ("history", tenant_id, forward, *f.mark())
    place = cursors.read(cursor, *bound)
    found: list[Row] = []
    for read, row in enumerate(walk(tenant_id, f, place=place, forward=forward), 1):
        if len(found) == limit or read > SCANNED:
            return found, cursors.make(str(place), *bound)
        place = row.place
        if f.takes(row):
            found.append(row)
    return found, None


def find(tenant_id: str, hub_id: str, at: int) -> Row | None:
    """The row of a hub id whose instant is `at`."""
    rows = store.read_slot_rows(tenant_id, range(LANES), slot_of(at))
    return next((row for row in rows if row.id == hub_id), None)
