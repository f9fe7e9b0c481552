"""Agents, keys and settings through the functions' own handlers."""

import json

import pytest
from pitboss.platform import dynamo
from pitboss.platform.settings import hub_table
from pitboss.tenancy import store
from pitboss.tenancy.api import api

from tests.tenancy_world import Client, authorize, made, operator, root_client

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]

NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def everything() -> str:
    """Every item of the hub table as text."""
    from pitboss.platform.aws import dynamodb

    return json.dumps(dynamodb().scan(TableName=hub_table())["Items"], default=str)


# ---------------------------------------------------------------- agents
def test_a_tree_is_built_read_and_paged() -> None:
    root = root_client(api)
    op, own = operator(root)
    agents = [made(own("POST", "/agents", {"name": f"A{n}", "currency": "JPY"}))["agentId"] for n in range(3)]
    listed = made(own("GET", "/agents", query={"limit": "2"}))
    assert [row["agentId"] for row in listed["agents"]] == agents[:2]
    rest = made(own("GET", "/agents", query={"limit": "2", "cursor": listed["nextCursor"]}))
    assert [row["agentId"] for row in rest["agents"]] == agents[2:]
    assert rest["nextCursor"] is None
    tree = made(root("GET", "/agents/{id}/tree", id=op))
    assert [row["agentId"] for row in tree["agents"]] == [op, *agents]
    assert tree["truncated"] is False
    one = made(own("GET", "/agents/{id}", id=agents[0]))
    assert (one["kind"], one["currency"], one["parentId"], one["version"]) == ("agent", "JPY", op, 1)
    # The operator is not told what stands above it.
    assert made(own("GET", "/agents/{id}", id=op))["parentId"] is None


@pytest.mark.parametrize("cursor", ["x", "!!!", "AAAA", "MDFBUlozTkRFS1RTVjRSUkZGUTY5RzVGQQ=="])
def test_a_damaged_cursor_is_refused(cursor: str) -> None:
    root = root_client(api)
    assert root("GET", "/agents", query={"cursor": cursor}).name == "CURSOR_INVALID"


def test_what_is_not_below_does_not_exist() -> None:
    root = root_client(api)
    mine, one = operator(root, "One")
    theirs, two = operator(root, "Two")
    for target in (theirs, NOBODY, made(root("GET", "/agents"))["agents"][0]["agentId"] + "x", "NODE#x"):
        for method, path, body in (
            ("GET", "/agents/{id}", None),
            ("GET", "/agents/{id}/tree", None),
            ("PATCH", "/agents/{id}", {"name": "Mine now"}),
        ):
            reply = one(method, path, body, id=target)
            assert (reply.status, reply.name) == (404, "AGENT_NOT_FOUND")
        assert one("GET", "/api-keys", query={"agentId": target}).status == 404
        assert one("POST", "/api-keys", {"name": "k", "scopes": ["*"], "agentId": target}).status == 404
        assert one("POST", "/agents", {"name": "x", "parentId": target}).status == 404
        assert one("GET", "/settings", headers={"Pitboss-Tenant": target}).status == 404
    key = made(two("GET", "/api-keys"))["keys"][0]["keyId"]
    assert one("DELETE", "/api-keys/{id}", id=key).status == 404
    assert one("POST", "/api-keys/{id}/rotate", {}, id=key).status == 404
    assert theirs not in one("GET", "/agents/{id}/tree", id=mine).text


def test_a_parent_acts_for_a_node_below_it() -> None:
    root = root_client(api)
    op, own = operator(root)
    agent, _ = operator(own, "A", kind="agent")
    for client in (root, own):
        assert made(client("GET", "/settings", headers={"Pitboss-Tenant": agent}))["tenantId"] == agent
    assert made(own("GET", "/settings", headers={"Pitboss-Tenant": op}))["tenantId"] == op


def test_suspension_takes_the_subtree_and_is_undone_from_above() -> None:
    root = root_client(api)
    op, own = operator(root)
    _, agent = operator(own, "A", kind="agent")
    assert own("PATCH", "/agents/{id}", {"status": "suspended"}, id=op).name == "CONFLICT"
    assert made(root("PATCH", "/agents/{id}", {"status": "suspended"}, id=op))["status"] == "suspended"
    for client in (own, agent):
        reply = client("GET", "/settings")
        assert (reply.status, reply.name) == (403, "TENANT_SUSPENDED")
    assert root("GET", "/settings", headers={"Pitboss-Tenant": op}).name == "TENANT_SUSPENDED"
    assert root("POST", "/agents", {"name": "x", "parentId": op}).name == "TENANT_SUSPENDED"
    assert made(root("PATCH", "/agents/{id}", {"status": "active"}, id=op))["version"] == 3
    assert agent("GET", "/settings").status == 200


def test_a_change_to_another_version_is_refused_and_the_same_change_is_free() -> None:
    root = root_client(api)
    op, _ = operator(root)
    assert made(root("PATCH", "/agents/{id}", {"name": "New", "version": 1}, id=op))["version"] == 2
    reply = root("PATCH", "/agents/{id}", {"name": "Newer", "version": 1}, id=op)
    assert (reply.name, reply.body["version"]) == ("VERSION_CONFLICT", 2)
    assert made(root("PATCH", "/agents/{id}", {"name": "New"}, id=op))["version"] == 2


def test_one_key_one_agent() -> None:
    root = root_client(api)
    body = {"name": "Once", "kind": "operator"}
    first = root("POST", "/agents", body, key="k-1")
    again = root("POST", "/agents", body, key="k-1")
    assert (again.status, again.text) == (201, first.text)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert root("POST", "/agents", {**body, "name": "Twice"}, key="k-1").name == "IDEMPOTENCY_CONFLICT"
    assert len(made(root("GET", "/agents"))["agents"]) == 1


# ---------------------------------------------------------------- keys
def test_a_token_is_shown_once_and_stored_nowhere() -> None:
    root = root_client(api)
    body = {"name": "server", "scopes": ["players.read"]}
    first = made(root("POST", "/api-keys", body, key="mk"))
    token = first["token"]
    assert [len(part) for part in token.split("-")] == [8, 4, 4, 4, 12]
    again = root("POST", "/api-keys", body, key="mk")
    assert made(again) == {**first, "token": None}
    listed = root("GET", "/api-keys")
    assert [row["name"] for row in made(listed)["keys"]] == ["server", "root"]
    assert listed.body["keys"][0]["hint"] == token[:8]
    for text in (again.text, listed.text, everything()):
        assert token not in text
        assert root.token not in text


def test_scopes_are_enforced_and_named() -> None:
    root = root_client(api)
    token = made(root("POST", "/api-keys", {"name": "r", "scopes": ["agents.read", "keys.write"]}))["token"]
    reader = Client(api, token)
    assert reader("GET", "/agents").status == 200
    reply = reader("POST", "/agents", {"name": "x"})
    assert (reply.status, reply.name, reply.body["requiredScope"]) == (
        403,
        "PERMISSION_ERROR",
        "agents.write",
    )
    more = reader("POST", "/api-keys", {"name": "r2", "scopes": ["agents.write"]})
    assert (more.status, more.body["missingScopes"]) == (403, ["agents.write"])
    # Nor by rotating a key that has more.
    rooted = next(k for k in made(root("GET", "/api-keys"))["keys"] if k["name"] == "root")["keyId"]
    assert reader("POST", "/api-keys/{id}/rotate", {}, id=rooted).name == "PERMISSION_ERROR"


def test_rotation_keeps_two_keys_and_revocation_ends_one() -> None:
    root = root_client(api)
    _, own = operator(root)
    old = made(own("GET", "/api-keys"))["keys"][0]
    fresh = made(own("POST", "/api-keys/{id}/rotate", {"graceSeconds": 3600}, id=old["keyId"]))
    new = Client(api, fresh["token"])
    assert (fresh["name"], fresh["scopes"]) == (old["name"], old["scopes"])
    assert own("GET", "/settings").status == new("GET", "/settings").status == 200
    rows = {row["keyId"]: row for row in made(new("GET", "/api-keys"))["keys"]}
    assert rows[old["keyId"]]["expiresAt"] is not None
    assert rows[old["keyId"]]["status"] == "active"
    third = new("POST", "/api-keys", {"name": "third", "scopes": ["*"]})
    assert (third.status, third.name) == (409, "KEY_LIMIT")
    assert new("DELETE", "/api-keys/{id}", id=old["keyId"]).status == 204
    assert own("GET", "/settings").status == 401
    assert new("DELETE", "/api-keys/{id}", id=old["keyId"]).status == 204
    rows = {row["keyId"]: row for row in made(new("GET", "/api-keys"))["keys"]}
    assert rows[old["keyId"]]["status"] == "revoked"
    assert rows[old["keyId"]]["lastUsedOn"] is not None
    assert new("POST", "/api-keys", {"name": "third", "scopes": ["*"]}).status == 201
    assert new("POST", "/api-keys/{id}/rotate", {}, id=old["keyId"]).name == "CONFLICT"


def test_rotation_without_grace_ends_the_old_key_at_once() -> None:
    root = root_client(api)
    _, own = operator(root)
    old = made(own("GET", "/api-keys"))["keys"][0]["keyId"]
    fresh = made(own("POST", "/api-keys/{id}/rotate", {"graceSeconds": 0}, id=old, key="rot"))
    assert own("GET", "/settings").status == 401
    assert Client(api, fresh["token"])("GET", "/settings").status == 200


def test_a_key_ends_at_its_hour() -> None:
    root = root_client(api)
    past = root("POST", "/api-keys", {"name": "x", "scopes": ["*"], "expiresAt": "2020-01-01T00:00:00Z"})
    assert past.body["errors"][0]["field"] == "expiresAt"
    body = {"name": "x", "scopes": ["*"], "expiresAt": "2100-01-01T00:00:00Z"}
    token = made(root("POST", "/api-keys", body))["token"]
    assert authorize(token) is not None
    record = store.find_key(store_hash(token))
    assert record is not None
    dynamo.apply(dynamo.put_op(hub_table(), {**record, "expiresAt": 1}))
    assert authorize(token) is None


def store_hash(token: str) -> str:
    from pitboss.tenancy.tokens import token_hash

    return token_hash(token)


# ---------------------------------------------------------------- settings
def put(client: Client, **members: object) -> object:
    version = made(client("GET", "/settings"))["version"]
    return client("PUT", "/settings", {"version": version, **members})


def test_settings_are_replaced_by_version_with_warnings() -> None:
    root = root_client(api)
    _, own = operator(root)
    blank = made(own("GET", "/settings"))
    assert blank["version"] == 0
    assert any("allowedIps is blank" in text for text in blank["warnings"])
    body = {
        "version": 0,
        "allowedIps": "203.0.113.0/24\n2001:db8::/32",
        "callbacks": {"payouts": "https://casino.example/p", "debits": "https://casino.example/d"},
        "exponents": {"DOGE": 8},
        "fx": {"USD": "0.92"},
        "branding": {"logoUrl": "https://casino.example/l.png"},
    }
    first = made(own("PUT", "/settings", body))
    assert (first["version"], first["warnings"], first["allowedIps"]) == (1, [], body["allowedIps"])
    assert first["fxInForce"] == ["USD"]
    # The same put again (its answer was lost) is the same; another one to the old version is not.
    assert made(own("PUT", "/settings", body)) == first
    late = own("PUT", "/settings", {**body, "approval": "manual"})
    assert (late.name, late.body["version"]) == ("VERSION_CONFLICT", 1)


def test_settings_say_what_is_wrong_field_by_field() -> None:
    root = root_client(api)
    _, own = operator(root)
    reply = own(
        "PUT",
        "/settings",
        {
            "version": 0,
            "allowedIps": "1.1.1.1 nonsense",
            "fx": {"USD": "-1"},
            "limits": {"standard": 5000},
            "exponents": {"EUR": 4},
        },
    )
    assert {e["field"] for e in reply.body["errors"]} == {
        "allowedIps[1]",
        "fx.USD",
        "limits.standard",
        "exponents.EUR",
    }
    unknown = own("PUT", "/settings", {"version": 0, "limits": {"concurrent": 3}})
    assert unknown.body["errors"] == [{"field": "limits.concurrent", "reason": "unknown field"}]
    url = own("PUT", "/settings", {"version": 0, "callbacks": {"payouts": "https://user:pw@casino.example/"}})
    assert (url.name, url.body["errors"][0]["field"]) == ("URL_NOT_ALLOWED", "callbacks.payouts")
    assert made(own("GET", "/settings"))["version"] == 0


def test_the_allowlist_holds_for_the_tenants_keys_and_not_for_its_parent() -> None:
    root = root_client(api)
    op, own = operator(root)
    set_by_root = root(
        "PUT", "/settings", {"version": 0, "allowedIps": "198.51.100.0/24"}, headers={"Pitboss-Tenant": op}
    )
    assert set_by_root.status == 200
    refused = own("GET", "/settings")
    assert (refused.status, refused.body["code"], refused.body["sourceIp"]) == (403, 1020, "203.0.113.9")
    for source in ("198.51.100.7", "::ffff:198.51.100.7"):
        own.source_ip = source
        assert own("GET", "/settings").status == 200
    own.source_ip = "2001:db8::1"
    assert own("GET", "/settings").name == "IP_NOT_ALLOWED"
    assert root("GET", "/settings", headers={"Pitboss-Tenant": op}).status == 200


def test_locking_oneself_out_is_said_before_it_hurts() -> None:
    root = root_client(api)
    _, own = operator(root)
    answer = made(own("PUT", "/settings", {"version": 0, "allowedIps": "198.51.100.1"}))
    assert any("203.0.113.9" in text for text in answer["warnings"])


def test_a_parent_raises_limits_within_its_own() -> None:
    root = root_client(api)
    op, own = operator(root)
    acting = {"Pitboss-Tenant": op}
    raised = made(root("PUT", "/settings", {"version": 0, "limits": {"create": 600}}, headers=acting))
    assert (raised["limitsInForce"]["create"], raised["limits"]["standard"]) == (600, None)
    agent, _ = operator(own, "A", kind="agent")
    body = {"version": 0, "limits": {"create": 601}}
    reply = own("PUT", "/settings", body, headers={"Pitboss-Tenant": agent})
    assert reply.body["errors"][0]["field"] == "limits.create"
    assert made(own("GET", "/settings", headers={"Pitboss-Tenant": agent}))["limitsInForce"]["create"] == 10


# ---------------------------------------------------------------- closing
def test_a_closed_agent_leaves_lists_and_trees_for_good() -> None:
    root = root_client(api)
    op, own = operator(root)
    agents = [made(own("POST", "/agents", {"name": f"A{n}"}))["agentId"] for n in range(4)]
    for gone in agents[1:3]:
        closed = made(own("PATCH", "/agents/{id}", {"status": "closed"}, id=gone))
        assert (closed["status"], closed["version"]) == ("closed", 2)
    assert [row["agentId"] for row in made(own("GET", "/agents"))["agents"]] == [agents[0], agents[3]]
    tree = made(root("GET", "/agents/{id}/tree", id=op))["agents"]
    assert [row["agentId"] for row in tree] == [op, agents[0], agents[3]]
    first = made(own("GET", "/agents", query={"closed": "true", "limit": "1"}))
    rest = made(own("GET", "/agents", query={"closed": "true", "cursor": first["nextCursor"]}))
    assert [row["agentId"] for row in first["agents"] + rest["agents"]] == agents[1:3]
    assert made(own("GET", "/agents/{id}", id=agents[1]))["status"] == "closed"
    # The same again is no other change; anything else is refused.
    assert made(own("PATCH", "/agents/{id}", {"status": "closed"}, id=agents[1]))["version"] == 2
    for body in ({"status": "active"}, {"status": "suspended"}, {"name": "Again"}):
        reply = own("PATCH", "/agents/{id}", body, id=agents[1])
        assert (reply.name, reply.body["effect"]) == ("CONFLICT", "none")
    assert own("PATCH", "/agents/{id}", {"status": "closed"}, id=op).name == "CONFLICT"


def test_a_closed_agent_is_refused_and_read_only_from_above() -> None:
    root = root_client(api)
    _, own = operator(root)
    agent, shop = operator(own, "Shop", kind="agent")
    made(own("PATCH", "/agents/{id}", {"status": "closed"}, id=agent))
    reply = shop("GET", "/settings")
    assert (reply.status, reply.name) == (403, "TENANT_SUSPENDED")
    assert reply.body["detail"] == "This agent is closed; ask the operator above it."
    acting = {"Pitboss-Tenant": agent}
    assert made(own("GET", "/settings", headers=acting))["tenantId"] == agent
    written = own("PUT", "/settings", {"version": 0}, headers=acting)
    assert written.name == "TENANT_SUSPENDED"
