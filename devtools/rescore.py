"""Fold again what the scorer gave up: `python -m devtools.rescore [--since T --until T] [--stack NAME] [--endpoint URL]`.

A dead letter of a stream names no item, only where in the stream the batch was and when. Without `--since` the times of
all messages of ScorerDlq are taken, what was received then is folded, and the messages are deleted after that. Nothing
counts twice, so it may be repeated, and play may go on. Run it before the tournaments concerned end: what comes after a
final result is listed as late.
"""

import argparse
import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

# The stream's times are rounded, and a batch is received a moment before it is in the stream.
MARGIN_MS = 120_000

type Mend = Callable[[int, int], Counter[str]]


def instant(text: str) -> int:
    """Milliseconds of an RFC 3339 time."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def times_of(message: dict[str, Any]) -> tuple[int, int]:
    """When the records of a dead letter came into the stream: first and last, in ms."""
    batch = json.loads(message["Body"])["DDBStreamBatchInfo"]
    return instant(batch["approximateArrivalOfFirstRecord"]), instant(batch["approximateArrivalOfLastRecord"])


def from_dead_letters(sqs: Any, dead: str, mend: Mend) -> dict[str, int]:
    """Fold what the messages of queue URL `dead` stand for, in one pass, and delete them; answers the totals."""
    messages: dict[str, dict[str, Any]] = {}
    while found := sqs.receive_message(
        QueueUrl=dead, MaxNumberOfMessages=10, VisibilityTimeout=3600, WaitTimeSeconds=1
    ).get("Messages"):
        messages |= {message["MessageId"]: message for message in found}
    if not messages:
        return {"messages": 0}
    times = [times_of(message) for message in messages.values()]
    totals = mend(min(first for first, _ in times) - MARGIN_MS, max(last for _, last in times) + MARGIN_MS)
    for message in messages.values():
        sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
    return {"messages": len(messages), **totals}


def main() -> None:
    """Find the table and the queues, and fold."""
    import boto3

    parser = argparse.ArgumentParser(description="fold again what the scorer gave up")
    parser.add_argument("--stack", default="pitboss")
    parser.add_argument("--endpoint", help="of a local AWS; none for a real account")
    parser.add_argument(
        "--since", type=instant, help="RFC 3339, as 2026-01-31T18:00:00Z; else ScorerDlq says when"
    )
    parser.add_argument("--until", type=instant, help="RFC 3339; else ScorerDlq says when")
    asked = parser.parse_args()
    if (asked.since is None) != (asked.until is None):
        parser.error("--since and --until go together")
    if asked.endpoint:
        os.environ["AWS_ENDPOINT_URL"] = asked.endpoint
    cloudformation = boto3.client("cloudformation")

    def physical(name: str) -> str:
        found = cloudformation.describe_stack_resource(StackName=asked.stack, LogicalResourceId=name)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    os.environ["ARENA_TABLE"] = physical("ArenaTable")
    os.environ["RANK_QUEUE_URL"] = physical("RankQueue")
    from pitboss.rounds.mending import mend

    if asked.since is not None:
        print(json.dumps(mend(asked.since, asked.until)))
    else:
        print(json.dumps(from_dead_letters(boto3.client("sqs"), physical("ScorerDlq"), mend)))


if __name__ == "__main__":
    main()
