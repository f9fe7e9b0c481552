"""The same play through the hub's own documents and through each dialect leaves the same books.

A random list of operations (bets, wins, rollbacks, repetitions, things out of order) is played twice on the wallet's pure
engine: once as documents of the hub's protocol, once written by the vendor's half of a codec, read by the wallet's half.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pitboss.dialects import profiles
from pitboss.dialects.codecs import CODECS
from pitboss.dialects.model import Credential, Dialect, Said, Terms
from pitboss.kernel.ids import ulid
from pitboss.kernel.money import format_amount
from pitboss.kernel.refusal import Refusal
from pitboss.wallet.book import Decision, Facts, NeedMore, Place
from pitboss.wallet.engine import decide
from pitboss.wallet.free_rounds import FreeRounds
from pitboss.wallet.model import Round, Session, Tx, TxKey, Wallet
from pitboss.wallet.parse import parse
from pitboss.wallet.profile import Profile

pytestmark = pytest.mark.property

NOW = 1_789_000_000_000
PROVIDER, GAME, USER, TOKEN = "studio", "lucky-7", "alice", "ps_token"
KEY = Credential(b"0123456789abcdef0123456789abcdef", b"", "k1")
EXPONENTS = {"JPY": 0, "EUR": 2, "KWD": 3, "BTC": 8}


@dataclass
class Books:
    """A wallet and its records in memory, changed only by the engine's decisions."""

    wallet: Wallet
    profile: Profile
    txs: dict[TxKey, Tx] = field(default_factory=dict)
    rounds: dict[Place, Round] = field(default_factory=dict)
    grants: dict[str, FreeRounds] = field(default_factory=dict)
    calls: int = 0

    def serve(self, document: dict[str, Any]) -> tuple[str, str]:
        """Play a document: `(outcome, balance)`."""
        self.calls += 1
        actions = parse(document, document["action"], self.profile).actions
        known: dict[TxKey, Tx | None] = {}
        while True:
            try:
                decision = decide(
                    self.wallet,
                    actions,
                    provider=PROVIDER,
                    known=known,
                    records=dict(self.rounds),
                    grants=dict(self.grants),
                    profile=self.profile,
                    facts=Facts(games={GAME: None}),
                    now=NOW + self.calls,
                    seed=ulid(NOW, self.calls.to_bytes(10, "big")),
                )
            except NeedMore as need:
                known |= {key: self.txs.get(key) for key in need.txs}
                continue
            except Refusal as refusal:
                return refusal.name, self.shown()
            break
        self._apply(decision)
        outcome = decision.refusal.name if decision.refusal else "OK"
        return outcome, self.shown()

    def _apply(self, decision: Decision) -> None:
        if decision.wallet is not None:
            self.wallet = decision.wallet
        self.txs |= {tx.key: tx for tx, _ in decision.txs}
        self.rounds |= {(r.provider, r.round_id): r for r, _ in decision.rounds}

    def shown(self) -> str:
        """The balance as answers show it."""
        return format_amount(self.wallet.shown, self.wallet.exponent)

    def told(self) -> Any:
        """What must be equal, and what must hold of any books."""
        w = self.wallet
        assert w.balance >= 0
        assert w.balance + w.house + w.cash == w.receivable
        assert all(tx.amount >= 0 for tx in self.txs.values())
        money = (w.balance, w.house, w.cash, w.receivable)
        txs = {key: (tx.state, tx.amount, tx.type, tx.round_id, tx.ref) for key, tx in self.txs.items()}
        rounds = {
            place: (r.stake, r.win, r.status, r.closed, r.txs)
            for place, r in {**self.rounds, **{(r.provider, r.round_id): r for r in w.rounds}}.items()
        }
        return money, txs, rounds


def books(vendor: str, currency: str, *, scale: str | None = None) -> Books:
    exponent = EXPONENTS[currency]
    session = Session("s", b"d" * 16, "desktop", NOW, NOW + 10**9)
    balance = 100 * 10**exponent
    wallet = Wallet(
        "t", "p", "aurora", USER, currency, exponent, "transfer", 1, balance, 0, -balance, sessions=(session,)
    )
    profile = Profile.from_record(profiles.resolve(vendor, {}))
    return Books(wallet, replace(profile, money_scale=scale) if scale else profile)  # type: ignore[arg-type]


# ---------------------------------------------------------------- what is played
@dataclass(frozen=True)
class Op:
    """An operation on a small world of ids, so that repetitions and collisions happen."""

    kind: str
    tx: str
    ref: str
    round_id: str
    stake: int
    prize: int
    closes: bool
    promo: bool


OPS = st.builds(
    Op,
    st.sampled_from(["bet", "bet", "win", "win", "rollback", "both", "end"]),
    st.sampled_from(["1", "2", "3", "4", "5", "6"]),
    st.sampled_from(["1", "2", "3", "4", "5", "6"]),
    st.sampled_from(["r1", "r2", "r3"]),
    st.integers(0, 60),
    st.integers(0, 90),
    st.booleans(),
    st.booleans(),
)


def document(op: Op, vendor: str, currency: str) -> dict[str, Any] | None:
    """The operation as a document of the hub's own protocol; None for what the vendor's cannot say."""
    exponent = EXPONENTS[currency]
    head: dict[str, Any] = {"roundId": op.round_id, "gameId": GAME, "currency": currency, "userId": USER}
    head |= {"sessionToken": TOKEN} if vendor == "mascot" else {"brandId": "aurora"}
    stake, prize = format_amount(op.stake * 7, exponent), format_amount(op.prize * 7, exponent)
    closes = {"roundClosed": True} if op.closes and vendor != "slotcity-v4" else {}
    promo = {"type": "promo"} if op.promo and vendor != "mascot" else {}
    # Where ids are of one kind only, as at SlotCity, they are of one space; at Mascot one id names the whole call.
    own = op.tx if vendor == "mascot" else f"{op.kind}-{op.tx}"
    target = op.ref if vendor == "mascot" else f"bet-{op.ref}"
    bet = {"action": "bet", "transactionId": own, "amount": stake}
    win = {"action": "win", "transactionId": own, "amount": prize}
    if op.kind == "bet" and not (vendor == "mascot" and not op.stake):
        return {**head, **bet, **closes}
    if op.kind == "win" and not (vendor == "mascot" and not op.prize):
        return {**head, **win, **closes, **promo}
    if op.kind == "rollback":
        back = {"action": "rollback", "transactionId": own, "originalTransactionId": target}
        return {**head, **back} if vendor != "mascot" else {**head, **back, "transactionId": target}
    if vendor == "mascot" and op.kind == "both" and op.stake and op.prize:
        listed = [bet, {**win, "betTransactionId": own, **closes}]
        return {**head, "action": "transaction", "actions": listed}
    if vendor == "mascot" and op.kind == "end":
        return {**head, "action": "end-round", "transactionId": own}
    return None


def own_form(document: dict[str, Any], vendor: str) -> dict[str, Any]:
    """What the hub is asked when the protocol is its own: the vendor's rollback of a whole call is two of ours."""
    if vendor != "mascot" or document["action"] != "rollback":
        return document
    ref = document["originalTransactionId"]
    rows = [
        {
            "action": "rollback",
            "transactionId": ref + suffix,
            "originalTransactionId": ref,
            "originalAction": kind,
        }
        for kind, suffix in (("win", ":win"), ("bet", ""))
    ]
    return {"action": "transaction", "sessionToken": TOKEN, "userId": USER, "actions": rows}


def read_back(codec: Dialect, asked_for: dict[str, Any], said: Said, terms: Terms) -> Any:
    """What the provider's half reads in an answer: the balance, or the vendor's code of the refusal."""
    try:
        return codec.decode_reply(asked_for, said, terms).get("balance")
    except Refusal as refusal:
        return refusal.facts["vendorCode"]


@pytest.mark.parametrize("vendor", sorted(CODECS))
@pytest.mark.parametrize("currency", sorted(EXPONENTS))
@settings(max_examples=60, deadline=None)
@given(ops=st.lists(OPS, max_size=30))
def test_the_same_play_leaves_the_same_books(vendor: str, currency: str, ops: list[Op]) -> None:
    codec = CODECS[vendor]
    direct, spoken = books(vendor, currency, scale="decimal"), books(vendor, currency)
    terms = Terms(vendor, spoken.profile.money_scale)
    for op in ops:
        asked_for = document(op, vendor, currency)
        if asked_for is None:
            continue
        exponent = EXPONENTS[currency]
        sent = codec.encode_request({**asked_for, "exponent": exponent}, terms, KEY, NOW // 1000, "1")
        asked = codec.decode_request(sent.body, sent.headers)
        assert asked.refusal is None
        read = {**asked.document, **({} if "sessionToken" in asked.document else {"brandId": "aurora"})}
        ours = direct.serve(own_form(asked_for, vendor))
        theirs = spoken.serve(read)
        assert ours == theirs, (op, asked_for)
        # ... and the vendor is told so: the balance to the digit, the refusal by its code.
        outcome = {"status": "OK", "balance": theirs[1], "currency": currency}
        answer = outcome if theirs[0] == "OK" else Refusal(theirs[0], "No.", facts={"balance": theirs[1]})
        said = codec.encode_reply(asked, answer, terms, KEY)
        told_back = read_back(codec, {**asked_for, "exponent": exponent}, said, terms)
        expected = theirs[1] if theirs[0] == "OK" else profiles.code_of(vendor, theirs[0], asked.action)
        assert told_back in (
            (expected,) if theirs[0] != "OK" or asked.action != "rollback" else (expected, None)
        )
    assert direct.told() == spoken.told()


@pytest.mark.parametrize("vendor", sorted(CODECS))
@settings(max_examples=60, deadline=None)
@given(ops=st.lists(OPS, max_size=30), repeats=st.integers(2, 4))
def test_repeating_every_call_changes_nothing(vendor: str, ops: list[Op], repeats: int) -> None:
    """Whether the vendor's protocol calls a repetition an error or answers it again, money moves once."""
    once, often = books(vendor, "EUR", scale="decimal"), books(vendor, "EUR", scale="decimal")
    for op in ops:
        asked_for = document(op, vendor, "EUR")
        if asked_for is None:
            continue
        once.serve(own_form(asked_for, vendor))
        for _ in range(repeats):
            often.serve(own_form(asked_for, vendor))
    assert once.told() == often.told()
