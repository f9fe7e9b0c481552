"""Profiles are data: complete, sourced, read by the wallet as they are, and every outcome has a code in each of them."""

import re

import pytest
from pitboss.dialects import naming, profiles
from pitboss.kernel.refusal import Refusal, catalogue
from pitboss.wallet.profile import DEFAULT, Profile

from devtools.console import ROOT

pytestmark = pytest.mark.unit

VENDORS = sorted(profiles.vendors())
WALLET = ROOT / "layers" / "pitboss" / "pitboss"


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_wallet_reads_every_switch(vendor: str) -> None:
    switches = profiles.resolve(vendor, {})
    assert Profile.from_record(switches).to_record() == switches


def test_the_default_is_the_wallets_own() -> None:
    assert Profile.from_record(profiles.resolve("default", {})) == DEFAULT
    assert set(profiles.switch_rows()) == set(DEFAULT.to_record()) - {"name"}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_stated_switch_has_a_source_and_a_known_value(vendor: str) -> None:
    row = profiles.vendors()[vendor]
    if vendor == "default":
        assert row.known == set(profiles.switch_rows())
        return
    assert set(row.sources) == row.known
    assert all(row.sources.values())
    # Given as an override, each value passes the same check that a tenant's does.
    profiles.resolve("default", {name: row.switches[name] for name in row.known})


@pytest.mark.parametrize(
    ("profile", "overrides", "pointer"),
    [
        ("nobody", {}, "profile"),
        ("default", {"duplicates": "replay"}, "overrides.duplicates"),
        ("default", {"duplicate": "twice"}, "overrides.duplicate"),
        ("default", {"currencyInCall": 1}, "overrides.currencyInCall"),
        ("default", {"currencyInCall": "true"}, "overrides.currencyInCall"),
        ("default", {"duplicate": ["replay"]}, "overrides.duplicate"),
    ],
)
def test_what_is_unknown_is_refused_by_name(profile: str, overrides: dict[str, object], pointer: str) -> None:
    with pytest.raises(Refusal) as refused:
        profiles.resolve(profile, overrides)
    assert refused.value.name == "VALIDATION_ERROR"
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_overrides_win() -> None:
    assert profiles.resolve("mascot", {"settledRollback": "refuse"})["settledRollback"] == "refuse"


# ---------------------------------------------------------------- codes
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("action", profiles.actions())
def test_every_outcome_of_every_action_has_a_code_of_the_vendor(vendor: str, action: str) -> None:
    words = profiles.vocabulary(vendor)
    for outcome in profiles.outcomes():
        assert profiles.code_of(vendor, outcome, action) in words, outcome


@pytest.mark.parametrize("vendor", VENDORS)
def test_success_is_told_from_every_refusal(vendor: str) -> None:
    """A refusal that read as success would be a stake taken and never counted. The one exception is stated by its
    vendor: a refund of something unknown is no error at Pragmatic."""
    for action in profiles.actions():
        ok = profiles.code_of(vendor, "OK", action)
        assert ok == profiles.code_of(vendor, "REPLAY", action)
        told = {
            outcome
            for outcome in profiles.outcomes()
            if outcome not in ("OK", "REPLAY") and profiles.code_of(vendor, outcome, action) == ok
        }
        allowed = (
            {"TX_NOT_FOUND", "TX_ROLLED_BACK"} if (vendor, action) == ("pragmatic", "rollback") else set()
        )
        assert told == allowed


def test_all_names_are_of_the_catalogue() -> None:
    assert set(profiles.outcomes()) - {"OK", "REPLAY"} <= set(catalogue())


def test_every_refusal_of_the_wallet_is_in_the_table() -> None:
    """Whatever the wallet's own files refuse with is listed, so that no refusal reaches a vendor unnamed."""
    raised = set()
    for folder in ("wallet", "points", "dialects"):
        for path in sorted((WALLET / folder).glob("*.py")):
            raised |= set(re.findall(r'Refusal\(\s*"([A-Z_]+)"', path.read_text("utf-8")))
    assert len(raised) > 20
    assert raised - set(profiles.outcomes()) - NOT_IN_PLAY == set()


# Refused by routes that no provider calls: settings, points, free rounds, the transactions list.
NOT_IN_PLAY = {
    "IDEMPOTENCY_CONFLICT",
    "POINTS_TRANSFER_NOT_FOUND",
    "POINTS_TRANSFER_STATE",
    "KEY_LIMIT",
    "URL_NOT_ALLOWED",
    "CURSOR_INVALID",
}


def test_only_what_may_have_moved_money_starts_a_rollback_at_mascot() -> None:
    known = catalogue()
    for outcome in profiles.outcomes():
        if outcome in known and profiles.code_of("mascot", outcome, "transaction") == 8:
            assert known[outcome].effect == "unknown", outcome


@pytest.mark.parametrize(
    ("vendor", "action", "code", "name", "effect"),
    [
        ("slotcity-v4", "bet", 31, "BALANCE_NOT_ENOUGH", "none"),
        ("slotcity-v4", "bet", 41, "TX_ALREADY_PROCESSED", "none"),
        ("slotcity-v4", "rollback", 43, "TX_NOT_FOUND", "none"),
        ("slotcity-v4", "bet", 99, "INTERNAL_ERROR", "unknown"),
        ("slotcity-v1", "bet", "ERR_NOT_ENOUGH_MONEY", "BALANCE_NOT_ENOUGH", "none"),
        ("slotcity-v1", "rollback", "ERR_TRANSACTION_ROLLED_BACK", "TX_ROLLED_BACK", "none"),
        ("mascot", "bet", 1, "BALANCE_NOT_ENOUGH", "none"),
        ("mascot", "bet", 7, "INTERNAL_ERROR", "none"),
        ("mascot", "bet", 8, "INTERNAL_ERROR", "unknown"),
        ("mascot", "bet", "nonsense", "INTERNAL_ERROR", "unknown"),
    ],
)
def test_codes_are_read_back(vendor: str, action: str, code: profiles.Code, name: str, effect: str) -> None:
    refusal = naming.refusal_of(vendor, code, action)
    assert (refusal.name, refusal.effect) == (name, effect)
