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

# What each heading is about, in a sentence.
ABOUT: Mapping[str, str] = {
    "Tournaments": "Making a tournament, its life from draft to settlement, its result and the proof of it.",
    "Registrations": "Players of a tournament: joining, leaving, rebuys, add-ons, disqualification.",
    "Boards": "Who stands where, live and at the end, and why each round counted or not.",
    "Rounds": "Sending rounds that were played elsewhere, and finding where one went.",
    "What-if": "What a draft would pay and cost, before it is published.",
    "Players, launches, free rounds": "The casino's side: players, sessions, limits, money in and out, opening games.",
    "Wallet": "The provider's side: signed bets, wins, rollbacks. Each moves money once, however often it is sent.",
    "Wallet profiles and dialects": "How each provider's protocol differs, its secrets, and other vendors' protocols.",
    "Transactions": "What became of each transaction and round of the wallet, and those that wait for a person.",
    "Points": "Agents' prepaid points: transfers, billing, statements.",
    "History and figures": "Transactions, figures and revenue by day, files, and comparison with a provider's books.",
    "Inspector": "Every money call as it was, by any id; what a wrong signature signed instead.",
    "Certification": "Playing the numbered cases against the hub or against an operator's wallet.",
    "Money out": "Payouts and debits at the operator's callbacks, and those that wait for a person.",
    "Catalogue": "Brands and games, as integrations send them.",
    "Agents, keys, settings": "The tree of operators and agents, their API keys and settings.",
    "About the API": "This document, the public keys, and whether the API is up. Open to all.",
    "Demo operator (only in demo mode)": "A casino to try against: its callbacks, its wallet, its game. Never in production.",
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
