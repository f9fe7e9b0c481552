"""The founding agent API on the hub's own use cases: its envelope, its numbers, its codes."""

from typing import Any

import pytest
from pitboss.dialects.agent_v4 import provider_id
from pitboss.platform import dynamo

from tests.dialect_world import BRAND, GAME, INTEGRATION, World
from tests.functions import load
from tests.tenancy_world import Client, made

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]


@pytest.fixture
def world() -> World:
    made_world = World.make()
    made(
        made_world.call(
            "PUT",
            "/integrations/{id}/wallet",
            {"launchUrl": "https://play.studio.example/{game}?t={token}"},
            id=INTEGRATION,
        )
    )
    return made_world


def v4(world: World, path: str, *, key: str = "", headers: dict[str, str] | None = None, **body: Any) -> Any:
    reply = world.call("POST", f"/v4/{path}", body, key=key, headers=headers)
    assert reply.status == 200
    return reply.body


def test_a_casinos_day(world: World) -> None:
    assert v4(world, "agent/info") == {
        "code": 0,
        "message": "OK",
        "data": {"name": "Op", "currency": "EUR", "balance": 0.0},
    }
    first = v4(world, "user/create", name="alice")["data"]
    assert first["is_new_user"] is True
    assert v4(world, "user/create", name="alice")["data"] == {**first, "is_new_user": False}
    code = first["user_code"]
    assert 0 < code < 2**53
    assert v4(world, "user/info", user_code=code)["data"] == {"name": "alice", "balance": 0.0}
    paid = v4(world, "wallet/deposit", user_code=code, amount=50.25, tx_id="d1")["data"]
    assert paid == {"balance": 50.25, "amount": 50.25}
    assert v4(world, "wallet/deposit", user_code=code, amount=50.25, tx_id="d1")["data"] == paid
    out = v4(world, "wallet/withdraw", user_code=code, amount="20", tx_id="o1")["data"]
    assert out == {"balance": 30.25, "amount": 20.0}
    everything = v4(world, "wallet/withdraw-all", user_code=code, tx_id="o2")["data"]
    assert everything == {"balance": 0.0, "amount": 30.25}
    assert v4(world, "wallet/withdraw-all", user_code=code, tx_id="o2")["data"] == everything


def test_games_and_a_launch(world: World) -> None:
    provider = provider_id(INTEGRATION)
    assert v4(world, "game/providers")["data"] == [
        {"provider_id": provider, "provider_name": INTEGRATION, "locale_name": INTEGRATION, "status": 1}
    ]
    (game,) = v4(world, "game/games", provider_id=provider, lang=1)["data"]
    assert (game["game_code"], game["launch_enable"], game["category"]) == (GAME, True, "Slots")
    assert v4(world, "game/all")["data"] == [game]
    code = v4(world, "user/create", name="alice")["data"]["user_code"]
    opened = v4(
        world,
        "game/game-url",
        user_code=code,
        provider_id=provider,
        game_symbol=GAME,
        lang=1,
        return_url="https://casino.example/lobby",
        win_ratio=0,
    )
    url = opened["data"]["game_url"]
    assert url.startswith(f"https://play.studio.example/{GAME}?t=pl_")
    again = v4(world, "game/game-url", user_code=code, provider_id=provider, game_symbol=GAME)
    assert again["data"]["game_url"] != url, "a URL opens once"


@pytest.mark.parametrize("name", ["win_ratio", "rtp"])
def test_results_are_never_steered_per_player(world: World, name: str) -> None:
    code = v4(world, "user/create", name="alice")["data"]["user_code"]
    reply = v4(
        world,
        "game/game-url",
        user_code=code,
        provider_id=provider_id(INTEGRATION),
        game_symbol=GAME,
        **{name: 70},
    )
    assert (reply["code"], reply["message"]) == (1002, "VALIDATION_ERROR")
    assert "never steered" in reply["detail"]


@pytest.mark.parametrize(
    ("path", "body", "code", "name"),
    [
        ("user/info", {"user_code": 12345}, 2002, "USER_NOT_FOUND"),
        ("user/info", {"user_code": "12345"}, 1002, "VALIDATION_ERROR"),
        ("user/create", {"name": "a"}, 1002, "VALIDATION_ERROR"),
        ("user/create", {"name": "a b"}, 1002, "VALIDATION_ERROR"),
        ("user/create", {}, 1002, "VALIDATION_ERROR"),
        ("game/games", {"provider_id": 7}, 2007, "PROVIDER_NOT_FOUND"),
        ("wallet/deposit", {"user_code": 1, "amount": 5}, 2002, "USER_NOT_FOUND"),
    ],
)
def test_refusals_have_the_founding_numbers(
    world: World, path: str, body: dict[str, Any], code: int, name: str
) -> None:
    reply = v4(world, path, **body)
    assert (reply["code"], reply["message"]) == (code, name)


@pytest.mark.parametrize(
    ("amount", "name"),
    [
        (0.001, "AMOUNT_PRECISION"),
        ("1e1", "INVALID_AMOUNT"),
        (-5, "INVALID_AMOUNT"),
        (0, "INVALID_AMOUNT"),
        ("10,00", "INVALID_AMOUNT"),
        (True, "VALIDATION_ERROR"),
        (None, "VALIDATION_ERROR"),
        (10**18, "AMOUNT_LIMIT"),
    ],
)
def test_bad_amounts_move_nothing(world: World, amount: Any, name: str) -> None:
    code = v4(world, "user/create", name="alice")["data"]["user_code"]
    assert v4(world, "wallet/deposit", user_code=code, amount=amount, tx_id="d")["message"] == name
    assert v4(world, "user/info", user_code=code)["data"]["balance"] == 0.0


def test_more_than_there_is_and_another_amount_under_the_same_id(world: World) -> None:
    code = v4(world, "user/create", name="alice")["data"]["user_code"]
    v4(world, "wallet/deposit", user_code=code, amount=5, tx_id="d")
    assert v4(world, "wallet/withdraw", user_code=code, amount=6, tx_id="w")["code"] == 2006
    assert v4(world, "wallet/deposit", user_code=code, amount=6, tx_id="d")["message"] == "TX_CONFLICT"


def test_an_idempotency_key_makes_a_movement_repeatable_without_tx_id(world: World) -> None:
    code = v4(world, "user/create", name="alice")["data"]["user_code"]
    for _ in range(3):
        v4(world, "wallet/deposit", key="once", user_code=code, amount=5)
    assert v4(world, "user/info", user_code=code)["data"]["balance"] == 5.0
    v4(world, "wallet/deposit", user_code=code, amount=5)
    assert v4(world, "user/info", user_code=code)["data"]["balance"] == 10.0


def test_the_number_of_another_agents_player_opens_nothing(world: World) -> None:
    code = v4(world, "user/create", name="alice")["data"]["user_code"]
    other = World.make()
    assert v4(other, "user/info", user_code=code)["message"] == "USER_NOT_FOUND"


def test_with_two_brands_the_brand_is_asked_for(world: World) -> None:
    app: Any = load("catalogue_api")
    brands = [{"ref": BRAND, "name": "Aurora"}, {"ref": "borealis", "name": "Borealis"}]
    games = Client(app.api, world.call.token)
    made(
        games(
            "PUT",
            "/integrations/{id}/operators",
            [{"ref": "o", "name": "O", "brands": brands}],
            id=INTEGRATION,
        )
    )
    refused = v4(world, "user/create", name="alice")
    assert (refused["message"], refused["detail"]) == (
        "BRAND_NOT_FOUND",
        "Send Pitboss-Brand: one of aurora, borealis.",
    )
    one = v4(world, "user/create", name="alice", headers={"Pitboss-Brand": BRAND})["data"]
    two = v4(world, "user/create", name="alice", headers={"Pitboss-Brand": "borealis"})["data"]
    assert one["user_code"] != two["user_code"]


def test_a_number_that_stands_for_another_is_passed_over(world: World) -> None:
    """Two names of one hash: the second player gets the next number, and each keeps its own."""
    code = v4(world, "user/create", name="alice")["data"]["user_code"]
    item = dynamo.get("HubTable", f"V4USER#{world.tenant_id}", str(code))
    assert item is not None
    dynamo.apply(dynamo.put_op("HubTable", {**item, "userId": "somebody-else"}))
    moved = v4(world, "user/create", name="alice")["data"]["user_code"]
    assert moved != code
    assert v4(world, "user/info", user_code=moved)["data"]["name"] == "alice"
