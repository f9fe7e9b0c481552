"""What a launch is judged by, and how a finding is made. Pure."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pitboss.players import lint_text
from pitboss.players.model import Finding, Player

if TYPE_CHECKING:
    from pitboss.catalogue.public import Game
    from pitboss.kernel.refusal import Refusal
    from pitboss.wallet.public import FreeRounds


@dataclass(frozen=True, slots=True)
class Known:
    """What the hub knows that a launch is judged by.

    `brand_fault` is the catalogue's word on brand and game ("" when all is well). `barred` is why the player may not
    begin to play, `points` why the agent may not, `template` the launch URL to fill.
    """

    now: int
    local: bool
    game: "Game | None" = None
    brand_fault: str = ""
    player: Player | None = None
    barred: "Refusal | None" = None
    points: "Refusal | None" = None
    template: str = ""
    grant: "FreeRounds | None" = None


def error(field: str, code: str, message: str, fix: str, refusal: str = "LAUNCH_INVALID") -> list[Finding]:
    """A finding that stops a launch, which is refused with `refusal`."""
    return [Finding(field, code, "error", message, fix, refusal)]


def warning(field: str, code: str, message: str, fix: str) -> list[Finding]:
    """A finding that stops nothing."""
    return [Finding(field, code, "warning", message, fix)]


def text(field: str, value: str | None) -> list[Finding]:
    """What the characters alone say of a member that may be left out."""
    fault = lint_text.literal(value) if value is not None else None
    return error(field, fault.code, f"{field} {fault.message}.", fault.fix) if fault else []
