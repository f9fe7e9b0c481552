"""docs/integrate-provider.md, run as it stands: its Python, over HTTP, against the functions; its answers, member by member."""

import json
import re
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pitboss.catalogue.api import api as catalogue_api
from pitboss.dialects.api import api as dialects_api
from pitboss.platform import dynamo
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.tenancy.api import api as tenancy_api
from pitboss.wallet import public as wallets
from pitboss.wallet.api import api as wallet_api
from pitboss.wallet.public import Session, Wallet

from devtools.console import ROOT
from tests.dialect_world import forget
from tests.local_front import serving
from tests.tenancy_world import Client, made, operator, root_client

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]

PAGE = (ROOT / "docs" / "integrate-provider.md").read_text("utf-8")
BLOCKS = re.findall(r"```(python|json)\n(.*?)```", PAGE, re.DOTALL)


def launched(tenant_id: str) -> str:
    """The operator's part: a player with 1000.00 who opens the game; answers the launch token."""
    now = now_ms()
    player_id = new_ulid(now)
    fresh = Wallet(tenant_id, player_id, "aurora", "alice", "EUR", 2, "transfer", reality_check_minutes=60)
    dynamo.transact(wallets.open_wallet_ops(fresh))
    wallets.deposit(tenant_id, player_id, "first", 100_000, now=now, seed=new_ulid(now))
    secret = secrets.token_bytes(16)
    waiting = Session(
        new_ulid(now)[-10:],
        b"",
        "lucky-7",
        0,
        0,
        launch=wallets.tokens.digest_of(secret),
        launch_until=now + 600_000,
    )
    wallets.change_wallet(tenant_id, player_id, lambda w: wallets.sessions.launch(w, waiting, now))
    return wallets.tokens.make(tenant_id, player_id, waiting.id, secret, wallets.tokens.LAUNCH)


def test_the_page() -> None:
    forget()
    tenant_id, client = operator(root_client(tenancy_api))
    brands = [{"ref": "o", "name": "O", "brands": [{"ref": "aurora", "name": "Aurora"}]}]
    made(Client(catalogue_api, client.token)("PUT", "/integrations/{id}/operators", brands, id="casino"))
    answers = 0
    with serving([catalogue_api, dialects_api, wallet_api]) as base:
        space: dict[str, Any] = {
            "BASE": base,
            "API_TOKEN": client.token,
            "LAUNCH_TOKEN": launched(tenant_id),
        }
        for language, text in BLOCKS:
            if language == "python":
                exec(compile(text, "docs/integrate-provider.md", "exec"), space)  # noqa: S102 - our own page
                continue
            wanted, given = json.loads(text), space.pop("answer")
            for name, value in wanted.items():
                assert name in given, (name, given)
                assert value in ("…", given[name]), (name, given)
            answers += 1
    assert answers >= 14


def test_the_launch_template_of_the_page_is_one() -> None:
    """What the page sets as launch URL opens the game it says, with the token in it."""
    from pitboss.catalogue.links import expand, faults

    (template,) = re.findall(r'"launchUrl": "([^"]+)"', PAGE)
    assert faults(template, local=False) == []
    url = urlsplit(expand(template, {"game": "lucky-7", "token": "pl_x", "language": "de"}))
    assert url.path == "/lucky-7"
    assert parse_qs(url.query) == {"token": ["pl_x"], "lang": ["de"]}
