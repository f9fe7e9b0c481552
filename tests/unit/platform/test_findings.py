"""A refusal of a body speaks of JSON, and says what would be right."""

import re
from typing import Annotated, Literal

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.platform.findings import _FORMS
from pitboss.platform.http import validate
from pitboss.platform.models import Currency, Model
from pydantic import Field

pytestmark = pytest.mark.unit


class Inner(Model):
    ref: str


class Outer(Model):
    inner: Inner
    inners: list[Inner]
    table: dict[str, int]
    count: Annotated[int, Field(ge=1)]
    flag: bool
    mode: Literal["transfer", "seamless"]
    currency: Currency
    short: Annotated[str, Field(min_length=1, max_length=3)]
    code: Annotated[str, Field(pattern=r"^x+$")]


GOOD = {
    "inner": {"ref": "a"},
    "inners": [],
    "table": {},
    "count": 1,
    "flag": True,
    "mode": "transfer",
    "currency": "EUR",
    "short": "abc",
    "code": "x",
}


def told(document: object) -> dict[str, str]:
    with pytest.raises(Refusal) as caught:
        validate(f"{__name__}:Outer", document)
    return {error.pointer: error.reason for error in caught.value.errors}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("inner", "a", "a JSON object"),
        ("inners", "a", "a JSON array"),
        ("table", [], "a JSON object"),
        ("count", "1", "an integer, not a string"),
        ("count", 0, "greater than or equal to 1"),
        ("flag", "true", "true or false"),
        ("mode", "Seamless", "'transfer' or 'seamless'"),
        ("currency", "eur", "a currency in capitals, such as EUR"),
        ("short", "", "at least 1 character"),
        ("short", "abcd", "at most 3 characters"),
        ("short", 7, "a string"),
        ("code", "y", "not of the form ^x+$"),
        ("other", 1, "unknown field"),
    ],
)
def test_each_fault_is_told_in_words_of_json(field: str, value: object, words: str) -> None:
    assert told({**GOOD, field: value}) == {field: words}


@pytest.mark.parametrize("body", [[], "x", 7, None])
def test_a_body_that_is_no_object(body: object) -> None:
    assert told(body) == {"(body)": "a JSON object"}


def test_a_missing_field_and_one_deep_inside() -> None:
    assert told({**GOOD, "inners": [{"ref": "a"}, "moonlight"]}) == {"inners[1]": "a JSON object"}
    assert told({name: value for name, value in GOOD.items() if name != "mode"}) == {"mode": "required"}


@pytest.mark.parametrize("pattern", _FORMS)
def test_the_example_of_a_form_is_of_that_form(pattern: str) -> None:
    words = _FORMS[pattern]
    for example in re.findall(r"such as (\S+?)(?: or (\S+))?$", words):
        assert all(re.fullmatch(pattern, one) for one in example if one)
