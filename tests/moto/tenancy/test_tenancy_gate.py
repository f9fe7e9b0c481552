"""The gate: windows, slots, what was answered before; with the clock in the test's hand and a death at every write."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pitboss.kernel.ids import ulid
from pitboss.kernel.refusal import Refusal
from pitboss.platform import aws as clients
from pitboss.platform import dynamo
from pitboss.platform.caller import Caller
from pitboss.platform.http import Answer, Api, Call, Route
from pitboss.platform.settings import hub_table
from pitboss.tenancy import admission, standing, store
from pitboss.tenancy.gate import TenantGate
from pitboss.tenancy.model import Node, OwnSettings

from tests.tenancy_world import refusal_name

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]

NOON = 1_790_000_000_000 // 60_000 * 60_000
ROOT = Node("01ROOT", "Root", "root", "", "/01ROOT/", "EUR", "active", 1)
AGENT = Node("01AGENT", "Agent", "agent", "01ROOT", "/01ROOT/01AGENT/", "EUR", "active", 1)
KEY = Caller("api", "key-1", AGENT.id, AGENT.path, frozenset({"tournaments.write"}))


def answer(_: Call) -> Answer:
    return Answer()


@pytest.fixture(autouse=True)
def tenants(aws: dict[str, str]) -> None:
    standing.forget()
    store.create_node(ROOT)
    store.create_node(AGENT)


def limits(**values: int) -> None:
    before = store.read_settings(AGENT.id)
    assert store.write_settings(AGENT.id, OwnSettings(version=before.version + 1, limits=values))
    standing.forget()


_numbers = random.Random(7)


def call(now: int = NOON, *, caller: Caller = KEY, key: str = "", raw: bytes = b"{}", **route: Any) -> Call:
    """A call as the HTTP front opens it, at a moment of the test's choice."""
    described: dict[str, Any] = {
        "method": "POST",
        "path": "/things",
        "summary": "",
        "handler": answer,
        **route,
    }
    return Call(
        route=Route(**described),
        params={},
        query={},
        headers={"idempotency-key": key} if key else {},
        raw=raw,
        body=None,
        caller=caller,
        tenant_id=caller.tenant_id,
        source_ip="203.0.113.9",
        request_id="r",
        now=now,
        seed=ulid(now, _numbers.randbytes(10)),
    )


# ---------------------------------------------------------------- rate windows
def test_a_window_admits_its_limit_and_says_when_the_next_begins() -> None:
    limits(create=3)
    gate = TenantGate()
    seen = []
    for _ in range(3):
        one = call(NOON + 15_000, limit="create")
        seen.append(dict(gate.enter(one)))
        gate.leave(one)
    assert seen == [
        {"RateLimit-Limit": "3", "RateLimit-Remaining": str(left), "RateLimit-Reset": "45"}
        for left in (2, 1, 0)
    ]
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            gate.enter(call(NOON + 59_001, limit="create"))
        assert (caught.value.name, caught.value.retry_after_s) == ("RATE_LIMITED", 1)
        assert caught.value.facts == {"limit": 3, "limitClass": "create", "remaining": 0, "resetSeconds": 1}
    assert gate.enter(call(NOON + 60_000, limit="create"))["RateLimit-Remaining"] == "2"


def test_classes_and_keys_have_windows_of_their_own() -> None:
    limits(create=1, register=1)
    gate = TenantGate()
    gate.enter(call(limit="create"))
    gate.enter(call(limit="register"))
    gate.enter(call(limit="create", caller=replace(KEY, key_id="key-2")))
    assert refusal_name(lambda: gate.enter(call(limit="create"))) == "RATE_LIMITED"


def test_a_full_window_is_not_written_any_more() -> None:
    limits(create=1)
    gate = TenantGate()
    gate.enter(call(limit="create"))
    for _ in range(5):
        assert refusal_name(lambda: gate.enter(call(limit="create"))) == "RATE_LIMITED"
    row = dynamo.get(hub_table(), f"RATE#{AGENT.id}", f"key-1#create#{NOON // 60_000}")
    assert row is not None
    assert row["used"] == 1
    assert row["ttl"] > NOON // 1000 + 60


def test_routes_without_a_class_take_neither_window_nor_slot() -> None:
    gate = TenantGate()
    one = call(limit="none")
    assert gate.enter(one) == {}
    gate.leave(one)
    assert dynamo.get(hub_table(), f"SLOTS#{AGENT.id}", "META") is None


# ---------------------------------------------------------------- slots
def leases() -> dict[str, int]:
    row = dynamo.get(hub_table(), f"SLOTS#{AGENT.id}", "META")
    return dict(row["leases"]) if row else {}


def test_fifty_calls_run_the_fifty_first_waits_and_an_ended_one_makes_room() -> None:
    gate = TenantGate()
    running = [call(NOON) for _ in range(50)]
    for one in running:
        gate.enter(one)
    with pytest.raises(Refusal) as caught:
        gate.enter(call(NOON + 100))
    entry = caught.value.entry
    assert (entry.code, entry.status, entry.retryable) == (1018, 503, True)
    assert caught.value.facts == {"limit": 50}
    gate.leave(running.pop())
    late = call(NOON + 200)
    gate.enter(late)
    assert refusal_name(lambda: gate.enter(call(NOON + 300))) == "SERVER_IS_BUSY"
    for one in [*running, late]:
        gate.leave(one)
    assert leases() == {}


def test_a_refused_call_holds_no_slot_and_leaving_twice_frees_one() -> None:
    limits(concurrency=1, standard=5)
    gate = TenantGate()
    one, two = call(), call()
    gate.enter(one)
    assert refusal_name(lambda: gate.enter(two)) == "SERVER_IS_BUSY"
    gate.leave(two)
    assert len(leases()) == 1
    gate.leave(one)
    gate.leave(one)
    assert leases() == {}


def test_slots_of_crashed_calls_free_themselves() -> None:
    limits(concurrency=3)
    gate = TenantGate()
    for _ in range(2):
        gate.enter(call(NOON))  # these die and never leave
    alive = call(NOON + 20_000)
    gate.enter(alive)
    last_moment = NOON + admission.LEASE_S * 1000 - 1
    assert refusal_name(lambda: gate.enter(call(last_moment))) == "SERVER_IS_BUSY"
    gate.enter(call(NOON + admission.LEASE_S * 1000))
    assert len(leases()) == 2  # the dead ones were cleared by whoever came next
    gate.enter(call(NOON + admission.LEASE_S * 1000))
    assert refusal_name(lambda: gate.enter(call(NOON + admission.LEASE_S * 1000))) == "SERVER_IS_BUSY"
    gate.leave(alive)
    gate.enter(call(NOON + admission.LEASE_S * 1000))


def test_a_call_that_outlived_its_lease_frees_nobody_elses_slot() -> None:
    limits(concurrency=1)
    gate = TenantGate()
    slow = call(NOON)
    gate.enter(slow)
    gate.enter(call(NOON + 36_000))
    gate.leave(slow)
    assert refusal_name(lambda: gate.enter(call(NOON + 36_000))) == "SERVER_IS_BUSY"


def test_any_order_of_arrivals_deaths_and_departures_never_exceeds_the_limit() -> None:
    limits(concurrency=4, standard=20_000)
    gate, rng, now = TenantGate(), random.Random(11), NOON
    running: dict[int, Call] = {}
    deadline: dict[int, int] = {}
    for number in range(300):
        now += rng.randrange(4_000)
        held = {n for n, until in deadline.items() if now // 1000 < until}
        step = rng.random()
        if step < 0.6:
            one = call(now)
            name = refusal_name(lambda one=one: gate.enter(one))  # type: ignore[misc]
            assert name == ("SERVER_IS_BUSY" if len(held) >= 4 else "")
            if not name:
                running[number], deadline[number] = one, now // 1000 + admission.LEASE_S
        elif running:
            gone = rng.choice(list(running))
            one = running.pop(gone)
            if step < 0.85:
                gate.leave(one)
                deadline.pop(gone)
            # else: it died; its lease counts until it is over
        assert len(leases()) <= 4


def test_fifty_leases_cost_one_write_unit() -> None:
    for _ in range(50):
        TenantGate().enter(call())
    row = dynamo.get(hub_table(), f"SLOTS#{AGENT.id}", "META")
    assert row is not None
    assert len(row["leases"]) == 50
    # DynamoDB's sizes: names and strings by UTF-8 length, a number one byte and one for two digits, 3 for a map, and
    # 1 for each of its members. The tenant's id is a ULID in life.
    members = sum(1 + len(name) + 1 + (len(str(until)) + 1) // 2 for name, until in row["leases"].items())
    rest = sum(len(name) + len(str(value)) for name, value in row.items() if name != "leases")
    assert len("leases") + 3 + members + rest + 2 * (26 - len(AGENT.id)) < 1024


# ---------------------------------------------------------------- who may enter
def test_the_order_of_refusals_and_that_refused_calls_cost_nothing() -> None:
    gate = TenantGate()
    assert refusal_name(lambda: gate.enter(call(caller=replace(KEY, tenant_id="01GONE")))) == "TOKEN_INVALID"
    assert refusal_name(lambda: gate.enter(call(scope="audit.read"))) == "PERMISSION_ERROR"
    store.change_node(replace(ROOT, status="suspended", version=2), expect=1)
    standing.forget()
    assert refusal_name(lambda: gate.enter(call(scope="audit.read"))) == "TENANT_SUSPENDED"
    assert leases() == {}
    assert list(dynamo.query(hub_table(), f"RATE#{AGENT.id}")) == []


PLAYER = Caller("player", "player-1", AGENT.id, "", tournament_id="t1", brand_id="b", player_id="p1")


@pytest.mark.parametrize(
    ("params", "route", "name"),
    [
        ({"id": "t1"}, {"players": True}, ""),
        ({"id": "t1", "player": "p1"}, {"players": True}, ""),
        ({"id": "t1", "player": "p2"}, {"players": True}, "NOT_FOUND"),
        ({"id": "t2"}, {"players": True}, "NOT_FOUND"),
        ({}, {"players": True}, "NOT_FOUND"),
        ({"id": "t1"}, {"players": False}, "PERMISSION_ERROR"),
    ],
)
def test_a_player_enters_its_own_tournament_only(
    params: dict[str, str], route: dict[str, Any], name: str
) -> None:
    one = call(caller=PLAYER, method="GET", **route)
    one.params = params
    assert refusal_name(lambda: TenantGate().enter(one)) == name
    assert leases() == {}


def test_a_player_acts_for_nobody_else() -> None:
    one = call(caller=PLAYER, players=True)
    one.params, one.headers = {"id": "t1"}, {"pitboss-tenant": ROOT.id}
    assert refusal_name(lambda: TenantGate().enter(one)) == "PERMISSION_ERROR"


def test_players_reads_are_limited_without_a_write() -> None:
    limits(standard=3)
    gate = TenantGate()

    def read(now: int, caller: Caller = PLAYER) -> str:
        one = call(now, caller=caller, method="GET", players=True)
        one.params = {"id": "t1"}
        return refusal_name(lambda: gate.enter(one))

    assert [read(NOON) for _ in range(4)] == ["", "", "", "RATE_LIMITED"]
    assert read(NOON, replace(PLAYER, key_id="player-2")) == ""
    assert read(NOON + 60_000) == ""
    assert list(dynamo.query(hub_table(), f"RATE#{AGENT.id}")) == []


# ---------------------------------------------------------------- idempotency
class Died(BaseException):
    """The process ended here; no handler of ours may catch it."""


@dataclass
class Death:
    """Ends the process before or after the `at`-th DynamoDB write."""

    at: int = 0
    after: bool = False
    writes: int = 0


@pytest.fixture
def death() -> Iterator[Death]:
    """Crash injection at the client itself: nothing of ours is replaced."""
    plan = Death()
    client = clients.dynamodb()
    names = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")

    def before(**_: Any) -> None:
        plan.writes += 1
        if plan.writes == plan.at and not plan.after:
            raise Died

    def after(**_: Any) -> None:
        if plan.writes == plan.at and plan.after:
            raise Died

    for name in names:
        client.meta.events.register(f"before-call.dynamodb.{name}", before)
        client.meta.events.register(f"after-call.dynamodb.{name}", after)
    yield plan
    for name in names:
        client.meta.events.unregister(f"before-call.dynamodb.{name}", before)
        client.meta.events.unregister(f"after-call.dynamodb.{name}", after)


def attempt(
    gate: TenantGate, now: int, effect: Callable[[Call], Answer], *, key: str = "k", raw: bytes = b"{}"
) -> Answer:
    """What the HTTP front does around a handler, with a process that may die inside."""
    one = call(now, key=key, raw=raw)
    gate.enter(one)
    before = gate.recall(one)
    if before is not None:
        gate.leave(one)
        return before
    given = effect(one)
    gate.remember(one, given)
    gate.leave(one)
    return given


def make_thing(one: Call) -> Answer:
    """A use case by the rules of the house: it names its id by the seed and writes it once."""
    thing = one.new_id("thing")
    record = {"pk": f"THING#{one.tenant_id}", "sk": thing, "tenantId": one.tenant_id}
    with suppress(dynamo.ConditionFailed):
        dynamo.apply(dynamo.put_op(hub_table(), record, condition="absent"))
    return Answer({"thing": thing}, 201)


def things() -> list[str]:
    return [row["sk"] for row in dynamo.query(hub_table(), f"THING#{AGENT.id}")]


def text_of(given: Answer) -> Any:
    return json.loads(given.body) if isinstance(given.body, str) else given.body


def test_the_first_answer_is_repeated_to_the_byte() -> None:
    gate = TenantGate()
    first = attempt(gate, NOON, make_thing)
    again = attempt(gate, NOON + 5_000, make_thing)
    assert again.status == 201
    assert again.body == json.dumps(first.body, separators=(",", ":"))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(things()) == 1
    attempt(gate, NOON + 6_000, make_thing, key="other")
    assert len(things()) == 2


def test_another_body_under_the_same_key_is_a_conflict() -> None:
    gate = TenantGate()
    attempt(gate, NOON, make_thing, raw=b'{"a":1}')
    assert refusal_name(lambda: attempt(gate, NOON + 1, make_thing, raw=b'{"a":2}')) == "IDEMPOTENCY_CONFLICT"


def test_keys_are_tenants_own_and_players_own() -> None:
    gate = TenantGate()
    players = [replace(PLAYER, key_id=f"player-{n}") for n in (1, 2)]
    for caller in (*players, KEY, replace(KEY, tenant_id=ROOT.id, path=ROOT.path)):
        one = call(caller=caller, key="same", raw=b"{}")
        assert gate.recall(one) is None
        gate.remember(one, Answer({"for": caller.key_id}))
    for caller in players:
        given = gate.recall(call(caller=caller, key="same", raw=b"{}"))
        assert given is not None
        assert text_of(given) == {"for": caller.key_id}


def test_while_one_attempt_runs_others_wait_and_after_its_death_one_resumes_with_its_seed() -> None:
    gate = TenantGate()
    dead = call(NOON, key="k")
    assert gate.recall(dead) is None
    for later in (1, 34_999):
        with pytest.raises(Refusal) as caught:
            gate.recall(call(NOON + later, key="k"))
        assert (caught.value.name, caught.value.entry.code) == ("OPERATION_IN_PROGRESS", 1025)
        assert caught.value.retry_after_s in (1, 2)
    heir = call(NOON + 35_000, key="k")
    first_seed = dead.seed
    assert gate.recall(heir) is None
    assert heir.seed == first_seed
    assert refusal_name(lambda: gate.recall(call(NOON + 35_001, key="k"))) == "OPERATION_IN_PROGRESS"
    # The one thought dead comes back: its answer no longer counts, the heir's does.
    gate.remember(dead, Answer({"from": "dead"}))
    gate.remember(heir, Answer({"from": "heir"}))
    given = gate.recall(call(NOON + 36_000, key="k"))
    assert given is not None
    assert text_of(given) == {"from": "heir"}


def losing(operation: str) -> list[int]:
    """The next answer to such a write of a claim gets lost on its way; its status is told here."""
    lost: list[int] = []

    def lose(response: Any, request_dict: Any, **_: Any) -> int | None:
        if lost or b"IDEM#" not in request_dict["body"]:
            return None
        lost.append(response[0].status_code)
        return 0  # seconds until it is sent again

    clients.dynamodb().meta.events.register_first(f"needs-retry.dynamodb.{operation}", lose)
    return lost


def test_a_claim_whose_answer_was_lost_is_known_as_ones_own() -> None:
    """The client library sends the write again, and finds what it had written itself: nobody else is at work."""
    gate = TenantGate()
    lost = losing("PutItem")
    first = attempt(gate, NOON, make_thing)
    assert (lost, first.status) == ([200], 201)
    assert attempt(gate, NOON + 1, make_thing).headers["Idempotency-Replayed"] == "true"
    assert len(things()) == 1


def test_so_is_a_claim_that_was_taken_over() -> None:
    gate = TenantGate()
    dead = call(NOON, key="k")
    assert gate.recall(dead) is None
    lost = losing("UpdateItem")
    heir = call(NOON + 35_000, key="k")
    assert gate.recall(heir) is None
    assert (lost, heir.seed) == ([200], dead.seed)
    assert refusal_name(lambda: gate.recall(call(NOON + 35_001, key="k"))) == "OPERATION_IN_PROGRESS"


def test_a_passing_no_lets_the_key_be_tried_again_at_once_with_the_same_seed() -> None:
    gate = TenantGate()
    one = call(NOON, key="k")
    gate.recall(one)
    gate.remember(one, None)
    two = call(NOON + 1, key="k")
    assert gate.recall(two) is None
    assert two.seed == one.seed


# Of a tenant's first call: window, slot (refused: no map yet), map, slot, claim, thing, answer, slot given back.
WRITES = 8


def test_every_write_of_an_attempt_is_in_the_walk_below(death: Death) -> None:
    attempt(TenantGate(), NOON, make_thing)
    assert death.writes == WRITES


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, WRITES + 1))
def test_death_at_any_write_ends_in_one_thing_and_one_answer(death: Death, at: int, after: bool) -> None:
    """GIVEN a process that dies before or after its n-th write WHEN the caller repeats until answered THEN there is
    exactly one thing, the answer names it, and every slot is free again."""
    gate, now = TenantGate(), NOON
    death.at, death.after, death.writes = at, after, 0
    given: Answer | None = None
    deaths, waits = 0, list[str]()
    while given is None:
        try:
            given = attempt(gate, now, make_thing)
        except Died:
            deaths += 1
        except Refusal as refusal:
            waits.append(refusal.name)
        now += 7_000
    assert deaths == 1
    assert set(waits) <= {"OPERATION_IN_PROGRESS"}
    assert things() == [text_of(given)["thing"]]
    replay = attempt(gate, now, make_thing)
    assert text_of(replay) == text_of(given)
    late = now + admission.LEASE_S * 1000
    gate.enter(call(late))
    assert len([until for until in leases().values() if until > late // 1000]) == 1


def test_answers_are_kept_whole_whatever_their_size() -> None:
    gate = TenantGate()
    for number, length in enumerate((0, 10, 5_000, 2_000_000)):
        text = "Zażółć " * (length // 7)
        body = {"text": text}
        attempt(gate, NOON, lambda _, b=body: Answer(b, 200, {"Location": "/x"}), key=f"k{number}")  # type: ignore[misc]
        again = attempt(gate, NOON + 1, answer, key=f"k{number}")
        assert text_of(again) == body
        assert (again.status, again.headers["Location"]) == (200, "/x")


def test_an_answer_too_large_to_keep_is_made_again_under_the_same_seed() -> None:
    gate, seeds = TenantGate(), []

    def huge(one: Call) -> Answer:
        seeds.append(one.seed)
        return Answer({"noise": random.Random(one.seed).randbytes(400_000).hex()})

    first = attempt(gate, NOON, huge)
    again = attempt(gate, NOON + 1, huge)
    assert again.body == first.body
    assert len(set(seeds)) == 1
    assert len(seeds) == 2


def test_a_key_is_forgotten_after_seven_days_even_if_the_item_lingers() -> None:
    gate = TenantGate()
    attempt(gate, NOON, make_thing)
    week = NOON + admission.KEEP_ANSWERS_S * 1000
    attempt(gate, week, make_thing, raw=b"{}")
    assert len(things()) == 1
    attempt(gate, week + 1_000, make_thing, raw=b'{"other":1}')
    assert len(things()) == 2


@pytest.mark.parametrize("key", ["x" * 256, "snowman-\u2603", "tab\there"])
def test_keys_that_cannot_be_keys(key: str) -> None:
    assert refusal_name(lambda: TenantGate().recall(call(key=key))) == "PARAMETERS_INVALID"


def test_a_route_may_require_the_key() -> None:
    assert refusal_name(lambda: TenantGate().recall(call(key_required=True))) == "IDEMPOTENCY_KEY_REQUIRED"
    assert TenantGate().recall(call()) is None


def test_headers_and_replay_through_the_http_front() -> None:
    """The gate inside the real front: one handler run, RateLimit headers on both answers."""
    from tests.tenancy_world import Client, root_client

    api, runs = Api("things", TenantGate()), []

    @api.route(
        "POST",
        "/things",
        "Make",
        scope="tournaments.write",
        limit="create",
        idempotent=True,
        key_required=True,
    )
    def make(one: Call) -> Answer:
        runs.append(one.seed)
        return make_thing(one)

    root: Client = root_client(api)
    assert root("POST", "/things").name == "IDEMPOTENCY_KEY_REQUIRED"
    first, again = root("POST", "/things", key="k"), root("POST", "/things", key="k")
    assert (first.status, again.status) == (201, 201)
    assert first.text == again.text
    assert len(runs) == 1
    assert "Idempotency-Replayed" not in first.headers
    assert int(first.headers["RateLimit-Remaining"]) - 1 == int(again.headers["RateLimit-Remaining"])
