"""Two tenants on the deployed stack, made through the product's own doors, and what tests do with them."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devtools import seed
from devtools.client import Hub
from devtools.local_aws import Emulator
from tests.conftest import Stack


def poll[T](question: Callable[[], T], holds: Callable[[T], bool], *, within_s: float = 40.0) -> T:
    """Ask until the answer holds; the last answer is in the failure."""
    end = time.monotonic() + within_s
    while True:
        answer = question()
        if holds(answer):
            return answer
        assert time.monotonic() < end, f"still {answer!r} after {within_s} s"
        time.sleep(0.1)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="session")
def tenants(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> tuple[seed.DemoTenant, seed.DemoTenant]:
    """Two operators under one root, set up alike."""
    emulator = Emulator(0, int(stack.endpoint.rsplit(":", 1)[1]), "", stack.auth, "")
    folder = Path(tmp_path_factory.mktemp("tenants"))
    first = seed.ensure(emulator, stack.outputs, folder / "first.json")
    root = Hub(stack.api_url, first.root_token)
    second = seed.make_operator(
        root, seed.DemoTenant("", "", first.root_token, demo_token=first.demo_token), "Rival Group"
    )
    seed.configure(Hub(stack.api_url, second.token), emulator.api_url)
    return first, second


@pytest.fixture(scope="session")
def hub(stack: Stack, tenants: tuple[seed.DemoTenant, seed.DemoTenant]) -> Hub:
    """The first operator's server."""
    return Hub(stack.api_url, tenants[0].token)


@pytest.fixture(scope="session")
def rival(stack: Stack, tenants: tuple[seed.DemoTenant, seed.DemoTenant]) -> Hub:
    """The second operator's server."""
    return Hub(stack.api_url, tenants[1].token)


@pytest.fixture(scope="session")
def root(stack: Stack, tenants: tuple[seed.DemoTenant, seed.DemoTenant]) -> Hub:
    """The platform's own key."""
    return Hub(stack.api_url, tenants[0].root_token)


@pytest.fixture
def tournament(hub: Hub) -> Callable[..., dict[str, Any]]:
    """Make a tournament that runs now unless told otherwise; cancelled or voided ones are the test's own affair."""
    from pitboss.kernel.instants import format_instant

    def make(*, starts_in_ms: int = 1500, runs_ms: int = 20_000, **more: Any) -> dict[str, Any]:
        start = now_ms() + starts_in_ms
        body = {
            "name": "Test",
            "startTime": format_instant(start),
            "endTime": format_instant(start + runs_ms),
            "graceSeconds": 2,
            "gameSlug": "crash-classic",
            "maxPlayers": 50,
            "entryFee": 0,
            "brands": ["aurora"],
            **more,
        }
        made: dict[str, Any] = hub("POST", "/tournaments", {k: v for k, v in body.items() if v is not None})
        return made

    return make
