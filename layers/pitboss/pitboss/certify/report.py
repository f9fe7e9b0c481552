"""A run as JSON, as a table for a terminal and as one HTML page. Pure: text out, nothing looked up."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pitboss.certify.model import Case, Exchange, Failure, Result, Run
from pitboss.kernel.instants import format_instant

SCHEMA = 1
_TOKENS = re.compile(r'("(?:sessionToken|launchToken)":\s*"[^"]{6})[^"]*')


def document(run: Run, cases: Mapping[int, Case]) -> dict[str, Any]:
    """The report as JSON; the other forms are made from it."""
    return {
        "schema": SCHEMA,
        "runId": run.run_id,
        "target": run.target,
        "profile": run.profile,
        "address": run.address,
        "startedAt": format_instant(run.started_at),
        "endedAt": format_instant(run.ended_at),
        "certified": run.certified,
        "passed": run.count("passed"),
        "failed": run.count("failed"),
        "skipped": run.count("skipped"),
        "cases": [case_document(result, cases[result.number]) for result in run.results],
    }


def case_document(result: Result, case: Case) -> dict[str, Any]:
    """One case of the report."""
    return {
        "number": case.number,
        "group": case.group,
        "title": case.title,
        "rule": case.rule,
        "source": case.source,
        "level": case.level,
        "state": result.state,
        "elapsedMs": result.elapsed_ms,
        "calls": result.calls,
        "note": result.note or None,
        "failure": _failure(result.failure, case) if result.failure else None,
    }


def _failure(failure: Failure, case: Case) -> dict[str, Any]:
    return {
        "step": failure.step,
        "expected": failure.expected,
        "got": failure.got,
        "likelyCauses": list(case.causes),
        "exchange": _exchange(failure.exchange) if failure.exchange else None,
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    told = asdict(exchange)
    return {
        "method": told["method"],
        "url": told["url"],
        # A report is shown around; tokens are not.
        "request": _TOKENS.sub(r"\1...", told["request"]),
        "status": told["status"],
        "answer": _TOKENS.sub(r"\1...", told["answer"][:4000]),
        "elapsedMs": told["elapsed_ms"],
        "note": told["note"] or None,
    }


# ---------------------------------------------------------------- terminal
def line(row: Mapping[str, Any]) -> str:
    """One case on one line, as it is shown while the run goes on."""
    mark = {"passed": "ok  ", "failed": "FAIL", "skipped": "-   "}[row["state"]]
    return f"  {mark} {row['number']:>2}  {row['title']:<58.58} {row['elapsedMs']:>7} ms"


def table(report: Mapping[str, Any], *, all_cases: bool = False) -> str:
    """Groups with their counts, then each failure with everything that helps, then the verdict."""
    groups: dict[str, dict[str, int]] = {}
    for row in report["cases"]:
        counts = groups.setdefault(row["group"], {"passed": 0, "failed": 0, "skipped": 0})
        counts[row["state"]] += 1
    out = [f"  {'group':<14}{'passed':>8}{'failed':>8}{'skipped':>9}"]
    out += [f"  {g:<14}{c['passed']:>8}{c['failed']:>8}{c['skipped']:>9}" for g, c in groups.items()]
    out.append(f"  {'all':<14}{report['passed']:>8}{report['failed']:>8}{report['skipped']:>9}")
    if all_cases:
        out += ["", *(line(row) for row in report["cases"])]
    skipped = [row for row in report["cases"] if row["state"] == "skipped"]
    if skipped:
        out += ["", "  not played:", *(f"    {row['number']:>2}  {row['note']}" for row in skipped)]
    for row in report["cases"]:
        if row["failure"]:
            out += ["", *_failure_lines(row)]
    verdict = "certified" if report["certified"] else "NOT certified"
    total = report["passed"] + report["failed"] + report["skipped"]
    out += ["", f"  {verdict}: {report['passed']} of {total} passed, profile {report['profile']}"]
    return "\n".join(out)


def _failure_lines(row: Mapping[str, Any]) -> list[str]:
    failure = row["failure"]
    lines = [
        f"  FAIL {row['number']}  {row['title']}",
        f"    rule      {row['rule']}  ({row['source']})",
        f"    step      {failure['step']}",
        f"    expected  {failure['expected']}",
        f"    got       {failure['got']}",
    ]
    if exchange := failure["exchange"]:
        lines += [
            f"    request   {exchange['method']} {exchange['url']}",
            f"              {exchange['request'][:600]}",
            f"    reply     HTTP {exchange['status']} after {exchange['elapsedMs']} ms",
            f"              {(exchange['answer'] or exchange['note'] or '')[:600]}",
        ]
    lines += [f"    likely    {cause}" for cause in failure["likelyCauses"]]
    return lines
