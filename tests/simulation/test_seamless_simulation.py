"""Money between two books, shown: whatever the network, the operator and dying processes do, every transaction ends, and
each took effect at the operator exactly if it stands at the hub. PITBOSS_WORLDS and PITBOSS_SEED as for the wallet."""

import os

import pytest

from tests.simulation.seamless_sim import SeamlessWorld

pytestmark = pytest.mark.simulation
WORLDS = int(os.environ.get("PITBOSS_WORLDS", "96"))
SEED = int(os.environ.get("PITBOSS_SEED", "1"))
BLOCKS = 8
_played = {"deliveries": 0, "deaths": 0, "calls": 0, "faults": 0, "persons": 0}


@pytest.mark.parametrize("block", range(BLOCKS))
def test_the_operators_books_and_the_hubs_agree(block: int) -> None:
    """Random worlds with a network that loses, delays, doubles, reorders and lies."""
    for seed in range(SEED + block, SEED + WORLDS, BLOCKS):
        world = SeamlessWorld(seed)
        try:
            world.play()
        except Exception as error:
            raise AssertionError(f"world of seed {seed} (PITBOSS_SEED={seed} PITBOSS_WORLDS=1)") from error
        _played["deliveries"] += world.deliveries
        _played["deaths"] += world.deaths
        _played["calls"] += world.operator.calls
        _played["faults"] += world.operator.faults
        _played["persons"] += world.persons


def test_enough_was_played() -> None:
    """The figure that is claimed, and that the faults really happened."""
    if WORLDS < 96:
        pytest.skip("only some worlds were asked for")
    assert _played["deliveries"] >= 10_000, _played
    assert _played["deaths"] >= 300, _played
    assert _played["faults"] >= 1_000, _played
    assert _played["persons"] >= 10, _played


@pytest.mark.parametrize("number", range(3))
def test_a_death_at_every_write_and_every_call(number: int) -> None:
    """The same small world again and again, dying before and after its first write or call, its second, and so on."""
    seed = 30_000 + number
    calm = SeamlessWorld(seed, rounds=2, die=lambda _: "", fatal_call=lambda _: "", processes=1)
    calm.play()
    for fatal in range(1, max(calm.table.writes, calm.sent) + 1):
        for when in ("before", "after"):
            at = lambda n, f=fatal, w=when: w if n == f else ""  # noqa: E731
            for fate in ({"die": at, "fatal_call": lambda _: ""}, {"die": lambda _: "", "fatal_call": at}):
                world = SeamlessWorld(seed, rounds=2, processes=1, **fate)
                try:
                    world.play()
                except Exception as error:
                    raise AssertionError(f"world {seed}, dying {when} step {fatal}") from error
