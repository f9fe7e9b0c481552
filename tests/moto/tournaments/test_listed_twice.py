"""A purchase that died between its place in the list and its reservation, and is made again under the same reference."""

from typing import Any

import pytest
from pitboss.platform import dynamo
from pitboss.platform.aws import dynamodb
from pitboss.platform.settings import arena_table

from tests.tournament_world import HOUR, SECOND, Hub

pytestmark = pytest.mark.moto
ENTRY = {"buyIn": "10.00", "rake": "1.00", "rebuy": {"fee": "5.00", "rake": "0.00", "max": 3}}


class DeathError(BaseException):
    """The process is gone; nothing catches this."""


def test_the_list_of_debits_names_it_once(casino: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    tid = casino.create(entry=ENTRY)
    assert casino.register(tid, "ann").status == 201
    casino.to(casino.now + HOUR)
    again = {"headers": {"Idempotency-Key": "once"}}

    def dead(**_: Any) -> Any:
        raise DeathError

    with monkeypatch.context() as patch:
        patch.setattr(dynamodb(), "transact_write_items", dead)
        with pytest.raises(DeathError):
            casino.player("POST", tid, "rebuy", "ann", {}, **again)
    casino.to(casino.now + 120 * SECOND)
    assert casino.player("POST", tid, "rebuy", "ann", {}, **again).status < 300
    for query in ({}, {"limit": "1"}, {"tournamentId": tid}):
        seen: list[str] = []
        cursor: str | None = None
        for _ in range(10):
            page = casino.ok("GET", "/debits", query=query | ({"cursor": cursor} if cursor else {}))
            seen += [row["kind"] for row in page["debits"]]
            cursor = page["nextCursor"]
            if not cursor:
                break
        assert sorted(seen) == ["buy_in", "rebuy"], query


def test_a_key_that_is_asked_for_twice_is_read_once(aws: dict[str, str]) -> None:
    table = arena_table()
    dynamo.apply(dynamo.put_op(table, {"pk": "a", "sk": "b", "n": 1}))
    assert dynamo.get_many(table, [("a", "b"), ("a", "c"), ("a", "b")]) == {
        ("a", "b"): {"pk": "a", "sk": "b", "n": 1}
    }
