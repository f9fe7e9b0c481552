"""Points over HTTP as a parent, a child, a stranger and two persons meet them."""

from typing import Any

import pytest
from pitboss.platform import dynamo
from pitboss.platform.clock import now_ms
from pitboss.points import audit, play
from pitboss.points.api import api as points_api
from pitboss.points.public import Play, balances, make_room, may_bet, play_ops

from tests.moto.points.conftest import Tree
from tests.tenancy_world import Client, Reply, made

pytestmark = pytest.mark.moto
DAY_MS = 86_400_000


def billing(client: Client, agent_id: str, **more: Any) -> Reply:
    """Replace the billing at whatever version stands there."""
    version = made(client("GET", "/agents/{id}/billing", id=agent_id))["version"]
    return client("PUT", "/agents/{id}/billing", {"version": version, **more}, id=agent_id)


def bet(tree: Tree, player: str, amount: int, *, mode: Any = "seamless", at: int = 0) -> str:
    """A bet as the wallet writes it: ops, and room where they are refused. "" or the name of the refusal."""
    now, stake = at or now_ms(), Play(mode, bets=amount)
    refusal = may_bet(tree.agent_id, now)
    if refusal is not None:
        return refusal.name
    for _ in range(3):
        try:
            dynamo.transact(play_ops(tree.agent_id, player, stake, now))
        except dynamo.TransactionRefused:
            refusal = make_room(tree.agent_id, player, stake, now)
            if refusal is not None:
                return refusal.name
        else:
            return ""
    return "SERVER_IS_BUSY"


def settle(tree: Tree, player: str, *, at: int = 0, **members: int) -> None:
    dynamo.transact(play_ops(tree.agent_id, player, Play("seamless", **members), at or now_ms()))


def fund(tree: Tree, amount: str = "1000") -> None:
    """Points for the agent, from the mint down."""
    made(tree.move(tree.root, tree.root_id, "mint", amount))
    made(tree.move(tree.root, tree.op_id, "transfer", amount))
    made(tree.move(tree.op, tree.agent_id, "transfer", amount))


# ---------------------------------------------------------------- movements
def test_points_come_from_the_mint_and_go_down_and_back_step_by_step(tree: Tree) -> None:
    first = made(tree.move(tree.root, tree.root_id, "mint", "1000.00"))
    assert (first["state"], first["amount"], first["askedBy"]["ip"]) == ("DONE", "1000.00", "203.0.113.9")
    made(tree.move(tree.root, tree.op_id, "transfer", "600.5"))
    made(tree.move(tree.op, tree.agent_id, "transfer", 200))
    made(tree.move(tree.op, tree.agent_id, "return", "50"))
    made(tree.move(tree.agent, tree.agent_id, "return", "0.000001"))
    made(tree.move(tree.root, tree.root_id, "burn", "100"))
    assert tree.balance(tree.root, tree.root_id) == "299.50"
    assert tree.balance(tree.op, tree.op_id) == "450.500001"
    assert tree.balance(tree.agent, tree.agent_id) == "149.999999"
    assert sum(balances([tree.root_id, tree.op_id, tree.agent_id, tree.rival_id]).values()) == 900 * 10**6
    assert audit.tree([tree.root_id, tree.op_id, tree.agent_id, tree.rival_id]) == []


def test_the_same_idempotency_key_moves_once(tree: Tree) -> None:
    made(tree.move(tree.root, tree.root_id, "mint", "10"))
    body = {"type": "transfer", "amount": "4", "reason": "weekly"}
    first = tree.root("POST", "/agents/{id}/points", body, key="k", id=tree.op_id)
    again = tree.root("POST", "/agents/{id}/points", body, key="k", id=tree.op_id)
    assert again.body == first.body
    assert again.headers["Idempotency-Replayed"] == "true"
    other = tree.root("POST", "/agents/{id}/points", {**body, "amount": "5"}, key="k", id=tree.op_id)
    assert other.name == "IDEMPOTENCY_CONFLICT"
    assert tree.root("POST", "/agents/{id}/points", body, id=tree.op_id).name == "IDEMPOTENCY_KEY_REQUIRED"
    assert tree.balance(tree.op, tree.op_id) == "4.00"


def test_return_all_says_what_it_moved_and_replays_it(tree: Tree) -> None:
    fund(tree, "12.34")
    body = {"type": "return", "all": True, "reason": "closing time"}
    first = made(tree.op("POST", "/agents/{id}/points", body, key="all", id=tree.agent_id))
    again = made(tree.op("POST", "/agents/{id}/points", body, key="all", id=tree.agent_id))
    assert first["amount"] == again["amount"] == "12.34"
    assert tree.balance(tree.op, tree.op_id) == "12.34"


FORBIDDEN = [
    ("op", "op", "mint", "PERMISSION_ERROR"),
    ("root", "op", "mint", "PERMISSION_ERROR"),
    ("op", "op", "burn", "PERMISSION_ERROR"),
    ("root", "agent", "transfer", "PERMISSION_ERROR"),  # not its direct child
    ("root", "agent", "return", "PERMISSION_ERROR"),
    ("agent", "agent", "transfer", "PERMISSION_ERROR"),  # nobody takes from above
    ("root", "root", "return", "PERMISSION_ERROR"),
    ("rival", "op", "transfer", "AGENT_NOT_FOUND"),
    ("op", "rival", "transfer", "AGENT_NOT_FOUND"),
    ("agent", "op", "return", "AGENT_NOT_FOUND"),
    ("op", "agent", "transfer", "POINT_NOT_ENOUGH"),
]
BAD_AMOUNTS: list[tuple[object, str]] = [
    ("0", "INVALID_AMOUNT"),
    ("-1", "INVALID_AMOUNT"),
    ("1e1", "INVALID_AMOUNT"),
    ("10,00", "INVALID_AMOUNT"),
    ("NaN", "INVALID_AMOUNT"),
    (" 1", "INVALID_AMOUNT"),
    (True, "VALIDATION_ERROR"),
    ([1], "VALIDATION_ERROR"),
    ("0.0000001", "AMOUNT_PRECISION"),
    ("999999999999999999", "AMOUNT_LIMIT"),
]


def test_who_may_not_move_what(tree: Tree) -> None:
    made(tree.move(tree.root, tree.root_id, "mint", "100"))
    for who, target, kind, name in FORBIDDEN:
        reply = tree.move(getattr(tree, who), getattr(tree, f"{target}_id"), kind, "1")
        assert (who, target, kind, reply.name) == (who, target, kind, name)
        assert reply.body["effect"] == "none"
    assert balances([tree.root_id, tree.op_id, tree.agent_id, tree.rival_id]) == {
        tree.root_id: 100 * 10**6,
        tree.op_id: 0,
        tree.agent_id: 0,
        tree.rival_id: 0,
    }


def test_amounts_that_are_refused(tree: Tree) -> None:
    for amount, name in BAD_AMOUNTS:
        assert (amount, tree.move(tree.root, tree.root_id, "mint", amount).name) == (amount, name)
    for amount, more in ((None, {}), ("1", {"all": True}), (None, {"all": True}), ("1", {"reason": ""})):
        assert tree.move(tree.root, tree.root_id, "mint", amount, **more).name == "VALIDATION_ERROR"
    assert tree.balance(tree.root, tree.root_id) == "0.00"


def test_a_grandparent_acts_for_the_parent(tree: Tree) -> None:
    made(tree.move(tree.root, tree.root_id, "mint", "10"))
    made(tree.move(tree.root, tree.op_id, "transfer", "10"))
    acting = Client(points_api, tree.root.token, headers={"Pitboss-Tenant": tree.op_id})
    made(tree.move(acting, tree.agent_id, "transfer", "3"))
    assert tree.balance(tree.agent, tree.agent_id) == "3.00"
    entry = made(tree.agent("GET", "/agents/{id}/points/entries", id=tree.agent_id))["entries"][0]
    # Keys and addresses above are none of the child's business.
    assert (entry["kind"], entry["amount"], entry["actor"], entry["counterparty"]) == (
        "fromParent",
        "3.00",
        None,
        None,
    )
    seen = made(tree.root("GET", "/agents/{id}/points/entries", id=tree.agent_id))["entries"][0]
    assert seen["actor"]["agentId"] == tree.root_id


def test_points_stay_in_their_currency(tree: Tree) -> None:
    other = made(
        tree.tenancy_root("POST", "/agents", {"name": "Yen", "kind": "operator", "currency": "JPY"})
    )["agentId"]
    made(tree.move(tree.root, tree.root_id, "mint", "10"))
    assert tree.move(tree.root, other, "transfer", "1").name == "CURRENCY_MISMATCH"


def test_strangers_see_nothing(tree: Tree) -> None:
    for path in ("points", "points/entries", "points/statement", "billing"):
        for client, target in ((tree.rival, tree.op_id), (tree.op, tree.rival_id), (tree.agent, tree.op_id)):
            assert client("GET", f"/agents/{{id}}/{path}", id=target).name == "AGENT_NOT_FOUND"
    moved = made(tree.move(tree.root, tree.root_id, "mint", "10"))
    assert (
        tree.op("GET", "/points/transfers/{id}", id=moved["transferId"]).name == "POINTS_TRANSFER_NOT_FOUND"
    )


# ---------------------------------------------------------------- two persons
def another_key(tree: Tree) -> Client:
    """One more key of the root."""
    settings = made(tree.tenancy_root("GET", "/settings"))
    if settings["activeKeys"] < 4:
        made(tree.tenancy_root("PUT", "/settings", {"version": settings["version"], "activeKeys": 4}))
    key = made(tree.tenancy_root("POST", "/api-keys", {"name": "another", "scopes": ["*"]}))
    return Client(points_api, key["token"])


def test_above_the_limit_two_keys_are_needed(tree: Tree) -> None:
    second = another_key(tree)
    made(tree.move(tree.root, tree.root_id, "mint", "1000"))
    made(billing(tree.root, tree.root_id, approvalOver="100"))
    assert tree.move(tree.root, tree.op_id, "transfer", "100").status == 201
    asked = tree.move(tree.root, tree.op_id, "transfer", "100.01")
    assert (asked.status, asked.body["state"]) == (202, "PENDING")
    one = asked.body["transferId"]
    assert tree.balance(tree.op, tree.op_id) == "100.00"
    listed = made(tree.root("GET", "/points/transfers", query={"state": "pending"}))["transfers"]
    assert [row["transferId"] for row in listed] == [one]

    assert tree.root("POST", "/points/transfers/{id}/approve", {}, id=one).name == "PERMISSION_ERROR"
    third = another_key(tree)  # made for the occasion
    assert third("POST", "/points/transfers/{id}/approve", {}, id=one).name == "PERMISSION_ERROR"

    done = made(second("POST", "/points/transfers/{id}/approve", {"reason": "seen"}, id=one))
    assert (done["state"], done["decision"]) == ("DONE", "seen")
    assert made(second("POST", "/points/transfers/{id}/approve", {}, id=one)) == done
    assert second("POST", "/points/transfers/{id}/reject", {}, id=one).name == "POINTS_TRANSFER_STATE"
    assert tree.balance(tree.op, tree.op_id) == "200.01"
    entry = made(tree.root("GET", "/agents/{id}/points/entries", id=tree.op_id))["entries"][0]
    assert entry["approver"]["keyId"] != entry["actor"]["keyId"]
    assert made(tree.root("GET", "/points/transfers", query={"state": "pending"}))["transfers"] == []


def test_a_rejected_move_moves_nothing(tree: Tree) -> None:
    made(tree.move(tree.root, tree.root_id, "mint", "10"))
    made(billing(tree.root, tree.root_id, approvalOver="1"))
    asked = tree.move(tree.root, tree.op_id, "transfer", "2").body["transferId"]
    done = made(tree.root("POST", "/points/transfers/{id}/reject", {"reason": "typo"}, id=asked))
    assert done["state"] == "REJECTED"
    assert made(tree.root("POST", "/points/transfers/{id}/reject", {}, id=asked)) == done
    assert (
        another_key(tree)("POST", "/points/transfers/{id}/approve", {}, id=asked).name
        == "POINTS_TRANSFER_STATE"
    )
    assert tree.balance(tree.root, tree.root_id) == "10.00"


def test_nobody_lifts_the_own_limit_and_passes_it_the_same_day(tree: Tree) -> None:
    made(tree.move(tree.root, tree.root_id, "mint", "1000"))
    made(billing(tree.root, tree.root_id, approvalOver="1"))
    looser = made(billing(tree.root, tree.root_id))
    assert (looser["approvalOver"], looser["approvalOverInForce"]) == (None, "1.00")
    assert tree.move(tree.root, tree.op_id, "transfer", "2").status == 202
    stricter = made(billing(tree.root, tree.root_id, approvalOver="0.5"))
    assert stricter["approvalOverInForce"] == "0.50"


# ---------------------------------------------------------------- billing and play
def test_face_value_takes_the_stake_and_gives_the_win(tree: Tree) -> None:
    fund(tree, "100")
    made(billing(tree.op, tree.agent_id, policy="face_value", slices=4))
    assert bet(tree, "p1", 3000) == ""
    assert tree.balance(tree.op, tree.agent_id) == "70.00"
    settle(tree, "p1", wins=500, closed=3000)
    shown = made(tree.agent("GET", "/agents/{id}/points", id=tree.agent_id))
    assert (shown["balance"], shown["played"], shown["held"]["openStakes"]) == ("75.00", "25.00", "0.00")
    assert bet(tree, "p2", 7501) == "POINT_NOT_ENOUGH"
    assert bet(tree, "p2", 7500) == ""  # from four slices and the main part together
    assert bet(tree, "p3", 1) == "POINT_NOT_ENOUGH"
    settle(tree, "p2", rollbacks=7500)
    assert tree.balance(tree.op, tree.agent_id) == "75.00"
    assert audit.tree([tree.root_id, tree.op_id, tree.agent_id]) == []


def test_transfer_mode_pays_at_the_deposit(tree: Tree) -> None:
    fund(tree, "100")
    made(billing(tree.op, tree.agent_id, policy="face_value"))
    now = now_ms()
    stake = Play("transfer", deposits=4000)
    with pytest.raises(dynamo.TransactionRefused):
        dynamo.transact(play_ops(tree.agent_id, "p", stake, now))
    assert make_room(tree.agent_id, "p", stake, now) is None
    dynamo.transact(play_ops(tree.agent_id, "p", stake, now))
    assert play_ops(tree.agent_id, "p", Play("transfer", bets=100, closed=100), now) == []
    dynamo.transact(play_ops(tree.agent_id, "p", Play("transfer", withdrawals=1000), now))
    shown = made(tree.op("GET", "/agents/{id}/points", id=tree.agent_id))
    assert (shown["balance"], shown["held"]["atPlayers"]) == ("70.00", "30.00")


def test_ggr_is_rate_times_bets_less_wins_to_the_basis_point(tree: Tree) -> None:
    fund(tree, "10")
    made(billing(tree.op, tree.agent_id, policy="ggr", ggrRateBps=1234))
    assert bet(tree, "p", 333, mode="transfer") == ""
    settle(tree, "p", wins=100, closed=333)
    assert tree.balance(tree.op, tree.agent_id) == "9.712478"  # 10 - 0.1234 x (3.33 - 1.00)
    settle(tree, "p", wins=1_000_000)
    assert tree.balance(tree.op, tree.agent_id) == "1243.712478"  # a negative GGR is credited


def test_no_policy_costs_no_write_and_no_points(tree: Tree) -> None:
    assert may_bet(tree.agent_id, now_ms()) is None
    assert play_ops(tree.agent_id, "p", Play("transfer", bets=100), now_ms()) == []


def test_rates_never_exceed_the_parents(tree: Tree) -> None:
    made(billing(tree.root, tree.op_id, policy="ggr", ggrRateBps=1000))
    assert billing(tree.op, tree.agent_id, policy="ggr", ggrRateBps=1001).name == "VALIDATION_ERROR"
    made(billing(tree.op, tree.agent_id, policy="ggr", ggrRateBps=1000))
    made(billing(tree.root, tree.op_id, policy="ggr", ggrRateBps=400))
    assert made(tree.op("GET", "/agents/{id}/billing", id=tree.agent_id))["ggrRateBpsInForce"] == 400


def test_a_node_sets_its_own_alerts_and_nothing_that_costs_its_parent(tree: Tree) -> None:
    made(billing(tree.op, tree.agent_id, policy="ggr", ggrRateBps=500, floor="5"))
    own = {"policy": "ggr", "ggrRateBps": 500, "floor": "5"}
    made(billing(tree.agent, tree.agent_id, **own, alertAt=["10", "20"]))
    for change in ({"floor": "0"}, {"ggrRateBps": 1}, {"policy": "none", "ggrRateBps": 0}, {"slices": 64}):
        assert billing(tree.agent, tree.agent_id, **{**own, **change}).name == "VALIDATION_ERROR"
    stale = tree.op("PUT", "/agents/{id}/billing", {"version": 0}, id=tree.agent_id)
    assert stale.name == "VERSION_CONFLICT"


def test_the_floor_stops_bets_and_transfers_but_nothing_that_settles(tree: Tree) -> None:
    fund(tree, "100")
    made(billing(tree.op, tree.agent_id, policy="face_value", floor="40"))
    assert bet(tree, "p", 6001) == "POINT_NOT_ENOUGH"
    assert bet(tree, "p", 6000) == ""
    assert tree.move(tree.op, tree.agent_id, "return", "0.01").name == "POINT_NOT_ENOUGH"
    play.forget()
    assert bet(tree, "p", 1) == "POINT_NOT_ENOUGH"
    settle(tree, "p", wins=100)
    assert tree.balance(tree.op, tree.agent_id) == "41.00"
    # A floor that is raised takes back what the slices hold.
    made(billing(tree.op, tree.agent_id, policy="face_value", floor="41"))
    assert bet(tree, "p", 1) == "POINT_NOT_ENOUGH"
    assert made(tree.op("GET", "/agents/{id}/points", id=tree.agent_id))["main"] == "41.00"


def test_fewer_slices_lose_no_points(tree: Tree) -> None:
    fund(tree, "100")
    made(billing(tree.op, tree.agent_id, policy="face_value", slices=16))
    for n in range(40):
        assert bet(tree, f"p{n}", 10) == ""
    made(billing(tree.op, tree.agent_id, policy="face_value", slices=1))
    assert bet(tree, "p1", 9600) == ""
    shown = made(tree.op("GET", "/agents/{id}/points", id=tree.agent_id))
    assert (shown["balance"], len(shown["slices"])) == ("0.00", 16)
    assert audit.tree([tree.root_id, tree.op_id, tree.agent_id]) == []


# ---------------------------------------------------------------- alerts, freeze, close
def test_low_points_are_told_once_for_each_crossing(tree: Tree) -> None:
    fund(tree, "100")
    made(billing(tree.op, tree.agent_id, policy="face_value", alertAt=["50", "20"]))

    def alerts() -> list[str]:
        play.forget()
        may_bet(tree.agent_id, now_ms())
        return [
            row["threshold"]
            for row in made(tree.op("GET", "/agents/{id}/points", id=tree.agent_id))["alerts"]
        ]

    assert alerts() == []
    bet(tree, "p", 5000)
    assert alerts() == ["50.00"]
    bet(tree, "p", 100)
    assert alerts() == ["50.00"]
    bet(tree, "p", 3000)
    assert alerts() == ["20.00", "50.00"]
    made(tree.move(tree.root, tree.root_id, "mint", "100"))
    made(tree.move(tree.root, tree.op_id, "transfer", "100"))
    made(tree.move(tree.op, tree.agent_id, "transfer", "100"))
    bet(tree, "p", 7500)
    assert alerts() == ["50.00", "20.00", "50.00"]


def test_frozen_points_stop_bets_and_transfers_and_let_play_settle(tree: Tree) -> None:
    fund(tree, "100")
    made(billing(tree.op, tree.agent_id, policy="face_value"))
    assert bet(tree, "p", 1000) == ""
    freeze = {"status": "frozen", "reason": "audit"}
    assert tree.agent("PATCH", "/agents/{id}/points", freeze, id=tree.agent_id).name == "CONFLICT"
    assert made(tree.op("PATCH", "/agents/{id}/points", freeze, id=tree.agent_id))["status"] == "frozen"
    assert bet(tree, "p", 1) == "POINTS_FROZEN"
    assert tree.move(tree.op, tree.agent_id, "return", "1").name == "POINTS_FROZEN"
    assert tree.move(tree.op, tree.agent_id, "transfer", "1").name == "POINTS_FROZEN"
    settle(tree, "p", wins=500, closed=1000)
    assert tree.balance(tree.op, tree.agent_id) == "95.00"
    made(tree.op("PATCH", "/agents/{id}/points", {"status": "active", "reason": "done"}, id=tree.agent_id))
    assert bet(tree, "p", 1) == ""
    kinds = [
        row["kind"]
        for row in made(tree.op("GET", "/agents/{id}/points/entries", id=tree.agent_id))["entries"]
    ]
    assert kinds == ["unfrozen", "frozen", "billing", "fromParent"]


def test_only_an_empty_account_closes_and_for_good(tree: Tree) -> None:
    fund(tree, "10")
    made(billing(tree.op, tree.agent_id, policy="face_value"))
    close = {"status": "closed", "reason": "contract ended"}
    assert tree.op("PATCH", "/agents/{id}/points", close, id=tree.agent_id).name == "CONFLICT"
    assert bet(tree, "p", 1000) == ""
    assert (
        tree.op("PATCH", "/agents/{id}/points", close, id=tree.agent_id).name == "CONFLICT"
    )  # a round is open
    settle(tree, "p", closed=1000)
    made(tree.op("PATCH", "/agents/{id}/points", close, id=tree.agent_id))
    assert tree.move(tree.op, tree.agent_id, "transfer", "1").name == "POINTS_FROZEN"
    again = {"status": "active", "reason": "changed our mind"}
    assert tree.op("PATCH", "/agents/{id}/points", again, id=tree.agent_id).name == "CONFLICT"
    settle(tree, "p", wins=300)  # a late win still settles, and can be taken back
    made(tree.move(tree.op, tree.agent_id, "return", None, all=True))
    assert tree.balance(tree.op, tree.agent_id) == "0.00"
    assert audit.tree([tree.root_id, tree.op_id, tree.agent_id]) == []


# ---------------------------------------------------------------- statement
def test_a_statement_ties_over_days_that_are_booked_and_days_that_are_not(tree: Tree) -> None:
    fund(tree, "100")
    made(billing(tree.op, tree.agent_id, policy="face_value"))
    now = now_ms()
    assert bet(tree, "p", 1000) == ""
    settle(tree, "p", wins=250, at=now)
    settle(tree, "q", wins=100, at=now - 3 * DAY_MS)  # play of a day that is over, not booked yet

    def statement(first: int, last: int) -> dict[str, str]:
        period = {"from": _day(first), "to": _day(last)}
        found = made(tree.op("GET", "/agents/{id}/points/statement", id=tree.agent_id, query=period))
        assert found["ties"] is True
        return {name: found[name] for name in ("opening", "fromParent", "play", "closing")}

    today = {"opening": "1.00", "fromParent": "100.00", "play": "7.50", "closing": "93.50"}
    old = {"opening": "0.00", "fromParent": "0.00", "play": "-1.00", "closing": "1.00"}
    whole = {"opening": "0.00", "fromParent": "100.00", "play": "6.50", "closing": "93.50"}
    for _ in range(2):
        assert statement(now, now) == today
        assert statement(now - 4 * DAY_MS, now - DAY_MS) == old
        assert statement(now - 4 * DAY_MS, now) == whole
        play.forget()
        may_bet(tree.agent_id, now)  # books what is over
    assert tree.balance(tree.op, tree.agent_id) == "93.50"


def _day(at: int) -> str:
    from pitboss.kernel.instants import format_instant

    return format_instant(at)[:10]


def test_periods_that_mean_nothing_are_refused(tree: Tree) -> None:
    for query in (
        {"from": "2026-13-01"},
        {"from": "yesterday"},
        {"from": "2026-02-02", "to": "2026-02-01"},
        {"from": "2020-01-01"},
    ):
        reply = tree.op("GET", "/agents/{id}/points/statement", id=tree.op_id, query=query)
        assert reply.name == "PARAMETERS_INVALID"


def test_entries_come_in_pages_that_meet(tree: Tree) -> None:
    for n in range(7):
        made(tree.move(tree.root, tree.root_id, "mint", str(n + 1)))
    seen: list[str] = []
    query: dict[str, str] = {"limit": "3"}
    while True:
        page = made(tree.root("GET", "/agents/{id}/points/entries", id=tree.root_id, query=query))
        seen += [row["after"] for row in page["entries"]]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert seen == ["28.00", "21.00", "15.00", "10.00", "6.00", "3.00", "1.00"]
    assert tree.root("GET", "/points/transfers", query={"cursor": "rubbish"}).name == "CURSOR_INVALID"
    ids: list[str] = []
    query = {"limit": "2"}
    while True:
        page = made(tree.root("GET", "/points/transfers", query=query))
        ids += [row["transferId"] for row in page["transfers"]]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert len(ids) == len(set(ids)) == 7
