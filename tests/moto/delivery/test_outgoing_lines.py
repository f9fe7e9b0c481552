"""Kept lines: used again, never trusted, and dropped rather than waited for."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pitboss.platform import outgoing
from pitboss.platform.outgoing import NoAnswer, NotSent, exchange

pytestmark = pytest.mark.moto
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(autouse=True)
def no_old_lines() -> Iterator[None]:
    outgoing.forget_lines()
    yield
    outgoing.forget_lines()


@contextmanager
def server(speak: Callable[[int, socket.socket], None]) -> Iterator[tuple[str, list[int]]]:
    """`speak(n, line)` serves the n-th connection; the list grows by one for each."""
    listener = socket.create_server(("127.0.0.1", 0))
    taken: list[int] = []

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            taken.append(len(taken))
            threading.Thread(target=one, args=(taken[-1], line), daemon=True).start()

    def one(number: int, line: socket.socket) -> None:
        with line:
            try:
                speak(number, line)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook", taken
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


def hear(line: socket.socket) -> bytes:
    """One request with the body {}."""
    heard = b""
    while not heard.endswith(b"{}"):
        got = line.recv(65536)
        if not got:
            raise ConnectionResetError
        heard += got
    return heard


def call(url: str, *, keep: bool = True, timeout_s: float = 2.0) -> bytes:
    return exchange(url, b"{}", {}, timeout_s=timeout_s, local=True, keep=keep).body


def always(_: int, line: socket.socket) -> None:
    while True:
        hear(line)
        line.sendall(OK)


def test_a_line_is_used_again_only_when_it_may_be_kept() -> None:
    with server(always) as (url, taken):
        assert [call(url) for _ in range(3)] == [b"ok"] * 3
        assert taken == [0]
        assert call(url, keep=False) == b"ok"
        assert taken == [0, 1]


def test_a_line_that_was_closed_meanwhile_is_not_used() -> None:
    gone = threading.Event()

    def once(_: int, line: socket.socket) -> None:
        hear(line)
        line.sendall(OK)
        line.shutdown(socket.SHUT_RDWR)
        gone.set()

    with server(once) as (url, taken):
        assert call(url) == b"ok"
        assert gone.wait(5)
        assert call(url) == b"ok"
        assert taken == [0, 1]


def test_a_line_that_dies_under_the_request_is_replaced_once() -> None:
    def second_request_dies(number: int, line: socket.socket) -> None:
        hear(line)
        line.sendall(OK)
        hear(line)
        if number == 0:
            return  # closed without a byte of an answer
        line.sendall(OK)

    with server(second_request_dies) as (url, taken):
        assert [call(url), call(url)] == [b"ok", b"ok"]
        assert taken == [0, 1]


def test_a_fresh_line_that_dies_is_no_answer() -> None:
    def deaf(_: int, line: socket.socket) -> None:
        hear(line)

    with server(deaf) as (url, taken):
        with pytest.raises(NoAnswer) as raised:
            call(url)
        assert not raised.value.timed_out
        assert taken == [0]


def test_an_answer_that_began_is_not_asked_for_again() -> None:
    def half(number: int, line: socket.socket) -> None:
        hear(line)
        line.sendall(OK)
        hear(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with server(half) as (url, taken):
        assert call(url) == b"ok"
        with pytest.raises(NoAnswer):
            call(url)
        assert taken == [0]


def test_a_silent_server_is_a_timeout_and_its_line_is_not_kept() -> None:
    done = threading.Event()

    def silent(number: int, line: socket.socket) -> None:
        if number:
            always(number, line)
        hear(line)
        done.wait(10)

    with server(silent) as (url, taken):
        with pytest.raises(NoAnswer) as raised:
            call(url, timeout_s=0.2)
        assert raised.value.timed_out
        assert call(url) == b"ok"
        done.set()
        assert taken == [0, 1]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
    ids=["close", "old"],
)
def test_a_server_that_wants_to_close_may(answer: bytes) -> None:
    def closing(_: int, line: socket.socket) -> None:
        hear(line)
        line.sendall(answer)
        hear(line)

    with server(closing) as (url, taken):
        assert [call(url), call(url)] == [b"ok", b"ok"]
        assert taken == [0, 1]


def test_what_comes_unasked_ends_the_line() -> None:
    sent = threading.Event()

    def chatty(_: int, line: socket.socket) -> None:
        hear(line)
        line.sendall(OK)
        sent.wait(5)
        line.sendall(OK)
        hear(line)

    with server(chatty) as (url, taken):
        assert call(url) == b"ok"
        sent.set()
        ((kept, _),) = next(iter(outgoing._idle.values()))
        kept.settimeout(5)
        assert kept.recv(1, socket.MSG_PEEK)
        assert call(url) == b"ok"
        assert taken == [0, 1]


def test_nothing_leaves_for_an_address_of_our_own_network() -> None:
    with server(always) as (url, taken):
        with pytest.raises(NotSent):
            exchange(url, b"{}", {}, timeout_s=1, local=False, keep=True)
        assert call(url) == b"ok"
        # A line that was kept under local rules is not a way in for others: they may not name such a URL at all.
        with pytest.raises(NotSent):
            exchange(url, b"{}", {}, timeout_s=1, local=False, keep=True)
        assert taken == [0]
