"""Routes of free rounds: grant, list, read, cancel."""

from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.players import granting, presenting, service
from pitboss.players.parts import BARRED, CURSOR, SCHEMAS, amount, page_of, same_currency, who
from pitboss.players.service import Known
from pitboss.wallet.public import FreeRounds


def add_routes(api: Api) -> None:
    """Add them to the function's routes."""
    _add_reading(api)
    api.route(
        "POST",
        "/free-rounds",
        "Grant free rounds",
        scope="players.write",
        body=f"{SCHEMAS}:GrantFreeRounds",
        answer=f"{SCHEMAS}:FreeRoundsAnswer",
        status=201,
        idempotent=True,
        errors=(
            "USER_NOT_FOUND",
            "GAME_NOT_FOUND",
            "GAME_DISABLED",
            "FREEROUND_NOT_SUPPORTED",
            "CURRENCY_MISMATCH",
            "INVALID_AMOUNT",
            "AMOUNT_PRECISION",
            "AMOUNT_LIMIT",
            *BARRED,
        ),
        about="Rounds of a fixed stake in one of the games, until `expiresAt`. They are counted in the transaction of the bet: "
        "none is played twice, and a free bet without a round left is refused, never taken from the balance.",
    )(grant)
    api.route(
        "DELETE",
        "/free-rounds/{id}",
        "Cancel free rounds",
        scope="players.write",
        answer=f"{SCHEMAS}:FreeRoundsAnswer",
        errors=("FREEROUND_NOT_FOUND", "FREEROUND_CANNOT_CANCEL"),
        about="Only before the first of them is played.",
    )(cancel)


def _add_reading(api: Api) -> None:
    api.route(
        "GET",
        "/free-rounds",
        "List free rounds",
        scope="players.read",
        answer=f"{SCHEMAS}:FreeRoundsList",
        query=(
            Query("playerId", "Only of this player (the hub's id)", maximum=100),
            Query("brandId", "With userId, in place of playerId", maximum=100),
            Query("userId", "With brandId, in place of playerId", maximum=100),
            Query("state", "Only in this state", choices=("active", "used", "expired", "cancelled")),
            page_of(200, 50),
            CURSOR,
        ),
        errors=("USER_NOT_FOUND", "CURSOR_INVALID"),
    )(listed)
    api.route(
        "GET",
        "/free-rounds/{id}",
        "Read free rounds",
        scope="players.read",
        answer=f"{SCHEMAS}:FreeRoundsAnswer",
        errors=("FREEROUND_NOT_FOUND",),
    )(read)


def _player(call: Call, player_id: str | None, brand_id: str | None, user_id: str | None) -> Known | None:
    if player_id is not None and brand_id is None and user_id is None:
        return service.find(call.tenant_id, player_id)
    if player_id is None and brand_id is not None and user_id is not None:
        return service.find(call.tenant_id, user_id, brand_id)
    if player_id is None and brand_id is None and user_id is None:
        return None
    raise Refusal(
        "VALIDATION_ERROR",
        "Name the player by playerId, or by brandId and userId.",
        errors=[FieldError("playerId", "playerId, or brandId and userId")],
    )


def grant(call: Call) -> Answer:
    """A repeated attempt finds its own grant."""
    body = call.body
    known = _player(call, body.player_id, body.brand_id, body.user_id)
    if known is None:
        raise Refusal(
            "VALIDATION_ERROR",
            "Name the player by playerId, or by brandId and userId.",
            errors=[FieldError("playerId", "required")],
        )
    wallet = known.wallet
    same_currency(body.currency, wallet.currency)
    granting.judge_player(known, call.now)
    rounds = FreeRounds(
        id=call.new_id("free-rounds"),
        tenant_id=call.tenant_id,
        player_id=wallet.player_id,
        provider=granting.judge_games(call.tenant_id, known, body.game_ids),
        games=tuple(body.game_ids),
        count=body.count,
        bet_amount=amount(body.bet_amount, wallet.exponent, "betAmount"),
        currency=wallet.currency,
        exponent=wallet.exponent,
        expires_at=body.expires_at,
        win_kind=body.win_kind,
        created_at=call.now,
        reference=body.reference,
    )
    made, _ = granting.grant(rounds, who=who(call), now=call.now)
    return Answer(presenting.grant_row(made, call.now), 201)


def listed(call: Call) -> Answer:
    """The newest first."""
    q = call.query
    known = _player(call, q["playerId"], q["brandId"], q["userId"])
    page, following = granting.listed(
        call.tenant_id,
        player_id=known.player.player_id if known else None,
        state=q["state"],
        cursor=q["cursor"],
        limit=q["limit"],
        now=call.now,
    )
    return Answer(
        {"freeRounds": [presenting.grant_row(row, call.now) for row in page], "nextCursor": following}
    )


def read(call: Call) -> Answer:
    """Used, left, won."""
    return Answer(presenting.grant_row(granting.find(call.tenant_id, call.params["id"]), call.now))


def cancel(call: Call) -> Answer:
    """Again is the same."""
    cancelled = granting.cancel(call.tenant_id, call.params["id"], who=who(call), now=call.now)
    return Answer(presenting.grant_row(cancelled, call.now))
