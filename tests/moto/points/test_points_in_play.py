"""Points as the wallet's routes move them: bets, wins, rollbacks and deposits of real players, in both modes."""

from collections.abc import Iterator
from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.points import audit, play, reading, service
from pitboss.points.model import SCALE, Actor, Billing
from pitboss.tenancy.public import node
from pitboss.wallet.public import deposit, withdraw

from tests.provider_world import Provider, World, open_world
from tests.seamless_world import Seamless, open_seamless
from tests.tenancy_world import made

pytestmark = pytest.mark.moto
POINT = 100 * SCALE


@pytest.fixture(autouse=True)
def fresh(aws: dict[str, str]) -> Iterator[None]:
    play.forget()
    yield
    play.forget()


def fund(tenant_id: str, amount: str, **billing: Any) -> None:
    """Points from the mint for the agent, and its billing."""
    owner = node(tenant_id)
    assert owner is not None
    actor = Actor("key", owner.parent_id, "203.0.113.9")
    for target, kind in ((owner.parent_id, "mint"), (tenant_id, "transfer")):
        order = service.Order(kind, amount, "test")  # type: ignore[arg-type]
        service.move(owner.parent_id, target, order, transfer_id=new_ulid(), actor=actor, now=now_ms())
    wanted = Billing(**billing)
    service.put_billing(owner.parent_id, tenant_id, wanted, expect=0, actor=actor, now=now_ms())


def points(tenant_id: str) -> float:
    """The balance in whole points; every amount of these tests is one that a float holds exactly."""
    view = reading.fresh_view(tenant_id)
    assert audit.account(view) == []
    return view.balance / POINT


def opened(tenant_id: str) -> int:
    """Stakes in open rounds, in minor units."""
    return sum(part.opened for part in reading.fresh_view(tenant_id).slices)


# ---------------------------------------------------------------- transfer mode
def test_ggr_is_charged_with_the_bet_and_credited_with_the_win() -> None:
    world, provider = open_world()
    fund(world.tenant_id, "10", policy="ggr", rate_bps=5000)
    made(provider.bet("t1", "4.00"))
    assert (points(world.tenant_id), opened(world.tenant_id)) == (8.0, 400)
    made(provider.bet("t1", "4.00"))  # a repetition costs nothing
    made(provider.win("w1", "3.00", betTransactionId="t1", roundClosed=True))
    assert (points(world.tenant_id), opened(world.tenant_id)) == (9.5, 0)  # half of 4 - 3
    made(provider.bet("t2", "6.00", "r2"))
    made(provider.back("b2", "t2"))
    assert (points(world.tenant_id), opened(world.tenant_id)) == (9.5, 0)


def test_a_list_touches_points_once_for_all_its_actions() -> None:
    world, provider = open_world()
    fund(world.tenant_id, "10", policy="ggr", rate_bps=5000)
    rows = [
        {"action": "bet", "transactionId": "t1", "amount": "2"},
        {"action": "bet", "transactionId": "t2", "amount": "2"},
        {"action": "win", "transactionId": "w1", "amount": "1", "roundClosed": True},
    ]
    made(provider("transaction", actions=rows, roundId="r1", gameId=provider.game, currency="EUR"))
    assert (points(world.tenant_id), opened(world.tenant_id)) == (8.5, 0)


def test_without_points_bets_stop_and_wins_and_rollbacks_settle() -> None:
    world, provider = open_world()
    fund(world.tenant_id, "10", policy="ggr", rate_bps=10_000)
    made(provider.bet("t1", "6.00"))
    made(provider.bet("t2", "4.00", "r2"))
    refused = provider.bet("t3", "0.01", "r3")
    assert (refused.status, refused.body["code"], refused.name) == (402, 2005, "POINT_NOT_ENOUGH")
    assert refused.body["effect"] == "none"
    assert provider.balance() == "990.00"
    made(provider.back("b2", "t2"))
    made(provider.win("w1", "1.00", betTransactionId="t1", roundClosed=True))
    assert points(world.tenant_id) == 5.0
    assert provider.bet("t3", "0.01", "r3").name == "POINT_NOT_ENOUGH"  # a final no stays one


def test_face_value_in_transfer_mode_moves_with_deposits_only() -> None:
    world, provider = open_world(0)
    player = world.players["ann"]
    fund(world.tenant_id, "10", policy="face_value")
    now = now_ms()
    deposit(world.tenant_id, player, "d1", 1000, now=now, seed=new_ulid())
    assert points(world.tenant_id) == 0.0
    with pytest.raises(Refusal, match="points"):
        deposit(world.tenant_id, player, "d2", 1, now=now, seed=new_ulid())
    made(provider.bet("t1", "4.00"))  # the agent has none left; the player has
    made(provider.win("w1", "8.00", betTransactionId="t1", roundClosed=True))
    withdraw(world.tenant_id, player, "x1", None, now=now, seed=new_ulid())
    assert points(world.tenant_id) == 14.0


def test_frozen_points_pay_for_no_deposit_and_take_withdrawals() -> None:
    world, _ = open_world(0)
    player = world.players["ann"]
    fund(world.tenant_id, "10", policy="face_value")
    now = now_ms()
    deposit(world.tenant_id, player, "d1", 400, now=now, seed=new_ulid())
    owner = node(world.tenant_id)
    assert owner is not None
    actor = Actor("key", owner.parent_id, "203.0.113.9")
    service.change_status(owner.parent_id, owner.id, "frozen", reason="audit", actor=actor, now=now)
    with pytest.raises(Refusal, match="frozen"):
        deposit(world.tenant_id, player, "d2", 100, now=now, seed=new_ulid())
    withdraw(world.tenant_id, player, "x1", 300, now=now, seed=new_ulid())
    assert points(world.tenant_id) == 9.0


# ---------------------------------------------------------------- seamless mode
@pytest.fixture
def seamless(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seamless]:
    monkeypatch.setenv("DEMO_TOKEN", "look")
    with open_seamless() as made_:
        fund(made_.tenant_id, "10", policy="face_value", slices=3)
        yield made_


def test_face_value_follows_the_round(seamless: Seamless) -> None:
    made(seamless.provider.bet("t1", "4.00"))
    assert (points(seamless.tenant_id), opened(seamless.tenant_id)) == (6.0, 400)
    made(seamless.provider.win("w1", "5.00", betTransactionId="t1", roundClosed=True))
    assert (points(seamless.tenant_id), opened(seamless.tenant_id)) == (11.0, 0)


def test_what_the_operator_refuses_costs_no_points(seamless: Seamless) -> None:
    seamless.control(balance="1.00")
    assert seamless.provider.bet("t1", "4.00").name == "BALANCE_NOT_ENOUGH"
    assert (points(seamless.tenant_id), opened(seamless.tenant_id)) == (10.0, 0)


def test_a_bet_that_nobody_knows_holds_its_points_until_it_is_taken_back(seamless: Seamless) -> None:
    seamless.faults({"action": "bet", "userId": "ann", "kind": "drop-before", "times": 9})
    seamless.provider.bet("t1", "4.00")
    assert points(seamless.tenant_id) == 6.0
    seamless.work()
    seamless.work()
    assert seamless.due() == []
    assert (points(seamless.tenant_id), opened(seamless.tenant_id)) == (10.0, 0)


def test_without_points_the_operator_is_not_even_asked(seamless: Seamless) -> None:
    made(seamless.provider.bet("t1", "10.00"))
    calls = seamless.calls()
    assert seamless.provider.bet("t2", "1.00", "r2").name == "POINT_NOT_ENOUGH"
    assert seamless.calls() == calls


def test_a_rollback_that_the_operator_refuses_takes_its_points_again_even_if_none_are_left(
    seamless: Seamless,
) -> None:
    made(seamless.provider.bet("t1", "10.00"))
    seamless.faults(
        {"action": "rollback", "userId": "ann", "kind": "refuse", "name": "TX_NOT_FOUND", "times": 9}
    )
    seamless.provider.back("b1", "t1")
    seamless.work()
    assert points(seamless.tenant_id) in (0.0, 10.0)
    assert opened(seamless.tenant_id) == (1000 if points(seamless.tenant_id) == 0.0 else 0)


__all__ = ["Provider", "World"]
