"""The template and the code say the same: routes, environment, packages."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from pitboss.platform.http import Api

from devtools.console import ROOT
from tests.functions import load
from tests.template_view import functions, resources, written

pytestmark = pytest.mark.template

PACKAGE = ROOT / "layers/pitboss"
# Read by the AWS SDK, Powertools or Lambda itself, not by our code.
READ_BY_LIBRARIES = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE"}


def routes_in_template(name: str) -> dict[tuple[str, str], bool]:
    """(method, path) -> whether the authorizer is switched off for it."""
    found = {}
    for event in functions()[name]["Properties"].get("Events", {}).values():
        if event["Type"] == "Api":
            p = event["Properties"]
            found[p["Method"], p["Path"]] = p.get("Auth", {}).get("Authorizer") == "NONE"
    return found


WITH_ROUTES = sorted(name for name in functions() if routes_in_template(name))


@pytest.mark.parametrize("name", WITH_ROUTES)
def test_routes_of_the_template_are_those_of_the_code(name: str) -> None:
    api = load(name).api
    assert isinstance(api, Api)
    in_code = {(r.method, r.path): r.public for r in api.routes}
    assert routes_in_template(name) == in_code


def test_no_route_is_served_by_two_functions() -> None:
    every = [route for name in WITH_ROUTES for route in routes_in_template(name)]
    assert len(set(every)) == len(every) > 50


@pytest.mark.parametrize("name", sorted(functions()))
def test_the_handler_that_the_template_names_is_there(name: str) -> None:
    module, _, attribute = written()["Globals"]["Function"]["Handler"].partition(".")
    assert module == "app"
    assert callable(getattr(load(name), attribute))


@cache
def settings_by_accessor() -> dict[str, str]:
    """Functions of platform/settings.py and the variable each of them reads."""
    found = {}
    for node in ast.parse((PACKAGE / "pitboss/platform/settings.py").read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names = re.findall(r"['\"]([A-Z][A-Z0-9_]+)['\"]", ast.unparse(node))
            if names:
                found[node.name] = names[0]
    return found


@cache
def read_by(path: Path) -> frozenset[str]:
    """Environment variables that one module reads."""
    source = path.read_text("utf-8")
    direct = set(re.findall(r"(?:setting|optional|environ\.get|getenv)\(\s*\"([A-Z][A-Z0-9_]+)\"", source))
    direct |= set(re.findall(r"environ\[\"([A-Z][A-Z0-9_]+)\"\]", source))
    if path.name == "settings.py":
        return frozenset()
    by_accessor = {v for k, v in settings_by_accessor().items() if re.search(rf"\b{k}\b", source)}
    return frozenset(direct | by_accessor)


@cache
def imports_of(path: Path) -> frozenset[Path]:
    """Modules of ours that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            candidate = PACKAGE / (name.replace(".", "/") + ".py")
            if name.startswith("pitboss.") and candidate.exists():
                found.add(candidate)
    return frozenset(found)


def reachable(start: Path) -> set[Path]:
    seen, left = {start}, [start]
    while left:
        for path in imports_of(left.pop()) - seen:
            seen.add(path)
            left.append(path)
    return seen


@pytest.mark.parametrize("name", sorted(functions()))
def test_no_function_is_given_a_variable_that_its_code_cannot_read(name: str) -> None:
    declared = set(functions()[name]["Properties"].get("Environment", {}).get("Variables", {}))
    used = set().union(*(read_by(p) for p in reachable(ROOT / "functions" / name / "app.py")))
    assert declared - READ_BY_LIBRARIES <= used


def test_every_variable_that_the_code_reads_is_declared_somewhere() -> None:
    everywhere = set(written()["Globals"]["Function"]["Environment"]["Variables"])
    for function in functions().values():
        everywhere |= set(function["Properties"].get("Environment", {}).get("Variables", {}))
    command_line = (
        PACKAGE / "pitboss" / "certify" / "cli.py"
    )  # runs on anybody's machine, with their environment
    used = set().union(*(read_by(p) for p in (PACKAGE / "pitboss").rglob("*.py") if p != command_line))
    assert used <= everywhere


def pins(path: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9_.-]+)==([^\s;\\]+)", (ROOT / path).read_text("utf-8"), re.M))


def test_what_is_tested_are_the_versions_that_are_shipped() -> None:
    developed = pins("requirements/dev.txt")
    for layer in ("deps", "ranker"):
        shipped = pins(f"layers/{layer}/requirements.txt")
        assert shipped
        assert {name: developed.get(name) for name in shipped} == shipped


def test_only_the_ranker_carries_numpy() -> None:
    with_numpy = [
        name
        for name, function in resources("AWS::Serverless::Function", written()).items()
        if {"Ref": "RankerLayer"} in function["Properties"].get("Layers", [])
    ]
    assert with_numpy == ["Ranker"]
    assert "numpy" not in pins("layers/deps/requirements.txt")
