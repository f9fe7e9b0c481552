"""Routes of figures, game sets and books."""

from typing import Any

from pitboss.kernel.money import format_amount
from pitboss.kernel.refusal import Refusal
from pitboss.platform import cursors
from pitboss.platform.http import Answer, Call, Query
from pitboss.reports import lines, statistics, store
from pitboss.reports.books import BATCH, Books, judge_players
from pitboss.reports.door import FILTERS, SCHEMAS, Routes, date_of, days, game_set, who
from pitboss.reports.model import DAY_MS, LANES, NOTHING, Cell, Figures, added
from pitboss.reports.statistics import GROUPS, Question, Sums

routes = Routes()
MOST_DAYS, MOST_PLAYER_DAYS = 400, 31
_DAYS = (
    Query("from", "First day, such as 2026-01-01; six days before `to` unless stated.", maximum=10),
    Query("to", "Last day, included; today unless stated. Days are UTC.", maximum=10),
)
_ERRORS = ("PERIOD_INVALID", "USER_NOT_FOUND", "GAME_SET_NOT_FOUND", "REPORT_BUILDING", "CURSOR_INVALID")
_MEMBER = {"day": "day", "provider": "provider", "brand": "brandId", "game": "gameId", "gameSet": "gameSet"}
_CSV_LIMIT = 20_000


def _question(call: Call) -> tuple[Question, int, int]:
    q = call.query
    f = who(call.tenant_id, q)
    by_player = q["groupBy"] == "player" or bool(f.player_id)
    first, last = days(q, call.now, MOST_PLAYER_DAYS if by_player else MOST_DAYS)
    sets: dict[str, frozenset[str]] = {}
    if q["groupBy"] == "gameSet":
        sets = {name: frozenset(games) for name, games in store.game_sets(call.tenant_id).items()}
    f = f._replace(since=first, until=last + DAY_MS)
    return Question(call.tenant_id, f, q["groupBy"], sets), first, last


def _ordered(group_by: str, sums: Sums) -> list[tuple[statistics.Place, Figures]]:
    """Days in their order, everything else by stake, the greatest first."""
    if group_by == "day":
        return statistics.ordered(sums)
    return statistics.ordered(sums, lambda place, figures: (place[1], -figures.stake, place))


def _group(group_by: str, key: str) -> dict[str, Any]:
    if group_by == "player":
        return statistics.player_of_key(key)
    return {_MEMBER[group_by]: key} if group_by in _MEMBER else {}


@routes.route(
    "GET",
    "/statistics",
    "Read figures",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:Statistics",
    query=(
        *FILTERS,
        *_DAYS,
        Query(
            "groupBy", "What figures are kept apart by, beside the currency.", default="total", choices=GROUPS
        ),
        Query("limit", "The most rows of one page.", "integer", 200, 1, 1000),
        Query("cursor", "`nextCursor` of the page before.", maximum=1000),
    ),
    errors=_ERRORS,
    about="Bets, wins, GGR, RTP and rounds of whole days. By player they are made of every transaction of the period (at most "
    f"{MOST_PLAYER_DAYS} days); while that takes longer than a call, the answer is REPORT_BUILDING and the next call goes on.",
)
def read_statistics(call: Call) -> Answer:
    """Figures by group."""
    question, first, last = _question(call)
    rows = _ordered(question.group_by, statistics.answer(question))
    bound = ("statistics", call.tenant_id, question.group_by, *question.filter.mark())
    start = int(cursors.read(call.query["cursor"], *bound) or 0)
    page = rows[start : start + call.query["limit"]]
    end = start + len(page)
    return Answer(
        {
            "from": date_of(first),
            "to": date_of(last),
            "groupBy": question.group_by,
            "rows": [
                {**_group(question.group_by, key), **lines.figures_view(figures, currency, exponent)}
                for (key, currency, exponent), figures in page
            ],
            "nextCursor": cursors.make(str(end), *bound) if end < len(rows) else None,
        }
    )


@routes.route(
    "GET",
    "/statistics/csv",
    "Read figures as CSV",
    scope="reports.read",
    limit="results",
    query=(
        *FILTERS,
        *_DAYS,
        Query(
            "groupBy", "What figures are kept apart by, beside the currency.", default="total", choices=GROUPS
        ),
    ),
    errors=_ERRORS[:-1],
    media_type="text/csv",
    about=f"The same figures, at most {_CSV_LIMIT} rows.",
)
def stream_statistics(call: Call) -> Answer:
    """Figures by group as CSV."""
    question, _, _ = _question(call)
    rows = _ordered(question.group_by, statistics.answer(question))[:_CSV_LIMIT]
    members = tuple(_group(question.group_by, "\x1f\x1f"))
    text = [lines.figures_csv_head(members)]
    for (key, currency, exponent), figures in rows:
        named = tuple(_group(question.group_by, key).values())
        text.append(lines.figures_csv_line(named, figures, currency, exponent))
    return Answer("".join(text), content_type="text/csv; charset=utf-8")


@routes.route(
    "GET",
    "/reports/ggr",
    "Read gross gaming revenue",
    scope="reports.read",
    limit="results",
    answer=f"{SCHEMAS}:GgrReport",
    query=(*[q for q in FILTERS if q.name not in ("playerId", "userId")], *_DAYS),
    errors=_ERRORS[:3],
    about="By provider, brand and game, with the sum of each currency.",
)
def read_ggr(call: Call) -> Answer:
    """GGR of whole days."""
    q = {**call.query, "playerId": None, "userId": None}
    first, last = days(q, call.now, MOST_DAYS)
    f = who(call.tenant_id, q)._replace(since=first, until=last + DAY_MS)
    cells: dict[Cell, Figures] = {}
    for lane in range(LANES):
        for day in store.days_between(call.tenant_id, lane, first, last):
            for cell, figures in day.cells.items():
                if cell.game_id and f.takes_cell(cell):
                    cells[cell] = added(cells.get(cell, NOTHING), figures)
    totals: dict[tuple[str, int], Figures] = {}
    for cell, figures in cells.items():
        place = (cell.currency, cell.exponent)
        totals[place] = added(totals.get(place, NOTHING), figures)
    rows = sorted(cells.items(), key=lambda row: (row[0].currency, -row[1].ggr, row[0]))
    return Answer(
        {
            "from": date_of(first),
            "to": date_of(last),
            "rows": [
                {
                    **lines.cell_view(cell),
                    **_some(figures, cell.currency, cell.exponent, "rounds bets stake won ggr rtp"),
                }
                for cell, figures in rows
            ],
            "totals": [
                {
                    "currency": currency,
                    **_some(figures, currency, exponent, "stake won ggr freeWon promo ngr rtp"),
                }
                for (currency, exponent), figures in sorted(totals.items())
            ],
        }
    )


def _some(figures: Figures, currency: str, exponent: int, names: str) -> dict[str, Any]:
    view = lines.figures_view(figures, currency, exponent)
    return {name: view[name] for name in names.split()}


# ---------------------------------------------------------------- game sets
@routes.route(
    "PUT",
    "/game-sets/{name}",
    "Name a set of games",
    scope="games.write",
    body=f"{SCHEMAS}:GameSetBody",
    answer=f"{SCHEMAS}:GameSet",
    about="Replaces the set of that name. A game may be in several sets, and need not be known yet.",
)
def put_game_set(call: Call) -> Answer:
    """Make or replace a set."""
    games = list(dict.fromkeys(call.body.games))
    store.put_game_set(call.tenant_id, call.params["name"], games)
    return Answer({"name": call.params["name"], "games": games})


@routes.route("GET", "/game-sets", "List sets of games", scope="games.read", answer=f"{SCHEMAS}:GameSets")
def list_game_sets(call: Call) -> Answer:
    """Every set."""
    found = store.game_sets(call.tenant_id)
    return Answer({"gameSets": [{"name": name, "games": games} for name, games in found.items()]})


@routes.route(
    "GET",
    "/game-sets/{name}",
    "Read a set of games",
    scope="games.read",
    answer=f"{SCHEMAS}:GameSet",
    errors=("GAME_SET_NOT_FOUND",),
)
def read_game_set(call: Call) -> Answer:
    """One set."""
    name = call.params["name"]
    return Answer({"name": name, "games": game_set(call.tenant_id, name)})


@routes.route(
    "DELETE",
    "/game-sets/{name}",
    "Forget a set of games",
    scope="games.write",
    status=204,
    errors=("GAME_SET_NOT_FOUND",),
)
def delete_game_set(call: Call) -> Answer:
    """Forget a set; the games stay."""
    if not store.delete_game_set(call.tenant_id, call.params["name"]):
        raise Refusal("GAME_SET_NOT_FOUND", "There is no such game set.")
    return Answer(None, 204)


# ---------------------------------------------------------------- books
@routes.route(
    "GET",
    "/reports/books",
    "Read the trial balance",
    scope="reports.read",
    answer=f"{SCHEMAS}:BooksAnswer",
    query=(Query("cursor", "`nextCursor` of the page before.", maximum=1000),),
    errors=("CURSOR_INVALID",),
    about="Whether every wallet's sides come to nothing and every player's transactions lead from nothing to its balance, for "
    f"{BATCH} wallets a page. History follows the wallet within seconds, so a player at play may be found out of step.",
)
def read_books(call: Call) -> Answer:
    """Some wallets' trial balance."""
    bound = ("books", call.tenant_id)
    position = cursors.read(call.query["cursor"], *bound) or "0#"
    lane_text, _, after = position.partition("#")
    lane = int(lane_text)
    books = Books()
    players = store.wallets(call.tenant_id, lane, after=after or None, limit=BATCH)
    judge_players(call.tenant_id, players, books)
    if len(players) == BATCH:
        following: str | None = f"{lane}#{players[-1]}"
    else:
        following = f"{lane + 1}#" if lane + 1 < LANES else None
    return Answer(
        {
            **_books_view(books),
            "nextCursor": cursors.make(following, *bound) if following else None,
        }
    )


def _books_view(books: Books) -> dict[str, Any]:
    return {
        "balanced": books.balanced,
        "wallets": books.wallets,
        "transactions": books.transactions,
        "totals": [
            {
                "currency": currency,
                "balance": format_amount(books.balance[currency, exponent], exponent),
                "house": format_amount(books.house[currency, exponent], exponent),
                "cash": format_amount(books.cash[currency, exponent], exponent),
                "receivable": format_amount(books.receivable[currency, exponent], exponent),
            }
            for currency, exponent in sorted(books.balance)
        ],
        "findings": [{"playerId": f.player_id, "kind": f.kind, "detail": f.detail} for f in books.findings],
    }
