"""Every operation of our own OpenAPI document, called with generated input: no server error, no undocumented answer.

Only input that the schema allows is generated here, and what the business refuses is a fine answer; hostile input has
tests of its own. Examples are few and the same each time, so that the run is short and repeatable; PITBOSS_EXAMPLES
asks for more.
"""

import base64
import itertools
import json
import os
import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from pitboss.platform import signing
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from devtools import seed
from devtools.client import Hub
from devtools.console import ROOT
from devtools.seed import DemoTenant
from tests.conftest import Stack

pytestmark = pytest.mark.schema

DOCUMENT: dict[str, Any] = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Members of a wallet message that only a real value takes past the first look.
KNOWN = {"gameId": "crash-classic", "currency": "EUR"}
WALLET = re.compile(r"/wallet/(authenticate|balance|bet|win|rollback|end-round|transaction)")
UNREACHED = {"SIGNATURE_INVALID", "VALIDATION_ERROR", "TOKEN_INVALID", "GAME_NOT_FOUND", "CURRENCY_MISMATCH"}
EXAMPLES = int(os.environ.get("PITBOSS_EXAMPLES", "4"))
OPERATIONS = [result.ok() for result in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]


def test_the_document_has_operations() -> None:
    assert len(OPERATIONS) > 50


class Signer(requests.auth.AuthBase):
    """Signs the bytes that really go out, as a game provider does (docs/integrate-provider.md)."""

    def __init__(self, secret: str) -> None:
        self.secret = base64.b64decode(secret.removeprefix("whsec_"))

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else bytes(body)
        request.headers.update(signing.headers(self.secret, str(uuid4()), int(time.time()), raw))
        return request


class Provider(NamedTuple):
    """A provider with a player at its game."""

    headers: dict[str, str]
    signer: Signer
    session: str


@pytest.fixture(scope="module")
def provider(stack: Stack, root: Hub, tenants: tuple[DemoTenant, DemoTenant]) -> Iterator[Provider]:
    """An operator of its own: what the other operations change of the rival's must not keep a bet from its end."""
    made = seed.make_operator(root, DemoTenant("", "", tenants[0].root_token), "Provider Group")
    hub = Hub(stack.api_url, made.token)
    seed.configure(hub, stack.api_url)
    secret = seed.wallet_secret(hub)
    player = hub("POST", "/players", {"brandId": "aurora", "userId": "generated"})["id"]
    hub("POST", f"/players/{player}/deposit", {"transactionId": "d1", "amount": "100000.00"})
    session = hub("POST", f"/players/{player}/sessions", {"device": "web"})["sessionToken"]
    yield Provider(
        {"Authorization": f"Bearer {made.token}", "Pitboss-Provider": "demo"}, Signer(secret), session
    )
    hub.close()


def known(message: Any, number: int) -> Any:
    """A generated message or action with a known game and currency and an amount that there is, where it has these."""
    if not isinstance(message, dict):
        return message
    told = {name: KNOWN.get(name, value) for name, value in message.items()}
    if told.get("amount") is not None:
        told["amount"] = (f"{number}.50", number, "0")[number % 3]
    if isinstance(told.get("actions"), list):
        told["actions"] = [known(one, number + place) for place, one in enumerate(told["actions"])]
    return told


@pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if WALLET.fullmatch(o.path)], ids=lambda o: o.path
)
def test_a_signed_message_reaches_the_wallet(operation: Any, stack: Stack, provider: Provider) -> None:
    numbers, outcomes = itertools.count(1), set()

    @settings(
        max_examples=2 * EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        message = known(case.body, next(numbers))
        for other in ("launchToken", "brandId", "userId"):
            message.pop(other, None)
        case.body = {**message, "sessionToken": provider.session}
        case.headers = {**(case.headers or {}), **provider.headers}
        case.headers.pop("Pitboss-Tenant", None)
        answer = case.call_and_validate(base_url=stack.api_url, auth=provider.signer, checks=CHECKS)
        outcomes.add(answer.json().get("name") or answer.json()["status"])

    run()
    assert "SIGNATURE_INVALID" not in outcomes
    assert outcomes - UNREACHED, outcomes


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: f"{o.method.upper()} {o.path}")
def test_an_operation_answers_as_documented(
    operation: Any, stack: Stack, tenants: tuple[DemoTenant, DemoTenant]
) -> None:
    demo = operation.path.startswith("/demo-operator")
    headers = (
        {"X-Demo-Token": tenants[1].demo_token} if demo else {"Authorization": f"Bearer {tenants[1].token}"}
    )

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy())
    def run(case: Any) -> None:
        case.call_and_validate(base_url=stack.api_url, headers=headers, checks=CHECKS)

    run()
