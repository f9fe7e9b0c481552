"""An arena table in memory with the semantics that matter: conditional pages, segments in any order, orphans kept, and
a crash before or after any single write. Everything passes through the real codec, as it would on its way to DynamoDB."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pitboss.rounds import growing, store
from pitboss.rounds.codec import decode_page, decode_records, encode_page
from pitboss.rounds.model import Arrival, Live, LogDamagedError, Page, Place, Segment, Sheet
from pitboss.scoring.public import Seat

ITEM_LIMIT = 400 * 1024


class Crash(Exception):  # noqa: N818
    """The process died here."""


def segment_of(record: dict[str, Any]) -> Segment:
    """A segment from its item."""
    _, _, version, token = record["sk"].split("#")
    records, states = decode_records(record["data"])
    return Segment(int(version), token, record["previous"], record["at"], records, states)


class Arena:
    """`crash_at` counts half writes: 2n dies before write n, 2n+1 right after it."""

    def __init__(self, live: Live, seats: Mapping[str, Seat]) -> None:
        self.live, self.seats = live, dict(seats)
        self.pages: dict[Place, tuple[bytes, int, str, bool, int]] = {}
        self.segments: dict[tuple[str, str], dict[str, Any]] = {}
        self.late: dict[tuple[int, int], Arrival] = {}
        self.conflicts: dict[tuple[int, int, int], Arrival] = {}
        self.halves = 0
        self.spotted = 0
        self.crash_at: int | None = None
        self.rival: Callable[[], None] | None = None

    def _write(self, change: Callable[[], None]) -> None:
        for half in (change, None):
            if self.crash_at == self.halves:
                self.halves += 1
                raise Crash
            self.halves += 1
            if half is not None:
                half()

    def live_of(self, tenant_id: str) -> list[Live]:
        return [self.live] if tenant_id == self.live.tenant_id else []

    def live_one(self, tenant_id: str, tournament_id: str) -> Live | None:
        return self.live

    def place(self, number: int) -> Place:
        return Place(self.live.tenant_id, self.live.tournament_id, number)

    def page(self, place: Place) -> Page:
        if place not in self.pages:
            return Page()
        data, version, head, sealed, span = self.pages[place]
        return decode_page(data, version, head, sealed=sealed, span=span)

    def sheet(self, place: Place) -> Sheet:
        span = self.live.layout.span_of(place.number)
        mine = {k: s for k, s in self.seats.items() if self.live.layout.page_of(k) == place.number}
        return Sheet(place.number, self.page(place), mine, span)

    def read_sheets(self, places: Sequence[Place]) -> dict[Place, Sheet]:
        return {place: self.sheet(place) for place in places}

    def put_segments(self, records: Sequence[dict[str, Any]]) -> None:
        for record in reversed(records):
            assert len(record["data"]) < ITEM_LIMIT

            def keep(record: dict[str, Any] = record) -> None:
                self.segments[record["pk"], record["sk"]] = record

            self._write(keep)

    def put_page(self, place: Place, page: Page, was: int) -> bool:
        if self.rival is not None:
            rival, self.rival = self.rival, None
            rival()
        stands = self.pages.get(place)
        if (stands[1] if stands else 0) != was:
            return False
        self._write(lambda: self._keep(place, page))
        return True

    def put_pages(self, pages: Sequence[tuple[Place, Page, int]]) -> list[store.Put]:
        """In an order of their own: several are written at a time, so that a crash leaves any of them done."""
        order = sorted(range(len(pages)), key=lambda n: (pages[n][2] + n * 7) % 5)
        done = {n: self.put_page(*pages[n]) for n in order}
        return [done[n] for n in range(len(pages))]

    def _keep(self, place: Place, page: Page) -> None:
        self.pages[place] = encode_page(page), page.version, page.head, page.sealed, page.span

    def split(self, now: int) -> None:
        """One page more, as growing does it: all of it or nothing."""
        layout = self.live.layout
        sheet = self.sheet(self.place(layout.next_split()[0]))
        halves = growing.halved(sheet, layout, now)

        def keep() -> None:
            self.live = replace(self.live, grown=layout.pages + 1)
            for half, mark in zip((halves.stays, halves.goes), halves.marks, strict=True):
                place = self.place(half.number)
                self._keep(place, half.page)
                record = store.segment_record(place, mark)
                self.segments[record["pk"], record["sk"]] = record

        self._write(keep)

    def segments_back(self, place: Place, page: Page) -> Iterator[Segment]:
        token = page.head
        while token:
            found = [r for (_, sk), r in self.segments.items() if sk.endswith(f"#{token}")]
            if len(found) != 1:
                raise LogDamagedError(token)
            (record,) = found
            yield segment_of(record)
            token = record["previous"]

    def segments_at(self, place: Place, page: Page, runs: Sequence[Sequence[int]]) -> list[Segment]:
        """By the chain itself, which knows no orphans; the table in sim_world goes by versions."""
        self.spotted += 1
        return [
            s
            for s in reversed(list(self.segments_back(place, page)))
            if any(run[0] <= s.version <= run[1] for run in runs)
        ]

    def put_late(self, place: Place, arrival: Arrival, received_at: int, document: dict[str, Any]) -> bool:
        key = arrival.hash, arrival.round.revision
        new = key not in self.late
        self._write(lambda: self.late.update({key: arrival}))
        return new

    def put_conflict(
        self, place: Place, arrival: Arrival, received_at: int, document: dict[str, Any]
    ) -> bool:
        key = arrival.hash, arrival.round.revision, arrival.fingerprint
        new = key not in self.conflicts
        self._write(lambda: self.conflicts.update({key: arrival}))
        return new
