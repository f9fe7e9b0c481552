"""What the alarms on money out stand on: an unclear answer and an end that needs a person are counted, a clear one is not."""

import json
from collections import Counter

import pytest
from pitboss.platform import observe

from tests.money_world import World, demo_faults, prize

pytestmark = pytest.mark.moto


def counted(capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    """What the functions wrote for CloudWatch since the last look."""
    observe.flush()
    totals: Counter[str] = Counter()
    for line in capsys.readouterr().out.splitlines():
        told = json.loads(line) if line.startswith('{"_aws"') else {"_aws": {"CloudWatchMetrics": []}}
        for group in told["_aws"]["CloudWatchMetrics"]:
            for metric in group["Metrics"]:
                totals[metric["Name"]] += sum(told[metric["Name"]])
    return totals


def test_a_clear_yes_calls_nobody(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.plan(prize("a"))
    world.work()
    told = counted(capsys)
    assert told["callback_confirmed"] == 1
    assert not {"callback_unanswered", "money_needs_person"} & told.keys()


def test_a_casino_that_does_not_answer_is_heard_at_once_and_a_person_is_called_at_the_end(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    demo_faults({"kind": "html", "times": 1000})
    world.plan(prize("c"))
    world.work()
    first = counted(capsys)
    assert first["callback_unanswered"] == 1
    assert "money_needs_person" not in first
    while not world.movement("c", "payout").at_rest:
        world.now = max(world.now + 1000, world.movement("c", "payout").due_at or 0)
        world.work()
    told = counted(capsys)
    assert told["callback_unanswered"] == len(world.movement("c", "payout").attempts) - 1
    assert told["money_needs_person"] == 1


def test_a_payout_that_the_operator_refuses_calls_a_person(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    demo_faults({"kind": "decline", "times": 1})
    world.plan(prize("d"))
    world.work()
    assert world.movement("d", "payout").state == "rejected"
    assert counted(capsys)["money_needs_person"] == 1
