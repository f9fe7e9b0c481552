"""Routes that tell about the API itself; open to all."""

from pitboss.contract.openapi import served
from pitboss.contract.page import page
from pitboss.kernel.instants import format_instant
from pitboss.platform.http import Answer, Api, Call

SCHEMAS = "pitboss.contract.schemas"
api = Api("docs_api", None)

_MINUTES_5 = {"Cache-Control": "public, max-age=300"}
# The page loads nothing from anywhere and runs no script.
_PAGE_HEADERS = {
    **_MINUTES_5,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


@api.route(
    "GET",
    "/health",
    "Is the API up",
    public=True,
    answer=f"{SCHEMAS}:Health",
    about="Answers without touching any table: that the gateway and a function answer, and no more.",
)
def health(call: Call) -> Answer:
    """Answers without touching anything."""
    return Answer({"status": "ok", "time": format_instant(call.now)})


@api.route(
    "GET",
    "/openapi.json",
    "This document",
    public=True,
    about="OpenAPI 3.1, generated from the routes that are deployed; for generators of clients.",
)
def openapi(_call: Call) -> Answer:
    """The generated OpenAPI document."""
    return Answer(served(), headers=_MINUTES_5)


@api.route(
    "GET",
    "/docs",
    "The reference as a page",
    public=True,
    media_type="text/html",
    about="The same document for people: one page, no script, nothing loaded from elsewhere.",
)
def docs(_call: Call) -> Answer:
    """The same document for people."""
    return Answer(page(), headers=_PAGE_HEADERS, content_type="text/html; charset=utf-8")


@api.route(
    "GET",
    "/.well-known/jwks.json",
    "Public keys of player tokens",
    public=True,
    answer=f"{SCHEMAS}:Jwks",
    about="Ed25519 keys; certification reports are signed with them too. Two while a rotation lasts.",
)
def jwks(_call: Call) -> Answer:
    """What player tokens are verified with."""
    from pitboss.tenancy.public import jwks as keys

    return Answer(keys(), headers=_MINUTES_5)
