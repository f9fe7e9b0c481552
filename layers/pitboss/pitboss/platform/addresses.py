"""Where a callback may go. Pure: text and addresses in, a verdict out; the one look-up of the name is the gateway's."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45}", re.ASCII)
_PATH = re.compile(r"[!-~]*", re.ASCII)
# IPv6 forms that carry an IPv4 address or leave the network by a translator: none of them is a web server's own.
_CARRIERS = tuple(
    IPv6Network(text)
    for text in (
        "::/96",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")


class UrlRefusedError(Exception):
    """The URL or the address behind it is not one that the hub may call; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL, taken apart. `path` holds the query too."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The value of `Host`: the port only where it is not the scheme's own."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.secure else 80) else f"{name}:{self.port}"


def read_url(url: str, *, local: bool, ports: frozenset[int] = frozenset()) -> Target:
    """https only (http too on a local stack), no user, no fragment, printable ASCII, one of `ports` where any are given.
    Raises UrlRefusedError."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise UrlRefusedError("the URL cannot be read") from None
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not local):
        raise UrlRefusedError("the URL must be https")
    if "@" in parts.netloc or "#" in url:
        raise UrlRefusedError("the URL may hold neither a user nor a fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if _HOST.fullmatch(host) is None or _PATH.fullmatch(path) is None or len(url) > 2048 or port == 0:
        raise UrlRefusedError("the URL's host, port or path is not valid")
    secure = parts.scheme == "https"
    port = port or (443 if secure else 80)
    if ports and port not in ports:
        raise UrlRefusedError(f"the port is one of {', '.join(map(str, sorted(ports)))}")
    return Target(secure, host, port, path)


def forbidden(text: str) -> str:
    """Why an address may not be called from AWS, "" if it may: only public unicast addresses are somebody's web server.

    The rest is our own network: private, shared and loopback ranges, link-local with the metadata services
    (169.254.169.254, 169.254.170.2, fd00:ec2::254), multicast, reserved, and IPv6 forms that carry such an IPv4 address.
    """
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return f"{text[:60]} is not an address"
    if isinstance(address, IPv6Address) and (
        address.scope_id is not None
        or address not in _GLOBAL_UNICAST
        or any(address in carrier for carrier in _CARRIERS)
    ):
        return f"{address} is not a public address"
    if not address.is_global or address.is_multicast or address.is_reserved:
        return f"{address} is not a public address"
    return ""
