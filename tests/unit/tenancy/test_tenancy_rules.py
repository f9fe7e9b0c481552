"""Tree, keys and settings: the decisions."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.kernel.refusal import Refusal
from pitboss.platform.caller import SCOPES
from pitboss.tenancy import rules
from pitboss.tenancy.admission import window_of
from pitboss.tenancy.model import CEILINGS, DEFAULT_LIMITS, MAX_DEPTH, ApiKey, Node, OwnSettings, Standing

pytestmark = pytest.mark.unit

ROOT = Node("r", "Root", "root", "", "/r/", "EUR", "active", 1)


def below(parent: Node, node_id: str, kind: str = "operator", **more: Any) -> Node:
    node = Node(node_id, node_id, kind, parent.id, f"{parent.path}{node_id}/", parent.currency, "active", 1)  # type: ignore[arg-type]
    return replace(node, **more)


def standing(*path: tuple[Node, OwnSettings]) -> Standing:
    return rules.effective(path)


def child(parent: Node, kind: str, currency: str | None = None, own: OwnSettings | None = None) -> Node:
    return rules.new_child(
        standing((parent, own or OwnSettings())), node_id="c", name="C", kind=kind, currency=currency, now=9
    )


# ---------------------------------------------------------------- tree
@pytest.mark.parametrize(
    ("parent", "kind", "fine"),
    [
        ("root", "operator", True),
        ("root", "agent", True),
        ("operator", "operator", True),
        ("operator", "agent", True),
        ("agent", "operator", False),
        ("agent", "agent", False),
        ("root", "root", False),
    ],
)
def test_what_may_stand_below_what(parent: str, kind: str, fine: bool) -> None:
    above = replace(ROOT, kind=parent)  # type: ignore[arg-type]
    if fine:
        made = child(above, kind)
        assert (made.path, made.parent_id, made.ancestry, made.depth) == ("/r/c/", "r", ("r", "c"), 2)
    else:
        with pytest.raises(Refusal) as caught:
            child(above, kind)
        assert caught.value.errors[0].pointer == "kind"


def test_the_tree_has_a_floor() -> None:
    node = ROOT
    for number in range(MAX_DEPTH - 1):
        node = below(node, f"n{number}")
    assert node.depth == MAX_DEPTH
    with pytest.raises(Refusal) as caught:
        child(node, "agent")
    assert "deep" in caught.value.detail


def test_an_account_has_one_known_currency() -> None:
    assert child(ROOT, "agent").currency == "EUR"
    assert child(ROOT, "agent", "JPY").currency == "JPY"
    assert child(ROOT, "agent", "DOGE", OwnSettings(exponents={"DOGE": 8})).currency == "DOGE"
    with pytest.raises(Refusal) as caught:
        child(ROOT, "agent", "DOGE")
    assert caught.value.name == "CURRENCY_NOT_SUPPORTED"


# ---------------------------------------------------------------- scopes and keys
def test_a_key_gets_only_what_its_maker_has() -> None:
    held = frozenset({"players.read", "keys.write"})
    assert rules.grant_scopes(["keys.write", "players.read", "keys.write"], held, SCOPES) == (
        "players.read",
        "keys.write",
    )
    assert rules.grant_scopes(["*"], held, SCOPES) == ("players.read", "keys.write")
    with pytest.raises(Refusal) as caught:
        rules.grant_scopes(["players.read", "wallet.write"], held, SCOPES)
    assert (caught.value.name, caught.value.facts["missingScopes"]) == ("PERMISSION_ERROR", ["wallet.write"])
    with pytest.raises(Refusal) as caught:
        rules.grant_scopes(["players.read", "everything"], held, SCOPES)
    assert caught.value.errors[0].pointer == "scopes[1]"


@given(st.sets(st.sampled_from(SCOPES)), st.lists(st.sampled_from([*SCOPES, "*"]), max_size=5))
def test_no_key_has_more_than_its_maker(held: set[str], asked: list[str]) -> None:
    try:
        granted = rules.grant_scopes(asked, held, SCOPES)
    except Refusal:
        assert set(asked) - {"*"} - held
    else:
        assert set(granted) <= held


def key(number: int, **more: Any) -> ApiKey:
    return replace(ApiKey(f"k{number}", "n", ("a",), f"h{number}", "hint", number, "m"), **more)


def test_two_keys_are_active_and_a_third_is_refused() -> None:
    keys = rules.add_key((key(1),), key(2), limit=2, now=10)
    with pytest.raises(Refusal) as caught:
        rules.add_key(keys, key(3), limit=2, now=10)
    assert (caught.value.name, caught.value.facts["activeKeyIds"]) == ("KEY_LIMIT", ["k1", "k2"])
    over = rules.change_key(keys, "k1", expires_at=10)
    assert [k.id for k in rules.add_key(over, key(3), limit=2, now=10)] == ["k1", "k2", "k3"]
    with pytest.raises(Refusal):
        rules.add_key(over, key(3), limit=2, now=9)
    revoked = rules.change_key(keys, "k2", revoked_at=5)
    assert len(rules.add_key(revoked, key(3), limit=2, now=10)) == 3


def test_a_repeated_attempt_replaces_its_own_key() -> None:
    keys = rules.add_key((key(1), key(2)), key(2, token_hash="new"), limit=2, now=10)
    assert [(k.id, k.token_hash) for k in keys] == [("k1", "h1"), ("k2", "new")]


@given(st.lists(st.sampled_from(["make", "revoke"]), max_size=120), st.integers(2, 10))
def test_the_register_stays_small_and_keeps_every_active_key(steps: list[str], limit: int) -> None:
    keys: tuple[ApiKey, ...] = ()
    active: set[str] = set()
    for number, step in enumerate(steps, 1):
        if step == "make" and len(active) < limit:
            keys = rules.add_key(keys, key(number), limit=limit, now=number)
            active.add(f"k{number}")
        elif step == "revoke" and active:
            gone = min(active)
            keys = rules.change_key(keys, gone, revoked_at=number)
            active.remove(gone)
        assert {k.id for k in keys if k.active(number)} == active
        assert len(keys) <= limit + rules.REMEMBERED_KEYS + 1


# ---------------------------------------------------------------- settings in effect
limit_maps = st.dictionaries(st.sampled_from(list(CEILINGS)), st.integers(1, 100_000), max_size=7)


@given(st.lists(limit_maps, min_size=1, max_size=5))
def test_no_limit_is_above_the_parents(stated: list[dict[str, int]]) -> None:
    node, path = ROOT, [(ROOT, OwnSettings(limits=stated[0]))]
    for number, limits in enumerate(stated[1:]):
        node = below(node, f"n{number}")
        path.append((node, OwnSettings(limits=limits)))
    for depth in range(1, len(path)):
        above, here = rules.effective(path[:depth]).settings, rules.effective(path[: depth + 1]).settings
        for name in CEILINGS:
            assert here.limits[name] <= above.limits[name] <= CEILINGS[name]
            wanted = path[depth][1].limits.get(name, DEFAULT_LIMITS[name])
            assert here.limits[name] == min(wanted, above.limits[name])


def test_the_documented_limits_are_the_defaults_below_the_root() -> None:
    settings = standing((ROOT, OwnSettings()), (below(ROOT, "o"), OwnSettings())).settings
    assert {k: settings.limits[k] for k in ("standard", "create", "register", "results", "concurrency")} == {
        "standard": 100,
        "create": 10,
        "register": 200,
        "results": 500,
        "concurrency": 50,
    }


def test_suspension_above_holds_below_and_names_the_highest() -> None:
    operator = below(ROOT, "o", status="suspended")
    agent = below(operator, "a", "agent", status="suspended")
    blank = OwnSettings()
    assert standing((ROOT, blank), (operator, blank), (agent, blank)).suspended_by == "o"
    assert standing((ROOT, blank)).suspended_by == ""


def test_rates_flow_down_within_one_base_currency() -> None:
    operator, yen = below(ROOT, "o"), below(ROOT, "j", currency="JPY")
    above = OwnSettings(fx={"USD": "0.92", "GBP": "1.17"})
    here = standing((ROOT, above), (operator, OwnSettings(fx={"USD": "0.9"}))).settings
    assert here.fx == {"USD": (9, 10), "GBP": (117, 100)}
    assert standing((ROOT, above), (yen, OwnSettings(fx={"EUR": "160"}))).settings.fx == {"EUR": (160, 1)}


@pytest.mark.parametrize(
    "text", ["0", "0.000", "-1", "1e3", "1,5", "", "NaN", "1.", ".5", "01", "1.1234567890123", "١"]
)
def test_what_is_not_a_rate(text: str) -> None:
    with pytest.raises(ValueError, match=r"decimal|zero"):
        rules.parse_rate(text)


# ---------------------------------------------------------------- settings as sent
OPERATOR = below(ROOT, "o")
PARENT = standing((ROOT, OwnSettings())).settings


def faults(
    fresh: OwnSettings, before: OwnSettings | None = None, *, by_itself: bool = False, local: bool = False
) -> dict[str, str]:
    found = rules.check_settings(
        fresh, before or OwnSettings(), PARENT, node=OPERATOR, by_itself=by_itself, local=local
    )
    return {e.pointer: e.reason for e in found}


def test_a_tenant_lowers_its_own_limits_and_its_parent_raises_them() -> None:
    more, less = OwnSettings(limits={"standard": 101}), OwnSettings(limits={"standard": 99})
    assert set(faults(more, by_itself=True)) == {"limits.standard"}
    assert faults(less, by_itself=True) == {}
    assert faults(more) == {}
    # What a parent lowered is not lifted by leaving it out or by stating the default.
    assert set(faults(OwnSettings(), less, by_itself=True)) == {"limits.standard"}
    assert set(faults(OwnSettings(limits={"standard": 100}), less, by_itself=True)) == {"limits.standard"}
    assert faults(OwnSettings(), less) == {}
    assert set(faults(OwnSettings(limits={"standard": CEILINGS["standard"] + 1}))) == {"limits.standard"}


def test_exponents_are_stated_once() -> None:
    assert faults(OwnSettings(exponents={"DOGE": 8, "BTC": 5})) == {}
    assert set(faults(OwnSettings(exponents={"DOGE": 9, "EUR": 3}))) == {"exponents.DOGE", "exponents.EUR"}
    before = OwnSettings(version=1, exponents={"DOGE": 8})
    assert set(faults(OwnSettings(exponents={"DOGE": 6}), before)) == {"exponents.DOGE"}
    assert set(faults(OwnSettings(), before)) == {"exponents.DOGE"}
    assert set(faults(OwnSettings(exponents={"DOGE": 8, "BTC": 5}), before)) == {"exponents.BTC"}
    above = replace(PARENT, exponents={"SHIB": 4})
    found = rules.check_settings(
        OwnSettings(exponents={"SHIB": 5}), OwnSettings(), above, node=OPERATOR, by_itself=False, local=False
    )
    assert [e.pointer for e in found] == ["exponents.SHIB"]


def test_rates_name_known_foreign_currencies() -> None:
    assert faults(OwnSettings(fx={"USD": "0.92", "DOGE": "0.1"}, exponents={"DOGE": 8})) == {}
    assert set(faults(OwnSettings(fx={"EUR": "1", "XXQ": "1", "USD": "0"}))) == {"fx.EUR", "fx.XXQ", "fx.USD"}


@pytest.mark.parametrize(
    "url",
    [
        "https://casino.example/pay",
        "https://casino.example:8443/pay?x=1",
        "https://8.8.8.8/pay",
        "https://[2606:4700::1111]/pay",
    ],
)
def test_urls_that_may_be_called(url: str) -> None:
    assert rules.url_fault(url, local=False) == ""


@pytest.mark.parametrize(
    "url",
    [
        "http://casino.example/pay",
        "ftp://casino.example/",
        "//casino.example",
        "https://user:secret@casino.example/",
        "https://casino.example/#part",
        "https://casino.example:0/",
        "https://casino.example:70000/",
        "https://casino.example/a b",
        "https://localhost/",
        "https://printer.local/",
        "https://intranet/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://" + "a" * 500 + ".example/",
        "https:///nohost",
        "javascript:alert(1)",
    ],
)
def test_urls_that_may_not(url: str) -> None:
    assert rules.url_fault(url, local=False) != ""


def test_a_callback_goes_to_a_port_that_the_hub_calls() -> None:
    ports = frozenset({443, 8443})
    for fine in ("https://casino.example/x", "https://casino.example:443/", "https://casino.example:8443/"):
        assert rules.url_fault(fine, local=False, ports=ports) == ""
    told = "the port is one of 443, 8443"
    assert rules.url_fault("https://casino.example:6379/", local=False, ports=ports) == told
    assert rules.url_fault("https://casino.example:80/", local=False, ports=ports) == told


def test_the_local_stack_may_call_this_machine() -> None:
    assert rules.url_fault("http://127.0.0.1:4566/x", local=True) == ""
    assert rules.url_fault("http://user@127.0.0.1/", local=True) != ""


def test_game_url_knows_three_placeholders() -> None:
    good = "https://games.example/{game}?brand={brand}&t={tournament}"
    assert faults(OwnSettings(game_url=good)) == {}
    assert set(faults(OwnSettings(game_url="https://games.example/{player}"))) == {"gameUrl"}
    assert set(faults(OwnSettings(game_url="http://games.example/{game}"))) == {"gameUrl"}


# ---------------------------------------------------------------- windows
@given(st.integers(0, 2**42))
def test_windows_are_minutes_and_reset_is_within_the_minute(now: int) -> None:
    number, reset_s = window_of(now)
    assert number * 60_000 <= now < (number + 1) * 60_000
    assert 1 <= reset_s <= 60
    # Waiting as advised is always enough, and never more than a second too long.
    assert window_of(now + reset_s * 1000)[0] == number + 1
    assert window_of(now + (reset_s - 1) * 1000)[0] == number
