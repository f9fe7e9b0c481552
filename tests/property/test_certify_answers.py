"""Whatever a wallet or a hub under test answers is judged: an answer must not end the certification itself."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pitboss.certify.model import Exchange
from pitboss.certify.replies import Reply, read_hub, read_wallet, shown

pytestmark = pytest.mark.property

DEEP = "[" * 100_000
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("OK")
VALUES = st.recursive(
    LEAVES, lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(), of, max_size=3)
)
NAMES = ("status", "balance", "currency", "replay", "code", "name", "retryable", "effect", "transactionId")
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES).map(json.dumps) | VALUES.map(json.dumps) | st.text()
STATUSES = st.sampled_from([0, 200, 201, 302, 400, 401, 404, 500, 503])
KINDS = st.sampled_from(["application/json", "application/problem+json", ""])


def judged(reply: Reply) -> None:
    assert reply.balance is None or isinstance(reply.balance, Decimal)
    shown(reply).encode()  # a report holds it


@given(STATUSES, BODIES, st.booleans(), st.booleans())
@example(200, DEEP, False, False)
@example(503, '{"status":[]}', False, False)
def test_a_wallets_answer_is_judged_whatever_it_is(
    status: int, body: str, unsigned: Any, malformed: Any
) -> None:
    exchange = Exchange("POST", "http://wallet/bet", "{}", status, body, 1, "", "application/json")
    judged(read_wallet(exchange, exponent=2, currency="EUR", unsigned=unsigned, malformed=malformed))


@given(
    STATUSES, BODIES, KINDS, st.sampled_from(["status", "always200"]), st.sampled_from(["decimal", "minor"])
)
@example(200, DEEP, "application/json", "status", "decimal")
@example(400, '{"name":{}}', "application/problem+json", "always200", "decimal")
def test_a_hubs_answer_is_judged_whatever_it_is(
    status: int, body: str, kind: str, school: str, scale: str
) -> None:
    exchange = Exchange("POST", "http://hub/wallet/bet", "{}", status, body, 1, "", kind)
    switches = {"httpSchool": school, "moneyScale": scale}
    judged(read_hub(exchange, transaction_id="t1", exponent=2, currency="EUR", switches=switches))
