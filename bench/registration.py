"""What a registration writes: units by kind of item, for a free seat, one that the operator was paid for, and one that is
debited by callback.

The product's own routes on moto (so `make bench registration` needs what the tests need), weighed by bench.weighing from
the real sizes of the items; the demo operator's own table is left out. Players register one after the other into a
tournament that was announced for as many, so that rosters fill as they do in life.
"""

import os
from collections.abc import Callable
from typing import Any

import boto3

from bench.report import keep, table
from bench.weighing import Scale

PLAYERS = 192
INDEXES = {"LedgerTable": ("duepk", "dueAt"), "HubTable": ("gsi1pk", "gsi1sk")}
ENTRIES: dict[str, dict[str, Any]] = {
    "free": {},
    "operator": {"buyIn": "10.00", "rake": "1.00"},
    "callback": {"buyIn": "10.00", "rake": "1.00"},
}
# What tournaments of casinos look like: several brands and games, a rate table, a dozen lines of prizes.
RULES = {
    "metric": "sum_multipliers",
    "minBet": "0.20",
    "firstN": 500,
    "rates": {
        code: {"exponent": 2, "num": 91, "den": 100} for code in ("USD", "GBP", "SEK", "NOK", "PLN", "CAD")
    },
}
PRIZES = {"lines": [{"rankFrom": n, "rankTo": n, "shareBps": 800} for n in range(1, 13)]}


def measure(entry: str) -> dict[str, Any]:
    """Units of the registrations of one tournament."""
    import pytest
    from moto import mock_aws
    from pitboss.platform import aws

    from tests.moto_backup import cheap_transactions
    from tests.moto_stack import create

    with mock_aws(), cheap_transactions(), pytest.MonkeyPatch.context() as patch:
        aws.forget_clients()
        for name, value in create().items():
            patch.setenv(name, value)
        try:
            return weighed(entry, patch)
        finally:
            aws.forget_clients()


def weighed(entry: str, patch: Any) -> dict[str, Any]:
    """The same inside a fresh AWS."""
    from pitboss.platform import aws

    from tests.tournament_world import Hub, hub_with_casino

    def register(hub: Hub) -> dict[str, int]:
        scale = Scale(aws.dynamodb(), boto3.client("dynamodb"), INDEXES)
        tid = hub.create(entry=ENTRIES[entry], rules=RULES, prizes=PRIZES, expectedPlayers=PLAYERS)
        scale.drain()
        for n in range(PLAYERS):
            paid = {"buyInAmount": "11.00"} if entry == "operator" else {}
            assert hub.register(tid, f"player-{n:06d}", **paid).status == 201
            if entry == "callback" and n % 32 == 31:
                hub.now += 60_000  # the worker looks at what it was not told of, as in life
                hub.money()
        return scale.drain()

    if entry == "callback":
        with hub_with_casino(patch) as hub:
            taken = register(hub)
    else:
        taken = register(Hub(patch, ""))
    by_item = {k: round(v / PLAYERS, 2) for k, v in sorted(taken.items()) if not k.startswith("demo")}
    return {
        "entry": entry,
        "players": PLAYERS,
        "write_units": round(sum(by_item.values()), 1),
        "by_item": by_item,
    }


def main() -> None:
    """Measure, print, keep."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        os.environ[name] = "test"
    os.environ.update(AWS_DEFAULT_REGION="us-east-1", STAGE="local")
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Pitboss")
    os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "bench")
    run: Callable[[str], dict[str, Any]] = measure
    rows = [run(entry) for entry in ENTRIES]
    kinds = sorted({kind for row in rows for kind in row["by_item"]})
    table(
        f"write units of a registration, mean of {PLAYERS}",
        [
            {"item": kind, **{row["entry"]: float(row["by_item"].get(kind, 0)) for row in rows}}
            for kind in kinds
        ]
        + [{"item": "all", **{row["entry"]: float(row["write_units"]) for row in rows}}],
    )
    keep("registration", rows)


if __name__ == "__main__":
    main()
