"""What a run needs in confidence (the caller's token, a control door's token) on its way through the queue.

AES-256-GCM under a key derived from the callbacks' master, bound to the run. It is stored in no table, and a message older
than its hours opens no more.
"""

import base64
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pitboss.platform.masters import callback_master

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LIFE_MS = 4 * 3_600_000


def _cipher() -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(SHA256(), 32, salt=None, info=b"pitboss certification runs").derive(callback_master())
    return AESGCM(key)


def seal(confidential: Mapping[str, str], run_id: str, now: int) -> str:
    """Text for the queue."""
    nonce = os.urandom(12)
    plain = json.dumps({**confidential, "at": now}).encode()
    return base64.b64encode(nonce + _cipher().encrypt(nonce, plain, run_id.encode())).decode()


def unseal(text: str, run_id: str, now: int) -> dict[str, str]:
    """What was sealed. ValueError if it is of another run, damaged, or over."""
    from cryptography.exceptions import InvalidTag

    raw = base64.b64decode(text)
    try:
        plain = json.loads(_cipher().decrypt(raw[:12], raw[12:], run_id.encode()))
    except InvalidTag:
        raise ValueError("the message was not sealed for this run") from None
    if not 0 <= now - plain.pop("at") <= LIFE_MS:
        raise ValueError("the message is too old")
    return dict(plain)
