"""Transactions for the inspector: by any id, with the request as it came."""

import json
import time
import zlib
from collections.abc import Iterable
from typing import Any

from pitboss.catalogue.public import integrations
from pitboss.inspector.public import Applied, RoundTrace, redact
from pitboss.kernel.ids import is_ulid, ulid_instant
from pitboss.kernel.instants import MAX_INSTANT
from pitboss.kernel.money import format_amount
from pitboss.platform.clock import now_ms
from pitboss.reports import reading, store
from pitboss.reports.model import DAY_MS, Filter, mark_of
from pitboss.wallet.public import HUB, Round, Tx, TxKey, read_round, read_tx, read_txs, read_wallet

_KINDS = ("bet", "win", "rollback", "end")
_OF_PLAYER = 50
LOOKED_THROUGH, PATIENCE_S = 300_000, 6.0
MAX_OF_MESSAGE = 20  # a list of actions is one message


def find(tenant_id: str, any_id: str, before: str, limit: int) -> list[Applied]:
    """Transactions that an id names: a hub id, a provider's transaction id, a player, a round; newest first, with hub ids
    below `before` ("" for any)."""
    keys: dict[TxKey, None] = {}
    if is_ulid(any_id):
        row = reading.find(tenant_id, any_id, ulid_instant(any_id))
        if row is not None:
            keys[TxKey(row.provider, row.kind, row.ext_id, row.scope)] = None
        keys.update(dict.fromkeys(_of_player(tenant_id, any_id, before, limit)))
    for integration in [*integrations(tenant_id), HUB]:
        kinds = ("deposit", "withdraw") if integration == HUB else _KINDS
        keys.update(dict.fromkeys(TxKey(integration, kind, any_id) for kind in kinds))
    for provider, player_id in store.players_of_round(tenant_id, any_id):
        keys.update(dict.fromkeys(_of_round(tenant_id, provider, player_id, any_id)))
    found = read_txs(tenant_id, keys)
    found = found or _by_message(tenant_id, any_id)
    shown = [applied(tx) for tx in found if not before or tx.hub_id < before]
    shown.sort(key=lambda a: a.hub_id, reverse=True)
    return shown[:limit]


def _by_message(tenant_id: str, any_id: str) -> list[Tx]:
    """Transactions that came under a webhook or request id: looked for in the log of the last day, newest first, since an
    index of two more ids would cost each transaction two writes."""
    mark, until = mark_of(any_id), time.monotonic() + PATIENCE_S
    f = Filter(now_ms() - DAY_MS, now_ms() + DAY_MS)
    found: list[Tx] = []
    for number, row in enumerate(reading.walk(tenant_id, f, forward=False)):
        if number > LOOKED_THROUGH or len(found) == MAX_OF_MESSAGE or time.monotonic() > until:
            break
        if mark not in (row.message, row.request):
            continue
        tx = read_tx(tenant_id, TxKey(row.provider, row.kind, row.ext_id, row.scope))
        facts = json.loads(tx.facts) if tx and tx.facts else {}
        if tx is not None and any_id in (facts.get("id"), facts.get("rid")):
            found.append(tx)
    return found


def _of_player(tenant_id: str, player_id: str, before: str, limit: int) -> Iterable[TxKey]:
    until = ulid_instant(before) + 1 if before else MAX_INSTANT
    f = Filter(0, until, player_id=player_id)
    rows, _ = reading.page(tenant_id, f, None, min(limit, _OF_PLAYER))
    return [TxKey(row.provider, row.kind, row.ext_id, row.scope) for row in rows]


def _of_round(tenant_id: str, provider: str, player_id: str, round_id: str) -> list[TxKey]:
    """The transactions of a player's round, from its record or, while it is open, from the wallet; and those that history
    has of it (refused ones and rollbacks stand in neither)."""
    rows, _ = reading.page(
        tenant_id, Filter(0, MAX_INSTANT, player_id=player_id, round_id=round_id), None, 500
    )
    keys = [TxKey(row.provider, row.kind, row.ext_id, row.scope) for row in rows if row.provider == provider]
    kept = round_of(tenant_id, provider, player_id, round_id)
    scopes = {key.player_id for key in keys} or {""}
    for tx in kept.txs if kept else ():
        kind = "bet" if tx.kind.lower() == "b" else "win"
        keys += [TxKey(provider, kind, tx.ext_id, scope) for scope in scopes]
    return list(dict.fromkeys(keys))


def round_of(tenant_id: str, provider: str, player_id: str, round_id: str) -> Round | None:
    """A player's round as it is now, recorded or open."""
    record = read_round(tenant_id, player_id, provider, round_id)
    if record is not None:
        return record.round
    wallet = read_wallet(tenant_id, player_id)
    of_wallet = wallet.rounds if wallet else ()
    return next((r for r in of_wallet if (r.provider, r.round_id) == (provider, round_id)), None)


def rounds(tenant_id: str, provider: str, round_id: str) -> list[RoundTrace]:
    """A round of everyone who played it."""
    traces = []
    for integration, player_id in store.players_of_round(tenant_id, round_id):
        wallet = read_wallet(tenant_id, player_id) if integration == provider else None
        kept = round_of(tenant_id, provider, player_id, round_id)
        if wallet is None:
            continue
        keys = _of_round(tenant_id, provider, player_id, round_id)
        txs = [tx for tx in read_txs(tenant_id, keys) if tx.player_id == player_id]
        traces.append(
            RoundTrace(
                player_id,
                kept.status if kept else "open",
                kept.revision if kept else 0,
                format_amount(kept.stake if kept else 0, wallet.exponent),
                format_amount(kept.win if kept else 0, wallet.exponent),
                wallet.currency,
                kept.started_at if kept else 0,
                kept.settled_at if kept else 0,
                tuple(map(applied, txs)),
            )
        )
    return traces


def applied(tx: Tx) -> Applied:
    """A transaction as the inspector shows it."""
    facts: dict[str, Any] = json.loads(tx.facts) if tx.facts else {}
    return Applied(
        hub_id=tx.hub_id,
        at=tx.at,
        provider=tx.provider,
        action=tx.kind,
        transaction_id=tx.ext_id,
        state=tx.state,
        refusal=tx.refusal,
        round_id=tx.round_id,
        player_id=tx.player_id,
        amount=format_amount(tx.amount, tx.exponent),
        currency=tx.currency,
        before=_money(tx.before, tx.exponent),
        after=_money(tx.after, tx.exponent),
        request=redact(zlib.decompress(bytes(tx.raw))) if tx.raw else b"",
        facts=facts,
        attempts=tx.attempts,
        note=tx.note or tx.detail,
    )


def _money(minor: int | None, exponent: int) -> str | None:
    return None if minor is None else format_amount(minor, exponent)
