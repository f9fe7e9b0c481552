"""The demo casino's doors: the two callbacks (open to whoever can sign), and a view for the curious with its token."""

import hashlib
import hmac
import time
from typing import Any

from pitboss.demo import service, store
from pitboss.demo.model import HOLD_S, Done, Fault, Order, answer_of, exponent_of_amount
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import signing
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.platform.masters import callback_master
from pitboss.platform.settings import setting

SCHEMAS = "pitboss.demo.schemas"
api = Api("demo_operator", None)

SIGNED = (
    "Only in demo mode. Opened by the Standard Webhooks signature of the body, made with the tenant's secret."
)
_GUARDED = "Only in demo mode. Opened by the header X-Demo-Token."
_CALLBACK_ERRORS = ("SIGNATURE_INVALID", "IDEMPOTENCY_CONFLICT", "SERVER_IS_BUSY", "AMOUNT_LIMIT")


def _order(call: Call) -> Order:
    body = call.body
    secret = signing.tenant_secret(callback_master(), body.tenant_id)
    if fault := signing.fault(secret, call.headers, call.raw, call.now // 1000):
        raise Refusal("SIGNATURE_INVALID", f"The call is not signed by the hub: {fault}.")
    exponent = exponent_of_amount(body.amount)
    free_rounds = getattr(body, "free_rounds", None)
    if body.kind == "free_rounds" and free_rounds is None:
        raise Refusal(
            "VALIDATION_ERROR", "freeRounds is missing.", errors=[FieldError("freeRounds", "missing")]
        )
    refund_of = getattr(body, "refund_of", None) or ""
    if (body.type == "refund") != bool(refund_of) or (body.type == "refund") != (body.kind == "refund"):
        raise Refusal(
            "VALIDATION_ERROR",
            "A refund, and only a refund, names a debit.",
            errors=[FieldError("refundOf", "only and always with type refund")],
        )
    return Order(
        type=body.type,
        ref=body.ref,
        tenant_id=body.tenant_id,
        tournament_id=body.tournament_id,
        brand_id=body.brand_id,
        player_id=body.player_id,
        kind=body.kind,
        amount=parse_amount(body.amount, exponent),
        currency=body.currency,
        exponent=exponent,
        refund_of=refund_of,
        free_rounds=free_rounds.count if free_rounds else 0,
        fingerprint=hashlib.sha256(call.raw).hexdigest(),
    )


def _answer(call: Call) -> Answer:
    order = _order(call)
    fault = service.pop_fault(order)
    if fault is None:
        return Answer(answer_of(service.take(order, call.now)))
    if fault.kind == "decline":
        declined = service.decline(order, "DECLINED_BY_ORDER", call.now) or service.take(order, call.now)
        return Answer(answer_of(declined))
    if fault.commit:
        service.take(order, call.now)
    return _wrong(fault)


def _wrong(fault: Fault) -> Answer:
    if fault.kind == "timeout":
        time.sleep(HOLD_S)  # the caller has long gone when the answer comes
        return Answer({"status": "pending"}, 503)
    status, content_type, text = {
        "error500": (500, "application/json", '{"error": "boom"}'),
        "html": (200, "text/html", "<html><body>Welcome to our casino</body></html>"),
        "empty": (200, "application/json", ""),
        "malformed": (200, "application/json", '{"status": "confir'),
    }[fault.kind]
    return Answer(text, status, content_type=content_type)


@api.route(
    "POST",
    "/demo-operator/payouts",
    "Take a payout",
    public=True,
    body=f"{SCHEMAS}:PayoutCallback",
    answer=f"{SCHEMAS}:CallbackAnswer",
    errors=_CALLBACK_ERRORS,
    about=SIGNED,
)
def take_payout(call: Call) -> Answer:
    """A prize for a player."""
    return _answer(call)


@api.route(
    "POST",
    "/demo-operator/debits",
    "Take a debit or a refund",
    public=True,
    body=f"{SCHEMAS}:DebitCallback",
    answer=f"{SCHEMAS}:CallbackAnswer",
    errors=_CALLBACK_ERRORS,
    about=SIGNED,
)
def take_debit(call: Call) -> Answer:
    """Money from or back to a player."""
    return _answer(call)


# ---------------------------------------------------------------- the view from the other end
def guard(call: Call) -> None:
    """Let in whoever holds the stack's demo token."""
    given = call.headers.get("x-demo-token", "")
    if not hmac.compare_digest(given.encode(), setting("DEMO_TOKEN").encode()):
        raise Refusal("TOKEN_INVALID", "Send the stack's demo token as X-Demo-Token.")


def _required(call: Call, name: str) -> str:
    value = call.query[name]
    if not value:
        raise Refusal("PARAMETERS_INVALID", f"{name} is required.", errors=[FieldError(name, "required")])
    return str(value)


@api.route(
    "GET",
    "/demo-operator/players/{brand}/{player}",
    "Read a demo player's wallets",
    public=True,
    answer=f"{SCHEMAS}:DemoPlayer",
    query=(Query("tenantId", "Required: whose casino.", maximum=100),),
    errors=("TOKEN_INVALID",),
    about=_GUARDED,
)
def read_player(call: Call) -> Answer:
    """What the player holds at the demo casino."""
    guard(call)
    brand, player = call.params["brand"], call.params["player"]
    rows = store.wallets(_required(call, "tenantId"), brand, player)
    return Answer(
        {
            "brandId": brand,
            "playerId": player,
            "wallets": [
                {
                    "currency": row["currency"],
                    "balance": format_amount(row["balance"], row["exponent"]),
                    "bonus": format_amount(row["bonus"], row["exponent"]),
                    "freeRounds": row["freeRounds"],
                }
                for row in rows
            ],
        }
    )


def _told(done: Done) -> dict[str, Any]:
    order = done.order
    return {
        "ref": order.ref,
        "type": order.type,
        "kind": order.kind,
        "tournamentId": order.tournament_id,
        "brandId": order.brand_id,
        "playerId": order.player_id,
        "amount": format_amount(order.amount, order.exponent),
        "currency": order.currency,
        "refundOf": order.refund_of or None,
        "status": done.status,
        "reason": done.reason or None,
        "transactionId": done.transaction_id,
        "at": format_instant(done.at),
    }


@api.route(
    "GET",
    "/demo-operator/transactions",
    "List what the demo casino was told",
    public=True,
    answer=f"{SCHEMAS}:ToldTransactions",
    query=(
        Query("tournamentId", "Required.", maximum=100),
        Query("limit", "The most that one page holds.", "integer", 100, 1, 200),
        Query("cursor", "`nextCursor` of the page before.", maximum=100),
    ),
    errors=("TOKEN_INVALID",),
    about=_GUARDED,
)
def list_transactions(call: Call) -> Answer:
    """Every order about a tournament with what became of it, by reference."""
    guard(call)
    limit = call.query["limit"]
    found = store.orders(_required(call, "tournamentId"), call.query["cursor"], limit)
    return Answer(
        {
            "transactions": [_told(done) for done in found],
            "nextCursor": found[-1].order.ref if len(found) == limit else None,
        }
    )


@api.route(
    "POST",
    "/demo-operator/faults",
    "Tell the demo casino to answer wrongly",
    public=True,
    body=f"{SCHEMAS}:Faults",
    answer=f"{SCHEMAS}:FaultsSet",
    errors=("TOKEN_INVALID", "SERVER_IS_BUSY"),
    about=_GUARDED,
)
def set_faults(call: Call) -> Answer:
    """For tests and for seeing what the hub does about it."""
    guard(call)
    faults = [
        Fault(f.kind, f.on, f.times, f.commit if f.commit is not None else f.kind == "timeout")
        for f in call.body.faults
    ]
    return Answer({"pending": service.set_faults(call.body.tournament_id or "*", faults)})
