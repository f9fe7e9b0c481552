"""What readers ask: the board, one's own standing in at most three reads, and why a round counted or did not."""

from collections.abc import Iterator
from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.rounds import board_store, gateway, layout_store, store
from pitboss.rounds.boards import CHUNK, Snapshot, chunk_of, row_of, unpack_chunk
from pitboss.rounds.folding import judged
from pitboss.rounds.history import all_records
from pitboss.rounds.model import Live, Place, Recorded, Sheet, player_key
from pitboss.rounds.ranker import board_from
from pitboss.rounds.sorting import (
    BRAND,
    ENTRY,
    NAME,
    PLAYER,
    QUALIFIED,
    RANK,
    REACHED,
    ROUNDS,
    SCORE,
    STATUS,
    TIED,
    BoardRow,
)
from pitboss.rounds.standing import latest_records
from pitboss.scoring.public import REASONS, ROLLED_BACK, Seat, compile_rules, refold, sort_key

# How far around where a score belongs a player is looked for: 16,000 places either way, in some tenths of a second.
MOST_CHUNKS = 32
OVER_LIMIT = "over_round_limit"  # of the reasons of scoring


def present_row(row: BoardRow, decimals: int) -> dict[str, Any]:
    """A board row for people: scores as decimal strings in the rule set's scale."""
    return {
        "rank": row[RANK] or None,
        "tied": row[TIED],
        "entryId": row[ENTRY],
        "brandId": row[BRAND],
        "playerId": row[PLAYER],
        "displayName": row[NAME],
        "score": format_amount(row[SCORE], decimals),
        "rounds": row[ROUNDS],
        "reachedAt": format_instant(row[REACHED]) if row[REACHED] else None,
        "status": row[STATUS],
        "qualified": row[QUALIFIED],
    }


def newest_board(tenant_id: str, tournament_id: str) -> Snapshot | None:
    """The newest snapshot's header and directory: one read."""
    record = board_store.read_board(tenant_id, tournament_id)
    return board_from(record) if record else None


def chunk(board: Snapshot, number: int) -> list[BoardRow]:
    """The rows of one chunk: from the item, or one ranged read."""
    _, offset, length = board.directory[number]
    if board.key:
        return unpack_chunk(gateway.get_range(board.key, offset, length))
    return unpack_chunk(board.data[offset : offset + length])


def rows_at(board: Snapshot, offset: int, limit: int) -> list[BoardRow]:
    """Rows by place on the board."""
    if board.key and offset + limit <= len(board.top):
        return board.top[offset : offset + limit]
    out: list[BoardRow] = []
    number = offset // CHUNK
    while len(out) < limit and number < len(board.directory):
        rows = chunk(board, number)
        start = max(0, offset - number * CHUNK)
        out += rows[start : start + limit - len(out)]
        number += 1
    return out


def sheet_of(live: Live, key: str) -> Sheet:
    """The sheet of a player; when it was split since `live` was read, the layout is looked up anew."""
    place = live.place_of(key)
    sheet = store.read_sheets([place])[place]
    if sheet.settled and sheet.span == live.layout.span_of(place.number):
        return sheet
    return layout_store.sheet_of_player(live.tenant_id, live.tournament_id, live.pages, key)


def place_of(live: Live, board: Snapshot, seat: Seat) -> int | None:
    """The place of a seat on the board (0 first): its page tells the score, the directory the chunk.

    The page may be ahead of the board; then the player is looked for by walking outwards from there, but not over all of
    it: who is not found is new, or has moved far, and stands on the next board.
    """
    rules = compile_rules(live.rules)
    key = player_key(seat.brand_id, seat.player_id)
    if not board.directory:
        return None
    states = sheet_of(live, key).page.states
    guess = chunk_of(board, sort_key(row_of(rules, seat, states.get(key, {}))))
    order = sorted(range(len(board.directory)), key=lambda n: abs(n - guess))
    for candidate in order[:MOST_CHUNKS]:
        for at, row in enumerate(chunk(board, candidate)):
            if row[ENTRY] == seat.entry_id:
                return candidate * CHUNK + at
    return None


def explained(live: Live, seat: Seat) -> list[dict[str, Any]]:
    """Every round of a player that reached the tournament, in event order, with what it was worth and why."""
    rules = compile_rules(live.rules)
    key = player_key(seat.brand_id, seat.player_id)
    sheet = sheet_of(live, key)
    place = Place(live.tenant_id, live.tournament_id, sheet.number)
    log = all_records(store.segments_back(place, sheet.page))
    records = store.records_by_player(log, key)
    standing = sorted(latest_records(records), key=lambda r: rules.event_order(r.round, r.hash))
    verdicts: dict[int, tuple[int, int, str]] = {}
    of_entry: dict[int, list[Recorded]] = {}
    for record in standing:
        entry_no, reason = judged(rules, seat, record.round, live.window)
        if entry_no:
            of_entry.setdefault(entry_no, []).append(record)
        verdicts[record.hash] = (entry_no, 0, reason)
    for stint in seat.stints:
        rows = of_entry.get(stint.entry_no, [])
        _, told = refold(rules, [(r.round, r.hash) for r in rows], stint.rounds_extra)
        in_order = sorted(rows, key=lambda r: rules.event_order(r.round, r.hash))
        for record, (points, reason) in zip(in_order, told, strict=True):
            verdicts[record.hash] = (stint.entry_no, points, reason)
    return [_explain(r, verdicts[r.hash], rules.decimals) for r in standing]


def _explain(record: Recorded, verdict: tuple[int, int, str], decimals: int) -> dict[str, Any]:
    entry_no, points, reason = verdict
    r = record.round
    return {
        "roundId": r.round_id,
        "revision": r.revision,
        "status": "rolled_back" if r.status == ROLLED_BACK else "settled",
        "gameId": r.game,
        "currency": r.currency,
        "bet": format_amount(r.bet, r.exponent),
        "win": format_amount(r.win, r.exponent),
        "settledAt": format_instant(r.settled_at),
        "entryNo": entry_no or None,
        # A round beyond the limit belongs to an entry, but is none of the rounds that the standing counts.
        "counted": bool(entry_no) and r.status != ROLLED_BACK and reason != OVER_LIMIT,
        "points": format_amount(points, decimals),
        "reason": reason,
        "explanation": REASONS.get(reason, reason),
    }


def listed_for(live: Live, brand_id: str, player_id: str, kind: str) -> Iterator[dict[str, Any]]:
    """Late rounds or conflicts of a player, as they were sent."""
    for document in store.listed(live.tenant_id, live.tournament_id, kind):
        if (document["brandId"], document["playerId"]) == (brand_id, player_id):
            yield {
                "roundId": document["roundId"],
                "revision": document["revision"],
                "gameId": document["gameId"],
                "currency": document["currency"],
                "bet": format_amount(document["bet"], document["exponent"]),
                "win": format_amount(document["win"], document["exponent"]),
                "settledAt": format_instant(document["settledAt"]),
                "receivedAt": format_instant(document["receivedAt"]),
            }
