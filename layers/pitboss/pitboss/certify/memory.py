"""What earlier runs have left behind, so that a replay after days and months can be shown without moving a clock.

A file of JSON lines beside the user's own work: the transaction, whose it was, the balance that was answered, and when.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitboss.certify.model import Act, CaseFailed, CaseSkipped
from pitboss.certify.replies import shown

if TYPE_CHECKING:
    from pitboss.certify.play import Stagehand

ENOUGH_MS = 3_600_000
KEPT = 400


@dataclass(frozen=True, slots=True)
class Kept:
    """One transaction of an earlier run. `document` is the whole message as it was sent."""

    at: int
    address: str
    balance: str
    document: Mapping[str, Any]


class Memory:
    """The file, read and added to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, address: str) -> list[Kept]:
        """What was left for this address, oldest first."""
        if not self.path.exists():
            return []
        rows = [json.loads(line) for line in self.path.read_text("utf-8").splitlines() if line.strip()]
        return sorted((Kept(**row) for row in rows if row["address"] == address), key=lambda k: k.at)

    def keep(self, kept: Kept) -> None:
        """Leave something for later runs."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(kept), ensure_ascii=False) + "\n")


async def replay_all(hand: "Stagehand", text: str) -> None:
    """Replay the transactions of earlier runs; the case's note names the oldest age that was proven. Skipped while there
    is nothing as old as an hour."""
    scene, port, memory = hand.scene, hand.port, hand.memory
    if memory is None:
        raise CaseSkipped(
            "Run with --memory FILE, and again with the same file after an hour, a day, a month."
        )
    now = time.time_ns() // 1_000_000
    found = memory.of(port.address)[:KEPT]
    said = scene.last()
    if said is not None and said.reply.ok and scene.kept.get("document"):
        memory.keep(Kept(now, port.address, str(said.reply.balance), scene.kept["document"]))
    for kept in found:
        scene.kept["stored"] = kept.document
        reply = await hand.patient(lambda: port.send(scene, Act("stored", ("memory",))))
        if not reply.ok or reply.replay is False:
            age = (now - kept.at) / 3_600_000
            raise CaseFailed(scene.failure(text, f"a replay after {age:.1f} h", shown(reply), reply))
    old = [kept for kept in found if now - kept.at >= ENOUGH_MS]
    if not old:
        raise CaseSkipped(
            "Nothing of an earlier run is an hour old yet; run again later with the same --memory."
        )
    scene.note = f"oldest replay: {(now - old[0].at) / 3_600_000:.1f} h"
