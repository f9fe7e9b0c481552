"""`make test`: checks, then every kind of test, each group with its progress and pytest's own closing line.

All groups run even when one fails, so that one run tells everything. The last line adds them up; the exit code is 0 only
when every check and every test passed and no group was empty.
"""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from devtools import check
from devtools.console import ROOT

ENOUGH_PROCESSES = "2"


@dataclass(frozen=True, slots=True)
class Group:
    """One pytest run: `marks` selects, `environment` is added, `parallel` spreads over processes."""

    name: str
    marks: str
    parallel: bool = False
    environment: tuple[tuple[str, str], ...] = ()


GROUPS = (
    Group("without a stack", "unit or property or simulation or moto or template or browser", parallel=True),
    Group("on a private local AWS", "stack or e2e or schema"),
    Group("end to end again, roles enforced", "e2e", environment=(("PITBOSS_AUTH", "true"),)),
    Group("sam build and sam deploy", "sam"),
)


def run(group: Group, report: Path) -> tuple[int, int]:
    """Run a group; answers how many tests passed and failed. An empty or broken group counts as one failure."""
    print(f"\n=== {group.name} ({group.marks})", flush=True)
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
    code = subprocess.run(command, cwd=ROOT, env=env, check=False, stdin=subprocess.DEVNULL).returncode
    passed, failed = count(report)
    if code and not failed:
        print(f"pytest ended with {code}" + (": this group has no tests" if code == 5 else ""))
        failed = 1
    return passed, failed


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
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, group in enumerate(GROUPS):
            good, bad = run(group, Path(folder) / f"{number}.xml")
            passed, failed = passed + good, failed + bad
    if broken:
        print(f"\nchecks failed: {', '.join(broken)}")
    print(f"\n{time.monotonic() - start:.0f} s in all")
    print(f"total: {passed} passed, {failed + len(broken)} failed", flush=True)
    return 1 if failed or broken else 0


if __name__ == "__main__":
    sys.exit(main())
