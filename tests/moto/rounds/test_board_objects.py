"""Large boards in S3: the newest one stays for good, superseded ones go, and no two writers share a name."""

from typing import Any

import boto3
import pytest
from pitboss.platform.aws import s3
from pitboss.rounds import board_store, boards, gateway, ranker, reading

from tests.tournament_world import Hub

pytestmark = pytest.mark.moto


@pytest.fixture(autouse=True)
def every_board_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "INLINE_BYTES", 0)
    monkeypatch.setattr(boards, "TOP", 1)


@pytest.fixture
def every_board_says_something_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where somebody has played since: only what is kept of boards is looked at here."""
    real, played = ranker.item_of, iter(range(1000))
    monkeypatch.setattr(ranker, "item_of", lambda made: {**real(made), "played": next(played)})


new = pytest.mark.usefixtures("every_board_says_something_new")


def objects() -> list[str]:
    """Keys that a reader can get, oldest first."""
    return sorted(
        o["Key"] for o in boto3.client("s3").list_objects_v2(Bucket="snapshots").get("Contents", [])
    )


def newest(hub: Hub, tid: str) -> dict[str, Any]:
    found = board_store.read_board(hub.tenant, tid)
    assert found is not None
    return found


@new
def test_only_the_newest_boards_stay(hub: Hub, running: str) -> None:
    for _ in range(ranker.KEPT_OBJECTS + 5):
        assert ranker.rank_now(hub.tenant, running)
    there = objects()
    assert len(there) == ranker.KEPT_OBJECTS + 1
    assert there[-1] == newest(hub, running)["key"]
    assert [key.rpartition("/")[2] for key in there[:-1]] == newest(hub, running)["older"]
    page = hub.ok("GET", "/tournaments/{id}/leaderboard", id=running, query={"limit": "4"})
    assert len(page["leaderboard"]) == 4


@new
def test_a_board_that_became_small_leaves_no_object_behind_for_long(
    hub: Hub, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ranker.rank_now(hub.tenant, running)
    monkeypatch.setattr(boards, "INLINE_BYTES", 8 * 1024)
    assert ranker.rank_now(hub.tenant, running)
    assert newest(hub, running)["older"] == [objects()[0].rpartition("/")[2]]


@new
def test_the_loser_of_a_race_takes_its_rows_away_and_leaves_the_winners(
    hub: Hub, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ranker.rank_now(hub.tenant, running)
    put = gateway.put_object
    won: list[str] = []

    def overtaken(key: str, body: bytes) -> None:
        """Somebody else publishes between this one's rows and its item."""
        put(key, body)
        monkeypatch.setattr(gateway, "put_object", put)
        assert ranker.rank_now(hub.tenant, running)
        won.append(newest(hub, running)["key"])
        assert won[0] != key
        assert won[0].rpartition("-")[0] == key.rpartition("-")[0]

    monkeypatch.setattr(gateway, "put_object", overtaken)
    assert ranker.rank_now(hub.tenant, running)
    assert len(objects()) == 3
    assert objects()[-2:] == [won[0], newest(hub, running)["key"]]


@new
def test_a_board_that_stands_keeps_its_rows_though_its_writer_was_told_otherwise(
    hub: Hub, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the put was lost, the client repeated it, and the repetition was refused."""
    put = board_store.put_board
    seen: list[tuple[str, list[str]]] = []

    def repeated(*given: Any) -> bool:
        assert put(*given)
        monkeypatch.setattr(board_store, "put_board", then)
        return put(*given)

    def then(*given: Any) -> bool:
        seen.append((newest(hub, running)["key"], objects()))
        return put(*given)

    monkeypatch.setattr(board_store, "put_board", repeated)
    assert ranker.rank_now(hub.tenant, running)
    assert [key in there for key, there in seen] == [True]
    assert newest(hub, running)["key"] == objects()[-1]


@new
def test_a_board_is_published_though_an_old_one_cannot_be_removed(
    hub: Hub, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranker, "KEPT_OBJECTS", 1)
    assert ranker.rank_now(hub.tenant, running)
    assert ranker.rank_now(hub.tenant, running)
    before = newest(hub, running)["seq"]
    # Versions hinder nothing; a bucket that is not there does.
    monkeypatch.setattr(gateway, "put_object", lambda key, body: None)
    monkeypatch.setenv("SNAPSHOT_BUCKET", "gone")
    assert ranker.rank_now(hub.tenant, running)
    assert newest(hub, running)["seq"] == before + 1


def test_a_large_board_that_would_say_the_same_is_not_kept_again(hub: Hub, running: str) -> None:
    first = ranker.rank_now(hub.tenant, running)
    assert first is not None
    stood, there = newest(hub, running), objects()
    hub.now += 60_000
    again = ranker.rank_now(hub.tenant, running)
    assert again is not None
    assert (again.seq, again.as_of, again.key) == (first.seq, first.as_of, first.key)
    assert (newest(hub, running), objects()) == (stood, there)
    hub.register(running, "newcomer")
    hub.now += 1_000
    later = ranker.rank_now(hub.tenant, running)
    assert later is not None
    assert (later.seq, later.total) == (first.seq + 1, first.total + 1)
    page = hub.ok("GET", "/tournaments/{id}/leaderboard", id=running, query={"limit": "10"})
    assert page["totalEntries"] == later.total


def test_who_is_not_on_the_board_is_not_looked_for_on_all_of_it(
    hub: Hub, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "CHUNK", 1)
    monkeypatch.setattr(reading, "CHUNK", 1)
    monkeypatch.setattr(reading, "MOST_CHUNKS", 3)
    hub.send(*[(f"r{n}", player, f"{9 - n}.00", "0.00") for n, player in enumerate(("ann", "bob", "cid"))])
    assert ranker.rank_now(hub.tenant, running)
    assert hub.register(running, "newcomer").status < 300  # and nobody has played since
    asked: list[str] = []
    s3().meta.events.register("before-call.s3.GetObject", lambda params, **_: asked.append(params["url"]))

    def place_of(player: str) -> tuple[int | None, int]:
        asked.clear()
        return hub.player("GET", running, "", player).body["place"], len(asked)

    assert place_of("newcomer") == (None, 3)
    # The first place stands in the item; of the others a chunk is read to find the row, and to show it.
    assert [place_of(player)[0] for player in ("ann", "bob", "cid")] == [1, 2, 3]
    # A player whose page is a little ahead of the board is found beside where the score would be.
    hub.now += 1_000
    hub.send(("r9", "cid", "0.50", "0.00"))
    assert place_of("cid")[0] == 3
