"""What a function is told by its environment; read in one place, once, with every missing name in the message."""

import os
from functools import cache


class MissingSettingError(RuntimeError):
    """The template did not give the function what it asks for."""


def setting(name: str) -> str:
    """A required environment variable."""
    value = os.environ.get(name, "")
    if not value:
        raise MissingSettingError(
            f"the environment variable {name} is not set; template.yaml declares it per function"
        )
    return value


def optional(name: str, default: str) -> str:
    """An environment variable that has a sensible default."""
    return os.environ.get(name) or default


@cache
def is_local() -> bool:
    """Whether this is the stack on a laptop: there, callbacks may go to loopback and plain http."""
    return os.environ.get("STAGE", "") == "local"


@cache
def callback_ports() -> frozenset[int]:
    """Ports that the hub may call at addresses which tenants name; empty: any, as on a laptop."""
    if is_local():
        return frozenset()
    return frozenset(int(port) for port in optional("CALLBACK_PORTS", "443,8443").split(","))


def hub_table() -> str:
    """Tenancy, catalogue, keys, idempotency."""
    return setting("HUB_TABLE")


def arena_table() -> str:
    """Tournaments, rounds, pages, boards."""
    return setting("ARENA_TABLE")


def ledger_table() -> str:
    """Accounts, postings, debits, payouts."""
    return setting("LEDGER_TABLE")
