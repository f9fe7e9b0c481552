"""Rounds in, and one round looked up."""

from typing import Any

from pitboss.kernel.refusal import Refusal
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.platform.wire import load_json
from pitboss.rounds import accepting, store
from pitboss.rounds.model import player_key
from pitboss.rounds.reading import explained, sheet_of
from pitboss.tenancy.public import gate

SCHEMAS = "pitboss.rounds.schemas"
INFLATED_LIMIT = 2 * 1024 * 1024
api = Api("rounds", gate)


@api.route(
    "POST",
    "/rounds",
    "Send rounds",
    scope="rounds.write",
    limit="ingest",
    answer=f"{SCHEMAS}:RoundsAnswer",
    status=202,
    errors=(
        "VALIDATION_ERROR",
        "BATCH_TOO_LARGE",
        "INTEGRATION_NOT_FOUND",
        "BODY_TOO_LARGE",
        "MALFORMED_JSON",
    ),
    max_body=INFLATED_LIMIT,
    about="Up to 500 rounds, gzip allowed. Every item is answered; what is accepted is durable when the answer is sent. "
    "Repeating a request is harmless.",
)
def send(call: Call) -> Answer:
    """Judge, write, answer."""
    return Answer(accepting.accept(call.tenant_id, load_json(call.raw), call.now), 202)


@api.route(
    "GET",
    "/rounds",
    "Find a round",
    scope="results.read",
    limit="results",
    answer=f"{SCHEMAS}:RoundLookup",
    query=(
        Query("roundId", "the casino's id", maximum=100),
        Query("brandId", "the player's brand", maximum=100),
        Query("playerId", "the player", maximum=100),
    ),
    errors=("PARAMETERS_INVALID",),
)
def find(call: Call) -> Answer:
    """In which tournaments a round of a player counted, and why (not)."""
    missing = [name for name in ("roundId", "brandId", "playerId") if not call.query[name]]
    if missing:
        raise Refusal("PARAMETERS_INVALID", f"Give {', '.join(missing)}.")
    key = player_key(call.query["brandId"], call.query["playerId"])
    found: list[dict[str, Any]] = []
    for live in store.live_of(call.tenant_id):
        seat = sheet_of(live, key).seats.get(key)
        if seat is not None:
            found += [
                {"tournamentId": live.tournament_id, **row}
                for row in explained(live, seat)
                if row["roundId"] == call.query["roundId"]
            ]
    return Answer({"roundId": call.query["roundId"], "tournaments": found})
