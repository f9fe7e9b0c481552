"""The naive program as it is run: two files in, a board or a verdict out."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devtools import recompute

pytestmark = pytest.mark.unit

TOURNAMENT: dict[str, Any] = {
    "ruleSet": {
        "schema": 1,
        "base": {"currency": "EUR", "exponent": 2},
        "scoring": {"metric": "total_wagered"},
        "eligibility": {"minBet": 100},
    },
    "ranking": {},
    "window": {"startAt": "2026-01-31T20:00:00Z", "endAt": "2026-01-31T21:00:00Z", "pauses": []},
    "seats": [
        {
            "entryId": f"e{i}",
            "brandId": "aurora",
            "playerId": player,
            "status": "active",
            "stints": [{"entryNo": 1, "from": "2026-01-31T19:00:00Z", "roundsExtra": 0, "pointsExtra": 0}],
        }
        for i, player in enumerate(("ann", "bob"))
    ],
}


def a_message(number: int, player: str, bet: Any, **more: Any) -> dict[str, Any]:
    return {
        "roundId": f"r{number}",
        "brandId": "aurora",
        "playerId": player,
        "gameId": "slot",
        "currency": "EUR",
        "bet": bet,
        "win": "0.00",
        "settledAt": f"2026-01-31T20:00:{number:02d}.500Z",
        **more,
    }


MESSAGES = [
    a_message(1, "ann", "2.50"),
    a_message(2, "bob", 1.5),
    a_message(3, "bob", "0.99"),  # below the minimum
    a_message(4, "bob", "9.00"),
    a_message(4, "bob", "9.00", revision=1, status="rolled_back"),
    a_message(1, "ann", "2.50"),
    a_message(5, "ann", "5.00", settledAt="2026-01-31T21:00:00Z"),  # the bell has rung
    a_message(6, "eve", "50.00"),  # not registered
]


def test_only_the_standard_library_and_nothing_of_ours() -> None:
    folder = Path(recompute.__file__).parent
    sources = [(folder / name).read_text("utf-8") for name in ("recompute.py", "recompute_metrics.py")]
    code = "import sys; import devtools.recompute; print([m for m in sys.modules if m.startswith('pitboss')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert not any("import pitboss" in source or "from pitboss" in source for source in sources)


def test_it_prints_the_board(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tournament, rounds = tmp_path / "t.json", tmp_path / "r.jsonl.gz"
    tournament.write_text(json.dumps(TOURNAMENT), "utf-8")
    rounds.write_bytes(gzip.compress("\n".join(json.dumps(m) for m in MESSAGES).encode()))
    assert recompute.main([str(tournament), str(rounds)]) == 0
    board = json.loads(capsys.readouterr().out)
    assert [(r["rank"], r["playerId"], r["score"], r["rounds"]) for r in board] == [
        (1, "ann", 250, 1),
        (2, "bob", 150, 1),
    ]


def test_messages_are_read_as_the_documentation_says() -> None:
    """A correction without a number is the first one; times may be written with t and z."""
    rolled = [a_message(1, "ann", "2.50"), a_message(1, "ann", "2.50", status="rolled_back")]
    amended = [a_message(2, "bob", "7.00", status="amended"), a_message(2, "bob", "5.00")]
    assert [(r["playerId"], r["score"]) for r in recompute.standings(TOURNAMENT, rolled + amended)] == [
        ("bob", 700),
        ("ann", 0),
    ]
    small = a_message(3, "ann", "4.00", settledAt="2026-01-31t20:00:03.500z")
    assert recompute.standings(TOURNAMENT, [small])[0]["score"] == 400


def test_a_message_concerns_the_tournaments_of_the_game_it_names() -> None:
    """docs/rounds.md: a correction under another game does not take the round away; a rollback under its own does."""
    sent = [
        a_message(1, "ann", "2.50"),
        a_message(1, "ann", "9.00", gameId="other", status="amended"),
        a_message(2, "ann", "7.00", gameId="other"),
    ]
    own = {**TOURNAMENT, "games": ["slot"]}
    assert recompute.standings(own, sent)[0]["score"] == 250
    assert recompute.standings(TOURNAMENT, sent)[0]["score"] == 1600
    gone = a_message(1, "ann", "2.50", revision=2, status="rolled_back")
    assert [r["score"] for r in recompute.standings(own, [*sent, gone])] == [0, 0]


def test_it_compares_and_says_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tournament, rounds, expected = tmp_path / "t.json", tmp_path / "r.jsonl", tmp_path / "e.json"
    tournament.write_text(json.dumps(TOURNAMENT), "utf-8")
    rounds.write_text("\n".join(json.dumps(m) for m in MESSAGES), "utf-8")
    board = [
        {"rank": 1, "brandId": "aurora", "playerId": "ann", "score": 250},
        {"rank": 2, "brandId": "aurora", "playerId": "bob", "score": 150},
    ]
    arguments = [str(tournament), str(rounds), "--expect", str(expected)]
    expected.write_text(json.dumps(board), "utf-8")
    assert recompute.main(arguments) == 0
    assert capsys.readouterr().out == "identical\n"
    board[1]["score"] = 151
    expected.write_text(json.dumps(board[1:]), "utf-8")
    assert recompute.main(arguments) == 1
    told = capsys.readouterr().out
    assert "place 1" in told
    assert "2 ranked here, 1 there" in told


def test_it_holds_a_published_result_against_the_messages(capsys: pytest.CaptureFixture[str]) -> None:
    board = recompute.standings(TOURNAMENT, MESSAGES)
    winners: list[dict[str, Any]] = [
        {
            "position": r["rank"],
            "brandId": r["brandId"],
            "playerId": r["entryId"],
            "userId": r["playerId"],
            "finalScore": r["score"],
            "prizes": [],
        }
        for r in board
    ]
    pending = {
        "entryId": "e9",
        "brandId": "aurora",
        "userId": "zoe",
        "status": "pending_payment",
        "stints": [],
    }
    bought = {"rebuys": 0, "addOns": 0}
    players = [
        {**s, "userId": s["playerId"], "playerId": s["entryId"], **bought} for s in TOURNAMENT["seats"]
    ]
    paid = sum(p["status"] in ("active", "disqualified") for p in players)
    terms = {
        "rules": TOURNAMENT["ruleSet"],
        "entry": {"buyIn": "10.00", "rake": "1.00", "rebuy": None, "addOn": None},
        "seed": "0.00",
        "guarantee": "20.00",
        "prizes": {"lines": [{"rankFrom": 1, "rankTo": 1, "kind": "cash", "shareBps": 5000}]},
    }
    net = max(20, 10 * paid)
    winners[0]["prizes"] = [{"kind": "cash", "amount": f"{net // 2}.00"}]
    pool = {
        "collected": f"{10 * paid}.00",
        "rake": f"{paid}.00",
        "net": f"{net}.00",
        "overlay": f"{net - 10 * paid}.00",
    }
    result = {"resultHash": "h2", "prizePool": pool}
    answers: dict[str, list[Any]] = {
        "/tournaments/T1": [terms],
        "/tournaments/T1/results/proof": [
            {"resultHash": "h2", "header": {**TOURNAMENT["window"], "ranking": {}, "exponent": 2}}
        ],
        "/tournaments/T1/players": [{"players": [*players, pending], "nextCursor": None}],
        "/tournaments/T1/results": [
            {"winners": winners[:1], "nextCursor": "1"},
            {"winners": winners[1:], "nextCursor": None},
        ],
    }

    def hub(_method: str, path: str, cursor: str = "0") -> Any:
        return answers[path][int(cursor)]

    assert recompute.compare_with_result(hub, "T1", MESSAGES, result)
    assert capsys.readouterr().out == ""
    assert not recompute.compare_with_result(hub, "T1", MESSAGES[1:2], result)
    assert "place 1" in capsys.readouterr().out
    assert not recompute.compare_with_result(hub, "T1", MESSAGES, {"resultHash": "h1"})
    less = {**result, "prizePool": {**pool, "rake": "0.00"}}
    assert not recompute.compare_with_result(hub, "T1", MESSAGES, less)
    winners[0]["prizes"][0]["amount"] = "9.99"
    assert not recompute.compare_with_result(hub, "T1", MESSAGES, result)
    told = capsys.readouterr().out
    assert "pool: rake" in told
    assert f"prizes of {winners[0]['playerId']}" in told


def test_its_order_key_is_the_products() -> None:
    from pitboss.rounds.model import round_hash

    message = a_message(1, "ann", "1.00")
    assert recompute.order_key(message, "casino") == round_hash("casino", "aurora", "ann", "r1")
    assert recompute.order_key({**message, "integrationId": "other"}, "casino") == round_hash(
        "other", "aurora", "ann", "r1"
    )
