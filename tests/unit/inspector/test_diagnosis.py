"""The mistakes of integrators are told by name; each message here is signed with that mistake."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest
from pitboss.inspector.diagnosis import canonical, diagnose, first_difference
from pitboss.platform import signing

pytestmark = pytest.mark.unit

SECRET, FORMER, OTHER = b"s" * 32, b"f" * 32, b"o" * 32
NOW = 1_767_225_600
RAW = b'{"action":"bet","transactionId":"t-1","amount":10.00,"note":"caf\xc3\xa9"}'
DOCUMENT = {"action": "bet", "transactionId": "t-1", "amount": 10.0, "note": "café"}


def b64(made: bytes) -> str:
    return base64.b64encode(made).decode()


def mac(message: bytes, key: bytes = SECRET, algorithm: str = "sha256") -> bytes:
    return hmac.digest(key, message, algorithm)


def told(
    signature: str, *, raw: bytes = RAW, stamp: str = str(NOW), secrets: Any = (SECRET, FORMER)
) -> dict[str, Any]:
    headers = {"webhook-id": "m-1", "webhook-timestamp": stamp, "webhook-signature": signature}
    return diagnose(raw, headers, secrets, NOW)


def sign(body: bytes, key: bytes = SECRET, stamp: str = str(NOW)) -> str:
    return "v1," + b64(mac(canonical("m-1", stamp, body), key))


def test_a_right_signature_is_called_right_with_either_secret() -> None:
    assert told(signing.signature(SECRET, "m-1", NOW, RAW))["cause"] == "valid"
    assert told(sign(RAW, FORMER))["ok"] is True


@pytest.mark.parametrize(
    ("said", "body", "at"),
    [
        ("with spaces", json.dumps({"action": "bet", "n": 1}).encode(), 10),
        (
            "members sorted",
            json.dumps({"n": 1, "action": "bet"}, sort_keys=True, separators=(",", ":")).encode(),
            None,
        ),
        ("indented by 2", json.dumps({"action": "bet", "n": 1}, indent=2).encode(), 1),
        ("newline", b'{"action":"bet","n":1}\n', 22),
    ],
)
def test_a_body_written_again_is_found_with_the_first_byte_that_differs(
    said: str, body: bytes, at: int | None
) -> None:
    raw = b'{"n":1,"action":"bet"}' if at is None else b'{"action":"bet","n":1}'
    found = told(sign(body), raw=raw)
    assert found["cause"] in ("body_reencoded", "wrong_message")
    assert said in found["advice"]
    assert found["firstDifference"] == first_difference(raw, body)
    assert at is None or found["firstDifference"] == at
    assert f"byte {found['firstDifference']}" in found["advice"]


def test_numbers_that_lost_their_zeros_and_escaped_letters_are_found() -> None:
    rewritten = json.dumps(DOCUMENT, separators=(",", ":")).encode()
    found = told(sign(rewritten))
    assert found["cause"] == "body_reencoded"
    assert "escapes" in found["advice"]
    assert "numbers rewritten" in found["advice"]
    assert found["firstDifference"] == RAW.index(b"10.00") + 4


@pytest.mark.parametrize(
    ("cause", "words", "signature"),
    [
        (
            "wrong_key",
            "whsec_",
            "v1," + b64(mac(canonical("m-1", str(NOW), RAW), b"whsec_" + base64.b64encode(SECRET))),
        ),
        (
            "wrong_key",
            "base64 text",
            "v1," + b64(mac(canonical("m-1", str(NOW), RAW), base64.b64encode(SECRET))),
        ),
        ("wrong_key", "hex text", "v1," + b64(mac(canonical("m-1", str(NOW), RAW), SECRET.hex().encode()))),
        ("wrong_encoding", "hex instead", "v1," + mac(canonical("m-1", str(NOW), RAW)).hex()),
        (
            "wrong_encoding",
            "base64 of the hex",
            "v1," + b64(mac(canonical("m-1", str(NOW), RAW)).hex().encode()),
        ),
        ("wrong_encoding", "SHA1", "v1," + b64(mac(canonical("m-1", str(NOW), RAW), algorithm="sha1"))),
        (
            "wrong_encoding",
            "plain SHA-256",
            "v1," + b64(hashlib.sha256(canonical("m-1", str(NOW), RAW) + SECRET).digest()),
        ),
        ("wrong_message", "without id and timestamp", "v1," + b64(mac(RAW))),
        ("wrong_message", "without the id", "v1," + b64(mac(f"{NOW}.".encode() + RAW))),
        ("wrong_message", "without the timestamp", "v1," + b64(mac(b"m-1." + RAW))),
        ("wrong_message", "timestamp before id", "v1," + b64(mac(f"{NOW}.m-1.".encode() + RAW))),
        (
            "wrong_message",
            "hash of the body",
            "v1," + b64(mac(canonical("m-1", str(NOW), hashlib.sha256(RAW).hexdigest().encode()))),
        ),
        ("other_secret_or_body", "another secret", "v1," + b64(mac(canonical("m-1", str(NOW), RAW), OTHER))),
        ("signature_format", "v1,", "sha256=" + mac(RAW, OTHER).hex()),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_other_mistakes_are_named(cause: str, words: str, signature: str) -> None:
    found = told(signature)
    assert (found["ok"], found["cause"]) == (False, cause)
    assert words in found["advice"]


def test_times_and_missing_parts() -> None:
    assert told(sign(RAW, stamp=str(NOW - 301)), stamp=str(NOW - 301))["cause"] == "timestamp_out_of_window"
    in_ms = str(NOW * 1000)
    assert told(sign(RAW, stamp=in_ms), stamp=in_ms)["cause"] == "timestamp_in_ms"
    assert "seconds" in told(sign(RAW), stamp=in_ms)["advice"]
    assert told("")["cause"] == "header_missing"
    assert told(sign(RAW), secrets=())["cause"] == "no_secret"


def test_what_is_told_holds_no_token_and_no_secret() -> None:
    token = "ps_" + "A" * 40
    raw = json.dumps({"sessionToken": token, "password": "hunter22"}).encode()
    found = told(sign(raw + b"\n"), raw=raw)
    text = json.dumps(found)
    assert token not in text
    assert "hunter22" not in text
    assert found["firstDifference"] == len(raw)


def test_hostile_bodies_are_judged_within_a_bound() -> None:
    deep = b"[" * 30_000 + b"]" * 30_000
    for raw in (
        deep,
        b"\xff\xfe\x00",
        b"",
        b'{"a":' + b"9" * 5000 + b"}",
        b'"\\ud800"',
        b'{"a":1e99999999999999999999}',
    ):
        began = time.process_time()
        assert told("v1," + b64(b"x" * 32), raw=raw)["ok"] is False
        assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("one", "other", "at"), [(b"abc", b"abd", 2), (b"ab", b"abc", 2), (b"", b"", None), (b"a", b"", 0)]
)
def test_first_difference(one: bytes, other: bytes, at: int | None) -> None:
    assert first_difference(one, other) == at
