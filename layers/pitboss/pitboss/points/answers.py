"""Points as they are shown: amounts in major units, and nobody above the reader by name, key or address."""

from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.points.model import PENDING_MS, Actor, Alert, Entry, Statement, Transfer, View
from pitboss.points.rules import show_points
from pitboss.points.service import BillingView
from pitboss.tenancy.public import node


def _shown(actor: Actor | None, acting: str) -> dict[str, str] | None:
    """Who did it, unless that stands above the reader: keys and addresses up there are none of its business."""
    if actor is None:
        return None
    owner = node(actor.tenant_id)
    if owner is None or acting not in owner.ancestry:
        return None
    return {"keyId": actor.key_id, "agentId": actor.tenant_id, "ip": actor.ip}


def _instant(at: int) -> str | None:
    return format_instant(at) if at else None


def points(agent_id: str, view: View, alerts: list[Alert]) -> dict[str, Any]:
    """`GET /agents/{id}/points`."""
    main, billing, exponent = view.main, view.billing, view.main.exponent
    return {
        "agentId": agent_id,
        "currency": main.currency,
        "status": main.status,
        "balance": show_points(view.balance, exponent),
        "available": show_points(view.available, exponent),
        "floor": show_points(billing.floor, exponent),
        "main": show_points(main.free, exponent),
        "slices": [{"slice": one.index, "amount": show_points(one.amount, exponent)} for one in view.slices],
        "held": {
            "openStakes": format_amount(sum(one.opened for one in view.slices), exponent),
            "atPlayers": format_amount(sum(one.lent for one in view.slices), exponent),
        },
        "played": show_points(view.played, exponent),
        "policy": billing.policy,
        "ggrRateBps": view.rate_bps,
        "alerts": [
            {
                "at": format_instant(one.at),
                "threshold": show_points(one.threshold, exponent),
                "balance": show_points(one.balance, exponent),
            }
            for one in alerts
        ],
    }


def transfer(one: Transfer, acting: str, now: int) -> dict[str, Any]:
    """One movement."""
    return {
        "transferId": one.id,
        "agentId": one.agent_id,
        "type": one.type,
        "amount": show_points(one.amount, one.exponent),
        "currency": one.currency,
        "state": "EXPIRED" if one.expired(now) else one.state,
        "reason": one.reason,
        "askedAt": format_instant(one.at),
        "askedBy": _shown(one.actor, acting),
        "decidedAt": _instant(one.decided_at),
        "decidedBy": _shown(one.decided_by, acting),
        "decision": one.decision or None,
        "expiresAt": format_instant(one.at + PENDING_MS) if one.state == "PENDING" else None,
    }


def entry(one: Entry, acting: str, exponent: int) -> dict[str, Any]:
    """One line of an account."""
    owner = node(one.tenant_id)
    above = owner is not None and one.counterparty in owner.ancestry
    return {
        "seq": one.seq,
        "at": format_instant(one.at),
        "kind": one.kind,
        "amount": show_points(one.amount, exponent),
        "before": show_points(one.before - one.played, exponent),
        "after": show_points(one.after - one.played, exponent),
        "played": show_points(one.played, exponent),
        "counterparty": None if above else one.counterparty or None,
        "transferId": one.transfer_id or None,
        "reason": one.reason,
        "actor": _shown(one.actor, acting),
        "approver": _shown(one.approver, acting),
    }


def billing(agent_id: str, found: BillingView, now: int) -> dict[str, Any]:
    """`GET /agents/{id}/billing`."""
    own, exponent = found.billing, found.main.exponent
    limit = own.approval_limit(now)
    return {
        "agentId": agent_id,
        "currency": found.main.currency,
        "version": own.version,
        "policy": own.policy,
        "ggrRateBps": own.rate_bps,
        "ggrRateBpsInForce": found.rate_bps,
        "floor": show_points(own.floor, exponent),
        "alertAt": [show_points(one, exponent) for one in own.alert_at],
        "slices": own.slices,
        "approvalOver": None if own.approval_over is None else show_points(own.approval_over, exponent),
        "approvalOverInForce": None if limit is None else show_points(limit, exponent),
    }


def statement(agent_id: str, found: Statement, view: View, period: tuple[int, int]) -> dict[str, Any]:
    """`GET /agents/{id}/points/statement`."""
    exponent = view.main.exponent
    start, end = period
    return {
        "agentId": agent_id,
        "currency": view.main.currency,
        "from": format_instant(start)[:10],
        "to": format_instant(end - 1)[:10],
        "opening": show_points(found.opening, exponent),
        **{name: show_points(amount, exponent) for name, amount in found.lines.items()},
        "play": show_points(found.play, exponent),
        "closing": show_points(found.closing, exponent),
        "ties": found.ties,
    }
