"""The worker of certification runs.

A message names a run. Whoever takes its lease plays the cases that have not ended yet; each case is kept as it ends, so a
worker that dies costs the cases it was at. Near its end an invocation hands the rest to another one.
"""

import asyncio
import json
import time
from typing import Any

from pitboss.certify import queueing, report, sealing, store
from pitboss.certify.control import OperatorControl, OperatorDoor
from pitboss.certify.gateway import Line, anywhere, only_public
from pitboss.certify.hub_driver import HubDriver
from pitboss.certify.hub_stage import HubSettings
from pitboss.certify.model import Case, SetupFailed
from pitboss.certify.runner import chosen, patience, run_case
from pitboss.certify.scene import Port
from pitboss.certify.script import cases, profiles
from pitboss.certify.store import RunRecord
from pitboss.certify.wallet_driver import Known, WalletDriver, WalletSettings
from pitboss.platform import signing
from pitboss.platform.clock import new_ulid, now_ms
from pitboss.platform.masters import callback_master
from pitboss.platform.observe import count, logger
from pitboss.platform.settings import is_local, setting
from pitboss.platform.worker import worker

START_WITHIN_S = 150.0  # a case that begins now may take CASE_S, and the function's time-out is 600 s
CALL_S = 10.0


@worker
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """SQS entry point, one run a message."""
    failed = []
    for record in event["Records"]:
        try:
            drive(json.loads(record["body"]))
        except Exception:  # noqa: BLE001 - back to the queue, which tries again and then keeps it
            logger.exception("a certification could not be played")
            count("certification_failures")
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def drive(message: dict[str, Any]) -> None:
    """Play a run as far as time allows."""
    run = store.find(message["tenantId"], message["runId"])
    now = now_ms()
    if run is None or run.state in ("done", "broken") or run.lease_until > now:
        return
    first = run.state == "queued"
    kind = "certification.started" if first else ""
    to: dict[str, Any] = {"state": "running", "lease_until": now + store.LEASE_MS}
    held = store.change(run, new_ulid(now), kind, now=now, **to, started_at=now if first else run.started_at)
    if held is None:
        return
    try:
        secrets = sealing.unseal(message["sealed"], run.run_id, now)
        left = asyncio.run(_play(held, _port(held, secrets)))
    except (SetupFailed, ValueError) as error:
        _end(held, "broken", "certification.broken", str(error)[:500])
        return
    if left:
        released = store.change(held, lease_until=0)
        if released is not None:
            queueing.ask(run.tenant_id, run.run_id, message["sealed"])
        return
    _end(held, "done", "certification.completed")
    count("certifications_completed")


def _end(held: RunRecord, state: str, kind: str, reason: str = "") -> None:
    now = now_ms()
    store.change(held, new_ulid(now), kind, now=now, state=state, ended_at=now, lease_until=0, reason=reason)


async def _play(run: RunRecord, port: Port) -> list[Case]:
    """Cases that have not been begun when the time was over."""
    ended = {case["number"] for case in store.cases_of(run)}
    todo = sorted((c for c in chosen(cases(), run.only) if c.number not in ended), key=patience)
    switches = profiles()[run.profile]
    gate = asyncio.Semaphore(port.side_by_side)
    until = time.monotonic() + START_WITHIN_S
    left: list[Case] = []

    async def one(case: Case) -> None:
        async with gate:
            if time.monotonic() > until:
                left.append(case)
                return
            result = await run_case(port, case, port.run_id, switches)
            store.put_case(run, report.case_document(result, case))

    try:
        await port.open()
        await asyncio.gather(*(one(case) for case in todo))
    finally:
        await port.close()
    return left


def _port(run: RunRecord, secrets: dict[str, str]) -> Port:
    resolve = anywhere if is_local() else only_public
    asked = run.asked
    control: OperatorControl | None = None
    if run.target == "seamless" and not asked["controlUrl"]:
        demo = f"{setting('API_URL')}/demo-operator/wallet"
        asked = {**asked, "walletUrl": demo, "controlUrl": demo}
        secrets = {**secrets, "controlToken": setting("DEMO_TOKEN")}
    if asked["controlUrl"]:
        line = Line(asked["controlUrl"], timeout_s=CALL_S * 3, resolve=resolve)
        control = OperatorDoor(line, secrets["controlToken"], run.tenant_id)
    # Ids of an earlier attempt at the same case are not those of this one.
    attempt = new_ulid()
    if run.target != "wallet":
        hub = HubSettings(
            setting("API_URL"),
            secrets["token"],
            run.target,
            asked["walletUrl"],
            tenant_id=run.tenant_id,
            label=run.run_id,
            profile=run.profile,
        )
        return HubDriver(hub, attempt, Line(hub.url, timeout_s=CALL_S * 3), control)
    players = tuple(Known(p["userId"], p["brandId"], p["currency"], p["role"]) for p in asked["players"])
    wallet = WalletSettings(
        url=asked["walletUrl"],
        secret=signing.tenant_secret(callback_master(), run.tenant_id),
        tenant_id=run.tenant_id,
        brand_id=players[0].brand_id if players else "certify",
        players=players,
    )
    return WalletDriver(wallet, attempt, Line(wallet.url, timeout_s=CALL_S, resolve=resolve), control)
