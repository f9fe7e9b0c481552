"""What thousands did together is not read whole: a live table's round is one id for all of its players."""

from dataclasses import dataclass
from typing import Any

import pytest
from pitboss.platform.aws import dynamodb
from pitboss.reports import reading, store
from pitboss.reports.codec import pack_slot
from pitboss.reports.model import LANES, Filter, Row, Slot

pytestmark = pytest.mark.moto


def test_a_round_of_many_names_some_of_its_players(aws: dict[str, str]) -> None:
    records = [
        {
            "pk": "RX#T#r",
            "sk": f"studio#{n:04d}",
            "tenantId": "T",
            "schema": 1,
            "provider": "studio",
            "playerId": str(n),
        }
        for n in range(store.PLAYERS_OF_ROUND + 10)
    ]
    store.put_all(records)
    assert store.players_of_round("T", "r") == [("studio", str(n)) for n in range(store.PLAYERS_OF_ROUND)]
    assert store.players_of_round("T", "r", 3) == [("studio", "0"), ("studio", "1"), ("studio", "2")]
    assert store.players_of_round("T", "other") == []


START, SECONDS = 1_790_000_000_000, 600


def row(second: int, lane: int, player: str) -> Row:
    at = START + second * 1000 + lane
    who = (player, "lucky", f"user-{player}")
    last = ("EUR", 2, "", "", 0, 0, 1, "", 0, 0, 1)
    made = (
        f"01H{at}{lane:010d}",
        at,
        "bet",
        "DONE",
        "acme",
        f"t-{at}",
        "",
        *who,
        f"r-{at}",
        "suns",
        "bet",
        1,
    )
    return Row(*made, *last)


@dataclass
class Read:
    """What queries brought, in items."""

    items: int = 0

    def __call__(self, parsed: dict[str, Any], **_: Any) -> None:
        self.items += len(parsed["Items"])


@pytest.fixture
def busy(aws: dict[str, str]) -> Read:
    """Ten minutes of play, a row a second in each lane and of one player; counts what is read from here on."""
    records = []
    for second in range(SECONDS):
        records.append(store.player_record("T", row(second, 0, "P1")))
        for lane in range(LANES):
            one = row(second, lane, f"P{lane}")
            slot = Slot(START + second * 1000, 1, {one.id: one})
            key = {"pk": f"HL#T#{lane}", "sk": f"{slot.start:013d}", "tenantId": "T"}
            records.append({**key, "version": 1, "data": pack_slot(slot)})
    store.put_all(records)
    read = Read()
    dynamodb().meta.events.register("after-call.dynamodb.Query", read)
    return read


@pytest.mark.parametrize("player", ["", "P1"])
@pytest.mark.parametrize("forward", [True, False])
def test_a_page_of_history_reads_about_what_it_shows(busy: Read, player: str, *, forward: bool) -> None:
    """DynamoDB hands out a megabyte unless it is told how many: 256 read units of each lane for twenty rows."""
    f = Filter(START, START + SECONDS * 1000, player_id=player)
    seen: list[Row] = []
    cursor: str | None = None
    for _ in range(3):
        page, cursor = reading.page("T", f, cursor, 20, forward=forward)
        seen += page
    assert len({one.id for one in seen}) == 60
    assert [one.place for one in seen] == sorted((one.place for one in seen), reverse=not forward)
    assert busy.items <= 3 * 32 * (1 if player else LANES)


@pytest.mark.parametrize("player", ["", "P1"])
def test_a_whole_history_is_read_in_few_requests(busy: Read, player: str) -> None:
    asked: list[Any] = []
    dynamodb().meta.events.register("after-call.dynamodb.Query", lambda parsed, **_: asked.append(parsed))
    f = Filter(START, START + SECONDS * 1000, player_id=player)
    lanes = 1 if player else LANES
    assert len(list(reading.walk("T", f))) == SECONDS * lanes
    assert busy.items == SECONDS * lanes
    assert len(asked) <= 8 * lanes
