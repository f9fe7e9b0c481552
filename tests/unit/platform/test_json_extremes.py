"""Texts that are JSON to the letter and of no use: refused as malformed, never a failure of ours."""

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.platform.wire import load_json
from pitboss.reports.comparing import BadLine, read_file

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text",
    [
        "1e99999999999999999999",
        "1e-99999999999999999999",
        '{"amount": 0.1E+1000000000000000000000}',
        r'"\ud800"',
        r'{"\udc00": 1}',
        r'[["\udbff\ud800"]]',
        "9" * 5000,
        "[" * 100_000,
    ],
    ids=["exponent", "negative", "fraction", "half", "half-name", "two-halves", "digits", "deep"],
)
def test_extremes_are_malformed(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        load_json(text.encode())
    assert refused.value.name == "MALFORMED_JSON"
    refused.value.detail.encode()


def test_whole_pairs_and_long_fractions_are_fine() -> None:
    assert load_json(rb'{"x": "\ud83c\udfb0 \\ud800"}') == {"x": "\U0001f3b0 \\ud800"}
    assert (
        str(load_json(b"0.1000000000000000000000000000000000001"))
        == "0.1000000000000000000000000000000000001"
    )


def test_a_reconciliation_file_with_an_immense_number_has_a_bad_line() -> None:
    good = b'{"transactionId": "t", "action": "bet", "amount": "1.00"}\n'
    first, second = read_file(
        good + b'{"transactionId": "u", "action": "bet", "amount": 1e99999999999999999999}\n'
    )
    assert isinstance(second, BadLine)
    assert not isinstance(first, BadLine)
    with pytest.raises(Refusal) as refused:
        list(read_file(b'[{"amount": 1e99999999999999999999}]'))
    assert refused.value.name == "FILE_INVALID"


def test_a_reconciliation_file_with_half_a_pair_can_be_answered() -> None:
    (line,) = read_file(rb'{"transactionId": "t\ud800", "action": "bet", "userId": "\udc00"}')
    assert not isinstance(line, BadLine)
    assert (line.ext_id, line.user_id) == ("t?", "?")
