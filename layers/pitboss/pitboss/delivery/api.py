"""Routes of money out: what was asked of the operator's wallet, and what a person may do about it."""

from typing import Any, Literal

from pitboss.delivery import gateway, service
from pitboss.delivery.listing import Ask, page
from pitboss.delivery.model import STATES, Movement
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.platform.signing import printable_secret
from pitboss.tenancy.public import gate

SCHEMAS = "pitboss.delivery.schemas"
api = Api("payouts_api", gate)

_DEBIT_STATES = tuple(dict.fromkeys((*STATES["debit"], *STATES["refund"])))


def _filters(states: tuple[str, ...]) -> tuple[Query, ...]:
    return (
        Query("tournamentId", "Only of this tournament.", maximum=100),
        Query("playerId", "Only of this player (the casino's own id).", maximum=100),
        Query(
            "state", "Only in this state; `manual` is the queue of those that need a person.", choices=states
        ),
        Query("limit", "The most that one page holds.", "integer", 50, 1, 100),
        Query("cursor", "`nextCursor` of the page before.", maximum=1000),
    )


# ---------------------------------------------------------------- what it looks like outside
def _common(movement: Movement) -> dict[str, Any]:
    terms = movement.terms
    return {
        "tournamentId": movement.tournament_id,
        "entryId": terms.entry_id if terms else None,
        "brandId": terms.brand_id if terms else None,
        "playerId": terms.player_id if terms else None,
        "kind": movement.kind,
        "state": movement.state,
        "amount": format_amount(terms.total, terms.exponent) if terms else None,
        "currency": terms.currency if terms else None,
        "transactionId": movement.transaction_id or None,
        "reason": movement.reason or None,
        "createdAt": format_instant(movement.created_at),
        "nextAttemptAt": None
        if movement.at_rest or movement.due_at is None
        else format_instant(movement.due_at),
        "version": movement.version,
        "attempts": [
            {
                "at": format_instant(a.at),
                "outcome": a.outcome,
                "httpStatus": a.status or None,
                "detail": a.detail or None,
                "elapsedMs": a.elapsed_ms,
            }
            for a in movement.attempts
        ],
        "acts": [
            {"at": format_instant(a.at), "by": a.by, "action": a.action, "reason": a.reason or None}
            for a in movement.acts
        ],
    }


def payout_view(movement: Movement) -> dict[str, Any]:
    """A payout as clients see it."""
    terms = movement.terms
    rounds = terms.free_rounds if terms else None
    return {
        "payoutId": movement.id,
        "payoutRef": movement.ref,
        **_common(movement),
        "freeRounds": None
        if terms is None or rounds is None
        else {
            "count": rounds.count,
            "value": format_amount(rounds.value, terms.exponent),
            "gameId": rounds.game_id,
            "validHours": rounds.valid_hours,
        },
        "rank": terms.rank if terms else 0,
        "prizeLine": terms.line if terms else "",
        "resultVersion": terms.result_version if terms else 0,
    }


def debit_view(movement: Movement) -> dict[str, Any]:
    """A debit or refund as clients see it."""
    terms = movement.terms
    return {
        "debitId": movement.id,
        "debitRef": movement.ref,
        **_common(movement),
        "buyIn": format_amount(terms.amount, terms.exponent) if terms else None,
        "rake": format_amount(terms.rake, terms.exponent) if terms else None,
        "refundOf": (terms.refund_of or None) if terms else None,
        "refundRef": movement.refund_ref or None,
    }


# ---------------------------------------------------------------- lists
def _list(call: Call, side: Literal["debit", "payout"]) -> tuple[list[Movement], str | None]:
    q = call.query
    ask = Ask(
        call.tenant_id, side, q["tournamentId"] or "", q["state"] or "", q["playerId"] or "", q["limit"]
    )
    return page(ask, q["cursor"])


@api.route(
    "GET",
    "/payouts",
    "List payouts",
    scope="results.read",
    limit="results",
    answer=f"{SCHEMAS}:PayoutList",
    query=_filters(STATES["payout"]),
    errors=("CURSOR_INVALID",),
    about="Of one tournament in order of reference, else newest first; what waits for a person (`planned`, `rejected`, "
    "`manual`) oldest first. A page may be short before the end: go on while there is a `nextCursor`.",
)
def list_payouts(call: Call) -> Answer:
    """Payouts of the acting tenant."""
    found, following = _list(call, "payout")
    return Answer({"payouts": [payout_view(m) for m in found], "nextCursor": following})


@api.route(
    "GET",
    "/debits",
    "List debits and refunds",
    scope="results.read",
    limit="results",
    answer=f"{SCHEMAS}:DebitList",
    query=_filters(_DEBIT_STATES),
    errors=("CURSOR_INVALID",),
    about="Ordered as payouts are.",
)
def list_debits(call: Call) -> Answer:
    """Debits and refunds of the acting tenant."""
    found, following = _list(call, "debit")
    return Answer({"debits": [debit_view(m) for m in found], "nextCursor": following})


# ---------------------------------------------------------------- acts
def _act(
    call: Call, side: Literal["debit", "payout"], event: str, reason: str = "", transaction_id: str = ""
) -> Answer:
    movement = service.act_on(
        call.tenant_id,
        call.params["id"],
        side,
        event,
        by=call.who().key_id,
        reason=reason,
        now=call.now,
        transaction_id=transaction_id,
    )
    return Answer(payout_view(movement) if side == "payout" else debit_view(movement))


def _resolve(call: Call, side: Literal["debit", "payout"]) -> Answer:
    body = call.body
    return _act(call, side, f"resolve_{body.outcome}", body.reason, body.transaction_id or "")


@api.route(
    "POST",
    "/payouts/{id}/approve",
    "Approve a planned payout",
    scope="tournaments.write",
    answer=f"{SCHEMAS}:Payout",
    idempotent=True,
    errors=("PAYOUT_NOT_FOUND", "PAYOUT_STATE", "VERSION_CONFLICT"),
    about="Approving again answers the same. It is then sent until the operator has acknowledged it.",
)
def approve_payout(call: Call) -> Answer:
    """planned -> approved."""
    return _act(call, "payout", "approve")


@api.route(
    "POST",
    "/payouts/{id}/retry",
    "Send a payout again",
    scope="tournaments.write",
    answer=f"{SCHEMAS}:Payout",
    idempotent=True,
    errors=("PAYOUT_NOT_FOUND", "PAYOUT_STATE", "VERSION_CONFLICT"),
    about="Under the same reference, now, with another 24 hours of attempts. For `unknown`, `rejected` and `manual`.",
)
def retry_payout(call: Call) -> Answer:
    """rejected, manual -> approved; unknown: now."""
    return _act(call, "payout", "retry")


@api.route(
    "POST",
    "/payouts/{id}/resolve",
    "End a payout by hand",
    scope="tournaments.write",
    body=f"{SCHEMAS}:Resolve",
    answer=f"{SCHEMAS}:Payout",
    idempotent=True,
    errors=("PAYOUT_NOT_FOUND", "PAYOUT_STATE", "VERSION_CONFLICT"),
    about="For `rejected` and `manual` (and, cancelling, `planned`) after looking into the operator's own books. Who and "
    "why stay on record.",
)
def resolve_payout(call: Call) -> Answer:
    """-> confirmed (paid) or reversed (cancelled)."""
    return _resolve(call, "payout")


@api.route(
    "POST",
    "/debits/{id}/retry",
    "Send a debit or refund again",
    scope="tournaments.write",
    answer=f"{SCHEMAS}:Debit",
    idempotent=True,
    errors=("DEBIT_NOT_FOUND", "DEBIT_STATE", "VERSION_CONFLICT"),
    about="Under the same reference, now, with another 24 hours of attempts.",
)
def retry_debit(call: Call) -> Answer:
    """manual -> unknown, due now."""
    return _act(call, "debit", "retry")


@api.route(
    "POST",
    "/debits/{id}/resolve",
    "End a debit or refund by hand",
    scope="tournaments.write",
    body=f"{SCHEMAS}:Resolve",
    answer=f"{SCHEMAS}:Debit",
    idempotent=True,
    errors=("DEBIT_NOT_FOUND", "DEBIT_STATE", "VERSION_CONFLICT"),
    about="For `manual` (and `rejected` refunds) after looking into the operator's own books: `paid` seats the player, "
    "`cancelled` frees the seat.",
)
def resolve_debit(call: Call) -> Answer:
    """-> confirmed (paid) or declined (cancelled)."""
    return _resolve(call, "debit")


@api.route(
    "GET",
    "/callback-secret",
    "Read the secret that callbacks are signed with",
    scope="keys.write",
    answer=f"{SCHEMAS}:CallbackSecret",
    about="Of the acting tenant; every callback carries Standard Webhooks headers made with it (docs/callbacks.md).",
)
def read_callback_secret(call: Call) -> Answer:
    """The signing secret of the acting tenant."""
    return Answer({"secret": printable_secret(gateway.callback_secret(call.tenant_id))})
