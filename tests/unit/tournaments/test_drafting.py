"""From an operator's words to a tournament: defaults, exact amounts, and a named field for every contradiction."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.rounds import store
from pitboss.scoring.public import compile_rules
from pitboss.tournaments.drafting import Defaults, draft
from pitboss.tournaments.model import Spec, Tournament
from pitboss.tournaments.ruleforms import worst_cost
from pitboss.tournaments.service import live_of

pytestmark = pytest.mark.unit

NOW = 1_700_000_000_000
HOUR = 3_600_000
DEFAULTS = Defaults(
    currency="EUR",
    brands=frozenset({"aurora", "borealis"}),
    games=frozenset({"crash-classic", "slot"}),
    rates={"USD": {"exponent": 2, "num": 9, "den": 10}},
)


def made(**given: Any) -> Spec:
    return draft({"name": "x", "start_time": NOW + HOUR, **given}, DEFAULTS, NOW)[0]


def faults(**given: Any) -> tuple[str, set[str]]:
    with pytest.raises(Refusal) as refused:
        made(**given)
    return refused.value.name, {error.pointer for error in refused.value.errors}


def test_the_founding_example_is_enough() -> None:
    spec = made(game_slug="crash-classic", max_players=100, entry_fee=Decimal("10.00"))
    assert (spec.buy_in, spec.rake, spec.max_players, spec.games) == (1000, 0, 100, ("crash-classic",))
    assert spec.end_at == spec.start_at + HOUR
    assert spec.opens_at == NOW
    assert spec.late_until == spec.end_at
    assert spec.brands == ("aurora", "borealis")
    assert [line["shareBps"] for line in (spec.prizes or {})["lines"]] == [5000, 3000, 2000]
    rules = compile_rules(spec.rules)
    assert rules.document["scoring"] == {"metric": "total_wagered"}
    assert rules.document["eligibility"]["games"] == {"include": ["crash-classic"]}


def test_a_start_that_has_passed_means_now_and_says_so() -> None:
    spec, warnings = draft({"name": "x", "start_time": NOW - HOUR}, DEFAULTS, NOW)
    assert spec.start_at == NOW
    assert len(warnings) == 1
    assert spec.prizes is None


def test_short_rules_take_human_units() -> None:
    spec = made(
        rules={
            "metric": "wins_at_least",
            "multiple": Decimal("2.5"),
            "minBet": "0.20",
            "betLimits": {"JPY": {"min": "30"}},
            "firstN": 100,
            "entries": "sum",
        },
        games=[{"game_slug": "slot", "weight_bps": 15_000}, "crash-classic"],
    )
    assert spec.rules == {
        "schema": 1,
        "base": {"currency": "EUR", "exponent": 2},
        "scoring": {"metric": "wins_at_least", "multiple": 25_000},
        "eligibility": {
            "minBet": 20,
            "betLimits": {"JPY": {"min": 30}},
            "games": {"include": ["crash-classic", "slot"], "weights": {"slot": 15_000}},
            "brands": ["aurora", "borealis"],
        },
        "firstN": {"rounds": 100},
        "entries": "sum",
        "rates": {"USD": {"exponent": 2, "num": 9, "den": 10}},
    }


def test_a_full_rule_set_is_taken_as_it_stands() -> None:
    full = {
        "schema": 1,
        "base": {"currency": "EUR", "exponent": 2},
        "scoring": {"metric": "round_count"},
        "rates": {},
        "eligibility": {"brands": ["aurora"], "games": {"include": ["slot"]}},
    }
    assert made(rules=full).rules == full


@pytest.mark.parametrize(
    ("given", "name", "fields"),
    [
        ({"game_slug": "nope"}, "VALIDATION_ERROR", {"gameSlug"}),
        ({"games": ["slot", "nope"]}, "VALIDATION_ERROR", {"games[1]"}),
        ({"game_slug": "slot", "games": ["slot"]}, "VALIDATION_ERROR", {"games"}),
        ({"brands": ["nobody"]}, "VALIDATION_ERROR", {"brands[0]"}),
        ({"end_time": NOW + HOUR}, "VALIDATION_ERROR", {"endTime"}),
        ({"registration_opens_at": NOW + 2 * HOUR}, "VALIDATION_ERROR", {"registrationOpensAt"}),
        ({"late_registration_until": NOW}, "VALIDATION_ERROR", {"lateRegistrationUntil"}),
        ({"max_players": 2, "min_players": 3}, "VALIDATION_ERROR", {"minPlayers"}),
        ({"entry_fee": Decimal("10.001")}, "VALIDATION_ERROR", {"entryFee"}),
        ({"entry_fee": "1e3"}, "VALIDATION_ERROR", {"entryFee"}),
        ({"entry_fee": 1, "entry": {"buy_in": 1}}, "VALIDATION_ERROR", {"entry.buyIn"}),
        ({"entry": {"rake": 1}}, "VALIDATION_ERROR", {"entry.rake"}),
        ({"currency": "QQQ"}, "VALIDATION_ERROR", {"currency"}),
        ({"rules": {"metric": "luck"}}, "RULES_INVALID", {"rules.scoring.metric"}),
        ({"rules": {"metric": "round_count", "minBet": "x"}}, "RULES_INVALID", {"rules.minBet"}),
        ({"ranking": {"style": "odd"}}, "RULES_INVALID", {"ranking.style"}),
        (
            {"entry": {"buy_in": 1, "add_on": {"fee": 1, "effect": "add_points"}}},
            "VALIDATION_ERROR",
            {"entry.addOn.gives"},
        ),
        (
            {"entry": {"buy_in": 1, "rebuy": {"fee": 1, "effect": "add_rounds", "gives": 5}}},
            "RULES_INVALID",
            {"entry.rebuy.effect"},
        ),
        (
            {
                "entry": {"buy_in": 1, "rebuy": {"fee": 1, "effect": "reset"}},
                "rules": {"metric": "round_count", "entries": "best"},
            },
            "RULES_INVALID",
            {"rules.entries"},
        ),
        (
            {"prizes": {"lines": [{"rankFrom": 1, "shareBps": 6000}, {"rankFrom": 2, "shareBps": 6000}]}},
            "PRIZES_INVALID",
            {"prizes.lines"},
        ),
        (
            {"prizes": {"lines": [{"rankFrom": 1, "amount": "0"}]}},
            "PRIZES_INVALID",
            {"prizes.lines[0].amount"},
        ),
        (
            {"prizes": {"lines": [{"rankFrom": 1, "rankTo": 3, "amount": "10"}]}, "max_prize_cost": "29.99"},
            "PRIZES_INVALID",
            {"maxPrizeCost"},
        ),
    ],
)
def test_every_contradiction_names_its_field(given: dict[str, Any], name: str, fields: set[str]) -> None:
    assert faults(**given) == (name, fields)


def test_a_tenant_without_brands_is_told_what_to_do() -> None:
    with pytest.raises(Refusal) as refused:
        draft({"name": "x", "start_time": NOW + HOUR}, Defaults(currency="EUR"), NOW)
    assert [error.pointer for error in refused.value.errors] == ["brands"]


def test_a_rebuy_that_resets_counts_the_last_entry() -> None:
    spec = made(entry={"buy_in": "5", "rebuy": {"fee": "5", "rake": "0.5", "max": 3, "effect": "reset"}})
    assert spec.rules["entries"] == "last"
    assert spec.rebuy is not None
    assert (spec.rebuy.fee, spec.rebuy.rake, spec.rebuy.most) == (500, 50, 3)


def test_the_worst_case_of_prizes() -> None:
    table = {
        "lines": [
            {"from": 1, "to": 1, "kind": "cash", "shareBps": 10_000},
            {"from": 1, "to": 10, "kind": "bonus", "amount": 500},
            {
                "from": 1,
                "to": 2,
                "kind": "free_rounds",
                "count": 10,
                "value": 20,
                "game": "slot",
                "validHours": 1,
            },
        ]
    }
    assert worst_cost(table, guarantee=50_000, seed=0, players=100) == 50_000 + 5_000 + 400
    assert worst_cost(None, guarantee=0, seed=700, players=0) == 700
    higher = {"lines": [{"from": 1, "to": 1, "kind": "cash", "amount": 1000}], "ties": "all_get_higher"}
    assert worst_cost(higher, guarantee=0, seed=0, players=30) == 30_000
    assert worst_cost(higher, guarantee=0, seed=0, players=0) is None
    # Twenty who tie for the first place all get what the last of their places gives: one prize more than there are.
    consolation = {
        "kind": "free_rounds",
        "count": 10,
        "value": 20,
        "game": "slot",
        "validHours": 1,
    }
    lower = {"lines": [{"from": 4, "to": 20, **consolation}], "ties": "drop_to_lower"}
    assert worst_cost(lower, guarantee=0, seed=0, players=100) == 20 * 10 * 20


@pytest.mark.parametrize("letters", ["g" * 86, "\u6e38" * 24])
def test_more_names_than_a_record_holds_are_refused(letters: str) -> None:
    """The scorer's record of a tournament is one item of at most 400 KB, and names each game in scope, rules and weights."""
    slugs = [f"{n:04d}{letters}" for n in range(2000)]
    known = replace(DEFAULTS, games=frozenset(slugs))
    rows = [{"game_slug": slug, "weight_bps": 20_000} for slug in slugs]
    given = {"name": "x", "start_time": NOW + HOUR}
    with pytest.raises(Refusal) as refused:
        draft({**given, "games": rows}, known, NOW)
    assert refused.value.name == "VALIDATION_ERROR"
    assert {error.pointer for error in refused.value.errors} == {"games"}
    spec, _ = draft({**given, "games": rows[:500]}, known, NOW)
    live = live_of(Tournament("T" * 26, "X" * 26, 1, "running", spec, NOW, "key"))
    assert len(store.live_record(live)["document"]) < 400_000
