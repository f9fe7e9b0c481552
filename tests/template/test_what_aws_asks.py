"""What an AWS account asks of the template, and the local AWS does not: permissions that mappings are made with, quotas."""

import json
from collections import Counter

import pytest

from tests.template_view import functions, many, resources, statements, target, text, transformed

pytestmark = pytest.mark.template

# Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB": permissions of the execution role.
READS_A_STREAM = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}
# Quotas as they are before anybody asks for more.
RESOURCES_OF_A_STACK = 500
BYTES_OF_A_TEMPLATE = 1_000_000
RESOURCES_OF_A_REST_API = 300
BYTES_OF_A_FUNCTIONS_POLICY = 20_480
BYTES_OF_ITS_ENVIRONMENT = 4_096
# One statement of that policy, as `get-policy` prints it, with the longest names that a stack may have.
BYTES_OF_A_PERMISSION = 600


def test_who_reads_a_stream_may_do_what_lambda_asks_for() -> None:
    seen = 0
    for function in functions().values():
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] != "DynamoDB":
                continue
            table = target(event["Properties"]["Stream"])
            allowed = {
                action
                for holder, statement in statements()
                if holder == target(function["Properties"]["Role"])
                for action in many(statement["Action"])
                if any(
                    table in (target(r), text(r).partition(".")[0][2:]) for r in many(statement["Resource"])
                )
            }
            assert allowed >= READS_A_STREAM, function["Name"]
            seen += 1
    assert seen == 2


def test_every_route_is_behind_the_one_stage_with_a_throttle() -> None:
    """SAM's deployment makes a stage named Stage beside ours unless the API says which OpenAPI it speaks."""
    stages = resources("AWS::ApiGateway::Stage")
    deployments = resources("AWS::ApiGateway::Deployment")
    assert [s["Properties"]["StageName"] for s in stages.values()] == ["api"]
    assert deployments
    assert not [n for n, d in deployments.items() if "StageName" in d["Properties"]]
    (stage,) = stages.values()
    (everywhere,) = stage["Properties"]["MethodSettings"]
    assert (everywhere["ResourcePath"], everywhere["HttpMethod"]) == ("/*", "*")
    assert everywhere["ThrottlingRateLimit"]
    assert stage["Properties"]["TracingEnabled"] is True


def test_the_stack_stays_within_an_accounts_first_quotas() -> None:
    template = transformed()
    assert len(template["Resources"]) <= RESOURCES_OF_A_STACK
    assert len(json.dumps(template)) <= BYTES_OF_A_TEMPLATE
    (api,) = resources("AWS::ApiGateway::RestApi").values()
    parts = {
        tuple(path.strip("/").split("/")[:n])
        for path in api["Properties"]["Body"]["paths"]
        for n in range(1, path.count("/") + 1)
    }
    assert 100 < len(parts) <= RESOURCES_OF_A_REST_API


def test_what_may_call_a_function_fits_into_its_policy() -> None:
    permissions = Counter(
        target(p["Properties"]["FunctionName"]) for p in resources("AWS::Lambda::Permission").values()
    )
    assert len(permissions) > 15
    fullest, count = permissions.most_common(1)[0]
    assert count * BYTES_OF_A_PERMISSION <= BYTES_OF_A_FUNCTIONS_POLICY, fullest


def test_environments_fit() -> None:
    for name, function in resources("AWS::Lambda::Function").items():
        variables = function["Properties"]["Environment"]["Variables"]
        # Names of tables, queues and ARNs come in place of what is written, 200 characters at the most.
        assert sum(len(k) + 200 for k in variables) <= BYTES_OF_ITS_ENVIRONMENT, name
