"""The repairs of devtools/emulator.py: each probe is true with them and false without, so none can be dropped unnoticed."""

import json
import shutil
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from devtools import deploy, local_aws

pytestmark = pytest.mark.stack

PROBE = Path(__file__).parent / "probe"
REPAIRS = (
    "whole_api_bodies",
    "bounded_workers",
    "shared_layers",
    "only_what_lambda_has",
    "errors_as_on_aws",
    "streams_apart",
    "no_idle_waits",
    "rights_as_on_aws",
)


class Probe:
    """The small stack on one emulator."""

    def __init__(self, emulator: local_aws.Emulator) -> None:
        self.endpoint = emulator.endpoint
        self.base = f"{emulator.endpoint}/_aws/execute-api/cafe0002/api"
        self.folder = Path(emulator.folder)
        self.outputs = self.deploy("first")

    def deploy(self, path: str) -> dict[str, str]:
        """Deploy with the route /first under the given name."""
        copy = self.folder / path
        shutil.copytree(PROBE, copy)
        template = copy / "template.yaml"
        template.write_text(template.read_text("utf-8").replace("/first", f"/{path}"), "utf-8")
        return deploy.deploy(self.endpoint, {}, stack="probe", template=template)

    def client(self, service: str) -> Any:
        return deploy.client(service, self.endpoint)

    def post(self, path: str) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"{self.base}/{path}", b'{"a":1}', {"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def invoke(self, **event: Any) -> Any:
        answer = self.client("lambda").invoke(FunctionName="probe-direct", Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def item(self, key: str, within_s: float) -> dict[str, Any] | None:
        """An item of the table once it is there; None when it is not there in time."""
        dynamodb, end = self.client("dynamodb"), time.monotonic() + within_s
        while time.monotonic() < end:
            found = dynamodb.get_item(TableName=self.outputs["Table"], Key={"pk": {"S": key}}).get("Item")
            if found:
                return dict(found)
            time.sleep(0.1)
        return None


@pytest.fixture(scope="module")
def repaired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    emulator = local_aws.start(Path(tmp_path_factory.mktemp("repaired")), extra={"WORKERS_PER_FUNCTION": "3"})
    try:
        yield Probe(emulator)
    finally:
        local_aws.stop(emulator)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    emulator = local_aws.start(Path(tmp_path_factory.mktemp("stock")), extra={"WITHOUT": ",".join(REPAIRS)})
    try:
        yield Probe(emulator)
    finally:
        local_aws.stop(emulator)


def gateway_answers_are_ours(probe: Probe) -> bool:
    return probe.post("nowhere") == (404, {"ours": True})


def bodies_arrive_as_bytes(probe: Probe) -> bool:
    return bool(probe.post("first")[1].get("base64"))


def a_changed_api_keeps_its_address(probe: Probe) -> bool:
    try:
        probe.deploy("second")
    except Exception:  # noqa: BLE001 - stock: the update rolls back
        return False
    return probe.post("second")[0] == 200


def a_burst_shares_few_processes(probe: Probe) -> bool:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: probe.invoke(wait=0.3), range(12)))
    return len({a["pid"] for a in answers}) <= 3


def workers_share_one_layer(probe: Probe) -> bool:
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: probe.invoke(wait=0.5), range(3)))
    return len({a["pid"] for a in answers}) > 1 and len({a["layer"] for a in answers}) == 1


def nothing_comes_from_the_emulators_packages(probe: Probe) -> bool:
    return not probe.invoke()["foreign"]


def an_error_leaves_the_worker_alive_and_has_its_type(probe: Probe) -> bool:
    before = probe.invoke()["pid"]
    error = probe.invoke(**{"raise": True})
    return error["errorType"] == "LookupError" and probe.invoke()["pid"] == before


def an_error_is_not_shown_to_callers(probe: Probe) -> bool:
    return probe.post("boom") == (502, {"message": "Internal server error"})


def queues_go_on_beside_a_slow_stream(probe: Probe) -> bool:
    probe.client("dynamodb").put_item(TableName=probe.outputs["Table"], Item={"pk": {"S": "wake-beside"}})
    waited = probe.item("waited-wake-beside", 20)
    assert waited is not None
    return bool(waited["meanwhile"]["BOOL"])


def a_failed_record_of_a_stream_comes_again(probe: Probe) -> bool:
    probe.client("dynamodb").put_item(TableName=probe.outputs["Table"], Item={"pk": {"S": "wake-again"}})
    assert probe.item("waited-wake-again", 20) is not None
    return probe.item("came-again-wake-again", 6) is not None


def silence_costs_no_more_than_a_log_line(probe: Probe) -> bool:
    def fastest(**event: Any) -> float:
        times = []
        for _ in range(40):  # the fastest of many, so that a busy machine does not decide
            start = time.monotonic()
            probe.invoke(**event)
            times.append(time.monotonic() - start)
        return min(times)

    return fastest() < 2.5 * fastest(log=True)


def bells_ring_when_they_are_due(probe: Probe) -> bool:
    """Of two bells 3 s apart the first has rung before the second is due; with ticks of 10 s both ring in one tick."""
    scheduler, sqs = probe.client("scheduler"), probe.client("sqs")
    queue = sqs.create_queue(QueueName="bells")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    soon = datetime.now(UTC) + timedelta(seconds=2)
    for name, after in (("a", 0), ("b", 3), ("c", 6)):
        at = (soon + timedelta(seconds=after)).strftime("%Y-%m-%dT%H:%M:%S")
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression=f"at({at})",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": "arn:aws:iam::000000000000:role/x", "Input": name},
        )
    arrivals: dict[str, float] = {}
    end = time.monotonic() + 30
    while len(arrivals) < 3 and time.monotonic() < end:
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
            arrivals.setdefault(message["Body"], time.monotonic())
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return len(arrivals) == 3 and arrivals["a"] < arrivals["b"] - 1 and arrivals["b"] < arrivals["c"] - 1


PROBES = (
    gateway_answers_are_ours,
    bodies_arrive_as_bytes,
    an_error_leaves_the_worker_alive_and_has_its_type,
    an_error_is_not_shown_to_callers,
    nothing_comes_from_the_emulators_packages,
    workers_share_one_layer,
    a_burst_shares_few_processes,
    silence_costs_no_more_than_a_log_line,
    queues_go_on_beside_a_slow_stream,
    a_failed_record_of_a_stream_comes_again,
    bells_ring_when_they_are_due,
    a_changed_api_keeps_its_address,
)


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: p.__name__)
def test_repaired(probe: Callable[[Probe], bool], repaired: Probe) -> None:
    assert probe(repaired)


@pytest.mark.parametrize("probe", PROBES, ids=lambda p: p.__name__)
def test_stock_shows_that_the_probe_can_fail(probe: Callable[[Probe], bool], stock: Probe) -> None:
    assert not probe(stock)


def someone(emulator: local_aws.Emulator, service: str, actions: list[str], resources: list[str]) -> Any:
    """A client of someone who has this right and no other."""
    iam = deploy.client("iam", emulator.endpoint)
    user = f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    right = {"Effect": "Allow", "Action": actions, "Resource": resources}
    document = json.dumps({"Version": "2012-10-17", "Statement": [right]})
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return boto3.client(
        service,
        endpoint_url=emulator.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def is_allowed(client: Any, operation: str, **request: Any) -> bool:
    """Whether the call passes; any other error than a missing right is raised."""
    try:
        getattr(client, operation)(**request)
    except client.exceptions.ClientError as error:
        if not error.response["Error"]["Code"].startswith("AccessDenied"):
            raise
        return False
    return True


def may_schedule_in(emulator: local_aws.Emulator, group: str) -> bool:
    """Whether a right to the group `bells` allows a schedule in `group`."""
    resources = ["arn:aws:scheduler:us-east-1:*:schedule/bells/*", "arn:aws:iam::*:role/x"]
    bellman = someone(emulator, "scheduler", ["scheduler:CreateSchedule", "iam:PassRole"], resources)
    deploy.client("scheduler", emulator.endpoint).create_schedule_group(Name=group)
    return is_allowed(
        bellman,
        "create_schedule",
        Name="a",
        GroupName=group,
        ScheduleExpression="at(2099-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": "arn:aws:iam::000000000000:role/x"},
    )


def may_send_a_batch(emulator: local_aws.Emulator, action: str) -> bool:
    """Whether the right `action` to a queue allows a batch of messages."""
    url = deploy.client("sqs", emulator.endpoint).create_queue(QueueName="q")["QueueUrl"]
    sender = someone(emulator, "sqs", [action], ["arn:aws:sqs:us-east-1:*:q"])
    return is_allowed(sender, "send_message_batch", QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "m"}])


@pytest.mark.parametrize(("without", "as_on_aws"), [("", True), ("rights_as_on_aws", False)])
def test_rights_mean_what_they_mean_on_aws(without: str, as_on_aws: bool, tmp_path: Path) -> None:
    emulator = local_aws.start(tmp_path / "ms", auth=True, extra={"WITHOUT": without})
    try:
        assert may_schedule_in(emulator, "bells") is as_on_aws
        assert may_schedule_in(emulator, "others") is False
        assert may_send_a_batch(emulator, "sqs:SendMessage") is as_on_aws
        assert may_send_a_batch(emulator, "sqs:ReceiveMessage") is False
    finally:
        local_aws.stop(emulator)
