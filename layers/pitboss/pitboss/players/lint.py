"""The launch linter: everything that is wrong with a launch at once, each with what to do about it. Pure.

A launch runs through the same code: what is an error here is what a launch is refused with.
"""

from dataclasses import dataclass

from pitboss.players import lint_look as look
from pitboss.players import lint_play as play
from pitboss.players.lint_known import Known
from pitboss.players.model import DEMO_CURRENCY, Finding, Wish


@dataclass(frozen=True, slots=True)
class Settled:
    """What a launch goes by, after defaults and fallbacks."""

    mode: str
    language: str
    currency: str
    country: str
    device: str


def examine(wish: Wish, known: Known) -> list[Finding]:
    """Every finding, errors first, in the order in which they are to be mended."""
    demo = wish.mode == "demo"
    found = [
        *play.mode(wish),
        *play.game_offered(wish, known),
        *play.player_may(wish, known, demo=demo),
        *look.urls(wish, known, demo=demo),
        *look.language(wish, known),
        *look.currency(wish, known, demo=demo),
        *look.country(wish, known),
        *look.device(wish, known),
        *play.free_rounds(wish, known, demo=demo),
        *play.agent(known, demo=demo),
    ]
    return sorted(found, key=lambda finding: finding.severity != "error")


def settle(wish: Wish, known: Known) -> Settled:
    """Defaults and fallbacks of a launch without errors."""
    player, facts = known.player, known.game.facts if known.game else None
    demo = wish.mode == "demo"
    asked = wish.language or (player.language if player else "") or look.DEFAULT_LANGUAGE
    return Settled(
        mode="demo" if demo else "real",
        language=look.fallback(asked, facts.languages if facts else ()),
        currency=DEMO_CURRENCY if demo else (player.currency if player else ""),
        country=wish.country or (player.country if player else ""),
        device=wish.device or look.DEVICES[0],
    )
