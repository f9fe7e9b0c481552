"""The vendors' own protocols over HTTP on the deployed stack: no API token, the same wallet."""

import http.client
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from pitboss.dialects.public import CODECS, Credential, Said, Terms
from pitboss.kernel.refusal import Refusal

from devtools.client import Hub
from tests.conftest import Stack
from tests.e2e.conftest import now_ms, poll

pytestmark = pytest.mark.e2e

GAME = "palace-slot"


@dataclass
class Vendor:
    """A vendor at its door."""

    base: str
    profile: str
    door: str
    credential: Credential
    nonce: int

    def raw(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        url = urlsplit(self.base)
        line = http.client.HTTPConnection(url.netloc, timeout=30)
        try:
            path = url.path.removesuffix("/api") + self.door
            line.request("POST", path, body, headers)
            answer = line.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            line.close()

    def ask(self, document: dict[str, Any]) -> dict[str, Any]:
        self.nonce += 1
        codec = CODECS[self.profile]
        terms = Terms(self.profile, "minor" if self.profile == "mascot" else "decimal")
        sent = codec.encode_request(document, terms, self.credential, now_ms() // 1000, str(self.nonce))
        return codec.decode_reply(document, Said(*self.raw(sent.body, dict(sent.headers))), terms)


@pytest.fixture(scope="module", params=["slotcity-v4", "slotcity-v1", "mascot"])
def vendor(request: pytest.FixtureRequest, hub: Hub, stack: Stack) -> Vendor:
    """An integration of its own for each protocol."""
    name = f"vendor-{request.param}"
    row = {"gameId": f"{GAME}-{request.param}", "displayName": "Slot", "gameProviderDisplayName": "Palace"}
    hub("PUT", f"/integrations/{name}/games", {"games": [row]})
    view = hub("PUT", f"/integrations/{name}/wallet", {"profile": request.param, "brandId": "aurora"})
    secret = hub("POST", f"/integrations/{name}/wallet-secret", {})
    credential = Credential(secret["secret"].encode(), b"", secret["keyId"] or "")
    return Vendor(stack.api_url, request.param, view["door"], credential, now_ms())


def test_a_round_through_the_door(vendor: Vendor, hub: Hub) -> None:
    user = f"v-{uuid.uuid4().hex[:10]}"
    player = hub("POST", "/players", {"brandId": "aurora", "userId": user})
    token = hub("POST", f"/players/{player['id']}/sessions", {"device": "desktop"})["sessionToken"]
    first = {"transactionId": f"d-{user}", "amount": "100.00"}
    hub("POST", f"/players/{player['id']}/deposit", first, key=f"k-{user}")
    head = {
        "userId": user,
        "sessionToken": token,
        "roundId": f"r-{user}",
        "gameId": f"{GAME}-{vendor.profile}",
        "currency": "EUR",
    }
    if vendor.profile != "mascot":
        del head["sessionToken"]
    bet = {**head, "action": "bet", "transactionId": f"b-{user}", "amount": "10.00"}
    win = {**head, "action": "win", "transactionId": f"w-{user}", "amount": "25.50", "roundClosed": True}
    assert vendor.ask(bet)["balance"] == "90.00"
    assert vendor.ask(win)["balance"] == "115.50"
    assert vendor.ask({**head, "action": "balance"})["balance"] == "115.50"
    # What moved stands in the hub's own history, under the vendor's ids.
    seen = poll(
        lambda: hub("GET", "/transactions", provider=f"vendor-{vendor.profile}", transactionId=f"b-{user}"),
        lambda answer: bool(answer["transactions"]),
    )
    assert [row["amount"] for row in seen["transactions"]] == ["10.00"]


def test_one_bet_sent_ten_times_at_once_takes_one_stake(vendor: Vendor, hub: Hub) -> None:
    user = f"v-{uuid.uuid4().hex[:10]}"
    player = hub("POST", "/players", {"brandId": "aurora", "userId": user})
    token = hub("POST", f"/players/{player['id']}/sessions", {"device": "desktop"})["sessionToken"]
    first = {"transactionId": f"d-{user}", "amount": "100.00"}
    hub("POST", f"/players/{player['id']}/deposit", first, key=f"k-{user}")
    head = {"userId": user, "roundId": f"r-{user}", "gameId": f"{GAME}-{vendor.profile}", "currency": "EUR"}
    head |= {"sessionToken": token} if vendor.profile == "mascot" else {}
    bet = {**head, "action": "bet", "transactionId": f"b-{user}", "amount": "10.00"}

    def once(number: int) -> str:
        mine = replace(vendor, nonce=vendor.nonce + 1000 + number)
        try:
            return str(mine.ask(bet)["status"])
        except Refusal as refusal:
            return refusal.name

    with ThreadPoolExecutor(10) as pool:
        told = list(pool.map(once, range(10)))
    # A protocol that answers a repetition with an error says so; a busy one may say that it could not decide.
    assert set(told) <= {"OK", "TX_ALREADY_PROCESSED", "INTERNAL_ERROR"}
    assert "OK" in told
    assert vendor.ask({**head, "action": "balance"})["balance"] == "90.00"


def test_a_stranger_at_the_door(vendor: Vendor) -> None:
    stranger = Vendor(vendor.base, vendor.profile, vendor.door, Credential(b"x" * 32, b"", "k1"), 1)
    codec, terms = CODECS[vendor.profile], Terms(vendor.profile, "decimal")
    document = {"action": "balance", "userId": "alice", "currency": "EUR"}
    sent = codec.encode_request(document, terms, stranger.credential, now_ms() // 1000, "1")
    status, headers, body = stranger.raw(sent.body, dict(sent.headers))
    assert status == (401 if vendor.profile == "mascot" else 200)
    assert headers["pitboss-error"] == "SIGNATURE_INVALID"
    assert "balance" not in body.decode()
    assert json.loads(body) is not None
