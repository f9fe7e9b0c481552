"""The players' world, fresh for each test."""

import pytest

from tests.players_world import World, build


@pytest.fixture
def world(aws: dict[str, str]) -> World:
    return build()
