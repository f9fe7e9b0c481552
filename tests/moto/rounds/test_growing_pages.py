"""A tournament of unknown size: it begins on one page and grows with its players, before and during play."""

import pytest
from pitboss.platform import dynamo
from pitboss.rounds import growing, layout_store, public, ranker, store
from pitboss.rounds.model import pages_for, player_key
from pitboss.scoring.public import Seat, Stint

from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto
PLAYERS_PER_PAGE = 20


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pitboss.rounds.model.PLAYERS_PER_PAGE", PLAYERS_PER_PAGE)


def register(hub: Hub, tid: str, names: range) -> None:
    for n in names:
        assert hub.register(tid, f"p{n:03d}").status < 300


def test_pages_grow_with_registrations_and_everybody_is_found(hub: Hub) -> None:
    tid = hub.create()
    many = 2 * PLAYERS_PER_PAGE + 10
    register(hub, tid, range(many))
    live = store.live_one(hub.tenant, tid)
    assert live is not None
    assert (live.pages, live.layout.pages) == (1, pages_for(many)) == (1, 3)
    sheets = list(layout_store.sheets(hub.tenant, tid, 1))
    assert [s.number for s in sheets] == [0, 1, 2]
    assert sorted(seat.player_id for s in sheets for seat in s.seats.values()) == [
        f"p{n:03d}" for n in range(many)
    ]
    assert max(len(s.seats) for s in sheets) < many


def test_a_tournament_that_grew_is_played_and_settled_like_any_other(hub: Hub) -> None:
    tid = hub.create()
    register(hub, tid, range(PLAYERS_PER_PAGE))
    hub.to(hub.now + HOUR)
    hub.send(*[(f"a{n}", f"p{n:03d}", "1.00", "0.00") for n in range(PLAYERS_PER_PAGE)])
    register(hub, tid, range(PLAYERS_PER_PAGE, 2 * PLAYERS_PER_PAGE + 2))
    live = store.live_one(hub.tenant, tid)
    assert live is not None
    assert live.layout.pages == 3
    # The rounds of before the splits are known on both halves: duplicates change nothing, a correction undoes.
    hub.now += SECOND
    hub.send(*[(f"b{n}", f"p{n:03d}", f"{n + 1}.00", "0.00") for n in range(2 * PLAYERS_PER_PAGE)])
    hub.send(*[(f"a{n}", f"p{n:03d}", "1.00", "0.00") for n in range(PLAYERS_PER_PAGE)], at=hub.now - SECOND)
    assert ranker.rank_now(hub.tenant, tid)
    board = hub.ok("GET", "/tournaments/{id}/leaderboard", id=tid, query={"limit": "200"})
    scores = {row["playerId"]: row["score"] for row in board["leaderboard"]}
    assert board["totalEntries"] == 2 * PLAYERS_PER_PAGE + 2
    for n in range(2 * PLAYERS_PER_PAGE):
        assert scores[f"p{n:03d}"] == f"{n + (2 if n < PLAYERS_PER_PAGE else 1)}.00"
        if n % 8 == 0:
            told = hub.player("GET", tid, "rounds", f"p{n:03d}").body["rounds"]
            assert [r["roundId"] for r in told] == ([f"a{n}"] if n < PLAYERS_PER_PAGE else []) + [f"b{n}"]
            own = hub.player("GET", tid, "", f"p{n:03d}").body
            assert own["standing"]["score"] == scores[f"p{n:03d}"]
    hub.to(hub.now + HOUR)
    assert hub.settle(tid) == "settled"
    laid = layout_store.read_layout(hub.tenant, tid, 1)
    assert laid.frozen
    assert not growing.split(hub.tenant, tid, laid)
    assert all(s.page.sealed for s in layout_store.sheets(hub.tenant, tid, 1))


@pytest.mark.parametrize("grown", [0, 1, 3])
def test_a_seat_for_a_page_that_was_split_meanwhile_is_refused_and_then_finds_its_place(
    hub: Hub, grown: int
) -> None:
    tid = hub.create()
    for _ in range(grown):
        assert growing.split(hub.tenant, tid, layout_store.read_layout(hub.tenant, tid, 1))
    laid = layout_store.read_layout(hub.tenant, tid, 1)
    number, _, _ = laid.layout.next_split()
    made = (Seat(f"E{n}", "aurora", f"q{n}", "Q", "active", 1, (Stint(1, 1),)) for n in range(80))
    seats = [s for s in made if laid.layout.page_of(player_key("aurora", s.player_id)) == number]
    assert len(seats) > 3
    ops = [public.roster_put_ops(hub.tenant, tid, 1, seat, expect=None) for seat in seats]
    assert growing.split(hub.tenant, tid, laid)
    for op in ops:
        with pytest.raises(dynamo.TransactionRefused):
            dynamo.transact(op)
    for seat in seats:
        dynamo.transact(public.roster_put_ops(hub.tenant, tid, 1, seat, expect=None))
    found = {s.number: set(s.seats) for s in layout_store.sheets(hub.tenant, tid, 1)}
    layout = layout_store.read_layout(hub.tenant, tid, 1).layout
    for seat in seats:
        key = player_key(seat.brand_id, seat.player_id)
        assert key in found[layout.page_of(key)]
        assert public.read_seat(hub.tenant, tid, 1, "aurora", seat.player_id) == seat
    assert sum(map(len, found.values())) == len(seats)


def test_of_two_who_split_the_same_page_one_does(hub: Hub) -> None:
    tid = hub.create()
    laid = layout_store.read_layout(hub.tenant, tid, 1)
    assert growing.split(hub.tenant, tid, laid)
    assert not growing.split(hub.tenant, tid, laid)
    assert layout_store.read_layout(hub.tenant, tid, 1).layout.pages == 2
    assert public.grow(hub.tenant, tid, 1, 20 * PLAYERS_PER_PAGE) == 2 + growing.SPLITS_A_CALL
    assert public.grow(hub.tenant, tid, 1, 1) == 2 + growing.SPLITS_A_CALL


def test_a_tournament_called_off_does_not_grow(hub: Hub) -> None:
    tid = hub.create()
    hub.ok("DELETE", "/tournaments/{id}", id=tid)
    assert public.grow(hub.tenant, tid, 1, 500) == 1


@pytest.mark.parametrize("effect", ["new_entry", "reset"])
def test_further_entries_need_room_like_further_players(hub: Hub, effect: str) -> None:
    """A page holds a state and a stint for each entry, and DynamoDB takes no item beyond 400 KB."""
    players, rebuys = PLAYERS_PER_PAGE // 2, 5
    rebuy = {"fee": "1.00", "max": rebuys, "effect": effect}
    tid = hub.create(entry={"buyIn": "1.00", "rebuy": rebuy})
    for n in range(players):
        assert hub.register(tid, f"p{n:03d}", buyInAmount="1.00").status < 300
    hub.to(hub.now + HOUR)
    for n in range(players):
        for k in range(rebuys):
            hub.now += 1
            assert hub.player("POST", tid, "rebuy", f"p{n:03d}", {}, key=f"{n}-{k}").status < 300
    laid = layout_store.read_layout(hub.tenant, tid, 1)
    assert laid.layout.pages == pages_for(players * (1 + rebuys)) == 3
    found = [seat for s in layout_store.sheets(hub.tenant, tid, 1) for seat in s.seats.values()]
    assert sorted(len(seat.stints) for seat in found) == [1 + rebuys] * players
