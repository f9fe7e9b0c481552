"""Random calls against a model that knows what the balance must be: duplicates, conflicts, rollbacks, and faults: answers
lost, requests cut, sent twice at once or late, and (where an operator's wallet is behind the hub) its wrong answers.

The seed is the run and the case, so that a failure can be played again.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from pitboss.certify.model import LOST, Act, CaseFailed, Reply, Wanted
from pitboss.certify.replies import fits, shown
from pitboss.certify.scene import START, Said

if TYPE_CHECKING:
    from pitboss.certify.play import Stagehand

LANES = 3
ENDS_WITHIN_S = 240.0
UNCLEAR = frozenset({"TIMEOUT", "CALLBACK_ERROR"})
LINE = ("drop-reply", "drop-request", "cut-body", "cut", "duplicate", "delay")
OPERATOR = ("drop-before", "drop-after", "html", "error500", "unknown-status", "duplicate")


@dataclass(slots=True)
class _Lane:
    """One of several rounds in a row, played beside the others."""

    name: str
    chance: random.Random
    bets: list[tuple[str, Decimal]] = field(default_factory=list)
    settled: bool = False
    round: int = 1
    win_ends: bool = False  # by the profile: the first win of a round is its last


@dataclass(slots=True)
class Told:
    """A transaction as the provider's books have it."""

    act: Act
    amount: Decimal
    sign: int


async def storm(hand: "Stagehand", count: int, text: str, *, faults: bool) -> None:
    """`count` random calls in three lanes; the balance in the end is what was acknowledged. Keeps the provider's books
    in `scene.kept["books"]`. With `faults` the operator's wallet, where there is one, gets calls wrong too."""
    scene = hand.scene
    books: list[Told] = scene.kept.setdefault("books", [])
    await hand.port.control(scene, Act("player", ("1",)))
    operator = scene.kept["wrong operator"] = faults and hand.port.target == "seamless"

    async def lane(number: int) -> None:
        chance = random.Random(f"{scene.run_id}/{scene.number}/{number}")  # noqa: S311 - a reproducible storm
        here = _Lane(f"s{number}", chance, win_ends=scene.switches.get("roundClose") == "win")
        for turn in range(count // LANES):
            if operator and chance.random() < 0.08:
                wrong = (chance.choice(("bet", "win", "rollback")), chance.choice(OPERATOR))
                await hand.port.control(scene, Act("fault", wrong))
            await _turn(hand, here, f"{here.name}n{turn}", books, text)

    await asyncio.gather(*(lane(number) for number in range(LANES)))
    wanted = START + sum((entry.amount * entry.sign for entry in books), Decimal(0))
    end = time.monotonic() + ENDS_WITHIN_S * hand.scale
    while True:
        reply = await hand.patient(lambda: hand.port.send(scene, Act("balance")))
        # A bet that the operator took and nobody heard of is still on its way back.
        if reply.balance == wanted:
            unclear = sum(scene.seen[name] for name in UNCLEAR)
            scene.note = (
                f"{len(books)} transactions, {scene.seen[LOST]} lost answers, {unclear} unclear ones."
            )
            return
        if not operator or time.monotonic() > end:
            expected = f"the sum of what was acknowledged, {wanted}"
            raise CaseFailed(scene.failure(text, expected, shown(reply), reply))
        await asyncio.sleep(1.0)


async def _turn(hand: "Stagehand", lane: _Lane, label: str, books: list[Told], text: str) -> None:
    """One random call, and what the model says about it."""
    chance = lane.chance
    kind = chance.choices(("bet", "win", "rollback", "again", "conflict"), (5, 4, 2, 3, 1))[0]
    if kind in ("again", "conflict"):
        await _repeat(hand, lane, books, text, other=kind == "conflict")
        return
    made = _new(lane, kind, label)
    if made is None:
        return
    entry = made
    fault = chance.choice(LINE) if chance.random() < 0.25 else ""
    wanted: tuple[str, ...] = ("OK",)
    if fault == "delay":
        entry_act = replace(entry.act, wire={"delay": f"0.{chance.randint(1, 15):02d}"})
    elif fault == "duplicate":
        entry_act, wanted = replace(entry.act, wire={"duplicate": ""}), ("OK", "REPLAY")
    else:
        entry_act = entry.act
        if fault:
            await hand.patient(lambda: hand.port.send(hand.scene, replace(entry.act, wire={fault: ""})))
            # A lost answer was given; of a cut request only the repetition tells whether it had come.
            wanted = ("REPLAY",) if fault == "drop-reply" else ("OK", "REPLAY")
    reply = await _ended(hand, entry_act, wanted, text)
    if reply.ok:
        books.append(entry)
    else:
        lane.bets = [bet for bet in lane.bets if bet[0] != label]


def _new(lane: _Lane, kind: str, label: str) -> Told | None:
    """A new transaction of the lane, or None where the model allows none."""
    chance = lane.chance
    amount = Decimal(chance.randint(1, 400)).scaleb(-2)
    here = {"round": f"{lane.name}r{lane.round}"}
    if kind == "bet" or not lane.bets:
        lane.bets.append((label, amount))
        return Told(Act("bet", (label, str(amount)), here), amount, -1)
    if kind == "win":
        closing = chance.random() < 0.5
        words = (label, str(amount), "closed") if closing else (label, str(amount))
        entry = Told(Act("win", words, {**here, "ref": lane.bets[-1][0]}), amount, 1)
        lane.settled = True
        if closing or lane.win_ends:
            lane.bets, lane.settled, lane.round = [], False, lane.round + 1
        return entry
    if lane.settled:
        return None
    of, amount = lane.bets.pop(chance.randrange(len(lane.bets)))
    return Told(Act("rollback", (label,), {**here, "of": of}), amount, 1)


async def _repeat(hand: "Stagehand", lane: _Lane, books: list[Told], text: str, *, other: bool) -> None:
    """Something of the lane once more, the same or with another amount."""
    # What became of a bet that was rolled back is another case's business (46, 50).
    dead = {entry.act.options["of"] for entry in books if entry.act.verb == "rollback"}
    names = f"{lane.name}n"
    mine = [e for e in books if e.act.word(0).startswith(names) and e.act.word(0) not in dead]
    if not mine:
        return
    entry = lane.chance.choice(mine)
    if not other or entry.act.verb == "rollback":
        await _must(hand, entry.act, ("REPLAY",), text)
        return
    amount = str(entry.amount + Decimal("0.01"))
    await _must(hand, replace(entry.act, words=(entry.act.word(0), amount)), ("TX_CONFLICT",), text)


async def _ended(hand: "Stagehand", act: Act, names: tuple[str, ...], text: str) -> Reply:
    """A call driven to its end as a good provider does: what is unclear is repeated. A bet may then have been taken back
    by the hub; that is an end too."""
    end = time.monotonic() + ENDS_WITHIN_S * hand.scale
    reply = await hand.patient(lambda: hand.port.send(hand.scene, act))
    if reply.name in UNCLEAR and wrong_operator(hand):
        names = ("OK", "REPLAY")
    while reply.name in UNCLEAR and time.monotonic() < end:
        await asyncio.sleep(0.3)
        reply = await hand.patient(lambda: hand.port.send(hand.scene, replace(act, wire={})))
    # A lost answer may have been an unclear one.
    if wrong_operator(hand) and act.verb == "bet":
        names = (*names, "OK", "TX_ROLLED_BACK")
    return _checked(hand, act, reply, names, text)


def wrong_operator(hand: "Stagehand") -> bool:
    """Whether an operator's wallet has been told to get calls of this case wrong."""
    return bool(hand.scene.kept.get("wrong operator"))


async def _must(hand: "Stagehand", act: Act, names: tuple[str, ...], text: str) -> Reply:
    return _checked(hand, act, await hand.patient(lambda: hand.port.send(hand.scene, act)), names, text)


def _checked(hand: "Stagehand", act: Act, reply: Reply, names: tuple[str, ...], text: str) -> Reply:
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
