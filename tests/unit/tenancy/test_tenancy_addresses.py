"""The allowlist: text to networks, and who is on it."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.tenancy.addresses import MAX_ENTRIES, is_allowed, parse_allowlist

pytestmark = pytest.mark.unit

v4 = st.integers(0, 2**32 - 1).map(IPv4Address)
v6 = st.integers(0, 2**128 - 1).map(IPv6Address)
v4_networks = st.builds(lambda a, p: IPv4Network((int(a) >> (32 - p) << (32 - p), p)), v4, st.integers(0, 32))
v6_networks = st.builds(
    lambda a, p: IPv6Network((int(a) >> (128 - p) << (128 - p), p)), v6, st.integers(0, 128)
)


def mapped(address: IPv4Address) -> str:
    return f"::ffff:{address}"


def test_spaces_and_new_lines_split_and_blank_is_everyone() -> None:
    assert parse_allowlist("1.1.1.1 2.2.2.2\n\t10.0.0.0/8\r\n2001:db8::/32") == (
        ("1.1.1.1/32", "2.2.2.2/32", "10.0.0.0/8", "2001:db8::/32"),
        [],
    )
    for blank in ("", "  \n "):
        assert parse_allowlist(blank) == ((), [])
    assert is_allowed("203.0.113.9", ())


@pytest.mark.parametrize(
    ("text", "pointer", "words"),
    [
        ("1.1.1.1 1.2.3.999", "allowedIps[1]", "not an IPv4 or IPv6 address"),
        ("1.1.1.1, 2.2.2.2", "allowedIps[0]", "not an IPv4"),
        ("10.0.0.5/24", "allowedIps[0]", "write 10.0.0.0/24"),
        ("2001:db8::1/64", "allowedIps[0]", "write 2001:db8::/64"),
        ("1.1.1.1/33", "allowedIps[0]", "not an IPv4"),
        ("fe80::1%eth0", "allowedIps[0]", "not an IPv4"),
        ("localhost", "allowedIps[0]", "not an IPv4"),
        ("01.1.1.1", "allowedIps[0]", "not an IPv4"),
        ("١.1.1.1", "allowedIps[0]", "not an IPv4"),
        ("x" * 500, "allowedIps[0]", "..."),
    ],
)
def test_what_is_wrong_is_named_by_position(text: str, pointer: str, words: str) -> None:
    networks, errors = parse_allowlist(text)
    assert [e.pointer for e in errors] == [pointer]
    assert words in errors[0].reason
    assert len(errors[0].reason) < 200
    assert len(networks) == len(text.split()) - 1


def test_too_many_entries_are_refused_as_a_whole() -> None:
    networks, errors = parse_allowlist("1.1.1.1 " * (MAX_ENTRIES + 1))
    assert networks == ()
    assert errors[0].pointer == "allowedIps"


@given(st.lists(v4_networks | v6_networks, min_size=1, max_size=6), v4 | v6)
def test_matching_is_membership(
    networks: list[IPv4Network | IPv6Network], address: IPv4Address | IPv6Address
) -> None:
    """Against a model that knows only integers: the address's leading bits equal the network's."""
    allowed, errors = parse_allowlist("\n".join(map(str, networks)))
    assert errors == []

    def as_v4(value: int, prefix: int) -> tuple[int, int, int]:
        if prefix >= 96 and value >> 32 == 0xFFFF:
            return 4, value & (2**32 - 1), prefix - 96
        return 6, value, prefix

    def covers(network: IPv4Network | IPv6Network) -> bool:
        start = int(network.network_address)
        family, base, prefix = (
            (4, start, network.prefixlen) if network.version == 4 else as_v4(start, network.prefixlen)
        )
        kind, number, _ = (4, int(address), 32) if address.version == 4 else as_v4(int(address), 128)
        width = 32 if family == 4 else 128
        return family == kind and (number ^ base) >> (width - prefix) == 0

    assert is_allowed(str(address), allowed) == any(covers(network) for network in networks)


@given(v4, st.integers(0, 32))
def test_mapped_forms_are_the_ipv4_address(address: IPv4Address, prefix: int) -> None:
    network = ip_network(f"{address}/{prefix}", strict=False)
    plain, _ = parse_allowlist(str(network))
    carried, errors = parse_allowlist(f"{mapped(network.network_address)}/{prefix + 96}")
    assert errors == []
    assert carried == plain
    assert is_allowed(mapped(address), plain)
    assert is_allowed(str(address), carried)


@given(v4_networks)
def test_parsing_its_own_output_changes_nothing(network: IPv4Network) -> None:
    once, _ = parse_allowlist(str(network))
    assert parse_allowlist(" ".join(once)) == (once, [])


@pytest.mark.parametrize("source", ["", "unknown", "1.2.3", "fe80::1%eth0 x"])
def test_an_unreadable_source_is_let_in_only_where_there_is_no_list(source: str) -> None:
    assert not is_allowed(source, ("0.0.0.0/0", "::/0"))
    assert is_allowed(source, ())
