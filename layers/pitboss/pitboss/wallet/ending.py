"""The provider's word that a round is over. Pure.

Beside what waits for the operator it waits too, as a member of the same group that nobody is asked for: the round ends with
the yes, and with a no nothing of the list has come about, its end neither.
"""

from dataclasses import replace

from pitboss.kernel.refusal import Refusal
from pitboss.wallet.book import Book, Facts
from pitboss.wallet.model import Action, Result, Round, TxKey
from pitboss.wallet.rules import fingerprint


def apply(book: Book, action: Action, key: TxKey, facts: Facts) -> None:
    """One end-round action. Again, or of a closed round: nothing changes. Refusal ROUND_NOT_FOUND."""
    place = (book.provider, action.round_id)
    round_ = book.rounds.get(place)
    if round_ is None:
        raise Refusal(
            "ROUND_NOT_FOUND", "There is no such round of this player.", facts={"roundId": action.round_id}
        )
    shown = book.shown
    if book.seamless:
        book.ending.add(place)
    else:
        round_ = closed(book, round_)
    tx = replace(
        book.new_tx(
            action,
            key,
            "PENDING" if book.seamless else "DONE",
            fingerprint(action, book.wallet.player_id, None),
            facts,
        ),
        before=shown,
        after=shown,
        round_status=round_.status,
        round_closed=True,
    )
    book.put_tx(tx)
    book.results.append(Result(action, tx, replay=False))


def closed(book: Book, round_: Round) -> Round:
    """The round after the provider's word."""
    return round_ if round_.closed and round_.ended else book.close(round_, flag=True, ended=True)


def is_over(book: Book, round_: Round) -> bool:
    """Whether the provider closed the round, be it by an earlier action of this very call."""
    return round_.closed or (round_.provider, round_.round_id) in book.ending


def settle(book: Book) -> None:
    """After the last action of a call: ends that nothing beside them holds up come about at once."""
    if not book.ending:
        return
    waiting = [tx for tx in book.known.values() if tx and book.is_new(tx.key) and tx.state == "PENDING"]
    ends = [tx for tx in waiting if tx.kind == "end"]
    if len(ends) < len(waiting):
        return
    for tx in ends:
        round_ = closed(book, book.rounds[tx.provider, tx.round_id])
        book.put_tx(replace(tx, state="DONE", round_status=round_.status))
