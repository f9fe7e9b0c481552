"""`make test`: checks, then every kind of test, each group with its progress and pytest's own closing line.

All groups run even when one fails, so that one run tells everything. The last line adds them up; the exit code is 0 only
when every check and every test passed and no group was empty.

The groups on a local AWS wait more than they compute (for a tournament's end, for a board), so two lanes of them run at the
same time, each group on an AWS of its own. What the second lane says is shown when the first has ended.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from devtools import check, deploy
from devtools.console import ROOT

ENOUGH_PROCESSES = "2"


@dataclass(frozen=True, slots=True)
class Group:
    """One pytest run: `marks` selects, `environment` is added, `parallel` spreads over processes."""

    name: str
    marks: str
    parallel: bool = False
    environment: tuple[tuple[str, str], ...] = ()


ALONE = (
    Group("without a stack", "unit or property or simulation or moto or template or browser", parallel=True),
)
FIRST_LANE = (Group("on a private local AWS", "stack or e2e or schema"),)
SECOND_LANE = (
    Group("end to end again, roles enforced", "e2e", environment=(("PITBOSS_AUTH", "true"),)),
    Group("sam build and sam deploy", "sam"),
)
GROUPS = (*ALONE, *FIRST_LANE, *SECOND_LANE)


def run(group: Group, report: Path, said: IO[str] | None = None) -> tuple[int, int]:
    """Run a group; answers how many tests passed and failed. An empty or broken group counts as one failure. What it
    says goes to the terminal, or to the file `said`."""
    print(f"\n=== {group.name} ({group.marks})", flush=True, file=said)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        group.marks,
        f"--junitxml={report}",
        "-q",
        "--durations=5",
    ]
    command += ["-n", ENOUGH_PROCESSES, "--dist", "worksteal"] if group.parallel else []
    env = {**os.environ, "PYTHONPATH": "layers/pitboss", **dict(group.environment)}
    code = subprocess.run(
        command, cwd=ROOT, env=env, check=False, stdin=subprocess.DEVNULL, stdout=said, stderr=said
    ).returncode
    passed, failed = count(report)
    if code and not failed:
        print(f"pytest ended with {code}" + (": this group has no tests" if code == 5 else ""), file=said)
        failed = 1
    return passed, failed


def lane(groups: Sequence[Group], folder: Path, said: IO[str] | None = None) -> tuple[int, int]:
    """Groups one after the other; how many tests passed and failed."""
    results = [run(group, folder / f"{GROUPS.index(group)}.xml", said) for group in groups]
    return sum(good for good, _ in results), sum(bad for _, bad in results)


def on_local_aws(folder: Path) -> list[tuple[int, int]]:
    """Both lanes at the same time."""
    deploy.build_layers()  # once, before two of them would do it at the same time
    with (folder / "second-lane.txt").open("w+", encoding="utf-8") as said, ThreadPoolExecutor(1) as beside:
        second = beside.submit(lane, SECOND_LANE, folder, said)
        first = lane(FIRST_LANE, folder)
        results = [first, second.result()]
        said.seek(0)
        print(said.read(), flush=True)
    return results


def count(report: Path) -> tuple[int, int]:
    """Passed and failed tests of a JUnit report."""
    if not report.exists():
        return 0, 0
    passed = failed = 0
    for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314 - written by pytest a moment ago
        bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        failed += bad
        passed += max(0, int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0)))
    return passed, failed


def main() -> int:
    """Everything; 0 when all of it holds."""
    start = time.monotonic()
    print("=== checks", flush=True)
    broken = check.check()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = [lane(ALONE, folder), *on_local_aws(folder)]
    passed, failed = sum(good for good, _ in results), sum(bad for _, bad in results)
    if broken:
        print(f"\nchecks failed: {', '.join(broken)}")
    print(f"\n{time.monotonic() - start:.0f} s in all")
    print(f"total: {passed} passed, {failed + len(broken)} failed", flush=True)
    return 1 if failed or broken else 0


if __name__ == "__main__":
    sys.exit(main())
