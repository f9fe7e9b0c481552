"""What the launch linter says of texts, templates and whole launches."""

from dataclasses import replace
from typing import Any

import pytest
from pitboss.catalogue import links
from pitboss.catalogue.model import Facts, Game
from pitboss.kernel.refusal import Refusal, catalogue
from pitboss.players import lint, lint_text
from pitboss.players.lint_known import Known
from pitboss.players.lint_look import fallback
from pitboss.players.model import Player, Wish
from pitboss.wallet.free_rounds import FreeRounds

pytestmark = pytest.mark.unit

NOW = 1_800_000_000_000
TEMPLATE = "https://games.example/{token}?g={game}"
GAME = Game(
    "slot",
    "Slot",
    "Studio",
    "int",
    enabled=True,
    free_rounds=True,
    facts=Facts(
        currencies=("EUR", "GBP"),
        languages=("de", "en", "pt-BR"),
        devices=("desktop", "mobile"),
        restricted_countries=("US",),
        demo=True,
    ),
)
PLAYER = Player("t", "P" * 26, "aurora", "ann", "EUR", NOW, NOW, country="MT", language="de")
GRANT = FreeRounds("F1", "t", PLAYER.player_id, "int", ("slot",), 3, 20, "EUR", 2, NOW + 1, "cash", NOW)
KNOWN = Known(NOW, local=False, game=GAME, player=PLAYER, template=TEMPLATE)
WISH = Wish(
    "slot", player_id=PLAYER.player_id, lobby_url="https://c.example/", deposit_url="https://c.example/cash"
)


def said(known: Known = KNOWN, **wish: Any) -> list[tuple[str, str, str]]:
    """Field, code and severity of every finding."""
    return [(f.field, f.code, f.severity) for f in lint.examine(replace(WISH, **wish), known)]


def test_a_good_launch_has_no_findings() -> None:
    assert said() == []
    assert lint.settle(WISH, KNOWN) == lint.Settled("real", "de", "EUR", "MT", "desktop")


@pytest.mark.parametrize(
    ("url", "code", "hard"),
    [
        ("undefined", "LITERAL_STRING", True),
        ("null", "LITERAL_STRING", True),
        ("NULL", "LITERAL_STRING", True),
        (" None ", "LITERAL_STRING", True),
        ("NaN", "LITERAL_STRING", True),
        ("[object Object]", "LITERAL_STRING", True),
        ("", "EMPTY_STRING", True),
        ("  ", "EMPTY_STRING", True),
        ("{lobbyUrl}", "UNFILLED_TEMPLATE", True),
        ("https://c.example/${LOBBY}", "UNFILLED_TEMPLATE", True),
        ("https://c.example/?b={{back}}", "UNFILLED_TEMPLATE", True),
        ("https://c.example/ ", "WHITE_SPACE", True),
        ("https://c.example/a b", "WHITE_SPACE", True),
        ("https://c.example/\n", "CONTROL_CHARACTER", True),
        ("https://c.example/\x00", "CONTROL_CHARACTER", True),
        ("https%3A%2F%2Fc.example%2F", "DOUBLE_ENCODED", True),
        ("/lobby", "URL_RELATIVE", True),
        ("c.example/lobby", "URL_RELATIVE", True),
        ("//c.example/lobby", "URL_RELATIVE", True),
        ("https:///lobby", "URL_RELATIVE", True),
        ("javascript:alert(1)", "URL_SCHEME", True),
        ("data:text/html,x", "URL_SCHEME", True),
        ("http://c.example/", "HTTP_IN_PRODUCTION", True),
        ("https://me:secret@c.example/", "URL_CREDENTIALS", True),
        ("https://localhost:3000/", "URL_LOCAL_ADDRESS", True),
        ("https://192.168.1.7/", "URL_LOCAL_ADDRESS", True),
        ("https://[::1]/", "URL_LOCAL_ADDRESS", True),
        ("https://casino.local/", "URL_LOCAL_ADDRESS", True),
        ("https://[oops/", "URL_INVALID", True),
        ("https://c.example:99999/", "URL_INVALID", True),
        ("https://c.example/undefined", "LITERAL_IN_URL", False),
        ("https://c.example/?back=null&x=1", "LITERAL_IN_URL", False),
        ("https://c.example/?u=%2520", "DOUBLE_ENCODED", False),
        ("https://c.example/" + "a" * 2048, "URL_TOO_LONG", True),
    ],
    ids=repr,
)
def test_what_an_address_of_a_browser_must_not_be(url: str, code: str, *, hard: bool) -> None:
    (fault,) = lint_text.url(url, local=False)
    assert (fault.code, fault.hard) == (code, hard)
    assert fault.message
    assert fault.fix


@pytest.mark.parametrize(
    "url",
    [
        "https://c.example/",
        "https://c.example:8443/lobby?a=1&b=%20#top",
        "https://xn--bcher-kva.example/ü",
        "https://8.8.8.8/",
        "https://c.example/nullable/undefinedness?x=nan0",
    ],
)
def test_addresses_that_are_fine(url: str) -> None:
    assert lint_text.url(url, local=False) == []


def test_on_a_laptop_plain_http_is_a_warning() -> None:
    faults = lint_text.url("http://localhost:3000/lobby", local=True)
    assert [(fault.code, fault.hard) for fault in faults] == [
        ("HTTP_IN_PRODUCTION", False),
        ("URL_LOCAL_ADDRESS", False),
    ]


def test_the_literal_is_named_in_the_message() -> None:
    (finding,) = lint.examine(replace(WISH, lobby_url="undefined"), KNOWN)
    assert finding.message == "lobbyUrl is the literal string undefined."
    assert finding.refusal == "LAUNCH_INVALID"


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"lobby_url": None}, ("lobbyUrl", "MISSING_LOBBY", "warning")),
        ({"deposit_url": None}, ("depositUrl", "MISSING_DEPOSIT", "warning")),
        ({"history_url": "null"}, ("historyUrl", "LITERAL_STRING", "error")),
        ({"mode": "fun"}, ("mode", "MODE_UNKNOWN", "error")),
        ({"mode": "undefined"}, ("mode", "LITERAL_STRING", "error")),
        ({"language": "en_US"}, ("language", "LANGUAGE_FORMAT", "error")),
        ({"language": "EN"}, ("language", "LANGUAGE_FORMAT", "error")),
        ({"language": "null"}, ("language", "LITERAL_STRING", "error")),
        ({"language": "sv"}, ("language", "LANGUAGE_UNSUPPORTED", "warning")),
        ({"currency": "eur"}, ("currency", "CURRENCY_FORMAT", "error")),
        ({"currency": "€"}, ("currency", "CURRENCY_FORMAT", "error")),
        ({"currency": "GBP"}, ("currency", "CURRENCY_MISMATCH", "error")),
        ({"currency": ""}, ("currency", "EMPTY_STRING", "error")),
        ({"country": "usa"}, ("country", "COUNTRY_FORMAT", "error")),
        ({"country": "US"}, ("country", "COUNTRY_RESTRICTED", "error")),
        ({"country": "DE"}, ("country", "COUNTRY_DIFFERS", "warning")),
        ({"device": "phone"}, ("device", "DEVICE_UNKNOWN", "error")),
        ({"device": "tablet"}, ("device", "DEVICE_NOT_SUPPORTED", "error")),
        ({"player_id": None}, ("playerId", "PLAYER_MISSING", "error")),
        ({"player_id": "undefined"}, ("playerId", "LITERAL_STRING", "error")),
        ({"brand_id": "aurora"}, ("playerId", "PLAYER_AMBIGUOUS", "error")),
        ({"player_id": None, "user_id": "ann"}, ("playerId", "PLAYER_AMBIGUOUS", "error")),
        ({"free_rounds_id": "undefined"}, ("freeRoundsId", "LITERAL_STRING", "error")),
        ({"free_rounds_id": "F9"}, ("freeRoundsId", "FREEROUND_NOT_FOUND", "error")),
    ],
    ids=str,
)
def test_each_member_is_judged(wish: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert said(**wish) == [expected]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"game": None, "template": ""}, ("slug", "GAME_NOT_FOUND", "error")),
        ({"game": replace(GAME, enabled=False)}, ("slug", "GAME_DISABLED", "error")),
        ({"brand_fault": "unknown_brand"}, ("brandId", "BRAND_NOT_FOUND", "error")),
        ({"brand_fault": "brand_disabled"}, ("brandId", "BRAND_DISABLED", "error")),
        ({"brand_fault": "game_not_for_brand"}, ("slug", "GAME_NOT_OFFERED", "error")),
        ({"template": ""}, ("launchUrl", "LAUNCH_URL_MISSING", "error")),
        ({"player": None, "game": replace(GAME, facts=Facts())}, ("playerId", "PLAYER_NOT_FOUND", "error")),
        ({"player": replace(PLAYER, country="US")}, ("country", "COUNTRY_RESTRICTED", "error")),
        ({"player": replace(PLAYER, country="")}, ("country", "COUNTRY_UNKNOWN", "warning")),
        ({"player": replace(PLAYER, currency="SEK")}, ("currency", "CURRENCY_NOT_OFFERED", "error")),
        (
            {"barred": Refusal("PLAYER_BLOCKED", "The player is blocked.")},
            ("playerId", "PLAYER_BLOCKED", "error"),
        ),
        ({"points": Refusal("POINT_NOT_ENOUGH", "No points.")}, ("(agent)", "POINT_NOT_ENOUGH", "error")),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else None,
)
def test_what_the_hub_knows_is_judged(change: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert said(replace(KNOWN, **change)) == [expected]


def test_a_demo_asks_for_no_player_and_no_money() -> None:
    known = replace(KNOWN, player=None, points=Refusal("POINT_NOT_ENOUGH", "No points."))
    assert said(known, mode="demo", player_id=None, deposit_url=None, country="MT") == []
    assert lint.settle(replace(WISH, mode="demo"), known).currency == "FUN"
    assert said(mode="demo", currency="EUR") == [("currency", "CURRENCY_IGNORED", "warning")]
    assert said(mode="demo", currency="FUN") == []
    assert said(mode="demo", free_rounds_id="F1") == [("freeRoundsId", "FREEROUNDS_IN_DEMO", "error")]
    without = replace(KNOWN, game=replace(GAME, facts=replace(GAME.facts, demo=False)))
    assert said(without, mode="demo") == [("mode", "DEMO_NOT_OFFERED", "error")]


@pytest.mark.parametrize(
    ("grant", "code"),
    [
        (GRANT, ""),
        (replace(GRANT, expires_at=NOW), "FREEROUND_EXPIRED"),
        (replace(GRANT, used=3), "FREEROUND_EXHAUSTED"),
        (replace(GRANT, state="cancelled"), "FREEROUND_EXHAUSTED"),
        (replace(GRANT, games=("other",)), "FREEROUND_OTHER_GAME"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_free_rounds_are_judged_before_the_game_opens(grant: FreeRounds, code: str) -> None:
    found = said(replace(KNOWN, grant=grant), free_rounds_id="F1")
    assert [c for _, c, _ in found] == ([code] if code else [])


def test_a_player_may_be_called_nan() -> None:
    known = replace(KNOWN, player=replace(PLAYER, user_id="Nan"))
    assert said(known, player_id=None, brand_id="aurora", user_id="Nan") == []
    nobody = replace(KNOWN, player=None, game=replace(GAME, facts=Facts()))
    assert said(nobody, player_id=None, brand_id="aurora", user_id="NaN") == [
        ("userId", "LITERAL_STRING", "error")
    ]


def test_errors_come_before_warnings() -> None:
    found = said(lobby_url=None, deposit_url="undefined", language="sv", country="US")
    severities = [severity for _, _, severity in found]
    assert severities == sorted(severities)
    assert set(severities) == {"error", "warning"}


def test_every_error_names_a_refusal_of_the_catalogue() -> None:
    everything = [
        lint.examine(Wish("slot"), Known(NOW, local=False)),
        lint.examine(replace(WISH, currency="x", country="x", device="x", language="-"), KNOWN),
        lint.examine(
            replace(WISH, free_rounds_id="x"), replace(KNOWN, game=replace(GAME, free_rounds=False))
        ),
        lint.examine(replace(WISH, free_rounds_id="F1"), replace(KNOWN, grant=replace(GRANT, used=3))),
    ]
    errors = [f for findings in everything for f in findings if f.severity == "error"]
    assert len(errors) >= 7
    assert all(f.refusal in catalogue() and f.fix and f.message.endswith(".") for f in errors)


@pytest.mark.parametrize(
    ("asked", "offered", "spoken"),
    [
        ("en", (), "en"),
        ("sv", (), "sv"),
        ("de", ("de", "en"), "de"),
        ("pt-BR", ("en", "pt"), "pt"),
        ("pt", ("en", "pt-BR"), "pt-BR"),
        ("pt-PT", ("en", "pt-BR"), "pt-BR"),
        ("sv", ("de", "en"), "en"),
        ("sv", ("de", "fr"), "de"),
    ],
)
def test_the_nearest_language(asked: str, offered: tuple[str, ...], spoken: str) -> None:
    assert fallback(asked, offered) == spoken


# ---------------------------------------------------------------- templates
@pytest.mark.parametrize(
    ("template", "codes"),
    [
        ("https://g.example/{token}", []),
        ("https://g.example/play?t={token}&g={game}&b={lobbyUrl}", []),
        ("https://g.example/play", ["LAUNCH_URL_NO_TOKEN"]),
        ("http://g.example/{token}", ["HTTP_IN_PRODUCTION"]),
        ("g.example/{token}", ["LAUNCH_URL_INVALID"]),
        ("https://{game}.example/{token}", ["LAUNCH_URL_INVALID"]),
        ("https://g.example/{token}/{gameId}", ["LAUNCH_URL_PLACEHOLDER"]),
        ("https://g.example/{token}/{", ["LAUNCH_URL_PLACEHOLDER"]),
    ],
)
def test_faults_of_a_template(template: str, codes: list[str]) -> None:
    assert [code for code, _ in links.faults(template, local=False)] == codes
    assert links.faults("http://g.example/{token}", local=True) == []


def test_values_cannot_break_out_of_their_place() -> None:
    url = links.expand(
        "https://g.example/{game}?t={token}&b={lobbyUrl}&x={country}",
        {"game": "a/b#c?d", "token": "pl_x", "lobbyUrl": "https://c.example/?a=1&t=evil#{token}"},
    )
    assert url == (
        "https://g.example/a%2Fb%23c%3Fd?t=pl_x&b=https%3A%2F%2Fc.example%2F%3Fa%3D1%26t%3Devil%23%7Btoken%7D&x="
    )
