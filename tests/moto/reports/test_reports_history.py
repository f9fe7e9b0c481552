"""History, figures, game sets and books over the routes, carried from the ledger's stream."""

import csv
import io
from typing import Any

import pytest
from pitboss.kernel.instants import parse_instant
from pitboss.reports import reading
from pitboss.reports import schemas as models
from pitboss.reports.public import books, find_transaction, list_transactions, players_of_round
from pitboss.wallet.public import TxKey

from tests.reports_world import DAY, PLAYERS, Ledger
from tests.tenancy_world import Client, made, operator, root_client

pytestmark = pytest.mark.moto
HOUR = 3_600_000
PERIOD = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-03T00:00:00Z"}
DAYS = {"from": "2026-01-01", "to": "2026-01-02"}


def play(ledger: Ledger) -> None:
    """Three players, two games, two days."""
    ledger.tx("deposit", "d1", 10_000, DAY, provider="hub", before=0, after=10_000, version=2)
    ledger.tx("bet", "1", 1_000, DAY + HOUR, before=10_000, after=9_000, version=3)
    ledger.tx(
        "win", "2", 2_500, DAY + HOUR + 5, ref="1", before=9_000, after=11_500, version=4, round_id="r-1"
    )
    ledger.round("r-1", 1_000, 2_500, DAY + HOUR)
    ledger.tx("bet", "3", 400, DAY + 2 * HOUR, "u-2", game_id="fruit", brand_id="brand-b")
    ledger.tx("bet", "4", 600, DAY + 25 * HOUR, "u-2", game_id="fruit", brand_id="brand-b")
    ledger.tx("win", "5", 300, DAY + 25 * HOUR, "u-3", type="promo")
    ledger.tx("bet", "6", 9_999, DAY + 26 * HOUR, "u-3", state="REFUSED", refusal="BALANCE_NOT_ENOUGH")
    ledger.flow()


def rows(client: Client, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = made(client("GET", "/history", query={**PERIOD, **query}))
        models.History.model_validate(page)
        found += page["transactions"]
        if page["nextCursor"] is None:
            return found
        query["cursor"] = page["nextCursor"]


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [row["transactionId"] for row in found]


def test_history_is_newest_first_with_every_filter(ledger: Ledger) -> None:
    play(ledger)
    everything = rows(ledger.client)
    assert ids(everything)[-1] == "d1"
    assert sorted(ids(everything)) == ["1", "2", "3", "4", "5", "6", "d1"]
    times = [parse_instant(r["time"]) for r in everything]
    assert times == sorted(times, reverse=True)
    assert ids(rows(ledger.client, limit="2")) == ids(everything)
    assert ids(rows(ledger.client, playerId=PLAYERS["u-1"])) == ["2", "1", "d1"]
    assert ids(rows(ledger.client, playerId=PLAYERS["u-1"], limit="1")) == ["2", "1", "d1"]
    assert sorted(ids(rows(ledger.client, gameId="fruit"))) == ["3", "4"]
    assert sorted(ids(rows(ledger.client, brandId="brand-b"))) == ["3", "4"]
    assert ids(rows(ledger.client, provider="hub")) == ["d1"]
    assert ids(rows(ledger.client, action="win", state="DONE")) == ["5", "2"]
    assert ids(rows(ledger.client, roundId="r-1")) == ["2", "1"]
    assert ids(rows(ledger.client, **{"from": "2026-01-02T01:00:00Z", "to": "2026-01-02T01:00:00.001Z"})) in (
        ["4", "5"],
        ["5", "4"],
    )
    bet = next(r for r in everything if r["transactionId"] == "1")
    assert (bet["amount"], bet["balanceBefore"], bet["balanceAfter"]) == ("10.00", "100.00", "90.00")
    refused = next(r for r in everything if r["transactionId"] == "6")
    assert (refused["state"], refused["refusal"]) == ("REFUSED", "BALANCE_NOT_ENOUGH")


def test_players_are_found_by_the_casinos_own_id_and_sets_by_name(ledger: Ledger) -> None:
    ledger.wallet("u-2", brand_id="brand-b", version=1)
    play(ledger)
    assert sorted(ids(rows(ledger.client, brandId="brand-b", userId="u-2"))) == ["3", "4"]
    assert (
        ledger.client("GET", "/history", query={"brandId": "brand-b", "userId": "nobody"}).name
        == "USER_NOT_FOUND"
    )
    assert ledger.client("GET", "/history", query={"userId": "u-2"}).name == "PARAMETERS_INVALID"
    put = ledger.client("PUT", "/game-sets/{name}", {"games": ["fruit", "fruit", "later"]}, name="fruity")
    assert made(put) == {"name": "fruity", "games": ["fruit", "later"]}
    assert sorted(ids(rows(ledger.client, gameSet="fruity"))) == ["3", "4"]
    assert ledger.client("GET", "/history", query={"gameSet": "none"}).name == "GAME_SET_NOT_FOUND"
    assert made(ledger.client("GET", "/game-sets"))["gameSets"] == [made(put)]
    assert ledger.client("DELETE", "/game-sets/{name}", name="fruity").status == 204
    assert ledger.client("GET", "/game-sets/{name}", name="fruity").name == "GAME_SET_NOT_FOUND"


def figures(client: Client, **query: str) -> list[dict[str, Any]]:
    answer = made(client("GET", "/statistics", query={**DAYS, **query}))
    models.Statistics.model_validate(answer)
    return list(answer["rows"])


def test_figures_by_every_group(ledger: Ledger) -> None:
    play(ledger)
    (total,) = figures(ledger.client)
    assert (total["bets"], total["stake"], total["wins"], total["won"]) == (3, "20.00", 1, "25.00")
    assert (total["ggr"], total["ngr"], total["rtp"], total["promo"]) == ("-5.00", "-8.00", "125.00", "3.00")
    assert (total["rounds"], total["refused"], total["deposited"]) == (1, 1, "100.00")
    by_day = figures(ledger.client, groupBy="day")
    assert [(r["day"], r["stake"]) for r in by_day] == [("2026-01-01", "14.00"), ("2026-01-02", "6.00")]
    by_game = {r["gameId"]: r["stake"] for r in figures(ledger.client, groupBy="game")}
    assert by_game == {"book": "10.00", "fruit": "10.00", "": "0.00"}
    by_brand = {r["brandId"]: r["ggr"] for r in figures(ledger.client, groupBy="brand")}
    assert by_brand == {"brand-a": "-15.00", "brand-b": "10.00"}
    assert {r["provider"] for r in figures(ledger.client, groupBy="provider")} == {"prov", "hub"}
    ledger.client("PUT", "/game-sets/{name}", {"games": ["fruit"]}, name="fruity")
    ledger.client("PUT", "/game-sets/{name}", {"games": ["fruit", "book"]}, name="all")
    by_set = {r["gameSet"]: r["bets"] for r in figures(ledger.client, groupBy="gameSet")}
    assert by_set == {"fruity": 2, "all": 3}
    assert figures(ledger.client, gameSet="fruity")[0]["bets"] == 2
    assert figures(ledger.client, gameId="nothing") == []


def test_figures_by_player_are_the_same_figures_and_follow_what_comes_later(ledger: Ledger) -> None:
    play(ledger)
    for _ in range(2):  # made, then kept
        by_player = {r["userId"]: r for r in figures(ledger.client, groupBy="player")}
        assert {u: (r["bets"], r["stake"], r["rounds"]) for u, r in by_player.items()} == {
            "u-1": (1, "10.00", 1),
            "u-2": (2, "10.00", 0),
            "u-3": (0, "0.00", 0),
        }
    assert by_player["u-1"]["playerId"] == PLAYERS["u-1"]
    ledger.tx("bet", "9", 5_000, DAY + HOUR, "u-2", game_id="fruit")
    ledger.flow()
    assert figures(ledger.client, playerId=PLAYERS["u-2"])[0]["stake"] == "60.00"
    by_game = figures(ledger.client, playerId=PLAYERS["u-1"], groupBy="game")
    assert {(r["gameId"], r["won"]) for r in by_game} == {("book", "25.00"), ("", "0.00")}


def test_the_same_stream_again_in_other_portions_changes_nothing(ledger: Ledger) -> None:
    play(ledger)
    before = (rows(ledger.client), figures(ledger.client), figures(ledger.client, groupBy="player"))
    ledger.again(1)
    ledger.again(3)
    assert (rows(ledger.client), figures(ledger.client), figures(ledger.client, groupBy="player")) == before


def test_a_rollback_moves_yesterdays_figures(ledger: Ledger) -> None:
    play(ledger)
    ledger.tx(
        "bet", "3", 400, DAY + 2 * HOUR, "u-2", game_id="fruit", brand_id="brand-b", state="ROLLED_BACK"
    )
    ledger.flow()
    (row,) = figures(ledger.client, brandId="brand-b", to="2026-01-01")
    assert (row["bets"], row["stake"], row["cancelledBets"], row["cancelledStake"]) == (0, "0.00", 1, "4.00")
    assert [r["state"] for r in rows(ledger.client, roundId="r-3")] == ["ROLLED_BACK"]


def test_ggr_and_csv(ledger: Ledger) -> None:
    play(ledger)
    report = made(ledger.client("GET", "/reports/ggr", query=DAYS))
    models.GgrReport.model_validate(report)
    assert [(r["gameId"], r["ggr"]) for r in report["rows"]] == [("fruit", "10.00"), ("book", "-15.00")]
    (total,) = report["totals"]
    assert (total["stake"], total["won"], total["ggr"]) == ("20.00", "25.00", "-5.00")
    text = ledger.client(
        "GET", "/statistics/csv", query={**DAYS, "groupBy": "game"}, headers={"Accept": "text/csv"}
    )
    table = list(csv.DictReader(io.StringIO(str(text.text), newline="")))
    assert {(r["gameId"], r["stake"]) for r in table} == {("book", "10.00"), ("fruit", "10.00"), ("", "0.00")}


def test_chunks_of_csv_make_one_file(ledger: Ledger) -> None:
    play(ledger)
    text, cursor = "", ""
    for _ in range(10):
        query = {**PERIOD, "limit": "3", **({"cursor": cursor} if cursor else {})}
        reply = ledger.client("GET", "/history/csv", query=query, headers={"Accept": "text/csv"})
        assert reply.status == 200
        text += reply.text
        cursor = reply.headers.get("Pitboss-Next-Cursor", "")
        if not cursor:
            break
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [r["transactionId"] for r in found] == ids(rows(ledger.client))[::-1]
    assert found[0]["amount"] == "100.00"


@pytest.mark.parametrize(
    ("path", "query", "name"),
    [
        ("/history", {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "PERIOD_INVALID"),
        ("/history", {"from": "2025-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "PERIOD_INVALID"),
        ("/history", {"cursor": "bm9uc2Vuc2U"}, "CURSOR_INVALID"),
        ("/history", {"state": "WHAT"}, "PARAMETERS_INVALID"),
        ("/statistics", {"from": "2026-02-30"}, "PERIOD_INVALID"),
        ("/statistics", {"from": "2026-01-01", "to": "2026-03-01", "groupBy": "player"}, "PERIOD_INVALID"),
        ("/statistics", {"groupBy": "moon"}, "PARAMETERS_INVALID"),
        ("/reports/ggr", {"to": "today"}, "PERIOD_INVALID"),
    ],
    ids=str,
)
def test_bad_questions_are_refused(ledger: Ledger, path: str, query: dict[str, str], name: str) -> None:
    assert ledger.client("GET", path, query=query).name == name


def test_another_tenant_sees_nothing(ledger: Ledger) -> None:
    play(ledger)
    from pitboss.tenancy.api import api

    _, other = operator(root_client(api), "Other")
    stranger = Client(ledger.client.api, other.token)
    assert rows(stranger) == []
    assert rows(stranger, playerId=PLAYERS["u-1"]) == []
    assert figures(stranger) == []
    assert figures(stranger, groupBy="player") == []


def test_a_cursor_is_bound_to_its_filter_and_tenant(ledger: Ledger) -> None:
    play(ledger)
    page = made(ledger.client("GET", "/history", query={**PERIOD, "limit": "1"}))
    other = {**PERIOD, "limit": "1", "cursor": page["nextCursor"], "gameId": "book"}
    assert ledger.client("GET", "/history", query=other).name == "CURSOR_INVALID"


def test_a_filter_that_few_pass_gives_short_pages_and_goes_on(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SCANNED", 2)
    play(ledger)
    assert ids(rows(ledger.client, provider="hub")) == ["d1"]
    assert sorted(ids(rows(ledger.client))) == ["1", "2", "3", "4", "5", "6", "d1"]


def test_others_find_transactions_by_hub_id_and_list_them(ledger: Ledger) -> None:
    play(ledger)
    (win,) = [r for r in rows(ledger.client) if r["transactionId"] == "2"]
    assert find_transaction(ledger.tenant_id, win["hubTransactionId"]) == TxKey("prov", "win", "2")
    assert find_transaction(ledger.tenant_id, "01J0000000000000000000NONE") is None
    assert find_transaction("other", win["hubTransactionId"]) is None
    keys, following = list_transactions(
        ledger.tenant_id, player_id=PLAYERS["u-1"], since=DAY, until=DAY + 2 * HOUR, cursor=None, limit=10
    )
    assert [k.ext_id for k in keys] == ["2", "1", "d1"]
    assert following is None
    assert players_of_round(ledger.tenant_id, "r-1") == [("prov", PLAYERS["u-1"])]


def test_books_come_out_and_a_lost_transaction_is_found(ledger: Ledger) -> None:
    ledger.wallet("u-1", version=1)
    play(ledger)
    ledger.wallet("u-1", version=4, balance=11_500, house=-1_500, cash=-10_000)
    ledger.flow()
    assert books(ledger.tenant_id).findings == []
    page = made(ledger.client("GET", "/reports/books"))
    pages = [page]
    while page["nextCursor"]:
        page = made(ledger.client("GET", "/reports/books", query={"cursor": page["nextCursor"]}))
        models.BooksAnswer.model_validate(page)
        pages.append(page)
    assert sum(p["wallets"] for p in pages) == 1
    assert [t for p in pages for t in p["totals"]] == [
        {"currency": "EUR", "balance": "115.00", "house": "-15.00", "cash": "-100.00", "receivable": "0.00"}
    ]
    ledger.wallet("u-1", version=5, balance=11_400, house=-1_400, cash=-10_000)
    found = books(ledger.tenant_id)
    assert (found.balanced, [f.kind for f in found.findings]) == (False, ["broken_chain"])
    assert "115.00" in found.findings[0].detail
