"""Folding arrivals into a page: dedupe, corrections, scores. Pure: what must be read first is asked for by NeedHistory.

The rules of exactly-once (rounds-engine.md): a round whose hash is known at that revision changes nothing; a higher
revision replaces or undoes; a rollback before its round waits as a tombstone. A round older than the hashes on the page
is looked up in the page's log.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pitboss.rounds.history import EARLY, Basis, Entry, History, NeedHistory, Needs
from pitboss.rounds.model import (
    BUCKET_MS,
    KEYFRAME,
    LIVE_WINDOW_MS,
    MAX_RUNS,
    MAX_SLOTS,
    SKEW_MS,
    SLOT_MS,
    TOMBSTONE,
    Arrival,
    LogDamagedError,
    Page,
    Recorded,
    player_key,
)
from pitboss.rounds.standing import first_record, latest_by_hash, latest_records, merge
from pitboss.scoring.public import ROLLED_BACK, Round, Rules, Seat, Stint, Window

NOTHING = History()
UNREAD = (-1, -1)  # it cannot be told yet
NEAR = 2  # versions
MOST_HASHES = 12_000  # 144 KB of a page; what goes beyond is looked up in the log


@dataclass(slots=True)
class Folded:
    """What a fold did: the page as it should be, the records to log, counters, conflicts found, and, when it is the turn
    of a keyframe, the states as they were before."""

    page: Page
    records: list[Recorded] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    conflicts: list[Arrival] = field(default_factory=list)
    keyframe: dict[str, dict[int, list[Any]]] | None = None


class _Folder:
    """One fold of one page; the page given is changed. What must be read first is gathered in `needs`: then the outcome
    is void, and the fold is done again with what was read."""

    def __init__(
        self, page: Page, seats: Mapping[str, Seat], rules: Rules, window: Window, history: History | None
    ) -> None:
        self.out = Folded(page)
        self.page = page
        self.seats = seats
        self.rules = rules
        self.window = window
        self.history = history or NOTHING
        self.needs = Needs()
        self.logged = latest_by_hash(self.history.records()) if history else {}
        self.spotted = latest_by_hash(self.history.spotted()) if history else {}
        self.known: dict[int, Recorded] = {}  # records of this very flush
        self.stale: set[Entry] = set()  # to be folded again
        self.touched: set[int] = set()  # slots that know of this version already
        # Only what is written can be asked for.
        self.slots = {EARLY, *page.slots} if page.early else set(page.slots)
        self.early = False
        if (page.version + 1) % KEYFRAME == 0:
            self.out.keyframe = {
                k: {n: copied(state) for n, state in of.items()} for k, of in page.states.items()
            }

    def take(self, arrival: Arrival) -> None:
        round_, hash_, print_ = arrival
        key = player_key(round_.brand_id, round_.player_id)
        seat = self.seats.get(key)
        if seat is None:
            self.out.counts["not_registered"] += 1
            return
        known = self._known(hash_)
        if known is None and round_.revision > 0:
            known = self._anywhere(hash_)
        elif known is None and round_.settled_at < self.page.horizon:
            known = self._late(arrival)
        if known is None:
            self._record(seat, key, first_record(arrival), early=round_.revision > 0)
        elif known is UNREAD:
            pass
        elif known[0] == round_.revision:
            if known[1] == print_:
                self.out.counts["duplicates"] += 1
            else:
                self.out.counts["conflicts"] += 1
                self.out.conflicts.append(arrival)
        else:
            self._correct(seat, key, arrival)

    def _known(self, hash_: int) -> tuple[int, int] | None:
        if hash_ in self.page.orphans:
            return self.page.orphans[hash_]
        for bucket in self.page.recent.values():
            if hash_ in bucket:
                return bucket[hash_]
        return None

    def _anywhere(self, hash_: int) -> tuple[int, int] | None:
        """A round whose correction comes, and is not on the page: its newest record, however old."""
        found = self.logged.get(hash_)
        if found is None and not self.history.complete:
            self.needs.hashes.add(hash_)
            return UNREAD
        return (found.round.revision, found.fingerprint) if found else None

    def _late(self, arrival: Arrival) -> tuple[int, int] | None:
        """A first message from before the page's hashes: it is known if a segment of its time has it."""
        settled_at, hash_ = arrival.round.settled_at, arrival.hash
        found = self.logged.get(hash_)
        if found is None and not self.history.reaches(settled_at - SKEW_MS):
            if settled_at < self.page.mapped:
                self.needs.reach(settled_at - SKEW_MS)
                return UNREAD
            unread = {settled_at // SLOT_MS, EARLY} & self.slots - self.history.spots.keys()
            if unread:
                self.needs.slots |= unread
                return UNREAD
            found = self.spotted.get(hash_)
        return (found.round.revision, found.fingerprint) if found else None

    def _correct(self, seat: Seat, key: str, arrival: Arrival) -> None:
        """Another revision of a known round: what stands after it is worked out, then the entry is put right."""
        before = self.known.get(arrival.hash) or self.logged.get(arrival.hash)
        if before is None:
            # Whichever of its records was spotted: none lets a first message say anything new.
            spotted = self.spotted.get(arrival.hash)
            if arrival.round.revision == 0 and spotted and merge(spotted, arrival) is None:
                self.out.counts["outdated"] += 1
            elif self.history.complete:
                raise LogDamagedError(f"the page knows round hash {arrival.hash:x}, its log does not")
            else:
                self.needs.hashes.add(arrival.hash)
            return
        after = merge(before, arrival)
        if after is None:
            self.out.counts["outdated"] += 1
            return
        if before.entry_no and not self._undo(key, before):
            self.stale.add((key, before.entry_no))
        early = arrival.round.revision > 0 and before.round.status == TOMBSTONE
        self._record(seat, key, after, early=early)

    def _undo(self, key: str, before: Recorded) -> bool:
        """Take a record's contribution out of its entry; False when only a refold can tell."""
        if before.round.status == ROLLED_BACK:
            return not self.rules.ordered
        states = self.page.states.get(key, {})
        state = states.get(before.entry_no)
        if state is None:
            return False
        undone = self.rules.unfold(state, before.round, before.hash, before.points, before.reason)
        if undone is None:
            return False
        states[before.entry_no] = undone
        return True

    def _record(self, seat: Seat, key: str, record: Recorded, *, early: bool) -> None:
        """Judge and fold what stands now, log it, and remember its hash."""
        round_ = record.round
        if round_.status == TOMBSTONE:
            self.page.orphans[record.hash] = round_.revision, record.fingerprint
        else:
            # The status of the seat matters when standings are read, not here: a reinstated player has every round.
            playing = seat if seat.status == "active" else seat._replace(status="active")
            entry_no, reason = self.rules.judge(round_, playing, self.window)
            points = 0
            if entry_no:
                points, reason = self._fold(seat, key, record, entry_no)
            record = Recorded(*record[:4], entry_no, points, reason)
            self.early = self.early or early
            self._remember(record)
        self.known[record.hash] = record
        self.out.records.append(record)
        self.out.counts["counted" if record.entry_no else "not_counted"] += 1

    def _fold(self, seat: Seat, key: str, record: Recorded, entry_no: int) -> tuple[int, str]:
        rules, round_ = self.rules, record.round
        for stint in seat.stints:  # the judge chose one of them
            if stint.entry_no == entry_no:
                break
        states = self.page.states.setdefault(key, {})
        state = states.get(entry_no)
        if state is None:
            state = states[entry_no] = rules.fresh(stint.rounds_extra)
        elif rules.outdated(state, stint):
            self.stale.add((key, entry_no))
        if rules.ordered:
            last = rules.last_seen(state)
            late = last is not None and rules.event_order(round_, record.hash) < last
            if late or round_.status == ROLLED_BACK:
                self.stale.add((key, entry_no))
        elif round_.status == ROLLED_BACK:
            return 0, "rolled_back"
        if self.stale and (key, entry_no) in self.stale:
            return 0, "counted"
        states[entry_no], points, reason = rules.fold(state, round_, record.hash)
        return points, reason

    def _forget(self, record: Recorded) -> int:
        """Take a known round's hash from the page; the newest bucket it was in. Revisions may carry different times: the
        hash stays for as long as the newest of them may be sent again."""
        self.page.orphans.pop(record.hash, None)
        newest = 0
        for bucket, hashes in self.page.recent.items():
            if hashes.pop(record.hash, None) is not None:
                newest = max(newest, bucket)
        return newest

    def _remember(self, record: Recorded) -> None:
        round_, page = record.round, self.page
        at = round_.settled_at // BUCKET_MS
        if round_.revision:
            at = max(at, self._forget(record))
        if at not in page.recent:
            page.recent[at] = {}
        page.recent[at][record.hash] = round_.revision, record.fingerprint
        slot = round_.settled_at // SLOT_MS
        if slot not in self.touched:
            self.touched.add(slot)
            joined(page.slots.setdefault(slot, []), page.version + 1)

    def finish(self, now: int) -> Folded:
        """Refold what a late or corrected round left open, then drop the hashes that the log holds anyway.

        Raises:
            NeedHistory: the outcome is void until that was read.
        """
        for entry in sorted(self.stale):
            self._refold(entry)
        if self.needs:
            raise NeedHistory(self.needs)
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
        self._forget_slots()
        return self.out

    def _forget_slots(self) -> None:
        page = self.page
        for slot in sorted(page.slots)[:-MAX_SLOTS]:
            del page.slots[slot]
            page.mapped = max(page.mapped, (slot + 1) * SLOT_MS)
        if self.early:
            joined(page.early, page.version + 1, page.updated_at)
        # Nothing about a round is written longer before it than clocks may differ.
        page.early = [run for run in page.early if run[2] >= page.mapped - SKEW_MS]

    def _refold(self, entry: Entry) -> None:
        key, entry_no = entry
        stint = next(s for s in self.seats[key].stints if s.entry_no == entry_no)
        basis = Basis(self.rules, entry, stint, self.out.records)
        if not any(basis.look(segment) for segment in self.history.tail) and not self.history.complete:
            self.needs.entries.append(Basis(self.rules, entry, stint, self.out.records))
            return
        state = self.rules.fresh(stint.rounds_extra) if basis.state is None else copied(basis.state)
        rounds = [(r.round, r.hash) for r in latest_records(basis.rounds()) if r.entry_no == entry_no]
        for round_, hash_ in sorted(rounds, key=lambda pair: self.rules.event_order(*pair)):
            state = self.rules.fold(state, round_, hash_)[0]
        self.page.states[key][entry_no] = state


def forget_hashes(page: Page) -> None:
    """Let go of the hashes of all rounds: they are looked up in the log from now on, as those before the horizon are."""
    if page.recent:
        page.horizon = max(page.horizon, (max(page.recent) + 1) * BUCKET_MS)
        page.recent = {}


def copied(state: Any) -> Any:
    """A state of its own; folding changes states in place."""
    return [copied(item) for item in state] if isinstance(state, list) else state


def joined(runs: list[list[int]], version: int, at: int | None = None) -> None:
    """Add a version to runs, which rise; what lies near is joined, and so are the nearest when there are too many."""
    beside = [] if at is None else [at]
    if runs and version - runs[-1][1] <= NEAR:
        runs[-1][1:] = [version, *beside]
        return
    runs.append([version, version, *beside])
    if len(runs) > MAX_RUNS:
        n = min(range(1, len(runs)), key=lambda i: runs[i][0] - runs[i - 1][1])
        runs[n - 1 : n + 1] = [[runs[n - 1][0], *runs[n][1:]]]


def versions_of(page: Page, slot: int) -> list[int]:
    """The versions that may hold rounds of a slot, rising."""
    runs = page.early if slot == EARLY else page.slots.get(slot, [])
    return [version for first, last, *_ in runs for version in range(first, last + 1)]


def in_runs(versions: Iterable[int]) -> list[tuple[int, int]]:
    """Versions as runs [first, last], rising."""
    runs: list[tuple[int, int]] = []
    for version in sorted(versions):
        if runs and runs[-1][1] == version - 1:
            runs[-1] = runs[-1][0], version
        else:
            runs.append((version, version))
    return runs


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
    """Fold arrivals into `page` (which is changed; on NeedHistory decode it anew), in the order given or, where the rules
    go by order, in theirs: so much the less comes late.

    Raises:
        NeedHistory: more of the log must be read first.
    """
    folder = _Folder(page, seats, rules, window, history)
    if rules.ordered:
        arrivals = in_event_order(arrivals, rules)
    for arrival in arrivals:
        folder.take(arrival)
    return folder.finish(now)


def in_event_order(arrivals: Iterable[Arrival], rules: Rules) -> list[Arrival]:
    """Arrivals in the order of their rounds; what contradicts an earlier one of them comes last, whatever time it
    states, since of contradicting messages the first received stands."""
    first: dict[tuple[int, int], int] = {}
    agreeing: list[Arrival] = []
    contradicting: list[Arrival] = []
    for arrival in arrivals:
        print_ = first.setdefault((arrival.hash, arrival.round.revision), arrival.fingerprint)
        (agreeing if print_ == arrival.fingerprint else contradicting).append(arrival)
    agreeing.sort(key=lambda a: rules.event_order(a.round, a.hash))
    return agreeing + contradicting


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
