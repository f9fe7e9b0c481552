"""Routes of players in tournaments: register, list, leave, rebuy, add-on, disqualify, reinstate."""

from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import AmountError, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.tenancy.public import gate, mint_player_token, settings_of
from pitboss.tournaments import entries, judging, reading, service, views
from pitboss.tournaments.api import ANSWERS, BRAND, CURSOR, NOT_FOUND, SCHEMAS, actor_of, limit
from pitboss.tournaments.model import ACTIVE, DECLINED, PENDING, Entry, Spec, Tournament

TOKEN_AFTER_END_MS = 24 * 3_600_000  # a player still wants to see the result the next morning
ENTRY_STATUSES = ("pending_payment", "active", "withdrawn", "disqualified", "declined", "refunded")
WHO = ("NOT_REGISTERED", "AMBIGUOUS_PLAYER")

api = Api("registrations_api", gate)


@api.route(
    "POST",
    "/tournaments/{id}/players",
    "Register a player",
    scope="players.write",
    limit="register",
    body=f"{SCHEMAS}:RegisterPlayer",
    answer=f"{ANSWERS}:Registration",
    status=201,
    also=(200, 202),
    idempotent=True,
    errors=(
        NOT_FOUND,
        "REGISTRATION_CLOSED",
        "TOURNAMENT_FULL",
        "NOT_ELIGIBLE",
        "BUY_IN_MISMATCH",
        "BUY_IN_DECLINED",
        "INVALID_AMOUNT",
        "AMOUNT_PRECISION",
        "AMOUNT_LIMIT",
        "SERVER_IS_BUSY",
    ),
    about="201 registered now, 200 registered before (the same entry), 202 the buy-in is not decided yet: ask again.",
)
def register(call: Call) -> Answer:
    """The entry, the player's token and where to play."""
    body = call.body
    tournament = service.require(call.tenant_id, call.params["id"])
    done = entries.register(
        call.tenant_id,
        tournament.tournament_id,
        player_id=body.user_id,
        brand_id=body.brand_id,
        display_name=body.display_name,
        country=body.country or "",
        buy_in=_amount(body.buy_in_amount, tournament.spec),
        entry_id=call.new_id("entry"),
        actor=actor_of(call),
    )
    entry = done.entry
    if entry.status == DECLINED:
        raise Refusal(
            "BUY_IN_DECLINED",
            f"The operator declined the buy-in ({entry.reason}); the seat is free again.",
            facts={"entryId": entry.entry_id, "reason": entry.reason},
        )
    status = 202 if entry.status == PENDING else 201 if done.fresh else 200
    return Answer(_registration(call, done.tournament, entry), status)


def _amount(value: Any, spec: Spec) -> int | None:
    if value is None:
        return None
    try:
        return parse_amount(value, spec.exponent)
    except AmountError as error:
        raise Refusal(error.code, str(error), errors=[FieldError("buyInAmount", str(error))]) from None


def _registration(call: Call, tournament: Tournament, entry: Entry) -> dict[str, Any]:
    token, expires = None, None
    if entry.status == ACTIVE:
        ttl_s = (tournament.grace_until + TOKEN_AFTER_END_MS - call.now) // 1000
        token = mint_player_token(
            call.tenant_id,
            tournament.tournament_id,
            entry.brand_id,
            entry.player_id,
            entry.display_name,
            call.now,
            ttl_s,
        )
        expires = format_instant(call.now + ttl_s * 1000)
    said = {
        ACTIVE: "Registered.",
        PENDING: "The seat is held until the buy-in is decided; ask again or wait for the event.",
    }
    return {
        **views.player_view(tournament, entry),
        "token": token,
        "tokenExpiresAt": expires,
        "gameUrl": _game_url(call.tenant_id, tournament, entry) if token else None,
        "message": said.get(entry.status, f"The entry is {entry.status}."),
    }


def _game_url(tenant_id: str, tournament: Tournament, entry: Entry) -> str | None:
    from urllib.parse import quote

    template = settings_of(tenant_id).game_url
    if not template or (not tournament.spec.games and "{game}" in template):
        return None
    url = template
    for name, value in (
        ("game", tournament.spec.games[0] if tournament.spec.games else ""),
        ("brand", entry.brand_id),
        ("tournament", tournament.tournament_id),
    ):
        url = url.replace(f"{{{name}}}", quote(value, safe=""))
    return url


@api.route(
    "GET",
    "/tournaments/{id}/players",
    "List the players of a tournament",
    scope="players.read",
    answer=f"{ANSWERS}:EntrantList",
    query=(Query("status", "Only entries of this status", choices=ENTRY_STATUSES), limit(500, 100), CURSOR),
    errors=(NOT_FOUND, "CURSOR_INVALID"),
)
def players(call: Call) -> Answer:
    """A page of entries."""
    tournament, page, following = reading.list_players(
        call.tenant_id,
        call.params["id"],
        status=call.query["status"],
        cursor=call.query["cursor"],
        limit=call.query["limit"],
    )
    return Answer({"players": [views.player_view(tournament, e) for e in page], "nextCursor": following})


@api.route(
    "DELETE",
    "/tournaments/{id}/players/{player}",
    "Take a player out before the start",
    scope="players.write",
    answer=f"{ANSWERS}:Player",
    query=(BRAND,),
    errors=(NOT_FOUND, *WHO, "TOURNAMENT_STATE", "BUY_IN_PENDING"),
    about="What was paid is refunded. After the start use disqualify.",
)
def leave(call: Call) -> Answer:
    """The entry, withdrawn."""
    entry = entries.withdraw(
        call.tenant_id, call.params["id"], call.params["player"], call.query["brandId"], actor_of(call)
    )
    return Answer(views.player_view(service.require(call.tenant_id, call.params["id"]), entry))


def _buying(path: str, kind: str, summary: str, refusal: str) -> None:
    def buy(call: Call) -> Answer:
        done = entries.buy(
            call.tenant_id,
            call.params["id"],
            call.params["player"],
            call.query["brandId"],
            kind=kind,
            key=call.headers["idempotency-key"],
            actor=actor_of(call),
        )
        return Answer(
            views.player_view(done.tournament, done.entry), 202 if done.entry.pending is not None else 200
        )

    api.route(
        "POST",
        f"/tournaments/{{id}}/players/{{player}}/{path}",
        summary,
        scope="players.write",
        limit="register",
        body=f"{SCHEMAS}:BuyMore",
        answer=f"{ANSWERS}:Player",
        query=(BRAND,),
        also=(202,),
        idempotent=True,
        key_required=True,
        errors=(NOT_FOUND, *WHO, refusal, "BUY_IN_DECLINED", "BUY_IN_PENDING"),
        about="Idempotency-Key is required: a double click is charged once. 202: the payment is not decided yet; the "
        "player's row in GET /tournaments/{id}/players tells when it is.",
    )(buy)


_buying("rebuy", "rebuy", "Buy a further entry", "REBUY_NOT_ALLOWED")
_buying("addon", "add_on", "Buy an add-on", "ADDON_NOT_ALLOWED")


def _judging(path: str, summary: str, *, out: bool) -> None:
    def judge(call: Call) -> Answer:
        entry = judging.judge(
            call.tenant_id,
            call.params["id"],
            call.params["player"],
            call.query["brandId"],
            out=out,
            reason=call.body.reason,
            actor=actor_of(call),
        )
        return Answer(views.player_view(service.require(call.tenant_id, call.params["id"]), entry))

    api.route(
        "POST",
        f"/tournaments/{{id}}/players/{{player}}/{path}",
        summary,
        scope="players.write",
        body=f"{SCHEMAS}:JudgePlayer",
        answer=f"{ANSWERS}:Player",
        query=(BRAND,),
        idempotent=True,
        errors=(NOT_FOUND, *WHO, "TOURNAMENT_STATE"),
        about="While a result stands, a further version of it is made and differences are paid.",
    )(judge)


_judging("disqualify", "Disqualify a player", out=True)
_judging("reinstate", "Reinstate a disqualified player", out=False)


@api.route(
    "GET",
    "/players/{id}/tournaments",
    "A player's tournaments",
    scope="players.read",
    answer=f"{ANSWERS}:PlayerTournaments",
    query=(BRAND, limit(100, 50), CURSOR),
    errors=("CURSOR_INVALID",),
)
def joined(call: Call) -> Answer:
    """Tournaments the player has entered, the newest first."""
    page, following = reading.list_joined(
        call.tenant_id,
        call.params["id"],
        brand_id=call.query["brandId"],
        cursor=call.query["cursor"],
        limit=call.query["limit"],
    )
    rows = [
        {
            "tournamentId": tournament.tournament_id,
            "name": tournament.spec.name,
            "status": tournament.status,
            "startTime": format_instant(tournament.spec.start_at),
            "endTime": format_instant(tournament.spec.end_at),
            "entry": views.player_view(tournament, entry),
        }
        for tournament, entry in page
    ]
    return Answer({"tournaments": rows, "nextCursor": following})
