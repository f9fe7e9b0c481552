"""Pages that are split while players register and scorers fold, all at once and against a DynamoDB that keeps its word."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pitboss.platform import aws, dynamo
from pitboss.rounds import closing, layout_store, parts, public, service, store
from pitboss.rounds.codec import encode_batch
from pitboss.rounds.model import Live, player_key
from pitboss.rounds.store import InboxItem
from pitboss.scoring.public import Round, Seat, Stint

from devtools import deploy, local_aws

pytestmark = pytest.mark.stack
START = 1_800_000_000_000
TENANT, TOURNAMENT, TABLE = "tenant", "T" * 26, "growing"
PLAYERS, ROUNDS, TRIES = 120, 6, 50
RULES = {"schema": 1, "base": {"currency": "EUR", "exponent": 2}, "scoring": {"metric": "total_wagered"}}


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An arena of its own on an emulator of its own; this process is all of its functions."""
    emulator = local_aws.start(tmp_path)
    try:
        monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
        monkeypatch.setenv("ARENA_TABLE", TABLE)
        monkeypatch.setattr("pitboss.rounds.model.PLAYERS_PER_PAGE", 8)
        aws.forget_clients()
        deploy.client("dynamodb", emulator.endpoint).create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )
        yield
    finally:
        aws.forget_clients()
        local_aws.stop(emulator)


def live() -> Live:
    return Live(
        TENANT,
        TOURNAMENT,
        "running",
        RULES,
        {},
        START,
        START + 3_600_000,
        START + 3_600_000,
        (),
        (),
        (),
        1,
        "EUR",
        2,
    )


def register(number: int) -> str:
    """As the saga does it: a transaction that is made anew when it is refused, then room for others."""
    name = f"p{number}"
    seat = Seat(f"E{number:025d}", "aurora", name, name, "active", START, (Stint(1, START),))
    for attempt in range(TRIES):
        try:
            dynamo.transact(public.roster_put_ops(TENANT, TOURNAMENT, 1, seat, expect=None))
            break
        except (dynamo.TransactionRefused, dynamo.TooBusy):
            assert attempt < TRIES - 1
    public.grow(TENANT, TOURNAMENT, 1, number + 1)
    return name


def batch(names: list[str], turn: int) -> InboxItem:
    """A round of each, and once more."""
    rounds = [
        Round(
            f"{n}-{turn}",
            0,
            0,
            "aurora",
            n,
            "crash",
            "regular",
            "EUR",
            2,
            7,
            0,
            0,
            0,
            0,
            START,
            START + turn,
            0,
        )
        for n in names
    ]
    return InboxItem(TENANT, "casino", "0", START + turn + 1, encode_batch(rounds * 2))


def score(item: InboxItem) -> None:
    """As the stream has it done: again, when pages were contested too often."""
    for attempt in range(TRIES):
        try:
            for wave in service.waves(service.spread(store.live_of(TENANT), [item])):
                service.flush(wave, now=item.received_at)
        except service.PageContestedError:
            assert attempt < TRIES - 1
        else:
            return


def test_nobody_and_no_round_is_lost_or_doubled_while_pages_are_split(table: None) -> None:
    dynamo.apply(store.live_put(live()))
    seated: list[str] = []
    lock = threading.Lock()

    def player(number: int) -> None:
        name = register(number)
        with lock:
            seated.append(name)

    def scorer(chance: random.Random) -> None:
        for turn in range(ROUNDS):
            with lock:
                names = list(seated)
            chance.shuffle(names)
            if names:
                score(batch(names, turn))

    with ThreadPoolExecutor(7) as pool:
        work = [pool.submit(player, n) for n in range(PLAYERS)]
        work += [pool.submit(scorer, random.Random(n)) for n in range(3)]
        for done in work:
            done.result()
    for turn in range(ROUNDS):
        score(batch(seated, turn))

    layout = layout_store.read_layout(TENANT, TOURNAMENT, 1).layout
    assert layout.pages > PLAYERS // 16
    found: dict[str, int] = {}
    for sheet in layout_store.sheets(TENANT, TOURNAMENT, live().pages):
        records = parts.log_of(live(), sheet)
        assert sheet.span == layout.span_of(sheet.number)
        assert len(records) == ROUNDS * len(sheet.seats)
        for key in sheet.seats:
            assert key not in found, "a player is on one page"
            assert layout.page_of(key) == sheet.number
            found[key] = sheet.page.states[key][1][3][0]
    assert found == {player_key("aurora", f"p{n}"): 7 * ROUNDS for n in range(PLAYERS)}
    assert closing.seal(TENANT, TOURNAMENT)
    assert len(closing.final_ranking(TENANT, TOURNAMENT).rows) == PLAYERS
