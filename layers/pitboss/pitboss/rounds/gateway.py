"""Ranking requests: one FIFO message per tournament and tick, however many flushes ask. Boards in S3. What was given up."""

import json
from collections.abc import Sequence

from pitboss.platform.aws import sqs
from pitboss.platform.clock import now_ms
from pitboss.platform.observe import logger
from pitboss.platform.settings import setting

TICK_MS = 1000
# A message that a ranker died with is hidden for minutes (VisibilityTimeout), and its whole group with it.
GROUP_MS = 30_000


def request_ranks(tournaments: Sequence[tuple[str, str]]) -> None:
    """Ask for new boards. The queue delays each message by a tick, so what comes later in this tick is still in it;
    the tournament is the message group, so that at most one ranking of it runs at a time. The group is another one every
    half minute: no longer does a board stand still when its ranker died. Two that overlap then harm nothing, since a board
    is put over the one that was read (docs/decisions/043)."""
    now = now_ms()
    tick, part = now // TICK_MS, now // GROUP_MS
    for start in range(0, len(tournaments), 10):
        answer = sqs().send_message_batch(
            QueueUrl=setting("RANK_QUEUE_URL"),
            Entries=[
                {
                    "Id": str(n),
                    "MessageBody": json.dumps({"tenantId": tenant, "tournamentId": tid}),
                    "MessageGroupId": f"{tid}#{part}",
                    "MessageDeduplicationId": f"{tid}#{tick}",
                }
                for n, (tenant, tid) in enumerate(tournaments[start : start + 10])
            ],
        )
        if answer.get("Failed"):
            # The caller's batch comes again and asks again; a board must not stay stale for want of a message.
            raise RuntimeError(f"{len(answer['Failed'])} ranking requests were not taken")


def given_up() -> bool:
    """Whether the scorer put batches aside that nobody has folded since (`devtools.rescore` takes them out of the queue)."""
    counts = sqs().get_queue_attributes(
        QueueUrl=setting("SCORER_DLQ_URL"),
        AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ],
    )
    return any(int(number) for number in counts["Attributes"].values())


def put_object(key: str, body: bytes) -> None:
    """Keep a large snapshot. It stays while a board names it: a quiet board may be the newest for months."""
    from pitboss.platform.aws import s3

    s3().put_object(
        Bucket=setting("SNAPSHOT_BUCKET"), Key=key, Body=body, ContentType="application/octet-stream"
    )


def delete_objects(keys: Sequence[str]) -> None:
    """Remove snapshots that no board names any more; one that cannot be removed costs its storage and nothing else."""
    from pitboss.platform.aws import failures, s3

    for key in keys:
        try:
            s3().delete_object(Bucket=setting("SNAPSHOT_BUCKET"), Key=key)
        except failures():
            logger.warning("a superseded board was not removed", key=key, exc_info=True)


def get_range(key: str, offset: int, length: int) -> bytes:
    """Some bytes of a large snapshot."""
    from pitboss.platform.aws import s3

    answer = s3().get_object(
        Bucket=setting("SNAPSHOT_BUCKET"), Key=key, Range=f"bytes={offset}-{offset + length - 1}"
    )
    return answer["Body"].read()
