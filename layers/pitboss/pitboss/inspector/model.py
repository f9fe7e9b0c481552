"""A kept call, and what is taken out of it before it is kept. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

Direction = Literal["in", "out"]
MASK = b"*"
# Names of members and headers whose values open something.
SECRET_MEMBERS = (
    "sessionToken",
    "launchToken",
    "token",
    "accessToken",
    "apiKey",
    "api_key",
    "secret",
    "password",
    "authorization",
    "callbackToken",
)
_MEMBER = re.compile(
    rb'"(?:' + "|".join(SECRET_MEMBERS).encode() + rb')"\s*:\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE
)
# Tokens of ours wherever they stand: sessions, launches, callback and provider secrets.
_OURS = re.compile(rb"(?:ps|pl|whsec)_([A-Za-z0-9_\-+/=]{8,})")
_BEARER = re.compile(rb"Bearer\s+([A-Za-z0-9._~+/=\-]{8,})", re.IGNORECASE)
HEADERS_KEPT = (
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "pitboss-provider",
    "content-type",
    "user-agent",
    "retry-after",
    "x-request-id",
)


def redact(raw: bytes) -> bytes:
    """The same bytes with tokens and secrets masked by as many asterisks, so that every offset still means the same."""
    for pattern in (_MEMBER, _OURS, _BEARER):
        raw = pattern.sub(_masked, raw)
    return raw


def _masked(match: re.Match[bytes]) -> bytes:
    whole, start = match.group(0), match.start(1) - match.start(0)
    return whole[:start] + MASK * len(match.group(1)) + whole[start + len(match.group(1)) :]


class Told(TypedDict):
    """What is always known of a call (see public.record)."""

    tenant_id: str
    direction: Direction
    provider: str
    route: str
    raw: bytes
    headers: Mapping[str, str]
    status: int
    reply: bytes
    at: int
    elapsed_ms: int
    ids: Mapping[str, str]


class More(TypedDict, total=False):
    """What may be known of a call: `error` is the catalogue's name of the refusal, or what a callback came to, "" for
    success; `attempt` of an outbound call counts from 1; `replay_of` is the call that it repeats."""

    error: str
    source_ip: str
    url: str
    attempt: int
    replay_of: str


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One money call, redacted.

    `direction` is "in" (a provider called us) or "out" (we called an operator). `ids` names what it was about:
    transactionId, hubTransactionId, roundId, playerId, sessionId, webhookId, requestId. `at` is when it began (ms).
    `diagnosis` is set where a signature was wrong: what the sender had probably signed instead.
    `replay_of` is the call that this one repeats by hand.
    """

    call_id: str
    tenant_id: str
    direction: Direction
    provider: str
    route: str
    at: int
    elapsed_ms: int
    status: int
    request: bytes
    reply: bytes
    headers: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    error: str = ""
    source_ip: str = ""
    url: str = ""
    attempt: int = 0
    diagnosis: dict[str, Any] | None = None
    replay_of: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """A transaction of the wallet as the inspector shows it: the inbound call that was applied (or finally refused), kept
    with the transaction itself. `action` .. `amount` are for people; `request` is redacted; `facts` as in header_facts."""

    hub_id: str
    at: int
    provider: str
    action: str
    transaction_id: str
    state: str
    refusal: str
    round_id: str
    player_id: str
    amount: str
    currency: str
    before: str | None
    after: str | None
    request: bytes
    facts: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class RoundTrace:
    """A round of one player, with its transactions in any order. `status` is open, completed or cancelled."""

    player_id: str
    status: str
    revision: int
    stake: str
    win: str
    currency: str
    started_at: int
    settled_at: int
    transactions: tuple[Applied, ...]
