"""What tournaments tell other services: one-off schedules, the settle queue, large results in S3.

None of it is needed for correctness: a schedule or message that is lost is made up for by the minute sweeper.
"""

import json
from datetime import UTC, datetime
from typing import Any

from pitboss.platform.aws import s3, scheduler, sqs
from pitboss.platform.observe import count, logger
from pitboss.platform.settings import optional, setting
from pitboss.tournaments.model import Tournament


def ask_settlement(tenant_id: str, tournament_id: str, delay_s: int = 0) -> None:
    """Have the settler look at a tournament; a message that cannot be sent is left to the sweeper."""
    url = optional("SETTLE_QUEUE_URL", "")
    if not url:
        return
    body = json.dumps({"tenantId": tenant_id, "tournamentId": tournament_id})
    try:
        sqs().send_message(QueueUrl=url, MessageBody=body, DelaySeconds=delay_s)
    except sqs().exceptions.ClientError:
        count("settle_messages_lost")
        logger.warning("the settle message was not sent", tournamentId=tournament_id, exc_info=True)


def set_bells(tournament: Tournament, bells: dict[str, int], now: int) -> None:
    """Create, or move, the one-off schedule of each bell still to come. The names are those of tournament and bell,
    so that doing it again changes nothing; each deletes itself after it rang."""
    group = optional("SCHEDULER_GROUP", "")
    if not group:
        return
    target = {
        "Arn": setting("CLOCK_ARN"),
        "RoleArn": setting("SCHEDULER_ROLE_ARN"),
    }
    for bell, at in bells.items():
        if at <= now:
            continue
        # Schedules have whole seconds: rounded up, a bell never rings before its time.
        when = datetime.fromtimestamp(-(-at // 1000), UTC).strftime("%Y-%m-%dT%H:%M:%S")
        payload = {"tenantId": tournament.tenant_id, "tournamentId": tournament.tournament_id, "bell": bell}
        arguments: dict[str, Any] = {
            "GroupName": group,
            "Name": f"{tournament.tournament_id}-{bell}",
            "ScheduleExpression": f"at({when})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {**target, "Input": json.dumps(payload)},
        }
        client = scheduler()
        try:
            try:
                client.create_schedule(**arguments)
            except client.exceptions.ConflictException:
                client.update_schedule(**arguments)
        except client.exceptions.ClientError:
            count("schedules_not_made")
            logger.warning("a schedule was not made; the sweeper will ring", bell=bell, exc_info=True)


def put_document(key: str, body: bytes) -> None:
    """Keep a large result body; its key names its content, so that writing it twice is the same."""
    s3().put_object(
        Bucket=setting("SNAPSHOT_BUCKET"),
        Key=key,
        Body=body,
        ContentType="application/json",
        ContentEncoding="gzip",
    )


def get_document(key: str) -> bytes:
    """A body that `put_document` kept."""
    return s3().get_object(Bucket=setting("SNAPSHOT_BUCKET"), Key=key)["Body"].read()
