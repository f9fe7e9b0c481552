"""Every operation of our own OpenAPI document, called with generated input: no server error, no undocumented answer.

Only input that the schema allows is generated here, and what the business refuses is a fine answer; hostile input has
tests of its own. Examples are few and the same each time, so that the run is short and repeatable; PITBOSS_EXAMPLES
asks for more.
"""

import json
import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from devtools.console import ROOT
from devtools.seed import DemoTenant
from tests.conftest import Stack

pytestmark = pytest.mark.schema

DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = int(os.environ.get("PITBOSS_EXAMPLES", "6"))
OPERATIONS = [result.ok() for result in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]


def test_the_document_has_operations() -> None:
    assert len(OPERATIONS) > 50


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method.upper()} {o.path}")
def test_an_operation_answers_as_documented(
    operation: Any, stack: Stack, tenants: tuple[DemoTenant, DemoTenant]
) -> None:
    demo = operation.path.startswith("/demo-operator")
    headers = (
        {"X-Demo-Token": tenants[1].demo_token} if demo else {"Authorization": f"Bearer {tenants[1].token}"}
    )

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        case.call_and_validate(base_url=stack.api_url, headers=headers, checks=CHECKS)

    run()
