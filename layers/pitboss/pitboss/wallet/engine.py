"""What a call's actions do: one pure decision for both modes, for every profile.

`decide` is given the wallet, the transactions that stand under the ids of the call, the rounds and the facts of the
moment, and answers what to write, or raises the Refusal. All or nothing: a list of actions is applied in order, and one
that is refused undoes all. Numbers in comments are those of the certification cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pitboss.kernel.money import MAX_MINOR
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.wallet import ending, free_rounds, rollback, sessions
from pitboss.wallet.book import MAX_WRITES, Book, Decision, Facts, Place, Sums, as_reopened
from pitboss.wallet.free_rounds import FreeRounds
from pitboss.wallet.model import Action, Result, Round, RoundTx, State, Tx, TxKey, Wallet
from pitboss.wallet.profile import Profile
from pitboss.wallet.rules import (
    FINAL,
    amount_refusal,
    balance_facts,
    conflict,
    fingerprint,
    in_progress,
    key_of,
    limit_refusal,
    not_enough,
    rolled_back,
    to_minor,
    with_loss,
)

MINUTE_MS = 60_000


def decide(
    wallet: Wallet,
    actions: Sequence[Action],
    *,
    provider: str,
    known: Mapping[TxKey, Tx | None],
    records: Mapping[Place, Round],
    grants: Mapping[str, FreeRounds],
    profile: Profile,
    facts: Facts,
    now: int,
    seed: str,
) -> Decision:
    """What to write for the actions, in order.

    Args:
        known: transactions by key; a key with None is taken to be free (its write is conditional). A key that is not
            there is asked for by `NeedMore`.
        records: recorded rounds of the places that the actions name.
        grants: the free rounds that the actions name, as far as they exist.
        seed: a ULID that names this attempt; hub ids derive from it.

    Raises:
        Refusal: nothing is to be written. A refusal that is final for a bet's id comes as `Decision.refusal` instead,
            with the record to write.
        NeedMore: read the transactions it names, and decide again.
    """
    book = Book(wallet, known, records, grants, profile, provider, now, seed)
    for action in actions:
        if not action.currency:
            action = replace(action, currency=wallet.currency)  # noqa: PLW2901 - completed, not replaced
        try:
            _apply(book, action, facts)
        except Refusal as refusal:
            if action.kind == "bet" and refusal.name in FINAL:
                return _final(
                    Book(wallet, known, records, grants, profile, provider, now, seed), action, facts, refusal
                )
            raise
        except rollback.Unknown as unknown:
            if profile.unknown_rollback == "error":
                if len(actions) > 1:
                    raise unknown.refusal from None
                return book.decision()._replace(results=(), refusal=unknown.refusal)
    ending.settle(book)
    decision = book.decision()
    if decision.size > MAX_WRITES:
        raise _too_much(actions)
    return decision


def _too_much(actions: Sequence[Action]) -> Refusal:
    """What one commit cannot hold: rollbacks that would take dozens of wins back with their bets."""
    if len(actions) == 1:
        return Refusal("TX_ALREADY_SETTLED", "More wins settled the bet than one commit can take back.")
    reason = "more records than one commit can hold; send fewer at once"
    return Refusal("VALIDATION_ERROR", f"actions: {reason}.", errors=[FieldError("actions", reason)])


def _final(book: Book, action: Action, facts: Facts, refusal: Refusal) -> Decision:
    """The record of a final no; if one stands already, there is nothing to write."""
    key = key_of(action, book.provider, book.wallet.player_id, book.profile)
    if book.known.get(key) is not None:
        raise refusal
    amount = to_minor(action.amount, book.wallet.exponent, book.profile)
    stamp = fingerprint(action, book.wallet.player_id, amount)
    tx = replace(
        book.new_tx(action, key, "REFUSED", stamp, facts),
        amount=amount,
        before=book.shown,
        after=book.shown,
        version=book.wallet.version,
        refusal=refusal.name,
        detail=refusal.detail,
    )
    refusal.facts.setdefault("hubTransactionId", tx.hub_id)
    return Decision(None, ((tx, None),), (), (), (), Sums(), refusal=refusal)


def _apply(book: Book, action: Action, facts: Facts) -> None:
    key = key_of(action, book.provider, book.wallet.player_id, book.profile)
    standing = book.tx(key)
    if standing is not None:
        book.results.append(_again(book, action, standing))
        return
    match action.kind:
        case "bet":
            _bet(book, action, key, facts)
        case "win":
            _win(book, action, key, facts)
        case "rollback":
            rollback.apply(book, action, key, facts)
        case "end":
            ending.apply(book, action, key, facts)
        case _:
            raise ValueError(f"{action.kind} is not a provider's action")


# ---------------------------------------------------------------- repetitions
def _again(book: Book, action: Action, tx: Tx) -> Result:
    """The answer to an id that is known: the first answer, or why it is none."""
    if tx.state == "TOMBSTONE":
        if book.profile.bet_after_rollback == "noop":  # 46: recorded as a no-op
            return Result(action, replace(tx, before=book.shown, after=book.shown), replay=True)
        raise rolled_back(tx)
    try:
        amount = None if action.kind in ("rollback", "end") else _amount(book, action)
    except Refusal:
        raise conflict("This transaction id was used with another amount.", tx) from None
    if fingerprint(action, book.wallet.player_id, amount) != tx.fingerprint:  # 17, 18, 19, 27
        raise conflict(
            "This transaction id was used with another content; a new operation needs a new id.", tx
        )
    if tx.state in ("PENDING", "UNKNOWN", "FAILED") and not book.is_new(tx.key):
        raise in_progress(tx, effect="unknown")
    if tx.state == "REFUSED":  # 20
        raise Refusal(
            tx.refusal,
            tx.detail,
            facts={**balance_facts(book.wallet), "hubTransactionId": tx.hub_id, "replay": True},
        )
    if tx.state == "ROLLED_BACK":
        raise rolled_back(tx)
    if book.profile.duplicate == "error":
        raise Refusal(
            "TX_ALREADY_PROCESSED",
            "This transaction was processed before.",
            facts={**balance_facts(book.wallet), "transactionId": tx.ext_id, "hubTransactionId": tx.hub_id},
            effect="applied",
        )
    return Result(action, tx, replay=True)


# ---------------------------------------------------------------- bets
def _bet(book: Book, action: Action, key: TxKey, facts: Facts) -> None:
    _may_bet(book, action, facts)
    amount = _amount(book, action)
    free = action.type == "free"
    if amount == 0 and not free and book.profile.zero_bet == "refuse":  # 6
        raise amount_refusal("INVALID_AMOUNT", "more than zero")
    round_ = _round(book, action)
    if ending.is_over(book, round_) and book.profile.bet_in_closed_round == "refuse":  # 33, 61
        raise Refusal(
            "ROUND_CLOSED", "The round is closed; a bet needs a new round.", facts=balance_facts(book.wallet)
        )
    real = 0 if free else amount
    shown = book.shown
    if real:
        limit = limit_refusal(book.wallet, real, book.now)
        if limit is not None:  # 73
            raise limit
        if not book.seamless and real > book.wallet.balance:  # 9, 10, 16
            raise not_enough(book.wallet)
    if free:
        round_ = _play_free(book, action, round_, amount)
    book.move(-real)
    book.wallet = with_loss(book.wallet, real, book.now)
    book.add(bets=real)
    was = as_reopened(round_) if book.seamless else 0
    round_ = book.put_round(
        replace(round_, stake=round_.stake + real, status="open", closed=False, ended=False, reopened=was),
        RoundTx("b", action.ext_id, (action.free_id or "-") if free else ""),
    )
    _finish(book, action, key, facts, round_, amount, shown)


def _may_bet(book: Book, action: Action, facts: Facts) -> None:
    """Who may not bet at all; wins and rollbacks are never asked (35, 37, 71)."""
    wallet = book.wallet
    # Blocking ends the sessions too; the reason that is told is the block (70).
    known = facts.session is None or facts.session.name == "SESSION_EXPIRED"
    barred = (
        (sessions.barred(wallet, book.now) if known else None)
        or facts.session
        or _currency(book, action)
        or facts.agent
        or facts.games.get(action.game_id)
    )
    if barred is not None:
        raise barred
    if wallet.held and facts.lock_on_failed:
        raise Refusal(
            "PLAYER_BLOCKED", "A win of the player is still to be delivered.", facts={"reason": "win_held"}
        )
    minutes = wallet.limits_at(book.now).session_minutes
    if (
        minutes is not None
        and facts.session_started_at
        and book.now >= facts.session_started_at + minutes * MINUTE_MS
    ):
        raise Refusal(
            "SESSION_TIME_LIMIT",
            f"The player's {minutes} minutes of play are used up.",
            facts={"sessionMinutes": minutes},
        )


def _play_free(book: Book, action: Action, round_: Round, amount: int) -> Round:
    """A free bet costs no cash; of a grant of ours, it takes a round (74 to 76)."""
    if not action.free_id:
        return replace(round_, free=round_.free or "-")
    if book.profile.free_charge == "bet" or not round_.played_with(action.free_id):
        grant = free_rounds.consume(
            book.grants.get(action.free_id),
            provider=book.provider,
            game_id=action.game_id,
            amount=amount,
            now=book.now,
        )
        book.put_grant(grant)
    return replace(round_, free=action.free_id)


# ---------------------------------------------------------------- wins
def _win(book: Book, action: Action, key: TxKey, facts: Facts) -> None:
    mismatch = _currency(book, action)
    if mismatch is not None:
        raise mismatch
    amount = _amount(book, action)
    round_ = _round(book, action)
    _has_bet(book, action, key, round_)
    if ending.is_over(book, round_) and book.profile.late_win == "refuse":  # 32
        raise Refusal("ROUND_CLOSED", "The round is closed; this profile takes no late wins.")
    shown = book.shown
    bonus = _free_win(book, action, amount)
    if not bonus:
        if not book.seamless and book.wallet.balance + amount > MAX_MINOR:  # 11
            raise Refusal("AMOUNT_LIMIT", "The balance would pass what any account may hold.")
        book.move(amount)
        book.wallet = with_loss(book.wallet, -amount, book.now)
        book.add(wins=amount)
    round_ = book.put_round(replace(round_, win=round_.win + amount), RoundTx("w", action.ext_id, action.ref))
    _finish(book, action, key, facts, round_, amount, shown, closes=book.profile.round_close == "win")


def _has_bet(book: Book, action: Action, key: TxKey, round_: Round) -> None:
    """A win needs a bet that stands: the one it names, or any of its round (28, 29, 50)."""
    if action.ref:
        bet_key = key._replace(kind="bet", ext_id=action.ref)
        bet = book.tx(bet_key)
        if bet is None or bet.state == "REFUSED":
            raise _no_bet(book, action)
        if bet.state == "TOMBSTONE" or any(tx[:2] == ("B", action.ref) for tx in round_.txs):
            raise rolled_back(bet)
        if bet.player_id != book.wallet.player_id or bet.round_id != action.round_id:
            raise conflict("The bet that this win names is of another round or player.", bet)
        if bet.state == "ROLLED_BACK":
            raise rolled_back(bet)
        if bet.state in ("PENDING", "UNKNOWN") and not book.is_new(bet_key):
            raise in_progress(bet)
        return
    if round_.bets or book.profile.win_without_bet == "any":
        return
    if book.profile.win_without_bet == "promo" and action.type in ("promo", "jackpot"):  # 78
        return
    if any(tx.kind == "B" for tx in round_.txs):
        raise Refusal("TX_ROLLED_BACK", "Every bet of this round was rolled back.")
    raise _no_bet(book, action)


def _no_bet(book: Book, action: Action) -> Refusal:
    missing = f"the bet {action.ref}" if action.ref else f"a bet in the round {action.round_id}"
    retryable = {"retryable": True} if book.profile.tx_not_found_retryable else {}
    return Refusal(
        "TX_NOT_FOUND",
        f"There is no {missing.removeprefix('the ').removeprefix('a ')} that this win could belong to.",
        facts=retryable,
    )


def _free_win(book: Book, action: Action, amount: int) -> bool:
    """Count a win of free rounds with its grant; True when it is bonus money, which the grant holds and not the balance."""
    if action.type != "free" or not action.free_id:
        return False
    grant = book.grants.get(action.free_id)
    if grant is None or grant.provider != book.provider:
        raise Refusal("FREEROUND_NOT_FOUND", "There are no such free rounds of this player.")
    book.put_grant(free_rounds.credit(grant, amount))
    return grant.win_kind == "bonus"


# ---------------------------------------------------------------- common
def _amount(book: Book, action: Action) -> int:
    return to_minor(action.amount, book.wallet.exponent, book.profile)


def _currency(book: Book, action: Action) -> Refusal | None:
    """66: a wallet has one currency."""
    if action.currency == book.wallet.currency:
        return None
    return Refusal(
        "CURRENCY_MISMATCH",
        f"The player's wallet is in {book.wallet.currency}.",
        facts={"currency": book.wallet.currency},
    )


def _round(book: Book, action: Action) -> Round:
    """The round of an action, or a new one."""
    found = book.rounds.get((book.provider, action.round_id))
    return found or Round(
        book.provider, action.round_id, action.game_id, started_at=book.now, changed_at=book.now
    )


def _finish(
    book: Book,
    action: Action,
    key: TxKey,
    facts: Facts,
    round_: Round,
    amount: int,
    shown: int | None,
    *,
    closes: bool = False,
) -> None:
    """Record a bet or a win, and close its round where it says so. In seamless mode both wait for the operator."""
    closing = closes or (action.round_closed and book.profile.round_close in ("flag", "win"))
    # A recorded round that a late win came to, and a promotion's win that needs no bet, have nothing to wait for.
    ends = closing or (action.kind == "win" and not round_.bets)
    late = action.kind == "win" and round_.status != "open"
    state: State = "PENDING" if book.seamless else "DONE"
    if (ends and not book.seamless) or late:
        round_ = book.close(round_, flag=closing and not book.seamless)
    tx = replace(
        book.new_tx(action, key, state, fingerprint(action, book.wallet.player_id, amount), facts),
        amount=amount,
        before=shown,
        after=book.shown,
        round_status=round_.status,
        round_closed=ends,
    )
    if action.ref:
        bet = book.known.get(key._replace(kind="bet", ext_id=action.ref))
        tx = replace(tx, ref_hub_id=bet.hub_id if bet else "")
    book.put_tx(tx)
    book.results.append(Result(action, tx, replay=False))
