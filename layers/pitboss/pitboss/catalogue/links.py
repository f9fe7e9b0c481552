"""The launch URL: an integration's template with what a game must know put in, each value percent-encoded. Pure."""

import re
from collections.abc import Mapping
from urllib.parse import quote

PLACEHOLDERS: Mapping[str, str] = {
    "token": "the single-use launch token (empty in demo mode)",
    "game": "the game's id",
    "mode": "`real` or `demo`",
    "language": "the language that was settled on",
    "currency": "the player's currency, or FUN",
    "country": "two letters, or empty",
    "device": "`desktop`, `mobile` or `tablet`",
    "brand": "the brand's id",
    "player": "the casino's own id of the player",
    "lobbyUrl": "where the way back leads",
    "depositUrl": "where the cashier is",
    "historyUrl": "where the player's history is",
    "realityCheckMinutes": "minutes between two reminders, 0 for none",
    "elapsedMinutes": "minutes that the player has been playing already",
    "freeRoundsId": "the grant to play, or empty",
    "freeRounds": "rounds left of it, or 0",
    "freeRoundsBet": "its stake in major units, or empty",
    "tenant": "the agent's id",
}
_HOLE = re.compile(r"\{([^{}]*)\}")


def faults(template: str, *, local: bool) -> list[tuple[str, str]]:
    """What is wrong with a template, as `(code, sentence)`; an empty one is for the caller to judge."""
    found = []
    if not re.match(r"https?://[^/{}\s]+", template):
        found.append(("LAUNCH_URL_INVALID", "the template is not an absolute http(s) URL"))
    elif re.search(r"\s", template) or not template.isprintable():
        found.append(("LAUNCH_URL_INVALID", "the template has a space or a control character"))
    elif template.startswith("http://") and not local:
        found.append(
            ("HTTP_IN_PRODUCTION", "the template begins with http://; players' browsers will not load it")
        )
    holes = _HOLE.findall(template)
    unknown = sorted({name for name in holes if name not in PLACEHOLDERS})
    if unknown:
        found.append(
            (
                "LAUNCH_URL_PLACEHOLDER",
                "the template names {" + "}, {".join(unknown) + "}, which nobody fills",
            )
        )
    if "token" not in holes:
        found.append(
            ("LAUNCH_URL_NO_TOKEN", "the template has no {token}, so the game could not tell who plays")
        )
    if re.search(r"[{}]", _HOLE.sub("", template)):
        found.append(("LAUNCH_URL_PLACEHOLDER", "the template has a brace without its other half"))
    return found


def expand(template: str, values: Mapping[str, str]) -> str:
    """The URL. Every placeholder of PLACEHOLDERS is filled; one that `values` does not name becomes empty."""
    return _HOLE.sub(lambda hole: quote(values.get(hole[1], ""), safe=""), template)
