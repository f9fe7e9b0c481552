"""Runs cases on a port, several side by side, and tells how each ended as soon as it has."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pitboss.certify.memory import Memory
from pitboss.certify.model import (
    Case,
    CaseFailed,
    CaseSkipped,
    Failure,
    Play,
    Result,
    Run,
    SetupFailed,
    State,
)
from pitboss.certify.play import Stagehand
from pitboss.certify.scene import Port, Scene

type Progress = Callable[[Result], None]
CASE_S = 420.0


def chosen(cases: Sequence[Case], only: str) -> list[Case]:
    """The cases that `only` names: "" for all, else numbers, ranges and groups, such as `1-9,15,rollbacks`. ValueError
    for what names none."""
    if not only.strip():
        return list(cases)
    wanted: set[int] = set()
    for part in (p.strip() for p in only.split(",")):
        low, dash, high = part.partition("-")
        if low.isdigit() and (high.isdigit() or not dash):
            found = {c.number for c in cases if int(low) <= c.number <= int(high or low)}
        else:
            found = {c.number for c in cases if c.group == part}
        if not found:
            raise ValueError(f"{part!r} names no case")
        wanted |= found
    return [case for case in cases if case.number in wanted]


async def run_case(
    port: Port,
    case: Case,
    run_id: str,
    switches: Mapping[str, str],
    *,
    memory: Memory | None = None,
    scale: float = 1.0,
) -> Result:
    """One case from its stage to its result. Never raises for what the other side does."""
    play = case.play_for(port.target, switches)
    if play is None or play.skip:
        why = play.skip if play else "No script fits this profile."
        return Result(case.number, case.title, case.group, "skipped", note=why)
    scene = Scene(case.number, run_id, dict(switches))
    started = time.monotonic()
    state: State = "passed"
    failure: Failure | None = None
    note = play.how
    try:
        async with asyncio.timeout(CASE_S * scale):
            await _on_stage(port, scene, play, memory, scale)
    except CaseSkipped as skipped:
        state, note = "skipped", str(skipped)
    except CaseFailed as failed:
        state, failure = "failed", failed.failure
    except SetupFailed as broken:
        state, failure = "failed", Failure("the stage", "to be set", str(broken), broken.exchange)
    except TimeoutError:
        state = "failed"
        failure = scene.failure("the whole case", f"an end within {CASE_S * scale:g} s", "none")
    finally:
        await port.leave(scene)
    if scene.note:
        note = f"{note} {scene.note}".strip()
    elapsed = int((time.monotonic() - started) * 1000)
    calls = sum(scene.seen.values())
    return Result(case.number, case.title, case.group, state, elapsed, calls, note, failure)


async def _on_stage(port: Port, scene: Scene, play: Play, memory: Memory | None, scale: float) -> None:
    await Stagehand(port, scene, memory, scale=scale).play(play)


async def run(
    port: Port,
    cases: Sequence[Case],
    run_id: str,
    profile: str,
    switches: Mapping[str, str],
    *,
    progress: Progress = lambda _: None,
    memory: Memory | None = None,
    scale: float = 1.0,
) -> Run:
    """Every case. Raises SetupFailed if the common stage cannot be set."""
    started_at = time.time_ns() // 1_000_000
    gate = asyncio.Semaphore(port.side_by_side)
    results: list[Result] = []

    async def one(case: Case) -> None:
        async with gate:
            result = await run_case(port, case, run_id, switches, memory=memory, scale=scale)
        results.append(result)
        progress(result)

    try:
        await port.open()
        # Those that wait for somebody else's clock begin first, so that the others pass the time.
        await asyncio.gather(*(one(case) for case in sorted(cases, key=patience)))
    finally:
        await port.close()
    results.sort(key=lambda result: result.number)
    made = Run(run_id, port.target, profile, port.address, started_at, 0, tuple(results))
    return replace(made, ended_at=time.time_ns() // 1_000_000)


def patience(case: Case) -> tuple[bool, int]:
    """Sorting key: cases that wait for something first."""
    waits = any(step.verb == "until" for play in case.plays for step in play.steps)
    return not waits, case.number
