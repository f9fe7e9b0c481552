"""The outgoing call itself, against servers that misbehave in every way."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pitboss.delivery import gateway
from pitboss.delivery.model import Reply
from pitboss.platform import outgoing

from tests.money_world import http_server

pytestmark = pytest.mark.moto

OK = b'{"status":"confirmed","transactionId":"op-1"}'


def call(url: str, *, local: bool = True, body: bytes = b"{}") -> Reply:
    return gateway.post(url, body, {"Content-Type": "application/json"}, ref="r1", local=local)


@contextmanager
def raw_server(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that says what it likes on each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                try:
                    speak(line)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(timeout=5)


def until_eof(line: socket.socket) -> None:
    """Say no more, and stay until the caller goes."""
    while line.recv(4096):
        pass


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> float:
    """The total time-out, short enough for a test."""
    monkeypatch.setattr(gateway, "TOTAL_TIMEOUT_S", 0.6)
    return 0.6


def test_what_is_sent_and_what_comes_back() -> None:
    seen: list[Any] = []

    def script(path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        seen.append((path, headers, body))
        return 200, "application/json", OK

    with http_server(script) as url:
        reply = call(f"{url}/hook?casino=1", body=b'{"a":"\xc3\xa9"}')
    assert (reply.verdict, reply.status, reply.transaction_id) == ("confirmed", 200, "op-1")
    ((path, headers, body),) = seen
    assert (path, body) == ("/hook?casino=1", b'{"a":"\xc3\xa9"}')
    assert headers["host"] == url.removeprefix("http://")
    assert headers["content-length"] == "10"


@pytest.mark.parametrize(
    "size", [outgoing.ANSWER_LIMIT, outgoing.ANSWER_LIMIT + 1, 20 * outgoing.ANSWER_LIMIT]
)
def test_no_more_than_the_limit_is_read(size: int) -> None:
    padded = OK + b" " * (size - len(OK))
    with http_server(lambda *_: (200, "application/json", padded)) as url:
        reply = call(url)
    assert reply.verdict == ("confirmed" if size == outgoing.ANSWER_LIMIT else "unknown")


def test_a_redirect_is_not_followed() -> None:
    def speak(line: socket.socket) -> None:
        line.recv(65536)
        line.sendall(b"HTTP/1.1 307 Moved\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")

    with raw_server(speak) as url:
        assert (call(url).verdict, call(url).status) == ("unknown", 307)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + OK,
        b"HTTP/1.1 abc OK\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 200 + b"\r\n" + OK,
    ],
)
def test_a_broken_answer_is_unknown(said: bytes, patience: float) -> None:
    def speak(line: socket.socket) -> None:
        line.recv(65536)
        line.sendall(said)

    with raw_server(speak) as url:
        assert call(url).verdict == "unknown"


def test_a_server_that_says_nothing_is_left(patience: float) -> None:
    with raw_server(until_eof) as url:
        began = time.monotonic()
        reply = call(url)
    assert (reply.verdict, reply.detail) == ("unknown", "no answer: timed out")
    assert time.monotonic() - began < patience * 4


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"]
)
def test_a_server_that_drips_is_left_as_well(head: bytes, patience: float) -> None:
    def speak(line: socket.socket) -> None:
        line.sendall(head)
        while True:
            line.sendall(b"a")
            time.sleep(0.05)

    with raw_server(speak) as url:
        began = time.monotonic()
        assert call(url).verdict == "unknown"
    assert time.monotonic() - began < patience * 4


def test_a_connection_that_is_cut_after_the_request_is_unknown(patience: float) -> None:
    def speak(line: socket.socket) -> None:
        line.recv(10)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with raw_server(speak) as url:
        assert call(url, body=b"x" * 100_000).verdict == "unknown"


def test_a_closed_port_is_unsent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert call(f"http://127.0.0.1:{port}/").verdict == "unsent"


def test_an_unknown_name_is_unsent() -> None:
    assert call("https://no-such-host.invalid/").verdict == "unsent"


# ---------------------------------------------------------------- where it may go
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0",
        "169.254.169.254",
        "10.0.0.7",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::a00:1]",
        "[fd00:ec2::254]",
    ],
)
def test_outside_of_a_laptop_no_inner_address_is_ever_connected_to(host: str) -> None:
    connected: list[int] = []
    with raw_server(lambda line: connected.append(1)) as url:
        port = url.split(":")[2].split("/")[0]
        reply = call(f"https://{host}:{port}/hook", local=False)
    assert reply.verdict == "unsent"
    assert "public" in reply.detail or "not known" in reply.detail or "not valid" in reply.detail
    assert connected == []


def test_plain_http_is_for_laptops_only() -> None:
    assert "https" in call("http://casino.example/", local=False).detail


def test_a_name_is_looked_up_once_and_every_address_must_be_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers differently each time cannot move the connection to another address."""
    asked: list[str] = []
    connected: list[str] = []
    answers: list[list[str]] = [["93.184.216.34", "10.0.0.1"], ["93.184.216.34"], ["127.0.0.1"]]

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in answers[len(asked) - 1]]

    def connect(address: tuple[str, int], **_: Any) -> Any:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert "10.0.0.1" in call("https://casino.example/", local=False).detail
    assert connected == []
    assert call("https://casino.example/", local=False).verdict == "unsent"
    assert (asked, connected) == (["casino.example"] * 2, ["93.184.216.34"])


# ---------------------------------------------------------------- TLS
def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for a name, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    crt, pem = folder / f"{name}.crt", folder / f"{name}.key"
    crt.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return crt, pem


@pytest.fixture
def tls_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """An https server whose certificate, for `localhost`, the caller trusts; and the names that callers asked for."""
    crt, key = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(crt))
    outgoing.tls.cache_clear()
    names: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    context.sni_callback = lambda _sock, name, _context: names.append(name or "")

    def speak(line: socket.socket) -> None:
        with context.wrap_socket(line, server_side=True) as safe:
            heard = b""
            while not heard.endswith(b"{}"):
                heard += safe.recv(65536)
            names.append(heard.decode().split("Host: ")[1].split("\r\n")[0])
            safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(OK), OK))

    with raw_server(speak) as url:
        yield url.replace("http://", "https://"), names
    outgoing.tls.cache_clear()


def test_the_name_is_kept_though_the_address_is_called(tls_server: tuple[str, list[str]]) -> None:
    url, names = tls_server
    named = url.replace("127.0.0.1", "localhost")
    assert call(named).verdict == "confirmed"
    assert names == ["localhost", named.removeprefix("https://").removesuffix("/hook")]


def test_a_certificate_of_another_name_is_refused_before_anything_is_sent(
    tls_server: tuple[str, list[str]],
) -> None:
    url, _ = tls_server
    reply = call(url)  # 127.0.0.1 is not in the certificate
    assert reply.verdict == "unsent"
    assert "CERTIFICATE" in reply.detail.upper()


def test_a_certificate_that_nobody_vouches_for_is_refused(
    tls_server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, _ = tls_server
    monkeypatch.delenv("SSL_CERT_FILE")
    outgoing.tls.cache_clear()
    assert call(url.replace("127.0.0.1", "localhost")).verdict == "unsent"
