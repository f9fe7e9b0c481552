"""Points on the hot path: what wallet calls ask before a bet and write with it.

An account is read at most every `KEPT_MS` in an execution environment; the pure builders after that cost nothing. What
is kept may be that old: it decides whether a bet is tried and at which rate, while the condition on the slice, in the
bet's own transaction, decides whether it is paid.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pitboss.kernel.refusal import Refusal
from pitboss.platform import dynamo
from pitboss.platform.aws import failures
from pitboss.platform.observe import count, logger
from pitboss.points import entry_store, reading, rules, store
from pitboss.points.model import Alert, Mode, Play, View

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

PLAY_ATTEMPTS = 3
KEPT_MS = 3_000
KEPT_NO_MS = 500
KEPT_ACCOUNTS = 512
HEALED_AT_ONCE = 4
SPARE_ROUNDS = 8

_kept: dict[str, tuple[int, View]] = {}


def may_bet(tenant_id: str, now: int, *, mode: Mode = "seamless") -> Refusal | None:
    """Why new bets and launches of this agent are refused, or None; `mode` is the player's.

    POINT_NOT_ENOUGH at or below the floor, POINTS_FROZEN for a frozen or closed account. Wins and rollbacks do not ask,
    nor does face-value play in transfer mode, whose points went with the deposit.
    A yes is at most `KEPT_MS` old, a no `KEPT_NO_MS`: points that arrived are not denied for long.
    """
    refusal = rules.may_bet(_view(tenant_id, now), mode)
    if refusal is not None and now - _kept[tenant_id][0] > KEPT_NO_MS:
        forget(tenant_id)
        refusal = rules.may_bet(_view(tenant_id, now), mode)
    return refusal


def play_ops(tenant_id: str, player_id: str, play: Play, now: int) -> "list[TransactWriteItemTypeDef]":
    """What a wallet transaction writes to the agent's points: at most one op, none without a billing policy.

    All that one transaction does must be added up in one `play`, since DynamoDB lets it touch a slice only once. An op
    with bets or deposits refuses (`make_room` then), all others never do. The transaction's own condition on its
    external id makes a repetition safe. Refusal POINTS_FROZEN where an account that is frozen or closed would pay.
    """
    view = _view(tenant_id, now)
    draw = rules.draw_of(play, view)
    if draw.idle:
        return []
    if draw.need:
        rules.check_active(view)
    index = rules.slice_of(player_id, view.billing.slices)
    return [store.draw_op(tenant_id, index, draw, rules.day_of(now))]


def make_room(tenant_id: str, player_id: str, play: Play, now: int) -> Refusal | None:
    """After a refused op: bring points from elsewhere in the account to the player's slice.

    None: build the ops again and retry, `PLAY_ATTEMPTS` times at most. POINT_NOT_ENOUGH only when the whole account
    cannot pay; SERVER_IS_BUSY (retryable) when others kept drawing what was brought. Each step is one transaction, so
    dying between two leaves every point in its place or the other.
    """
    forget(tenant_id)
    view = _view(tenant_id, now)
    need = rules.draw_of(play, view).need
    if not need:
        return None
    index = rules.slice_of(player_id, view.billing.slices)
    count("points_refills")
    for _ in range(len(view.slices) + SPARE_ROUNDS):
        step = rules.plan_refill(view, index, need)
        if step == "enough":
            return None
        if step == "short":
            # A shift under way may be missing on both sides of what was read; only a still account can be short.
            still = reading.still_view(tenant_id)
            if still is not None and still.available < need:
                return rules.not_enough(still, need)
        else:
            try:
                store.shift(view.main, step)
            except dynamo.TooBusy:
                break
        view = reading.fresh_view(tenant_id)
    return Refusal("SERVER_IS_BUSY", "Many bets draw on this agent's points now; repeat.", retry_after_s=1)


def _view(tenant_id: str, now: int) -> View:
    kept = _kept.get(tenant_id)
    if kept is not None and 0 <= now - kept[0] < KEPT_MS:
        return kept[1]
    view = reading.fresh_view(tenant_id)
    if view.billing.policy != "none":
        found = view
        view = softly(lambda: tend(found, now), found)
    if len(_kept) >= KEPT_ACCOUNTS:
        _kept.pop(next(iter(_kept)))
    _kept[tenant_id] = (now, view)
    return view


def forget(tenant_id: str | None = None) -> None:
    """Drop what is kept: of one agent after its own change, of all in tests."""
    if tenant_id is None:
        _kept.clear()
    else:
        _kept.pop(tenant_id, None)


def softly[T](work: Callable[[], T], otherwise: T) -> T:
    """Do what an account needs by itself without spoiling the call that happened to find it: the next reader tries again."""
    try:
        return work()
    except dynamo.TooBusy:
        count("points_untended")
    except failures():
        logger.exception("an account of points was not tended")
        count("points_untended")
    return otherwise


def tend(view: View, now: int) -> View:
    """Tell of low points, put the floor and negative slices right, book days that are over. Answers a fresh view if
    points were shifted."""
    watch(view, now)
    node_id = view.main.tenant_id
    for _ in range(HEALED_AT_ONCE):
        step = rules.plan_heal(view)
        if step is None:
            break
        store.shift(view.main, step)
        view = reading.fresh_view(node_id)
    todo = [(part, day) for part in view.slices for day in rules.bookable(part, now)]
    for part, day in todo[:HEALED_AT_ONCE]:
        store.book_day(node_id, part, day)
    return view


def watch(view: View, now: int) -> None:
    """Tell once of each threshold that the balance fell to: an item in the ledger's stream and a metric."""
    if not view.billing.alert_at:
        return
    node_id, balance = view.main.tenant_id, view.balance
    was, version = entry_store.read_alert_state(node_id)
    crossed, fire = rules.alerts(view.billing.alert_at, was, balance)
    if crossed == was:
        return
    alert = Alert(now, fire, balance) if fire is not None else None
    if entry_store.write_alert(node_id, crossed, version, alert) and alert is not None:
        count("points_low")
        logger.warning("points are low", extra={"agentId": node_id, "threshold": fire, "balance": balance})
