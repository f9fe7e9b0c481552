"""Worlds of money out: one with the demo casino behind its callbacks."""

from collections.abc import Iterator

import pytest

from tests.money_world import World, demo_casino, forget_secrets, http_server, make_world


@pytest.fixture
def world(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A tenant whose callbacks are the demo casino's."""
    monkeypatch.setenv("DEMO_TOKEN", "look")
    forget_secrets()
    with http_server(demo_casino) as url:
        yield make_world(url)
    forget_secrets()
