"""Routes of tournaments: life, history, results, proof, prize pool."""

from typing import Any

from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.tenancy.public import gate
from pitboss.tournaments import judging, reading, service, views
from pitboss.tournaments.lifecycle import (
    APPROVE,
    CANCEL,
    FINISH,
    PAUSE,
    PUBLISH,
    RESUME,
    VOID_PAY,
    VOID_REFUND,
)
from pitboss.tournaments.model import STATUSES, Actor

SCHEMAS = "pitboss.tournaments.schemas"
ANSWERS = "pitboss.tournaments.answers"
NOT_FOUND = "TOURNAMENT_NOT_FOUND"
STATE = (NOT_FOUND, "TOURNAMENT_STATE", "SERVER_IS_BUSY")
DRAFT_ERRORS = ("RULES_INVALID", "PRIZES_INVALID")
CURSOR = Query("cursor", "`nextCursor` of the page before", maximum=2000)
BRAND = Query("brandId", "The player's brand, where several take part")
VERSION = Query("version", "A version of the result; the newest if left out", "integer", None, 1, 9999)

api = Api("tournaments_api", gate)


def limit(most: int, default: int) -> Query:
    """The page size."""
    return Query("limit", f"Rows a page, 1 to {most}", "integer", default, 1, most)


def actor_of(call: Call) -> Actor:
    """Who asks, for the history."""
    caller = call.who()
    return Actor(caller.key_id or caller.player_id, call.request_id, call.now)


def _tournament(found: Any, status: int = 200, warnings: list[str] | None = None) -> Answer:
    return Answer(views.tournament_view(found, warnings), status)


@api.route(
    "POST",
    "/tournaments",
    "Create a tournament",
    scope="tournaments.write",
    limit="create",
    body=f"{SCHEMAS}:CreateTournament",
    answer=f"{ANSWERS}:Tournament",
    status=201,
    idempotent=True,
    max_body=256 * 1024,
    errors=DRAFT_ERRORS,
    about="It is published and opens for registration unless `draft` is true. Only name and startTime are needed.",
)
def create(call: Call) -> Answer:
    """A new tournament."""
    from pitboss.tournaments.schemas import asked_of

    found, warnings = service.create(
        call.tenant_id,
        call.new_id("tournament"),
        asked_of(call.body, without=("draft",)),
        actor_of(call),
        as_draft=call.body.draft,
    )
    return _tournament(found, 201, warnings)


@api.route(
    "GET",
    "/tournaments",
    "List tournaments by start time",
    scope="tournaments.read",
    answer=f"{ANSWERS}:TournamentList",
    query=(
        Query("status", "Only tournaments of this status", choices=STATUSES),
        Query("from", "Only those that start at or after", "instant"),
        Query("to", "Only those that start before", "instant"),
        limit(100, 50),
        CURSOR,
    ),
    errors=("CURSOR_INVALID",),
)
def list_all(call: Call) -> Answer:
    """A page of tournaments."""
    page, following = reading.list_tournaments(
        call.tenant_id,
        status=call.query["status"],
        from_ms=call.query["from"],
        to_ms=call.query["to"],
        cursor=call.query["cursor"],
        limit=call.query["limit"],
    )
    return Answer({"tournaments": [views.tournament_view(t) for t in page], "nextCursor": following})


@api.route(
    "GET",
    "/tournaments/{id}",
    "Get a tournament",
    scope="tournaments.read",
    answer=f"{ANSWERS}:Tournament",
    errors=(NOT_FOUND,),
    players=True,
)
def get(call: Call) -> Answer:
    """One tournament."""
    return _tournament(service.require(call.tenant_id, call.params["id"]))


@api.route(
    "PUT",
    "/tournaments/{id}",
    "Change a tournament",
    scope="tournaments.write",
    body=f"{SCHEMAS}:ChangeTournament",
    answer=f"{ANSWERS}:Tournament",
    max_body=256 * 1024,
    errors=(*STATE, "VERSION_CONFLICT", "RULES_IMMUTABLE", *DRAFT_ERRORS),
    about="Members left out stay. After publication rules, prizes and entry terms are fixed; dates until the start.",
)
def change(call: Call) -> Answer:
    """The changed tournament."""
    from pitboss.tournaments.schemas import asked_of

    found, warnings = service.change(
        call.tenant_id,
        call.params["id"],
        asked_of(call.body, without=("version",)),
        call.body.version,
        actor_of(call),
    )
    return _tournament(found, 200, warnings)


@api.route(
    "DELETE",
    "/tournaments/{id}",
    "Cancel a tournament before its start",
    scope="tournaments.delete",
    answer=f"{ANSWERS}:Tournament",
    errors=STATE,
    about="Everybody who paid is refunded. The record stays, as cancelled.",
)
def cancel(call: Call) -> Answer:
    """The cancelled tournament."""
    found = service.transition(call.tenant_id, call.params["id"], CANCEL, actor_of(call), "cancelled")
    return _tournament(found)


@api.route(
    "GET",
    "/tournaments/{id}/status",
    "How a tournament stands",
    scope="tournaments.read",
    answer=f"{ANSWERS}:TournamentNow",
    errors=(NOT_FOUND,),
    players=True,
)
def status(call: Call) -> Answer:
    """Status and counts, for polling."""
    found = service.require(call.tenant_id, call.params["id"])
    return Answer(views.status_view(found, call.now))


@api.route(
    "GET",
    "/tournaments/{id}/events",
    "A tournament's history",
    scope="tournaments.read",
    answer=f"{ANSWERS}:TournamentHistory",
    query=(limit(200, 100), CURSOR),
    errors=(NOT_FOUND, "CURSOR_INVALID"),
    about="Every change in order, with who made it and in which request.",
)
def history(call: Call) -> Answer:
    """A page of the history."""
    page, following = reading.list_history(
        call.tenant_id, call.params["id"], cursor=call.query["cursor"], limit=call.query["limit"]
    )
    return Answer({"events": [views.event_view(record) for record in page], "nextCursor": following})


def _moving(
    path: str,
    summary: str,
    event: str,
    about: str = "",
    more: tuple[str, ...] = (),
    body: str = "GiveReason",
) -> None:
    def move(call: Call) -> Answer:
        found = service.transition(
            call.tenant_id,
            call.params["id"],
            event,
            actor_of(call),
            call.body.reason or "",
            result_seen=getattr(call.body, "result_version", None),
        )
        return _tournament(found)

    api.route(
        "POST",
        f"/tournaments/{{id}}/{path}",
        summary,
        scope="tournaments.write",
        body=f"{SCHEMAS}:{body}",
        answer=f"{ANSWERS}:Tournament",
        idempotent=True,
        errors=(*STATE, *more),
        about=about or "Asking again changes nothing and answers the same.",
    )(move)


_moving(
    "publish",
    "Publish a draft",
    PUBLISH,
    "Rules and prizes are hashed and cannot change any more.",
    DRAFT_ERRORS,
)
_moving(
    "pause", "Pause a running tournament", PAUSE, "Rounds settled in a pause do not count; the end stays."
)
_moving("resume", "Resume a paused tournament", RESUME)
_moving(
    "finish", "End a tournament now", FINISH, "Rounds settled until now count; grace and settlement follow."
)
_moving(
    "approve",
    "Approve a result under review",
    APPROVE,
    "Its prizes are paid then. Not while a further version of it is being made; with `resultVersion` only the version that "
    "was read.",
    ("RESULT_NOT_READY", "VERSION_CONFLICT"),
    "ApproveResult",
)


@api.route(
    "POST",
    "/tournaments/{id}/void",
    "Call off a tournament that has started",
    scope="tournaments.delete",
    body=f"{SCHEMAS}:VoidTournament",
    answer=f"{ANSWERS}:Tournament",
    idempotent=True,
    errors=STATE,
)
def void(call: Call) -> Answer:
    """Refund everybody, or end now and pay by the board."""
    event = VOID_REFUND if call.body.policy == "refund" else VOID_PAY
    found = service.transition(call.tenant_id, call.params["id"], event, actor_of(call), call.body.reason)
    return _tournament(found)


@api.route(
    "POST",
    "/tournaments/{id}/clone",
    "Clone a tournament",
    scope="tournaments.write",
    limit="create",
    body=f"{SCHEMAS}:CloneTournament",
    answer=f"{ANSWERS}:Tournament",
    status=201,
    idempotent=True,
    errors=(NOT_FOUND, *DRAFT_ERRORS),
)
def clone(call: Call) -> Answer:
    """A tournament like this one, at another time."""
    found = service.clone(
        call.tenant_id,
        call.params["id"],
        call.new_id("tournament"),
        name=call.body.name,
        start_time=call.body.start_time,
        actor=actor_of(call),
        as_draft=call.body.draft,
    )
    return _tournament(found, 201)


@api.route(
    "GET",
    "/tournaments/{id}/prize-pool",
    "The prize pool",
    scope="results.read",
    limit="results",
    answer=f"{ANSWERS}:PoolShown",
    errors=(NOT_FOUND,),
    players=True,
)
def prize_pool(call: Call) -> Answer:
    """Collected, guarantee, overlay, and what each place gets."""
    tournament = service.require(call.tenant_id, call.params["id"])
    result, collected, rake = reading.pool_now(tournament)
    return Answer(views.pool_view(tournament, result, collected=collected, rake=rake))


@api.route(
    "GET",
    "/tournaments/{id}/results",
    "The result",
    scope="results.read",
    limit="results",
    answer=f"{ANSWERS}:Results",
    query=(VERSION, limit(1000, 500), CURSOR),
    errors=(NOT_FOUND, "TOURNAMENT_STATE", "RESULT_NOT_READY", "NOT_FOUND", "CURSOR_INVALID"),
    players=True,
    also=(304,),
)
def result(call: Call) -> Answer:
    """Ranks, prizes and hashes; every version stays readable."""
    tournament, found, rows, following = reading.result_page(
        call.tenant_id,
        call.params["id"],
        version=call.query["version"],
        cursor=call.query["cursor"],
        limit=call.query["limit"],
    )
    etag = f"{found.header['resultHash'][:32]}-{tournament.version}"
    return Answer(views.results_view(tournament, found, rows, following), etag=etag)


@api.route(
    "POST",
    "/tournaments/{id}/results/amend",
    "Make a further version of the result",
    scope="tournaments.write",
    body=f"{SCHEMAS}:AmendResult",
    answer=f"{ANSWERS}:Tournament",
    status=202,
    idempotent=True,
    errors=(*STATE, "RESULT_NOT_READY"),
    about="From the sealed rounds and the players as they are now; earlier versions stay, differences are paid.",
)
def amend(call: Call) -> Answer:
    """Asked for; the settler makes it."""
    found = judging.amend(call.tenant_id, call.params["id"], call.body.reason, actor_of(call))
    return _tournament(found, 202)


@api.route(
    "GET",
    "/tournaments/{id}/results/proof",
    "What fixes the result",
    scope="results.read",
    limit="results",
    answer=f"{ANSWERS}:Proof",
    query=(VERSION,),
    errors=(NOT_FOUND, "TOURNAMENT_STATE", "RESULT_NOT_READY", "NOT_FOUND"),
    players=True,
)
def proof(call: Call) -> Answer:
    """Hashes of rules, prizes, rounds and rows."""
    tournament, found = reading.result_of(call.tenant_id, call.params["id"], call.query["version"])
    return Answer(views.proof_view(tournament, found))


@api.route(
    "GET",
    "/tournaments/{id}/results/proof/{player}",
    "A player's receipt",
    scope="results.read",
    limit="results",
    answer=f"{ANSWERS}:Receipt",
    query=(VERSION, BRAND),
    errors=(
        NOT_FOUND,
        "TOURNAMENT_STATE",
        "RESULT_NOT_READY",
        "NOT_FOUND",
        "NOT_REGISTERED",
        "AMBIGUOUS_PLAYER",
    ),
    players=True,
)
def receipt(call: Call) -> Answer:
    """The player's row and its path to the root in the result."""
    tournament, found, row = reading.receipt_of(
        call.tenant_id,
        call.params["id"],
        call.params["player"],
        # A player's token speaks for one player of one brand, whoever else has the same id.
        call.who().brand_id or call.query["brandId"],
        call.query["version"],
    )
    return Answer({**views.proof_view(tournament, found), **row})
