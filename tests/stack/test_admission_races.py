"""Admission under real concurrency: slots, windows, claims and key registers as the local DynamoDB orders them."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.platform import aws as clients
from pitboss.tenancy import admission, service, standing, store
from pitboss.tenancy.model import Node

from tests.conftest import Stack

pytestmark = pytest.mark.stack

NOON = 1_790_000_000_000 // 60_000 * 60_000
THREADS = 16


@pytest.fixture
def hub(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The hub table of the local stack, and a tenant name nobody used before."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.endpoint)
    monkeypatch.setenv("HUB_TABLE", stack.outputs["HubTable"])
    clients.forget_clients()
    standing.forget()
    yield uuid.uuid4().hex
    clients.forget_clients()


def together[Item, T](work: list[Item], do: Callable[[Item], T]) -> list[T]:
    """Run `do(item)` for all items on THREADS threads that start at the same moment."""
    barrier = Barrier(THREADS)

    def one(index: int) -> list[T]:
        barrier.wait()
        return [do(item) for item in work[index::THREADS]]

    with ThreadPoolExecutor(THREADS) as pool:
        return [answer for part in pool.map(one, range(THREADS)) for answer in part]


def test_two_hundred_callers_take_fifty_slots(hub: str) -> None:
    taken = together(
        [f"l{n}" for n in range(200)], lambda lease: (lease, admission.take_slot(hub, lease, 50, NOON))
    )
    held = [lease for lease, got in taken if got]
    assert len(held) == 50
    together(held, lambda lease: admission.give_back(hub, lease))
    assert Counter(
        together([f"m{n}" for n in range(64)], lambda lease: admission.take_slot(hub, lease, 50, NOON))
    ) == {
        True: 50,
        False: 14,
    }


def test_slots_of_fifty_dead_calls_are_taken_over_once(hub: str) -> None:
    """Many see the same dead leases at the same moment; each slot has one heir, and never more than the limit hold one."""
    for n in range(8):
        assert admission.take_slot(hub, f"dead{n}", 8, NOON)
    later = NOON + admission.LEASE_S * 1000
    got = together([f"n{n}" for n in range(64)], lambda lease: admission.take_slot(hub, lease, 8, later))
    # A caller that keeps losing the race is told to come again; at least one and at most eight got in.
    assert 1 <= sum(got) <= 8
    rest = sum(admission.take_slot(hub, f"o{n}", 8, later) for n in range(16))
    assert sum(got) + rest == 8


def test_a_window_of_a_hundred_admits_a_hundred(hub: str) -> None:
    got = together([None] * 160, lambda _: admission.count_call(hub, "k", "standard", 100, NOON))
    used = sorted(window.used for window in got if window is not None)
    assert used == list(range(1, 101))


def test_one_of_many_claims_wins_and_one_takes_over_from_the_dead(hub: str) -> None:
    leases = [f"s{n}" for n in range(48)]
    claims = together(leases, lambda lease: admission.claim(hub, "key", "hash", lease, NOON))
    assert sum(claim is None for claim in claims) == 1
    before = next(claim for claim in claims if claim is not None)
    later = NOON + admission.LEASE_S * 1000
    heirs = together(leases, lambda lease: admission.claim_again(hub, "key", before, f"h{lease}", later))
    assert sum(heirs) == 1


def test_two_keys_are_active_whoever_comes_first(hub: str) -> None:
    node = Node(hub, "Race", "root", "", f"/{hub}/", "EUR", "active", NOON)
    store.create_node(node)

    def make(number: int) -> str:
        try:
            service.create_key(
                node,
                key_id=f"k{number}",
                name="k",
                scopes=["*"],
                held=frozenset({"keys.write"}),
                maker="m",
                expires_at=0,
                now=NOON,
            )
        except Refusal as refusal:
            return refusal.name
        return "made"

    seen = Counter(together(list(range(32)), make))
    assert seen["made"] == 2
    assert set(seen) <= {"made", "KEY_LIMIT", "VERSION_CONFLICT"}
    keys, _ = store.read_keys(hub)
    assert all(store.find_key(key.token_hash) is not None for key in keys)
    assert len(keys) == 2
