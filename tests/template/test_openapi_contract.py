"""The OpenAPI document: made from the code, the same as what is committed, valid, complete, and true about examples."""

import json
import re
from functools import cache
from typing import Any

import jsonschema
import pytest
from pitboss.contract import openapi
from pitboss.contract.registry import MODULES, apis
from pitboss.kernel.refusal import catalogue
from pitboss.platform.http import Api

from devtools.console import ROOT

pytestmark = pytest.mark.template

PACKAGE = ROOT / "layers/pitboss"


@cache
def document() -> dict[str, Any]:
    return openapi.document()


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(m.upper(), path, o) for path, item in document()["paths"].items() for m, o in item.items()]


def test_what_is_committed_is_what_the_code_says() -> None:
    stale = [
        str(path.relative_to(ROOT))
        for path, text in openapi.files(ROOT).items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    assert not stale, "run `PYTHONPATH=layers/pitboss python -m pitboss.contract.openapi`"


def test_it_is_valid_openapi_3_1() -> None:
    from schemathesis.specs.openapi import definitions

    jsonschema.Draft202012Validator(definitions.OPENAPI_31).validate(document())


def test_every_schema_in_it_is_a_json_schema() -> None:
    checked = 0

    def walk(node: Any) -> None:
        nonlocal checked
        if isinstance(node, dict):
            if isinstance(node.get("schema"), dict):
                jsonschema.Draft202012Validator.check_schema(node["schema"])
                checked += 1
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document()["paths"])
    for schema in document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert checked > 200


def test_every_reference_leads_somewhere() -> None:
    for target in set(re.findall(r'"\$ref": "(#[^"]+)"', json.dumps(document()))):
        node: Any = document()
        for part in target.removeprefix("#/").split("/"):
            node = node[part]


def test_every_module_with_routes_is_in_the_registry() -> None:
    found = set()
    for path in (PACKAGE / "pitboss").rglob("*.py"):
        if re.search(r"^api\b.* = Api\(", path.read_text("utf-8"), re.M):
            found.add(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    assert found == set(MODULES)


def test_every_route_is_documented_once() -> None:
    routes = [(r.method, r.path) for _, api in apis() for r in api.routes]
    assert sorted(routes) == sorted((m, p) for m, p, _ in operations())
    assert len(set(routes)) == len(routes)
    names = [o["operationId"] for _, _, o in operations()]
    assert len(set(names)) == len(names)
    assert all(isinstance(api, Api) for _, api in apis())


def test_every_operation_is_called_by_what_it_does() -> None:
    """A generated client's methods stand side by side: `read` or `postWalletBet` says nothing there."""
    for method, path, operation in operations():
        name = operation["operationId"]
        words = re.findall(r"[A-Z]?[a-z0-9]+", name)
        assert "".join(words) == name, name
        assert len(words) >= 2 or name in ("deposit", "withdraw"), (method, path, name)
        assert words[0] not in ("get", "post", "patch"), (method, path, name)


def test_every_path_parameter_is_described() -> None:
    for _, path, operation in operations():
        described = {p["name"] for p in operation["parameters"] if p.get("in") == "path"}
        assert described == set(re.findall(r"\{(\w+)\}", path))
        assert all(p["description"] for p in operation["parameters"] if p.get("in") == "path")


def test_every_answer_to_a_success_says_its_form() -> None:
    """A route that answers JSON without a model would leave its readers guessing."""
    free = {"/openapi.json"}  # a document that describes itself
    bare = [
        f"{r.method} {r.path}"
        for _, api in apis()
        for r in api.routes
        if not r.answer
        and r.status not in (204,)
        and r.media_type == "application/json"
        and r.path not in free
    ]
    assert not bare


def test_examples_of_bodies_are_valid_bodies() -> None:
    from pitboss.platform.http import validate

    by_route = {(r.method, r.path): r for _, api in apis() for r in api.routes}
    checked = 0
    for method, path, operation in operations():
        media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in media.get("examples", {}).values():
            whole = {**media["schema"], "components": document()["components"]}
            jsonschema.Draft202012Validator(whole).validate(example["value"])
            validate(by_route[method, path].body, example["value"])
            checked += 1
    assert checked


def test_a_reader_finds_words_and_an_example_for_everything() -> None:
    assert all(tag["description"].endswith(".") for tag in document()["tags"])
    assert [o["operationId"] for _, _, o in operations() if not o["description"]] == []
    bare = [
        operation["operationId"]
        for _, path, operation in operations()
        if not path.startswith(
            ("/demo-operator", "/v4/", "/wallet/slotcity", "/wallet/mascot")
        )  # other protocols
        for media in [operation.get("requestBody", {}).get("content", {}).get("application/json")]
        if media and not media.get("examples") and "example" not in media
    ]
    assert bare == []


def test_every_example_belongs_to_a_route() -> None:
    known = {f"{method} {path}" for method, path, _ in operations()}
    assert set(json.loads(openapi.EXAMPLES.read_text())) <= known


def test_a_clients_generator_finds_no_name_twice() -> None:
    """A model of the name that a generator gives to another one's enum is dropped, with every answer that has it; two
    models of one name are called by their modules."""
    models = document()["components"]["schemas"]
    assert [name for name in models if "__" in name] == []
    enums = {
        f"{name}{member[0].upper()}{member[1:]}".lower()
        for name, model in models.items()
        for member, schema in model.get("properties", {}).items()
        if "enum" in schema
    }
    assert enums & {name.lower() for name in models} == set()


def test_examples_of_refusals_are_the_catalogue() -> None:
    problems = document()["components"]["responses"]
    seen = set()
    for response in problems.values():
        media = response["content"]["application/problem+json"]
        whole = {**media["schema"], "components": document()["components"]}
        for example in media["examples"].values():
            jsonschema.Draft202012Validator(whole).validate(example["value"])
            seen.add(example["value"]["code"])
    assert {
        catalogue()[n].code for n in ("MALFORMED_JSON", "NOT_FOUND", "RATE_LIMITED", "PAYOUT_STATE")
    } <= seen


def test_callbacks_in_the_docs_are_what_is_sent() -> None:
    """The bodies in docs/callbacks.md have the members of the real ones."""
    from pitboss.delivery import rules
    from pitboss.delivery.model import FreeRounds, Movement, PayoutLine, Terms

    text = (ROOT / "docs/callbacks.md").read_text("utf-8")
    shown = {d["type"]: d for d in map(json.loads, re.findall(r"```json\n(\{\"type\".*?)```", text, re.S))}
    terms = Terms("e", "b", "p", 1000, 100, "EUR", 2)
    debit = Movement("t", "T", "debit", "d", "buy_in", "confirmed", terms, 0)
    line = PayoutLine("r", "e", "b", "p", "free_rounds", 0, "EUR", 2, free_rounds=FreeRounds(1, 1, "g", 1))
    sent = [
        debit,
        rules.refund_of(debit, "r", "why", 0),
        rules.payout_of("t", "T", 1, line, auto=True, now=0),
    ]
    for movement in sent:
        real = rules.message_of(movement)
        assert set(shown[movement.family]) == set(real)
        assert {k: type(v) for k, v in shown[movement.family].items()} == {
            k: type(v) for k, v in real.items()
        }
