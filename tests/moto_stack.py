"""The stateful resources of template.yaml on moto, from the template itself, so that keys and indexes cannot differ."""

from functools import cache
from typing import Any

import boto3
from pitboss.platform import aws

from devtools.deploy import read_template

TABLES = {
    "HubTable": "HUB_TABLE",
    "ArenaTable": "ARENA_TABLE",
    "LedgerTable": "LEDGER_TABLE",
    "DemoTable": "DEMO_TABLE",
}
QUEUES = {
    "RankQueue": "RANK_QUEUE_URL",
    "ScorerDlq": "SCORER_DLQ_URL",
    "SettleQueue": "SETTLE_QUEUE_URL",
    "MoneyQueue": "MONEY_QUEUE_URL",
    "WalletQueue": "WALLET_QUEUE_URL",
}
SECRETS = {"SigningSecret": "SIGNING_SECRET_ARN", "CallbackSecret": "CALLBACK_SECRET_ARN"}
_CREATE = ("BillingMode", "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes")
ACCOUNT = "123456789012"


@cache
def resources_of_template() -> dict[str, Any]:
    """Read once in a process: every test begins with a new AWS, and the template is a long document."""
    resources: dict[str, Any] = read_template()["Resources"]
    return resources


@cache
def client(service: str) -> Any:
    """Clients work in every mock_aws of the process; building one costs more than a test's calls with it."""
    make: Any = boto3.client
    return make(service)


@cache
def kept_clients() -> Any:
    """The product's factory of clients with a memory of its own, which lasts for the process."""
    return cache(aws._client.__wrapped__)


def create() -> dict[str, str]:
    """Create them inside mock_aws and answer the environment of a function that is given all of it."""
    resources = resources_of_template()
    variables = {
        **_tables(resources),
        **_queues(resources),
        "SNAPSHOT_BUCKET": "snapshots",
        "SCHEDULER_GROUP": "bells",
        "SCHEDULER_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
        "CLOCK_ARN": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:tournament-clock",
        "DEMO_TOKEN": "demo-token",
        "STAGE": "local",
    }
    client("s3").create_bucket(Bucket="snapshots")
    client("scheduler").create_schedule_group(Name="bells")
    secrets = client("secretsmanager")
    for logical, variable in SECRETS.items():
        wanted = resources[logical]["Properties"]["GenerateSecretString"]
        value = secrets.get_random_password(**wanted)["RandomPassword"]
        variables[variable] = secrets.create_secret(Name=logical, SecretString=value)["ARN"]
    return variables


def _tables(resources: dict[str, Any]) -> dict[str, str]:
    dynamodb, variables = client("dynamodb"), {}
    for logical, variable in TABLES.items():
        properties = resources[logical]["Properties"]
        dynamodb.create_table(TableName=logical, **{k: properties[k] for k in _CREATE if k in properties})
        variables[variable] = logical
    return variables


def _queues(resources: dict[str, Any]) -> dict[str, str]:
    sqs, variables = client("sqs"), {}
    for logical, variable in QUEUES.items():
        properties = resources[logical]["Properties"]
        names = ("FifoQueue", "ContentBasedDeduplication", "DelaySeconds", "VisibilityTimeout")
        attributes = {k: str(properties[k]).lower() for k in names if k in properties}
        name = logical + (".fifo" if properties.get("FifoQueue") else "")
        variables[variable] = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return variables
