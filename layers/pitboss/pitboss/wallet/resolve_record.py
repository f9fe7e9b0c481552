"""Writing what became of seamless transactions: each change of their state in one conditional commit."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from pitboss.catalogue.public import wallet_integration
from pitboss.platform import dynamo
from pitboss.platform.clock import now_ms
from pitboss.platform.dynamo import TooBusy, TransactionRefused
from pitboss.wallet import engine_seamless, store
from pitboss.wallet.book import Decision, NeedMore, Sums
from pitboss.wallet.commit import Loaded, Lost, Wanted, busy, commit, load
from pitboss.wallet.model import State, Tx
from pitboss.wallet.profile import Profile

ATTEMPTS = 10

type Group = tuple[Tx, ...]
type Decide = Callable[[Loaded, Group], Decision]


def record(group: Group, decide: Decide, loaded: Loaded | None) -> Group | None:
    """Write what `decide` makes of the group; answers the transactions as written, None when somebody else has changed the
    state of one of them meanwhile.

    Args:
        loaded: what is known to stand (the group too), for the first try; None reads it.

    Raises OPERATION_IN_PROGRESS when other calls of the player kept winning.
    """
    first, keys = group[0], [tx.key for tx in group]
    places, targets, grants = engine_seamless.needed(group)
    wanted = Wanted().more(places, {*keys, *targets}, grants)
    for attempt in range(1, ATTEMPTS + 1):
        current = group
        if loaded is None:
            loaded = _whole(load(first.tenant_id, first.player_id, wanted), wanted)
            standing = _standing(group, loaded)
            if loaded is None or standing is None:
                return None
            current = standing
        try:
            decision = decide(loaded, current)
            commit(decision, loaded.wallet, now=now_ms())
        except NeedMore as need:
            wanted, loaded = wanted.asked(need), None
        except Lost as lost:
            wanted, loaded = wanted.more(rounds=lost.places), None
            dynamo.pause(attempt)
        else:
            written = {tx.key: tx for tx, _ in decision.txs}
            return tuple(written.get(tx.key, tx) for tx in current)
    raise busy()


def _whole(loaded: Loaded | None, wanted: Wanted) -> Loaded | None:
    """A batch is no snapshot: a round that was in neither place may have moved into its record while it was read. What is
    read now, after the wallet, holds all that the wallet knows."""
    if loaded is None:
        return None
    seen = {*loaded.records, *((r.provider, r.round_id) for r in loaded.wallet.rounds)}
    keys = [
        store.round_key(loaded.wallet.tenant_id, loaded.wallet.player_id, *place)
        for place in sorted(wanted.rounds - seen)
        if place[1]
    ]
    found = [store.round_from_item(item).round for item in store.read(keys).values()] if keys else []
    return replace(loaded, records={**loaded.records, **{(r.provider, r.round_id): r for r in found}})


def _standing(group: Group, loaded: Loaded | None) -> Group | None:
    """The group as it stands now, or None if it is not what it was."""
    if loaded is None:
        return None
    found = [loaded.known.get(tx.key) for tx in group]
    current = tuple(tx for tx in found if tx is not None)
    same = [(tx.key, tx.state, tx.undo) for tx in current] == [(tx.key, tx.state, tx.undo) for tx in group]
    return current if same else None


def rewrite(pairs: Sequence[tuple[Tx, Tx]]) -> bool:
    """Replace transactions (what stands, what shall), nothing else; False when the state of one is another by now."""
    ops = [store.tx_put_op(after, before.state) for before, after in pairs]
    try:
        dynamo.transact(ops, lean=True)
    except TransactionRefused:
        return False
    except TooBusy:
        raise busy() from None
    return True


def changed(decision: Decision, change: Callable[[Tx], Tx]) -> Decision:
    """The decision with each of its transactions changed."""
    return decision._replace(txs=tuple((change(tx), was) for tx, was in decision.txs))


def with_more(decision: Decision, pairs: Sequence[tuple[Tx, Tx]]) -> Decision:
    """The decision that also rewrites these transactions."""
    return decision._replace(txs=(*decision.txs, *((after, before.state) for before, after in pairs)))


def voided(there: Loaded, txs: Group, state: State, refusal: str, why: str) -> Decision:
    """What takes the group out of its rounds again."""
    return engine_seamless.void(
        there.wallet,
        there.records,
        txs,
        targets=there.known,
        grants=there.grants,
        state=state,
        refusal=refusal,
        detail=why,
        now=now_ms(),
        profile=profile_of(txs[0]),
    )


def profile_of(tx: Tx) -> Profile:
    """The profile of the transaction's provider, as it is now."""
    found = wallet_integration(tx.tenant_id, tx.provider, now_ms())
    return Profile.from_record(found.switches) if found else Profile()


def held(there: Loaded, by: int) -> Decision:
    """The wallet with one failed transaction more (or less) that bars the player from betting."""
    wallet = replace(there.wallet, held=max(0, there.wallet.held + by))
    changed_wallet = wallet if wallet != there.wallet else None
    return Decision(changed_wallet, (), (), (), (), Sums())
