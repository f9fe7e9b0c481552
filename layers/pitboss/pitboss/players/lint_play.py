"""What can be wrong with game, player, free rounds and agent of a launch. Pure."""

from typing import TYPE_CHECKING

from pitboss.catalogue.public import links
from pitboss.kernel.instants import format_instant
from pitboss.players.lint_known import Known, error, text
from pitboss.players.model import Finding, Wish

if TYPE_CHECKING:
    from pitboss.wallet.public import FreeRounds

MODES = ("real", "demo")


def mode(wish: Wish) -> list[Finding]:
    """Real or demo."""
    if found := text("mode", wish.mode):
        return found
    if wish.mode is not None and wish.mode not in MODES:
        return error("mode", "MODE_UNKNOWN", f"mode is {wish.mode!r}.", "Send real or demo.")
    return []


def game_offered(wish: Wish, known: Known) -> list[Finding]:
    """Whether the game is there, for this brand, and can be opened."""
    game = known.game
    if game is None:
        return error(
            "slug",
            "GAME_NOT_FOUND",
            f"There is no game {wish.slug!r}.",
            "GET /games lists them.",
            "GAME_NOT_FOUND",
        )
    if not game.enabled:
        return error(
            "slug",
            "GAME_DISABLED",
            f"{game.name} is disabled by its integration {game.integration_id!r}.",
            "Take it out of the lobby: GET /games?isEnabled=true.",
            "GAME_DISABLED",
        )
    found = []
    if known.brand_fault in ("unknown_brand", "brand_disabled"):
        unknown = known.brand_fault == "unknown_brand"
        found += error(
            "brandId",
            "BRAND_NOT_FOUND" if unknown else "BRAND_DISABLED",
            "The player's brand is not known." if unknown else "The player's brand is disabled.",
            "PUT /integrations/{id}/operators with the brand.",
            "BRAND_NOT_FOUND",
        )
    elif known.brand_fault == "game_not_for_brand":
        found += error(
            "slug",
            "GAME_NOT_OFFERED",
            f"The player's brand does not offer {game.name}.",
            "Add the brand to enabledBrandRefs of the game, or list with GET /games?brandId=.",
            "GAME_DISABLED",
        )
    if wish.mode == "demo" and not game.facts.demo:
        found += error(
            "mode",
            "DEMO_NOT_OFFERED",
            f"{game.name} has no demo.",
            "Launch it for real, or list with GET /games?hasDemo=true.",
            "DEMO_NOT_OFFERED",
        )
    return found + _template(game.name, known)


def _template(name: str, known: Known) -> list[Finding]:
    if not known.template:
        return error(
            "launchUrl",
            "LAUNCH_URL_MISSING",
            f"Neither {name} nor its integration has a launch URL.",
            "PUT /integrations/{id}/wallet with launchUrl, or launchUrl in the list of games.",
            "LAUNCH_URL_MISSING",
        )
    return [
        Finding(
            "launchUrl", code, "error", f"launchUrl: {sentence}.", "Mend the template.", "LAUNCH_URL_MISSING"
        )
        for code, sentence in links.faults(known.template, local=known.local)
    ]


def player_may(wish: Wish, known: Known, *, demo: bool) -> list[Finding]:
    """Whether the call names one player, who may play."""
    found = text("playerId", wish.player_id)
    if known.player is None:  # somebody may well be called Nan: only who is not found was not named
        found = found + text("brandId", wish.brand_id) + text("userId", wish.user_id)
    if found or demo:
        return found
    named = (wish.player_id is not None, wish.brand_id is not None, wish.user_id is not None)
    if named not in ((True, False, False), (False, True, True)):
        return error(
            "playerId",
            "PLAYER_MISSING" if not any(named) else "PLAYER_AMBIGUOUS",
            "A game for real money needs one player.",
            "Send playerId (the hub's id), or brandId and userId (your own).",
        )
    if known.player is None:
        return error(
            "playerId" if wish.player_id else "userId",
            "PLAYER_NOT_FOUND",
            "There is no such player.",
            "POST /players first; it may be repeated.",
            "USER_NOT_FOUND",
        )
    if known.barred is not None:
        return error(
            "playerId",
            known.barred.name,
            known.barred.detail,
            "Show the player why; a launch would end at the first bet.",
            known.barred.name,
        )
    return []


def free_rounds(wish: Wish, known: Known, *, demo: bool) -> list[Finding]:
    """Whether the grant can be played in this game."""
    field = "freeRoundsId"
    if wish.free_rounds_id is None:
        return []
    if found := text(field, wish.free_rounds_id):
        return found
    if demo:
        return error(field, "FREEROUNDS_IN_DEMO", "A demo has no free rounds.", "Leave freeRoundsId out.")
    game, grant = known.game, known.grant
    if game is not None and not game.free_rounds:
        return error(
            field,
            "FREEROUND_NOT_SUPPORTED",
            f"{game.name} has no free rounds.",
            "List with GET /games?isFreeroundSupported=true.",
            "FREEROUND_NOT_SUPPORTED",
        )
    if grant is None:
        if known.player is None:
            return []  # that the player is missing has been said
        return error(
            field,
            "FREEROUND_NOT_FOUND",
            "The player has no such free rounds.",
            "GET /free-rounds.",
            "FREEROUND_NOT_FOUND",
        )
    if game is not None and game.slug not in grant.games:
        return error(
            field,
            "FREEROUND_OTHER_GAME",
            "The free rounds are for other games.",
            "They are for " + ", ".join(grant.games) + ".",
            "FREEROUND_NOT_FOUND",
        )
    return _grant_state(field, grant, known.now)


def _grant_state(field: str, grant: "FreeRounds", now: int) -> list[Finding]:
    status = grant.status_at(now)
    if status == "active":
        return []
    says = {
        "expired": ("FREEROUND_EXPIRED", f"The free rounds expired at {format_instant(grant.expires_at)}."),
        "used": ("FREEROUND_EXHAUSTED", "No free round is left."),
        "cancelled": ("FREEROUND_EXHAUSTED", "The free rounds were cancelled."),
    }
    name, message = says[status]
    return error(field, name, message, "Launch without freeRoundsId, or grant new ones.", name)


def agent(known: Known, *, demo: bool) -> list[Finding]:
    """Whether the agent may open games."""
    if demo or known.points is None:
        return []
    return error(
        "(agent)", known.points.name, known.points.detail, "The agent's operator can help.", known.points.name
    )
