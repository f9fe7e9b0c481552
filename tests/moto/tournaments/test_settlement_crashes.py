"""Settlement dies before and after every one of its writes; whoever goes on ends with the same result and the same money."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pitboss.kernel.instants import format_instant
from pitboss.ledger import public as ledger
from pitboss.platform.aws import dynamodb
from pitboss.rounds import parts
from pitboss.rounds import public as rounds
from pitboss.tournaments import settlement, store

from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto

WRITES = ("transact_write_items", "put_item", "update_item", "delete_item", "batch_write_item")
PRIZES = {
    "lines": [
        {"rankFrom": 1, "shareBps": 6000},
        {"rankFrom": 2, "shareBps": 4000},
        {"rankFrom": 1, "rankTo": 2, "kind": "bonus", "amount": "2.00"},
    ]
}


class DeathError(BaseException):
    """The process is gone; nothing catches this."""


@contextmanager
def death_at(monkeypatch: pytest.MonkeyPatch, step: int) -> Iterator[list[int]]:
    """Die at the `step`-th moment around the table's writes: even ones before a write, odd ones after it."""
    client, moments = dynamodb(), [0]
    with monkeypatch.context() as patch:

        def dying(real: Any) -> Any:
            def call(**arguments: Any) -> Any:
                for after in (False, True):
                    moments[0] += 1
                    if moments[0] - 1 == step:
                        raise DeathError
                    if not after:
                        answer = real(**arguments)
                return answer

            return call

        for name in WRITES:
            patch.setattr(client, name, dying(getattr(client, name)))
        # A process that dies gives back no lease: the next one waits until it has run out.
        patch.setattr(store, "drop_lease", lambda *_: None)
        yield moments


def ended(casino: Hub, name: str) -> str:
    tid = casino.create(name=name, entry={"buyIn": "10.00", "rake": "1.00"}, guarantee="50.00", prizes=PRIZES)
    for player in ("ann", "bob", "cid"):
        assert casino.register(tid, player).status == 201
    casino.to(casino.now + HOUR)
    casino.send(*[(f"{name}-{n}", p, f"{n + 1}.00", "0") for n, p in enumerate(("ann", "bob", "cid"))])
    casino.to(casino.now + HOUR)
    casino.to(casino.now + 31 * SECOND)
    return tid


def outcome(casino: Hub, tid: str) -> tuple[Any, ...]:
    """Everything that a settlement is for: the result, what was paid, what the books hold, what the history says."""
    result = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    payouts = casino.ok("GET", "/payouts", query={"tournamentId": tid})["payouts"]
    told = casino.events(tid)
    return (
        result["versions"],
        tuple((w["userId"], w["position"], w["prizeAmount"]) for w in result["winners"]),
        tuple(sorted((p["playerId"], p["kind"], p["amount"], p["state"]) for p in payouts)),
        casino.balance(ledger.pool_account(tid)),
        casino.balance(ledger.payable_account(tid)),
        (told.count("result.published"), told.count("tournament.settled")),
    )


EXPECTED = (
    1,
    (("cid", 1, "32.00"), ("bob", 2, "22.00"), ("ann", 3, "0.00")),
    (
        ("bob", "bonus", "2.00", "confirmed"),
        ("bob", "cash", "20.00", "confirmed"),
        ("cid", "bonus", "2.00", "confirmed"),
        ("cid", "cash", "30.00", "confirmed"),
    ),
    0,
    0,
    (1, 1),
)


@pytest.mark.parametrize("half", [0, 1], ids=["before-a-write", "after-a-write"])
def test_death_at_any_write_of_settlement(casino: Hub, monkeypatch: pytest.MonkeyPatch, half: int) -> None:
    for step in range(half, 100, 2):
        tid = ended(casino, f"cup{step}")
        died = False
        with death_at(monkeypatch, step) as moments:
            try:
                settlement.settle(casino.tenant, tid, "first")
            except DeathError:
                died = True
        casino.now += settlement.LEASE_MS
        for _ in range(3):
            settlement.settle(casino.tenant, tid, f"next-{casino.now}")
            casino.money()
            casino.now += 31 * SECOND
        assert outcome(casino, tid) == EXPECTED, f"after a death at moment {step}"
        if not died:
            break
    assert not died, "the loop ended before settlement ran through"
    assert moments[0] >= 12
    casino.check_books()


def test_a_seat_judged_while_the_result_is_made_is_in_the_result(
    casino: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    tid = ended(casino, "raced")
    real, raced = settlement._compute, []

    def judged_meanwhile(*arguments: Any) -> Any:
        made = real(*arguments)
        if not raced:
            raced.append(True)
            out = casino.player("POST", tid, "disqualify", "cid", {"reason": "late find"})
            assert out.status == 200, out.body
        return made

    monkeypatch.setattr(settlement, "_compute", judged_meanwhile)
    casino.settle(tid)
    result = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    newest = [(w["userId"], w["position"]) for w in result["winners"]]
    assert newest == [("bob", 1), ("ann", 2), ("cid", None)]


@pytest.mark.parametrize(("timestamp", "points"), [("settled", 1), ("started", 2)])
def test_a_round_over_the_closing_bell_counts_only_by_its_start(
    casino: Hub, timestamp: str, points: int
) -> None:
    tid = casino.create(rules={"metric": "round_count", "timestamp": timestamp}, prizes=None)
    casino.register(tid, "ann")
    casino.to(casino.now + HOUR)
    casino.send(("inside", "ann", "1.00", "0"))
    end = casino.now + HOUR
    casino.to(end + 10 * SECOND)  # grace runs for 30 s
    message = {
        "roundId": "over",
        "status": "settled",
        "brandId": "aurora",
        "playerId": "ann",
        "gameId": "crash-classic",
        "currency": "EUR",
        "bet": "1.00",
        "win": "0",
        "startedAt": format_instant(end - 5 * SECOND),
        "settledAt": format_instant(end + 5 * SECOND),
    }
    casino.ok("POST", "/rounds", {"integrationId": "main", "rounds": [message]})
    casino.to(casino.now + 21 * SECOND)
    casino.settle(tid, passes=3)
    result = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    assert [w["finalScore"] for w in result["winners"]] == [points]


def test_rounds_after_the_result_change_nothing(casino: Hub) -> None:
    tid = ended(casino, "late")
    casino.settle(tid)
    before = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    casino.send(("too-late", "ann", "100.00", "0"), at=casino.now - HOUR)
    casino.ok("POST", "/tournaments/{id}/results/amend", {"reason": "check"}, id=tid)
    casino.settle(tid, passes=4)
    after = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    assert after["version"] == 2
    assert after["winners"] == before["winners"]
    assert after["segmentLogHash"] == before["segmentLogHash"]


def test_a_ranking_longer_than_the_lease_keeps_others_away(
    casino: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work of each page takes a while here; a second settler that is asked all the time finds it taken."""
    tid = ended(casino, "long")
    began, others = casino.now, []
    real = parts.Kept.part_of

    def slow(*arguments: Any) -> Any:
        casino.now += settlement.LEASE_MS - settlement.RENEW_MS
        others.append(settlement.settle(casino.tenant, tid, f"other-{casino.now}"))
        return real(*arguments)

    monkeypatch.setattr(parts.Kept, "part_of", slow)
    settlement.settle(casino.tenant, tid, "first")
    assert casino.now - began > settlement.LEASE_MS, "it took longer than one lease"
    assert others == [None] * len(others), "nobody else began"
    assert casino.status(tid) != "closing"


def test_every_part_of_the_closing_beats(casino: Hub) -> None:
    tid = ended(casino, "beating")
    casino.send(("late", "ann", "1.00", "0"))
    beats = {"catch_up": 0, "seal": 0, "final_ranking": 0}
    for name in beats:

        def beat(name: str = name) -> None:
            beats[name] += 1

        getattr(rounds, name)(casino.tenant, tid, beat)
    # One chunk of the inbox, one page.
    assert beats == {"catch_up": 1, "seal": 1, "final_ranking": 1}
