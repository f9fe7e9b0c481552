"""Use cases of tenancy. `acting` is the tenant a call acts for; everything reachable lies in its subtree."""

import base64
import binascii
from dataclasses import dataclass, replace
from typing import Any

from pitboss.kernel.ids import derive_ulid, is_ulid
from pitboss.kernel.instants import format_instant
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform import dynamo
from pitboss.platform.caller import SCOPES
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.platform.settings import callback_ports, is_local
from pitboss.tenancy import rules, store
from pitboss.tenancy.addresses import is_allowed, parse_allowlist
from pitboss.tenancy.gateway import new_token
from pitboss.tenancy.model import ApiKey, Node, OwnSettings, Settings
from pitboss.tenancy.standing import forget, standing_of
from pitboss.tenancy.tokens import HINT_CHARS, token_hash

MAX_TREE = 1000
CHANGE_ATTEMPTS = 5
DAY_MS = 86_400_000


# ---------------------------------------------------------------- tree
def find(acting: str, agent_id: str) -> Node:
    """A node of the acting tenant's subtree. Refusal AGENT_NOT_FOUND for all others, existing or not."""
    node = store.read_node(agent_id) if is_ulid(agent_id) else None
    if node is None or acting not in node.ancestry:
        raise Refusal("AGENT_NOT_FOUND", "There is no such agent below this tenant.")
    return node


def create_agent(
    acting: str, *, agent_id: str, name: str, kind: str, currency: str | None, parent_id: str | None, now: int
) -> Node:
    """A node below `parent_id` (else the acting tenant). Repeating with the same id answers the same node."""
    above = find(acting, parent_id or acting)
    standing = standing_of(above.id, now)
    if standing is None:
        raise Refusal("AGENT_NOT_FOUND", "There is no such agent below this tenant.")
    node = rules.new_child(standing, node_id=agent_id, name=name, kind=kind, currency=currency, now=now)
    try:
        store.create_node(node)
    except dynamo.TransactionRefused as refused:
        if refused.refused(
            0
        ):  # an earlier attempt of this very call wrote it and died before it could answer
            return find(acting, agent_id)
        raise Refusal(
            "TENANT_SUSPENDED", "The agent above is suspended; nothing can be created below it."
        ) from None
    return node


def list_agents(acting: str, *, after: str, limit: int, closed: bool = False) -> tuple[list[Node], str]:
    """The nodes right below (of the closed ones with `closed`), and the cursor of the next page ("" at the end)."""
    ids = store.child_ids(acting, after=_from_cursor(after) if after else "", limit=limit + 1, closed=closed)
    nodes = store.read_nodes(ids[:limit])
    following = base64.urlsafe_b64encode(ids[limit - 1].encode()).decode() if len(ids) > limit else ""
    return [nodes[one] for one in ids[:limit] if one in nodes], following


def _from_cursor(text: str) -> str:
    try:
        last = base64.urlsafe_b64decode(text.encode()).decode()
    except (binascii.Error, ValueError):
        last = ""
    if not is_ulid(last):
        raise Refusal("CURSOR_INVALID", "Send `cursor` exactly as `nextCursor` was answered.")
    return last


def tree(acting: str, agent_id: str) -> tuple[list[Node], bool]:
    """A node and everything below it, parents before children; True when there are more than MAX_TREE."""
    top = find(acting, agent_id)
    found, level = [top], [top]
    while level:
        ids = [
            one
            for node in level
            if node.kind != "agent"
            for one in store.child_ids(node.id, limit=MAX_TREE + 1)
        ]
        room = MAX_TREE - len(found)
        nodes = store.read_nodes(ids[:room])
        level = [nodes[one] for one in ids[:room] if one in nodes]
        found += level
        if len(ids) > room:
            return found, True
    return found, False


def change_agent(
    acting: str, agent_id: str, *, name: str | None, status: str | None, version: int | None
) -> Node:
    """Rename, suspend, activate or close a node. A tenant does not suspend itself: nobody below the parent could undo it.
    What is closed stays closed, and as it is. Refusals AGENT_NOT_FOUND, VERSION_CONFLICT, CONFLICT."""
    for _ in range(CHANGE_ATTEMPTS):
        node = find(acting, agent_id)
        if version is not None and version != node.version:
            raise Refusal(
                "VERSION_CONFLICT",
                f"The agent has version {node.version} by now; read it again.",
                facts={"version": node.version},
            )
        if status is not None and status != node.status and node.id == acting:
            raise Refusal("CONFLICT", "Only the operator above may suspend, activate or close this agent.")
        if status == "closed" and name is not None:
            raise Refusal("CONFLICT", "Rename an agent before it is closed, in a call of its own.")
        if node.status == "closed" and (status != "closed" or name is not None):
            raise Refusal("CONFLICT", "This agent is closed for good; make another one.")
        fresh = replace(node, name=name or node.name, status=status or node.status, version=node.version + 1)  # type: ignore[arg-type]
        if fresh.name == node.name and fresh.status == node.status:
            return node
        change = store.close_node if fresh.status == "closed" else store.change_node
        if change(fresh, expect=node.version):
            forget(node.id)
            return fresh
    raise Refusal("VERSION_CONFLICT", "Others keep changing this agent; repeat the request.", retry_after_s=1)


# ---------------------------------------------------------------- keys
@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key and its token, which is shown this once and kept nowhere."""

    key: ApiKey
    token: str


def list_keys(node: Node) -> list[ApiKey]:
    """The node's keys, newest first, with the day of last use."""
    keys, _ = store.read_keys(node.id)
    used = store.last_used(keys)
    return [replace(key, last_used=used.get(key.token_hash, key.last_used)) for key in reversed(keys)]


def _fresh_key(
    key_id: str, name: str, scopes: tuple[str, ...], maker: str, expires_at: int, now: int
) -> MadeKey:
    token = new_token()
    hint = token[:HINT_CHARS]
    return MadeKey(ApiKey(key_id, name, scopes, token_hash(token), hint, now, maker, expires_at), token)


def create_key(
    node: Node,
    *,
    key_id: str,
    name: str,
    scopes: list[str],
    held: frozenset[str],
    maker: str,
    expires_at: int,
    now: int,
) -> MadeKey:
    """A key for a node. Repeated under the same id (the first attempt died before its answer) it has a new token, and
    the one that nobody saw opens nothing."""
    granted = rules.grant_scopes(scopes, held, SCOPES)
    if expires_at and expires_at <= now:
        raise Refusal(
            "VALIDATION_ERROR", "expiresAt lies in the past.", errors=[FieldError("expiresAt", "in the past")]
        )
    made = _fresh_key(key_id, name, granted, maker, expires_at, now)
    limit = _settings(node, now).active_keys
    _change(node, lambda keys: rules.add_key(keys, made.key, limit=limit, now=now))
    return made


def rotate_key(
    node: Node, old_id: str, *, key_id: str, held: frozenset[str], maker: str, grace_s: int, now: int
) -> MadeKey:
    """A second key like `old_id`, which stays valid for `grace_s` more seconds: both are active until then."""
    limit = _settings(node, now).active_keys
    old = _rotatable(store.read_keys(node.id)[0], old_id, key_id, now)
    made = _fresh_key(key_id, old.name, rules.grant_scopes(old.scopes, held, SCOPES), maker, 0, now)

    def decide(keys: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
        end = now + grace_s * 1000
        stated = _rotatable(keys, old_id, key_id, now).expires_at
        shorter = rules.change_key(keys, old_id, expires_at=min(stated or end, end))
        return rules.add_key(shorter, made.key, limit=limit, now=now)

    _change(node, decide)
    return made


def revoke_key(node: Node, key_id: str, now: int) -> None:
    """From the answer on the token opens nothing (API Gateway may remember it for 30 s). Repeating changes nothing."""

    def decide(keys: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
        key = _known(keys, key_id)
        if key.revoked_at:
            return keys
        used = store.last_used([key]).get(key.token_hash, key.last_used)
        return rules.change_key(keys, key_id, revoked_at=now, last_used=used)

    _change(node, decide)


def _change(node: Node, decide: Any) -> tuple[ApiKey, ...]:
    try:
        return store.change_keys(node, decide)
    except dynamo.TooBusy:
        raise Refusal(
            "VERSION_CONFLICT", "Others keep changing these keys; repeat.", retry_after_s=1
        ) from None


def _known(keys: tuple[ApiKey, ...], key_id: str) -> ApiKey:
    key = next((one for one in keys if one.id == key_id), None)
    if key is None:
        raise Refusal("NOT_FOUND", "This agent has no such key.")
    return key


def _rotatable(keys: tuple[ApiKey, ...], old_id: str, new_id: str, now: int) -> ApiKey:
    """The key to be replaced: active, or ended by an earlier attempt of the same rotation."""
    old = _known(keys, old_id)
    if not old.active(now) and all(key.id != new_id for key in keys):
        raise Refusal("CONFLICT", "The key is revoked or over; create a new one.")
    return old


def _settings(node: Node, now: int) -> Settings:
    standing = standing_of(node.id, now)
    if standing is None:
        raise Refusal("AGENT_NOT_FOUND", "There is no such agent below this tenant.")
    return standing.settings


# ---------------------------------------------------------------- settings
@dataclass(frozen=True, slots=True)
class SettingsView:
    """Own settings, those in effect, and what the reader should know about them."""

    own: OwnSettings
    effective: Settings
    warnings: list[str]


def read_settings(acting: str) -> SettingsView:
    """The acting tenant's settings, strongly consistent."""
    path = store.read_path(acting)
    if not path:
        raise Refusal("AGENT_NOT_FOUND", "There is no such agent.")
    own = path[-1][1]
    return SettingsView(own, rules.effective(path).settings, _warnings(own, ""))


def _warnings(own: OwnSettings, source_ip: str) -> list[str]:
    found = []
    if not own.allowed_ips:
        found.append("allowedIps is blank: every address may use this tenant's keys.")
    elif source_ip and not is_allowed(source_ip, own.allowed_ips):
        found.append(f"allowedIps does not hold {source_ip}, the address of this very call.")
    if not own.payouts_url:
        found.append("callbacks.payouts is not set: prizes wait until it is.")
    if not own.debits_url:
        found.append("callbacks.debits is not set: tournaments with a buy-in take no entries.")
    return found


def put_settings(
    acting: str, wanted: OwnSettings, *, expect: int, by_itself: bool, source_ip: str
) -> SettingsView:
    """Replace the settings of version `expect`.

    Args:
        wanted: `allowed_ips` and `version` are worked out here.
        by_itself: the caller is the tenant, not one above it; then no limit may be raised.
        source_ip: the caller's address when its own allowlist is meant, else "".

    Raises:
        Refusal: VALIDATION_ERROR by field, URL_NOT_ALLOWED, VERSION_CONFLICT.
    """
    path = store.read_path(acting)
    if not path:
        raise Refusal("AGENT_NOT_FOUND", "There is no such agent.")
    node, before = path[-1]
    parent = rules.effective(path[:-1]).settings if len(path) > 1 else None
    allowed, errors = parse_allowlist(wanted.allowed_ips_text)
    errors += rules.check_settings(
        wanted, before, parent, by_itself=by_itself, node=node, local=is_local(), ports=callback_ports()
    )
    if errors:
        raise Refusal(
            "VALIDATION_ERROR",
            "; ".join(f"{e.pointer}: {e.reason}" for e in errors[:3]) + ".",
            errors=errors[:50],
        )
    _check_callbacks(wanted)
    fresh = replace(wanted, allowed_ips=allowed, version=expect + 1)
    if before.version != expect or not store.write_settings(acting, fresh):
        current = store.read_settings(acting)
        # Our own earlier attempt may have written it and died before answering: then it is what was asked for.
        if current != fresh:
            raise Refusal(
                "VERSION_CONFLICT",
                f"The settings have version {current.version} by now; read them again.",
                facts={"version": current.version},
            )
    forget(acting)
    return SettingsView(
        fresh, rules.effective([*path[:-1], (node, fresh)]).settings, _warnings(fresh, source_ip)
    )


def _check_callbacks(wanted: OwnSettings) -> None:
    faults = [
        FieldError(f"callbacks.{name}", reason)
        for name, url in (("payouts", wanted.payouts_url), ("debits", wanted.debits_url))
        if url and (reason := rules.url_fault(url, local=is_local(), ports=callback_ports()))
    ]
    if faults:
        raise Refusal(
            "URL_NOT_ALLOWED", "; ".join(f"{e.pointer}: {e.reason}" for e in faults) + ".", errors=faults
        )


# ---------------------------------------------------------------- the very first node
def bootstrap_root(name: str, currency: str) -> dict[str, str]:
    """A root node and its first key with every scope, in one transaction. Nobody can call for it: it is an act of
    whoever holds the AWS credentials of the stack."""
    now = now_ms()
    rules.check_currency("currency", currency, {})
    root_id = new_ulid(now)
    node = Node(root_id, name, "root", "", f"/{root_id}/", currency, "active", now)
    made = _fresh_key(derive_ulid(root_id, "first key"), "root", SCOPES, root_id, 0, now)
    store.create_node(node, made.key)
    return {"tenantId": root_id, "keyId": made.key.id, "token": made.token, "createdAt": format_instant(now)}
