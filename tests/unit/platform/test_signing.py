"""Signatures that the public libraries verify."""

import base64
import json
from datetime import UTC, datetime

import pytest
from pitboss.platform import signing
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

pytestmark = pytest.mark.unit

SECRET = signing.tenant_secret(b"master", "tenant-1")
BODY = '{"amount":"12.50","name":"Zoë"}'.encode()


def test_the_public_library_verifies_what_we_sign() -> None:
    now = int(datetime.now(UTC).timestamp())
    headers = signing.headers(SECRET, "ref-1", now, BODY)
    assert Webhook(signing.printable_secret(SECRET)).verify(BODY.decode(), headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.printable_secret(SECRET)).verify(BODY.decode() + " ", headers)


def test_we_verify_what_the_public_library_signs() -> None:
    moment = datetime.now(UTC)
    stamp = str(int(moment.timestamp()))
    signature = Webhook(signing.printable_secret(SECRET)).sign("ref-1", moment, BODY.decode())
    headers = {"webhook-id": "ref-1", "webhook-timestamp": stamp, "webhook-signature": f"v1,x {signature}"}
    assert signing.fault(SECRET, headers, BODY, int(stamp)) == ""


def test_anything_that_was_touched_is_a_fault() -> None:
    now = 1_767_225_600
    good = signing.headers(SECRET, "ref-1", now, BODY)
    assert signing.fault(SECRET, good, BODY, now + signing.TOLERANCE_S) == ""
    touched = [
        (SECRET, good, BODY + b" ", now),
        (SECRET, {**good, "webhook-id": "ref-2"}, BODY, now),
        (SECRET, {**good, "webhook-timestamp": str(now + 1)}, BODY, now),
        (SECRET, {**good, "webhook-timestamp": "²"}, BODY, now),
        (SECRET, {**good, "webhook-signature": ""}, BODY, now),
        (SECRET, {**good, "webhook-signature": "v1,\ud800"}, BODY, now),
        (SECRET, {k: v for k, v in good.items() if k != "webhook-id"}, BODY, now),
        (SECRET, good, BODY, now + signing.TOLERANCE_S + 1),
        (SECRET, good, BODY, now - signing.TOLERANCE_S - 1),
        (signing.tenant_secret(b"master", "tenant-2"), good, BODY, now),
    ]
    for secret, headers, body, at in touched:
        assert signing.fault(secret, headers, body, at)


def test_the_derivation_is_hkdf() -> None:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    expected = HKDF(SHA256(), 32, salt=b"pitboss/callback-secrets/v1", info=b"tenant-1").derive(b"master")
    assert expected == SECRET
    assert base64.b64decode(signing.printable_secret(SECRET).removeprefix("whsec_")) == expected
