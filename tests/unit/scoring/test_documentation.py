"""docs/scoring.md is what operators write their rules by: its examples compile, and it names everything there is."""

import json
import re
from pathlib import Path

import pytest
from pitboss.scoring.public import METRICS, compile_rules, validate_prizes, validate_rules

pytestmark = pytest.mark.unit
PAGE = (Path(__file__).parents[3] / "docs" / "scoring.md").read_text("utf-8")


def test_the_examples_are_valid() -> None:
    rules, prizes = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    assert validate_rules(rules) == []
    assert compile_rules(rules).decimals == 4
    assert validate_prizes(prizes) == []


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_described(name: str) -> None:
    assert f"`{name}`" in PAGE
