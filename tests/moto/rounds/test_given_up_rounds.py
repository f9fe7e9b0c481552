"""What the scorer gave up to its dead-letter queue comes into the score by devtools.rescore or at the end, once."""

import json
import os
from typing import Any

import boto3
import pytest
from pitboss.kernel.instants import format_instant
from pitboss.rounds import service
from pitboss.rounds.mending import mend

from devtools.rescore import from_dead_letters
from tests.tournament_world import HOUR, Hub

pytestmark = pytest.mark.moto


def acknowledge(hub: Hub, round_id: str, win: str) -> None:
    """A round in the inbox that no scorer has looked at."""
    row = hub.message(round_id, "ann", "1.00", win)
    answer = hub.ok("POST", "/rounds", {"integrationId": "main", "rounds": [row]})
    assert answer["counts"]["accepted"] == 1


def dead_letter(first: int, last: int) -> dict[str, Any]:
    """What Lambda sends to the on-failure destination of a stream: where and when, never what."""
    return {
        "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 21},
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001573689847184-864758bb",
            "startSequenceNumber": "800000000003126276362",
            "endSequenceNumber": "800000000003126276362",
            "approximateArrivalOfFirstRecord": format_instant(first),
            "approximateArrivalOfLastRecord": format_instant(last),
            "batchSize": 1,
            "streamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/arena/stream/2026-01-01T00:00:00.000",
        },
    }


def score_of(hub: Hub, tid: str) -> str:
    hub.rank()
    (row,) = hub.ok("GET", "/tournaments/{id}/leaderboard", id=tid)["leaderboard"]
    return str(row["score"])


def test_a_batch_put_aside_hours_before_the_end_is_in_the_result(hub: Hub) -> None:
    tid = hub.create(rules={"metric": "total_won"}, endTime=format_instant(hub.now + 9 * HOUR))
    assert hub.register(tid, "ann").status < 300
    hub.to(hub.now + 2 * HOUR)
    hub.send(("counted", "ann", "1.00", "3.00"))
    hub.to(hub.now + HOUR)
    lost_at = hub.now
    acknowledge(hub, "given-up", "40.00")
    hub.to(hub.now + HOUR)
    queue = boto3.client("sqs").create_queue(QueueName="scorer-dead")["QueueUrl"]
    for _ in range(2):  # a batch that was bisected has several letters
        boto3.client("sqs").send_message(
            QueueUrl=queue, MessageBody=json.dumps(dead_letter(lost_at, lost_at))
        )
    assert score_of(hub, tid) == "3.00"

    answer = from_dead_letters(boto3.client("sqs"), queue, mend)
    assert (answer["messages"], answer["batches"], answer["counted"]) == (2, 1, 1)
    assert score_of(hub, tid) == "43.00"
    assert from_dead_letters(boto3.client("sqs"), queue, mend) == {"messages": 0}

    hub.scored = "0"
    hub.send(("later", "ann", "1.00", "2.00"))
    again = mend(hub.now - 9 * HOUR, hub.now)
    assert (again["batches"], again["counted"]) == (3, 0)
    assert score_of(hub, tid) == "45.00"
    hub.to(hub.now + 6 * HOUR)
    assert hub.settle(tid) == "settled"
    (row,) = hub.ok("GET", "/tournaments/{id}/results", id=tid)["winners"]
    assert row["score"] == "45.00"


@pytest.mark.parametrize("given_up", [True, False])
def test_the_end_looks_back_over_everything_while_letters_lie_there(hub: Hub, given_up: bool) -> None:
    """Nobody has run devtools.rescore. Without a letter the closing hour is all that is looked at: that costs by the hour."""
    tid = hub.create(rules={"metric": "total_won"}, endTime=format_instant(hub.now + 9 * HOUR))
    assert hub.register(tid, "ann").status < 300
    hub.to(hub.now + 2 * HOUR)
    hub.send(("counted", "ann", "1.00", "3.00"))
    lost_at = hub.now
    acknowledge(hub, "put-aside", "40.00")
    hub.to(hub.now + HOUR)
    if given_up:
        boto3.client("sqs").send_message(
            QueueUrl=os.environ["SCORER_DLQ_URL"], MessageBody=json.dumps(dead_letter(lost_at, lost_at))
        )
    hub.to(hub.now + 7 * HOUR)
    assert hub.settle(tid) == "settled"
    (row,) = hub.ok("GET", "/tournaments/{id}/results", id=tid)["winners"]
    assert row["score"] == ("43.00" if given_up else "3.00")


def test_letters_stay_while_their_batches_cannot_be_folded(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="scorer-dead", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(dead_letter(hub.now, hub.now)))
    tid = hub.create()
    assert hub.register(tid, "ann").status < 300
    hub.to(hub.now + HOUR)
    acknowledge(hub, "given-up", "40.00")
    monkeypatch.setattr(service, "PAGE_ATTEMPTS", 0)

    def now_too(since: int, until: int) -> Any:
        return mend(since, until + HOUR)

    with pytest.raises(service.PageContestedError):
        from_dead_letters(sqs, queue, now_too)
    held = sqs.get_queue_attributes(
        QueueUrl=queue,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    assert sum(map(int, held.values())) == 1
