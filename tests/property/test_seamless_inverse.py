"""Seamless mode, the pure core: what the operator refused is as if it had never been, and what it took is as it said."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pitboss.kernel.refusal import Refusal
from pitboss.wallet import engine_seamless
from pitboss.wallet.book import Decision, NeedMore, Place, Sums
from pitboss.wallet.callbacks import RESETTLES
from pitboss.wallet.free_rounds import FreeRounds
from pitboss.wallet.model import DAY_MS, Action, Round, RoundTx, Tx, TxKey, Wallet
from pitboss.wallet.profile import Profile
from pitboss.wallet.resolve_rules import in_order

from tests.wallet_bank import GAME, PROVIDER, T0, Bank, back, bet, end, wallet_of, win

pytestmark = pytest.mark.property

IDS = st.sampled_from(["a", "b", "c", "d", "e"])
ROUNDS = st.sampled_from(["r1", "r2", "r3"])
PROFILES = st.builds(
    Profile,
    round_close=st.sampled_from(["flag", "win"]),
    late_win=st.sampled_from(["accept", "refuse"]),
    bet_in_closed_round=st.sampled_from(["refuse", "reopen"]),
    win_without_bet=st.sampled_from(["refuse", "promo", "any"]),
    rollback_win=st.sampled_from(["refuse", "allow"]),
    settled_rollback=st.sampled_from(["refuse", "resettle"]),
    free_charge=st.sampled_from(["round", "bet"]),
)


@st.composite
def actions(draw: st.DrawFn) -> Action:
    """Any action on a few ids and rounds, so that they meet; some bets are played with a grant of the hub, beside others."""
    kind = draw(st.sampled_from(["bet", "bet", "win", "win", "rollback", "end"]))
    if kind == "rollback":
        return Action("rollback", draw(IDS), ref=draw(IDS))
    if kind == "end":
        return Action("end", draw(IDS), draw(ROUNDS), GAME)
    round_id = draw(ROUNDS)
    free = draw(st.integers(0, 2)) == 0
    more: dict[str, Any] = {"type": "free" if free else kind, "free_id": "G1" if free else ""}
    if kind == "win":
        more["ref"] = draw(st.just("") | IDS)
    return Action(
        kind,  # type: ignore[arg-type]
        draw(IDS),
        round_id,
        GAME,
        "10" if free and kind == "bet" else str(draw(st.integers(0, 30))),
        "EUR",
        round_closed=draw(st.integers(0, 3)) == 0,
        **more,
    )


class Seen(NamedTuple):
    """All that counts of the books, free of versions and times of change."""

    house: int
    cash: int
    losses: tuple[int, int]
    rounds: dict[Place, tuple[Any, ...]]
    grants: dict[str, FreeRounds]
    standing: dict[TxKey, tuple[str, str]]
    closed: dict[Place, tuple[bool, bool]]
    free: dict[Place, str]
    txs: dict[Place, tuple[RoundTx, ...]]


def of_round(round_: Round) -> tuple[Any, ...]:
    standing = sorted(tx for tx in round_.txs if tx.kind.islower())
    return round_.status == "open", round_.stake, round_.win, standing


def seen(bank: Bank) -> Seen:
    wallet: Wallet = bank.wallet
    rounds = {**bank.records, **{(r.provider, r.round_id): r for r in wallet.rounds}}
    return Seen(
        wallet.house,
        wallet.cash,
        (wallet.day_loss, wallet.week_loss),
        {place: of_round(r) for place, r in rounds.items()},
        {name: replace(grant, version=0) for name, grant in bank.grants.items()},
        {key: (tx.state, tx.undone_by) for key, tx in bank.txs.items()},
        {place: (r.closed, r.ended) for place, r in rounds.items()},
        {place: r.free for place, r in rounds.items()},
        {place: r.txs for place, r in rounds.items()},
    )


def marked(tx: Tx, decision: Decision) -> Tx:
    """With the wins that a rollback took back, as the message to the operator names them."""
    wins = [w.hub_id for w, _ in decision.txs if (w.kind, w.undone_by) == ("win", tx.ext_id)]
    resettles = tx.kind == "rollback" and not tx.type and wins
    return replace(tx, marks=RESETTLES + ",".join(wins)) if resettles else tx


def given_all(bank: Bank, txs: tuple[Tx, ...], **more: Any) -> Decision:
    """`void` with all that it asks for."""
    _, keys, _ = engine_seamless.needed(txs)
    targets = {key: bank.txs.get(key) for key in keys}
    while True:
        try:
            return engine_seamless.void(
                bank.wallet,
                bank.records,
                txs,
                targets=targets,
                grants=bank.grants,
                now=bank.now,
                profile=bank.profile,
                detail="no",
                **more,
            )
        except NeedMore as need:
            targets |= {key: bank.txs.get(key) for key in need.txs}


def points(*sums: Sums) -> tuple[int, int]:
    """What the agent's points are down by, and what of it is stakes of open rounds."""
    one = Sums(*map(sum, zip(*sums, strict=True)))
    taken = one.bets - one.wins - one.rollbacks - one.late_rollbacks + one.unwins
    return taken, one.bets - one.rollbacks - one.closed


def a_bank(profile: Profile, win_kind: str) -> Bank:
    grant = FreeRounds("G1", "T1", "P1", PROVIDER, (GAME,), 3, 1000, "EUR", 2, T0 + DAY_MS, win_kind, T0, version=1)  # type: ignore[arg-type]  # fmt: skip
    return Bank(wallet_of(0, mode="seamless"), profile, grants={"G1": grant})


CALLS = st.lists(
    st.tuples(st.lists(actions(), min_size=1, max_size=4), st.sampled_from(["yes", "yes", "no", "gone"])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=400, deadline=None)
@given(PROFILES, st.sampled_from(["cash", "bonus"]), CALLS)
def test_what_is_void_never_was(
    profile: Profile, win_kind: str, calls: list[tuple[list[Action], str]]
) -> None:
    bank = a_bank(profile, win_kind)
    begun = [bet("a", "10"), bet("b", "10", "free", type="free", free_id="G1")]
    for call, answer in [(begun, "yes"), *calls]:
        bank.now += 1_000
        before = seen(bank)
        try:
            decision = bank.decide(*call)
        except Refusal:
            assert seen(bank) == before
            continue
        bank.write(decision)
        fresh = [tx for tx, was in decision.txs if was is None and tx.state == "PENDING"]
        waiting = in_order([marked(tx, decision) for tx in fresh])
        if not waiting:
            continue
        if answer == "yes":
            after = 50_000
            bank.write(engine_seamless.confirm(bank.wallet, bank.records, waiting, after=after, now=bank.now))
            for tx in reversed(waiting):
                assert bank.txs[tx.key].after == after
                after = bank.txs[tx.key].before
            continue
        state = "REFUSED" if answer == "no" else "ROLLED_BACK"
        undone = given_all(bank, waiting, state=state, refusal="BALANCE_NOT_ENOUGH")
        bank.write(undone)
        now = seen(bank)
        assert now[:3] == before[:3]
        assert now.grants == before.grants
        for place, was in before.rounds.items():
            assert now.rounds[place] == was, call
            # The provider's word that it is over neither goes with a no nor comes with one.
            assert now.closed[place] == before.closed[place], call
            # Played with free rounds: of a bet that is only struck, the round goes on saying it.
            assert now.free[place] == before.free[place] or state != "REFUSED"
        assert {key: now.standing[key] for key in before.standing} == before.standing
        assert {bank.txs[tx.key].state for tx in waiting} == {state}
        assert points(decision.sums, undone.sums) == (0, 0)
        for tx in waiting:
            if tx.kind in ("bet", "win"):
                place = (PROVIDER, tx.round_id)
                left = [
                    t.kind
                    for t in now.txs.get(place, ())
                    if (t.kind.lower(), t.ext_id) == (tx.kind[0], tx.ext_id)
                ]
                assert left == ([] if state == "REFUSED" else [tx.kind[0].upper()])
                assert place in before.closed or not any(now.closed.get(place, ()))


def seamless(**more: Any) -> Bank:
    return a_bank(replace(Profile(), **more), "cash")


def settle(bank: Bank, *calls: Action, after: int | None = None, operator_tx: str = "") -> list[Tx]:
    """Decide, and confirm what waits; the transactions as they stand then."""
    waiting = [r.tx for r in bank.do(*calls)]
    bank.write(
        engine_seamless.confirm(
            bank.wallet, bank.records, waiting, after=after, now=bank.now, operator_tx=operator_tx
        )
    )
    return [bank.txs[tx.key] for tx in waiting]


def seamless_after_a_win() -> Bank:
    bank = seamless(rollback_win="allow")
    settle(bank, bet("t1"), win("w1", ref="t1"))
    return bank


def test_while_the_operator_is_asked_nobody_is_told_that_it_said_yes() -> None:
    """A repeated call must not be answered OK before the money moved, and nothing may build on it."""
    bank = seamless()
    bank.do(bet("t1"))
    assert bank.said(bet("t1")) == "OPERATION_IN_PROGRESS"
    assert bank.said(win("w1", ref="t1")) == "OPERATION_IN_PROGRESS"
    assert bank.said(back("k1", "t1")) == "OPERATION_IN_PROGRESS"
    assert [tx.state for tx in bank.txs.values()] == ["PENDING"]


@pytest.mark.parametrize("state", ["PENDING", "UNKNOWN", "FAILED"])
def test_an_end_that_nobody_knows_is_never_told_as_done(state: Any) -> None:
    bank = seamless()
    (result,) = bank.do(bet("t1"))
    bank.txs[result.tx.key] = replace(result.tx, state=state)
    assert bank.said(bet("t1")) == "OPERATION_IN_PROGRESS"
    assert bank.said(back("k1", "t1")) == "OPERATION_IN_PROGRESS"


def test_the_operators_balance_is_told_back_through_the_list() -> None:
    bank = seamless()
    calls = [bet("t1"), win("w1", "25", ref="t1"), win("w2", "0.50", ref="t1"), end("e1")]
    done = settle(bank, *calls, after=9_000, operator_tx="op-1")
    assert [(tx.before, tx.after) for tx in done] == [
        (7_450, 6_450),
        (6_450, 8_950),
        (8_950, 9_000),
        (9_000, 9_000),
    ]
    ended = {(tx.state, tx.operator_tx, tx.due_key, tx.due_at, tx.lease_until, tx.undo) for tx in done}
    assert ended == {("DONE", "op-1", "", 0, 0, False)}
    assert (bank.round().status, bank.round().closed, bank.round().ended) == ("completed", True, True)
    taken = settle(bank, bet("t2", round_id="r2")), settle(bank, back("k2", "t2"), after=5_000)
    assert [(tx.before, tx.after) for row in taken for tx in row] == [(None, None), (4_000, 5_000)]
    (won,) = settle(seamless_after_a_win(), back("k3", "w1", target="win"), after=100)
    assert (won.before, won.after) == (2_100, 100)


def test_a_rollback_that_empties_a_round_leaves_it_open_to_another_bet() -> None:
    bank = seamless()
    settle(bank, bet("t1"))
    settle(bank, back("k1", "t1"))
    assert (bank.round().status, bank.round().closed) == ("cancelled", False)
    assert bank.said(bet("t2")) == "OK"


def test_a_promotion_without_a_bet_ends_its_round_but_does_not_close_it() -> None:
    bank = seamless()
    settle(bank, win("w1", type="promo"))
    assert (bank.round().status, bank.round().closed) == ("completed", False)
    settle(bank, bet("t1"), win("w2", ref="t1", round_closed=True))
    assert (bank.round().status, bank.round().closed) == ("completed", True)


def refused(bank: Bank, *calls: Action) -> None:
    """Decide, and have the operator say no to what waits."""
    waiting = in_order([r.tx for r in bank.do(*calls) if r.tx.state == "PENDING"])
    bank.write(given_all(bank, waiting, state="REFUSED", refusal="BALANCE_NOT_ENOUGH"))


def test_a_round_that_a_refused_list_would_have_emptied_stays_open() -> None:
    bank = seamless(rollback_win="allow", win_without_bet="any")
    settle(bank, bet("t1"))
    refused(bank, back("k1", "t1"), win("w1"), back("k2", "w1", target="win"))
    assert (bank.round().status, bank.round().stake) == ("open", 1_000)
    settle(bank, bet("t2"), back("k3", "t1"), back("k4", "t2"))
    assert (bank.round().status, bank.round().closed) == ("cancelled", False)


def test_a_round_that_a_refused_list_opened_again_is_over_again_with_what_it_took_back() -> None:
    bank = seamless(bet_in_closed_round="reopen")
    settle(bank, bet("t1"), bet("t2", round_closed=True))
    refused(bank, back("k1", "t1"), bet("t3"))
    assert (bank.round().status, bank.round().stake, bank.round().counted) == ("completed", 2_000, 2_000)


def test_free_rounds_of_a_bet_that_its_own_list_took_back_are_no_longer_said() -> None:
    bank = seamless()
    settle(bank, bet("t1"))
    free = {"type": "free", "free_id": "G1"}
    refused(bank, bet("t2", "10", **free), back("k1", "t2"), bet("t3", "10", **free))
    assert bank.round().free == ""
