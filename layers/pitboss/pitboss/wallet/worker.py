"""The wallet's worker: looks at each transaction that the queue names, and once a minute at what the queue forgot."""

import json
from typing import Any

from pitboss.platform.clock import now_ms
from pitboss.platform.observe import count, logger
from pitboss.platform.worker import worker
from pitboss.wallet import (
    callbacks_gateway,
    failed_store,
    open_rounds,
    resolve,
    resolve_gateway,
    resolve_rules,
)

SWEEP_LIMIT = 500  # per shard and minute; the rest is as due a minute later
SWEEP_GRACE_MS = 15_000  # a message is most likely on its way
OPEN_ROUNDS_MS = 10 * 60_000  # between two looks for rounds that nobody ended
MINUTE_MS = 60_000


@worker
def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda entry point: a batch of the queue, or the minute's tick."""
    if "Records" not in event:
        return {"queued": sweep(now_ms())}
    return {"batchItemFailures": _batch(event["Records"], context)}


def _batch(records: list[dict[str, Any]], context: Any) -> list[dict[str, str]]:
    failures = []
    for record in records:
        try:
            if _too_late(context):
                raise TimeoutError("the invocation is nearly over")
            tenant_id, key = resolve_gateway.read_body(json.loads(record["body"]))
            resolve.look(tenant_id, key, now_ms())
        except TimeoutError:
            # Better back to the queue than cut off in the middle of a call.
            failures.append({"itemIdentifier": record["messageId"]})
        except Exception:  # noqa: BLE001 - one transaction's trouble must not hold up the others of its batch
            logger.exception("a transaction could not be driven")
            count("wallet_message_failures")
            failures.append({"itemIdentifier": record["messageId"]})
        finally:
            callbacks_gateway.settle()
    return failures


def _too_late(context: Any) -> bool:
    """Whether the invocation may end before another slow attempt has. Outside Lambda there is no such end."""
    left = getattr(context, "get_remaining_time_in_millis", None)
    return left is not None and left() < resolve.BUDGET_MS + 5_000


def sweep(now: int) -> int:
    """Queue again what is overdue: messages that were lost, waits beyond a queue's reach, callers that died. Every ten
    minutes also look for rounds that nobody ended. Answers how many were queued; extra calls are harmless."""
    queued = 0
    for shard in range(resolve_rules.SHARDS):
        late = list(failed_store.due(shard, now - SWEEP_GRACE_MS, SWEEP_LIMIT))
        queued += resolve_gateway.announce(late, now)
    if queued:
        count("wallet_swept", queued)
    if now % OPEN_ROUNDS_MS < MINUTE_MS:
        open_rounds.sweep(now)
    return queued
