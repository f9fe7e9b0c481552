"""The capacity bench's figures, weighed once more on a stack that runs: rounds over HTTP through every function that they
concern, and what DynamoDB itself says that each write took.

    make up && .venv/bin/python -m bench.flood [--players 1000 10000] [--ids short wide]

Everything is the product's own but two things: the seats are put on their roster pages directly (registering is
weighed by `bench.registration`), and the stream's batches are handed to the scorer here, all of two seconds at once, since the
emulator knows no batching window. Write units are those of the answers (ReturnConsumedCapacity); the emulator's read units are
not to be trusted beyond a unit a call, so none are shown.
"""

import argparse
import json
import os
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import boto3
from pitboss.kernel.instants import format_instant
from pitboss.kernel.money import format_amount
from pitboss.platform.dynamo import to_item
from pitboss.rounds import codec, keys, store
from pitboss.rounds.model import Layout, Place, pages_for, player_key
from pitboss.scoring.model import Round, Seat, Stint

from bench import workload
from bench.report import keep, table
from devtools.client import Hub
from devtools.costs import collect
from devtools.local_aws import Emulator

GAMES = ("crash-classic", "lucky-sevens", "roulette-live")  # those of the demo tenant
WARM, TURNS = 8, 16
PATH = ("rounds-api", "scorer", "ranker", "authorizer")
# us-east-1, on demand: a write unit, a request of the REST API, an invocation, a GB-second (x86), a request of a FIFO queue.
WRITE_USD, REQUEST_USD, INVOKE_USD, GB_SECOND_USD, QUEUE_USD = 0.625e-6, 3.5e-6, 0.2e-6, 16.6667e-6, 0.5e-6


class Stack:
    """The running local stack, as an operator's key and as AWS."""

    def __init__(self) -> None:
        here = Path(".local")
        emulator = Emulator(**json.loads((here / "up.json").read_text()))
        self.endpoint = emulator.endpoint
        demo = json.loads((here / "demo.json").read_text())
        self.tenant = demo["operator_id"]
        self.hub = Hub(emulator.api_url, demo["token"])

    def client(self, service: str) -> Any:
        """A client of the emulator."""
        made: Any = boto3.Session(region_name="us-east-1").client
        return made(service, endpoint_url=self.endpoint)

    def arena(self) -> str:
        """The name of the hot table."""
        names: list[str] = self.client("dynamodb").list_tables()["TableNames"]
        return next(name for name in names if "arena" in name.lower())

    def scorer_mapping(self) -> tuple[str, str]:
        """(event source mapping, function name) of the scorer."""
        found = self.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        row = next(m for m in found if "scorer" in m["FunctionArn"])
        return row["UUID"], row["FunctionArn"].rsplit(":", 1)[-1]


class Flood:
    """One tournament of so many players, and a round of each every three seconds."""

    def __init__(self, stack: Stack, players: int, ids: str) -> None:
        self.stack, self.players, self.ids = stack, players, ids
        self.start = (time.time_ns() // 1_000_000_000 + 12) * 1000
        self.shift = self.start - workload.START
        self.seats = [self.seat(one) for one in workload.seats_of(players, self.start % 1_000_003)]
        self.table = stack.arena()
        self.after = ""
        self.tid = self.create()
        self.put_rosters()

    def seat(self, seat: Seat) -> Seat:
        """A seat of the workload as this tournament has it; with wide ids, ids as long as UUIDs in words."""
        joined = self.start - 600_000
        player = f"{seat.player_id}-{'0123456789abcdef' * 2}" if self.ids == "wide" else seat.player_id
        return seat._replace(player_id=player, joined_at=joined, stints=(Stint(1, joined),))

    def create(self) -> str:
        """The tournament, made and published over HTTP."""
        body = {
            "name": f"Flood of {self.players}",
            "startTime": format_instant(self.start),
            "endTime": format_instant(self.start + 3_600_000),
            "currency": "EUR",
            "brands": list(workload.BRANDS),
            "games": list(GAMES),
            "expectedPlayers": self.players,
            "rules": {"metric": "total_wagered"},
        }
        tid = str(self.stack.hub("POST", "/tournaments", body)["tournamentId"])
        self.stack.hub("POST", f"/tournaments/{tid}/publish")
        return tid

    def put_rosters(self) -> None:
        """All seats on their pages, as registrations would have left them."""
        first = pages_for(self.players)
        layout, pages = Layout(first, first), dict[int, dict[str, Any]]()
        for seat in self.seats:
            key = player_key(seat.brand_id, seat.player_id)
            place = Place(self.stack.tenant, self.tid, layout.page_of(key))
            page = pages.setdefault(
                place.number,
                {
                    "pk": keys.page_pk(place),
                    "sk": keys.roster_sk(place.number),
                    "tenantId": self.stack.tenant,
                    "schema": store.SCHEMA,
                    "n": 64,
                },
            )
            page[store.SEAT + key] = codec.seat_document(seat)
        client = self.stack.client("dynamodb")
        for page in pages.values():
            client.put_item(TableName=self.table, Item=to_item(page))

    def message(self, round_: Round) -> dict[str, Any]:
        """A round as a casino sends it."""
        wide = self.ids == "wide"
        return {
            "roundId": f"{round_.round_id}-{round_.round_id[::-1]}-{round_.round_id}"
            if wide
            else round_.round_id,
            "brandId": round_.brand_id,
            "playerId": round_.player_id,
            "gameId": GAMES[workload.GAMES.index(round_.game) % len(GAMES)],
            "currency": "EUR",
            "bet": format_amount(round_.bet, 2),
            "win": format_amount(round_.win, 2),
            "startedAt": format_instant(round_.started_at + self.shift),
            "settledAt": format_instant(round_.settled_at + self.shift),
        }

    def send(self, rounds: list[Round]) -> None:
        """What has come in two seconds, at most 500 a request."""
        for start in range(0, len(rounds), workload.BATCH):
            body = {
                "integrationId": "demo",
                "rounds": [self.message(r) for r in rounds[start : start + workload.BATCH]],
            }
            answer = self.stack.hub("POST", "/rounds", body, zipped=True)
            refused = [one for one in answer["results"] if one["status"] != "accepted"]
            if refused:
                raise SystemExit(f"a round was refused: {refused[0]}")

    def flush(self, function: str) -> None:
        """Hand the scorer the inbox items that are new, all in one stream batch."""
        found = self.stack.client("dynamodb").query(
            TableName=self.table,
            KeyConditionExpression="pk = :p AND sk > :a",
            ExpressionAttributeValues={
                ":p": {"S": f"IN#{self.stack.tenant}#demo#0"},
                ":a": {"S": self.after or "0"},
            },
        )["Items"]
        self.after = found[-1]["sk"]["S"]
        event = {"Records": [record(item, number) for number, item in enumerate(found)]}
        answer = self.stack.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        told = json.loads(answer["Payload"].read())
        if told != {"batchItemFailures": []}:
            raise SystemExit(f"the scorer said {told}")


def record(item: dict[str, Any], number: int) -> dict[str, Any]:
    """An inbox item as the stream delivers it."""
    image = {**item, "data": {"B": b64encode(item["data"]["B"]).decode()}}
    return {"eventName": "INSERT", "dynamodb": {"NewImage": image, "SequenceNumber": str(number)}}


def measure(stack: Stack, players: int, ids: str) -> dict[str, Any]:
    """Write units a round by function, counted after the pages' hash windows are full."""
    mapping, function = stack.scorer_mapping()
    functions = stack.client("lambda")
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        flood = Flood(stack, players, ids)
        time.sleep(max(0.0, flood.start / 1000 - time.time() + 2))  # the tournament's own clock
        flood.after = newest(flood)
        since = counted = 0
        for turn, (_, rounds) in enumerate(workload.flushes(flood.seats, WARM + TURNS)):
            began = time.time()
            if turn == WARM:
                settle(stack, 0)
                since = time.time_ns() // 1_000_000
            flood.send(rounds)
            flood.flush(function)
            counted += len(rounds) if turn >= WARM else 0
            time.sleep(max(0.0, began + 2 - time.time()))
        costs = settle(stack, since)
    finally:
        functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    stack.hub("POST", f"/tournaments/{flood.tid}/finish")
    parts = {part: summed(costs, part) for part in PATH}
    written = {part: row["wru"] / counted for part, row in parts.items()}
    return {
        "players": players,
        "ids": ids,
        "rounds": counted,
        "wru_per_round": round(sum(written.values()), 4),
        **{f"wru_{part.replace('-', '_')}": round(units, 4) for part, units in written.items()},
        "lambda_ms_per_round": round(sum(row["ms"] for row in parts.values()) / counted, 4),
        "usd_per_million_rounds": dollars(stack, parts, counted),
        "invocations": {part: int(row["invocations"]) for part, row in parts.items()},
    }


def summed(costs: dict[str, dict[str, float]], part: str) -> dict[str, float]:
    """What one function spent."""
    rows = [row for name, row in costs.items() if part in name]
    return {unit: sum(row.get(unit, 0.0) for row in rows) for unit in ("wru", "ms", "invocations")}


def dollars(stack: Stack, parts: dict[str, dict[str, float]], counted: int) -> dict[str, float]:
    """A million rounds at list prices, all but reads (see capacity.json), logs and traces. Lambda is charged for the time it
    took here, on a machine that does other things too."""
    functions = stack.client("lambda").list_functions()["Functions"]
    memory = {part: f["MemorySize"] for part in PATH for f in functions if part in f["FunctionName"]}
    calls = sum(row["invocations"] for row in parts.values())
    spent = {
        "writes": sum(row["wru"] for row in parts.values()) * WRITE_USD,
        "api": parts["rounds-api"]["invocations"] * REQUEST_USD,
        "lambda": calls * INVOKE_USD
        + sum(row["ms"] / 1000 * memory[part] / 1024 * GB_SECOND_USD for part, row in parts.items()),
        # A wish for a board is sent, received and deleted.
        "queue": 3 * parts["ranker"]["invocations"] * QUEUE_USD,
    }
    return {name: round(usd / counted * 1e6, 4) for name, usd in spent.items()}


def newest(flood: Flood) -> str:
    """The last inbox item before the flood."""
    found = flood.stack.client("dynamodb").query(
        TableName=flood.table,
        KeyConditionExpression="pk = :p",
        ExpressionAttributeValues={":p": {"S": f"IN#{flood.stack.tenant}#demo#0"}},
        ScanIndexForward=False,
        Limit=1,
    )["Items"]
    return str(found[0]["sk"]["S"]) if found else "0"


def settle(stack: Stack, since: int) -> dict[str, dict[str, float]]:
    """What was spent since then, once two looks in a row say the same (boards follow the play)."""
    told = {"endpoint": stack.endpoint}
    before: dict[str, Any] = {}
    for _ in range(60):
        time.sleep(1.5)
        now = {name: row for name, row in collect(told, since).items() if any(p in name for p in PATH)}
        if now == before:
            return now
        before = now
    raise SystemExit("the stack does not come to rest")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--players", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--ids", nargs="+", default=["short", "wide"], choices=["short", "wide"])
    asked = parser.parse_args()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ[name] = "test"
    stack = Stack()
    rows = []
    for ids in asked.ids:
        for players in asked.players:
            rows.append(measure(stack, players, ids))
            print(" ", rows[-1], flush=True)
            keep("flood", rows)
    shown = ("players", "ids", "rounds", "wru_per_round", *(f"wru_{part.replace('-', '_')}" for part in PATH))
    table("write units a round, as DynamoDB answered", [{name: row[name] for name in shown} for row in rows])


if __name__ == "__main__":
    main()
