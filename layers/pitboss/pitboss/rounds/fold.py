"""One flush of one page: rounds in, new states and log rows out. Pure; older rounds come through `History`.

The common case is a dictionary look-up, a judgement and a fold. Everything rare (a correction, a round older than the
page remembers, one that arrives out of order under an ordered rule) is answered from the log, never guessed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from pitboss.rounds.course import Course
from pitboss.rounds.model import Item, Rec, Segment
from pitboss.rounds.page import Page, window_of
from pitboss.rounds.rules import REVISED, mark_of, order_key, stint_sign
from pitboss.scoring.public import Round, Seat, distinct_rounds, refold

Keyed = tuple[Round, int]


class History(Protocol):
    """The log of a page as it stood when the page was loaded."""

    def newest_first(self) -> Iterator[Segment]:
        """Every segment, from the head back."""
        ...

    def between(self, low: int, high: int) -> Iterable[Segment]:
        """Segments of the versions low to high."""
        ...


class Flush:
    """Folds rounds into a page. After `run`: `rows` to log, `conflicts`, `late` (the page is sealed), counts, and
    `changed`, whether the page must be written."""

    def __init__(self, page: Page, course: Course, seats: Mapping[int, Seat], history: History) -> None:
        self.page, self.course, self.history = page, course, history
        self.seats = {
            who: seat if seat.status == "active" else seat._replace(status="active")
            for who, seat in seats.items()
        }
        self.version = page.version + 1
        self.rows: list[Rec] = []
        self.newcomers: list[int] = []
        self.prior: dict[int, list[Any]] = {}
        self.conflicts: list[tuple[Item, Round]] = []
        self.late: list[Item] = []
        self.duplicates = self.unregistered = 0
        self.changed = False
        self._floor = page.floor()
        self._touched: set[int] = set()
        self._again: set[int] = set()
        self._pending: dict[int, list[Keyed]] = {}
        self._unwind: set[int] = set()

    # -- the flush ----------------------------------------------------------------------------------------------------

    def run(self, items: Iterable[Item], roster: int) -> None:
        """Fold the items, delivered in this order; `roster` is the roster version that the seats are of."""
        page = self.page
        if not page.sealed:
            self._meet_changes(roster)
        take = self._take_ordered if self.course.rules.ordered else self._take
        seats, seen, held, floor, marks = self.seats, page.seen, page.held, self._floor, page.marks
        for item in items:
            round_, _, base, who, mark, _ = item
            if who not in seats:
                self.unregistered += 1
                continue
            known = seen.get(base)
            if round_[1] or known == REVISED or base in held:
                self._correct(item)
            elif known is not None:
                self._meet_again(item, same=known == mark)
            elif marks and round_[15] // 5000 < floor and (stood := self._look_back(item)):
                self._meet_again(item, stood=stood)
            elif page.sealed:
                self.late.append(item)
                seen[base] = mark
            else:
                take(item)
        self._finish()

    def _meet_again(self, item: Item, *, same: bool = False, stood: Round | None = None) -> None:
        if stood is not None:
            same = mark_of(stood) == item.mark
        if same:
            self.duplicates += 1
        else:
            self.conflicts.append((item, stood or item.round))

    def _record(self, item: Item, *, held: bool = False, mark: int | None = None) -> int:
        round_, page = item.round, self.page
        slot = page.slots.get(item.who)
        if slot is None:
            slot = page.join(item.who, stint_sign(self.seats[item.who]))
            self.newcomers.append(slot)
        page.players[slot].rows += 1
        self.rows.append(Rec(slot, round_, item.integration, held))
        if not round_.revision:
            page.note(
                item.base,
                item.mark if mark is None else mark,
                window_of(round_.settled_at),
                self._floor,
                self.version,
            )
        self._touched.add(slot)
        return slot

    def _take(self, item: Item) -> None:
        slot = self._record(item)
        self._fold(slot, item.round, item.order)

    def _fold(self, slot: int, round_: Round, order: int) -> None:
        player, rules = self.page.players[slot], self.course.rules
        seat = self.seats[player.who]
        entry_no, _ = rules.judge(round_, seat, self.course.window)
        if entry_no:
            state = player.state_of(entry_no)
            if state is None:
                state = rules.fresh(self._extra(seat, entry_no))
                player.states.append([entry_no, state])
            rules.fold(state, round_, order)

    def _take_ordered(self, item: Item) -> None:
        slot = self._record(item)
        self._pending.setdefault(slot, []).append((item.round, item.order))

    @staticmethod
    def _extra(seat: Seat, entry_no: int) -> int:
        return next((s.rounds_extra for s in seat.stints if s.entry_no == entry_no), 0)

    # -- older rounds -------------------------------------------------------------------------------------------------

    def _look_back(self, item: Item) -> Round | None:
        """The same round among those logged when its window was written to, None if it is new."""
        slot = self.page.slots.get(item.who)
        if slot is None:
            return None
        for low, high in self.page.spans_of(window_of(item.round.settled_at)):
            for segment in self.history.between(low, high):
                for rec in segment.rows:
                    if rec.slot == slot and self._same(rec, item) and not rec.round.revision:
                        return rec.round
        return None

    @staticmethod
    def _same(rec: Rec, item: Item) -> bool:
        return rec.round.round_id == item.round.round_id and rec.integration == item.integration

    def _revisions(self, item: Item) -> list[Rec]:
        """Every recorded revision of the item's round, in log order."""
        slot = self.page.slots.get(item.who)
        if slot is None:
            return []
        found = [rec for rec in reversed(self.rows) if rec.slot == slot and self._same(rec, item)]
        if not any(not rec.round.revision and not rec.held for rec in found):
            for segment in self.history.newest_first():
                older = [rec for rec in reversed(segment.rows) if rec.slot == slot and self._same(rec, item)]
                found.extend(older)
                # What came before all its corrections is the oldest row of the round: no need to look further.
                if any(not rec.round.revision and not rec.held for rec in older):
                    break
        return found[::-1]

    def _correct(self, item: Item) -> None:
        """A round of which more than one revision is known, or becomes known now."""
        page, round_ = self.page, item.round
        before = self._revisions(item)
        for rec in before:
            if rec.round.revision == round_.revision:
                same = mark_of(rec.round) == item.mark
                self._meet_again(item, same=same, stood=None if same else rec.round)
                return
        if page.sealed:
            self.late.append(item)
            return
        stood = _effective([rec.round for rec in before])
        stands = _effective([*(rec.round for rec in before), round_])
        higher = any(rec.round.revision > round_.revision for rec in before)
        slot = self._record(item, held=higher, mark=REVISED)
        if round_.revision:
            page.revise(item.base)
            if all(rec.round.revision for rec in before):
                page.held.add(item.base)
        else:
            page.held.discard(item.base)
        if self.course.rules.ordered:
            self._pending.setdefault(slot, [])
            self._unwind.add(slot)
        elif stood != stands and not (self._undo(slot, stood) and self._redo(slot, stands)):
            self._again.add(slot)

    def _undo(self, slot: int, stood: Keyed | None) -> bool:
        if stood is None or stood[0].status == 2 or slot in self._again:
            return True
        player, rules = self.page.players[slot], self.course.rules
        entry_no, _ = rules.judge(stood[0], self.seats[player.who], self.course.window)
        state = player.state_of(entry_no) if entry_no else None
        if state is None:
            return True
        undone = rules.unfold(state, stood[0], stood[1], 0, "counted")
        if undone is None:
            return False
        player.put(entry_no, undone)
        return True

    def _redo(self, slot: int, stands: Keyed | None) -> bool:
        if stands is not None and stands[0].status != 2:
            self._fold(slot, *stands)
        return True

    # -- changes of seats and times -----------------------------------------------------------------------------------

    def _meet_changes(self, roster: int) -> None:
        """What was folded under other terms is folded anew: all of it when the tournament's times changed, one
        player's when his entries did."""
        page = self.page
        if page.window_sign != self.course.sign:
            if page.version:
                page.rebuilt = self.version
                self._again.update(range(len(page.players)))
            page.window_sign = self.course.sign
            self.changed = True
        if page.roster != roster:
            for slot, player in enumerate(page.players):
                seat = self.seats.get(player.who)
                if seat is not None and stint_sign(seat) != player.sign:
                    player.sign = stint_sign(seat)
                    self._again.add(slot)
                self._touched.add(slot)  # add-ons change a standing without changing a state
            page.roster = roster
            self.changed = self.changed or bool(page.players)

    # -- the end of a flush -------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        page = self.page
        if page.sealed:
            return
        touched = self._touched | self._again
        if self.course.rules.ordered:
            self._fold_in_order()
        if self._again:
            self._fold_anew(self._again)
        for slot in touched:
            self._set_standing(slot)
        self.changed = self.changed or bool(touched)

    def _set_standing(self, slot: int) -> None:
        player = self.page.players[slot]
        seat = self.seats.get(player.who)
        if seat is None:
            return
        standing = self.course.standing(seat, player.states)
        player.score, player.reached_at, player.rounds = (
            standing.score,
            standing.reached_at,
            standing.rounds,
        )
        player.qualified = standing.qualified

    def _fold_anew(self, slots: set[int]) -> None:
        """From the whole log, as if nothing had been folded."""
        of_slot: dict[int, list[Rec]] = {slot: [] for slot in slots}
        for segment in self.history.newest_first():
            for rec in reversed(segment.rows):
                if rec.slot in of_slot:
                    of_slot[rec.slot].append(rec)
        for slot, recs in of_slot.items():
            recs.reverse()
            recs.extend(rec for rec in self.rows if rec.slot == slot)
            player = self.page.players[slot]
            seat = self.seats.get(player.who)
            if seat is not None:
                player.states = fold_log(self.course, seat, recs)

    def _fold_in_order(self) -> None:
        """Ordered rules: append what is newer than all before, rewind for the rest."""
        rules, page = self.course.rules, self.page
        for slot, pairs in self._pending.items():
            if slot in self._again:
                continue
            player = page.players[slot]
            if player.states:
                self.prior[slot] = [player.sign, _copied(player.states)]
            if slot in self._unwind or not self._append(slot, pairs):
                self._rewind(slot)
        # A player without any state yet has nothing to go back to but the beginning, which a rewind finds by itself.
        del rules

    def _append(self, slot: int, pairs: list[Keyed]) -> bool:
        player, rules = self.page.players[slot], self.course.rules
        seat = self.seats[player.who]
        by_entry: dict[int, list[Keyed]] = {}
        for pair in pairs:
            entry_no, _ = rules.judge(pair[0], seat, self.course.window)
            if entry_no:
                by_entry.setdefault(entry_no, []).append(pair)
        for entry_no, found in by_entry.items():
            found.sort(key=lambda pair: rules.event_order(*pair))
            state = player.state_of(entry_no)
            last = rules.last_seen(state) if state is not None else None
            if last is not None and rules.event_order(*found[0]) <= last:
                return False
        for entry_no, found in by_entry.items():
            state = player.state_of(entry_no)
            if state is None:
                state = rules.fresh(self._extra(seat, entry_no))
                player.states.append([entry_no, state])
            for round_, order in found:
                rules.fold(state, round_, order)
        return True

    def _rewind(self, slot: int) -> None:
        """Go back to the newest logged state that every round in question comes after, and fold from there."""
        player, rules = self.page.players[slot], self.course.rules
        seat = self.seats[player.who]
        newest: list[Rec] = [rec for rec in reversed(self.rows) if rec.slot == slot]
        states: list[list[Any]] = []
        for segment in self.history.newest_first():
            newest.extend(rec for rec in reversed(segment.rows) if rec.slot == slot)
            found = segment.prior.get(slot)
            if found is None or segment.version <= self.page.rebuilt or found[0] != player.sign:
                continue
            if self._comes_before(found[1], seat, newest):
                states = _copied(found[1])
                break
        for entry_no, pairs in judged(self.course, seat, newest[::-1]).items():
            state = next((s for n, s in states if n == entry_no), None)
            if state is None:
                state = rules.fresh(self._extra(seat, entry_no))
                states.append([entry_no, state])
            for round_, order in pairs:
                rules.fold(state, round_, order)
        player.states = states

    def _comes_before(self, states: list[list[Any]], seat: Seat, newest: list[Rec]) -> bool:
        rules = self.course.rules
        whole: dict[tuple[str, str], bool] = {}
        for rec in newest:
            key = (rec.integration, rec.round.round_id)
            first = not rec.round.revision and not rec.held
            whole[key] = whole.get(key, False) or first
        if not all(whole.values()):
            return False
        by_entry = judged(self.course, seat, newest[::-1])
        for entry_no, state in states:
            last, pairs = rules.last_seen(state), by_entry.get(entry_no)
            if last is not None and pairs and rules.event_order(*pairs[0]) <= last:
                return False
        return True


def _copied(node: Any) -> Any:
    return [_copied(item) for item in node] if isinstance(node, list) else node


def _effective(revisions: list[Round]) -> Keyed | None:
    """What a round stands at after these revisions, in the order they came; None if it never stood."""
    found = distinct_rounds((r, order_key(r.round_id, r.revision)) for r in revisions)
    return found[0] if found else None


def effective(recs: Iterable[Rec]) -> list[tuple[Keyed, str]]:
    """The distinct rounds of one player's log rows, with their integrations."""
    by_round: dict[tuple[str, str], list[Round]] = {}
    for rec in recs:
        by_round.setdefault((rec.integration, rec.round.round_id), []).append(rec.round)
    out = []
    for (integration, _), rounds in by_round.items():
        found = _effective(rounds)
        if found is not None:
            out.append((found, integration))
    return out


def judged(course: Course, seat: Seat, recs: Iterable[Rec]) -> dict[int, list[Keyed]]:
    """Distinct rounds by the entry they count for, in event order."""
    rules, out = course.rules, {s.entry_no: [] for s in seat.stints}  # type: dict[int, list[Keyed]]
    judge: Callable[..., tuple[int, str]] = rules.judge
    for pair, _ in effective(recs):
        entry_no, _why = judge(pair[0], seat, course.window)
        if entry_no:
            out[entry_no].append(pair)
    for pairs in out.values():
        pairs.sort(key=lambda pair: (pair[0].settled_at, pair[0].seq, pair[1]))
    return out


def fold_log(course: Course, seat: Seat, recs: Iterable[Rec]) -> list[list[Any]]:
    """The states of a player from all of his log rows; entries without rounds have none."""
    extras = {s.entry_no: s.rounds_extra for s in seat.stints}
    found = judged(course, seat, recs)
    return [
        [entry_no, refold(course.rules, pairs, extras[entry_no])[0]]
        for entry_no, pairs in found.items()
        if pairs
    ]
