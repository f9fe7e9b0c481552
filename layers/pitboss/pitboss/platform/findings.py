"""What pydantic finds, in the words of somebody who writes JSON: no Python, and no pattern without an example of it."""

from collections.abc import Mapping
from typing import Any

_KINDS: Mapping[str, str] = {
    "extra_forbidden": "unknown field",
    "missing": "required",
    "string_type": "a string",
    "int_type": "an integer, not a string",
    "bool_type": "true or false",
    "list_type": "a JSON array",
    "dict_type": "a JSON object",
    "model_type": "a JSON object",
    "model_attributes_type": "a JSON object",
    "decimal_type": "a number",
}
# Patterns that stand in more than one model, or are met on the first day.
_FORMS: Mapping[str, str] = {
    r"^[A-Z][A-Z0-9]{2,9}$": "a currency in capitals, such as EUR",
    r"^[A-Z]{2}$": "a country of two capital letters (ISO 3166-1), such as MT",
    r"^[A-Z]{2}(-[A-Z0-9]{1,8})?$": "two capital letters, with a region where there is one, such as MT or US-NJ",
    r"^[a-z]{2,3}(-[A-Z]{2})?$": "a language tag, such as en or pt-BR",
    r"^[a-z0-9][a-z0-9_-]{0,23}$": "1 to 24 small letters, digits, _ or -, such as mobile",
    r"^[!-~]+$": "printable ASCII without spaces",
    r"^[\x21-\x7e]+$": "printable ASCII without spaces",
    r"^\d{4}-\d\d-\d\d$": "a day, such as 2026-01-31",
    r"^https?://[!-~]+$": "an absolute URL, such as https://casino.example/path",
}


def reason(kind: str, told: str, context: Mapping[str, Any]) -> str:
    """One finding in words: its pydantic type, pydantic's own message, and the facts that go with it."""
    if kind in _KINDS:
        return _KINDS[kind]
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        return _FORMS.get(pattern, f"not of the form {pattern}")
    if kind in ("string_too_short", "string_too_long"):
        most, bound = kind.endswith("long"), context.get("max_length", context.get("min_length"))
        return f"at {'most' if most else 'least'} {bound} character{'' if bound == 1 else 's'}"
    plain = told.removeprefix("Value error, ").removeprefix("Input should be ")
    return plain[:1].lower() + plain[1:]
