"""docs/wallet.md, played from its first example to its last: each message gets the answer that stands below it."""

import json
import re

import pytest

from devtools.console import ROOT
from tests.provider_world import open_world

pytestmark = pytest.mark.moto
_BLOCKS = re.compile(r"```json (\w[\w-]*)\n(.*?)\n```", re.DOTALL)


def test_the_examples_of_the_page(aws: dict[str, str]) -> None:
    _, provider = open_world()
    found = _BLOCKS.findall((ROOT / "docs" / "wallet.md").read_text("utf-8"))
    assert len(found) >= 14
    for (action, sent), (kind, wanted) in zip(found[::2], found[1::2], strict=True):
        assert kind == "answer", sent
        message = {**json.loads(sent), "sessionToken": provider.token}
        reply = provider.raw(action, json.dumps(message).encode())
        expected = json.loads(wanted)
        expected.pop("hubTransactionId", None)
        assert {name: reply.body.get(name) for name in expected} == expected, sent
        assert reply.status == (200 if "name" not in expected else reply.body["status"])
