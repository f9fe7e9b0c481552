"""A full board with real money, in parallel: every seat has one confirmed debit, every other caller a definite no."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from pitboss.kernel.instants import format_instant

from devtools.client import ApiRefusal, Hub
from tests.e2e.conftest import now_ms, poll

pytestmark = pytest.mark.stack


def test_two_hundred_buy_ins_on_a_hundred_seats(hub: Hub) -> None:
    body = {
        "name": "Paid race",
        "startTime": format_instant(now_ms() + 900_000),
        "gameSlug": "crash-classic",
        "maxPlayers": 100,
        "brands": ["aurora"],
        "entry": {"buyIn": "10.00", "rake": "1.00"},
    }
    tid = hub("POST", "/tournaments", body)["tournamentId"]

    def enter(number: int) -> str:
        player = {"userId": f"paid-{number}", "displayName": f"P{number}", "buyInAmount": "11.00"}
        try:
            return str(hub("POST", f"/tournaments/{tid}/players", player)["status"])
        except ApiRefusal as refusal:
            return refusal.name

    with ThreadPoolExecutor(16) as pool:
        seen = Counter(pool.map(enter, range(200)))
    assert sum(seen.values()) == 200
    assert seen["TOURNAMENT_FULL"] == 100, seen
    assert seen["active"] + seen["pending_payment"] == 100, seen

    # Whoever was left pending by a slow answer is brought to its end without anybody asking.
    status = poll(
        lambda: hub("GET", f"/tournaments/{tid}/status"), lambda s: s["playerCount"] == 100, within_s=150
    )
    assert (status["entryCount"], status["seatsLeft"]) == (100, 0)
    states: Counter[str] = Counter()
    cursor = None
    while True:
        page = hub("GET", "/debits", tournamentId=tid, cursor=cursor, limit=100)
        states.update(row["state"] for row in page["debits"])
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert states == {"confirmed": 100}
    pool_ = hub("GET", f"/tournaments/{tid}/prize-pool")
    assert (pool_["collected"], pool_["rake"]) == ("1000.00", "100.00")
