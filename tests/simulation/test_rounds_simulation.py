"""Exactly-once, shown: whatever is repeated, reordered, corrected or cut off by a crash, the standings are those of the
distinct rounds. PITBOSS_WORLDS is how many worlds are played, PITBOSS_SEED the first one."""

import os

import pytest

from tests.simulation.sim_world import World

pytestmark = pytest.mark.simulation
WORLDS = int(os.environ.get("PITBOSS_WORLDS", "320"))
SEED = int(os.environ.get("PITBOSS_SEED", "1"))
SWEPT = 16  # worlds, one a metric, that are cut off at every single write


@pytest.fixture(autouse=True)
def _table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARENA_TABLE", "arena")


@pytest.mark.parametrize("block", range(8))
def test_standings_equal_a_naive_recomputation(block: int) -> None:
    """Random worlds; each dies at some of its writes, and in most of them pages are split at any moment."""
    splits = 0
    for seed in range(SEED + block, SEED + WORLDS, 8):
        try:
            world = World(seed)
            world.play()
            splits += world.splits
        except Exception as error:
            raise AssertionError(f"world of seed {seed} (PITBOSS_SEED={seed} PITBOSS_WORLDS=1)") from error
    assert splits > 10 or WORLDS < 80


@pytest.mark.parametrize("number", range(SWEPT))
def test_a_crash_at_every_single_write(number: int) -> None:
    """The same small world again and again, dying before and after its first write, its second, and so on."""
    seed = 10_000 + number
    calm = World(seed, crash=lambda _: "", most=8)
    calm.play()
    assert calm.table.writes
    for fatal in range(1, calm.table.writes + 1):
        for when in ("before", "after"):
            try:
                World(seed, crash=lambda n, f=fatal, w=when: w if n == f else "", most=8).play()
            except Exception as error:
                raise AssertionError(f"world {seed}, dying {when} write {fatal}") from error
