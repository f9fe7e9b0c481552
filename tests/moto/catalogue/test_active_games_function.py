"""`GET /active-games` as deployed: the function's own composition, from what the rounds engine holds as live."""

from dataclasses import replace
from typing import Any

import pytest
from pitboss.catalogue import known as memory
from pitboss.platform import dynamo
from pitboss.platform.clock import now_ms
from pitboss.rounds.public import Live, live_put_op
from pitboss.tenancy.api import api as tenancy_api

from tests.functions import load
from tests.tenancy_world import Client, made, operator, root_client

pytestmark = [pytest.mark.moto, pytest.mark.usefixtures("aws")]

MINUTE = 60_000


def test_games_of_tournaments_from_a_quarter_hour_before_the_start_to_the_end_of_grace() -> None:
    memory.forget()
    app: Any = load("catalogue_api")
    tenant, client = operator(root_client(tenancy_api))
    call = Client(app.api, client.token)
    brands = [{"ref": "aurora", "name": "Aurora"}, {"ref": "borealis", "name": "Borealis"}]
    made(call("PUT", "/integrations/{id}/operators", [{"ref": "o", "name": "O", "brands": brands}], id="int"))
    slugs = ("early", "soon", "on", "grace", "over", "voided")
    rows = [{"gameId": s, "displayName": s, "gameProviderDisplayName": "S"} for s in slugs]
    made(call("PUT", "/integrations/{id}/games", rows, id="int"))
    now = now_ms()
    # start, end, end of grace in minutes from now, and the status that the tournament has then
    times = {
        "early": (16, 76, 77, "registration"),
        "soon": (14, 74, 75, "registration"),
        "on": (-10, 50, 51, "running"),
        "grace": (-60, -1, 1, "closing"),
        "over": (-60, -2, -1, "provisional"),
        "voided": (-10, 50, 51, "voided"),
    }
    base = example(tenant)
    for slug, (start, end, grace, status) in times.items():
        live = replace(
            base,
            tournament_id=f"t-{slug}",
            status=status,
            start_at=now + start * MINUTE,
            end_at=now + end * MINUTE,
            grace_until=now + grace * MINUTE,
            games=(slug,),
            brands=("aurora",),
        )
        dynamo.transact([live_put_op(live)])
    answer = made(call("GET", "/active-games"))
    assert answer["activeGames"] == [
        {"gameId": slug, "brandIds": ["aurora"], "tournamentIds": [f"t-{slug}"]}
        for slug in ("grace", "on", "soon")
    ]


def example(tenant: str) -> Live:
    return Live(
        tenant_id=tenant,
        tournament_id="t",
        status="running",
        rules={"metric": "total_wagered"},
        start_at=0,
        end_at=0,
        grace_until=0,
        pauses=(),
        brands=(),
        games=(),
        pages=1,
        currency="EUR",
        exponent=2,
        ranking={},
        prizes={},
    )
