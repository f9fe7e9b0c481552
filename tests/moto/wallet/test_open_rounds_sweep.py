"""Rounds that nobody ends: found day by day, counted, and never lost from the register."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pitboss.platform import dynamo
from pitboss.platform.clock import now_ms
from pitboss.wallet import failed_store, open_rounds, store, worker

from tests.seamless_world import INTEGRATION, Seamless, open_seamless

pytestmark = pytest.mark.moto
DAY_MS = 86_400_000


@pytest.fixture
def there(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Seamless]:
    monkeypatch.setenv("DEMO_TOKEN", "look")
    with open_seamless() as world:
        yield world


def entered(now: int) -> list[int]:
    """The days on which somebody stands in the register."""
    today = store.open_slot(now)
    return [slot for slot in range(today - 40, today + 40) if list(store.marked(slot))]


def test_a_stuck_round_moves_on_until_it_ends(there: Seamless) -> None:
    there.provider.bet("t1")
    begun = store.open_slot(now_ms())
    assert entered(now_ms()) == [begun]
    assert open_rounds.sweep(now_ms() + DAY_MS) == 0
    later = now_ms() + 3 * DAY_MS
    assert open_rounds.sweep(later) == 1
    assert entered(later) == [store.open_slot(later)]
    assert open_rounds.sweep(later) == 0  # today's are not looked at again
    found, _ = open_rounds.page(there.tenant_id, later - DAY_MS, None, 10, later)
    assert [record.round.round_id for record in found] == ["r1"]
    there.provider.win("w1", betTransactionId="t1", roundClosed=True)
    assert open_rounds.sweep(later + 3 * DAY_MS) == 0
    assert entered(later) == []


def test_a_sweep_of_few_takes_the_oldest_and_no_more(there: Seamless) -> None:
    """More wallets are entered a day than a sweep may look at: whoever waits longest must not fall out of the register."""
    there.provider.bet("t1")
    wallet, later = there.wallet(), now_ms() + 40 * DAY_MS
    today = store.open_slot(later)
    days = [today - open_rounds.KEPT_SLOTS + 1, today - 10, today - 3]
    for day in days:
        for number in range(6):
            other = replace(wallet, player_id=f"{wallet.player_id[:-2]}{number:02d}")
            dynamo.apply(store.mark_open_op(other, day))
    left = [len(list(store.marked(day))) for day in days]
    assert left == [6, 6, 6]
    for looked, expected in ((4, [2, 6, 6]), (4, [0, 4, 6]), (10, [0, 0, 0])):
        open_rounds.sweep(later, looked)
        assert [len(list(store.marked(day))) for day in days] == expected


def test_a_page_goes_on_where_the_last_ended(there: Seamless) -> None:
    there.provider.bet("t1")
    there.provider.bet("t2", round_id="r2")
    position: str | None = None
    seen: list[str] = []
    for _ in range(20):
        found, position = open_rounds.page(there.tenant_id, now_ms(), position, 1, now_ms())
        seen += [record.round.round_id for record in found]
        if position is None:
            break
    assert position is None
    assert sorted(seen) == ["r1", "r2"]


def test_the_minute_queues_what_is_overdue(
    there: Seamless, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    url = boto3.client("sqs").create_queue(QueueName="wallet")["QueueUrl"]
    monkeypatch.setenv("WALLET_QUEUE_URL", url)
    there.faults({"kind": "drop-after", "action": "bet"})
    there.provider.bet("t1")
    (due,) = there.due()
    assert worker.sweep(due.due_at) == 0  # its message is most likely on its way
    assert worker.handle({"source": "aws.scheduler"}, None) == {"queued": 0}
    assert worker.sweep(due.due_at + worker.SWEEP_GRACE_MS + 1) == 1
    monkeypatch.setattr(worker, "now_ms", lambda: due.due_at + 1)
    sqs = boto3.client("sqs")
    messages = [
        m for _ in range(2) for m in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages", [])
    ]
    assert messages
    records = [{"messageId": str(n), "body": m["Body"]} for n, m in enumerate(messages)]
    assert worker.handle({"Records": [*records, {"messageId": "x", "body": "{"}]}, None) == {
        "batchItemFailures": [{"itemIdentifier": "x"}]
    }
    assert there.tx("t1").state == "ROLLED_BACK"
    assert list(failed_store.due(0, due.due_at, 10)) == []
    assert there.operator()["balance"] == "1000.00"


def test_what_comes_too_near_the_end_of_the_invocation_goes_back(there: Seamless) -> None:
    class Context:
        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return 1000

    there.faults({"kind": "drop-after", "action": "bet"})
    there.provider.bet("t1")
    body = json.dumps({"tenantId": there.tenant_id, "key": [INTEGRATION, "bet", "t1", ""]})
    event = {"Records": [{"messageId": "m", "body": body}]}
    assert worker.handle(event, Context()) == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    assert there.tx("t1").state == "PENDING"
