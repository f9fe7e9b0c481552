"""Deposits and withdrawals of a transfer player: money between the operator and the player's balance at the hub."""

from dataclasses import replace

from pitboss.kernel.ids import derive_ulid
from pitboss.kernel.money import MAX_MINOR
from pitboss.kernel.refusal import Refusal
from pitboss.platform import dynamo
from pitboss.wallet.book import Decision, Sums
from pitboss.wallet.commit import Lost, Wanted, busy, commit, load
from pitboss.wallet.model import HUB, Action, Kind, Outcome, Result, Tx, TxKey, Wallet
from pitboss.wallet.rules import amount_refusal, balance_facts, conflict, fingerprint, not_enough

ATTEMPTS = 10
ALL = "all"


def deposit(tenant_id: str, player_id: str, ext_id: str, amount: int, *, now: int, seed: str) -> Outcome:
    """Pay `amount` (minor units) in, once per `ext_id` (the operator's own id, unique in its tenant).

    Raises:
        Refusal: USER_NOT_FOUND, INVALID_AMOUNT, AMOUNT_LIMIT, TX_CONFLICT, PLAYER_CLOSED, CONFLICT (a seamless player),
            POINT_NOT_ENOUGH, OPERATION_IN_PROGRESS. Nothing moved in each case.
    """
    return _run(tenant_id, player_id, "deposit", ext_id, amount, now, seed)


def withdraw(
    tenant_id: str, player_id: str, ext_id: str, amount: int | None, *, now: int, seed: str
) -> Outcome:
    """Pay `amount` out, or all there is (None): then the repetition answers what was paid out the first time.

    Raises as `deposit`, and BALANCE_NOT_ENOUGH.
    """
    return _run(tenant_id, player_id, "withdraw", ext_id, amount, now, seed)


def _run(
    tenant_id: str, player_id: str, kind: Kind, ext_id: str, amount: int | None, now: int, seed: str
) -> Outcome:
    if amount is not None and amount <= 0:
        raise amount_refusal("INVALID_AMOUNT", "more than zero")
    key = TxKey(HUB, kind, ext_id)
    for attempt in range(1, ATTEMPTS + 1):
        loaded = load(tenant_id, player_id, Wanted(txs=frozenset({key})))
        if loaded is None:
            raise Refusal("USER_NOT_FOUND", "There is no such player.")
        wallet = loaded.wallet
        action = Action(
            kind, ext_id, amount=amount, currency=wallet.currency, type=ALL if amount is None else ""
        )
        stamp = fingerprint(action, player_id, amount)
        standing = loaded.known[key]
        if standing is not None:
            if standing.fingerprint != stamp:
                raise conflict("This transactionId was used with another content.", standing)
            after = wallet.shown if standing.after is None else standing.after
            return Outcome(wallet, (Result(action, standing, replay=True),), after, wallet.shown)
        decision = _decide(wallet, action, key, stamp, now, seed)
        try:
            commit(decision, wallet, now=now)
        except Lost:
            dynamo.pause(attempt)
            continue
        after_wallet = decision.wallet or wallet
        return Outcome(after_wallet, decision.results, after_wallet.shown, after_wallet.shown)
    raise busy()


def _decide(wallet: Wallet, action: Action, key: TxKey, stamp: str, now: int, seed: str) -> Decision:
    if wallet.mode == "seamless":
        raise Refusal(
            "CONFLICT", "This player's money is in the operator's own wallet; nothing is paid in or out here."
        )
    amount = wallet.balance if action.amount is None else int(action.amount)
    owed = 0
    if key.kind == "deposit":
        if wallet.status == "closed":
            raise Refusal(
                "PLAYER_CLOSED", "A closed player's money is only paid out.", facts=balance_facts(wallet)
            )
        if wallet.balance + amount > MAX_MINOR:
            raise Refusal("AMOUNT_LIMIT", "The balance would pass what any account may hold.")
        owed = min(wallet.receivable, amount)
        sums, signed = Sums(deposits=amount), amount
    else:
        if amount > wallet.balance:
            raise not_enough(wallet)
        sums, signed = Sums(withdrawals=amount), -amount
    after = replace(
        wallet,
        version=wallet.version + 1,
        balance=wallet.balance + signed - owed,
        receivable=wallet.receivable - owed,
        cash=wallet.cash - signed,
    )
    tx = Tx(
        tenant_id=wallet.tenant_id,
        key=key,
        hub_id=derive_ulid(seed, f"{key.kind}\x1f{key.ext_id}"),
        player_id=wallet.player_id,
        brand_id=wallet.brand_id,
        user_id=wallet.user_id,
        currency=wallet.currency,
        exponent=wallet.exponent,
        state="DONE",
        amount=amount,
        type=action.type,
        fingerprint=stamp,
        before=wallet.shown,
        after=after.shown,
        version=after.version,
        at=now,
    )
    return Decision(after, ((tx, None),), (), (), (Result(action, tx, replay=False),), sums)
