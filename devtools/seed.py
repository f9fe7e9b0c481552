"""Fill a fresh local stack with a demo tenant, through the product's own doors.

Only the very first node and its key are made directly (there is nobody yet who could call); everything else goes
through the public API, as a platform team and an operator would do it. Safe to repeat.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from devtools.client import Hub
from devtools.deploy import demo_token
from devtools.local_aws import Emulator

BRANDS = ({"ref": "aurora", "name": "Aurora Casino"}, {"ref": "borealis", "name": "Borealis Casino"})
GAMES = (
    ("crash-classic", "Crash Classic", "Pit Studio"),
    ("lucky-sevens", "Lucky Sevens", "Pit Studio"),
    ("roulette-live", "Live Roulette", "Pit Live"),
)
# The demo plays an evening in a minute, so the limits that protect a real tenant are raised for it.
LIMITS = {
    "standard": 6000,
    "create": 600,
    "register": 6000,
    "results": 6000,
    "concurrency": 200,
    "wallet": 20_000,
}
# What the demo game wants to know at a launch (docs/launch.md lists every placeholder).
LAUNCH = (
    "token={token}&game={game}&mode={mode}&currency={currency}&language={language}&device={device}&lobby={lobbyUrl}"
    "&deposit={depositUrl}&history={historyUrl}&rc={realityCheckMinutes}&elapsed={elapsedMinutes}&fr={freeRoundsId}"
    "&frCount={freeRounds}&frBet={freeRoundsBet}&tenant={tenant}&brand={brand}"
)


@dataclass(frozen=True, slots=True)
class DemoTenant:
    """What the demo and a reader need: the operator's token and ids. `kept` says that it stood already."""

    token: str
    operator_id: str
    root_token: str
    integration_id: str = "demo"
    demo_token: str = ""
    wallet_secret: str = ""
    kept: bool = False


def ensure(emulator: Emulator, outputs: Mapping[str, str], path: Path) -> DemoTenant:
    """The demo tenant of this stack: made once, remembered in `path`, brought up to date each time."""
    known = recall(path)
    root_token = known.get("root_token") or first_key(emulator, outputs)
    _keep(path, {**known, "root_token": root_token})
    root = Hub(emulator.api_url, root_token)
    tenant = DemoTenant(
        token=known.get("token", ""),
        operator_id=known.get("operator_id", ""),
        root_token=root_token,
        demo_token=demo_token(),
        wallet_secret=known.get("wallet_secret", ""),
        kept=bool(known.get("token")),
    )
    if not tenant.kept:
        tenant = make_operator(root, tenant)
        _keep(path, asdict(replace(tenant, kept=True)))
    operator = Hub(emulator.api_url, tenant.token)
    raise_limits(root, tenant.operator_id)
    configure(operator, emulator.api_url)
    if not tenant.wallet_secret:
        tenant = replace(tenant, wallet_secret=wallet_secret(operator))
        _keep(path, asdict(replace(tenant, kept=True)))
    introduce_game(tenant, emulator.api_url)
    return tenant


def recall(path: Path) -> dict[str, Any]:
    """What was kept of the demo tenant; nothing where it cannot be read, and then another one is made."""
    try:
        known = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _keep(path: Path, known: Mapping[str, Any]) -> None:
    """In one move, so that nobody finds half of it; for its owner alone, since tokens are in it."""
    half = path.with_suffix(".new")
    half.touch(0o600)
    half.write_text(json.dumps(known), "utf-8")
    half.replace(path)


def first_key(emulator: Emulator, outputs: Mapping[str, str]) -> str:
    """The root node and its key, written by whoever holds the stack's AWS credentials."""
    os.environ.update(
        AWS_ENDPOINT_URL=emulator.endpoint,
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        HUB_TABLE=outputs["HubTable"],
        STAGE="local",
    )
    from pitboss.tenancy.public import create_root

    return create_root("Demo platform", "EUR")


def make_operator(root: Hub, tenant: DemoTenant, name: str = "Aurora Group") -> DemoTenant:
    """An operator right below the root, with a key of its own for everything an operator may do."""
    made = root("POST", "/agents", {"name": name, "kind": "operator", "currency": "EUR"})
    key = root("POST", "/api-keys", {"name": "server", "scopes": ["*"], "agentId": made["agentId"]})
    raise_limits(root, made["agentId"])
    return replace(tenant, operator_id=made["agentId"], token=key["token"])


def raise_limits(root: Hub, operator_id: str) -> None:
    """Only a parent raises limits: the platform does it for the operator it has made."""
    token = root.http.headers["Authorization"].removeprefix("Bearer ")
    put_settings(Hub(str(root.http.base_url), token, tenant=operator_id), limits=LIMITS)


def configure(operator: Hub, api_url: str) -> None:
    """Callbacks, limits, brands and games: what an operator sets up on its first afternoon."""
    demo = f"{api_url}/demo-operator"
    put_settings(
        operator,
        callbacks={"payouts": f"{demo}/payouts", "debits": f"{demo}/debits"},
        walletUrl=f"{demo}/wallet",
    )
    operator(
        "PUT",
        "/integrations/demo/operators",
        [{"ref": "aurora-group", "name": "Aurora Group", "brands": BRANDS}],
    )
    operator(
        "PUT",
        "/integrations/demo/games",
        [
            {
                "gameId": slug,
                "displayName": name,
                "gameProviderDisplayName": maker,
                "isFreeroundSupported": slug == "lucky-sevens",
                "hasDemo": True,
            }
            for slug, name, maker in GAMES
        ],
    )
    operator("PUT", "/integrations/demo/wallet", {"launchUrl": f"{demo}/game#{LAUNCH}"})


def wallet_secret(operator: Hub) -> str:
    """The secret with which the demo provider signs its money calls; shown once, so it is kept."""
    return str(operator("POST", "/integrations/demo/wallet-secret")["secret"])


def introduce_game(tenant: DemoTenant, api_url: str) -> None:
    """Tell the demo game who it is at the hub: a provider with a token of the demo tenant."""
    door = Hub(api_url, tenant.token)
    door.http.headers["X-Demo-Token"] = tenant.demo_token
    door(
        "PUT",
        "/demo-operator/game/provider",
        {
            "tenantId": tenant.operator_id,
            "integrationId": tenant.integration_id,
            "hubUrl": api_url,
            "apiToken": tenant.token,
            "walletSecret": tenant.wallet_secret,
        },
    )


def put_settings(hub: Hub, **changes: Any) -> None:
    """Change some settings and leave the others as they are."""
    settings = hub("GET", "/settings")
    shown_only = ("tenantId", "currency", "limitsInForce", "exponentsInForce", "fxInForce", "warnings")
    kept = {name: value for name, value in settings.items() if name not in shown_only}
    wanted = {**kept, **changes, "limits": {**kept["limits"], **changes.get("limits", {})}}
    if wanted != kept:
        hub("PUT", "/settings", wanted)
