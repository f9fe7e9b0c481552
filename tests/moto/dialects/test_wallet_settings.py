"""An integration's wallet settings: profiles, overrides, secrets that are shown once and rotated without a gap."""

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from pitboss.catalogue import links
from pitboss.catalogue import public as catalogue
from pitboss.dialects import keys, settings
from pitboss.dialects import store as doors
from pitboss.platform import dynamo, masters, signing
from pitboss.platform.aws import secrets as aws_secrets
from pitboss.platform.clock import now_ms
from pitboss.platform.masters import callback_master
from pitboss.platform.settings import setting
from pitboss.wallet import guard
from pitboss.wallet.profile import Profile

from tests.dialect_world import BRAND, INTEGRATION, Vendor, World
from tests.tenancy_world import made

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]


def put(world: World, **body: Any) -> Any:
    return world.call("PUT", "/integrations/{id}/wallet", body, id=INTEGRATION)


def rotate(world: World, key: str = "", **body: Any) -> Any:
    return world.call("POST", "/integrations/{id}/wallet-secret", body, id=INTEGRATION, key=key)


def overwrite(world: World, **rows: Any) -> None:
    """The stored item with members replaced: how a test moves time for it."""
    item = dynamo.get("HubTable", f"CAT#{world.tenant_id}", f"WINT#{INTEGRATION}")
    assert item is not None
    dynamo.apply(dynamo.put_op("HubTable", {**item, **rows}))
    catalogue.forget_wallets()


def test_an_integration_begins_with_the_default_profile_and_no_secret() -> None:
    world = World.make()
    view = made(world.call("GET", "/integrations/{id}/wallet", id=INTEGRATION))
    assert (view["profile"], view["dialect"], view["generation"], view["door"]) == (
        "default",
        "default",
        0,
        None,
    )
    assert view["unstated"] == []
    assert catalogue.wallet_integration(world.tenant_id, INTEGRATION, now_ms()) is None


def test_an_unknown_integration() -> None:
    world = World.make()
    for method, path, body in (
        ("GET", "/integrations/{id}/wallet", None),
        ("PUT", "/integrations/{id}/wallet", {}),
        ("POST", "/integrations/{id}/wallet-secret", {}),
    ):
        assert world.call(method, path, body, id="nobody").name == "INTEGRATION_NOT_FOUND"


def test_profile_and_overrides_reach_the_wallet() -> None:
    world = World.make()
    view = made(put(world, profile="mascot", overrides={"settledRollback": "refuse"}, brandId=BRAND))
    assert view["switches"]["settledRollback"] == "refuse"
    assert view["switches"]["moneyScale"] == "minor"
    assert "settledRollback" not in view["unstated"]
    assert "zeroBet" in view["unstated"]
    found = catalogue.wallet_integration(world.tenant_id, INTEGRATION, now_ms())
    assert found is not None
    assert Profile.from_record(found.switches).settled_rollback == "refuse"
    before = dynamo.get("HubTable", f"CAT#{world.tenant_id}", f"WINT#{INTEGRATION}")
    made(put(world, profile="mascot", overrides={"settledRollback": "refuse"}, brandId=BRAND))
    assert dynamo.get("HubTable", f"CAT#{world.tenant_id}", f"WINT#{INTEGRATION}") == before


@pytest.mark.parametrize(
    ("body", "name", "field"),
    [
        ({"profile": "acme"}, "VALIDATION_ERROR", "profile"),
        ({"overrides": {"duplicate": "twice"}}, "VALIDATION_ERROR", "overrides.duplicate"),
        ({"overrides": {"nothing": 1}}, "VALIDATION_ERROR", "overrides.nothing"),
        ({"brandId": "nobody"}, "BRAND_NOT_FOUND", "brandId"),
        ({"launchUrl": "javascript:alert(1)"}, "URL_NOT_ALLOWED", "launchUrl"),
        ({"launchUrl": "https://a b"}, "URL_NOT_ALLOWED", "launchUrl"),
        ({"launchUrl": "https://a.example/{token}?q=a b"}, "URL_NOT_ALLOWED", "launchUrl"),
        ({"launchUrl": "https://a.example/{game}"}, "URL_NOT_ALLOWED", "launchUrl"),
        ({"launchUrl": "https://a.example/{tokn}"}, "URL_NOT_ALLOWED", "launchUrl"),
        ({"launchUrl": "https://a.example/{token}/{lang"}, "URL_NOT_ALLOWED", "launchUrl"),
        ({"surprise": 1}, "VALIDATION_ERROR", "surprise"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], name: str, field: str) -> None:
    reply = put(World.make(), **body)
    assert (reply.name, reply.body["errors"][0]["field"]) == (name, field)


def test_a_launch_url_is_refused_with_what_the_launch_linter_would_find() -> None:
    template = "https://play.example/{game}?lang={lang}"
    reply = put(World.make(), launchUrl=template)
    found = links.faults(template, local=True)
    assert [code for code, _ in found] == ["LAUNCH_URL_PLACEHOLDER", "LAUNCH_URL_NO_TOKEN"]
    assert [row["reason"] for row in reply.body["errors"]] == [f"{code}: {told}" for code, told in found]


# ---------------------------------------------------------------- secrets of the hub's own protocol
def judged(world: World, secret: str) -> str:
    """What the wallet makes of a call signed with a secret."""
    raw, at = b'{"action":"balance"}', now_ms()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    headers = {**signing.headers(key, f"m-{at}", at // 1000, raw), "pitboss-provider": INTEGRATION}
    try:
        guard.check(world.tenant_id, headers, raw, at)
    except guard.NotAuthentic as no:
        return no.refusal.name
    return "OK"


def test_a_secret_signs_wallet_calls_and_is_shown_once() -> None:
    world = World.make()
    first = rotate(world, key="k1")
    assert first.status == 201
    assert first.body["secret"].startswith("whsec_")
    assert judged(world, first.body["secret"]) == "OK"
    again = rotate(world, key="k1")
    assert (again.body["secret"], again.body["generation"]) == (None, 1)
    stored = json.dumps(dynamo.get("HubTable", f"CAT#{world.tenant_id}", f"WINT#{INTEGRATION}"), default=str)
    assert first.body["secret"].removeprefix("whsec_") not in stored


def test_two_generations_are_accepted_while_rotating() -> None:
    world = World.make()
    old = made(rotate(world))["secret"]
    new = made(rotate(world))
    assert (new["generation"], [row["generation"] for row in new["former"]]) == (2, [1])
    assert judged(world, old) == judged(world, new["secret"]) == "OK"
    overwrite(world, former=[[1, now_ms() - 1]])
    assert judged(world, old) == "SIGNATURE_INVALID"
    assert judged(world, new["secret"]) == "OK"


def test_a_lost_answer_does_not_shut_the_provider_out() -> None:
    """Rotating twice in a row, the first answer lost: what the provider signs with goes on being accepted."""
    world = World.make()
    in_use = made(rotate(world))["secret"]
    rotate(world)
    newest = made(rotate(world))["secret"]
    assert judged(world, in_use) == judged(world, newest) == "OK"


def test_without_grace_the_old_secret_ends_at_once() -> None:
    world = World.make()
    old = made(rotate(world))["secret"]
    made(rotate(world, graceSeconds=0))
    assert judged(world, old) == "SIGNATURE_INVALID"


def test_a_rotation_that_died_after_its_write_is_found_done() -> None:
    world = World.make()
    arguments: dict[str, Any] = {"secret": "", "key_id": "", "grace_s": 60, "now": now_ms()}
    first = settings.rotate(world.tenant_id, INTEGRATION, seed="S" * 26, **arguments)
    second = settings.rotate(world.tenant_id, INTEGRATION, seed="S" * 26, **arguments)
    assert (first.secret, first.settings.generation) == (second.secret, second.settings.generation)


def test_secrets_of_others_open_nothing() -> None:
    one, other = World.make(), World.make()
    secret = made(rotate(one))["secret"]
    made(rotate(other))
    assert judged(other, secret) == "SIGNATURE_INVALID"


def test_a_key_without_the_scope_makes_no_secret() -> None:
    world = World.make()
    from pitboss.tenancy.api import api as tenancy_api

    from tests.tenancy_world import Client

    keys_api = Client(tenancy_api, world.call.token)
    token = made(keys_api("POST", "/api-keys", {"name": "games", "scopes": ["games.write"]}))["token"]
    world.call.token = token
    assert rotate(world).name == "PERMISSION_ERROR"


# ---------------------------------------------------------------- secrets that a vendor issued
def test_a_vendors_token_is_kept_as_a_hash() -> None:
    world = World.make()
    world.player("alice", 500)
    vendor = world.vendor("slotcity-v4")
    token = "eadd5a04-4720-4a10-ae60-b11cd01cc3aa"
    shown = made(rotate(world, secret=token))
    assert shown["spelling"] == "Callback-Token"
    item = dynamo.get("HubTable", f"CAT#{world.tenant_id}", f"WINT#{INTEGRATION}")
    assert item is not None
    assert set(item["given"]["2"]) == {"hash"}
    assert token not in json.dumps(item, default=str)
    body = json.dumps({"command": "balance", "check": "21", "data": {"account": "alice"}}).encode()
    assert json.loads(vendor.raw(body, {"Callback-Token": token})[2])["result"] == 0


@pytest.mark.parametrize(
    ("profile", "secret", "key_id"),
    [("slotcity-v1", "an-api-token-of-the-vendor", ""), ("mascot", "0123456789abcdef", "their-key")],
)
def test_a_vendors_key_is_sealed(profile: str, secret: str, key_id: str) -> None:
    world = World.make()
    token = world.player("alice", 500)
    vendor = world.vendor(profile)
    body = {"secret": secret, **({"keyId": key_id} if key_id else {})}
    made(rotate(world, **body))
    item = dynamo.get("HubTable", f"CAT#{world.tenant_id}", f"WINT#{INTEGRATION}")
    assert item is not None
    assert secret.encode() not in item["given"]["2"]["sealed"]
    from pitboss.dialects.model import Credential

    theirs = Vendor(world, profile, vendor.door, Credential(secret.encode(), b"", key_id))
    document = {"action": "balance", "userId": "alice", "sessionToken": token, "currency": "EUR"}
    assert theirs.ask(document)["balance"] == "5.00"
    vendor.nonce = 100
    assert vendor.ask(document)["balance"] == "5.00", "the generation before is still accepted"


def test_sealed_is_bound_to_its_place() -> None:
    master = callback_master()
    sealed = keys.seal(master, b"tenant\x1fstudio\x1f2", b"secret", "seed")
    assert keys.unseal(master, b"tenant\x1fstudio\x1f2", sealed) == b"secret"
    for context, data in ((b"tenant\x1fstudio\x1f3", sealed), (b"tenant\x1fstudio\x1f2", sealed[:-1] + b"x")):
        with pytest.raises(InvalidTag):
            keys.unseal(master, context, data)


@pytest.mark.parametrize(("profile", "key_id"), [("mascot", "k9"), ("slotcity-v1", "")])
def test_after_the_master_has_changed_a_vendors_new_secret_opens_at_once(profile: str, key_id: str) -> None:
    """What was sealed under the old master opens nothing any more; beside the new one it must not stand in the way."""
    world = World.make()
    issued = {"keyId": key_id} if key_id else {}
    made(put(world, profile=profile))
    made(rotate(world, secret="a-secret-of-the-vendor", **issued))
    client, arn = aws_secrets(), setting("CALLBACK_SECRET_ARN")
    before = client.get_secret_value(SecretId=arn)["SecretString"]
    try:
        client.put_secret_value(SecretId=arn, SecretString="ab" * 32)
        masters.forget()
        found = settings.read(world.tenant_id, INTEGRATION)
        assert keys.accepted(callback_master(), world.tenant_id, found, now_ms()) == []
        made(rotate(world, secret="another-of-the-vendor", **issued))
        found = settings.read(world.tenant_id, INTEGRATION)
        (only,) = keys.accepted(callback_master(), world.tenant_id, found, now_ms())
        assert only.secret == b"another-of-the-vendor"
        assert doors.find_door(found.door) == (world.tenant_id, INTEGRATION), "the URL that the vendor has"
    finally:
        client.put_secret_value(SecretId=arn, SecretString=before)
        masters.forget()


@pytest.mark.parametrize(
    ("profile", "body", "field"),
    [
        ("default", {"secret": "x" * 20}, "secret"),
        ("mascot", {"secret": "x" * 20}, "keyId"),
        ("slotcity-v4", {"secret": "x" * 20, "keyId": "k"}, "keyId"),
        ("slotcity-v4", {"secret": "short"}, "secret"),
        ("slotcity-v4", {"secret": "x" * 20 + "\n"}, "secret"),
    ],
)
def test_a_secret_that_does_not_fit_the_protocol(profile: str, body: dict[str, Any], field: str) -> None:
    world = World.make()
    made(put(world, profile=profile))
    reply = rotate(world, **body)
    assert (reply.name, reply.body["errors"][0]["field"]) == ("VALIDATION_ERROR", field)


def test_another_dialect_drops_what_the_vendor_issued_for_the_first() -> None:
    world = World.make()
    made(put(world, profile="slotcity-v4"))
    made(rotate(world, secret="a-token-of-the-vendor"))
    made(put(world, profile="mascot"))
    found = settings.read(world.tenant_id, INTEGRATION)
    (only,) = keys.accepted(callback_master(), world.tenant_id, found, now_ms())
    assert only.key_id == "k1"
    assert b"a-token-of-the-vendor" not in only.secret


def test_profiles_are_listed_with_their_sources() -> None:
    world = World.make()
    whole = made(world.call("GET", "/wallet-profiles"))
    by_id = {row["profile"]: row for row in whole["profiles"]}
    assert {"default", "slotcity-v4", "slotcity-v1", "mascot", "hub88", "pragmatic"} <= set(by_id)
    assert by_id["hub88"]["dialect"] == "default"
    assert "settledRollback" in by_id["hub88"]["unstated"]
    assert {row["name"] for row in whole["switches"]} == set(by_id["default"]["switches"])
