"""`make certify`: all cases against the hub that `make up` has started (both modes), against the demo operator's wallet and
against the wallet to copy (examples/wallet.py); three tables, a report each in .local/certification, and the counts in
bench/results/certification.json.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from pitboss.certify.cli import new_run_id, run_port, tell
from pitboss.certify.control import OperatorDoor
from pitboss.certify.gateway import Line
from pitboss.certify.hub_driver import HubDriver
from pitboss.certify.hub_stage import HubSettings
from pitboss.certify.model import Run
from pitboss.certify.scene import Port
from pitboss.certify.script import cases
from pitboss.certify.secret import secret_bytes
from pitboss.certify.wallet_driver import WalletDriver, WalletSettings

from devtools import console
from devtools.console import LOCAL, ROOT
from devtools.up import describe

RESULTS = ROOT / "bench/results/certification.json"
REPORTS = LOCAL / "certification"
CALL_S = 30.0


def door(stack: dict[str, str]) -> OperatorDoor:
    """The demo wallet's control door."""
    line = Line(f"{stack['api']}/demo-operator/wallet", timeout_s=CALL_S)
    return OperatorDoor(line, stack["demo_token"], stack["operator_id"])


def hub(mode: str) -> Callable[[dict[str, str]], Port]:
    """The kit as game provider against the hub."""

    def make(stack: dict[str, str]) -> Port:
        wallet = f"{stack['api']}/demo-operator/wallet"
        settings = HubSettings(stack["api"], stack["token"], mode, wallet)
        line = Line(stack["api"], timeout_s=CALL_S)
        return HubDriver(settings, new_run_id(), line, door(stack) if mode == "seamless" else None)

    return make


def demo_wallet(stack: dict[str, str]) -> Port:
    """The kit as hub against the demo operator's wallet."""
    url = f"{stack['api']}/demo-operator/wallet"
    headers = {"Authorization": f"Bearer {stack['token']}", "Accept": "application/json"}
    with urlopen(Request(f"{stack['api']}/callback-secret", headers=headers), timeout=CALL_S) as answer:
        secret = json.load(answer)["secret"]
    settings = WalletSettings(url, secret_bytes(secret), tenant_id=stack["operator_id"], brand_id="aurora")
    return WalletDriver(settings, new_run_id(), Line(url, timeout_s=CALL_S), door(stack))


MODES: dict[str, tuple[str, Callable[[dict[str, str]], Port]]] = {
    "transfer": ("the hub, balances in the hub", hub("transfer")),
    "seamless": ("the hub, balances at the demo operator", hub("seamless")),
    "wallet": ("the demo operator's wallet", demo_wallet),
}


def counts(mode: str, run: Run) -> dict[str, Any]:
    """A row of the results."""
    return {
        "mode": mode,
        "passed": run.count("passed"),
        "failed": run.count("failed"),
        "skipped": run.count("skipped"),
    }


def keep(rows: list[dict[str, Any]]) -> None:
    """Write the results; a mode that was not run keeps its row."""
    known = {row["mode"]: row for row in json.loads(RESULTS.read_text("utf-8"))} if RESULTS.exists() else {}
    known |= {row["mode"]: row for row in rows}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    ordered = [known[mode] for mode in MODES if mode in known]
    RESULTS.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")


def main() -> None:
    """Exit 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases: 1-9,15,rollbacks")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--memory", type=Path, default=REPORTS / "memory.jsonl")
    given = parser.parse_args()
    stack = describe()
    REPORTS.mkdir(parents=True, exist_ok=True)
    by_number = {case.number: case for case in cases()}
    rows, status = [], 0
    for mode in given.modes.split(","):
        title, make = MODES[mode]
        print(f"\n{title}", flush=True)
        began = time.monotonic()
        run = run_port(make(stack), given.only, "default", given.memory, quiet=given.quiet)
        files = (REPORTS / f"{mode}.html", REPORTS / f"{mode}.json")
        status |= tell(run, by_number, files)
        print(f"  {time.monotonic() - began:.0f} s")
        rows.append(counts(mode, run))
    if not given.only:
        keep(rows)
        print(f"\ncounts: {RESULTS.relative_to(ROOT)}")
    sys.exit(status)


if __name__ == "__main__":
    console.run(main)
