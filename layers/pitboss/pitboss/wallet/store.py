"""Items of the wallet in table `ledger`; the only file of the context that spells keys (docs/wallet.md).

| item | pk | sk | condition of a write |
|---|---|---|---|
| wallet | `W#<tenant>#<player>` | `WALLET` | absent, or the version that was read |
| who a player is | `P#<tenant>#<playerKey>` | `PLAYER` | absent |
| transaction | `X#<tenant>#<provider>#<kind>#<id>` (ids per player: `<kind>@<player>`) | `TX` | absent, or the state that was read |
| recorded round | `R#<tenant>#<player>` | `<provider>#<roundId>` | absent, or the revision that was read |
| free rounds | `F#<tenant>#<player>` | `<freeRoundsId>` | absent, or the version that was read |
| register of open rounds | `OPEN#<slot>#<bucket>` | `<tenant>#<player>` | none |
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pitboss.platform import dynamo
from pitboss.platform.settings import ledger_table
from pitboss.wallet.codec import (
    SCHEMA,
    pack_round_record,
    pack_tx,
    pack_wallet,
    unpack_round_record,
    unpack_tx,
    unpack_wallet,
)
from pitboss.wallet.model import OPEN_SLOT_MS, RoundRecord, Tx, TxKey, Wallet

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    type Op = TransactWriteItemTypeDef

Key = tuple[str, str]
WALLET, TX, PLAYER = "WALLET", "TX", "PLAYER"
LONGEST_SK = 900  # DynamoDB takes 1,024 bytes
OPEN_BUCKETS = 8


def _part(text: str) -> str:
    """A part of a key that can hold no separator."""
    return text.replace("%", "%25").replace("#", "%23").replace("@", "%40")


def wallet_key(tenant_id: str, player_id: str) -> Key:
    """Where a wallet stands."""
    return f"W#{tenant_id}#{player_id}", WALLET


def player_key_item(tenant_id: str, brand_id: str, user_id: str) -> Key:
    """Where the hub's id of a casino's player stands."""
    return f"P#{tenant_id}#{brand_id}\x1f{user_id}", PLAYER


def tx_key(tenant_id: str, key: TxKey) -> Key:
    """Where a transaction stands: the id comes last, so that nothing in it can be mistaken for another part."""
    scope = f"@{key.player_id}" if key.player_id else ""
    return f"X#{tenant_id}#{_part(key.provider)}#{key.kind}{scope}#{key.ext_id}", TX


def round_key(tenant_id: str, player_id: str, provider: str, round_id: str) -> Key:
    """Where a recorded round stands; ids too long for a sort key stand under their hash."""
    sk = f"{_part(provider)}#{round_id}"
    if len(sk.encode()) > LONGEST_SK:
        sk = f"{_part(provider)}##{hashlib.sha256(round_id.encode()).hexdigest()}"
    return f"R#{tenant_id}#{player_id}", sk


# ---------------------------------------------------------------- reading
def read(keys: Sequence[Key], *, consistent: bool = True) -> dict[Key, dict[str, Any]]:
    """Several items of the ledger table at once."""
    return dynamo.get_many(ledger_table(), list(dict.fromkeys(keys)), lean=True, consistent=consistent)


def read_wallet(tenant_id: str, player_id: str) -> Wallet | None:
    """A wallet, read strongly, or None."""
    item = dynamo.get(ledger_table(), *wallet_key(tenant_id, player_id))
    return wallet_from_item(item) if item else None


def read_tx(tenant_id: str, key: TxKey) -> Tx | None:
    """A transaction, read strongly, or None."""
    item = dynamo.get(ledger_table(), *tx_key(tenant_id, key))
    return tx_from_item(item) if item else None


def read_txs(tenant_id: str, keys: Iterable[TxKey]) -> list[Tx]:
    """Transactions, read strongly and at once; those that do not exist are left out."""
    return [tx_from_item(item) for item in read([tx_key(tenant_id, key) for key in keys]).values()]


def read_round(tenant_id: str, player_id: str, provider: str, round_id: str) -> RoundRecord | None:
    """A recorded round, or None (an open one may stand in the wallet)."""
    item = dynamo.get(ledger_table(), *round_key(tenant_id, player_id, provider, round_id))
    return round_from_item(item) if item else None


def recorded_rounds(tenant_id: str, player_id: str) -> Iterator[RoundRecord]:
    """Every recorded round of a player."""
    for item in dynamo.query(ledger_table(), f"R#{tenant_id}#{player_id}"):
        yield round_from_item(item)


def player_of(tenant_id: str, brand_id: str, user_id: str) -> str | None:
    """The hub's id of a casino's player, or None."""
    item = dynamo.get(ledger_table(), *player_key_item(tenant_id, brand_id, user_id))
    return str(item["playerId"]) if item else None


# ---------------------------------------------------------------- items to records (the stream too)
def wallet_from_item(item: Mapping[str, Any]) -> Wallet:
    """A wallet from its item (`pk` begins with W#)."""
    return unpack_wallet(item["tenantId"], item["pk"].rpartition("#")[2], item["version"], item["d"])


def tx_from_item(item: Mapping[str, Any]) -> Tx:
    """A transaction from its item (`pk` begins with X#)."""
    return unpack_tx(item)


def round_from_item(item: Mapping[str, Any]) -> RoundRecord:
    """A recorded round from its item (`pk` begins with R#)."""
    return unpack_round_record(item)


# ---------------------------------------------------------------- parts of transactions
def wallet_item(wallet: Wallet) -> dict[str, Any]:
    """A wallet's item at the wallet's own version."""
    pk, sk = wallet_key(wallet.tenant_id, wallet.player_id)
    return {
        "pk": pk,
        "sk": sk,
        "tenantId": wallet.tenant_id,
        "schema": SCHEMA,
        "version": wallet.version,
        "d": pack_wallet(wallet),
    }


def wallet_put_op(wallet: Wallet, was: int) -> "Op":
    """Put the wallet at version `was + 1`, on condition that `was` stands (0: none)."""
    item = wallet_item(replace(wallet, version=was + 1))
    if was == 0:
        return dynamo.put_op(ledger_table(), item, condition="absent")
    return dynamo.put_op(ledger_table(), item, condition="version = :version", values={":version": was})


def player_put_op(wallet: Wallet) -> "Op":
    """Part of a player's creation: brand and casino id name this player, once."""
    pk, sk = player_key_item(wallet.tenant_id, wallet.brand_id, wallet.user_id)
    return dynamo.put_op(
        ledger_table(),
        {"pk": pk, "sk": sk, "tenantId": wallet.tenant_id, "schema": SCHEMA, "playerId": wallet.player_id},
        condition="absent",
    )


def tx_put_op(tx: Tx, was: str | None = None) -> "Op":
    """Put a transaction: a new one (`was` None: nothing may stand there), or one whose state was `was`."""
    pk, sk = tx_key(tx.tenant_id, tx.key)
    item = {"pk": pk, "sk": sk, **pack_tx(tx)}
    if was is None:
        return dynamo.put_op(ledger_table(), item, condition="absent")
    return dynamo.put_op(
        ledger_table(),
        item,
        condition="#state = :state",
        names={"#state": "state"},
        values={":state": was},
    )


def round_put_op(record: RoundRecord, was: int) -> "Op":
    """Put a recorded round whose revision was `was` (0: none may stand there)."""
    r = record.round
    pk, sk = round_key(record.tenant_id, record.player_id, r.provider, r.round_id)
    item: dict[str, Any] = {"pk": pk, "sk": sk, **pack_round_record(record)}
    if was == 0:
        return dynamo.put_op(ledger_table(), item, condition="absent")
    return dynamo.put_op(ledger_table(), item, condition="revision = :revision", values={":revision": was})


# ---------------------------------------------------------------- the register of open rounds
def open_slot(now: int) -> int:
    """The slot of the register that a wallet which opens a round now is entered in."""
    return now // OPEN_SLOT_MS


def _open_pk(slot: int, bucket: int) -> str:
    return f"OPEN#{slot}#{bucket}"


def bucket_of(player_id: str) -> int:
    """Which of the register's buckets a player belongs to."""
    return hashlib.sha256(player_id.encode()).digest()[0] % OPEN_BUCKETS


def mark_open_op(wallet: Wallet, slot: int) -> "Op":
    """Enter a wallet in the register: unconditional, the same each time."""
    item = {
        "pk": _open_pk(slot, bucket_of(wallet.player_id)),
        "sk": f"{wallet.tenant_id}#{wallet.player_id}",
        "tenantId": wallet.tenant_id,
        "schema": SCHEMA,
    }
    return dynamo.put_op(ledger_table(), item)


def marked_in(
    slot: int, bucket: int, *, tenant_id: str = "", after: str | None = None, limit: int | None = None
) -> Iterator[tuple[str, str]]:
    """Tenant and player of the wallets entered in one bucket of a slot: of one tenant, from a player (exclusive) on."""
    prefix = f"{tenant_id}#" if tenant_id else ""
    start = f"{prefix}{after}" if after else None
    for item in dynamo.query(ledger_table(), _open_pk(slot, bucket), prefix=prefix, after=start, limit=limit):
        tenant, _, player_id = item["sk"].partition("#")
        yield tenant, player_id


def marked(slot: int, limit: int | None = None) -> Iterator[tuple[str, str]]:
    """Tenant and player of every wallet entered in a slot, at most `limit` of each bucket."""
    for bucket in range(OPEN_BUCKETS):
        yield from marked_in(slot, bucket, limit=limit)


def unmark(slot: int, tenant_id: str, player_id: str) -> None:
    """Take a wallet out of a slot."""
    dynamo.apply(
        dynamo.delete_op(ledger_table(), _open_pk(slot, bucket_of(player_id)), f"{tenant_id}#{player_id}")
    )
