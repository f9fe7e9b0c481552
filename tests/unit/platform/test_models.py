"""Request models are strict, and their findings are field paths."""

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.platform.http import validate
from pitboss.platform.models import Amount, Id, Instant, Model
from pydantic import Field

pytestmark = pytest.mark.unit


class Line(Model):
    rank_from: int
    amount: Amount


class Sample(Model):
    user_id: Id
    start_time: Instant | None = None
    lines: list[Line] = Field(default_factory=list)


ME = f"{__name__}:Sample"


def refused(document: object) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as caught:
        validate(ME, document)
    return [tuple(e) for e in caught.value.errors]


def test_a_good_document() -> None:
    sample = validate(
        ME,
        {"userId": "p1", "startTime": "2026-01-31T20:00:00+01:00", "lines": [{"rankFrom": 1, "amount": "5"}]},
    )
    assert sample.start_time == 1769886000000
    assert sample.lines[0].amount == "5"


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"userId": "p", "lines": [{"rankFrom": "1", "amount": 1}]}, "lines[0].rankFrom"),
        ({"userId": "p", "lines": [{"rankFrom": True, "amount": 1}]}, "lines[0].rankFrom"),
        ({"userId": "p", "lines": [{"rankFrom": 1, "amount": True}]}, "lines[0].amount"),
        ({"userId": "p", "colour": "red"}, "colour"),
        ({"userId": 5}, "userId"),
        ({"userId": ""}, "userId"),
        ({"userId": "a\nb"}, "userId"),
        ({"userId": "a\x1fb"}, "userId"),
        ({"userId": " a"}, "userId"),
        ({"userId": "x" * 101}, "userId"),
        ({"userId": "p", "startTime": "2026-01-31"}, "startTime"),
        ({"userId": "p", "startTime": "2026-02-31T20:00:00Z"}, "startTime"),
        ({"userId": "p", "startTime": 5}, "startTime"),
        ({"user_id": "p"}, "userId"),
        ([], "(body)"),
        (None, "(body)"),
    ],
)
def test_findings_name_the_field(document: object, field: str) -> None:
    assert field in [pointer for pointer, _ in refused(document)]
