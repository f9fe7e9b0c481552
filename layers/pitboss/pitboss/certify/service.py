"""Runs as an API: ask for one, look how far it is, take its report."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pitboss.certify import queueing, sealing, store
from pitboss.certify.gateway import LineError, check_url
from pitboss.certify.runner import chosen
from pitboss.certify.script import cases
from pitboss.certify.store import RunRecord
from pitboss.kernel.canonical import canonical_json
from pitboss.kernel.instants import format_instant
from pitboss.kernel.refusal import FieldError, Refusal
from pitboss.platform.settings import callback_ports, is_local, optional
from pitboss.tenancy.public import settings_of, sign_bytes

NO_PROFILE = "every operator's wallet is asked in the hub's own protocol"
SIGNED_AS = b"pitboss certification report\n"


def _url(text: str, field: str) -> str:
    try:
        return check_url(text, local=is_local(), ports=callback_ports())
    except LineError as error:
        raise Refusal(
            "URL_NOT_ALLOWED", f"{field}: {error}.", errors=[FieldError(field, str(error))]
        ) from None


def request(
    tenant_id: str,
    body: Mapping[str, Any],
    token: str,
    run_id: str,
    event_id: str,
    now: int,
) -> RunRecord:
    """Keep the run and hand it to a worker. The same `run_id` again (a repeated request) hands it over again.

    Args:
        body: the request, checked, in camelCase.
        token: the caller's API token: a run against the hub makes agents and players below the caller's node with it.
    Refusals VALIDATION_ERROR, URL_NOT_ALLOWED.
    """
    total = len(_chosen(body["cases"]))
    wallet_url = body["walletUrl"] or settings_of(tenant_id).wallet_url
    control = body["control"] or {}
    target = body["mode"] if body["target"] == "hub" else "wallet"
    # In demo mode a seamless run may leave the operator to us: the worker knows the demo wallet and its control door.
    demo = target == "seamless" and not control and optional("DEMO_MODE", "false") == "true"
    if not demo:
        _check(target, wallet_url, control, body)
    asked = {
        "walletUrl": "" if demo or target == "transfer" else _url(wallet_url, "walletUrl"),
        "controlUrl": _url(control["url"], "control.url") if control else "",
        "players": body["players"],
    }
    run = RunRecord(
        tenant_id=tenant_id,
        run_id=run_id,
        target=target,
        profile=body["profile"],
        only=body["cases"],
        address=asked["walletUrl"] if target == "wallet" else "the hub itself",
        total=total,
        asked=asked,
        created_at=now,
    )
    kept = store.create(run, event_id)
    secrets = {"token": token, "controlToken": control.get("token", "")}
    # A run that is handed over twice is played once: the worker takes a lease.
    queueing.ask(tenant_id, run_id, sealing.seal(secrets, run_id, now))
    return kept


def _chosen(only: str) -> list[Any]:
    try:
        return chosen(cases(), only)
    except ValueError as error:
        raise Refusal(
            "VALIDATION_ERROR", f"cases: {error}.", errors=[FieldError("cases", str(error))]
        ) from None


def _check(target: str, wallet_url: str, control: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    errors = []
    if target == "wallet" and body["profile"] != "default":
        errors.append(FieldError("profile", f"for a hub only: {NO_PROFILE}"))
    if target != "transfer" and not wallet_url:
        errors.append(FieldError("walletUrl", "required: the settings name no wallet either"))
    if target == "seamless" and not control:
        errors.append(FieldError("control", "required: the hub cannot make players in the operator's wallet"))
    if target == "wallet" and not control and not any(not p["role"] for p in body["players"]):
        errors.append(FieldError("players", "at least one ordinary player, or a control door"))
    if errors:
        raise Refusal(
            "VALIDATION_ERROR", "; ".join(f"{e.pointer}: {e.reason}" for e in errors), errors=errors
        )


def find(tenant_id: str, run_id: str, now: int) -> RunRecord:
    """One run. A run that nobody can play any more (its message is over) is shown as broken. Refusal NOT_FOUND."""
    run = store.find(tenant_id, run_id) if len(run_id) == 26 else None
    if run is None:
        raise Refusal("NOT_FOUND", "There is no certification run with this id.")
    if run.state in ("queued", "running") and now - run.created_at > sealing.LIFE_MS + store.LEASE_MS:
        return replace(run, state="broken", reason="It was not ended in time; start another one.")
    return run


def row(run: RunRecord) -> dict[str, Any]:
    """A run in a list."""
    return {
        "runId": run.run_id,
        "state": run.state,
        "target": run.target,
        "profile": run.profile,
        "address": run.address,
        "createdAt": format_instant(run.created_at),
        "endedAt": format_instant(run.ended_at) if run.ended_at else None,
    }


def view(run: RunRecord) -> dict[str, Any]:
    """A run and how far it is."""
    done = store.cases_of(run)
    counts = {state: sum(1 for c in done if c["state"] == state) for state in ("passed", "failed", "skipped")}
    brief = ("number", "title", "group", "state", "elapsedMs", "note")
    return {
        **row(run),
        "total": run.total,
        **counts,
        "certified": (not counts["failed"] and counts["passed"] > 0) if run.state == "done" else None,
        "reason": run.reason or None,
        "startedAt": format_instant(run.started_at) if run.started_at else None,
        "cases": [{name: case[name] for name in brief} for case in done],
        "events": [{"type": kind, "at": format_instant(at)} for at, kind in store.events_of(run)],
        "report": f"/certification/runs/{run.run_id}/report" if run.state == "done" else None,
    }


def signed_report(run: RunRecord) -> dict[str, Any]:
    """The report with the hub's signature. Refusal RESULT_NOT_READY."""
    if run.state != "done":
        raise Refusal(
            "RESULT_NOT_READY", "The run has not ended; look again, or read how far it is.", retry_after_s=5
        )
    done = store.cases_of(run)
    counts = {state: sum(1 for c in done if c["state"] == state) for state in ("passed", "failed", "skipped")}
    document = {
        "schema": 1,
        "runId": run.run_id,
        "target": run.target,
        "profile": run.profile,
        "address": run.address,
        "startedAt": format_instant(run.started_at),
        "endedAt": format_instant(run.ended_at),
        "certified": not counts["failed"] and counts["passed"] > 0,
        **counts,
        "cases": done,
    }
    kid, raw = sign_bytes(SIGNED_AS + canonical_json(document))
    value = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return {**document, "signature": {"alg": "EdDSA", "kid": kid, "value": value}}
