"""Consumer of the settle queue: one tournament a message, taken as far as it goes."""

import json
from typing import Any

from pitboss.platform.observe import count, logger
from pitboss.platform.worker import worker
from pitboss.tournaments.settlement import settle


@worker
def handler(event: dict[str, Any], _context: Any) -> dict[str, list[dict[str, str]]]:
    """SQS batch; a message that fails comes back alone (ReportBatchItemFailures)."""
    failures = []
    for record in event["Records"]:
        try:
            body = json.loads(record["body"])
            settle(body["tenantId"], body["tournamentId"], record["messageId"])
        except Exception:  # noqa: BLE001 - the message returns to its queue, and in the end to the dead letters
            logger.exception("settlement failed", messageId=record["messageId"])
            count("settlement_failures")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
