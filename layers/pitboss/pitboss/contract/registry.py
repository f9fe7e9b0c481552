"""The modules that hold routes: the one list from which the OpenAPI document is made. A test holds it complete."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from pitboss.platform.http import Api

# Module -> the heading of its routes, in the order of the documentation.
MODULES: Mapping[str, str] = {
    "pitboss.tournaments.api": "Tournaments",
    "pitboss.tournaments.registrations_api": "Registrations",
    "pitboss.rounds.boards_api": "Boards",
    "pitboss.rounds.api": "Rounds",
    "pitboss.tournaments.simulate_api": "What-if",
    "pitboss.players.api": "Players, launches, free rounds",
    "pitboss.wallet.api": "Wallet",
    "pitboss.dialects.api": "Wallet profiles and dialects",
    "pitboss.wallet.transactions_api": "Transactions",
    "pitboss.points.api": "Points",
    "pitboss.reports.api": "History and figures",
    "pitboss.inspector.api": "Inspector",
    "pitboss.certify.api": "Certification",
    "pitboss.delivery.api": "Money out",
    "pitboss.catalogue.api": "Catalogue",
    "pitboss.tenancy.api": "Agents, keys, settings",
    "pitboss.contract.api": "About the API",
    "pitboss.demo.api": "Demo operator (only in demo mode)",
}

# Modules that put further routes on an Api of the list; whoever imports them first must not change the document.
FURTHER = ("pitboss.demo.game_api", "pitboss.demo.wallet_api")


def apis() -> Iterator[tuple[str, Api]]:
    """Every Api of the product with its heading."""
    for module in FURTHER:
        import_module(module)
    for module, title in MODULES.items():
        api = import_module(module).api
        if not isinstance(api, Api):
            raise TypeError(f"{module}.api is not an Api")
        yield title, api
