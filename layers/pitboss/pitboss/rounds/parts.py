"""What the log of one page gives, kept: the long part of a ranking is done page by page, and what is done is not done
again (docs/decisions/047).

A part is made of the page's log, its seats, and the tournament's rules and window. Where all of them are as they were, the part
kept is the part; a settler that was cut off goes on where it was, and an amendment reads no log.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from pitboss.kernel.canonical import digest
from pitboss.rounds import keys, service, store
from pitboss.rounds.folding import judged
from pitboss.rounds.history import all_records
from pitboss.rounds.model import Arrival, Live, Part, Place, Recorded, Sheet, States, player_hash, player_key
from pitboss.rounds.standing import contradictions, latest_records
from pitboss.scoring.public import Round, Seat, compile_rules, refold


class Kept:
    """The parts of one tournament, read lane by lane as its sheets are."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.lane = -1
        self.parts: dict[int, Part] = {}

    def part_of(self, sheet: Sheet) -> Part:
        """The part of a page, made and kept if it is not there. Contradictions in its log are listed before it is kept."""
        live = self.live
        if not sheet.page.head:
            return Part("", {}, {"records": 0}, "")
        lane = keys.lane_of(sheet.number)
        if lane != self.lane:
            self.lane, self.parts = lane, store.read_parts(live.tenant_id, live.tournament_id, lane)
        basis = basis_of(live, sheet)
        part = self.parts.get(sheet.number)
        if part is None or part.basis != basis:
            part = made(live, sheet, basis)
            store.put_part(Place(live.tenant_id, live.tournament_id, sheet.number), part)
        return part


def basis_of(live: Live, sheet: Sheet) -> str:
    """A hash of all that a part is made of. The head names the log. Names and statuses of seats are no matter: whoever is
    disqualified has every round all the same."""
    seats = [s._replace(display_name="", status="") for _, s in sorted(sheet.seats.items())]
    return digest([sheet.page.head, sheet.span, seats, live.window, live.rules])


def made(live: Live, sheet: Sheet, basis: str) -> Part:
    """A part from the log."""
    records = log_of(live, sheet)
    counts = Counter(records=len(records))
    states = states_from(live, sheet.seats, records, counts)
    for record in contradictions(records):
        list_contradiction(live, record)
    return Part(basis, states, dict(counts), digest([_line(r) for r in records]) if records else "")


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
