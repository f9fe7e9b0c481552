"""docs/profiles.md says what the table says."""

import json
import re

import pytest
from pitboss.dialects import profiles

from devtools.console import ROOT

pytestmark = pytest.mark.unit

PAGE = (ROOT / "docs" / "profiles.md").read_text("utf-8")


def cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def switch_table() -> str:
    rows = [
        f"| `{name}` | {', '.join(f'`{cell(one)}`' for one in row['values'])} | {row['about']} |"
        for name, row in profiles.switch_rows().items()
    ]
    return "\n".join(["| switch | values | decides |", "|---|---|---|", *rows])


def matrix() -> str:
    vendors = profiles.vendors()
    head = "| switch | " + " | ".join(vendors) + " |"
    rows = [
        f"| `{name}` | "
        + " | ".join(cell(v.switches[name]) if name in v.known else "·" for v in vendors.values())
        + " |"
        for name in profiles.switch_rows()
    ]
    return "\n".join([head, "|---" * (len(vendors) + 1) + "|", *rows])


@pytest.mark.parametrize("table", [switch_table, matrix])
def test_the_tables_are_those_of_the_data(table: object) -> None:
    assert callable(table)
    assert table() in PAGE


def test_every_source_is_explained() -> None:
    keys = set()
    for vendor in profiles.vendors().values():
        keys |= set(re.findall(r"\b[A-Z]{2,4}\b", " ".join(vendor.sources.values()))) & {
            "HUB",
            "CAL",
            "VAL",
            "PP",
            "SS",
            "SB",
            "SLOT",
            "SCO",
            "PAL",
            "MAS",
        }
    told = PAGE[PAGE.index("Sources are") :]
    assert all(f"{key} " in told for key in keys)


def test_every_dialect_has_its_chapter() -> None:
    for vendor in profiles.vendors().values():
        if vendor.dialect not in ("", "default"):
            assert f"### `{vendor.dialect}`: `POST /api/wallet/" in PAGE
