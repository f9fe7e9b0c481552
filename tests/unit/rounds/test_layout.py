"""How players are spread over pages, and what one split changes of it: exactly one page."""

import pytest
from pitboss.rounds.growing import halved
from pitboss.rounds.keys import page_pk
from pitboss.rounds.model import (
    DEFAULT_PAGES,
    LANE_PAGES,
    MAX_PAGES,
    PLAYERS_PER_PAGE,
    Layout,
    Page,
    Place,
    Sheet,
    pages_for,
    player_hash,
    player_key,
)
from pitboss.scoring.public import Seat, Stint

pytestmark = pytest.mark.unit
KEYS = [player_key("aurora", f"p{n}") for n in range(3_000)]


def spread(layout: Layout) -> dict[str, int]:
    return {key: layout.page_of(key) for key in KEYS}


@pytest.mark.parametrize("first", [1, 2, 3, 7, 64])
def test_each_split_moves_half_of_one_page_to_the_new_one(first: int) -> None:
    layout = Layout(first, first)
    before = spread(layout)
    for _ in range(5 * first + 20):
        number, child, span = layout.next_split()
        layout = layout.grown()
        after = spread(layout)
        moved = {key for key in KEYS if before[key] != after[key]}
        assert {before[key] for key in moved} <= {number}
        assert {after[key] for key in moved} <= {child}
        assert child == layout.pages - 1
        assert layout.span_of(number) == layout.span_of(child) == span
        before = after
    assert set(before.values()) <= set(range(layout.pages))


@pytest.mark.parametrize(
    "layout", [Layout(1, 1), Layout(1, 13), Layout(3, 11), Layout(64, 64), Layout(64, 200)]
)
def test_a_page_holds_those_whose_hash_fits_its_span(layout: Layout) -> None:
    for key, number in spread(layout).items():
        span = layout.span_of(number) or layout.first
        assert player_hash(key) % span == number


def test_pages_above_are_those_that_held_the_players_before() -> None:
    layout = Layout(3, 3)
    held: dict[str, list[int]] = {key: [layout.page_of(key)] for key in KEYS}
    while layout.pages < 40:
        layout = layout.grown()
        for key, pages in held.items():
            if layout.page_of(key) != pages[-1]:
                pages.append(layout.page_of(key))
    for pages in held.values():
        above = [number for number, _ in layout.above(pages[-1])]
        assert set(pages[:-1]) <= set(above)


def test_players_stay_evenly_spread_while_pages_grow() -> None:
    layout = Layout(DEFAULT_PAGES, DEFAULT_PAGES)
    for players in range(0, len(KEYS), 100):
        while layout.pages < pages_for(players or None):
            layout = layout.grown()
        of: dict[int, int] = {}
        for key in KEYS[:players]:
            of[layout.page_of(key)] = of.get(layout.page_of(key), 0) + 1
        assert max(of.values(), default=0) <= 2.7 * PLAYERS_PER_PAGE


def test_halves_have_every_player_once_and_all_that_both_may_need() -> None:
    mine = [key for key in KEYS if player_hash(key) % 3 == 1]
    seats = {key: Seat(key, "aurora", key.split("\x1f")[1], key, "active", 0, (Stint(1, 0),)) for key in mine}
    page = Page(
        version=7,
        head="h",
        horizon=5,
        states={key: {1: [1, 2, 3, []]} for key in list(seats)[::2]},
        recent={4: {9: (0, 1)}},
        orphans={8: (1, 2)},
        updated_at=100,
    )
    layout = Layout(3, 4)
    halves = halved(Sheet(1, page, seats, 0, 3), layout, 50)
    stays, goes = halves.stays, halves.goes
    assert (stays.number, goes.number, stays.span, goes.span) == (1, 4, 6, 6)
    assert stays.seats | goes.seats == seats
    assert not stays.seats.keys() & goes.seats.keys()
    assert stays.seats
    assert goes.seats
    assert stays.page.states | goes.page.states == page.states
    for half, mark in zip((stays, goes), halves.marks, strict=True):
        assert half.page.states.keys() <= half.seats.keys()
        assert (half.page.recent, half.page.orphans, half.page.horizon) == (page.recent, page.orphans, 5)
        assert (half.page.version, half.page.updated_at, half.page.head) == (8, 100, mark.token)
        assert (mark.previous, mark.version, mark.records) == ("h", 8, [])
    assert (stays.page.lineage, goes.page.lineage) == ((), ((8, 1),))


def test_no_more_than_a_lane_of_pages_stands_under_one_key() -> None:
    of: dict[str, int] = {}
    for number in range(MAX_PAGES):
        pk = page_pk(Place("tenant", "T", number))
        of[pk] = of.get(pk, 0) + 1
    assert set(of.values()) == {LANE_PAGES}
    assert page_pk(Place("tenant", "T", 0)) == "T#tenant#T"
