"""What a provider is told of money that the operator has not settled: `effect` is never `none` for what may have moved."""

from collections.abc import Iterator
from typing import Any

import pytest
from pitboss.kernel.refusal import Refusal
from pitboss.platform.clock import now_ms
from pitboss.wallet import failed, resolve_record

from tests.seamless_world import Seamless, open_seamless
from tests.tenancy_world import Reply, made

pytestmark = pytest.mark.moto


@pytest.fixture(autouse=True)
def demo_token(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_TOKEN", "look")


@pytest.fixture
def there(aws: dict[str, str]) -> Iterator[Seamless]:
    with open_seamless() as world:
        yield world


def told(reply: Reply) -> tuple[str, bool, str]:
    return reply.name, reply.body["retryable"], reply.body["effect"]


def bet_and_win(there: Seamless) -> Reply:
    rows: list[dict[str, Any]] = [
        {"action": "bet", "transactionId": "t1", "amount": "10.00"},
        {"action": "win", "transactionId": "w1", "amount": "25.00", "betTransactionId": "t1"},
    ]
    common = {"roundId": "r1", "gameId": there.provider.game, "currency": "EUR"}
    return there.provider("transaction", actions=rows, **common)


def test_a_list_whose_bet_was_taken_and_whose_win_waits_has_moved_money(there: Seamless) -> None:
    """The stake is gone: who reads `effect: none` would tell the player that nothing was played."""
    there.faults({"kind": "refuse", "action": "win", "name": "PLAYER_NOT_FOUND"})
    for _ in range(2):
        assert told(bet_and_win(there)) == ("USER_NOT_FOUND", False, "unknown")
    assert there.operator()["balance"] == "990.00"
    assert (there.tx("t1").state, there.tx("w1", "win").state) == ("DONE", "FAILED")
    (stuck,), _ = failed.page(there.tenant_id, None, 10)
    there.control(status="active")
    failed.retry(there.tenant_id, stuck.hub_id, "key-1", "found again", now_ms())
    there.work()
    assert made(bet_and_win(there))["replay"] is True
    assert there.operator()["balance"] == "1015.00"


def test_a_win_that_waits_for_a_person_has_moved_nothing_and_says_where_it_waits(there: Seamless) -> None:
    """Beside a bet of an earlier call too: that one had its own answer, and the list has no part in it."""
    made(there.provider.bet("t1"))
    there.faults({"kind": "refuse", "action": "win", "name": "PLAYER_NOT_FOUND"})
    first = there.provider.win("w1", "25.00", betTransactionId="t1")
    assert "failed list" in first.body["detail"]
    for reply in (first, there.provider.win("w1", "25.00", betTransactionId="t1"), bet_and_win(there)):
        assert told(reply) == ("USER_NOT_FOUND", False, "none")


def test_a_list_that_will_be_completed_is_not_said_to_be_rolled_back(there: Seamless) -> None:
    there.faults({"kind": "error500", "action": "win"})
    unclear = bet_and_win(there)
    assert told(unclear) == ("CALLBACK_ERROR", True, "unknown")
    assert "rolled back" not in unclear.body["detail"]
    there.faults({"kind": "error500", "action": "bet"})
    assert "rolled back" in there.provider.bet("t2", round_id="r2").body["detail"]


def test_the_repetition_of_what_is_still_being_asked_may_have_moved_money(
    there: Seamless, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator has the stake, and the process that asked has died: until its lease is over nobody can say more."""

    def dies(*_: Any, **__: Any) -> None:
        raise MemoryError("the process is gone")

    with monkeypatch.context() as patch:
        patch.setattr(resolve_record, "commit", dies)
        died = there.provider.bet("t1")
    assert (died.status, died.body["effect"]) == (500, "unknown")
    assert there.operator()["balance"] == "990.00"
    assert told(there.provider.bet("t1")) == ("OPERATION_IN_PROGRESS", True, "unknown")
    # What only comes after it has done nothing itself.
    assert told(there.provider.back("k1", "t1")) == ("OPERATION_IN_PROGRESS", True, "none")
    assert told(there.provider.win("w1", betTransactionId="t1")) == ("OPERATION_IN_PROGRESS", True, "none")


def test_a_yes_that_could_not_be_recorded_for_other_calls_may_have_moved_money(
    there: Seamless, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any, **__: Any) -> None:
        raise Refusal("OPERATION_IN_PROGRESS", "Other calls of this player are running; repeat it.")

    with monkeypatch.context() as patch:
        patch.setattr(resolve_record, "commit", busy)
        answer = there.provider.bet("t1")
    assert there.operator()["balance"] == "990.00"
    assert told(answer) == ("OPERATION_IN_PROGRESS", True, "unknown")


def test_a_vendors_code_does_not_say_that_nothing_was_played(there: Seamless) -> None:
    """Mascot's 8 is the one that has the vendor look after its money; `final` would not."""
    vendor = there.world.vendor("mascot")
    there.world.session(there.player_id, "ann")
    head = {"userId": "ann", "roundId": "r1", "gameId": there.provider.game, "currency": "EUR"}
    rows = [
        {"action": "bet", "transactionId": "t1", "amount": "10.00"},
        {"action": "win", "transactionId": "t1", "amount": "25.00", "betTransactionId": "t1"},
    ]
    document = {**head, "action": "transaction", "sessionToken": there.world.tokens["ann"], "actions": rows}
    there.faults({"kind": "refuse", "action": "win", "name": "PLAYER_NOT_FOUND"})
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            vendor.ask(document)
        assert (caught.value.facts["vendorCode"], caught.value.effect) == (8, "unknown")
    assert there.operator()["balance"] == "990.00"
