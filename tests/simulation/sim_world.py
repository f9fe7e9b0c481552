"""One tournament played through the real engine on a table in memory: two scorers, a stream that repeats and reorders,
clocks that differ, crashes at any write, the closing, and what comes too late."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from pitboss.kernel.canonical import canonical_json
from pitboss.kernel.ids import ulid
from pitboss.platform import dynamo
from pitboss.rounds import (
    catching_up,
    closing,
    folding,
    gateway,
    growing,
    keys,
    layout_store,
    parts,
    public,
    ranker,
    reading,
    service,
    store,
)
from pitboss.rounds.boards import ranked_rows
from pitboss.rounds.codec import encode_batch
from pitboss.rounds.model import Live, Recorded, fingerprint, round_hash
from pitboss.scoring.public import MAX_INSTANT, Round, Seat, compile_rules, naive_standings

from tests.simulation import sim_casino as casino
from tests.simulation.sim_casino import END, GRACE_UNTIL, START, chance
from tests.simulation.sim_table import Crash, Table

TENANT, TOURNAMENT, FEED = "tenant", "T" * 26, "casino"
MOST_PAGES = 24


class World:
    """Everything follows from the seed. `calm` worlds keep to the contract of docs/rounds.md so closely that the live
    pages must be exact at every moment; in the others, rebuys, moved rounds and clocks make work for the closing.
    `crash(n)` is asked at every write of the engine; None lets chance decide."""

    def __init__(self, seed: int, *, crash: Callable[[int], str] | None = None, most: int = 60) -> None:
        rng = self.rng = Random(seed)
        self.calm = chance(rng, 50)
        self.document = casino.document(rng, casino.METRICS[seed % len(casino.METRICS)])
        self.rules = compile_rules(self.document)
        self.histories = casino.seats(rng, calm=self.calm)
        self.seats = [history[-1] for history in self.histories]
        self.pauses = casino.pauses(rng)
        self.live = Live(
            TENANT,
            TOURNAMENT,
            "running",
            self.document,
            casino.ranking(rng),
            START,
            END,
            GRACE_UNTIL,
            (),
            (),
            (),
            rng.choice([1, 1, 2, 5]),
            "EUR",
            2,
        )
        self.messages = casino.feed(rng, [h[0] for h in self.histories], calm=self.calm, most=most)
        self.now = START - 10_000
        self.table = Table(Random(seed + 1))
        self.table.before_page = self._meanwhile
        self.table.between_reads = self._split_now_and_then
        self.growing = chance(rng, 75)
        # Pages here see few flushes: what happens every so often must happen more often.
        self.keyframe, self.most_slots = rng.choice([1, 2, 3, 16]), rng.choice([1, 3, 96])
        self.splits = 0
        self.fate = crash or (lambda _: rng.choice(["before", "after"]) if chance(rng, 4) else "")
        self.nested = False
        self.asked = 0  # ranking requests
        self.page_writes_unasked = 0
        self.pending: list[tuple[int, int, list[store.InboxItem]]] = []

    # -- the surroundings
    @contextmanager
    def running(self) -> Iterator[None]:
        clock = SimpleNamespace(time_ns=lambda: (self.now + self._skew()) * 1_000_000)
        with (
            self.table.in_place(),
            patch("pitboss.platform.clock.time", clock),
            patch.object(gateway, "request_ranks", self._ask),
            patch.object(keys, "LANE_PAGES", 3),
            patch.multiple(folding, KEYFRAME=self.keyframe, MAX_SLOTS=self.most_slots),
        ):
            yield

    def _skew(self) -> int:
        return self.rng.choice([0, 0, -1_500, 1_500, -600_000, 600_000])

    def _ask(self, tournaments: Any) -> None:
        self.asked += len(tournaments)

    def _meanwhile(self) -> None:
        """Between the reading of a page and its write others come along."""
        self._split_now_and_then()
        self._another_scorer()

    def _split_now_and_then(self) -> None:
        """Somebody registers, and the pages grow by one."""
        if self.nested or not self.growing or not chance(self.rng, 6):
            return
        self.nested = True
        try:
            self._split()
        except Crash:
            pass  # the next one tries again
        finally:
            self.nested = False

    def _split(self) -> None:
        laid = layout_store.read_layout(TENANT, TOURNAMENT, self.live.pages)
        if not laid.frozen and laid.layout.pages < MOST_PAGES:
            self.splits += growing.split(TENANT, TOURNAMENT, laid)

    def _another_scorer(self) -> None:
        """Another scorer, with the same batches or more."""
        here = [items for _, _, items in self.pending[:8] if all(i.received_at <= self.now for i in items)]
        if self.nested or not here or not chance(self.rng, 12):
            return
        self.nested = True
        items = self.rng.choice(here)
        try:
            service.score(items)
        except Crash:
            pass  # its batches are still pending
        finally:
            self.nested = False

    def _dying(self, act: Callable[[], Any]) -> Any:
        """Do it, again after each crash, as the stream and the queue would have it done."""
        while True:
            self.table.crash = self.fate
            try:
                return act()
            except Crash:
                self.now += self.rng.randrange(2_000)
            finally:
                self.table.crash = lambda _: ""

    # -- the course of events
    def play(self) -> None:
        """From publication to the last late round; asserts on the way and at the end."""
        with self.running():
            batches = self.batches = self._batches()
            on_time = [b for b in batches if b.received_at <= GRACE_UNTIL]
            self._receive(on_time)
            for at, _, act in sorted(self._operator()):
                self._deliver_until(at)
                act()
            self._deliver_until(GRACE_UNTIL)
            self.now = GRACE_UNTIL
            if self.calm:
                self._deliver_until(MAX_INSTANT)
                self.check_pages(on_time, "live")
            self._close()
            self.check_pages(on_time, "sealed")
            self.check_final(on_time)
            late = [b for b in batches if b not in on_time]
            self._receive(late)
            self._schedule(self.rng.sample(on_time, len(on_time) // 3))
            self._deliver_until(MAX_INSTANT)
            self.check_pages(on_time, "after late rounds")
            self.check_final(on_time)
            self.check_late(late)
            self.check_conflicts([*on_time, *late])
            self.check_explained()
            self.check_board()

    def _batches(self) -> list[store.InboxItem]:
        out, at = [], 0
        while at < len(self.messages):
            part = self.messages[at : at + self.rng.choice([1, 3, 8, 20])]
            # One request is received at one moment; what it holds was sent by then.
            if part[0].at <= GRACE_UNTIL < part[-1].at:
                part = [m for m in part if m.at <= GRACE_UNTIL]
            at += len(part)
            received = part[-1].at
            batch_id = ulid(received, len(out).to_bytes(10, "big"))
            out.append(
                store.InboxItem(TENANT, FEED, batch_id, received, encode_batch([m.round for m in part]))
            )
        return out

    def _receive(self, batches: list[store.InboxItem]) -> None:
        """Acknowledge, and leave the rest to the stream."""
        for item in batches:
            store.put_batch(item)
        self._schedule(batches)

    def _schedule(self, batches: list[store.InboxItem]) -> None:
        """When the stream hands over what: late, repeated, in any order, one or several batches at a time."""
        moments: list[tuple[int, int, store.InboxItem]] = []
        for n, batch in enumerate(batches):
            at = batch.received_at
            for _ in range(1 + chance(self.rng, 20)):
                at += self.rng.choice([self.rng.randrange(1_000), self.rng.randrange(12_000)])
                moments.append((at, n, batch))
        moments.sort(key=lambda m: m[:2])
        n = 0
        while n < len(moments):
            group = moments[n : n + self.rng.choice([1, 1, 2, 4])]
            self.pending.append((group[-1][0], len(self.pending), [item for _, _, item in group]))
            n += len(group)
        self.pending.sort(key=lambda p: p[:2])

    def _deliver_until(self, until: int) -> None:
        while self.pending and self.pending[0][0] <= until:
            at, _, items = self.pending[0]
            self.now = max(self.now, at)
            before = self.asked
            self._dying(lambda of=items: service.score(of))
            self.pending.pop(0)
            concerned = service.spread([self.live], items)
            assert self.asked > before or not concerned, "a flush must end by asking for the board"
        self.now = max(self.now, min(until, self.pending[0][0] if self.pending else self.now))

    def _operator(self) -> list[tuple[int, int, Callable[[], None]]]:
        """What the operator's side writes, and when: the tournament, its pauses, players, rebuys, judgements."""
        acts: list[tuple[int, Callable[[], None]]] = [(START - 10_000, lambda: self._publish(()))]
        for start, end in self.pauses:
            acts.append((start, lambda start=start: self._publish(((start, MAX_INSTANT),))))
            if end != MAX_INSTANT:
                acts.append((end, lambda start=start, end=end: self._publish(((start, end),))))
        if self.growing:
            for _ in range(self.rng.randrange(8)):
                moment = self.rng.randrange(START - 9_000, GRACE_UNTIL + 5_000)
                acts.append((moment, lambda: self._dying(self._split)))
        for history in self.histories:
            for n, seat in enumerate(history):
                acts.append(
                    (
                        self._moment(history, n),
                        lambda s=seat, b=history[n - 1] if n else None: self._seat(s, b),
                    )
                )
        return [(at, n, act) for n, (at, act) in enumerate(acts)]

    def _moment(self, history: list[Seat], n: int) -> int:
        if n == 0:
            return history[0].joined_at
        return max(self._moment(history, n - 1) + 1, history[n].stints[-1].from_ms)

    def _publish(self, pauses: tuple[tuple[int, int], ...]) -> None:
        self.live = replace(self.live, pauses=pauses)
        dynamo.apply(store.live_put(self.live))

    def _seat(self, seat: Seat, before: Seat | None) -> None:
        while True:
            ops = public.roster_put_ops(TENANT, TOURNAMENT, self.live.pages, seat, expect=before)
            self._split_now_and_then()
            try:
                return dynamo.transact(ops)
            except dynamo.TransactionRefused:
                assert self.growing, "nothing else can be in the way"

    def _close(self) -> None:
        """As the settler does it: catch up, seal, repeat until sealed; dying anywhere it begins again."""

        def close() -> None:
            while True:
                catching_up.catch_up(TENANT, TOURNAMENT, [FEED])
                if closing.seal(TENANT, TOURNAMENT):
                    return

        self._dying(close)

    # -- what must be
    def arrived(self, batches: list[store.InboxItem]) -> list[Round]:
        """The rounds of these batches. Of contradictory messages the one that got into the log comes first: which of
        two was first is the only thing that the expectation is told by the engine."""
        rounds = [a.round for b in batches for a in store_rounds(b)]
        logged: dict[tuple[str, ...], list[Recorded]] = defaultdict(list)
        for record in self.log():
            logged[record.round.brand_id, record.round.player_id, record.round.round_id].append(record)

        def place(round_: Round) -> int:
            for n, record in enumerate(logged[round_.brand_id, round_.player_id, round_.round_id]):
                whole = record.round.revision == round_.revision and record.fingerprint == fingerprint(round_)
                content = record.content_revision == round_.revision and record.round[3:] == round_[3:]
                if whole or content:
                    return n
            return 1 << 30

        return sorted(rounds, key=place)

    def log(self) -> list[Recorded]:
        sheets = layout_store.sheets(TENANT, TOURNAMENT, self.live.pages)
        return [record for sheet in sheets for record in parts.log_of(self.live, sheet)]

    def expected(self, batches: list[store.InboxItem]) -> bytes:
        """The standings by the naive program, of the distinct rounds."""
        keyed = [(r, round_hash(FEED, r.brand_id, r.player_id, r.round_id)) for r in self.arrived(batches)]
        return as_bytes(
            naive_standings(self.document, self.seats, keyed, self.live.window, self.live.ranking)
        )

    def check_pages(self, batches: list[store.InboxItem], when: str) -> None:
        states: dict[str, Any] = {}
        for sheet in layout_store.sheets(TENANT, TOURNAMENT, self.live.pages):
            assert sheet.page.sealed == (when not in ("live",))
            assert not states.keys() & sheet.page.states.keys(), "a player is on one page"
            states |= sheet.page.states
        rows = [r for r, _ in ranked_rows(self.rules, self.live.ranking, self.seats, states)]
        assert as_bytes(rows) == self.expected(batches), f"pages, {when}"

    def check_final(self, batches: list[store.InboxItem]) -> None:
        found = closing.final_ranking(TENANT, TOURNAMENT)
        assert as_bytes(found.rows) == self.expected(batches), "the final ranking"
        assert found == closing.final_ranking(TENANT, TOURNAMENT), (
            "a result is the same whenever it is computed"
        )
        for items in self.table.items.values():
            for sk in [sk for sk in items if sk.startswith("PART#")]:
                del items[sk]
        assert found == closing.final_ranking(TENANT, TOURNAMENT), "what was kept is what the log says"

    def check_late(self, late: list[store.InboxItem]) -> None:
        """Listed are exactly the rounds of seated players that say something which was not known in time."""
        seated = {(s.brand_id, s.player_id) for s in self.seats}
        known: dict[tuple[str, ...], int] = {}
        for record in self.log():
            r = record.round
            name = (r.brand_id, r.player_id, r.round_id)
            known[name] = max(r.revision, known.get(name, -1))
        wanted = {
            (r.round_id, r.revision)
            for b in late
            for r in (a.round for a in store_rounds(b))
            if (r.brand_id, r.player_id) in seated
            and not self._beside((r.brand_id, r.player_id, r.round_id) in known, r)
            and r.revision > known.get((r.brand_id, r.player_id, r.round_id), -1)
        }
        listed = [(d["roundId"], d["revision"]) for d in store.listed(TENANT, TOURNAMENT, "LATE")]
        assert len(listed) == len(set(listed)), "a late round is listed once"
        unheard = self._unheard(known)
        assert set(listed) - unheard == wanted - unheard, f"late rounds: {(set(listed) ^ wanted) - unheard}"

    def _unheard(self, known: dict[tuple[str, ...], int]) -> set[tuple[str, int]]:
        """What came before the start and before its player registered: dropped as nobody's, and too early to be folded
        once more by the closing. When it is delivered again after the seal it is listed."""
        joined = {(h[0].brand_id, h[0].player_id): h[0].joined_at for h in self.histories}
        return {
            (r.round_id, r.revision)
            for b in self.batches
            for r in (a.round for a in store_rounds(b))
            if b.received_at < min(START - 1, joined.get((r.brand_id, r.player_id), 0))
            and r.revision > known.get((r.brand_id, r.player_id, r.round_id), -1)
        }

    def _beside(self, known: bool, round_: Round) -> bool:
        """Whether a late round lies outside the tournament's or the player's time, and so is nobody's loss."""
        seat = next(s for s in self.seats if (s.brand_id, s.player_id) == round_[3:5])
        _, reason = self.rules.judge(round_, seat._replace(status="active"), self.live.window)
        return not known and reason in ("outside_window", "before_joining")

    def check_conflicts(self, batches: list[store.InboxItem]) -> None:
        """Every listed contradiction is one; those of rounds that were never corrected are all listed."""
        contents: dict[tuple[str, str, str], set[Round]] = defaultdict(set)
        for r in self.arrived(batches):
            contents[r.brand_id, r.player_id, r.round_id].add(r)
        listed = {(d["roundId"], d["revision"]) for d in store.listed(TENANT, TOURNAMENT, "CONFLICT")}
        for round_id, revision in listed:
            of = [
                r
                for rounds in contents.values()
                for r in rounds
                if (r.round_id, r.revision) == (round_id, revision)
            ]
            assert len(of) > 1, f"{round_id} revision {revision} contradicts nothing"
        logged = {(r.round.brand_id, r.round.player_id, r.round.round_id) for r in self.log()}
        for name, rounds in contents.items():
            plain = {r.revision for r in rounds} == {0} and not any(
                service.out_of_time(r, self.live) for r in rounds
            )
            if len(rounds) > 1 and plain and name in logged and self._always_seated(name):
                assert (name[2], 0) in listed, f"the contradiction of {name[2]} is not listed"

    def _always_seated(self, name: tuple[str, ...]) -> bool:
        return any((s.brand_id, s.player_id) == name[:2] and s.joined_at < START for s in self.seats)

    def check_explained(self) -> None:
        """The reasons given to a player add up to the score, entry by entry."""
        for seat in self.seats:
            rows = reading.explained(self.live, seat)
            sheet = layout_store.sheet_of_player(TENANT, TOURNAMENT, self.live.pages, key_of_seat(seat))
            for stint in seat.stints:
                state = sheet.page.states.get(key_of_seat(seat), {}).get(stint.entry_no)
                standing = self.rules.standing(state or self.rules.fresh(stint.rounds_extra), stint)
                told = sum(
                    round(float(row["points"]) * 10**self.rules.decimals)
                    for row in rows
                    if row["entryNo"] == stint.entry_no
                )
                assert told == standing.score - stint.points_extra, (seat, rows)

    def check_board(self) -> None:
        """The published board has the same rows in the same order."""
        self._dying(lambda: ranker.rank_now(TENANT, TOURNAMENT))
        board = reading.newest_board(TENANT, TOURNAMENT)
        assert board is not None
        assert board.total == len(self.seats)
        final = closing.final_ranking(TENANT, TOURNAMENT).rows
        shown = reading.rows_at(board, 0, 100)
        assert [(r[0], r[2], r[6]) for r in shown] == [(r.rank, r.entry_id, r.score) for r in final]
        for seat in self.seats:
            place = reading.place_of(self.live, board, seat)
            assert place is not None
            assert final[place].entry_id == seat.entry_id


def key_of_seat(seat: Seat) -> str:
    """The player key of a seat."""
    from pitboss.rounds.model import player_key

    return player_key(seat.brand_id, seat.player_id)


def store_rounds(item: store.InboxItem) -> Any:
    """The arrivals in an inbox item."""
    from pitboss.rounds.codec import decode_batch

    return decode_batch(item.data, item.integration_id)


def as_bytes(rows: Any) -> bytes:
    """Standings for comparison byte by byte."""
    return canonical_json([list(row) for row in rows])
