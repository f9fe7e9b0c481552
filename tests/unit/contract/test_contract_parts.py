"""The generator's parts, on models of their own."""

from typing import Any

import jsonschema
import pytest
from pitboss.contract.components import schemas
from pitboss.contract.errors import errors_page
from pitboss.contract.shared import problem_example, problem_schema
from pitboss.kernel.refusal import Refusal, catalogue
from pitboss.platform.models import Model
from pitboss.platform.wire import problem
from pydantic import ConfigDict

pytestmark = pytest.mark.unit


class Inner(Model):
    title: str = ""
    some_count: int


class Sent(Model):
    model_config = ConfigDict(json_schema_extra={"examples": [{"inner": {"title": "t", "someCount": 1}}]})

    inner: Inner


class Told(Model):
    inner: Inner | None
    more: str | None = None


def test_bodies_are_closed_and_answers_are_open() -> None:
    made, bodies, answers = schemas([f"{__name__}:Sent"], [f"{__name__}:Told"])
    names = {ref.rpartition("/")[2] for ref in (*bodies.values(), *answers.values())}
    assert names == {"Sent", "Told"}
    assert set(made) == {"Sent", "Told", "Inner", "InnerAnswer"}

    def check(root: str, document: Any) -> bool:
        whole = {"$ref": f"#/components/schemas/{root}", "components": {"schemas": made}}
        return jsonschema.Draft202012Validator(whole).is_valid(document)

    assert check("Sent", {"inner": {"someCount": 1}})
    assert not check("Sent", {"inner": {"someCount": 1, "x": 1}})
    assert not check("Sent", {"inner": {"someCount": 1}, "x": 1})
    assert check("Told", {"inner": {"someCount": 1, "x": 1}, "y": 2})
    assert check("Told", {"inner": None})
    assert not check("Told", {})
    assert not check("Told", {"inner": {"someCount": "1"}})


def test_a_member_called_title_and_values_of_examples_stay() -> None:
    made, _, _ = schemas([f"{__name__}:Sent"], [])
    assert "title" in made["Inner"]["properties"]
    assert made["Sent"]["examples"] == [{"inner": {"title": "t", "someCount": 1}}]
    assert "title" not in made["Inner"]


def test_every_refusal_is_the_problem_that_the_document_describes() -> None:
    for entry in catalogue().values():
        jsonschema.validate(problem_example(entry), problem_schema())
        real = problem(Refusal(entry.name, "why"), "req-1").body
        jsonschema.validate(real, problem_schema())
        assert set(problem_example(entry)) == set(real)


def test_codes_are_numbers_of_their_own() -> None:
    codes = [entry.code for entry in catalogue().values()]
    assert len(set(codes)) == len(codes)


def test_the_page_of_errors_has_every_one() -> None:
    page = errors_page()
    for entry in catalogue().values():
        assert f'<a id="error-{entry.code}"></a>{entry.code} | {entry.name} | {entry.status} |' in page
