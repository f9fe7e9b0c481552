"""Everything of money out that leaves the process: the callback over HTTP, the queue, the secret.

Ids and timestamps come in; what a callback answered goes out as a `Reply`. Nothing is decided here.
"""

import http.client
import io
import json
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pitboss.delivery.addresses import Target, UrlRefusedError, forbidden, read_url
from pitboss.delivery.model import Movement, Reply
from pitboss.delivery.rules import message_of, read_reply
from pitboss.kernel.canonical import canonical_json
from pitboss.platform import signing
from pitboss.platform.observe import count, logger
from pitboss.platform.settings import setting

CONNECT_TIMEOUT_S = 3.0
TOTAL_TIMEOUT_S = 8.0
ANSWER_LIMIT = 64 * 1024
MAX_DELAY_S = 900  # what SQS can hold back; anything later is the sweeper's
_BATCH = 10


class _Deadline(io.RawIOBase):
    """The reading end of a socket under one deadline for the whole answer: a server that drips a byte a second is cut
    off like one that says nothing."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)


class _Line:
    """What http.client needs of a socket, with our deadline on both directions."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def sendall(self, data: Any) -> None:
        self._sock.settimeout(max(0.001, self._until - time.monotonic()))
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Deadline(self._sock, self._until))

    def close(self) -> None:
        """http.client lets go of the line before the body has been read; `post` closes it afterwards."""


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _addresses(target: Target, *, local: bool) -> list[str]:
    """The one look-up of the name. Raises UrlRefusedError if any address is not public: a name that mixes public and
    private addresses is an attack or a mistake."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UrlRefusedError("the host's name is not known") from None
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    if not local:
        for address in addresses:
            if reason := forbidden(address):
                raise UrlRefusedError(reason)
    return addresses


def _connect(target: Target, addresses: Sequence[str], until: float) -> socket.socket:
    """A connection to one of the checked addresses themselves; the name appears only in TLS and in Host."""
    last: OSError = OSError("no address")
    for address in addresses:
        left = min(CONNECT_TIMEOUT_S, until - time.monotonic())
        if left <= 0:
            break
        try:
            sock = socket.create_connection((address, target.port), timeout=left)
        except OSError as error:
            last = error
            continue
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _tls().wrap_socket(sock, server_hostname=target.host) if target.secure else sock
        except OSError as error:
            sock.close()
            last = error
    raise last


def post(url: str, body: bytes, headers: Mapping[str, str], *, ref: str, local: bool) -> Reply:
    """POST a JSON body and read the answer, all within TOTAL_TIMEOUT_S (the name's look-up apart, which the system's
    resolver bounds). No redirects, no proxy, at most ANSWER_LIMIT bytes. Never raises for what the other side does."""
    started = time.monotonic()

    def elapsed() -> int:
        return int((time.monotonic() - started) * 1000)

    try:
        target = read_url(url, local=local)
        addresses = _addresses(target, local=local)
    except UrlRefusedError as refused:
        return Reply("unsent", 0, f"the callback URL is refused: {refused}", elapsed_ms=elapsed())
    until = started + elapsed() / 1000 + TOTAL_TIMEOUT_S
    try:
        sock = _connect(target, addresses, until)
    except OSError as error:
        return Reply("unsent", 0, f"no connection: {_reason(error)}", elapsed_ms=elapsed())
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = _Line(sock, until)
    try:
        connection.request("POST", target.path, body, {**headers, "Host": target.host_header})
        answer = connection.getresponse()
        raw = answer.read(ANSWER_LIMIT + 1)
        if answer.length and len(raw) <= ANSWER_LIMIT:
            raise http.client.IncompleteRead(raw, answer.length)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Reply("unknown", 0, f"no answer: {_reason(error)}", elapsed_ms=elapsed())
    finally:
        connection.close()
        sock.close()
    cut = len(raw) > ANSWER_LIMIT
    reply = read_reply(answer.status, raw[:ANSWER_LIMIT], ref=ref, cut=cut)
    advised = answer.headers.get("Retry-After", "").strip()
    return Reply(
        reply.verdict,
        reply.status,
        reply.detail,
        reply.transaction_id,
        int(advised) if advised.isascii() and advised.isdigit() and len(advised) < 7 else 0,
        elapsed(),
    )


def _reason(error: Exception) -> str:
    return "timed out" if isinstance(error, TimeoutError) else f"{type(error).__name__} {error}"[:150].strip()


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
