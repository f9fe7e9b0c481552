"""`make logs`: what the functions of the local stack say, the newest last; then what they go on to say, until Ctrl-C."""

import sys
import time
from collections.abc import Iterator
from typing import Any

from devtools import console, local_aws
from devtools.console import Stop
from devtools.deploy import client
from devtools.up import STATE

SHOWN = 100
BEFORE_MS = 15 * 60_000
PAUSE_S = 1.0
LATE_MS = 10_000  # a function's lines are written down when its call is over
# What Lambda writes around each call says nothing that the functions' own lines do not.
_FRAME = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")


def lines(logs: Any, since: int) -> list[tuple[int, str, str]]:
    """`(ms, function, line)` of every function since `since` (ms), by time."""
    found = []
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/lambda/"):
        for group in page["logGroups"]:
            name = group["logGroupName"]
            events = logs.filter_log_events(logGroupName=name, startTime=since)["events"]
            found += [
                (event["timestamp"], name.rpartition("/")[2], event["message"].rstrip())
                for event in events
                if not event["message"].startswith(_FRAME) and event["message"].strip()
            ]
    return sorted(found)


def fresh(logs: Any, now_ms: int) -> Iterator[list[tuple[int, str, str]]]:
    """First the last lines before `now_ms`, then, each time it is asked, those that have come since."""
    shown = lines(logs, now_ms - BEFORE_MS)
    yield shown[-SHOWN:]
    while True:
        since = (shown[-1][0] if shown else now_ms) - LATE_MS
        seen = {line for line in shown if line[0] >= since}
        new = [line for line in lines(logs, since) if line not in seen]
        shown = sorted(seen) + new
        yield new


def main() -> None:
    """Print until it is stopped."""
    emulator = local_aws.recall(STATE)
    if emulator is None or not local_aws.healthy(emulator.port):
        raise Stop("Nothing is running here. First: make up")
    for found in fresh(client("logs", emulator.endpoint), int(time.time() * 1000)):
        for at, function, text in found:
            clock = time.strftime("%H:%M:%S", time.localtime(at / 1000))
            print(f"{clock} {function}  {text}")
        sys.stdout.flush()
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    console.run(main)
