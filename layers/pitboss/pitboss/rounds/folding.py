"""Folding arrivals into a page: dedupe, corrections, scores. Pure: what must be read first is asked for by NeedHistory.

The rules of exactly-once (rounds-engine.md): a round whose hash is known at that revision changes nothing; a higher
revision replaces or undoes; a rollback before its round waits as a tombstone. A round older than the hashes on the page
is looked up in the page's log.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pitboss.rounds.model import (
    BUCKET_MS,
    LIVE_WINDOW_MS,
    SKEW_MS,
    TOMBSTONE,
    Arrival,
    History,
    LogDamagedError,
    NeedHistory,
    Page,
    Recorded,
    player_key,
)
from pitboss.scoring.public import ROLLED_BACK, Round, Rules, Seat, Stint, Window, refold

NOTHING = History(complete_since=1 << 62)
MOST_HASHES = 12_000  # 144 KB of a page; what goes beyond is looked up in the log


@dataclass(slots=True)
class Folded:
    """What a fold did: the page as it should be, the records to log, counters, and conflicts found."""

    page: Page
    records: list[Recorded] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    conflicts: list[Arrival] = field(default_factory=list)


class _Folder:
    """One fold of one page; the page given is changed."""

    def __init__(
        self, page: Page, seats: Mapping[str, Seat], rules: Rules, window: Window, history: History | None
    ) -> None:
        self.out = Folded(page)
        self.page = page
        self.seats = seats
        self.rules = rules
        self.window = window
        self.history = history or NOTHING
        self.logged = latest_by_hash(self.history.records)
        self.known: dict[int, Recorded] = {}  # records of this very flush
        self.stale: set[tuple[str, int]] = set()  # entries to be refolded from the whole log

    def take(self, arrival: Arrival) -> None:
        round_, hash_, print_ = arrival
        key = player_key(round_.brand_id, round_.player_id)
        seat = self.seats.get(key)
        if seat is None:
            self.out.counts["not_registered"] += 1
            return
        known = self._known(hash_)
        if known is None and (round_.settled_at < self.page.horizon or round_.revision > 0):
            self._need(round_.settled_at if round_.revision == 0 else 0)
            found = self.logged.get(hash_)
            known = (found.round.revision, found.fingerprint) if found else None
        if known is None:
            self._record(seat, self._fresh(arrival))
        elif known[0] == round_.revision:
            if known[1] == print_:
                self.out.counts["duplicates"] += 1
            else:
                self.out.counts["conflicts"] += 1
                self.out.conflicts.append(arrival)
        else:
            self._correct(seat, arrival)

    def _known(self, hash_: int) -> tuple[int, int] | None:
        if hash_ in self.page.orphans:
            return self.page.orphans[hash_]
        for bucket in self.page.recent.values():
            if hash_ in bucket:
                return bucket[hash_]
        return None

    def _need(self, since: int) -> None:
        floor = since - SKEW_MS if since else 0
        if self.history.complete_since > floor:
            raise NeedHistory(floor)

    def _fresh(self, arrival: Arrival) -> Recorded:
        round_ = arrival.round
        if round_.status == ROLLED_BACK:
            return Recorded(
                round_._replace(status=TOMBSTONE), arrival.hash, arrival.fingerprint, -1, 0, 0, "tombstone"
            )
        return Recorded(round_, arrival.hash, arrival.fingerprint, round_.revision, 0, 0, "")

    def _correct(self, seat: Seat, arrival: Arrival) -> None:
        """Another revision of a known round: what stands after it is worked out, then the entry is put right."""
        before = self.known.get(arrival.hash) or self.logged.get(arrival.hash)
        if before is None:
            # A correction mostly carries its round's own time, so the log since then mostly has it; else all of it.
            self._need(arrival.round.settled_at)
            self._need(0)
            raise LogDamagedError(f"the page knows round hash {arrival.hash:x}, its log does not")
        after = merge(before, arrival)
        if after is None:
            self.out.counts["outdated"] += 1
            return
        if before.entry_no and not self._undo(seat, before):
            self.stale.add((player_key(seat.brand_id, seat.player_id), before.entry_no))
        self._record(seat, after)

    def _undo(self, seat: Seat, before: Recorded) -> bool:
        """Take a record's contribution out of its entry; False when only a refold can tell."""
        if before.round.status == ROLLED_BACK:
            return not self.rules.ordered
        states = self.page.states.get(player_key(seat.brand_id, seat.player_id), {})
        state = states.get(before.entry_no)
        if state is None:
            return False
        undone = self.rules.unfold(state, before.round, before.hash, before.points, before.reason)
        if undone is None:
            return False
        states[before.entry_no] = undone
        return True

    def _record(self, seat: Seat, record: Recorded) -> None:
        """Judge and fold what stands now, log it, and remember its hash."""
        round_ = record.round
        if round_.status != TOMBSTONE:
            # The status of the seat matters when standings are read, not here: a reinstated player has every round.
            playing = seat if seat.status == "active" else seat._replace(status="active")
            entry_no, reason = self.rules.judge(round_, playing, self.window)
            points = 0
            if entry_no:
                points, reason = self._fold(seat, record, entry_no)
            record = record._replace(entry_no=entry_no, points=points, reason=reason)
        self.known[record.hash] = record
        self.out.records.append(record)
        self.out.counts["counted" if record.entry_no else "not_counted"] += 1
        self._remember(record)

    def _fold(self, seat: Seat, record: Recorded, entry_no: int) -> tuple[int, str]:
        rules, key = self.rules, player_key(seat.brand_id, seat.player_id)
        stint = next(s for s in seat.stints if s.entry_no == entry_no)
        states = self.page.states.setdefault(key, {})
        state = states.get(entry_no)
        if state is None:
            state = rules.fresh(stint.rounds_extra)
        elif rules.outdated(state, stint):
            self.stale.add((key, entry_no))
        if rules.ordered:
            last = rules.last_seen(state)
            late = last is not None and rules.event_order(record.round, record.hash) < last
            if late or record.round.status == ROLLED_BACK:
                self.stale.add((key, entry_no))
        elif record.round.status == ROLLED_BACK:
            states.setdefault(entry_no, state)
            return 0, "rolled_back"
        if (key, entry_no) in self.stale:
            states[entry_no] = state
            return 0, "counted"
        states[entry_no], points, reason = rules.fold(state, record.round, record.hash)
        return points, reason

    def _remember(self, record: Recorded) -> None:
        known = (record.round.revision, record.fingerprint)
        if record.round.status == TOMBSTONE:
            self.page.orphans[record.hash] = known
            return
        self.page.orphans.pop(record.hash, None)
        at = record.round.settled_at // BUCKET_MS
        for bucket, hashes in self.page.recent.items():
            # Revisions may carry different times: the hash stays for as long as the newest of them may be sent again.
            if hashes.pop(record.hash, None) is not None:
                at = max(at, bucket)
        self.page.recent.setdefault(at, {})[record.hash] = known

    def finish(self, now: int) -> Folded:
        """Refold what a late or corrected round left open, then drop the hashes that the log holds anyway."""
        if self.stale:
            if self.history.complete_since > 0:
                raise NeedHistory(0)
            self._refold()
        page = self.page
        if page.recent:
            newest = min(max(page.recent) * BUCKET_MS, now)
            page.horizon = max(page.horizon, (newest - LIVE_WINDOW_MS) // BUCKET_MS * BUCKET_MS)
            # A page must stay an item, also when a casino stamps a hundred thousand rounds with one second.
            kept = sum(map(len, page.recent.values()))
            for bucket in sorted(page.recent):
                if kept <= MOST_HASHES:
                    break
                kept -= len(page.recent[bucket])
                page.horizon = max(page.horizon, (bucket + 1) * BUCKET_MS)
            page.recent = {b: h for b, h in page.recent.items() if h and b * BUCKET_MS >= page.horizon}
        # The log's times rise along the chain, whoever's clock wrote them.
        page.updated_at = max(page.updated_at, now)
        return self.out

    def _refold(self) -> None:
        standing = latest_records([*self.history.records, *self.out.records])
        for key, entry_no in self.stale:
            seat = self.seats[key]
            stint = next(s for s in seat.stints if s.entry_no == entry_no)
            rounds = [
                (r.round, r.hash)
                for r in standing
                if r.entry_no == entry_no and player_key(r.round.brand_id, r.round.player_id) == key
            ]
            self.page.states[key][entry_no] = refold(self.rules, rounds, stint.rounds_extra)[0]


def merge(before: Recorded, arrival: Arrival) -> Recorded | None:
    """What stands after a further revision of a known round; None if it changes nothing.

    The newest revision decides; under a rollback the content kept is that of the highest revision with content.
    """
    round_, revision = arrival.round, arrival.round.revision
    undone = before.round.status in (ROLLED_BACK, TOMBSTONE)
    if revision > before.round.revision:
        if round_.status == ROLLED_BACK:
            status = TOMBSTONE if before.round.status == TOMBSTONE else ROLLED_BACK
            content = before.round._replace(revision=revision, status=status)
            return before._replace(round=content, fingerprint=arrival.fingerprint)
        return Recorded(round_, arrival.hash, arrival.fingerprint, revision, 0, 0, "")
    if undone and round_.status != ROLLED_BACK and revision > before.content_revision:
        content = round_._replace(revision=before.round.revision, status=ROLLED_BACK)
        return Recorded(content, arrival.hash, before.fingerprint, revision, 0, 0, "")
    return None


def latest_records(records: Iterable[Recorded]) -> list[Recorded]:
    """The records that stand, one a round, in the order in which the rounds were first logged.

    The highest revision decides, then the highest revision with content, then the first of equals: a message that got
    into the log a second time (its time was changed, against the contract) decides nothing.
    """
    return [r for r in latest_by_hash(records).values() if r.round.status != TOMBSTONE]


def latest_by_hash(records: Iterable[Recorded]) -> dict[int, Recorded]:
    """What the log says of each round, tombstones included."""
    standing: dict[int, Recorded] = {}
    for record in records:
        before = standing.get(record.hash)
        if before is None or _standing_of(record) > _standing_of(before):
            standing[record.hash] = record
    return standing


def _standing_of(record: Recorded) -> tuple[int, int]:
    return record.round.revision, record.content_revision


def contradictions(records: Iterable[Recorded]) -> list[Recorded]:
    """Records of a revision that the log knew already with other content: conflicts that slipped in unseen."""
    first: dict[tuple[int, int], int] = {}
    found = []
    for record in records:
        print_ = first.setdefault((record.hash, record.round.revision), record.fingerprint)
        if print_ != record.fingerprint:
            found.append(record)
    return found


def fold_page(
    page: Page,
    arrivals: Iterable[Arrival],
    seats: Mapping[str, Seat],
    rules: Rules,
    window: Window,
    *,
    now: int,
    history: History | None = None,
) -> Folded:
    """Fold arrivals, in the order given, into `page` (which is changed; on NeedHistory decode it anew).

    Raises:
        NeedHistory: the log since an instant is needed to go on.
    """
    folder = _Folder(page, seats, rules, window, history)
    for arrival in arrivals:
        folder.take(arrival)
    return folder.finish(now)


def standings_of(rules: Rules, seat: Seat, states: Mapping[int, list[Any]]) -> Any:
    """The standing of a seat from the states of its entries."""
    return rules.best_of(
        [
            rules.standing(states.get(s.entry_no) or rules.fresh(s.rounds_extra), s)
            for s in seat.stints or (Stint(1, 0),)
        ]
    )


def judged(rules: Rules, seat: Seat, round_: Round, window: Window) -> tuple[int, str]:
    """Entry and reason of a round, whatever the seat's present status."""
    return rules.judge(round_, seat._replace(status="active"), window)
