"""Send dead letters back to the queue they came from: `python -m devtools.redrive RankDlq [--stack NAME] [--endpoint URL]`.

A message is sent first and deleted after, so it may come twice and is never lost; all that reads these queues is
idempotent. What came out of a stream carries only where the records were: for ScorerDlq there is devtools.rescore, for
FeedDlq devtools.refeed. What stands in ClockDlq the minute sweeper has made up for.
"""

import argparse
import json
from typing import Any

SOURCES = {
    "RankDlq": "RankQueue",
    "SettleDlq": "SettleQueue",
    "MoneyDlq": "MoneyQueue",
    "WalletDlq": "WalletQueue",
    "CertifyDlq": "CertifyQueue",
}


def redrive(sqs: Any, dead: str, source: str, limit: int) -> int:
    """Move up to `limit` messages from queue URL `dead` to queue URL `source`; answers how many were moved."""
    moved = 0
    while moved < limit:
        answer = sqs.receive_message(
            QueueUrl=dead,
            MaxNumberOfMessages=min(10, limit - moved),
            MessageSystemAttributeNames=["MessageGroupId", "MessageDeduplicationId"],
            MessageAttributeNames=["All"],
            WaitTimeSeconds=1,
        )
        messages = answer.get("Messages", [])
        if not messages:
            break
        for message in messages:
            system = message.get("Attributes", {})
            # A new deduplication id: the old one may still be remembered, and the message would vanish.
            order = (
                {
                    "MessageGroupId": system["MessageGroupId"],
                    "MessageDeduplicationId": f"{message['MessageId']}-redriven",
                }
                if "MessageGroupId" in system
                else {}
            )
            attributes = message.get("MessageAttributes", {})
            sqs.send_message(
                QueueUrl=source, MessageBody=message["Body"], MessageAttributes=attributes, **order
            )
            sqs.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return moved


def main() -> None:
    """Find both queues in the stack and move."""
    import boto3

    parser = argparse.ArgumentParser(description="send dead letters back to their queue")
    parser.add_argument("queue", choices=sorted(SOURCES))
    parser.add_argument("--stack", default="pitboss")
    parser.add_argument("--endpoint", help="of a local AWS; none for a real account")
    parser.add_argument("--limit", type=int, default=1000)
    asked = parser.parse_args()
    cloudformation = boto3.client("cloudformation", endpoint_url=asked.endpoint)

    def url(name: str) -> str:
        found = cloudformation.describe_stack_resource(StackName=asked.stack, LogicalResourceId=name)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    sqs = boto3.client("sqs", endpoint_url=asked.endpoint)
    moved = redrive(sqs, url(asked.queue), url(SOURCES[asked.queue]), asked.limit)
    print(json.dumps({"queue": asked.queue, "moved": moved}))


if __name__ == "__main__":
    main()
