"""Full lists in, lists out, and what is known of them afterwards, through the function's own handler."""

from collections.abc import Iterator
from typing import Any

import pytest
from pitboss.catalogue import api as catalogue_api
from pitboss.catalogue import known as memory
from pitboss.catalogue import service, store
from pitboss.catalogue.api import api, serve_active_games
from pitboss.catalogue.model import Game
from pitboss.catalogue.public import brand, game, integration_known, known
from pitboss.catalogue.rules import Running
from pitboss.kernel.refusal import Refusal
from pitboss.platform import aws as clients
from pitboss.platform import dynamo
from pitboss.tenancy.api import api as tenancy_api

from tests.tenancy_world import Client, made, operator, root_client

pytestmark = pytest.mark.moto

OPERATORS = [
    {"ref": "op", "name": "Op", "brands": [{"ref": "aurora", "name": "Aurora"}, {"ref": "b", "name": "B"}]}
]
LEASE = "lease"


def row(slug: str, **more: Any) -> dict[str, Any]:
    return {"gameId": slug, "displayName": slug.title(), "gameProviderDisplayName": "Studio", **more}


@pytest.fixture
def two(aws: dict[str, str]) -> Iterator[tuple[tuple[str, Client], tuple[str, Client]]]:
    memory.forget()
    root = root_client(tenancy_api)
    pair = []
    for name in ("One", "Two"):
        tenant, client = operator(root, name)
        pair.append((tenant, Client(api, client.token)))
    yield pair[0], pair[1]
    memory.forget()


@pytest.fixture
def one(two: Any) -> tuple[str, Client]:
    pair: tuple[str, Client] = two[0]
    return pair


def counts(body: dict[str, Any]) -> tuple[int, int, int, int]:
    return body["created"], body["updated"], body["disabled"], body["unchanged"]


def test_full_lists_create_update_disable_and_leave_alone(one: tuple[str, Client]) -> None:
    tenant, call = one
    assert not integration_known(tenant, "int")
    assert counts(made(call("PUT", "/integrations/{id}/operators", {"operators": OPERATORS}, id="int"))) == (
        2,
        0,
        0,
        0,
    )
    assert integration_known(tenant, "int")
    put = lambda games: counts(made(call("PUT", "/integrations/{id}/games", games, id="int")))  # noqa: E731
    assert put({"games": [row("crash"), row("slot", enabledBrandRefs=["b", "aurora", "b"])]}) == (2, 0, 0, 0)
    assert put([row("crash"), row("slot", enabledBrandRefs=["aurora", "b"])]) == (0, 0, 0, 2)
    assert put([row("crash", isFreeroundSupported=True), row("new")]) == (1, 1, 1, 0)
    listed = {g["gameId"]: g for g in made(call("GET", "/games"))["games"]}
    assert {slug: g["isEnabled"] for slug, g in listed.items()} == {"crash": True, "new": True, "slot": False}
    assert listed["crash"]["isFreeroundSupported"] is True
    assert listed["slot"]["enabledBrandRefs"] == ["aurora", "b"]
    only = made(
        call("GET", "/games", query={"isEnabled": "false", "provider": "Studio", "integrationId": "int"})
    )
    assert [g["gameId"] for g in only["games"]] == ["slot"]
    assert put([]) == (0, 0, 2, 0)
    assert {g["isEnabled"] for g in made(call("GET", "/games"))["games"]} == {False}


def test_the_bare_list_of_the_founding_document_is_taken_too(one: tuple[str, Client]) -> None:
    _, call = one
    assert counts(made(call("PUT", "/integrations/{id}/operators", OPERATORS, id="int"))) == (2, 0, 0, 0)
    brands = made(call("GET", "/brands"))["brands"]
    assert [(b["ref"], b["operatorRef"], b["isEnabled"]) for b in brands] == [
        ("aurora", "op", True),
        ("b", "op", True),
    ]


def test_writing_the_same_again_costs_nothing(one: tuple[str, Client]) -> None:
    _, call = one
    call("PUT", "/integrations/{id}/games", [row("crash")], id="int")
    wrote: list[str] = []

    def note(params: Any, **_: Any) -> None:
        wrote.append(str(params))

    client = clients.dynamodb()
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", note)
    made(call("PUT", "/integrations/{id}/games", [row("crash")], id="int"))
    client.meta.events.unregister("before-call.dynamodb.TransactWriteItems", note)
    assert len(wrote) == 1  # the record of the sync itself
    assert "GAME#" not in wrote[0]


def test_faults_are_named_and_nothing_is_written(one: tuple[str, Client]) -> None:
    tenant, call = one
    call("PUT", "/integrations/{id}/games", [row("mine")], id="int")
    twice = call("PUT", "/integrations/{id}/games", [row("a"), row("b"), row("a")], id="int")
    assert (twice.status, [e["field"] for e in twice.body["errors"]]) == (400, ["games[2].gameId"])
    theirs = call("PUT", "/integrations/{id}/games", [row("x"), row("mine")], id="other")
    assert [e["field"] for e in theirs.body["errors"]] == ["games[1].gameId"]
    wrong = call("PUT", "/integrations/{id}/games", [row("x", isEnabled=1), row("y", price=3)], id="int")
    assert {e["field"] for e in wrong.body["errors"]} == {"games[0].isEnabled", "games[1].price"}
    assert [g.slug for g in store.all_games(tenant)] == ["mine"]
    assert (
        call("PUT", "/integrations/{id}/games", [row("mine")], id="int").status == 200
    )  # no lease was left behind


def test_lists_are_paged_to_the_end_through_filters(one: tuple[str, Client]) -> None:
    _, call = one
    slugs = [f"g-é-{n:02}" for n in range(23)]
    made(
        call(
            "PUT",
            "/integrations/{id}/games",
            [row(s, isEnabled=n % 2 == 0) for n, s in enumerate(slugs)],
            id="int",
        )
    )
    for query, expected in (({}, slugs), ({"isEnabled": "true"}, slugs[::2])):
        seen, cursor = [], None
        while True:
            page = made(
                call("GET", "/games", query={**query, "limit": "5", **({"cursor": cursor} if cursor else {})})
            )
            assert len(page["games"]) <= 5
            seen += [g["gameId"] for g in page["games"]]
            cursor = page["nextCursor"]
            if cursor is None:
                break
        assert seen == expected
    for cursor in ("x", "W10=", "WzFd", "%%%", "W251bGxd"):
        assert call("GET", "/games", query={"cursor": cursor}).name == "CURSOR_INVALID"


def test_tenants_do_not_see_or_touch_each_others_catalogue(two: Any) -> None:
    (mine, me), (theirs, you) = two
    made(me("PUT", "/integrations/{id}/games", [row("crash")], id="int"))
    assert made(you("GET", "/games"))["games"] == []
    assert counts(made(you("PUT", "/integrations/{id}/games", [], id="int"))) == (0, 0, 0, 0)
    assert counts(made(you("PUT", "/integrations/{id}/games", [row("crash")], id="int"))) == (1, 0, 0, 0)
    ours = game(mine, "crash")
    assert ours is not None
    assert ours.enabled
    made(you("PUT", "/integrations/{id}/games", [], id="int"))
    assert known(mine).fault("x", "crash") == "unknown_brand"
    assert game(mine, "crash") == ours
    assert brand(theirs, "aurora") is None


# ---------------------------------------------------------------- thousands, and death
def many(count: int) -> dict[str, Game]:
    return {f"games[{n}]": Game(f"g{n:04}", "G", "S", "int", True) for n in range(count)}


class Died(BaseException):
    """The process ended here."""


def test_a_sync_that_dies_anywhere_is_completed_by_the_same_list(aws: dict[str, str]) -> None:
    """250 games go in, 200 of them changed and 50 gone in the next list; the process dies at each of its writes."""
    tenant, now = "t1", 1_790_000_000_000
    service.sync_games(tenant, "int", many(250), lease="first", now=now)
    before = {g.slug: g for g in store.all_games(tenant)}
    wanted = {k: Game(g.slug, "New", "S", "int", True) for k, g in list(many(200).items())}
    client = clients.dynamodb()
    for at in range(1, 6):  # lease, three chunks, record
        rows = [
            dynamo.put_op("HubTable", {"pk": f"CAT#{tenant}", "sk": f"GAME#{game.slug}", **game.to_record()})
            for game in before.values()
        ]
        for start in range(0, len(rows), 100):
            dynamo.transact(rows[start : start + 100])
        calls = 0

        def die(at: int = at, **_: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == at:
                raise Died

        for name in ("UpdateItem", "TransactWriteItems"):
            client.meta.events.register(f"before-call.dynamodb.{name}", die)
        with pytest.raises(Died):
            service.sync_games(tenant, "int", wanted, lease=f"dies-{at}", now=now + at * 100_000)
        for name in ("UpdateItem", "TransactWriteItems"):
            client.meta.events.unregister(f"before-call.dynamodb.{name}", die)
        partly = {g.slug: g for g in store.all_games(tenant)}
        if any(not g.enabled for g in partly.values()):
            assert all(partly[g.slug] == g for g in wanted.values())
        moment = now + at * 100_000 + 1
        if at > 1:
            with pytest.raises(Refusal) as caught:
                service.sync_games(tenant, "int", wanted, lease="early", now=moment)
            assert caught.value.name == "OPERATION_IN_PROGRESS"
        service.sync_games(tenant, "int", wanted, lease="again", now=moment + store.SYNC_LEASE_MS)
        after = {g.slug: g for g in store.all_games(tenant)}
        assert [g.enabled for _, g in sorted(after.items())] == [True] * 200 + [False] * 50
        assert {after[g.slug] for g in wanted.values()} == set(wanted.values())


def test_a_sync_that_lost_its_lease_is_fenced_off(aws: dict[str, str]) -> None:
    tenant, now = "t1", 1_790_000_000_000
    assert store.begin_sync(tenant, "int", "slow", now)
    assert not store.begin_sync(tenant, "int", "early", now + store.SYNC_LEASE_MS - 1)
    assert store.begin_sync(tenant, "int", "next", now + store.SYNC_LEASE_MS)
    with pytest.raises(dynamo.TransactionRefused):
        store.write(tenant, list(many(3).values()), "slow")
    store.abandon_sync(tenant, "slow")
    assert not store.begin_sync(tenant, "int", "third", now + store.SYNC_LEASE_MS + 1)
    assert list(store.all_games(tenant)) == []


# ---------------------------------------------------------------- what is known
def test_a_newly_synced_game_is_never_rejected_by_an_old_memory(one: tuple[str, Client]) -> None:
    tenant, _ = one
    now = 1_790_000_000_000

    def sync(**more: Any) -> None:
        """As another execution environment does it: this one's memory is not dropped."""
        kept = dict(memory._games), dict(memory._brands)
        service.sync_games(
            tenant, "int", {"g": Game("crash", "Crash", "S", "int", **more)}, lease=LEASE, now=now
        )
        memory._games.update(kept[0])
        memory._brands.update(kept[1])

    assert known(tenant, now).fault("aurora", "crash") == "unknown_brand"
    service.sync_brands(
        tenant, "int", {"x": store.Brand("aurora", "Aurora", "op", "Op", "int", True)}, lease=LEASE, now=now
    )
    assert known(tenant, now).fault("aurora", "crash") == "unknown_game"
    sync(enabled=True)
    assert known(tenant, now).fault("aurora", "crash") == ""
    sync(enabled=False)
    assert known(tenant, now + memory.KEPT_MS - 1).fault("aurora", "crash") == ""  # the stated lag
    assert known(tenant, now + memory.KEPT_MS).fault("aurora", "crash") == "game_disabled"
    sync(enabled=True)
    assert known(tenant, now + memory.KEPT_MS).fault("aurora", "crash") == ""
    sync(enabled=True, brands=("borealis",))
    assert known(tenant, now + 3 * memory.KEPT_MS).fault("aurora", "crash") == "game_not_for_brand"
    sync(enabled=True, brands=("aurora", "borealis"))
    assert known(tenant, now + 3 * memory.KEPT_MS).fault("aurora", "crash") == ""


def test_one_batch_is_one_read_and_the_next_within_seconds_is_none(one: tuple[str, Client]) -> None:
    tenant, call = one
    call("PUT", "/integrations/{id}/operators", OPERATORS, id="int")
    call("PUT", "/integrations/{id}/games", [row(f"g{n}") for n in range(60)], id="int")
    memory.forget()
    asked: list[str] = []

    def note(model: Any, **_: Any) -> None:
        asked.append(model.name)

    client = clients.dynamodb()
    client.meta.events.register("before-call.dynamodb", note)
    try:
        for expected in (1, 1):
            view = known(tenant)
            view.want(["aurora", "b"], [f"g{n}" for n in range(60)])
            assert [view.fault(b, f"g{n}") for b in ("aurora", "b") for n in range(60)] == [""] * 120
            assert len(asked) == expected
        view = known(tenant)
        assert {view.fault("nobody", "g1") for _ in range(50)} == {"unknown_brand"}
        assert len(asked) <= 3  # the unknown brand and, once, the game that memory held
    finally:
        client.meta.events.unregister("before-call.dynamodb", note)


# ---------------------------------------------------------------- active games
def test_active_games_answer_304_until_something_changes(
    one: tuple[str, Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, call = one
    on = [Running("t1", ("crash",), ("aurora",))]
    monkeypatch.setattr(catalogue_api, "_running", [])
    serve_active_games(lambda _tenant, _now: on)
    call("PUT", "/integrations/{id}/operators", OPERATORS, id="int")
    call("PUT", "/integrations/{id}/games", [row("crash"), row("slot")], id="int")
    first = call("GET", "/active-games")
    assert made(first)["activeGames"] == [
        {"gameId": "crash", "brandIds": ["aurora"], "tournamentIds": ["t1"]}
    ]
    again = call("GET", "/active-games", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.text) == (304, "")
    on.append(Running("t2", (), ()))
    changed = call("GET", "/active-games", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status == 200
    assert [r["gameId"] for r in changed.body["activeGames"]] == ["crash", "slot"]
    on.clear()
    assert made(call("GET", "/active-games"))["activeGames"] == []
