"""The wallet's books under any list of actions and any profile, and its stored forms there and back."""

from dataclasses import fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pitboss.kernel.money import MAX_MINOR, format_amount
from pitboss.kernel.refusal import Refusal
from pitboss.platform import dynamo
from pitboss.wallet import store
from pitboss.wallet.codec import (
    pack_round,
    pack_session,
    pack_tx,
    pack_wallet,
    unpack_round,
    unpack_session,
    unpack_tx,
    unpack_wallet,
)
from pitboss.wallet.model import Action, Limits, Round, RoundTx, Session, Tx, TxKey, Wallet
from pitboss.wallet.profile import Profile
from pitboss.wallet.rules import to_minor
from pitboss.wallet.tokens import digest_of, make, matches, read

from tests.wallet_bank import GAME, PROVIDER, T0, Bank, check_books, wallet_of

pytestmark = pytest.mark.property
IDS = st.sampled_from(["a", "b", "c", "d", "e", "f"])
ROUNDS = st.sampled_from(["r1", "r2", "r3"])
AMOUNTS = st.integers(0, 3000).map(lambda minor: format_amount(minor, 2))
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)
MONEY = st.integers(-MAX_MINOR, MAX_MINOR)
INSTANTS = st.integers(0, 2**43)


def _switch(kind: Any) -> st.SearchStrategy[Any]:
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    return st.booleans() if kind is bool else st.just("default")


PROFILES = st.builds(
    Profile,
    **{f.name: _switch(get_type_hints(Profile)[f.name]) for f in fields(Profile) if f.name != "money_scale"},
)


@st.composite
def actions(draw: st.DrawFn) -> Action:
    """Any action on a few ids and rounds, so that they meet."""
    kind = draw(st.sampled_from(["bet", "bet", "win", "rollback", "end"]))
    if kind == "rollback":
        return Action("rollback", draw(IDS), ref=draw(IDS), round_closed=draw(st.booleans()))
    if kind == "end":
        return Action("end", draw(IDS), draw(ROUNDS), GAME)
    more: dict[str, Any] = {"round_closed": draw(st.booleans())}
    if kind == "win":
        more |= {"type": draw(st.sampled_from(["win", "promo"])), "ref": draw(st.one_of(st.just(""), IDS))}
    else:
        more |= {"type": draw(st.sampled_from(["bet", "bet", "free", "jackpot"]))}
    return Action(kind, draw(IDS), draw(ROUNDS), GAME, draw(AMOUNTS), "EUR", **more)  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None)
@given(PROFILES, st.lists(st.lists(actions(), min_size=1, max_size=4), max_size=25))
def test_books_hold_and_refused_lists_change_nothing(profile: Profile, calls: list[list[Action]]) -> None:
    bank = Bank(wallet_of(5_000), profile=profile)
    for call in calls:
        bank.now += 60_000
        wallet, records, txs = bank.wallet, dict(bank.records), dict(bank.txs)
        try:
            bank.do(*call)
        except Refusal:
            assert (bank.wallet, bank.records) == (wallet, records)
            # A final no may leave its own record and tombstones, and changes none that stood.
            assert all(bank.txs[key] == tx for key, tx in txs.items())
            assert {tx.state for key, tx in bank.txs.items() if key not in txs} <= {"REFUSED", "TOMBSTONE"}
    check_books(bank.wallet)
    standing = [tx for tx in bank.txs.values() if tx.state == "DONE"]
    stakes = sum(tx.amount for tx in standing if tx.kind == "bet" and tx.type != "free")
    wins = sum(tx.amount for tx in standing if tx.kind == "win")
    assert bank.wallet.house == stakes - wins
    assert bank.balance == 5_000 - stakes + wins
    every = [*bank.wallet.rounds, *(r for r in bank.records.values())]
    assert sum(r.stake for r in every) == stakes
    assert sum(r.win for r in every) == wins
    assert bank.wallet.spilled == sum(r.status == "open" for r in bank.records.values())


@settings(max_examples=100, deadline=None)
@given(PROFILES, st.lists(actions(), max_size=20))
def test_saying_everything_twice_changes_nothing(profile: Profile, calls: list[Action]) -> None:
    once, twice = (Bank(wallet_of(5_000), profile=profile) for _ in range(2))
    for call in calls:
        first = once.said(call)
        assert twice.said(call) == first
        before = twice.wallet
        again = twice.said(call)
        assert twice.wallet == before
        if first == "OK":
            assert again in ("replay", "TX_ALREADY_PROCESSED", "TX_ROLLED_BACK")
    assert once.wallet == twice.wallet


# ---------------------------------------------------------------- stored forms
SESSIONS = st.builds(
    Session,
    id=TEXT,
    digest=st.binary(min_size=0, max_size=16),
    device=TEXT,
    started_at=INSTANTS,
    expires_at=INSTANTS,
    ended=st.booleans(),
    external_id=st.one_of(st.just(""), TEXT),
    launch=st.binary(max_size=16),
    launch_until=INSTANTS,
    used=st.binary(max_size=16),
)
ROUND_TXS = st.builds(RoundTx, st.sampled_from("bwBW"), TEXT, st.one_of(st.just(""), TEXT))
STORED_ROUNDS = st.builds(
    Round,
    provider=TEXT,
    round_id=TEXT,
    game_id=TEXT,
    stake=MONEY,
    win=MONEY,
    started_at=INSTANTS,
    changed_at=INSTANTS,
    settled_at=INSTANTS,
    status=st.sampled_from(["open", "completed", "cancelled"]),
    closed=st.booleans(),
    ended=st.booleans(),
    revision=st.integers(0, 99),
    free=st.one_of(st.just(""), TEXT),
    counted=MONEY,
    txs=st.lists(ROUND_TXS, max_size=5).map(tuple),
)
LIMITS = st.builds(Limits, *[st.one_of(st.none(), st.integers(0, MAX_MINOR)) for _ in range(4)])


@given(SESSIONS, STORED_ROUNDS)
def test_sessions_and_rounds_come_back(session: Session, round_: Round) -> None:
    assert unpack_session(pack_session(session)) == session
    assert unpack_round(pack_round(round_)) == round_


@given(
    st.builds(
        Wallet,
        tenant_id=st.just("T1"),
        player_id=st.just("P1"),
        brand_id=TEXT,
        user_id=TEXT,
        currency=TEXT,
        exponent=st.integers(0, 8),
        mode=st.sampled_from(["transfer", "seamless"]),
        version=st.integers(0, 10**9),
        balance=MONEY,
        house=MONEY,
        cash=MONEY,
        receivable=MONEY,
        status=st.sampled_from(["active", "blocked", "closed"]),
        self_excluded_until=INSTANTS,
        cool_off_until=INSTANTS,
        limits=LIMITS,
        next_limits=st.one_of(st.none(), LIMITS),
        next_limits_at=INSTANTS,
        day=st.integers(0, 99_999),
        day_loss=MONEY,
        week=st.integers(0, 9_999),
        week_loss=MONEY,
        sessions=st.lists(SESSIONS, max_size=3).map(tuple),
        rounds=st.lists(STORED_ROUNDS, max_size=3).map(tuple),
        ring=st.lists(TEXT, max_size=4).map(tuple),
        held=st.integers(0, 3),
        spilled=st.integers(0, 9),
        marked=st.integers(0, 99_999),
    )
)
def test_wallets_come_back(wallet: Wallet) -> None:
    assert unpack_wallet("T1", "P1", wallet.version, pack_wallet(wallet)) == wallet


@given(
    TEXT,
    TEXT,
    TEXT,
    MONEY,
    st.sampled_from(["DONE", "REFUSED", "PENDING"]),
    st.one_of(st.none(), MONEY),
    st.binary(),
)
def test_transactions_come_back_through_an_item(
    ext_id: str, round_id: str, ref: str, amount: int, state: Any, after: int | None, raw: bytes
) -> None:
    key = TxKey(PROVIDER, "bet", ext_id, "P1")
    tx = Tx("T1", key, "H", "P1", "b", "u", "EUR", 2, state, amount, "bet", round_id, GAME, ref, True, at=T0)
    tx = replace(
        tx, after=after, raw=raw, refusal="BET_LIMIT", detail="d", members=("x",), due_key="D", due_at=5
    )
    item = dynamo.from_item(dynamo.to_item(pack_tx(tx)))
    assert unpack_tx(item) == tx


@given(TEXT, TEXT, TEXT, TEXT)
def test_no_two_transactions_share_a_key(one: str, other: str, third: str, fourth: str) -> None:
    keys = {
        TxKey(one, "bet", other),
        TxKey(one, "bet", other, third),
        TxKey(third, "bet", fourth),
        TxKey(one, "win", other),
        TxKey(f"{one}#bet#{other}", "bet", fourth),
        TxKey(one, "bet", f"{other}#TX"),
    }
    assert len({store.tx_key("T", key) for key in keys}) == len(keys)


def test_a_wallet_at_play_stays_within_a_kilobyte() -> None:
    """Two write units of a transaction: three devices, two open rounds with ids of a usual length."""
    from bench.wallet_stub import size_of

    sessions = tuple(
        Session(f"S{n}0HQZ8N1X", bytes(16), device, T0, T0 + 10**7)
        for n, device in enumerate(("desktop", "mobile", "tablet"))
    )
    ident = "8f3c2a71-5d0e-4b6f-9a53-0000000000"
    rounds = tuple(
        Round(
            "studio-one",
            f"{ident}{n:02}",
            "book-of-suns",
            10_000,
            0,
            T0,
            T0,
            txs=(RoundTx("b", f"{ident}{n:02}"),),
        )
        for n in range(2)
    )
    wallet = wallet_of(
        123_456_789,
        sessions=sessions,
        rounds=rounds,
        ring=("AAAAAAAA",) * 4,
        limits=Limits(10**6, 10**7, 10**8, 240),
    )
    wallet = replace(wallet, tenant_id="T" * 26, player_id="P" * 26, brand_id="aurora-casino", user_id=ident)
    assert size_of(dynamo.to_item(store.wallet_item(wallet))) <= 1024


# ---------------------------------------------------------------- amounts and tokens
@given(st.integers(0, 10**12), st.integers(0, 8))
def test_scales_agree(minor: int, exponent: int) -> None:
    text = format_amount(minor, exponent)
    assert to_minor(text, exponent, Profile()) == minor
    assert to_minor(minor, exponent, Profile(money_scale="minor")) == minor
    for scale, places in (("millis", 3), ("x100000", 5)):
        profile = Profile(money_scale=scale)  # type: ignore[arg-type]
        scaled, rest = divmod(minor * 10**places, 10**exponent)
        if not rest and scaled <= MAX_MINOR:
            assert to_minor(scaled, exponent, profile) == minor


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_tokens_are_read_and_only_true_ones_match(secret: bytes, other: bytes) -> None:
    token = make("T1", "P1", "S1", secret)
    said = read(token)
    assert said is not None
    assert (said.tenant_id, said.player_id, said.session_id) == ("T1", "P1", "S1")
    assert matches(said, digest_of(secret))
    assert matches(said, digest_of(other)) == (secret == other)
    assert read(token + "A") is None or read(token + "A") != said
    assert read(token.replace("ps_", "pl_")) is None


@given(st.text(max_size=80))
def test_nothing_else_is_a_token(text: str) -> None:
    said = read("ps_" + text)
    assert said is None or make(said.tenant_id, said.player_id, said.session_id, b"x" * 16)
