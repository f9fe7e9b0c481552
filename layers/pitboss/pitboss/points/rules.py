"""Decisions about points. Pure: what was read and the time come in, what to do comes out.

Rules of the field that stand here: points go only between a node and the one right above it, in one currency; play and
transfers leave the floor; a child's rate is never above its parent's; the sum over the tree moves only by mint and burn.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from pitboss.kernel.ids import is_ulid, ulid_instant
from pitboss.kernel.money import AmountError, format_amount, parse_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.points.model import (
    LOOSEN_MS,
    MAIN,
    MAX_RATE_BPS,
    SCALE,
    SCALE_DIGITS,
    Actor,
    Billing,
    Draw,
    Entry,
    Main,
    Mode,
    Play,
    Shift,
    Slice,
    Statement,
    Transfer,
    View,
)

HOUR_MS = 3_600_000


# ---------------------------------------------------------------- amounts
def read_points(value: object, exponent: int, *, field: str, zero: bool = False) -> int:
    """Points as written (major units, `exponent` + 4 decimals at most) to an integer. Refusals of kernel.money."""
    try:
        points = parse_amount(value, exponent + SCALE_DIGITS)
        if points < 0 or (points == 0 and not zero):
            raise AmountError("INVALID_AMOUNT", "points are more than zero" if not zero else "not below zero")
    except AmountError as error:
        raise Refusal(error.code, f"{field}: {error}.", errors=[FieldError(field, str(error))]) from None
    return points


def show_points(points: int, exponent: int) -> str:
    """Points in major units: the currency's decimals, and finer ones only where there are any."""
    text = format_amount(points, exponent + SCALE_DIGITS)
    for _ in range(SCALE_DIGITS):
        text = text.removesuffix("0") if text.endswith("0") else text
    return text.removesuffix(".")


def day_of(instant_ms: int) -> str:
    """The UTC day of an instant, such as "20261121"."""
    return datetime.fromtimestamp(instant_ms // 1000, UTC).strftime("%Y%m%d")


# ---------------------------------------------------------------- play
def slice_of(player_id: str, slices: int) -> int:
    """Which slice a player's play draws from; the same in every process."""
    return zlib.crc32(player_id.encode()) % slices


def draw_of(play: Play, view: View) -> Draw:
    """What a play does under the account's billing.

    `ggr` takes rate x stake at the bet and gives rate x win at the win: together rate x (bets - wins) of the round, and
    what an open round may still cost is taken already. `face_value` does so one to one; in transfer mode the deposit
    took the points, so bets do not.
    """
    policy = view.billing.policy
    if policy == "ggr":
        per_play, per_cash = view.rate_bps, 0
    elif policy == "face_value":
        per_play, per_cash = (SCALE, 0) if play.mode == "seamless" else (0, SCALE)
    else:
        return Draw(0, 0, 0, 0)
    need = per_play * play.bets + per_cash * play.deposits
    back = play.wins + play.rollbacks + play.late_rollbacks - play.unwins
    opened = play.bets - play.rollbacks - play.closed if per_play else 0
    lent = play.deposits - play.withdrawals if per_cash else 0
    return Draw(need, per_play * back + per_cash * play.withdrawals - need, opened, lent)


def check_active(view: View) -> None:
    """Refusal POINTS_FROZEN: a frozen or closed account pays for nothing new."""
    if view.main.status != "active":
        raise Refusal("POINTS_FROZEN", f"The points of this agent are {view.main.status}.")


def may_bet(view: View, mode: Mode) -> Refusal | None:
    """Why new bets and launches are refused now, or None. Wins and rollbacks are never asked."""
    try:
        check_active(view)
    except Refusal as refusal:
        return refusal
    policy = view.billing.policy
    costs = policy == "ggr" or (policy == "face_value" and mode == "seamless")
    return not_enough(view, 0) if costs and view.available <= 0 else None


def not_enough(view: View, need: int) -> Refusal:
    """2005: no new bets, launches or transfers out."""
    exponent = view.main.exponent
    return Refusal(
        "POINT_NOT_ENOUGH",
        "The agent's points do not cover this; its parent can transfer more.",
        facts={
            "needed": show_points(need, exponent),
            "available": show_points(max(0, view.available), exponent),
        },
    )


def effective_rate(own: Billing, above: Sequence[Billing]) -> int:
    """The rate in force in basis points: the node's own, never above that of any node over it."""
    return min([own.rate_bps, *(one.rate_bps for one in above if one.policy == "ggr")])


# ---------------------------------------------------------------- slices
def plan_refill(view: View, index: int, need: int) -> Shift | Literal["enough", "short"]:
    """The next shift that lets slice `index` pay `need`.

    The main part never goes below the floor, so that slices may be drawn to zero without asking for it. It tops a slice
    up to an even share; after that the richest slice gives half of what it has more, or what is missing.
    """
    healing = plan_heal(view)
    if healing is not None:
        return healing
    have = view.slices[index].amount
    if have >= need:
        return "enough"
    if view.available < need:
        return "short"
    spare = view.main.free - view.billing.floor
    if spare > 0:
        target = max(need, view.available // view.billing.slices)
        return Shift(MAIN, index, min(spare, target - have))
    richest = max((part for part in view.slices if part.index != index), key=lambda part: part.amount)
    return Shift(richest.index, index, min(richest.amount, max(need - have, (richest.amount - have) // 2)))


def plan_heal(view: View) -> Shift | None:
    """The next shift that an account needs by itself: the main part below its floor, a slice below zero, or points in a
    slice that is in use no more (their number was lowered)."""
    used = view.billing.slices
    giver = max(view.slices, key=lambda part: part.amount, default=None)
    spare = view.main.free - view.billing.floor
    for part in view.slices[used:]:
        if part.amount > 0:
            return Shift(part.index, MAIN, part.amount)
    if spare < 0 and giver is not None and giver.amount > 0:
        return Shift(giver.index, MAIN, min(giver.amount, -spare))
    poorest = min(view.slices, key=lambda part: part.amount, default=None)
    if poorest is not None and poorest.amount < 0:
        if spare > 0:
            return Shift(MAIN, poorest.index, min(spare, -poorest.amount))
        if giver is not None and giver.amount > 0:
            return Shift(giver.index, poorest.index, min(giver.amount, -poorest.amount))
    return None


def plan_collect(view: View, amount: int) -> Shift | None:
    """The next shift that lets the main part pay `amount` above its floor; None when it can, or nothing more is there."""
    missing = amount + view.billing.floor - view.main.free
    giver = max(view.slices, key=lambda part: part.amount, default=None)
    if missing <= 0 or giver is None or giver.amount <= 0:
        return None
    return Shift(giver.index, MAIN, min(giver.amount, missing))


def bookable(part: Slice, now: int) -> list[str]:
    """Days of a slice that are over (an hour ago, for what was still on its way), oldest first."""
    limit = day_of(now - HOUR_MS)
    return sorted(day for day in part.days if day < limit)


def same_shape(one: View, other: View) -> bool:
    """Whether no points were shifted or transferred between two reads, so that each of them adds up."""
    return (one.main.version, [p.allot for p in one.slices]) == (
        other.main.version,
        [p.allot for p in other.slices],
    )


# ---------------------------------------------------------------- transfers
@dataclass(frozen=True, slots=True)
class Cause:
    """What an entry tells besides its amount."""

    transfer_id: str
    reason: str
    actor: Actor
    at: int
    counterparty: str = ""
    approver: Actor | None = None


_TOTAL_OF: Mapping[str, str] = {
    "mint": "minted",
    "burn": "burned",
    "fromParent": "fromParent",
    "toParent": "toParent",
    "toChild": "toChildren",
    "fromChild": "fromChildren",
}


def booked(view: View, kind: str, amount: int, cause: Cause) -> tuple[Main, Entry]:
    """The main part after one movement, and its entry. `amount` is signed; 0 for an event that moves nothing."""
    main = view.main
    total = _TOTAL_OF.get(kind)
    totals = dict(main.totals)
    if total:
        totals[total] += abs(amount)
    at = max(
        cause.at, main.last_at
    )  # entries of an account are in the order of time, whoever's clock wrote them
    fresh = replace(
        main,
        version=main.version + 1,
        free=main.free + amount,
        funded=main.funded + amount,
        seq=main.seq + 1,
        last_at=at,
        totals=totals,
    )
    entry = Entry(
        main.tenant_id,
        fresh.seq,
        at,
        kind,
        amount,
        main.funded,
        fresh.funded,
        view.played,
        cause.reason,
        cause.actor,
        totals,
        cause.transfer_id,
        cause.counterparty,
        cause.approver,
    )
    return fresh, entry


def check_parties(source: View | None, target: View | None) -> None:
    """Refusals CURRENCY_MISMATCH and POINTS_FROZEN. A closed account only gives back what late wins brought it."""
    for view, giving in ((source, True), (target, False)):
        if view is None or view.main.status == "active" or (giving and view.main.status == "closed"):
            continue
        raise Refusal("POINTS_FROZEN", f"The points of agent {view.main.tenant_id} are {view.main.status}.")
    if source and target:
        left, right = source.main, target.main
        if (left.currency, left.exponent) != (right.currency, right.exponent):
            raise Refusal(
                "CURRENCY_MISMATCH",
                f"Points of {left.currency} cannot go to an account in {right.currency}.",
                facts={"currency": right.currency},
            )


def check_approver(transfer: Transfer, actor: Actor, now: int) -> None:
    """Two persons: another key than the one that asked, and one that existed before it asked.

    Raises:
        Refusal: POINTS_TRANSFER_STATE, PERMISSION_ERROR.
    """
    if transfer.expired(now):
        raise Refusal("POINTS_TRANSFER_STATE", "Nobody approved it within 7 days; ask for it again.")
    if actor.key_id == transfer.actor.key_id:
        raise Refusal("PERMISSION_ERROR", "Another key than the one that asked must approve.")
    if is_ulid(actor.key_id) and ulid_instant(actor.key_id) >= transfer.at:
        # Else the one who asked could make the second key for it.
        raise Refusal("PERMISSION_ERROR", "The approving key must be older than what it approves.")


# ---------------------------------------------------------------- billing
def check_billing(
    fresh: Billing, before: Billing, above: Sequence[Billing], *, by_itself: bool
) -> list[FieldError]:
    """What is wrong with new billing. `by_itself`: the node itself asks, which may set only alerts and approval."""
    errors = []
    if fresh.policy == "ggr" and not 1 <= fresh.rate_bps <= MAX_RATE_BPS:
        errors.append(FieldError("ggrRateBps", f"with the policy ggr, 1 to {MAX_RATE_BPS} basis points"))
    if fresh.policy != "ggr" and fresh.rate_bps:
        errors.append(FieldError("ggrRateBps", "only with the policy ggr"))
    most = min([MAX_RATE_BPS, *(one.rate_bps for one in above if one.policy == "ggr")])
    if fresh.rate_bps > most:
        errors.append(FieldError("ggrRateBps", f"at most {most}, which is what stands above"))
    if list(fresh.alert_at) != sorted(set(fresh.alert_at), reverse=True):
        errors.append(FieldError("alertAt", "each threshold once"))
    if by_itself:
        names = {
            "policy": "policy",
            "rate_bps": "ggrRateBps",
            "floor": "floor",
            "slices": "slices",
        }
        errors += [
            FieldError(shown, "only the node above may change it")
            for name, shown in names.items()
            if getattr(fresh, name) != getattr(before, name)
        ]
    return errors


def with_approval(fresh: Billing, before: Billing, *, by_itself: bool, now: int) -> Billing:
    """Stricter at once, looser after a day when the node loosens its own limit: one person must not first lift the
    limit and then pass it."""
    held = before.approval_limit(now)
    looser = held is not None and (fresh.approval_over is None or fresh.approval_over > held)
    if by_itself and looser:
        return replace(fresh, approval_before=held, loosens_at=now + LOOSEN_MS)
    return replace(fresh, approval_before=None, loosens_at=0)


# ---------------------------------------------------------------- alerts
def alerts(thresholds: Sequence[int], crossed: int | None, balance: int) -> tuple[int | None, int | None]:
    """`(crossed, fire)`: the lowest threshold that counts as crossed from now on, and the one to tell of, if any.

    Once for each crossing: a threshold is armed again when the balance stands a tenth above it, so that play around it
    does not tell of it again and again.
    """
    under = [t for t in thresholds if balance <= t]
    held = [t for t in thresholds if crossed is not None and t >= crossed and balance < t + max(1, t // 10)]
    fire = min((t for t in under if crossed is None or t < crossed), default=None)
    return min([*under, *held], default=None), fire


# ---------------------------------------------------------------- statement
def statement(
    start: Entry | None,
    end: Entry | None,
    *,
    played_before: int,
    played_within: int,
    empty: Mapping[str, int],
) -> Statement:
    """The statement between two entries: the last before the period and the last within or before it."""
    first, last = (start.totals if start else empty), (end.totals if end else empty)
    opening = (start.after if start else 0) - played_before
    closing = (end.after if end else 0) - played_before - played_within
    return Statement(opening, {name: last[name] - first[name] for name in empty}, played_within, closing)
