"""The lean DynamoDB path against a server that misbehaves as told: what is tried again, what is told, what is sent."""

import json
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from pitboss.platform import aws, dynamo, lean, meter

pytestmark = pytest.mark.unit

PREFIX = "com.amazonaws.dynamodb.v20120810#"
DROP = object()  # close the connection without an answer
GARBLED = object()  # an answer that does not match its checksum


class Server(ThreadingHTTPServer):
    """Gives the scripted answers in turn and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Any] = []
        self.seen: list[tuple[dict[str, str], dict[str, Any]]] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((dict(self.headers), body))
        told = self.server.script.pop(0)
        if told is DROP:
            self.close_connection = True
            return
        status, answer = (200, {}) if told is GARBLED else told
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("x-amz-crc32", str(zlib.crc32(content) ^ (told is GARBLED)))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{made.server_port}")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.delenv("METER", raising=False)
        aws.forget_clients()
        yield made
        aws.forget_clients()
        made.shutdown()
        thread.join()


def error(kind: str, status: int = 400) -> tuple[int, dict[str, str]]:
    return status, {"__type": PREFIX + kind, "message": "told"}


@pytest.mark.parametrize(
    "first",
    [
        error("ThrottlingException"),
        error("ProvisionedThroughputExceededException"),
        error("InternalServerError", 500),
        (503, {}),
        DROP,
        GARBLED,
    ],
)
def test_what_may_pass_is_tried_again(server: Server, first: Any) -> None:
    server.script = [first, (200, {"ok": 1})]
    assert lean.call("PutItem", {"TableName": "t"}) == {"ok": 1}
    assert len(server.seen) == 2


def test_what_cannot_pass_is_told_at_once(server: Server) -> None:
    server.script = [error("ValidationException")]
    with pytest.raises(ClientError, match=r"ValidationException.*told"):
        lean.call("PutItem", {"TableName": "t"})
    assert len(server.seen) == 1


def test_throttling_that_lasts_is_told_in_the_end(server: Server) -> None:
    server.script = [error("ThrottlingException")] * aws.ATTEMPTS
    with pytest.raises(ClientError, match="ThrottlingException"):
        lean.call("PutItem", {"TableName": "t"})
    assert server.script == []


def test_a_server_that_never_answers_is_not_taken_for_a_yes(server: Server) -> None:
    server.script = [DROP] * aws.ATTEMPTS
    with pytest.raises(HTTPClientError):
        lean.call("PutItem", {"TableName": "t"})
    assert server.script == []


def test_requests_are_signed_for_the_clients_region(server: Server) -> None:
    server.script = [(200, {})]
    lean.call("BatchGetItem", {})
    headers = server.seen[0][0]
    assert headers["X-Amz-Target"] == "DynamoDB_20120810.BatchGetItem"
    signed = headers["Authorization"]
    assert signed.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-central-1/dynamodb/aws4_request" in signed
    assert "host" in signed
    assert "x-amz-target" in signed


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "TransactionConflictException"])
def test_a_refused_condition_is_its_own_outcome(server: Server, code: str) -> None:
    server.script = [error(code)]
    with pytest.raises(dynamo.ConditionFailed):
        dynamo.put("t", {"pk": "a", "sk": "b", "data": b"\x00\xff"}, condition="absent")
    body = server.seen[0][1]
    assert body["Item"]["data"] == {"B": "AP8="}
    assert body["ConditionExpression"] == "attribute_not_exists(pk)"


@pytest.mark.parametrize(
    "op",
    [
        dynamo.put_op("t", {"pk": "a", "sk": "b"}, condition="absent"),
        dynamo.update_op("t", "a", "b", "SET n = :n", values={":n": 1}),
        dynamo.delete_op("t", "a", "b"),
    ],
)
def test_a_single_write_waits_for_a_transaction_on_its_item(server: Server, op: Any) -> None:
    """DynamoDB refuses it meanwhile, and the ordinary client takes that for final."""
    server.script = [error("TransactionConflictException"), error("TransactionConflictException"), (200, {})]
    dynamo.apply(op)
    assert len(server.seen) == 3


def test_a_single_write_that_transactions_keep_out_says_so(server: Server) -> None:
    server.script = [error("TransactionConflictException")] * dynamo.TRANSACTION_ATTEMPTS
    with pytest.raises(dynamo.TooBusy):
        dynamo.apply(dynamo.put_op("t", {"pk": "a", "sk": "b"}, condition="absent"))
    assert server.script == []


def test_what_a_batch_leaves_is_asked_for_again(server: Server) -> None:
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "data": {"B": "AP8="}}
    left = {"t": {"Keys": [{"pk": {"S": "a"}, "sk": {"S": "b"}}], "ConsistentRead": True}}
    server.script = [
        (200, {"Responses": {"t": []}, "UnprocessedKeys": left}),
        (200, {"Responses": {"t": [item]}, "UnprocessedKeys": {}}),
    ]
    found = dynamo.get_many("t", [("a", "b")], lean=True)
    assert found == {("a", "b"): {"pk": "a", "sk": "b", "data": b"\x00\xff"}}
    assert server.seen[1][1]["RequestItems"] == left


def test_what_a_batch_did_not_write_is_sent_again(server: Server) -> None:
    records = [{"pk": "a", "sk": f"{n:02d}"} for n in range(26)]
    last = {"t": [{"PutRequest": {"Item": dynamo.to_item(records[24])}}]}
    server.script = [(200, {"UnprocessedItems": last}), (200, {"UnprocessedItems": {}}), (200, {})]
    dynamo.put_many("t", records)
    sent = [body["RequestItems"]["t"] for _, body in server.seen]
    assert [len(part) for part in sent] == [25, 1, 1]
    assert sent[1] == last["t"]


def test_the_meter_counts_this_path_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METER", "1")
    meter.drain()
    server.script = [
        (200, {"ConsumedCapacity": {"CapacityUnits": 3.0}}),
        (200, {"ConsumedCapacity": [{"CapacityUnits": 2.0}]}),
    ]
    lean.call("PutItem", {})
    lean.call("BatchGetItem", {})
    assert server.seen[0][1]["ReturnConsumedCapacity"] == "TOTAL"
    assert meter.drain() == {"wru": 3.0, "rru": 2.0, "calls": 2.0}


def test_without_the_meter_nothing_is_counted(server: Server) -> None:
    """On AWS the tables' own metrics say it; a count would be a line in the log and a metric to pay for at every call."""
    meter.drain()
    server.script = [(200, {"ConsumedCapacity": {"CapacityUnits": 3.0}})]
    lean.call("PutItem", {})
    assert "ReturnConsumedCapacity" not in server.seen[0][1]
    assert meter.drain() == {"wru": 0.0, "rru": 0.0, "calls": 0.0}
