"""Rules of the house that no linter holds: sizes, empty packages, every kind of test, nothing of one machine."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from devtools.console import ROOT

pytestmark = pytest.mark.template

LINES, FUNCTION_LINES = 400, 50


def tracked(*patterns: str) -> list[Path]:
    """Files that are, or are about to be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def ours() -> list[Path]:
    return [
        p for p in tracked("*.py") if p.parts[len(ROOT.parts)] in ("layers", "functions", "devtools", "bench")
    ]


def test_no_file_and_no_function_is_too_long_to_be_read() -> None:
    too_long = []
    for path in ours():
        source = path.read_text("utf-8")
        if source.count("\n") > LINES:
            too_long.append(f"{path.relative_to(ROOT)}: {source.count(chr(10))} lines")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > FUNCTION_LINES:
                    too_long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines")
    assert not too_long


def test_packages_are_empty_so_that_imports_name_what_they_need() -> None:
    packages = tracked("layers/**/__init__.py")
    assert packages
    assert not [p for p in packages if p.stat().st_size]


def test_public_functions_say_what_they_do() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in tracked("layers/*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not silent


def test_every_kind_of_test_exists() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    kinds = {row.partition(":")[0] for row in config["tool"]["pytest"]["ini_options"]["markers"]}
    used: set[str] = set()
    unmarked = []
    for path in tracked("tests/**/test_*.py"):
        found = re.findall(r"^pytestmark = .*$", path.read_text("utf-8"), re.M)
        marks = set(re.findall(r"pytest\.mark\.(\w+)", " ".join(found))) & kinds
        used |= marks
        if not marks:
            unmarked.append(str(path.relative_to(ROOT)))
    assert not unmarked
    assert kinds <= used


def test_no_two_test_files_share_a_name() -> None:
    names = [p.name for p in tracked("tests/**/test_*.py")]
    assert len(set(names)) == len(names)


def test_nothing_waits_by_sleeping_in_place_of_asking() -> None:
    """A sleep may pace a loop that asks again until a deadline; a sleep outside a loop waits for luck."""
    asleep = []
    for path in [p for p in tracked("tests/**/*.py") if "probe" not in p.parts]:
        tree = ast.parse(path.read_text("utf-8"))
        paced = {
            id(n) for loop in ast.walk(tree) if isinstance(loop, ast.While | ast.For) for n in ast.walk(loop)
        }
        asleep.extend(
            f"{path.relative_to(ROOT)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith("sleep")
            and id(node) not in paced
        )
    assert not asleep


def test_nothing_names_a_machine() -> None:
    home = re.compile(r"(?<![\w.])/(?:home|Users|work)/\w")
    named = []
    for path in tracked():
        if (
            path.suffix in (".py", ".md", ".toml", ".yaml", ".yml", ".json", ".txt", ".sh", ".in")
            or path.name == "Makefile"
        ):
            lines = enumerate(path.read_text("utf-8").split("\n"), 1)
            named.extend(f"{path.relative_to(ROOT)}:{number}" for number, line in lines if home.search(line))
    assert not named
