"""Schemas of bodies and answers: from the pydantic models that check them, never written by hand."""

import json
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

PREFIX = "#/components/schemas/"
_VALUES = frozenset({"example", "examples", "default", "const", "enum"})


def load(name: str) -> Any:
    """A pydantic model from "module:Class"."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def schemas(
    bodies: Iterable[str], answers: Iterable[str]
) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """Component schemas, and the reference of every body and every answer.

    Bodies refuse unknown members, as the code does. Answers leave room: members may be added and clients ignore what
    they do not know; a model that is used both ways stands twice.
    """
    from pydantic.json_schema import models_json_schema

    wanted = sorted({*bodies, *answers})
    models = {name: load(name) for name in wanted}
    references, document = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template=PREFIX + "{model}"
    )
    made: dict[str, Any] = {name: _tidy(node) for name, node in document.get("$defs", {}).items()}
    place = {
        name: references[model, "validation"]["$ref"].removeprefix(PREFIX) for name, model in models.items()
    }
    in_bodies = _reachable(made, (place[name] for name in bodies))
    in_answers = _reachable(made, (place[name] for name in answers))
    twice = {name: f"{name}Answer" for name in in_bodies & in_answers}
    if clash := set(twice.values()) & set(made):
        raise ValueError(f"named like the answer form of another: {sorted(clash)}")
    for name in sorted(in_answers):
        made[twice.get(name, name)] = _opened(made[name], twice)
    return (
        dict(sorted(made.items())),
        {name: PREFIX + place[name] for name in bodies},
        {name: PREFIX + twice.get(place[name], place[name]) for name in answers},
    )


def _reachable(made: Mapping[str, Any], starts: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    left = list(starts)
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left += _references(made[name])
    return seen


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"].removeprefix(PREFIX)] if isinstance(node.get("$ref"), str) else []
        return own + [name for value in node.values() for name in _references(value)]
    if isinstance(node, list):
        return [name for value in node for name in _references(value)]
    return []


def _opened(node: Any, twice: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        kept = {k: _opened(v, twice) for k, v in node.items()}
        if kept.get("additionalProperties") is False:
            del kept["additionalProperties"]
        if isinstance(kept.get("$ref"), str):
            name = kept["$ref"].removeprefix(PREFIX)
            kept["$ref"] = PREFIX + twice.get(name, name)
        return kept
    if isinstance(node, list):
        return [_opened(value, twice) for value in node]
    return node


def _tidy(node: Any) -> Any:
    """Without the titles that only repeat a member's name."""
    if isinstance(node, list):
        return [_tidy(value) for value in node]
    if not isinstance(node, dict):
        return node
    kept = {
        # Examples and the like are values, not schemas: what they hold is left alone.
        k: json.loads(json.dumps(v, default=str)) if k in _VALUES else _tidy(v)
        for k, v in node.items()
        if not (k == "title" and isinstance(v, str))
    }
    if "example" in kept:  # OpenAPI 3.1 takes JSON Schema's own keyword
        kept["examples"] = [kept.pop("example")]
    return kept
