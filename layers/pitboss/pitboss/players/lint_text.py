"""What can be wrong with a text in a launch, seen from its characters alone. Pure.

Most of it is what integrators really send: the name of a value in place of the value ("undefined", "[object Object]"),
a template nobody filled, an address of the developer's machine (domain notes on integration pitfalls).
"""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

MAX_URL = 2048
_LITERALS = {
    "undefined": "undefined",
    "null": "null",
    "(null)": "(null)",
    "none": "None",
    "nil": "nil",
    "nan": "NaN",
    "[object object]": "[object Object]",
    "[object promise]": "[object Promise]",
    "true": "true",
    "false": "false",
}
_UNFILLED = re.compile(r"\$?\{[^{}]*\}|\{\{.*?\}\}|<%.*?%>|%(?:s|d|\(\w+\)s)|\[[A-Z_]{2,}\]|:[a-z]+Url\b")
_ENCODED = re.compile(r"^https?%3a", re.IGNORECASE)


class Fault(NamedTuple):
    """`hard` faults stop a launch. `message` begins after the field's name."""

    code: str
    message: str
    fix: str
    hard: bool = True


def usable(text: str) -> bool:
    """Whether the text could be an id at all."""
    return bool(text.strip()) and len(text) <= 100 and not _has_controls(text)


def _has_controls(text: str) -> bool:
    return any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in text)


def literal(text: str) -> Fault | None:
    """The name of a missing value in place of the value, or nothing at all."""
    if not text:
        return Fault("EMPTY_STRING", "is an empty string", "Leave the member out when there is no value.")
    if not text.strip():
        return Fault("EMPTY_STRING", "is white space only", "Leave the member out when there is no value.")
    if _has_controls(text):
        return Fault("CONTROL_CHARACTER", "holds control characters", "Send printable characters only.")
    spelled = text.strip().lower()
    if spelled in _LITERALS:
        return Fault(
            "LITERAL_STRING",
            f"is the literal string {text.strip()}",
            "A variable was put into the text before it had a value: send the value, or leave the member out.",
        )
    if _UNFILLED.search(text):
        return Fault(
            "UNFILLED_TEMPLATE",
            f"still holds the placeholder {_UNFILLED.search(text)[0]}",  # type: ignore[index]
            "Fill the template before the launch is asked for.",
        )
    if text != text.strip():
        return Fault("WHITE_SPACE", "begins or ends with white space", "Trim the value.")
    return None


def url(text: str, *, local: bool) -> list[Fault]:
    """Faults of an address that the player's browser is to open."""
    first = literal(text)
    if first is not None:
        return [first]
    if _ENCODED.match(text):
        return [
            Fault(
                "DOUBLE_ENCODED",
                "is percent-encoded as a whole",
                "Send it as it is; the hub encodes it once.",
            )
        ]
    if len(text) > MAX_URL:
        return [Fault("URL_TOO_LONG", f"has {len(text)} characters", f"Use at most {MAX_URL}.")]
    if re.search(r"\s", text):
        return [Fault("WHITE_SPACE", "holds white space", "Percent-encode it as %20.")]
    return _parts(text, local=local)


def _parts(text: str, *, local: bool) -> list[Fault]:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return [
            Fault(
                "URL_INVALID", "is not a URL", "Send an absolute URL, such as https://casino.example/lobby."
            )
        ]
    if not parts.scheme or (not host and parts.scheme in ("http", "https")):
        return [
            Fault(
                "URL_RELATIVE",
                "is not an absolute URL",
                "The game runs at another address: send scheme and host, as in https://casino.example/lobby.",
            )
        ]
    if parts.scheme not in ("http", "https"):
        scheme = f"has the scheme {parts.scheme}:"
        return [Fault("URL_SCHEME", scheme, "Only https leads the player back; others are refused.")]
    insecure = [_INSECURE._replace(hard=not local)] if parts.scheme == "http" else []
    naming = [_CREDENTIALS] if "@" in parts.netloc else []
    return insecure + naming + _address(host, local=local) + _suspects(parts.path, parts.query)


_INSECURE = Fault(
    "HTTP_IN_PRODUCTION",
    "begins with http://; a browser in a game served by https refuses to load it",
    "Use https://.",
)
_CREDENTIALS = Fault(
    "URL_CREDENTIALS", "holds a user name or password", "Every player would see them: leave them out."
)


def _address(host: str, *, local: bool) -> list[Fault]:
    if not _of_own_machine(host):
        return []
    points = f"points to {host}, which in the player's browser is the player's own machine or network"
    return [Fault("URL_LOCAL_ADDRESS", points, "Use the public address of the casino.", hard=not local)]


def _suspects(path: str, query: str) -> list[Fault]:
    for piece in [*path.split("/"), *(pair.partition("=")[2] for pair in query.split("&"))]:
        if piece.lower() in (
            "undefined",
            "null",
            "nan",
            "none",
            "%5bobject%20object%5d",
            "[object%20object]",
        ):
            return [
                Fault(
                    "LITERAL_IN_URL",
                    f"holds the literal string {piece}",
                    "A variable was put into the URL before it had a value.",
                    hard=False,
                )
            ]
    if "%25" in path + query:
        return [
            Fault("DOUBLE_ENCODED", "looks percent-encoded twice (%25)", "Encode each part once.", hard=False)
        ]
    return []


def _of_own_machine(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".test")):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private or address.is_loopback or address.is_link_local
