"""What can be wrong with addresses, language, currency, country and device of a launch. Pure."""

import re

from pitboss.players import lint_text
from pitboss.players.lint_known import Known, error, text, warning
from pitboss.players.model import DEMO_CURRENCY, Finding, Wish

DEVICES = ("desktop", "mobile", "tablet")
DEFAULT_LANGUAGE = "en"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,9}")


def fallback(asked: str, offered: tuple[str, ...]) -> str:
    """The offered language nearest to the one asked for: itself, its base, a sister, English, the first."""
    if not offered or asked in offered:
        return asked
    base = asked.partition("-")[0]
    sisters = [language for language in offered if language.partition("-")[0] == base]
    return (
        base
        if base in offered
        else [*sisters, *([DEFAULT_LANGUAGE] if DEFAULT_LANGUAGE in offered else offered)][0]
    )


def urls(wish: Wish, known: Known, *, demo: bool) -> list[Finding]:
    """The ways back that the game is told."""
    found = []
    for field, value, missing in (
        ("lobbyUrl", wish.lobby_url, "MISSING_LOBBY"),
        ("depositUrl", wish.deposit_url, "" if demo else "MISSING_DEPOSIT"),
        ("historyUrl", wish.history_url, ""),
    ):
        if value is None:
            if missing:
                purpose = (
                    "back to the lobby" if field == "lobbyUrl" else "to the cashier when the money is gone"
                )
                found += warning(
                    field, missing, f"{field} is missing: the game has no way {purpose}.", f"Send {field}."
                )
            continue
        for fault in lint_text.url(value, local=known.local):
            severity = error if fault.hard else warning
            found += severity(field, fault.code, f"{field} {fault.message}.", fault.fix)
    return found


def language(wish: Wish, known: Known) -> list[Finding]:
    """A tag that the game speaks."""
    told = wish.language
    if told is None:
        return []
    if found := text("language", told):
        return found
    if _LANGUAGE.fullmatch(told) is None:
        guess = _as_language(told)
        fix = f"Send {guess}." if guess else "Send a tag such as en or pt-BR."
        return error("language", "LANGUAGE_FORMAT", f"language {told!r} is no language tag.", fix)
    offered = known.game.facts.languages if known.game else ()
    nearest = fallback(told, offered)
    if nearest != told:
        return warning(
            "language",
            "LANGUAGE_UNSUPPORTED",
            f"The game does not speak {told}; it opens in {nearest}.",
            "Send one of " + ", ".join(offered) + ".",
        )
    return []


def _as_language(text: str) -> str:
    language, _, region = text.replace("_", "-").partition("-")
    guess = language.lower() + (f"-{region.upper()}" if region else "")
    return guess if _LANGUAGE.fullmatch(guess) else ""


def currency(wish: Wish, known: Known, *, demo: bool) -> list[Finding]:
    """The player's, in which the game is offered."""
    told, player = wish.currency, known.player
    if found := text("currency", told):
        return found
    if demo:
        if told not in (None, DEMO_CURRENCY):
            return warning(
                "currency", "CURRENCY_IGNORED", f"A demo is played in {DEMO_CURRENCY}.", "Leave currency out."
            )
        return []
    if told is not None and _CURRENCY.fullmatch(told) is None:
        fix = f"Send {told.upper()}." if _CURRENCY.fullmatch(told.upper()) else "Send a code such as EUR."
        return error("currency", "CURRENCY_FORMAT", f"currency {told!r} is no currency code.", fix)
    if player is None:
        return []
    if told is not None and told != player.currency:
        return error(
            "currency",
            "CURRENCY_MISMATCH",
            f"The player's currency is {player.currency}, not {told}.",
            f"Send {player.currency} or leave currency out.",
            "CURRENCY_MISMATCH",
        )
    offered = known.game.facts.currencies if known.game else ()
    if offered and player.currency not in offered:
        return error(
            "currency",
            "CURRENCY_NOT_OFFERED",
            f"The game is not offered in {player.currency}.",
            "It is played in " + ", ".join(offered) + "; list with GET /games?currency=.",
            "CURRENCY_NOT_SUPPORTED",
        )
    return []


def country(wish: Wish, known: Known) -> list[Finding]:
    """Where the player is, and whether the game may be played there."""
    told = wish.country
    if found := text("country", told):
        return found
    if told is not None and _COUNTRY.fullmatch(told) is None:
        fix = (
            f"Send {told.upper()}."
            if _COUNTRY.fullmatch(told.upper())
            else "Send two letters of ISO 3166, such as MT."
        )
        return error("country", "COUNTRY_FORMAT", f"country {told!r} is no country code.", fix)
    home = known.player.country if known.player else ""
    restricted = known.game.facts.restricted_countries if known.game else ()
    if (told or home) in restricted:
        return error(
            "country",
            "COUNTRY_RESTRICTED",
            f"The game may not be played in {told or home}.",
            "Take it out of the lobby there: GET /games?country=.",
            "COUNTRY_RESTRICTED",
        )
    if restricted and not (told or home):
        return warning(
            "country",
            "COUNTRY_UNKNOWN",
            "The game is restricted in some countries, and nobody told where the player is.",
            "Send country, or keep it with the player.",
        )
    if told and home and told != home:
        return warning(
            "country",
            "COUNTRY_DIFFERS",
            f"The player's profile says {home}, the launch says {told}.",
            "Send where the player is now; PATCH /players/{id} if he moved.",
        )
    return []


def device(wish: Wish, known: Known) -> list[Finding]:
    """One that the game runs on."""
    told = wish.device
    if found := text("device", told):
        return found
    if told is not None and told not in DEVICES:
        return error(
            "device", "DEVICE_UNKNOWN", f"device is {told!r}.", "Send one of " + ", ".join(DEVICES) + "."
        )
    offered = known.game.facts.devices if known.game else ()
    device = told or DEVICES[0]
    if offered and device not in offered:
        return error(
            "device",
            "DEVICE_NOT_SUPPORTED",
            f"The game does not run on {device}.",
            "It runs on " + ", ".join(offered) + "; list with GET /games?device=.",
            "DEVICE_NOT_SUPPORTED",
        )
    return []
