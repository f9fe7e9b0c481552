"""Acknowledged batches folded once more, for what the scorer gave up: after an hour of failures a batch is put aside, and
boards lack its rounds until then (the end of a tournament would find them, catching_up.py)."""

from collections import Counter
from collections.abc import Iterator

from pitboss.platform.aws import dynamodb
from pitboss.platform.dynamo import from_item
from pitboss.platform.settings import arena_table
from pitboss.rounds import service, store

CHUNK = 40


def mend(since: int, until: int, *, segment: int = 0, segments: int = 1) -> Counter[str]:
    """Fold every batch received from `since` to `until` (ms) into the running tournaments, in one pass over the arena's
    table or a segment of it. Play may go on; what is counted already is a duplicate and changes nothing.

    Answers the scorer's totals and `batches`. Rounds of a tournament whose result is final are listed as late. Batches
    are kept for 45 days.
    """
    totals: Counter[str] = Counter()
    chunk: list[store.InboxItem] = []
    for item in _received(since, until, segment, segments):
        chunk.append(item)
        totals["batches"] += 1
        if len(chunk) == CHUNK:
            totals += service.score(chunk)
            chunk = []
    if chunk:
        totals += service.score(chunk)
    return totals


def _received(since: int, until: int, segment: int, segments: int) -> Iterator[store.InboxItem]:
    pages = (
        dynamodb()
        .get_paginator("scan")
        .paginate(
            TableName=arena_table(),
            ConsistentRead=True,
            Segment=segment,
            TotalSegments=segments,
            FilterExpression="begins_with(pk, :inbox) AND receivedAt BETWEEN :since AND :until",
            ExpressionAttributeValues={
                ":inbox": {"S": "IN#"},
                ":since": {"N": str(since)},
                ":until": {"N": str(until)},
            },
        )
    )
    for page in pages:
        for typed in page["Items"]:
            yield store.inbox_item(from_item(typed))
