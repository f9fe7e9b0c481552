"""Routes about what the wallet did: transactions, those that wait for a person, rounds.

Lists that need an index (a player's history, a transaction by the hub's id) come from whoever keeps one: the function
gives them in (`Index`), since the wallet knows nothing of reports.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import cursors
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.tenancy.public import gate
from pitboss.wallet import failed, open_rounds, store
from pitboss.wallet.model import RoundRecord, Tx, TxKey

SCHEMAS = "pitboss.wallet.transactions_schemas"
api = Api("transactions_api", gate)
# Without `since`, a list goes back so far.
SPAN_MS = 31 * 86_400_000
_STATES = ("DONE", "REFUSED", "ROLLED_BACK", "TOMBSTONE", "PENDING", "UNKNOWN", "FAILED")
_KINDS = ("bet", "win", "rollback", "end", "deposit", "withdraw")
_LIMIT = Query("limit", "The most that one page holds.", "integer", 50, 1, 100)
_CURSOR = Query("cursor", "`nextCursor` of the page before.", maximum=2000)


class Index(NamedTuple):
    """Look-ups of a projection of the ledger, a moment behind it: `find` a transaction by the hub's id, `page` through a
    tenant's, newest first, `rounds` the places (provider, player) of a round id."""

    find: Callable[[str, str], TxKey | None]
    page: Callable[..., tuple[list[TxKey], str | None]]
    rounds: Callable[[str, str], list[tuple[str, str]]]


_index: list[Index] = []


def use(index: Index) -> None:
    """Give in the projection; once, by the function."""
    _index[:] = [index]


# ---------------------------------------------------------------- what it looks like outside
def tx_view(tx: Tx) -> dict[str, Any]:
    """A transaction as clients see it."""

    def money(minor: int | None) -> str | None:
        return None if minor is None else format_amount(minor, tx.exponent)

    open_ = tx.state in ("PENDING", "UNKNOWN")
    return {
        "hubTransactionId": tx.hub_id,
        "transactionId": tx.ext_id,
        "provider": tx.provider,
        "kind": tx.kind,
        "type": tx.type or None,
        "state": tx.state,
        "playerId": tx.player_id,
        "brandId": tx.brand_id,
        "userId": tx.user_id,
        "roundId": tx.round_id or None,
        "gameId": tx.game_id or None,
        "amount": format_amount(tx.amount, tx.exponent),
        "currency": tx.currency,
        "before": money(tx.before),
        "after": money(tx.after),
        "reference": tx.ref or None,
        "undoneBy": tx.undone_by or None,
        "refusal": tx.refusal or None,
        "operatorTransactionId": tx.operator_tx or None,
        "freeRoundsId": tx.free_id or None,
        "sessionId": tx.session_id or None,
        "at": format_instant(tx.at),
        "attempts": tx.attempts,
        "nextAttemptAt": format_instant(tx.due_at) if open_ and tx.due_at else None,
        "undoing": tx.undo and tx.state in ("UNKNOWN", "FAILED"),
        "note": tx.note or None,
        "expiresAt": None,
    }


def round_view(record: RoundRecord) -> dict[str, Any]:
    """A round as clients see it."""
    r = record.round
    return {
        "provider": r.provider,
        "roundId": r.round_id,
        "gameId": r.game_id,
        "playerId": record.player_id,
        "brandId": record.brand_id,
        "userId": record.user_id,
        "status": r.status,
        "stake": format_amount(r.stake, record.exponent),
        "win": format_amount(r.win, record.exponent),
        "currency": record.currency,
        "bets": r.bets,
        "wins": r.wins,
        "startedAt": format_instant(r.started_at),
        "settledAt": format_instant(r.settled_at) if r.settled_at else None,
        "revision": r.revision,
        "freeRoundsId": r.free if r.free not in ("", "-") else None,
        "transactions": [
            {
                "kind": "bet" if tx.kind.lower() == "b" else "win",
                "transactionId": tx.ext_id,
                "reference": (tx.ref or None) if tx.kind.lower() == "w" else None,
                "rolledBack": tx.kind.isupper(),
            }
            for tx in r.txs
        ],
    }


def _read(tenant_id: str, keys: Iterable[TxKey]) -> list[Tx]:
    """Transactions as they stand, in the order of `keys`."""
    places = [store.tx_key(tenant_id, key) for key in keys]
    found = store.read(places)
    return [store.tx_from_item(found[place]) for place in places if place in found]


# ---------------------------------------------------------------- transactions
@api.route(
    "GET",
    "/transactions",
    "List transactions",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:WalletTransactionList",
    query=(
        Query("provider", "Only of this integration (`hub`: deposits and withdrawals).", maximum=100),
        Query("transactionId", "Only the provider's own id; needs `provider`.", maximum=256),
        Query("playerId", "Only of this player (the hub's id).", maximum=100),
        Query("state", "Only in this state.", choices=_STATES),
        Query("since", "Only from this instant on; 31 days back unless told.", "instant"),
        Query("until", "Only before this instant.", "instant"),
        _LIMIT,
        _CURSOR,
    ),
    errors=("CURSOR_INVALID", "PARAMETERS_INVALID"),
    about="With `provider` and `transactionId`: every kind of transaction with that id, at once after it was answered. "
    "Else newest first, from the history that follows the ledger within seconds.",
)
def list_transactions(call: Call) -> Answer:
    """Transactions of the acting tenant."""
    q = call.query
    if q["transactionId"]:
        return Answer({"transactions": _by_their_id(call), "nextCursor": None})
    until = q["until"] or call.now + 60_000
    keys, following = _index[0].page(
        call.tenant_id,
        player_id=q["playerId"] or "",
        provider=q["provider"] or "",
        state=q["state"] or "",
        since=q["since"] or until - SPAN_MS,
        until=until,
        cursor=q["cursor"],
        limit=q["limit"],
    )
    found = _read(call.tenant_id, keys)
    return Answer({"transactions": [tx_view(tx) for tx in found], "nextCursor": following})


def _by_their_id(call: Call) -> list[dict[str, Any]]:
    q = call.query
    if not q["provider"]:
        raise Refusal(
            "PARAMETERS_INVALID", "transactionId needs provider.", errors=[FieldError("provider", "required")]
        )
    players = ("", q["playerId"]) if q["playerId"] else ("",)
    keys = [TxKey(q["provider"], kind, q["transactionId"], player) for player in players for kind in _KINDS]
    found = store.read([store.tx_key(call.tenant_id, key) for key in keys])
    return [{**tx_view(store.tx_from_item(item)), "expiresAt": _expiry(item)} for item in found.values()]


def _expiry(item: Mapping[str, Any]) -> str | None:
    """When DynamoDB will delete the stored item: never, since it has no `ttl`. Read off the item itself, so that the
    answer changes should one ever be given (certification case 23 rests on it)."""
    return format_instant(int(item["ttl"]) * 1000) if "ttl" in item else None


@api.route(
    "GET",
    "/transactions/failed",
    "List transactions that wait for a person",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:WalletTransactionList",
    query=(_LIMIT, _CURSOR),
    errors=("CURSOR_INVALID",),
    about="Seamless transactions that the operator's wallet has not acknowledged within 24 hours, or has refused though "
    "they are owed (a win of an unknown player). Oldest first. Retry them, or resolve them by hand.",
)
def list_failed(call: Call) -> Answer:
    """The failed list of the acting tenant."""
    bound = (call.tenant_id, "failed")
    position = cursors.read(call.query["cursor"], *bound)
    found, following = failed.page(call.tenant_id, position, call.query["limit"])
    return Answer(
        {
            "transactions": [tx_view(tx) for tx in found],
            "nextCursor": cursors.make(following, *bound) if following else None,
        }
    )


@api.route(
    "GET",
    "/transactions/{id}",
    "Read a transaction",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:WalletTransaction",
    errors=("TX_NOT_FOUND",),
    about="By the hub's id. It is found a few seconds after it was made; by provider and own id (GET /transactions) at once.",
)
def read_transaction(call: Call) -> Answer:
    """One transaction of the acting tenant."""
    tx = _find(call) or failed.find(call.tenant_id, call.params["id"])
    if tx is None:
        raise Refusal("TX_NOT_FOUND", "There is no transaction with this id.")
    return Answer(tx_view(tx))


def _find(call: Call) -> Tx | None:
    key = _index[0].find(call.tenant_id, call.params["id"])
    return store.read_tx(call.tenant_id, key) if key else None


@api.route(
    "POST",
    "/transactions/{id}/retry",
    "Send a failed transaction again",
    scope="players.write",
    body=f"{SCHEMAS}:RetryTransaction",
    answer=f"{SCHEMAS}:WalletTransaction",
    errors=("TX_NOT_FOUND", "CONFLICT", "OPERATION_IN_PROGRESS"),
    about="The operator's wallet is asked within seconds, with the same ids. Another unclear answer puts it back on the "
    "failed list. Repeating this is harmless.",
)
def retry_transaction(call: Call) -> Answer:
    """Ask the operator again."""
    retried = failed.retry(
        call.tenant_id, call.params["id"], _by(call), call.body.note, call.now, known=_find(call)
    )
    return Answer(tx_view(retried))


@api.route(
    "POST",
    "/transactions/{id}/resolve",
    "Settle a failed transaction by hand",
    scope="players.write",
    body=f"{SCHEMAS}:ResolveTransaction",
    answer=f"{SCHEMAS}:WalletTransaction",
    errors=("TX_NOT_FOUND", "CONFLICT", "OPERATION_IN_PROGRESS"),
    about="`done` records that the operator has carried it out, `void` that it never will. Who and why are kept with it. "
    "The hub's own rollback of a bet can only be `done`: the player is owed the stake.",
)
def resolve_transaction(call: Call) -> Answer:
    """What a person found out."""
    body = call.body
    resolved = failed.resolve(
        call.tenant_id,
        call.params["id"],
        body.resolution,
        _by(call),
        body.note,
        call.now,
        known=_find(call),
    )
    return Answer(tx_view(resolved))


def _by(call: Call) -> str:
    return call.who().key_id


# ---------------------------------------------------------------- rounds
@api.route(
    "GET",
    "/rounds/open",
    "List rounds that are still open",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:OpenRounds",
    query=(
        Query("olderThanMinutes", "Open for at least so long.", "integer", 1440, 0, 525_600),
        Query("playerId", "Only of this player (the hub's id).", maximum=100),
        _LIMIT,
        _CURSOR,
    ),
    errors=("CURSOR_INVALID",),
    about="A round ends by the provider's word (roundClosed, end-round, or the rollback of all its bets). What stays open "
    "was forgotten by it: the sweeper counts it and this list names it, the last days first. A page may be short, even "
    "empty, before the end.",
)
def list_open_rounds(call: Call) -> Answer:
    """Open rounds of the acting tenant."""
    q = call.query
    before = call.now - q["olderThanMinutes"] * 60_000
    if q["playerId"]:
        wallet = store.read_wallet(call.tenant_id, q["playerId"])
        found, following = failed.open_of(wallet, before) if wallet else [], None
        return Answer({"rounds": [round_view(record) for record in found], "nextCursor": None})
    bound = (call.tenant_id, "open", q["olderThanMinutes"])
    position = cursors.read(q["cursor"], *bound)
    found, following = open_rounds.page(call.tenant_id, before, position, q["limit"], call.now)
    return Answer(
        {
            "rounds": [round_view(record) for record in found],
            "nextCursor": cursors.make(following, *bound) if following else None,
        }
    )


@api.route(
    "GET",
    "/rounds/{id}",
    "Read a round",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:WalletRounds",
    query=(
        Query("playerId", "Only of this player (the hub's id); then at once after the call.", maximum=100),
        Query("provider", "Only of this integration.", maximum=100),
    ),
    errors=("ROUND_NOT_FOUND",),
    about="A round id is a provider's and a player's: two players may have rounds of the same id. With `playerId` and "
    "`provider` it is found at once after the call, else within seconds.",
)
def read_round(call: Call) -> Answer:
    """Every round of that id, open or ended."""
    round_id, q = call.params["id"], call.query
    places = _index[0].rounds(call.tenant_id, round_id)
    players: dict[str, set[str]] = {q["playerId"]: set()} if q["playerId"] else {}
    for provider, player_id in places:
        if q["playerId"] in (None, "", player_id) and q["provider"] in (None, "", provider):
            players.setdefault(player_id, set()).add(provider)
    if q["playerId"] and q["provider"]:
        players[q["playerId"]] = {q["provider"]}
    records = [
        record
        for player_id, providers in players.items()
        for record in failed.rounds_of(call.tenant_id, player_id, round_id, providers)
    ]
    if not records:
        raise Refusal("ROUND_NOT_FOUND", "There is no such round.")
    return Answer({"rounds": [round_view(record) for record in records]})
