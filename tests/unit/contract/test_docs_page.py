"""The routes that tell about the API, and the page they serve."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from pitboss.contract.api import api
from pitboss.kernel.refusal import catalogue

pytestmark = pytest.mark.unit


def get(path: str, accept: str = "*/*") -> dict[str, Any]:
    event = {
        "httpMethod": "GET",
        "resource": path,
        "headers": {"Accept": accept},
        "requestContext": {"requestId": "r"},
    }
    return api.handler(event, None)


class Reader(HTMLParser):
    """Collects what the page loads, where it leads and what it is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "srcset", "data") or (tag == "link" and name == "href"):
                self.loads.append(value or "")


def test_health_and_document() -> None:
    assert json.loads(get("/health")["body"])["status"] == "ok"
    served = get("/openapi.json", "application/json")
    assert served["headers"]["Content-Type"] == "application/json"
    assert json.loads(served["body"])["openapi"] == "3.1.0"
    assert get("/docs", "application/json")["statusCode"] == 406


def test_the_page_stands_alone_and_every_link_in_it_leads_somewhere() -> None:
    answer = get("/docs", "text/html,application/xhtml+xml")
    assert answer["headers"]["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer["headers"]["Content-Security-Policy"]
    reader = Reader()
    reader.feed(answer["body"])
    assert not reader.loads
    assert not {"script", "img", "iframe", "object", "embed", "form"} & set(reader.tags)
    assert len(set(reader.ids)) == len(reader.ids)
    for link in reader.links:
        assert link == "openapi.json" or link.removeprefix("#") in reader.ids


def test_the_page_has_every_operation_and_the_anchor_of_every_error() -> None:
    body = get("/docs")["body"]
    document = json.loads(get("/openapi.json")["body"])
    for path, item in document["paths"].items():
        assert f"/api{path}</code>" in body
        for operation in item.values():
            assert f'id="{operation["operationId"]}"' in body
    for entry in catalogue().values():
        assert f'id="error-{entry.code}"' in body
    assert not re.search(r"&lt;(code|p|ul)&gt;", body)


def test_code_in_a_description_is_shown_as_code() -> None:
    body = get("/docs", "text/html")["body"]
    assert "<td><code>nextCursor</code> of the page before</td>" in body
    assert "`" not in re.sub(r"<pre>.*?</pre>", "", body, flags=re.DOTALL)
