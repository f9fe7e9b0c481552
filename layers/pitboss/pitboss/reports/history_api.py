"""Routes of history and exports."""

from pitboss.kernel.refusal import Refusal
from pitboss.platform.http import Answer, Call, Query
from pitboss.reports import exports, reading
from pitboss.reports.door import (
    PLAYER_DAYS,
    SCHEMAS,
    TENANT_DAYS,
    TX_FILTERS,
    Routes,
    period_fault,
    tx_filter,
    who,
)
from pitboss.reports.lines import CSV_HEAD, csv_line, row_view
from pitboss.reports.model import DAY_MS

routes = Routes()
_ERRORS = ("CURSOR_INVALID", "PERIOD_INVALID", "USER_NOT_FOUND", "GAME_SET_NOT_FOUND")


@routes.route(
    "GET",
    "/history",
    "List transactions",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:History",
    query=(*TX_FILTERS, Query("limit", "The most that one page holds.", "integer", 100, 1, 500)),
    errors=_ERRORS,
    about="Bets, wins, rollbacks, deposits and withdrawals, newest first; some seconds behind the wallet. Of one player "
    f"up to {PLAYER_DAYS} days, of all up to {TENANT_DAYS} days at once.",
)
def list_history(call: Call) -> Answer:
    """A page of transactions."""
    f = tx_filter(call.tenant_id, call.query, call.now)
    rows, following = reading.page(call.tenant_id, f, call.query["cursor"], call.query["limit"])
    return Answer({"transactions": [row_view(row) for row in rows], "nextCursor": following})


@routes.route(
    "GET",
    "/history/csv",
    "Stream transactions as CSV",
    scope="reports.read",
    limit="results",
    query=(*TX_FILTERS, Query("limit", "The most records of one chunk.", "integer", 5000, 1, 10_000)),
    errors=_ERRORS,
    media_type="text/csv",
    about="In chunks, oldest first: the first has the head, and chunks one after another are one CSV (RFC 4180). While the "
    "answer has a header `Pitboss-Next-Cursor`, give it as `cursor` for the next. Cells that a spreadsheet would run as "
    "a formula have an apostrophe in front. For more than some 10,000 records POST /exports makes a file.",
)
def stream_history(call: Call) -> Answer:
    """A chunk of a CSV."""
    f = tx_filter(call.tenant_id, call.query, call.now)
    cursor = call.query["cursor"]
    rows, following = reading.page(call.tenant_id, f, cursor, call.query["limit"], forward=True)
    text = ("" if cursor else CSV_HEAD) + "".join(map(csv_line, rows))
    headers = {"Pitboss-Next-Cursor": following} if following else {}
    return Answer(text, headers=headers, content_type="text/csv; charset=utf-8")


@routes.route(
    "POST",
    "/exports",
    "Make a file of transactions",
    scope="reports.read",
    limit="create",
    body=f"{SCHEMAS}:ExportBody",
    answer=f"{SCHEMAS}:Export",
    status=202,
    idempotent=True,
    errors=("PERIOD_INVALID", "USER_NOT_FOUND", "GAME_SET_NOT_FOUND"),
    about="CSV or JSON lines of any length, gzip. Then ask GET /exports/{id} until it is `ready`: each time carries it on.",
)
def begin_export(call: Call) -> Answer:
    """Begin a file."""
    body = call.body
    query = {
        "playerId": body.player_id,
        "brandId": body.brand_id,
        "userId": body.user_id,
        "provider": body.provider,
        "gameId": body.game_id,
        "gameSet": body.game_set,
    }
    if not body.from_ < body.to <= body.from_ + PLAYER_DAYS * DAY_MS:
        raise period_fault(f"`from` lies before `to`, by at most {PLAYER_DAYS} days")
    f = who(call.tenant_id, query)._replace(since=body.from_, until=body.to, kind=body.action or "")
    export_id = call.new_id("export")
    record = exports.begin(call.tenant_id, export_id, body.format, f, call.now)
    return Answer(exports.view(record, _name(record)), 202)


@routes.route(
    "GET",
    "/exports/{id}",
    "Ask for a file of transactions",
    scope="reports.read",
    answer=f"{SCHEMAS}:Export",
    errors=("EXPORT_NOT_FOUND",),
    about="Works at the file for up to some 20 s, then answers how far it is.",
)
def read_export(call: Call) -> Answer:
    """Carry a file on and answer it."""
    export_id = call.params["id"]
    if not export_id.isascii():
        raise Refusal("EXPORT_NOT_FOUND", "There is no such export; files are kept for 14 days.")
    record = exports.carry_on(call.tenant_id, exports.read(call.tenant_id, export_id))
    return Answer(exports.view(record, _name(record)))


def _name(record: exports.Record) -> str:
    return f"transactions-{record['exportId']}.{record['kind']}"
