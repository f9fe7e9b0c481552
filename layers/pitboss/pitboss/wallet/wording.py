"""The hub's own answers in the manner of a profile: money in its scale, refusals in its school of HTTP. Pure.

A vendor without a dialect sends the hub's calls; what differs in its answers are these two switches (docs/profiles.md).
"""

from collections.abc import Mapping
from typing import Any

from pitboss.wallet.profile import Profile

PLACES: Mapping[str, int | None] = {"minor": None, "millis": 3, "x100000": 5}
_AMOUNTS = ("balance", "currentBalance")


def scaled(amount: str, scale: str) -> int:
    """A decimal string with all decimals of its currency as an integer of the scale. What the scale is too coarse for is
    cut off towards zero: it is shown, never booked."""
    whole, _, fraction = amount.partition(".")
    places = PLACES[scale]
    if places is None:
        places = len(fraction)
    return int(whole + fraction[:places].ljust(places, "0"))


def worded(document: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """An answer, or the facts of a refusal, with its balances as the profile writes amounts."""
    if profile.money_scale == "decimal":
        return dict(document)
    found: dict[str, Any] = {
        name: scaled(value, profile.money_scale) if name in _AMOUNTS and isinstance(value, str) else value
        for name, value in document.items()
    }
    if "results" in found:
        found["results"] = [worded(row, profile) for row in found["results"]]
    return found
