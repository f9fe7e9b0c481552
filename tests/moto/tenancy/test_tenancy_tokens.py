"""The authorizer and player tokens."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from pitboss.platform.aws import secrets
from pitboss.platform.caller import SCOPES, Caller
from pitboss.platform.clock import now_ms
from pitboss.platform.settings import setting
from pitboss.tenancy import store, tokens
from pitboss.tenancy.api import api
from pitboss.tenancy.public import jwks, mint_player_token
from pitboss.tenancy.tokens import token_hash

from tests.tenancy_world import ARN, Client, authorize, root_client

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]


@pytest.fixture
def root(aws: dict[str, str]) -> Client:
    return root_client(api)


def mint(*, tenant: str = "t", ttl_s: int = 600, now: int | None = None) -> str:
    return mint_player_token(tenant, "tour", "aurora", "p1", "Ann", now or now_ms(), ttl_s)


def parts(token: str) -> list[dict[str, Any]]:
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]]


def test_a_token_becomes_its_caller_for_the_whole_stage(root: Client) -> None:
    answer = authorize(root.token, "POST", "/agents")
    assert answer is not None
    statement = answer["policyDocument"]["Statement"]
    assert statement == [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{ARN}/*"}]
    caller = Caller.from_context(answer["context"]["caller"])
    assert (caller.kind, caller.scopes) == ("api", frozenset(SCOPES))
    assert caller.path == f"/{caller.tenant_id}/"
    assert root.token not in json.dumps(answer)


def test_upper_case_is_the_same_uuid(root: Client) -> None:
    assert authorize(root.token.upper()) is not None


@pytest.mark.parametrize(
    "token",
    ["", "x", "00000000-0000-4000-8000-000000000000", "eyJ.x.y", "eyJhbGciOiJub25lIn0.e30.", "a" * 5000],
)
def test_what_opens_nothing(root: Client, token: str) -> None:
    assert authorize(token) is None


@pytest.mark.parametrize("header", ["Basic {}", "{}", "Bearer  ", "Bearer {} x"])
def test_only_bearer_tokens_are_read(root: Client, header: str) -> None:
    from pitboss.tenancy import authorizer

    event = {"headers": {"Authorization": header.format(root.token)}, "methodArn": f"{ARN}/GET/x"}
    denied = authorizer.handler(event, None)
    assert denied["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert denied["context"] == {}


def test_the_day_of_use_is_written_once_a_day(root: Client) -> None:
    from pitboss.tenancy.authorizer import identify

    hashed = token_hash(root.token)
    day = 86_400_000
    noon = now_ms() // day * day + day // 2
    seen = []
    for moment in (noon, noon + 1000, noon + day, noon):
        assert identify(root.token, moment) is not None
        record = store.find_key(hashed)
        assert record is not None
        seen.append(record["lastUsed"])
    assert seen[0] == seen[1] < seen[2] == seen[3]


def test_a_key_deleted_while_it_was_read_is_not_written_back(root: Client) -> None:
    store.mark_used("0" * 64, "2026-01-31")
    assert store.find_key("0" * 64) is None


# ---------------------------------------------------------------- players
def test_a_players_token_names_tournament_and_player() -> None:
    tokens.forget_keys()
    answer = authorize(mint())
    assert answer is not None
    caller = Caller.from_context(answer["context"]["caller"])
    assert caller.kind == "player"
    assert (caller.tenant_id, caller.tournament_id, caller.brand_id, caller.player_id) == (
        "t",
        "tour",
        "aurora",
        "p1",
    )
    assert caller.scopes == frozenset()
    assert caller.path == ""


def test_anyone_can_check_it_against_the_published_keys() -> None:
    tokens.forget_keys()
    token = mint()
    published = jwks()
    assert all("d" not in key for key in published["keys"])
    key = next(k for k in jwt.PyJWKSet.from_dict(published).keys if k.key_id == parts(token)[0]["kid"])
    claims = jwt.decode(token, key.key, algorithms=["EdDSA"], audience="player", issuer="pitboss")
    assert (claims["sub"], claims["name"], claims["exp"] - claims["iat"]) == ("p1", "Ann", 600)


def test_a_repeated_call_mints_the_same_token() -> None:
    tokens.forget_keys()
    moment = now_ms()
    assert mint(now=moment) == mint(now=moment)


def test_it_ends() -> None:
    tokens.forget_keys()
    assert authorize(mint(now=now_ms() - 700_000)) is None
    assert parts(mint(ttl_s=10**9))[1]["exp"] - time.time() <= tokens.MAX_TTL_S


def test_altered_and_foreign_tokens_open_nothing() -> None:
    tokens.forget_keys()
    token = mint()
    head, body, signature = token.split(".")
    claims = {**parts(token)[1], "sub": "p2"}
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    assert authorize(f"{head}.{forged}.{signature}") is None
    assert authorize(f"{head}.{body}.{signature[:-4]}AAAA") is None
    # The public key as an HMAC secret, the classic confusion of algorithms.
    kid = parts(token)[0]["kid"]
    confused = jwt.encode(claims, jwks()["keys"][0]["x"] * 2, algorithm="HS256", headers={"kid": kid})
    assert authorize(confused) is None
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": kid})
    assert authorize(unsigned) is None


def test_a_rotated_secret_signs_anew_and_still_reads_the_former() -> None:
    tokens.forget_keys()
    old = mint()
    secrets().put_secret_value(
        SecretId=setting("SIGNING_SECRET_ARN"), SecretString="another seed of 40 characters......"
    )
    tokens.forget_keys()
    new = mint()
    assert parts(old)[0]["kid"] != parts(new)[0]["kid"]
    assert len(jwks()["keys"]) == 2
    for token in (old, new):
        assert authorize(token) is not None
    # An environment that still holds the former keys fetches them again for a kid it does not know.
    secrets().put_secret_value(
        SecretId=setting("SIGNING_SECRET_ARN"), SecretString="a third seed of 40 characters......."
    )
    stale = tokens._keys
    tokens.forget_keys()
    newest = mint()
    tokens._keys = (now_ms() - tokens.UNKNOWN_KID_MS - 1, stale[1])
    assert authorize(newest) is not None
    assert authorize(old) is None
