"""Provider profiles as data: switches by vendor, and what every outcome of the hub is called in the vendor's protocol.

The table is `profiles.json`. A switch that a vendor's sources do not state is not in its row; the default profile's value
stands in for it until an integration overrides it (docs/profiles.md).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pitboss.kernel.refusal import FieldError, Refusal, catalogue

Code = str | int


@dataclass(frozen=True, slots=True)
class Vendor:
    """One row: `switches` are all of them, camelCase; `known` names those that the vendor's sources state."""

    id: str
    name: str
    dialect: str
    switches: Mapping[str, Any]
    known: frozenset[str]
    sources: Mapping[str, str]


@cache
def _data() -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(Path(__file__).with_name("profiles.json").read_text("utf-8"))
    return document


@cache
def vendors() -> Mapping[str, Vendor]:
    """Every profile by id."""
    rows = _data()["profiles"]
    default = rows["default"]["switches"]
    return {
        id_: Vendor(
            id_,
            row["name"],
            row["dialect"],
            {**default, **row["switches"]},
            frozenset(row["switches"]),
            row["sources"],
        )
        for id_, row in rows.items()
    }


def switch_rows() -> Mapping[str, Mapping[str, Any]]:
    """What can be set: `{switch: {"values": [...], "about": text}}`."""
    rows: Mapping[str, Mapping[str, Any]] = _data()["switches"]
    return rows


def actions() -> tuple[str, ...]:
    """The actions of a wallet call that a code may depend on."""
    return tuple(_data()["actions"])


def outcomes() -> tuple[str, ...]:
    """OK, REPLAY, and every name of the catalogue that a wallet call may be refused with."""
    return tuple(_data()["outcomes"])


def resolve(profile: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """All switches of an integration, as `wallet.profile.Profile.from_record` reads them.

    Raises:
        Refusal: VALIDATION_ERROR naming the unknown profile, switch or value.
    """
    vendor = vendors().get(profile)
    errors: list[FieldError] = []
    if vendor is None:
        errors.append(FieldError("profile", "one of " + ", ".join(sorted(vendors()))))
    for name, value in overrides.items():
        reason = _fault(name, value)
        if reason:
            errors.append(FieldError(f"overrides.{name}", reason))
    if vendor is None or errors:
        raise Refusal(
            "VALIDATION_ERROR", "; ".join(f"{e.pointer}: {e.reason}" for e in errors[:3]), errors=errors
        )
    return {"name": profile, **vendor.switches, **overrides}


def _fault(name: str, value: Any) -> str:
    row = switch_rows().get(name)
    if row is None:
        return "unknown switch; known are " + ", ".join(switch_rows())
    allowed = row["values"]
    # True == 1 in Python, and a switch of words has no numbers.
    if not any(type(value) is type(one) and value == one for one in allowed):
        return "one of " + ", ".join(json.dumps(one) for one in allowed)
    return ""


# ---------------------------------------------------------------- codes
@cache
def _column(profile: str) -> Mapping[str, Any]:
    row = _data()["codes"][profile]
    if "like" not in row:
        column: Mapping[str, Any] = row
        return column
    base = _column(row["like"])
    return {
        **base,
        "vocabulary": [*base["vocabulary"], *row["vocabulary"]],
        "map": {**base["map"], **row["map"]},
    }


def vocabulary(profile: str) -> tuple[Code, ...]:
    """Every code that the vendor's protocol knows; the default profile's are the catalogue's numbers."""
    if profile == "default":
        return (0, *(entry.code for entry in catalogue().values()))
    return tuple(_column(profile)["vocabulary"])


def fallbacks(profile: str) -> tuple[Code, Code, Code]:
    """The codes of a final refusal, a passing one, and one of unknown effect that have no code of their own."""
    column = _column(profile)
    return column["final"], column["retryable"], column["unknown"]


def code_of(profile: str, outcome: str, action: str) -> Code:
    """What an outcome is called in a vendor's protocol, in answer to an action.

    Total: an outcome without a row of its own takes the code of its kind (effect unknown, retryable, final), so that a
    refusal added to the catalogue later has a sound code in every profile from the first day.
    """
    if profile == "default":
        return 0 if outcome in ("OK", "REPLAY") else catalogue()[outcome].code
    column = _column(profile)
    found = column["map"].get(outcome)
    if found is None:
        entry = catalogue()[outcome]
        kind = "unknown" if entry.effect == "unknown" else "retryable" if entry.retryable else "final"
        found = column[kind]
    elif isinstance(found, dict):
        found = found.get(action, found["*"])
    code: Code = found
    return code
