"""History made anew from the ledger itself, for what its stream has lost: records given up after a day of failures, a table
that was restored, play from before the feed was there.
"""

from collections.abc import Iterator
from typing import Any

from pitboss.platform import dynamo
from pitboss.platform.aws import dynamodb
from pitboss.platform.clock import now_ms
from pitboss.platform.dynamo import from_item
from pitboss.platform.settings import ledger_table
from pitboss.reports.feed import Change, Ingest, project

PORTION = 200
ROUNDS_OF_CHECKS = 10
_KINDS = ("X#", "R#", "W#")
_LEFT = ("rq",)

Item = dict[str, Any]


def mend(ingest: Ingest, *, segment: int = 0, segments: int = 1) -> dict[str, int]:
    """Go through the ledger (or one segment of it) and carry on what history lacks or has otherwise. Play may go on.

    Answers {read, mended}. Repeating it mends nothing more. Closed rounds go to the tournaments too, which know most of
    them already and leave out what is older than 31 days.
    """
    read = mended = 0
    for portion in _portions(segment, segments):
        read += len(portion)
        left = portion
        for _ in range(ROUNDS_OF_CHECKS):
            changes = [Change(item, 0) for item in left]
            mended += project(changes, ingest, now_ms(), truth=True)["rows"]
            # What changed while it was carried on may have been overtaken by the stream: the ledger is asked again.
            left = _changed_since(left)
            if not left:
                break
    return {"read": read, "mended": mended}


def _portions(segment: int, segments: int) -> Iterator[list[Item]]:
    pages = (
        dynamodb()
        .get_paginator("scan")
        .paginate(TableName=ledger_table(), ConsistentRead=True, Segment=segment, TotalSegments=segments)
    )
    portion: list[Item] = []
    for page in pages:
        for typed in page["Items"]:
            if typed["pk"]["S"].startswith(_KINDS):
                portion.append(_plain(from_item(typed)))
            if len(portion) == PORTION:
                yield portion
                portion = []
    if portion:
        yield portion


def _changed_since(portion: list[Item]) -> list[Item]:
    found = dynamo.get_many(ledger_table(), [(item["pk"], item["sk"]) for item in portion])
    fresh = [_plain(found[item["pk"], item["sk"]]) for item in portion if (item["pk"], item["sk"]) in found]
    before = {(item["pk"], item["sk"]): item for item in portion}
    return [item for item in fresh if before[item["pk"], item["sk"]] != item]


def _plain(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in _LEFT}
