"""Before the seal: whatever was acknowledged and is not in the log is folded (docs/decisions/002).

The inbox of the closing hour is walked from its end back, and beside it each page's log: a batch is looked at when every
segment that may have come of it in its own time was read. What the log answers is done with; only batches with more in
them are folded, oldest first. So the hour is read once and the log of that hour once, whatever was played in it.
"""

import heapq
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Set

from pitboss.kernel.ids import ulid
from pitboss.platform.observe import count
from pitboss.rounds import layout_store, service, store
from pitboss.rounds.closing import Beat
from pitboss.rounds.codec import key_of
from pitboss.rounds.model import SKEW_MS, Arrival, Live, Place, Recorded, Segment, Sheet
from pitboss.rounds.standing import merge, outranks

# The inbox of an hour before the end is looked at in any case. What the scorer could not fold for longer it has given up, and
# says so in its dead-letter queue: then all is looked at.
LOOK_BACK_MS = 60 * 60_000
CHUNK = 40
# Records held while walking back; beyond that the newest are let go. A round whose record was let go is folded once
# more, which costs reading and changes nothing.
MOST_RECORDS = 600_000


class BatchUnreadableError(RuntimeError):
    """An acknowledged batch cannot be read: no result may be published that lacks it. Says which one it is."""


def catch_up(
    tenant_id: str,
    tournament_id: str,
    integrations: list[str],
    beat: Beat = lambda: None,
    *,
    whole: bool = False,
) -> Counter[str]:
    """Fold what the inbox of the closing hour (or of the `whole` tournament's time) has and the log has not. Repeating it
    changes nothing. `beat` is called after each part of it.

    Raises:
        BatchUnreadableError: a batch in it cannot be read.
    """
    live = store.live_one(tenant_id, tournament_id)
    totals: Counter[str] = Counter()
    if live is None:
        return totals
    looked_back = 0 if whole else live.grace_until - LOOK_BACK_MS
    # A round of the first minutes may have come before the start: from a casino whose clock is ahead of ours.
    since = ulid(max(live.start_at - SKEW_MS - 1, looked_back), b"\0" * 10)
    batch: list[store.InboxItem] = []
    for integration_id, batch_id in reversed(unanswered(live, integrations, since, beat)):
        item = store.inbox_one(tenant_id, integration_id, batch_id)
        if item:
            batch.append(item)
        if len(batch) == CHUNK:
            totals += fold(live, batch)
            batch = []
            beat()
    if batch:
        totals += fold(live, batch)
    if totals["counted"] or totals["not_counted"]:
        count("rounds_caught_up", totals["counted"] + totals["not_counted"])
    return totals


def fold(live: Live, batch: list[store.InboxItem]) -> Counter[str]:
    """Fold batches into one tournament."""
    totals: Counter[str] = Counter()
    for wave in service.waves(service.spread([live], batch)):
        totals += service.flush(wave)
    return totals


def unanswered(
    live: Live, integrations: list[str], since: str, beat: Beat = lambda: None
) -> list[tuple[str, str]]:
    """(integration, batch) of those received since that hold a message which the tournament's log does not answer,
    newest first."""
    inboxes = [store.inbox_since(live.tenant_id, name, since, forward=False) for name in integrations]
    logs: _Logs | None = None
    found = []
    for item in heapq.merge(*inboxes, key=lambda item: item.batch_id, reverse=True):
        logs = logs or _Logs(live)
        try:
            whole = logs.answer(item)
        except (ValueError, zlib.error) as error:
            raise BatchUnreadableError(f"batch {item.batch_id} of {item.integration_id}: {error}") from error
        if not whole:
            found.append((item.integration_id, item.batch_id))
        beat()
    return found


class _Logs:
    """Every page's log, read as far back as was needed so far."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.known: dict[int, Recorded] = {}
        self.listed = store.conflicts_listed(live.tenant_id, live.tournament_id)
        self.players: set[str] = set()
        self.open: dict[int, Iterator[Segment]] = {}
        self.reached: dict[int, int] = {}
        for sheet in layout_store.sheets(live.tenant_id, live.tournament_id, live.pages):
            self._begin(sheet)

    def _begin(self, sheet: Sheet) -> None:
        self.players |= sheet.seats.keys()
        place = Place(self.live.tenant_id, self.live.tournament_id, sheet.number)
        self.open[sheet.number] = store.segments_back(place, sheet.page)
        self.reached[sheet.number] = 1 << 62

    def answer(self, item: store.InboxItem) -> bool:
        """Whether the log has an answer to every message of a batch that concerns the tournament."""
        # A segment is never dated before what it holds was received, so what came of the batch is not further back.
        for number, reached in self.reached.items():
            if reached >= item.received_at:
                self._read(number, item.received_at)
        return all(
            answered(self.known, self.listed, arrival)
            for work in service.spread([self.live], [item])
            for arrival in work.arrivals
            if key_of(arrival.round) in self.players
        )

    def _read(self, number: int, until: int) -> None:
        known = self.known
        for segment in self.open[number]:
            self.reached[number] = segment.at
            for record in segment.records:
                before = known.get(record.hash)
                if before is None or outranks(record, before):
                    known[record.hash] = record
            if segment.at < until:
                break
        else:
            self.reached[number] = -1
        if len(known) > MOST_RECORDS:
            for hash_ in list(known)[: len(known) - MOST_RECORDS]:
                del known[hash_]


def answered(known: Mapping[int, Recorded], listed: Set[tuple[int, int, int]], arrival: Arrival) -> bool:
    """Whether folding a message would change nothing: the log has it, or knows better, or it contradicts and is listed.
    `known` may lack records: then the answer is no rather than yes."""
    before = known.get(arrival.hash)
    if before is None:
        return False
    revision = arrival.round.revision
    if before.round.revision != revision:
        return merge(before, arrival) is None
    return (
        before.fingerprint == arrival.fingerprint or (arrival.hash, revision, arrival.fingerprint) in listed
    )
