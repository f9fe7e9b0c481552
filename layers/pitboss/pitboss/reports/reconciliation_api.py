"""Routes of reconciliation: the day's file, and a provider's beside it."""

from pitboss.platform.http import Answer, Call, Query
from pitboss.reports import exports, reconciliation
from pitboss.reports.door import SCHEMAS, Routes

routes = Routes()
FILE_BYTES = 64 * 1024 * 1024
_PROVIDER = Query("provider", "Only of this integration; all of them unless stated.", maximum=100)
_PAGE = (
    Query("limit", "The most differences of one page.", "integer", 200, 1, 1000),
    Query("cursor", "`nextCursor` of the page before.", maximum=1000),
)


@routes.route(
    "GET",
    "/reconciliation/{date}",
    "Ask for the file of a day",
    scope="reports.read",
    answer=f"{SCHEMAS}:DayFile",
    query=(_PROVIDER,),
    errors=("PERIOD_INVALID",),
    about="Every bet, win and rollback of a UTC day that was taken, or may have been: one JSON object a line, gzip. Asking again "
    "while it is `building` carries it on. A day that changed since has a new file. Until ten minutes after the end of the day the "
    "file is `provisional`: all that there is so far, with a `url`; it is `ready` when the day is over.",
)
def read_day_file(call: Call) -> Answer:
    """Carry the day's file on and answer it."""
    date, provider = call.params["date"], call.query["provider"] or ""
    record = reconciliation.day_file(call.tenant_id, date, provider, call.now)
    view = exports.view(record, f"reconciliation-{date}.jsonl")
    if view["state"] == "ready" and reconciliation.provisional(date, call.now):
        view["state"] = "provisional"
    return Answer({**view, "date": date, "provider": provider or None})


@routes.route(
    "POST",
    "/reconciliation/{date}/diff",
    "Compare a provider's file with a day",
    scope="reports.read",
    body=f"{SCHEMAS}:ProviderFile",
    answer=f"{SCHEMAS}:Diff",
    takes=("text/csv", "application/x-ndjson"),
    max_body=FILE_BYTES,
    query=(_PROVIDER, *_PAGE[:1]),
    errors=("PERIOD_INVALID", "FILE_INVALID"),
    about="The body is the file: JSON lines, a JSON list, or CSV; gzip is needed above 4 MB (the gateway takes no more), and is "
    "inflated to at most 64 MB. Answers the first page of differences; the same file again is the same comparison.",
)
def compare(call: Call) -> Answer:
    """Compare, and answer the first page."""
    provider = call.query["provider"] or ""
    diff_id = reconciliation.compare_day(call.tenant_id, call.params["date"], provider, call.raw, call.now)
    return _page(call, diff_id, None)


@routes.route(
    "GET",
    "/reconciliation/{date}/diff/{id}",
    "Page through differences",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:Diff",
    query=_PAGE,
    errors=("DIFF_NOT_FOUND", "CURSOR_INVALID"),
)
def read_differences(call: Call) -> Answer:
    """A page of a comparison that was made."""
    return _page(call, call.params["id"], call.query["cursor"])


def _page(call: Call, diff_id: str, cursor: str | None) -> Answer:
    head, rows, following = reconciliation.differences(call.tenant_id, diff_id, cursor, call.query["limit"])
    return Answer(
        {
            "diffId": diff_id,
            "date": head["date"],
            "provider": head["provider"],
            "provisional": reconciliation.provisional(head["date"], head["comparedAt"]),
            "counts": head["counts"],
            "badLines": head["badLines"],
            "rows": rows,
            "nextCursor": following,
        }
    )
