"""What every test may stand on: a closed environment, moto tables as the template has them, and one private local AWS."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from devtools.local_aws import Emulator
    from devtools.seed import DemoTenant

# Before any import of the product: nothing here may reach a real account or read a developer's profile.
os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    POWERTOOLS_SERVICE_NAME="test",
    POWERTOOLS_METRICS_NAMESPACE="Pitboss",
    STAGE="local",
)
for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
    os.environ.pop(name, None)


# A build must not turn red by luck: new examples are looked for on developers' machines, a build plays the same each time.
# Nor by a machine that is busy with something else: no test asserts a time.
settings.register_profile("here", deadline=None)
settings.register_profile("build", derandomize=True, deadline=None)
settings.load_profile("build" if os.environ.get("CI") else "here")


@dataclass(frozen=True, slots=True)
class Stack:
    """The deployed stack: `api_url` is the base of the routes, `endpoint` serves every AWS API."""

    endpoint: str
    api_url: str
    outputs: dict[str, str]
    emulator: "Emulator"

    @property
    def auth(self) -> bool:
        """Whether every function's role is enforced."""
        return self.emulator.auth

    def client(self, service: str) -> Any:
        """A boto3 client of this local AWS, as its administrator."""
        from devtools.deploy import client

        return client(service, self.endpoint)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A private local AWS with template.yaml deployed; with PITBOSS_AUTH=true it enforces every function's role."""
    from devtools import deploy, local_aws

    folder = Path(tmp_path_factory.mktemp("local-aws"))
    auth = os.environ.get("PITBOSS_AUTH", "") == "true"
    wished = os.environ.get("PITBOSS_TEST_PORT")
    emulator = local_aws.start(folder, port=int(wished) if wished else None, auth=auth)
    try:
        outputs = deploy.deploy_local(emulator.endpoint)
        yield Stack(emulator.endpoint, emulator.api_url, outputs, emulator)
    finally:
        local_aws.stop(emulator)
        kept = os.environ.get("PITBOSS_KEEP_LOG")
        if kept:
            shutil.copy(folder / "emulator.log", kept)


@pytest.fixture(scope="session")
def tenant(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> "DemoTenant":
    """The demo tenant of `make up` on the private stack: an operator's token, two brands, games, callbacks."""
    from devtools import seed

    return seed.ensure(stack.emulator, stack.outputs, Path(tmp_path_factory.mktemp("tenant")) / "demo.json")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Tables, queues, bucket and secrets of the template on moto, with the environment that functions get.

    Single-threaded behaviour only: moto loses updates under threads. Answers the environment variables that were set.
    """
    from moto import mock_aws
    from pitboss.platform import aws as clients
    from pitboss.platform import lean

    from tests.moto_answers import plain_answers
    from tests.moto_backup import cheap_transactions
    from tests.moto_stack import create, kept_clients

    # The product's own clients, built once: they work in every mock_aws, and building two takes as long as twenty calls.
    monkeypatch.setattr(clients, "_client", kept_clients())
    with mock_aws(), cheap_transactions(), plain_answers():
        variables = create()
        for key, value in variables.items():
            monkeypatch.setenv(key, value)
        yield variables
    lean.forget()
