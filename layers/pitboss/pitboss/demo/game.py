"""The demo game's arithmetic: a wheel of a thousand equal segments, and the life of a spin. Pure.

The outcome depends on the draw alone: not on the player, not on the balance, not on what was won before.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

SEGMENTS = 1000
# (multiplier of the bet, segments that pay it): 960 of 1,000 units come back, so the return to player is 96.00 %.
PAYTABLE: tuple[tuple[int, int], ...] = ((0, 618), (1, 180), (2, 130), (5, 50), (10, 20), (35, 2))
BETS_MINOR = (20, 50, 100, 200, 500, 1000)
DEMO_EXPONENT = 2
DEMO_BALANCE = 100_000

State = Literal["drawn", "bet", "undo", "done", "refused", "undone", "failed"]
FINAL = ("done", "refused", "undone", "failed")
# What may follow what; a test walks it.
NEXT: dict[State, tuple[State, ...]] = {
    "drawn": ("bet", "refused", "undo"),
    "bet": ("done", "failed"),
    "undo": ("undone", "failed"),
    "done": (),
    "refused": (),
    "undone": (),
    "failed": (),
}


def multiplier(segment: int) -> int:
    """What the wheel pays when it stops at a segment, 0 to 999."""
    if not 0 <= segment < SEGMENTS:
        raise ValueError("the wheel has a thousand segments")
    for times, width in PAYTABLE:
        if segment < width:
            return times
        segment -= width
    raise ValueError("the pay table does not cover the wheel")


def return_bps() -> int:
    """The return to player in hundredths of a percent, by the pay table."""
    return sum(times * width for times, width in PAYTABLE) * 10_000 // SEGMENTS


@dataclass(frozen=True, slots=True)
class Provider:
    """How the game speaks to the hub for one tenant: what an integration is given when it begins."""

    tenant_id: str
    integration_id: str
    hub_url: str
    api_token: str
    wallet_secret: str


@dataclass(frozen=True, slots=True)
class Play:
    """One opening of the game. `balance` counts only in a demo; for real money the hub says it each time."""

    play_id: str
    tenant_id: str
    game_id: str
    mode: Literal["real", "demo"]
    currency: str
    exponent: int
    session_token: str = ""
    free_rounds_id: str = ""
    free_bet: int = 0
    balance: int = 0
    last_spin: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Spin:
    """One turn of the wheel. It is drawn and kept before any money is asked for, so that no repetition draws again."""

    spin_id: str
    bet: int
    free: bool
    segment: int
    state: State = "drawn"
    balance: str = ""
    refusal: str = ""
    detail: str = ""

    @property
    def win(self) -> int:
        """What it pays, in minor units."""
        return self.bet * multiplier(self.segment)

    def step(self, state: State, **more: str) -> "Spin":
        """The spin one step on. ValueError for a step that NEXT does not know."""
        if state not in NEXT[self.state]:
            raise ValueError(f"a spin does not go from {self.state} to {state}")
        return replace(self, state=state, **more)  # type: ignore[arg-type]

    def to_record(self) -> dict[str, Any]:
        """Members as stored."""
        return asdict(self)


def transaction_id(play: Play, spin: Spin, kind: str) -> str:
    """The provider's id of a transaction: the same at every repetition."""
    return f"{play.play_id}-{spin.spin_id}-{kind}"


def messages(play: Play, spin: Spin, bet: str, win: str) -> dict[str, dict[str, Any]]:
    """The bodies of bet, win and rollback of a spin; `bet` and `win` are amounts in major units."""
    shared = {
        "sessionToken": play.session_token,
        "roundId": f"{play.play_id}-{spin.spin_id}",
        "gameId": play.game_id,
        "currency": play.currency,
    }
    free = {"type": "free", "freeRoundsId": play.free_rounds_id} if spin.free else {}
    return {
        "bet": {
            "action": "bet",
            **shared,
            "transactionId": transaction_id(play, spin, "b"),
            "amount": bet,
            **free,
        },
        "win": {
            "action": "win",
            **shared,
            "transactionId": transaction_id(play, spin, "w"),
            "betTransactionId": transaction_id(play, spin, "b"),
            "amount": win,
            "roundClosed": True,
            **free,
        },
        "rollback": {
            "action": "rollback",
            **shared,
            "transactionId": transaction_id(play, spin, "r"),
            "originalTransactionId": transaction_id(play, spin, "b"),
            "roundClosed": True,
        },
    }
