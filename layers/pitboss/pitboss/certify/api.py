"""Routes of certification runs."""

from pitboss.certify import service, store
from pitboss.platform import cursors
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.tenancy.public import gate

SCHEMAS = "pitboss.certify.schemas"
api = Api("certification_api", gate)


@api.route(
    "POST",
    "/certification/runs",
    "Start a certification",
    scope="wallet.write",
    limit="create",
    body=f"{SCHEMAS}:CreateRun",
    answer=f"{SCHEMAS}:RunAnswer",
    status=202,
    idempotent=True,
    errors=("URL_NOT_ALLOWED",),
    about="Plays the wallet's acceptance cases (docs/certify.md) in the background. Against `wallet` calls are signed with "
    "your callback secret, as the hub signs them, and the players named lose and win money. Against `hub` agents and "
    "players are made below your node with your own token, which needs scope for that.",
)
def start_run(call: Call) -> Answer:
    """Poll the run that is answered."""
    body = call.body.model_dump(by_alias=True)
    token = call.headers.get("authorization", "").partition(" ")[2].strip()
    run = service.request(
        call.tenant_id, body, token, call.new_id("certification"), call.new_id("event"), call.now
    )
    return Answer(service.view(run), 202, {"Location": f"/certification/runs/{run.run_id}"})


@api.route(
    "GET",
    "/certification/runs",
    "List certifications",
    scope="reports.read",
    answer=f"{SCHEMAS}:RunList",
    query=(
        Query("limit", "The most that one page holds.", "integer", 20, 1, 100),
        Query("cursor", "`nextCursor` of the page before.", maximum=1000),
    ),
    errors=("CURSOR_INVALID",),
)
def list_runs(call: Call) -> Answer:
    """The newest first."""
    bound, limit = (call.tenant_id, "certifications"), call.query["limit"]
    before = cursors.read(call.query["cursor"], *bound)
    found = store.page(call.tenant_id, before if isinstance(before, str) else None, limit + 1)
    following = cursors.make(found[limit - 1].run_id, *bound) if len(found) > limit else None
    return Answer({"runs": [service.row(run) for run in found[:limit]], "nextCursor": following})


@api.route(
    "GET",
    "/certification/runs/{id}",
    "Read a certification",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:RunAnswer",
    errors=("NOT_FOUND",),
)
def read_run(call: Call) -> Answer:
    """How far it is, case by case."""
    return Answer(service.view(service.find(call.tenant_id, call.params["id"], call.now)))


@api.route(
    "GET",
    "/certification/runs/{id}/report",
    "Read the report of a certification",
    scope="reports.read",
    answer=f"{SCHEMAS}:Report",
    query=(Query("format", "`json`, or one `html` page.", default="json", choices=("json", "html")),),
    errors=("NOT_FOUND", "RESULT_NOT_READY"),
    about="Signed by the hub (docs/certify.md shows how to verify it).",
)
def read_report(call: Call) -> Answer:
    """Once the run is done."""
    report = service.signed_report(service.find(call.tenant_id, call.params["id"], call.now))
    if call.query["format"] == "json":
        return Answer(report)
    from pitboss.certify.page import html

    return Answer(html(report), content_type="text/html; charset=utf-8")
