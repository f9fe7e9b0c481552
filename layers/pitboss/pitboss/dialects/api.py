"""Routes: an integration's wallet settings and secrets, the profiles, and the doors of the dialects."""

from typing import Any

from pitboss.catalogue import public as catalogue
from pitboss.catalogue.public import WalletIntegration
from pitboss.dialects import agent_api, doors, keys, profiles, settings
from pitboss.kernel.instants import format_instant
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.http import Answer, Api, Call
from pitboss.platform.settings import is_local
from pitboss.tenancy.public import gate

SCHEMAS = "pitboss.dialects.schemas"
api = Api("dialects_api", gate)
_PATHS = {
    "slotcity-v4": "/wallet/slotcity/v4/",
    "slotcity-v1": "/wallet/slotcity/v1/",
    "mascot": "/wallet/mascot/",
}
_DOOR: dict[str, Any] = {
    "public": True,
    "limit": "wallet",
    "scope": doors.SCOPE,
    "even_suspended": True,
    "raw_body": True,
}


def _former(found: WalletIntegration, now: int) -> list[dict[str, Any]]:
    return [
        {"generation": number, "until": format_instant(until)}
        for number, until in found.former
        if now < until
    ]


def _view(found: WalletIntegration, now: int) -> Answer:
    vendor = profiles.vendors()[found.profile]
    path = _PATHS.get(vendor.dialect)
    stated = vendor.known | set(found.overrides)
    return Answer(
        {
            "integrationId": found.integration_id,
            "profile": found.profile,
            "dialect": keys.dialect_of(found.profile),
            "overrides": dict(found.overrides),
            "switches": {name: found.switches[name] for name in profiles.switch_rows()},
            "unstated": [name for name in profiles.switch_rows() if name not in stated],
            "brandId": found.brand_id or None,
            "launchUrl": found.launch_url,
            "door": f"/api{path}{found.door}" if path and found.door else None,
            "generation": found.generation,
            "former": _former(found, now),
            "updatedAt": format_instant(found.updated_at) if found.updated_at else None,
        }
    )


@api.route(
    "GET",
    "/wallet-profiles",
    "List the provider profiles",
    scope="games.read",
    answer=f"{SCHEMAS}:ProfileList",
)
def list_profiles(_call: Call) -> Answer:
    """Switches of every vendor that is known, with the source of each."""
    names = list(profiles.switch_rows())
    rows = [
        {
            "profile": vendor.id,
            "name": vendor.name,
            "dialect": vendor.dialect or "default",
            "switches": dict(vendor.switches),
            "unstated": [name for name in names if name not in vendor.known],
            "sources": dict(vendor.sources),
        }
        for vendor in profiles.vendors().values()
    ]
    switches = [
        {"name": name, "values": list(row["values"]), "about": row["about"]}
        for name, row in profiles.switch_rows().items()
    ]
    return Answer({"profiles": rows, "switches": switches})


def _integration(call: Call) -> str:
    if len(call.params["id"]) > 100:
        raise Refusal(
            "PARAMETERS_INVALID",
            "An integration id has at most 100 characters.",
            errors=[FieldError("id", "too long")],
        )
    return call.params["id"]


@api.route(
    "GET",
    "/integrations/{id}/wallet",
    "Read an integration's wallet settings",
    scope="games.read",
    answer=f"{SCHEMAS}:Wallet",
    errors=("INTEGRATION_NOT_FOUND",),
)
def read_wallet(call: Call) -> Answer:
    """The default profile's until others are set."""
    return _view(settings.read(call.tenant_id, _integration(call)), call.now)


@api.route(
    "PUT",
    "/integrations/{id}/wallet",
    "Set an integration's wallet settings",
    scope="games.write",
    body=f"{SCHEMAS}:PutWallet",
    answer=f"{SCHEMAS}:Wallet",
    errors=("INTEGRATION_NOT_FOUND", "BRAND_NOT_FOUND", "URL_NOT_ALLOWED", "VERSION_CONFLICT"),
    about="Replaces profile, overrides, brand and launch URL; secrets stay. In force within five seconds. A launch URL that "
    "no launch could use is refused with the codes of the launch linter (docs/launch.md).",
)
def put_wallet(call: Call) -> Answer:
    """The same again changes nothing."""
    body = call.body
    _check_launch_url(body.launch_url)
    return _view(
        settings.put(
            call.tenant_id,
            _integration(call),
            profile=body.profile,
            overrides=body.overrides,
            brand_id=body.brand_id or "",
            launch_url=body.launch_url,
            now=call.now,
        ),
        call.now,
    )


def _check_launch_url(url: str) -> None:
    """A template that no game could be opened by is refused here, not at the first player's launch."""
    faults = catalogue.links.faults(url, local=is_local()) if url else []
    if faults:
        raise Refusal(
            "URL_NOT_ALLOWED",
            "launchUrl: " + "; ".join(sentence for _, sentence in faults) + ".",
            errors=[FieldError("launchUrl", f"{code}: {sentence}") for code, sentence in faults],
        )


@api.route(
    "POST",
    "/integrations/{id}/wallet-secret",
    "Make or rotate an integration's wallet secret",
    scope="keys.write",
    body=f"{SCHEMAS}:RotateSecret",
    answer=f"{SCHEMAS}:WalletSecret",
    status=201,
    idempotent=True,
    errors=("INTEGRATION_NOT_FOUND", "VERSION_CONFLICT"),
    about="The secret is in this answer and nowhere else. The one before it is accepted for `graceSeconds` more, so that "
    "it can be replaced without an interruption; if this answer is lost, rotate again: what is in use stays accepted.",
)
def rotate_secret(call: Call) -> Answer:
    """See docs/signatures.md for what is signed with it."""
    body = call.body
    shown = settings.rotate(
        call.tenant_id,
        _integration(call),
        secret=body.secret or "",
        key_id=body.key_id or "",
        grace_s=body.grace_seconds,
        seed=call.seed,
        now=call.now,
    )
    found = shown.settings
    view = {
        "integrationId": found.integration_id,
        "generation": found.generation,
        "spelling": keys.SPELLINGS[keys.dialect_of(found.profile)],
        "secret": shown.secret,
        "keyId": shown.key_id or None,
        "former": _former(found, call.now),
    }
    call.kept["remember"] = Answer({**view, "secret": None}, 201)
    return Answer(view, 201)


@api.route(
    "POST",
    "/wallet/slotcity/v4/{door}",
    "Take a SlotCity v4 callback",
    body=f"{SCHEMAS}:V4Call",
    answer=f"{SCHEMAS}:V4Reply",
    **_DOOR,
    about="authenticate, balance, bet, win, cancel and status, authenticated by Callback-Token; always HTTP 200.",
)
def slotcity_v4(call: Call) -> Answer:
    """See dialects/slotcity_v4.py."""
    return doors.serve(call, "slotcity-v4")


@api.route(
    "POST",
    "/wallet/slotcity/v1/{door}",
    "Take a SlotCity v1 callback",
    body=f"{SCHEMAS}:V1Call",
    answer=f"{SCHEMAS}:V1Reply",
    **_DOOR,
    about="balance, bet, win and cancel, authenticated by X-Request-Signature; always HTTP 200.",
)
def slotcity_v1(call: Call) -> Answer:
    """See dialects/slotcity_v1.py."""
    return doors.serve(call, "slotcity-v1")


@api.route(
    "POST",
    "/wallet/mascot/{door}",
    "Take a Mascot JSON-RPC call",
    body=f"{SCHEMAS}:RpcCall",
    answer=f"{SCHEMAS}:RpcReply",
    also=(401,),
    **_DOOR,
    about="getBalance, withdrawAndDeposit and rollbackTransaction, authenticated by X-Signature; answers are signed.",
)
def mascot(call: Call) -> Answer:
    """See dialects/mascot.py."""
    return doors.serve(call, "mascot")


agent_api.add_routes(api)
