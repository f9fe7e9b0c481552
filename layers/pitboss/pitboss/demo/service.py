"""A casino that answers the hub's callbacks as the contract asks (docs/callbacks.md), and keeps what it was told."""

from pitboss.demo import store
from pitboss.demo.model import Done, Fault, Order, next_fault
from pitboss.kernel.ids import derive_ulid, ulid
from pitboss.kernel.refusal import Refusal

_ATTEMPTS = 20


def take(order: Order, now: int) -> Done:
    """Do what is asked, once: the same reference again gets the first answer.

    Raises:
        Refusal: IDEMPOTENCY_CONFLICT when the reference was used with another body.
    """
    for _ in range(_ATTEMPTS):
        before = store.find(order.ref)
        if before is not None:
            if before.order.fingerprint not in ("", order.fingerprint):
                raise Refusal("IDEMPOTENCY_CONFLICT", "This reference was used with another body.")
            return before
        done = _do(order, now)
        if done is not None:
            return done
    raise Refusal("SERVER_IS_BUSY", "The demo casino is busy.", retry_after_s=1)


def _do(order: Order, now: int) -> Done | None:
    match order.type:
        case "payout":
            name = {"cash": "balance", "bonus": "bonus", "free_rounds": "freeRounds"}[order.kind]
            amount = order.free_rounds if order.kind == "free_rounds" else order.amount
            return _keep(order, now, {name: amount})
        case "refund":
            return _give_back(order, now)
        case "debit":
            taken = _keep(order, now, {"balance": -order.amount})
            if taken is None and store.find(order.ref) is None:
                return decline(order, "BALANCE_NOT_ENOUGH", now)
            return taken


def _give_back(order: Order, now: int) -> Done | None:
    """What was taken is given back. A debit that never came is remembered as refused, so that it cannot come late."""
    debit = store.find(order.refund_of)
    if debit is None:
        # The grave is dug first: should we die here, the refund is asked for again and finds nothing to give back.
        grave = Order(
            "debit",
            order.refund_of,
            order.tenant_id,
            order.tournament_id,
            order.brand_id,
            order.player_id,
            "cancelled",
            order.amount,
            order.currency,
            order.exponent,
            "",
            0,
            "",
        )
        if decline(grave, "CANCELLED", now) is None:
            return None
        return _keep(order, now, {})
    kept = _keep(order, now, {"balance": debit.order.amount} if debit.status == "confirmed" else {})
    if kept is None and store.find(order.ref) is None and store.given_back(order.refund_of):
        return decline(order, "ALREADY_REFUNDED", now)
    return kept


def _keep(order: Order, now: int, movements: dict[str, int]) -> Done | None:
    done = Done(order, "confirmed", "", _transaction_id(order, now), now)
    return done if store.commit(done, movements) else None


def decline(order: Order, reason: str, now: int) -> Done | None:
    """Keep a no; None if the reference has been answered meanwhile."""
    done = Done(order, "declined", reason, _transaction_id(order, now), now)
    return done if store.commit(done, {}) else None


def _transaction_id(order: Order, now: int) -> str:
    return derive_ulid(ulid(now, bytes(10)), order.ref)


def pop_fault(order: Order) -> Fault | None:
    """The fault that is due for this order, if any; each is used once."""
    for scope in (order.tournament_id, "*"):
        for _ in range(_ATTEMPTS):
            pending, version = store.faults(scope)
            fault, left = next_fault(pending, order.type)
            if fault is None:
                break
            if store.save_faults(scope, left, version):
                return fault
    return None


def set_faults(scope: str, faults: list[Fault]) -> int:
    """Replace the faults of a scope; answers how many wrong answers are due."""
    for _ in range(_ATTEMPTS):
        _, version = store.faults(scope)
        if store.save_faults(scope, faults, version):
            return sum(fault.left for fault in faults)
    raise Refusal("SERVER_IS_BUSY", "The demo casino is busy.", retry_after_s=1)
