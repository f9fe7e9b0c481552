"""The end of a tournament: seal the pages, and rank from the log (docs/decisions/002). What is acknowledged is folded
before (catching_up.py)."""

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from pitboss.platform.clock import now_ms
from pitboss.platform.observe import count, logger
from pitboss.rounds import layout_store, parts, store
from pitboss.rounds.boards import ranked_rows
from pitboss.rounds.model import Place, States
from pitboss.scoring.public import Ranked, Seat, compile_rules

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
    kept = parts.Kept(live)
    done = True
    for number in range(layout.pages):
        sheet = there.get(number) or store.sheet_of(number, None, None)
        page = sheet.page
        if page.sealed:
            continue
        states = kept.part_of(sheet).states
        if states != page.states:
            count("pages_healed")
            page.states = states
        # Nothing is folded into it any more: what came late is looked up in its log. So it is small, however full it was.
        page.recent, page.orphans, page.slots, page.early = {}, {}, {}, []
        was = page.version
        page.version, page.sealed, page.updated_at = was + 1, True, max(page.updated_at, now_ms())
        done &= store.put_page(Place(tenant_id, tournament_id, number), page, was)
        beat()
    return done


def final_ranking(tenant_id: str, tournament_id: str, beat: Beat = lambda: None) -> FinalRanking:
    """Judge and fold every logged round anew, with the seats and the window as they are now; for pages of which that was
    done, and nothing of it is otherwise now, what came of it is kept (parts.py).

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
    kept = parts.Kept(live)
    for sheet in layout_store.sheets(tenant_id, tournament_id, live.pages):
        part = kept.part_of(sheet)
        seats += sheet.seats.values()
        of_pages |= sheet.page.states
        states |= part.states
        counts.update(part.counts)
        if part.log_hash:
            log.update(f"{sheet.number}:{part.log_hash}\n".encode())
        beat()
    from_log = ranked_rows(rules, live.ranking, seats, states)
    from_pages = ranked_rows(rules, live.ranking, seats, of_pages)
    if [r for r, _ in from_log] != [r for r, _ in from_pages]:
        count("pages_differ")
        logger.warning("pages and log differ; the log decides", tournamentId=tournament_id)
    return FinalRanking([r for r, _ in from_log], log.hexdigest(), dict(counts))
