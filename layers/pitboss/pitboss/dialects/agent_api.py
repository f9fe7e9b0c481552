"""Routes of the founding agent API, v4: every answer is `{code, message, data}` with HTTP status 200."""

from pitboss.dialects.spelling import exact_json
from pitboss.kernel.refusal import Refusal
from pitboss.platform.http import Answer, Api, Call, validate
from pitboss.platform.observe import count
from pitboss.platform.wire import load_json

SCHEMAS = "pitboss.dialects.agent_schemas"

# Path, body, scope, summary, function of agent_v4.
_ROUTES: tuple[tuple[str, str, str, str, str], ...] = (
    ("agent/info", "Nothing", "agents.read", "The agent and its points", "agent_info"),
    ("user/create", "CreateUser", "players.write", "Make a player", "create_user"),
    ("user/info", "OfUser", "players.read", "A player's balance", "user_info"),
    ("game/providers", "Nothing", "games.read", "The providers", "providers"),
    ("game/games", "OfProvider", "games.read", "Games of a provider", "games"),
    ("game/all", "Nothing", "games.read", "Games of all providers", "all_games"),
    ("game/game-url", "GameUrl", "players.write", "Launch a game", "game_url"),
    ("wallet/deposit", "V4Movement", "players.write", "Pay in", "pay_in"),
    ("wallet/withdraw", "V4Movement", "players.write", "Pay out", "pay_out"),
    ("wallet/withdraw-all", "V4MoveAll", "players.write", "Pay out everything", "pay_out_all"),
)


def add_routes(api: Api) -> None:
    """Add them to the function's routes."""
    for row in _ROUTES:
        _add(api, *row)


def _add(api: Api, path: str, body: str, scope: str, summary: str, use: str) -> None:
    def handler(call: Call) -> Answer:
        # Players, points and launches are a good part of the product; a call at a door needs none of it.
        from pitboss.dialects import agent_v4

        try:
            wanted = validate(f"{SCHEMAS}:{body}", load_json(call.raw) if call.raw else {})
            answer = {"code": 0, "message": "OK", "data": getattr(agent_v4, use)(call, wanted)}
        except Refusal as refusal:
            count(f"refused_{refusal.name.lower()}")
            answer = {"code": refusal.entry.code, "message": refusal.name, "detail": refusal.detail}
            if refusal.entry.retryable and api.gate is not None:
                # A passing no must not become the answer that an Idempotency-Key repeats.
                api.gate.remember(call, None)
                call.kept.pop("idempotency", None)
        return Answer(exact_json(answer).decode(), content_type="application/json")

    api.route(
        "POST",
        f"/v4/{path}",
        f"{summary} (v4)",
        scope=scope,
        limit="register",
        body=f"{SCHEMAS}:{body}",
        answer=f"{SCHEMAS}:Envelope",
        raw_body=True,
        idempotent=path in ("user/create", "wallet/deposit", "wallet/withdraw", "wallet/withdraw-all"),
        even_suspended=path.startswith("wallet/withdraw"),
        about="The founding agent API; docs/agent-v4.md says how it maps. Refusals have HTTP status 200 and a `code`.",
    )(handler)
