"""Secrets as people paste them. Pure."""

import base64
import binascii

PREFIX = "whsec_"


def secret_bytes(text: str) -> bytes:
    """The bytes of a `whsec_` secret (or of bare base64), as the Standard Webhooks libraries take it. ValueError."""
    try:
        return base64.b64decode(text.strip().removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("a secret is whsec_ and base64, as GET /callback-secret shows it") from None
