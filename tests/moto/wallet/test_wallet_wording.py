"""Profiles without a dialect: the hub's calls with a vendor's scale of money and its school of HTTP, in both directions."""

import pytest
from pitboss.wallet.wording import scaled

from tests.dialect_world import World
from tests.provider_world import INTEGRATION, Provider, open_world
from tests.tenancy_world import made

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]


def world_of(**overrides: str) -> tuple[World, Provider]:
    world, provider = open_world()
    body = {"profile": "default", "overrides": overrides}
    made(world.call("PUT", "/integrations/{id}/wallet", body, id=INTEGRATION))
    return world, provider


@pytest.mark.parametrize(
    ("amount", "scale", "number"),
    [
        ("990.00", "x100000", 99_000_000),
        ("990.00", "millis", 990_000),
        ("990.00", "minor", 99_000),
        ("990", "minor", 990),
        ("0.01", "x100000", 1_000),
        ("1.23456789", "minor", 123_456_789),
        ("1.23456789", "x100000", 123_456),
        ("-0.05", "minor", -5),
    ],
)
def test_an_amount_in_a_scale(amount: str, scale: str, number: int) -> None:
    assert scaled(amount, scale) == number


@pytest.mark.parametrize(("scale", "unit"), [("x100000", 100_000), ("millis", 1_000), ("minor", 100)])
def test_what_is_sent_in_a_scale_is_answered_in_it(scale: str, unit: int) -> None:
    _, provider = world_of(moneyScale=scale)
    assert made(provider("balance"))["balance"] == 1000 * unit
    assert made(provider("authenticate"))["balance"] == 1000 * unit
    assert made(provider.bet("t1", 10 * unit))["balance"] == 990 * unit
    assert made(provider.win("w1", 25 * unit, betTransactionId="t1"))["balance"] == 1015 * unit
    replay = made(provider.bet("t1", 10 * unit))
    assert (replay["balance"], replay["currentBalance"]) == (990 * unit, 1015 * unit)
    actions = [
        {"action": "bet", "transactionId": "t2", "amount": 15 * unit},
        {"action": "win", "transactionId": "w2", "amount": 5 * unit},
    ]
    many = made(provider("transaction", roundId="r2", gameId=provider.game, currency="EUR", actions=actions))
    assert [row["balance"] for row in many["results"]] == [1000 * unit, 1005 * unit]
    short = provider.bet("t3", 2000 * unit, "r3")
    assert (short.status, short.name, short.body["balance"]) == (402, "BALANCE_NOT_ENOUGH", 1005 * unit)


def test_refusals_with_http_200_where_the_profile_has_it_so() -> None:
    _, provider = world_of(httpSchool="always200")
    refused = provider.bet("t1", "2000.00")
    assert (refused.status, refused.name) == (200, "BALANCE_NOT_ENOUGH")
    assert (refused.body["code"], refused.body["effect"]) == (2006, "none")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert made(provider.bet("t2"))["status"] == "OK"
    assert provider("bet").status == 200  # a body that is not right is a refusal like the others
    stranger = Provider(provider.client, b"another secret", provider.token)
    assert (stranger("balance").status, stranger("balance").name) == (401, "SIGNATURE_INVALID")


def test_the_usual_profile_answers_as_ever() -> None:
    _, provider = world_of()
    refused = provider.bet("t1", "2000.00")
    assert (refused.status, refused.body["balance"]) == (402, "1000.00")
