"""Where a callback may go."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.delivery.addresses import UrlRefusedError, forbidden, read_url
from pitboss.platform.outgoing import NotSent, exchange
from pitboss.platform.settings import callback_ports, is_local

from devtools.deploy import read_template

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",  # noqa: S104 - not bound to, refused
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:4136:e378::",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "2606:4700::1%1",
        "not an address",
        "",
    ],
)
def test_addresses_of_our_own_network_and_of_nobody_are_refused(address: str) -> None:
    assert forbidden(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "203.0.114.1", "2606:4700::1111", "2a00:1450::200e"]
)
def test_public_addresses_may_be_called(address: str) -> None:
    assert not forbidden(address)


@given(st.integers(0, 2**32 - 1))
def test_no_private_address_slips_through_in_any_form(number: int) -> None:
    v4 = IPv4Address(number)
    if not v4.is_global:
        assert forbidden(str(v4))
    for carrier in ("::ffff:0:0", "64:ff9b::", "::"):
        assert forbidden(str(IPv6Address(int(ip_address(carrier)) | number)))
    assert forbidden(str(IPv6Address((0x2002 << 112) | (number << 80))))


def test_a_url_is_taken_apart() -> None:
    target = read_url("https://casino.example/hooks/payouts?k=1", local=False)
    assert (target.secure, target.host, target.port, target.path) == (
        True,
        "casino.example",
        443,
        "/hooks/payouts?k=1",
    )
    assert target.host_header == "casino.example"
    assert read_url("https://casino.example:8443", local=False).host_header == "casino.example:8443"
    assert read_url("https://[2606:4700::1]/x", local=False).host_header == "[2606:4700::1]"
    assert read_url("http://localhost:4566/x", local=True).port == 4566


@pytest.mark.parametrize(
    "url",
    [
        "http://casino.example/",
        "ftp://casino.example/",
        "file:///etc/passwd",
        "https://user@casino.example/",
        "https://user:pass@casino.example/",
        "https://casino.example@10.0.0.1/",
        "https://casino.example/#x",
        "https:///x",
        "https://casino.example:0/",
        "https://casino.example:99999/",
        "https://casino.example:port/",
        "https://casino example/",
        "https://casino.example/a b",
        "https://casino.example/\r\nX: y",
        "https://ünicode.example/",
        "https://-x.example/",
        "https://[::1/",
        "casino.example",
        "//casino.example/",
        "",
        "https://casino.example/" + "a" * 3000,
    ],
)
def test_urls_that_nobody_should_be_sent_to_are_refused(url: str) -> None:
    with pytest.raises(UrlRefusedError):
        read_url(url, local=False)


@pytest.mark.parametrize("port", [22, 80, 444, 6379, 9200])
def test_a_port_that_no_web_server_of_a_casino_has_is_not_called(port: int) -> None:
    url, ports = f"https://casino.example:{port}/pay", frozenset({443, 8443})
    assert read_url(url, local=False).port == port
    with pytest.raises(UrlRefusedError, match="the port is one of 443, 8443"):
        read_url(url, local=False, ports=ports)
    for fine in ("https://casino.example/pay", "https://casino.example:8443/pay"):
        read_url(fine, local=False, ports=ports)


@pytest.fixture
def on_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Settings are read once: read anew here, and again afterwards."""
    monkeypatch.setenv("STAGE", "prod")
    is_local.cache_clear()
    callback_ports.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    is_local.cache_clear()
    callback_ports.cache_clear()


def test_a_call_on_aws_heeds_the_ports_before_it_looks_up_the_name(on_aws: pytest.MonkeyPatch) -> None:
    on_aws.setenv("CALLBACK_PORTS", "443,9443")
    with pytest.raises(NotSent, match="the port is one of 443, 9443"):
        exchange("https://casino.invalid:8443/", b"{}", {}, timeout_s=1, local=False)
    with pytest.raises(NotSent, match="name is not known"):
        exchange("https://casino.invalid:9443/", b"{}", {}, timeout_s=1, local=False)


@pytest.mark.usefixtures("on_aws")
def test_the_template_and_the_code_have_the_same_default() -> None:
    default = str(read_template()["Parameters"]["CallbackPorts"]["Default"])
    assert callback_ports() == frozenset(map(int, default.split(",")))


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, "https://" + text, "https://h/" + text):
        try:
            target = read_url(url, local=False)
        except UrlRefusedError:
            continue
        assert target.secure
        assert not set(target.path + target.host) & set("\r\n \x00")
