"""Rules that template.yaml must hold: least privilege, nothing lost, nothing unwatched."""

import ast
import json
import re
import tomllib

import pytest
from pitboss.kernel.refusal import catalogue

from devtools import redrive
from devtools.console import ROOT
from tests.template_view import functions, many, resources, statements, target, text, transformed, written

pytestmark = pytest.mark.template

# Actions for which AWS knows no resource, so that "*" is the only one there is.
NO_RESOURCE_LEVEL = {
    "xray:PutTraceSegments": "X-Ray: all resources (service authorization reference)",
    "xray:PutTelemetryRecords": "X-Ray: all resources (service authorization reference)",
}
# The only resources that end in a wildcard: objects, schedules and streams are named at run time, inside a container of
# ours.
CONTAINERS = {
    "${ArenaTable.Arn}/stream/*",
    "${LedgerTable.Arn}/stream/*",
    "${SnapshotBucket.Arn}/boards/*",
    "${SnapshotBucket.Arn}/reports/*",
    "${SnapshotBucket.Arn}/results/*",
    "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/${ScheduleGroup}/*",
}


def test_no_action_and_no_resource_is_a_wildcard_without_a_reason() -> None:
    seen = 0
    for holder, statement in statements():
        actions = many(statement["Action"])
        assert not [a for a in actions if "*" in a], holder
        for resource in map(text, many(statement["Resource"])):
            seen += 1
            if resource == "*":
                assert set(actions) <= set(NO_RESOURCE_LEVEL), holder
            else:
                assert "*" not in resource or resource in CONTAINERS, (holder, resource)
    assert seen > 50


def test_no_policy_of_aws_with_its_wildcards_is_attached() -> None:
    for name, role in resources("AWS::IAM::Role").items():
        for policy in role["Properties"].get("ManagedPolicyArns", []):
            assert target(policy) in ("TracingPolicy", "KeysPolicy"), name


def test_nobody_but_tenancy_can_make_a_key_or_a_node() -> None:
    """Many functions write to the hub's table (rate windows, slots, answers to repeat); a defect in one of them must not
    make its caller master of a tenant."""
    writes = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
    writers = {
        holder
        for holder, statement in statements()
        if writes & set(many(statement["Action"])) and "HubTable" in map(target, many(statement["Resource"]))
    } - {"KeysPolicy"}
    kept_out = {
        name
        for name, role in resources("AWS::IAM::Role").items()
        if "KeysPolicy" in map(target, role["Properties"].get("ManagedPolicyArns", []))
    }
    assert writers - kept_out == {"TenancyApiRole", "AuthorizerRole"}
    assert len(kept_out) > 10
    ((_, deny),) = [row for row in statements() if row[0] == "KeysPolicy"]
    assert (deny["Effect"], set(deny["Action"])) == ("Deny", writes)
    assert deny["Condition"] == {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["KEY#*", "NODE#*"]}}
    (allow,) = [s for h, s in statements() if h == "AuthorizerRole" and s["Sid"] == "Hub"]
    assert allow["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["KEY#*"]}}


def test_the_code_writes_keys_and_nodes_in_tenancy_alone() -> None:
    """The emulator does not judge by leading keys, so what the policy forbids must not be asked for to begin with."""
    used: dict[str, set[str]] = {}
    for path in (ROOT / "layers/pitboss/pitboss").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                mine = {
                    n for n in names if n.startswith(("pitboss.tenancy.store", "pitboss.tenancy.service"))
                }
                if mine:
                    used.setdefault(f"{path.parent.name}/{path.name}", set()).update(mine)
    writers = ("tenancy/service.py", "tenancy/api.py")  # of tenancy_api only, see functions/
    assert {name: found for name, found in used.items() if name not in writers} == {
        "tenancy/authorizer.py": {"pitboss.tenancy.store.find_key", "pitboss.tenancy.store.mark_used"},
        "tenancy/public.py": {"pitboss.tenancy.service.bootstrap_root"},
        "tenancy/standing.py": {"pitboss.tenancy.store.read_path"},
    }
    callers = [
        path
        for folder in ("layers/pitboss/pitboss", "functions")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"create_root\(|tenancy\.api import", path.read_text("utf-8"))
    ]
    assert {str(path.relative_to(ROOT)) for path in callers} == {
        "functions/tenancy_api/app.py",
        "layers/pitboss/pitboss/tenancy/public.py",
    }


def test_every_function_has_a_role_of_its_own() -> None:
    roles = [target(f["Properties"]["Role"]) for f in functions().values()]
    assert len(set(roles)) == len(roles) == len(functions())


def test_every_function_logs_to_a_group_with_retention_and_may_write_to_that_one_only() -> None:
    groups = resources("AWS::Logs::LogGroup")
    may_log = {
        h: [target(r) for r in many(s["Resource"])]
        for h, s in statements()
        if "logs:PutLogEvents" in s["Action"]
    }
    for name, function in functions().items():
        group = target(function["Properties"]["LoggingConfig"]["LogGroup"])
        assert groups[group]["Properties"]["RetentionInDays"], name
        assert may_log[target(function["Properties"]["Role"])] == [group], name


def test_every_function_is_traced_and_has_its_folder() -> None:
    for name, function in resources("AWS::Lambda::Function").items():
        assert function["Properties"]["TracingConfig"] == {"Mode": "Active"}, name
        assert function["Properties"]["Runtime"] == "python3.13", name
    folders = {p.parent.name for p in (ROOT / "functions").glob("*/app.py")}
    assert folders == set(functions())


def alarms_of(metric: str, dimension: str) -> set[str]:
    return {
        target(d["Value"])
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("MetricName") == metric
        for d in alarm["Properties"]["Dimensions"]
        if d["Name"] == dimension
    }


def test_every_function_has_alarms_for_errors_and_throttles() -> None:
    names = {f["Name"] for f in functions().values()}
    assert alarms_of("Errors", "FunctionName") == names
    assert alarms_of("Throttles", "FunctionName") == names


def test_every_alarm_tells_someone_and_exists_where_its_function_does() -> None:
    rows = transformed()["Resources"]
    for name, alarm in resources("AWS::CloudWatch::Alarm").items():
        assert [target(a) for a in alarm["Properties"]["AlarmActions"]] == ["AlarmTopic"], name
        for dimension in alarm["Properties"].get("Dimensions", []):
            watched = rows.get(target(dimension["Value"]), {})
            assert watched.get("Condition") == alarm.get("Condition"), name


def dead_letter_queues() -> set[str]:
    found = {
        target(q["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])
        for q in resources("AWS::SQS::Queue").values()
        if "RedrivePolicy" in q["Properties"]
    }
    for kind in ("AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig"):
        for mapping in resources(kind).values():
            on_failure = mapping["Properties"].get("DestinationConfig", {}).get("OnFailure", {})
            found.add(target(on_failure.get("Destination")))
    return found - {""}


def test_every_queue_has_a_dead_letter_queue_and_every_dead_letter_queue_an_alarm() -> None:
    queues, dead = resources("AWS::SQS::Queue"), dead_letter_queues()
    for name, queue in queues.items():
        assert ("RedrivePolicy" in queue["Properties"]) != (name in dead), name
        assert queue["Properties"]["SqsManagedSseEnabled"] is True, name
        if name in dead:
            assert queue["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600, name
        else:
            parent = queues[target(queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"])]
            assert parent["Properties"].get("FifoQueue") == queue["Properties"].get("FifoQueue"), name
    assert alarms_of("ApproximateNumberOfMessagesVisible", "QueueName") == dead
    assert alarms_of("ApproximateAgeOfOldestMessage", "QueueName") == set(queues) - dead


def test_every_dead_letter_can_be_replayed_by_a_tool() -> None:
    """The queues' by redrive; what came out of a stream names no item and has a tool of its own."""
    parents = {
        target(queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]): name
        for name, queue in resources("AWS::SQS::Queue").items()
        if "RedrivePolicy" in queue["Properties"]
    }
    assert parents == redrive.SOURCES
    streams = {"ScorerDlq": "devtools.rescore", "FeedDlq": "devtools.refeed"}
    told = (ROOT / "docs/operate.md").read_text("utf-8")
    # The sweeper rings what a lost bell did not.
    assert dead_letter_queues() - set(parents) - {"ClockDlq"} == set(streams)
    for tool in ("devtools.redrive", *streams.values()):
        assert f"python -m {tool}" in told
        assert (ROOT / (tool.replace(".", "/") + ".py")).exists()


def test_a_message_stays_hidden_for_six_times_the_function_that_reads_it() -> None:
    rows, checked = transformed()["Resources"], 0
    for name, mapping in resources("AWS::Lambda::EventSourceMapping").items():
        source = rows[target(mapping["Properties"]["EventSourceArn"])]
        if source["Type"] == "AWS::SQS::Queue":
            reader = rows[target(mapping["Properties"]["FunctionName"])]
            assert source["Properties"]["VisibilityTimeout"] >= 6 * reader["Properties"]["Timeout"], name
            assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name
            checked += 1
    assert checked == 5


def test_the_scorer_wakes_for_new_inbox_batches_only_and_gives_up_to_a_queue() -> None:
    (mapping,) = [
        m["Properties"]
        for n, m in resources("AWS::Lambda::EventSourceMapping").items()
        if n.startswith("Scorer")
    ]
    (row,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(row["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "IN#"}]}}},
    }
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # The most that Lambda takes: the age decides.
    assert mapping["MaximumRetryAttempts"] == 10_000
    assert mapping["MaximumRecordAgeInSeconds"] == {"Fn::If": ["IsLocal", 600, 3600]}
    assert target(mapping["DestinationConfig"]["OnFailure"]["Destination"]) == "ScorerDlq"
    assert alarms_of("IteratorAge", "FunctionName") == {"Scorer", "LedgerFeed"}


def test_tables_cannot_be_lost() -> None:
    tables = resources("AWS::DynamoDB::Table")
    assert set(tables) == {"HubTable", "ArenaTable", "LedgerTable", "DemoTable"}
    for name, table in tables.items():
        properties = table["Properties"]
        assert properties["BillingMode"] == "PAY_PER_REQUEST", name
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name
        assert properties["SSESpecification"] == {"SSEEnabled": True}, name
        if name != "DemoTable":
            assert properties["DeletionProtectionEnabled"] == {"Fn::If": ["IsLocal", False, True]}, name
            assert properties["StreamSpecification"]["StreamViewType"].startswith("NEW"), name
            assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}, name
    assert tables["ArenaTable"]["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert tables["DemoTable"]["Condition"] == "IsDemo"


def test_what_holds_state_outlives_the_stack() -> None:
    for kind in ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"):
        for name, resource in resources(kind).items():
            kept = ("Delete", "Delete") if name == "DemoTable" else ("RetainExceptOnCreate", "Retain")
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == kept, name


def test_the_bucket_is_private_encrypted_and_keeps_results() -> None:
    (bucket,) = resources("AWS::S3::Bucket").values()
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["BucketEncryption"]
    rules = {r.get("Prefix", r["Id"]): r for r in properties["LifecycleConfiguration"]["Rules"]}
    assert {prefix for prefix, rule in rules.items() if "ExpirationInDays" in rule} == {"reports/"}
    # A newest board may be months old; what the ranker deleted goes for good after some days.
    assert rules["boards/"]["ExpiredObjectDeleteMarker"] is True
    assert rules["boards/"]["NoncurrentVersionExpiration"]
    assert "results/" not in rules


def test_only_the_settler_writes_results_and_only_the_ranker_boards() -> None:
    may = {
        (holder, action, text(resource).partition("Arn}/")[2])
        for holder, statement in statements()
        for action in many(statement["Action"])
        for resource in many(statement["Resource"])
        if action.startswith("s3:") and "Arn}/" in text(resource)
    }
    assert {row for row in may if row[1] != "s3:GetObject" and not row[2].startswith("reports/")} == {
        ("RankerRole", "s3:PutObject", "boards/*"),
        ("RankerRole", "s3:DeleteObject", "boards/*"),
        ("SettlerRole", "s3:PutObject", "results/*"),
    }


def test_demo_resources_exist_in_demo_mode_only() -> None:
    for name, resource in transformed()["Resources"].items():
        assert (resource.get("Condition") == "IsDemo") == name.startswith("Demo"), name
    assert written()["Conditions"]["IsDemo"] == {"Fn::Equals": [{"Ref": "DemoMode"}, "true"]}
    assert written()["Parameters"]["DemoMode"]["Default"] == "false"


def test_what_the_gateway_refuses_is_told_in_the_words_of_the_catalogue() -> None:
    responses = written()["Resources"]["Api"]["Properties"]["GatewayResponses"]
    for kind, response in responses.items():
        body = json.loads(
            response["ResponseTemplates"]["application/json"]
            .replace("$context.error.messageString", '"why"')
            .replace("$context.requestId", "r")
        )
        entry = catalogue()[body["name"]]
        assert (body["code"], body["status"], body["title"]) == (entry.code, entry.status, entry.title), kind
        assert (body["retryable"], body["effect"]) == (entry.retryable, entry.effect), kind
        assert body["type"] == f"/api/docs#error-{entry.code}", kind
        assert response["StatusCode"] == entry.status, kind
        assert response["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'", kind
    assert {
        "MISSING_AUTHENTICATION_TOKEN",
        "UNAUTHORIZED",
        "ACCESS_DENIED",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
    } <= set(responses)
    assert {"REQUEST_TOO_LARGE", "THROTTLED"} <= set(responses)


def test_the_dashboard_is_json() -> None:
    (dashboard,) = resources("AWS::CloudWatch::Dashboard").values()
    body = re.sub(r"\$\{[^}]+\}", "x", dashboard["Properties"]["DashboardBody"]["Fn::Sub"])
    assert len(json.loads(body)["widgets"]) >= 5


def test_nothing_is_hidden_from_the_linters() -> None:
    assert "Metadata" not in written()
    for name, resource in written()["Resources"].items():
        assert set(resource.get("Metadata", {})) <= {"BuildMethod"}, name
    assert not list(ROOT.glob(".cfnlintrc*"))


def test_samconfig_gives_parameters_that_exist_values_that_are_allowed() -> None:
    parameters = written()["Parameters"]
    config = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    stages = {}
    for name in ("default", "staging", "local"):
        given = dict(
            row.split("=", 1) for row in config[name]["deploy"]["parameters"]["parameter_overrides"].split()
        )
        for key, value in given.items():
            allowed = [str(v) for v in parameters[key].get("AllowedValues", [value])]
            assert value in allowed, (name, key)
        stages[name] = (given["Stage"], given["DemoMode"])
    assert stages == {
        "default": ("prod", "false"),
        "staging": ("staging", "true"),
        "local": ("local", "true"),
    }
