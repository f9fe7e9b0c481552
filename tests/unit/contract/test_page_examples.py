"""The examples of README, docs/rounds.md, docs/tournaments.md and docs/deploy.md that no other test runs, through the product's own
reading of them."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.money import EXPONENTS
from pitboss.kernel.refusal import catalogue
from pitboss.platform.http import validate
from pitboss.rounds.intake import KNOWN, read_round
from pitboss.scoring.model import Round
from pitboss.scoring.public import compile_rules
from pitboss.tournaments.ruleforms import Scope, rule_set

pytestmark = pytest.mark.unit
ROOT = Path(__file__).resolve().parents[3]


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def test_the_readmes_call_is_a_tournament() -> None:
    (call,) = blocks("README.md", "sh")
    body = json.loads(call[call.index("{") : call.rindex("}") + 1], parse_float=Decimal)
    made = validate("pitboss.tournaments.schemas:CreateTournament", body)
    assert made.name == "Daily Championship"


def test_the_readmes_refusal_is_the_catalogues() -> None:
    shown = json.loads(blocks("README.md", "json")[1])
    entry = catalogue()[shown["name"]]
    assert (shown["code"], shown["status"], shown["title"], shown["retryable"], shown["effect"]) == (
        entry.code,
        entry.status,
        entry.title,
        entry.retryable,
        entry.effect,
    )


def test_the_round_of_the_page_is_taken() -> None:
    (text,) = blocks("docs/rounds.md", "json")
    message: dict[str, Any] = json.loads(text)
    read = read_round(message, parse_instant(message["settledAt"]) + 1, dict(EXPONENTS))
    assert isinstance(read, Round)
    assert (read.round_id, read.bet, read.win) == ("r-1001", 100, 250)


def test_the_page_names_every_member_of_a_round() -> None:
    told = (ROOT / "docs/rounds.md").read_text()
    assert [name for name in KNOWN if f"`{name}`" not in told and f'"{name}"' not in told] == []


def test_the_short_rules_of_the_page_become_a_rule_set() -> None:
    (text,) = blocks("docs/tournaments.md", "json")
    scope = Scope("EUR", 2, dict(EXPONENTS), {}, ["crash-classic"], {}, ["aurora"])
    made = rule_set(json.loads(text), scope)
    assert made["scoring"]["multiple"] == 25000
    assert made["eligibility"]["minBet"] == 20
    compile_rules(made)


def test_what_deploying_names_is_there() -> None:
    told = (ROOT / "docs/deploy.md").read_text()
    template = (ROOT / "template.yaml").read_text()
    for path in set(re.findall(r"events/[\w/]+\.json", told)):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"OutputKey=='(\w+)'", told):
        assert f"\n  {name}:" in template[template.index("\nOutputs:") :], name
    parameters = re.findall(
        r"^  (\w+):\n    Type: (?:String|Number)", template[: template.index("\nConditions:")], re.MULTILINE
    )
    assert len(parameters) > 8
    assert [name for name in parameters if name not in told] == [], "sam --guided asks for each of them"
