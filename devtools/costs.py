"""What a run cost, read from the local stack's own logs: DynamoDB units (each function's EMF lines) and Lambda time.

Write units are DynamoDB's by its published rules as the emulator counts them; its read units are wrong beyond one
unit per call, so reads are shown as calls' reported units and no promise is hung on them (bench/capacity.json
computes both from item sizes).
"""

import json
import re
import time
from collections import defaultdict
from typing import Any

from rich.table import Table

_REPORT = re.compile(r"Duration: ([\d.]+) ms")


def _logs(stack: dict[str, Any]) -> Any:
    import boto3

    return boto3.client(
        "logs",
        endpoint_url=stack["endpoint"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def mark(_stack: dict[str, Any]) -> int:
    """The moment from which costs are counted, in ms."""
    return time.time_ns() // 1_000_000


def collect(stack: dict[str, Any], since_ms: int) -> dict[str, dict[str, float]]:
    """Per function: invocations, ms, wru, rru since a moment."""
    logs = _logs(stack)
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for group in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/lambda/"):
        for row in group["logGroups"]:
            name = row["logGroupName"].rsplit("/", 1)[-1]
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=row["logGroupName"], startTime=since_ms
            )
            for page in pages:
                for event in page["events"]:
                    _add(sums[name], event["message"])
    return {name: dict(row) for name, row in sums.items() if row}


def _add(row: dict[str, float], message: str) -> None:
    for line in message.splitlines():
        text = line.strip()
        if text.startswith("REPORT"):
            found = _REPORT.search(text)
            row["invocations"] += 1
            row["ms"] += float(found.group(1)) if found else 0.0
        elif text.startswith("{") and '"_aws"' in text:
            try:
                emf = json.loads(text)
            except ValueError:
                continue
            for unit in ("wru", "rru"):
                value = emf.get(unit, 0)
                row[unit] += sum(value) if isinstance(value, list) else value


def cost_table(stack: dict[str, Any], since_ms: int, distinct_rounds: int) -> Table:
    """A table per function, and what it makes per round."""
    table = Table(title="what it cost")
    for column in ("function", "calls", "Lambda ms", "write units", "read units", "WRU/round"):
        table.add_column(column, justify="left" if column == "function" else "right")
    total: dict[str, float] = defaultdict(float)
    per_round = 0.0
    for name, row in sorted(collect(stack, since_ms).items()):
        for unit, value in row.items():
            total[unit] += value
        wru = row.get("wru", 0.0)
        on_path = any(part in name.lower() for part in ("rounds", "scorer", "ranker"))
        per_round += wru / distinct_rounds if on_path else 0.0
        table.add_row(
            name,
            f"{row.get('invocations', 0):,.0f}",
            f"{row.get('ms', 0):,.0f}",
            f"{wru:,.0f}",
            f"{row.get('rru', 0):,.1f}",
            f"{wru / distinct_rounds:.3f}" if on_path else "",
        )
    table.add_section()
    table.add_row(
        "all",
        f"{total['invocations']:,.0f}",
        f"{total['ms']:,.0f}",
        f"{total['wru']:,.0f}",
        f"{total['rru']:,.1f}",
        f"{per_round:.3f} on the rounds' path",
    )
    return table
