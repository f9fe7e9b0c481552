"""Buy-ins, rebuys, refunds: the saga against the demo casino, with faults of the wire and deaths at every write."""

from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.ledger import public as ledger
from pitboss.ledger import store as ledger_store
from pitboss.tournaments import entries, entry_store, saga, store
from pitboss.tournaments.model import Actor

from tests.money_world import demo_faults, demo_get
from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto

PAID = {"entry": {"buyIn": "10.00", "rake": "1.00"}, "guarantee": "50.00"}
REBUY = {
    "entry": {
        "buyIn": "10.00",
        "rake": "1.00",
        "rebuy": {"fee": "5.00", "rake": "0.50", "max": 2},
        "addOn": {"fee": "3.00", "gives": 250, "effect": "add_points"},
    },
    "rules": {"metric": "round_count", "entries": "best"},
}


def wallet(casino: Hub, player: str) -> str:
    found = demo_get(
        "/demo-operator/players/{brand}/{player}",
        {"tenantId": casino.tenant},
        brand="aurora",
        player=player,
    )["wallets"]
    return str(found[0]["balance"]) if found else "1000.00"


def seats(casino: Hub, tid: str) -> tuple[int, int, int]:
    found = casino.ok("GET", "/tournaments/{id}", id=tid)
    return found["seatsTaken"], found["playerCount"], found["entryCount"]


def test_a_buy_in_is_taken_once_and_posted(casino: Hub) -> None:
    tid = casino.create(**PAID)
    first = casino.register(tid, "ann", buyInAmount="11.00")
    assert (first.status, first.body["status"], first.body["totalPaid"]) == (201, "active", "11.00")
    assert casino.register(tid, "ann", buyInAmount="11.00").status == 200
    assert wallet(casino, "ann") == "989.00"
    assert casino.balance(ledger.pool_account(tid)) == 1000
    assert (casino.house("rake"), casino.house("cash")) == (100, -1100)
    assert seats(casino, tid) == (1, 1, 1)
    pool = casino.ok("GET", "/tournaments/{id}/prize-pool", id=tid)
    assert (pool["collected"], pool["overlay"], pool["total"], pool["rake"]) == (
        "10.00",
        "40.00",
        "50.00",
        "1.00",
    )
    assert [line["amount"] for line in pool["distribution"]] == ["25.00", "15.00", "10.00"]
    casino.check_books()


@pytest.mark.parametrize("amount", ["10.00", "11.01", "0", -11])
def test_another_amount_than_the_price_is_refused_before_anything_moves(casino: Hub, amount: Any) -> None:
    tid = casino.create(**PAID)
    refused = casino.register(tid, "ann", buyInAmount=amount)
    assert (refused.status, refused.name) == (400, "BUY_IN_MISMATCH")
    assert seats(casino, tid) == (0, 0, 0)
    assert casino.register(tid, "ann", buyInAmount="11.001").name == "AMOUNT_PRECISION"


def test_without_a_callback_the_registering_call_is_the_proof(hub: Hub) -> None:
    tid = hub.create(**PAID)
    assert hub.register(tid, "ann").name == "BUY_IN_MISMATCH"
    assert hub.register(tid, "ann", buyInAmount=11).status == 201
    assert hub.balance(ledger.pool_account(tid)) == 1000
    hub.check_books()


def test_where_the_operator_collects_seat_and_posting_are_one_write(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    tid = hub.create(maxPlayers=1, **PAID)
    real = ledger_store.transact

    def dead(ops: Any) -> None:
        raise KeyboardInterrupt

    for commit in (dead, lambda ops: (real(ops), dead(ops))):
        monkeypatch.setattr(ledger_store, "transact", commit)
        with pytest.raises(KeyboardInterrupt):
            hub.register(tid, "ann", buyInAmount="11.00")
        seated = hub.balance(ledger.pool_account(tid)) // 1000
        assert seats(hub, tid) == (seated, seated, seated)
        monkeypatch.setattr(ledger_store, "transact", real)
    assert (hub.register(tid, "ann", buyInAmount="11.00").status, seats(hub, tid)) == (200, (1, 1, 1))
    assert [e for e in hub.events(tid) if e.startswith("registration.")] == ["registration.accepted"]
    assert hub.player("DELETE", tid, "", "ann").body["status"] == "withdrawn"
    assert (hub.house("cash"), hub.house("rake"), hub.balance(ledger.pool_account(tid))) == (0, 0, 0)
    again = hub.register(tid, "ann", buyInAmount="11.00")
    assert (again.status, again.body["totalPaid"], seats(hub, tid)) == (201, "11.00", (1, 1, 1))
    hub.check_books()


def test_a_declined_buy_in_frees_the_seat(casino: Hub) -> None:
    tid = casino.create(maxPlayers=1, **PAID)
    demo_faults({"kind": "decline", "times": 1}, tournament=tid)
    refused = casino.register(tid, "ann")
    assert (refused.status, refused.name) == (402, "BUY_IN_DECLINED")
    assert seats(casino, tid) == (0, 0, 0)
    assert casino.register(tid, "bob").status == 201
    assert casino.register(tid, "ann").name == "TOURNAMENT_FULL"
    casino.check_books()


@pytest.mark.parametrize("fault", ["error500", "html", "empty"])
def test_an_unclear_answer_holds_the_seat_until_it_is_known(casino: Hub, fault: str) -> None:
    tid = casino.create(maxPlayers=1, **PAID)
    demo_faults({"kind": fault, "times": 1}, tournament=tid)
    held = casino.register(tid, "ann")
    assert (held.status, held.body["status"], held.body["token"]) == (202, "pending_payment", None)
    assert casino.register(tid, "bob").name == "TOURNAMENT_FULL"
    assert casino.balance(ledger.pool_account(tid)) == 0
    casino.now += 31 * SECOND
    casino.money()
    done = casino.register(tid, "ann")
    assert (done.status, done.body["status"]) == (200, "active")
    assert wallet(casino, "ann") == "989.00"
    assert casino.balance(ledger.pool_account(tid)) == 1000
    casino.check_books()


def test_unclear_then_declined_releases_the_seat(casino: Hub) -> None:
    tid = casino.create(maxPlayers=1, **PAID)
    demo_faults({"kind": "error500", "times": 1}, {"kind": "decline", "times": 1}, tournament=tid)
    assert casino.register(tid, "ann").status == 202
    casino.now += 31 * SECOND
    casino.money()
    assert seats(casino, tid) == (0, 0, 0)
    assert casino.register(tid, "bob").status == 201
    assert wallet(casino, "ann") == "1000.00"
    casino.check_books()


class DeathError(BaseException):
    """The process is gone; nothing catches this."""


def test_death_at_any_write_of_an_entry_ends_in_the_same_state(
    casino: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    survived = 0
    for step in range(12):
        tid = casino.create(maxPlayers=1, **PAID)
        player, left = f"p{step}", [step]
        with monkeypatch.context() as patch:
            for module in (store, ledger_store):
                _die_at(patch, module, left)
            try:
                casino.register(tid, player)
                survived += 1
            except DeathError:
                pass
        # Nobody calls again: sweeper and money worker find it by themselves.
        for _ in range(4):
            casino.to(casino.now + 61 * SECOND)
            casino.money()
        taken = seats(casino, tid)
        assert taken in ((1, 1, 1), (0, 0, 0)), f"step {step}"
        assert casino.balance(ledger.pool_account(tid)) == 1000 * taken[1]
        assert wallet(casino, player) == ("989.00" if taken[1] else "1000.00")
        # And the player who does call again is in, once.
        assert casino.register(tid, player).status in (200, 201)
        assert seats(casino, tid) == (1, 1, 1)
        assert wallet(casino, player) == "989.00"
        casino.check_books()
        if survived:
            break
    assert step >= 4, "the saga has at least two transactions, each with a death before and after"


def _die_at(patch: pytest.MonkeyPatch, module: Any, left: list[int]) -> None:
    real = module.transact

    def dying(ops: Any) -> None:
        if left[0] == 0:
            left[0] = -1
            raise DeathError
        left[0] -= 1
        real(ops)
        if left[0] == 0:
            left[0] = -1
            raise DeathError
        left[0] -= 1

    patch.setattr(module, "transact", dying)


def test_a_rebuy_is_charged_once_per_key_and_adds_an_entry(casino: Hub) -> None:
    tid = casino.create(**REBUY)
    casino.register(tid, "ann")
    assert casino.player("POST", tid, "rebuy", "ann").name == "IDEMPOTENCY_KEY_REQUIRED"
    assert casino.player("POST", tid, "rebuy", "ann", key="k0").name == "REBUY_NOT_ALLOWED"
    casino.to(casino.now + HOUR)
    casino.send(*[(f"a{n}", "ann", "1.00", "0") for n in range(3)])
    casino.now += SECOND
    first = casino.player("POST", tid, "rebuy", "ann", key="k1")
    assert (first.status, first.body["entryCount"], first.body["totalPaid"]) == (200, 2, "16.50")
    again = casino.player("POST", tid, "rebuy", "ann", key="k1")
    assert again.body == first.body
    assert wallet(casino, "ann") == "983.50"
    casino.now += SECOND
    casino.send(*[(f"b{n}", "ann", "1.00", "0") for n in range(2)])
    casino.now += SECOND
    assert casino.player("POST", tid, "rebuy", "ann", key="k2").body["entryCount"] == 3
    assert casino.player("POST", tid, "rebuy", "ann", key="k3").name == "REBUY_NOT_ALLOWED"
    added = casino.player("POST", tid, "addon", "ann", key="k4")
    assert (added.status, added.body["addOns"], added.body["entryCount"]) == (200, 1, 3)
    casino.now += SECOND
    casino.send(("c0", "ann", "1.00", "0"))
    casino.to(casino.now + HOUR + 31 * SECOND)
    assert casino.settle(tid) == "settled"
    result = casino.ok("GET", "/tournaments/{id}/results", id=tid)
    # The best of three entries: three rounds, two rounds, one and the 250 points of the add-on.
    assert [(w["userId"], w["finalScore"], w["entryCount"]) for w in result["winners"]] == [("ann", 251, 3)]
    assert result["prizePool"]["collected"] == "23.00"
    casino.check_books()


def test_a_rebuy_declined_changes_nothing(casino: Hub) -> None:
    tid = casino.create(**REBUY)
    casino.register(tid, "ann")
    casino.to(casino.now + HOUR)
    demo_faults({"kind": "decline", "times": 1}, tournament=tid)
    assert casino.player("POST", tid, "rebuy", "ann", key="k1").name == "BUY_IN_DECLINED"
    assert seats(casino, tid) == (1, 1, 1)
    assert casino.player("POST", tid, "rebuy", "ann", key="k2").status == 200
    assert seats(casino, tid) == (1, 1, 2)


def test_leaving_before_the_start_gives_everything_back(casino: Hub) -> None:
    tid = casino.create(maxPlayers=1, **PAID)
    casino.register(tid, "ann")
    gone = casino.player("DELETE", tid, "", "ann")
    assert (gone.status, gone.body["status"], gone.body["totalPaid"]) == (200, "withdrawn", "0.00")
    assert casino.player("DELETE", tid, "", "ann").body["status"] == "withdrawn"
    casino.money()
    casino.now += 31 * SECOND
    casino.money()
    assert wallet(casino, "ann") == "1000.00"
    assert seats(casino, tid) == (0, 0, 0)
    assert casino.balance(ledger.pool_account(tid)) == casino.house("rake") == casino.house("cash") == 0
    assert casino.balance(ledger.payable_account(tid)) == 0
    # The seat is free, and the same player may come back with a new debit.
    assert casino.register(tid, "ann").status == 201
    assert wallet(casino, "ann") == "989.00"
    casino.to(casino.now + HOUR)
    assert casino.player("DELETE", tid, "", "ann").name == "TOURNAMENT_STATE"
    casino.check_books()


@pytest.mark.parametrize(("on_short", "expected"), [("cancel_refund", "cancelled"), ("start", "running")])
def test_too_few_players_at_the_start(casino: Hub, on_short: str, expected: str) -> None:
    tid = casino.create(minPlayers=3, onShort=on_short, **PAID)
    casino.register(tid, "ann")
    casino.register(tid, "bob")
    casino.to(casino.now + HOUR)
    assert casino.status(tid) == expected
    if expected == "cancelled":
        casino.settle(tid, passes=5)
        assert wallet(casino, "ann") == wallet(casino, "bob") == "1000.00"
        assert {p["status"] for p in casino.ok("GET", "/tournaments/{id}/players", id=tid)["players"]} == {
            "refunded"
        }
        assert casino.house("cash") == casino.balance(ledger.payable_account(tid)) == 0
        casino.check_books()


@pytest.mark.parametrize("policy", ["refund", "pay_current"])
def test_a_void_refunds_or_pays_by_the_board(casino: Hub, policy: str) -> None:
    tid = casino.create(**PAID)
    for player in ("ann", "bob"):
        casino.register(tid, player)
    casino.to(casino.now + HOUR)
    casino.send(("r1", "ann", "1.00", "0"))
    casino.now += SECOND
    body = {"policy": policy, "reason": "the game broke"}
    voided = casino.ok("POST", "/tournaments/{id}/void", body, id=tid)
    assert voided["voidPolicy"] == policy
    assert casino.ok("POST", "/tournaments/{id}/void", body, id=tid)["version"] == voided["version"]
    casino.to(casino.now + 31 * SECOND)
    end = casino.settle(tid)
    if policy == "refund":
        assert end == "voided"
        assert wallet(casino, "ann") == wallet(casino, "bob") == "1000.00"
        assert casino.house("cash") == casino.house("rake") == 0
    else:
        assert end == "settled"
        # The guarantee stands: half of 50.00 for the only one who ranks, who paid 11.00.
        assert wallet(casino, "ann") == "1014.00"
        assert casino.house("remainder") == 2500
    assert casino.balance(ledger.payable_account(tid)) == 0
    casino.check_books()


def test_money_that_comes_after_the_end_goes_back(casino: Hub) -> None:
    tid = casino.create(**PAID)
    casino.to(casino.now + HOUR)
    demo_faults({"kind": "error500", "times": 3}, tournament=tid)
    assert casino.register(tid, "ann").status == 202
    casino.ok("POST", "/tournaments/{id}/finish", {}, id=tid)
    for _ in range(8):
        casino.now += 10 * 60 * SECOND
        casino.money()
    entry = entry_store.load_entry(casino.tenant, tid, "aurora", "ann")
    assert entry is not None
    assert entry.status == "declined"
    assert wallet(casino, "ann") == "1000.00"
    assert casino.balance(ledger.pool_account(tid)) == casino.balance(ledger.payable_account(tid)) == 0
    assert seats(casino, tid) == (0, 0, 0)
    casino.check_books()


def test_a_rebuy_that_was_paid_too_late_is_told_so_each_time(casino: Hub) -> None:
    tid = casino.create(**REBUY)
    casino.register(tid, "ann")
    casino.to(casino.now + HOUR)
    demo_faults({"kind": "error500", "times": 3}, tournament=tid)
    assert casino.player("POST", tid, "rebuy", "ann", key="k1").status == 202
    casino.ok("POST", "/tournaments/{id}/finish", {}, id=tid)
    for _ in range(8):
        casino.now += 10 * 60 * SECOND
        casino.money()
    assert (wallet(casino, "ann"), seats(casino, tid)) == ("989.00", (1, 1, 1))
    # As it is once the hub has forgotten the request's key.
    actor = Actor("operator", "", casino.now)
    for key in ("k1", "k1"):
        with pytest.raises(Refusal, match="given back") as told:
            entries.buy(casino.tenant, tid, "ann", "aurora", kind="rebuy", key=key, actor=actor)
        assert told.value.name == "BUY_IN_DECLINED"
    casino.check_books()


def test_guarantee_overlay_and_rake_of_a_settled_tournament(casino: Hub) -> None:
    tid = casino.create(**PAID)
    for n in range(4):
        casino.register(tid, f"p{n}")
    casino.to(casino.now + HOUR)
    casino.send(*[(f"r{n}", f"p{n}", f"{n + 1}.00", "0") for n in range(4)])
    casino.to(casino.now + HOUR + 31 * SECOND)
    assert casino.settle(tid) == "settled"
    pool = casino.ok("GET", "/tournaments/{id}/results", id=tid)["prizePool"]
    assert (pool["collected"], pool["overlay"], pool["net"], pool["rake"]) == (
        "40.00",
        "10.00",
        "50.00",
        "4.00",
    )
    # Sum of payouts, rake and remainder = sum of debits and overlay.
    assert (casino.house("overlay"), casino.house("rake"), casino.house("remainder")) == (-1000, 400, 0)
    assert casino.house("cash") == -4400 + 5000
    assert [wallet(casino, f"p{n}") for n in (3, 2, 1, 0)] == ["1014.00", "1004.00", "999.00", "989.00"]
    casino.check_books()


def test_the_saga_names_its_references_before_it_acts(casino: Hub) -> None:
    tid = casino.create(**PAID)
    casino.register(tid, "ann")
    debits = casino.ok("GET", "/debits", query={"tournamentId": tid})["debits"]
    entry = entry_store.load_entry(casino.tenant, tid, "aurora", "ann")
    assert entry is not None
    assert [paid.ref for paid in entry.paid] == [d["debitRef"] for d in debits]
    assert saga.STILL_OPEN == ("registration", "running", "paused")


def test_who_is_disqualified_before_the_start_is_not_refunded_by_leaving(casino: Hub) -> None:
    tid = casino.create(**PAID)
    casino.register(tid, "ann")
    assert casino.player("POST", tid, "disqualify", "ann", {"reason": "two accounts"}).status == 200
    left = casino.player("DELETE", tid, "", "ann")
    assert (left.status, left.name) == (404, "NOT_REGISTERED")
    assert casino.register(tid, "ann").body["status"] == "disqualified"
    assert wallet(casino, "ann") == "989.00"
    assert casino.balance(ledger.pool_account(tid)) == 1000


def test_nobody_is_told_to_have_left_while_the_buy_in_is_unclear(casino: Hub) -> None:
    tid = casino.create(**PAID)
    demo_faults({"kind": "error500", "times": 2}, tournament=tid)
    assert casino.register(tid, "ann").status == 202
    left = casino.player("DELETE", tid, "", "ann")
    assert (left.status, left.name) == (409, "BUY_IN_PENDING")
    for _ in range(2):  # the second fault, then the answer
        casino.now += 10 * 60 * SECOND
        casino.money()
    left = casino.player("DELETE", tid, "", "ann")
    assert (left.status, left.body["status"]) == (200, "withdrawn")
    casino.money()
    assert wallet(casino, "ann") == "1000.00"
