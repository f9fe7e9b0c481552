"""What other contexts may use of the wallet."""

from pitboss.wallet import free_rounds, sessions, tokens
from pitboss.wallet.accounts import change_wallet, open_wallet_ops
from pitboss.wallet.cash import deposit, withdraw
from pitboss.wallet.documents import Arrival, Sender, ids_of, run_document, run_parsed
from pitboss.wallet.free_rounds import FreeRounds
from pitboss.wallet.model import (
    HUB,
    Action,
    Limits,
    Outcome,
    Result,
    Round,
    RoundRecord,
    RoundTx,
    Session,
    Tx,
    TxKey,
    Wallet,
)
from pitboss.wallet.parse import Parsed, parse
from pitboss.wallet.profile import DEFAULT, Profile
from pitboss.wallet.service import Request, run
from pitboss.wallet.store import (
    player_of,
    read_round,
    read_tx,
    read_txs,
    read_wallet,
    recorded_rounds,
    round_from_item,
    tx_from_item,
    wallet_from_item,
    wallet_put_op,
)

__all__ = [
    "DEFAULT",
    "HUB",
    "Action",
    "Arrival",
    "FreeRounds",
    "Limits",
    "Outcome",
    "Parsed",
    "Profile",
    "Request",
    "Result",
    "Round",
    "RoundRecord",
    "RoundTx",
    "Sender",
    "Session",
    "Tx",
    "TxKey",
    "Wallet",
    "change_wallet",
    "deposit",
    "find_tx",
    "free_rounds",
    "ids_of",
    "open_wallet_ops",
    "parse",
    "player_of",
    "read_round",
    "read_tx",
    "read_txs",
    "read_wallet",
    "recorded_rounds",
    "round_from_item",
    "run",
    "run_document",
    "run_parsed",
    "sessions",
    "tokens",
    "tx_from_item",
    "wallet_from_item",
    "wallet_put_op",
    "withdraw",
]


def find_tx(tenant_id: str, provider: str, ext_id: str, player_id: str = "") -> list[Tx]:
    """Every transaction under a provider's id, whatever its kind; `player_id` where its ids are per player. Tombstones too."""
    keys = (TxKey(provider, kind, ext_id, player_id) for kind in ("bet", "win", "rollback", "end"))
    return [tx for tx in (read_tx(tenant_id, key) for key in keys) if tx is not None]
