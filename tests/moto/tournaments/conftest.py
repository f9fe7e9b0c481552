"""Hubs for tournament tests."""

from collections.abc import Iterator

import pytest

from tests.tournament_world import Hub, hub_with_casino


@pytest.fixture
def hub(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Hub:
    """An operator without callbacks: it collects buy-ins itself, and its payouts wait."""
    return Hub(monkeypatch, "")


@pytest.fixture
def casino(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """An operator with the demo casino behind its callbacks."""
    with hub_with_casino(monkeypatch) as made:
        yield made
