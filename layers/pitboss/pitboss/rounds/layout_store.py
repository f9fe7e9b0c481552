"""How a tournament's pages are laid out: the item that says so, the split of a page, and reading all of them.

A split is one transaction: layout, page, roster and log of both halves. There is no moment in which it is half done; who
works with an older layout finds another span on the page (or another version at the write) and looks again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pitboss.platform import dynamo
from pitboss.platform.settings import arena_table
from pitboss.rounds import keys, store
from pitboss.rounds.codec import seat_document
from pitboss.rounds.model import Layout, Place, Segment, Sheet
from pitboss.scoring.public import Seat

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef

LAYOUT = "LAYOUT"


@dataclass(frozen=True, slots=True)
class Laid:
    """A layout as stored: frozen ones split no more; `stored` is False while nothing ever grew."""

    layout: Layout
    frozen: bool = False
    stored: bool = False


def read_layout(tenant_id: str, tournament_id: str, first: int) -> Laid:
    """The layout of a tournament published with `first` pages, strongly read."""
    record = dynamo.get(arena_table(), keys.tournament_pk(tenant_id, tournament_id), LAYOUT)
    if record is None:
        return Laid(Layout(first, first))
    return Laid(Layout(first, record["pages"]), bool(record.get("frozen")), stored=True)


def _layout_op(tenant_id: str, tournament_id: str, was: Laid, pages: int, *, frozen: bool) -> "Op":
    record = {
        "pk": keys.tournament_pk(tenant_id, tournament_id),
        "sk": LAYOUT,
        "tenantId": tenant_id,
        "schema": store.SCHEMA,
        "pages": pages,
        "frozen": frozen,
    }
    if not was.stored:
        return dynamo.put_op(arena_table(), record, condition="absent")
    return dynamo.put_op(
        arena_table(),
        record,
        condition="pages = :was AND frozen = :no",
        values={":was": was.layout.pages, ":no": False},
    )


def freeze(tenant_id: str, tournament_id: str, first: int) -> Layout:
    """From now on no page is split any more; the layout as it then is for good. Repeating is harmless."""
    while True:
        laid = read_layout(tenant_id, tournament_id, first)
        if laid.frozen:
            return laid.layout
        try:
            dynamo.apply(_layout_op(tenant_id, tournament_id, laid, laid.layout.pages, frozen=True))
        except dynamo.ConditionFailed:
            continue
        return laid.layout


@dataclass(frozen=True, slots=True)
class Halves:
    """A page split in two: both sheets as they will be, with the segments that mark the split in their logs."""

    stays: Sheet
    goes: Sheet
    marks: tuple[Segment, Segment]


def commit_split(tenant_id: str, tournament_id: str, was: Laid, before: Sheet, halves: Halves) -> bool:
    """Make a split true, all of it or nothing; False when anything of it had moved."""
    here, there = (Place(tenant_id, tournament_id, s.number) for s in (halves.stays, halves.goes))
    table, pages = arena_table(), was.layout.pages + 1
    if before.page.version:
        page_stands, page_values = "version = :was", {":was": before.page.version}
    else:
        page_stands, page_values = "absent", None
    roster_stands, values = "attribute_not_exists(#n)", None
    if before.changes:
        roster_stands, values = "#n = :n", {":n": before.changes}
    ops = [
        _layout_op(tenant_id, tournament_id, was, pages, frozen=False),
        # What the scorer goes by. It may be behind (the span on the page tells), but not for long.
        dynamo.update_op(
            table,
            f"LIVE#{tenant_id}",
            tournament_id,
            "SET grown = :grown",
            condition="attribute_exists(pk)",
            values={":grown": pages},
        ),
        dynamo.put_op(
            table, store.page_record(here, halves.stays.page), condition=page_stands, values=page_values
        ),
        dynamo.put_op(table, store.page_record(there, halves.goes.page), condition="absent"),
        dynamo.put_op(
            table,
            _roster_record(here, halves.stays),
            condition=roster_stands,
            names={"#n": "n"},
            values=values,
        ),
        dynamo.put_op(table, _roster_record(there, halves.goes), condition="absent"),
        dynamo.put_op(table, store.segment_record(here, halves.marks[0])),
        dynamo.put_op(table, store.segment_record(there, halves.marks[1])),
    ]
    try:
        dynamo.transact(ops)
    except (dynamo.TransactionRefused, dynamo.TooBusy):
        return False
    return True


def _roster_record(place: Place, sheet: Sheet) -> dict[str, Any]:
    return {
        "pk": keys.page_pk(place),
        "sk": keys.roster_sk(place.number),
        "tenantId": place.tenant_id,
        "schema": store.SCHEMA,
        "span": sheet.span,
        "n": sheet.changes,
        **{store.SEAT + key: seat_document(seat) for key, seat in sheet.seats.items()},
    }


# --- reading


def settled_sheet(place: Place) -> Sheet:
    """A page and its roster of one moment."""
    while True:
        sheet = store.read_sheets([place])[place]
        if sheet.settled:
            return sheet


def sheet_of_player(tenant_id: str, tournament_id: str, first: int, key: str) -> Sheet:
    """The sheet on which a player is, or would be."""
    while True:
        layout = read_layout(tenant_id, tournament_id, first).layout
        number = layout.page_of(key)
        sheet = settled_sheet(Place(tenant_id, tournament_id, number))
        if sheet.span == layout.span_of(number):
            return sheet


def read_seat(tenant_id: str, tournament_id: str, first: int, key: str) -> Seat | None:
    """One seat, read strongly."""
    return sheet_of_player(tenant_id, tournament_id, first, key).seats.get(key)


def sheets(tenant_id: str, tournament_id: str, first: int) -> Iterator[Sheet]:
    """All sheets by number, each player on exactly one of them, whatever is split meanwhile.

    A page made while this reads holds players who may have been seen already: on the page it was split from, if that
    was read before. New pages come last, so nobody is missed.
    """
    spans: dict[int, int] = {}
    lane = 0
    while True:
        for number, page, roster in _side_by_side(tenant_id, tournament_id, lane):
            sheet = store.sheet_of(number, page, roster)
            if not sheet.settled:
                sheet = settled_sheet(Place(tenant_id, tournament_id, number))
            above = Layout(first, number).above(number)
            if any(spans.get(n, span + 1) <= span for n, span in above):
                continue
            spans[number] = sheet.span or first
            yield sheet
        lane += 1
        if lane > keys.lane_of(read_layout(tenant_id, tournament_id, first).layout.pages - 1):
            return


type Pair = tuple[int, dict[str, Any] | None, dict[str, Any] | None]


def _side_by_side(tenant_id: str, tournament_id: str, lane: int) -> Iterator[Pair]:
    """(number, page item, roster item) of a lane by number; no more than a page of either query is held."""
    ends: tuple[int, None] = (1 << 62, None)
    pages = store.numbered(tenant_id, tournament_id, lane, "PAGE")
    rosters = store.numbered(tenant_id, tournament_id, lane, "ROSTER")
    page: tuple[int, dict[str, Any] | None] = next(pages, ends)
    roster: tuple[int, dict[str, Any] | None] = next(rosters, ends)
    while (number := min(page[0], roster[0])) < ends[0]:
        yield (
            number,
            page[1] if page[0] == number else None,
            roster[1] if roster[0] == number else None,
        )
        if page[0] == number:
            page = next(pages, ends)
        if roster[0] == number:
            roster = next(rosters, ends)
