"""docs/points.md is what operators work by: its examples are run, in order, and answer what the page says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.moto.points.conftest import Tree
from tests.tenancy_world import Client

pytestmark = pytest.mark.moto
PAGE = (Path(__file__).parents[3] / "docs" / "points.md").read_text("utf-8")
EXAMPLE = re.compile(
    r"```http\n(GET|POST|PUT) (/agents/)\{(\w+)\}(\S*) as (\w+)\n(?:(\{.*\})\n)?(\d+) (\{.*\})\n```"
)


def test_the_examples_answer_what_the_page_says(tree: Tree) -> None:
    people: dict[str, tuple[str, Client]] = {
        "root": (tree.root_id, tree.root),
        "operator": (tree.op_id, tree.op),
        "agent": (tree.agent_id, tree.agent),
    }
    found = EXAMPLE.findall(PAGE)
    assert len(found) == PAGE.count("```http")
    for number, (method, base, whose, rest, who, body, status, expected) in enumerate(found):
        reply = people[who][1](
            method,
            f"{base}{{id}}{rest}",
            json.loads(body) if body else None,
            key=f"example-{number}" if method == "POST" else "",
            id=people[whose][0],
        )
        wanted: dict[str, Any] = json.loads(expected)
        assert (reply.status, {name: reply.body.get(name) for name in wanted}) == (int(status), wanted)
