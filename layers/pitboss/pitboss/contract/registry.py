"""The modules that hold routes: the one list from which the OpenAPI document is made. A test holds it complete."""

from collections.abc import Iterator
from importlib import import_module

from pitboss.platform.http import Api

MODULES = (
    "pitboss.tournaments.api",
    "pitboss.tournaments.registrations_api",
    "pitboss.rounds.boards_api",
    "pitboss.rounds.api",
    "pitboss.tournaments.simulate_api",
    "pitboss.delivery.api",
    "pitboss.catalogue.api",
    "pitboss.tenancy.api",
    "pitboss.contract.api",
    "pitboss.demo.api",
)
TITLES = {
    "tournaments_api": "Tournaments",
    "registrations_api": "Players",
    "boards_api": "Boards",
    "rounds_api": "Rounds",
    "simulate_api": "What-if",
    "payouts_api": "Money out",
    "catalogue_api": "Catalogue",
    "tenancy_api": "Agents, keys, settings",
    "docs_api": "About the API",
    "demo_operator": "Demo operator (only in demo mode)",
}


def apis() -> Iterator[Api]:
    """Every Api of the product, in the order of the documentation."""
    for name in MODULES:
        api = import_module(name).api
        if not isinstance(api, Api):
            raise TypeError(f"{name}.api is not an Api")
        yield api
