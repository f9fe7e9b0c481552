"""What thousands did together is not read whole: a live table's round is one id for all of its players."""

import pytest
from pitboss.reports import store

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
