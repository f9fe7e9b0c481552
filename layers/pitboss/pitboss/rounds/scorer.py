"""Lambda entry of the scorer: inbox batches from the table's stream."""

from base64 import b64decode
from typing import Any

from pitboss.platform.dynamo import from_item
from pitboss.platform.observe import count, logger
from pitboss.platform.worker import worker
from pitboss.rounds import service
from pitboss.rounds.store import InboxItem, inbox_item


@worker
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """A DynamoDB stream batch of inbox inserts. The whole batch is one flush; if that fails, each record is tried by
    itself and the first that fails is reported, so that a poison batch is found and set aside without the others."""
    records = [r for r in event["Records"] if r.get("eventName") == "INSERT"]
    try:
        service.score([_batch(r) for r in records])
    except Exception:  # noqa: BLE001 - whatever it was, the records are tried alone
        logger.exception("the flush failed; trying its batches one by one")
        return {"batchItemFailures": _one_by_one(records)}
    return {"batchItemFailures": []}


def _batch(record: dict[str, Any]) -> InboxItem:
    """An inbox item of a stream record; Lambda hands binary attributes over as base64 text."""
    image = from_item(record["dynamodb"]["NewImage"])
    if isinstance(image["data"], str):
        image["data"] = b64decode(image["data"])
    return inbox_item(image)


def _one_by_one(records: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Every record by itself, also those behind a failed one: what they bring again later changes nothing."""
    failures: list[dict[str, str]] = []
    for record in records:
        try:
            service.score([_batch(record)])
        except Exception:  # noqa: BLE001 - reported to the stream, which retries from here
            logger.exception("a batch cannot be folded", keys=str(record["dynamodb"].get("Keys")))
            count("batches_failed")
            failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
    return failures
