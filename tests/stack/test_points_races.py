"""Points under real concurrency: the local DynamoDB orders draws, refills and movements of many threads."""

import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.platform import aws as clients
from pitboss.platform import dynamo
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.points import audit, play, reading, service
from pitboss.points.model import SCALE, Actor, Billing
from pitboss.points.public import PLAY_ATTEMPTS, Play, make_room, may_bet, play_ops
from pitboss.tenancy import standing
from pitboss.tenancy.public import create_root
from pitboss.tenancy.service import create_agent
from pitboss.tenancy.store import find_key
from pitboss.tenancy.tokens import token_hash

from tests.conftest import Stack

pytestmark = pytest.mark.stack

THREADS = 12
POINT = 100 * SCALE


@pytest.fixture
def nodes(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Root, operator and agent on the local stack, 1,000 points minted."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.endpoint)
    monkeypatch.setenv("HUB_TABLE", stack.outputs["HubTable"])
    monkeypatch.setenv("LEDGER_TABLE", stack.outputs["LedgerTable"])
    clients.forget_clients()
    standing.forget()
    play.forget()
    key = find_key(token_hash(create_root(f"Hub {uuid.uuid4().hex}", "EUR")))
    assert key is not None
    root, now = key["tenantId"], now_ms()
    operator, agent = new_ulid(), new_ulid()
    for parent, one, kind in ((root, operator, "operator"), (operator, agent, "agent")):
        create_agent(root, agent_id=one, name=one, kind=kind, currency=None, parent_id=parent, now=now)
    move(root, root, "mint", "1000")
    move(root, operator, "transfer", "1000")
    yield [root, operator, agent]
    play.forget()
    clients.forget_clients()


def move(acting: str, target: str, kind: str, amount: str | None, one: str = "") -> str:
    """The name of the refusal, "" for a movement done. A busy hub is asked again with the same id."""
    one = one or new_ulid()
    order = service.Order(kind, amount, "race")  # type: ignore[arg-type]
    while True:
        try:
            service.move(
                acting, target, order, transfer_id=one, actor=Actor("key", acting, "::1"), now=now_ms()
            )
        except Refusal as refusal:
            if not refusal.entry.retryable:
                return refusal.name
        else:
            return ""


def bill(parent: str, agent: str, **members: object) -> None:
    version = reading.fresh_view(agent).billing.version
    wanted = Billing(policy="face_value", **members)  # type: ignore[arg-type]
    service.put_billing(
        parent, agent, wanted, expect=version, actor=Actor("key", parent, "::1"), now=now_ms()
    )


def bet(agent: str, player: str, stake: int) -> str:
    """As the wallet does it, with a record of its own in the transaction."""
    what, one = Play("seamless", bets=stake), uuid.uuid4().hex
    refusal = may_bet(agent, now_ms())
    while refusal is None:
        for _ in range(PLAY_ATTEMPTS):
            record = {"pk": f"TEST#{agent}", "sk": one, "stake": stake}
            ops = play_ops(agent, player, what, now_ms())
            try:
                dynamo.transact([dynamo.put_op(os.environ["LEDGER_TABLE"], record, condition="absent"), *ops])
            except dynamo.TransactionRefused:
                refusal = make_room(agent, player, what, now_ms())
                if refusal is not None:
                    break
            except dynamo.TooBusy:
                continue
            else:
                return ""
        if refusal is not None and refusal.entry.retryable:
            refusal = None
    return refusal.name


def together[Item, T](work: list[Item], do: Callable[[Item], T]) -> list[T]:
    """Run `do(item)` for all items on THREADS threads that start at the same moment."""
    barrier = Barrier(THREADS)

    def one(index: int) -> list[T]:
        barrier.wait()
        return [do(item) for item in work[index::THREADS]]

    with ThreadPoolExecutor(THREADS) as pool:
        return [answer for part in pool.map(one, range(THREADS)) for answer in part]


def test_many_bets_spend_exactly_what_is_there(nodes: list[str]) -> None:
    """120 bets of 1 race for 100 points in eight slices: 100 are paid, 20 refused, whatever slice they meet."""
    _, operator, agent = nodes
    move(operator, agent, "transfer", "100")
    bill(operator, agent, slices=8)
    answers = together([f"player-{n}" for n in range(120)], lambda player: bet(agent, player, 100))
    assert Counter(answers) == {"": 100, "POINT_NOT_ENOUGH": 20}
    assert reading.fresh_view(agent).balance == 0
    assert audit.tree(nodes) == []


def test_bets_wins_and_movements_race_and_every_sum_holds(nodes: list[str]) -> None:
    _, operator, agent = nodes
    move(operator, agent, "transfer", "200")
    bill(operator, agent, slices=4, floor=20 * POINT)

    def one(number: int) -> tuple[str, int]:
        match number % 6:
            case 0:
                return "down" if move(operator, agent, "transfer", "3") == "" else "", 3 * POINT
            case 1:
                return "up" if move(operator, agent, "return", "2") == "" else "", -2 * POINT
            case 2:
                dynamo.transact(play_ops(agent, f"p{number}", Play("seamless", wins=50), now_ms()))
                return "win", POINT // 2
            case _:
                return "bet" if bet(agent, f"p{number}", 500) == "" else "", -5 * POINT

    done = together(list(range(96)), one)
    view = reading.fresh_view(agent)
    assert view.balance == 200 * POINT + sum(amount for kind, amount in done if kind)
    assert view.balance >= 20 * POINT
    assert min(part.amount for part in view.slices) >= 0
    assert audit.tree(nodes) == []


def test_one_movement_sent_twelve_times_at_once_moves_once(nodes: list[str]) -> None:
    _, operator, agent = nodes
    one = new_ulid()
    together(list(range(THREADS)), lambda _: move(operator, agent, "transfer", "5", one))
    assert reading.fresh_view(agent).balance == 5 * POINT
    assert audit.tree(nodes) == []


def test_all_that_is_there_can_be_taken_once(nodes: list[str]) -> None:
    """The child gives all back while its parent takes it and bets draw on it."""
    _, operator, agent = nodes
    move(operator, agent, "transfer", "60")
    bill(operator, agent, slices=3)
    for player in range(6):
        assert bet(agent, f"p{player}", 100) == ""

    def one(number: int) -> str:
        if number % 3 == 0:
            return move(agent, agent, "return", None)
        if number % 3 == 1:
            return move(operator, agent, "return", "54")
        return bet(agent, f"p{number}", 5400)

    together(list(range(THREADS)), one)
    assert reading.fresh_view(agent).balance >= 0
    assert audit.tree(nodes) == []
