"""What is kept of a call holds no token, and every offset still means the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.inspector.model import redact

pytestmark = pytest.mark.unit

TOKEN = b"ps_dGVuYW50fHBsYXllcnxzZXNzaW9u-_9"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"sessionToken":"' + TOKEN + b'","amount":1}',
        b'{"sessionToken" : "' + TOKEN + b'"}',
        b'{"SESSIONTOKEN":"' + TOKEN + b'"}',
        b'{"other":["' + TOKEN + b'"]}',
        b'{"url":"https://x.example/?t=' + TOKEN + b'"}',
        b"Authorization: Bearer " + TOKEN,
        b'{"secret":"whsec_' + TOKEN + b'"}',
    ],
)
def test_tokens_are_masked_wherever_they_stand(raw: bytes) -> None:
    masked = redact(raw)
    assert len(masked) == len(raw)
    assert TOKEN[3:] not in masked
    assert redact(masked) == masked


def test_all_else_stays_to_the_byte() -> None:
    raw = b'{"transactionId":"ps_1","amount":"10.00","note":"tokens are fine","x":"\\u00e9\xff"}'
    assert redact(raw) == raw


def test_escaped_quotes_do_not_end_a_secret_early() -> None:
    assert b"tail" not in redact(rb'{"password":"head\"tail","n":1}')


@given(st.binary(max_size=300))
def test_any_bytes_keep_their_length(raw: bytes) -> None:
    assert len(redact(raw)) == len(raw)
