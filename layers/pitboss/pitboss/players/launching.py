"""Use cases of launching a game: lint, launch, and what became of a launch URL."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Any

from pitboss.catalogue.public import Game, links, read, wallet_integration
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.settings import is_local
from pitboss.players import lint, lint_text, service
from pitboss.players.lint_known import Known as Judged
from pitboss.players.model import Finding, Wish
from pitboss.players.service import Known, Who
from pitboss.points.public import may_bet
from pitboss.wallet.public import Session, Wallet, free_rounds, read_wallet, sessions, tokens

MINUTE_MS = 60_000
# The wallet item, read and written with each bet, pays for the length of what stands in it.
_GAME_KEPT = 8
_TOKEN = re.compile(re.escape(tokens.LAUNCH) + r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Launched:
    """A launch URL. `session_id` and `expires_at` are "" and 0 for a demo, whose URL may be opened again."""

    url: str
    settled: lint.Settled
    findings: list[Finding]
    player_id: str = ""
    session_id: str = ""
    expires_at: int = 0


def examine(tenant_id: str, wish: Wish, now: int) -> list[Finding]:
    """Every finding about a launch; nothing is written."""
    return lint.examine(wish, _judged(tenant_id, wish, now)[0])


def launch(tenant_id: str, wish: Wish, *, session_id: str, who: Who, now: int) -> Launched:
    """A URL that opens the game: once and within ten minutes for real money, as often as wished as a demo.

    Raises:
        Refusal: the first error of the linter decides its name; `errors` and `findings` hold all of them.
    """
    judged, known = _judged(tenant_id, wish, now)
    findings = lint.examine(wish, judged)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise _refused(errors, findings)
    settled = lint.settle(wish, judged)
    values = _values(tenant_id, wish, judged, settled)
    if settled.mode == "demo" or known is None:
        return Launched(links.expand(judged.template, values), settled, findings)
    secret = secrets.token_bytes(tokens.SECRET_BYTES)
    session = _session(wish, settled, session_id, secret, now)
    facts: dict[str, tuple[Any, Any]] = {"gameId": (None, wish.slug), "sessionId": (None, session_id)}
    service.add_launch(known, session, facts, who=who, now=now)
    player_id = known.player.player_id
    values["token"] = tokens.make(tenant_id, player_id, session_id, secret, tokens.LAUNCH)
    values["elapsedMinutes"] = str((now - sessions.begun_at(known.wallet, now)) // MINUTE_MS)
    url = links.expand(judged.template, values)
    return Launched(url, settled, findings, player_id, session_id, session.launch_until)


def _session(wish: Wish, settled: lint.Settled, session_id: str, secret: bytes, now: int) -> Session:
    """A session that waits for its token. Its device is that of the game: each game has a tab of its own on a device."""
    game = hashlib.sha256(wish.slug.encode()).hexdigest()[:_GAME_KEPT]
    until = now + sessions.LAUNCH_TTL_MS
    return Session(
        session_id,
        b"",
        f"{settled.device}/{game}",
        now,
        until,
        external_id=wish.external_session_id or "",
        launch=tokens.digest_of(secret),
        launch_until=until,
    )


def _refused(errors: list[Finding], findings: list[Finding]) -> Refusal:
    first = errors[0]
    return Refusal(
        first.refusal,
        f"{first.message} {first.fix}",
        errors=[FieldError(finding.field, finding.message) for finding in errors],
        facts={"findings": [finding_row(finding) for finding in findings]},
    )


def finding_row(finding: Finding) -> dict[str, Any]:
    """A finding as answers show it."""
    return {
        "field": finding.field,
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "fix": finding.fix,
    }


def _values(tenant_id: str, wish: Wish, judged: Judged, settled: lint.Settled) -> dict[str, str]:
    player, grant = judged.player, judged.grant
    values = {
        "game": wish.slug,
        "mode": settled.mode,
        "language": settled.language,
        "currency": settled.currency,
        "country": settled.country,
        "device": settled.device,
        "lobbyUrl": wish.lobby_url or "",
        "depositUrl": wish.deposit_url or "",
        "historyUrl": wish.history_url or "",
        "realityCheckMinutes": str(player.reality_check_minutes if player else 0),
        "elapsedMinutes": "0",
        "freeRounds": "0",
        "tenant": tenant_id,
    }
    if player is not None and settled.mode == "real":
        values |= {"brand": player.brand_id, "player": player.user_id}
    if grant is not None and settled.mode == "real":
        values |= {
            "freeRoundsId": grant.id,
            "freeRounds": str(grant.left),
            "freeRoundsBet": format_amount(grant.bet_amount, grant.exponent),
        }
    return values


def _judged(tenant_id: str, wish: Wish, now: int) -> tuple[Judged, Known | None]:
    """What the launch is judged by, read strongly: a game disabled a moment ago must not open."""
    known = _player(tenant_id, wish)
    brand_id = known.player.brand_id if known else ""
    usable = 1 <= len(wish.slug) <= 100
    brands, games = read(tenant_id, [brand_id] if brand_id else [], [wish.slug] if usable else [])
    game = games.get(wish.slug)
    grant = None
    if known is not None and wish.free_rounds_id is not None and lint_text.usable(wish.free_rounds_id):
        grant = free_rounds.read(tenant_id, known.player.player_id, wish.free_rounds_id)
    brand_fault = ""
    if known is not None:
        brand = brands.get(brand_id)
        if brand is None or not brand.enabled:
            brand_fault = "unknown_brand" if brand is None else "brand_disabled"
        elif game is not None and game.brands is not None and brand_id not in game.brands:
            brand_fault = "game_not_for_brand"
    judged = Judged(
        now=now,
        local=is_local(),
        game=game,
        brand_fault=brand_fault,
        player=known.player if known else None,
        barred=sessions.may_begin(known.wallet, now) if known else None,
        points=may_bet(tenant_id, now, mode=known.wallet.mode if known else "seamless"),
        template=_template(tenant_id, game, now),
        grant=grant,
    )
    return judged, known


def _player(tenant_id: str, wish: Wish) -> Known | None:
    told = [text for text in (wish.player_id, wish.brand_id, wish.user_id) if text is not None]
    if not told or not all(lint_text.usable(text) for text in told):
        return None
    try:
        if wish.player_id is not None and wish.user_id is None:
            return service.find(tenant_id, wish.player_id)
        if wish.user_id is not None and wish.brand_id is not None and wish.player_id is None:
            return service.find(tenant_id, wish.user_id, wish.brand_id)
    except Refusal:
        return None  # the linter says it better
    return None


def _template(tenant_id: str, game: Game | None, now: int) -> str:
    if game is None:
        return ""
    if game.facts.launch_url:
        return game.facts.launch_url
    integration = wallet_integration(tenant_id, game.integration_id, now)
    return integration.launch_url if integration else ""


# ---------------------------------------------------------------- a URL that was answered before
def examine_url(tenant_id: str, url: str, now: int) -> list[Finding]:
    """What is wrong with a launch URL that is to be opened: cached, used, expired, mangled on its way."""
    local = is_local()
    found = []
    for fault in lint_text.url(url, local=local):
        severity = "error" if fault.hard else "warning"
        found.append(Finding("url", fault.code, severity, f"url {fault.message}.", fault.fix))  # type: ignore[arg-type]
    match = _TOKEN.search(url)
    token = tokens.read(match[0], tokens.LAUNCH) if match else None
    if token is None:
        code, message = (
            ("LAUNCH_URL_NO_TOKEN", "url carries no launch token: a demo, or the token was lost on the way.")
            if match is None
            else ("LAUNCH_URL_MANGLED", "the launch token of url was changed on its way.")
        )
        severity = "warning" if match is None else "error"
        found.append(Finding("url", code, severity, message, "Open the URL exactly as it was answered."))  # type: ignore[arg-type]
        return found
    wallet = read_wallet(tenant_id, token.player_id) if token.tenant_id == tenant_id else None
    return found + _state(wallet, token, now)


def _state(wallet: Wallet | None, token: tokens.Token, now: int) -> list[Finding]:
    again = "Ask for a new URL right before each opening: POST /games/{slug}/launch; never keep one."
    session = sessions.by_id(wallet, token.session_id) if wallet else None
    if session is None or not tokens.matches(token, session.launch):
        message = "url was not answered to this agent, or is long over."
        return [Finding("url", "LAUNCH_URL_UNKNOWN", "error", message, again)]
    if session.used:
        return [
            Finding(
                "url", "LAUNCH_URL_USED", "error", "url was opened before; a launch URL opens once.", again
            )
        ]
    if session.ended or now >= session.launch_until:
        until = format_instant(session.launch_until)
        return [Finding("url", "LAUNCH_URL_EXPIRED", "error", f"url was good until {until}.", again)]
    return []
