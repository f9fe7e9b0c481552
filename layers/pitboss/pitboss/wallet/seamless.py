"""A provider's call for a player whose balance is the operator's: record, ask the operator, record what it said.

1. The decision is written with its transactions PENDING: should the process die from here on, the sweeper goes on.
2. The operator is called (resolve.carry_out).
3. A yes is confirmed, a definite no takes the transaction out again. Without a clear answer the provider is told so
   (retryable, effect unknown): a bet may be saved by its own repetition within seconds, else it is rolled back; a win or
   rollback is repeated until the operator acknowledges it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pitboss.kernel.money import format_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import dynamo
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.platform.observe import count
from pitboss.tenancy.public import settings_of
from pitboss.wallet import callbacks, callbacks_gateway, resolve, resolve_rules, store
from pitboss.wallet.book import Decision, Facts, NeedMore
from pitboss.wallet.callbacks import Answer, Unknown, Yes
from pitboss.wallet.commit import Loaded, Lost, busy, commit
from pitboss.wallet.model import Action, Outcome, Result, Tx, TxKey, Wallet
from pitboss.wallet.rules import in_progress, key_of

if TYPE_CHECKING:
    from pitboss.wallet.service import Request

ATTEMPTS = 10


def run(request: "Request", loaded: Loaded) -> Outcome:
    """Apply a call's actions once, all or nothing, or raise why not.

    Args:
        loaded: the first reading, which may be behind; nothing is refused on it.

    Raises:
        Refusal: of the catalogue; TIMEOUT or CALLBACK_ERROR when the operator gave no clear answer.
    """
    try:
        return _run(request, loaded)
    finally:
        callbacks_gateway.settle()


def _run(request: "Request", loaded: Loaded) -> Outcome:
    from pitboss.wallet import service

    wanted, own = service.first_wanted(request)
    pushed: dict[TxKey, resolve.Came | None] = {}
    strong = False
    for attempt in range(1, ATTEMPTS + 1):
        if strong:
            loaded = service.read_again(request, wanted.more(txs=own))
        bets = _bets_before(request, loaded)
        try:
            if strong or not bets <= set(loaded.known):
                wanted = wanted.more(txs=bets)
                _at_their_end(request, loaded, own, bets, pushed)
                loaded = replace(loaded, known=_as_decided(loaded.known.items()))
            decision = _marked(request, loaded, service.decided(request, loaded, _facts(request, loaded)))
            # What a reading that is behind may decide alone: only what the wallet's version will vouch for.
            sure = strong or (decision.wallet is not None and not service.doubtful(request, loaded))
            if sure:
                commit(decision, loaded.wallet, now=request.now)
        except NeedMore as need:
            wanted = wanted.asked(need)
        except Lost as lost:
            count("wallet_races")
            dynamo.pause(attempt)
            wanted = wanted.more(rounds=lost.places)
        except Refusal as refusal:
            if service.out_of_points(request, refusal):
                request = replace(request, barred=refusal)
            elif strong:
                raise _as_it_stands(refusal, loaded, own) from None
        else:
            if sure:
                return _finish(request, loaded, decision)
        strong = True
    raise busy()


def _facts(request: "Request", loaded: Loaded) -> Facts:
    from pitboss.wallet.service import facts_of

    return facts_of(request, loaded.wallet)


# ---------------------------------------------------------------- what is not at its end yet
def _bets_before(request: "Request", loaded: Loaded) -> set[TxKey]:
    """The bets of rounds that a win comes to without naming one. It settles all of them; so none may still be unclear, or
    a win would be paid on a bet that never was."""
    rounds = {(r.provider, r.round_id): r for r in (*loaded.records.values(), *loaded.wallet.rounds)}
    found: set[TxKey] = set()
    for action in request.actions:
        played = (
            rounds.get((request.provider, action.round_id))
            if action.kind == "win" and not action.ref
            else None
        )
        if played is not None:
            own = key_of(action, request.provider, request.player_id, request.profile)
            found |= {own._replace(kind="bet", ext_id=tx.ext_id) for tx in played.txs if tx.kind in "bB"}
    return found


def _at_their_end(
    request: "Request",
    loaded: Loaded,
    own: Iterable[TxKey],
    before: set[TxKey],
    pushed: dict[TxKey, resolve.Came | None],
) -> None:
    """Whatever the call repeats, refers to or comes after has ended; or it is driven a step further, and NeedMore asks for
    another look. Each is driven once a call. Refusals OPERATION_IN_PROGRESS, TIMEOUT, CALLBACK_ERROR."""
    mine = set(own)
    if unread := before - set(loaded.known):
        raise NeedMore(txs=tuple(unread))
    for key, tx in loaded.known.items():
        if tx is None or not resolve_rules.is_open(tx) or (tx.undo and key not in before):
            continue
        leader = resolve.leader_of(tx)
        if leader.key in pushed or not resolve_rules.may_ask(leader, now_ms()):
            if key in before:
                raise in_progress(tx)
            continue
        group = resolve.group_of(leader)
        undo = key not in mine and resolve_rules.bets_only(group) and _rolls_back(request, tx)
        with _perhaps_moved(own=key in mine):
            came = resolve.roll_back(leader, now_ms()) if undo else resolve.take_up(leader, now_ms())
        pushed[leader.key] = came
        if came is not None and came.verdict == "unclear" and key in mine:
            raise unclear(tx, came.answer, undone=resolve_rules.bets_only(group))
        raise NeedMore()


@contextmanager
def _perhaps_moved(*, own: bool) -> Iterator[None]:
    """Around asking the operator: a no of the hub's own tables comes after it may have moved the call's own money."""
    try:
        yield
    except Refusal as refusal:
        if own:
            refusal.effect = "unknown"
        raise


def _rolls_back(request: "Request", tx: Tx) -> bool:
    return any(action.kind == "rollback" and action.ref == tx.ext_id for action in request.actions)


def _as_decided(known: Iterable[tuple[TxKey, Tx | None]]) -> dict[TxKey, Tx | None]:
    """What the hub has decided counts, though the operator has yet to acknowledge it: a bet that is being rolled back is
    rolled back; what the operator refused for good is refused."""
    seen: dict[TxKey, Tx | None] = {}
    for key, tx in known:
        if tx is not None and tx.undo and tx.state in ("UNKNOWN", "FAILED"):
            tx = replace(tx, state="ROLLED_BACK")  # noqa: PLW2901 - a view of it
        elif tx is not None and tx.state == "FAILED" and tx.refusal:
            tx = replace(tx, state="REFUSED")  # noqa: PLW2901
        seen[key] = tx
    return seen


def _as_it_stands(refusal: Refusal, loaded: Loaded, own: Iterable[TxKey]) -> Refusal:
    """A refusal that is repeated tells the balance that the operator told, and that a part of its list was done."""
    mine = [tx for tx in map(loaded.known.get, own) if tx is not None]
    done = {
        tx.version for tx in mine if tx.state == "DONE"
    }  # what one call brought has one version of the wallet
    for tx in mine:
        if tx.state == "REFUSED" and tx.after is not None:
            refusal.facts.setdefault("balance", format_amount(tx.after, tx.exponent))
            refusal.facts.setdefault("currency", tx.currency)
        if tx.state == "REFUSED" and tx.version in done:
            refusal.effect = "unknown"
    return refusal


# ---------------------------------------------------------------- on record, asked, recorded
def _marked(request: "Request", loaded: Loaded, decision: Decision) -> Decision:
    """The decision with its waiting transactions as a group: who leads, and by when somebody looks again; with what the
    operator is to be told beside. Balances are not the hub's to record: none stands there before the operator told one."""
    waiting = _waiting(decision)
    keys = [store.tx_key(tx.tenant_id, tx.key)[0] for tx in waiting]
    group: dict[TxKey, Tx] = {}
    _can_be_undone(waiting)
    if waiting:
        patience = resolve.patience_ms(waiting[0].tenant_id, waiting)
        group = {tx.key: tx for tx in resolve_rules.began(waiting, keys, now_ms(), patience)}
    fallen = [tx for tx, _ in decision.txs if tx.kind == "win" and tx.state == "ROLLED_BACK"]

    bonus = {grant.id for grant in loaded.grants.values() if grant.win_kind == "bonus"}
    closing = {(a.kind, a.ext_id) for a in request.actions if _closes(request, a)}

    def mark(tx: Tx, was: str | None) -> Tx:
        if was is not None:
            return tx
        marks = callbacks.CLOSES if (tx.kind, tx.ext_id) in closing else ""
        marks += callbacks.BONUS if (tx.kind, tx.type) == ("win", "free") and tx.free_id in bonus else ""
        wins = [win.hub_id for win in fallen if win.undone_by == tx.ext_id]
        if tx.kind == "rollback" and not tx.type and wins:
            marks += callbacks.RESETTLES + ",".join(wins)
        return replace(group.get(tx.key, tx), before=None, after=None, marks=marks)

    txs = tuple((mark(tx, was), was) for tx, was in decision.txs)
    fresh = {tx.key: tx for tx, was in txs if was is None}
    results = tuple(one if one.replay else _result(one, fresh) for one in decision.results)
    return decision._replace(txs=txs, results=results)


def _waiting(decision: Decision) -> tuple[Tx, ...]:
    """What of a decision waits for the operator."""
    waiting = [tx for tx, was in decision.txs if was is None and tx.state == "PENDING"]
    return resolve_rules.in_order(waiting)


def _can_be_undone(waiting: Sequence[Tx]) -> None:
    """A list that goes to the operator one by one must have its bets first: what is owed is not taken back when a later
    bet is refused."""
    kinds = [tx.kind == "bet" for tx in waiting]
    if kinds != sorted(kinds, reverse=True) and not settings_of(waiting[0].tenant_id).wallet_transactions:
        reason = "this operator takes bets first, then wins and rollbacks"
        raise Refusal("VALIDATION_ERROR", f"actions: {reason}.", errors=[FieldError("actions", reason)])


def _closes(request: "Request", action: Action) -> bool:
    """Whether the provider says with this that the round is over; the end of a round that only the hub sees is its own."""
    first_win = action.kind == "win" and request.profile.round_close == "win"
    return first_win or (action.round_closed and request.profile.round_close in ("flag", "win"))


def _finish(request: "Request", loaded: Loaded, decision: Decision) -> Outcome:
    from pitboss.wallet.service import free_left

    if decision.refusal is not None:
        raise decision.refusal
    group = _waiting(decision)
    wallet = decision.wallet or loaded.wallet
    balance: int | None = None
    written: dict[TxKey, Tx] = {}
    if group:
        with _perhaps_moved(own=True):
            came = resolve.carry_out(group, _after(loaded, decision))
        if came.verdict == "raced":
            came = _raced(group, came)
        if came.verdict != "done":
            raise _refused(group, came)
        written = {tx.key: tx for tx in came.txs}
        balance = came.answer.balance if isinstance(came.answer, Yes) else None
    results = tuple(_result(result, written) for result in decision.results)
    last = results[-1].tx
    if balance is None:
        balance = told(wallet)
    shown = last.after if last.after is not None else balance
    if shown is None:
        raise _untold(last)
    current = balance if balance is not None else shown
    return Outcome(
        wallet,
        results,
        shown,
        current,
        free_left(request.actions, loaded, decision),
        request.warnings,
    )


def _untold(tx: Tx) -> Refusal:
    """What needed no operator is done and nobody tells the balance: better no balance than a wrong one. The same call again
    is a replay."""
    return Refusal(
        "CALLBACK_ERROR",
        "It is done, but the operator's wallet does not tell the balance; repeat it.",
        facts={"transactionId": tx.ext_id, "hubTransactionId": tx.hub_id},
        effect="applied",
        retry_after_s=1,
    )


def _result(result: Result, written: dict[TxKey, Tx]) -> Result:
    return result._replace(tx=written.get(result.tx.key, result.tx))


def _after(loaded: Loaded, decision: Decision) -> Loaded:
    """What stands right after a decision was written."""
    rounds = {(round_.provider, round_.round_id): round_ for round_, _ in decision.rounds}
    grants = {grant.id: replace(grant, version=was + 1) for grant, was in decision.grants}
    return Loaded(
        decision.wallet or loaded.wallet,
        {**loaded.known, **{tx.key: tx for tx, _ in decision.txs}},
        {**loaded.records, **rounds},
        {**loaded.grants, **grants},
    )


def _raced(group: tuple[Tx, ...], came: resolve.Came) -> resolve.Came:
    """Somebody else recorded how it ended (a repetition, the sweeper): what stands is the answer."""
    found = [store.read_tx(tx.tenant_id, tx.key) for tx in group]
    txs = tuple(tx for tx in found if tx is not None)
    states = {"ROLLED_BACK" if tx.undo else tx.state for tx in txs}
    if states == {"DONE"}:
        return resolve.Came("done", txs, came.answer)
    if states & {"REFUSED", "ROLLED_BACK"}:
        first = next(tx for tx in txs if tx.undo or tx.state in ("REFUSED", "ROLLED_BACK"))
        name = first.refusal or "TX_ROLLED_BACK"
        return resolve.Came("refused", txs, callbacks.No(name, first.after, first.detail))
    return resolve.Came("unclear", txs or group, came.answer)


# ---------------------------------------------------------------- what the provider is told
def _refused(group: tuple[Tx, ...], came: resolve.Came) -> Refusal:
    tx, answer = group[0], came.answer
    if came.verdict in ("refused", "stuck") and isinstance(answer, callbacks.No):
        facts: dict[str, Any] = {"hubTransactionId": tx.hub_id}
        if answer.balance is not None:
            facts |= {"balance": format_amount(answer.balance, tx.exponent), "currency": tx.currency}
        detail = (answer.detail or "The operator's wallet refused it").rstrip(".") + "."
        if came.verdict == "stuck":
            detail += " What is owed waits on the operator's failed list."
        if came.partly:
            detail += " What stood before it in the list is done."
        return Refusal(answer.name, detail, facts=facts, effect="unknown" if came.partly else None)
    return unclear(tx, answer, undone=resolve_rules.bets_only(group))


def unclear(tx: Tx, answer: Answer, *, undone: bool) -> Refusal:
    """1024 or 1015: nobody knows yet. The same call may come again; the hub itself goes on. `undone`: what it asked for
    is only bets, which are undone when no answer comes."""
    timed_out = isinstance(answer, Unknown) and answer.timed_out
    what = "did not answer in time" if timed_out else "gave no clear answer"
    until = (
        "the bet is rolled back unless it is repeated within seconds"
        if undone
        else "it is repeated until the operator acknowledges it"
    )
    return Refusal(
        "TIMEOUT" if timed_out else "CALLBACK_ERROR",
        f"The operator's wallet {what}; {until}.",
        facts={"transactionId": tx.ext_id, "hubTransactionId": tx.hub_id},
        retry_after_s=1,
    )


# ---------------------------------------------------------------- balances
def told(wallet: Wallet) -> int | None:
    """What the operator says the player holds, in minor units; None without a clear answer."""
    answer = _balance(wallet)
    return answer.balance if isinstance(answer, Yes) else None


def balance(wallet: Wallet, session_id: str = "") -> int:
    """The same for a provider that asks just that. Refusals TIMEOUT and CALLBACK_ERROR (nothing has moved), and what the
    operator refuses with."""
    try:
        answer = _balance(wallet, session_id)
    finally:
        callbacks_gateway.settle()
    match answer:
        case Yes(balance=amount):
            return amount
        case callbacks.No(name=name, detail=detail):
            raise Refusal(name, detail or "The operator's wallet refused it.")
        case Unknown(timed_out=timed_out):
            raise Refusal(
                "TIMEOUT" if timed_out else "CALLBACK_ERROR",
                "The operator's wallet gave no clear answer to the question for the balance.",
                effect="none",
                retry_after_s=1,
            )


def _balance(wallet: Wallet, session_id: str = "") -> Answer:
    message = callbacks.balance_of(wallet, new_ulid(), session_id)
    return callbacks_gateway.call(wallet.tenant_id, message, wallet.currency, wallet.exponent, now_ms())
