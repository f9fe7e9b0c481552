"""The board item of table `arena`."""

from typing import Any

from pitboss.platform import dynamo
from pitboss.platform.settings import arena_table
from pitboss.rounds.keys import tournament_pk
from pitboss.rounds.store import SCHEMA


def read_board(tenant_id: str, tournament_id: str) -> dict[str, Any] | None:
    """The newest snapshot's item."""
    return dynamo.get(arena_table(), tournament_pk(tenant_id, tournament_id), "BOARD")


def put_board(tenant_id: str, tournament_id: str, board: dict[str, Any], was: int) -> bool:
    """Publish snapshot `board["seq"]` on condition that `was` is the newest; False when another was quicker."""
    record = {
        **board,
        "pk": tournament_pk(tenant_id, tournament_id),
        "sk": "BOARD",
        "tenantId": tenant_id,
        "schema": SCHEMA,
    }
    condition, values = ("absent", None) if was == 0 else ("seq = :was", {":was": was})
    try:
        dynamo.apply(dynamo.put_op(arena_table(), record, condition=condition, values=values))
    except dynamo.ConditionFailed:
        return False
    return True
