"""Clients are built on first use and kept for the life of the execution environment (each costs about 15 ms)."""

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from pitboss.platform.settings import optional

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

CONNECT_TIMEOUT_S, READ_TIMEOUT_S, ATTEMPTS, POOL = 2, 5, 4, 16


@cache
def _client(service: str) -> Any:
    import boto3
    from botocore.config import Config

    # Links to files are signed in the query; what S3's client would use there by itself is not taken in every region.
    signing: Any = {"signature_version": "s3v4"} if service == "s3" else {}
    # Time-outs shorter than any caller's patience; `standard` retries throttling and connection errors with jitter.
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "max_attempts": ATTEMPTS},
        max_pool_connections=POOL,
        **signing,
    )
    client = boto3.client(service, config=config)  # type: ignore[call-overload]
    if service == "dynamodb" and optional("METER", "") == "1":
        from pitboss.platform.meter import attach

        attach(client)
    return client


def dynamodb() -> "DynamoDBClient":
    """The low-level DynamoDB client."""
    return cast("DynamoDBClient", _client("dynamodb"))


def sqs() -> "SQSClient":
    """The SQS client."""
    return cast("SQSClient", _client("sqs"))


def s3() -> "S3Client":
    """The S3 client."""
    return cast("S3Client", _client("s3"))


def scheduler() -> "EventBridgeSchedulerClient":
    """The EventBridge Scheduler client."""
    return cast("EventBridgeSchedulerClient", _client("scheduler"))


def secrets() -> "SecretsManagerClient":
    """The Secrets Manager client."""
    return cast("SecretsManagerClient", _client("secretsmanager"))


def failures() -> tuple[type[Exception], ...]:
    """What a call to AWS may raise, for those who can do without its effect."""
    from botocore.exceptions import BotoCoreError, ClientError

    return BotoCoreError, ClientError


def forget_clients() -> None:
    """Drop the kept clients: tests that start another AWS need new ones."""
    from pitboss.platform import lean

    _client.cache_clear()
    lean.forget()
