"""A tournament from creation to settlement through its routes, with real rounds, result, proof and payouts."""

from decimal import Decimal
from typing import Any

import pytest
from pitboss.kernel.canonical import digest
from pitboss.ledger import public as ledger
from pitboss.rounds import public as boards
from pitboss.tournaments import merkle

from tests.money_world import demo_get
from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto

FIXED = {"lines": [{"rankFrom": 1, "amount": "50.00"}, {"rankFrom": 2, "rankTo": 3, "amount": "10.00"}]}


def test_the_founding_example_unchanged(hub: Hub) -> None:
    body = {
        "name": "Daily Championship",
        "startTime": "2024-01-15T20:00:00Z",
        "gameSlug": "crash-classic",
        "maxPlayers": 100,
        "entryFee": 10.00,
    }
    made = hub("POST", "/tournaments", body)
    assert made.status == 201, made.body
    assert made.body["status"] == "registration"
    assert made.body["entryFee"] == "10.00"
    assert len(made.body["warnings"]) == 1
    tid = made.body["tournamentId"]
    who = {"userId": "player_123", "displayName": "PlayerName", "buyInAmount": 10.00, "brandId": "aurora"}
    first = hub("POST", "/tournaments/{id}/players", who, id=tid)
    assert first.status == 201, first.body
    assert first.body["status"] == "active"
    assert first.body["token"].count(".") == 2
    again = hub("POST", "/tournaments/{id}/players", who, id=tid)
    assert again.status == 200
    assert again.body["entryId"] == first.body["entryId"] == first.body["playerId"]
    seen = hub.ok("GET", "/tournaments/{id}", id=tid)
    assert (seen["playerCount"], seen["seatsTaken"]) == (1, 1)
    # The player's own token opens its tournament and nothing else.
    assert hub("GET", "/tournaments/{id}/status", id=tid, token=first.body["token"]).status == 200
    assert hub("GET", "/tournaments/{id}/players", id=tid, token=first.body["token"]).status == 403


def test_a_freeroll_from_registration_to_settled(casino: Hub) -> None:
    tid = casino.create(rules={"metric": "total_won"}, prizes=FIXED)
    for player in ("ann", "bob", "cid", "dan"):
        assert casino.register(tid, player).status == 201
    casino.to(casino.now + HOUR)
    assert casino.status(tid) == "running"
    casino.send(("r1", "ann", "1.00", "5.00"), ("r2", "bob", "1.00", "9.00"), ("r3", "cid", "1.00", "2.00"))
    casino.send(("r1", "ann", "1.00", "5.00"))  # sent again
    casino.now += 60 * SECOND
    casino.send(("r4", "ann", "1.00", "7.00"))
    assert casino.refused("GET", "/tournaments/{id}/results", id=tid)["name"] == "RESULT_NOT_READY"
    casino.to(casino.now + HOUR)
    assert casino.status(tid) == "closing"
    casino.to(casino.now + 31 * SECOND)
    assert casino.settle(tid) == "settled"

    result = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    assert [(w["position"], w["userId"], w["finalScore"], w["prizeAmount"]) for w in result["winners"]] == [
        (1, "ann", 1200, "50.00"),
        (2, "bob", 900, "10.00"),
        (3, "cid", 200, "10.00"),
        (None, "dan", 0, "0.00"),
    ]
    assert result["finality"] == "final"
    payouts = casino.ok("GET", "/payouts", query={"tournamentId": tid})["payouts"]
    assert sorted(p["amount"] for p in payouts) == ["10.00", "10.00", "50.00"]
    assert {p["state"] for p in payouts} == {"confirmed"}
    wallet = demo_get(
        "/demo-operator/players/{brand}/{player}", {"tenantId": casino.tenant}, brand="aurora", player="ann"
    )
    assert wallet["wallets"][0]["balance"] == "1050.00"
    casino.check_books()
    assert casino.house("overlay") == -7000
    assert casino.house("cash") == 7000
    assert casino.balance(ledger.pool_account(tid)) == casino.balance(ledger.payable_account(tid)) == 0
    told = casino.events(tid)
    assert told[0:3] == ["tournament.created", "tournament.published", "tournament.registration_opened"]
    assert [e for e in told if e.startswith(("tournament.", "result."))][3:] == [
        "tournament.started",
        "tournament.closing",
        "tournament.provisional",
        "result.published",
        "tournament.finalised",
        "tournament.paying",
        "tournament.settled",
    ]


def test_proof_and_receipts_can_be_checked_by_anyone(casino: Hub) -> None:
    tid = casino.create(prizes=FIXED)
    for n in range(5):
        casino.register(tid, f"p{n}", brand="aurora" if n % 2 else "borealis")
    casino.to(casino.now + HOUR)
    for n in range(5):
        casino.send((f"r{n}", f"p{n}", f"{n + 1}.00", "0.00"), brand="aurora" if n % 2 else "borealis")
    casino.to(casino.now + HOUR)
    casino.to(casino.now + 31 * SECOND)
    casino.settle(tid)
    proof = casino.ok("GET", "/tournaments/{id}/results/proof", id=tid)
    header = proof["header"]
    assert digest({k: v for k, v in header.items() if k != "resultHash"}) == proof["resultHash"]
    for n in range(5):
        receipt = casino.ok("GET", "/tournaments/{id}/results/proof/{player}", id=tid, player=f"p{n}")
        assert receipt["row"]["playerId"] == f"p{n}"
        assert merkle.climb(receipt["row"], receipt["path"]) == header["rowsRoot"]
    other = {**receipt["row"], "score": receipt["row"]["score"] + 1}
    assert merkle.climb(other, receipt["path"]) != header["rowsRoot"]


def test_a_result_waits_for_approval_where_the_operator_wants_it(casino: Hub) -> None:
    tid = casino.create(prizes=FIXED, approval="manual")
    casino.register(tid, "ann")
    casino.to(casino.now + HOUR)
    casino.send(("r1", "ann", "1.00", "0.00"))
    casino.to(casino.now + HOUR + 31 * SECOND)
    assert casino.settle(tid, passes=4) == "review"
    result = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    assert result["finality"] == "provisional"
    assert casino.ok("GET", "/payouts", query={"tournamentId": tid})["payouts"] == []
    assert casino.ok("POST", "/tournaments/{id}/approve", id=tid)["status"] == "final"
    assert casino.settle(tid, passes=4) == "settled"
    # Approving again answers the same and pays nothing twice.
    assert casino.ok("POST", "/tournaments/{id}/approve", id=tid)["status"] == "settled"
    assert len(casino.ok("GET", "/payouts", query={"tournamentId": tid})["payouts"]) == 1
    assert casino.ok("GET", "/tournaments/{id}/results", id=tid)["resultHash"] == result["resultHash"]


def test_disqualifying_the_winner_after_settlement_makes_version_two(casino: Hub) -> None:
    tid = casino.create(prizes=FIXED)
    for player in ("ann", "bob", "cid", "dan"):
        casino.register(tid, player)
    casino.to(casino.now + HOUR)
    casino.send(*[(f"r{n}", p, f"{9 - n}.00", "0") for n, p in enumerate(("ann", "bob", "cid", "dan"))])
    casino.to(casino.now + HOUR + 31 * SECOND)
    assert casino.settle(tid) == "settled"
    first = casino.ok("GET", "/tournaments/{id}/results", id=tid)

    out = casino.player("POST", tid, "disqualify", "ann", {"reason": "multiple accounts"})
    assert out.status == 200, out.body
    assert out.body["status"] == "disqualified"
    assert casino.settle(tid) == "settled"
    second = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    assert second["version"] == 2
    assert second["previousHash"] == first["resultHash"]
    assert [(w["position"], w["userId"], w["prizeAmount"]) for w in second["winners"]] == [
        (1, "bob", "50.00"),
        (2, "cid", "10.00"),
        (3, "dan", "10.00"),
        (None, "ann", "0.00"),
    ]
    # Version 1 stands beside it, readable and provable.
    kept = casino.ok("GET", "/tournaments/{id}/results", id=tid, query={"version": "1"})
    assert {k: v for k, v in kept.items() if k not in ("status", "versions")} == {
        k: v for k, v in first.items() if k not in ("status", "versions")
    }
    payouts = casino.ok("GET", "/payouts", query={"tournamentId": tid})["payouts"]
    by_amount = sorted((p["playerId"], p["amount"], p["state"]) for p in payouts)
    assert by_amount == [
        ("ann", "-50.00", "manual"),
        ("ann", "50.00", "confirmed"),
        ("bob", "10.00", "confirmed"),
        ("bob", "40.00", "confirmed"),
        ("cid", "10.00", "confirmed"),
        ("dan", "10.00", "confirmed"),
    ]
    casino.check_books()
    assert casino.house("clawback") == -5000
    # Doing it again is no third version.
    casino.player("POST", tid, "disqualify", "ann", {"reason": "multiple accounts"})
    assert casino.settle(tid, passes=2) == "settled"
    assert casino.ok("GET", "/tournaments/{id}/results", id=tid)["version"] == 2


def test_a_day_later_the_scorer_forgets_but_a_result_can_still_be_amended(casino: Hub) -> None:
    from pitboss.rounds.public import live_tournaments

    tid = casino.create(prizes=FIXED)
    for player in ("ann", "bob"):
        casino.register(tid, player)
    casino.to(casino.now + HOUR)
    casino.send(("r1", "ann", "2.00", "0"), ("r2", "bob", "1.00", "0"))
    casino.to(casino.now + HOUR + 31 * SECOND)
    assert casino.settle(tid) == "settled"
    assert [live.status for live in live_tournaments(casino.tenant)] == ["settled"]
    casino.rank()
    casino.to(casino.now + 25 * HOUR)
    casino.settle(tid, passes=2)
    assert live_tournaments(casino.tenant) == []
    board = casino.ok("GET", "/tournaments/{id}/leaderboard", id=tid)
    assert [(row["playerId"], row["rank"]) for row in board["leaderboard"]] == [("ann", 1), ("bob", 2)]
    assert (board["status"], board["finality"]) == ("settled", "final")
    casino.ok("POST", "/tournaments/{id}/results/amend", {"reason": "audit"}, id=tid)
    assert casino.settle(tid) == "settled"
    again = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    assert again["version"] == 2
    assert [w["userId"] for w in again["winners"]] == ["ann", "bob"]


def test_pause_keeps_rounds_out_and_finish_ends_early(casino: Hub) -> None:
    tid = casino.create(rules={"metric": "round_count"}, prizes=FIXED)
    casino.register(tid, "ann")
    casino.to(casino.now + HOUR)
    casino.send(("r1", "ann", "1.00", "0"))
    casino.now += SECOND
    paused = casino.ok("POST", "/tournaments/{id}/pause", {"reason": "fault"}, id=tid)
    assert casino.ok("POST", "/tournaments/{id}/pause", {}, id=tid)["version"] == paused["version"]
    assert casino.register(tid, "bob").name == "REGISTRATION_CLOSED"
    casino.now += SECOND
    casino.send(("r2", "ann", "1.00", "0"))
    casino.now += SECOND
    casino.ok("POST", "/tournaments/{id}/resume", {}, id=tid)
    casino.now += SECOND
    casino.send(("r3", "ann", "1.00", "0"))
    casino.now += SECOND
    ended = casino.ok("POST", "/tournaments/{id}/finish", {"reason": "enough"}, id=tid)
    assert ended["status"] == "closing"
    casino.send(("r4", "ann", "1.00", "0"))
    casino.to(casino.now + 31 * SECOND)
    assert casino.settle(tid) == "settled"
    winner = casino.ok("GET", "/tournaments/{id}/results", id=tid)["winners"][0]
    assert winner["finalScore"] == 2
    assert casino.ok("POST", "/tournaments/{id}/finish", {}, id=tid)["status"] == "settled"


def test_the_preview_of_a_prize_is_what_the_result_then_pays(casino: Hub) -> None:
    tid = casino.create(
        rules={"metric": "total_won"},
        prizes={"lines": [{"rankFrom": 1, "shareBps": 6000}, {"rankFrom": 2, "shareBps": 4000}]},
        guarantee="100.01",
    )
    for player in ("ann", "bob", "cid", "dan"):
        assert casino.register(tid, player).status == 201
    casino.to(casino.now + HOUR)
    wins = {"ann": "9.00", "bob": "5.00", "cid": "5.00", "dan": "1.00"}
    # Two reach the second place's score in the same moment: they tie across the last paid place.
    casino.send(*((f"r-{player}", player, "1.00", win) for player, win in wins.items()))
    boards.rank_now(casino.tenant, tid)

    def preview(player: str) -> Any:
        return casino.ok(
            "GET", "/tournaments/{id}/players/{player}", id=tid, player=player, query={"brandId": "aurora"}
        )["prizePreview"]

    seen = {player: preview(player) for player in wins}
    assert seen["dan"] == {"currency": "EUR", "prizeAmount": "0.00", "prizes": []}
    assert seen["ann"]["prizes"] == [{"kind": "cash", "amount": seen["ann"]["prizeAmount"]}]
    casino.to(casino.now + HOUR)
    casino.to(casino.now + 31 * SECOND)
    assert casino.settle(tid) == "settled"
    result = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    paid = {winner["userId"]: winner["prizeAmount"] for winner in result["winners"]}
    assert {player: shown["prizeAmount"] for player, shown in seen.items()} == paid
    assert sum(Decimal(amount) for amount in paid.values()) == Decimal("100.01")


def test_a_standing_shows_its_prize_after_the_pool_was_paid_out(casino: Hub) -> None:
    tid = casino.create(
        rules={"metric": "total_won"},
        prizes={"lines": [{"rankFrom": 1, "shareBps": 6000}, {"rankFrom": 2, "shareBps": 4000}]},
        entry={"buyIn": "10.00", "rake": "1.00"},
    )
    for player in ("ann", "bob", "cid"):
        assert casino.register(tid, player).status == 201
    casino.to(casino.now + HOUR)
    casino.send(("r1", "ann", "1.00", "9.00"), ("r2", "bob", "1.00", "5.00"), ("r3", "cid", "1.00", "1.00"))
    casino.to(casino.now + HOUR + 31 * SECOND)
    assert casino.settle(tid) == "settled"
    boards.rank_now(casino.tenant, tid)
    result = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    path, brand = "/tournaments/{id}/players/{player}", {"brandId": "aurora"}
    shown = {
        winner["userId"]: casino.ok("GET", path, id=tid, player=winner["userId"], query=brand)["prizePreview"]
        for winner in result["winners"]
    }
    assert {player: prize["prizeAmount"] for player, prize in shown.items()} == {
        "ann": "18.00",
        "bob": "12.00",
        "cid": "0.00",
    }
    assert {w["userId"]: w["prizeAmount"] for w in result["winners"]} == {
        player: prize["prizeAmount"] for player, prize in shown.items()
    }


def test_a_round_beyond_the_limit_is_not_called_counted(casino: Hub) -> None:
    tid = casino.create(rules={"metric": "round_count", "firstN": 1})
    casino.register(tid, "ann")
    casino.to(casino.now + HOUR)
    casino.send(("r1", "ann", "1.00", "0"))
    casino.now += SECOND
    casino.send(("r2", "ann", "1.00", "0"))
    path, brand = "/tournaments/{id}/players/{player}/rounds", {"brandId": "aurora"}
    rows = casino.ok("GET", path, id=tid, player="ann", query=brand)["rounds"]
    assert [(r["roundId"], r["counted"], r["reason"]) for r in rows] == [
        ("r1", True, "counted"),
        ("r2", False, "over_round_limit"),
    ]
