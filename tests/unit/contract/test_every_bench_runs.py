"""`make bench` runs every bench, and the figures that the documents quote are those of a bench that it runs."""

import re
from pathlib import Path

import pytest

from bench.__main__ import BENCHES, ON_A_STACK

pytestmark = pytest.mark.unit
ROOT = Path(__file__).resolve().parents[3]


def test_every_bench_is_run_by_make_bench() -> None:
    runnable = {p.stem for p in (ROOT / "bench").glob("*.py") if "def main(" in p.read_text()} - {"__main__"}
    kept = {name for name in runnable if "keep(" in (ROOT / f"bench/{name}.py").read_text()}
    assert kept == set(BENCHES) | set(ON_A_STACK)


def test_results_that_are_quoted_are_there() -> None:
    told = "\n".join(p.read_text() for p in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
    named = set(re.findall(r"bench/results/(\w+)\.json", told))
    assert len(named) >= 4
    assert named <= {p.stem for p in (ROOT / "bench/results").glob("*.json")}
