"""Everything of money out that leaves the process: the callback over HTTP, the queue, the secret.

Ids and timestamps come in; what a callback answered goes out as a `Reply`. Nothing is decided here.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pitboss.delivery.model import Movement, Reply
from pitboss.delivery.rules import message_of, read_reply
from pitboss.kernel.canonical import canonical_json
from pitboss.platform import signing
from pitboss.platform.observe import count, logger, took
from pitboss.platform.outgoing import NoAnswer, NotSent, exchange
from pitboss.platform.settings import setting

TOTAL_TIMEOUT_S = 8.0
MAX_DELAY_S = 900  # what SQS can hold back; anything later is the sweeper's
_BATCH = 10


def post(url: str, body: bytes, headers: Mapping[str, str], *, ref: str, local: bool) -> Reply:
    """POST a JSON body and say what the answer means, all within TOTAL_TIMEOUT_S. Never raises for what the other side
    does (platform/outgoing.py)."""
    try:
        answer = exchange(url, body, headers, timeout_s=TOTAL_TIMEOUT_S, local=local)
    except NotSent as why:
        return Reply("unsent", 0, str(why), elapsed_ms=why.elapsed_ms)
    except NoAnswer as why:
        return Reply("unknown", 0, str(why), elapsed_ms=why.elapsed_ms)
    reply = read_reply(answer.status, answer.body, ref=ref, cut=answer.cut)
    advised = answer.headers.get("retry-after", "").strip()
    return Reply(
        reply.verdict,
        reply.status,
        reply.detail,
        reply.transaction_id,
        int(advised) if advised.isascii() and advised.isdigit() and len(advised) < 7 else 0,
        answer.elapsed_ms,
    )


# ---------------------------------------------------------------- the callback of a tenant
@cache
def _master() -> bytes:
    from pitboss.platform.aws import secrets

    answer = secrets().get_secret_value(SecretId=setting("CALLBACK_SECRET_ARN"))
    return answer["SecretString"].encode()


def callback_secret(tenant_id: str) -> bytes:
    """The bytes that sign calls to a tenant."""
    return signing.tenant_secret(_master(), tenant_id)


def callback_url(movement: Movement) -> str:
    """Where the tenant takes this movement; "" if it has not said."""
    from pitboss.tenancy.public import settings_of

    settings = settings_of(movement.tenant_id)
    return settings.payouts_url if movement.family == "payout" else settings.debits_url


def deliver(movement: Movement, now: int, *, local: bool) -> Reply:
    """One attempt at a movement."""
    url = callback_url(movement)
    if not url:
        return Reply("unsent", 0, "no callback URL is set for this (PUT /settings)")
    body = canonical_json(message_of(movement))
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "Pitboss",
        **signing.headers(callback_secret(movement.tenant_id), movement.ref, now // 1000, body),
    }
    reply = post(url, body, headers, ref=movement.ref, local=local)
    count(f"callback_{reply.verdict}")
    took("callback_ms", reply.elapsed_ms)
    if reply.verdict in ("unknown", "unsent"):
        count("callback_unanswered")
    return reply


# ---------------------------------------------------------------- the queue
def announce(movements: Sequence[Movement], now: int) -> int:
    """Ask the worker to look at these when they are due; answers how many were queued. What fails to be queued, and what
    is due later than a queue can hold it back, is found by the sweeper."""
    from pitboss.platform.aws import failures, sqs

    soon = [m for m in movements if m.due_at is not None and m.due_at - now <= MAX_DELAY_S * 1000]
    queued = 0
    for start in range(0, len(soon), _BATCH):
        entries: Any = [
            {
                "Id": str(place),
                "MessageBody": message_body(movement),
                # Rounded up: a message that comes early would be put aside for the sweeper.
                "DelaySeconds": max(0, -(-((movement.due_at or 0) - now) // 1000)),
            }
            for place, movement in enumerate(soon[start : start + _BATCH])
        ]
        try:
            answer = sqs().send_message_batch(QueueUrl=setting("MONEY_QUEUE_URL"), Entries=entries)
        except failures():
            logger.exception("money queue not reached; the sweeper will find these")
            count("money_queue_failures", len(entries))
            continue
        queued += len(answer.get("Successful", ()))
    return queued


def message_body(movement: Movement) -> str:
    """A message only says what to look at; the record says what to do."""
    return json.dumps(
        {
            "v": 1,
            "tenantId": movement.tenant_id,
            "tournamentId": movement.tournament_id,
            "family": movement.family,
            "ref": movement.ref,
        }
    )
