"""The one way a use case says no.

A `Refusal` names an entry of the error catalogue (`catalogue.json`, the single source of code, HTTP status,
`retryable` and `effect`), and adds what only the place of refusal knows: the sentence for the reader, the
fields that are wrong, and facts to act upon (a balance, a limit, a list of brands).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

Effect = Literal["none", "applied", "unknown"]
# Members of every answer that no fact may replace (RFC 9457 and ours). `retryable` may be: a wallet's profile knows better.
RESERVED = frozenset(("type", "title", "status", "code", "name", "detail", "effect", "requestId", "errors"))


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One known way to fail. `code` is the number clients switch on; `effect` says whether money or state moved."""

    name: str
    code: int
    status: int
    title: str
    retryable: bool
    effect: Effect


class FieldError(NamedTuple):
    """Where in the request the fault is: `pointer` is a dotted path such as `rounds[3].bet`."""

    pointer: str
    reason: str


@cache
def catalogue() -> Mapping[str, CatalogueEntry]:
    """Every entry by name, read once from the data file."""
    rows = json.loads(Path(__file__).with_name("catalogue.json").read_text("utf-8"))["errors"]
    return {
        row["name"]: CatalogueEntry(
            row["name"], row["code"], row["status"], row["title"], row["retryable"], row.get("effect", "none")
        )
        for row in rows
    }


class Refusal(Exception):  # noqa: N818 - a refusal is an ordinary answer, not an error of the program
    """Raised by rules and use cases; the HTTP front turns it into problem+json, workers into a record.

    Args:
        name: an entry of the catalogue; an unknown name is a programming error and raises KeyError at once.
        detail: what to change, in one sentence.
        errors: the fields at fault.
        facts: further members of the answer (`balance`, `limit` ...); keys in camelCase. One that the answer has
            already (RESERVED) is a programming error and raises ValueError.
        retry_after_s: seconds for `Retry-After`.
        headers: further headers of the answer (`RateLimit-*`).
    """

    def __init__(
        self,
        name: str,
        detail: str,
        *,
        errors: Iterable[FieldError] = (),
        facts: Mapping[str, Any] | None = None,
        retry_after_s: int | None = None,
        effect: Effect | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        if facts and not RESERVED.isdisjoint(facts):
            raise ValueError(f"a fact may not stand in the place of {sorted(RESERVED & facts.keys())}")
        self.entry = catalogue()[name]
        self.detail = detail
        self.errors = tuple(errors)
        self.facts = dict(facts or {})
        self.retry_after_s = retry_after_s
        self.effect: Effect = effect or self.entry.effect
        self.headers = dict(headers or {})

    @property
    def name(self) -> str:
        """The catalogue name, for tests and logs."""
        return self.entry.name
