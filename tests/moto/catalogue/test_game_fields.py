"""What vendors tell of games: taken in exactly, listed by every filter, silent where nothing changed."""

from typing import Any

import pytest
from pitboss.catalogue import known as memory
from pitboss.catalogue.api import api
from pitboss.catalogue.model import Facts, Game
from pitboss.catalogue.public import game as stored
from pitboss.kernel.instants import parse_instant
from pitboss.platform import aws as clients
from pitboss.platform.clock import now_ms
from pitboss.tenancy.api import api as tenancy_api

from tests.tenancy_world import Client, made, operator, root_client

pytestmark = pytest.mark.moto

FULL = {
    "gameId": "slot",
    "displayName": "Slot",
    "gameProviderDisplayName": "Studio",
    "isFreeroundSupported": True,
    "iconUrl": "https://cdn.example/slot.png",
    "enabledBrandRefs": ["aurora"],
    "tags": ["slots", "classic"],
    "volatility": "medium_high",
    "rtp": "96.5",
    "devices": ["mobile", "desktop"],
    "currencies": ["EUR", "JPY"],
    "languages": ["en", "pt-BR"],
    "restrictedCountries": ["US", "FR"],
    "hasDemo": True,
    "betLimits": [
        {"currency": "JPY", "minBet": 10, "maxBet": "1000"},
        {"currency": "EUR", "minBet": "0.1", "maxBet": 100},
    ],
    "thumbnails": [{"url": "https://cdn.example/slot-200.webp", "width": 200, "height": 150}],
    "releasedAt": "2026-03-01T00:00:00Z",
    "launchUrl": "https://games.example/{token}",
}
PLAIN = {"gameId": "plain", "displayName": "Plain", "gameProviderDisplayName": "Other"}


@pytest.fixture
def one(aws: dict[str, str]) -> tuple[str, Client]:
    memory.forget()
    tenant, client = operator(root_client(tenancy_api))
    return tenant, Client(api, client.token)


def put(call: Client, *games: dict[str, Any], integration: str = "int") -> Any:
    return call("PUT", "/integrations/{id}/games", list(games), id=integration)


def listed(call: Client, **query: str) -> list[str]:
    return [game["gameId"] for game in made(call("GET", "/games", query=query))["games"]]


def test_every_field_comes_back_in_one_form(one: tuple[str, Client]) -> None:
    tenant, call = one
    before = now_ms()
    made(put(call, FULL, PLAIN))
    plain, slot = made(call("GET", "/games"))["games"]
    assert before // 1000 <= parse_instant(slot.pop("changedAt")) // 1000 <= now_ms() // 1000
    assert slot == {
        **FULL,
        "isEnabled": True,
        "tags": ["classic", "slots"],
        "rtp": "96.50",
        "devices": ["desktop", "mobile"],
        "restrictedCountries": ["FR", "US"],
        "betLimits": [
            {"currency": "EUR", "minBet": "0.10", "maxBet": "100.00"},
            {"currency": "JPY", "minBet": "10", "maxBet": "1000"},
        ],
        "integrationId": "int",
    }
    assert (plain["rtp"], plain["volatility"], plain["tags"], plain["hasDemo"]) == (None, None, [], False)
    kept = stored(tenant, "slot")
    assert kept is not None
    assert (kept.facts.rtp_bps, kept.facts.bets[0]) == (9650, ("EUR", "0.10", "100.00"))


def test_a_launch_url_that_opens_nothing_is_refused_with_its_place(one: tuple[str, Client]) -> None:
    _, call = one
    refused = put(call, PLAIN, {**FULL, "launchUrl": "https://games.example/{game}"})
    assert (refused.name, refused.body["errors"][0]["field"]) == ("URL_NOT_ALLOWED", "games[1].launchUrl")
    assert "LAUNCH_URL_NO_TOKEN" in refused.body["errors"][0]["reason"]
    assert listed(call) == []


def test_the_same_list_in_another_order_writes_nothing(one: tuple[str, Client]) -> None:
    _, call = one
    made(put(call, FULL, PLAIN))
    wrote: list[str] = []

    def note(params: Any, **_: Any) -> None:
        wrote.append(str(params))

    client = clients.dynamodb()
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", note)
    shuffled = {
        **FULL,
        "tags": ["classic", "slots", "slots"],
        "rtp": 96.5,
        "betLimits": FULL["betLimits"][::-1],
    }
    counts = made(put(call, PLAIN, shuffled))
    client.meta.events.unregister("before-call.dynamodb.TransactWriteItems", note)
    assert (counts["unchanged"], counts["updated"]) == (2, 0)
    assert "GAME#" not in "".join(wrote)


def test_a_game_stored_before_these_fields_is_unchanged_by_its_old_row(one: tuple[str, Client]) -> None:
    record = Game("plain", "Plain", "Other", "int", enabled=True).to_record()
    old = {name: value for name, value in record.items() if name not in ("facts", "changedAt")}
    assert Game.from_record(old) == Game("plain", "Plain", "Other", "int", enabled=True)
    assert record["facts"] is None
    _, call = one
    made(put(call, PLAIN))
    assert made(put(call, {**PLAIN, "tags": [], "languages": []}))["unchanged"] == 1


def test_every_filter(one: tuple[str, Client]) -> None:
    _, call = one
    made(put(call, FULL, PLAIN))
    assert listed(call) == ["plain", "slot"]
    assert listed(call, provider="Studio") == ["slot"]
    assert listed(call, tag="slots") == ["slot"]
    assert listed(call, tag="live") == []
    assert listed(call, currency="JPY") == ["plain", "slot"]
    assert listed(call, currency="USD") == ["plain"]
    assert listed(call, device="tablet") == ["plain"]
    assert listed(call, language="pt-BR") == ["plain", "slot"]
    assert listed(call, language="sv") == ["plain"]
    assert listed(call, country="US") == ["plain"]
    assert listed(call, country="MT") == ["plain", "slot"]
    assert listed(call, hasDemo="true") == ["slot"]
    assert listed(call, isFreeroundSupported="false") == ["plain"]
    assert listed(call, brandId="borealis") == ["plain"]
    assert listed(call, brandId="aurora", tag="classic", device="mobile") == ["slot"]
    assert call("GET", "/games", query={"device": "fridge"}).name == "PARAMETERS_INVALID"
    assert call("GET", "/games", query={"changedSince": "yesterday"}).name == "PARAMETERS_INVALID"


def test_what_changed_since_holds_disabled_games_too(one: tuple[str, Client]) -> None:
    _, call = one
    made(put(call, FULL, PLAIN))
    first = {g["gameId"]: g["changedAt"] for g in made(call("GET", "/games"))["games"]}
    latest = max(first.values(), key=parse_instant)
    assert listed(call, changedSince=latest) == ["plain", "slot"]
    assert listed(call, changedSince="2199-01-01T00:00:00Z") == []
    made(put(call, PLAIN))
    after = {g["gameId"]: (g["isEnabled"], g["changedAt"]) for g in made(call("GET", "/games"))["games"]}
    assert after["plain"] == (True, first["plain"])
    assert after["slot"][0] is False
    assert parse_instant(after["slot"][1]) > parse_instant(first["slot"])
    assert listed(call, changedSince=after["slot"][1]) == ["slot"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"rtp": "100.01"}, "VALIDATION_ERROR"),
        ({"rtp": 0}, "VALIDATION_ERROR"),
        ({"rtp": "96.505"}, "VALIDATION_ERROR"),
        ({"rtp": True}, "VALIDATION_ERROR"),
        ({"volatility": "wild"}, "VALIDATION_ERROR"),
        ({"devices": ["fridge"]}, "VALIDATION_ERROR"),
        ({"languages": ["EN"]}, "VALIDATION_ERROR"),
        ({"restrictedCountries": ["us"]}, "VALIDATION_ERROR"),
        ({"thumbnails": [{"url": "javascript:1"}]}, "VALIDATION_ERROR"),
        ({"betLimits": [{"currency": "EUR", "minBet": "2", "maxBet": "1"}]}, "VALIDATION_ERROR"),
        ({"betLimits": [{"currency": "EUR", "minBet": "-1", "maxBet": "1"}]}, "VALIDATION_ERROR"),
        ({"betLimits": [{"currency": "EUR", "minBet": "0.001", "maxBet": "1"}]}, "AMOUNT_PRECISION"),
        ({"betLimits": [{"currency": "ZZZ", "minBet": "1", "maxBet": "1"}]}, "CURRENCY_NOT_SUPPORTED"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_wrong_fields_are_named_and_nothing_is_written(
    one: tuple[str, Client], change: dict[str, Any], name: str
) -> None:
    _, call = one
    refused = put(call, PLAIN, {**FULL, **change})
    assert (refused.status, refused.name) == (400, name)
    assert listed(call) == []


def test_facts_survive_their_record() -> None:
    facts = Facts(("a",), "low", 9650, ("mobile",), ("EUR",), ("en",), ("US",), demo=True, released_at=5)
    assert Facts.from_record(facts.to_record()) == facts
    assert Facts().to_record() == {}
