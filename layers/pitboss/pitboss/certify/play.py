"""Plays a script on a port: calls are made, repeated while the answer says so, and judged.

A step that sees something else than its rule says raises CaseFailed with the exchange that shows it.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

from pitboss.certify import storm
from pitboss.certify.memory import Memory
from pitboss.certify.model import Act, CaseFailed, Play, Reply, Step, Wanted
from pitboss.certify.replies import WAIT, fits, shown, told
from pitboss.certify.scene import Port, Said, Scene
from pitboss.certify.script import CALLS

PATIENCE_S = 90.0  # for a call that is asked to come again
UNTIL_S = 240.0  # for something that is driven to an end by somebody else
AT_ONCE = 50


class Stagehand:
    """Runs the steps of one case. `scale` shortens or lengthens the deadlines (a slow stack, an impatient test)."""

    def __init__(self, port: Port, scene: Scene, memory: Memory | None = None, *, scale: float = 1.0) -> None:
        self.port = port
        self.scene = scene
        self.memory = memory
        self.scale = scale

    async def play(self, play: Play) -> None:
        """All steps in order. Raises CaseFailed or CaseSkipped."""
        for step in play.steps:
            await self._step(step)

    async def _step(self, step: Step) -> None:
        verb = step.verb
        if verb == "race":
            await self._race(step)
        elif verb == "until":
            await self._until(step)
        elif verb == "batch":
            await self._judged(step, lambda: self.port.send_list(self.scene, step.acts))
        elif verb in CALLS:
            act = step.acts[0]
            await self._judged(step, lambda: self.port.send(self.scene, act))
        elif verb in ("storm", "recall", "exact", "memory", "seen", "using"):
            await getattr(self, f"_{verb}")(step)
        else:
            reply = await self.port.control(self.scene, step.acts[0])
            if step.wanted and reply is not None:
                self._judge(step, reply)

    def _judge(self, step: Step, reply: Reply) -> None:
        if not any(fits(reply, wanted) for wanted in step.wanted):
            raise CaseFailed(self.scene.failure(step.text, told(step.wanted), shown(reply), reply))

    async def _judged(self, step: Step, send: Callable[[], Awaitable[Reply]]) -> None:
        reply = await self.patient(send, step.wanted)
        self.scene.said.append(Said(step.acts[0], reply))
        self._judge(step, reply)

    async def patient(self, send: Callable[[], Awaitable[Reply]], wanted: tuple[Wanted, ...] = ()) -> Reply:
        """Call, and call again while the answer asks for that, as a good provider does."""
        awaited = {w.name for w in wanted}
        end = time.monotonic() + PATIENCE_S * self.scale
        pause = 0.05
        while True:
            reply = await send()
            self.scene.seen[reply.name] += 1
            if reply.name not in WAIT or reply.name in awaited or time.monotonic() > end:
                return reply
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter
            pause = min(2.0, pause * 1.6)

    # ------------------------------------------------------------ many at once
    async def _race(self, step: Step) -> None:
        gate = asyncio.Semaphore(max(1, AT_ONCE // len(step.acts)))
        replies: list[Reply] = []
        # A count is judged; without counts the names are what is admissible.
        waited = tuple(w for w in step.wanted if w.name in WAIT)

        async def one(act: Act) -> None:
            replies.append(await self.patient(lambda: self.port.send(self.scene, act), waited))

        async def group(number: int) -> None:
            async with gate:
                await asyncio.gather(*(one(numbered(act, number)) for act in step.acts))

        for act in step.acts:
            await self.port.control(self.scene, Act("player", (act.options.get("player", "1"),)))
        await asyncio.gather(*(group(number) for number in range(1, step.repeat + 1)))
        self._judge_race(step, replies)

    def _judge_race(self, step: Step, replies: list[Reply]) -> None:
        counts: Counter[str] = Counter()
        for reply in replies:
            matching = [w.name for w in step.wanted if fits(reply, w)]
            if not matching:
                raise CaseFailed(self.scene.failure(step.text, told(step.wanted), shown(reply), reply))
            # OK also fits a replay where nobody flags replays: the counts below sort that out.
            counts["OK" if reply.ok and len(matching) > 1 else matching[0]] += 1
        if not any(w.times for w in step.wanted):
            return
        yes = sum(1 for reply in replies if reply.ok)
        wanted_yes = sum(w.times for w in step.wanted if w.name in ("OK", "REPLAY"))
        flagged = any(reply.replay is not None for reply in replies if reply.ok)
        off = [w for w in step.wanted if w.name not in ("OK", "REPLAY") and counts[w.name] != w.times]
        if flagged:
            off += [w for w in step.wanted if w.name in ("OK", "REPLAY") and counts[w.name] != w.times]
        if yes != wanted_yes or off:
            got = " + ".join(f"{n} {name}" for name, n in sorted(counts.items()))
            raise CaseFailed(self.scene.failure(step.text, told(step.wanted), got, replies[-1]))

    async def _until(self, step: Step) -> None:
        end = time.monotonic() + UNTIL_S * self.scale
        pause, number = 0.2, 0
        while True:
            number += 1
            act = numbered(step.acts[0], number)
            failed: CaseFailed | None = None
            reply: Reply | None = None
            try:
                if act.verb in CALLS:
                    reply = await self.port.send(self.scene, act)
                    self.scene.seen[reply.name] += 1
                    self.scene.said.append(Said(act, reply))
                else:
                    reply = await self.port.control(self.scene, act)
            except CaseFailed as error:
                failed = error
            if failed is None and (not step.wanted or (reply and any(fits(reply, w) for w in step.wanted))):
                return
            if time.monotonic() > end:
                got = failed.failure.got if failed else shown(reply) if reply else "nothing"
                raise CaseFailed(
                    self.scene.failure(step.text, told(step.wanted) or step.text, f"{got}, still", reply)
                )
            await asyncio.sleep(pause)
            pause = min(2.0, pause * 1.5)

    # ------------------------------------------------------------ verbs that need no driver
    async def _storm(self, step: Step) -> None:
        act = step.acts[0]
        await storm.storm(self, int(act.word(0)), step.text, faults="faults" in act.words)

    async def _recall(self, step: Step) -> None:
        await storm.recall(self, step.text)

    async def _using(self, step: Step) -> None:
        """From here on the provider has another profile: its switches are overridden."""
        self.scene.overrides.update(step.acts[0].options)

    async def _seen(self, step: Step) -> None:
        name = step.acts[0].word(0)
        if not self.scene.seen[name]:
            names = " ".join(sorted(self.scene.seen))
            raise CaseFailed(self.scene.failure(step.text, f"{name} at least once", f"only {names}"))

    async def _exact(self, step: Step) -> None:
        """An id is stored exactly (it replays, and one that differs in the last character is another) or refused."""
        label = step.acts[0].word(0)
        near = self.scene.label(label)
        self.scene.kept[f"@{label}"] = near[:-1] + ("Q" if near[-1] != "Q" else "K")
        act = Act("bet", (label, "1"))
        first = await self.patient(lambda: self.port.send(self.scene, act))
        self.scene.said.append(Said(act, first))
        if first.name in ("VALIDATION_ERROR", "PARAMETERS_INVALID"):
            return
        again = await self.patient(lambda: self.port.send(self.scene, act))
        other = await self.patient(lambda: self.port.send(self.scene, replace(act, words=(f"@{label}", "1"))))
        for reply, wanted in ((first, "OK"), (again, "REPLAY"), (other, "OK")):
            if not fits(reply, Wanted(wanted)):
                what = {"OK": "OK, or VALIDATION_ERROR at first", "REPLAY": "the same id to replay"}[wanted]
                raise CaseFailed(self.scene.failure(step.text, what, shown(reply), reply))

    async def _memory(self, step: Step) -> None:
        """Replay what earlier runs have left, and leave something for later ones."""
        from pitboss.certify.memory import replay_all

        await replay_all(self, step.text)


def numbered(act: Act, number: int) -> Act:
    """The act of one competitor of a race: # is its number."""
    return replace(
        act,
        words=tuple(word.replace("#", str(number)) for word in act.words),
        options={name: value.replace("#", str(number)) for name, value in act.options.items()},
    )
