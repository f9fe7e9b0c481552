"""What a stranger asks of every route: valid bodies, so that the only reason for a refusal is whose the thing is.

`$name` is a thing of tests/isolation_world.py. A route that is not told here is asked as it stands when the walk knows
its path parameters and it takes no body; otherwise the walk fails.
"""

from dataclasses import dataclass, field
from typing import Any

MISSING = "missing"  # 404, exactly as for a thing that was never made
OWN = "own"  # answers about the caller's own tenant
BARRED = "barred"  # the wallet does not know the session or the player

# Whose id `{id}` is, by the first segment of the path.
IDS = {
    "tournaments": "tournament",
    "agents": "child",
    "api-keys": "key",
    "players": "player",
    "integrations": "integration",
    "payouts": "payout",
    "debits": "debit",
    "free-rounds": "grant",
    "points": "transfer",
    "transactions": "hubTransaction",
    "rounds": "round",
    "exports": "export",
    "certification": "run",
    "inspector": "call",
    "reconciliation": "diff",
}
PARAMETERS = {
    "player": "user",
    "sessionId": "session",
    "slug": "game",
    "name": "gameSet",
    "date": "date",
    "provider": "provider",
    "roundId": "round",
    "door": "door",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `takes` names other things for path parameters; `headers` are sent along; `raw` is a body that is
    signed by the rival as its provider does."""

    expects: str = MISSING
    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    takes: dict[str, str] = field(default_factory=dict)
    signed: bool = False


def own(body: Any = None, **more: Any) -> Ask:
    """A request about what is the caller's own."""
    return Ask(OWN, body, **more)


WHY: dict[str, Any] = {"reason": "test"}
MONEY = {"transactionId": "stranger-1", "amount": "1.00"}
RESOLVE = {"outcome": "cancelled", "reason": "test"}
GAMES = {"games": [{"gameId": "rival-slot", "displayName": "R", "gameProviderDisplayName": "Rival"}]}
OPERATORS = [{"ref": "rival", "name": "Rival", "brands": [{"ref": "rival-brand", "name": "Rival"}]}]
TOURNAMENT = {"name": "Mine", "startTime": "$soon", "gameSlug": "$game", "maxPlayers": 5, "entryFee": 0}
ROUND = {
    "roundId": "$openRound",
    "status": "settled",
    "brandId": "$brand",
    "playerId": "$user",
    "gameId": "$game",
    "roundType": "regular",
    "currency": "EUR",
    "bet": "1.00",
    "win": "0.00",
    "startedAt": "$yesterday",
    "settledAt": "$yesterday",
}
GIFT = {"gameIds": ["lucky-sevens"], "count": 3, "betAmount": "0.50", "expiresAt": "$soon"}
BILLING = {"version": 0, "policy": "none"}
EXPORT = {"format": "csv", "from": "$since", "to": "$until", "playerId": "$player"}
FILE = {"transactionId": "$bet", "action": "bet", "amount": "10.01", "currency": "EUR"}
LAB = {"provider": "demo", "body": "{}", "headers": {"webhook-id": "m1", "webhook-timestamp": "1"}}
PLAYED = {"query": {"playerId": "$player"}}

ASKS: dict[str, Ask] = {
    # ------------------------------------------------------------ games
    "PUT /integrations/{id}/operators": own(OPERATORS),
    "PUT /integrations/{id}/games": own(GAMES),
    "GET /integrations/{id}/wallet": own(),
    "PUT /integrations/{id}/wallet": own({"profile": "default", "brandId": "$brand"}),
    "POST /integrations/{id}/wallet-secret": own({}),
    "GET /games": own(),
    "GET /brands": own(),
    "GET /active-games": own(),
    "GET /wallet-profiles": own(),
    "PUT /game-sets/{name}": own({"games": ["$game"]}, takes={"name": "twinSet"}),
    "GET /game-sets": own(),
    # ------------------------------------------------------------ players
    "GET /players": own(query={"brandId": "$brand", "userId": "$user"}),
    "POST /players": own({"brandId": "$brand", "userId": "$twin"}),
    "PATCH /players/{id}": Ask(body={"status": "blocked"}),
    "POST /players/{id}/sessions": Ask(body={"device": "web"}),
    "POST /players/{id}/deposit": Ask(body=MONEY),
    "POST /players/{id}/withdraw": Ask(body=MONEY),
    "POST /players/{id}/withdraw-all": Ask(body={"transactionId": "stranger-2"}),
    "GET /players/{id}/tournaments": own(takes={"id": "user"}),
    "POST /games/{slug}/launch": Ask(body={"playerId": "$player", "device": "desktop"}),
    "POST /launch-lint": own({"url": "$launchUrl"}),
    "GET /free-rounds": Ask(query={"playerId": "$player"}),
    "POST /free-rounds": Ask(body={"playerId": "$player", **GIFT}),
    # ------------------------------------------------------------ transactions, rounds, history
    "GET /transactions": own(query={"provider": "demo", "transactionId": "$bet"}),
    "GET /transactions/failed": own(),
    "POST /transactions/{id}/retry": Ask(body={"note": "test"}),
    "POST /transactions/{id}/resolve": Ask(body={"resolution": "void", "note": "test"}),
    "GET /rounds/open": own(query={"playerId": "$player"}),
    "GET /rounds/{id}": Ask(query={"playerId": "$player", "provider": "demo"}),
    "GET /rounds": own(query={"roundId": "$openRound"}),
    "POST /rounds": own({"integrationId": "demo", "rounds": [ROUND]}),
    "GET /history": own(**PLAYED),
    "GET /history/csv": own(**PLAYED),
    "GET /statistics": own(**PLAYED),
    "GET /statistics/csv": own(**PLAYED),
    "GET /reports/ggr": own(),
    "GET /reports/books": own(),
    "POST /exports": own(EXPORT),
    "GET /reconciliation/{date}": own(),
    "POST /reconciliation/{date}/diff": own(FILE),
    "GET /inspector/calls": own(query={"id": "$poorBet"}),
    "POST /inspector/calls/{id}/replay": Ask(body={"url": "https://example.com/wallet"}),
    "POST /inspector/signature-lab": own(LAB),
    "GET /certification/runs": own(),
    "POST /certification/runs": own({"target": "hub", "mode": "transfer", "cases": "1"}),
    # ------------------------------------------------------------ agents, keys, points
    "GET /agents": own(),
    "POST /agents": Ask(body={"name": "Stolen", "kind": "agent", "parentId": "$child"}),
    "PATCH /agents/{id}": Ask(body={"name": "Stolen"}),
    "GET /api-keys": Ask(query={"agentId": "$child"}),
    "POST /api-keys": Ask(body={"name": "x", "scopes": ["*"], "agentId": "$child"}),
    "POST /api-keys/{id}/rotate": Ask(body={}),
    "GET /settings": own(),
    "PUT /settings": own({"version": 0}),
    "PATCH /agents/{id}/points": Ask(body={"status": "frozen", "reason": "test"}),
    "POST /agents/{id}/points": Ask(body={"type": "return", "amount": "1", "reason": "test"}),
    "GET /points/transfers": own(),
    "POST /points/transfers/{id}/approve": Ask(body=WHY),
    "POST /points/transfers/{id}/reject": Ask(body=WHY),
    "PUT /agents/{id}/billing": Ask(body=BILLING),
    # ------------------------------------------------------------ tournaments, payouts
    "GET /tournaments": own(),
    "POST /tournaments": own(TOURNAMENT),
    "POST /tournaments/simulate": own({"tournament": TOURNAMENT, "rounds": []}),
    "PUT /tournaments/{id}": Ask(body={"name": "Stolen"}),
    "POST /tournaments/{id}/void": Ask(body={"policy": "refund", "reason": "test"}),
    "POST /tournaments/{id}/results/amend": Ask(body=WHY, takes={"id": "contest"}),
    "GET /tournaments/{id}/results": Ask(takes={"id": "contest"}),
    "GET /tournaments/{id}/results/proof": Ask(takes={"id": "contest"}),
    "GET /tournaments/{id}/results/proof/{player}": Ask(takes={"id": "contest"}),
    "POST /tournaments/{id}/players": Ask(body={"userId": "$user", "displayName": "S", "brandId": "$brand"}),
    "POST /tournaments/{id}/players/{player}/disqualify": Ask(body=WHY),
    "POST /tournaments/{id}/players/{player}/reinstate": Ask(body=WHY),
    **{
        f"POST /tournaments/{{id}}/{step}": Ask(body={})
        for step in ("publish", "pause", "resume", "finish", "approve", "clone", "players/{player}/rebuy")
    },
    "POST /tournaments/{id}/players/{player}/addon": Ask(body={}),
    "GET /payouts": own(),
    "GET /debits": own(),
    "POST /payouts/{id}/resolve": Ask(body=RESOLVE),
    "POST /debits/{id}/resolve": Ask(body=RESOLVE),
    "GET /callback-secret": own(),
    # ------------------------------------------------------------ the founding agent API
    "POST /v4/agent/info": own({}),
    "POST /v4/user/create": own({"name": "rivals_own"}),
    "POST /v4/user/info": Ask(body={"user_code": "$userCode"}),
    "POST /v4/game/providers": own({}),
    "POST /v4/game/games": Ask(body={"provider_id": "$studioCode"}),
    "POST /v4/game/all": own({}),
    "POST /v4/game/game-url": Ask(
        body={"user_code": "$userCode", "provider_id": "$demoCode", "game_symbol": "$game"}
    ),
    "POST /v4/wallet/deposit": Ask(body={"user_code": "$userCode", "amount": 1, "tx_id": "stranger-3"}),
    "POST /v4/wallet/withdraw": Ask(body={"user_code": "$userCode", "amount": 1, "tx_id": "stranger-4"}),
    "POST /v4/wallet/withdraw-all": Ask(body={"user_code": "$userCode", "tx_id": "stranger-5"}),
}

# ---------------------------------------------------------------- the wallet, as the rival's own provider signs it
_BET = {"transactionId": "stranger-bet", "roundId": "$openRound", "gameId": "$game", "amount": "1.00"}
_WIN = {**_BET, "transactionId": "stranger-win", "type": "promo"}
_BACK = {"transactionId": "stranger-back", "originalTransactionId": "$openBet"}
_END = {"transactionId": "stranger-end", "roundId": "$openRound", "gameId": "$game"}
_ACTIONS = [{"action": "win", **_WIN, "currency": "EUR"}]
MESSAGES: dict[str, dict[str, Any]] = {
    "authenticate": {},
    "balance": {},
    "bet": {**_BET, "currency": "EUR"},
    "win": {**_WIN, "currency": "EUR"},
    "rollback": _BACK,
    "end-round": _END,
    "transaction": {"actions": _ACTIONS},
}
BY_SESSION = {"sessionToken": "$token"}
BY_NAME = {"brandId": "$brand", "userId": "$user"}


def wallet_asks(action: str) -> list[Ask]:
    """A wallet message with the owner's session, and one that names the owner's player."""
    who: list[dict[str, Any]] = [BY_SESSION]
    who += [{"launchToken": "$launchToken"}] if action == "authenticate" else []
    who += [BY_NAME] if action in ("balance", "win", "rollback", "end-round", "transaction") else []
    return [Ask(BARRED, {"action": action, **one, **MESSAGES[action]}, signed=True) for one in who]


ASKS_BY_WALLET = {f"POST /wallet/{action}": wallet_asks(action) for action in MESSAGES}
# Routes without a token, and what lets a caller in there instead. Anything else that is public must say why here.
PUBLIC = {
    "POST /wallet/slotcity/v4/{door}": "the integration's own secret",
    "POST /wallet/slotcity/v1/{door}": "the integration's own secret",
    "POST /wallet/mascot/{door}": "the integration's own secret",
    "GET /health": "tells nothing of any tenant",
    "GET /openapi.json": "tells nothing of any tenant",
    "GET /docs": "tells nothing of any tenant",
    "GET /.well-known/jwks.json": "tells nothing of any tenant",
}
