"""A small world of tenants on moto, spoken to as API Gateway speaks: authorizer first, then the function."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from pitboss.kernel.refusal import Refusal
from pitboss.platform.http import Api
from pitboss.tenancy import authorizer, standing, tokens
from pitboss.tenancy.public import create_root

ARN = "arn:aws:execute-api:us-east-1:123456789012:cafe0001/api"


@dataclass
class Reply:
    """An HTTP answer, parsed."""

    status: int
    body: Any
    headers: dict[str, str]
    text: str = ""

    @property
    def name(self) -> str:
        """The catalogue name of a refusal."""
        return str(self.body["name"])


def authorize(token: str, method: str = "GET", path: str = "/x") -> dict[str, Any] | None:
    """What the authorizer answers, or None where API Gateway would answer 401."""
    event = {"headers": {"authorization": f"Bearer {token}"}, "methodArn": f"{ARN}/{method}{path}"}
    answer = authorizer.handler(event, None)
    (statement,) = answer["policyDocument"]["Statement"]
    return answer if statement["Effect"] == "Allow" else None


@dataclass
class Client:
    """One token's way in. Nothing is remembered between calls: every call reads tenants and keys afresh."""

    api: Api
    token: str
    source_ip: str = "203.0.113.9"
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(
        self,
        method: str,
        resource: str,
        body: Any = None,
        *,
        key: str = "",
        query: dict[str, str] | None = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
        **params: str,
    ) -> Reply:
        standing.forget()
        allowed = authorize(self.token, method)
        if allowed is None:
            return Reply(401, {"name": "TOKEN_INVALID"}, {})
        sent = {"Accept": "application/json", **self.headers, **(headers or {})}
        event: dict[str, Any] = {
            "httpMethod": method,
            "resource": resource,
            "pathParameters": params or None,
            "queryStringParameters": query,
            "requestContext": {
                "requestId": "req-1",
                "identity": {"sourceIp": self.source_ip},
                "authorizer": allowed["context"],
            },
        }
        if method in ("POST", "PUT", "PATCH"):
            sent.setdefault("Content-Type", "application/json")
            content = json.dumps(body if body is not None else {}).encode() if raw is None else raw
            event["body"], event["isBase64Encoded"] = base64.b64encode(content).decode(), True
        if key:
            sent["Idempotency-Key"] = key
        event["headers"] = sent
        answer = self.api.handler(event, None)
        text = answer["body"]
        parsed = json.loads(text) if text and "json" in answer["headers"]["Content-Type"] else None
        return Reply(answer["statusCode"], parsed, answer["headers"], text)


def root_client(api: Api, currency: str = "EUR") -> Client:
    """A fresh hub's first key."""
    standing.forget()
    tokens.forget_keys()
    return Client(api, create_root("Hub", currency))


def made(reply: Reply) -> Any:
    """The body of a success."""
    assert reply.status in (200, 201, 204), reply.body
    return reply.body


def operator(
    root: Client, name: str = "Op", *, kind: str = "operator", parent: str | None = None, **more: Any
) -> tuple[str, Client]:
    """A tenant below and a client with a key of its own with every scope."""
    body = {"name": name, "kind": kind, **({"parentId": parent} if parent else {}), **more}
    agent = made(root("POST", "/agents", body))["agentId"]
    key = made(root("POST", "/api-keys", {"name": name, "scopes": ["*"], "agentId": agent}))
    return agent, Client(root.api, key["token"])


def refusal_name(call: Any) -> str:
    """The name of the refusal that `call()` raises, or "" if it raises none."""
    try:
        call()
    except Refusal as refusal:
        return refusal.name
    return ""
