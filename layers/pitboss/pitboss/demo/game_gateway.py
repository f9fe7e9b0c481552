"""The demo game's calls of the hub's wallet, as any provider makes them: signed, with a time-out, repeated with the same
transaction id until the answer is definite (docs/integrate-provider.md)."""

import base64
import binascii
import json
import time
from typing import Any, NamedTuple

from pitboss.demo.game import Provider
from pitboss.platform import outgoing, signing
from pitboss.platform.settings import is_local

TIMEOUT_S = 5.0
ATTEMPTS = 3
PAUSE_S = 0.15


class Told(NamedTuple):
    """What the hub said. `definite` is False when nobody can say what happened: time-out, cut, an answer that is none."""

    ok: bool
    definite: bool
    body: dict[str, Any]

    @property
    def name(self) -> str:
        """The catalogue name of a refusal."""
        return str(self.body.get("name", "NO_ANSWER"))


def tell(provider: Provider, route: str, body: dict[str, Any], message_id: str) -> Told:
    """POST a message to `/wallet/<route>`, at most ATTEMPTS times: byte for byte the same under the same `message_id`."""
    told = Told(ok=False, definite=False, body={})
    raw = json.dumps(body, separators=(",", ":")).encode()
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_S * attempt)
        told = _once(provider, route, raw, message_id)
        if told.ok or (told.definite and not told.body.get("retryable")):
            return told
    return told


def _once(provider: Provider, route: str, raw: bytes, message_id: str) -> Told:
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Authorization": f"Bearer {provider.api_token}",
        "Pitboss-Provider": provider.integration_id,
        **signing.headers(secret_of(provider.wallet_secret), message_id, int(time.time()), raw),
    }
    try:
        answer = outgoing.exchange(
            f"{provider.hub_url.rstrip('/')}/wallet/{route}",
            raw,
            headers,
            timeout_s=TIMEOUT_S,
            local=is_local(),
            keep=True,
        )
        said = json.loads(answer.body)
    except outgoing.NotSent as error:
        return Told(
            ok=False, definite=True, body={"name": "NOT_SENT", "detail": str(error), "retryable": True}
        )
    except (outgoing.NoAnswer, ValueError):
        return Told(ok=False, definite=False, body={})
    if not isinstance(said, dict):
        return Told(ok=False, definite=False, body={})
    if answer.status == 200 and said.get("status") == "OK":
        return Told(ok=True, definite=True, body=said)
    # The hub says whether money moved; whoever does not say so is not believed.
    return Told(ok=False, definite=said.get("effect") == "none" and "name" in said, body=said)


def secret_of(printable: str) -> bytes:
    """The bytes of a `whsec_` secret. ValueError for anything else."""
    try:
        return base64.b64decode(printable.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("a wallet secret is whsec_ and base64") from error
