"""Closed rounds of the hub's own wallet as round messages: the integrator sends nothing, and its tournaments run.

They enter the very inbox that POST /rounds writes, under the same integration; a round that is sent over both ways is one
round, told apart by its id (docs/rounds.md).
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from pitboss.platform.clock import new_ulid
from pitboss.platform.observe import count
from pitboss.rounds import store
from pitboss.rounds.accepting import ITEM_BYTES
from pitboss.rounds.codec import encode_batch
from pitboss.rounds.intake import MAX_AGE_MS, MAX_ROUNDS
from pitboss.scoring.public import AMENDED, ROLLED_BACK, SETTLED, Round

ID_CHARS = 100
_STATUS = {"settled": SETTLED, "amended": AMENDED, "rolled_back": ROLLED_BACK}


class Closed(Protocol):
    """A closed round. Amounts in minor units; `revision` 0 is its first message; `status` as in POST /rounds."""

    @property
    def round_id(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def brand_id(self) -> str: ...
    @property
    def user_id(self) -> str: ...
    @property
    def game_id(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def exponent(self) -> int: ...
    @property
    def stake(self) -> int: ...
    @property
    def win(self) -> int: ...
    @property
    def free(self) -> bool: ...
    @property
    def started_at(self) -> int: ...
    @property
    def settled_at(self) -> int: ...


def ingest_closed(tenant_id: str, integration_id: str, rounds: Sequence[Closed], now: int) -> int:
    """Put closed rounds into the inbox, in order; when it returns they are durable. Answers how many were taken.

    Repeating it is harmless: rounds are told apart by their ids. What settled more than 31 days ago is left out, as POST
    /rounds leaves it out (counted as `rounds_in_too_old`).
    """
    taken = [message(r) for r in rounds if r.settled_at >= now - MAX_AGE_MS]
    if len(taken) < len(rounds):
        count("rounds_in_too_old", len(rounds) - len(taken))
    for start in range(0, len(taken), MAX_ROUNDS):
        _put(tenant_id, integration_id, taken[start : start + MAX_ROUNDS], now)
    if taken:
        count("rounds_in_wallet", len(taken))
    return len(taken)


def message(r: Closed) -> Round:
    """A closed round as the scorer reads it. A free round's win is a bonus, as in POST /rounds."""
    return Round(
        fitting(r.round_id),
        r.revision,
        _STATUS[r.status],
        r.brand_id,
        r.user_id,
        r.game_id,
        "free_round" if r.free else "regular",
        r.currency,
        r.exponent,
        r.stake,
        r.win,
        0,
        r.win if r.free else 0,
        0,
        min(r.started_at, r.settled_at),
        r.settled_at,
        0,
    )


def fitting(round_id: str) -> str:
    """A wallet's round id as one of a round message (1 to 100 printable characters); others by their beginning and hash."""
    if 1 <= len(round_id) <= ID_CHARS and round_id.isprintable() and round_id == round_id.strip():
        return round_id
    head = "".join(c for c in round_id[:40] if c.isprintable()).strip()
    return f"{head}~{hashlib.sha256(round_id.encode()).hexdigest()[:40]}"


def _put(tenant_id: str, integration_id: str, rounds: list[Round], now: int) -> None:
    data = encode_batch(rounds)
    if len(data) > ITEM_BYTES and len(rounds) > 1:
        middle = len(rounds) // 2
        _put(tenant_id, integration_id, rounds[:middle], now)
        _put(tenant_id, integration_id, rounds[middle:], now)
        return
    store.put_batch(store.InboxItem(tenant_id, integration_id, new_ulid(now), now, data))
