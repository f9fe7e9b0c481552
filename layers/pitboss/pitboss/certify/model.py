"""What a certification is made of: cases, their scripts, what was sent and answered, and how each case ended. Pure.

A case is data (cases.json). Its plays are scripts for a target: `transfer` and `seamless` (the kit plays the game
provider against the hub, whose agents hold balances in the hub or ask an operator), `wallet` (the kit plays the hub
against an operator's wallet). The first play whose target and profile switches fit is the one that is run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Target = Literal["transfer", "seamless", "wallet"]
State = Literal["passed", "failed", "skipped"]
TARGETS: tuple[Target, ...] = ("transfer", "seamless", "wallet")
LOST = "LOST"  # no answer came, or it was thrown away on purpose
MALFORMED = "MALFORMED"  # an answer outside the contract


@dataclass(frozen=True, slots=True)
class Act:
    """One call or one control, as the script writes it: `bet t1 10 ref=x !drop-reply`."""

    verb: str
    words: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    wire: Mapping[str, str] = field(default_factory=dict)

    def word(self, place: int, default: str = "") -> str:
        """The word at a place, or the default."""
        return self.words[place] if place < len(self.words) else default


@dataclass(frozen=True, slots=True)
class Wanted:
    """One admissible answer: its name, and the balance it must tell. `times` counts it in a race (0: any number)."""

    name: str
    balance: Decimal | None = None
    now: Decimal | None = None
    times: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a script. `acts` are more than one in a batch or a race; `repeat` is how often."""

    text: str
    verb: str
    acts: tuple[Act, ...]
    repeat: int = 1
    wanted: tuple[Wanted, ...] = ()


@dataclass(frozen=True, slots=True)
class Play:
    """A script for some targets under some profile switches, or the reason why there is nothing to play."""

    targets: tuple[Target, ...]
    switches: Mapping[str, str]
    steps: tuple[Step, ...] = ()
    skip: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A numbered rule of the wallet contract. `level` N holds for every profile, P is decided by the profile."""

    number: int
    title: str
    group: str
    rule: str
    source: str
    level: str
    causes: tuple[str, ...]
    plays: tuple[Play, ...]

    def play_for(self, target: Target, switches: Mapping[str, str]) -> Play | None:
        """The first play that fits; None if the table has a hole (a test holds that it has none)."""
        for play in self.plays:
            fits = all(switches.get(name) == value for name, value in play.switches.items())
            if target in play.targets and fits:
                return play
        return None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as bytes on the wire were (bodies as text, cut at 4,000 characters)."""

    method: str
    url: str
    request: str
    status: int
    answer: str
    elapsed_ms: int
    note: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read. `name` is OK, a refusal's name, LOST or MALFORMED; `replay` is None where nobody said."""

    name: str
    status: int = 0
    balance: Decimal | None = None
    current: Decimal | None = None
    replay: bool | None = None
    effect: str = ""
    retryable: bool = False
    fault: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)
    exchange: Exchange | None = None

    @property
    def ok(self) -> bool:
        """Whether it is a yes."""
        return self.name == "OK"


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a case went wrong: the line of the script, what was wanted, what came."""

    step: str
    expected: str
    got: str
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How a case ended. `note` says what a pass rests on, or why it was skipped."""

    number: int
    title: str
    group: str
    state: State
    elapsed_ms: int = 0
    calls: int = 0
    note: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A whole certification."""

    run_id: str
    target: Target
    profile: str
    address: str
    started_at: int
    ended_at: int
    results: tuple[Result, ...]

    def count(self, state: State) -> int:
        """Cases that ended so."""
        return sum(1 for result in self.results if result.state == state)

    @property
    def certified(self) -> bool:
        """Whether nothing failed and something passed."""
        return self.count("failed") == 0 and self.count("passed") > 0


class CaseFailed(Exception):  # noqa: N818 - the ordinary way for a step to say no
    """A step saw something else than the rule says."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.step}: expected {failure.expected}, got {failure.got}")
        self.failure = failure


class CaseSkipped(Exception):  # noqa: N818
    """The case cannot be played against this target; the message says why."""


class SetupFailed(Exception):  # noqa: N818
    """The stage of a case could not be set; the case then fails with the exchange that refused."""

    def __init__(self, what: str, exchange: Exchange | None = None) -> None:
        super().__init__(what)
        self.exchange = exchange
