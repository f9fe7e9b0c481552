"""What an alarm or the dashboard watches is really emitted, by whom it says, and in this stack's own namespace."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from devtools.console import ROOT
from tests.template.test_code_meets_template import PACKAGE, reachable
from tests.template_view import functions, resources, text, written

pytestmark = pytest.mark.template

NAMESPACE = "Pitboss/${AWS::StackName}"
OF_ALL_SERVICES = f'FROM SCHEMA("{NAMESPACE}", service)'


@cache
def emitted(path: Path) -> frozenset[str]:
    """Names that a module counts; the variable part of a name is a `*`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("count", "took")
        ):
            name = node.args[0]
            if isinstance(name, ast.Constant):
                found.add(str(name.value))
            elif isinstance(name, ast.JoinedStr):
                found.add("".join(str(p.value) if isinstance(p, ast.Constant) else "*" for p in name.values))
    return frozenset(found)


def emitters(metric: str) -> set[str]:
    """Functions whose code may count a metric."""
    return {
        name
        for name in functions()
        for path in reachable(ROOT / "functions" / name / "app.py")
        for found in emitted(path)
        if re.fullmatch(re.escape(found).replace(r"\*", r"\w+"), metric)
    }


def own() -> dict[str, tuple[str, str]]:
    """Alarms on what the product counts: alarm -> (metric, service or "" for all)."""
    found = {}
    for name, alarm in resources("AWS::CloudWatch::Alarm").items():
        properties = alarm["Properties"]
        if "Metrics" in properties:
            (only,) = properties["Metrics"]
            matched = re.fullmatch(r"SELECT SUM\((\w+)\) (.+)", text(only["Expression"]))
            assert matched, name
            assert matched[2] == OF_ALL_SERVICES, name
            assert only["ReturnData"] is True, name
            assert only["Period"] % 60 == 0, name
            assert alarm["Condition"] == "IsNotLocal", name
            found[name] = (matched[1], "")
        elif not text(properties["Namespace"]).startswith("AWS/"):
            assert text(properties["Namespace"]) == NAMESPACE, name
            (dimension,) = properties["Dimensions"]
            assert dimension["Name"] == "service", name
            found[name] = (properties["MetricName"], dimension["Value"])
    return found


def test_two_stacks_of_an_account_count_apart() -> None:
    variables = written()["Globals"]["Function"]["Environment"]["Variables"]
    assert text(variables["POWERTOOLS_METRICS_NAMESPACE"]) == NAMESPACE


def test_functions_are_named_as_their_folders_in_what_they_count() -> None:
    for name, function in functions().items():
        assert function["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == name


@pytest.mark.parametrize("alarm", sorted(own()))
def test_an_alarm_hears_every_function_that_may_cry(alarm: str) -> None:
    metric, service = own()[alarm]
    assert emitters(metric), f"nothing counts {metric}"
    if service:
        assert emitters(metric) == {service}


def test_whatever_needs_a_person_has_an_alarm() -> None:
    """A refusal answers its caller; these end in no answer that anybody reads."""
    watched = {metric for metric, _ in own().values()}
    assert {
        "unexpected_failures",
        "money_needs_person",
        "wallet_failed",
        "wallet_rounds_late",
        "callback_unanswered",
        "wallet_callback_unknown",
        "sweep_failed",
        "points_untended",
        "feed_records_failed",
    } <= watched


def dashboard_metrics() -> list[list[Any]]:
    """Every metric row of the dashboard with its abbreviations (`.`) written out."""
    import json

    (dashboard,) = resources("AWS::CloudWatch::Dashboard").values()
    body = json.loads(dashboard["Properties"]["DashboardBody"]["Fn::Sub"])
    rows: list[list[Any]] = []
    for widget in body["widgets"]:
        before: list[Any] = []
        for row in widget["properties"]["metrics"]:
            if isinstance(row[0], dict):
                continue
            before = [before[n] if part == "." else part for n, part in enumerate(row)]
            rows.append(before)
    return rows


def test_the_dashboard_shows_what_is_counted() -> None:
    shown = [row for row in dashboard_metrics() if not str(row[0]).startswith("AWS/")]
    assert len(shown) > 15
    for namespace, metric, dimension, service, *_ in shown:
        assert (namespace, dimension) == (NAMESPACE, "service")
        assert service in emitters(metric), (metric, service)


def test_the_runbook_describes_every_alarm() -> None:
    told = (ROOT / "docs/operate.md").read_text("utf-8")
    named = set(re.findall(r"`(\w+Alarm)`", told))
    every = set(resources("AWS::CloudWatch::Alarm"))
    per_function = {name for name in every if name.endswith(("ErrorsAlarm", "ThrottlesAlarm"))}
    assert every - per_function == named, every - per_function ^ named
    assert "`<Function>ErrorsAlarm`" in told
    assert "`<Function>ThrottlesAlarm`" in told


def test_reachable_modules_are_found_at_all() -> None:
    paths = reachable(ROOT / "functions/wallet_api/app.py")
    assert PACKAGE / "pitboss/wallet/resolve.py" in paths
