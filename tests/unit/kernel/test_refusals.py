"""The catalogue of refusals and how one is raised."""

import json
from pathlib import Path

import pytest
from pitboss.kernel import refusal
from pitboss.kernel.refusal import FieldError, Refusal, catalogue

pytestmark = pytest.mark.unit


def test_the_catalogue_is_consistent() -> None:
    rows = json.loads(Path(refusal.__file__).with_name("catalogue.json").read_text("utf-8"))["errors"]
    assert len({row["name"] for row in rows}) == len(rows)
    assert len({row["code"] for row in rows}) == len(rows)
    for row in rows:
        assert set(row) == {"name", "code", "status", "title", "retryable", "effect"}, row
        assert row["name"] == row["name"].upper()
        assert 400 <= row["status"] <= 599
        assert row["effect"] in ("none", "applied", "unknown")
        assert row["title"][:1].isupper()
        assert not row["title"].endswith(".")
        assert type(row["retryable"]) is bool
    assert len(catalogue()) == len(rows)


@pytest.mark.parametrize(
    ("name", "code", "status", "retryable"),
    # numbers that clients of the founding documents switch on
    [
        ("SERVER_IS_BUSY", 1018, 503, True),
        ("IP_NOT_ALLOWED", 1020, 403, False),
        ("POINT_NOT_ENOUGH", 2005, 402, False),
        ("RATE_LIMITED", 1016, 429, True),
    ],
)
def test_known_numbers_stay(name: str, code: int, status: int, retryable: bool) -> None:
    entry = catalogue()[name]
    assert (entry.code, entry.status, entry.retryable) == (code, status, retryable)


def test_a_refusal_carries_what_its_place_knows() -> None:
    refused = Refusal(
        "RULES_INVALID",
        "Change the metric.",
        errors=[FieldError("scoring.metric", "is required")],
        facts={"limit": 5},
        retry_after_s=3,
    )
    assert str(refused) == refused.detail == "Change the metric."
    assert refused.name == "RULES_INVALID"
    assert refused.entry.status == 400
    assert refused.errors == (FieldError("scoring.metric", "is required"),)
    assert refused.facts == {"limit": 5}
    assert refused.retry_after_s == 3
    assert refused.effect == "none"


@pytest.mark.parametrize("member", sorted(refusal.RESERVED))
def test_a_fact_never_stands_in_the_place_of_a_member_that_every_answer_has(member: str) -> None:
    with pytest.raises(ValueError, match=member):
        Refusal("TOURNAMENT_STATE", "It is over.", facts={member: "cancelled"})


def test_effect_is_the_entrys_unless_the_place_knows_better() -> None:
    assert Refusal("TIMEOUT", "No answer.").effect == "unknown"
    assert Refusal("TIMEOUT", "It was never sent.", effect="none").effect == "none"


def test_an_unknown_name_is_a_fault_of_the_program() -> None:
    with pytest.raises(KeyError):
        Refusal("NO_SUCH_NAME", "x")
