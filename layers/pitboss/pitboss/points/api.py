"""Routes of points: accounts, movements, entries, statements, billing."""

from typing import Any

from pitboss.platform import cursors
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.points import answers, reading, service
from pitboss.points.model import Actor, Billing
from pitboss.points.rules import read_points
from pitboss.tenancy.public import gate

SCHEMAS = "pitboss.points.schemas"
api = Api("points_api", gate)

FROM = Query("from", "First UTC day, such as 2026-11-01; the first of this month when left out")
TO = Query("to", "Last UTC day, included; today when left out")
PAGE = (
    Query("limit", "Rows of a page", "integer", 50, 1, 200),
    Query("cursor", "`nextCursor` of the page before"),
)
MOVES = (
    "AGENT_NOT_FOUND",
    "PERMISSION_ERROR",
    "POINT_NOT_ENOUGH",
    "POINTS_FROZEN",
    "CURRENCY_MISMATCH",
    "INVALID_AMOUNT",
    "AMOUNT_PRECISION",
    "AMOUNT_LIMIT",
    "SERVER_IS_BUSY",
)


def _actor(call: Call) -> Actor:
    who = call.who()
    return Actor(who.key_id, who.tenant_id, call.source_ip)


def _next(position: str, bound: tuple[Any, ...]) -> str | None:
    return cursors.make(position, *bound) if position else None


# ---------------------------------------------------------------- account
@api.route(
    "GET",
    "/agents/{id}/points",
    "Read the points of an agent",
    scope="agents.read",
    answer=f"{SCHEMAS}:Points",
    errors=("AGENT_NOT_FOUND",),
)
def read_points_of(call: Call) -> Answer:
    """Balance, floor, slices, what is held, and the latest alerts; of the acting tenant or a node below it."""
    found = reading.account(call.tenant_id, call.params["id"])
    return Answer(answers.points(call.params["id"], found.view, found.alerts))


@api.route(
    "PATCH",
    "/agents/{id}/points",
    "Freeze, unfreeze or close the points of an agent",
    scope="points.write",
    body=f"{SCHEMAS}:ChangePoints",
    answer=f"{SCHEMAS}:Points",
    errors=("AGENT_NOT_FOUND", "CONFLICT", "SERVER_IS_BUSY"),
    about="Frozen: no bets, launches or transfers; wins and rollbacks settle. Closed: for good, only when empty.",
)
def change_points(call: Call) -> Answer:
    """Only for what stands above. Repeating changes nothing."""
    service.change_status(
        call.tenant_id,
        call.params["id"],
        call.body.status,
        reason=call.body.reason,
        actor=_actor(call),
        now=call.now,
    )
    found = reading.account(call.tenant_id, call.params["id"])
    return Answer(answers.points(call.params["id"], found.view, found.alerts))


# ---------------------------------------------------------------- movements
@api.route(
    "POST",
    "/agents/{id}/points",
    "Move points: mint, burn, transfer, return",
    scope="points.write",
    body=f"{SCHEMAS}:MovePoints",
    answer=f"{SCHEMAS}:PointsTransfer",
    status=201,
    also=(202,),
    idempotent=True,
    key_required=True,
    errors=MOVES,
    about="Points go from a node to the one right below it and back, in one currency; both accounts move in one commit. "
    "Above the acting node's `approvalOver` the answer is 202 and the transfer waits for a second key.",
)
def move_points(call: Call) -> Answer:
    """Debit and credit in one commit, once for each Idempotency-Key."""
    done = service.move(
        call.tenant_id,
        call.params["id"],
        service.Order(call.body.type, call.body.amount, call.body.reason),
        transfer_id=call.new_id("points"),
        actor=_actor(call),
        now=call.now,
    )
    return Answer(answers.transfer(done, call.tenant_id, call.now), 202 if done.state == "PENDING" else 201)


@api.route(
    "GET",
    "/points/transfers",
    "List movements of points that this tenant asked for",
    scope="agents.read",
    answer=f"{SCHEMAS}:PointsTransferList",
    query=(Query("state", "`pending`: those that wait", "string", "all", choices=("all", "pending")), *PAGE),
    errors=("CURSOR_INVALID",),
)
def list_transfers(call: Call) -> Answer:
    """Newest first."""
    bound = (call.tenant_id, "points transfers", call.query["state"])
    found, following = reading.transfers(
        call.tenant_id,
        pending=call.query["state"] == "pending",
        before=cursors.read(call.query["cursor"], *bound) or "",
        limit=call.query["limit"],
    )
    return Answer(
        {
            "transfers": [answers.transfer(one, call.tenant_id, call.now) for one in found],
            "nextCursor": _next(following, bound),
        }
    )


@api.route(
    "GET",
    "/points/transfers/{id}",
    "Read a movement of points",
    scope="agents.read",
    answer=f"{SCHEMAS}:PointsTransfer",
    errors=("POINTS_TRANSFER_NOT_FOUND",),
)
def read_transfer(call: Call) -> Answer:
    """One that this tenant asked for."""
    return Answer(
        answers.transfer(reading.transfer(call.tenant_id, call.params["id"]), call.tenant_id, call.now)
    )


@api.route(
    "POST",
    "/points/transfers/{id}/approve",
    "Approve a movement of points that waits",
    scope="points.write",
    body=f"{SCHEMAS}:Decide",
    answer=f"{SCHEMAS}:PointsTransfer",
    errors=(*MOVES, "POINTS_TRANSFER_NOT_FOUND", "POINTS_TRANSFER_STATE"),
    about="With another key than the one that asked, and one that existed before it asked. Within 7 days.",
)
def approve_transfer(call: Call) -> Answer:
    """Moves the points. Repeating answers the same."""
    done = service.approve(
        call.tenant_id, call.params["id"], actor=_actor(call), reason=call.body.reason, now=call.now
    )
    return Answer(answers.transfer(done, call.tenant_id, call.now))


@api.route(
    "POST",
    "/points/transfers/{id}/reject",
    "Reject a movement of points that waits",
    scope="points.write",
    body=f"{SCHEMAS}:Decide",
    answer=f"{SCHEMAS}:PointsTransfer",
    errors=("POINTS_TRANSFER_NOT_FOUND", "POINTS_TRANSFER_STATE"),
)
def reject_transfer(call: Call) -> Answer:
    """With any key of the tenant, also the one that asked. Repeating answers the same."""
    done = service.reject(
        call.tenant_id, call.params["id"], actor=_actor(call), reason=call.body.reason, now=call.now
    )
    return Answer(answers.transfer(done, call.tenant_id, call.now))


# ---------------------------------------------------------------- entries and statement
@api.route(
    "GET",
    "/agents/{id}/points/entries",
    "List the entries of an account of points",
    scope="agents.read",
    answer=f"{SCHEMAS}:PointsEntries",
    query=(FROM, TO, *PAGE),
    errors=("AGENT_NOT_FOUND", "CURSOR_INVALID"),
)
def list_entries(call: Call) -> Answer:
    """Newest first: who moved what, from where, why, before and after."""
    period = reading.days(call.query["from"], call.query["to"], call.now)
    bound = (call.tenant_id, "points entries", call.params["id"], *period)
    found, following, view = reading.entries(
        call.tenant_id,
        call.params["id"],
        period=period,
        position=cursors.read(call.query["cursor"], *bound) or "",
        limit=call.query["limit"],
    )
    return Answer(
        {
            "agentId": call.params["id"],
            "currency": view.main.currency,
            "entries": [answers.entry(one, call.tenant_id, view.main.exponent) for one in found],
            "nextCursor": _next(following, bound),
        }
    )


@api.route(
    "GET",
    "/agents/{id}/points/statement",
    "Statement of an account of points",
    scope="agents.read",
    answer=f"{SCHEMAS}:PointsStatement",
    query=(FROM, TO),
    errors=("AGENT_NOT_FOUND", "SERVER_IS_BUSY"),
)
def read_statement(call: Call) -> Answer:
    """Opening, in, out, play and closing over whole UTC days, at most 400 of them."""
    period = reading.days(call.query["from"], call.query["to"], call.now)
    found, view = reading.statement(call.tenant_id, call.params["id"], period=period)
    return Answer(answers.statement(call.params["id"], found, view, period))


# ---------------------------------------------------------------- billing
@api.route(
    "GET",
    "/agents/{id}/billing",
    "Read how play consumes the points of an agent",
    scope="agents.read",
    answer=f"{SCHEMAS}:BillingAnswer",
    errors=("AGENT_NOT_FOUND",),
)
def read_billing(call: Call) -> Answer:
    """Policy, rate, floor, alerts, slices, approval limit."""
    found = service.read_billing(call.tenant_id, call.params["id"])
    return Answer(answers.billing(call.params["id"], found, call.now))


@api.route(
    "PUT",
    "/agents/{id}/billing",
    "Set how play consumes the points of an agent",
    scope="points.write",
    body=f"{SCHEMAS}:PutBilling",
    answer=f"{SCHEMAS}:BillingAnswer",
    errors=(
        "AGENT_NOT_FOUND",
        "VERSION_CONFLICT",
        "SERVER_IS_BUSY",
        "INVALID_AMOUNT",
        "AMOUNT_PRECISION",
        "AMOUNT_LIMIT",
    ),
    about="Set by the node above; the node itself may change only `alertAt` and `approvalOver`, and a looser "
    "`approvalOver` of its own is in force after 24 hours.",
)
def put_billing(call: Call) -> Answer:
    """As a whole, if it still has the version that was read. In force within seconds."""
    body = call.body
    exponent = service.read_billing(call.tenant_id, call.params["id"]).main.exponent
    alert_at = [
        read_points(one, exponent, field=f"alertAt[{n}]", zero=True) for n, one in enumerate(body.alert_at)
    ]
    over = body.approval_over
    wanted = Billing(
        policy=body.policy,
        rate_bps=body.ggr_rate_bps,
        floor=read_points(body.floor, exponent, field="floor", zero=True),
        alert_at=tuple(sorted(alert_at, reverse=True)),
        slices=body.slices,
        approval_over=None if over is None else read_points(over, exponent, field="approvalOver", zero=True),
    )
    found = service.put_billing(
        call.tenant_id,
        call.params["id"],
        wanted,
        expect=body.version,
        actor=_actor(call),
        now=call.now,
    )
    return Answer(answers.billing(call.params["id"], found, call.now))
