"""What operations are called in the document, and so the methods of a generated client. Pure.

A handler's name serves where it says what the operation does by itself. A client has no modules beside its methods to explain
`read` or `void`; these, and handlers that several routes share, are named here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

NAMES: Mapping[str, str] = {
    "GET /tournaments": "listTournaments",
    "POST /tournaments": "createTournament",
    "GET /tournaments/{id}": "readTournament",
    "PUT /tournaments/{id}": "changeTournament",
    "DELETE /tournaments/{id}": "deleteTournament",
    "POST /tournaments/{id}/approve": "approveTournament",
    "POST /tournaments/{id}/clone": "cloneTournament",
    "GET /tournaments/{id}/events": "listTournamentEvents",
    "POST /tournaments/{id}/finish": "finishTournament",
    "POST /tournaments/{id}/pause": "pauseTournament",
    "GET /tournaments/{id}/prize-pool": "readPrizePool",
    "POST /tournaments/{id}/publish": "publishTournament",
    "GET /tournaments/{id}/results": "readResults",
    "POST /tournaments/{id}/results/amend": "amendResults",
    "GET /tournaments/{id}/results/proof": "readProof",
    "GET /tournaments/{id}/results/proof/{player}": "readReceipt",
    "POST /tournaments/{id}/resume": "resumeTournament",
    "GET /tournaments/{id}/status": "readTournamentStatus",
    "POST /tournaments/{id}/void": "voidTournament",
    "GET /players/{id}/tournaments": "listTournamentsOfPlayer",
    "GET /tournaments/{id}/players": "listEntries",
    "POST /tournaments/{id}/players": "registerPlayer",
    "DELETE /tournaments/{id}/players/{player}": "unregisterPlayer",
    "GET /tournaments/{id}/players/{player}": "readStanding",
    "POST /tournaments/{id}/players/{player}/addon": "buyAddon",
    "POST /tournaments/{id}/players/{player}/disqualify": "disqualifyPlayer",
    "POST /tournaments/{id}/players/{player}/rebuy": "buyRebuy",
    "POST /tournaments/{id}/players/{player}/reinstate": "reinstatePlayer",
    "GET /tournaments/{id}/leaderboard": "readLeaderboard",
    "GET /tournaments/{id}/players/{player}/rounds": "listRoundsOfEntry",
    "GET /rounds": "findRound",
    "POST /rounds": "sendRounds",
    "POST /tournaments/simulate": "simulateTournament",
    "GET /free-rounds": "listFreeRounds",
    "POST /free-rounds": "grantFreeRounds",
    "GET /free-rounds/{id}": "readFreeRounds",
    "DELETE /free-rounds/{id}": "cancelFreeRounds",
    "POST /games/{slug}/launch": "launchGame",
    "POST /launch-lint": "lintLaunchUrl",
    "GET /players/{id}": "readPlayer",
    "POST /players/{id}/deposit": "deposit",
    "GET /players/{id}/events": "listPlayerEvents",
    "POST /players/{id}/sessions": "createSession",
    "POST /players/{id}/withdraw": "withdraw",
    "POST /players/{id}/withdraw-all": "withdrawAll",
    "POST /wallet/authenticate": "walletAuthenticate",
    "POST /wallet/balance": "walletBalance",
    "POST /wallet/bet": "walletBet",
    "POST /wallet/end-round": "walletEndRound",
    "POST /wallet/rollback": "walletRollback",
    "POST /wallet/transaction": "walletTransaction",
    "POST /wallet/win": "walletWin",
    "GET /integrations/{id}/wallet": "readWalletSettings",
    "PUT /integrations/{id}/wallet": "putWalletSettings",
    "POST /integrations/{id}/wallet-secret": "rotateWalletSecret",
    "GET /wallet-profiles": "listWalletProfiles",
    "POST /wallet/mascot/{door}": "mascotCall",
    "POST /wallet/slotcity/v1/{door}": "slotcityV1Call",
    "POST /wallet/slotcity/v4/{door}": "slotcityV4Call",
    "POST /v4/agent/info": "v4AgentInfo",
    "POST /v4/game/all": "v4GameAll",
    "POST /v4/game/game-url": "v4GameUrl",
    "POST /v4/game/games": "v4GameGames",
    "POST /v4/game/providers": "v4GameProviders",
    "POST /v4/user/create": "v4UserCreate",
    "POST /v4/user/info": "v4UserInfo",
    "POST /v4/wallet/deposit": "v4WalletDeposit",
    "POST /v4/wallet/withdraw": "v4WalletWithdraw",
    "POST /v4/wallet/withdraw-all": "v4WalletWithdrawAll",
    "GET /transactions": "listTransactions",
    "GET /transactions/failed": "listFailedTransactions",
    "GET /agents/{id}/points": "readPoints",
    "PATCH /agents/{id}/points": "changePointsStatus",
    "GET /agents/{id}/points/entries": "listPointsEntries",
    "GET /agents/{id}/points/statement": "readPointsStatement",
    "GET /points/transfers": "listPointsTransfers",
    "GET /points/transfers/{id}": "readPointsTransfer",
    "POST /points/transfers/{id}/approve": "approvePointsTransfer",
    "POST /points/transfers/{id}/reject": "rejectPointsTransfer",
    "GET /history/csv": "exportHistoryCsv",
    "GET /statistics/csv": "exportStatisticsCsv",
    "GET /reconciliation/{date}": "readReconciliationFile",
    "POST /reconciliation/{date}/diff": "compareReconciliation",
    "GET /reconciliation/{date}/diff/{id}": "readReconciliationDiff",
    "GET /inspector/rounds/{provider}/{roundId}": "readRoundTimeline",
    "POST /inspector/signature-lab": "checkSignature",
    "GET /certification/runs": "listCertifications",
    "POST /certification/runs": "startCertification",
    "GET /certification/runs/{id}": "readCertification",
    "GET /certification/runs/{id}/report": "readCertificationReport",
    "GET /agents/{id}/tree": "readAgentTree",
    "GET /api-keys": "listApiKeys",
    "POST /api-keys": "createApiKey",
    "DELETE /api-keys/{id}": "revokeApiKey",
    "POST /api-keys/{id}/rotate": "rotateApiKey",
    "GET /.well-known/jwks.json": "readJwks",
    "GET /docs": "readDocs",
    "GET /health": "readHealth",
    "GET /openapi.json": "readOpenapi",
    "POST /demo-operator/debits": "demoTakeDebit",
    "POST /demo-operator/faults": "demoSetFaults",
    "GET /demo-operator/game": "demoShowGame",
    "POST /demo-operator/game/open": "demoOpenGame",
    "PUT /demo-operator/game/provider": "demoSetProvider",
    "POST /demo-operator/game/spin": "demoSpin",
    "POST /demo-operator/payouts": "demoTakePayout",
    "GET /demo-operator/players/{brand}/{player}": "demoReadPlayer",
    "GET /demo-operator/transactions": "demoListTransactions",
    "POST /demo-operator/wallet/balance": "demoWalletBalance",
    "POST /demo-operator/wallet/bet": "demoWalletBet",
    "GET /demo-operator/wallet/control": "demoReadWallet",
    "POST /demo-operator/wallet/control": "demoControlWallet",
    "POST /demo-operator/wallet/faults": "demoSetWalletFaults",
    "POST /demo-operator/wallet/rollback": "demoWalletRollback",
    "POST /demo-operator/wallet/transaction": "demoWalletTransaction",
    "POST /demo-operator/wallet/win": "demoWalletWin",
}

# What `{id}` is, by the first segment of the path; and the other parameters.
_IDS: Mapping[str, str] = {
    "tournaments": "The tournament's id.",
    "players": "The hub's id of the player; with `brandId` the casino's own `userId`.",
    "integrations": "The integration's id: chosen by whoever sends its brands or games first.",
    "free-rounds": "The `freeRoundsId` of the grant.",
    "transactions": "The `hubTransactionId`.",
    "rounds": "The provider's own `roundId`, percent-encoded.",
    "agents": "The agent's id; one's own or one below.",
    "points": "The `transferId`.",
    "exports": "The `exportId`.",
    "reconciliation": "The `diffId`.",
    "inspector": "The `callId`.",
    "certification": "The `runId`.",
    "debits": "The `debitId`.",
    "payouts": "The `payoutId`.",
    "api-keys": "The `keyId`.",
}
_PARAMETERS: Mapping[str, str] = {
    "player": "The casino's own `userId`; `brandId` tells which where several brands take part.",
    "sessionId": "The session's id.",
    "slug": "The `gameId`.",
    "door": "The `door` of the integration's wallet settings.",
    "name": "The name of the game set.",
    "date": "A day in UTC, such as 2026-01-31.",
    "provider": "The integration's id.",
    "roundId": "The provider's own id of the round, percent-encoded.",
    "brand": "The brand's `ref`.",
}


def path_parameter(path: str, name: str) -> str:
    """What a path parameter takes. KeyError for one that nobody has described."""
    if name == "id" and path == "/players/{id}/tournaments":
        return _PARAMETERS["player"]
    return _IDS[path.split("/")[1]] if name == "id" else _PARAMETERS[name]


def operation_ids(routes: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str], str]:
    """`(method, path) -> operationId` for `(method, path, the handler's name)`.

    Raises:
        ValueError: several operations would have one name, or a name stands here for a route that is not there.
    """
    listed = list(routes)
    gone = set(NAMES) - {f"{method} {path}" for method, path, _ in listed}
    names = {
        (method, path): NAMES.get(f"{method} {path}") or camel(handler) for method, path, handler in listed
    }
    twice = sorted(name for name, uses in Counter(names.values()).items() if uses > 1)
    if gone or twice:
        raise ValueError(
            f"no such routes: {sorted(gone)}; several operations are called {twice}: see naming.py"
        )
    return names


def camel(name: str) -> str:
    """`list_open_rounds` as `listOpenRounds`."""
    first, *rest = re.sub(r"\W+", "_", name).strip("_").split("_")
    return first + "".join(part.title() for part in rest)
