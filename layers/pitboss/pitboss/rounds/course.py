"""A live tournament made ready for the hot path, and which tournaments a round concerns. Pure."""

from collections.abc import Iterable
from typing import Any

from pitboss.rounds.model import Item, Live
from pitboss.rounds.rules import page_of, window_sign
from pitboss.scoring.public import Rules, Seat, Standing, Window, compile_rules


class Course:
    """A tournament with its rules compiled."""

    __slots__ = ("brands", "games", "live", "rules", "sign", "window")

    def __init__(self, live: Live) -> None:
        self.live = live
        self.rules: Rules = compile_rules(live.rules)
        self.window = Window(live.start_at, live.end_at, tuple(live.pauses))
        self.sign = window_sign(self.window, self.rules.digest)
        self.brands = frozenset(live.brands)
        self.games = frozenset(live.games)

    def concerns(self, brand_id: str, game: str) -> bool:
        """Whether rounds of this brand and game belong here."""
        return (not self.brands or brand_id in self.brands) and (not self.games or game in self.games)

    def standing(self, seat: Seat, states: Iterable[list[Any]]) -> Standing:
        """What a player stands at: his entries' states, brought together as the rules say."""
        rules, by_entry = self.rules, dict(states)
        rows = [
            rules.standing(by_entry.get(s.entry_no) or rules.fresh(s.rounds_extra), s) for s in seat.stints
        ]
        return rules.best_of(rows)


class Index:
    """The tenant's live tournaments by brand and game."""

    def __init__(self, courses: Iterable[Course]) -> None:
        self.courses = list(courses)
        self._by_game: dict[tuple[str, str], list[Course]] = {}

    def groups(self, items: Iterable[Item]) -> dict[tuple[str, int], tuple[Course, list[Item]]]:
        """Items by tournament and page. A first revision is dropped here when its time lies outside the tournament
        altogether; a correction may be about a round of any time."""
        out: dict[tuple[str, int], tuple[Course, list[Item]]] = {}
        by_game = self._by_game
        for item in items:
            round_ = item[0]
            courses = by_game.get((round_[3], round_[5]))
            if courses is None:
                courses = [c for c in self.courses if c.concerns(round_[3], round_[5])]
                by_game[round_[3], round_[5]] = courses
            for course in courses:
                window = course.window
                if not round_[1] and (round_[15] < window[0] or round_[14] >= window[1]):
                    continue
                live = course.live
                key = (live.tournament_id, page_of(item[3], live.pages))
                found = out.get(key)
                if found is None:
                    found = out[key] = (course, [])
                found[1].append(item)
        return out
