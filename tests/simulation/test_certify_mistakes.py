"""The kit against the example wallet: right as it is, and caught in every typical mistake."""

import pytest
from pitboss.certify.model import Result
from pitboss.certify.wallet_driver import Known

from tests.broken_wallets import BUGS
from tests.wallet_world import certify, new_wallet

pytestmark = pytest.mark.simulation


def failed(results: tuple[Result, ...]) -> dict[int, str]:
    return {r.number: f"{r.failure}" for r in results if r.state == "failed"}


def test_the_example_wallet_is_certified() -> None:
    made = certify(new_wallet())
    assert failed(made.results) == {}
    assert made.count("passed") == 82
    assert all(result.note for result in made.results if result.state == "skipped")


def test_the_example_wallet_is_certified_with_two_lent_players() -> None:
    wallet = new_wallet()
    wallet.put("certify", "alice", balance=12_345)
    wallet.put("certify", "bob", balance=500_000)
    wallet.put("certify", "carl", status="blocked")
    players = (
        Known("alice", "certify"),
        Known("bob", "certify"),
        Known("carl", "certify", role="blocked"),
    )
    made = certify(wallet, players=players)
    assert failed(made.results) == {}
    reasons = {r.number: r.note for r in made.results if r.state == "skipped"}
    assert set(reasons) - {r.number for r in certify(new_wallet()).results if r.state == "skipped"} == {
        67,  # nobody in JPY
        70,  # nobody self-excluded
        71,  # nobody can be blocked in the middle
        73,  # nobody has limits
    }


@pytest.mark.parametrize("name", sorted(BUGS))
def test_a_typical_mistake_is_caught(name: str) -> None:
    kind, expected = BUGS[name]
    only = ",".join(map(str, sorted(expected)))
    caught = failed(certify(new_wallet(kind), only).results)
    assert expected == set(caught), f"caught by {sorted(caught)}"


def test_there_are_enough_mistakes_to_believe_it() -> None:
    assert len(BUGS) >= 25
