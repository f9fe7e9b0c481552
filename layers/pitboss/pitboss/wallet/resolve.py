"""Driving seamless transactions to their end: ask, undo, give up. Rules and times are resolve_rules'.

Whatever is about to be sent is on record first, with a time by which somebody looks again; so a process may die anywhere.
Several may be at the same group at once: they send the same ids, which the operator's contract makes one movement, and of
their records the first stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pitboss.platform.clock import now_ms
from pitboss.platform.observe import count, logger
from pitboss.tenancy.public import settings_of
from pitboss.wallet import (
    callbacks,
    callbacks_gateway,
    engine_seamless,
    resolve_gateway,
    resolve_rules,
    store,
)
from pitboss.wallet.book import Decision
from pitboss.wallet.callbacks import Answer, Message, No, Unknown, Verdict, Yes
from pitboss.wallet.commit import Loaded
from pitboss.wallet.model import Tx, TxKey
from pitboss.wallet.resolve_record import Group, changed, held, record, rewrite, voided, with_more

# What all calls of one attempt may take together: a provider's request ends after 29 s.
BUDGET_MS = 20_000
NO_ANSWER = "The operator's wallet gave no clear answer in time; the hub rolled the bet back."


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an attempt. `undone`: the hub's rollback is acknowledged; `raced`: somebody else was quicker.
    `txs` are the transactions as recorded, `answer` the last that the operator gave. `partly`: some of the group were done
    before that answer, and stay done."""

    verdict: Verdict | Literal["undone", "raced"]
    txs: Group
    answer: Answer
    partly: bool = False


@dataclass(frozen=True, slots=True)
class _Said:
    """What the operator said to one transaction."""

    verdict: Verdict
    answer: Answer


def patience_ms(tenant_id: str, group: Sequence[Tx]) -> int:
    """How long the operator's calls for a group may take together."""
    settings = settings_of(tenant_id)
    calls = 1 if settings.wallet_transactions else len(group)
    return min(BUDGET_MS, calls * settings.wallet_timeout_ms)


# ---------------------------------------------------------------- asking
def carry_out(group: Group, loaded: Loaded | None) -> Came:
    """Have the operator carry out a group that is on record and ours for now, and record what it says.

    `loaded` is what stands right after the group was recorded, None if that is not known any more.
    """
    said = _ask(group)
    done = sum(one.verdict == "done" for one in said)
    if done == len(group):
        return _confirm(group, said, loaded)
    last = said[-1]
    if done and last.verdict == "refused" and resolve_rules.bets_only(group[:done]):
        return _refuse_the_rest(group, done, last.answer)
    if done and group[done].kind != "bet":
        # Every bet is taken: what is done stays done, and what is owed goes on by itself from this very write on.
        rest = group[done:]
        came = _confirm(group[:done], said[:done], loaded, rest=rest)
        if came.verdict == "raced":
            return came
        return replace(_not_done(_led(rest), last, None), partly=True)
    return _not_done(group, last, loaded)


def _not_done(group: Group, last: _Said, loaded: Loaded | None) -> Came:
    """Record that the operator did not say yes to a group."""
    if last.verdict == "refused":
        return _refuse(group, last.answer, loaded)
    if last.verdict == "stuck":
        return _give_up(group, last.answer)
    return _postpone(group, last.answer)


def _ask(group: Group) -> list[_Said]:
    """What the operator says to each, up to the first that it does not say yes to."""
    tenant_id, told = group[0].tenant_id, resolve_rules.told(group)
    if len(told) > 1 and settings_of(tenant_id).wallet_transactions:
        answer = _call(group[0], callbacks.list_of(told))
        verdict = _list_verdict(group, answer)
        return [_Said(verdict, answer)] * (len(group) if verdict == "done" else 1)
    said: list[_Said] = []
    began = now_ms()
    for tx in told:
        late = said and now_ms() - began > BUDGET_MS
        answer = (
            Unknown("the call's time was used up", sent=False)
            if late
            else _call(group[0], callbacks.ask_of(tx))
        )
        said.append(_Said(callbacks.verdict(tx.kind, answer, undo=False), answer))
        if said[-1].verdict != "done":
            return said
    return said + said[-1:] * (len(group) - len(told))


def _list_verdict(group: Group, answer: Answer) -> Verdict:
    """A list with a bet is refused by any no; of what is owed a no is a person's to look at."""
    has_bet = any(tx.kind == "bet" for tx in group)
    if isinstance(answer, No):
        return "refused" if has_bet else "stuck"
    return callbacks.verdict("bet", answer, undo=False)


def _call(leader: Tx, message: Message) -> Answer:
    return callbacks_gateway.call(
        leader.tenant_id, message, leader.currency, leader.exponent, now_ms(), attempt=max(1, leader.attempts)
    )


# ---------------------------------------------------------------- recording what was said
def _confirm(group: Group, said: Sequence[_Said], loaded: Loaded | None, rest: Group = ()) -> Came:
    answers = {tx.key: one.answer for tx, one in zip(group, said, strict=False)}
    after = _balance(said[len(group) - 1].answer)
    now = now_ms()

    def theirs(tx: Tx) -> Tx:
        answer = answers.get(tx.key)
        return replace(tx, operator_tx=answer.theirs) if isinstance(answer, Yes) else tx

    def decide(there: Loaded, txs: Group) -> Decision:
        decision = engine_seamless.confirm(there.wallet, there.records, txs, after=after, now=now)
        return with_more(changed(decision, theirs), list(zip(rest, _led(rest), strict=True)))

    written = record(group, decide, loaded)
    last = said[-1].answer
    return Came("raced", group, last) if written is None else Came("done", written, last)


def _balance(answer: Answer) -> int | None:
    return None if isinstance(answer, Unknown) else answer.balance


def _led(group: Group) -> Group:
    """What is left of a group: led by its first, and due again should this process die."""
    if not group:
        return ()
    keys = [store.tx_key(tx.tenant_id, tx.key)[0] for tx in group]
    leader, *others = resolve_rules.began(group, keys, now_ms(), 0)
    return (replace(leader, leader=""), *others)


def _refuse(group: Group, answer: Answer, loaded: Loaded | None) -> Came:
    name, why = _no(answer)
    keys, balance = {tx.key for tx in group}, _balance(answer)

    def decide(there: Loaded, txs: Group) -> Decision:
        decision = voided(there, txs, "REFUSED", name, why)
        return changed(decision, lambda tx: replace(tx, after=balance) if tx.key in keys else tx)

    written = record(group, decide, loaded)
    return Came("raced", group, answer) if written is None else Came("refused", written, answer)


def _no(answer: Answer) -> tuple[str, str]:
    if not isinstance(answer, No):
        raise TypeError("only a no is recorded as one")
    return answer.name, answer.detail or "The operator's wallet refused it."


def _refuse_the_rest(group: Group, done: int, answer: Answer) -> Came:
    """Bets of one list of which a later one was refused: none counts, and the operator gives the earlier ones back."""
    name, why = _no(answer)
    taken, rest = {tx.key for tx in group[:done]}, {tx.key for tx in group[done:]}
    lead = _undoing(group[:done])

    def decide(there: Loaded, txs: Group) -> Decision:
        decision = voided(there, txs, "REFUSED", name, why)

        def state(tx: Tx) -> Tx:
            if tx.key in taken:
                return _as_undoing(tx, lead)
            return replace(tx, after=_balance(answer)) if tx.key in rest else tx

        return changed(decision, state)

    written = record(group, decide, None)
    if written is None:
        return Came("raced", group, answer)
    undo(written[:done])
    return Came("refused", written, answer)


def _postpone(group: Group, answer: Answer, *, undoing: bool = False) -> Came:
    """No clear answer: the leader says when to look again."""
    why = answer.why if isinstance(answer, Unknown) else "no clear answer"
    after = resolve_rules.postponed(group[0], now_ms(), why, undoing=undoing)
    if after.state == "FAILED":
        return _give_up(group, answer, why)
    if not rewrite([(group[0], after)]):
        return Came("raced", group, answer)
    resolve_gateway.announce([after], now_ms())
    return Came("unclear", (after, *group[1:]), answer)


def _give_up(group: Group, answer: Answer, why: str = "") -> Came:
    """On to the failed list; where the agent wants it (walletLockOnFailed, asked at each bet), the player bets no more
    until it is settled."""
    name, detail = _no(answer) if isinstance(answer, No) else ("", why)
    leader = group[0]
    count("wallet_failed")
    logger.error(
        "a wallet transaction failed", tenantId=leader.tenant_id, hubTransactionId=leader.hub_id, why=detail
    )

    def decide(there: Loaded, txs: Group) -> Decision:
        after = resolve_rules.failed(txs[0], now_ms(), detail)
        after = replace(after, refusal=name or after.refusal, detail=detail or after.detail)
        return with_more(held(there, 0 if leader.undo else 1), [(txs[0], after)])

    written = record(group, decide, None)
    return Came("raced", group, answer) if written is None else Came("stuck", written, answer)


# ---------------------------------------------------------------- undoing
def _undoing(bets: Group) -> Tx:
    """The leader of bets that are to be rolled back."""
    keys = [store.tx_key(tx.tenant_id, tx.key)[0] for tx in bets]
    leader = resolve_rules.began(bets, keys, now_ms(), patience_ms(bets[0].tenant_id, bets))[0]
    return replace(leader, leader="")


def _as_undoing(tx: Tx, lead: Tx) -> Tx:
    """A voided bet whose rollback the operator has yet to acknowledge: from here on its id is dead."""
    dead = replace(tx, state="UNKNOWN", undo=True, refusal="TX_ROLLED_BACK", detail=NO_ANSWER)
    if tx.key == lead.key:
        return replace(
            dead,
            leader="",
            members=lead.members,
            attempts=1,
            lease_until=lead.lease_until,
            due_key=lead.due_key,
            due_at=lead.due_at,
        )
    return replace(dead, leader=store.tx_key(lead.tenant_id, lead.key)[0])


def begin_undo(group: Group) -> Group | None:
    """Take bets without a clear answer out of their round, for good; None when somebody else was quicker."""
    lead, keys = _undoing(group), {tx.key for tx in group}

    def decide(there: Loaded, txs: Group) -> Decision:
        decision = voided(there, txs, "UNKNOWN", "TX_ROLLED_BACK", NO_ANSWER)
        return changed(decision, lambda tx: _as_undoing(tx, lead) if tx.key in keys else tx)

    count("wallet_undone", len(group))
    return record(group, decide, None)


def undo(group: Group) -> Came:
    """Have the operator roll back bets that are void already, the last first."""
    answer: Answer = Unknown("nothing was asked")
    for tx in reversed(resolve_rules.told(group)):
        answer = _call(group[0], callbacks.undo_of(tx))
        match callbacks.verdict("bet", answer, undo=True):
            case "unclear":
                return _postpone(group, answer, undoing=True)
            case "stuck" | "refused":
                return _give_up(group, answer)
    ended = tuple(replace(resolve_rules.ended(tx), state="ROLLED_BACK") for tx in group)
    if not rewrite(list(zip(group, ended, strict=True))):
        return Came("raced", group, answer)
    return Came("undone", ended, answer)


# ---------------------------------------------------------------- taking up what was left
def group_of(tx: Tx) -> Group:
    """The open transactions of the group that `tx` leads, as they stand."""
    if not tx.members:
        return (tx,)
    found = store.read([(pk, store.TX) for pk in tx.members])
    members = [store.tx_from_item(found[pk, store.TX]) for pk in tx.members if (pk, store.TX) in found]
    own = store.tx_key(tx.tenant_id, tx.key)[0]
    others = [
        one for one in members if one.leader == own and resolve_rules.is_open(one) and one.undo == tx.undo
    ]
    return (tx, *others)


def leader_of(tx: Tx) -> Tx:
    """Who leads the group of `tx`; itself when its leader has ended without it."""
    if not tx.leader:
        return tx
    found = store.read([(tx.leader, store.TX)]).get((tx.leader, store.TX))
    leader = store.tx_from_item(found) if found else tx
    return leader if resolve_rules.is_open(leader) or leader.state == "FAILED" else tx


def take_up(leader: Tx, now: int) -> Came | None:
    """One more attempt at a group that nobody is at; None if somebody is, or was."""
    if not resolve_rules.may_ask(leader, now):
        return None
    group = group_of(leader)
    claimed = resolve_rules.claimed(leader, now, patience_ms(leader.tenant_id, group))
    if not rewrite([(leader, claimed)]):
        return None
    group = (claimed, *group[1:])
    return undo(group) if claimed.undo else carry_out(group, None)


def roll_back(leader: Tx, now: int) -> Came | None:
    """Undo bets without a clear answer now; None if somebody is at them or was."""
    if not resolve_rules.may_ask(leader, now):
        return None
    begun = begin_undo(group_of(leader))
    return None if begun is None else undo(begun)


def look(tenant_id: str, key: TxKey, now: int) -> Came | None:
    """What the queue or the sweeper found due: bets are undone, everything else is asked again."""
    leader = store.read_tx(tenant_id, key)
    if leader is None or not resolve_rules.is_open(leader) or not leader.due_key or leader.due_at > now:
        return None
    if not leader.undo and resolve_rules.bets_only(group_of(leader)):
        return roll_back(leader, now)
    return take_up(leader, now)
