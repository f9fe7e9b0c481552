"""Decisions about money out. Pure: the movement, what came back and the time go in; the next movement comes out."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from pitboss.delivery.model import (
    LIVES,
    WAITING,
    Act,
    Attempt,
    Family,
    Movement,
    Outcome,
    OutcomeState,
    PayoutLine,
    Reply,
    Terms,
)
from pitboss.kernel.money import format_amount

# 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, then every 2 h; the last attempt falls 24 h after the first.
RETRY_DELAYS_S = (5, 30, 120, 600, 1800, 3600, *(7200,) * 11)
GIVE_UP_AFTER_MS = 24 * 3_600_000
JITTER_PER_MILLE = 100
# Longer than any attempt may take (gateway.TOTAL_TIMEOUT_S and the writes around it), so that a live sender is not
# overtaken; a second sender would only repeat the same reference.
LEASE_MS = 45_000
# A result that the tournament has not heard (its process died) is told again after this.
TELL_AGAIN_MS = 30_000
KEPT_ATTEMPTS = 60
KEPT_ACTS = 60
DETAIL_MAX = 200

Undo = Literal["nothing", "bury", "send"]


class NotPossibleError(Exception):
    """The table of lives has no such step: `state` is where the movement stands, `event` what was asked."""

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"{event} is not possible in state {state}")
        self.state = state
        self.event = event


def step(family: Family, state: str, event: str) -> str:
    """The state after `event`. Raises NotPossibleError."""
    after = LIVES[family].get((state, event))
    if after is None:
        raise NotPossibleError(state, event)
    return after


# ---------------------------------------------------------------- what an answer means
def read_reply(status: int, body: bytes, *, ref: str, cut: bool = False) -> Reply:
    """What a callback's answer says. Only a JSON object that says yes or no in our words counts; everything else (5xx,
    redirects, 401 and 404 of a proxy, HTML, nothing, a body cut at the limit) leaves the outcome unknown.

    * 2xx `{"status": "confirmed" | "ok", "transactionId"?, "ref"?}`: confirmed
    * 2xx, 402 or 409 `{"status": "declined", "reason"?}`, and 402 with any JSON object: declined
    * 409 otherwise: conflict, the operator knows the reference with other content; a person has to look
    """
    document = None if cut else _json_object(body)
    if document is None:
        said = (
            "the answer was cut at the limit" if cut else "not a JSON object" if body else "an empty answer"
        )
        return Reply("unknown", status, f"HTTP {status}, {said}")
    word = document.get("status")
    named = document.get("ref")
    if named is not None and named != ref:
        return Reply("unknown", status, f"HTTP {status}, the answer is about another reference")
    success = 200 <= status < 300
    if success and word in ("confirmed", "ok"):
        return Reply("confirmed", status, "", transaction_id=_short(document.get("transactionId")))
    if (word == "declined" and (success or status in (402, 409))) or status == 402:
        reason = _short(document.get("reason")) or _short(document.get("name")) or "declined"
        return Reply("declined", status, reason, transaction_id=_short(document.get("transactionId")))
    if status == 409:
        return Reply("conflict", status, _short(document.get("detail")) or "the reference has other content")
    shown = f"status {word!r}"[:60] if isinstance(word, str) else "no known status"
    return Reply("unknown", status, f"HTTP {status}, {shown}")


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body.decode("utf-8"), parse_float=str)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _short(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    # Surrogates and control characters would not survive storage and logs.
    return "".join(c for c in str(value)[:DETAIL_MAX] if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF)


# ---------------------------------------------------------------- attempts
def next_due(movement: Movement, now: int, advised_s: int = 0) -> int | None:
    """When to try again after the last try in vain, or None when 24 hours have been spent.

    Jitter (10 % either way) comes from the reference, so that the thousand payouts of one ending spread out and yet a
    repeated decision is the same. The operator's Retry-After stretches a delay to at most twice itself.
    """
    last = movement.sent_since + GIVE_UP_AFTER_MS
    if now >= last:
        return None
    delay = RETRY_DELAYS_S[min(movement.tries, len(RETRY_DELAYS_S)) - 1] * 1000
    seed = hashlib.blake2b(f"{movement.ref}#{movement.tries}".encode(), digest_size=4).digest()
    jitter = int.from_bytes(seed, "big") % (2 * JITTER_PER_MILLE + 1) - JITTER_PER_MILLE
    wait = max(delay * (1000 + jitter) // 1000, min(advised_s * 1000, 2 * delay))
    return min(now + wait, last)


def may_claim(movement: Movement, now: int) -> bool:
    """Whether an attempt may begin: the state allows it, the time has come, nobody else is at it."""
    can = (movement.state, "claim") in LIVES[movement.family]
    due = movement.due_at is not None and movement.due_at <= now
    return can and due and movement.lease_until <= now


def claim(movement: Movement, now: int) -> Movement:
    """The movement with one more open attempt, leased: should the sender die, it is due again when the lease ends."""
    return replace(
        movement,
        state=step(movement.family, movement.state, "claim"),
        version=movement.version + 1,
        due_at=now + LEASE_MS,
        lease_until=now + LEASE_MS,
        sent_since=movement.sent_since or now,
        tries=movement.tries + 1,
        attempts=(*movement.attempts, Attempt(now, "open"))[-KEPT_ATTEMPTS:],
    )


def after_attempt(movement: Movement, reply: Reply, now: int) -> Movement:
    """What a claimed movement becomes when the attempt has ended with `reply` at `now`."""
    closed = Attempt(
        movement.attempts[-1].at, reply.verdict, reply.status, reply.detail[:DETAIL_MAX], reply.elapsed_ms
    )
    earlier = movement.attempts[:-1]
    ended = replace(
        movement,
        version=movement.version + 1,
        lease_until=0,
        attempts=(*earlier, closed),
        transaction_id=reply.transaction_id or movement.transaction_id,
        reason="" if reply.verdict == "confirmed" else reply.detail[:DETAIL_MAX],
    )
    match reply.verdict:
        case "confirmed":
            return rested(ended, "confirm", now)
        case "declined":
            return rested(ended, "decline", now)
        case "conflict":
            return rested(ended, "give_up", now)
        case "unsent" if movement.family == "debit" and not may_have_arrived(earlier):
            # Not one byte has ever left: nothing was taken, and the player gets a plain no instead of a day's wait.
            return rested(ended, "decline", now)
    due = next_due(ended, now, reply.advised_s)
    if due is None:
        return rested(ended, "give_up", now)
    return replace(ended, state=step(ended.family, ended.state, "lose"), due_at=due)


def may_have_arrived(attempts: tuple[Attempt, ...]) -> bool:
    """Whether any attempt may have reached the operator: all but those that are known never to have left."""
    return any(attempt.outcome != "unsent" for attempt in attempts)


def rested(movement: Movement, event: str, now: int) -> Movement:
    """At rest by `event`, and due to be told to the tournament until that is marked as done."""
    return replace(
        movement,
        state=step(movement.family, movement.state, event),
        told=False,
        due_at=now + TELL_AGAIN_MS,
        lease_until=0,
    )


def index_key(movement: Movement, shard: int) -> tuple[str, int] | None:
    """Where the `due` index lists it: work to do, a queue for a person, or (None) nowhere."""
    if movement.due_at is not None:
        return f"DUE#{shard}", movement.due_at
    if movement.state in WAITING:
        return f"WAIT#{movement.tenant_id}#{movement.family}#{movement.state}", movement.created_at
    return None


# ---------------------------------------------------------------- undoing a debit
def undo(debit: Movement | None) -> Undo:
    """What giving a debit back takes.

    | debit | action |
    |---|---|
    | none, or never sent | bury: it is recorded as declined, so that a late sender finds it ended |
    | declined, refunding, refunded | nothing |
    | confirmed, unknown, manual, being sent | send: a refund under its own reference; the operator gives back what it
      took, or remembers the reference so that a late debit is refused |
    """
    if debit is None or (debit.state in ("requested", "unknown") and not may_have_arrived(debit.attempts)):
        return "bury"
    return "send" if ("undo" in {e for s, e in LIVES["debit"] if s == debit.state}) else "nothing"


def debit_outcome(debit: Movement) -> Outcome:
    """How a debit stands for its tournament. One that is being given back no longer buys a seat."""
    state: OutcomeState = "unknown"
    if debit.state == "confirmed":
        state = "confirmed"
    elif debit.state in ("declined", "refunding", "refunded"):
        state = "declined"
    at = debit.attempts[-1].at if debit.attempts else debit.created_at
    return Outcome(debit.ref, state, debit.reason, debit.transaction_id, at)


# ---------------------------------------------------------------- births
def payout_of(
    tenant_id: str, tournament_id: str, result_version: int, line: PayoutLine, *, auto: bool, now: int
) -> Movement:
    """A planned payout; approved at once where the tenant wants no approval; a claw-back goes to a person."""
    terms = Terms(
        entry_id=line.entry_id,
        brand_id=line.brand_id,
        player_id=line.player_id,
        amount=line.amount,
        rake=0,
        currency=line.currency,
        exponent=line.exponent,
        rank=line.rank,
        line=line.line,
        result_version=result_version,
        free_rounds=line.free_rounds,
    )
    state = "manual" if line.amount < 0 else "approved" if auto else "planned"
    return Movement(
        tenant_id=tenant_id,
        tournament_id=tournament_id,
        family="payout",
        ref=line.ref,
        kind=line.kind,
        state=state,
        terms=terms,
        created_at=now,
        due_at=now if state == "approved" else None,
        reason="claw-back: to be taken back by hand" if state == "manual" else "",
    )


def refund_of(debit: Movement, refund_ref: str, reason: str, now: int) -> Movement:
    """The refund of a debit: the same player and amounts under a reference of its own, due at once."""
    if debit.terms is None:
        raise NotPossibleError(debit.state, "undo")
    return Movement(
        tenant_id=debit.tenant_id,
        tournament_id=debit.tournament_id,
        family="refund",
        ref=refund_ref,
        kind="refund",
        state="approved",
        terms=replace(debit.terms, refund_of=debit.ref, why=reason[:DETAIL_MAX]),
        created_at=now,
        due_at=now,
    )


# ---------------------------------------------------------------- acts of a person
def act(
    movement: Movement, event: str, *, by: str, reason: str, now: int, transaction_id: str = ""
) -> Movement:
    """Approve, retry, resolve_paid or resolve_cancelled. Raises NotPossibleError."""
    if event == "retry" and movement.terms is not None and movement.terms.total < 0:
        raise NotPossibleError("claw-back", event)
    written = replace(
        movement,
        version=movement.version + 1,
        acts=(*movement.acts, Act(now, by, event, reason))[-KEPT_ACTS:],
        transaction_id=transaction_id or movement.transaction_id,
    )
    if event.startswith("resolve_"):
        return replace(rested(written, event, now), reason=reason)
    return replace(
        written,
        state=step(movement.family, movement.state, event),
        due_at=now,
        told=True,
        # A retry by hand is given its own 24 hours.
        sent_since=0,
        tries=0,
    )


# ---------------------------------------------------------------- what the operator is sent
def message_of(movement: Movement) -> Mapping[str, Any]:
    """The body of a callback (docs/callbacks.md): the same on every attempt. Amounts are decimal strings."""
    terms = movement.terms
    if terms is None:
        raise NotPossibleError(movement.state, "send")

    def money(minor: int) -> str:
        return format_amount(minor, terms.exponent)

    body: dict[str, Any] = {
        "type": movement.family,
        "kind": movement.kind,
        "ref": movement.ref,
        "tenantId": movement.tenant_id,
        "tournamentId": movement.tournament_id,
        "entryId": terms.entry_id,
        "brandId": terms.brand_id,
        "playerId": terms.player_id,
        "amount": money(terms.total),
        "currency": terms.currency,
    }
    if movement.family == "payout":
        body |= {"rank": terms.rank, "prizeLine": terms.line, "resultVersion": terms.result_version}
    else:
        body |= {"buyIn": money(terms.amount), "rake": money(terms.rake)}
    if movement.family == "refund":
        body |= {"refundOf": terms.refund_of, "reason": terms.why}
    if terms.free_rounds is not None:
        rounds = terms.free_rounds
        body["freeRounds"] = {
            "count": rounds.count,
            "value": money(rounds.value),
            "gameId": rounds.game_id,
            "validHours": rounds.valid_hours,
        }
    return body
