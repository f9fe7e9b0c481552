"""An agent with brands, games and players on moto, behind the players' function."""

from dataclasses import dataclass, field
from typing import Any

from pitboss.catalogue import known as memory
from pitboss.catalogue.api import api as catalogue_api
from pitboss.catalogue.public import (
    WalletIntegration,
    forget_wallets,
    read_wallet_integration,
    save_wallet_integration,
)
from pitboss.players.api import api as players_api
from pitboss.tenancy.api import api as tenancy_api

from tests.tenancy_world import Client, Reply, made, operator, root_client

TEMPLATE = (
    "https://games.example/play?t={token}&g={game}&m={mode}&l={language}&c={currency}&d={device}&back={lobbyUrl}"
    "&cash={depositUrl}&hist={historyUrl}&rc={realityCheckMinutes}&for={elapsedMinutes}&fr={freeRoundsId}"
    "&frn={freeRounds}&frb={freeRoundsBet}&p={player}"
)


def game_row(slug: str, **more: Any) -> dict[str, Any]:
    return {"gameId": slug, "displayName": slug.title(), "gameProviderDisplayName": "Studio", **more}


GAMES = (
    game_row(
        "slot", isFreeroundSupported=True, hasDemo=True, languages=["en", "pt-BR", "de"], tags=["slots"]
    ),
    game_row("crash", restrictedCountries=["US", "FR"], devices=["desktop", "mobile"], currencies=["EUR"]),
    game_row("other-slot", isFreeroundSupported=True),
    game_row("private", enabledBrandRefs=["borealis"]),
    game_row("gone", isEnabled=False),
)
BRANDS = [
    {"ref": "op", "name": "Op", "brands": [{"ref": "aurora", "name": "A"}, {"ref": "borealis", "name": "B"}]}
]


@dataclass
class World:
    """One agent's view; `call` is its key on the players' function, `other` a stranger's."""

    tenant_id: str
    call: Client
    other: Client
    root: Client
    catalogue: Client
    ids: dict[str, str] = field(default_factory=dict)

    def player(self, user_id: str = "ann", brand_id: str = "aurora", **more: Any) -> dict[str, Any]:
        """Create (or find) a player."""
        body: dict[str, Any] = made(
            self.call("POST", "/players", {"brandId": brand_id, "userId": user_id, **more})
        )
        return body

    def patch(self, player_id: str, **changes: Any) -> Reply:
        return self.call("PATCH", "/players/{id}", changes, id=player_id)

    def launch(self, slug: str, *, dry: bool = False, **body: Any) -> Reply:
        query = {"dryRun": "true"} if dry else None
        return self.call("POST", "/games/{slug}/launch", body, query=query, slug=slug)


def launch_template(tenant_id: str, template: str, integration: str = "int") -> None:
    """Where the integration's games are opened."""
    before = read_wallet_integration(tenant_id, integration)
    after = WalletIntegration(integration, launch_url=template, version=before.version if before else 0)
    assert save_wallet_integration(tenant_id, before, after) is not None
    forget_wallets()


def build(currency: str = "EUR") -> World:
    """A world of its own, inside mock_aws."""
    memory.forget()
    forget_wallets()
    root = root_client(tenancy_api, currency)
    tenant, client = operator(root, "Casino")
    _, stranger = operator(root, "Stranger")
    catalogue = Client(catalogue_api, client.token)
    made(catalogue("PUT", "/integrations/{id}/operators", BRANDS, id="int"))
    made(catalogue("PUT", "/integrations/{id}/games", list(GAMES), id="int"))
    launch_template(tenant, TEMPLATE)
    return World(
        tenant, Client(players_api, client.token), Client(players_api, stranger.token), root, catalogue
    )
