"""The routes of money out, through API Gateway's shape of a request."""

from typing import Any

import pytest
from pitboss.contract.components import schemas
from pitboss.delivery.api import api as payouts_api
from pitboss.tenancy.api import api as tenancy_api
from standardwebhooks.webhooks import Webhook

from tests.money_world import World, demo_faults, http_server, make_world, prize
from tests.tenancy_world import Client, Reply, made, operator, root_client

pytestmark = pytest.mark.moto

LISTS = {"payouts": "/payouts", "debits": "/debits"}


def pages(client: Client, member: str, **query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        page = made(client("GET", LISTS[member], query=query or None))
        rows += page[member]
        if page["nextCursor"] is None:
            return rows
        query["cursor"] = page["nextCursor"]


def act(
    world: World, ref: str, action: str, body: Any = None, *, side: str = "payouts", key: str = ""
) -> Reply:
    return world.client("POST", f"/{side}/{{id}}/{action}", body, key=key, id=f"T1.{ref}")


def test_a_payout_waits_for_approval_and_is_then_sent(world: World) -> None:
    world.plan(prize("c"), approval="manual")
    assert world.work() == 0
    (planned,) = pages(world.client, "payouts", state="planned")
    assert (planned["payoutId"], planned["payoutRef"], planned["amount"]) == ("T1.c", "c", "50.00")
    approved = made(act(world, "c", "approve"))
    assert approved["state"] == "approved"
    assert approved["acts"][0]["action"] == "approve"
    assert approved["acts"][0]["by"]
    assert made(act(world, "c", "approve"))["version"] == approved["version"]
    world.now += 10_000
    world.work()
    assert made(act(world, "c", "approve"))["state"] == "confirmed"
    assert pages(world.client, "payouts", state="planned") == []
    assert world.balance()["balance"] == "1050.00"


def test_what_was_refused_is_sent_again_or_ended_by_hand(world: World) -> None:
    demo_faults({"kind": "html", "on": "payout"})
    world.plan(prize("a"))
    world.work()
    assert made(act(world, "a", "retry"))["nextAttemptAt"]
    world.now += 10_000
    world.work()
    assert world.movement("a", "payout").state == "confirmed"
    assert act(world, "a", "retry").name == "PAYOUT_STATE"

    demo_faults({"kind": "decline", "times": 2})
    world.plan(prize("b"), prize("c"))
    world.work()
    paid = {"outcome": "paid", "reason": "Paid in the back office", "transactionId": "bo-1"}
    ended = made(act(world, "b", "resolve", paid))
    assert (ended["state"], ended["transactionId"], ended["reason"]) == ("confirmed", "bo-1", paid["reason"])
    assert made(act(world, "b", "resolve", paid))["version"] == ended["version"]
    assert act(world, "b", "resolve", {**paid, "outcome": "cancelled"}).name == "PAYOUT_STATE"
    dropped = made(act(world, "c", "resolve", {"outcome": "cancelled", "reason": "Fraud"}))
    assert dropped["state"] == "reversed"
    heard = world.told_payouts
    world.now += 60_000
    world.work()
    assert world.told_payouts == heard + 2


def test_a_debit_in_the_manual_queue_is_ended_by_hand(world: World) -> None:
    from dataclasses import replace

    from pitboss.delivery import store

    demo_faults({"kind": "empty"})
    world.debit("d1")
    stuck = world.movement("d1")
    assert store.save(replace(stuck, state="manual", due_at=None, version=stuck.version + 1))
    (waiting,) = pages(world.client, "debits", state="manual")
    assert (waiting["debitId"], waiting["amount"], waiting["buyIn"], waiting["rake"]) == (
        "T1.d1",
        "11.00",
        "10.00",
        "1.00",
    )
    body = {"outcome": "cancelled", "reason": "Not in the casino's books"}
    assert made(act(world, "d1", "resolve", body, side="debits"))["state"] == "declined"
    world.now += 60_000
    world.work()
    assert world.told_debits == [("d1", "declined")]
    assert act(world, "d1", "retry", side="debits").name == "DEBIT_STATE"


def test_bad_bodies_and_ids_are_refused(world: World) -> None:
    world.plan(prize("c"), approval="manual")
    for body in (
        {},
        {"outcome": "paid"},
        {"outcome": "maybe", "reason": "because"},
        {"outcome": "paid", "reason": "x"},
        {"outcome": "paid", "reason": "a\u0000bc"},
        {"outcome": "paid", "reason": "abc", "transactionId": ""},
        {"outcome": "paid", "reason": "abc", "more": 1},
    ):
        assert act(world, "c", "resolve", body).name == "VALIDATION_ERROR"
    assert act(world, "c", "resolve", {"outcome": "paid", "reason": "because"}).name == "PAYOUT_STATE"
    for wrong in ("c", "T1.", ".c", "T1.x", "T2.c", "T1", "DEBIT#c", "T1#c"):
        assert world.client("POST", "/payouts/{id}/approve", id=wrong).name == "PAYOUT_NOT_FOUND"
        assert world.client("POST", "/debits/{id}/retry", id=wrong).name == "DEBIT_NOT_FOUND"


def test_an_act_is_once_per_idempotency_key(world: World) -> None:
    world.plan(prize("c"), approval="manual")
    first = act(world, "c", "approve", key="k1")
    again = act(world, "c", "approve", key="k1")
    assert again.body == first.body
    assert again.headers["Idempotency-Replayed"] == "true"


def test_lists_are_filtered_and_paged(world: World) -> None:
    for number in range(7):
        world.now += 1
        world.plan(prize(f"p{number}", player=f"u{number % 2}"), approval="manual" if number < 5 else "auto")
    world.debit("d1")
    world.debit("d2", amount=10**6)
    world.refund("d1", "r1")
    world.work()
    own = world.client

    def refs(member: str = "payouts", **query: str) -> list[str]:
        return [row[f"{member[:-1]}Ref"] for row in pages(own, member, **query)]

    newest_first = [f"p{n}" for n in reversed(range(7))]
    assert refs() == refs(limit="2") == newest_first
    assert refs(tournamentId="T1") == refs(tournamentId="T1", limit="3") == newest_first[::-1]
    assert refs(state="planned", limit="2") == ["p0", "p1", "p2", "p3", "p4"]
    assert refs(state="planned", tournamentId="T1") == ["p0", "p1", "p2", "p3", "p4"]
    assert refs(state="confirmed", limit="1") == ["p6", "p5"]
    assert refs(playerId="u0", limit="2") == ["p6", "p4", "p2", "p0"]
    assert refs(playerId="u1", tournamentId="T1", state="confirmed", limit="1") == ["p5"]
    assert refs(tournamentId="T9") == refs(state="manual") == []
    assert sorted(refs("debits")) == ["d1", "d2", "r1"]
    assert refs("debits", state="declined") == ["d2"]
    assert refs("debits", state="refunded") == ["d1"]


def test_a_cursor_goes_on_with_its_own_question_only(world: World) -> None:
    world.plan(*(prize(f"p{n}") for n in range(3)), approval="manual")
    own = world.client

    def cursor(**query: str) -> str:
        return str(made(own("GET", "/payouts", query={"limit": "1", **query}))["nextCursor"])

    kept = {"": cursor(), "state": cursor(state="planned"), "tournamentId": cursor(tournamentId="T1")}
    for made_for, text in kept.items():
        for asked in ({}, {"state": "planned"}, {"tournamentId": "T1"}, {"playerId": "p1"}):
            if made_for not in (next(iter(asked), ""),):
                assert own("GET", "/payouts", query={"cursor": text, **asked}).name == "CURSOR_INVALID"
        assert own("GET", "/debits", query={"cursor": text}).name == "CURSOR_INVALID"
    for text in ("x", "!!!!", "AAAA", "e30", "W10", "bnVsbA", "WzFd", "a" * 999, "é"):
        assert own("GET", "/payouts", query={"cursor": text}).name == "CURSOR_INVALID"
    assert own("GET", "/payouts", query={"state": "lost"}).name == "PARAMETERS_INVALID"


def test_another_tenant_sees_and_moves_nothing(world: World) -> None:
    world.plan(prize("c"), approval="manual")
    world.debit("d1")
    _, other = operator(root_client(tenancy_api), "Other")
    theirs = Client(payouts_api, other.token)
    assert pages(theirs, "payouts") == pages(theirs, "payouts", tournamentId="T1") == []
    assert pages(theirs, "debits", tournamentId="T1") == pages(theirs, "payouts", state="planned") == []
    for action in ("approve", "retry"):
        assert theirs("POST", f"/payouts/{{id}}/{action}", id="T1.c").status == 404
    mine = made(world.client("GET", "/payouts", query={"limit": "1", "state": "planned"}))["nextCursor"]
    if mine:
        assert theirs("GET", "/payouts", query={"cursor": mine, "state": "planned"}).name == "CURSOR_INVALID"


def test_scopes_guard_the_routes(world: World) -> None:
    admin = Client(tenancy_api, world.client.token)
    settings = {"name": "reader", "scopes": ["results.read"]}
    key = made(admin("POST", "/api-keys", settings))
    reader = Client(payouts_api, key["token"])
    world.plan(prize("c"), approval="manual")
    assert made(reader("GET", "/payouts"))["payouts"]
    assert reader("POST", "/payouts/{id}/approve", id="T1.c").name == "PERMISSION_ERROR"
    assert reader("GET", "/callback-secret").name == "PERMISSION_ERROR"


def test_the_secret_that_is_shown_is_the_one_that_signs(aws: dict[str, str]) -> None:
    from tests.money_world import forget_secrets

    forget_secrets()
    heard: list[tuple[dict[str, str], bytes]] = []

    def script(_: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        heard.append((headers, body))
        return 200, "application/json", b'{"status":"ok"}' if len(heard) > 1 else b""

    with http_server(script) as url:
        world = make_world(url)
        world.plan(prize("c"))
        world.work()
        world.now += 10_000
        world.work()
    shown = made(world.client("GET", "/callback-secret"))["secret"]
    assert len(heard) == 2
    assert heard[0][1] == heard[1][1]  # the same bytes on every attempt
    for headers, body in heard:
        assert headers["webhook-id"] == "c"
        assert Webhook(shown).verify(body.decode(), headers)["ref"] == "c"
    _, other = operator(root_client(tenancy_api), "Other")
    assert made(Client(payouts_api, other.token)("GET", "/callback-secret"))["secret"] != shown
    forget_secrets()


def test_answers_are_what_the_document_says(world: World) -> None:
    import jsonschema

    demo_faults({"kind": "decline", "on": "payout"})
    world.plan(prize("a"), prize("b", kind="bonus"), prize("c", -5))
    world.debit("d1")
    world.refund("d1", "r1")
    world.refund("never", "r2")
    world.work()
    module = "pitboss.delivery.schemas"
    answers = {"payouts": f"{module}:PayoutList", "debits": f"{module}:DebitList"}
    models, _, refs = schemas([], answers.values())
    for member, model in answers.items():
        whole = {"$ref": refs[model], "components": {"schemas": models}}
        answer = made(world.client("GET", LISTS[member]))
        assert len(answer[member]) == 3
        jsonschema.validate(answer, whole)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**answer, member: [{}]}, whole)
