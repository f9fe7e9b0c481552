"""How much of a page's log a fold needs, and what was read of it. Pure.

A page alone decides nearly everything. What it cannot decide is asked for by name (`Needs`), so that no more is read than
answers it: the segments of one slot of event time for a first message that comes late; the newest segments, as far back as
the round that is corrected, or as the last state that all later rounds can be folded upon again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pitboss.rounds.model import TOMBSTONE, Recorded, Segment, player_key
from pitboss.scoring.public import Rules, Stint

# Of rounds whose first message is unknown because a correction came before it: asked for with every other slot.
EARLY = -1
type Entry = tuple[str, int]


@dataclass(slots=True)
class Needs:
    """What a fold could not go on without.

    slots: event-time slots. since: the log written since an instant. hashes: the latest record of a round, or the
    certainty that there is none. entries: a state of an entry to fold upon again (`Basis`).
    """

    slots: set[int] = field(default_factory=set)
    since: int | None = None
    hashes: set[int] = field(default_factory=set)
    entries: list["Basis"] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.slots or self.since is not None or self.hashes or self.entries)

    def reach(self, since: int) -> None:
        """The log since that instant is needed."""
        self.since = since if self.since is None else min(since, self.since)


class NeedHistory(Exception):  # noqa: N818 - a question, answered by reading
    """Folding this needs more of the log."""

    def __init__(self, needs: Needs) -> None:
        super().__init__("the page's log is needed")
        self.needs = needs


@dataclass(slots=True)
class History:
    """The part of a page's log that was read.

    tail: the newest segments without a gap, newest first; `complete` when there is nothing before them.
    spots: for each slot that was asked for, the segments that may hold rounds of it.
    """

    tail: list[Segment] = field(default_factory=list)
    complete: bool = False
    spots: dict[int, list[Segment]] = field(default_factory=dict)

    def reaches(self, since: int) -> bool:
        """Whether everything written since an instant is in the tail."""
        return self.complete or bool(self.tail and self.tail[-1].at < since)

    def down_to(self, version: int) -> bool:
        """Whether the tail holds every segment from that version on."""
        return self.complete or bool(self.tail and self.tail[-1].version <= version)

    def records(self) -> list[Recorded]:
        """The tail's records, oldest first."""
        return [r for segment in reversed(self.tail) for r in segment.records]

    def by_version(self) -> dict[int, Segment]:
        """Every segment that was read."""
        return {s.version: s for segments in (self.tail, *self.spots.values()) for s in segments}

    def spotted(self) -> list[Recorded]:
        """The records of the spots, oldest first."""
        found = {s.version: s for segments in self.spots.values() for s in segments}
        return [r for _, segment in sorted(found.items()) for r in segment.records]


class Basis:
    """Looks, segment by segment from the newest back, for a state of an entry to fold upon again: one from before all that
    is to be folded, and without any round that was corrected since. Keyframes have such states.

    `records` are those of the present flush.
    """

    def __init__(self, rules: Rules, entry: Entry, stint: Stint, records: list[Recorded]) -> None:
        self.rules, self.entry, self.stint = rules, entry, stint
        self.lowest: tuple[int, ...] | None = None
        self.corrected: set[int] = set()
        self.own: list[list[Recorded]] = []  # the player's records, the newest segment's first
        self.found = False
        self.state: list[Any] | None = None
        self._take(records)

    def look(self, segment: Segment) -> bool:
        """Take one segment further back into account; True once a state is found."""
        if not self.found:
            self._take(segment.records)
            if segment.states is not None:
                key, entry_no = self.entry
                state = segment.states.get(key, {}).get(entry_no)
                if state is None or self._serves(state):
                    self.found, self.state = True, state
        return self.found

    def _take(self, records: list[Recorded]) -> None:
        key, entry_no = self.entry
        own = [r for r in records if player_key(r.round.brand_id, r.round.player_id) == key]
        self.own.append(own)
        for record in reversed(own):
            self.corrected.discard(record.hash)
            if record.round.status == TOMBSTONE:
                continue
            if record.round.revision:
                self.corrected.add(record.hash)  # what it corrected stands further back
            if record.entry_no == entry_no:
                order = self.rules.event_order(record.round, record.hash)
                self.lowest = min(order, self.lowest or order)

    def _serves(self, state: list[Any]) -> bool:
        if self.corrected or self.rules.outdated(state, self.stint):
            return False
        last = self.rules.last_seen(state)
        return last is None or self.lowest is None or last < self.lowest

    def rounds(self) -> list[Recorded]:
        """The player's records since that state, oldest first."""
        return [r for own in reversed(self.own) for r in own]


def extend(history: History, segments: Iterator[Segment], needs: Needs, down_to: int | None) -> None:
    """Read on from where the tail ends until it answers the needs (and goes down to a version), or all is read."""
    hashes = set(needs.hashes)
    for segment in history.tail:
        _consider(segment, hashes, needs.entries)
    while not history.complete and (
        hashes
        or any(not basis.found for basis in needs.entries)
        or (needs.since is not None and not history.reaches(needs.since))
        or (down_to is not None and not history.down_to(down_to))
    ):
        further = next(segments, None)
        if further is None:
            history.complete = True
            return
        history.tail.append(further)
        _consider(further, hashes, needs.entries)


def _consider(segment: Segment, hashes: set[int], open_: Iterable[Basis]) -> None:
    if hashes:
        hashes.difference_update(r.hash for r in segment.records)
    for basis in open_:
        basis.look(segment)


def all_records(segments: Iterator[Segment]) -> list[Recorded]:
    """A whole log, oldest record first, of its segments newest first."""
    return [r for records in reversed([s.records for s in segments]) for r in records]
