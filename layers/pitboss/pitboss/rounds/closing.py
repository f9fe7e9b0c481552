"""The end of a tournament: fold what is acknowledged, seal the pages, and rank from the log (docs/decisions/002)."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from pitboss.kernel.ids import ulid
from pitboss.platform.clock import now_ms
from pitboss.platform.observe import count, logger
from pitboss.rounds import service, store
from pitboss.rounds.boards import ranked_rows
from pitboss.rounds.codec import encode_records
from pitboss.rounds.folding import judged, latest_records
from pitboss.rounds.model import Live, Page, Recorded, player_key
from pitboss.scoring.public import Ranked, Seat, compile_rules, refold

# The scorer's lag is alarmed at minutes; the inbox of an hour before the end is folded again in any case.
LOOK_BACK_MS = 60 * 60_000
CHUNK = 40


class FinalRanking(NamedTuple):
    """The ranking as the log gives it: rows in board order, the hash of the log, and what was counted."""

    rows: list[Ranked]
    segment_log_hash: str
    counts: dict[str, int]


def catch_up(tenant_id: str, tournament_id: str, integrations: list[str]) -> Counter[str]:
    """Fold the inbox of the closing hour once more; everything already folded is a duplicate and changes nothing."""
    live = store.live_one(tenant_id, tournament_id)
    totals: Counter[str] = Counter()
    if live is None:
        return totals
    since = ulid(max(live.start_at - 1, live.grace_until - LOOK_BACK_MS), b"\0" * 10)
    for integration_id in integrations:
        batch: list[store.InboxItem] = []
        for item in store.inbox_since(tenant_id, integration_id, since):
            batch.append(item)
            if len(batch) == CHUNK:
                totals += service.flush(service.spread([live], batch))
                batch = []
        if batch:
            totals += service.flush(service.spread([live], batch))
    if totals["counted"] or totals["not_counted"]:
        count("rounds_caught_up", totals["counted"] + totals["not_counted"])
    return totals


def seal(tenant_id: str, tournament_id: str) -> bool:
    """Seal every page, also those nobody has played on; True when all are. Repeating is harmless."""
    live = store.live_one(tenant_id, tournament_id)
    if live is None:
        return True
    pk = store.tournament_pk(tenant_id, tournament_id)
    there = dict(store.all_pages(tenant_id, tournament_id))
    done = True
    for number in range(live.pages):
        page = there.get(number, Page())
        if page.sealed:
            continue
        was = page.version
        page.version, page.sealed, page.updated_at = was + 1, True, now_ms()
        done &= store.put_page(pk, tenant_id, number, page, was)
    return done


def logged(live: Live) -> Iterator[tuple[int, list[Recorded]]]:
    """The whole log of every page, in page order."""
    pk = store.tournament_pk(live.tenant_id, live.tournament_id)
    for number, page in store.all_pages(live.tenant_id, live.tournament_id):
        yield number, store.read_history(pk, number, page, 0).records


def final_ranking(tenant_id: str, tournament_id: str) -> FinalRanking:
    """Judge and fold every logged round anew, with the seats and the window as they are now.

    The pages are compared and differences counted (`pages_differ`): the log is what the result is made of.
    """
    live = store.live_one(tenant_id, tournament_id)
    if live is None:
        raise LookupError(f"tournament {tournament_id} is not live")
    rules = compile_rules(live.rules)
    seats = {
        player_key(s.brand_id, s.player_id): s
        for _, of in store.rosters(tenant_id, tournament_id)
        for s in of.values()
    }
    log = hashlib.sha256()
    counts: Counter[str] = Counter()
    states: dict[str, dict[int, list[object]]] = {}
    of_pages: dict[str, dict[int, list[object]]] = {}
    for number, page in store.all_pages(tenant_id, tournament_id):
        pk = store.tournament_pk(tenant_id, tournament_id)
        records = store.read_history(pk, number, page, 0).records
        of_pages |= page.states
        if records:
            log.update(number.to_bytes(4, "big") + hashlib.sha256(encode_records(records)).digest())
        standing = latest_records(records)
        counts["records"] += len(records)
        counts["rounds"] += len(standing)
        for key in {player_key(r.round.brand_id, r.round.player_id) for r in standing}:
            states[key] = entry_states(
                live,
                seats[key],
                [r for r in standing if player_key(r.round.brand_id, r.round.player_id) == key],
                counts,
            )
    from_log = ranked_rows(rules, live.ranking, seats.values(), states)
    from_pages = ranked_rows(rules, live.ranking, seats.values(), of_pages)
    if [r for r, _ in from_log] != [r for r, _ in from_pages]:
        count("pages_differ")
        logger.warning("pages and log differ; the log decides", tournamentId=tournament_id)
    return FinalRanking([r for r, _ in from_log], log.hexdigest(), dict(counts))


def entry_states(
    live: Live, seat: Seat, records: list[Recorded], counts: Counter[str]
) -> dict[int, list[object]]:
    """The states of a player's entries from the records that stand."""
    rules = compile_rules(live.rules)
    of_entry: dict[int, list[tuple[object, int]]] = {s.entry_no: [] for s in seat.stints}
    for record in records:
        entry_no, reason = judged(rules, seat, record.round, live.window)
        if entry_no:
            of_entry[entry_no].append((record.round, record.hash))
            counts["counted"] += 1
        else:
            counts[reason] += 1
    return {s.entry_no: refold(rules, of_entry[s.entry_no], s.rounds_extra)[0] for s in seat.stints}  # type: ignore[arg-type]
