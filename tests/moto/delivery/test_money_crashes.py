"""A process that dies before or after any single call to AWS: nothing is lost, nothing moves twice.

Each flow is run once per call and side with a death there, until it lives through; after each death another process
(the worker, with time passing) finishes whatever the records say is to be done.
"""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient
from pitboss.delivery import gateway, store
from pitboss.delivery.model import PayoutLine
from pitboss.platform.clock import now_ms
from pitboss.tenancy import standing

from tests.money_world import World, demo_faults, demo_get, prize

pytestmark = pytest.mark.moto


class Died(BaseException):
    """The process is gone; nothing of ours may catch it."""


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> Iterator[list[str]]:
    """The calls to AWS of this thread (the casino's are its own affair); the one numbered `at` is the last."""
    calls: list[str] = []
    real = BaseClient._make_api_call
    mine = threading.get_ident()

    def counted(self: BaseClient, operation: str, parameters: Any) -> Any:
        if threading.get_ident() != mine:
            return real(self, operation, parameters)
        calls.append(operation)
        if len(calls) > at:
            raise Died  # dead is dead
        if len(calls) == at and not after:
            raise Died
        answer = real(self, operation, parameters)
        if len(calls) == at:
            raise Died
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", counted)
        try:
            yield calls
        except Died:
            return


def debit(world: World) -> None:
    world.debit(f"{world.tournament}-d")


def refund(world: World) -> None:
    world.refund(f"{world.tournament}-d", f"{world.tournament}-r")
    world.work()


def prizes(world: World) -> list[PayoutLine]:
    name, player = world.tournament, world.player
    return [prize(f"{name}-p", player=player), prize(f"{name}-q", 700, player=player, kind="bonus")]


def payouts(world: World) -> None:
    world.plan(*prizes(world))
    world.work()


def orders(world: World) -> list[tuple[str, str]]:
    rows = demo_get("/demo-operator/transactions", {"tournamentId": world.tournament})["transactions"]
    return [(row["ref"].partition("-")[2], row["status"]) for row in rows]


def state(world: World, name: str, family: Any = "debit") -> str:
    return world.movement(f"{world.tournament}-{name}", family).state


def every_death(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    flow: Callable[[World], None],
    *,
    before: Callable[[World], None] | None = None,
) -> Iterator[str]:
    """The world after a death of the flow at each call and side, in a fresh tournament each with a fresh player, until
    the flow lives through."""
    for at in itertools.count(1):
        for after in (False, True):
            world.tournament = f"T{at}{'after' if after else 'before'}"
            world.player = f"player-{world.tournament}"
            world.now = now_ms()
            if before is not None:
                before(world)
            # What an execution environment remembers would hide calls.
            standing.forget()
            gateway._master.cache_clear()
            with dying(monkeypatch, at, after=after) as calls:
                flow(world)
            died = len(calls) >= at
            world.now += 46_000  # a lease has run out
            yield world.tournament
        if not died:
            assert at > 4
            return


def lost_answer(world: World) -> None:
    demo_faults({"kind": "html", "commit": True}, tournament=world.tournament)


def debit_of_unknown_end(world: World) -> None:
    lost_answer(world)
    debit(world)


@pytest.mark.parametrize("before", [None, lost_answer], ids=["plain", "answer_lost"])
def test_a_debit_survives_any_death(
    world: World, monkeypatch: pytest.MonkeyPatch, before: Callable[[World], None] | None
) -> None:
    for case in every_death(world, monkeypatch, debit, before=before):
        world.work()
        debit(world)  # the saga's own repair: ask again
        world.work_until_quiet()
        assert (case, state(world, "d")) == (case, "confirmed")
        assert (case, world.balance()["balance"]) == (case, "989.00")
        assert (case, orders(world)) == (case, [("d", "confirmed")])
        assert world.movement(f"{case}-d").told


@pytest.mark.parametrize("before", [debit, debit_of_unknown_end])
def test_a_refund_survives_any_death(
    world: World, monkeypatch: pytest.MonkeyPatch, before: Callable[[World], None]
) -> None:
    for case in every_death(world, monkeypatch, refund, before=before):
        world.refund(f"{case}-d", f"{case}-r")
        world.work_until_quiet()
        assert (case, state(world, "d"), state(world, "r")) == (case, "refunded", "confirmed")
        assert (case, world.balance()["balance"]) == (case, "1000.00")
        assert (case, orders(world)) == (case, [("d", "confirmed"), ("r", "confirmed")])


def test_payouts_survive_any_death(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for case in every_death(world, monkeypatch, payouts):
        world.plan(*prizes(world))  # settlement resumes and plans again
        world.work_until_quiet()
        assert (case, state_or_none(world)) == (case, ["confirmed", "confirmed"])
        wallet = world.balance()
        assert (case, wallet["balance"], wallet["bonus"]) == (case, "1050.00", "7.00")
        assert (case, orders(world)) == (case, [("p", "confirmed"), ("q", "confirmed")])
        assert all(world.movement(f"{case}-{name}", "payout").told for name in "pq")


def state_or_none(world: World) -> list[str]:
    found = [
        store.load(world.tenant, world.tournament, "payout", f"{world.tournament}-{name}") for name in "pq"
    ]
    return [movement.state for movement in found if movement is not None]
