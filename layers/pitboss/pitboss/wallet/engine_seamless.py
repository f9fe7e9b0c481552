"""What follows on the operator's word: a transaction that waits is confirmed, or it is taken out again. Pure.

`engine.decide` has applied a seamless transaction to rounds, counters and limits at once, so that races see it; only its
round's end waits. `confirm` ends the round; `void` is the exact inverse of what `decide` did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pitboss.wallet import ending, free_rounds, rollback
from pitboss.wallet.book import Book, Decision, NeedMore, Place
from pitboss.wallet.callbacks import CLOSES, RESETTLES, cash
from pitboss.wallet.free_rounds import FreeRounds
from pitboss.wallet.model import Round, State, Tx, TxKey, Wallet
from pitboss.wallet.profile import DEFAULT, Profile
from pitboss.wallet.rules import with_loss

ULID_ZERO = "0" * 26


def needed(txs: Sequence[Tx]) -> tuple[set[Place], set[TxKey], set[str]]:
    """What `confirm` and `void` must be given: places of rounds, keys of rollbacks' targets, ids of grants."""
    targets = {
        tx.key._replace(kind="win" if tx.type == "win" else "bet", ext_id=tx.ref)
        for tx in txs
        if tx.kind == "rollback"
    }
    return {(tx.provider, tx.round_id) for tx in txs}, targets, {tx.free_id for tx in txs if tx.free_id}


def confirm(
    wallet: Wallet,
    records: Mapping[Place, Round],
    txs: Sequence[Tx],
    *,
    after: int | None,
    now: int,
    operator_tx: str = "",
) -> Decision:
    """The operator said yes to all of `txs` (in order): they are DONE, and rounds that were to end do.

    `after` is the balance that it told with the last of them, in minor units (None: it told none); `operator_tx` its own
    id. Where no round ends, `Decision.wallet` is None: only the transactions are written.
    """
    book = _book(wallet, records, {}, txs, DEFAULT, now)
    balance = after
    done: list[Tx] = []
    for tx in reversed(txs):
        # What a round settled anew comes to is not in its rollback's record.
        before = None if balance is None or RESETTLES in tx.marks else balance - moved(tx)
        done.append(
            replace(
                tx,
                state="DONE",
                before=before,
                after=balance,
                undo=False,
                due_key="",
                due_at=0,
                lease_until=0,
                operator_tx=operator_tx or tx.operator_tx,
            )
        )
        balance = before
    for tx in reversed(done):
        round_ = book.rounds.get((tx.provider, tx.round_id))
        if tx.kind == "end" and round_ is not None:
            round_ = ending.closed(book, round_)
        elif round_ is not None:
            round_ = _confirmed(book, tx, round_)
        book.put_tx(replace(tx, round_status=round_.status if round_ else tx.round_status))
    return book.decision()


def _confirmed(book: Book, tx: Tx, round_: Round) -> Round:
    """The round after a yes to a bet, win or rollback of it."""
    said = tx.marks.startswith(CLOSES)
    empty = tx.kind == "rollback" and not said and round_.emptied
    # What stood behind a rollback in its list may have emptied the round after it.
    if round_.status == "open" and (tx.round_closed or empty):
        # A round that a rollback has emptied may be opened again, but not where the provider said that it is over.
        promo = tx.kind == "win" and not round_.bets
        return book.close(round_, flag=not (empty or promo))
    if said and tx.round_closed and not round_.closed:
        return book.close(round_, flag=True)  # it had ended before; that it takes no bet any more waited too
    if tx.kind == "bet" and round_.reopened:
        return book.put_round(replace(round_, reopened=0))
    return round_


def moved(tx: Tx) -> int:
    """What a transaction moves to the player (positive) at the operator."""
    if tx.kind == "bet":
        return -cash(tx)
    if tx.kind == "rollback":
        return -tx.amount if tx.type == "win" else tx.amount
    return cash(tx) if tx.kind == "win" else 0


def void(
    wallet: Wallet,
    records: Mapping[Place, Round],
    txs: Sequence[Tx],
    *,
    targets: Mapping[TxKey, Tx | None],
    grants: Mapping[str, FreeRounds],
    state: State,
    refusal: str,
    detail: str,
    now: int,
    profile: Profile = DEFAULT,
) -> Decision:
    """The inverse of `decide` for `txs`: as if they had never been. Their records stay, in `state`.

    REFUSED takes them out of their round; ROLLED_BACK and UNKNOWN leave them there, struck. A voided rollback puts its
    target back to DONE. Raises NeedMore for what was not given.
    """
    book = _book(wallet, records, grants, txs, profile, now)
    book.known.update(targets)
    touched: dict[Place, None] = {}
    for tx in reversed(txs):
        round_ = book.rounds.get((tx.provider, tx.round_id))
        if round_ is not None and tx.kind != "end":
            book.put_round(_taken_out(book, tx, round_, state))
            touched[tx.provider, tx.round_id] = None
    # Only now: what is given back with a void rollback stands in a round that a void bet had left empty.
    left = {place: _closed_again(book, book.rounds[place]).status for place in touched}
    for tx in reversed(txs):
        status = tx.round_status if tx.kind == "end" else left.get((tx.provider, tx.round_id))
        book.put_tx(
            replace(
                tx,
                state=state,
                before=None,
                after=None,
                refusal=refusal,
                detail=detail,
                due_key="",
                due_at=0,
                lease_until=0,
                round_status=status or tx.round_status,
            )
        )
    return book.decision()


def _taken_out(book: Book, tx: Tx, round_: Round, state: State) -> Round:
    """The round without what is void."""
    if tx.kind == "bet":
        _, round_ = rollback.give_bet_back(book, tx, round_, tx.undone_by, state)
    elif tx.kind == "win":
        _, round_ = rollback.take_win_back(book, tx, round_, tx.undone_by, state)
    elif tx.kind == "rollback":
        round_ = _restored(book, tx, round_)
    if state == "REFUSED" and tx.kind in ("bet", "win"):
        round_ = round_.without(tx.kind[0].upper(), tx.ext_id)
    return round_


def _closed_again(book: Book, round_: Round) -> Round:
    """Closed when nothing stands in it any more, when it was closed, and when only what is void had opened it again."""
    empty = bool(round_.txs) and round_.emptied
    as_it_was = bool(round_.reopened) and round_.stake == round_.counted
    if empty or (round_.revision > 0 and (round_.status != "open" or as_it_was)):
        return book.close_again(round_)
    return round_


def _restored(book: Book, tx: Tx, round_: Round) -> Round:
    """A rollback that is void: its target stands again, and the wins that it had taken back with it."""
    keys = [tx.key._replace(kind="win" if tx.type == "win" else "bet", ext_id=tx.ref)]
    if RESETTLES in tx.marks:
        keys += [tx.key._replace(kind="win", ext_id=t.ext_id) for t in round_.txs if t.kind == "W"]
    if missing := tuple(key for key in keys if key not in book.known):
        raise NeedMore(txs=missing)
    for key in keys:
        target = book.known[key]
        if target is not None and target.state == "ROLLED_BACK" and target.undone_by == tx.ext_id:
            round_ = _stands_again(book, target, round_, late=tx.round_status != "open")
    return round_


def _stands_again(book: Book, target: Tx, round_: Round, *, late: bool) -> Round:
    """`late`: it was taken back out of a round that had ended, whose stakes points had been told of as closed."""
    bet = target.kind == "bet"
    cash = _grant_again(book, target, round_)
    book.move(-cash if bet else cash)
    book.wallet = with_loss(book.wallet, cash if bet else -cash, book.now, of=target.at)
    if bet:
        # Not a new bet: the agent's points must not refuse it.
        book.add(**{"late_rollbacks" if late else "rollbacks": -cash})
    else:
        book.add(wins=cash)
    book.put_tx(replace(target, state="DONE", undone_by=""))
    struck = (target.kind[0].upper(), target.ext_id)
    return replace(
        round_,
        stake=round_.stake + (cash if bet else 0),
        counted=round_.counted + (cash if bet and late else 0),
        win=round_.win + (0 if bet else target.amount),
        txs=tuple(t._replace(kind=t.kind.lower()) if t[:2] == struck else t for t in round_.txs),
    )


def _grant_again(book: Book, target: Tx, round_: Round) -> int:
    """What of the target is cash; its free rounds count it again."""
    if target.type != "free":
        return target.amount
    grant = book.grants.get(target.free_id) if target.free_id else None
    if target.free_id and target.free_id != "-" and grant is None:
        raise NeedMore(grants=(target.free_id,))
    if target.kind == "win":
        if grant is not None:
            book.put_grant(free_rounds.credit(grant, target.amount))
        return 0 if grant is not None and grant.win_kind == "bonus" else target.amount
    if grant is not None and (book.profile.free_charge == "bet" or not round_.played_with(target.free_id)):
        book.put_grant(free_rounds.play_again(grant))
    return 0


def _book(
    wallet: Wallet,
    records: Mapping[Place, Round],
    grants: Mapping[str, FreeRounds],
    txs: Sequence[Tx],
    profile: Profile,
    now: int,
) -> Book:
    known: dict[TxKey, Tx | None] = {tx.key: tx for tx in txs}
    return Book(wallet, known, records, grants, profile, txs[0].provider, now, ULID_ZERO)
