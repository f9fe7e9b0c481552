"""From the request to the board through the functions' own entry points, with events as Lambda gives them."""

import json
from base64 import b64encode
from typing import Any

import boto3
import pytest
from pitboss.kernel.instants import format_instant
from pitboss.platform.settings import arena_table
from pitboss.rounds import ranker, scorer, store
from pitboss.rounds.boards_api import _cursor
from pitboss.rounds.codec import decode_batch

from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto


def message(hub: Hub, round_id: str, player: str, win: str, **more: Any) -> dict[str, Any]:
    return {**hub.message(round_id, player, "1.00", win), **more}


def post(hub: Hub, *rounds: Any) -> Any:
    return hub.ok("POST", "/rounds", {"integrationId": "main", "rounds": list(rounds)})


def stream(hub: Hub, *extra: dict[str, Any]) -> dict[str, Any]:
    """The inbox as the table's stream hands it to Lambda: typed JSON, binaries as base64 text."""
    found = boto3.client("dynamodb").query(
        TableName=arena_table(),
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": f"IN#{hub.tenant}#main#0"}},
    )["Items"]
    records = []
    for n, item in enumerate(found):
        image = {k: {"B": b64encode(v["B"]).decode()} if "B" in v else v for k, v in item.items()}
        keys = {k: image[k] for k in ("pk", "sk")}
        change = {"Keys": keys, "NewImage": image, "SequenceNumber": str(n), "StreamViewType": "NEW_IMAGE"}
        records.append({"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change})
    return {"Records": [*extra, *records]}


def rank(hub: Hub, *tids: str) -> dict[str, Any]:
    """What the ranking queue hands over."""
    records = [
        {"messageId": f"m{n}", "body": json.dumps({"tenantId": hub.tenant, "tournamentId": tid})}
        for n, tid in enumerate(tids)
    ]
    answer: dict[str, Any] = ranker.handler({"Records": records}, None)
    return answer


def board(hub: Hub, tid: str, **query: Any) -> Any:
    return hub.ok("GET", "/tournaments/{id}/leaderboard", id=tid, query=query)


def test_every_item_of_a_request_is_answered_in_its_place(hub: Hub) -> None:
    first = message(hub, "r1", "ann", "2.00")
    answer = post(
        hub,
        first,
        first,
        {**first, "win": "3.00"},
        message(hub, "r2", "ann", "1.00", gameId="unheard-of"),
        message(hub, "r3", "ann", "1.00", brandId="nowhere"),
        message(hub, "r4", "ann", "1.005"),
        {**message(hub, "r5", "ann", "1.00"), "betAmount": 1},
        "round",
        message(hub, "r6", "ann", "1.00", settledAt=format_instant(hub.now + HOUR)),
        message(hub, "r7", "stranger", "1.00"),
    )
    told = [(r["roundId"], r["status"], r.get("name"), r.get("field")) for r in answer["results"]]
    assert told == [
        ("r1", "accepted", None, None),
        ("r1", "duplicate", None, None),
        ("r1", "conflict", "ROUND_CONFLICT", None),
        ("r2", "rejected", "GAME_NOT_FOUND", "gameId"),
        ("r3", "rejected", "BRAND_NOT_FOUND", "brandId"),
        ("r4", "rejected", "AMOUNT_PRECISION", "win"),
        ("r5", "rejected", "ROUND_INVALID", "betAmount"),
        (None, "rejected", "ROUND_INVALID", ""),
        ("r6", "rejected", "ROUND_IN_FUTURE", "settledAt"),
        ("r7", "accepted", None, None),
    ]
    assert answer["counts"] == {"accepted": 2, "duplicate": 1, "conflict": 1, "rejected": 6}
    kept = [
        a.round.round_id
        for item in store.inbox_since(hub.tenant, "main", "0")
        for a in decode_batch(item.data, "main")
    ]
    assert kept == ["r1", "r7"]


def test_a_request_of_bad_items_only_is_answered_and_leaves_nothing(hub: Hub) -> None:
    answer = post(hub, message(hub, "r1", "ann", "x"))
    assert answer["batchId"] is None
    assert list(store.inbox_since(hub.tenant, "main", "0")) == []


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"integrationId": "other", "rounds": [{}]}, "INTEGRATION_NOT_FOUND"),
        ({"integrationId": "main", "rounds": [{}] * 501}, "BATCH_TOO_LARGE"),
        ({"integrationId": "main", "rounds": []}, "VALIDATION_ERROR"),
        ({"integrationId": "main", "rounds": {}}, "VALIDATION_ERROR"),
        ({"integrationId": 7, "rounds": [{}]}, "VALIDATION_ERROR"),
        ({"integrationId": "main", "rounds": [{}], "more": 1}, "VALIDATION_ERROR"),
        ([], "VALIDATION_ERROR"),
    ],
)
def test_a_request_that_is_none_is_refused_whole(hub: Hub, body: Any, name: str) -> None:
    assert hub.refused("POST", "/rounds", body)["name"] == name


def test_the_scorer_folds_what_the_stream_brings_and_asks_for_the_board(
    hub: Hub, running: str, aws: dict[str, str]
) -> None:
    post(hub, message(hub, "r1", "ann", "2.00"), message(hub, "r2", "bob", "5.00"))
    post(hub, message(hub, "r1", "ann", "2.00"), message(hub, "r3", "ann", "1.00"))
    for _ in range(2):
        assert scorer.handler(stream(hub), None) == {"batchItemFailures": []}
    assert rank(hub, running, running) == {"batchItemFailures": []}
    shown = board(hub, running)
    assert [(r["rank"], r["playerId"], r["rounds"]) for r in shown["leaderboard"][:2]] == [
        (1, "ann", 2),
        (2, "bob", 1),
    ]
    assert shown["totalEntries"] == 4
    queue = boto3.client("sqs").get_queue_attributes(
        QueueUrl=aws["RANK_QUEUE_URL"],
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"],
    )["Attributes"]
    assert sum(map(int, queue.values())) > 0


def test_a_damaged_batch_is_set_aside_alone(hub: Hub, running: str) -> None:
    post(hub, message(hub, "r1", "ann", "2.00"))
    whole = stream(hub)["Records"][0]
    image = {**whole["dynamodb"]["NewImage"], "data": {"B": b64encode(b"not deflated").decode()}}
    damaged = {**whole, "dynamodb": {**whole["dynamodb"], "NewImage": image, "SequenceNumber": "bad"}}
    removed = {
        "eventName": "REMOVE",
        "dynamodb": {"Keys": whole["dynamodb"]["Keys"], "SequenceNumber": "gone"},
    }
    answer = scorer.handler(stream(hub, removed, damaged), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    rank(hub, running)
    assert board(hub, running)["leaderboard"][0]["rounds"] == 1


def test_the_ranker_reports_what_failed_and_does_the_rest(
    hub: Hub, running: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = hub.create()
    real = ranker.rank_now

    def broken(tenant: str, tid: str) -> Any:
        if tid == other:
            raise RuntimeError("storage is away")
        return real(tenant, tid)

    monkeypatch.setattr(ranker, "rank_now", broken)
    answer = rank(hub, other, running, other, "never-published")
    assert [f["itemIdentifier"] for f in answer["batchItemFailures"]] == ["m0", "m2"]
    before = board(hub, running)["seq"]
    assert before >= 1
    hub.register(running, "newcomer")
    rank(hub, running)
    assert board(hub, running)["seq"] == before + 1


def test_contradictions_and_corrections_are_told_to_the_player(hub: Hub, running: str) -> None:
    post(hub, message(hub, "r1", "ann", "2.00"), message(hub, "r2", "ann", "9.00"))
    scorer.handler(stream(hub), None)
    post(hub, message(hub, "r1", "ann", "777.00"), message(hub, "r2", "ann", "9.00", status="rolled_back"))
    for _ in range(2):
        scorer.handler(stream(hub), None)
    told = why(hub, running, "ann")
    assert sorted((r["roundId"], r["counted"], r["reason"]) for r in told["rounds"]) == [
        ("r1", True, "counted"),
        ("r2", False, "rolled_back"),
    ]
    assert [(c["roundId"], c["win"]) for c in told["conflicts"]] == [("r1", "777.00")]
    assert told["late"] == []
    assert why(hub, running, "bob")["conflicts"] == []


def why(hub: Hub, tid: str, player: str, **query: Any) -> Any:
    query.setdefault("brandId", "aurora")
    return hub.ok("GET", "/tournaments/{id}/players/{player}/rounds", id=tid, player=player, query=query)


def test_what_comes_after_the_seal_is_listed_and_not_counted(hub: Hub, running: str) -> None:
    post(hub, message(hub, "r1", "ann", "2.00"))
    scorer.handler(stream(hub), None)
    played = hub.now
    hub.to(hub.now + HOUR)
    hub.to(hub.now + 31 * SECOND)
    hub.settle(running, passes=3)
    result = hub.ok("GET", "/tournaments/{id}/results", id=running)
    late = message(hub, "r9", "ann", "500.00", settledAt=format_instant(played))
    post(hub, late, message(hub, "r8", "ann", "500.00"))
    post(hub, message(hub, "r1", "ann", "777.00", settledAt=format_instant(played)))
    for _ in range(2):
        assert scorer.handler(stream(hub), None) == {"batchItemFailures": []}
    told = why(hub, running, "ann")
    assert [(r["roundId"], r["win"]) for r in told["late"]] == [("r9", "500.00")]
    assert [(r["roundId"], r["win"]) for r in told["conflicts"]] == [("r1", "777.00")]
    assert [r["roundId"] for r in told["rounds"]] == ["r1"]
    assert hub.ok("GET", "/tournaments/{id}/results", id=running)["resultHash"] == result["resultHash"]


def test_a_board_is_paged_and_read_around_a_player(hub: Hub) -> None:
    tid = hub.create()
    for n in range(25):
        assert hub.register(tid, f"p{n:02d}").status < 300
    hub.to(hub.now + HOUR)
    post(hub, *[message(hub, f"r{n}", f"p{n:02d}", "0", bet=f"{n + 1}.00") for n in range(25)])
    scorer.handler(stream(hub), None)
    rank(hub, tid)
    seen: list[str] = []
    cursor = None
    while True:
        page = board(hub, tid, limit="10", **({"cursor": cursor} if cursor else {}))
        seen += [r["playerId"] for r in page["leaderboard"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 25
    around = board(hub, tid, limit="5", around=seen[12], brandId="aurora")["leaderboard"]
    assert [r["playerId"] for r in around] == seen[10:15]
    own = hub.ok("GET", "/tournaments/{id}/players/{player}", id=tid, player=seen[12])
    assert (own["place"], own["standing"]["rank"]) == (13, around[2]["rank"])
    first = board(hub, tid, limit="5", around=seen[0], brandId="aurora")["leaderboard"]
    assert [r["playerId"] for r in first] == seen[:5]


def test_a_cursor_of_another_tournament_or_none_is_refused(hub: Hub, running: str) -> None:
    other = hub.create()
    for bad in ("%%%", "nonsense", _cursor(other, 10)):
        query = {"cursor": bad}
        problem = hub.refused("GET", "/tournaments/{id}/leaderboard", id=running, query=query)
        assert problem["name"] == "CURSOR_INVALID", bad


def test_the_rounds_of_a_player_are_paged(hub: Hub, running: str) -> None:
    for n in range(7):
        hub.now += 1
        post(hub, message(hub, f"r{n}", "bob", "0"))
    scorer.handler(stream(hub), None)
    first = why(hub, running, "bob", limit="5")
    rest = why(hub, running, "bob", limit="5", cursor=first["nextCursor"])
    assert [r["roundId"] for r in first["rounds"] + rest["rounds"]] == [f"r{n}" for n in range(7)]
    assert rest["nextCursor"] is None


def test_two_brands_may_each_have_their_ann(hub: Hub, running: str) -> None:
    post(
        hub,
        message(hub, "r1", "ann", "2.00"),
        message(hub, "r1", "ann", "2.00", brandId="borealis", bet="7.00"),
    )
    scorer.handler(stream(hub), None)
    problem = hub.refused("GET", "/tournaments/{id}/players/{player}", id=running, player="ann")
    assert problem["name"] == "AMBIGUOUS_PLAYER"
    assert why(hub, running, "ann", brandId="borealis")["rounds"][0]["bet"] == "7.00"
    found = hub.ok("GET", "/rounds", query={"roundId": "r1", "brandId": "aurora", "playerId": "ann"})[
        "tournaments"
    ]
    assert [(f["tournamentId"], f["bet"], f["counted"]) for f in found] == [(running, "1.00", True)]


def test_a_board_that_would_say_the_same_is_not_written_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others of the casino play on, and every flush asks for the board: it is ranked, and costs no write."""
    tid = hub.create()
    hub.register(tid, "ann")
    hub.to(hub.now + HOUR)
    hub.now += SECOND
    post(hub, message(hub, "r1", "ann", "2.00"))
    scorer.handler(stream(hub), None)
    assert rank(hub, tid) == {"batchItemFailures": []}
    first = board(hub, tid)
    written: list[Any] = []
    real = ranker.board_store.put_board
    monkeypatch.setattr(ranker.board_store, "put_board", lambda *a: (written.append(a), real(*a))[1])
    hub.now += SECOND
    post(hub, message(hub, "r2", "stranger", "9.00"))
    scorer.handler(stream(hub), None)
    for _ in range(3):
        hub.now += SECOND
        assert rank(hub, tid) == {"batchItemFailures": []}
    assert (written, board(hub, tid)["asOf"]) == ([], first["asOf"])
    hub.register(tid, "bob")  # late, and nobody has played since
    rank(hub, tid)
    assert (len(written), board(hub, tid)["totalEntries"]) == (1, 2)
    post(hub, message(hub, "r3", "ann", "2.00"))
    scorer.handler(stream(hub), None)
    rank(hub, tid)
    assert len(written) == 2
