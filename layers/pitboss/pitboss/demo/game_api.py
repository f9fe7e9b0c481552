"""The demo game: the page that a launch URL opens, and the back end that plays it against the hub's wallet."""

import secrets

from pitboss.demo import game, game_service, game_store
from pitboss.demo.api import api, guard
from pitboss.demo.game import Provider
from pitboss.demo.game_page import page
from pitboss.kernel.money import AmountError, format_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.http import Answer, Call

SCHEMAS = "pitboss.demo.game_schemas"
_ONLY_DEMO = "Only in demo mode."


@api.route(
    "GET",
    "/demo-operator/game",
    "The demo game's page",
    public=True,
    media_type="text/html",
    about=f"{_ONLY_DEMO} What the launch says stands behind the `#`, so that no server's log holds the token.",
)
def show_page(_call: Call) -> Answer:
    """One page without anything from elsewhere."""
    nonce = secrets.token_urlsafe(12)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'"
    )
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return Answer(page(nonce), headers=headers, content_type="text/html; charset=utf-8")


@api.route(
    "PUT",
    "/demo-operator/game/provider",
    "Tell the demo game how to speak to the hub",
    public=True,
    body=f"{SCHEMAS}:SetProvider",
    answer=f"{SCHEMAS}:ProviderSet",
    errors=("TOKEN_INVALID",),
    about=f"{_ONLY_DEMO} Opened by the header X-Demo-Token.",
)
def set_provider(call: Call) -> Answer:
    """API token and wallet secret of the integration that this game belongs to."""
    guard(call)
    body = call.body
    provider = Provider(body.tenant_id, body.integration_id, body.hub_url, body.api_token, body.wallet_secret)
    game_store.keep_provider(provider)
    return Answer({"tenantId": provider.tenant_id, "integrationId": provider.integration_id})


@api.route(
    "POST",
    "/demo-operator/game/open",
    "Open the demo game",
    public=True,
    body=f"{SCHEMAS}:OpenGame",
    answer=f"{SCHEMAS}:GameOpened",
    errors=(
        "PROVIDER_NOT_FOUND",
        "TOKEN_INVALID",
        "LAUNCH_TOKEN_USED",
        "LAUNCH_TOKEN_EXPIRED",
        "PROVIDER_ERROR",
    ),
    about=f"{_ONLY_DEMO} Opened by the launch token of the URL.",
)
def open_game(call: Call) -> Answer:
    """The launch token for a play."""
    body = call.body
    if body.mode == "demo":
        play, balance = game_service.open_demo(body.game_id, body.open_id)
    else:
        if not body.tenant_id or not body.launch_token:
            raise Refusal(
                "VALIDATION_ERROR",
                "A game for real money is opened with tenantId and launchToken.",
                errors=[FieldError("launchToken", "required")],
            )
        try:
            play, balance = game_service.open_game(
                body.tenant_id,
                body.launch_token,
                body.open_id,
                body.game_id,
                free_rounds_id=body.free_rounds_id,
                free_bet=body.free_rounds_bet,
            )
        except AmountError as error:
            raise Refusal(error.code, f"freeRoundsBet: {error}.") from None
    return Answer(
        {
            "playId": play.play_id,
            "mode": play.mode,
            "currency": play.currency,
            "balance": balance,
            "bets": game_service.bets(play),
            "freeBet": format_amount(play.free_bet, play.exponent) if play.free_rounds_id else None,
            "paytable": [list(row) for row in game.PAYTABLE],
            "returnPercent": format_amount(game.return_bps(), 2),
        }
    )


@api.route(
    "POST",
    "/demo-operator/game/spin",
    "Turn the wheel",
    public=True,
    body=f"{SCHEMAS}:SpinWheel",
    answer=f"{SCHEMAS}:WheelSpun",
    errors=("SESSION_NOT_FOUND", "OPERATION_IN_PROGRESS", "FREEROUND_NOT_FOUND", "PROVIDER_NOT_FOUND"),
    about=f"{_ONLY_DEMO} Opened by the id of the play. Bet and win go through the hub's wallet, signed.",
)
def spin(call: Call) -> Answer:
    """A refused bet is an answer, not an error: `state` and `refusal` say so."""
    body = call.body
    play, spun = game_service.spin(body.play_id, body.spin_id, body.bet, free=body.free)
    return Answer(game_service.shown(play, spun))
