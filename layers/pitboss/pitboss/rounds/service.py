"""The scorer's use case: fold accepted batches into the pages of the tournaments they concern.

A flush reads pages and rosters in batches, writes the segments, then each page on condition of its version. Dying
anywhere leaves at most an orphan segment; running again finds every hash on its page and changes nothing.
"""

import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from pitboss.platform import dynamo
from pitboss.platform.clock import now_ms
from pitboss.platform.observe import count, logger
from pitboss.rounds import gateway, store
from pitboss.rounds.codec import decode_batch, decode_page, key_of
from pitboss.rounds.folding import Folded, fold_page, forget_hashes, in_runs, judged, versions_of
from pitboss.rounds.history import History, NeedHistory, Needs, all_records, extend
from pitboss.rounds.model import (
    Arrival,
    Live,
    Page,
    Place,
    Segment,
    Sheet,
)
from pitboss.rounds.store import InboxItem
from pitboss.scoring.public import Round, Rules, compile_rules

PAGE_ATTEMPTS = 12
# Bytes of records of one page in one flush: a segment stays below DynamoDB's 400 KB, whatever ids the casino chose.
WAVE_BYTES = 300_000
RECORD_BYTES = 64  # of a record beside its id, generously
MOST_ID_BYTES = 4 * 256


# Reasons of rounds that are no loss to anybody, however late they come.
BESIDE = ("outside_window", "before_joining")


# Of a fold's counts those that are told, as masks: nothing is told of players who do not take part.
ASIDE = Counter(dict.fromkeys(("duplicates", "conflicts", "outdated"), 1 << 62))
FOLDED = Counter(dict.fromkeys(("counted", "not_counted"), 1 << 62))


class PageContestedError(RuntimeError):
    """Other scorers kept winning a page; the batch is delivered again and nothing was lost."""


class PagesFailedError(RuntimeError):
    """Some pages could not be folded; all others of the flush are written."""


class World(Protocol):
    """What the scorer needs of storage; the simulation stands in for it."""

    def live_of(self, tenant_id: str) -> list[Live]: ...
    def live_one(self, tenant_id: str, tournament_id: str) -> Live | None: ...
    def read_sheets(self, places: Sequence[Place]) -> dict[Place, Sheet]: ...
    def put_segments(self, records: Sequence[dict[str, Any]]) -> None: ...
    def put_pages(self, pages: Sequence[tuple[Place, Page, int]]) -> list[store.Put]: ...
    def segments_back(self, place: Place, page: Page) -> Iterator[Segment]: ...
    def segments_at(self, place: Place, page: Page, runs: Sequence[Sequence[int]]) -> list[Segment]: ...
    def put_late(
        self, place: Place, arrival: Arrival, received_at: int, document: dict[str, Any]
    ) -> bool: ...
    def put_conflict(
        self, place: Place, arrival: Arrival, received_at: int, document: dict[str, Any]
    ) -> bool: ...


@dataclass(slots=True)
class Work:
    """The arrivals for one page of one tournament."""

    live: Live
    number: int
    arrivals: list[Arrival] = field(default_factory=list)
    received_at: int = 0

    @property
    def place(self) -> Place:
        return Place(self.live.tenant_id, self.live.tournament_id, self.number)


def spread(live: Iterable[Live], items: Iterable[InboxItem]) -> list[Work]:
    """Which arrivals concern which pages. The inverted index is made of the live tournaments of this very moment."""
    # Of each tournament how to find a player's page, and its work by page.
    tournaments = [(t, t.layout.finder(), dict[int, Work]()) for t in live]
    by_match: dict[tuple[str, str], list[tuple[Live, Callable[[str], int], dict[int, Work]]]] = {}
    for item in items:
        for arrival in decode_batch(item.data, item.integration_id):
            round_ = arrival.round
            match = by_match.get((round_.brand_id, round_.game))
            if match is None:
                match = [t for t in tournaments if t[0].takes(round_.brand_id, round_.game)]
                by_match[round_.brand_id, round_.game] = match
            for tournament, page_of, work in match:
                if out_of_time(round_, tournament):
                    continue
                number = page_of(key_of(round_))
                of = work.get(number)
                if of is None:
                    of = work[number] = Work(tournament, number)
                of.arrivals.append(arrival)
                if of.received_at < item.received_at:  # noqa: PLR1730 - max() is a call, and this runs for every round
                    of.received_at = item.received_at
    return [of for _, _, work in tournaments for of in work.values()]


def out_of_time(round_: Round, live: Live) -> bool:
    """Whether a first message lies wholly before the start or after the end, whichever moment counts: it cannot
    concern the tournament. Corrections are let through, since what they correct may lie inside."""
    return round_.revision == 0 and (round_.settled_at < live.start_at or round_.started_at >= live.end_at)


def waves(work: Sequence[Work]) -> Iterator[list[Work]]:
    """The same work in portions that fit a segment, in order."""
    portions = [list(portions_of(w)) for w in work]
    for number in range(max(map(len, portions), default=0)):
        yield [of[number] for of in portions if number < len(of)]


def portions_of(w: Work) -> Iterator[Work]:
    """One page's work, cut where its records would not fit a segment."""
    start = size = 0
    if len(w.arrivals) * (RECORD_BYTES + MOST_ID_BYTES) <= WAVE_BYTES:
        yield w
        return
    for n, arrival in enumerate(w.arrivals):
        size += RECORD_BYTES + len(arrival.round.round_id.encode())
        if size > WAVE_BYTES:
            yield replace(w, arrivals=w.arrivals[start:n])
            start, size = n, RECORD_BYTES + len(arrival.round.round_id.encode())
    yield replace(w, arrivals=w.arrivals[start:])


def score(items: Sequence[InboxItem], world: World = store) -> Counter[str]:
    """Fold batches of any tenants, then ask for the boards concerned. Safe to repeat with any of them, at any time."""
    totals: Counter[str] = Counter()
    touched: set[tuple[str, str]] = set()
    by_tenant: dict[str, list[InboxItem]] = defaultdict(list)
    for item in items:
        by_tenant[item.tenant_id].append(item)
    try:
        for tenant_id, of in by_tenant.items():
            work = spread(world.live_of(tenant_id), of)
            touched |= {(w.live.tenant_id, w.live.tournament_id) for w in work}
            for wave in waves(work):
                totals += flush(wave, world)
    finally:
        # Also when nothing changed: an earlier run may have died between its pages and this line. And when a page failed:
        # the batch comes again and again for an hour, and the pages that are written would not be shown for as long.
        gateway.request_ranks(sorted(touched))
    for name, value in totals.items():
        count(f"rounds_{name}", value)
    return totals


def flush(work: Sequence[Work], world: World = store, *, now: int | None = None) -> Counter[str]:
    """Fold work into pages until each is written; pages that others changed or split meanwhile are looked at again."""
    totals: Counter[str] = Counter()
    left, failed = list(work), list[Exception]()
    attempts = 0
    while left:
        if attempts == PAGE_ATTEMPTS:
            raise PageContestedError(f"{len(left)} pages were contested {PAGE_ATTEMPTS} times")
        attempts += 1
        moment = now_ms() if now is None else now
        found = world.read_sheets([w.place for w in left])
        ready: list[tuple[Work, Folded, int]] = []
        segments: list[dict[str, Any]] = []
        moved: list[Work] = []
        for w in left:
            sheet = found[w.place]
            if not is_of(sheet, w):
                moved.append(w)
                continue
            if sheet.page.sealed:
                totals += refuse_late(w, sheet, world)
                continue
            try:
                # Never before what it holds was received: a clock that is slow must not hide a segment from later
                # readers of the log, who stop at the first one written long enough before the round they look for.
                folded, was = fold_with_history(w, sheet, world, max(moment, w.received_at))
            except Exception as error:  # noqa: BLE001 - one page that cannot be folded must not hold up the others
                logger.exception("a page cannot be folded", tournamentId=w.live.tournament_id, page=w.number)
                failed.append(error)
                continue
            if not folded.records:
                totals += folded.counts & ASIDE
                list_conflicts(w, folded.conflicts, world)
                continue
            segments.append(advance(w, folded))
            ready.append((w, folded, was))
        world.put_segments(segments)
        left = rerouted(moved, world)
        left += write_pages(ready, world, totals, failed)
    if failed:
        raise PagesFailedError(f"{len(failed)} pages could not be folded") from failed[0]
    return totals


def write_pages(
    ready: Sequence[tuple[Work, Folded, int]], world: World, totals: Counter[str], failed: list[Exception]
) -> list[Work]:
    """Write what was folded, each page by itself; answers the work of those where somebody was quicker."""
    left: list[Work] = []
    for (w, folded, _), written in zip(ready, put_pages(ready, world), strict=True):
        if isinstance(written, dynamo.TooLarge):
            logger.error("a page is too large", tournamentId=w.live.tournament_id, page=w.number)
            failed.append(written)
        elif written:
            totals += folded.counts & (ASIDE | FOLDED)
            # Only now is it sure which of two contradicting messages stands.
            list_conflicts(w, folded.conflicts, world)
        else:
            left.append(w)
    return left


def put_pages(ready: Sequence[tuple[Work, Folded, int]], world: World) -> list[store.Put]:
    """Write pages; those that are too large without the hashes that their logs have as well."""
    pages = [(w.place, folded.page, was) for w, folded, was in ready]
    written = world.put_pages(pages)
    large = [n for n, one in enumerate(written) if isinstance(one, dynamo.TooLarge)]
    for n in large:
        count("pages_too_large")
        forget_hashes(pages[n][1])
    for n, one in zip(large, world.put_pages([pages[n] for n in large]) if large else (), strict=True):
        written[n] = one
    return written


def is_of(sheet: Sheet, w: Work) -> bool:
    """Whether the page still holds the players that the work was meant for: it was not split since the layout was read,
    nor between the reads of page and roster."""
    return sheet.settled and sheet.span == w.live.layout.span_of(w.number)


def rerouted(moved: Sequence[Work], world: World) -> list[Work]:
    """Work for pages that were split meanwhile, by the layout of this moment. Players of different pages never come
    together on one, so it meets no other work."""
    out: dict[Place, Work] = {}
    lives: dict[tuple[str, str], Live | None] = {}
    for w in moved:
        which = w.live.tenant_id, w.live.tournament_id
        if which not in lives:
            lives[which] = world.live_one(*which)
        live = lives[which]
        if live is None:
            continue  # the tournament was archived or called off between two reads
        for arrival in w.arrivals:
            place = live.place_of(key_of(arrival.round))
            of = out.setdefault(place, Work(live, place.number, [], w.received_at))
            of.arrivals.append(arrival)
    return list(out.values())


def advance(w: Work, folded: Folded) -> dict[str, Any]:
    """Give the page its next version and head, and answer the segment's item."""
    page = folded.page
    page.version += 1
    token = secrets.token_hex(6)
    segment = Segment(page.version, token, page.head, page.updated_at, folded.records, folded.keyframe)
    page.head = segment.token
    return store.segment_record(w.place, segment)


def fold_with_history(w: Work, sheet: Sheet, world: World, moment: int) -> tuple[Folded, int]:
    """Fold, and answer the version that was folded upon; where the page alone cannot tell, read of its log what is asked
    for and fold again from the start."""
    rules: Rules = compile_rules(w.live.rules)
    page, was = sheet.page, sheet.page.version
    history: History | None = None
    segments: Iterator[Segment] = iter(())
    while True:
        try:
            folded = fold_page(
                page, w.arrivals, sheet.seats, rules, w.live.window, now=moment, history=history
            )
        except NeedHistory as need:
            # The half-folded page is thrown away with all it holds.
            page = as_read(page)
            if history is None:
                history, segments = History(), world.segments_back(w.place, page)
            read_on(history, segments, need.needs, w.place, page, world)
        else:
            return folded, was


def read_on(
    history: History, segments: Iterator[Segment], needs: Needs, place: Place, page: Page, world: World
) -> None:
    """Read what is needed and not yet there. Slots have segments in common, where rounds come in no order nearly all of
    them: each is read once."""
    wanted = {slot: versions_of(page, slot) for slot in needs.slots - history.spots.keys()}
    there = history.by_version()
    unread = {version for versions in wanted.values() for version in versions} - there.keys()
    if unread:
        there |= {s.version: s for s in world.segments_at(place, page, in_runs(unread))}
    down_to = None
    for slot, versions in wanted.items():
        if there.keys() >= set(versions):
            history.spots[slot] = [there[version] for version in versions]
        else:
            down_to = min(down_to or page.version, versions[0])
    extend(history, segments, needs, down_to)
    for slot in needs.slots - history.spots.keys():
        history.spots[slot] = []  # the tail has them


def as_read(page: Page) -> Page:
    """A page as it was before it was changed."""
    if not page.raw:
        return Page(span=page.span)
    return decode_page(page.raw, page.version, page.head, sealed=page.sealed, span=page.span)


def refuse_late(w: Work, sheet: Sheet, world: World) -> Counter[str]:
    """Rounds for a sealed page: those the log has are duplicates, the others are listed as late (but not
    what lies outside the tournament's or the player's time)."""
    totals: Counter[str] = Counter()
    seated = [(a, seat) for a in w.arrivals if (seat := sheet.seats.get(key_of(a.round)))]
    if not seated:
        return totals  # corrections of everybody's rounds come by for months: no log is read for them
    known: dict[int, int] = {}
    contents: dict[tuple[int, int], int] = {}
    for record in all_records(world.segments_back(w.place, sheet.page)):
        known[record.hash] = max(record.round.revision, known.get(record.hash, 0))
        contents.setdefault((record.hash, record.round.revision), record.fingerprint)
    conflicts: list[Arrival] = []
    rules = compile_rules(w.live.rules)
    for arrival, seat in seated:
        revision = known.get(arrival.hash, -1)
        if contents.get((arrival.hash, arrival.round.revision), arrival.fingerprint) != arrival.fingerprint:
            totals["conflicts"] += 1
            conflicts.append(arrival)
        elif arrival.round.revision <= revision:
            totals["duplicates"] += 1
        elif revision < 0 and judged(rules, seat, arrival.round, w.live.window)[1] in BESIDE:
            totals["not_counted"] += 1
        elif world.put_late(w.place, arrival, w.received_at, describe(arrival)):
            totals["late"] += 1
    list_conflicts(w, conflicts, world)
    return totals


def list_conflicts(w: Work, conflicts: Iterable[Arrival], world: World) -> None:
    """Put every contradiction on the list, once."""
    for arrival in conflicts:
        if world.put_conflict(w.place, arrival, w.received_at, describe(arrival)):
            logger.warning("round_conflict", tournament=w.live.tournament_id, roundId=arrival.round.round_id)


def describe(arrival: Arrival) -> dict[str, Any]:
    """A round for people: as it was sent."""
    r = arrival.round
    return {
        "roundId": r.round_id,
        "revision": r.revision,
        "brandId": r.brand_id,
        "playerId": r.player_id,
        "gameId": r.game,
        "currency": r.currency,
        "exponent": r.exponent,
        "bet": r.bet,
        "win": r.win,
        "settledAt": r.settled_at,
    }
