"""A refusal by the agent's points is as final for a bet's id as any other, wherever it comes out."""

from collections.abc import Iterator

import pytest
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.points import play, service
from pitboss.points.model import Actor, Billing
from pitboss.tenancy.public import node
from pitboss.wallet.public import TxKey, read_tx

from tests.provider_world import INTEGRATION, World, open_world
from tests.tenancy_world import made

pytestmark = pytest.mark.moto


@pytest.fixture(autouse=True)
def _fresh(aws: dict[str, str]) -> Iterator[None]:
    play.forget()
    yield
    play.forget()


def fund(world: World, amount: str) -> None:
    """More points for the agent."""
    owner = node(world.tenant_id)
    assert owner is not None
    actor = Actor("key", owner.parent_id, "203.0.113.9")
    for target, kind in ((owner.parent_id, "mint"), (world.tenant_id, "transfer")):
        order = service.Order(kind, amount, "test")  # type: ignore[arg-type]
        service.move(owner.parent_id, target, order, transfer_id=new_ulid(), actor=actor, now=now_ms())
    play.forget()


def test_a_refusal_by_the_slices_is_final_too() -> None:
    world, provider = open_world()
    owner = node(world.tenant_id)
    assert owner is not None
    fund(world, "10")
    actor = Actor("key", owner.parent_id, "203.0.113.9")
    wanted = Billing(policy="ggr", rate_bps=10_000)
    service.put_billing(owner.parent_id, world.tenant_id, wanted, expect=0, actor=actor, now=now_ms())
    short = provider.bet("t1", "10.01")
    assert (short.status, short.name) == (402, "POINT_NOT_ENOUGH")
    stored = read_tx(world.tenant_id, TxKey(INTEGRATION, "bet", "t1"))
    assert stored is not None
    assert (stored.state, stored.refusal) == ("REFUSED", "POINT_NOT_ENOUGH")
    fund(world, "100")
    again = provider.bet("t1", "10.01")
    assert (again.name, again.body["replay"]) == ("POINT_NOT_ENOUGH", True)
    assert made(provider.bet("t2", "10.01"))["balance"] == "989.99"
