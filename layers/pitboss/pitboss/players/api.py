"""Routes of players and their sessions: create, read, change, authorise."""

from typing import Any

from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import cursors
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.players import grants_api, launch_api, money_api, presenting, service, store
from pitboss.players.model import DEFAULT_REALITY_CHECK
from pitboss.players.parts import BARRED, BRAND, CURSOR, SCHEMAS, amount, page_of, who
from pitboss.tenancy.public import gate

api = Api("players_api", gate)
MINUTE_MS = 60_000
SESSION_ID_LENGTH = 10  # random enough for one player; the wallet item pays for its length
_CLEARED = {"birth_year": 0, "reality_check_minutes": DEFAULT_REALITY_CHECK}


@api.route(
    "POST",
    "/players",
    "Create a player",
    scope="players.write",
    limit="register",
    body=f"{SCHEMAS}:CreatePlayer",
    answer=f"{SCHEMAS}:PlayerAnswer",
    status=201,
    also=(200,),
    idempotent=True,
    errors=("BRAND_NOT_FOUND", "CURRENCY_MISMATCH", "CONFLICT"),
    about="Idempotent by `brandId` and `userId`: the same again answers 200 with the player as it is now, so it may be sent "
    "at each login. Other content is refused with the members that differ; PATCH changes them. The wallet is opened with "
    "it, in the mode that the settings say (`walletMode`).",
)
def create_player(call: Call) -> Answer:
    """201 when it is new."""
    body = call.body
    told = {
        name: getattr(body, name)
        for name in body.model_fields_set - {"currency"}
        if getattr(body, name) is not None
    }
    known, new = service.create(
        call.tenant_id,
        told,
        currency=body.currency,
        player_id=call.new_id("player"),
        who=who(call),
        now=call.now,
    )
    return Answer(presenting.player_view(known, call.now), 201 if new else 200)


@api.route(
    "GET",
    "/players",
    "List players",
    scope="players.read",
    answer=f"{SCHEMAS}:PlayerList",
    query=(
        Query("brandId", "Only of this brand", maximum=100),
        Query("userId", "The casino's own id, with brandId: that one player, or none", maximum=100),
        page_of(200, 50),
        CURSOR,
    ),
    errors=("CURSOR_INVALID",),
)
def list_players(call: Call) -> Answer:
    """By brand and casino id."""
    brand_id, user_id, limit = call.query["brandId"], call.query["userId"], call.query["limit"]
    if user_id is not None:
        if brand_id is None:
            raise Refusal(
                "PARAMETERS_INVALID",
                "userId says which player only together with brandId.",
                errors=[FieldError("brandId", "required with userId")],
            )
        player = store.read(call.tenant_id, brand_id, user_id)
        return Answer({"players": [presenting.player_row(player)] if player else [], "nextCursor": None})
    bound = (call.tenant_id, "players", brand_id)
    after = cursors.read(call.query["cursor"], *bound)
    page = list(store.listed(call.tenant_id, brand_id=brand_id, after=after, limit=limit + 1))
    following = None
    if len(page) > limit:
        last = page[limit - 1]
        following = cursors.make(store.player_key(last.brand_id, last.user_id), *bound)
    return Answer({"players": [presenting.player_row(p) for p in page[:limit]], "nextCursor": following})


@api.route(
    "GET",
    "/players/{id}",
    "Read a player",
    scope="players.read",
    answer=f"{SCHEMAS}:PlayerAnswer",
    query=(BRAND,),
    errors=("USER_NOT_FOUND",),
)
def read_player(call: Call) -> Answer:
    """Status, limits, sessions, and in transfer mode the balance."""
    known = service.find(call.tenant_id, call.params["id"], call.query["brandId"])
    return Answer(presenting.player_view(known, call.now))


@api.route(
    "PATCH",
    "/players/{id}",
    "Change a player",
    scope="players.write",
    body=f"{SCHEMAS}:ChangePlayer",
    answer=f"{SCHEMAS}:PlayerAnswer",
    query=(BRAND,),
    errors=(
        "USER_NOT_FOUND",
        "CONFLICT",
        "EXCLUSION_NOT_SHORTENED",
        "INVALID_AMOUNT",
        "AMOUNT_PRECISION",
        "AMOUNT_LIMIT",
    ),
    about="In force with the answer: the next bet is judged by it. Blocking, closing, excluding or cooling off ends every "
    "session; wins and rollbacks of bets that stand still settle. Limits: stricter at once, looser after 24 hours.",
)
def change_player(call: Call) -> Answer:
    """Repeating changes nothing."""
    body = call.body
    wanted: dict[str, Any] = {}
    for name in body.model_fields_set - {"limits"}:
        value = getattr(body, name)
        wanted[name] = _CLEARED.get(name, "") if value is None and not name.endswith("_until") else value
    if body.limits is not None:
        known = service.find(call.tenant_id, call.params["id"], call.query["brandId"])
        wanted["limits"] = _limits(body.limits, known.wallet.exponent)
    changed = service.change(
        call.tenant_id, call.params["id"], call.query["brandId"], wanted, who=who(call), now=call.now
    )
    return Answer(presenting.player_view(changed, call.now))


def _limits(wish: Any, exponent: int) -> dict[str, int | None]:
    wanted: dict[str, int | None] = {}
    for name, pointer in (("max_bet", "maxBet"), ("daily_loss", "dailyLoss"), ("weekly_loss", "weeklyLoss")):
        if name in wish.model_fields_set:
            value = getattr(wish, name)
            wanted[name] = None if value is None else amount(value, exponent, f"limits.{pointer}")
    if "session_minutes" in wish.model_fields_set:
        wanted["session_minutes"] = wish.session_minutes
    return wanted


@api.route(
    "GET",
    "/players/{id}/events",
    "What was done about a player",
    scope="audit.read",
    answer=f"{SCHEMAS}:EventList",
    query=(BRAND, page_of(200, 50), CURSOR),
    errors=("USER_NOT_FOUND", "CURSOR_INVALID"),
)
def list_events(call: Call) -> Answer:
    """Who changed what, from where, before and after; written with the change itself. The newest first."""
    player_id = service.find(call.tenant_id, call.params["id"], call.query["brandId"]).player.player_id
    bound, limit = (call.tenant_id, "player-events", player_id), call.query["limit"]
    before = cursors.read(call.query["cursor"], *bound)
    page = store.events(call.tenant_id, player_id, before=before, limit=limit + 1)
    following = cursors.make(page[limit - 1].event_id, *bound) if len(page) > limit else None
    return Answer({"events": [presenting.event_row(e) for e in page[:limit]], "nextCursor": following})


# ---------------------------------------------------------------- sessions
@api.route(
    "POST",
    "/players/{id}/sessions",
    "Authorise a player",
    scope="players.write",
    limit="register",
    body=f"{SCHEMAS}:Authorise",
    answer=f"{SCHEMAS}:Authorised",
    status=201,
    query=(BRAND,),
    idempotent=True,
    errors=("USER_NOT_FOUND", *BARRED, "SESSION_TIME_LIMIT"),
    about="A session for a device; the one before on the same device takes no bets any more, its wins and rollbacks pass. "
    "Devices play side by side. The token is shown once: a repeated answer has null there.",
)
def authorise(call: Call) -> Answer:
    """The token goes to the game, which names it in every bet."""
    body = call.body
    made = service.authorise(
        call.tenant_id,
        call.params["id"],
        call.query["brandId"],
        device=body.device,
        external_id=body.external_session_id or "",
        ip=body.ip or "",
        ttl_ms=body.ttl_minutes * MINUTE_MS,
        session_id=call.new_id("session")[-SESSION_ID_LENGTH:],
        who=who(call),
        now=call.now,
    )
    row = {
        **presenting.session_row(made.session, call.now),
        "playerId": made.known.player.player_id,
        "realityCheckMinutes": made.known.player.reality_check_minutes,
    }
    # The token is stored nowhere, so neither is the answer that shows it: a repetition gets the rest.
    call.kept["remember"] = Answer({**row, "sessionToken": None}, 201)
    return Answer({**row, "sessionToken": made.token}, 201)


@api.route(
    "DELETE",
    "/players/{id}/sessions/{sessionId}",
    "End a session",
    scope="players.write",
    status=204,
    query=(BRAND,),
    errors=("USER_NOT_FOUND", "SESSION_NOT_FOUND"),
    about="Bets are refused from the answer on; wins and rollbacks pass. A launch URL that was not opened yet is dead.",
)
def end_session(call: Call) -> Answer:
    """Again is the same."""
    service.end_session(
        call.tenant_id,
        call.params["id"],
        call.query["brandId"],
        call.params["sessionId"],
        who=who(call),
        now=call.now,
    )
    return Answer(None, 204)


money_api.add_routes(api)
launch_api.add_routes(api)
grants_api.add_routes(api)
