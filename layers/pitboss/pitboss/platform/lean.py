"""The few DynamoDB calls of the scorer without the client's general machinery (docs/decisions/021).

A call by boto3 costs milliseconds of CPU, most of it for checking, serialising and parsing shapes that are known here. What
is well kept stays botocore's: endpoint and region (of the ordinary client), credentials with their renewal, signing, TLS
and connection pools. Hooks on the client's `before-send` see these requests too. Retries are like the client's
`standard` mode: throttling, server faults and lost connections, with jitter.
"""

import json
import socket
import zlib
from base64 import b64encode
from functools import cache
from typing import Any, NamedTuple

from pitboss.platform import meter
from pitboss.platform.aws import ATTEMPTS, CONNECT_TIMEOUT_S, POOL, READ_TIMEOUT_S, dynamodb

Answer = dict[str, Any]
# Head and body are two packets; without this the second waits for the first one's acknowledgement, 40 ms.
NO_DELAY: Any = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
RETRIED = ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded")


class _Wire(NamedTuple):
    url: str
    credentials: Any
    auth: Any
    session: Any
    events: Any


@cache
def _wire() -> _Wire:
    import boto3
    from botocore.auth import SigV4Auth
    from botocore.httpsession import URLLib3Session

    client = dynamodb()
    # A pair, as botocore's own endpoints pass it; its stubs know one number.
    timeout: Any = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
    # The chain of credentials that the client itself uses; it renews what expires.
    credentials = boto3.Session().get_credentials()
    return _Wire(
        client.meta.endpoint_url.rstrip("/") + "/",
        credentials,
        lambda frozen: SigV4Auth(frozen, "dynamodb", client.meta.region_name),
        URLLib3Session(timeout=timeout, max_pool_connections=POOL, socket_options=NO_DELAY),
        client.meta.events,
    )


def forget() -> None:
    """Drop connections and credentials (see aws.forget_clients)."""
    if _wire.cache_info().currsize:
        _wire().session.close()
    _wire.cache_clear()


def call(operation: str, body: dict[str, Any]) -> Answer:
    """One DynamoDB operation in wire form; bytes are sent as base64, and come back as base64 text.

    Raises botocore's ClientError as the client would, after what may be tried again was, and botocore's
    HTTPClientError when there is no answer: then nobody knows whether a write was done.
    """
    from botocore.exceptions import ClientError, HTTPClientError

    from pitboss.platform.dynamo import pause

    if meter.on():
        body = {**body, "ReturnConsumedCapacity": "TOTAL"}
    data = json.dumps(body, separators=(",", ":"), default=_base64).encode()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            status, answer = _send(operation, data)
        except HTTPClientError:
            if attempt == ATTEMPTS:
                raise
        else:
            if status == 200:
                if meter.on():
                    meter.add(operation, answer)
                return answer
            code = str(answer.get("__type", status)).rpartition("#")[2]
            if attempt == ATTEMPTS or (code not in RETRIED and status < 500):
                error: Any = {"Code": code, "Message": answer.get("message") or answer.get("Message") or ""}
                refused: Any = {"Error": error, "CancellationReasons": answer.get("CancellationReasons", [])}
                raise ClientError(refused, operation)
        pause(attempt)
    raise AssertionError("unreachable: the last attempt answers or raises")


def _base64(value: Any) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"cannot send a {type(value).__name__}")


def _send(operation: str, data: bytes) -> tuple[int, Answer]:
    """Status and JSON of one attempt; a body that was damaged on the way counts as a lost connection."""
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import HTTPClientError

    wire = _wire()
    headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", wire.url, headers, data)
    wire.auth(wire.credentials.get_frozen_credentials()).add_auth(request)
    prepared = request.prepare()
    _, answer = wire.events.emit_until_response(f"before-send.dynamodb.{operation}", request=prepared)
    if answer is None:
        answer = wire.session.send(prepared)
    content = answer.content
    told = answer.headers.get("x-amz-crc32")
    if told is not None and int(told) != zlib.crc32(content):
        raise HTTPClientError(error=f"{operation}: the answer does not match its checksum")
    try:
        return answer.status_code, json.loads(content) if content else {}
    except ValueError:
        if answer.status_code == 200:
            raise HTTPClientError(error=f"{operation}: the answer is not JSON") from None
        return answer.status_code, {}
