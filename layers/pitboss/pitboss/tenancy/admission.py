"""Store of what admission counts and remembers, in the hub table.

| item | pk | sk | capacity of a call |
|---|---|---|---|
| rate window | `RATE#<tenant>` | `<keyId>#<class>#<minute>` | 1 write unit |
| slots | `SLOTS#<tenant>` | `META`, `WALLET`, `INGEST` (map of leases) | 2 write units (take, give back); hot calls: see hotgate |
| idempotency | `IDEM#<tenant>` | `<sha256 of key>` | 2 write units and what the answer weighs |
"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pitboss.kernel.refusal import Refusal
from pitboss.platform import dynamo
from pitboss.platform.dynamo import ConditionFailed, Record
from pitboss.platform.settings import hub_table

WINDOW_S = 60
# Longer than any function behind the API may run (28 s), so that only a dead call's slot or claim is ever taken over.
LEASE_S = 35
KEEP_ANSWERS_S = 7 * 86_400
PLAIN_BYTES = 1_000
MAX_ANSWER_BYTES = 300_000
SLOT_ATTEMPTS = 4
DEAD_AT_ONCE = 60  # of a dead lease an update says 40 bytes and two operators


# ---------------------------------------------------------------- rate windows
@dataclass(frozen=True, slots=True)
class Window:
    """One minute of one key and class: `used` calls of `limit`, `reset_s` seconds until the next window."""

    limit: int
    used: int
    reset_s: int

    @property
    def remaining(self) -> int:
        """Calls left in this window."""
        return max(0, self.limit - self.used)

    def headers(self) -> dict[str, str]:
        """What every answer says of it."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
        }


def window_of(now: int) -> tuple[int, int]:
    """The number of the fixed window that `now` (ms) lies in, and the whole seconds (1 to 60) until the next."""
    number, into = divmod(now, WINDOW_S * 1000)
    return number, WINDOW_S - into // 1000


def rate_limited(limit_class: str, limit: int, reset_s: int) -> Refusal:
    """The refusal of a call beyond its window, with the RateLimit headers of an exhausted one."""
    return Refusal(
        "RATE_LIMITED",
        f"This key may make {limit} calls a minute of the class {limit_class}; the next minute begins in {reset_s} s.",
        facts={"limit": limit, "limitClass": limit_class, "remaining": 0, "resetSeconds": reset_s},
        retry_after_s=reset_s,
        headers=Window(limit, limit, reset_s).headers(),
    )


def count_call(
    tenant_id: str, key_id: str, limit_class: str, limit: int, now: int, *, calls: int = 1
) -> Window | None:
    """Count calls, or None if the window has no room for them (a full window is not written any more)."""
    number, reset_s = window_of(now)
    try:
        after = dynamo.apply(
            dynamo.update_op(
                hub_table(),
                f"RATE#{tenant_id}",
                f"{key_id}#{limit_class}#{number}",
                "SET #ttl = :ttl, tenantId = :tenant ADD used :one",
                condition="attribute_not_exists(used) OR used <= :room",
                names={"#ttl": "ttl"},
                values={
                    ":ttl": (number + 3) * WINDOW_S,
                    ":tenant": tenant_id,
                    ":one": calls,
                    ":room": limit - calls,
                },
            ),
            returning=True,
        )
    except ConditionFailed:
        return None
    return Window(limit, after["used"] if after else calls, reset_s)


# ---------------------------------------------------------------- slots
def take_slot(
    tenant_id: str, lease: str, limit: int, now: int, *, kind: str = "META", hold_s: int = LEASE_S
) -> bool:
    """Lease one of `limit` slots, or one's own again, until `hold_s` from now; False when all are held by calls that
    may still be running."""
    second = now // 1000
    until = second + hold_s
    room, gone = limit, _Gone()
    condition = "attribute_exists(leases) AND (size(leases) < :limit OR attribute_exists(leases.#mine))"
    for _ in range(SLOT_ATTEMPTS):
        try:
            _change_slots(
                tenant_id,
                kind,
                f"SET leases.#mine = :until{gone.removal}",
                condition,
                {"#mine": lease, **gone.names},
                {":until": until, ":limit": room, **gone.values},
            )
        except ConditionFailed as refused:
            if refused.item is None:
                _open_slots(tenant_id, kind)
                continue
            leases: Mapping[str, int] = refused.item["leases"]
            dead = [(name, end) for name, end in leases.items() if end <= second]
            if len(leases) - len(dead) >= limit:
                return False
            # Dead calls' slots are taken over in the very update that takes ours, if they still stand as we saw them.
            gone = _Gone.of(_all_but_the_last_few(tenant_id, kind, dead))
            room = limit + len(gone.names)
            condition = "size(leases) < :limit" + gone.condition
        else:
            return True
    return False


class _Gone(NamedTuple):
    """Dead leases as parts of an update: it removes them on condition that they stand as they were seen."""

    names: Mapping[str, str] = {}
    values: Mapping[str, int] = {}
    condition: str = ""
    removal: str = ""

    @staticmethod
    def of(dead: Sequence[tuple[str, int]]) -> "_Gone":
        places = range(len(dead))
        return _Gone(
            {f"#d{i}": dead[i][0] for i in places},
            {f":d{i}": dead[i][1] for i in places},
            "".join(f" AND leases.#d{i} = :d{i}" for i in places),
            " REMOVE " + ", ".join(f"leases.#d{i}" for i in places) if dead else "",
        )


def _all_but_the_last_few(
    tenant_id: str, kind: str, dead: Sequence[tuple[str, int]]
) -> Sequence[tuple[str, int]]:
    """Clear away dead leases until one update can hold the rest, which are answered: environments that came and went for
    days leave hundreds, and DynamoDB takes no expression beyond 4 KB or 300 operators."""
    while len(dead) > DEAD_AT_ONCE:
        gone, dead = _Gone.of(dead[:DEAD_AT_ONCE]), dead[DEAD_AT_ONCE:]
        condition = gone.condition.removeprefix(" AND ")
        try:
            _change_slots(tenant_id, kind, gone.removal.strip(), condition, gone.names, gone.values)
        except ConditionFailed:
            continue  # another call is clearing them away, too
    return dead


def _change_slots(
    tenant_id: str,
    kind: str,
    expression: str,
    condition: str,
    names: Mapping[str, str],
    values: Mapping[str, int],
) -> None:
    dynamo.apply(
        dynamo.update_op(
            hub_table(),
            f"SLOTS#{tenant_id}",
            kind,
            expression,
            condition=condition,
            names=names,
            values=values,
        )
    )


def _open_slots(tenant_id: str, kind: str) -> None:
    record = {"pk": f"SLOTS#{tenant_id}", "sk": kind, "tenantId": tenant_id, "schema": 1, "leases": {}}
    try:
        dynamo.apply(dynamo.put_op(hub_table(), record, condition="absent"))
    except ConditionFailed:
        return


def give_back(tenant_id: str, lease: str) -> None:
    """Free a slot. One that was taken over in the meantime is not ours to free: its name is gone already."""
    dynamo.apply(
        dynamo.update_op(
            hub_table(), f"SLOTS#{tenant_id}", "META", "REMOVE leases.#mine", names={"#mine": lease}
        )
    )


# ---------------------------------------------------------------- idempotency
@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of an Idempotency-Key. `lease` names the attempt that holds it, until `lease_until` (ms)."""

    state: Literal["claimed", "open", "done"]
    body_hash: str
    seed: str
    lease: str
    lease_until: int
    status: int = 0
    body: str = ""
    content_type: str = ""
    headers: Mapping[str, str] | None = None


def _stored(record: Record) -> Stored:
    body = record.get("answer", "")
    text = gzip.decompress(body).decode() if isinstance(body, bytes) else body
    return Stored(
        record["state"],
        record["bodyHash"],
        record["seed"],
        record["lease"],
        record["leaseUntil"],
        record.get("status", 0),
        text,
        record.get("contentType", ""),
        record.get("headers"),
    )


def claim(tenant_id: str, key_hash: str, body_hash: str, seed: str, now: int) -> Stored | None:
    """Claim a key that is new (or over seven days old): None. Otherwise what stands there."""
    record = {
        "pk": f"IDEM#{tenant_id}",
        "sk": key_hash,
        "tenantId": tenant_id,
        "schema": 1,
        "state": "claimed",
        "bodyHash": body_hash,
        "seed": seed,
        "lease": seed,
        "leaseUntil": now + LEASE_S * 1000,
        "ttl": now // 1000 + KEEP_ANSWERS_S,
    }
    try:
        dynamo.apply(
            dynamo.put_op(
                hub_table(),
                record,
                condition="attribute_not_exists(pk) OR #ttl < :now",  # TTL deletes late; over is over
                names={"#ttl": "ttl"},
                values={":now": now // 1000},
            )
        )
    except ConditionFailed as refused:
        return _stored(refused.item or {})
    return None


def claim_again(tenant_id: str, key_hash: str, before: Stored, lease: str, now: int) -> bool:
    """Take over a claim whose lease is over or was given up; False if another attempt was faster."""
    try:
        dynamo.apply(
            dynamo.update_op(
                hub_table(),
                f"IDEM#{tenant_id}",
                key_hash,
                "SET #state = :claimed, #lease = :mine, leaseUntil = :until",
                condition="#lease = :theirs AND #state = :was AND leaseUntil = :seen",
                names={"#state": "state", "#lease": "lease"},
                values={
                    ":claimed": "claimed",
                    ":mine": lease,
                    ":until": now + LEASE_S * 1000,
                    ":theirs": before.lease,
                    ":was": before.state,
                    ":seen": before.lease_until,
                },
            )
        )
    except ConditionFailed as refused:
        # Ours already: it was written before, and its answer was lost.
        return refused.item is not None and refused.item["lease"] == lease
    return True


def keep_answer(
    tenant_id: str,
    key_hash: str,
    lease: str,
    *,
    status: int,
    body: str,
    content_type: str,
    headers: Mapping[str, str],
    now: int,
) -> bool:
    """Store the answer for seven days from now; False if the claim is no longer ours.

    An answer too large for an item is not stored: the key stays open, and a repetition runs again under the same seed,
    which by the rule of every use case comes to the same.
    """
    raw = body.encode()
    packed: str | bytes = body if len(raw) <= PLAIN_BYTES else gzip.compress(raw, 6, mtime=0)
    if len(packed) > MAX_ANSWER_BYTES:
        return release(tenant_id, key_hash, lease)
    try:
        dynamo.apply(
            dynamo.update_op(
                hub_table(),
                f"IDEM#{tenant_id}",
                key_hash,
                "SET #state = :done, #status = :status, answer = :body, contentType = :kind, headers = :headers, "
                "#ttl = :ttl",
                condition="#lease = :mine AND #state = :claimed",
                names={"#state": "state", "#status": "status", "#lease": "lease", "#ttl": "ttl"},
                values={
                    ":done": "done",
                    ":claimed": "claimed",
                    ":status": status,
                    ":body": packed,
                    ":kind": content_type,
                    ":headers": dict(headers),
                    ":mine": lease,
                    ":ttl": now // 1000 + KEEP_ANSWERS_S,
                },
            )
        )
    except ConditionFailed:
        return False
    return True


def release(tenant_id: str, key_hash: str, lease: str) -> bool:
    """Let the key be tried again at once, with the same seed; False if the claim is no longer ours."""
    try:
        dynamo.apply(
            dynamo.update_op(
                hub_table(),
                f"IDEM#{tenant_id}",
                key_hash,
                "SET #state = :open, leaseUntil = :zero",
                condition="#lease = :mine AND #state = :claimed",
                names={"#state": "state", "#lease": "lease"},
                values={":open": "open", ":claimed": "claimed", ":zero": 0, ":mine": lease},
            )
        )
    except ConditionFailed:
        return False
    return True
