"""What the stream has lost is made anew from the ledger, also while it moves."""

from typing import Any

import pytest
from pitboss.reports import mending
from pitboss.reports.feed import Change, project
from pitboss.reports.mending import mend
from pitboss.reports.public import books

from tests.reports_world import DAY, Ledger
from tests.tenancy_world import made

pytestmark = pytest.mark.moto
PERIOD = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "limit": "500"}


def sent(*_: Any) -> int:
    return 0


def picture(ledger: Ledger) -> tuple[Any, Any]:
    rows = made(ledger.client("GET", "/history", query=PERIOD))["transactions"]
    days = {"from": "2026-01-01", "to": "2026-01-01", "groupBy": "game"}
    return rows, made(ledger.client("GET", "/statistics", query=days))["rows"]


def play(ledger: Ledger) -> None:
    ledger.wallet("u-1", version=1)
    for n in range(12):
        ledger.tx("bet", f"b{n}", 100 + n, DAY + n * 700, f"u-{n % 3 + 1}")
        if n % 3 == 0:
            ledger.round(f"r{n}", 100 + n, 0, DAY + n * 700)


def test_history_is_the_same_whether_streamed_or_mended(ledger: Ledger) -> None:
    play(ledger)
    assert mend(sent)["mended"] == 16
    whole = picture(ledger)
    assert len(whole[0]) == 12
    assert mend(sent) == {"read": 17, "mended": 0}
    ledger.flow()  # the stream after all: its numbers are higher, its rows the same
    assert picture(ledger) == whole
    assert books(ledger.tenant_id).wallets == 1


def test_a_lost_change_is_mended_and_what_comes_later_is_newer(ledger: Ledger) -> None:
    play(ledger)
    ledger.flow()
    ledger.tx("bet", "b1", 101, DAY + 700, "u-2", state="ROLLED_BACK")
    ledger.pending.clear()  # never delivered
    assert mend(sent)["mended"] == 1
    state = {row["transactionId"]: row["state"] for row in picture(ledger)[0]}
    assert state["b1"] == "ROLLED_BACK"
    ledger.seq += 10  # numbers of a stream are far apart
    ledger.tx("bet", "b1", 101, DAY + 700, "u-2", state="DONE")
    ledger.flow()
    assert {row["transactionId"]: row["state"] for row in picture(ledger)[0]}["b1"] == "DONE"


def test_what_moves_while_it_is_mended_ends_as_the_ledger(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(ledger)
    ledger.flow()
    moved: list[str] = []

    def meddling(changes: Any, *rest: Any, **more: Any) -> Any:
        if not moved:  # between the reading of the ledger and this, the stream carries on something newer
            moved.append("once")
            ledger.seq += 10
            ledger.tx("bet", "b4", 104, DAY + 4 * 700, "u-2", state="ROLLED_BACK")
            newest = ledger.pending[-1]
            project([Change(newest.new, newest.seq)], sent, DAY)
        return project(changes, *rest, **more)

    monkeypatch.setattr(mending, "project", meddling)
    mend(sent)
    assert {row["transactionId"]: row["state"] for row in picture(ledger)[0]}["b4"] == "ROLLED_BACK"
    ledger.flow()
    assert {row["transactionId"]: row["state"] for row in picture(ledger)[0]}["b4"] == "ROLLED_BACK"


def test_segments_together_are_the_whole(ledger: Ledger) -> None:
    play(ledger)
    told = [mend(sent, segment=n, segments=3) for n in range(3)]
    assert sum(t["read"] for t in told) == 17
    assert sum(t["mended"] for t in told) == 16
