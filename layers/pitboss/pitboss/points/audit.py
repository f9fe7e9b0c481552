"""An audit of points: every sum that must hold, from the items themselves. Not a hot path."""

from collections.abc import Sequence

from pitboss.points import entry_store, reading, store
from pitboss.points.model import View


def tree(node_ids: Sequence[str]) -> list[str]:
    """What is wrong with the points of a whole tree (all its nodes); [] when all is right.

    Per account: what came in is there or was played; entries follow each other; days add up to what was played.
    Over the tree: what the nodes were given in sum is what the root minted less what it burned.
    """
    views = [reading.fresh_view(one) for one in node_ids]
    faults = [fault for view in views for fault in account(view)]
    minted = sum(view.main.totals["minted"] - view.main.totals["burned"] for view in views)
    funded = sum(view.main.funded for view in views)
    if funded != minted:
        faults.append(f"{funded} points were given and {minted} were minted")
    given = sum(view.main.totals["toChildren"] - view.main.totals["fromParent"] for view in views)
    back = sum(view.main.totals["toParent"] - view.main.totals["fromChildren"] for view in views)
    if given or back:
        faults.append(f"{given} points went down and {back} went up without arriving")
    return faults


def account(view: View) -> list[str]:
    """What is wrong with one account."""
    node_id, main = view.main.tenant_id, view.main
    faults = []
    allotted = sum(part.allot for part in view.slices)
    if main.funded != main.free + allotted:
        faults.append(f"{node_id}: funded {main.funded}, but {main.free} free and {allotted} in slices")
    played = sum(store.booked_days(node_id, "20000101").values())
    played += sum(amount for part in view.slices for amount in part.days.values())
    if played != view.played:
        faults.append(f"{node_id}: days add up to {played}, slices to {view.played}")
    totals = main.totals
    into = totals["minted"] + totals["fromParent"] + totals["fromChildren"]
    out = totals["burned"] + totals["toParent"] + totals["toChildren"]
    if main.funded != into - out:
        faults.append(f"{node_id}: funded {main.funded}, but {into} came in and {out} went out")
    return faults + _entry_faults(view)


def _entry_faults(view: View) -> list[str]:
    node_id, faults = view.main.tenant_id, []
    running, seq = 0, 0
    found = list(entry_store.entries(node_id, start=0, end=reading.END_OF_TIME))
    for entry in reversed(found):
        if (entry.before, entry.seq) != (running, seq + 1) or entry.after != entry.before + entry.amount:
            faults.append(f"{node_id}: entry {entry.seq} does not follow the one before it")
        running, seq = entry.after, entry.seq
    if running != view.main.funded or seq != view.main.seq:
        faults.append(f"{node_id}: {seq} entries end at {running}, the account at {view.main.funded}")
    return faults
