"""The local AWS: MiniStack with the repairs that this product needs. Runs in the environment of requirements/emulator.txt.

Every repair replaces a private function of one known version, so another version is refused; each is held by a test in
tests/stack/test_emulator.py that fails without it. Switch one off by name with WITHOUT=<name> to see what it does.
"""

import hashlib
import importlib.metadata
import io
import json
import os
import shutil
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

KNOWN = "1.5.33"
LAYERS = Path(os.environ.get("LAYER_CACHE", ".local/layers-in-use"))
WIDTH = int(os.environ.get("WORKERS_PER_FUNCTION", "4"))
WIDTH_WAIT_S = 10.0

if importlib.metadata.version("ministack") != KNOWN:
    sys.exit(
        f"devtools/emulator.py repairs ministack {KNOWN} and no other; run make up, which installs that one"
    )

from ministack.core import iam_actions  # noqa: E402
from ministack.core import lambda_runtime as runtime  # noqa: E402
from ministack.services import apigateway_v1 as rest  # noqa: E402
from ministack.services import eventbridge, lambda_svc, scheduler  # noqa: E402
from ministack.services.cloudformation import provisioners  # noqa: E402


def whole_api_bodies() -> None:
    """Gateway responses and binary media types of an OpenAPI body are dropped; a changed body makes a second API, which
    a pinned id forbids, so that the update rolls back. Here they are imported, and a changed body replaces in place."""
    fresh, update = rest._import_rest_api, provisioners._apigw_rest_api_update

    def extras(api_id: str, spec: dict[str, Any]) -> None:
        for kind, response in (spec.get("x-amazon-apigateway-gateway-responses") or {}).items():
            known = ("statusCode", "responseParameters", "responseTemplates")
            rest._put_gateway_response(api_id, kind, {k: response[k] for k in known if k in response})
        types = spec.get("x-amazon-apigateway-binary-media-types") or []
        rest._rest_apis[api_id]["binaryMediaTypes"] = [t.replace("~1", "/") for t in types]

    def import_rest_api(spec: dict[str, Any], base: dict[str, Any] | None = None) -> str:
        api_id: str = fresh(spec, base)
        extras(api_id, spec)
        return api_id

    def update_rest_api(api_id: str, old: Any, new: Any, stack: str, logical_id: str | None = None) -> Any:
        spec = new.get("Body")
        if not isinstance(spec, dict) or spec == old.get("Body") or api_id not in rest._rest_apis:
            return update(api_id, old, new, stack, logical_id)
        root = next(r for r in rest._resources[api_id].values() if r["path"] == "/")
        root["resourceMethods"] = {}
        rest._resources[api_id] = {root["id"]: root}
        rest._authorizers_v1[api_id], rest._gateway_responses[api_id] = {}, {}
        schemes = rest._import_security_schemes(api_id, spec)
        for path, item in (spec.get("paths") or {}).items():
            rest._import_path_item(api_id, path, item, schemes, spec.get("security"))
        extras(api_id, spec)
        return api_id, provisioners._apigw_rest_api_attrs(api_id)

    rest._import_rest_api = import_rest_api
    provisioners._apigw_rest_api_update = update_rest_api
    provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]["update"] = update_rest_api


def bounded_workers() -> None:
    """A burst forks one process per request (120 processes, load 74, 403s). Here a function has WIDTH workers and further
    requests wait for one; after WIDTH_WAIT_S one more is forked, so that a function calling itself cannot starve."""
    acquire = runtime.acquire_worker

    def acquire_worker(
        name: str,
        config: dict[str, Any],
        code: bytes,
        qualifier: str = "$LATEST",
        max_concurrency: int | None = None,
    ) -> Any:
        key, end = runtime._worker_key(name, config, qualifier), time.monotonic() + WIDTH_WAIT_S
        while time.monotonic() < end:
            with runtime._lock:
                pool = runtime._workers.get(key, [])
                if len(pool) < WIDTH or any(not worker.in_use for worker in pool):
                    break
            time.sleep(0.004)
        return acquire(name, config, code, qualifier=qualifier, max_concurrency=max_concurrency)

    runtime.acquire_worker = lambda_svc.acquire_worker = acquire_worker


def shared_layers() -> None:
    """Each worker unpacks and compiles every layer anew (2 s and 60 MB each). Here a layer is unpacked once, bytecode as
    built, and a worker gets a .pth of one line that names the place."""
    resolve, lock = lambda_svc._resolve_layer_zip, threading.Lock()

    def resolve_layer_zip(reference: Any) -> bytes | None:
        data: bytes | None = resolve(reference)
        if not data:
            return data
        place = LAYERS.resolve() / hashlib.sha256(data).hexdigest()[:24]
        with lock:
            if not place.exists():
                half = place.with_name(f"{place.name}.{os.getpid()}")
                shutil.rmtree(half, ignore_errors=True)
                zipfile.ZipFile(io.BytesIO(data)).extractall(half)
                try:
                    half.rename(place)
                except OSError:  # another emulator was first
                    shutil.rmtree(half, ignore_errors=True)
        pointer = io.BytesIO()
        line = f"import sys; sys.path.insert(0, {str(place / 'python')!r})\n"
        with zipfile.ZipFile(pointer, "w") as archive:
            archive.writestr("python/lib/python3.13/site-packages/layer.pth", line)
        return pointer.getvalue()

    lambda_svc._resolve_layer_zip = resolve_layer_zip


def only_what_lambda_has() -> None:
    """A worker sees the emulator's own packages, so a package missing from the layer goes unnoticed. Here it does not."""
    _edit_worker_script(
        "    sys.path.insert(0, code_dir)\n",
        '    sys.path[:] = [p for p in sys.path if "site-packages" not in p]\n    sys.path.insert(0, code_dir)\n',
    )


def errors_as_on_aws() -> None:
    """An exception kills the worker (a cold start per error), is named Runtime.HandlerError, and over HTTP shows its text.
    Here the worker lives on, the error has its own type, and HTTP says 502 Internal server error."""
    _edit_worker_script(
        'json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()})',
        'json.dumps({"status": "ok", "result": {"__error__": {"errorMessage": str(e), '
        '"errorType": type(e).__name__, "trace": traceback.format_exc()}}})',
    )
    execute = lambda_svc._execute_function_warm

    def execute_warm(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, event, request_id)
        body = result.get("body")
        if not isinstance(body, dict) or "__error__" not in body:
            return result
        error = body["__error__"]
        log = "\n".join(filter(None, [result.get("log", ""), error.pop("trace")]))
        return {"body": error, "error": True, "log": log}

    def proxy_response(result: dict[str, Any]) -> tuple[Any, str | None]:
        if result.get("throttle"):
            return lambda_svc.lambda_execute_result_to_api_proxy_response(result)[0], None
        body = result.get("body")
        if result.get("error") or not isinstance(body, dict) or "statusCode" not in body:
            return None, "Internal server error"
        return body, None

    lambda_svc._execute_function_warm = execute_warm
    rest._lambda_proxy_response = proxy_response


def streams_apart() -> None:
    """Stream handlers run on the one polling thread, so a slow scorer stalls every queue, and `batchItemFailures` is
    ignored, so a failed record is lost. Here streams have a thread of their own, and such a batch comes again."""
    execute, poll = lambda_svc._execute_function, lambda_svc._poll_dynamodb_streams

    def execute_function(function: dict[str, Any], event: Any) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, event)
        records = event.get("Records") if isinstance(event, dict) else None
        of_stream = records and records[0].get("eventSource") == "aws:dynamodb"
        body = result.get("body")
        if of_stream and not result.get("error") and isinstance(body, dict) and body.get("batchItemFailures"):
            failed = {"errorMessage": json.dumps(body), "errorType": "BatchItemFailures"}
            return {**result, "error": True, "body": failed}
        return result

    def loop() -> None:
        while True:
            try:
                busy = poll()
            except Exception as error:  # noqa: BLE001 - the poller must outlive a stack that is being replaced
                busy = False
                print("stream poller:", error, file=sys.stderr)
            if not busy:
                time.sleep(0.1)

    lambda_svc._execute_function = execute_function
    lambda_svc._poll_dynamodb_streams = lambda: False
    threading.Thread(target=loop, daemon=True).start()


def no_idle_waits() -> None:
    """50 ms are spent on every invocation that logs nothing, and bells ring up to 10 s late. Here 10 ms and 1 s."""
    runtime.Worker._drain_stderr_bounded.__defaults__ = (0.010, 0.003, 0.250)
    scheduler._SCHEDULE_TICK_INTERVAL = eventbridge._SCHEDULER_TICK_INTERVAL = 1


def rights_as_on_aws() -> None:
    """With roles enforced every schedule is taken to be in the group `default`, and a batch of messages to need a right of
    its own (AWS knows none: sqs:SendMessage covers both). Here the group is read from the request, and a batch is as one."""
    extract, action = iam_actions.extract_resource_arn, iam_actions.extract_iam_action

    def extract_resource_arn(service: str, method: str, path: str, *rest: Any) -> str:
        arn: str = extract(service, method, path, *rest)
        if service != "scheduler" or ":schedule/default/" not in arn:
            return arn
        _headers, body, query = rest[:3]
        named = query.get("groupName") or ["default"]
        if body:
            named = json.loads(body).get("GroupName", "default")
        group = named if isinstance(named, str) else named[0]
        return arn.replace(":schedule/default/", f":schedule/{group}/")

    def extract_iam_action(*request: Any, **more: Any) -> str | None:
        found: str | None = action(*request, **more)
        return found.removesuffix("Batch") if found and found.startswith("sqs:") else found

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.extract_iam_action = extract_iam_action


def _edit_worker_script(old: str, new: str) -> None:
    if old not in runtime._PYTHON_WORKER_SCRIPT:
        sys.exit("devtools/emulator.py: the worker script is not the one that was known")
    runtime._PYTHON_WORKER_SCRIPT = runtime._PYTHON_WORKER_SCRIPT.replace(old, new)


REPAIRS = (
    whole_api_bodies,
    bounded_workers,
    shared_layers,
    only_what_lambda_has,
    errors_as_on_aws,
    streams_apart,
    no_idle_waits,
    rights_as_on_aws,
)

if __name__ == "__main__":
    for repair in REPAIRS:
        if repair.__name__ not in os.environ.get("WITHOUT", "").split(","):
            repair()
    from ministack.app import main

    main()
