"""Every payload of events/ is run through its handler, on the template's tables and with exactly the function's variables."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pitboss.platform import signing

from devtools.console import ROOT
from tests.functions import load
from tests.template_view import functions, written

pytestmark = pytest.mark.moto

EVENTS = ROOT / "events"
TENANT = "01JZ0000000000000000000000"
TOKEN = "00000000-0000-4000-8000-000000000001"
CASES = sorted(p.relative_to(EVENTS).with_suffix("").as_posix() for p in EVENTS.glob("*/*.json"))

# HTTP status of each payload of an API function; what is checked of the others stands in their tests below.
STATUS = {
    "boards_api/leaderboard_unknown": 404,
    "boards_api/standing_unknown": 404,
    "catalogue_api/active_games": 200,
    "catalogue_api/list_brands": 200,
    "catalogue_api/list_games": 200,
    "catalogue_api/put_games": 200,
    "catalogue_api/put_operators": 200,
    "certification_api/list_runs": 200,
    "certification_api/read_unknown": 404,
    "certification_api/report_unknown": 404,
    "certification_api/start_without_players": 400,
    "demo_operator/control_without_token": 401,
    "demo_operator/game_page": 200,
    "demo_operator/game_unlaunched": 400,
    "demo_operator/player_without_token": 401,
    "demo_operator/unsigned_payout": 401,
    "demo_operator/wallet_without_token": 401,
    "dialects_api/list_profiles": 200,
    "dialects_api/put_wallet_unknown": 404,
    "dialects_api/v4_games": 200,
    "dialects_api/v4_stranger": 200,
    "docs_api/docs": 200,
    "docs_api/health": 200,
    "docs_api/jwks": 200,
    "docs_api/openapi": 200,
    "inspector_api/call_unknown": 404,
    "inspector_api/list_calls": 200,
    "inspector_api/replay_unknown": 404,
    "inspector_api/round_unknown": 404,
    "inspector_api/signature_lab_without_secret": 401,
    "payouts_api/list_payouts": 200,
    "payouts_api/retry_unknown": 404,
    "players_api/create_player": 201,
    "players_api/deposit_unknown_player": 404,
    "players_api/launch_dry_run": 200,
    "players_api/list_free_rounds": 200,
    "points_api/approve_unknown": 404,
    "points_api/mint": 201,
    "points_api/put_billing": 200,
    "points_api/statement": 200,
    "points_api/transfer_unknown": 404,
    "registrations_api/register_unknown_tournament": 404,
    "registrations_api/tournaments_of_player": 200,
    "reports_api/books": 200,
    "reports_api/export_unknown": 404,
    "reports_api/history": 200,
    "reports_api/history_of_player": 200,
    "reports_api/not_a_day": 400,
    "reports_api/put_game_set": 200,
    "rounds_api/too_old": 202,
    "rounds_api/unknown_member": 400,
    "simulate_api/given_rounds": 200,
    "tenancy_api/agent_of_another_tenant": 404,
    "tenancy_api/create_agent": 201,
    "tenancy_api/create_key": 201,
    "tenancy_api/list_agents": 200,
    "tenancy_api/not_json": 400,
    "tenancy_api/read_settings": 200,
    "tenancy_api/unknown_field": 400,
    "tournaments_api/create": 201,
    "tournaments_api/list": 200,
    "tournaments_api/publish_unknown": 404,
    "tournaments_api/unknown": 404,
    "transactions_api/by_their_id": 200,
    "transactions_api/failed": 200,
    "transactions_api/retry_unknown": 404,
    "transactions_api/round_unknown": 404,
    "wallet_api/authenticate_without_provider": 404,
    "wallet_api/balance_unsigned": 401,
    "wallet_api/bet": 401,
    "wallet_api/win": 401,
}


class Context:
    """What Lambda gives beside the event."""

    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    function_name = "test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:test"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 30_000


def event_of(case: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{case}.json").read_text("utf-8"))
    return event


def invoke(case: str) -> Any:
    """Run a payload through functions/<function>/app.py."""
    return load(case.partition("/")[0]).handler(event_of(case), Context())


def variables_of(name: str) -> set[str]:
    """The environment that the template gives to a function."""
    own = functions()[name]["Properties"].get("Environment", {}).get("Variables", {})
    return set(own) | set(written()["Globals"]["Function"]["Environment"]["Variables"])


@pytest.fixture
def world(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A tenant with the id that the payloads name, its key, a brand and a game."""
    from pitboss.catalogue import known
    from pitboss.platform.caller import SCOPES
    from pitboss.tenancy import standing, store
    from pitboss.tenancy.model import ApiKey, Node
    from pitboss.tenancy.tokens import token_hash

    standing.forget()
    known.forget()
    key = ApiKey(
        "01JZ00000000000000000000K1",
        "server",
        SCOPES,
        token_hash(TOKEN),
        TOKEN[:8],
        created_at=1,
        created_by="root",
    )
    store.create_node(Node(TENANT, "Demo", "root", "", f"/{TENANT}/", "EUR", "active", 1), key)
    invoke("catalogue_api/put_operators")
    invoke("catalogue_api/put_games")
    yield monkeypatch
    standing.forget()
    known.forget()


def narrow(world: pytest.MonkeyPatch, aws: dict[str, str], name: str) -> None:
    """Take away every variable that the template does not give to this function."""
    for variable in set(aws) - variables_of(name):
        world.delenv(variable, raising=False)


@pytest.mark.parametrize("case", sorted(STATUS))
def test_a_request_gets_its_answer(case: str, world: pytest.MonkeyPatch, aws: dict[str, str]) -> None:
    narrow(world, aws, case.partition("/")[0])
    answer = invoke(case)
    assert answer["statusCode"] == STATUS[case], answer["body"]
    kind = answer["headers"]["Content-Type"]
    assert kind.startswith(
        "application/problem+json" if STATUS[case] >= 400 else ("application/json", "text/html")
    )
    if STATUS[case] >= 400:
        assert {"code", "name", "detail", "retryable", "effect", "requestId"} <= set(
            json.loads(answer["body"])
        )


def test_the_authorizer_knows_a_token_and_refuses_what_is_none(
    world: pytest.MonkeyPatch, aws: dict[str, str]
) -> None:
    narrow(world, aws, "authorizer")
    allowed = invoke("authorizer/known_token")
    (statement,) = allowed["policyDocument"]["Statement"]
    assert (statement["Effect"], json.loads(allowed["context"]["caller"])["t"]) == ("Allow", TENANT)
    for case in ("authorizer/unknown_token", "authorizer/forged_player_token"):
        denied = invoke(case)
        assert [s["Effect"] for s in denied["policyDocument"]["Statement"]] == ["Deny"]


def test_the_money_worker_leaves_what_it_cannot_read_on_the_queue(
    world: pytest.MonkeyPatch, aws: dict[str, str]
) -> None:
    narrow(world, aws, "money_worker")
    assert invoke("money_worker/payout_that_is_gone") == {"batchItemFailures": []}
    (record,) = event_of("money_worker/unreadable")["Records"]
    assert invoke("money_worker/unreadable") == {
        "batchItemFailures": [{"itemIdentifier": record["messageId"]}]
    }


def test_the_wallet_worker_leaves_what_it_cannot_read_on_the_queue(
    world: pytest.MonkeyPatch, aws: dict[str, str]
) -> None:
    narrow(world, aws, "wallet_worker")
    assert invoke("wallet_worker/transaction_that_is_gone") == {"batchItemFailures": []}
    assert invoke("wallet_worker/sweep") == {"queued": 0}
    (record,) = event_of("wallet_worker/unreadable")["Records"]
    assert invoke("wallet_worker/unreadable") == {
        "batchItemFailures": [{"itemIdentifier": record["messageId"]}]
    }


def test_the_certification_worker_leaves_what_it_cannot_read_on_the_queue(
    world: pytest.MonkeyPatch, aws: dict[str, str]
) -> None:
    narrow(world, aws, "certification_worker")
    assert invoke("certification_worker/run_that_is_gone") == {"batchItemFailures": []}
    (record,) = event_of("certification_worker/unreadable")["Records"]
    assert invoke("certification_worker/unreadable") == {
        "batchItemFailures": [{"itemIdentifier": record["messageId"]}]
    }


def test_the_scorer_folds_a_batch_and_reports_a_damaged_one(
    world: pytest.MonkeyPatch, aws: dict[str, str]
) -> None:
    narrow(world, aws, "scorer")
    assert invoke("scorer/inbox") == {"batchItemFailures": []}
    (record,) = event_of("scorer/damaged_batch")["Records"]
    failed = {"itemIdentifier": record["dynamodb"]["SequenceNumber"]}
    assert invoke("scorer/damaged_batch") == {"batchItemFailures": [failed]}


def test_the_ledgers_stream_becomes_history_and_a_damaged_record_is_reported(
    world: pytest.MonkeyPatch, aws: dict[str, str]
) -> None:
    narrow(world, aws, "ledger_feed")
    for _ in ("once", "and again, as a stream may"):
        assert invoke("ledger_feed/played_round") == {"batchItemFailures": []}
    (record,) = event_of("ledger_feed/damaged_record")["Records"]
    failed = {"itemIdentifier": record["dynamodb"]["SequenceNumber"]}
    assert invoke("ledger_feed/damaged_record") == {"batchItemFailures": [failed]}
    for name, value in aws.items():
        world.setenv(name, value)
    told = json.loads(invoke("reports_api/history_of_player")["body"])["transactions"]
    assert [(row["action"], row["transactionId"], row["amount"]) for row in told] == [
        ("win", "win-1", "20.00"),
        ("bet", "bet-1", "10.00"),
        ("deposit", "deposit-1", "1000.00"),
    ]


def ask(like: str, resource: str, params: dict[str, str], body: dict[str, Any], **headers: str) -> Any:
    """A POST shaped like that payload; answers the document of its 200 or 201."""
    event = event_of(like)
    event |= {"resource": resource, "path": resource.format(**params), "httpMethod": "POST"}
    raw = json.dumps(body).encode()
    event |= {"pathParameters": params, "body": base64.b64encode(raw).decode(), "isBase64Encoded": True}
    event["headers"] |= headers
    event["multiValueHeaders"] |= {name: [value] for name, value in headers.items()}
    answer = load(like.partition("/")[0]).handler(event, Context())
    assert answer["statusCode"] in (200, 201), answer["body"]
    return json.loads(answer["body"])


@pytest.mark.usefixtures("world")
def test_the_payload_of_a_bet_moves_money_when_it_is_signed_now() -> None:
    """A payload on disk is stale for ever: the same bet with a session and a signature of this moment."""
    made = json.loads(invoke("players_api/create_player")["body"])
    player = {"id": made["id"]}
    secret = ask("dialects_api/put_wallet_unknown", "/integrations/{id}/wallet-secret", {"id": "demo"}, {})
    like = "players_api/create_player"
    money = {"transactionId": "cashier-1", "amount": "25.00"}
    ask(like, "/players/{id}/deposit", player, money, **{"Idempotency-Key": "deposit-1"})
    session = ask(
        like, "/players/{id}/sessions", player, {"device": "web"}, **{"Idempotency-Key": "session-1"}
    )
    body = json.loads(base64.b64decode(event_of("wallet_api/bet")["body"]))
    body |= {"sessionToken": session["sessionToken"]}
    key = base64.b64decode(secret["secret"].removeprefix("whsec_"))
    signed = signing.headers(key, "message-1", int(time.time()), json.dumps(body).encode())
    first = ask("wallet_api/bet", "/wallet/bet", {}, body, **signed)
    assert (first["status"], first["balance"], first["replay"]) == ("OK", "15.00", False)
    again = ask("wallet_api/bet", "/wallet/bet", {}, body, **signed)
    assert (again["balance"], again["replay"]) == ("15.00", True)


def test_the_ranker_has_nothing_to_rank_for_a_tournament_that_is_gone(
    world: pytest.MonkeyPatch, aws: dict[str, str]
) -> None:
    narrow(world, aws, "ranker")
    assert invoke("ranker/tournament_that_is_gone") == {"batchItemFailures": []}


def test_the_settler_has_nothing_to_do_for_a_tournament_that_is_gone(
    world: pytest.MonkeyPatch, aws: dict[str, str]
) -> None:
    narrow(world, aws, "settler")
    assert invoke("settler/unknown_tournament") == {"batchItemFailures": []}


def test_a_bell_of_a_tournament_that_is_gone_rings_nothing(
    world: pytest.MonkeyPatch, aws: dict[str, str]
) -> None:
    narrow(world, aws, "tournament_clock")
    assert invoke("tournament_clock/bell_of_unknown_tournament") == {"rung": 0}


def test_the_minute_sweep_finds_nothing_to_do_on_empty_tables(
    world: pytest.MonkeyPatch, aws: dict[str, str]
) -> None:
    narrow(world, aws, "tournament_clock")
    nothing = {"rung": 0, "driven": 0, "failed": 0, "queued": 0}
    assert invoke("tournament_clock/sweep") == nothing


def test_every_payload_is_run_and_every_function_has_one() -> None:
    others = {
        "authorizer",
        "certification_worker",
        "ledger_feed",
        "scorer",
        "ranker",
        "settler",
        "money_worker",
        "tournament_clock",
        "wallet_worker",
    }
    assert {c for c in CASES if c.partition("/")[0] not in others} == set(STATUS)
    assert {c.partition("/")[0] for c in CASES} == set(functions())


@pytest.mark.parametrize("case", sorted(STATUS))
def test_a_payload_has_the_shape_that_the_gateway_gives(case: str) -> None:
    event = event_of(case)
    routes = {
        (e["Properties"]["Method"], e["Properties"]["Path"])
        for e in functions()[case.partition("/")[0]]["Properties"]["Events"].values()
        if e["Type"] == "Api"
    }
    assert (event["httpMethod"], event["resource"]) in routes
    assert event["isBase64Encoded"] == (event["body"] is not None)
    assert set(event["multiValueHeaders"]) == set(event["headers"])
