"""`make demo ROUNDS=`: a stranger's feed, dirty as exports are, played through the public API and recomputed."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from devtools import seed
from devtools.console import Stop
from devtools.demo_feed import FeedDemo
from devtools.feed_file import read_feed
from tests.conftest import Stack

pytestmark = pytest.mark.e2e
Document = dict[str, Any]


def rounds_of(player: str, brand: str, currency: str, bets: list[str]) -> list[Document]:
    """A player's rounds of last year, a minute and a bit apart, of a game that nobody has synced."""
    return [
        {
            "roundId": f"{player}/{n}",
            "brandId": brand,
            "playerId": player,
            "gameId": f"слот {n % 3}",
            "integrationId": "theirs",
            "currency": currency,
            "bet": bet,
            "win": {"real": bet, "jackpot": bet},
            "settledAt": f"2025-03-30T02:{n:02d}:07.5+01:00",
        }
        for n, bet in enumerate(bets)
    ]


def written(path: Path, *lines: Document | str) -> Path:
    path.write_text(
        "\r\n".join(x if isinstance(x, str) else json.dumps(x, ensure_ascii=False) for x in lines), "utf-8"
    )
    return path


def demo_of(stack: Stack, tenants: tuple[seed.DemoTenant, seed.DemoTenant], path: Path) -> FeedDemo:
    return FeedDemo(
        {"api": stack.api_url, "endpoint": stack.endpoint, **asdict(tenants[0])}, read_feed(path), play_s=2
    )


def test_a_strangers_feed_is_played_and_recomputed(
    stack: Stack,
    tenants: tuple[seed.DemoTenant, seed.DemoTenant],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ann = rounds_of("ann [b]", "nørd", "EUR", ["1.00"] * 12)
    bob = rounds_of("bob/日本", "sud", "BTC", ["0.00003000"] * 7)
    cid = rounds_of("cid", "sud", "JPY", ["150", "0", "150"])
    demo = demo_of(
        stack,
        tenants,
        written(
            tmp_path / "mine.jsonl",
            *reversed(ann),
            "",
            "{half a line",
            *bob,
            bob[0],
            {**ann[0], "status": "rolled_back"},
            {**ann[1], "revision": 2, "status": "amended", "win": "9.00"},
            {**ann[1], "revision": 1, "status": "amended", "win": "5.00"},
            {**ann[2], "win": "900.00"},  # contradicts
            {**bob[0], "roundId": "never came", "status": "rolled_back"},
            {**bob[0], "roundId": "x" * 256},
            {**bob[0], "roundId": "red", "colour": "red"},
            *cid,
        ),
    )
    demo.tell_file(Path("mine.jsonl"))
    assert demo.run() == 0
    said = capsys.readouterr().out
    assert demo.answers == {"accepted": 26, "duplicate": 1, "conflict": 1, "rejected": 2}
    assert "line 14 is not sent: not JSON" in said
    assert {reason.split(":")[0]: at for reason, at in demo.refused.items()} == {
        "rejected, colour": [29],
        "rejected, roundId": [28],
        "conflict, the same round and revision stands in this request with other content": [26],
    }
    assert "line 29" in said
    assert "identical" in said
    winners = demo.hub("GET", f"/tournaments/{demo.tid}/results")["winners"]
    # Ten rounds at twice the bet and one of nine; seven at twice; two at twice and one without a bet.
    assert [(w["userId"], w["score"], w["rounds"]) for w in winners] == [
        ("ann [b]", "29.0000", 11),
        ("bob/日本", "14.0000", 7),
        ("cid", "4.0000", 3),
    ]


def test_a_feed_of_which_nothing_is_taken_says_why_and_plays_nothing(
    stack: Stack,
    tenants: tuple[seed.DemoTenant, seed.DemoTenant],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rounds = [{**r, "settledAt": "yesterday"} for r in rounds_of("ann", "b", "EUR", ["1.00"] * 3)]
    demo = demo_of(stack, tenants, written(tmp_path / "mine.jsonl", *rounds))
    with pytest.raises(Stop, match="took none"):
        demo.run()
    assert "3 rejected, settledAt: not an RFC 3339 time" in " ".join(capsys.readouterr().out.split())
    assert demo.hub("GET", f"/tournaments/{demo.tid}/status")["status"] in ("voided", "cancelled")
