"""The page that a launch URL opens, in Chromium: it opens the play, shows its odds, spins, and keeps to its own policy."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.functions import load

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

PAGE = "/demo-operator/game"
# What a player's finger does; it stands in for a click since nothing but a browser is at hand.
FINGER = """<script nonce="%s">setInterval(() => {
  if (!document.getElementById("spin").disabled && document.getElementById("rounds").rows.length < 3)
    document.getElementById("spin").click();
}, 200);</script></body>"""


class Door(BaseHTTPRequestHandler):
    """The demo operator's function behind HTTP; one call at a time."""

    finger = False

    def do_GET(self) -> None:
        self._serve(None)

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def _serve(self, body: str | None) -> None:
        event: dict[str, Any] = {
            "httpMethod": self.command,
            "resource": self.path,
            "headers": dict(self.headers),
            "body": body,
            "requestContext": {"requestId": "browser"},
        }
        answer = load("demo_operator").handler(event, None)
        text: str = answer["body"]
        if self.path == PAGE and self.finger:
            nonce = re.search(r'nonce="([^"]+)"', text)
            assert nonce is not None
            text = text.replace("</body>", FINGER % nonce[1])
        raw = text.encode()
        self.send_response(answer["statusCode"])
        for name, value in answer["headers"].items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def address(aws: dict[str, str]) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}{PAGE}"
    server.shutdown()
    server.server_close()
    thread.join()


def seen(folder: Path, url: str) -> str:
    """The page as it stands after eight seconds of its own time."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={folder}",
        "--virtual-time-budget=8000",
        "--dump-dom",
        url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout.partition("<script")[0]


def test_the_page_opens_a_demo_and_shows_its_odds_and_ways_back(address: str, tmp_path: Path) -> None:
    dom = seen(
        tmp_path,
        f"{address}#mode=demo&game=slot&lobby=https%3A%2F%2Fc.example%2F&deposit=javascript:1&elapsed=12",
    )
    assert '<output id="balance">1000.00 FUN</output>' in dom
    assert "Return to player 96.00 %" in dom
    assert 'href="https://c.example/"' in dom
    assert "javascript:1" not in dom
    assert '<output id="time">12</output>' in dom


def test_a_spin_is_shown_with_what_it_paid(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Door, "finger", True)
    dom = seen(tmp_path, f"{address}#mode=demo&game=slot")
    rows = re.findall(r"<tr><td>(\d+)</td><td>0.20</td><td>(\d+) x</td><td>([\d.]+)</td></tr>", dom)
    assert len(rows) == 3
    won = sum(int(paid.replace(".", "")) for _, _, paid in rows)
    left = 100_000 - 60 + won
    assert f'<output id="balance">{left // 100}.{left % 100:02d} FUN</output>' in dom


def test_a_launch_that_is_none_says_so(address: str, tmp_path: Path) -> None:
    dom = seen(tmp_path, f"{address}#mode=real&game=slot&tenant=t&token=pl_x")
    (said,) = re.findall(r'<p id="said"[^>]*>(.*?)</p>', dom)
    assert "PUT /demo-operator/game/provider" in said
    assert '<button id="spin" type="button" disabled="">' in dom
