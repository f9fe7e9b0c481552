"""The routes around a tournament's life: changes, lists, cursors, seats, repeats, isolation, what-if."""

import json
from typing import Any

import pytest
from pitboss.kernel.instants import format_instant
from pitboss.platform.aws import scheduler
from pitboss.tournaments import clock as tournament_clock
from pitboss.tournaments import service, store

from tests.tenancy_world import Client, operator
from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto


def test_seats_are_exact_and_the_rest_is_told_at_once(hub: Hub) -> None:
    tid = hub.create(maxPlayers=10)
    replies = [hub.register(tid, f"p{n}") for n in range(12)]
    assert [r.status for r in replies] == [201] * 10 + [409] * 2
    assert {r.name for r in replies[10:]} == {"TOURNAMENT_FULL"}
    assert hub.register(tid, "p3").status == 200
    status = hub.ok("GET", "/tournaments/{id}/status", id=tid)
    assert (status["playerCount"], status["seatsLeft"], status["registrationOpen"]) == (10, 0, False)


def test_a_race_for_the_last_seat_has_one_winner(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    tid = hub.create(maxPlayers=1)
    real, raced = store.transact, []

    def overtaken(ops: Any) -> None:
        if not raced:
            raced.append(True)
            assert hub.register(tid, "fast").status == 201
        real(ops)

    monkeypatch.setattr(store, "transact", overtaken)
    assert hub.register(tid, "slow").name == "TOURNAMENT_FULL"
    assert hub.ok("GET", "/tournaments/{id}", id=tid)["seatsTaken"] == 1


def test_a_limit_set_during_a_registration_holds(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    tid = hub.create()
    assert hub.register(tid, "first").status == 201
    version = hub.ok("GET", "/tournaments/{id}", id=tid)["version"]
    real, raced = store.transact, []

    def overtaken(ops: Any) -> None:
        if not raced:
            raced.append(True)
            hub.ok("PUT", "/tournaments/{id}", {"version": version, "maxPlayers": 1}, id=tid)
        real(ops)

    monkeypatch.setattr(store, "transact", overtaken)
    assert hub.register(tid, "second").name == "TOURNAMENT_FULL"
    assert hub.ok("GET", "/tournaments/{id}", id=tid)["seatsTaken"] == 1


def test_registration_that_is_open_cannot_open_later(hub: Hub) -> None:
    tid = hub.create()
    version = hub.ok("GET", "/tournaments/{id}", id=tid)["version"]
    later = {"version": version, "registrationOpensAt": format_instant(hub.now + HOUR // 2)}
    refused = hub.refused("PUT", "/tournaments/{id}", later, id=tid)
    assert [e["field"] for e in refused["errors"]] == ["registrationOpensAt"]
    # Before it opens it can be moved, and then it is open when it says so.
    tid = hub.create(registrationOpensAt=format_instant(hub.now + 10 * SECOND))
    hub.ok("PUT", "/tournaments/{id}", {**later, "version": version - 1}, id=tid)
    hub.now += 60 * SECOND
    assert hub.register(tid, "ann").name == "REGISTRATION_CLOSED"
    hub.now += HOUR // 2
    assert hub.register(tid, "ann").status == 201


def test_brands_tell_players_apart(hub: Hub) -> None:
    tid = hub.create()
    body = {"userId": "ann", "displayName": "Ann"}
    missing = hub.refused("POST", "/tournaments/{id}/players", body, id=tid)
    assert [e["field"] for e in missing["errors"]] == ["brandId"]
    assert hub.register(tid, "ann", brand="nowhere").name == "NOT_ELIGIBLE"
    for brand in ("aurora", "borealis"):
        assert hub.register(tid, "ann", brand=brand).status == 201
    reason = {"reason": "cheat"}
    unclear = hub.player("POST", tid, "disqualify", "ann", reason, query=None)
    assert (unclear.status, unclear.name, unclear.body["brands"]) == (
        409,
        "AMBIGUOUS_PLAYER",
        ["aurora", "borealis"],
    )
    assert hub.player("POST", tid, "disqualify", "ann", reason).body["brandId"] == "aurora"
    back = hub.player("POST", tid, "reinstate", "ann", reason)
    assert (back.body["status"], back.body["reason"]) == ("active", None)
    assert hub.player("POST", tid, "disqualify", "zoe", reason).name == "NOT_REGISTERED"
    joined = hub.ok("GET", "/players/{id}/tournaments", id="ann")["tournaments"]
    assert sorted(row["entry"]["brandId"] for row in joined) == ["aurora", "borealis"]


def test_a_draft_is_changed_published_once_and_then_fixed(hub: Hub) -> None:
    tid = hub.create(draft=True, gameSlug="crash-classic", games=None)
    draft = hub.ok("GET", "/tournaments/{id}", id=tid)
    assert (draft["status"], draft["ruleSetHash"]) == ("draft", None)
    assert hub.register(tid, "ann").name == "REGISTRATION_CLOSED"
    change = {"version": 1, "rules": {"metric": "round_count"}, "maxPlayers": 5}
    assert hub.ok("PUT", "/tournaments/{id}", change, id=tid)["rules"]["scoring"] == {"metric": "round_count"}
    stale = hub.refused("PUT", "/tournaments/{id}", {"version": 1, "name": "Other"}, id=tid)
    assert (stale["name"], stale["version"]) == ("VERSION_CONFLICT", 2)
    done = hub.ok("POST", "/tournaments/{id}/publish", {}, id=tid)
    assert done["status"] == "registration"
    assert len(done["ruleSetHash"]) == 64
    assert hub.ok("POST", "/tournaments/{id}/publish", {}, id=tid)["version"] == done["version"]
    fixed = hub.refused(
        "PUT",
        "/tournaments/{id}",
        {"version": done["version"], "rules": {"metric": "total_won"}, "guarantee": "5"},
        id=tid,
    )
    assert fixed["name"] == "RULES_IMMUTABLE"
    assert {e["field"] for e in fixed["errors"]} >= {"rules", "guarantee"}
    renamed = hub.ok(
        "PUT",
        "/tournaments/{id}",
        {"version": done["version"], "name": "Late name", "endTime": format_instant(hub.now + 3 * HOUR)},
        id=tid,
    )
    assert (renamed["name"], renamed["ruleSetHash"]) == ("Late name", done["ruleSetHash"])
    assert renamed["endTime"] == renamed["lateRegistrationUntil"] == format_instant(hub.now + 3 * HOUR)
    for n in range(3):
        hub.register(tid, f"p{n}")
    small = hub.refused("PUT", "/tournaments/{id}", {"version": renamed["version"], "maxPlayers": 2}, id=tid)
    assert [e["field"] for e in small["errors"]] == ["maxPlayers"]


def test_cancelling_is_for_before_the_start(hub: Hub) -> None:
    tid = hub.create()
    gone = hub.ok("DELETE", "/tournaments/{id}", id=tid)
    assert gone["status"] == "cancelled"
    assert hub.ok("DELETE", "/tournaments/{id}", id=tid)["version"] == gone["version"]
    other = hub.create()
    hub.to(hub.now + HOUR)
    assert hub.refused("DELETE", "/tournaments/{id}", id=other)["allowedIn"] == [
        "draft",
        "scheduled",
        "registration",
    ]


def test_a_game_of_the_list_needs_no_weight(hub: Hub) -> None:
    rows = [{"gameSlug": "crash-classic"}, {"gameSlug": "lucky-sevens", "weightBps": 15_000}]
    tid = hub.create(games=rows)
    games = hub.ok("GET", "/tournaments/{id}", id=tid)["rules"]["eligibility"]["games"]
    assert games == {"include": ["crash-classic", "lucky-sevens"], "weights": {"lucky-sevens": 15_000}}


def test_a_cancelled_tournament_has_no_result_and_says_so_for_good(hub: Hub) -> None:
    tid = hub.create()
    waiting = hub.refused("GET", "/tournaments/{id}/results", id=tid)
    assert (waiting["name"], waiting["retryable"], waiting["status"]) == ("RESULT_NOT_READY", True, 409)
    assert waiting["tournamentStatus"] == "registration"
    hub.ok("DELETE", "/tournaments/{id}", id=tid)
    for method, path in (
        ("GET", "/tournaments/{id}/results"),
        ("GET", "/tournaments/{id}/results/proof"),
        ("GET", "/tournaments/{id}/results/proof/{player}"),
        ("POST", "/tournaments/{id}/results/amend"),
    ):
        body = {"reason": "a round was missing"} if method == "POST" else None
        told = hub.refused(method, path, body, id=tid, player="alice")
        assert (told["name"], told["status"], told["retryable"]) == ("TOURNAMENT_STATE", 409, False), path
        assert told["tournamentStatus"] == "cancelled", path


def test_creating_under_one_key_makes_one_tournament(hub: Hub) -> None:
    body = {"name": "Once", "startTime": format_instant(hub.now + HOUR)}
    first = hub.ok("POST", "/tournaments", body, key="once")
    assert hub.ok("POST", "/tournaments", body, key="once") == first
    assert len(hub.ok("GET", "/tournaments")["tournaments"]) == 1
    # The same id from a repeated attempt whose first answer was lost.
    tid = first["tournamentId"]
    actor = service.Actor("key", "again", hub.now)
    again, _ = service.create(hub.tenant, tid, {"name": "x", "start_time": hub.now}, actor, as_draft=False)
    assert again.spec.name == "Once"


def test_lists_page_through_everything_once(hub: Hub) -> None:
    ids = [hub.create(name=f"T{n}", startTime=format_instant(hub.now + HOUR + n)) for n in range(7)]
    hub.ok("DELETE", "/tournaments/{id}", id=ids[3])
    seen, cursor = [], None
    while True:
        query = {"limit": "2", "status": "registration", **({"cursor": cursor} if cursor else {})}
        page = hub.ok("GET", "/tournaments", query=query)
        seen += [t["tournamentId"] for t in page["tournaments"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == ids[:3] + ids[4:]
    part = hub.ok(
        "GET",
        "/tournaments",
        query={"from": format_instant(hub.now + HOUR + 2), "to": format_instant(hub.now + HOUR + 5)},
    )
    assert [t["name"] for t in part["tournaments"]] == ["T2", "T3", "T4"]


def test_a_cursor_of_another_list_filter_or_tenant_is_refused(hub: Hub) -> None:
    for n in range(3):
        hub.create(name=f"T{n}")
    cursor = hub.ok("GET", "/tournaments", query={"limit": "1"})["nextCursor"]
    for query in (
        {"cursor": cursor, "status": "registration"},
        {"cursor": cursor[:-2]},
        {"cursor": "AAAA"},
        {"cursor": "!"},
        {"cursor": cursor + "A"},
    ):
        assert hub.refused("GET", "/tournaments", query=query)["name"] == "CURSOR_INVALID", query
    tid = hub.create()
    assert (
        hub.refused("GET", "/tournaments/{id}/events", query={"cursor": cursor}, id=tid)["name"]
        == "CURSOR_INVALID"
    )
    _, theirs = operator(hub.root, "Other")
    reply = Client(hub.apis["GET", "/tournaments"], theirs.token)(
        "GET", "/tournaments", query={"cursor": cursor}
    )
    assert reply.name == "CURSOR_INVALID"


def test_players_and_history_page(hub: Hub) -> None:
    tid = hub.create()
    for n in range(5):
        hub.register(tid, f"p{n}")
    first = hub.ok("GET", "/tournaments/{id}/players", query={"limit": "3"}, id=tid)
    rest = hub.ok(
        "GET", "/tournaments/{id}/players", query={"limit": "3", "cursor": first["nextCursor"]}, id=tid
    )
    users = [p["userId"] for p in first["players"] + rest["players"]]
    assert users == [f"p{n}" for n in range(5)]
    assert rest["nextCursor"] is None
    one = hub.ok("GET", "/tournaments/{id}/events", query={"limit": "3"}, id=tid)
    two = hub.ok(
        "GET", "/tournaments/{id}/events", query={"limit": "200", "cursor": one["nextCursor"]}, id=tid
    )
    assert [e["type"] for e in one["events"] + two["events"]] == hub.events(tid)
    assert len(hub.events(tid)) == 8
    assert {e["actor"] for e in one["events"]} != {""}
    assert one["events"][0]["requestId"] == "req-1"


def test_another_tenants_tournament_does_not_exist(hub: Hub) -> None:
    tid = hub.create()
    hub.register(tid, "ann")
    _, theirs = operator(hub.root, "Other")
    bodies: dict[str, Any] = {
        "PUT /tournaments/{id}": {"version": 1, "name": "Mine"},
        "POST /tournaments/{id}/void": {"policy": "refund", "reason": "mine"},
        "POST /tournaments/{id}/results/amend": {"reason": "mine"},
        "POST /tournaments/{id}/players": {"userId": "x", "displayName": "X"},
        "POST /tournaments/{id}/players/{player}/disqualify": {"reason": "mine"},
        "POST /tournaments/{id}/players/{player}/reinstate": {"reason": "mine"},
    }
    walked = 0
    for api in {hub.apis["POST", "/tournaments"], hub.apis["POST", "/tournaments/{id}/players"]}:
        for route in api.routes:
            if not route.path.startswith("/tournaments/{id}"):
                continue
            params = {"id": tid, **({"player": "ann"} if "{player}" in route.path else {})}
            reply = Client(api, theirs.token)(
                route.method,
                route.path,
                bodies.get(f"{route.method} {route.path}", {}),
                key=f"k-{walked}",
                **params,
            )
            assert (reply.status, reply.name) == (404, "TOURNAMENT_NOT_FOUND"), route.path
            walked += 1
    assert walked >= 20
    assert hub.status(tid) == "registration"


def test_bells_are_made_once_moved_and_harmless(hub: Hub) -> None:
    tid = hub.create(lateRegistrationUntil=format_instant(hub.now + HOUR + 60 * SECOND))
    names = {s["Name"] for s in scheduler().list_schedules(GroupName="bells")["Schedules"]}
    assert names == {f"{tid}-{bell}" for bell in ("start", "late", "end", "grace")}
    made = scheduler().get_schedule(GroupName="bells", Name=f"{tid}-start")
    assert made["ActionAfterCompletion"] == "DELETE"
    payload = json.loads(made["Target"]["Input"])
    # Early, for a tournament that is not there, and twice: nothing happens but what is due.
    assert tournament_clock.handler(payload, None) == {"rung": 1}
    assert hub.status(tid) == "registration"
    assert tournament_clock.handler({**payload, "tournamentId": "01J00000000000000000000000"}, None) == {
        "rung": 0
    }
    before = hub.ok("GET", "/tournaments/{id}", id=tid)
    hub.ok(
        "PUT",
        "/tournaments/{id}",
        {"version": before["version"], "startTime": format_instant(hub.now + HOUR + 1500)},
        id=tid,
    )
    moved = scheduler().get_schedule(GroupName="bells", Name=f"{tid}-start")
    assert moved["ScheduleExpression"] > made["ScheduleExpression"]
    hub.now += HOUR + 1500
    for _ in range(2):
        tournament_clock.handler(payload, None)
    assert hub.status(tid) == "running"
    assert hub.events(tid).count("tournament.started") == 1


def test_without_any_bell_the_sweeper_does_it_all(hub: Hub) -> None:
    tid = hub.create(
        registrationOpensAt=format_instant(hub.now + 10 * SECOND),
        lateRegistrationUntil=format_instant(hub.now + HOUR + 60 * SECOND),
    )
    assert hub.status(tid) == "scheduled"
    for instant, status in (
        (hub.now + 10 * SECOND, "registration"),
        (hub.now + HOUR, "running"),
        (hub.now + HOUR + 60 * SECOND, "running"),
        (hub.now + 2 * HOUR, "closing"),
    ):
        hub.to(instant)
        assert hub.status(tid) == status
    assert "tournament.late_registration_closed" in hub.events(tid)
    assert hub.register(tid, "late").name == "REGISTRATION_CLOSED"


def test_a_registration_between_the_moment_and_its_bell_is_judged_by_the_moment(hub: Hub) -> None:
    tid = hub.create(lateRegistrationUntil=format_instant(hub.now + HOUR))
    hub.now += HOUR  # the start, and nobody has rung
    assert hub.register(tid, "ann").name == "REGISTRATION_CLOSED"
    assert hub.status(tid) == "running"


def test_a_clone_is_played_at_another_time(hub: Hub) -> None:
    tid = hub.create(maxPlayers=7, rules={"metric": "win_count"}, entryFee="2.50")
    start = hub.now + 10 * HOUR
    copy = hub.ok(
        "POST",
        "/tournaments/{id}/clone",
        {"name": "Again", "startTime": format_instant(start), "draft": False},
        id=tid,
    )
    assert (copy["status"], copy["clonedFrom"], copy["entryFee"]) == ("registration", tid, "2.50")
    assert (copy["startTime"], copy["endTime"]) == (format_instant(start), format_instant(start + HOUR))
    assert copy["rules"]["scoring"] == {"metric": "win_count"}
    assert copy["maxPlayers"] == 7


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x"}, "startTime"),
        ({"name": "x", "startTime": "tomorrow"}, "startTime"),
        ({"name": "", "startTime": "2030-01-01T00:00:00Z"}, "name"),
        ({"name": "x", "startTime": "2030-01-01T00:00:00Z", "maxPlayers": 0}, "maxPlayers"),
        ({"name": "x", "startTime": "2030-01-01T00:00:00Z", "maxPlayers": "10"}, "maxPlayers"),
        ({"name": "x", "startTime": "2030-01-01T00:00:00Z", "entryFee": True}, "entryFee"),
        ({"name": "x", "startTime": "2030-01-01T00:00:00Z", "entryFee": -1}, "entryFee"),
        ({"name": "x", "startTime": "2030-01-01T00:00:00Z", "bonus": 1}, "bonus"),
        ({"name": "x", "startTime": "2030-01-01T00:00:00Z", "entry": {"fee": 1}}, "entry.fee"),
    ],
)
def test_every_fault_names_its_field(hub: Hub, body: dict[str, Any], field: str) -> None:
    refused = hub.refused("POST", "/tournaments", body)
    assert refused["status"] == 400
    assert field in [e["field"] for e in refused["errors"]]
    assert hub.ok("GET", "/tournaments")["tournaments"] == []


@pytest.mark.parametrize("number", ["1e400", "NaN", "1e-7", "10.001", "123456789012345678901234567890"])
def test_amounts_that_are_none_are_refused(hub: Hub, number: str) -> None:
    raw = f'{{"name": "x", "startTime": "2030-01-01T00:00:00Z", "entryFee": {number}}}'.encode()
    reply = hub("POST", "/tournaments", raw=raw)
    assert reply.status == 400, reply.body
    raw = b'{"name": "x", "startTime": "2030-01-01T00:00:00Z", "rules": {"metric": "win_points", "per": 1e400, "points": 1}}'
    assert hub("POST", "/tournaments", raw=raw).name == "RULES_INVALID"


def test_what_if_is_repeatable_and_stores_nothing(hub: Hub) -> None:
    body = {
        "tournament": {
            "name": "Draft",
            "startTime": format_instant(hub.now + HOUR),
            "gameSlug": "crash-classic",
            "entryFee": "10",
            "guarantee": "500",
            "rules": {"metric": "biggest_multiplier"},
        },
        "synthetic": {"playersFrom": 20, "playersTo": 60, "roundsPerPlayer": 20, "seed": 7},
        "runs": 10,
    }
    first = hub.ok("POST", "/tournaments/simulate", body)
    assert hub.ok("POST", "/tournaments/simulate", body) == first
    body["synthetic"]["seed"] = 8
    assert hub.ok("POST", "/tournaments/simulate", body) != first
    assert 20 <= first["players"]["min"] < first["players"]["max"] <= 60
    assert 0 < float(first["overlay"]["mean"]) <= float(first["overlay"]["p95"]) <= 300
    assert [w["position"] for w in first["winners"]] == [1, 2, 3]
    assert hub.ok("GET", "/tournaments")["tournaments"] == []
    body["synthetic"]["roundsPerPlayer"] = 5000
    assert hub.refused("POST", "/tournaments/simulate", body)["errors"][0]["field"] == "runs"


def test_what_if_replays_given_rounds(hub: Hub) -> None:
    rounds = [
        {"userId": "ann", "bet": "1.00", "win": "0"},
        {"userId": "bob", "bet": "5.00", "win": "0"},
        {"userId": "ann", "bet": "2.00", "win": "9.00"},
    ]
    body = {
        "tournament": {
            "name": "Draft",
            "startTime": format_instant(hub.now + HOUR),
            "gameSlug": "crash-classic",
            "prizes": {"lines": [{"rankFrom": 1, "amount": "50"}]},
        },
        "rounds": rounds,
    }
    found = hub.ok("POST", "/tournaments/simulate", body)
    assert [(w["userId"], w["finalScore"]) for w in found["winners"]] == [("bob", 500)]
    assert found["prizeCost"]["total"] == {"mean": "50.00", "p95": "50.00", "max": "50.00"}
    assert (found["whaleDominanceBps"], found["worstCasePrizeCost"]) == (10_000, "50.00")


def test_nobody_is_judged_in_a_tournament_that_was_called_off(hub: Hub) -> None:
    tid = hub.create()
    assert hub.register(tid, "ann").status == 201
    hub.ok("DELETE", "/tournaments/{id}", id=tid)
    refused = hub.refused(
        "POST", "/tournaments/{id}/players/{player}/disqualify", {"reason": "x"}, id=tid, player="ann"
    )
    assert (refused["name"], refused["detail"]) == (
        "TOURNAMENT_STATE",
        "The tournament is cancelled; nobody is ranked.",
    )
