"""Worlds of money out: one with the demo casino behind its callbacks."""

from collections.abc import Iterator

import pytest
from pitboss.delivery import store

from tests.money_world import World, demo_casino, forget_secrets, http_server, make_world


@pytest.fixture
def world(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A tenant whose callbacks are the demo casino's."""
    monkeypatch.setenv("DEMO_TOKEN", "look")
    monkeypatch.setattr(store, "SHARDS", 2)  # enough to see that there are several; each costs a query a pass
    forget_secrets()
    with http_server(demo_casino) as url:
        yield make_world(url)
    forget_secrets()
