"""The money worker: looks at each movement that the queue names, and tells its tournament how it ended.

The tournament's side comes in as two functions, since money out knows nothing of tournaments.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pitboss.delivery import rules, service
from pitboss.delivery.gateway import TOTAL_TIMEOUT_S
from pitboss.delivery.model import Family, Movement, Outcome
from pitboss.platform.clock import now_ms
from pitboss.platform.observe import count, logger
from pitboss.platform.worker import Handler, worker

type OnDebit = Callable[[str, str, str, Outcome], object]
type OnPayout = Callable[[str, str, str], object]


def build(on_debit: OnDebit, on_payout: OnPayout) -> Handler:
    """The Lambda handler of the money queue. Both functions may be called more than once for the same end; what they
    raise leaves the message on the queue, and the movement in the sweeper's view until they have heard.

    Args:
        on_debit: (tenant, tournament, debit ref, outcome), when a debit has ended or its refund has.
        on_payout: (tenant, tournament, payout ref), when a payout has come to rest.
    """

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        failed = []
        for record in event["Records"]:
            if _too_late(context):
                # Better back to the queue than cut off in the middle of a call.
                failed.append({"itemIdentifier": record["messageId"]})
                continue
            try:
                look(json.loads(record["body"]), on_debit, on_payout, now_ms())
            except Exception:  # noqa: BLE001 - one movement's trouble must not hold up the others of its batch
                logger.exception("a movement could not be driven")
                count("money_message_failures")
                failed.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failed}

    return worker(handle)


def _too_late(context: Any) -> bool:
    """Whether the invocation may end before another slow callback has. Outside Lambda there is no such end."""
    left = getattr(context, "get_remaining_time_in_millis", None)
    return left is not None and left() < (TOTAL_TIMEOUT_S + 3) * 1000


def look(message: Mapping[str, Any], on_debit: OnDebit, on_payout: OnPayout, now: int) -> None:
    """One message: drive the movement, tell, mark as told."""
    family: Family = message["family"]
    ended = service.drive(message["tenantId"], message["tournamentId"], family, message["ref"], now)
    if ended is None:
        return
    _tell(ended, on_debit, on_payout)
    service.mark_told(ended)


def _tell(ended: Movement, on_debit: OnDebit, on_payout: OnPayout) -> None:
    if ended.family == "payout":
        on_payout(ended.tenant_id, ended.tournament_id, ended.ref)
    elif ended.family == "debit":
        on_debit(ended.tenant_id, ended.tournament_id, ended.ref, rules.debit_outcome(ended))
    elif ended.terms is not None:
        outcome = service.debit_outcome(ended.tenant_id, ended.tournament_id, ended.terms.refund_of)
        if outcome is not None:
            on_debit(ended.tenant_id, ended.tournament_id, ended.terms.refund_of, outcome)
