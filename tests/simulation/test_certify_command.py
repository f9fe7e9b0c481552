"""The command `pitboss certify` as somebody at a terminal uses it, against the example wallet; and its line to the wallet."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pitboss.certify import cli
from pitboss.certify.gateway import Line, LineError
from pitboss.certify.model import Exchange
from pitboss.platform.signing import printable_secret

from devtools.console import ROOT
from tests.wallet_world import SECRET, new_wallet, serving

pytestmark = pytest.mark.simulation


@pytest.fixture
def wallet_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PITBOSS_SECRET", raising=False)
    wallet = new_wallet()
    wallet.put("certify", "alice")
    wallet.put("certify", "bob", balance=3)
    with serving(wallet) as url:
        yield url


def command(*arguments: str) -> int:
    """Exit status of the command."""
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    return end.value.code if isinstance(end.value.code, int) else 1


def certify(url: str, *more: str) -> int:
    return command("certify", url, "--secret", printable_secret(SECRET), *more)


PLAYERS = ("--player", "alice", "--player", "bob")


def test_a_right_wallet_is_certified_with_a_table_and_two_reports(
    wallet_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert certify(wallet_url, *PLAYERS, "--only", "1-20,42") == 0
    said = capsys.readouterr().out
    assert "certified: 21 of 21 passed, profile default" in said
    assert said.count("\n  ok ") + said.startswith("  ok ") == 21
    report = json.loads((tmp_path / "certification.json").read_text("utf-8"))
    assert (report["certified"], report["passed"], report["target"]) == (True, 21, "wallet")
    assert "Certified" in (tmp_path / "certification.html").read_text("utf-8")


def test_a_configuration_file_says_it_all(wallet_url: str, tmp_path: Path) -> None:
    (tmp_path / "certify.toml").write_text(
        f'url = "{wallet_url}"\nsecret = "{printable_secret(SECRET)}"\n[[players]]\nuserId = "alice"\n',
        "utf-8",
    )
    assert command("certify", "--only", "3,19", "--quiet", "--json", "one.json", "--html", "one.html") == 0
    states = [c["state"] for c in json.loads((tmp_path / "one.json").read_text("utf-8"))["cases"]]
    assert states == ["passed", "skipped"]  # case 19 needs two players


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("certify", "http://127.0.0.1:9"), "secret"),
        (("certify", "http://127.0.0.1:9", "--secret", "whsec_AAAA", "--player", "a"), "no connection"),
        (("certify", "http://127.0.0.1:9", "--secret", "whsec_AAAA"), "at least one player"),
        (("certify", "http://127.0.0.1:9", "--secret", "not base64", "--player", "a"), "whsec_"),
        (("certify", "gopher://x", "--secret", "whsec_AAAA", "--player", "a"), "https"),
        (("certify", "--hub", "http://127.0.0.1:9"), "API token"),
        (("certify", "--hub", "http://127.0.0.1:9", "--token", "t", "--mode", "seamless"), "--control"),
        (("certify", "--config", "nowhere.toml"), "nowhere.toml"),
        (("certify", "http://127.0.0.1:9", "--profile", "hub88"), "--hub"),
    ],
    ids=[
        "no-secret",
        "nobody-there",
        "no-player",
        "bad-secret",
        "scheme",
        "no-token",
        "no-control",
        "no-file",
        "profile-of-a-wallet",
    ],
)
def test_what_cannot_begin_says_why_and_exits_with_2(
    wallet_url: str, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    assert command(*arguments) == 2
    assert told in capsys.readouterr().err


def test_a_wrong_secret_is_one_message_and_not_95(
    wallet_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = printable_secret(SECRET[::-1])
    assert command("certify", wallet_url, "--secret", wrong, *PLAYERS) == 2
    assert "SIGNATURE_INVALID" in capsys.readouterr().err


def test_a_case_that_names_nothing_is_a_mistake(wallet_url: str) -> None:
    assert certify(wallet_url, *PLAYERS, "--only", "97") == 2


def test_case_23_replays_what_earlier_runs_have_left(wallet_url: str, tmp_path: Path) -> None:
    arguments = (*PLAYERS, "--only", "23", "--memory", "memory.jsonl", "--quiet")

    def case() -> dict[str, Any]:
        report = json.loads((tmp_path / "certification.json").read_text("utf-8"))
        one: dict[str, Any] = report["cases"][0]
        return one

    assert certify(wallet_url, *arguments) == 1  # nothing passed yet: nothing is certified
    assert case()["state"] == "skipped"
    # The same file an age later: 30 days are put on the record, not on a clock.
    path = tmp_path / "memory.jsonl"
    kept = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**kept, "at": kept["at"] - 30 * 86_400_000}) + "\n", "utf-8")
    assert certify(wallet_url, *arguments) == 0
    assert "oldest replay: 720.0 h" in case()["note"]
    # A wallet that has forgotten is found out: what was left is unknown to it.
    forged = {**kept, "at": kept["at"] - 86_400_000, "document": {**kept["document"], "amount": "11.00"}}
    path.write_text(json.dumps(forged) + "\n", "utf-8")
    assert certify(wallet_url, *arguments) == 1
    assert case()["failure"]["expected"].startswith("a replay after 24.0 h")


def test_the_command_needs_nothing_but_python() -> None:
    source = f"import sys; sys.path.insert(0, {str(ROOT / 'layers/pitboss')!r}); from pitboss.certify.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", source, "cases"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "95  [N] The day's books agree" in done.stdout


# ---------------------------------------------------------------- the line
class Oddity:
    """A server that gives each connection these bytes after a request, and counts requests."""

    def __init__(self, answer: bytes, *, hold: bool = False) -> None:
        self.answer, self.hold, self.requests = answer, hold, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/base"
        self.open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(line)
            threading.Thread(target=self._speak, args=(line,), daemon=True).start()

    def _speak(self, line: socket.socket) -> None:
        try:
            while b"\r\n\r\n" in line.recv(65536):
                self.requests += 1
                line.sendall(self.answer)
                if not self.hold:
                    return
        except OSError:
            return
        finally:
            if not self.hold:
                line.close()

    def close(self) -> None:
        for line in self.open:
            line.close()
        self.listener.close()


def call(url: str, fault: dict[str, str], *, timeout_s: float = 1.0) -> Exchange:
    line = Line(url, timeout_s=timeout_s)
    try:
        return asyncio.run(line.call("POST", "/bet", b'{"a":1}', {}, fault))
    finally:
        line.close()


GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def test_faults_of_the_line_are_what_they_say() -> None:
    server = Oddity(GOOD)
    try:
        assert call(server.url, {}).answer == "{}"
        assert server.requests == 1
        assert call(server.url, {"drop-request": ""}).status == 0
        assert server.requests == 1
        lost = call(server.url, {"drop-reply": ""})
        assert (lost.status, lost.answer, server.requests) == (0, "", 2)
        assert "thrown away" in lost.note
        assert call(server.url, {"duplicate": ""}).status == 200
        assert server.requests == 4
        assert "cut by the kit" in call(server.url, {"cut": ""}).note
        assert "middle of the request" in call(server.url, {"cut-body": ""}).note
    finally:
        server.close()


@pytest.mark.parametrize(
    ("answer", "hold"),
    [
        (b"", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", True),
        (b"nonsense\r\n\r\n", False),
        (b"", False),
    ],
    ids=["silent", "half", "no-http", "closed"],
)
def test_a_strange_server_is_no_answer_within_the_time(answer: bytes, *, hold: bool) -> None:
    server = Oddity(answer, hold=hold)
    try:
        exchange = call(server.url, {}, timeout_s=0.3)
    finally:
        server.close()
    assert (exchange.status, exchange.answer) == (0, "")
    assert "no answer" in exchange.note
    assert exchange.elapsed_ms < 5000


def test_what_is_no_url_is_refused() -> None:
    for url in ("wallet.example", "file:///etc/passwd", "http://"):
        with pytest.raises(LineError):
            Line(url)
