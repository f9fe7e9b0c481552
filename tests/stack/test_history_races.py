"""The ledger feed in parallel on the local AWS: overlapping batches, repeated and rival, end as if each came once."""

import json
import random
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pitboss.kernel.ids import ulid
from pitboss.platform import aws
from pitboss.platform.dynamo import to_item
from pitboss.reports import store
from pitboss.reports.model import DAY_MS, LANES, NOTHING, Cell, Figures, added, cell_of, day_of, figures_of
from pitboss.wallet.codec import pack_tx
from pitboss.wallet.model import Tx, TxKey
from pitboss.wallet.store import tx_key

from tests.conftest import Stack

pytestmark = pytest.mark.stack
TENANT = "01J00000000000000000HRACES"
START = 1_767_225_600_000 + DAY_MS - 4_000  # the last seconds of a day, and the first of the next


def records(rng: random.Random, number: int) -> list[dict[str, Any]]:
    """A stream of bets of few players in few seconds, a third of them rolled back later."""
    made: list[dict[str, Any]] = []
    for n in range(number):
        at = START + rng.randrange(8_000)
        states = ["PENDING", "DONE"] if rng.random() < 0.5 else ["DONE"]
        for state in [*states, *(["ROLLED_BACK"] if rng.random() < 0.3 else [])]:
            tx = Tx(
                tenant_id=TENANT,
                key=TxKey("race", "bet", f"b{n}"),
                hub_id=ulid(at, f"b{n}".encode().rjust(10, b"_")),
                player_id=f"01J0000000000000000000PL{n % 6:02d}",
                brand_id="aurora",
                user_id=f"u{n % 6}",
                currency="EUR",
                exponent=2,
                state=state,  # type: ignore[arg-type]
                amount=100 + n,
                type="bet",
                round_id=f"r{n}",
                game_id=f"g{n % 3}",
                at=at,
            )
            pk, sk = tx_key(TENANT, tx.key)
            typed = to_item({"pk": pk, "sk": sk, **pack_tx(tx)})
            image = {k: {"B": b64encode(v["B"]).decode()} if "B" in v else v for k, v in typed.items()}
            change = {"Keys": {}, "NewImage": image, "SequenceNumber": str(10**21 + len(made))}
            made.append({"eventName": "INSERT", "eventSource": "aws:dynamodb", "dynamodb": change})
    return made


def test_rival_feeds_of_one_stream_count_each_transaction_once(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(7)
    stream = records(rng, 240)
    # Portions that overlap, each of them twice, in any order: more than a stream would ever do at once.
    cuts = [stream[start : start + 40] for start in range(0, len(stream), 25)] * 2
    rng.shuffle(cuts)
    function = next(
        f["FunctionName"]
        for f in stack.client("lambda").list_functions()["Functions"]
        if f["FunctionName"].endswith("-ledger-feed")
    )

    def deliver(batch: list[dict[str, Any]]) -> Any:
        client = stack.client("lambda")
        for _ in range(20):  # what is reported as failed comes again, as the stream would bring it
            answer = client.invoke(FunctionName=function, Payload=json.dumps({"Records": batch}).encode())
            told = json.loads(answer["Payload"].read())
            failed = {row["itemIdentifier"] for row in told["batchItemFailures"]}
            if not failed:
                return
            batch = [r for r in batch if r["dynamodb"]["SequenceNumber"] in failed]
        raise AssertionError("a batch never came through")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(deliver, cuts))

    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.endpoint)
    monkeypatch.setenv("HUB_TABLE", stack.outputs["HubTable"])
    aws.forget_clients()
    try:
        check(stream)
    finally:
        aws.forget_clients()


def check(stream: list[dict[str, Any]]) -> None:
    from pitboss.reports.worker import change_of

    from tests.simulation.test_history_exactly_once import expected_rows

    expected = expected_rows([[change_of(record) for record in stream]])
    figures: dict[tuple[int, Cell], Figures] = {}
    for row in expected.values():
        place = (day_of(row.at), cell_of(row))
        figures[place] = added(figures.get(place, NOTHING), figures_of(row))
    rows = {}
    counted: dict[tuple[int, Cell], Figures] = {}
    for lane in range(LANES):
        found = store.rows_between(TENANT, lane, START - 10_000, START + 20_000, forward=True)
        rows |= {row.id: row for row in found}
        for day in store.days_between(TENANT, lane, START - DAY_MS, START + DAY_MS):
            for cell, part in day.cells.items():
                counted[day.start, cell] = added(counted.get((day.start, cell), NOTHING), part)
    assert rows == expected
    assert counted == figures
    assert {day for day, _ in counted} == {day_of(START), day_of(START) + DAY_MS}
    for player in {row.player_id for row in expected.values()}:
        shown = list(store.player_rows(TENANT, player, after="0", before="9999999999999~", forward=True))
        assert {row.id: row for row in shown} == {i: r for i, r in expected.items() if r.player_id == player}
