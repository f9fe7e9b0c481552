"""The allowlist of caller addresses: read from text, matched against the address that API Gateway saw. Pure.

Entries are split by spaces or new lines, as the founding agent API has it; blank means no restriction. IPv6 forms of
IPv4 ("::ffff:192.0.2.1") are the IPv4 address they carry, on the list and on the wire alike.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from pitboss.kernel.refusal import FieldError

MAX_ENTRIES = 200

Network = IPv4Network | IPv6Network


def parse_allowlist(text: str) -> tuple[tuple[str, ...], list[FieldError]]:
    """Text to normalised networks, and what is wrong with it by position (`allowedIps[2]` is the third entry)."""
    entries = text.split()
    if len(entries) > MAX_ENTRIES:
        return (), [FieldError("allowedIps", f"at most {MAX_ENTRIES} entries; there are {len(entries)}")]
    networks: dict[str, None] = {}
    errors = []
    for position, entry in enumerate(entries):
        try:
            networks[str(_network(entry))] = None
        except ValueError as error:
            errors.append(FieldError(f"allowedIps[{position}]", _reason(entry, str(error))))
    return tuple(networks), errors


def _reason(entry: str, error: str) -> str:
    shown = entry if len(entry) <= 60 else entry[:57] + "..."
    if "host bits" in error:
        return f"{shown!r} has bits beyond its prefix; write {ip_network(entry, strict=False)} or a single address"
    return f"{shown!r} is not an IPv4 or IPv6 address or CIDR"


def _network(entry: str) -> Network:
    if not entry.isascii() or "%" in entry:
        raise ValueError("not an address")
    network = ip_network(entry)
    if isinstance(network, IPv6Network) and network.prefixlen >= 96:
        carried = network.network_address.ipv4_mapped
        if carried is not None:
            return IPv4Network((carried, network.prefixlen - 96))
    return network


@lru_cache(maxsize=256)
def _networks(allowed: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(entry) for entry in allowed)


def is_allowed(source: str, allowed: Iterable[str]) -> bool:
    """Whether `source` lies in one of the networks. An empty list allows everyone; an unreadable source nobody."""
    networks = _networks(tuple(allowed))
    if not networks:
        return True
    try:
        if "%" in source:  # a zone means something on one host only
            return False
        address = ip_address(source)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)
