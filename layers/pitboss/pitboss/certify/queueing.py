"""The queue of runs."""

import json

from pitboss.platform.aws import sqs
from pitboss.platform.settings import setting


def ask(tenant_id: str, run_id: str, sealed: str) -> None:
    """Ask a worker to play the run, or to play on."""
    body = json.dumps({"v": 1, "tenantId": tenant_id, "runId": run_id, "sealed": sealed})
    sqs().send_message(QueueUrl=setting("CERTIFY_QUEUE_URL"), MessageBody=body)
