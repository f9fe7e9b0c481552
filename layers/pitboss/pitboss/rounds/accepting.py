"""The use case behind POST /rounds: judge each item, write one inbox item, answer each item."""

from typing import Any

from pitboss.catalogue.public import integration_known, known
from pitboss.kernel.money import EXPONENTS
from pitboss.kernel.refusal import FieldError, Refusal, catalogue
from pitboss.platform.clock import new_ulid
from pitboss.platform.observe import count
from pitboss.rounds import store
from pitboss.rounds.codec import encode_batch
from pitboss.rounds.intake import MAX_ROUNDS, Fault, read_round
from pitboss.rounds.model import fingerprint
from pitboss.scoring.public import Round
from pitboss.tenancy.public import settings_of

ITEM_BYTES = 350 * 1024
FAULT_CODES = {"unknown_brand": "BRAND_NOT_FOUND", "unknown_game": "GAME_NOT_FOUND"}
FAULT_TEXT = {
    "unknown_brand": ("brandId", "no brand of that ref was synced"),
    "brand_disabled": ("brandId", "the brand is disabled"),
    "unknown_game": ("gameId", "no game of that id was synced"),
    "game_disabled": ("gameId", "the game is disabled"),
    "game_not_for_brand": ("gameId", "the brand does not offer the game"),
}


def accept(tenant_id: str, body: Any, now: int) -> dict[str, Any]:
    """Answers {accepted, duplicates, conflicts, rejected, batchId, results: [...]} in the order sent.

    When it returns, what is accepted is durable. Repeating a request is harmless: rounds are told apart by their ids.
    """
    integration_id, items = _envelope(body)
    if not integration_known(tenant_id, integration_id):
        raise Refusal(
            "INTEGRATION_NOT_FOUND",
            "Sync brands and games first: PUT /integrations/{id}/operators and /games.",
            errors=[FieldError("integrationId", "unknown")],
        )
    exponents = {**EXPONENTS, **settings_of(tenant_id).exponents}
    read = [read_round(item, now, exponents) for item in items]
    found = known(tenant_id, now)
    rounds = [r for r in read if isinstance(r, Round)]
    found.want({r.brand_id for r in rounds}, {r.game for r in rounds})
    results: list[dict[str, Any]] = []
    taken: list[Round] = []
    seen: dict[tuple[str, str, str, int], int] = {}
    for item, outcome in zip(items, read, strict=True):
        answer = _judge(outcome, found, seen, taken)
        results.append({"roundId": _round_id(item), **answer})
    batch_id = _write(tenant_id, integration_id, taken, now) if taken else None
    statuses = [r["status"] for r in results]
    counts = {name: statuses.count(name) for name in ("accepted", "duplicate", "conflict", "rejected")}
    for name, number in counts.items():
        if number:
            count(f"rounds_in_{name}", number)
    return {"batchId": batch_id, "counts": counts, "results": results}


def _envelope(body: Any) -> tuple[str, list[Any]]:
    if not isinstance(body, dict):
        raise Refusal(
            "VALIDATION_ERROR",
            "Send {integrationId, rounds: [...]}.",
            errors=[FieldError("(body)", "an object")],
        )
    unknown = [k for k in body if k not in ("integrationId", "rounds")]
    integration_id, items = body.get("integrationId"), body.get("rounds")
    errors = [FieldError(str(k)[:100], "unknown field") for k in unknown[:20]]
    if (
        not isinstance(integration_id, str)
        or not 1 <= len(integration_id) <= 100
        or not integration_id.isprintable()
    ):
        errors.append(FieldError("integrationId", "a string of 1 to 100 printable characters"))
    if not isinstance(items, list) or not items:
        errors.append(FieldError("rounds", f"a list of 1 to {MAX_ROUNDS} rounds"))
    elif len(items) > MAX_ROUNDS:
        raise Refusal(
            "BATCH_TOO_LARGE",
            f"A request carries at most {MAX_ROUNDS} rounds; split it.",
            errors=[FieldError("rounds", f"at most {MAX_ROUNDS}")],
            facts={"limit": MAX_ROUNDS},
        )
    if errors:
        raise Refusal(
            "VALIDATION_ERROR", "; ".join(f"{e.pointer}: {e.reason}" for e in errors[:3]), errors=errors
        )
    return str(integration_id), list(items or ())


def _judge(
    outcome: Round | Fault, found: Any, seen: dict[tuple[str, str, str, int], int], taken: list[Round]
) -> dict[str, Any]:
    if isinstance(outcome, Fault):
        return _rejected(*outcome)
    fault = found.fault(outcome.brand_id, outcome.game)
    if fault:
        field, reason = FAULT_TEXT.get(fault, ("gameId", fault))
        return _rejected(FAULT_CODES.get(fault, "ROUND_INVALID"), field, reason)
    key = (outcome.brand_id, outcome.player_id, outcome.round_id, outcome.revision)
    print_ = fingerprint(outcome)
    before = seen.get(key)
    if before is None:
        seen[key] = print_
        taken.append(outcome)
        return {"status": "accepted"}
    if before == print_:
        return {"status": "duplicate"}
    reason = "the same round and revision stands in this request with other content"
    return {
        "status": "conflict",
        "code": catalogue()["ROUND_CONFLICT"].code,
        "name": "ROUND_CONFLICT",
        "reason": reason,
    }


def _rejected(name: str, field: str, reason: str) -> dict[str, Any]:
    return {
        "status": "rejected",
        "code": catalogue()[name].code,
        "name": name,
        "field": field,
        "reason": reason,
    }


def _round_id(item: Any) -> str | None:
    value = item.get("roundId") if isinstance(item, dict) else None
    return value[:100] if isinstance(value, str) else None


def _write(tenant_id: str, integration_id: str, rounds: list[Round], now: int) -> str:
    """One item, or, where ids are so long that it would not fit, halves of it: each is an acknowledgement of its own,
    and the request is answered when the last is written."""
    batch_id = new_ulid(now)
    data = encode_batch(rounds)
    if len(data) > ITEM_BYTES and len(rounds) > 1:
        middle = len(rounds) // 2
        _write(tenant_id, integration_id, rounds[:middle], now)
        return _write(tenant_id, integration_id, rounds[middle:], now)
    store.put_batch(store.InboxItem(tenant_id, integration_id, batch_id, now, data))
    return batch_id
