"""Wallets, transactions and rounds in the short form that is stored: arrays in JSON, so that a wallet at play stays
within 1,024 bytes (two write units in a transaction). Pure; keys and conditions are store.py's.
"""

import json
from base64 import b85decode, b85encode
from collections.abc import Mapping
from typing import Any

from pitboss.wallet.model import Limits, Round, RoundRecord, RoundTx, Session, Tx, TxKey, Wallet

SCHEMA = 1
_MODES = {"t": "transfer", "s": "seamless"}
_STATUSES = {"a": "active", "b": "blocked", "c": "closed"}
_ROUND = {"o": "open", "c": "completed", "x": "cancelled"}


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _limits(limits: Limits | None) -> list[int | None] | int:
    if limits is None or limits == Limits():
        return 0 if limits is None else 1
    return [limits.max_bet, limits.daily_loss, limits.weekly_loss, limits.session_minutes]


def _limits_from(raw: Any) -> Limits | None:
    if raw == 0:
        return None
    return Limits() if raw == 1 else Limits(*raw)


def _bytes(value: bytes) -> str:
    return b85encode(value).decode()


def pack_session(s: Session) -> list[Any]:
    """A session as a list; what is seldom set stands last and is left out where it is not."""
    row: list[Any] = [s.id, _bytes(s.digest), s.device, s.started_at, s.expires_at - s.started_at]
    rest: list[Any] = [int(s.ended), s.external_id, _bytes(s.launch), s.launch_until, _bytes(s.used)]
    while rest and not rest[-1]:
        rest.pop()
    return row + rest


def unpack_session(row: list[Any]) -> Session:
    """The inverse of `pack_session`."""
    defaults: list[Any] = [0, "", "", 0, ""]
    ended, external_id, launch, launch_until, used = row[5:] + defaults[len(row) - 5 :]
    return Session(
        row[0],
        b85decode(row[1]),
        row[2],
        row[3],
        row[3] + row[4],
        bool(ended),
        external_id,
        b85decode(launch),
        launch_until,
        b85decode(used),
    )


def pack_round(r: Round) -> list[Any]:
    """A round as a list."""
    flags = int(r.closed) + 2 * int(r.ended) + 4 * r.reopened
    row: list[Any] = [
        r.provider,
        r.round_id,
        r.game_id,
        r.stake,
        r.win,
        r.started_at,
        r.changed_at - r.started_at,
        [x for tx in r.txs for x in (tx.kind, tx.ext_id, tx.ref)],
        flags,
    ]
    status = next(k for k, v in _ROUND.items() if v == r.status)
    if r.free or r.revision or r.settled_at or r.counted or status != "o":
        row += [r.free, r.revision, r.settled_at, status, r.counted]
    return row


def unpack_round(row: list[Any]) -> Round:
    """The inverse of `pack_round`."""
    free, revision, settled_at, status, counted = row[9:] or ("", 0, 0, "o", 0)
    flat = row[7]
    return Round(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[5] + row[6],
        settled_at,
        _ROUND[status],  # type: ignore[arg-type]
        bool(row[8] & 1),
        bool(row[8] & 2),
        revision,
        free,
        counted,
        tuple(RoundTx(*flat[at : at + 3]) for at in range(0, len(flat), 3)),
        row[8] >> 2,
    )


def pack_wallet(w: Wallet) -> str:
    """Everything of a wallet but tenant, player and version, which are the item's own."""
    mode = next(k for k, v in _MODES.items() if v == w.mode)
    status = next(k for k, v in _STATUSES.items() if v == w.status)
    return _dump(
        [
            [w.brand_id, w.user_id, w.currency, w.exponent, mode, status],
            [w.balance, w.house, w.cash, w.receivable],
            [w.self_excluded_until, w.cool_off_until, _limits(w.limits), _limits(w.next_limits)],
            [w.next_limits_at, w.day, w.day_loss, w.week, w.week_loss],
            [w.country, w.language, w.reality_check_minutes, w.marked, w.spilled, w.held],
            [pack_session(s) for s in w.sessions],
            [pack_round(r) for r in w.rounds],
            list(w.ring),
        ]
    )


def unpack_wallet(tenant_id: str, player_id: str, version: int, text: str) -> Wallet:
    """The inverse of `pack_wallet`."""
    who, money, guards, counters, extra, sessions, rounds, ring = json.loads(text)
    return Wallet(
        tenant_id=tenant_id,
        player_id=player_id,
        brand_id=who[0],
        user_id=who[1],
        currency=who[2],
        exponent=who[3],
        mode=_MODES[who[4]],  # type: ignore[arg-type]
        status=_STATUSES[who[5]],  # type: ignore[arg-type]
        version=version,
        balance=money[0],
        house=money[1],
        cash=money[2],
        receivable=money[3],
        self_excluded_until=guards[0],
        cool_off_until=guards[1],
        limits=_limits_from(guards[2]) or Limits(),
        next_limits=_limits_from(guards[3]),
        next_limits_at=counters[0],
        day=counters[1],
        day_loss=counters[2],
        week=counters[3],
        week_loss=counters[4],
        country=extra[0],
        language=extra[1],
        reality_check_minutes=extra[2],
        marked=extra[3],
        spilled=extra[4],
        held=extra[5],
        sessions=tuple(unpack_session(s) for s in sessions),
        rounds=tuple(unpack_round(r) for r in rounds),
        ring=tuple(ring),
    )


def pack_round_record(record: RoundRecord) -> dict[str, Any]:
    """Members of a recorded round's item beside its keys."""
    r = record.round
    return {
        "tenantId": record.tenant_id,
        "playerId": record.player_id,
        "schema": SCHEMA,
        "revision": r.revision,
        "status": r.status,
        "who": [record.brand_id, record.user_id, record.currency, record.exponent],
        "d": _dump(pack_round(r)),
    }


def unpack_round_record(item: Mapping[str, Any]) -> RoundRecord:
    """The inverse of `pack_round_record`."""
    brand_id, user_id, currency, exponent = item["who"]
    return RoundRecord(
        item["tenantId"],
        item["playerId"],
        brand_id,
        user_id,
        currency,
        exponent,
        unpack_round(json.loads(item["d"])),
    )


def pack_tx(tx: Tx) -> dict[str, Any]:
    """Members of a transaction's item beside its keys; what is not set is left out."""
    return {
        "tenantId": tx.tenant_id,
        "schema": SCHEMA,
        "state": tx.state,
        "id": tx.hub_id,
        "k": [tx.key.provider, tx.key.kind, tx.key.ext_id, tx.key.player_id],
        "p": [tx.player_id, tx.brand_id, tx.user_id, tx.currency, tx.exponent],
        "d": _dump(
            [
                [tx.amount, tx.type, tx.round_id, tx.game_id, tx.ref, int(tx.round_closed), tx.free_id],
                [tx.fingerprint, tx.before, tx.after, tx.version, tx.round_status, tx.at, tx.session_id],
            ]
        ),
        "no": [tx.refusal, tx.detail] if tx.refusal else None,
        "undoneBy": tx.undone_by or None,
        "operatorTx": tx.operator_tx or None,
        "attempts": tx.attempts or None,
        "duepk": tx.due_key or None,
        "dueAt": tx.due_at if tx.due_key else None,
        "note": tx.note or None,
        "leader": tx.leader or None,
        "members": list(tx.members) or None,
        "undo": tx.undo or None,
        "leaseUntil": tx.lease_until or None,
        "refId": tx.ref_hub_id or None,
        "extSession": tx.external_session_id or None,
        "marks": tx.marks or None,
        "rq": tx.raw or None,
        "hx": tx.facts or None,
    }


def unpack_tx(item: Mapping[str, Any]) -> Tx:
    """The inverse of `pack_tx`."""
    what, then = json.loads(item["d"])
    refusal, detail = item.get("no") or ("", "")
    player_id, brand_id, user_id, currency, exponent = item["p"]
    return Tx(
        tenant_id=item["tenantId"],
        key=TxKey(*item["k"]),
        hub_id=item["id"],
        player_id=player_id,
        brand_id=brand_id,
        user_id=user_id,
        currency=currency,
        exponent=exponent,
        state=item["state"],
        amount=what[0],
        type=what[1],
        round_id=what[2],
        game_id=what[3],
        ref=what[4],
        round_closed=bool(what[5]),
        free_id=what[6],
        fingerprint=then[0],
        before=then[1],
        after=then[2],
        version=then[3],
        round_status=then[4],
        at=then[5],
        session_id=then[6],
        refusal=refusal,
        detail=detail,
        undone_by=item.get("undoneBy", ""),
        operator_tx=item.get("operatorTx", ""),
        attempts=item.get("attempts", 0),
        due_key=item.get("duepk", ""),
        due_at=item.get("dueAt", 0),
        note=item.get("note", ""),
        leader=item.get("leader", ""),
        members=tuple(item.get("members", ())),
        undo=item.get("undo", False),
        lease_until=item.get("leaseUntil", 0),
        ref_hub_id=item.get("refId", ""),
        external_session_id=item.get("extSession", ""),
        marks=item.get("marks", ""),
        raw=item.get("rq", b""),
        facts=item.get("hx", ""),
    )
