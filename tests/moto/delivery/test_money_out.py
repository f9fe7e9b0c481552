"""Debits, refunds and payouts against the demo casino, over HTTP."""

import json
from typing import Any

import pytest
from pitboss.delivery import public, service, store
from pitboss.delivery.model import FreeRounds
from pitboss.kernel.refusal import Refusal
from pitboss.platform.dynamo import TransactionRefused, transact

from tests.money_world import World, demo_faults, demo_get, prize

pytestmark = pytest.mark.moto


def told() -> list[dict[str, Any]]:
    """What the casino was told."""
    found = demo_get("/demo-operator/transactions", {"tournamentId": "T1"})
    rows: list[dict[str, Any]] = found["transactions"]
    return rows


# ---------------------------------------------------------------- debits
def test_a_debit_is_taken_once_and_its_tournament_hears_of_it(world: World) -> None:
    outcome = world.debit("d1")
    assert (outcome.state, outcome.ref) == ("confirmed", "d1")
    assert world.balance()["balance"] == "989.00"
    assert outcome.transaction_id == told()[0]["transactionId"]
    for _ in range(3):
        assert world.debit("d1") == outcome
    assert public.debit_outcome(world.tenant, "T1", "d1") == outcome
    assert len(told()) == 1
    assert not world.due()  # the asker is expected to act on the answer itself
    world.now += 31_000
    world.work_until_quiet()
    assert world.told_debits == [("d1", "confirmed")]
    assert world.movement("d1").told


def test_a_tournament_that_heard_in_its_own_transaction_is_not_told_again(world: World) -> None:
    born, op = world.born("d1")
    transact([op])
    outcome, ended = public.ask(born, world.now)
    assert ended is not None
    assert (outcome.state, world.movement("d1").state) == ("confirmed", "requested")
    transact([public.heard_op(ended)])
    assert world.movement("d1").told
    world.now += 61_000
    assert world.work() == 0
    assert world.debit("d1") == outcome
    assert len(told()) == 1
    with pytest.raises(TransactionRefused):
        transact([public.heard_op(ended)])
    with pytest.raises(TransactionRefused):
        transact([op])


@pytest.mark.parametrize("sent", [True, False])
def test_a_debit_whose_asker_died_is_asked_for_again_with_the_same_reference(
    world: World, sent: bool
) -> None:
    born, op = world.born("d1")
    transact([op])
    if sent:
        public.ask(born, world.now)
    assert world.debit("d1").state == "unknown"  # leased to who died
    assert not world.due()
    world.now += 46_000
    world.work_until_quiet()
    assert world.told_debits == [("d1", "confirmed")]
    assert world.balance()["balance"] == "989.00"
    assert [row["ref"] for row in told()] == ["d1"]


def test_an_end_that_could_not_be_acted_upon_is_kept_and_told_later(world: World) -> None:
    born, op = world.born("d1")
    transact([op])
    outcome, ended = public.ask(born, world.now)
    assert ended is not None
    assert public.keep(ended) == outcome
    world.now += 31_000
    world.work_until_quiet()
    assert world.told_debits == [("d1", "confirmed")]


def test_an_end_that_came_after_the_debit_was_undone_buys_nothing(world: World) -> None:
    born, op = world.born("d1")
    transact([op])
    outcome, ended = public.ask(born, world.now)
    assert ended is not None
    assert public.refund(world.tenant, "T1", debit_ref="d1", refund_ref="r1", reason="void", now=world.now)
    with pytest.raises(TransactionRefused):
        transact([public.heard_op(ended)])
    assert (outcome.state, public.keep(ended).state) == ("confirmed", "declined")
    world.work_until_quiet()
    assert world.balance()["balance"] == "1000.00"


def test_a_place_in_the_list_without_a_debit_is_passed_over(world: World) -> None:
    world.born("d0")  # its reservation was refused
    world.debit("d1")
    shown, more = store.of_tenant(world.tenant, "debit", before=None, limit=10)
    assert ([movement.ref for _, movement in shown], more) == (["d1"], False)


def test_a_player_without_the_money_is_declined_for_good(world: World) -> None:
    outcome = world.debit("d1", amount=100_000)
    assert (outcome.state, outcome.reason) == ("declined", "BALANCE_NOT_ENOUGH")
    assert world.balance()["balance"] == "1000.00"
    assert world.debit("d1", amount=100_000).state == "declined"
    assert [row["status"] for row in told()] == ["declined"]


def test_a_reference_is_one_debit(world: World) -> None:
    world.debit("d1")
    for other in ({"amount": 1001}, {"rake": 0}, {"kind": "rebuy"}, {"player_id": "p2"}, {"currency": "USD"}):
        with pytest.raises(Refusal) as refused:
            world.debit("d1", **other)
        assert refused.value.name == "CONFLICT"
    assert world.balance()["balance"] == "989.00"


@pytest.mark.parametrize("kind", ["error500", "html", "empty", "malformed"])
@pytest.mark.parametrize("commit", [True, False])
def test_an_answer_that_says_nothing_is_asked_for_again_with_the_same_reference(
    world: World, kind: str, commit: bool
) -> None:
    demo_faults({"kind": kind, "commit": commit})
    assert world.debit("d1").state == "unknown"
    assert world.debit("d1").state == "unknown"  # not due yet: nothing is sent
    assert len(told()) == commit
    world.now += 8_000
    world.work()
    assert world.movement("d1").state == "confirmed"
    assert [a.outcome for a in world.movement("d1").attempts] == ["unknown", "confirmed"]
    assert world.told_debits == [("d1", "confirmed")]
    assert world.balance()["balance"] == "989.00"
    assert len(told()) == 1


def test_asking_again_when_it_is_due_drives_it_without_the_worker(world: World) -> None:
    demo_faults({"kind": "empty"})
    assert world.debit("d1").state == "unknown"
    world.now += 8_000
    assert world.debit("d1").state == "confirmed"


def test_without_a_callback_the_player_gets_a_plain_no(world: World) -> None:
    from pitboss.tenancy.api import api as tenancy_api

    from tests.tenancy_world import Client, made

    own = Client(tenancy_api, world.client.token)
    made(own("PUT", "/settings", {"version": 1}))
    outcome = world.debit("d1")
    assert outcome.state == "declined"
    assert "no callback URL" in outcome.reason
    world.plan(prize("p"))
    world.work()
    assert world.movement("p", "payout").state == "unknown"  # owed: it waits for the URL


# ---------------------------------------------------------------- refunds
def test_a_confirmed_debit_is_given_back_with_its_rake(world: World) -> None:
    world.debit("d1")
    assert world.refund("d1", "r1") is True
    assert world.refund("d1", "r1") is True
    assert world.movement("d1").state == "refunding"
    assert public.debit_outcome(world.tenant, "T1", "d1").state == "declined"  # type: ignore[union-attr]
    world.work()
    assert world.movement("d1").state == "refunded"
    assert world.movement("r1").state == "confirmed"
    assert world.balance()["balance"] == "1000.00"
    assert [row["type"] for row in told()] == ["debit", "refund"]
    world.now += 31_000
    world.work_until_quiet()
    assert world.told_debits[-1] == ("d1", "declined")


@pytest.mark.parametrize("commit", [True, False])
def test_a_debit_of_unknown_end_is_undone_whichever_it_was(world: World, commit: bool) -> None:
    demo_faults({"kind": "html", "commit": commit})
    assert world.debit("d1").state == "unknown"
    assert world.refund("d1", "r1") is True
    world.work_until_quiet()
    assert world.movement("d1").state == "refunded"
    assert world.balance()["balance"] == "1000.00"
    assert world.debit("d1").state == "declined"  # the reference is spent


def test_a_late_sender_of_an_undone_debit_takes_nothing(world: World) -> None:
    """The attempt is held back until the refund has been through: the casino has the reference in its grave."""
    from pitboss.delivery import gateway, rules

    demo_faults({"kind": "html"})
    world.debit("d1")
    late = rules.claim(world.movement("d1"), world.now)
    world.refund("d1", "r1")
    world.work()
    assert world.movement("d1").state == "refunded"
    reply = gateway.deliver(late, world.now, local=True)
    assert (reply.verdict, reply.detail) == ("declined", "CANCELLED")
    assert not store.save(rules.after_attempt(late, reply, world.now))
    assert world.balance()["balance"] == "1000.00"


def test_a_debit_that_was_never_sent_is_buried(world: World) -> None:
    assert world.refund("never", "r1") is False
    assert world.debit("never").state == "declined"
    assert told() == []
    assert world.refund("never", "r1") is False


def test_a_declined_debit_needs_no_refund(world: World) -> None:
    world.debit("d1", amount=100_000)
    assert world.refund("d1", "r1") is False
    assert store.load(world.tenant, "T1", "refund", "r1") is None


def test_the_casino_gives_a_debit_back_once(world: World) -> None:
    from dataclasses import replace

    from pitboss.delivery import gateway, rules

    world.debit("d1")
    world.refund("d1", "r1")
    world.work()
    second = replace(world.movement("r1"), ref="r2")
    reply = gateway.deliver(rules.claim(replace(second, state="approved"), world.now), world.now, local=True)
    assert (reply.verdict, reply.detail) == ("declined", "ALREADY_REFUNDED")
    assert world.balance()["balance"] == "1000.00"


# ---------------------------------------------------------------- payouts
def test_prizes_of_every_kind_arrive(world: World) -> None:
    lines = [
        prize("c"),
        prize("b", 700, kind="bonus"),
        prize("f", 0, kind="free_rounds", free_rounds=FreeRounds(20, 10, "lucky-sevens", 48)),
    ]
    world.plan(*lines)
    assert not public.all_settled(world.tenant, "T1")
    world.work()
    assert public.all_settled(world.tenant, "T1")
    assert {p.ref: p.state for p in public.payouts_of(world.tenant, "T1")} == dict.fromkeys(
        "bcf", "confirmed"
    )
    assert world.balance() == {"currency": "EUR", "balance": "1050.00", "bonus": "7.00", "freeRounds": 20}
    assert world.told_payouts == 3
    world.plan(*lines)
    world.work_until_quiet()
    assert world.balance()["balance"] == "1050.00"
    assert len(told()) == 3


def test_a_plan_is_not_changed_by_planning_again(world: World) -> None:
    world.plan(prize("c"), approval="manual")
    world.plan(prize("c"), prize("d"), approval="manual")
    assert {p.ref: p.state for p in public.payouts_of(world.tenant, "T1")} == {"c": "planned", "d": "planned"}
    for wrong in (prize("c", 5001), prize("c", kind="bonus"), prize("c", player="p2")):
        with pytest.raises(Refusal) as refused:
            world.plan(wrong, approval="manual")
        assert refused.value.name == "CONFLICT"
    with pytest.raises(Refusal):
        world.plan(prize("x"), prize("x"))
    assert world.work() == 0


def test_many_payouts_are_planned_in_few_transactions(world: World) -> None:
    lines = [prize(f"p{n:03}", 100, player=f"u{n}") for n in range(54)]
    world.plan(*lines[:3], approval="manual")
    world.plan(*lines, approval="manual")
    assert [p.ref for p in public.payouts_of(world.tenant, "T1")] == [line.ref for line in lines]


def test_a_refused_payout_waits_for_a_person(world: World) -> None:
    demo_faults({"kind": "decline", "on": "payout"})
    world.plan(prize("c"))
    world.work()
    assert world.movement("c", "payout").state == "rejected"
    assert world.movement("c", "payout").reason == "DECLINED_BY_ORDER"
    assert public.all_settled(world.tenant, "T1")


def test_a_conflict_is_neither_yes_nor_no(world: World) -> None:
    from dataclasses import replace

    world.plan(prize("c"))
    world.work()
    stands = world.movement("c", "payout")
    assert stands.terms is not None
    other = replace(
        stands,
        state="approved",
        due_at=world.now,
        told=True,
        version=stands.version + 1,
        terms=replace(stands.terms, amount=1),
    )
    assert store.save(other)
    world.work()
    assert world.movement("c", "payout").state == "manual"
    assert world.balance()["balance"] == "1050.00"


def test_a_casino_that_is_gone_for_a_day_leaves_a_visible_queue(world: World) -> None:
    demo_faults({"kind": "html", "times": 1000})
    world.plan(prize("c"))
    world.work()
    while not world.movement("c", "payout").at_rest:
        world.now = max(world.now + 1000, world.movement("c", "payout").due_at or 0)
        assert world.work() <= 1
    last = world.movement("c", "payout")
    assert last.state == "manual"
    assert world.now - last.created_at >= 24 * 3_600_000
    assert len(last.attempts) >= 17
    assert {a.outcome for a in last.attempts} == {"unknown"}
    world.work_until_quiet()
    assert [m.ref for m in store.waiting(world.tenant, "payout", "manual", after=None, limit=10)] == ["c"]


# ---------------------------------------------------------------- queue and sweeper
def queued() -> list[dict[str, Any]]:
    from pitboss.platform.aws import sqs
    from pitboss.platform.settings import setting

    found: list[dict[str, Any]] = []
    while True:
        answer = sqs().receive_message(QueueUrl=setting("MONEY_QUEUE_URL"), MaxNumberOfMessages=10)
        if "Messages" not in answer:
            return found
        found += [json.loads(m["Body"]) for m in answer["Messages"]]


def test_every_planned_payout_is_queued_and_the_sweeper_finds_what_was_lost(world: World) -> None:
    world.plan(*(prize(f"p{n}") for n in range(23)))
    assert sorted(m["ref"] for m in queued()) == sorted(f"p{n}" for n in range(23))
    assert service.sweep(world.now) == 0  # the messages are most likely on their way
    world.now += service.SWEEP_GRACE_MS
    assert service.sweep(world.now) == 23
    assert len(queued()) == 23
    world.work_until_quiet()
    assert service.sweep(world.now) == 0


def test_a_queue_that_cannot_be_reached_costs_time_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONEY_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/none")
    world.plan(prize("c"))
    demo_faults({"kind": "html", "on": "debit"})
    assert world.debit("d1").state == "unknown"
    world.work_until_quiet()
    assert world.movement("c", "payout").state == "confirmed"
    assert world.movement("d1").state == "confirmed"


def test_the_worker_reports_only_the_messages_that_failed(world: World) -> None:
    from pitboss.delivery.gateway import message_body
    from pitboss.delivery.worker import build

    world.plan(prize("good"), prize("bad"))
    heard = []

    def on_payout(tenant: str, tournament: str, ref: str) -> None:
        heard.append(ref)
        if len(heard) == 1:
            raise RuntimeError("the tournament's table is away")

    handler = build(world.on_debit, on_payout)
    records = [
        {"messageId": "m1", "body": message_body(world.movement("good", "payout"))},
        {"messageId": "m2", "body": message_body(world.movement("bad", "payout"))},
        {"messageId": "m3", "body": "not json"},
        {
            "messageId": "m4",
            "body": json.dumps({**json.loads(message_body(world.movement("bad", "payout"))), "ref": "gone"}),
        },
    ]
    answer = handler({"Records": records}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m3"}]}
    assert [world.movement(r, "payout").told for r in ("good", "bad")] == [False, True]
    assert handler({"Records": records[:1]}, None) == {"batchItemFailures": []}
    assert world.movement("good", "payout").told
    assert len(told()) == 2


def test_the_worker_gives_back_what_it_has_no_time_for(world: World) -> None:
    from pitboss.delivery.gateway import message_body
    from pitboss.delivery.worker import build

    left = [30_000, 5_000]

    class Context:
        aws_request_id = "r"

        def get_remaining_time_in_millis(self) -> int:
            return left.pop(0)

    world.plan(prize("a"), prize("b"))
    records = [{"messageId": ref, "body": message_body(world.movement(ref, "payout"))} for ref in ("a", "b")]
    answer = build(world.on_debit, world.on_payout)({"Records": records}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "b"}]}
    assert [world.movement(ref, "payout").state for ref in ("a", "b")] == ["confirmed", "approved"]
