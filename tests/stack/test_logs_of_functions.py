"""`make logs` shows what a function says, a refused call's words and a defect's alike, and then only what is new."""

import time
from pathlib import Path

import pytest

from devtools import local_aws
from devtools.deploy import client
from devtools.logs import fresh

pytestmark = pytest.mark.stack


def test_lines_of_functions_come_once_and_in_order(tmp_path: Path) -> None:
    emulator = local_aws.start(tmp_path / "ms")
    try:
        logs = client("logs", emulator.endpoint)
        now = int(time.time() * 1000)

        def say(function: str, at: int, *texts: str) -> None:
            place = {"logGroupName": f"/aws/lambda/{function}", "logStreamName": str(at)}
            if at == now - 2000:
                logs.create_log_group(logGroupName=place["logGroupName"])
            logs.create_log_stream(**place)
            logs.put_log_events(**place, logEvents=[{"timestamp": at, "message": t} for t in texts])

        say("hub-a", now - 2000, "START RequestId: 1", "first", "END RequestId: 1")
        say("hub-b", now - 2000, "beside it")
        say("hub-a", now - 1000, '{"level":"ERROR","message":"unexpected failure"}')
        told = fresh(logs, now)
        assert [line[1:] for line in next(told)] == [
            ("hub-a", "first"),
            ("hub-b", "beside it"),
            ("hub-a", '{"level":"ERROR","message":"unexpected failure"}'),
        ]
        assert next(told) == []
        say("hub-b", now - 1500, "later")
        assert [line[2] for line in next(told)] == ["later"]
        assert next(told) == []
    finally:
        local_aws.stop(emulator)
