"""A hub whose boards can be read too."""

import pytest

from tests.tournament_world import HOUR, Hub


@pytest.fixture
def hub(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Hub:
    """An operator with brands, games and every route that rounds and boards have."""
    from pitboss.rounds.boards_api import api as boards

    made = Hub(monkeypatch, "")
    made.apis |= {(route.method, route.path): boards for route in boards.routes}
    return made


@pytest.fixture
def running(hub: Hub) -> str:
    """A tournament under way with three players of one brand and one of the other."""
    tid = hub.create()
    for player in ("ann", "bob", "cid"):
        assert hub.register(tid, player).status < 300
    assert hub.register(tid, "ann", brand="borealis").status < 300
    hub.to(hub.now + HOUR)
    return tid
