"""The demo casino's wallets in its table.

| item | pk | sk |
|---|---|---|
| player | `DEMOW#<tenant>` | `<brand>␟<user>` |
| transaction | `DEMOW#TX#<tenant>` + `#<transaction id>` | `TX` |
| transactions of a player | `DEMOW#LIST#<tenant>#<brand>␟<user>` | `<at>#<transaction id>` |
| round of a player | `DEMOW#ROUND#<tenant>#<brand>␟<user>` | `<provider>␟<round>`, its SHA-256 where it is longer than a key may be |
| faults | `DEMOW#FAULTS#<tenant>` | `META` |
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from pitboss.demo import fault_store
from pitboss.demo.wallet_model import Books, Entry, Order, Player, Round, WalletFault
from pitboss.platform.dynamo import (
    LONGEST_SK,
    ConditionFailed,
    Record,
    TransactionRefused,
    apply,
    get,
    get_many,
    put_op,
    query,
    transact,
)
from pitboss.platform.settings import setting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


def _table() -> str:
    return setting("DEMO_TABLE")


def _player_key(tenant_id: str, player_key: str) -> tuple[str, str]:
    return f"DEMOW#{tenant_id}", player_key


def _entry_key(tenant_id: str, transaction_id: str) -> tuple[str, str]:
    return f"DEMOW#TX#{tenant_id}#{transaction_id}", "TX"


def _round_key(tenant_id: str, player_key: str, round_key: str) -> tuple[str, str]:
    # 256 characters of a round id may be 1,024 bytes, which leave a key no room for the provider.
    fits = len(round_key.encode()) <= LONGEST_SK
    sk = round_key if fits else hashlib.sha256(round_key.encode()).hexdigest()
    return f"DEMOW#ROUND#{tenant_id}#{player_key}", sk


def _player(record: Record) -> Player:
    return Player(**{name: record[name] for name in Player.__dataclass_fields__ if name in record})


def _entry(record: Record) -> Entry:
    return Entry(**{name: record[name] for name in Entry.__dataclass_fields__})


def _round(record: Record) -> Round:
    wins = tuple((win_id, bet_id) for win_id, bet_id in record["wins"])
    return Round(record["round"] if "round" in record else record["sk"], wins, record["closed"])


def load(tenant_id: str, player_key: str, list_id: str, orders: Iterable[Order]) -> Books | None:
    """The books as far as these orders need them; None if there is no such player."""
    orders = tuple(orders)
    ids = {list_id} | {i for o in orders for i in (o.transaction_id, o.bet_id, o.original_id, *o.wins)}
    entry_keys = [_entry_key(tenant_id, one) for one in sorted(ids - {""})]
    round_keys = {_round_key(tenant_id, player_key, o.round_key) for o in orders if o.round_id}
    place = _player_key(tenant_id, player_key)
    # The player first: what is read after it is at least as new, so that its version guards all of it.
    record = get(_table(), *place)
    if record is None:
        return None
    found = get_many(_table(), [*entry_keys, *sorted(round_keys)])
    entries = [_entry(row) for key, row in found.items() if key in entry_keys]
    rounds = [_round(row) for key, row in found.items() if key in round_keys]
    # A rollback that names no round is about the round of what it names.
    missing = {e.round_key for e in entries if e.round_key} - {r.key for r in rounds}
    more = get_many(_table(), [_round_key(tenant_id, player_key, key) for key in sorted(missing)])
    rounds += [_round(row) for row in more.values()]
    return Books(_player(record), {e.transaction_id: e for e in entries}, {r.key: r for r in rounds})


def save(before: Books, after: Books) -> bool:
    """Write what changed, in one transaction; False if somebody else changed the player meanwhile."""
    player, table = replace(after.player, version=before.player.version + 1), _table()
    tenant_id, own = player.tenant_id, player.key
    ops = [_player_op(player, before.player.version)]
    for name in sorted(after.changed_entries):
        entry = after.entries[name]
        pk, sk = _entry_key(tenant_id, name)
        fresh = name not in before.entries
        ops.append(
            put_op(table, {"pk": pk, "sk": sk, **asdict(entry)}, condition="absent" if fresh else None)
        )
        if fresh:
            ops.append(
                put_op(table, {"pk": f"DEMOW#LIST#{tenant_id}#{own}", "sk": f"{entry.at:013d}#{name}"})
            )
    for name in sorted(after.changed_rounds):
        pk, sk = _round_key(tenant_id, own, name)
        played = after.rounds[name]
        row = {"round": name, "wins": [list(win) for win in played.wins], "closed": played.closed}
        ops.append(put_op(table, {"pk": pk, "sk": sk, **row}))
    try:
        transact(ops)
    except TransactionRefused:
        return False
    return True


def _player_op(player: Player, was: int) -> "TransactWriteItemTypeDef":
    pk, sk = _player_key(player.tenant_id, player.key)
    record = {"pk": pk, "sk": sk, **asdict(player)}
    if was == 0:
        return put_op(_table(), record, condition="absent")
    return put_op(_table(), record, condition="#v = :was", names={"#v": "version"}, values={":was": was})


def read_player(tenant_id: str, brand_id: str, user_id: str) -> Player | None:
    """A player's wallet."""
    record = get(_table(), *_player_key(tenant_id, Player(tenant_id, brand_id, user_id, "", 0, 0).key))
    return _player(record) if record else None


def write_player(player: Player, was: int) -> bool:
    """Put a player over the version that was read (0: none)."""
    try:
        apply(_player_op(replace(player, version=was + 1), was))
    except ConditionFailed:
        return False
    return True


def entries_of(player: Player, limit: int) -> list[Entry]:
    """The player's transactions, oldest first."""
    pk = f"DEMOW#LIST#{player.tenant_id}#{player.key}"
    rows = list(query(_table(), pk, limit=limit))
    keys = [_entry_key(player.tenant_id, row["sk"].partition("#")[2]) for row in rows]
    found = get_many(_table(), keys)
    return [_entry(found[key]) for key in keys if key in found]


def faults(tenant_id: str) -> tuple[list[WalletFault], int]:
    """The faults of a tenant's wallet, and the version that they were read at."""
    return fault_store.read(WalletFault, f"DEMOW#FAULTS#{tenant_id}")


def save_faults(tenant_id: str, left: Iterable[WalletFault], was: int) -> bool:
    """Write the faults over the version that was read; False if somebody else took one meanwhile."""
    return fault_store.write(f"DEMOW#FAULTS#{tenant_id}", left, was)
