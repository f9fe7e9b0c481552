"""Routes of tenancy: agents, API keys, settings."""

from typing import Any

from pitboss.kernel.instants import format_instant
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.tenancy import service
from pitboss.tenancy.model import ApiKey, Node, OwnSettings
from pitboss.tenancy.public import gate

SCHEMAS = "pitboss.tenancy.schemas"
api = Api("tenancy_api", gate)


# ---------------------------------------------------------------- agents
def _agent(node: Node, acting: str) -> dict[str, Any]:
    return {
        "agentId": node.id,
        "name": node.name,
        "kind": node.kind,
        # What stands above the acting tenant is none of its business.
        "parentId": node.parent_id if node.id != acting and node.parent_id else None,
        "currency": node.currency,
        "status": node.status,
        "createdAt": format_instant(node.created_at),
        "version": node.version,
    }


@api.route(
    "POST",
    "/agents",
    "Create an operator or agent",
    scope="agents.write",
    body=f"{SCHEMAS}:CreateAgent",
    answer=f"{SCHEMAS}:Agent",
    status=201,
    idempotent=True,
    errors=("AGENT_NOT_FOUND", "CURRENCY_NOT_SUPPORTED", "TENANT_SUSPENDED"),
)
def create_agent(call: Call) -> Answer:
    """A node below the acting tenant or below a node of its subtree."""
    node = service.create_agent(
        call.tenant_id,
        agent_id=call.new_id("agent"),
        name=call.body.name,
        kind=call.body.kind,
        currency=call.body.currency,
        parent_id=call.body.parent_id,
        now=call.now,
    )
    return Answer(_agent(node, call.tenant_id), 201)


@api.route(
    "GET",
    "/agents",
    "List the agents right below",
    scope="agents.read",
    answer=f"{SCHEMAS}:AgentList",
    query=(
        Query("limit", "Rows of a page", "integer", 50, 1, 200),
        Query("cursor", "`nextCursor` of the page before"),
        Query("closed", "`true`: those that were closed instead of the others.", "boolean", default=False),
    ),
    errors=("CURSOR_INVALID",),
)
def list_agents(call: Call) -> Answer:
    """In order of creation."""
    nodes, following = service.list_agents(
        call.tenant_id,
        after=call.query["cursor"] or "",
        limit=call.query["limit"],
        closed=call.query["closed"],
    )
    rows = [_agent(node, call.tenant_id) for node in nodes]
    return Answer({"agents": rows, "nextCursor": following or None})


@api.route(
    "GET",
    "/agents/{id}",
    "Read an agent",
    scope="agents.read",
    answer=f"{SCHEMAS}:Agent",
    errors=("AGENT_NOT_FOUND",),
)
def read_agent(call: Call) -> Answer:
    """The acting tenant itself or a node below it."""
    return Answer(_agent(service.find(call.tenant_id, call.params["id"]), call.tenant_id))


@api.route(
    "PATCH",
    "/agents/{id}",
    "Rename, suspend, activate or close an agent",
    scope="agents.write",
    body=f"{SCHEMAS}:ChangeAgent",
    answer=f"{SCHEMAS}:Agent",
    errors=("AGENT_NOT_FOUND", "VERSION_CONFLICT", "CONFLICT"),
    about="A suspended or closed node and everything below it is refused with TENANT_SUSPENDED within seconds. A closed one is "
    "closed for good and left out of lists and trees; what it has left is read with a key from above.",
)
def change_agent(call: Call) -> Answer:
    """Members left out stay; repeating changes nothing."""
    node = service.change_agent(
        call.tenant_id,
        call.params["id"],
        name=call.body.name,
        status=call.body.status,
        version=call.body.version,
    )
    return Answer(_agent(node, call.tenant_id))


@api.route(
    "GET",
    "/agents/{id}/tree",
    "Read an agent and everything below it",
    scope="agents.read",
    answer=f"{SCHEMAS}:AgentTree",
    errors=("AGENT_NOT_FOUND",),
)
def read_tree(call: Call) -> Answer:
    """At most 1,000 nodes, parents before children."""
    nodes, truncated = service.tree(call.tenant_id, call.params["id"])
    return Answer({"agents": [_agent(node, call.tenant_id) for node in nodes], "truncated": truncated})


# ---------------------------------------------------------------- keys
def _key(node: Node, key: ApiKey, now: int) -> dict[str, Any]:
    return {
        "keyId": key.id,
        "agentId": node.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "hint": key.hint,
        "status": "active" if key.active(now) else "revoked" if key.revoked_at else "expired",
        "createdAt": format_instant(key.created_at),
        "createdBy": key.created_by,
        "expiresAt": format_instant(key.expires_at) if key.expires_at else None,
        "revokedAt": format_instant(key.revoked_at) if key.revoked_at else None,
        "lastUsedOn": key.last_used or None,
    }


def _shown_once(call: Call, node: Node, made: service.MadeKey) -> Answer:
    row = _key(node, made.key, call.now)
    # The token is stored nowhere, so neither is the answer that shows it: a repetition gets the rest.
    call.kept["remember"] = Answer({**row, "token": None}, 201)
    return Answer({**row, "token": made.token}, 201)


@api.route(
    "GET",
    "/api-keys",
    "List API keys",
    scope="keys.write",
    answer=f"{SCHEMAS}:KeyList",
    query=(Query("agentId", "Whose keys; the acting tenant's when left out"),),
    errors=("AGENT_NOT_FOUND",),
)
def list_keys(call: Call) -> Answer:
    """Names, scopes, hints and days of last use; never tokens."""
    node = service.find(call.tenant_id, call.query["agentId"] or call.tenant_id)
    return Answer({"keys": [_key(node, key, call.now) for key in service.list_keys(node)]})


@api.route(
    "POST",
    "/api-keys",
    "Create an API key",
    scope="keys.write",
    body=f"{SCHEMAS}:CreateKey",
    answer=f"{SCHEMAS}:MadeKey",
    status=201,
    idempotent=True,
    errors=("AGENT_NOT_FOUND", "KEY_LIMIT", "PERMISSION_ERROR", "VERSION_CONFLICT"),
    about="The token is in this answer and nowhere else: neither a list nor a repetition shows it again. "
    "Two keys may be active (settings `activeKeys`), so that one can be replaced without an interruption.",
)
def create_key(call: Call) -> Answer:
    """A key with scopes that its maker has."""
    node = service.find(call.tenant_id, call.body.agent_id or call.tenant_id)
    made = service.create_key(
        node,
        key_id=call.new_id("key"),
        name=call.body.name,
        scopes=call.body.scopes,
        held=call.who().scopes,
        maker=call.who().key_id,
        expires_at=call.body.expires_at or 0,
        now=call.now,
    )
    return _shown_once(call, node, made)


@api.route(
    "POST",
    "/api-keys/{id}/rotate",
    "Replace an API key",
    scope="keys.write",
    body=f"{SCHEMAS}:RotateKey",
    answer=f"{SCHEMAS}:MadeKey",
    status=201,
    idempotent=True,
    errors=("AGENT_NOT_FOUND", "NOT_FOUND", "KEY_LIMIT", "CONFLICT", "PERMISSION_ERROR", "VERSION_CONFLICT"),
    about="The new key has the name and scopes of the old one, which ends after `graceSeconds`.",
)
def rotate_key(call: Call) -> Answer:
    """Both keys are active until the grace is over."""
    node = service.find(call.tenant_id, call.body.agent_id or call.tenant_id)
    made = service.rotate_key(
        node,
        call.params["id"],
        key_id=call.new_id("key"),
        held=call.who().scopes,
        maker=call.who().key_id,
        grace_s=call.body.grace_seconds,
        now=call.now,
    )
    return _shown_once(call, node, made)


@api.route(
    "DELETE",
    "/api-keys/{id}",
    "Revoke an API key",
    scope="keys.write",
    status=204,
    query=(Query("agentId", "Whose key; the acting tenant's when left out"),),
    errors=("AGENT_NOT_FOUND", "NOT_FOUND", "VERSION_CONFLICT"),
    about="In force within a minute: verified tokens are remembered for 30 s.",
)
def revoke_key(call: Call) -> Answer:
    """Repeating changes nothing."""
    node = service.find(call.tenant_id, call.query["agentId"] or call.tenant_id)
    service.revoke_key(node, call.params["id"], call.now)
    return Answer(None, 204)


# ---------------------------------------------------------------- settings
def _view(view: service.SettingsView) -> Answer:
    own, effective = view.own, view.effective
    limits = {name: own.limits.get(name) for name in effective.limits}
    return Answer(
        {
            "tenantId": effective.tenant_id,
            "version": own.version,
            "currency": effective.currency,
            "allowedIps": own.allowed_ips_text,
            "callbacks": {"payouts": own.payouts_url, "debits": own.debits_url},
            "gameUrl": own.game_url,
            "approval": own.approval,
            "defaultDurationMinutes": own.default_duration_minutes,
            "graceSeconds": own.grace_seconds,
            "activeKeys": own.active_keys,
            "limits": limits,
            "limitsInForce": dict(effective.limits),
            "exponents": dict(own.exponents),
            "exponentsInForce": dict(effective.exponents),
            "fx": dict(own.fx),
            "fxInForce": sorted(effective.fx),
            "branding": dict(own.branding),
            "walletMode": own.wallet_mode,
            "walletUrl": own.wallet_url,
            "walletTimeoutMs": own.wallet_timeout_ms,
            "walletTransactions": own.wallet_transactions,
            "walletLockOnFailed": own.wallet_lock_on_failed,
            "warnings": view.warnings,
        }
    )


@api.route("GET", "/settings", "Read the settings", scope="agents.read", answer=f"{SCHEMAS}:SettingsAnswer")
def read_settings(call: Call) -> Answer:
    """The acting tenant's."""
    return _view(service.read_settings(call.tenant_id))


@api.route(
    "PUT",
    "/settings",
    "Replace the settings",
    scope="agents.write",
    body=f"{SCHEMAS}:PutSettings",
    answer=f"{SCHEMAS}:SettingsAnswer",
    errors=("VERSION_CONFLICT", "URL_NOT_ALLOWED"),
    about="A tenant may lower its own limits; raising them is for its parent (`Pitboss-Tenant`), within the parent's.",
)
def put_settings(call: Call) -> Answer:
    """As a whole, if they still have the version that was read."""
    body = call.body
    own = call.who().tenant_id == call.tenant_id
    limits = {
        name: value for name, value in body.limits.model_dump(by_alias=True).items() if value is not None
    }
    wanted = OwnSettings(
        allowed_ips_text=body.allowed_ips,
        payouts_url=body.callbacks.payouts,
        debits_url=body.callbacks.debits,
        game_url=body.game_url,
        approval=body.approval,
        default_duration_minutes=body.default_duration_minutes,
        grace_seconds=body.grace_seconds,
        active_keys=body.active_keys,
        limits=limits,
        exponents=body.exponents,
        fx=body.fx,
        branding=body.branding,
        wallet_mode=body.wallet_mode,
        wallet_url=body.wallet_url,
        wallet_timeout_ms=body.wallet_timeout_ms,
        wallet_transactions=body.wallet_transactions,
        wallet_lock_on_failed=body.wallet_lock_on_failed,
    )
    view = service.put_settings(
        call.tenant_id,
        wanted,
        expect=body.version,
        by_itself=own,
        source_ip=call.source_ip if own else "",
    )
    return _view(view)
