"""Reading points: accounts as they stand, lists, statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.points import entry_store, rules, store
from pitboss.points.model import TOTALS, Alert, Entry, Main, Statement, Transfer, View
from pitboss.tenancy.public import Node, exponent, node

STILL_READS = 5
ALERTS_SHOWN = 10
DAY_MS = 86_400_000
MAX_DAYS = 400
END_OF_TIME = 9_999_999_999_999


def node_in(acting: str, node_id: str) -> Node:
    """A node of the acting tenant's subtree. AGENT_NOT_FOUND for all others, existing or not."""
    found = node(node_id) if len(node_id) <= 100 else None
    if found is None or acting not in found.ancestry:
        raise Refusal("AGENT_NOT_FOUND", "There is no such agent below this tenant.")
    return found


def fresh_view(node_id: str) -> View:
    """An account, strongly consistent item by item. AGENT_NOT_FOUND if there is no such node."""
    owner = node(node_id)
    if owner is None:
        raise Refusal("AGENT_NOT_FOUND", "There is no such agent.")
    above = [one for one in owner.ancestry if one != node_id]
    main, billing, over = store.read_account(node_id, above)
    if main is None:
        main = Main(node_id, owner.currency, exponent(node_id, owner.currency))
    slices = store.read_slices(node_id, main.made)
    return View(main, billing, slices, rules.effective_rate(billing, over))


def still_view(node_id: str) -> View | None:
    """An account while nothing was shifted between its parts, so that its sum is one that it really had; None if that
    did not happen in a few reads."""
    before = fresh_view(node_id)
    for _ in range(STILL_READS):
        view = fresh_view(node_id)
        if rules.same_shape(before, view):
            return view
        before = view
    return None


def balances(node_ids: Sequence[str]) -> dict[str, int]:
    """All points of many nodes, in ten-thousandths of the currency's smallest unit; 0 where nothing was ever booked."""
    mains = store.read_mains(list(dict.fromkeys(node_ids)))
    parts = store.read_slices_of({one: main.made for one, main in mains.items()})
    return {
        one: mains[one].free + sum(part.amount for part in parts[one]) if one in mains else 0
        for one in node_ids
    }


@dataclass(frozen=True, slots=True)
class Account:
    """An account and its latest alerts."""

    view: View
    alerts: list[Alert]


def account(acting: str, node_id: str) -> Account:
    """What `GET /agents/{id}/points` shows."""
    owner = node_in(acting, node_id)
    view = still_view(owner.id) or fresh_view(owner.id)
    return Account(view, entry_store.alerts(owner.id, ALERTS_SHOWN))


def entries(
    acting: str, node_id: str, *, period: tuple[int, int], position: str, limit: int
) -> tuple[list[Entry], str, View]:
    """Entries of a period, newest first, and where to go on ("" at the end)."""
    owner = node_in(acting, node_id)
    start, end = period
    found = list(entry_store.entries(owner.id, start=start, end=end, position=position, limit=limit + 1))
    following = entry_store.entry_position(found[limit - 1]) if len(found) > limit else ""
    return found[:limit], following, fresh_view(owner.id)


def days(first: str | None, last: str | None, now: int) -> tuple[int, int]:
    """The instants of a period of whole UTC days, both named inclusively ("2026-11-01"); the end is exclusive.

    Left out: from the first of the month, to today.
    """
    today = datetime.fromtimestamp(now // 1000, UTC).replace(hour=0, minute=0, second=0)
    start = _day("from", first) if first else today.replace(day=1)
    end = (_day("to", last) if last else today) + timedelta(days=1)
    length = (end - start).days
    if not 1 <= length <= MAX_DAYS:
        reason = f"1 to {MAX_DAYS} days, the first not after the last"
        raise Refusal("PARAMETERS_INVALID", f"A period has {reason}.", errors=[FieldError("from", reason)])
    return int(start.timestamp()) * 1000, int(end.timestamp()) * 1000


def _day(name: str, text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        reason = "a UTC day such as 2026-11-21"
        raise Refusal(
            "PARAMETERS_INVALID", f"{name} is {reason}.", errors=[FieldError(name, reason)]
        ) from None


def statement(acting: str, node_id: str, *, period: tuple[int, int]) -> tuple[Statement, View]:
    """The statement of a node over whole UTC days.

    Play is kept by day: of days that are over in one record each, of the others in the slices. Booking moves a day from
    one to the other, so the slices are read before and after the days, until nothing had moved.
    """
    owner = node_in(acting, node_id)
    start, end = period
    first, behind = rules.day_of(start), rules.day_of(end)
    for _ in range(STILL_READS):
        view = still_view(owner.id)
        played = store.booked_days(owner.id, first)
        again = fresh_view(owner.id)
        if view is not None and _same_days(view, again):
            break
    else:
        raise Refusal("SERVER_IS_BUSY", "This account is being tidied; repeat.", retry_after_s=1)
    for part in view.slices:
        for day, amount in part.days.items():
            played[day] = played.get(day, 0) + amount
    since = sum(amount for day, amount in played.items() if day >= first)
    within = sum(amount for day, amount in played.items() if first <= day < behind)
    answer = rules.statement(
        _last_entry(owner.id, start),
        _last_entry(owner.id, end),
        played_before=view.played - since,
        played_within=within,
        empty=dict.fromkeys(TOTALS, 0),
    )
    return answer, view


def _same_days(one: View, other: View) -> bool:
    return [sorted(part.days) for part in one.slices] == [sorted(part.days) for part in other.slices]


def _last_entry(node_id: str, before: int) -> Entry | None:
    return next(entry_store.entries(node_id, start=0, end=before, limit=1), None)


def transfer(acting: str, transfer_id: str) -> Transfer:
    """A transfer that the acting tenant asked for."""
    found = entry_store.read_transfer(acting, transfer_id) if len(transfer_id) <= 100 else None
    if found is None:
        raise Refusal("POINTS_TRANSFER_NOT_FOUND", "There is no such transfer of this tenant.")
    return found


def transfers(acting: str, *, pending: bool, before: str, limit: int) -> tuple[list[Transfer], str]:
    """Transfers that the acting tenant asked for, newest first, and where to go on ("" at the end)."""
    found = entry_store.transfers(acting, pending=pending, before=before, limit=limit + 1)
    return found[:limit], found[limit - 1].id if len(found) > limit else ""
