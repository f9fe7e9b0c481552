"""The stage of one case: its players, the ids behind its labels, what was said, and the doors that a driver opens."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from pitboss.certify.model import Act, Failure, Reply, Target
from pitboss.kernel.ids import derive_ulid

START = Decimal(1000)
_STRANGE: Mapping[str, str] = {
    "unicode": "Ω≈ç√∫ ベット 賭け 🎰",
    "sql": "x'); DROP TABLE transactions;--",
    "script": "<script>alert('bet')</script>",
}


@dataclass(slots=True)
class Player:
    """Somebody who plays. `sessions` are tokens by name; `offset` makes an untouchable balance count from 1000."""

    name: str
    user_id: str
    brand_id: str
    currency: str
    exponent: int
    agent: str = ""
    hub_id: str = ""
    sessions: dict[str, str] = field(default_factory=dict)
    session_ids: dict[str, str] = field(default_factory=dict)
    offset: Decimal = Decimal(0)
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Said:
    """One call that was made and its last answer."""

    act: Act
    reply: Reply


@dataclass(slots=True)
class Scene:
    """All that one case knows. Nothing is shared between cases but the port, so that they may run side by side."""

    number: int
    run_id: str
    switches: dict[str, str]
    players: dict[str, Player] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    kept: dict[str, Any] = field(default_factory=dict)
    overrides: dict[str, str] = field(default_factory=dict)
    note: str = ""
    began: int = field(default_factory=lambda: time.time_ns() // 1_000_000)

    @property
    def tag(self) -> str:
        """What makes the ids of this case its own."""
        return f"c{self.number:02d}-{self.run_id[-10:]}"

    def label(self, label: str) -> str:
        """The provider's id behind a label of the script; ~ begins a strange id, @ an id kept."""
        if label.startswith("@"):
            return str(self.kept[label])
        if not label.startswith("~"):
            return f"{self.tag}-{label}"
        name = label[1:]
        if name.startswith("len"):
            wanted = int(name[3:])
            text = f"{name}-{self.tag}-"
            return (
                (text + "abcdefghij" * 26)[:wanted]
                if wanted > len(text)
                else "zyxwvutsrq"[self.number % 10][:wanted]
            )
        return f"{_STRANGE[name.rstrip('+')]} {self.tag}{'+' if name.endswith('+') else ''}"

    def hub_id(self, label: str) -> str:
        """A ULID behind a label: what the hub would call the transaction."""
        return derive_ulid(self.run_id, f"{self.number}/{label}")

    def last(self) -> Said | None:
        """The latest call."""
        return self.said[-1] if self.said else None

    def failure(self, step: str, expected: str, got: str, reply: Reply | None = None) -> Failure:
        """A failure with the exchange that shows it."""
        last = self.last()
        shown = reply or (last.reply if last else None)
        return Failure(step, expected, got, shown.exchange if shown else None)


class Port(Protocol):
    """Whoever is certified, as the player of the cases sees it."""

    target: Target
    address: str
    run_id: str
    side_by_side: int

    async def open(self) -> None:
        """Set the stage that all cases share. Raises SetupFailed."""
        ...

    async def close(self) -> None:
        """Give back what was opened."""
        ...

    async def leave(self, scene: Scene) -> None:
        """A case has ended: give back its players."""
        ...

    async def send(self, scene: Scene, act: Act) -> Reply:
        """One call."""
        ...

    async def send_list(self, scene: Scene, acts: tuple[Act, ...]) -> Reply:
        """Several actions as one atomic list."""
        ...

    async def control(self, scene: Scene, act: Act) -> Reply | None:
        """What is not a call: block a player, expire a session, look into the books. Raises CaseFailed, CaseSkipped."""
        ...
