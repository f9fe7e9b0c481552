"""Hot calls: leased by execution environment (a HotGate each), the limits kept, and next to no write for a call."""

from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.platform import dynamo
from pitboss.platform.settings import hub_table
from pitboss.platform.wire import problem
from pitboss.tenancy import admission, standing, store
from pitboss.tenancy.hotgate import HOLD_S, HotGate
from pitboss.tenancy.model import Node, OwnSettings, Standing

from tests.tenancy_world import refusal_name

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]

NOON = 1_790_000_000_000 // 60_000 * 60_000
ROOT = Node("01ROOT", "Root", "root", "", "/01ROOT/", "EUR", "active", 1)


def here(**limits: int) -> Standing:
    store.create_node(ROOT)
    assert store.write_settings(ROOT.id, OwnSettings(version=1, limits=limits))
    standing.forget()
    found = standing.standing_of(ROOT.id, NOON)
    assert found
    return found


def used() -> int:
    rows = list(dynamo.query(hub_table(), f"RATE#{ROOT.id}"))
    return sum(row["used"] for row in rows)


def test_two_thousand_calls_of_an_environment_cost_few_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = here(wallet=6_000)
    written = []
    apply = dynamo.apply
    monkeypatch.setattr(dynamo, "apply", lambda op, **more: (written.append(op), apply(op, **more))[1])
    gate = HotGate()
    for number in range(2_000):
        window = gate.admit(tenant, "k", NOON + number * 20)
    assert window.limit == 6_000
    assert len(written) < 2_000 * 0.03
    assert used() >= 2_000


@pytest.mark.parametrize("environments", [1, 7])
def test_no_more_calls_a_minute_than_the_limit_and_not_one_less(environments: int) -> None:
    tenant = here(wallet=250)
    gates = [HotGate() for _ in range(environments)]
    refused: list[Refusal] = []
    for number in range(400):
        try:
            gates[number % environments].admit(tenant, "k", NOON + number)
        except Refusal as refusal:
            refused.append(refusal)
    assert len(refused) == 150
    assert {r.name for r in refused} == {"RATE_LIMITED"}
    full = {"RateLimit-Limit": "250", "RateLimit-Remaining": "0", "RateLimit-Reset": "60"}
    assert problem(refused[0], "r").headers == {**full, "Retry-After": "60"}
    assert gates[0].admit(tenant, "k", NOON + 60_000).limit == 250


def test_an_environment_more_than_the_slots_waits_until_one_has_been_idle() -> None:
    tenant = here(walletConcurrency=3)
    gates = [HotGate() for _ in range(3)]
    for gate in gates:
        gate.admit(tenant, "k", NOON)
    late = HotGate()
    assert refusal_name(lambda: late.admit(tenant, "k", NOON + 1_000)) == "SERVER_IS_BUSY"
    for gate in gates[:2]:
        gate.admit(tenant, "k", NOON + 8_000)  # still at work: they renew
    assert refusal_name(lambda: late.admit(tenant, "k", NOON + 11_000)) == "SERVER_IS_BUSY"
    late.admit(tenant, "k", NOON + HOLD_S * 1000)
    assert refusal_name(lambda: gates[2].admit(tenant, "k", NOON + HOLD_S * 1000)) == "SERVER_IS_BUSY"


def _expressions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every expression that is sent, as DynamoDB measures it (the stand-in here does not)."""
    seen: list[str] = []
    apply = dynamo.apply

    def watched(op: Any, **more: Any) -> Any:
        ((_, sent),) = op.items()
        seen.extend(text for name, text in sent.items() if name.endswith("Expression"))
        return apply(op, **more)

    monkeypatch.setattr(dynamo, "apply", watched)
    return seen


@pytest.mark.parametrize("limits", [(200, 200), (500, 500), (500, 3)])
def test_environments_that_came_and_went_for_days_do_not_lock_the_next_one_out(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int]
) -> None:
    """Each left its lease behind; an expression has at most 4 KB and 300 operators, however many are cleared away."""
    before, after = limits
    for number in range(before):
        assert admission.take_slot(
            ROOT.id, f"env-{number:04d}", before, NOON + number * 60_000, kind="WALLET", hold_s=HOLD_S
        )
    seen = _expressions(monkeypatch)
    later = NOON + before * 60_000
    assert admission.take_slot(ROOT.id, "late", after, later, kind="WALLET", hold_s=HOLD_S)
    assert max(map(len, seen)) <= 4_096
    assert max(text.count("=") + text.count(" AND ") + text.count("(") for text in seen) <= 300
    kept = dynamo.get(hub_table(), f"SLOTS#{ROOT.id}", "WALLET")
    assert kept
    assert set(kept["leases"]) == {"late"}


def test_keys_are_counted_apart_and_slots_together() -> None:
    tenant = here(wallet=2, walletConcurrency=1)
    gate = HotGate()
    for key in ("a", "b"):
        gate.admit(tenant, key, NOON)
        gate.admit(tenant, key, NOON)
        assert refusal_name(lambda key=key: gate.admit(tenant, key, NOON)) == "RATE_LIMITED"
    assert refusal_name(lambda: HotGate().admit(tenant, "c", NOON)) == "SERVER_IS_BUSY"


def test_rounds_in_are_hot_too_and_take_no_slot_of_other_calls() -> None:
    tenant = here(ingest=600, concurrency=2, wallet=600, walletConcurrency=1)
    gates = [HotGate(), HotGate()]
    for gate in gates:
        gate.admit(tenant, "k", NOON, "ingest")
    assert refusal_name(lambda: HotGate().admit(tenant, "k", NOON, "ingest")) == "SERVER_IS_BUSY"
    gates[0].admit(tenant, "k", NOON)
    assert admission.take_slot(ROOT.id, "ordinary", 2, NOON)
    windows = {row["sk"].split("#")[1] for row in dynamo.query(hub_table(), f"RATE#{ROOT.id}")}
    assert windows == {"ingest", "wallet"}


def test_an_hour_of_a_small_feed_costs_its_key_a_third_of_a_write_for_each_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hundred players send every two seconds: what admission writes is then a tenth of what the rounds themselves do."""
    tenant = here(ingest=6_000)
    written = []
    apply = dynamo.apply
    monkeypatch.setattr(dynamo, "apply", lambda op, **more: (written.append(op), apply(op, **more))[1])
    gate = HotGate()
    for number in range(300):
        gate.admit(tenant, "k", NOON + number * 2_000, "ingest")
    assert len(written) <= 300 * 0.38
