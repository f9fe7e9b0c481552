"""The ledger's stream through the function's own entry point, up to a tournament's board."""

import json
from base64 import b64encode
from typing import Any

import boto3
import pytest
from pitboss.kernel.ids import ulid
from pitboss.platform.settings import arena_table
from pitboss.reports import feed
from pitboss.reports.model import Filter
from pitboss.reports.reading import walk
from pitboss.rounds import ranker, scorer, store
from pitboss.rounds.codec import decode_batch
from pitboss.rounds.intake import MAX_AGE_MS
from pitboss.rounds.wallet_feed import fitting, ingest_closed
from pitboss.scoring.public import AMENDED, ROLLED_BACK, SETTLED
from pitboss.wallet.model import Round, RoundRecord, Tx, TxKey
from pitboss.wallet.store import round_put_op, tx_put_op

from tests.functions import load
from tests.tournament_world import GAMES, HOUR, SECOND, Hub

pytestmark = pytest.mark.moto
PLAYERS = {"ann": "01J00000000000000000000ANN", "bob": "01J00000000000000000000B0B"}


@pytest.fixture
def hub(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Hub:
    """An operator with brands, games and every route that rounds and boards have."""
    from pitboss.rounds.boards_api import api as boards

    made = Hub(monkeypatch, "")
    made.apis |= {(route.method, route.path): boards for route in boards.routes}
    return made


@pytest.fixture
def running(hub: Hub) -> str:
    """A tournament under way with two players."""
    tid = hub.create()
    for player in PLAYERS:
        assert hub.register(tid, player).status < 300
    hub.to(hub.now + HOUR)
    return tid


class Stream:
    """What DynamoDB hands to Lambda: typed JSON with binaries in base64, in order, numbered."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.records: list[dict[str, Any]] = []

    def _add(self, op: Any) -> None:
        def image(of: Any) -> dict[str, Any]:
            item = of["Put"]["Item"]
            return {k: {"B": b64encode(v["B"]).decode()} if "B" in v else v for k, v in item.items()}

        number = len(self.records) + 1
        change = {"Keys": {}, "NewImage": image(op), "SequenceNumber": f"{10**23 + number}"}
        self.records.append({"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change})

    def round(self, round_id: str, user: str, stake: int, win: int, **more: Any) -> None:
        at = self.hub.now
        kept = {"status": "completed", "revision": 1, "settled_at": at, "game_id": GAMES[0], **more}
        r = Round("main", round_id, stake=stake, win=win, started_at=at - SECOND, changed_at=at, **kept)
        record = RoundRecord(self.hub.tenant, PLAYERS[user], "aurora", user, "EUR", 2, r)
        self._add(round_put_op(record, 0))

    def bet(self, ext_id: str, user: str, amount: int) -> None:
        at = self.hub.now
        tx = Tx(
            tenant_id=self.hub.tenant,
            key=TxKey("main", "bet", ext_id),
            hub_id=ulid(at, ext_id.encode().ljust(10, b"-")),
            player_id=PLAYERS[user],
            brand_id="aurora",
            user_id=user,
            currency="EUR",
            exponent=2,
            state="DONE",
            amount=amount,
            type="bet",
            round_id=f"r-{ext_id}",
            game_id=GAMES[0],
            at=at,
            raw=b"\x00\x01zipped",
            facts="{}",
        )
        self._add(tx_put_op(tx))

    def play(self, records: list[dict[str, Any]] | None = None) -> list[str]:
        """Hand over records (all of them unless told) and answer what was reported as failed."""
        answer = load("ledger_feed").handler({"Records": self.records if records is None else records}, None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def inbox(hub: Hub) -> list[Any]:
    return [
        arrival.round
        for item in store.inbox_since(hub.tenant, "main", "0")
        for arrival in decode_batch(item.data, "main")
    ]


def score(hub: Hub, tid: str) -> list[tuple[str, str, int]]:
    """Fold the inbox, rank, and answer the board."""
    found = boto3.client("dynamodb").query(
        TableName=arena_table(),
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": f"IN#{hub.tenant}#main#0"}},
    )["Items"]
    records = [
        {
            "eventName": "INSERT",
            "dynamodb": {
                "NewImage": {**item, "data": {"B": b64encode(item["data"]["B"]).decode()}},
                "SequenceNumber": str(n),
            },
        }
        for n, item in enumerate(found)
    ]
    assert scorer.handler({"Records": records}, None) == {"batchItemFailures": []}
    body = json.dumps({"tenantId": hub.tenant, "tournamentId": tid})
    ranker.handler({"Records": [{"messageId": "m", "body": body}]}, None)
    board = hub.ok("GET", "/tournaments/{id}/leaderboard", id=tid)
    return [(row["playerId"], row["score"], row["rounds"]) for row in board["leaderboard"]]


def test_rounds_of_the_wallet_run_the_tournament_by_themselves(hub: Hub, running: str) -> None:
    stream = Stream(hub)
    stream.bet("1", "ann", 100)
    stream.round("r-1", "ann", 100, 500)
    stream.round("r-2", "bob", 100, 200)
    assert stream.play() == []
    first = score(hub, running)
    assert [(player, rounds) for player, _, rounds in first] == [("ann", 1), ("bob", 1)]
    assert stream.play() == []  # everything once more
    assert score(hub, running) == first


def test_a_round_taken_back_leaves_the_board(hub: Hub, running: str) -> None:
    stream = Stream(hub)
    stream.round("r-1", "ann", 100, 500)
    stream.round("r-2", "bob", 100, 200)
    stream.play()
    score(hub, running)
    stream.round("r-1", "ann", 0, 0, status="cancelled", revision=2)
    stream.play(stream.records[-1:])
    board = {player: rounds for player, _, rounds in score(hub, running)}
    assert board == {"ann": 0, "bob": 1}


def test_what_is_sent_of_each_revision(hub: Hub) -> None:
    stream = Stream(hub)
    stream.round("r-1", "ann", 100, 0)
    stream.round("r-1", "ann", 100, 70, revision=2)
    stream.round("r-1", "ann", 0, 0, status="cancelled", revision=3)
    stream.round("r-2", "ann", 100, 0, status="open", settled_at=0)
    stream.round("r-2", "ann", 100, 30, revision=2)
    stream.round("r-3", "bob", 0, 0, status="cancelled")
    stream.round("r-4", "bob", 0, 900, free="fr-1")
    stream.play()
    sent = [(r.round_id, r.revision, r.status, r.bet, r.win, r.win_bonus, r.round_type) for r in inbox(hub)]
    assert sent == [
        ("r-1", 0, SETTLED, 100, 0, 0, "regular"),
        ("r-1", 1, AMENDED, 100, 70, 0, "regular"),
        ("r-1", 2, ROLLED_BACK, 0, 0, 0, "regular"),
        ("r-2", 1, AMENDED, 100, 30, 0, "regular"),
        ("r-4", 0, SETTLED, 0, 900, 900, "free_round"),
    ]
    assert {(r.brand_id, r.player_id, r.game) for r in inbox(hub)} == {
        ("aurora", p, GAMES[0]) for p in PLAYERS
    }


def test_a_poison_record_is_named_and_the_others_are_carried_on(hub: Hub) -> None:
    stream = Stream(hub)
    stream.bet("1", "ann", 100)
    stream.bet("2", "ann", 200)
    stream.bet("3", "bob", 300)
    poisoned = json.loads(json.dumps(stream.records))
    poisoned[1]["dynamodb"]["NewImage"]["d"] = {"S": "not what a wallet writes"}
    assert stream.play(poisoned) == [poisoned[1]["dynamodb"]["SequenceNumber"]]
    rows = list(walk(hub.tenant, Filter(0, hub.now + HOUR)))
    assert {row.ext_id for row in rows} == {"1", "3"}
    assert stream.play() == []
    assert {row.ext_id for row in walk(hub.tenant, Filter(0, hub.now + HOUR))} == {"1", "2", "3"}


def test_deletions_and_foreign_items_are_let_pass(hub: Hub) -> None:
    stream = Stream(hub)
    stream.bet("1", "ann", 100)
    removed = {**stream.records[0], "eventName": "REMOVE"}
    removed["dynamodb"] = {k: v for k, v in removed["dynamodb"].items() if k != "NewImage"}
    account = {"pk": {"S": "BOOKS#t"}, "sk": {"S": "T1#EUR"}, "tenantId": {"S": hub.tenant}}
    foreign = {"eventName": "INSERT", "dynamodb": {"NewImage": account, "SequenceNumber": "9"}}
    assert stream.play([removed, foreign]) == []
    assert list(walk(hub.tenant, Filter(0, hub.now + HOUR))) == []


def test_a_batch_of_a_busy_second_costs_few_writes(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(hub)
    for n in range(200):
        stream.bet(f"b{n:03d}", "ann" if n % 2 else "bob", 100)
    written: list[int] = []
    real = feed.store.write_lane

    def counted(tenant_id: str, lane: int, slots: Any, day: Any) -> bool:
        written.append(1 + len(slots))
        return real(tenant_id, lane, slots, day)

    monkeypatch.setattr(feed.store, "write_lane", counted)
    feed.project(list(map(change_of, stream.records)), ingest_closed, hub.now)
    assert 0 < sum(written) <= 2 * 2  # a second and a day for each of two lanes at most


def change_of(record: dict[str, Any]) -> feed.Change:
    from pitboss.reports.worker import change_of as of

    return of(record)


def test_old_rounds_and_strange_ids(hub: Hub) -> None:
    stream = Stream(hub)
    stream.round("x" * 256, "ann", 100, 0)
    stream.round(" é\x07 ", "ann", 100, 0)
    stream.round("old", "ann", 100, 0, settled_at=hub.now - MAX_AGE_MS - HOUR)
    stream.play()
    ids = [r.round_id for r in inbox(hub)]
    assert len(ids) == 2
    for given, sent in zip(("x" * 256, " é\x07 "), ids, strict=True):
        assert sent == fitting(given)
        assert 1 <= len(sent) <= 100
        assert sent.isprintable()
        assert sent == sent.strip()
    assert len({fitting("x" * 255), fitting("x" * 256), fitting("y" * 256)}) == 3
    assert fitting("r-1") == "r-1"
