"""Use cases around an integration's wallet settings: choose a profile, override switches, make and rotate secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pitboss.catalogue import public as catalogue
from pitboss.catalogue.public import WalletIntegration
from pitboss.dialects import keys, profiles, store
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import dynamo
from pitboss.platform.masters import callback_master

ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """A secret, the one time that it is shown."""

    settings: WalletIntegration
    secret: str
    key_id: str


def read(tenant_id: str, integration: str) -> WalletIntegration:
    """The settings, the default profile's if nobody set any. Refusal INTEGRATION_NOT_FOUND."""
    found = catalogue.read_wallet_integration(tenant_id, integration)
    if found is not None:
        return found
    if not catalogue.integration_known(tenant_id, integration):
        raise Refusal(
            "INTEGRATION_NOT_FOUND",
            f"There is no integration {integration!r}; it comes into being with PUT /integrations/{{id}}/games or "
            "/operators.",
        )
    return WalletIntegration(integration, switches=profiles.resolve("default", {}))


def put(
    tenant_id: str,
    integration: str,
    *,
    profile: str,
    overrides: Mapping[str, Any],
    brand_id: str,
    launch_url: str,
    now: int,
) -> WalletIntegration:
    """Replace profile, overrides, brand and launch URL; the secrets stay, spelled as the new profile's protocol does.

    What a vendor issued for another protocol opens nothing in this one and is dropped.
    """
    switches = profiles.resolve(profile, overrides)
    if brand_id and catalogue.brand(tenant_id, brand_id) is None:
        raise Refusal(
            "BRAND_NOT_FOUND",
            f"There is no brand {brand_id!r}.",
            errors=[FieldError("brandId", "unknown brand")],
        )
    for _ in range(ATTEMPTS):
        before = read(tenant_id, integration)
        same = keys.dialect_of(profile) == keys.dialect_of(before.profile)
        wanted = replace(
            before,
            profile=profile,
            overrides=dict(overrides),
            switches=switches,
            brand_id=brand_id,
            launch_url=launch_url,
            former=before.former if same else (),
            given=before.given if same else {},
        )
        if wanted == before and before.version:
            return before
        saved = _save(tenant_id, before, replace(wanted, updated_at=now))
        if saved is not None:
            return saved
    raise Refusal("VERSION_CONFLICT", "Others are changing these settings; repeat.", retry_after_s=1)


def rotate(
    tenant_id: str,
    integration: str,
    *,
    secret: str,
    key_id: str,
    grace_s: int,
    seed: str,
    now: int,
) -> Shown:
    """The next generation of the secret; the one before it is accepted for `grace_s` more.

    `secret` is one that the vendor issued, "" for one of the hub's. A repetition under the same seed finds the rotation
    done and shows the same secret.
    """
    for _ in range(ATTEMPTS):
        before = read(tenant_id, integration)
        dialect = keys.dialect_of(before.profile)
        if before.seed == seed:
            return _shown(tenant_id, before, secret, key_id)
        _check_given(dialect, secret, key_id)
        given = None
        if secret:
            following = before.generation + 1
            given = keys.keep(
                callback_master(), tenant_id, integration, following, dialect, secret, key_id, seed
            )
        saved = _save(tenant_id, before, before.rotated(now, grace_s * 1000, seed, given))
        if saved is not None:
            return _shown(tenant_id, saved, secret, key_id)
    raise Refusal("VERSION_CONFLICT", "Others are changing these settings; repeat.", retry_after_s=1)


def _check_given(dialect: str, secret: str, key_id: str) -> None:
    if secret and dialect == "default":
        reason = "the hub makes the secrets of its own protocol; leave it out"
        raise Refusal("VALIDATION_ERROR", f"secret: {reason}.", errors=[FieldError("secret", reason)])
    if (dialect == "mascot" and bool(secret)) != bool(key_id):
        reason = "goes with a secret of the profile mascot, and only with that"
        raise Refusal("VALIDATION_ERROR", f"keyId: {reason}.", errors=[FieldError("keyId", reason)])


def _shown(tenant_id: str, settings: WalletIntegration, secret: str, key_id: str) -> Shown:
    if secret:
        return Shown(settings, secret, key_id)
    dialect = keys.dialect_of(settings.profile)
    made, made_id = keys.derived(
        callback_master(), tenant_id, settings.integration_id, settings.generation, dialect
    )
    return Shown(settings, made, made_id)


def _save(tenant_id: str, before: WalletIntegration, after: WalletIntegration) -> WalletIntegration | None:
    """The door is put first: settings that name a door which is not there would be a locked house."""
    # A door that stands stays where it is: another master would give another id, and the vendor has this one's URL.
    door = before.door or keys.door_id(callback_master(), tenant_id, after.integration_id)
    if not before.door:
        dynamo.apply(store.door_put_op(door, tenant_id, after.integration_id))
    stood = before if before.version else None
    return catalogue.save_wallet_integration(tenant_id, stood, replace(after, door=door))
