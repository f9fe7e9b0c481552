"""A ranker that dies keeps its messages hidden for minutes, and their groups with them; boards must not wait for that."""

import json
import os
from types import SimpleNamespace

import boto3
import pytest
from pitboss.platform import clock
from pitboss.rounds import gateway

pytestmark = pytest.mark.moto

START = 1_900_000_000_000
HALF_A_MINUTE = 30_000
ONE, OTHER = ("T", "01K00000000000000000000001"), ("T", "01K00000000000000000000002")


def asked_at(monkeypatch: pytest.MonkeyPatch, at: int, *tournaments: tuple[str, str]) -> None:
    monkeypatch.setattr(clock, "time", SimpleNamespace(time_ns=lambda: at * 1_000_000))
    gateway.request_ranks(tournaments)


def taken(wait_s: int = 2) -> list[str]:
    """Tournaments that a ranker is given now; it says nothing more of them, as one that died or still works."""
    got = boto3.client("sqs").receive_message(
        QueueUrl=os.environ["RANK_QUEUE_URL"], MaxNumberOfMessages=10, WaitTimeSeconds=wait_s
    )
    return sorted(json.loads(message["Body"])["tournamentId"] for message in got.get("Messages", ()))


@pytest.mark.usefixtures("aws")
def test_boards_of_a_dead_ranker_are_asked_for_anew_within_half_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_at(monkeypatch, START, ONE, OTHER)
    assert taken() == [ONE[1], OTHER[1]]
    asked_at(monkeypatch, START + HALF_A_MINUTE, ONE, OTHER)
    assert taken() == [ONE[1], OTHER[1]]


@pytest.mark.usefixtures("aws")
def test_while_one_ranking_runs_no_second_one_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_at(monkeypatch, START, ONE)
    assert taken() == [ONE[1]]
    asked_at(monkeypatch, START + gateway.TICK_MS, ONE, OTHER)
    assert taken() == [OTHER[1]]
