"""What the adversary checks when a tournament is over: result, prizes, every minor unit, and why each round counted."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from pitboss.ledger import public as ledger
from pitboss.rounds import public as boards

from devtools.recompute import differences, pages, standings
from devtools.recompute_prizes import minor, pool_of, prize_differences
from tests.adversary import GRACE_MS, Document, Match
from tests.money_world import demo_get

START_BALANCE = 100_000


def reader(match: Match) -> Any:
    """`hub(method, path, **query)` as the naive programs call the public API."""

    def call(method: str, path: str, **query: Any) -> Any:
        parts = path.strip("/").split("/")
        place = "/" + "/".join("{id}" if part == match.tid else part for part in parts)
        return match.hub.ok(method, place, id=match.tid, query={k: str(v) for k, v in query.items()})

    return call


def finish(match: Match) -> str:
    """Past grace, settled; whoever approves looks first, and may judge a player."""
    hub, rng = match.hub, match.rng
    hub.to(match.end + GRACE_MS)
    match.fall_short()
    status = hub.settle(match.tid, passes=3)
    if status == "review":
        if rng.random() < 0.5:
            match.judge(rng.choice(list(match.players)), out=rng.random() < 0.7)
            hub.settle(match.tid, passes=2)
        hub.ok("POST", "/tournaments/{id}/approve", id=match.tid)
    return hub.settle(match.tid, passes=6)


def check(match: Match) -> None:
    """Everything that must hold of a tournament that is over."""
    status = match.hub.status(match.tid)
    match.hub.check_books()
    if match.called_off:
        assert status == match.called_off
        check_given_back(match)
        return
    assert status == "settled"
    players = pages(reader(match), f"/tournaments/{match.tid}/players", "players")
    check_entries(match, players)
    result = check_result(match, players)
    check_money(match, players, result)
    check_reasons(match, result)
    check_standings(match, result)


def wallet(match: Match, who: tuple[str, str]) -> int:
    """A player's balance at the operator, in minor units."""
    found = demo_get(
        "/demo-operator/players/{brand}/{player}",
        {"tenantId": match.hub.tenant},
        brand=who[0],
        player=who[1],
    )["wallets"]
    return minor(found[0]["balance"], 2) if found else START_BALANCE


def check_given_back(match: Match) -> None:
    """Called off: everybody has what they had, and the house too."""
    for who in match.players:
        assert wallet(match, who) == START_BALANCE, who
    accounts = ("cash", "rake", "overlay", "remainder", "clawback")
    assert {name: match.hub.house(name) for name in accounts} == dict.fromkeys(accounts, 0)
    assert match.hub.balance(ledger.pool_account(match.tid)) == 0
    assert match.hub.balance(ledger.payable_account(match.tid)) == 0


def check_entries(match: Match, players: list[Document]) -> None:
    """The hub's entries are those that the adversary remembers, to the millisecond."""
    from devtools.recompute import millis

    seen = {(p["brandId"], p["userId"]): p for p in players}
    for who, mine in match.players.items():
        if mine.status == "none":
            assert who not in seen or seen[who]["status"] == "declined", seen[who]
            continue
        row = seen[who]
        assert (row["status"], row["rebuys"], row["addOns"]) == (mine.status, mine.rebuys, mine.add_ons), who
        assert minor(row["totalPaid"], 2) == mine.lost
        if mine.status != "withdrawn":
            assert [millis(s["from"]) for s in row["stints"]] == mine.stints
            assert [s["roundsExtra"] for s in row["stints"]] == mine.extra_rounds
            assert [s["pointsExtra"] for s in row["stints"]] == mine.extra_points


def check_result(match: Match, players: list[Document]) -> Document:
    """Ranks, scores, pool and prizes as the naive programs find them from the raw messages."""
    call = reader(match)
    tournament = call("GET", f"/tournaments/{match.tid}")
    result = call("GET", f"/tournaments/{match.tid}/results", limit=500)
    seats = [{**p, "playerId": p["userId"]} for p in players if p["status"] in ("active", "disqualified")]
    window = {"startAt": match.start, "endAt": match.end, "pauses": match.pauses}
    ruled = {
        "integrationId": "main",
        "ruleSet": {**tournament["rules"]},
        "ranking": match.asked["ranking"],
        "window": window,
        "seats": seats,
    }
    board = standings(ruled, match.sent)
    theirs = [
        {
            "rank": w["position"] or 0,
            "brandId": w["brandId"],
            "playerId": w["userId"],
            "score": w["finalScore"],
        }
        for w in result["winners"]
    ]
    assert differences(board, theirs) == []
    assert len(theirs) == len(seats)
    assert prize_differences(tournament, players, board, result, 2) == []
    return dict(result)


def check_money(match: Match, players: list[Document], result: Document) -> None:
    """Buy-ins = prizes + rake + remainder - what the house added; and every wallet says the same."""
    call, hub = reader(match), match.hub
    payouts = pages(lambda *a, **q: call(*a, **{**q, "tournamentId": match.tid}), "/payouts", "payouts")
    money = [p for p in payouts if p["kind"] != "free_rounds"]
    assert {p["state"] for p in money if not p["amount"].startswith("-")} <= {"confirmed"}
    assert {p["state"] for p in money if p["amount"].startswith("-")} <= {"manual"}
    won = {w["playerId"]: minor(w["prizeAmount"], 2) for w in result["winners"]}
    given = back = 0
    for winner in result["winners"]:
        who = winner["brandId"], winner["userId"]
        own = [minor(p["amount"], 2) for p in money if (p["brandId"], p["playerId"]) == who]
        assert sum(own) == won[winner["playerId"]], who
        given, back = given + sum(x for x in own if x > 0), back - sum(x for x in own if x < 0)
        cash = sum(
            minor(p["amount"], 2)
            for p in money
            if (p["brandId"], p["playerId"]) == who
            and p["kind"] == "cash"
            and not p["amount"].startswith("-")
        )
        assert wallet(match, who) == START_BALANCE - match.players[who].lost + cash, who
    assert sum(won.values()) == given - back
    pool = pool_of(call("GET", f"/tournaments/{match.tid}"), players, 2)
    lost = sum(mine.lost for mine in match.players.values())
    assert lost == pool["collected"] + pool["rake"]
    assert hub.house("rake") == pool["rake"]
    assert hub.house("cash") == given - lost
    assert hub.house("clawback") == -back
    assert hub.house("remainder") + hub.house("overlay") == pool["collected"] - sum(won.values())
    assert hub.house("remainder") == minor(result["prizePool"]["remainder"], 2)
    assert hub.balance(ledger.pool_account(match.tid)) == hub.balance(ledger.payable_account(match.tid)) == 0


def check_reasons(match: Match, result: Document) -> None:
    """The points of a player's rounds add up to the score, and as many count as the result says."""
    for winner in result["winners"]:
        mine = match.players[winner["brandId"], winner["userId"]]
        path = f"/tournaments/{match.tid}/players/{winner['userId']}/rounds"
        rows = match.hub.ok(
            "GET",
            "/tournaments/{id}/players/{player}/rounds",
            id=match.tid,
            player=winner["userId"],
            query={"brandId": winner["brandId"], "limit": "500"},
        )["rounds"]
        assert all(row["explanation"] != row["reason"] for row in rows), path
        if len(mine.stints) > 1 and match.rules.get("entries") != "sum":
            continue
        scale = 10 ** len(winner["score"].partition(".")[2])
        points = sum(Fraction(Decimal(row["points"])) * scale for row in rows)
        assert points + sum(mine.extra_points) == winner["finalScore"], (path, rows)
        assert sum(row["counted"] for row in rows) == winner["rounds"], (path, rows)


def check_standings(match: Match, result: Document) -> None:
    """The last board and everybody's own standing are the result's."""
    boards.rank_now(match.hub.tenant, match.tid)
    for winner in result["winners"]:
        shown = match.hub.ok(
            "GET",
            "/tournaments/{id}/players/{player}",
            id=match.tid,
            player=winner["userId"],
            query={"brandId": winner["brandId"]},
        )
        own = shown["standing"]
        assert (own["rank"], own["score"], own["rounds"]) == (
            winner["position"],
            winner["score"],
            winner["rounds"],
        )
        if match.prized:
            assert shown["prizePreview"]["prizeAmount"] == winner["prizeAmount"]
