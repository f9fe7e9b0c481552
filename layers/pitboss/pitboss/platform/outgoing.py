"""HTTP calls that leave the hub for an address that a tenant named.

Whatever the other side does, a call ends by its deadline with one of three things known: it was answered (`Exchange`), it
never left (`NotSent`), or nobody can say (`NoAnswer`). No redirects, no proxy, no more than ANSWER_LIMIT bytes; the name
is looked up once and only public addresses are called, so a name cannot lead into our own network.
"""

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from pitboss.platform.addresses import Target, UrlRefusedError, forbidden, read_url
from pitboss.platform.settings import callback_ports

CONNECT_TIMEOUT_S = 3.0
ANSWER_LIMIT = 64 * 1024
# Many servers close an idle line after 5 s; one that was closed costs a second attempt.
IDLE_S = 20.0
_KEPT_LINES = 64


class Exchange(NamedTuple):
    """An answer as it came. `cut`: it was longer than ANSWER_LIMIT and ends there."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool
    elapsed_ms: int


class NotSent(Exception):  # noqa: N818 - an expected end of a call
    """Nothing has left: the URL is refused or there is no connection."""

    def __init__(self, reason: str, elapsed_ms: int) -> None:
        super().__init__(reason)
        self.elapsed_ms = elapsed_ms


class NoAnswer(Exception):  # noqa: N818
    """The request may or may not have been heard."""

    def __init__(self, reason: str, elapsed_ms: int, *, timed_out: bool) -> None:
        super().__init__(reason)
        self.elapsed_ms = elapsed_ms
        self.timed_out = timed_out


class _Deadline(io.RawIOBase):
    """The reading end of a socket under one deadline for the whole answer: a server that drips a byte a second is cut
    off like one that says nothing."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until
        self.heard = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        count = self._sock.recv_into(buffer)
        self.heard = self.heard or count > 0
        return count


class _Line:
    """What http.client needs of a socket, with our deadline on both directions."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until
        self.reader = _Deadline(sock, until)

    def sendall(self, data: Any) -> None:
        self._sock.settimeout(max(0.001, self._until - time.monotonic()))
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self.reader)

    def close(self) -> None:
        """http.client lets go of the line before the body has been read; the caller of it closes or keeps it."""


@cache
def tls() -> ssl.SSLContext:
    """The system's trust, TLS 1.2 and above."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def addresses_of(target: Target, *, local: bool) -> list[str]:
    """The one look-up of the name. Raises UrlRefusedError if any address is not public: a name that mixes public and
    private addresses is an attack or a mistake."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UrlRefusedError("the host's name is not known") from None
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    if not local:
        for address in addresses:
            if reason := forbidden(address):
                raise UrlRefusedError(reason)
    return addresses


def _connect(target: Target, addresses: Sequence[str], until: float) -> socket.socket:
    """A connection to one of the checked addresses themselves; the name appears only in TLS and in Host."""
    last: OSError = OSError("no address")
    for address in addresses:
        left = min(CONNECT_TIMEOUT_S, until - time.monotonic())
        if left <= 0:
            break
        try:
            sock = socket.create_connection((address, target.port), timeout=left)
        except OSError as error:
            last = error
            continue
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return tls().wrap_socket(sock, server_hostname=target.host) if target.secure else sock
        except OSError as error:
            sock.close()
            last = error
    raise last


# ---------------------------------------------------------------- lines that are kept
_idle: dict[tuple[bool, str, int], list[tuple[socket.socket, float]]] = {}


def _take(key: tuple[bool, str, int]) -> socket.socket | None:
    """A kept line on which nothing has come in since: what is readable now was closed, or is out of step."""
    kept = _idle.get(key, [])
    while kept:
        sock, since = kept.pop()
        fresh = time.monotonic() - since < IDLE_S
        try:
            if fresh and not select.select([sock], [], [], 0)[0]:
                return sock
        except (OSError, ValueError):
            pass
        sock.close()
    return None


def _keep(key: tuple[bool, str, int], sock: socket.socket) -> None:
    if sum(map(len, _idle.values())) >= _KEPT_LINES:
        forget_lines()
    _idle.setdefault(key, []).append((sock, time.monotonic()))


def forget_lines() -> None:
    """Close every kept line."""
    for kept in _idle.values():
        for sock, _ in kept:
            sock.close()
    _idle.clear()


# ---------------------------------------------------------------- the call
def exchange(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: float,
    local: bool,
    keep: bool = False,
) -> Exchange:
    """POST `body` and read the answer, all within `timeout_s` (the name's look-up apart, which the system's resolver
    bounds).

    Args:
        local: http and private addresses are allowed, as on a laptop.
        keep: keep the line for the next call, and use a kept one. Only for requests that may be repeated: when a kept
            line turns out to be dead before a byte of an answer came, the request is sent once more on a new one.

    Raises:
        NotSent, NoAnswer: see there.
    """
    clock = _Clock(timeout_s)
    try:
        target = read_url(url, local=local, ports=frozenset() if local else callback_ports())
        key = (target.secure, target.host, target.port)
        sock = _take(key) if keep else None
        reused = sock is not None
        while True:
            if sock is None:
                sock = _line_to(target, clock, local=local)
            line = _Line(sock, clock.until)
            try:
                status, heads, raw, lasting = _speak(target, line, body, headers)
                break
            except (OSError, http.client.HTTPException, ValueError) as error:
                sock.close()
                timed_out = isinstance(error, TimeoutError)
                if not reused or line.reader.heard or timed_out:
                    raise NoAnswer(
                        f"no answer: {reason_of(error)}", clock.elapsed_ms(), timed_out=timed_out
                    ) from None
                sock, reused = None, False
    except UrlRefusedError as refused:
        raise NotSent(f"the callback URL is refused: {refused}", clock.elapsed_ms()) from None
    if keep and lasting:
        _keep(key, sock)
    else:
        sock.close()
    return Exchange(status, heads, raw[:ANSWER_LIMIT], len(raw) > ANSWER_LIMIT, clock.elapsed_ms())


class _Clock:
    """The time of one call. `until` moves on by the name's look-up, which is not the other side's."""

    def __init__(self, timeout_s: float) -> None:
        self._started = time.monotonic()
        self.until = self._started + timeout_s

    def elapsed_ms(self) -> int:
        return int((time.monotonic() - self._started) * 1000)


def _line_to(target: Target, clock: _Clock, *, local: bool) -> socket.socket:
    """A fresh line. Raises UrlRefusedError, NotSent."""
    asked = time.monotonic()
    addresses = addresses_of(target, local=local)
    clock.until += time.monotonic() - asked
    try:
        return _connect(target, addresses, clock.until)
    except OSError as error:
        raise NotSent(f"no connection: {reason_of(error)}", clock.elapsed_ms()) from None


def _speak(
    target: Target, line: _Line, body: bytes, headers: Mapping[str, str]
) -> tuple[int, Mapping[str, str], bytes, bool]:
    """One request and its answer; the last member says whether the line can be used again."""
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = line
    connection.auto_open = 0  # our line and no other: the address behind it was checked
    connection.request("POST", target.path, body, {**headers, "Host": target.host_header})
    answer = connection.getresponse()
    raw = answer.read(ANSWER_LIMIT + 1)
    if answer.length and len(raw) <= ANSWER_LIMIT:
        raise http.client.IncompleteRead(raw, answer.length)
    lasting = not answer.will_close and len(raw) <= ANSWER_LIMIT
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, raw, lasting


def reason_of(error: Exception) -> str:
    """An error in a few words, for a record that people read."""
    return "timed out" if isinstance(error, TimeoutError) else f"{type(error).__name__} {error}"[:150].strip()
