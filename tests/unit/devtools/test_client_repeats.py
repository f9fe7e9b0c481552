"""The client of devtools, as an integrator would write one: what it repeats, and what it takes for an answer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from devtools.client import ATTEMPTS, ApiRefusal, Hub
from tests.money_world import http_server

pytestmark = pytest.mark.unit

RUNNING = (409, {"name": "OPERATION_IN_PROGRESS", "retryable": True})
DIED = (502, {"message": "Internal server error"})
DONE = (200, {"status": "active"})


@contextmanager
def answering(*answers: tuple[int, Any]) -> Iterator[tuple[Hub, list[str]]]:
    """A client of a server that gives these answers in turn, and the Idempotency-Keys that the server has seen."""
    seen: list[str] = []

    def script(_path: str, headers: dict[str, str], _body: bytes) -> tuple[int, str, bytes]:
        status, document = answers[len(seen)]
        seen.append(headers["idempotency-key"])
        return status, "application/json", json.dumps(document).encode()

    with http_server(script) as url:
        hub = Hub(url, "token")
        yield hub, seen
        hub.close()


def test_a_gateway_whose_function_died_is_asked_again_under_the_same_key() -> None:
    with answering(DIED, DONE) as (hub, seen):
        assert hub("POST", "/players", {}) == {"status": "active"}
    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_what_still_runs_is_waited_for_beyond_the_usual_attempts() -> None:
    """After a death the key is held until its lease has run out, which takes longer than any other trouble."""
    with answering(DIED, *[RUNNING] * (ATTEMPTS + 2), DONE) as (hub, seen):
        assert hub("POST", "/players", {}) == {"status": "active"}
    assert len(set(seen)) == 1


@pytest.mark.parametrize("answer", [(404, {"message": "no"}), (402, {"name": "BUY_IN_DECLINED"})])
def test_a_no_is_an_answer(answer: tuple[int, dict[str, str]]) -> None:
    with answering(answer) as (hub, seen), pytest.raises(ApiRefusal) as refused:
        hub("POST", "/players", {})
    assert (refused.value.status, len(seen)) == (answer[0], 1)
