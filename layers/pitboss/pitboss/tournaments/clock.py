"""The clock: one-off bells and the minute sweeper that makes up for whatever was missed. Bells carry only a name."""

from typing import Any

from pitboss.delivery import public as delivery
from pitboss.platform.clock import now_ms
from pitboss.platform.dynamo import TooBusy
from pitboss.platform.observe import count, logger
from pitboss.platform.worker import worker
from pitboss.tournaments import entry_store, store
from pitboss.tournaments.model import Actor
from pitboss.tournaments.saga import drive
from pitboss.tournaments.service import ring

SWEEP_LIMIT = 200  # per bucket and minute; the rest is as due a minute later
SWEEP_MS = 40_000  # an operator who answers slowly must not use up the function's minute


@worker
def handler(event: dict[str, Any], _context: Any) -> dict[str, int]:
    """`{"sweep": true}` each minute, or `{"tenantId", "tournamentId", "bell"}` of a one-off schedule."""
    now = now_ms()
    if event.get("sweep"):
        return sweep(now)
    tournament = ring(str(event["tenantId"]), str(event["tournamentId"]), now)
    return {"rung": 1 if tournament else 0}


def sweep(now: int) -> dict[str, int]:
    """Everything that is due: tournaments are rung, entries driven, money queued again. One that fails does not keep
    the others waiting; it is as due a minute later."""
    done = {"rung": 0, "driven": 0, "failed": 0}
    for record in store.due(now, SWEEP_LIMIT):
        if now_ms() - now > SWEEP_MS:
            break
        try:
            done[_look(record, now)] += 1
        except Exception:  # noqa: BLE001 - one bad record must not stop the clock of all others
            logger.exception("a due item failed", dueKey=record["sk"])
            done["failed"] += 1
    done["queued"] = delivery.sweep(now)
    for name, value in done.items():
        if value:
            count(f"sweep_{name}", value)
    return done


def _look(record: dict[str, Any], now: int) -> str:
    tenant_id, tournament_id = record["tenantId"], record["tournamentId"]
    if "playerId" not in record:
        ring(tenant_id, tournament_id, now)
        return "rung"
    tournament = store.load(tenant_id, tournament_id)
    entry = entry_store.load_entry(tenant_id, tournament_id, record["brandId"], record["playerId"])
    if tournament is None or entry is None:
        raise TooBusy
    drive(tournament, entry, Actor("clock", "", now))
    return "driven"
