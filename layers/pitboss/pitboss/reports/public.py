"""What other contexts, and those who compose functions, may use of reports."""

from pitboss.kernel.ids import is_ulid, ulid_instant
from pitboss.reports import reading, store
from pitboss.reports.books import Books, trial_balance
from pitboss.reports.model import Filter, Row
from pitboss.wallet.public import TxKey

__all__ = ["Books", "books", "find_transaction", "list_transactions", "players_of_round"]


def books(tenant_id: str) -> Books:
    """The trial balance of a tenant: every wallet's sides, every player's chain of balances, every id once."""
    return trial_balance(tenant_id)


def key_of(row: Row) -> TxKey:
    """What names a row's transaction in the ledger."""
    return TxKey(row.provider, row.kind, row.ext_id, row.scope)


def find_transaction(tenant_id: str, hub_id: str) -> TxKey | None:
    """The ledger's name of the transaction with that id of the hub; None if history does not have it (yet: it follows
    the ledger within seconds)."""
    if not is_ulid(hub_id):
        return None
    row = reading.find(tenant_id, hub_id, ulid_instant(hub_id))
    return key_of(row) if row else None


def list_transactions(
    tenant_id: str,
    *,
    player_id: str = "",
    provider: str = "",
    state: str = "",
    since: int,
    until: int,
    cursor: str | None,
    limit: int,
) -> tuple[list[TxKey], str | None]:
    """The ledger's names of transactions, newest first, and the cursor of the next page (None at the end).

    Raises:
        Refusal: CURSOR_INVALID.
    """
    f = Filter(since, until, player_id=player_id, provider=provider, state=state)
    rows, following = reading.page(tenant_id, f, cursor, limit)
    return [key_of(row) for row in rows], following


def players_of_round(tenant_id: str, round_id: str) -> list[tuple[str, str]]:
    """(integration, player) of everyone who played a round of that id."""
    return store.players_of_round(tenant_id, round_id)
