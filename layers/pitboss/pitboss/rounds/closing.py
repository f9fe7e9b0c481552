"""The end of a tournament: seal the pages, and rank from the log (docs/decisions/002). What is acknowledged is folded
before (catching_up.py)."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pitboss.kernel.canonical import digest
from pitboss.platform.clock import now_ms
from pitboss.platform.observe import count, logger
from pitboss.rounds import layout_store, service, store
from pitboss.rounds.boards import ranked_rows
from pitboss.rounds.folding import judged
from pitboss.rounds.history import all_records
from pitboss.rounds.model import Arrival, Live, Place, Recorded, Sheet, player_hash, player_key
from pitboss.rounds.standing import contradictions, latest_records
from pitboss.scoring.public import Ranked, Round, Seat, compile_rules, refold

type States = dict[str, dict[int, list[Any]]]
# Called after each part of a long work, so that whoever asked for it can say that it goes on.
type Beat = Callable[[], None]


class FinalRanking(NamedTuple):
    """The ranking as the log gives it: rows in board order, the hash of the log, and what was counted."""

    rows: list[Ranked]
    segment_log_hash: str
    counts: dict[str, int]


def seal(tenant_id: str, tournament_id: str, beat: Beat = lambda: None) -> bool:
    """Seal every page, also those nobody has played on; True when all are. Repeating is harmless. First the layout is
    frozen: no page is split after that, and none can be overlooked.

    A page is sealed with the states that its log gives under the seats and the window as they are now: a rebuy or a
    pause that became known after rounds of its time is put right here, and the last board equals the result.
    """
    live = store.live_one(tenant_id, tournament_id)
    if live is None:
        return True
    layout = layout_store.freeze(tenant_id, tournament_id, live.pages)
    there = {s.number: s for s in layout_store.sheets(tenant_id, tournament_id, live.pages)}
    done = True
    for number in range(layout.pages):
        sheet = there.get(number) or store.sheet_of(number, None, None)
        page = sheet.page
        if page.sealed:
            continue
        states = states_from(live, sheet.seats, log_of(live, sheet), Counter())
        if states != page.states:
            count("pages_healed")
            page.states = states
        was = page.version
        page.version, page.sealed, page.updated_at = was + 1, True, max(page.updated_at, now_ms())
        done &= store.put_page(Place(tenant_id, tournament_id, number), page, was)
        beat()
    return done


def log_of(live: Live, sheet: Sheet) -> list[Recorded]:
    """The whole log of a page's own players: what it has in common with pages it was split from is theirs no more."""
    place = Place(live.tenant_id, live.tournament_id, sheet.number)
    records = all_records(store.segments_back(place, sheet.page))
    if not sheet.span:
        return records
    own: dict[tuple[str, str], bool] = {}
    for r in records:
        who = r.round.brand_id, r.round.player_id
        if who not in own:
            own[who] = player_hash(player_key(*who)) % sheet.span == sheet.number
    return [r for r in records if own[r.round.brand_id, r.round.player_id]]


def logged(live: Live) -> Iterator[tuple[Sheet, list[Recorded]]]:
    """Every sheet with the whole log of its players, by number."""
    for sheet in layout_store.sheets(live.tenant_id, live.tournament_id, live.pages):
        yield sheet, log_of(live, sheet)


def final_ranking(tenant_id: str, tournament_id: str, beat: Beat = lambda: None) -> FinalRanking:
    """Judge and fold every logged round anew, with the seats and the window as they are now.

    The pages are compared and differences counted (`pages_differ`): the log is what the result is made of.
    """
    live = store.live_one(tenant_id, tournament_id)
    if live is None:
        raise LookupError(f"tournament {tournament_id} is not live")
    rules = compile_rules(live.rules)
    seats: list[Seat] = []
    log = hashlib.sha256()
    counts: Counter[str] = Counter()
    states: States = {}
    of_pages: States = {}
    for sheet, records in logged(live):
        seats += sheet.seats.values()
        of_pages |= sheet.page.states
        if records:
            log.update(f"{sheet.number}:{digest([_line(r) for r in records])}\n".encode())
        counts["records"] += len(records)
        states |= states_from(live, sheet.seats, records, counts)
        for record in contradictions(records):
            list_contradiction(live, record)
        beat()
    from_log = ranked_rows(rules, live.ranking, seats, states)
    from_pages = ranked_rows(rules, live.ranking, seats, of_pages)
    if [r for r, _ in from_log] != [r for r, _ in from_pages]:
        count("pages_differ")
        logger.warning("pages and log differ; the log decides", tournamentId=tournament_id)
    return FinalRanking([r for r, _ in from_log], log.hexdigest(), dict(counts))


def _line(record: Recorded) -> list[int | str]:
    """A record of the log as it is hashed: the round as it stands, then which revision's content, entry and reason."""
    return [*record.round, record.content_revision, record.entry_no, record.reason]


def list_contradiction(live: Live, record: Recorded) -> None:
    """A message that changed its time so far that its page did not know it again is listed like any other conflict."""
    arrival = Arrival(record.round, record.hash, record.fingerprint)
    place = live.place_of(player_key(record.round.brand_id, record.round.player_id))
    store.put_conflict(place, arrival, record.round.settled_at, service.describe(arrival))


def states_from(
    live: Live, seats: Mapping[str, Seat], records: Iterable[Recorded], counts: Counter[str]
) -> States:
    """The states of a page's players, judged and folded anew from its log."""
    rules = compile_rules(live.rules)
    by_player: dict[str, list[Recorded]] = {}
    for record in latest_records(records):
        by_player.setdefault(player_key(record.round.brand_id, record.round.player_id), []).append(record)
    states: States = {}
    for key, rows in by_player.items():
        seat = seats[key]
        of_entry: dict[int, list[tuple[Round, int]]] = {}
        for record in rows:
            counts["rounds"] += 1
            entry_no, reason = judged(rules, seat, record.round, live.window)
            if entry_no:
                of_entry.setdefault(entry_no, []).append((record.round, record.hash))
            counts[reason or "eligible"] += 1
        extra = {s.entry_no: s.rounds_extra for s in seat.stints}
        if of_entry:
            states[key] = {n: refold(rules, of, extra[n])[0] for n, of in sorted(of_entry.items())}
    return states
