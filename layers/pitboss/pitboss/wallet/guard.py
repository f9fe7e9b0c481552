"""Whether a money call is authentic: signature over the raw bytes, time window, nonce. In this order, before anything in
the body is believed."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pitboss.catalogue.public import WalletIntegration, read_wallet_integration, wallet_integration
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import dynamo
from pitboss.platform.dynamo import ConditionFailed
from pitboss.platform.masters import callback_master
from pitboss.platform.settings import hub_table
from pitboss.platform.signing import TOLERANCE_S, provider_secret, signature
from pitboss.wallet.profile import DEFAULT, Profile

PROVIDER_HEADER = "pitboss-provider"
MAX_MESSAGE_ID = 255
# Outside the window a message is stale already; the margin is for clocks.
NONCE_KEPT_S = 4 * TOLERANCE_S


@dataclass(frozen=True, slots=True)
class Authentic:
    """A call that is what it says: of which integration, how that speaks, under which id it was sent."""

    provider: str
    profile: Profile
    message_id: str


@dataclass(frozen=True, slots=True)
class NotAuthentic(Exception):  # noqa: N818 - carries the refusal to whoever records it
    """Why not, and the secrets that would have been taken (for the inspector's diagnosis; kept nowhere)."""

    refusal: Refusal
    provider: str
    secrets: tuple[bytes, ...] = ()


def provider_of(headers: Mapping[str, str]) -> str:
    """The integration that a call names. Refusal PROVIDER_NOT_FOUND."""
    provider = headers.get(PROVIDER_HEADER, "").strip()
    if not 1 <= len(provider) <= 100:
        raise Refusal(
            "PROVIDER_NOT_FOUND",
            "Send Pitboss-Provider: the id of your integration.",
            errors=[FieldError("Pitboss-Provider", "required")],
        )
    return provider


def check(tenant_id: str, headers: Mapping[str, str], raw: bytes, now: int) -> Authentic:
    """Judge a call by its headers and raw body. `tenant_id` is that of the API key, whose secrets these are.

    Raises NotAuthentic with PROVIDER_NOT_FOUND, SIGNATURE_INVALID or TIMESTAMP_OUT_OF_WINDOW.
    """
    try:
        provider = provider_of(headers)
    except Refusal as refusal:
        raise NotAuthentic(refusal, "") from None
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _is_id(message_id) or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 15):
        detail = "Send webhook-id, webhook-timestamp (seconds) and webhook-signature; see docs/signatures.md."
        raise NotAuthentic(Refusal("SIGNATURE_INVALID", detail), provider)
    found = wallet_integration(tenant_id, provider, now)
    secrets = _secrets(tenant_id, provider, found, now)
    if not _signed(secrets, headers, message_id, int(stamp), raw):
        # A rotation is in force at once: what is remembered may be some seconds old.
        found = read_wallet_integration(tenant_id, provider)
        secrets = _secrets(tenant_id, provider, found, now)
        if not _signed(secrets, headers, message_id, int(stamp), raw):
            raise NotAuthentic(_wrong(provider, secrets), provider, secrets)
    if abs(now // 1000 - int(stamp)) > TOLERANCE_S:
        stale = Refusal(
            "TIMESTAMP_OUT_OF_WINDOW",
            f"webhook-timestamp is more than {TOLERANCE_S} s from our clock; sign again with the present time.",
            facts={"serverTime": now // 1000},
        )
        raise NotAuthentic(stale, provider)
    profile = Profile.from_record(found.switches) if found and found.switches else DEFAULT
    return Authentic(provider, profile, message_id)


def _is_id(text: str) -> bool:
    return 1 <= len(text) <= MAX_MESSAGE_ID and text.isascii() and text.isprintable()


def _secrets(tenant_id: str, provider: str, found: WalletIntegration | None, now: int) -> tuple[bytes, ...]:
    if found is None:
        return ()
    master = callback_master()
    return tuple(provider_secret(master, tenant_id, provider, number) for number in found.generations(now))


def _signed(
    secrets: tuple[bytes, ...], headers: Mapping[str, str], message_id: str, stamp: int, raw: bytes
) -> bool:
    given = headers.get("webhook-signature", "").encode("utf-8", "replace").split(b" ")[:8]
    for secret in secrets:
        expected = signature(secret, message_id, stamp, raw).encode()
        if any(hmac.compare_digest(one, expected) for one in given):
            return True
    return False


def _wrong(provider: str, secrets: tuple[bytes, ...]) -> Refusal:
    if not secrets:
        return Refusal(
            "SIGNATURE_INVALID",
            f"{provider} has no wallet secret yet: POST /integrations/{{id}}/wallet-secret.",
        )
    return Refusal(
        "SIGNATURE_INVALID",
        "webhook-signature does not match the raw body; the inspector shows what was signed and what should have been.",
    )


def claim_nonce(tenant_id: str, provider: str, message_id: str, raw: bytes, now: int) -> Callable[[], None]:
    """What claims a message id for its body: the same bytes again pass (a repetition, which the transaction id answers),
    other bytes are refused with NONCE_REUSED."""

    def claim() -> None:
        body = hashlib.sha256(raw).digest()[:16]
        named = hashlib.sha256(f"{provider}\x1f{message_id}".encode()).hexdigest()
        record = {
            "pk": f"NONCE#{tenant_id}#{named}",
            "sk": "N",
            "tenantId": tenant_id,
            "h": body,
            "ttl": now // 1000 + NONCE_KEPT_S,
        }
        try:
            dynamo.put(
                hub_table(), record, condition="attribute_not_exists(pk) OR h = :h", values={":h": body}
            )
        except ConditionFailed:
            raise Refusal(
                "NONCE_REUSED", "This webhook-id was used for another message; every message has its own."
            ) from None

    return claim
