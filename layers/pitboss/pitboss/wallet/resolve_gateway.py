"""The queue of seamless transactions that are to be looked at."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pitboss.platform.observe import count, logger
from pitboss.platform.settings import optional
from pitboss.wallet.model import Tx, TxKey

MAX_DELAY_S = 900  # what SQS can hold back; anything later is the sweeper's
_BATCH = 10


def announce(leaders: Sequence[Tx], now: int) -> int:
    """Ask the worker to look at these when they are due; answers how many were queued. What fails to be queued, and what
    is due later than a queue can hold it back, is found by the sweeper."""
    from pitboss.platform.aws import failures, sqs

    url = optional("WALLET_QUEUE_URL", "")
    soon = [tx for tx in leaders if tx.due_key and tx.due_at - now <= MAX_DELAY_S * 1000] if url else []
    queued = 0
    for start in range(0, len(soon), _BATCH):
        entries: Any = [
            {
                "Id": str(place),
                "MessageBody": body_of(tx),
                # Rounded up: a message that comes early would be put aside for the sweeper.
                "DelaySeconds": max(0, -((now - tx.due_at) // 1000)),
            }
            for place, tx in enumerate(soon[start : start + _BATCH])
        ]
        try:
            answer = sqs().send_message_batch(QueueUrl=url, Entries=entries)
        except failures():
            logger.exception("wallet queue not reached; the sweeper will find these")
            count("wallet_queue_failures", len(entries))
            continue
        queued += len(answer.get("Successful", ()))
    return queued


def body_of(tx: Tx) -> str:
    """A message only says what to look at; the record says what to do."""
    return json.dumps({"v": 1, "tenantId": tx.tenant_id, "key": list(tx.key)})


def read_body(message: Mapping[str, Any]) -> tuple[str, TxKey]:
    """The inverse of `body_of`, parsed."""
    return message["tenantId"], TxKey(*message["key"])
