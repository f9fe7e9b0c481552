"""docs/players.md and docs/launch.md: their examples are run in order and answer what the pages say, their tables are whole."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pitboss.catalogue import links
from pitboss.kernel.instants import format_instant
from pitboss.platform.clock import now_ms

from tests.players_world import World

pytestmark = pytest.mark.moto
DOCS = Path(__file__).parents[3] / "docs"
PLAYERS, LAUNCH = ((DOCS / name).read_text("utf-8") for name in ("players.md", "launch.md"))
SOURCES = Path(__file__).parents[3] / "layers/pitboss/pitboss/players"
EXAMPLE = re.compile(r"```http\n(GET|POST|PATCH|DELETE) (\S+)\n(?:(\{.*\})\n)?(\d{3})(?: (\{.*\}))?\n```")
# Path of an example to the route that serves it.
ROUTES = (
    "/players",
    "/players/{id}",
    "/players/{id}/sessions",
    "/players/{id}/sessions/{sessionId}",
    "/players/{id}/deposit",
    "/players/{id}/withdraw",
    "/players/{id}/withdraw-all",
    "/free-rounds",
    "/free-rounds/{id}",
    "/games/{slug}/launch",
    "/launch-lint",
)


def route_of(path: str) -> tuple[str, dict[str, str]]:
    for route in ROUTES:
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route), path)
        if found:
            return route, found.groupdict()
    raise AssertionError(f"no route serves {path}")


def same(wanted: Any, told: Any, names: dict[str, str], at: str) -> None:
    """Whether an answer is as the page says; `<name>` takes the value that stands there."""
    if isinstance(wanted, str) and (name := re.fullmatch(r"<(\w+)>", wanted)):
        assert isinstance(told, str), at
        names[name[1]] = told
        return
    if isinstance(wanted, dict):
        for member, value in wanted.items():
            assert member in told, f"{at}.{member}"
            same(value, told[member], names, f"{at}.{member}")
        return
    assert wanted == told, at


def run(world: World, page: str, names: dict[str, str]) -> int:
    examples = EXAMPLE.findall(page)
    assert len(examples) == page.count("```http")
    for number, (method, target, body, status, expected) in enumerate(examples):
        fill = lambda text: re.sub(r"\{(\w+)\}", lambda hole: names[hole[1]], text)  # noqa: E731
        parts = urlsplit(fill(target))
        route, params = route_of(parts.path)
        reply = world.call(
            method,
            route,
            json.loads(fill(body)) if body else None,
            query=dict(parse_qsl(parts.query)) or None,
            key=f"example-{number}" if method == "POST" else "",
            **params,
        )
        assert reply.status == int(status), f"{method} {target}: {reply.body}"
        if expected:
            same(json.loads(fill(expected)), reply.body, names, f"{method} {target}")
    return len(examples)


def test_the_players_page(world: World) -> None:
    tomorrow = format_instant((now_ms() + 86_400_000) // 1000 * 1000)
    assert run(world, PLAYERS, {"tomorrow": tomorrow}) > 15


def test_the_launch_page(world: World) -> None:
    ann = world.player("ann", country="MT", language="en")["id"]
    assert run(world, LAUNCH, {"ann": ann}) == 4


def test_the_placeholders_are_those_of_the_code() -> None:
    table = LAUNCH.split("<!-- placeholders -->")[1].split("<!-- /placeholders -->")[0]
    assert dict(re.findall(r"\| `\{(\w+)\}` \| (.+) \|", table)) == dict(links.PLACEHOLDERS)


def test_the_codes_are_those_of_the_code() -> None:
    table = LAUNCH.split("<!-- codes -->")[1].split("<!-- /codes -->")[0]
    written = set(re.findall(r"`([A-Z_]{5,})`", table))
    source = "".join(
        path.read_text("utf-8")
        for path in [*SOURCES.glob("lint*.py"), Path(str(links.__file__)), SOURCES / "launching.py"]
    )
    in_code = set(re.findall(r"\"([A-Z]+_[A-Z_]+)\"", source)) - {
        "LAUNCH_INVALID",
        "CURRENCY_NOT_SUPPORTED",
        "USER_NOT_FOUND",
    }
    # Why a player or an agent may not begin is said by the wallet and by points.
    theirs = {
        "PLAYER_BLOCKED",
        "PLAYER_SELF_EXCLUDED",
        "PLAYER_COOLING_OFF",
        "PLAYER_CLOSED",
        "SESSION_TIME_LIMIT",
        "POINT_NOT_ENOUGH",
        "POINTS_FROZEN",
    }
    assert written - theirs == in_code
    assert theirs <= written
