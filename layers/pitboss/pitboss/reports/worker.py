"""Lambda entry of the ledger feed: the ledger table's stream."""

from typing import Any

from pitboss.platform.clock import now_ms
from pitboss.platform.dynamo import from_item
from pitboss.platform.observe import count, logger
from pitboss.platform.worker import Handler, worker
from pitboss.reports import feed
from pitboss.reports.feed import Change, Ingest

# The raw request is large, and no reader of the stream needs it.
_LEFT = ("rq",)


def build(ingest: Ingest) -> Handler:
    """The handler; `ingest` takes closed rounds to the tournaments (rounds.wallet_feed)."""

    @worker
    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        """The whole batch at once; if that fails, each record by itself, and those that fail are reported: the stream
        brings them again, and sets a poison record aside without the others."""
        records = [r for r in event["Records"] if r.get("eventName") in ("INSERT", "MODIFY")]
        try:
            feed.project([change_of(r) for r in records], ingest, now_ms())
        except Exception:  # noqa: BLE001 - whatever it was, the records are tried alone
            logger.exception("the batch failed; trying its records one by one")
            return {"batchItemFailures": _one_by_one(records, ingest)}
        return {"batchItemFailures": []}

    return handler


def change_of(record: dict[str, Any]) -> Change:
    """A stream record without what is not read."""
    stream = record["dynamodb"]
    old = stream.get("OldImage")
    return Change(_image(stream["NewImage"]), _image(old) if old else None, int(stream["SequenceNumber"]))


def _image(item: dict[str, Any]) -> dict[str, Any]:
    return from_item({name: value for name, value in item.items() if name not in _LEFT})


def _one_by_one(records: list[dict[str, Any]], ingest: Ingest) -> list[dict[str, str]]:
    """Every record by itself, also those behind a failed one: what they bring again later changes nothing."""
    failures: list[dict[str, str]] = []
    for record in records:
        try:
            feed.project([change_of(record)], ingest, now_ms())
        except Exception:  # noqa: BLE001 - reported to the stream, which retries from here
            logger.exception("a record cannot be projected", keys=str(record["dynamodb"].get("Keys")))
            count("feed_records_failed")
            failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
    return failures
