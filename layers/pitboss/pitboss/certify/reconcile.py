"""Case 95: the provider's file of the day beside the hub's history, and beside it again after three changes."""

import asyncio
import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pitboss.certify.hub_driver import HubDriver
from pitboss.certify.hub_stage import read
from pitboss.certify.model import CaseFailed
from pitboss.certify.scene import Player, Scene
from pitboss.certify.storm import Told

FOLLOWS_WITHIN_S = 120.0


def _rows(scene: Scene, player: Player) -> list[dict[str, Any]]:
    entries: list[Told] = scene.kept["books"]
    return [
        {
            "transactionId": scene.label(entry.act.word(0)),
            "action": entry.act.verb,
            "amount": str(entry.amount),
            "currency": player.currency,
            "userId": player.user_id,
            "roundId": scene.label(entry.act.options["round"]),
        }
        for entry in entries
    ]


async def _diff(driver: HubDriver, scene: Scene, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The differences that name a transaction of this case, or none of the hub's others of the day."""
    player = await driver.player(scene, "1")
    agent = await driver.stage.agent(player.agent)
    provider = await driver.stage.provider(agent, scene.overrides)
    date = datetime.fromtimestamp(scene.began / 1000, UTC).strftime("%Y-%m-%d")
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    api = driver.stage.api(agent)
    found: list[dict[str, Any]] = []
    exchange = await api.call(
        "POST",
        f"/reconciliation/{date}/diff",
        query={"provider": provider.integration_id, "limit": 1000},
        content=content,
        content_type="application/x-ndjson",
    )
    page = read(exchange, "the reconciliation")
    while True:
        found += page["rows"]
        if not page["nextCursor"]:
            break
        where = f"/reconciliation/{date}/diff/{page['diffId']}"
        page = await api.ask("GET", where, limit=1000, cursor=page["nextCursor"])
    return [row for row in found if str(row["transactionId"]).startswith(scene.tag)]


async def reconcile(driver: HubDriver, scene: Scene, line: str) -> None:
    """No difference at first (the history follows within seconds); then exactly the three that were put in."""
    # A provider of its own, so that the day's history holds nothing but this case.
    player = await driver.player(scene, "1")
    rows = _rows(scene, player)
    end = time.monotonic() + FOLLOWS_WITHIN_S
    while found := await _diff(driver, scene, rows):
        if time.monotonic() > end:
            raise CaseFailed(scene.failure(line, "no difference", json.dumps(found)[:600]))
        await asyncio.sleep(1.0)
    invented = {**rows[0], "transactionId": f"{scene.tag}-invented"}
    other = {**rows[1], "amount": str(Decimal(rows[1]["amount"]) + 1)}
    changed = [invented, other, *rows[3:], rows[0]]
    kinds = {row["transactionId"]: row["kind"] for row in await _diff(driver, scene, changed)}
    wanted = {
        invented["transactionId"]: "missing",
        rows[1]["transactionId"]: "differing",
        rows[2]["transactionId"]: "extra",
    }
    if kinds != wanted:
        raise CaseFailed(scene.failure(line, json.dumps(wanted), json.dumps(kinds)))
