"""An arena table in memory with the semantics that matter: conditional pages, segments in any order, orphans kept, and
a crash before or after any single write. Everything passes through the real codec, as it would on its way to DynamoDB."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pitboss.rounds import store
from pitboss.rounds.codec import decode_page, decode_records, encode_page
from pitboss.rounds.model import Arrival, History, Live, LogDamagedError, Page
from pitboss.scoring.public import Seat

ITEM_LIMIT = 400 * 1024


class Crash(Exception):  # noqa: N818
    """The process died here."""


class Arena:
    """`crash_at` counts half writes: 2n dies before write n, 2n+1 right after it."""

    def __init__(self, live: Live, seats: Mapping[str, Seat]) -> None:
        self.live, self.seats = live, dict(seats)
        self.pages: dict[tuple[str, int], tuple[bytes, int, str, bool]] = {}
        self.segments: dict[tuple[str, str], dict[str, Any]] = {}
        self.late: dict[tuple[int, int], Arrival] = {}
        self.conflicts: dict[tuple[int, int, int], Arrival] = {}
        self.halves = 0
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

    def page(self, place: tuple[str, int]) -> Page:
        if place not in self.pages:
            return Page()
        data, version, head, sealed = self.pages[place]
        return decode_page(data, version, head, sealed=sealed)

    def read_pages(
        self, keys: Sequence[tuple[str, int]]
    ) -> dict[tuple[str, int], tuple[Page, dict[str, Seat]]]:
        return {place: (self.page(place), dict(self.seats)) for place in keys}

    def put_segments(self, records: Sequence[dict[str, Any]]) -> None:
        for record in reversed(records):
            assert len(record["data"]) < ITEM_LIMIT

            def keep(record: dict[str, Any] = record) -> None:
                self.segments[record["pk"], record["sk"]] = record

            self._write(keep)

    def put_page(self, pk: str, tenant_id: str, number: int, page: Page, was: int) -> bool:
        if self.rival is not None:
            rival, self.rival = self.rival, None
            rival()
        stands = self.pages.get((pk, number))
        if (stands[1] if stands else 0) != was:
            return False

        def keep() -> None:
            self.pages[pk, number] = (encode_page(page), page.version, page.head, page.sealed)

        self._write(keep)
        return True

    def read_history(self, pk: str, number: int, page: Page, since: int) -> History:
        chain: list[Any] = []
        token = page.head
        prefix = store.segment_prefix(number)
        for place in sorted(self.segments, reverse=True):
            if (
                place[0] != pk
                or not place[1].startswith(prefix)
                or not place[1].endswith(f"#{token}")
                or not token
            ):
                continue
            record = self.segments[place]
            chain.append(decode_records(record["data"]))
            token = record["previous"]
            if record["at"] < since:
                break
        else:
            if token:
                raise LogDamagedError(token)
        return History(0 if not token else since, [r for records in reversed(chain) for r in records])

    def put_late(
        self, pk: str, tenant_id: str, arrival: Arrival, received_at: int, document: dict[str, Any]
    ) -> bool:
        key = arrival.hash, arrival.round.revision
        new = key not in self.late
        self._write(lambda: self.late.update({key: arrival}))
        return new

    def put_conflict(
        self, pk: str, tenant_id: str, arrival: Arrival, received_at: int, document: dict[str, Any]
    ) -> bool:
        key = arrival.hash, arrival.round.revision, arrival.fingerprint
        new = key not in self.conflicts
        self._write(lambda: self.conflicts.update({key: arrival}))
        return new
