"""Segments in table `arena`: a page's log, written before the page and read back from its head or by version."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from pitboss.platform import dynamo
from pitboss.platform.settings import arena_table
from pitboss.rounds.codec import decode_records, encode_records
from pitboss.rounds.keys import page_pk, segment_prefix, segment_sk
from pitboss.rounds.model import LogDamagedError, Page, Place, Segment

SCHEMA = 1
KEYFRAME_BYTES = 350_000
FIRST_SEGMENTS, MOST_SEGMENTS = 8, 512  # how many are asked for at first, and at most, in one call


def segment_record(place: Place, segment: Segment) -> dict[str, Any]:
    """A segment's item."""
    return {
        "pk": page_pk(place),
        "sk": segment_sk(place.number, segment.version, segment.token),
        "tenantId": place.tenant_id,
        "schema": SCHEMA,
        "previous": segment.previous,
        "at": segment.at,
        "data": _segment_data(segment),
    }


def _segment_data(segment: Segment) -> bytes:
    data = encode_records(segment.records, segment.states)
    # A keyframe only saves reading; it must not burst the item.
    return data if len(data) <= KEYFRAME_BYTES else encode_records(segment.records)


def put_segments(records: Sequence[dict[str, Any]]) -> None:
    """Write segments; one that no page names is nobody's, so order does not matter."""
    dynamo.put_many(arena_table(), records)


def segments_back(place: Place, page: Page) -> Iterator[Segment]:
    """The page's log, newest first, walked from its head; orphans are never on the chain. What was written before a
    split is in the log of the page that was split. LogDamagedError if a link is missing."""
    token, high = page.head, page.version
    for low, number in reversed(_stretches(place, page)):
        if not token:
            return
        of = place.at(number)
        for record in _segments_down(of, low, high):
            if record["sk"].rpartition("#")[2] != token:
                continue
            token = record["previous"]
            yield _segment_from(record)
            if not token:
                return
        high = low - 1
    if token:
        raise LogDamagedError(f"{page_pk(place)} page {place.number}: segment {token} is missing")


def _segment_from(record: dict[str, Any]) -> Segment:
    _, _, version, token = record["sk"].split("#")
    records, states = decode_records(bytes(record["data"]))
    return Segment(int(version), token, record["previous"], record["at"], records, states)


def segments_at(place: Place, page: Page, runs: Sequence[Sequence[int]]) -> list[Segment]:
    """The segments of some runs of versions, but for a version that has several: only the chain from the head tells which
    of them is real. (Each version of a page has one real segment, written before the page. A lone one is it.)"""
    found: list[Segment] = []
    for low, number, high in _bounded(place, page):
        prefix = segment_prefix(number)
        for first, last in ((max(r[0], low), min(r[1], high)) for r in runs):
            if first > last:
                continue
            records = dynamo.query(
                arena_table(),
                page_pk(place.at(number)),
                after=f"{prefix}{first:010d}",
                before=f"{prefix}{last:010d}$",
            )
            for _, of in groupby(records, key=lambda record: record["sk"].rpartition("#")[0]):
                one, *others = of
                if not others:
                    found.append(_segment_from(one))
    return found


def _bounded(place: Place, page: Page) -> Iterator[tuple[int, int, int]]:
    """(first version, page, last version) of each stretch of a page's log."""
    stretches = _stretches(place, page)
    ends = [*(low - 1 for low, _ in stretches[1:]), page.version]
    for (low, number), high in zip(stretches, ends, strict=True):
        yield max(low, 1), number, high


def _stretches(place: Place, page: Page) -> tuple[tuple[int, int], ...]:
    """(first version, page) of each stretch of a page's log, oldest first."""
    numbers = [number for _, number in page.lineage] + [place.number]
    return tuple(zip([0, *(version for version, _ in page.lineage)], numbers, strict=True))


def _segments_down(place: Place, low: int, high: int) -> Iterator[dict[str, Any]]:
    """Segment items of one page with versions from high down to low, a few at first and more with each call: most who
    ask are content with the newest, and a query is charged for all that it finds."""
    prefix = segment_prefix(place.number)
    before, limit = f"{prefix}{high:010d}$", FIRST_SEGMENTS
    while True:
        count = 0
        for record in dynamo.query(
            arena_table(),
            page_pk(place),
            after=f"{prefix}{low:010d}",
            before=before,
            forward=False,
            limit=limit,
        ):
            count += 1
            before = record["sk"]
            yield record
        if count < limit:
            return
        limit = min(limit * 4, MOST_SEGMENTS)
