"""`make check`: style, types, imports, template, known vulnerabilities. No tests."""

import os
import subprocess
import sys
from collections.abc import Sequence

from devtools import console
from devtools.build import SAM, environment
from devtools.console import ROOT, Stop, step

BIN = ROOT / ".venv/bin"
CODE = ("layers/pitboss", "functions", "devtools", "tests", "bench")
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ruff: lint", (f"{BIN}/ruff", "check", "--quiet", *CODE)),
    ("ruff: format", (f"{BIN}/ruff", "format", "--check", "--quiet", *CODE)),
    ("mypy --strict", (f"{BIN}/mypy",)),
    ("import-linter: arrows between contexts", (f"{BIN}/lint-imports",)),
    ("cfn-lint", (f"{BIN}/cfn-lint", "template.yaml")),
    (
        "sam validate --lint",
        (f"{SAM}", "validate", "--lint", "--template", "template.yaml", "--region", "us-east-1"),
    ),
)
AUDITED = ("layers/deps/requirements.txt", "layers/ranker/requirements.txt")


def command(arguments: Sequence[str], timeout_s: float = 600) -> tuple[int, str]:
    """Exit code and what was said."""
    env = {**environment(), "PYTHONPATH": "layers/pitboss", "NO_COLOR": "1"}
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def audit() -> str:
    """pip-audit of what is shipped: "" when clean, else what it found. Without the network it says so and passes."""
    for requirements in AUDITED:
        try:
            code, said = command(
                [
                    f"{BIN}/pip-audit",
                    "--require-hashes",
                    "--disable-pip",
                    "--progress-spinner",
                    "off",
                    "-r",
                    requirements,
                ],
                120,
            )
        except subprocess.TimeoutExpired:
            code, said = 1, "no answer in 120 s"
        if code and "known vulnerabilit" in said:
            return said
        if code:
            print(f" skipped, the advisory service is not reachable ({said.splitlines()[-1][:120]})", end="")
            return ""
    return ""


def check() -> list[str]:
    """Run everything and answer the names of what failed; the output of a failure is printed."""
    failed = []
    for name, arguments in CHECKS:
        with step(name) as notes:
            code, said = command(arguments)
            if code:
                failed.append(name)
                notes.append("FAILED")
        if code:
            print(said[-6000:])
    with step("pip-audit") as notes:
        found = audit()
        if found:
            failed.append("pip-audit")
            notes.append("FAILED")
    if found:
        print(found)
    return failed


def main() -> None:
    """Exit 1 naming what failed."""
    os.environ.setdefault("CI", "")
    print("Checks")
    failed = check()
    if failed:
        raise Stop("Failed: " + ", ".join(failed))


if __name__ == "__main__":
    console.run(main)
    sys.exit(0)
