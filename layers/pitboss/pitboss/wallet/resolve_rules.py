"""When and how a seamless transaction is driven to its end. Pure: transactions, answers and times in, plans out.

A call's new transactions form a group: the first is its leader and carries the due entry for all. A group is

* asked for: the operator is told, once or again, until it says yes or no. Groups that hold a win or a rollback are asked
  until then and never undone: what is owed stays owed.
* undone, when it is only bets and no answer came in time: from that write on the bets are void and their ids dead, and
  the operator is told to roll back until it acknowledges.

After GIVE_UP_MS a group waits for a person (the failed list).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

from pitboss.wallet.model import Tx

SHARDS = 8
RETRY_DELAYS_S = (5, 10, 30, 60, 120, 300, 600)
GIVE_UP_MS = 24 * 3_600_000
# How long the provider's own repetition may still save a bet whose answer was unclear, before the hub undoes it.
GRACE_MS = 5_000
# What the writes around a call of the operator may take.
MARGIN_MS = 5_000
_OPEN = frozenset({"PENDING", "UNKNOWN"})


def is_open(tx: Tx | None) -> bool:
    """Whether the transaction is yet to end."""
    return tx is not None and tx.state in _OPEN


def bets_only(group: Sequence[Tx]) -> bool:
    """Whether the group is undone when no answer comes; else it is asked for until one does. The end of a round goes with
    what stands beside it."""
    return all(tx.kind in ("bet", "end") for tx in group)


def in_order(group: Sequence[Tx]) -> tuple[Tx, ...]:
    """A group as it is led and asked for: what the operator is told first, ends of rounds last."""
    return tuple(sorted(group, key=lambda tx: tx.kind == "end"))


def told(group: Sequence[Tx]) -> tuple[Tx, ...]:
    """What of a group the operator is told; the end of a round is between provider and hub."""
    return tuple(tx for tx in group if tx.kind != "end")


def shard_of(hub_id: str) -> int:
    """Where a transaction stands in the index of due ones."""
    return crc32(hub_id.encode()) % SHARDS


def due_partition(shard: int) -> str:
    """The index's partition of what is due, of every tenant: only the sweeper reads it."""
    return f"WDUE#{shard}"


def failed_partition(tenant_id: str) -> str:
    """The index's partition of a tenant's failed transactions."""
    return f"WFAILED#{tenant_id}"


def began(group: Sequence[Tx], keys: Sequence[str], now: int, patience_ms: int) -> tuple[Tx, ...]:
    """The group as it is first written: should the process die from here on, it is due when nobody can still be at it.

    Args:
        keys: the stored keys of the transactions, in order.
        patience_ms: how long the calls of the operator may take together.
    """
    until = now + patience_ms + MARGIN_MS
    leader = replace(
        group[0],
        members=tuple(keys) if len(group) > 1 else (),
        attempts=1,
        lease_until=until,
        due_key=due_partition(shard_of(group[0].hub_id)),
        due_at=until,
    )
    return (leader, *(replace(tx, leader=keys[0]) for tx in group[1:]))


def may_ask(leader: Tx, now: int) -> bool:
    """Whether somebody may take the group up now: nobody else is at it."""
    return is_open(leader) and leader.lease_until <= now


def claimed(leader: Tx, now: int, patience_ms: int) -> Tx:
    """The leader with one more attempt begun."""
    until = now + patience_ms + MARGIN_MS
    return replace(leader, attempts=leader.attempts + 1, lease_until=until, due_at=until)


def postponed(leader: Tx, now: int, why: str, *, undoing: bool) -> Tx:
    """The leader after an attempt without a clear answer: due again, or (a day after it began) on the failed list."""
    if now >= leader.at + GIVE_UP_MS:
        return failed(leader, now, f"no clear answer in 24 hours; the last: {why}")
    wait = GRACE_MS if not undoing and leader.attempts == 1 else delay_ms(leader)
    return replace(leader, lease_until=0, due_at=now + wait, note=why[:200])


def failed(leader: Tx, now: int, why: str) -> Tx:
    """The leader on the failed list: a person decides."""
    return replace(
        leader,
        state="FAILED",
        lease_until=0,
        due_key=failed_partition(leader.tenant_id),
        due_at=now,
        note=why[:200],
    )


def delay_ms(leader: Tx) -> int:
    """How long to wait after the last attempt: 5 s to 10 min, 10 % either way by the transaction's own id, so that many
    of one outage spread out and yet a repeated decision is the same."""
    delay = RETRY_DELAYS_S[min(leader.attempts, len(RETRY_DELAYS_S)) - 1] * 1000
    seed = hashlib.blake2b(f"{leader.hub_id}#{leader.attempts}".encode(), digest_size=4).digest()
    return delay * (900 + int.from_bytes(seed, "big") % 201) // 1000


def ended(tx: Tx) -> Tx:
    """A transaction that nobody has to look at any more."""
    return replace(tx, due_key="", due_at=0, lease_until=0)
