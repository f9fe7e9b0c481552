"""Whatever text comes, in whatever member: the linter has an answer that can be sent, and never a URL that escapes."""

import json
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pitboss.catalogue import links
from pitboss.catalogue.model import Facts, Game
from pitboss.players import lint, lint_text
from pitboss.players.lint_known import Known
from pitboss.players.model import Player, Wish

pytestmark = pytest.mark.property

NOW = 1_800_000_000_000
GAME = Game(
    "slot",
    "Slot",
    "Studio",
    "int",
    enabled=True,
    facts=Facts(languages=("en",), restricted_countries=("US",)),
)
PLAYER = Player("t", "P" * 26, "aurora", "ann", "EUR", NOW, NOW)
KNOWN = Known(NOW, local=False, game=GAME, player=PLAYER, template="https://g.example/{token}")
MEMBERS = (
    "player_id",
    "mode",
    "language",
    "currency",
    "country",
    "device",
    "lobby_url",
    "deposit_url",
    "history_url",
)
ANY = st.text(st.characters(exclude_categories=()), max_size=40)
URLISH = st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            [
                "https://",
                "http:",
                "//",
                "a.example",
                ":",
                "@",
                "[",
                "]",
                "?",
                "#",
                "%",
                "{",
                "}",
                "null",
                "/",
                "\ud800",
                "é",
            ]
        ),
        max_size=8,
    ),
)


@given(st.dictionaries(st.sampled_from(MEMBERS), ANY | URLISH), st.booleans())
def test_every_text_has_an_answer(told: dict[str, str], local: bool) -> None:
    wish = replace(Wish("slot", player_id=PLAYER.player_id), **told)  # type: ignore[arg-type]
    findings = lint.examine(wish, replace(KNOWN, local=local))
    for finding in findings:
        json.dumps([finding.field, finding.message, finding.fix], ensure_ascii=False).encode("utf-8")
        assert (finding.severity == "error") == bool(finding.refusal)
    if not any(finding.severity == "error" for finding in findings):
        settled = lint.settle(wish, KNOWN)
        assert settled.mode in ("real", "demo")
        for url in (wish.lobby_url, wish.deposit_url, wish.history_url):
            assert url is None or urlsplit(url).scheme in ("https", "http")


@given(URLISH, st.booleans())
def test_an_address_that_passes_is_one_for_a_browser(url: str, local: bool) -> None:
    if not any(fault.hard for fault in lint_text.url(url, local=local)):
        parts = urlsplit(url)
        assert parts.scheme == "https" or (local and parts.scheme == "http")
        assert parts.hostname
        url.encode("utf-8")


@given(
    st.dictionaries(st.sampled_from(sorted(links.PLACEHOLDERS)), st.text(max_size=30).filter(str.isprintable))
)
def test_a_value_comes_out_of_the_url_as_it_went_in(values: dict[str, str]) -> None:
    names = sorted(links.PLACEHOLDERS)
    template = "https://g.example/?" + "&".join(f"{name}={{{name}}}" for name in names)
    assert links.faults(template, local=False) == []
    read = dict(parse_qsl(urlsplit(links.expand(template, values)).query, keep_blank_values=True))
    assert read == {name: values.get(name, "") for name in names}
