"""docs/history.md and docs/inspector.md: what they name is what there is, and their examples run."""

import json
import re
from pathlib import Path

import pytest
from pitboss.inspector import diagnosis
from pitboss.inspector.schemas import LabBody
from pitboss.reports import books
from pitboss.reports.comparing import ACTIONS, compare, read_file
from pitboss.reports.lines import figures_view
from pitboss.reports.model import NOTHING, Row
from pitboss.reports.statistics import GROUPS

pytestmark = pytest.mark.unit
DOCS = Path(__file__).parents[3] / "docs"
HISTORY, INSPECTOR = ((DOCS / name).read_text("utf-8") for name in ("history.md", "inspector.md"))


def test_every_figure_and_group_is_described() -> None:
    for name in (*figures_view(NOTHING, "EUR", 2), *GROUPS):
        assert name == "currency" or f"`{name}`" in HISTORY


def test_the_files_of_the_page_compare_as_it_says() -> None:
    blocks = dict(re.findall(r"```(jsonl|csv)\n(.*?)```", HISTORY, re.S))
    ours = [
        Row(
            "h1",
            0,
            "bet",
            "DONE",
            "demo",
            "t-1",
            "",
            "p",
            "b",
            "player-1",
            "r-1",
            "g",
            "bet",
            1000,
            "EUR",
            2,
            "",
            "",
            0,
            0,
            1,
            "",
            0,
            0,
            1,
        ),
        Row(
            "h2",
            0,
            "win",
            "DONE",
            "demo",
            "t-2",
            "",
            "p",
            "b",
            "player-1",
            "r-1",
            "g",
            "win",
            2500,
            "EUR",
            2,
            "",
            "",
            0,
            0,
            2,
            "",
            0,
            0,
            2,
        ),
    ]
    assert set(blocks) == {"jsonl", "csv"}
    for text in blocks.values():
        result = compare(ours, read_file(text.encode()))
        assert (result.matched, result.differences, result.bad) == (2, [], [])
    for name in ("debit", "credit", "refund", "cancel"):
        assert name in ACTIONS
        assert f"`{name}`" in HISTORY


def test_every_kind_of_finding_and_cause_is_described() -> None:
    source = Path(books.__file__).read_text("utf-8")
    kinds = set(re.findall(r'fault\(\s*"(\w+)"', source))
    assert len(kinds) == 5
    assert all(f"`{kind}`" in HISTORY for kind in kinds)
    source = Path(diagnosis.__file__).read_text("utf-8")
    causes = set(re.findall(r'"cause": "(\w+)"', source)) | set(
        re.findall(r'(?:return|if|else) "(\w+_\w+)"', source)
    )
    assert {"valid", "body_reencoded", "wrong_key", "wrong_message", "wrong_encoding"} < causes
    assert all(f"`{cause}`" in INSPECTOR for cause in causes)


def test_the_labs_example_is_a_message() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", INSPECTOR, re.S)
    assert LabBody.model_validate(json.loads(example)).provider == "demo"
