"""Routes of launching games: launch, and the linter that says what is wrong before a player sees it."""

from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.players import launching
from pitboss.players.model import Finding, Wish
from pitboss.players.parts import BARRED, SCHEMAS, who

SESSION_ID_LENGTH = 10


def add_routes(api: Api) -> None:
    """Add them to the function's routes."""
    api.route(
        "POST",
        "/games/{slug}/launch",
        "Launch a game",
        scope="players.write",
        limit="register",
        body=f"{SCHEMAS}:Launch",
        answer=f"{SCHEMAS}:LaunchAnswer",
        query=(Query("dryRun", "Only lint: nothing is written and no URL is made", "boolean", False),),
        errors=(
            "LAUNCH_INVALID",
            "USER_NOT_FOUND",
            "GAME_NOT_FOUND",
            "GAME_DISABLED",
            "BRAND_NOT_FOUND",
            "LAUNCH_URL_MISSING",
            "CURRENCY_MISMATCH",
            "CURRENCY_NOT_SUPPORTED",
            "COUNTRY_RESTRICTED",
            "DEVICE_NOT_SUPPORTED",
            "DEMO_NOT_OFFERED",
            "FREEROUND_NOT_FOUND",
            "FREEROUND_NOT_SUPPORTED",
            "FREEROUND_EXPIRED",
            "FREEROUND_EXHAUSTED",
            "SESSION_TIME_LIMIT",
            "POINT_NOT_ENOUGH",
            "POINTS_FROZEN",
            *BARRED,
        ),
        about="Every call answers a new URL, good for one opening within ten minutes; ask right before each opening and keep "
        "none. `findings` holds warnings; an error refuses the launch and names every fault at once.",
    )(launch)
    api.route(
        "POST",
        "/launch-lint",
        "What is wrong with a launch URL",
        scope="players.read",
        body=f"{SCHEMAS}:LintUrl",
        answer=f"{SCHEMAS}:LintAnswer",
        about="For the URL that a player could not open: used before, expired, mangled on its way, holding `undefined`.",
    )(lint_url)


def launch(call: Call) -> Answer:
    """A URL that opens the game, or what the linter says."""
    told = {name: getattr(call.body, name) for name in call.body.model_fields_set}
    wish = Wish(slug=call.params["slug"], **told)
    if call.query["dryRun"]:
        return Answer(_answer(launching.examine(call.tenant_id, wish, call.now)))
    launched = launching.launch(
        call.tenant_id,
        wish,
        session_id=call.new_id("session")[-SESSION_ID_LENGTH:],
        who=who(call),
        now=call.now,
    )
    settled = launched.settled
    return Answer(
        {
            **_answer(launched.findings),
            "url": launched.url,
            "mode": settled.mode,
            "sessionId": launched.session_id or None,
            "playerId": launched.player_id or None,
            "language": settled.language,
            "currency": settled.currency,
            "expiresAt": format_instant(launched.expires_at) if launched.expires_at else None,
        }
    )


def _answer(findings: list[Finding]) -> dict[str, Any]:
    empty = dict.fromkeys(("url", "mode", "sessionId", "playerId", "language", "currency", "expiresAt"))
    return {**empty, **_said(findings)}


def _said(findings: list[Finding]) -> dict[str, Any]:
    return {
        "ok": not any(finding.severity == "error" for finding in findings),
        "findings": [launching.finding_row(finding) for finding in findings],
    }


def lint_url(call: Call) -> Answer:
    """Nothing is written; the URL stays as good as it was."""
    return Answer(_said(launching.examine_url(call.tenant_id, call.body.url, call.now)))
