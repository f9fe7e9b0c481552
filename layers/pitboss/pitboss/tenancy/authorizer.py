"""The Lambda authorizer: which caller stands behind a token. It knows nothing of routes; the gate decides those.

API Gateway remembers the answer for 30 s per token, whatever the route, so the policy covers the whole stage.
"""

from hmac import compare_digest
from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.platform.caller import Caller
from pitboss.platform.clock import now_ms
from pitboss.platform.observe import count, flush, logger
from pitboss.tenancy.store import find_key, mark_used
from pitboss.tenancy.tokens import looks_like_jwt, read_player_token, token_hash

UUID_LENGTH = 36


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Lambda entry point for a REQUEST authorizer. What is no valid token is denied, which the template's gateway
    response tells as 401; raising "Unauthorized" would too, but a bad token is no error of this function."""
    try:
        caller = identify(_bearer(event), now_ms())
        if caller is None:
            count("unauthorized")
        return policy(caller, event["methodArn"])
    finally:
        flush()


def _bearer(event: dict[str, Any]) -> str:
    headers = event.get("headers") or {}
    text = next((v for k, v in headers.items() if k.lower() == "authorization"), "") or ""
    scheme, _, token = text.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def identify(token: str, now: int) -> Caller | None:
    """The caller of an API token or a player's token; None when it opens nothing."""
    if looks_like_jwt(token):
        return read_player_token(token, now)
    if len(token) != UUID_LENGTH:
        return None
    hashed = token_hash(token.lower())
    key = find_key(hashed)
    if key is None or not compare_digest(key["pk"], f"KEY#{hashed}"):
        return None
    if key["expiresAt"] and key["expiresAt"] <= now:
        return None
    today = format_instant(now)[:10]
    if key.get("lastUsed", "") < today:
        try:
            mark_used(hashed, today)
        except Exception:  # noqa: BLE001 - a day missing in a list is better than a refused call
            logger.exception("the day of last use was not recorded")
    return Caller("api", key["keyId"], key["tenantId"], key["path"], frozenset(key["scopes"]))


def policy(caller: Caller | None, method_arn: str) -> dict[str, Any]:
    """Allow for every route of the stage, with the caller as context; Deny for nobody."""
    arn, stage = method_arn.split("/")[:2]
    return {
        "principalId": caller.key_id if caller else "nobody",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if caller else "Deny",
                    "Resource": f"{arn}/{stage}/*",
                }
            ],
        },
        "context": {"caller": caller.to_context()} if caller else {},
    }
