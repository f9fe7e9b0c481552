"""Money, shown: whatever is repeated, reordered, raced, read late or cut off by a death, sums are zero, nothing is negative,
each id is applied at most once and every round ends. PITBOSS_WORLDS is how many worlds are played, PITBOSS_SEED the first."""

import os

import pytest

from tests.simulation.wallet_sim import World

pytestmark = pytest.mark.simulation
WORLDS = int(os.environ.get("PITBOSS_WORLDS", "96"))
SEED = int(os.environ.get("PITBOSS_SEED", "1"))
BLOCKS = 8
_played = {"deliveries": 0, "deaths": 0, "stale": 0}


@pytest.mark.parametrize("block", range(BLOCKS))
def test_money_is_neither_lost_nor_doubled(block: int) -> None:
    """Random worlds of several processes, with deaths at random writes."""
    for seed in range(SEED + block, SEED + WORLDS, BLOCKS):
        world = World(seed)
        try:
            world.play()
        except Exception as error:
            raise AssertionError(f"world of seed {seed} (PITBOSS_SEED={seed} PITBOSS_WORLDS=1)") from error
        _played["deliveries"] += world.deliveries
        _played["deaths"] += world.deaths
        _played["stale"] += world.table.stale_reads


def test_enough_was_played() -> None:
    """The figure that is claimed: at least ten thousand operations, and the faults really happened."""
    if WORLDS < 96:
        pytest.skip("only some worlds were asked for")
    assert _played["deliveries"] >= 10_000, _played
    assert _played["deaths"] >= 300, _played
    assert _played["stale"] >= 1_000, _played


@pytest.mark.parametrize("number", range(4))
def test_a_death_at_every_single_write(number: int) -> None:
    """The same small world again and again, dying before and after its first write, its second, and so on."""
    seed = 20_000 + number
    calm = World(seed, rounds=3, die=lambda _: "", processes=1)
    calm.play()
    for fatal in range(1, calm.table.writes + 1):
        for when in ("before", "after"):
            world = World(seed, rounds=3, die=lambda n, f=fatal, w=when: w if n == f else "", processes=1)
            try:
                world.play()
            except Exception as error:
                raise AssertionError(f"world {seed}, dying {when} write {fatal}") from error
