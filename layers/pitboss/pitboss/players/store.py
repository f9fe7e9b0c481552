"""Players' items in the hub table; the wallet's are the wallet's.

| item | pk | sk |
|---|---|---|
| profile | `PLAYERS#<tenant>` | `<playerKey>` (brand and casino id: lists come in that order) |
| event | `PLAYER#<tenant>#<player>` | `EVENT#<ulid>` |
| whose free rounds | `FREEROUNDS#<tenant>` | `<freeRoundsId>` |

Which player an id of ours is, the wallet knows: its item names brand and casino id, and it is read anyway.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pitboss.platform import dynamo
from pitboss.platform.dynamo import TransactionRefused
from pitboss.platform.settings import hub_table, ledger_table
from pitboss.players.model import Event, Player
from pitboss.wallet.public import FreeRounds, Wallet, free_rounds, open_wallet_ops, wallet_put_op

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

SCHEMA = 1
_SEP = "\x1f"


def player_key(brand_id: str, user_id: str) -> str:
    """The identity of a player inside a tenant."""
    return f"{brand_id}{_SEP}{user_id}"


def _profile_op(player: Player, was: int) -> "TransactWriteItemTypeDef":
    record = {
        "pk": f"PLAYERS#{player.tenant_id}",
        "sk": player_key(player.brand_id, player.user_id),
        "schema": SCHEMA,
        **player.to_record(),
    }
    if was == 0:
        return dynamo.put_op(hub_table(), record, condition="absent")
    return dynamo.put_op(hub_table(), record, condition="version = :was", values={":was": was})


def _event_op(tenant_id: str, event: Event) -> "TransactWriteItemTypeDef":
    record = {
        "pk": f"PLAYER#{tenant_id}#{event.player_id}",
        "sk": f"EVENT#{event.event_id}",
        "tenantId": tenant_id,
        "schema": SCHEMA,
        "playerId": event.player_id,
        "kind": event.kind,
        "at": event.at,
        "actor": event.actor,
        "sourceIp": event.source_ip,
        "changes": {name: list(pair) for name, pair in event.changes.items()},
    }
    # A repeated attempt writes the event of its first once more: the same bytes under the same id.
    return dynamo.put_op(hub_table(), record)


def create(player: Player, wallet: Wallet, event: Event) -> bool:
    """Profile, wallet, the link to them and the first event, in one transaction. False if the player stands already."""
    ops = [_profile_op(player, 0), *open_wallet_ops(wallet), _event_op(player.tenant_id, event)]
    try:
        dynamo.transact(ops)
    except TransactionRefused:
        return False
    return True


def change(before: Player, after: Player, was: Wallet, wallet: Wallet, event: Event) -> bool:
    """What differs of profile and wallet, with the event, in one transaction. False if either changed meanwhile."""
    ops = [_event_op(after.tenant_id, event)]
    if after != before:
        ops.append(_profile_op(after, before.version))
    if wallet != was:
        ops.append(wallet_put_op(wallet, was.version))
    try:
        dynamo.transact(ops)
    except TransactionRefused:
        return False
    return True


def read(tenant_id: str, brand_id: str, user_id: str) -> Player | None:
    """The profile, strongly consistent, or None."""
    record = dynamo.get(hub_table(), f"PLAYERS#{tenant_id}", player_key(brand_id, user_id))
    return Player.from_record(record) if record else None


def listed(tenant_id: str, *, brand_id: str | None, after: str | None, limit: int) -> Iterator[Player]:
    """Profiles by brand and casino id, from after the player key `after`."""
    prefix = f"{brand_id}{_SEP}" if brand_id else ""
    for record in dynamo.query(
        hub_table(), f"PLAYERS#{tenant_id}", prefix=prefix, after=after, limit=limit, consistent=False
    ):
        yield Player.from_record(record)


def events(tenant_id: str, player_id: str, *, before: str | None, limit: int) -> list[Event]:
    """Events of a player, the newest first, from before the event id `before`."""
    rows = dynamo.query(
        hub_table(),
        f"PLAYER#{tenant_id}#{player_id}",
        prefix="EVENT#",
        before=f"EVENT#{before}" if before else None,
        limit=limit,
        forward=False,
    )
    return [
        Event(
            row["sk"].removeprefix("EVENT#"),
            row["playerId"],
            row["kind"],
            row["at"],
            row["actor"],
            row["sourceIp"],
            {name: (pair[0], pair[1]) for name, pair in row["changes"].items()},
        )
        for row in rows
    ]


# ---------------------------------------------------------------- free rounds
def grant(rounds: FreeRounds, event: Event) -> bool:
    """The grant, whose it is, and the event, in one transaction. False if the grant stands already."""
    pointer = {
        "pk": f"FREEROUNDS#{rounds.tenant_id}",
        "sk": rounds.id,
        "tenantId": rounds.tenant_id,
        "schema": SCHEMA,
        "playerId": rounds.player_id,
    }
    ops = [
        free_rounds.put_op(replace(rounds, version=0), 0),
        dynamo.put_op(hub_table(), pointer, condition="absent"),
        _event_op(rounds.tenant_id, event),
    ]
    try:
        dynamo.transact(ops)
    except TransactionRefused:
        return False
    return True


def withdraw(before: FreeRounds, after: FreeRounds, event: Event) -> bool:
    """The grant as changed, with the event. False if a round of it was played meanwhile."""
    try:
        dynamo.transact([free_rounds.put_op(after, before.version), _event_op(before.tenant_id, event)])
    except TransactionRefused:
        return False
    return True


def owner_of(tenant_id: str, grant_id: str) -> str | None:
    """The player to whom the free rounds were granted."""
    record = dynamo.get(hub_table(), f"FREEROUNDS#{tenant_id}", grant_id)
    return str(record["playerId"]) if record else None


def grants(tenant_id: str, keys: Sequence[tuple[str, str]]) -> list[FreeRounds]:
    """Grants by player and id, in the order of the keys."""
    wanted = [free_rounds.grant_key(tenant_id, player_id, grant_id) for player_id, grant_id in keys]
    found: dict[tuple[str, str], dict[str, Any]] = dynamo.get_many(ledger_table(), wanted)
    return [free_rounds.from_item(found[key]) for key in wanted if key in found]


def granted(tenant_id: str, *, before: str | None, limit: int) -> list[tuple[str, str]]:
    """Player and id of the tenant's grants, the newest first, from before the id `before`."""
    rows = dynamo.query(
        hub_table(), f"FREEROUNDS#{tenant_id}", before=before, limit=limit, forward=False, consistent=False
    )
    return [(row["playerId"], row["sk"]) for row in rows]
