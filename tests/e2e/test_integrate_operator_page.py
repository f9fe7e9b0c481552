"""docs/integrate-operator.md, run as it stands against the deployed stack: its Python, and its answers member by member."""

import json
import re
from typing import Any

import pytest

from devtools.client import Hub
from devtools.console import ROOT
from devtools.seed import DemoTenant, configure, make_operator, wallet_secret
from tests.conftest import Stack

pytestmark = pytest.mark.e2e

PAGE = (ROOT / "docs" / "integrate-operator.md").read_text("utf-8")
BLOCKS = re.findall(r"```(python|json)\n(.*?)```", PAGE, re.DOTALL)


def test_the_page(stack: Stack, root: Hub, tenants: tuple[DemoTenant, DemoTenant]) -> None:
    own = make_operator(root, DemoTenant("", "", tenants[0].root_token), "Moonlight Group")
    operator = Hub(stack.api_url, own.token)
    configure(operator, stack.api_url)  # a provider has synced its games before
    wallet_secret(operator)
    space: dict[str, Any] = {"BASE": stack.api_url, "API_TOKEN": own.token}
    answers = 0
    for language, text in BLOCKS:
        if language == "python":
            exec(compile(text, "docs/integrate-operator.md", "exec"), space)  # noqa: S102 - our own page
            continue
        wanted, given = json.loads(text), space.pop("answer")
        for name, value in wanted.items():
            assert name in given, (name, given)
            assert value in ("…", given[name]), (name, given)
        answers += 1
    assert answers >= 12
