"""What is kept of a ranking: the settler that was cut off goes on, an amendment reads no log, and nothing stale is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from pitboss.platform.aws import dynamodb
from pitboss.rounds import closing, keys, layout_store, parts, store
from pitboss.rounds.model import Live, Place

from tests.tournament_world import HOUR, Hub

pytestmark = pytest.mark.moto
PLAYERS = [f"p{n}" for n in range(12)]


class CutOffError(Exception):
    """The time of an attempt is over."""


@pytest.fixture
def played(hub: Hub) -> str:
    """A tournament of four pages, played and over."""
    tid = hub.create(expectedPlayers=4 * 64)
    for player in PLAYERS:
        assert hub.register(tid, player).status < 300
    hub.to(hub.now + HOUR)
    for n in range(3):
        hub.send(*((f"{player}-{n}", player, "1.00", f"{n}.50") for player in PLAYERS))
        hub.to(hub.now + 60_000)
    hub.to(hub.now + 2 * HOUR)
    return tid


@contextmanager
def segments_read() -> Iterator[list[str]]:
    """The segments that queries found."""
    seen: list[str] = []

    def after(parsed: dict[str, Any], **_: Any) -> None:
        seen.extend(item["sk"]["S"] for item in parsed["Items"] if item["sk"]["S"].startswith("SEG#"))

    events = dynamodb().meta.events
    events.register("after-call.dynamodb.Query", after)
    try:
        yield seen
    finally:
        events.unregister("after-call.dynamodb.Query", after)


def live_of(hub: Hub, tid: str) -> Live:
    live = store.live_one(hub.tenant, tid)
    assert live is not None
    return live


def test_the_log_is_read_once_for_seal_and_ranking_and_not_for_an_amendment(hub: Hub, played: str) -> None:
    with segments_read() as seen:
        assert closing.seal(hub.tenant, played)
    assert len(seen) == len(set(seen)) > 0
    with segments_read() as seen:
        first = closing.final_ranking(hub.tenant, played)
        assert closing.final_ranking(hub.tenant, played) == first
    assert not seen
    assert first.counts["records"] == 3 * len(PLAYERS)
    for number in range(4):
        forget(hub, played, number)
    assert closing.final_ranking(hub.tenant, played) == first, "as the log says it"


def test_a_settler_that_was_cut_off_goes_on_where_it_was(
    hub: Hub, played: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every attempt has the time for one page; there are four."""
    made = parts.made
    attempts: list[int] = []

    def one_page(live: Live, sheet: Any, basis: str) -> Any:
        if attempts[-1] >= 0:
            raise CutOffError
        attempts[-1] = sheet.number
        return made(live, sheet, basis)

    monkeypatch.setattr(parts, "made", one_page)
    while len(attempts) < 10:
        attempts.append(-1)
        try:
            assert closing.seal(hub.tenant, played)
            break
        except CutOffError:
            continue
    assert attempts == [0, 1, 2, 3]
    attempts.append(0)  # no time at all
    assert len(closing.final_ranking(hub.tenant, played).rows) == len(PLAYERS)


@pytest.mark.parametrize("change", ["pause", "seat", "rules"])
def test_what_is_kept_of_other_seats_rules_or_windows_is_not_used(hub: Hub, played: str, change: str) -> None:
    assert closing.seal(hub.tenant, played)
    live = live_of(hub, played)
    sheet = next(s for s in layout_store.sheets(hub.tenant, played, live.pages) if s.seats and s.page.head)
    before = parts.basis_of(live, sheet)
    if change == "pause":
        live = replace(live, pauses=((live.start_at, live.start_at + 1),))
    elif change == "rules":
        live = replace(live, rules={**live.rules, "more": 1})
    else:
        key, seat = next(iter(sheet.seats.items()))
        sheet.seats[key] = seat._replace(stints=(seat.stints[0]._replace(from_ms=live.end_at),))
    assert parts.basis_of(live, sheet) != before
    named = {k: s._replace(status="disqualified", display_name="X") for k, s in sheet.seats.items()}
    now = parts.basis_of(live, sheet)
    sheet.seats.update(named)
    assert parts.basis_of(live, sheet) == now, "who is disqualified has every round all the same"


def forget(hub: Hub, tid: str, number: int) -> None:
    """As if the part of a page had never been kept."""
    place = Place(hub.tenant, tid, number)
    dynamodb().delete_item(
        TableName=store.arena_table(),
        Key={"pk": {"S": keys.page_pk(place)}, "sk": {"S": keys.part_sk(number)}},
    )
