"""What settlement does before the seal: it folds what the scorer never saw, and reads what it saw once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pitboss.kernel.ids import ulid
from pitboss.kernel.instants import format_instant
from pitboss.platform.aws import dynamodb
from pitboss.rounds import catching_up, store
from pitboss.rounds.public import catch_up, seal

from tests.tournament_world import GAMES, HOUR, Hub

pytestmark = pytest.mark.moto
MINUTE = 60_000


def quietly() -> None:
    """Nobody waits for the work of a test."""


def acknowledge(hub: Hub, round_id: str, player: str = "ann", **more: Any) -> None:
    """A round in the inbox that no scorer has looked at; each is received a moment later than the one before."""
    hub.now += 1
    row = {**hub.message(round_id, player, "1.00", "2.00"), **more}
    answer = hub.ok("POST", "/rounds", {"integrationId": "main", "rounds": [row]})
    assert answer["counts"]["accepted"] == 1


@contextmanager
def calls() -> Iterator[Counter[str]]:
    """Calls of DynamoDB by name, and of what their answers held segments and batches by "SEG", "IN"."""
    seen: Counter[str] = Counter()

    def after(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        seen[model.name] += 1
        for item in parsed.get("Items", ()):
            seen[item["sk"]["S"].split("#")[0] if "#" in item["sk"]["S"] else "IN"] += 1

    events = dynamodb().meta.events
    events.register("after-call.dynamodb", after)
    try:
        yield seen
    finally:
        events.unregister("after-call.dynamodb", after)


def test_an_hour_that_was_scored_is_read_once_and_not_folded_again(hub: Hub, running: str) -> None:
    """It used to be folded anew, forty batches at a time, and each time the log was read back to their minute."""
    flushes = 50
    for n in range(flushes):
        hub.send((f"r{n}", "ann", "1.00", "2.00"), (f"s{n}", "stranger", "1.00", "2.00"))
        hub.to(hub.now + MINUTE)
    with calls() as seen:
        catch_up(hub.tenant, running, quietly)
    assert flushes - 2 <= seen["IN"] <= flushes  # the closing hour reaches to the end of grace
    assert flushes - 2 <= seen["SEG"] <= flushes + 10
    assert not seen["PutItem"]
    assert not seen["BatchGetItem"], "no page is read for batches that the log answers"


def test_what_no_scorer_saw_is_folded_and_nothing_twice(hub: Hub, running: str) -> None:
    settled_at = format_instant(hub.now)
    hub.send(("seen", "ann", "1.00", "2.00"), ("corrected", "bob", "1.00", "2.00"))
    hub.to(hub.now + MINUTE)
    scored = hub.scored
    acknowledge(hub, "lost")
    acknowledge(hub, "corrected", "bob", status="amended", bet="5.00")
    acknowledge(
        hub, "seen", win="900.00", settledAt=settled_at
    )  # a contradiction that nobody has seen either
    hub.to(hub.now + MINUTE)
    acknowledge(hub, "rolled", "cid", status="rolled_back")
    acknowledge(hub, "rolled", "cid")
    acknowledge(hub, "seen", settledAt=settled_at)
    assert hub.scored == scored
    first = catching_up.catch_up(hub.tenant, running, ["main", "nobody's"])
    # The tombstone of "rolled" does not count; its round is booked as rolled back.
    assert first == {"counted": 3, "not_counted": 1, "conflicts": 1}
    with calls() as seen:
        assert not catching_up.catch_up(hub.tenant, running, ["main"])
    assert not seen["BatchGetItem"], "what contradicts is on the list, and is not looked at again"
    why = hub.player("GET", running, "rounds", "ann")
    assert [(r["roundId"], r["points"]) for r in why.body["rounds"]] == [("seen", "1.00"), ("lost", "1.00")]
    assert [c["win"] for c in why.body["conflicts"]] == ["900.00"]
    assert [r["points"] for r in hub.player("GET", running, "rounds", "bob").body["rounds"]] == ["5.00"]
    assert seal(hub.tenant, running, quietly)


def test_a_batch_that_cannot_be_read_is_named(hub: Hub, running: str) -> None:
    """It holds up the result, and whoever looks into it must know where to look."""
    hub.to(hub.now + 5 * MINUTE)
    hub.send(("seen", "ann", "1.00", "2.00"))
    (good,) = store.inbox_since(hub.tenant, "main", "0")
    batch_id = ulid(hub.now, b"0123456789")
    store.put_batch(good._replace(batch_id=batch_id, data=b"poison"))
    with pytest.raises(catching_up.BatchUnreadableError, match=f"{batch_id} of main"):
        catch_up(hub.tenant, running, quietly)


def test_a_log_longer_than_is_held_costs_reading_and_nothing_else(
    hub: Hub, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "MOST_RECORDS", 3)
    for n in range(12):
        hub.send((f"r{n}", "ann", "1.00", "2.00"), (f"b{n}", "bob", "1.00", "2.00"))
        hub.to(hub.now + MINUTE)
    acknowledge(hub, "lost")
    for late in range(4):  # scored long after they were received
        acknowledge(hub, f"late{late}", "bob")
    hub.to(hub.now + 5 * MINUTE)
    hub.send(("last", "bob", "1.00", "2.00"))
    acknowledge(hub, "newest")
    assert catching_up.catch_up(hub.tenant, running, ["main"])["counted"] == 1
    rounds = hub.player("GET", running, "rounds", "ann").body["rounds"]
    assert len(rounds) == 14
    assert len(hub.player("GET", running, "rounds", "bob").body["rounds"]) == 17


def test_a_message_concerns_the_tournaments_of_the_game_it_names(hub: Hub) -> None:
    """A round is moved to another game by a rollback under its own and a further revision under the other."""
    first, second = (hub.create(games=[game], rules={"metric": "total_wagered"}) for game in GAMES[:2])
    for tid in (first, second):
        assert hub.register(tid, "ann").status < 300
    hub.to(hub.now + HOUR + 5 * MINUTE)  # the closing hour ends with the grace

    def points() -> list[list[str]]:
        """In the one tournament and in the other, all that was acknowledged being folded."""
        out = []
        for tid in (first, second):
            catch_up(hub.tenant, tid, quietly)
            rows = hub.player("GET", tid, "rounds", "ann").body["rounds"]
            out.append([r["points"] for r in rows if r["counted"]])
        return out

    at = format_instant(hub.now)
    acknowledge(hub, "r", settledAt=at)
    acknowledge(hub, "r", settledAt=at, gameId=GAMES[1], status="amended", bet="3.00")
    assert points() == [["1.00"], ["3.00"]]
    acknowledge(hub, "r", settledAt=at, status="rolled_back", revision=2)
    acknowledge(hub, "r", settledAt=at, gameId=GAMES[1], status="amended", revision=3, bet="4.00")
    assert points() == [[], ["4.00"]]


def test_a_short_tournament_has_rounds_from_before_its_start(hub: Hub) -> None:
    """A casino whose clock is minutes ahead sends a round of the first minute before ours has struck the hour."""
    start = hub.now + HOUR
    tid = hub.create(startTime=format_instant(start), endTime=format_instant(start + 20 * MINUTE))
    assert hub.register(tid, "ann").status < 300
    hub.to(start - 3 * MINUTE)
    acknowledge(hub, "early", settledAt=format_instant(start + MINUTE))
    hub.to(start + 20 * MINUTE + 31_000)
    assert hub.settle(tid) == "settled"
    (winner,) = hub.ok("GET", "/tournaments/{id}/results", id=tid)["winners"]
    assert (winner["userId"], winner["score"]) == ("ann", "1.00")
