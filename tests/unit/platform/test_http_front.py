"""The HTTP front: what it refuses, and that it always answers."""

import base64
import gzip
import json
from decimal import Decimal
from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal, catalogue
from pitboss.platform.caller import Caller
from pitboss.platform.dynamo import TooBusy
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.platform.models import Amount, Model

pytestmark = pytest.mark.unit

CALLER = Caller("api", "k1", "t1", "/root/t1/", frozenset({"tournaments.read"}))


def event(method: str = "GET", resource: str = "/things/{id}", **more: Any) -> dict[str, Any]:
    return {
        "httpMethod": method,
        "resource": resource,
        "pathParameters": {"id": "x1"},
        "headers": {"Accept": "application/json", "Content-Type": "application/json"},
        "requestContext": {
            "requestId": "req-1",
            "identity": {"sourceIp": "203.0.113.9"},
            "authorizer": {"caller": CALLER.to_context()},
        },
        **more,
    }


class Thing(Model):
    full: bool = False
    busy: bool = False
    broken: bool = False
    contested: bool = False
    a: Any = None
    n: Amount | None = None


class RecordingGate:
    """The gate's contract in memory: what was entered is left, what was remembered is recalled."""

    def __init__(self) -> None:
        self.inside = 0
        self.kept: dict[str, Answer] = {}
        self.reopened = 0

    def enter(self, call: Call) -> dict[str, str]:
        self.inside += 1
        return {"RateLimit-Limit": "100"}

    def leave(self, call: Call) -> None:
        self.inside -= 1

    def recall(self, call: Call) -> Answer | None:
        return self.kept.get(call.headers.get("idempotency-key", ""))

    def remember(self, call: Call, answer: Answer | None) -> None:
        if answer is not None:
            self.kept[call.headers.get("idempotency-key", "")] = answer
        else:
            self.reopened += 1


def make() -> tuple[Api, RecordingGate]:
    gate = RecordingGate()
    api = Api("things", gate)

    @api.route("GET", "/things/{id}", "One thing", query=(Query("limit", "how many", "integer", 10, 1, 50),))
    def read(call: Call) -> Answer:
        return Answer({"id": call.params["id"], "limit": call.query["limit"]}, etag="v1")

    @api.route("POST", "/things", "Make a thing", body=f"{__name__}:Thing", idempotent=True, max_body=2000)
    def make_thing(call: Call) -> Answer:
        if call.body.full:
            raise Refusal("TOURNAMENT_FULL", "No seat is left.", facts={"limit": 3})
        if call.body.busy:
            raise Refusal("SERVER_IS_BUSY", "Wait.", retry_after_s=1)
        if call.body.broken:
            raise ZeroDivisionError
        if call.body.contested:
            raise TooBusy
        return Answer({"id": call.new_id("thing"), "exact": isinstance(call.body.n, Decimal)}, 201)

    return api, gate


def post(body: bytes | str, **more: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else base64.b64encode(body).decode()
    return event(
        "POST", "/things", body=text, isBase64Encoded=isinstance(body, bytes), pathParameters=None, **more
    )


def call(api: Api, sent: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
    answer = api.handler(sent, None)
    return answer["statusCode"], json.loads(answer["body"]) if answer["body"] else None, answer["headers"]


def test_a_read_answers_with_limits_request_id_and_etag() -> None:
    api, gate = make()
    status, body, headers = call(api, event(queryStringParameters={"limit": "50"}))
    assert (status, body) == (200, {"id": "x1", "limit": 50})
    assert headers["RateLimit-Limit"] == "100"
    assert headers["X-Request-Id"] == "req-1"
    assert gate.inside == 0
    again = event()
    again["headers"]["If-None-Match"] = headers["ETag"]
    assert call(api, again)[0] == 304


@pytest.mark.parametrize("text", ["0", "51", "-1", "1e1", "٣", "", "9" * 40])
def test_a_query_parameter_out_of_bounds_is_named(text: str) -> None:
    status, body, _ = call(make()[0], event(queryStringParameters={"limit": text}))
    assert (status, body["name"], body["errors"][0]["field"]) == (400, "PARAMETERS_INVALID", "limit")


def test_unknown_and_repeated_parameters_are_refused() -> None:
    assert (
        call(make()[0], event(queryStringParameters={"limti": "5"}))[1]["errors"][0]["reason"]
        == "unknown parameter"
    )
    twice = event(queryStringParameters={"limit": "5"}, multiValueQueryStringParameters={"limit": ["5", "6"]})
    assert call(make()[0], twice)[0] == 400


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("{", "MALFORMED_JSON"),
        ('{"a":1,"a":2}', "MALFORMED_JSON"),
        ('{"a":NaN}', "MALFORMED_JSON"),
        ('{"a":-Infinity}', "MALFORMED_JSON"),
        (b"\xff\xfe{}", "MALFORMED_JSON"),
        ('{"a":' + "9" * 1990 + "}", None),
        ("[" * 1900, "MALFORMED_JSON"),
        ('{"a":"' + "x" * 3000 + '"}', "BODY_TOO_LARGE"),
        (gzip.compress(b" " * 10_000_000, mtime=0), "BODY_TOO_LARGE"),
        (gzip.compress(b'{"n":1}', mtime=0)[:-4], "MALFORMED_JSON"),
        (gzip.compress(b'{"n":1}', mtime=0) + b"more", "MALFORMED_JSON"),
        (b"\x1f\x8bnot gzip at all", "MALFORMED_JSON"),
    ],
)
def test_a_bad_body_is_a_clear_refusal_and_nothing_ran(body: bytes | str, name: str | None) -> None:
    api, gate = make()
    status, answer, headers = call(api, post(body))
    if name is None:
        assert status == 201
        return
    assert (answer["name"], answer["effect"], answer["status"]) == (name, "none", status)
    assert headers["Content-Type"] == "application/problem+json"
    assert gate.kept == {}
    assert gate.inside == 0


def test_gzip_and_exact_numbers_pass() -> None:
    status, body, _ = call(make()[0], post(gzip.compress(b'{"n":10.00}')))
    assert (status, body["exact"]) == (201, True)


def test_media_types() -> None:
    api, _ = make()
    sent = post("{}")
    sent["headers"]["Accept"] = "text/html"
    assert call(api, sent)[0] == 406
    sent = post("{}")
    sent["headers"]["Content-Type"] = "text/plain"
    assert call(api, sent)[0] == 415
    sent = post("{}")
    sent["headers"]["Content-Type"] = "application/json; charset=utf-8"
    assert call(api, sent)[0] == 201


def test_a_final_refusal_is_remembered_and_a_passing_one_is_not() -> None:
    api, gate = make()
    sent = post('{"full":true}')
    sent["headers"]["Idempotency-Key"] = "one"
    status, body, _ = call(api, sent)
    assert (status, body["limit"], body["retryable"]) == (409, 3, False)
    assert "one" in gate.kept
    sent = post('{"busy":true}')
    sent["headers"]["Idempotency-Key"] = "two"
    status, body, headers = call(api, sent)
    assert (status, body["code"], headers["Retry-After"]) == (503, 1018, "1")
    assert "two" not in gate.kept


def test_an_unexpected_failure_says_that_its_effect_is_unknown_for_writes_only() -> None:
    api, gate = make()
    status, body, _ = call(api, post('{"broken":true}'))
    assert (status, body["name"], body["effect"]) == (500, "INTERNAL_ERROR", "unknown")
    assert gate.inside == 0
    assert "ZeroDivision" not in json.dumps(body)


def test_ids_of_a_repeated_attempt_are_the_same() -> None:
    from pitboss.kernel.ids import is_ulid
    from pitboss.platform.http import open_call

    api, _ = make()
    one = open_call(api.routes[1], post("{}"), "r")
    two = open_call(api.routes[1], post("{}"), "r")
    two.seed = one.seed
    assert one.new_id("a") == two.new_id("a") != one.new_id("b")
    assert is_ulid(one.new_id("a"))


def test_an_unknown_route_is_404() -> None:
    assert call(make()[0], event(resource="/nowhere"))[0] == 404


def test_caller_context_round_trip() -> None:
    assert Caller.from_context(CALLER.to_context()) == CALLER


def test_the_catalogue_is_consistent() -> None:
    entries = catalogue().values()
    assert len({e.code for e in entries}) == len(entries)
    for entry in entries:
        assert 400 <= entry.status <= 599, entry
        assert entry.effect in ("none", "applied", "unknown"), entry
        # Whoever must guess whether money moved is told to repeat, with the same reference.
        assert entry.effect != "unknown" or entry.retryable, entry


def test_records_that_others_keep_changing_are_a_passing_no() -> None:
    """Nothing failed: the same request is taken a moment later, and its Idempotency-Key is free at once."""
    api, gate = make()
    status, body, headers = call(api, post('{"contested":true}'))
    assert (status, body["name"], body["retryable"]) == (503, "SERVER_IS_BUSY", True)
    assert body["effect"] == "unknown"  # a use case may have written something before
    assert headers["Retry-After"] == "1"
    assert (gate.kept, gate.reopened, gate.inside) == ({}, 1, 0)
