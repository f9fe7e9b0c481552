"""Several calls at a time: in order of the parts, all of them tried, and the first error told."""

from threading import Barrier

import pytest
from pitboss.platform import together

pytestmark = pytest.mark.unit


@pytest.fixture(params=["1", "4"])
def many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("CALLS_AT_ONCE", request.param)
    return int(request.param)


def test_answers_come_in_the_order_of_the_parts(many: int) -> None:
    assert many
    assert together.each(lambda n: n * n, range(50)) == [n * n for n in range(50)]
    assert together.each(str, []) == []


def test_so_many_wait_at_the_same_time(many: int) -> None:
    meeting = Barrier(many, timeout=10)  # broken unless all of them come before one is answered
    assert sorted(together.each(lambda _: meeting.wait(), range(many))) == list(range(many))


def test_what_fails_does_not_keep_the_others_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLS_AT_ONCE", "4")
    done: set[int] = set()

    def call(n: int) -> None:
        if n in (2, 7):
            raise ValueError(n)
        done.add(n)

    with pytest.raises(ValueError, match="2"):
        together.each(call, range(10))
    assert done == set(range(10)) - {2, 7}


def test_one_at_a_time_ends_with_the_first_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLS_AT_ONCE", raising=False)
    done: list[int] = []

    def call(n: int) -> None:
        done.append(n)
        if n == 2:
            raise ValueError(n)

    with pytest.raises(ValueError, match="2"):
        together.each(call, range(10))
    assert done == [0, 1, 2]
