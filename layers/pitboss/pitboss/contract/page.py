"""The reference as one self-contained HTML page: no script, nothing loaded, every text escaped."""

import json
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

from pitboss.contract.openapi import served
from pitboss.kernel.refusal import catalogue

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--accent:#0a6}
*{box-sizing:border-box}body{margin:0;font:15px/1.5 system-ui,sans-serif;display:flex}
nav{position:sticky;top:0;height:100vh;overflow:auto;width:17rem;flex:none;padding:1rem;border-right:1px solid var(--line)}
nav a{display:block;padding:.1rem 0;color:inherit;text-decoration:none}nav h2{font-size:1rem;margin:1rem 0 .2rem}
main{padding:1rem 2rem;max-width:62rem;min-width:0}a{color:var(--accent)}
code,pre{font:13px/1.45 ui-monospace,monospace}pre{background:var(--soft);padding:.7rem;overflow:auto}
table{border-collapse:collapse;width:100%;margin:.4rem 0 1rem}td,th{border-bottom:1px solid var(--line);padding:.25rem .5rem;
text-align:left;vertical-align:top}section{border-top:1px solid var(--line);padding:.4rem 0}
b.verb{display:inline-block;min-width:4.2rem;color:var(--accent)}:target{background:var(--soft)}
@media(max-width:50rem){body{display:block}main{padding:1rem;overflow-wrap:anywhere}table{display:block;overflow-x:auto}
nav{position:static;width:auto;height:auto;max-height:45vh;border:0;border-bottom:1px solid var(--line)}}
"""


@cache
def page() -> str:
    """The whole page."""
    document = json.loads(served())
    operations = list(_operations(document))
    body = [
        f"<h1>{escape(document['info']['title'])} API</h1>",
        _prose(document["info"]["description"]),
        '<p><a href="openapi.json">openapi.json</a></p>',
    ]
    links = []
    for row in document["tags"]:
        tag = row["name"]
        own = [one for one in operations if one[2]["tags"] == [tag]]
        body.append(f"<h2>{escape(tag)}</h2>{_prose(row['description'])}")
        links.append(f"<h2>{escape(tag)}</h2>")
        for method, path, operation in own:
            body.append(_operation(document, method, path, operation))
            links.append(f'<a href="#{operation["operationId"]}">{escape(operation["summary"])}</a>')
    body += ["<h2>Bodies and answers</h2>", *_models(document), '<h2 id="errors">Errors</h2>', _errors()]
    links.append('<h2><a href="#errors">Errors</a></h2>')
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pitboss API</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><nav>{''.join(links)}</nav><main>{''.join(body)}</main></body></html>"
    )


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [
        f'<section id="{operation["operationId"]}"><h3>{escape(operation["summary"])}</h3>',
        f'<p><b class="verb">{method}</b><code>/api{escape(path)}</code></p>',
        _prose(operation["description"]),
    ]
    parameters = [_resolve(document, p) for p in operation["parameters"]]
    if parameters:
        parts.append("<table><tr><th>parameter</th><th>in</th><th>form</th><th></th></tr>")
        parts += [
            f"<tr><td><code>{escape(p['name'])}</code>{'' if p['required'] else ' (optional)'}</td>"
            f"<td>{p['in']}</td><td>{_form(p['schema'])}</td><td>{_inline(p.get('description', ''))}</td></tr>"
            for p in parameters
        ]
        parts.append("</table>")
    if "requestBody" in operation:
        media = operation["requestBody"]["content"]["application/json"]
        parts.append(
            f"<p>Body: {_form(media['schema'])}. {_inline(operation['requestBody']['description'])}</p>"
        )
        for example in media.get("examples", {}).values():
            parts.append(f"<pre>{escape(json.dumps(example['value'], indent=2, ensure_ascii=False))}</pre>")
    parts.append("<table><tr><th>status</th><th>answer</th></tr>")
    for status, response in operation["responses"].items():
        parts.append(f"<tr><td>{status}</td><td>{_response(document, response)}</td></tr>")
    return "".join(parts) + "</table></section>"


def _response(document: dict[str, Any], response: dict[str, Any]) -> str:
    response = _resolve(document, response)
    content = response.get("content", {})
    if "application/problem+json" in content:
        examples = content["application/problem+json"]["examples"].values()
        return ", ".join(
            f'<a href="#error-{e["value"]["code"]}">{e["value"]["code"]} {e["value"]["name"]}</a>'
            for e in examples
        )
    forms = ", ".join(_form(media["schema"]) for media in content.values())
    return f"{_inline(response['description'])}{': ' + forms if forms else ''}"


def _models(document: dict[str, Any]) -> Iterator[str]:
    for name, schema in document["components"]["schemas"].items():
        yield f'<section id="schema-{escape(name)}"><h3>{escape(name)}</h3>{_prose(schema.get("description", ""))}'
        if "properties" in schema:
            required = schema.get("required", ())
            yield "<table><tr><th>member</th><th>form</th><th></th></tr>"
            for member, form in schema["properties"].items():
                optional = "" if member in required else " (optional)"
                yield (
                    f"<tr><td><code>{escape(member)}</code>{optional}</td><td>{_form(form)}</td>"
                    f"<td>{_inline(form.get('description', ''))}</td></tr>"
                )
            yield "</table>"
        else:
            yield f"<p>{_form(schema)}</p>"
        yield "</section>"


def _form(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(_form(one) for one in schema[several]))
    if "const" in schema or "enum" in schema:
        return " | ".join(
            f"<code>{escape(json.dumps(v))}</code>" for v in schema.get("enum", [schema.get("const")])
        )
    if schema.get("type") == "array":
        return f"list of {_form(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_form(schema['additionalProperties'])}"
    words = [str(schema.get("type", "any")), str(schema.get("format", ""))]
    words += [
        f"{k} {schema[k]}" for k in ("minimum", "maximum", "minLength", "maxLength", "default") if k in schema
    ]
    return escape(", ".join(word for word in words if word))


def _resolve(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    found: Any = document
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    resolved: dict[str, Any] = found
    return resolved


def _prose(text: str) -> str:
    """Paragraphs, bullet lists and `code` of a description."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        safe = _inline(block)
        if safe.startswith("* "):
            items = re.split(r"\n\* ", safe[2:])
            blocks.append("<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>")
        elif safe:
            blocks.append(f"<p>{safe}</p>")
    return "".join(blocks)


def _inline(text: str) -> str:
    """One line of a description, with its `code`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _errors() -> str:
    rows = [
        f'<tr id="error-{e.code}"><td>{e.code}</td><td>{e.name}</td><td>{e.status}</td><td>{escape(e.title)}</td>'
        f"<td>{'yes' if e.retryable else 'no'}</td><td>{e.effect}</td></tr>"
        for e in sorted(catalogue().values(), key=lambda e: e.code)
    ]
    head = "<tr><th>code</th><th>name</th><th>HTTP</th><th>meaning</th><th>retryable</th><th>effect</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"
