"""Reading use cases: lists and pages of tournaments, entries, history, results and receipts."""

from typing import Any

from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.ledger import public as ledger
from pitboss.platform import cursors
from pitboss.tournaments import entry_store, results, store
from pitboss.tournaments.entries import find
from pitboss.tournaments.lifecycle import check_may_have_result
from pitboss.tournaments.model import Entry, Tournament
from pitboss.tournaments.results import Result
from pitboss.tournaments.service import require
from pitboss.tournaments.settlement import load_result

SCAN_LIMIT = (
    2000  # with a filter on status a page may end early rather than read for ever; its cursor goes on
)


def list_tournaments(
    tenant_id: str,
    *,
    status: str | None,
    from_ms: int | None,
    to_ms: int | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[Tournament], str | None]:
    """Tournaments by start time, and the cursor of the next page. A filtered page may be short before the end."""
    bound = (tenant_id, "tournaments", status, from_ms, to_ms)
    after = cursors.read(cursor, *bound)
    picked: list[str] = []
    position, more = after, False
    for scanned, (at, tournament_id, its_status) in enumerate(
        store.listed(tenant_id, after=after, from_ms=from_ms, to_ms=to_ms)
    ):
        if len(picked) == limit or scanned == SCAN_LIMIT:
            more = True
            break
        position = at
        if status is None or its_status == status:
            picked.append(tournament_id)
    found = store.load_many(tenant_id, picked)
    page = [found[tid] for tid in picked if tid in found]
    return page, cursors.make(position, *bound) if more and position else None


def list_players(
    tenant_id: str, tournament_id: str, *, status: str | None, cursor: str | None, limit: int
) -> tuple[Tournament, list[Entry], str | None]:
    """Entries of a tournament by player, and the cursor of the next page."""
    tournament = require(tenant_id, tournament_id)
    bound = (tenant_id, "players", tournament_id, status)
    after = cursors.read(cursor, *bound)
    page: list[Entry] = []
    position, more = after, False
    for scanned, entry in enumerate(entry_store.entries(tenant_id, tournament_id, after=after)):
        if len(page) == limit or scanned == SCAN_LIMIT:
            more = True
            break
        position = entry.key
        if status is None or entry.status == status:
            page.append(entry)
    return tournament, page, cursors.make(position, *bound) if more and position else None


def list_joined(
    tenant_id: str, player_id: str, *, brand_id: str | None, cursor: str | None, limit: int
) -> tuple[list[tuple[Tournament, Entry]], str | None]:
    """A player's tournaments with its entries, the newest first."""
    bound = (tenant_id, "joined", player_id, brand_id)
    after = cursors.read(cursor, *bound)
    picked: list[tuple[str, str]] = []
    position, more = after, False
    for at, tournament_id, brand in entry_store.joined(tenant_id, player_id, after=after):
        if len(picked) == limit:
            more = True
            break
        position = at
        if brand_id is None or brand == brand_id:
            picked.append((tournament_id, brand))
    found = store.load_many(tenant_id, (tid for tid, _ in picked))
    page = []
    for tournament_id, brand in picked:
        entry = entry_store.load_entry(tenant_id, tournament_id, brand, player_id)
        if entry is not None and tournament_id in found:
            page.append((found[tournament_id], entry))
    return page, cursors.make(position, *bound) if more and position else None


def list_history(
    tenant_id: str, tournament_id: str, *, cursor: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """History items in order, and the cursor of the next page."""
    require(tenant_id, tournament_id)
    bound = (tenant_id, "history", tournament_id)
    after = cursors.read(cursor, *bound)
    records = store.history(tenant_id, tournament_id, after=after, limit=limit + 1)
    page = records[:limit]
    return page, cursors.make(page[-1]["eventId"], *bound) if len(records) > limit else None


def pool_now(tournament: Tournament) -> tuple[Result | None, int, int]:
    """The newest result if there is one, and what the ledger has in the pool and of rake at this moment."""
    if tournament.result_version:
        return load_result(tournament, tournament.result_version), 0, 0
    tenant, tid = tournament.tenant_id, tournament.tournament_id
    collected = ledger.balance(tenant, ledger.pool_account(tid), tournament.spec.currency)
    spec = tournament.spec

    if not spec.rake and not (spec.rebuy and spec.rebuy.rake) and not (spec.add_on and spec.add_on.rake):
        return None, collected, 0
    rake = sum(row.rake for entry in entry_store.entries(tenant, tid) for row in entry.paid if not row.refund)
    return None, collected, rake


def result_of(tenant_id: str, tournament_id: str, version: int | None) -> tuple[Tournament, Result]:
    """A version of the result, the newest unless told. RESULT_NOT_READY before there is one, TOURNAMENT_STATE where there
    never will be; NOT_FOUND for a version that is not there."""
    tournament = require(tenant_id, tournament_id)
    if not tournament.result_version:
        check_may_have_result(tournament.status)
        raise Refusal(
            "RESULT_NOT_READY",
            f"The tournament is {tournament.status}; its result comes after the end and the grace period.",
            facts={"tournamentStatus": tournament.status},
            retry_after_s=5,
        )
    wanted = version or tournament.result_version
    found = load_result(tournament, wanted) if wanted <= tournament.result_version else None
    if found is None:
        raise Refusal(
            "NOT_FOUND",
            f"The result has versions 1 to {tournament.result_version}.",
            errors=[FieldError("version", "no such version")],
        )
    return tournament, found


def result_page(
    tenant_id: str, tournament_id: str, *, version: int | None, cursor: str | None, limit: int
) -> tuple[Tournament, Result, list[dict[str, Any]], str | None]:
    """A page of the rows of a result."""
    tournament, result = result_of(tenant_id, tournament_id, version)
    bound = (tenant_id, "results", tournament_id, result.header["version"])
    start = int(cursors.read(cursor, *bound) or 0)
    rows = result.rows[start : start + limit]
    end = start + len(rows)
    return tournament, result, rows, cursors.make(str(end), *bound) if end < len(result.rows) else None


def receipt_of(
    tenant_id: str, tournament_id: str, player_id: str, brand_id: str | None, version: int | None
) -> tuple[Tournament, Result, dict[str, Any]]:
    """The proof of one player's row."""
    tournament, result = result_of(tenant_id, tournament_id, version)
    entry = find(tournament, player_id, brand_id)
    for index, row in enumerate(result.rows):
        if row["entryId"] == entry.entry_id:
            return tournament, result, results.receipt(result, index)
    raise Refusal("NOT_REGISTERED", "The player is not in this version of the result.")
