"""Use cases of points: move them along the tree, decide what waits, freeze, close, set billing.

Every movement is one transaction: the transfer under its own id (nothing may stand there), both accounts on their
versions, and an entry in each. So a repetition finds the transfer, and a death leaves all of it or nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import dynamo
from pitboss.points import entry_store, play, reading, rules, store
from pitboss.points.model import Actor, Billing, Main, MoveType, Status, Transfer, View
from pitboss.points.reading import fresh_view, node_in
from pitboss.points.rules import Cause
from pitboss.tenancy.public import Node

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

ATTEMPTS = 12
BUSY = "Others keep moving the points of these accounts; repeat with the same Idempotency-Key."


# ---------------------------------------------------------------- move
@dataclass(frozen=True, slots=True)
class Order:
    """What is asked: `amount` as written, or None for all above the floor."""

    type: MoveType
    amount: object
    reason: str


def move(acting: str, agent_id: str, order: Order, *, transfer_id: str, actor: Actor, now: int) -> Transfer:
    """Mint, burn, transfer to a child or return to the parent; PENDING where the acting node's approval limit is passed.

    Repeating with the same `transfer_id` answers what was done.

    Raises:
        Refusal: AGENT_NOT_FOUND, PERMISSION_ERROR (who may), CURRENCY_MISMATCH, POINTS_FROZEN, POINT_NOT_ENOUGH,
            INVALID_AMOUNT, AMOUNT_PRECISION, AMOUNT_LIMIT, SERVER_IS_BUSY.
    """
    done = entry_store.read_transfer(acting, transfer_id)
    if done is not None:
        return done
    asking, agent = node_in(acting, acting), node_in(acting, agent_id)
    source, target = _parties(asking, agent, order.type)
    giver = fresh_view(source or target)
    everything = order.amount is None
    if everything:
        amount = max(0, giver.available)
    else:
        amount = rules.read_points(order.amount, giver.main.exponent, field="amount")
    asked = Transfer(
        transfer_id,
        acting,
        agent.id,
        order.type,
        source,
        target,
        amount,
        giver.main.currency,
        giver.main.exponent,
        "DONE",
        order.reason,
        now,
        actor,
    )
    limit = store.read_account(acting, [])[1].approval_limit(now)
    if limit is not None and amount > limit:
        return _ask(replace(asked, state="PENDING"))
    return _commit(asked, waiting=False, everything=everything, most=limit)


def _parties(asking: Node, agent: Node, kind: MoveType) -> tuple[str, str]:
    """Source and target of a move; "" is the root's mint. A node is moved by its parent, or gives back by itself."""
    if kind in ("mint", "burn"):
        if asking.kind != "root" or agent.id != asking.id:
            raise Refusal("PERMISSION_ERROR", "Only the root mints and burns points, in its own account.")
        return ("", agent.id) if kind == "mint" else (agent.id, "")
    own = agent.id == asking.id
    if not agent.parent_id or not (agent.parent_id == asking.id or (own and kind == "return")):
        raise Refusal(
            "PERMISSION_ERROR",
            "Points go from a node to the one right below it and back; act for that node with Pitboss-Tenant.",
        )
    return (agent.parent_id, agent.id) if kind == "transfer" else (agent.id, agent.parent_id)


def _ask(transfer: Transfer) -> Transfer:
    rules.check_parties(*_views(transfer))
    try:
        dynamo.transact(entry_store.transfer_ops(transfer, waiting=False))
    except dynamo.TransactionRefused:
        return reading.transfer(transfer.tenant_id, transfer.id)
    return transfer


def _views(transfer: Transfer) -> tuple[View | None, View | None]:
    return (
        fresh_view(transfer.source) if transfer.source else None,
        fresh_view(transfer.target) if transfer.target else None,
    )


def _commit(
    transfer: Transfer, *, waiting: bool, everything: bool = False, most: int | None = None
) -> Transfer:
    """Move, once. With `everything` the amount is what is there above the floor at that moment, `most` at most."""
    for attempt in range(1, ATTEMPTS + 1):
        source, target = _views(transfer)
        rules.check_parties(source, target)
        if source is not None:
            wanted = source.available if everything else transfer.amount
            source = _gathered(source, wanted)
            spare = max(0, source.main.free - source.billing.floor)
            if everything:
                transfer = replace(transfer, amount=spare if most is None else min(spare, most))
            elif spare < transfer.amount:
                still = reading.still_view(source.main.tenant_id)
                if still is not None and still.available < transfer.amount:
                    raise rules.not_enough(still, transfer.amount)
                continue
        try:
            dynamo.transact(
                [*entry_store.transfer_ops(transfer, waiting=waiting), *_lines(transfer, source, target)]
            )
        except dynamo.TransactionRefused as refused:
            if refused.refused(0):
                return reading.transfer(transfer.tenant_id, transfer.id)
            dynamo.pause(attempt)
            continue
        except dynamo.TooBusy:
            break
        _told(transfer)
        return transfer
    raise Refusal("SERVER_IS_BUSY", BUSY, retry_after_s=1)


def _gathered(view: View, amount: int) -> View:
    """Bring points from the slices to the main part until it can pay; each step is a transaction of its own."""
    for _ in range(len(view.slices) + play.SPARE_ROUNDS):
        step = rules.plan_heal(view) or rules.plan_collect(view, amount)
        if step is None:
            break
        store.shift(view.main, step)
        view = fresh_view(view.main.tenant_id)
    return view


def _lines(transfer: Transfer, source: View | None, target: View | None) -> "list[TransactWriteItemTypeDef]":
    """Both accounts and an entry in each."""
    actor, approver = transfer.actor, transfer.decided_by
    at = transfer.decided_at or transfer.at
    ops = []
    for view, other, sign in ((source, transfer.target, -1), (target, transfer.source, 1)):
        if view is None:
            continue
        cause = Cause(transfer.id, transfer.reason, actor, at, other, approver)
        main, entry = rules.booked(view, _kind(transfer, sign), sign * transfer.amount, cause)
        ops += [store.main_op(main), entry_store.entry_op(entry)]
    return ops


def _kind(transfer: Transfer, sign: int) -> str:
    if transfer.type in ("mint", "burn"):
        return transfer.type
    if transfer.type == "transfer":
        return "toChild" if sign < 0 else "fromParent"
    return "toParent" if sign < 0 else "fromChild"


def _told(transfer: Transfer) -> None:
    """What is kept of both accounts is old now, and their thresholds may be crossed or armed again."""
    for node_id in (transfer.source, transfer.target):
        if node_id:
            _watched(node_id, transfer.decided_at or transfer.at)


def _watched(node_id: str, now: int) -> None:
    play.forget(node_id)
    play.softly(lambda: play.watch(fresh_view(node_id), now), None)


# ---------------------------------------------------------------- two persons
def approve(acting: str, transfer_id: str, *, actor: Actor, reason: str, now: int) -> Transfer:
    """Move what waits, with a second key. Approving again answers the same; POINT_NOT_ENOUGH leaves it waiting.

    Raises:
        Refusal: POINTS_TRANSFER_NOT_FOUND, POINTS_TRANSFER_STATE, PERMISSION_ERROR, and those of `move`.
    """
    waiting = reading.transfer(acting, transfer_id)
    if waiting.state == "DONE":
        return waiting
    _check_waiting(waiting)
    rules.check_approver(waiting, actor, now)
    done = replace(waiting, state="DONE", decided_at=now, decided_by=actor, decision=reason)
    after = _commit(done, waiting=True)
    if after.state != "DONE":
        _check_waiting(after)
    return after


def reject(acting: str, transfer_id: str, *, actor: Actor, reason: str, now: int) -> Transfer:
    """Say no; the one who asked may take it back so too. Rejecting again answers the same."""
    waiting = reading.transfer(acting, transfer_id)
    if waiting.state == "REJECTED":
        return waiting
    _check_waiting(waiting)
    done = replace(waiting, state="REJECTED", decided_at=now, decided_by=actor, decision=reason)
    try:
        dynamo.transact(entry_store.transfer_ops(done, waiting=True))
    except dynamo.TransactionRefused:
        after = reading.transfer(acting, transfer_id)
        if after.state != "REJECTED":
            _check_waiting(after)
        return after
    return done


def _check_waiting(transfer: Transfer) -> None:
    if transfer.state != "PENDING":
        raise Refusal(
            "POINTS_TRANSFER_STATE",
            f"The transfer is {transfer.state}; only one that is PENDING can be decided.",
            facts={"state": transfer.state},
        )


# ---------------------------------------------------------------- freeze and close
def change_status(acting: str, agent_id: str, status: Status, *, reason: str, actor: Actor, now: int) -> View:
    """Freeze (no bets, launches or transfers; wins and rollbacks settle), unfreeze, or close for good.

    Only an empty account without open rounds closes; in the same transaction every slice is checked to be empty.
    Repeating changes nothing.

    Raises:
        Refusal: AGENT_NOT_FOUND, CONFLICT, SERVER_IS_BUSY.
    """
    agent = node_in(acting, agent_id)
    if agent.id == acting:
        raise Refusal("CONFLICT", "Only the operator above may freeze or close these points.")
    for attempt in range(1, ATTEMPTS + 1):
        view = fresh_view(agent.id)
        if view.main.status == status:
            return view
        if view.main.status == "closed":
            raise Refusal("CONFLICT", "The account is closed for good.")
        if status == "closed":
            _check_empty(view)
        kind = {"active": "unfrozen", "frozen": "frozen", "closed": "closed"}[status]
        main, entry = rules.booked(view, kind, 0, Cause("", reason, actor, now))
        main = replace(main, status=status)
        checks = [store.empty_slice_op(agent.id, part.index) for part in view.slices]
        ops = [store.main_op(main), entry_store.entry_op(entry), *(checks if status == "closed" else [])]
        if _written(ops, attempt):
            play.forget(agent.id)
            return replace(view, main=main)
    raise Refusal("SERVER_IS_BUSY", BUSY, retry_after_s=1)


def _check_empty(view: View) -> None:
    opened = sum(part.opened for part in view.slices)
    if view.main.free or opened or any(part.amount for part in view.slices):
        raise Refusal(
            "CONFLICT",
            "Only an empty account without open rounds can be closed; return its points first.",
            facts={"balance": rules.show_points(view.balance, view.main.exponent)},
        )


def _written(ops: "Sequence[TransactWriteItemTypeDef]", attempt: int) -> bool:
    try:
        dynamo.transact(ops)
    except dynamo.TransactionRefused:
        dynamo.pause(attempt)
        return False
    except dynamo.TooBusy:
        return False
    return True


# ---------------------------------------------------------------- billing
@dataclass(frozen=True, slots=True)
class BillingView:
    """Billing of a node, with the rate in force and its currency's exponent."""

    billing: Billing
    rate_bps: int
    main: Main


def read_billing(acting: str, agent_id: str) -> BillingView:
    """The billing of a node in the subtree."""
    view = fresh_view(node_in(acting, agent_id).id)
    return BillingView(view.billing, view.rate_bps, view.main)


def put_billing(
    acting: str, agent_id: str, wanted: Billing, *, expect: int, actor: Actor, now: int
) -> BillingView:
    """Replace the billing of version `expect`; slices that are new are made in the same transaction.

    Fewer slices: those beyond are emptied by whoever reads the account next, and stay a part of every sum.

    Raises:
        Refusal: AGENT_NOT_FOUND, VALIDATION_ERROR by field, VERSION_CONFLICT, SERVER_IS_BUSY.
    """
    agent = node_in(acting, agent_id)
    above = [one for one in agent.ancestry if one != agent.id]
    by_itself = agent.id == acting and bool(above)
    for attempt in range(1, ATTEMPTS + 1):
        view = fresh_view(agent.id)
        before = view.billing
        over = store.read_account(agent.id, above)[2]
        # The root answers to nobody, so its own loosening waits as well.
        fresh = rules.with_approval(wanted, before, by_itself=agent.id == acting, now=now)
        fresh = replace(fresh, version=expect + 1)
        if before.version == fresh.version and _same_billing(before, fresh):
            return BillingView(
                before, view.rate_bps, view.main
            )  # an earlier attempt died before it could answer
        _check_billing(fresh, before, over, by_itself=by_itself)
        made = max(view.main.made, fresh.slices if fresh.policy != "none" else 0)
        main, entry = rules.booked(view, "billing", 0, Cause("", _summary(fresh), actor, now))
        main = replace(main, made=made)
        ops = [
            store.billing_op(agent.id, fresh),
            store.main_op(main),
            entry_store.entry_op(entry),
            *(store.new_slice_op(agent.id, n) for n in range(view.main.made, made)),
        ]
        if _written(ops, attempt):
            view = _gathered(fresh_view(agent.id), 0)
            _watched(agent.id, now)
            return BillingView(fresh, view.rate_bps, view.main)
    raise Refusal("SERVER_IS_BUSY", BUSY, retry_after_s=1)


def _check_billing(fresh: Billing, before: Billing, over: Sequence[Billing], *, by_itself: bool) -> None:
    if before.version != fresh.version - 1:
        raise Refusal(
            "VERSION_CONFLICT",
            f"The billing has version {before.version} by now; read it again.",
            facts={"version": before.version},
        )
    errors: list[FieldError] = rules.check_billing(fresh, before, over, by_itself=by_itself)
    if errors:
        text = "; ".join(f"{one.pointer}: {one.reason}" for one in errors)
        raise Refusal("VALIDATION_ERROR", f"{text}.", errors=errors)


def _same_billing(one: Billing, other: Billing) -> bool:
    return replace(one, approval_before=None, loosens_at=0) == replace(
        other, approval_before=None, loosens_at=0
    )


def _summary(billing: Billing) -> str:
    rate = f" at {billing.rate_bps} bps" if billing.policy == "ggr" else ""
    return f"billing {billing.version}: {billing.policy}{rate}, {billing.slices} slices"
