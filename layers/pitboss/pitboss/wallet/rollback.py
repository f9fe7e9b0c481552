"""Taking back: of bets, of wins where the profile allows it, and of what never came (a tombstone). Pure."""

from dataclasses import replace

from pitboss.kernel.refusal import Refusal
from pitboss.wallet import free_rounds
from pitboss.wallet.book import Book, Facts, NeedMore
from pitboss.wallet.model import Action, Result, Round, RoundTx, State, Tx, TxKey
from pitboss.wallet.rules import conflict, fingerprint, not_enough, settled, target_keys, to_minor, with_loss

OPEN_STATES = ("PENDING", "UNKNOWN", "FAILED")


class Unknown(Exception):  # noqa: N818 - how an unknown rollback is answered is the profile's
    """Nothing stands under the id; the tombstones are laid."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__("nothing to roll back")
        self.refusal = refusal


def apply(book: Book, action: Action, key: TxKey, facts: Facts) -> None:
    """One rollback action. Refusals TX_CONFLICT, NOT_ROLLBACKABLE, TX_ALREADY_SETTLED, TX_ROLLED_BACK,
    BALANCE_NOT_ENOUGH, OPERATION_IN_PROGRESS; Unknown where nothing was found and the profile calls that an error."""
    targets = [tx for tx in map(book.tx, target_keys(action, key)) if tx is not None]
    target = next((tx for tx in targets if tx.state != "TOMBSTONE"), targets[0] if targets else None)
    if target is None:
        _bury(book, action, key, facts)
        return
    _same(book, action, target)
    if target.state == "TOMBSTONE" and _unburied(book, action, key):
        _bury(book, action, key, facts)  # an earlier one named its kind, this one may mean the other
        return
    if target.kind == "rollback":  # 55
        raise Refusal("NOT_ROLLBACKABLE", "A rollback is not rolled back.")
    if target.state in OPEN_STATES and not book.is_new(target.key):
        raise Refusal(
            "OPERATION_IN_PROGRESS",
            "The operator has not answered the original transaction yet; repeat the rollback.",
            retry_after_s=1,
        )
    if target.state in ("ROLLED_BACK", "TOMBSTONE"):  # 44
        if book.profile.repeat_rollback == "error":
            raise Refusal(
                "TX_ROLLED_BACK", "That was rolled back before.", facts={"hubTransactionId": target.hub_id}
            )
        _record(book, action, key, facts, target, 0, book.shown, None)
        return
    if target.state == "REFUSED":  # 92: a refusal moved nothing
        _record(book, action, key, facts, target, 0, book.shown, None)
        return
    _undo(book, action, key, facts, target)


def _same(book: Book, action: Action, target: Tx) -> None:
    """57, 58: what a rollback says about its target must be true, as far as the profile cares."""
    if target.player_id and target.player_id != book.wallet.player_id:
        raise conflict("The original transaction is of another player.", target)
    if target.state == "TOMBSTONE":
        return
    if action.currency and action.currency != target.currency:
        raise conflict(f"The original transaction is in {target.currency}.", target)
    if action.round_id and action.round_id != target.round_id:
        raise conflict("The original transaction is of another round.", target)
    strict = action.amount is not None and book.profile.wrong_amount_rollback == "conflict"
    if strict and to_minor(action.amount, target.exponent, book.profile) != target.amount:
        raise conflict("The original transaction has another amount.", target)


def _unburied(book: Book, action: Action, key: TxKey) -> list[TxKey]:
    """What a rollback may mean and nothing stands under."""
    kinds = (action.target,) if action.target else ("bet", "win")
    keys = [key._replace(kind=kind, ext_id=action.ref) for kind in kinds]
    return [one for one in keys if book.tx(one) is None]


def _bury(book: Book, action: Action, key: TxKey, facts: Facts) -> None:
    """45, 46, 49: whatever comes under this id later is refused; the two kinds it may come as both get a stone."""
    unknown = Refusal(
        "TX_NOT_FOUND",
        f"There is no transaction {action.ref}; should it come later, it will not be applied.",
        facts={"retryable": False},
    )
    error = book.profile.unknown_rollback == "error"
    for buried in _unburied(book, action, key):
        stone = book.new_tx(action, buried, "TOMBSTONE", "", facts)
        book.put_tx(replace(stone, undone_by=action.ext_id, ref="", type=""))
    shown = book.shown
    tx = replace(
        book.new_tx(action, key, "REFUSED" if error else "DONE", _stamp(book, action), facts),
        before=shown,
        after=shown,
        refusal=unknown.name if error else "",
        detail=unknown.detail if error else "",
    )
    book.put_tx(tx)
    book.results.append(Result(action, tx, replay=False))
    if error:
        raise Unknown(unknown)


def _undo(book: Book, action: Action, key: TxKey, facts: Facts, target: Tx) -> None:
    round_ = book.rounds.get((target.provider, target.round_id))
    if round_ is None:
        raise NeedMore(rounds=((target.provider, target.round_id),))
    shown = book.shown
    was_open = round_.status == "open"
    if target.kind == "win":
        if book.profile.rollback_win == "refuse":  # 54
            raise Refusal("NOT_ROLLBACKABLE", "A win is not rolled back.")
        moved, round_ = take_win_back(book, target, round_, action.ext_id)
    else:
        moved, round_ = _bet_back(book, action, target, round_)
        if book.seamless and book.is_new(target.key):
            round_ = round_.not_free_by("B", target.ext_id)
    if not book.seamless:
        _cover(book)
    round_ = book.put_round(round_)
    closes = action.round_closed and book.profile.round_close in ("flag", "win")
    empty = round_.emptied
    # What this very list placed the operator was never asked for: it hears of neither, and nothing waits for it.
    waits = book.seamless and not book.is_new(target.key)
    if not was_open or ((closes or empty) and not waits and not _waiting(book, round_, "rollback")):
        round_ = book.close(round_, flag=closes and not waits)
    elif not waits and round_.reopened and not _waiting(book, round_, "bet"):
        round_ = book.close_again(round_)  # the bet that had opened it again never was
    _record(book, action, key, facts, target, moved, shown, round_, closes=closes or empty, waits=waits)


def _waiting(book: Book, round_: Round, kind: str) -> bool:
    """Whether one of a kind waits for the operator in a round: what it leaves there is not sure yet."""
    return any(
        tx.kind == kind and tx.state in OPEN_STATES and tx.round_id == round_.round_id
        for tx in book.known.values()
        if tx is not None
    )


def _bet_back(book: Book, action: Action, bet: Tx, round_: Round) -> tuple[int, Round]:
    taken = 0
    if settled(round_, bet.ext_id) or (round_.provider, round_.round_id) in book.ending:
        if book.profile.settled_rollback == "refuse":  # 51
            raise Refusal("TX_ALREADY_SETTLED", "The bet is settled.", facts={"hubTransactionId": bet.hub_id})
        for ext_id in _wins_of(round_, bet.ext_id):  # 52: the win first, then the stake
            win = book.tx(bet.key._replace(kind="win", ext_id=ext_id))
            if win is None or win.state != "DONE":
                raise Refusal(
                    "OPERATION_IN_PROGRESS", "A win of the bet is not settled yet.", retry_after_s=1
                )
            moved, round_ = take_win_back(book, win, round_, action.ext_id)
            taken += moved
    moved, round_ = give_bet_back(book, bet, round_, action.ext_id)
    return taken + moved, round_


def _wins_of(round_: Round, bet_id: str) -> list[str]:
    """The standing wins that fall with a bet: those that name it; if it is the last bet, all."""
    last = round_.bets == 1
    return [tx.ext_id for tx in round_.txs if tx.kind == "w" and (tx.ref == bet_id or last)]


def give_bet_back(
    book: Book, bet: Tx, round_: Round, by: str, state: State = "ROLLED_BACK"
) -> tuple[int, Round]:
    """Return a stake; answers what moved to the player, and the round without the bet."""
    real = 0 if bet.type == "free" else bet.amount
    late = round_.status != "open"
    book.move(real)
    book.wallet = with_loss(book.wallet, -real, book.now, of=bet.at)
    book.add(**{"late_rollbacks" if late else "rollbacks": real})
    round_ = replace(
        round_,
        stake=round_.stake - real,
        counted=round_.counted - (real if late else 0),
        txs=_struck(round_.txs, "b", bet.ext_id),
    )
    _grant_back(book, bet, round_)
    book.put_tx(replace(bet, state=state, undone_by=by))
    return real, round_


def _grant_back(book: Book, bet: Tx, round_: Round) -> None:
    if bet.type != "free" or not bet.free_id:
        return
    grant = book.grant(bet.free_id)
    if book.profile.free_charge == "bet" or not round_.played_with(bet.free_id):
        book.put_grant(free_rounds.give_back(grant))


def take_win_back(
    book: Book, win: Tx, round_: Round, by: str, state: State = "ROLLED_BACK"
) -> tuple[int, Round]:
    """Take a win back; answers what moved to the player (negative), and the round without the win. The balance may be
    below zero until the caller looked (`_cover`)."""
    bonus = False
    if win.type == "free" and win.free_id:
        grant = book.grant(win.free_id)
        book.put_grant(free_rounds.credit(grant, -win.amount))
        bonus = grant.win_kind == "bonus"
    moved = 0 if bonus else -win.amount
    if moved:
        book.move(moved)
        book.wallet = with_loss(book.wallet, win.amount, book.now, of=win.at)
        book.add(unwins=win.amount)
    book.put_tx(replace(win, state=state, undone_by=by))
    return moved, replace(round_, win=round_.win - win.amount, txs=_struck(round_.txs, "w", win.ext_id))


def _cover(book: Book) -> None:
    """53: a win that is spent already."""
    wallet = book.wallet
    if wallet.balance >= 0:
        return
    if book.profile.funds_gone_rollback == "refuse":
        raise not_enough(book.before)
    book.wallet = replace(wallet, balance=0, receivable=wallet.receivable - wallet.balance)


def _struck(txs: tuple[RoundTx, ...], kind: str, ext_id: str) -> tuple[RoundTx, ...]:
    return tuple(
        tx._replace(kind=kind.upper()) if tx.kind == kind and tx.ext_id == ext_id else tx for tx in txs
    )


def _stamp(book: Book, action: Action) -> str:
    return fingerprint(action, book.wallet.player_id, None)


def _record(
    book: Book,
    action: Action,
    key: TxKey,
    facts: Facts,
    target: Tx,
    moved: int,
    shown: int | None,
    round_: Round | None,
    *,
    closes: bool = False,
    waits: bool = False,
) -> None:
    """The rollback's own record. In seamless mode what moved money at the operator waits for it."""
    tx = replace(
        book.new_tx(action, key, "PENDING" if waits else "DONE", _stamp(book, action), facts),
        amount=abs(moved),
        type="win" if target.kind == "win" else "",
        round_id=target.round_id,
        game_id=target.game_id,
        free_id=target.free_id,
        before=shown,
        after=book.shown,
        round_status=round_.status if round_ else target.round_status,
        round_closed=closes,
        ref_hub_id=target.hub_id,
    )
    book.put_tx(tx)
    book.results.append(Result(action, tx, replay=False))
