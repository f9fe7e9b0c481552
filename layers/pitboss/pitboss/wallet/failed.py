"""Seamless transactions that wait for a person, and rounds that nobody ended: found, retried, settled by hand."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from pitboss.kernel.instants import format_instant
from pitboss.kernel.refusal import Refusal
from pitboss.platform.observe import count, logger
from pitboss.tenancy.public import settings_of
from pitboss.wallet import engine_seamless, failed_store, resolve_gateway, resolve_rules, store
from pitboss.wallet.book import Decision
from pitboss.wallet.commit import Loaded
from pitboss.wallet.model import Round, RoundRecord, Tx, Wallet
from pitboss.wallet.resolve import group_of
from pitboss.wallet.resolve_record import Group, changed, held, record, rewrite, voided, with_more

# A tenant whose failed list is longer has other troubles; by then a look-up by id goes by provider and own id.
FIND_WITHIN = 2_000
_STANDS = "This transaction does not wait for a person"


# ---------------------------------------------------------------- the failed list
def page(tenant_id: str, position: str | None, limit: int) -> tuple[list[Tx], str | None]:
    """A page of the failed list, the oldest failure first, and where the next begins."""
    after = None
    if position:
        at, _, pk = position.partition(":")
        after = (int(at), pk)
    found = failed_store.failed(tenant_id, after=after, limit=limit)
    if len(found) < limit:
        return found, None
    at_ms, pk = failed_store.place_of(found[-1])
    return found, f"{at_ms}:{pk}"


def find(tenant_id: str, hub_id: str) -> Tx | None:
    """A failed transaction by the hub's id, as it stands now; None if the list does not hold it."""
    for tx in failed_store.failed(tenant_id, limit=FIND_WITHIN):
        if tx.hub_id == hub_id:
            return store.read_tx(tenant_id, tx.key)
    return None


def _failed(tenant_id: str, hub_id: str, key_of: Tx | None) -> Tx:
    tx = key_of or find(tenant_id, hub_id)
    if tx is None:
        raise Refusal("TX_NOT_FOUND", "The failed list holds no transaction with this id.")
    return tx


def retry(tenant_id: str, hub_id: str, by: str, note: str, now: int, known: Tx | None = None) -> Tx:
    """Have the operator asked again, with the same ids. Of one that is being asked already: as it stands.

    Raises:
        Refusal: TX_NOT_FOUND; CONFLICT when it has ended.
    """
    tx = _failed(tenant_id, hub_id, known)
    if resolve_rules.is_open(tx):
        return tx
    if tx.state != "FAILED":
        raise Refusal("CONFLICT", f"{_STANDS}: it is {tx.state}.", facts={"state": tx.state})
    after = replace(
        tx,
        state="UNKNOWN" if tx.undo else "PENDING",
        refusal="TX_ROLLED_BACK" if tx.undo else "",
        due_key=resolve_rules.due_partition(resolve_rules.shard_of(tx.hub_id)),
        due_at=now,
        lease_until=0,
        note=_note("retried", by, note, now),
    )

    def decide(there: Loaded, txs: Group) -> Decision:
        return with_more(held(there, _unlock(tx)), [(txs[0], after)])

    written = record((tx,), decide, None)
    if written is None:
        raise _changed()
    logger.info("a failed transaction is retried", hubTransactionId=hub_id, by=by)
    resolve_gateway.announce([after], now)
    return after


def _unlock(tx: Tx) -> int:
    return -1 if settings_of(tx.tenant_id).wallet_lock_on_failed and not tx.undo else 0


def _note(what: str, by: str, note: str, now: int) -> str:
    return f"{what} by {by} at {format_instant(now)}" + (f": {note}" if note else "")


def _changed() -> Refusal:
    return Refusal("OPERATION_IN_PROGRESS", "It is being worked on; look again.", retry_after_s=1)


def resolve(
    tenant_id: str,
    hub_id: str,
    how: Literal["done", "void"],
    by: str,
    note: str,
    now: int,
    known: Tx | None = None,
) -> Tx:
    """Settle a failed transaction by hand, with who and why on its record. The same again answers the same.

    Raises:
        Refusal: TX_NOT_FOUND; CONFLICT when it has ended otherwise, or is the hub's own rollback and not `done`.
    """
    tx = _failed(tenant_id, hub_id, known)
    ends = {"done": ("DONE",) if not tx.undo else ("ROLLED_BACK",), "void": ("REFUSED",)}[how]
    if tx.state in ends and tx.note:
        return tx
    if tx.state != "FAILED":
        raise Refusal("CONFLICT", f"{_STANDS}: it is {tx.state}.", facts={"state": tx.state})
    if tx.undo and how == "void":
        raise Refusal("CONFLICT", "The stake of this bet is owed to the player; it can only be done.")
    stamp = _note(f"resolved as {how}", by, note, now)
    group = group_of(tx)
    if tx.undo:
        ended = tuple(replace(resolve_rules.ended(one), state="ROLLED_BACK", note=stamp) for one in group)
        if not rewrite(list(zip(group, ended, strict=True))):
            raise _changed()
        written: Group | None = ended
    else:
        written = record(group, lambda there, txs: _settled(there, txs, how, stamp, now), None)
    if written is None:
        raise _changed()
    count(f"wallet_resolved_{how}")
    logger.info("a failed transaction is resolved", hubTransactionId=hub_id, how=how, by=by)
    return written[0]


def _settled(there: Loaded, txs: Group, how: str, stamp: str, now: int) -> Decision:
    keys = {tx.key for tx in txs}
    if how == "done":
        decision = engine_seamless.confirm(there.wallet, there.records, txs, after=None, now=now)
        decision = changed(decision, lambda tx: replace(tx, refusal="", detail="") if tx.key in keys else tx)
    else:
        name = txs[0].refusal or "TX_ROLLED_BACK"
        decision = voided(
            there, txs, "REFUSED", name, txs[0].detail or "It was settled by hand: it never came about."
        )
    decision = changed(decision, lambda tx: replace(tx, note=stamp) if tx.key in keys else tx)
    wallet = decision.wallet or there.wallet
    unlocked = replace(wallet, held=max(0, wallet.held + _unlock(txs[0])))
    return decision._replace(wallet=unlocked if unlocked != there.wallet else decision.wallet)


# ---------------------------------------------------------------- rounds
def of_wallet(wallet: Wallet, played: Round) -> RoundRecord:
    """An open round in the wallet's item, as a record."""
    return RoundRecord(
        wallet.tenant_id,
        wallet.player_id,
        wallet.brand_id,
        wallet.user_id,
        wallet.currency,
        wallet.exponent,
        played,
    )


def rounds_of(tenant_id: str, player_id: str, round_id: str, providers: Iterable[str]) -> list[RoundRecord]:
    """A player's rounds of that id at these providers, open or ended; of all providers where none is named (then only
    those that the wallet itself holds)."""
    wallet = store.read_wallet(tenant_id, player_id)
    if wallet is None:
        return []
    named = set(providers)
    found = [
        of_wallet(wallet, played)
        for played in wallet.rounds
        if played.round_id == round_id and (not named or played.provider in named)
    ]
    for provider in sorted(named - {one.round.provider for one in found}):
        recorded = store.read_round(tenant_id, player_id, provider, round_id)
        if recorded is not None:
            found.append(recorded)
    return found


def open_of(wallet: Wallet, started_before: int) -> list[RoundRecord]:
    """A player's open rounds that began before an instant, the oldest first."""
    found = [of_wallet(wallet, played) for played in wallet.rounds]
    if wallet.spilled:
        recorded = store.recorded_rounds(wallet.tenant_id, wallet.player_id)
        found += [one for one in recorded if one.round.status == "open"]
    late = [
        record
        for record in found
        if record.round.status == "open" and record.round.started_at <= started_before
    ]
    return sorted(late, key=lambda record: record.round.started_at)
