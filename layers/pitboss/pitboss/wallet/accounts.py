"""A player's wallet apart from play: opened, changed, looked up."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from pitboss.kernel.refusal import Refusal
from pitboss.platform import dynamo
from pitboss.platform.dynamo import ConditionFailed, TooBusy
from pitboss.wallet import store
from pitboss.wallet.model import Wallet

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

ATTEMPTS = 8


def open_wallet_ops(wallet: Wallet) -> "list[TransactWriteItemTypeDef]":
    """Two parts of the transaction that creates a player: the wallet, and the link from brand and casino id to the hub's
    id. Either refuses when the player stands already."""
    return [store.wallet_put_op(replace(wallet, version=0), 0), store.player_put_op(wallet)]


def change_wallet(tenant_id: str, player_id: str, change: Callable[[Wallet], Wallet]) -> Wallet:
    """Change what is not money: status, limits, sessions. `change` is called again with a fresh wallet whenever another
    call was quicker; answering its argument unchanged writes nothing.

    Raises USER_NOT_FOUND, what `change` raises, and OPERATION_IN_PROGRESS when others kept winning (nothing is written).
    """
    for attempt in range(1, ATTEMPTS + 1):
        wallet = store.read_wallet(tenant_id, player_id)
        if wallet is None:
            raise Refusal("USER_NOT_FOUND", "There is no such player.")
        changed = change(wallet)
        if changed == wallet:
            return wallet
        check_money_untouched(wallet, changed)
        try:
            dynamo.apply(store.wallet_put_op(changed, wallet.version))
        except ConditionFailed:
            dynamo.pause(attempt)
            continue
        except TooBusy:
            break
        return replace(changed, version=wallet.version + 1)
    raise Refusal(
        "OPERATION_IN_PROGRESS", "Other calls of this player are running; repeat it.", retry_after_s=1
    )


def check_money_untouched(before: Wallet, after: Wallet) -> None:
    """Money moves with a transaction's record or not at all."""
    kept = ("balance", "house", "cash", "receivable", "currency", "exponent", "version", "rounds", "spilled")
    moved = [name for name in kept if getattr(before, name) != getattr(after, name)]
    if moved:
        raise ValueError(f"a change of the wallet may not touch {', '.join(moved)}")
