"""Handlers that tell the test what they saw."""

import importlib.util
import json
import os
import time
import urllib.request

import probe_layer


def direct(event, context):
    """Answers who and where it is; raises, waits or logs as asked."""
    if event.get("raise"):
        raise LookupError("as asked")
    time.sleep(event.get("wait", 0))
    if event.get("log"):
        print("a line")
    foreign = importlib.util.find_spec("samtranslator") is not None
    return {"pid": os.getpid(), "layer": probe_layer.__file__, "foreign": foreign}


def http(event, context):
    """Answers what came in."""
    if event["path"] == "/boom":
        raise LookupError("not to be shown")
    seen = {"base64": event["isBase64Encoded"], "path": event["path"]}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(seen)}


def call(service, operation, document, version):
    """A JSON call to the local AWS without its SDK: the probe's layer has nothing but the probe."""
    headers = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": operation}
    scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/{service}/aws4_request"
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], json.dumps(document).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"{}")


def put(key, attributes):
    """Write an item."""
    table = os.environ["TABLE"]
    call(
        "dynamodb",
        "DynamoDB_20120810.PutItem",
        {"TableName": table, "Item": {"pk": {"S": key}, **attributes}},
        "1.0",
    )


def on_queue(event, context):
    """Leaves a mark for every message."""
    for record in event["Records"]:
        put("seen-" + record["body"], {})


def on_stream(event, context):
    """Sends a message and waits until the queue's function has seen it; the first attempt then fails by item."""
    record = event["Records"][0]
    key = record["dynamodb"]["Keys"]["pk"]["S"]
    name = {"#n": "count"}
    before = call(
        "dynamodb",
        "DynamoDB_20120810.UpdateItem",
        {
            "TableName": os.environ["TABLE"],
            "Key": {"pk": {"S": "attempts-" + key}},
            "UpdateExpression": "ADD #n :one",
            "ExpressionAttributeNames": name,
            "ExpressionAttributeValues": {":one": {"N": "1"}},
            "ReturnValues": "UPDATED_NEW",
        },
        "1.0",
    )
    attempt = int(before["Attributes"]["count"]["N"])
    if attempt > 1:
        put("came-again-" + key, {})
        return {"batchItemFailures": []}
    call("sqs", "AmazonSQS.SendMessage", {"QueueUrl": os.environ["QUEUE"], "MessageBody": key}, "1.0")
    end, seen = time.monotonic() + 5, False
    while time.monotonic() < end and not seen:
        found = call(
            "dynamodb",
            "DynamoDB_20120810.GetItem",
            {"TableName": os.environ["TABLE"], "Key": {"pk": {"S": "seen-" + key}}},
            "1.0",
        )
        seen = "Item" in found
    put("waited-" + key, {"meanwhile": {"BOOL": seen}})
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
