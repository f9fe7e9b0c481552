"""What the routes of reports share: how they are gathered, filters, periods."""

from collections.abc import Callable
from typing import Any

from pitboss.kernel.instants import format_instant, parse_instant
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.http import Answer, Api, Call, Query
from pitboss.reports import store
from pitboss.reports.model import DAY_MS, TX_KINDS, Filter
from pitboss.wallet.public import player_of

SCHEMAS = "pitboss.reports.schemas"
type Handler = Callable[[Call], Answer]

PLAYER_DAYS, TENANT_DAYS = 400, 31
FILTERS = (
    Query("playerId", "Only of this player (the hub's id).", maximum=100),
    Query("brandId", "Only of this brand.", maximum=100),
    Query("userId", "Only of this player (the casino's own id); with `brandId`.", maximum=100),
    Query("provider", "Only of this integration.", maximum=100),
    Query("gameId", "Only of this game.", maximum=100),
    Query("gameSet", "Only of the games of this set.", maximum=100),
)
TX_FILTERS = (
    *FILTERS,
    Query("action", "Only of this action.", choices=TX_KINDS),
    Query(
        "state",
        "Only in this state.",
        choices=("PENDING", "UNKNOWN", "DONE", "REFUSED", "ROLLED_BACK", "TOMBSTONE", "FAILED"),
    ),
    Query("roundId", "Only of this round.", maximum=256),
    Query("from", "From this time on; a day before `to` unless stated (of one player: 31 days).", "instant"),
    Query("to", "Before this time; now unless stated.", "instant"),
    Query("cursor", "`nextCursor` of the page before.", maximum=1000),
)


class Routes:
    """Routes of one subject, gathered until they become part of the function's Api."""

    def __init__(self) -> None:
        self._waiting: list[tuple[tuple[str, str, str], dict[str, Any], Handler]] = []

    def route(self, method: str, path: str, summary: str, **needs: Any) -> Callable[[Handler], Handler]:
        """As Api.route."""

        def keep(handler: Handler) -> Handler:
            self._waiting.append(((method, path, summary), needs, handler))
            return handler

        return keep

    def join(self, api: Api) -> None:
        """Become part of an Api."""
        for named, needs, handler in self._waiting:
            api.route(*named, **needs)(handler)


def period_fault(detail: str) -> Refusal:
    """The period is not one that can be answered."""
    return Refusal("PERIOD_INVALID", detail, errors=[FieldError("from", detail)])


def tx_filter(tenant_id: str, q: dict[str, Any], now: int) -> Filter:
    """The filter of a list of transactions.

    Raises:
        Refusal: PERIOD_INVALID, USER_NOT_FOUND, GAME_SET_NOT_FOUND, PARAMETERS_INVALID.
    """
    of = who(tenant_id, q)
    one = bool(of.player_id)
    # To the end of the next minute, so that the pages of one list without `to` are of one filter.
    until = q["to"] if q["to"] is not None else (now // 60_000 + 2) * 60_000
    since = q["from"] if q["from"] is not None else until - (31 if one else 1) * DAY_MS
    days = PLAYER_DAYS if one else TENANT_DAYS
    if not since < until <= since + days * DAY_MS:
        raise period_fault(f"`from` lies before `to`, by at most {days} days (give both)")
    return of._replace(
        since=since, until=until, kind=q["action"] or "", state=q["state"] or "", round_id=q["roundId"] or ""
    )


def who(tenant_id: str, q: dict[str, Any]) -> Filter:
    """The part of a filter that is not time: a casino's player is looked up, a game set is spelled out."""
    player_id = q["playerId"] or ""
    if q["userId"]:
        if not q["brandId"]:
            raise Refusal(
                "PARAMETERS_INVALID", "userId needs brandId.", errors=[FieldError("brandId", "missing")]
            )
        found = player_of(tenant_id, q["brandId"], q["userId"])
        if found is None or player_id not in ("", found):
            raise Refusal("USER_NOT_FOUND", "The brand has no such player.")
        player_id = found
    games: frozenset[str] = frozenset()
    if q["gameSet"]:
        games = frozenset(game_set(tenant_id, q["gameSet"]))
    return Filter(
        0,
        0,
        player_id=player_id,
        brand_id=q["brandId"] or "",
        user_id=q["userId"] or "",
        provider=q["provider"] or "",
        game_id=q["gameId"] or "",
        games=games,
    )


def game_set(tenant_id: str, name: str) -> list[str]:
    """The games of a set. Refusal GAME_SET_NOT_FOUND."""
    games = store.game_set(tenant_id, name)
    if games is None:
        raise Refusal("GAME_SET_NOT_FOUND", "There is no such game set: PUT /game-sets/{name}.")
    return games


def day_start(text: str) -> int:
    """A date to the first millisecond of that day in UTC. Refusal PERIOD_INVALID."""
    try:
        if len(text) != 10:
            raise ValueError
        return parse_instant(f"{text}T00:00:00Z")
    except ValueError:
        raise period_fault("a date is written as 2026-01-31 and means that day in UTC") from None


def days(q: dict[str, Any], now: int, most: int) -> tuple[int, int]:
    """First and last day of a period (both included), by their first ms; the last seven days unless stated."""
    last = day_start(q["to"]) if q["to"] else now // DAY_MS * DAY_MS
    first = day_start(q["from"]) if q["from"] else last - 6 * DAY_MS
    if not first <= last < first + most * DAY_MS:
        raise period_fault(f"`from` is not after `to`, and a period has at most {most} days")
    return first, last


def date_of(at: int) -> str:
    """The date of an instant, in UTC."""
    return format_instant(at)[:10]
