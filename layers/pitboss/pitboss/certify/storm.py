"""Random calls against a model that knows what the balance must be: duplicates, conflicts, lost answers, rollbacks.

The seed is the run and the case, so that a failure can be played again.
"""

import asyncio
import random
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from pitboss.certify.model import Act, CaseFailed, Reply, Wanted
from pitboss.certify.replies import fits, shown
from pitboss.certify.scene import START, Said

if TYPE_CHECKING:
    from pitboss.certify.play import Stagehand

LANES = 3


@dataclass(slots=True)
class _Lane:
    """One of several rounds in a row, played beside the others."""

    name: str
    bets: list[tuple[str, Decimal]] = field(default_factory=list)
    settled: bool = False
    round: int = 1


@dataclass(slots=True)
class Told:
    """A transaction as the provider's books have it."""

    act: Act
    amount: Decimal
    sign: int


async def storm(hand: "Stagehand", count: int, text: str) -> None:
    """`count` random calls in three lanes; the balance in the end is what was acknowledged. Keeps the provider's books
    in `scene.kept["books"]`."""
    scene = hand.scene
    books: list[Told] = scene.kept.setdefault("books", [])
    await hand.port.control(scene, Act("player", ("1",)))

    async def lane(number: int) -> None:
        chance = random.Random(f"{scene.run_id}/{scene.number}/{number}")  # noqa: S311 - a reproducible storm
        here = _Lane(f"s{number}")
        for turn in range(count // LANES):
            await _turn(hand, chance, here, f"{here.name}n{turn}", books, text)

    await asyncio.gather(*(lane(number) for number in range(LANES)))
    wanted = START + sum((entry.amount * entry.sign for entry in books), Decimal(0))
    reply = await hand.patient(lambda: hand.port.send(scene, Act("balance")))
    if reply.balance != wanted:
        raise CaseFailed(
            scene.failure(text, f"the sum of what was acknowledged, {wanted}", shown(reply), reply)
        )


async def _turn(
    hand: "Stagehand", chance: random.Random, lane: _Lane, label: str, books: list[Told], text: str
) -> None:
    """One random call, and what the model says about it."""
    kind = chance.choices(("bet", "win", "rollback", "again", "conflict"), (5, 4, 2, 3, 1))[0]
    amount = Decimal(chance.randint(1, 400)).scaleb(-2)
    here = {"round": f"{lane.name}r{lane.round}"}
    if kind in ("again", "conflict"):
        # What became of a bet that was rolled back is another case's business (46, 50).
        dead = {entry.act.options["of"] for entry in books if entry.act.verb == "rollback"}
        names = f"{lane.name}n"
        mine = [e for e in books if e.act.word(0).startswith(names) and e.act.word(0) not in dead]
        if not mine:
            return
        entry = chance.choice(mine)
        if kind == "again" or entry.act.verb == "rollback":
            await _must(hand, entry.act, ("REPLAY",), text)
        else:
            other = str(entry.amount + Decimal("0.01"))
            await _must(hand, replace(entry.act, words=(entry.act.word(0), other)), ("TX_CONFLICT",), text)
        return
    if kind == "bet" or not lane.bets:
        act, sign = Act("bet", (label, str(amount)), here), -1
        lane.bets.append((label, amount))
    elif kind == "win":
        closing = chance.random() < 0.5
        words = (label, str(amount), "closed") if closing else (label, str(amount))
        act, sign = Act("win", words, {**here, "ref": lane.bets[-1][0]}), 1
        lane.settled = True
        if closing:
            lane.bets, lane.settled, lane.round = [], False, lane.round + 1
    elif lane.settled:
        return
    else:
        of, amount = lane.bets.pop(chance.randrange(len(lane.bets)))
        act, sign = Act("rollback", (label,), {**here, "of": of}), 1
    if chance.random() < 0.15:
        # The answer is lost on the way; only the repetition tells.
        await hand.patient(lambda: hand.port.send(hand.scene, replace(act, wire={"drop-reply": ""})))
        await _must(hand, act, ("REPLAY",), text)
    else:
        await _must(hand, act, ("OK",), text)
    books.append(Told(act, amount, sign))


async def _must(hand: "Stagehand", act: Act, names: tuple[str, ...], text: str) -> Reply:
    reply = await hand.patient(lambda: hand.port.send(hand.scene, act))
    hand.scene.said.append(Said(act, reply))
    if not any(fits(reply, Wanted(name)) for name in names):
        line = " ".join((act.verb, *act.words, *(f"{k}={v}" for k, v in act.options.items())))
        raise CaseFailed(hand.scene.failure(f"{text}: {line}", " or ".join(names), shown(reply), reply))
    return reply


async def recall(hand: "Stagehand", text: str) -> None:
    """Every transaction of the books is known to the other side: it replays, and none of them moves anything."""
    before = await hand.patient(lambda: hand.port.send(hand.scene, Act("balance")))
    books: list[Told] = hand.scene.kept["books"]
    undone = {entry.act.options["of"] for entry in books if entry.act.verb == "rollback"}
    for entry in books:
        # What was rolled back may be told as what was answered, or as what became of it.
        names = ("REPLAY", "TX_ROLLED_BACK") if entry.act.word(0) in undone else ("REPLAY",)
        await _must(hand, entry.act, names, text)
    after = await hand.patient(lambda: hand.port.send(hand.scene, Act("balance")))
    if before.balance != after.balance:
        expected = f"the balance to stay {before.balance}"
        raise CaseFailed(hand.scene.failure(text, expected, shown(after), after))
