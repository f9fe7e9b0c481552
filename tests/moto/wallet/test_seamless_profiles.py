"""Switches of profiles whose players' balance is the operator's: what the hub says to the operator follows them too."""

import pytest

from tests.seamless_world import open_seamless
from tests.tenancy_world import made

pytestmark = pytest.mark.moto


@pytest.fixture(autouse=True)
def demo_token(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_TOKEN", "look")


@pytest.mark.parametrize("how", ["flag", "win"])
def test_a_flag_closes_a_round_where_the_first_win_does_too(how: str) -> None:
    """In transfer mode `win` reads the flag as well: a lost round is told by it, since it has no win."""
    with open_seamless({"roundClose": how}) as there:
        provider = there.provider
        made(provider.bet("t1"))
        assert made(provider.back("x1", "t1", roundId="r1", roundClosed=True))["roundStatus"] == "cancelled"
        assert provider.bet("t2").name == "ROUND_CLOSED"
        assert made(provider.bet("t3", round_id="r2", roundClosed=True))["roundStatus"] == "completed"
        assert provider.bet("t4", round_id="r2").name == "ROUND_CLOSED"
        # The hub refuses the two by itself: no operator has to know of rounds.
        told = [said["roundClosed"] for action, said in there.heard if action in ("bet", "rollback")]
        assert told == [False, True, True]


@pytest.mark.parametrize("how", ["end", "none"])
def test_a_flag_means_nothing_where_the_profile_has_none(how: str) -> None:
    with open_seamless({"roundClose": how}) as there:
        made(there.provider.bet("t1", roundClosed=True))
        assert made(there.provider.bet("t2"))["roundStatus"] == "open"
