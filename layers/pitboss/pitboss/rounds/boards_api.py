"""Leaderboard, own standing, and why each round counted or not."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.rounds import reading, store
from pitboss.rounds.boards import Snapshot
from pitboss.rounds.model import Live, player_key
from pitboss.scoring.public import Seat
from pitboss.tenancy.public import gate

SCHEMAS = "pitboss.rounds.schemas"
BRAND = Query("brandId", "needed when several brands of the tournament have a player of that id", maximum=100)
CURSOR = Query("cursor", "nextCursor of the page before", maximum=200)
api = Api("boards", gate)

# The rounds engine knows no prizes; who composes the function says what a place is worth.
type Preview = Callable[[Live, Snapshot, str], dict[str, Any] | None]
_preview: list[Preview] = []


def serve_preview(preview: Preview) -> None:
    """Give the own standing its source of prizes: what an entry would win on a board."""
    _preview[:] = [preview]


def _live(call: Call) -> Live:
    tournament_id = call.params["id"]
    where = call.tenant_id, tournament_id
    live = (store.live_one(*where) or store.archived_one(*where)) if len(tournament_id) == 26 else None
    if live is None:
        raise Refusal(
            "TOURNAMENT_NOT_FOUND", "There is no tournament with this id, or it was never published."
        )
    return live


def _seat(live: Live, player_id: str, brand_id: str | None) -> Seat:
    brands = (brand_id,) if brand_id else live.brands
    if brand_id and live.brands and brand_id not in live.brands:
        raise Refusal("NOT_REGISTERED", "That brand does not take part.")
    found = [
        seat
        for brand in brands
        if (
            seat := reading.sheet_of(live, player_key(brand, player_id)).seats.get(
                player_key(brand, player_id)
            )
        )
    ]
    if not found:
        raise Refusal("NOT_REGISTERED", "The player is not registered in this tournament.")
    if len(found) > 1:
        raise Refusal(
            "AMBIGUOUS_PLAYER",
            "Several brands have a player of that id; add ?brandId=.",
            facts={"brands": [s.brand_id for s in found]},
        )
    return found[0]


def _head(live: Live, board: Snapshot | None) -> dict[str, Any]:
    return {
        "tournamentId": live.tournament_id,
        "status": live.status,
        "seq": board.seq if board else 0,
        "asOf": format_instant(board.as_of) if board else None,
        "finality": board.finality if board else "live",
        "totalEntries": board.total if board else 0,
    }


def _offset(cursor: str | None, tournament_id: str) -> int:
    if cursor is None:
        return 0
    try:
        of, _, offset = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        if of == tournament_id[-8:] and offset.isdigit() and len(offset) < 9:
            return int(offset)
    except (binascii.Error, ValueError):
        pass
    raise Refusal(
        "CURSOR_INVALID", "Use nextCursor as it was given.", errors=[FieldError("cursor", "unknown")]
    )


def _cursor(tournament_id: str, offset: int) -> str:
    return base64.urlsafe_b64encode(f"{tournament_id[-8:]}:{offset}".encode()).decode()


@api.route(
    "GET",
    "/tournaments/{id}/leaderboard",
    "The board",
    scope="results.read",
    limit="results",
    answer=f"{SCHEMAS}:Leaderboard",
    also=(304,),
    players=True,
    query=(
        Query("limit", "rows", "integer", 50, 1, 200),
        CURSOR,
        Query("around", "a player's id: the rows around that player instead of the top", maximum=100),
        BRAND,
    ),
    errors=("TOURNAMENT_NOT_FOUND", "CURSOR_INVALID", "NOT_REGISTERED", "AMBIGUOUS_PLAYER"),
)
def leaderboard(call: Call) -> Answer:
    """Rows by place, with the snapshot's seq, moment and finality; poll with If-None-Match."""
    live = _live(call)
    board = reading.newest_board(live.tenant_id, live.tournament_id)
    limit, offset = call.query["limit"], _offset(call.query["cursor"], live.tournament_id)
    if call.query["around"]:
        seat = _seat(live, call.query["around"], call.query["brandId"])
        place = reading.place_of(live, board, seat) if board else None
        offset = max(0, (place or 0) - limit // 2)
    rows = reading.rows_at(board, offset, limit) if board else []
    more = board is not None and offset + limit < board.total
    body = {
        **_head(live, board),
        "leaderboard": [reading.present_row(r, board.decimals if board else 0) for r in rows],
        "nextCursor": _cursor(live.tournament_id, offset + limit) if more else None,
    }
    etag = f"{live.tournament_id}-{live.status}-{body['seq']}-{offset}-{limit}"
    return Answer(body, etag=etag)


@api.route(
    "GET",
    "/tournaments/{id}/players/{player}",
    "A player's own standing",
    scope="results.read",
    limit="results",
    answer=f"{SCHEMAS}:OwnStanding",
    also=(304,),
    players=True,
    query=(BRAND,),
    errors=("TOURNAMENT_NOT_FOUND", "NOT_REGISTERED", "AMBIGUOUS_PLAYER"),
)
def standing(call: Call) -> Answer:
    """Rank, score, rounds and the prize of that place as of the newest board."""
    live = _live(call)
    seat = _seat(live, call.params["player"], call.query["brandId"])
    board = reading.newest_board(live.tenant_id, live.tournament_id)
    place = reading.place_of(live, board, seat) if board else None
    row = reading.rows_at(board, place, 1)[0] if board and place is not None else None
    own = reading.present_row(row, board.decimals) if board and row else None
    etag = f"{live.tournament_id}-{live.status}-{seat.entry_id}-{seat.status}-{len(seat.stints)}-{board.seq if board else 0}"
    if f'"{etag}"' in call.headers.get("if-none-match", ""):
        return Answer({}, etag=etag)  # the preview is the dear part, and nothing of it has changed
    return Answer(
        {
            **_head(live, board),
            "entryId": seat.entry_id,
            "playerId": seat.player_id,
            "brandId": seat.brand_id,
            "displayName": seat.display_name,
            "entryStatus": seat.status,
            "entries": len(seat.stints),
            "joinedAt": format_instant(seat.joined_at),
            "place": place + 1 if place is not None else None,
            "standing": own,
            "prizePreview": _preview[0](live, board, seat.entry_id) if _preview and board and own else None,
        },
        etag=etag,
    )


@api.route(
    "GET",
    "/tournaments/{id}/players/{player}/rounds",
    "Why each round counted or not",
    scope="results.read",
    limit="results",
    answer=f"{SCHEMAS}:ExplainedRounds",
    players=True,
    query=(Query("limit", "rows", "integer", 100, 1, 500), CURSOR, BRAND),
    errors=("TOURNAMENT_NOT_FOUND", "NOT_REGISTERED", "AMBIGUOUS_PLAYER", "CURSOR_INVALID"),
)
def why(call: Call) -> Answer:
    """The player's rounds in event order, each with its points or the reason it has none."""
    live = _live(call)
    seat = _seat(live, call.params["player"], call.query["brandId"])
    offset, limit = _offset(call.query["cursor"], live.tournament_id), call.query["limit"]
    rows = reading.explained(live, seat)
    more = offset + limit < len(rows)
    return Answer(
        {
            "tournamentId": live.tournament_id,
            "playerId": seat.player_id,
            "brandId": seat.brand_id,
            "total": len(rows),
            "rounds": rows[offset : offset + limit],
            "late": list(reading.listed_for(live, seat.brand_id, seat.player_id, "LATE")),
            "conflicts": list(reading.listed_for(live, seat.brand_id, seat.player_id, "CONFLICT")),
            "nextCursor": _cursor(live.tournament_id, offset + limit) if more else None,
        }
    )
