"""Deposits, withdrawals and free rounds through the players' function."""

from typing import Any

import pytest
from pitboss.kernel.instants import format_instant
from pitboss.platform import dynamo
from pitboss.platform.clock import now_ms
from pitboss.wallet.public import change_wallet, free_rounds, read_wallet

from tests.players_world import World, build, launch_template
from tests.tenancy_world import Reply, made

pytestmark = pytest.mark.moto

DAY = 86_400_000


def ahead(ms: int) -> str:
    return format_instant((now_ms() + ms) // 1000 * 1000)


@pytest.fixture
def move(world: World) -> Any:
    """`move(kind, player, transaction, amount)`: every call with an Idempotency-Key of its own unless one is given."""
    keys = iter(range(10_000))

    def call(
        kind: str, player: str, transaction: str, amount: Any = None, key: str = "", **more: Any
    ) -> Reply:
        body = {"transactionId": transaction, **({} if amount is None else {"amount": amount}), **more}
        return world.call("POST", f"/players/{{id}}/{kind}", body, key=key or f"key-{next(keys)}", id=player)

    return call


def test_money_goes_in_and_out_and_is_named_once(world: World, move: Any) -> None:
    player = world.player("ann")["id"]
    paid = made(move("deposit", player, "d1", "100.50", currency="EUR"))
    assert {k: paid[k] for k in ("amount", "before", "balance", "replay", "currency")} == {
        "amount": "100.50",
        "before": "0.00",
        "balance": "100.50",
        "replay": False,
        "currency": "EUR",
    }
    again = made(move("deposit", player, "d1", 100.5))
    assert (again["replay"], again["balance"], again["hubTransactionId"]) == (
        True,
        "100.50",
        paid["hubTransactionId"],
    )
    other = move("deposit", player, "d1", "100.51")
    assert (other.status, other.name, other.body["effect"]) == (409, "TX_CONFLICT", "none")
    out = made(move("withdraw", player, "w1", "0.51"))
    assert (out["before"], out["balance"]) == ("100.50", "99.99")
    short = move("withdraw", player, "w2", "100")
    assert (short.status, short.name) == (402, "BALANCE_NOT_ENOUGH")
    assert made(world.call("GET", "/players/{id}", id=player))["balance"] == "99.99"


def test_withdraw_all_answers_what_it_moved_and_answers_it_again(world: World, move: Any) -> None:
    player = world.player("ann")["id"]
    made(move("deposit", player, "d1", "70"))
    first = made(move("withdraw-all", player, "all-1"))
    assert (first["amount"], first["balance"], first["replay"]) == ("70.00", "0.00", False)
    made(move("deposit", player, "d2", "5"))
    again = made(move("withdraw-all", player, "all-1"))
    assert (again["amount"], again["replay"]) == ("70.00", True)
    assert made(world.call("GET", "/players/{id}", id=player))["balance"] == "5.00"
    empty = made(move("withdraw-all", world.player("bob")["id"], "all-2"))
    assert (empty["amount"], empty["balance"]) == ("0.00", "0.00")


def test_a_movement_needs_a_key_and_repeats_with_it(world: World, move: Any) -> None:
    player = world.player("ann")["id"]
    naked = world.call("POST", "/players/{id}/deposit", {"transactionId": "d1", "amount": "1"}, id=player)
    assert naked.name == "IDEMPOTENCY_KEY_REQUIRED"
    first = move("deposit", player, "d1", "1", key="same")
    again = move("deposit", player, "d1", "1", key="same")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.body == first.body
    assert move("deposit", player, "d2", "1", key="same").name == "IDEMPOTENCY_CONFLICT"


@pytest.mark.parametrize(
    ("amount", "status", "name"),
    [
        ("10,00", 400, "INVALID_AMOUNT"),
        ("1e1", 400, "INVALID_AMOUNT"),
        ("NaN", 400, "INVALID_AMOUNT"),
        ("", 400, "INVALID_AMOUNT"),
        ("0", 400, "INVALID_AMOUNT"),
        ("-1", 400, "INVALID_AMOUNT"),
        ("0.001", 400, "AMOUNT_PRECISION"),
        ("100000000000000000", 400, "AMOUNT_LIMIT"),
        (True, 400, "VALIDATION_ERROR"),
        (None, 400, "VALIDATION_ERROR"),
    ],
    ids=str,
)
def test_amounts_are_exact_or_refused(world: World, amount: Any, status: int, name: str) -> None:
    player = world.player("ann")["id"]
    body = {"transactionId": "d1", "amount": amount}
    refused = world.call("POST", "/players/{id}/deposit", body, key="k", id=player)
    assert (refused.status, refused.name, refused.body["effect"]) == (status, name, "none")
    assert made(world.call("GET", "/players/{id}", id=player))["balance"] == "0.00"


@pytest.mark.parametrize(("currency", "smallest"), [("JPY", "1"), ("KWD", "0.001"), ("BTC", "0.00000001")])
def test_every_scale_of_currency(aws: dict[str, str], currency: str, smallest: str) -> None:
    world = build(currency)
    player = world.player("ann")
    assert player["currency"] == currency
    body = {"transactionId": "d1", "amount": smallest}
    assert (
        made(world.call("POST", "/players/{id}/deposit", body, key="k", id=player["id"]))["balance"]
        == smallest
    )


def test_blocked_players_and_suspended_agents_get_their_money_out(world: World, move: Any) -> None:
    player = world.player("ann")["id"]
    made(move("deposit", player, "d1", "10"))
    made(world.patch(player, status="closed"))
    assert move("deposit", player, "d2", "10").name == "PLAYER_CLOSED"
    made(world.root("PATCH", "/agents/{id}", {"status": "suspended"}, id=world.tenant_id))
    assert move("deposit", player, "d3", "10").name == "TENANT_SUSPENDED"
    assert made(move("withdraw-all", player, "w1"))["amount"] == "10.00"


def test_a_seamless_player_has_no_money_here(world: World, move: Any) -> None:
    from dataclasses import replace

    player = world.player("ann")["id"]
    change_wallet(world.tenant_id, player, lambda wallet: replace(wallet, mode="seamless"))
    assert move("deposit", player, "d1", "10").name == "CONFLICT"
    assert made(world.call("GET", "/players/{id}", id=player))["balance"] is None


def test_a_stranger_moves_nothing(world: World) -> None:
    player = world.player("ann")["id"]
    for kind in ("deposit", "withdraw", "withdraw-all"):
        body = {"transactionId": "d1", **({} if kind == "withdraw-all" else {"amount": "1"})}
        reply = world.other("POST", f"/players/{{id}}/{kind}", body, key=kind, id=player)
        assert (reply.status, reply.name) == (404, "USER_NOT_FOUND")


# ---------------------------------------------------------------- free rounds
def grant(world: World, player: str, *, key: str = "", **more: Any) -> Reply:
    body = {
        "playerId": player,
        "gameIds": ["slot"],
        "count": 3,
        "betAmount": "0.20",
        "expiresAt": ahead(DAY),
        **more,
    }
    return world.call("POST", "/free-rounds", body, key=key)


def play(world: World, player: str, grant_id: str, won: int) -> None:
    """One round, as the wallet counts it in a bet's transaction."""
    before = free_rounds.read(world.tenant_id, player, grant_id)
    assert before is not None
    after = free_rounds.consume(before, provider="int", game_id="slot", amount=20, now=now_ms())
    dynamo.transact([free_rounds.put_op(free_rounds.credit(after, won), before.version)])


def test_granting_reading_and_launching_free_rounds(world: World) -> None:
    player = world.player("ann")["id"]
    granted = made(grant(world, player, key="g1", reference="welcome", winKind="bonus"))
    assert {
        k: granted[k] for k in ("count", "used", "left", "betAmount", "won", "state", "integrationId")
    } == {
        "count": 3,
        "used": 0,
        "left": 3,
        "betAmount": "0.20",
        "won": "0.00",
        "state": "active",
        "integrationId": "int",
    }
    play(world, player, granted["freeRoundsId"], 150)
    read = made(world.call("GET", "/free-rounds/{id}", id=granted["freeRoundsId"]))
    assert (read["used"], read["left"], read["staked"], read["won"]) == (1, 2, "0.20", "1.50")
    launch_template(
        world.tenant_id, "https://g.example/{token}?f={freeRoundsId}&n={freeRounds}&b={freeRoundsBet}"
    )
    url = made(world.launch("slot", playerId=player, freeRoundsId=granted["freeRoundsId"]))["url"]
    assert url.endswith(f"?f={granted['freeRoundsId']}&n=2&b=0.20")
    other = made(world.launch("other-slot", dry=True, playerId=player, freeRoundsId=granted["freeRoundsId"]))
    assert [f["code"] for f in other["findings"] if f["severity"] == "error"] == ["FREEROUND_OTHER_GAME"]
    wallet = read_wallet(world.tenant_id, player)
    assert wallet is not None
    assert wallet.balance == 0


def test_free_rounds_are_cancelled_only_before_the_first(world: World) -> None:
    player = world.player("ann")["id"]
    claimed, unclaimed = (made(grant(world, player))["freeRoundsId"] for _ in range(2))
    play(world, player, claimed, 0)
    refused = world.call("DELETE", "/free-rounds/{id}", id=claimed)
    assert (refused.status, refused.name) == (409, "FREEROUND_CANNOT_CANCEL")
    assert (refused.body["freeRoundsUsed"], refused.body["freeRoundsLeft"]) == (1, 2)
    cancelled = made(world.call("DELETE", "/free-rounds/{id}", id=unclaimed))
    assert cancelled["state"] == "cancelled"
    assert made(world.call("DELETE", "/free-rounds/{id}", id=unclaimed)) == cancelled
    assert world.launch("slot", playerId=player, freeRoundsId=unclaimed).name == "FREEROUND_EXHAUSTED"
    stranger = world.other("DELETE", "/free-rounds/{id}", id=claimed)
    assert (stranger.status, stranger.name) == (404, "FREEROUND_NOT_FOUND")
    events = made(world.call("GET", "/players/{id}/events", id=player))["events"]
    assert [e["type"] for e in events][:3] == [
        "freerounds.cancelled",
        "freerounds.granted",
        "freerounds.granted",
    ]


def test_lists_of_free_rounds_by_player_and_state(world: World) -> None:
    ann, bob = world.player("ann")["id"], world.player("bob")["id"]
    of_ann = [made(grant(world, ann))["freeRoundsId"] for _ in range(3)]
    of_bob = made(grant(world, bob))["freeRoundsId"]
    made(world.call("DELETE", "/free-rounds/{id}", id=of_ann[1]))
    ids = lambda **query: [  # noqa: E731
        row["freeRoundsId"] for row in made(world.call("GET", "/free-rounds", query=query))["freeRounds"]
    ]
    assert set(ids()) == {*of_ann, of_bob}
    assert ids(playerId=bob) == [of_bob]
    assert set(ids(brandId="aurora", userId="ann")) == set(of_ann)
    assert ids(playerId=ann, state="cancelled") == [of_ann[1]]
    assert set(ids(state="active")) == {of_ann[0], of_ann[2], of_bob}
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(5):
        query = {"playerId": ann, "limit": "1", **({"cursor": cursor} if cursor else {})}
        page = made(world.call("GET", "/free-rounds", query=query))
        seen += [row["freeRoundsId"] for row in page["freeRounds"]]
        cursor = page["nextCursor"]
        if not cursor:
            break
    assert sorted(seen) == sorted(of_ann)
    assert made(world.other("GET", "/free-rounds"))["freeRounds"] == []
    assert world.call("GET", "/free-rounds", query={"userId": "ann"}).name == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"gameIds": ["crash"]}, "FREEROUND_NOT_SUPPORTED"),
        ({"gameIds": ["nothing"]}, "GAME_NOT_FOUND"),
        ({"gameIds": ["gone"]}, "GAME_DISABLED"),
        ({"gameIds": []}, "VALIDATION_ERROR"),
        ({"gameIds": ["slot", "slot"]}, "VALIDATION_ERROR"),
        ({"count": 0}, "VALIDATION_ERROR"),
        ({"betAmount": "0"}, "INVALID_AMOUNT"),
        ({"betAmount": "0.001"}, "AMOUNT_PRECISION"),
        ({"currency": "USD"}, "CURRENCY_MISMATCH"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "VALIDATION_ERROR"),
        ({"playerId": None}, "VALIDATION_ERROR"),
        ({"brandId": "aurora"}, "VALIDATION_ERROR"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_grant(world: World, change: dict[str, Any], name: str) -> None:
    player = world.player("ann")["id"]
    refused = grant(world, player, **change)
    assert refused.name == name
    assert made(world.call("GET", "/free-rounds"))["freeRounds"] == []


def test_no_gifts_for_those_who_may_not_play(world: World) -> None:
    player = world.player("ann")["id"]
    made(world.patch(player, selfExcludedUntil=ahead(DAY)))
    assert grant(world, player).name == "PLAYER_SELF_EXCLUDED"
