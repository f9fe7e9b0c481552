"""The operator's side of the seamless contract (docs/seamless.md), whole: `take` for one action, `take_list` for several
that succeed or fail together. Pure: the books go in, the answer and the books afterwards come out, and the caller writes
them in one transaction that holds only if the player's version is still the one that was read.

The four rules that keep the money right:
1. An id that is known gets its first answer again, whatever the balance is now; with other content it is a conflict.
2. A rollback of an unknown id leaves a tombstone: should the transaction come later, it is refused.
3. Money moves, and the id is remembered, in the same commit.
4. A refusal is remembered too: it is final.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from pitboss.demo.wallet_model import Books, Entry, Order, Round, Said, State
from pitboss.kernel.canonical import canonical_json
from pitboss.kernel.money import MAX_MINOR, AmountError, parse_amount


class _No(Exception):  # noqa: N818 - a refusal on its way to the answer
    def __init__(self, status: str, detail: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail


def fingerprint(order: Order) -> str:
    """What must be the same when an id comes again. The time and fields we do not know are no part of it."""
    parts = [
        order.action,
        order.player_key,
        order.currency,
        str(order.amount),
        order.provider,
        order.game_id,
        order.round_id,
        order.original_id,
    ]
    return hashlib.sha256(canonical_json(parts)).hexdigest()[:32]


def take(books: Books, order: Order, now: int) -> tuple[Said, Books]:
    """One action: its answer, and the books afterwards (unchanged for a replay or a conflict)."""
    if order.action == "balance":
        return Said("OK", books.player.balance), books
    known = books.entries.get(order.transaction_id)
    if known is not None:
        return _again(books, order, known), books
    try:
        amount, after = _do(books, order, now)
    except _No as no:
        said = Said(no.status, books.player.balance, detail=no.detail)
        refused = _entry(order, "REFUSED", no.status, books.player.balance, 0, now)
        return said, books.with_entry(refused)
    done = _entry(order, "DONE", "OK", after.player.balance, amount, now)
    return Said("OK", after.player.balance), after.with_entry(done)


def take_list(books: Books, list_id: str, orders: Sequence[Order], now: int) -> tuple[Said, Books]:
    """Several actions in order, all or none. The list's own id is remembered with the answer."""
    mark = hashlib.sha256(canonical_json([fingerprint(order) for order in orders])).hexdigest()[:32]
    known = books.entries.get(list_id)
    if known is not None:
        if known.fingerprint != mark or known.player_key != books.player.key:
            return Said("TX_CONFLICT", detail="this list's id was used with other content"), books
        return Said(known.status, known.balance, replay=True, current=books.player.balance), books
    after, said = books, Said("OK", books.player.balance)
    for order in orders:
        said, after = take(after, order, now)
        if said.status != "OK":
            after = books
            break
    state: State = "DONE" if said.status == "OK" else "REFUSED"
    listed = Entry(
        list_id, "transaction", state, books.player.key, mark, said.status, after.player.balance, at=now
    )
    return replace(said, balance=after.player.balance, replay=False), after.with_entry(listed)


def _again(books: Books, order: Order, known: Entry) -> Said:
    if known.state == "TOMBSTONE":
        return Said("TX_ROLLED_BACK", books.player.balance, detail="it was rolled back before it came")
    if known.fingerprint != fingerprint(order) or known.player_key != order.player_key:
        return Said("TX_CONFLICT", detail="this id was used with other content")
    if known.state == "ROLLED_BACK" and known.action == "bet":
        return Said("TX_ROLLED_BACK", books.player.balance, detail="it was rolled back since")
    return Said(known.status, known.balance, replay=True, current=books.player.balance)


def _do(books: Books, order: Order, now: int) -> tuple[int, Books]:
    """What moved, and the books after it. Raises _No."""
    if order.currency and order.currency != books.player.currency:
        raise _No("CURRENCY_MISMATCH", f"the player's currency is {books.player.currency}")
    if order.action == "rollback":
        return _rollback(books, order, now)
    amount = _amount(books, order)
    return (amount, _bet(books, order, amount) if order.action == "bet" else _win(books, order, amount))


def _amount(books: Books, order: Order) -> int:
    try:
        amount = parse_amount(order.amount, books.player.exponent)
    except AmountError as error:
        raise _No(error.code, str(error)) from None
    if amount < 0:
        raise _No("INVALID_AMOUNT", "an amount is not negative")
    return amount


def _bet(books: Books, order: Order, amount: int) -> Books:
    player = books.player
    barred = {"blocked": "PLAYER_BLOCKED", "selfExcluded": "PLAYER_SELF_EXCLUDED", "closed": "PLAYER_CLOSED"}
    if player.status in barred:
        raise _No(barred[player.status])
    played = _round(books, order)
    if played.closed:
        raise _No("ROUND_CLOSED")
    if player.max_bet is not None and amount > player.max_bet:
        raise _No("BET_LIMIT")
    if amount > player.balance:
        raise _No("INSUFFICIENT_FUNDS")
    moved = books.with_balance(player.balance - amount)
    return moved.with_round(replace(played, closed=order.closes_round))


def _win(books: Books, order: Order, amount: int) -> Books:
    played = _round(books, order)
    bet = books.entries.get(order.bet_id) if order.bet_id else None
    if order.bet_id:
        if bet is None or bet.action != "bet" or bet.state in ("REFUSED", "TOMBSTONE"):
            raise _No("TX_NOT_FOUND", "the bet of this win is not known")
        if bet.player_key != order.player_key:
            raise _No("TX_CONFLICT", "the bet is another player's")
        if bet.state == "ROLLED_BACK":
            raise _No("TX_ROLLED_BACK", "the bet of this win was rolled back")
    if books.player.balance + amount > MAX_MINOR:
        raise _No("AMOUNT_LIMIT", "the balance would pass what a wallet may hold")
    moved = books.with_balance(books.player.balance + amount)
    wins = played.wins if bet is None else (*played.wins, (order.transaction_id, order.bet_id))
    return moved.with_round(replace(played, wins=wins, closed=played.closed or order.closes_round))


def _rollback(books: Books, order: Order, now: int) -> tuple[int, Books]:
    if not order.original_id:
        raise _No("VALIDATION_ERROR", "originalTransactionId is missing")
    first = books.entries.get(order.original_id)
    if first is None:
        grave = replace(order, transaction_id=order.original_id)
        return 0, books.with_entry(_entry(grave, "TOMBSTONE", "TX_ROLLED_BACK", books.player.balance, 0, now))
    if first.player_key != order.player_key:
        raise _No("TX_CONFLICT", "the transaction is another player's")
    if first.state in ("ROLLED_BACK", "TOMBSTONE", "REFUSED"):
        return 0, books
    played = books.rounds.get(first.round_key, Round(first.round_key))
    if first.action == "win" and order.type == "win_reversal":
        moved, back = _take_back(books, first), -first.amount
    elif first.action == "bet":
        moved, back = _give_back(books, order, first, played)
    else:
        raise _No("NOT_ROLLBACKABLE", "only a bet is rolled back")
    if moved.player.balance < 0:
        raise _No("INSUFFICIENT_FUNDS", "the win has been spent")
    return back, moved


def _give_back(books: Books, order: Order, bet: Entry, played: Round) -> tuple[Books, int]:
    """The stake of a bet; of one that is settled only when the hub says `resettle`, and then its wins are taken first."""
    anew = order.type == "resettle"
    if played.settles(bet.transaction_id) and not anew:
        raise _No("TX_ALREADY_SETTLED", "a win was paid on it")
    before = books.player.balance
    wins = [books.entries[win_id] for win_id in order.wins if anew and win_id in books.entries]
    for win in wins:
        if win.action == "win" and win.state == "DONE" and win.player_key == order.player_key:
            books = _take_back(books, win)
    books = books.with_balance(books.player.balance + bet.amount)
    books = books.with_entry(replace(bet, state="ROLLED_BACK"))
    played = books.rounds.get(bet.round_key, played)
    closed = played.closed or order.closes_round
    books = books.with_round(replace(played, closed=closed))
    return books, books.player.balance - before


def _take_back(books: Books, win: Entry) -> Books:
    played = books.rounds.get(win.round_key, Round(win.round_key))
    books = books.with_balance(books.player.balance - win.amount)
    return books.with_entry(replace(win, state="ROLLED_BACK")).with_round(played.without(win.transaction_id))


def _round(books: Books, order: Order) -> Round:
    return books.rounds.get(order.round_key, Round(order.round_key))


def _entry(order: Order, state: State, status: str, balance: int, amount: int, now: int) -> Entry:
    return Entry(
        transaction_id=order.transaction_id,
        action=order.action,
        state=state,
        player_key=order.player_key,
        fingerprint=fingerprint(order),
        status=status,
        balance=balance,
        amount=amount,
        round_key=order.round_key,
        provider_transaction_id=order.provider_transaction_id,
        at=now,
    )
