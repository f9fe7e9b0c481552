"""A game provider's side of the wallet, as docs/integrate-provider.md describes it: signed calls, repeated with the same
transaction id until the answer is definite."""

import base64
import json
import random
import time
from typing import Any
from uuid import uuid4

import httpx
from pitboss.platform import signing

ATTEMPTS = 8


class Provider:
    """One provider's key and secret. `calls` counts requests, `repeats` those that were sent again."""

    def __init__(self, url: str, token: str, secret: str, integration: str = "demo") -> None:
        self.secret = base64.b64decode(secret.removeprefix("whsec_"))
        self.http = httpx.Client(
            base_url=f"{url}/wallet",
            timeout=30,
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "Pitboss-Provider": integration,
            },
        )
        self.calls = 0
        self.repeats = 0

    def close(self) -> None:
        """Give the connections back."""
        self.http.close()

    def __call__(self, action: str, **body: Any) -> dict[str, Any]:
        """One wallet call, repeated while the hub says `retryable` or says nothing; answers the last document."""
        raw = json.dumps({"action": action, **body}).encode()
        for attempt in range(ATTEMPTS):
            self.calls += 1
            self.repeats += attempt > 0
            try:
                answer = self.once(action, raw)
            except httpx.TransportError:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                document: dict[str, Any] = answer.json()
                if not document.get("retryable") or attempt == ATTEMPTS - 1:
                    return document
            time.sleep(random.uniform(0.1, 0.4 * 2**attempt))
        raise AssertionError("unreachable")

    def once(self, action: str, raw: bytes) -> httpx.Response:
        """The request itself, under a message id of its own."""
        signed = signing.headers(self.secret, str(uuid4()), int(time.time()), raw)
        return self.http.post(f"/{action}", content=raw, headers=signed)
