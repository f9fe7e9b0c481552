"""The line to whoever is certified: HTTP with kept connections, and the faults that the kit injects on its own side.

Only the standard library, so that the command needs nothing but Python; blocking sockets in threads, since a tester
needs exact control over when bytes are sent and read more than it needs thousands of connections.
"""

import asyncio
import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from pitboss.certify.model import Exchange
from pitboss.platform.addresses import UrlRefusedError, forbidden, read_url

ANSWER_LIMIT = 256 * 1024
SHOWN = 4000
THREADS = 64
IDLE_S = 20.0  # a connection that has rested longer is opened anew: servers close theirs without a word

type Resolve = Callable[[str, int], list[str]]


class LineError(Exception):
    """The address cannot be called at all; the message says why."""


def anywhere(host: str, port: int) -> list[str]:
    """Whatever the name says: for a command on its user's own machine."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def only_public(host: str, port: int) -> list[str]:
    """Public addresses only: for a run on our own network, which must not be led to our own services. The name is looked
    up for every connection and the connection goes to the very address that was checked."""
    addresses = anywhere(host, port)
    for address in addresses:
        if reason := forbidden(address):
            raise LineError(reason)
    return addresses


def check_url(url: str, *, local: bool, ports: frozenset[int] = frozenset()) -> str:
    """The URL without a closing slash. Raises LineError with what is wrong about it."""
    try:
        read_url(url, local=local, ports=ports)
    except UrlRefusedError as refused:
        raise LineError(str(refused)) from None
    return url.rstrip("/")


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass(slots=True)
class _Open:
    """A connection, and when it was last of use."""

    http: http.client.HTTPConnection
    rested: float = 0.0
    used: bool = False

    def close(self) -> None:
        sock = self.http.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.http.close()


class Line:
    """Calls to one base URL. `timeout_s` bounds a whole call, name look-up and connection included."""

    def __init__(self, base: str, *, timeout_s: float = 15.0, resolve: Resolve = anywhere) -> None:
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise LineError(f"{base[:200]!r} is no URL that can be called")
        self.base = base.rstrip("/")
        self.timeout_s = timeout_s
        self._resolve = resolve
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port or (443 if self._secure else 80)
        self._path = parts.path.rstrip("/")
        self._shown_host = parts.netloc.rpartition("@")[2]
        self._idle: SimpleQueue[_Open] = SimpleQueue()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="certify")
        self.calls = 0

    def close(self) -> None:
        """Give everything back."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    async def call(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], fault: Mapping[str, str]
    ) -> Exchange:
        """One request. A fault named in `fault` happens on our side: `drop-request`, `cut-body`, `cut`, `drop-reply`,
        `delay=<seconds>`, `duplicate` (sent twice at once; the first one's answer counts). Status 0 stands for no answer."""
        if "duplicate" in fault:
            rest = {name: value for name, value in fault.items() if name != "duplicate"}
            twins = (self.call(method, path, body, headers, rest) for _ in range(2))
            first, _ = await asyncio.gather(*twins)
            return first
        self.calls += 1
        if "delay" in fault:
            await asyncio.sleep(float(fault["delay"]))
        if "drop-request" in fault:
            return self._exchange(method, path, body, 0, b"", "", 0, "dropped by the kit before it was sent")
        loop = asyncio.get_running_loop()
        lane: list[_Open] = []
        started = time.monotonic()
        work = loop.run_in_executor(self._pool, self._send, method, path, body, dict(headers), fault, lane)
        try:
            status, answer, kind, note = await asyncio.wait_for(asyncio.shield(work), self.timeout_s)
        except TimeoutError:
            # Closing the socket ends the thread that waits on it.
            for one in lane:
                one.close()
            status, answer, kind, note = 0, b"", "", f"no answer within {self.timeout_s:g} s"
            work.add_done_callback(lambda done: done.exception())
        elapsed = int((time.monotonic() - started) * 1000)
        if "drop-reply" in fault and status:
            shown = answer.decode("utf-8", "replace")[:500]
            status, answer, note = 0, b"", f"the answer was thrown away by the kit; it was: {shown}"
        return self._exchange(method, path, body, status, answer, kind, elapsed, note)

    def _exchange(
        self,
        method: str,
        path: str,
        body: bytes,
        status: int,
        answer: bytes,
        kind: str,
        elapsed: int,
        note: str,
    ) -> Exchange:
        return Exchange(
            method,
            self.base + path,
            body.decode("utf-8", "replace")[:SHOWN],
            status,
            answer.decode("utf-8", "replace"),
            elapsed,
            note,
            kind,
        )

    # ------------------------------------------------------------ in a thread
    def _open(self) -> _Open:
        with contextlib.suppress(Empty):
            while True:
                kept = self._idle.get_nowait()
                if time.monotonic() - kept.rested < IDLE_S:
                    return kept
                kept.close()
        last: OSError = OSError("the name has no address")
        for address in self._resolve(self._host, self._port):
            try:
                sock: socket.socket = socket.create_connection((address, self._port), timeout=self.timeout_s)
            except OSError as error:
                last = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._secure:
                sock = _tls().wrap_socket(sock, server_hostname=self._host)
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self.timeout_s)
            connection.sock = sock
            return _Open(connection)
        raise last

    def _send(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        fault: Mapping[str, str],
        lane: list[_Open],
    ) -> tuple[int, bytes, str, str]:
        """Status, body, its type, and what went wrong. A kept connection that its server had closed is replaced once."""
        for attempt in (1, 2):
            try:
                one = self._open()
            except (OSError, LineError) as error:
                return 0, b"", "", f"no connection: {error}"
            lane[:] = [one]
            try:
                return self._on(one, method, self._path + path, body, headers, fault)
            except (OSError, http.client.HTTPException, ValueError) as error:
                stale = one.used and isinstance(error, http.client.RemoteDisconnected | ConnectionError)
                one.close()
                if not stale or attempt == 2:
                    return 0, b"", "", f"no answer: {type(error).__name__} {error}".strip()[:200]
        raise AssertionError("unreachable")

    def _on(
        self,
        one: _Open,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        fault: Mapping[str, str],
    ) -> tuple[int, bytes, str, str]:
        sent = {**headers, "Host": self._shown_host}
        if "cut-body" in fault:
            one.http.request(method, path, body[: len(body) // 2], {**sent, "Content-Length": str(len(body))})
            one.close()
            return 0, b"", "", "the line was cut by the kit in the middle of the request"
        one.http.request(method, path, body or None, sent)
        if "cut" in fault:
            one.close()
            return 0, b"", "", "the line was cut by the kit right after the request"
        answer = one.http.getresponse()
        raw = answer.read(ANSWER_LIMIT + 1)
        if answer.will_close or len(raw) > ANSWER_LIMIT or not answer.isclosed():
            one.close()
        else:
            one.used, one.rested = True, time.monotonic()
            self._idle.put(one)
        return answer.status, raw[:ANSWER_LIMIT], answer.headers.get("Content-Type", ""), ""
