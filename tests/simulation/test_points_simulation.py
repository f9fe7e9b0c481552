"""Points under races and deaths: random trees, movements, billing, draws; every sum holds after every single write."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from pitboss.kernel.ids import ulid
from pitboss.kernel.refusal import Refusal
from pitboss.platform import dynamo
from pitboss.points import audit, play, reading, service
from pitboss.points.model import SCALE, Actor, Billing
from pitboss.points.public import PLAY_ATTEMPTS, Play, balances, make_room, may_bet, play_ops
from pitboss.tenancy.public import Node

from tests.simulation.points_table import Death, PointsTable, Turns

pytestmark = pytest.mark.simulation

START = 1_790_000_000_000
POINT = 100 * SCALE  # one unit of a currency with two decimals
FLOOR = 20 * POINT
PROCESSES, OPERATIONS = 4, 40


class World:
    """A tree, a table, and what the wallet would have recorded."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.now = START
        self.count = 0
        self.nodes: dict[str, Node] = {}
        self.table = PointsTable(self.rng)
        self.turns = Turns(self.rng)
        self.deaths = 0
        self.done: dict[str, int] = {}
        self.guarded: set[str] = set()
        self.root = self.grow("root", None)
        tops = [self.grow("operator", self.root) for _ in range(self.rng.randint(1, 2))]
        self.agents = [self.grow("agent", self.rng.choice([self.root, *tops])) for _ in range(3)]
        self.table.step = self.turn
        self.table.written = self.look

    def grow(self, kind: Any, parent: Node | None) -> Node:
        one = f"N{len(self.nodes)}"
        path = f"{parent.path if parent else '/'}{one}/"
        node = Node(one, one, kind, parent.id if parent else "", path, "EUR", "active", START)
        self.nodes[one] = node
        return node

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """This tree and this table instead of DynamoDB's."""
        nodes = patch.multiple(reading, node=self.nodes.get, exponent=lambda *_: 2)
        with self.table.in_place(), nodes:
            yield

    def id(self) -> str:
        self.count += 1
        return ulid(self.now, self.count.to_bytes(10))

    def turn(self) -> None:
        """One step of one process; outside of the threads (checks) nobody waits."""
        name = threading.current_thread().name
        if name.isdigit():
            self.turns.step(int(name))
            self.now += self.rng.choice([1, 40, 900])

    # -- what must hold after every write
    def look(self) -> None:
        items = self.table.items
        mains = {pk[4:]: item for (pk, sk), item in items.items() if sk == "MAIN"}
        slices = [(pk, item) for (pk, sk), item in items.items() if sk == "SLICE"]
        total = sum(number(item, "free") for item in mains.values())
        total += sum(number(item, "amount") for _, item in slices)
        played = sum(number(item, "net") for (pk, _), item in items.items() if pk == "WALLET")
        root = mains.get(self.root.id)
        minted = number(root["totals"]["M"], "minted") - number(root["totals"]["M"], "burned") if root else 0
        assert total == minted + played, "points came from nowhere or went there"
        assert all(number(item, "amount") >= 0 for _, item in slices), "a slice is overspent"
        for node_id, main in mains.items():
            assert number(main, "free") >= 0
            if node_id in self.guarded:
                assert number(main, "free") >= FLOOR, "the floor was touched"

    # -- the wallet
    def wallet(self, agent: str, player: str, tx_id: str, what: Play) -> str:
        """One wallet transaction, as the wallet writes it: its own record and the points, together or not at all."""
        for _ in range(PLAY_ATTEMPTS):
            ops = play_ops(agent, player, what, self.now)
            net = int(ops[0]["Update"]["ExpressionAttributeValues"][":0"]["N"]) if ops else 0
            record = {"pk": "WALLET", "sk": tx_id, "agent": agent, "net": net}
            try:
                dynamo.transact([dynamo.put_op("ledger", record, condition="absent"), *ops])
            except dynamo.TransactionRefused as refused:
                if refused.refused(0):
                    return "replay"
                refusal = make_room(agent, player, what, self.now)
                if refusal is not None:
                    return refusal.name
            else:
                return "done"
        return "SERVER_IS_BUSY"


def number(item: dict[str, Any], name: str) -> int:
    return int(item.get(name, {"N": "0"})["N"])


def lasting(world: World, work: Callable[[], Any]) -> Callable[[], None]:
    """A client that repeats its call with the same ids until the process that serves it lives to answer."""

    def run() -> None:
        while True:
            try:
                work()
            except Death:
                world.deaths += 1
                play.forget()
            except Refusal as refusal:
                if refusal.name != "SERVER_IS_BUSY":
                    return
            else:
                return

    return run


def operations(world: World, rng: Random) -> Callable[[], None]:
    """What one process does: random calls, each under its own id."""
    todo: list[Callable[[], Any]] = []
    for _ in range(OPERATIONS):
        node = rng.choice([n for n in world.nodes.values() if n.parent_id])
        agent, player = rng.choice(world.agents), f"p{rng.randint(0, 9)}"
        one, amount = world.id(), rng.randint(1, 60)
        match rng.choice(
            ["down", "down", "back", "mint", "burn", "all", "bet", "bet", "bet", "bet", "win", "shape"]
        ):
            case "down":
                todo.append(mover(world, node.parent_id, node.id, "transfer", str(amount), one))
            case "back":
                todo.append(mover(world, node.parent_id, node.id, "return", str(amount), one))
            case "all":
                todo.append(mover(world, node.id, node.id, "return", None, one))
            case "mint" | "burn" as kind:
                todo.append(mover(world, world.root.id, world.root.id, kind, str(amount), one))
            case "bet":
                todo.append(better(world, agent.id, player, one, Play("seamless", bets=amount * 100)))
            case "win":
                todo.append(better(world, agent.id, player, one, Play("seamless", wins=amount * 50)))
            case "shape":
                todo.append(shaper(world, agent, rng.choice([1, 2, 3, 5])))

    def run() -> None:
        for work in todo:
            lasting(world, work)()

    return run


def mover(
    world: World, acting: str, target: str, kind: Any, amount: str | None, one: str
) -> Callable[[], Any]:
    actor = Actor("key", acting, "203.0.113.9")
    order = service.Order(kind, amount, "because")
    return lambda: service.move(acting, target, order, transfer_id=one, actor=actor, now=world.now)


def better(world: World, agent: str, player: str, one: str, what: Play) -> Callable[[], Any]:
    def run() -> None:
        if what.bets and may_bet(agent, world.now) is not None:
            return
        world.done[one] = world.wallet(agent, player, one, what) in ("done", "replay")

    return run


def shaper(world: World, agent: Node, slices: int) -> Callable[[], Any]:
    def run() -> None:
        found = reading.fresh_view(agent.id).billing
        floor = FLOOR if agent.id in world.guarded else found.floor
        wanted = Billing(policy="face_value", floor=floor, slices=slices, alert_at=(30 * POINT,))
        actor = Actor("key", agent.parent_id, "203.0.113.9")
        try:
            service.put_billing(
                agent.parent_id, agent.id, wanted, expect=found.version, actor=actor, now=world.now
            )
        except Refusal as refusal:
            assert refusal.name in ("VERSION_CONFLICT", "SERVER_IS_BUSY")  # noqa: PT017 - both are fine in a race

    return run


def prepare(world: World) -> None:
    """Some points everywhere; one agent's floor is held from the beginning."""
    actor = Actor("key", world.root.id, "203.0.113.9")
    order = service.Order("mint", "1000", "x")
    service.move(world.root.id, world.root.id, order, transfer_id=world.id(), actor=actor, now=START)
    for node in world.nodes.values():
        if node.parent_id:
            order = service.Order("transfer", "300" if node.kind == "operator" else "40", "x")
            service.move(node.parent_id, node.id, order, transfer_id=world.id(), actor=actor, now=START)
    for agent in world.agents:
        guarded = agent is world.agents[0]
        slices = world.rng.choice([1, 3, 8])
        wanted = Billing(policy="face_value", floor=FLOOR if guarded else 0, slices=slices)
        service.put_billing(agent.parent_id, agent.id, wanted, expect=0, actor=actor, now=START)
        if guarded:
            world.guarded.add(agent.id)


@pytest.fixture(autouse=True)
def ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_TABLE", "ledger")
    play.forget()


@pytest.mark.parametrize("seed", range(40))
def test_sums_hold_after_every_write_whoever_dies_or_races(seed: int) -> None:
    world, chance = World(seed), Random(seed + 1000)
    with world.in_place():
        prepare(world)
        world.table.fate = lambda _: chance.choices(["", "before", "after"], [90, 5, 5])[0]
        world.turns.run([operations(world, Random(seed * 7 + n)) for n in range(PROCESSES)])
        world.table.fate = lambda _: ""
        for agent in world.agents:  # whoever reads the account next puts right what the dead left
            play.forget()
            may_bet(agent.id, world.now)
        world.look()
        assert audit.tree(list(world.nodes)) == []
        for one, ok in world.done.items():
            assert ok == (("WALLET", one) in world.table.items), "a bet's answer and its record differ"
        assert world.deaths > 0


@pytest.mark.parametrize("seed", range(10))
def test_a_bet_is_refused_only_when_the_whole_account_cannot_pay(seed: int) -> None:
    world, rng = World(seed), Random(seed)
    with world.in_place():
        prepare(world)
        refused = paid = 0
        for _ in range(150):
            agent = rng.choice(world.agents)
            view = reading.fresh_view(agent.id)
            stake = rng.choice([1, 100, 700, 3000])
            answer = world.wallet(
                agent.id, f"p{rng.randint(0, 30)}", world.id(), Play("seamless", bets=stake)
            )
            assert answer == ("done" if view.available >= stake * SCALE else "POINT_NOT_ENOUGH")
            refused, paid = refused + (answer != "done"), paid + (answer == "done")
            if rng.random() < 0.1:
                world.wallet(agent.id, f"p{rng.randint(0, 30)}", world.id(), Play("seamless", wins=stake))
            if rng.random() < 0.05:
                shaper(world, agent, rng.choice([1, 2, 5, 9]))()
        assert refused
        assert paid
        assert sum(balances(list(world.nodes)).values()) == 1000 * POINT + sum(
            number(item, "net") for (pk, _), item in world.table.items.items() if pk == "WALLET"
        )


def test_two_parents_of_money_cannot_give_the_same_points_away() -> None:
    """Many processes empty one account at once: into children, back up, and by bets."""
    world = World(5)
    with world.in_place():
        prepare(world)
        agent = world.agents[1]
        have = reading.fresh_view(agent.id).balance // POINT
        works = [
            lasting(world, mover(world, agent.parent_id, agent.id, "return", str(have), world.id())),
            lasting(world, mover(world, agent.id, agent.id, "return", None, world.id())),
            lasting(world, better(world, agent.id, "a", world.id(), Play("seamless", bets=have * 100))),
            lasting(world, better(world, agent.id, "b", world.id(), Play("seamless", bets=have * 100))),
        ]
        world.turns.run(works)
        assert reading.fresh_view(agent.id).balance == 0
        assert audit.tree(list(world.nodes)) == []


@pytest.mark.parametrize("seed", range(10))
def test_one_movement_served_by_many_processes_at_once_moves_once(seed: int) -> None:
    world, chance = World(seed), Random(seed)
    with world.in_place():
        prepare(world)
        agent, one = world.agents[1], world.id()
        before = reading.fresh_view(agent.id).balance
        world.table.fate = lambda _: chance.choices(["", "before", "after"], [80, 10, 10])[0]
        same = mover(world, agent.parent_id, agent.id, "transfer", "7", one)
        world.turns.run([lasting(world, same) for _ in range(4)])
        world.table.fate = lambda _: ""
        assert reading.fresh_view(agent.id).balance == before + 7 * POINT
        assert audit.tree(list(world.nodes)) == []
