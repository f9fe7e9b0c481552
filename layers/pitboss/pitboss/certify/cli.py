"""The command `pitboss`.

    pitboss certify https://their-wallet.example --secret whsec_... --player alice --player bob
    pitboss certify --hub https://hub.example/api --token ... --mode transfer
    pitboss cases

Exit status: 0 certified, 1 not, 2 could not begin.
"""

import argparse
import asyncio
import json
import os
import secrets
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pitboss.certify import report
from pitboss.certify.control import OperatorControl, OperatorDoor
from pitboss.certify.gateway import Line, LineError, check_url
from pitboss.certify.hub_driver import HubDriver
from pitboss.certify.hub_stage import HubSettings
from pitboss.certify.memory import Memory
from pitboss.certify.model import Case, Result, Run, SetupFailed
from pitboss.certify.page import html
from pitboss.certify.runner import chosen, run
from pitboss.certify.scene import Port
from pitboss.certify.script import cases, profiles
from pitboss.certify.secret import secret_bytes
from pitboss.certify.wallet_driver import Known, WalletDriver, WalletSettings
from pitboss.kernel.ids import ulid

CALL_S = 10.0
HUB_CALL_S = 30.0


class UsageError(Exception):
    """The command was called with something missing or wrong; the message says what."""


def new_run_id() -> str:
    """A ULID for a run."""
    return ulid(time.time_ns() // 1_000_000, secrets.token_bytes(10))


def parser() -> argparse.ArgumentParser:
    """The arguments; every one of `certify` may also stand in certify.toml."""
    top = argparse.ArgumentParser(prog="pitboss", description="Certify a seamless wallet, or a hub.")
    commands = top.add_subparsers(dest="command", required=True)
    one = commands.add_parser(
        "certify", help="run the cases", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    one.add_argument("url", nargs="?", default="", help="base URL of the wallet: /bet and the like are added")
    one.add_argument("--profile", default="default", choices=sorted(profiles()))
    one.add_argument("--secret", default="", help="whsec_...; or in the environment, PITBOSS_SECRET")
    one.add_argument("--player", action="append", default=[], metavar="USER[:CURRENCY[:ROLE]]")
    one.add_argument("--brand", default="")
    one.add_argument("--tenant", default="")
    one.add_argument("--no-lists", action="store_true", help="the wallet has no POST /transaction")
    one.add_argument(
        "--control", default="", metavar="URL", help="the wallet's control door (docs/certify.md)"
    )
    one.add_argument("--control-token", default="")
    one.add_argument("--hub", default="", metavar="URL", help="certify a hub instead: its API's base URL")
    one.add_argument("--token", default="", help="API token for --hub; or in the environment, PITBOSS_TOKEN")
    one.add_argument("--mode", default="transfer", choices=("transfer", "seamless"))
    one.add_argument("--config", type=Path, metavar="certify.toml")
    one.add_argument("--only", default="", metavar="1-9,15,rollbacks")
    one.add_argument(
        "--memory", type=Path, help="a file that lets case 23 replay what earlier runs have left"
    )
    one.add_argument("--html", type=Path, default=Path("certification.html"))
    one.add_argument("--json", type=Path, default=Path("certification.json"))
    one.add_argument("--no-files", action="store_true", help="write no report")
    one.add_argument("--all", action="store_true", help="list every case in the table")
    one.add_argument("--quiet", action="store_true", help="no line per case")
    one.add_argument("--timeout", type=float, default=0.0, metavar="SECONDS", help="of one call")
    commands.add_parser("cases", help="print the cases with their rules and scripts")
    return top


def _config(given: argparse.Namespace) -> dict[str, Any]:
    """certify.toml, if there is one; arguments win over it."""
    path = given.config or (Path("certify.toml") if Path("certify.toml").exists() else None)
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}") from None


def _known(text: str, brand: str) -> Known:
    user, _, rest = text.partition(":")
    currency, _, role = rest.partition(":")
    return Known(user, brand, currency or "EUR", role)


def _wallet(given: argparse.Namespace, config: Mapping[str, Any], run_id: str) -> Port:
    url = given.url or config.get("url", "")
    secret = given.secret or os.environ.get("PITBOSS_SECRET", "") or config.get("secret", "")
    if not url or not secret:
        raise UsageError("Name the wallet's URL and its secret (--secret whsec_..., or PITBOSS_SECRET).")
    brand = given.brand or config.get("brand", "certify")
    tenant = given.tenant or config.get("tenant", "certify")
    players = [_known(text, brand) for text in given.player]
    players += [
        Known(row["userId"], row.get("brandId", brand), row.get("currency", "EUR"), row.get("role", ""))
        for row in config.get("players", ())
    ]
    settings = WalletSettings(
        url=check_url(url, local=True),
        secret=secret_bytes(secret),
        tenant_id=tenant,
        brand_id=brand,
        provider=config.get("provider", "certify"),
        players=tuple(players),
        lists=not given.no_lists and config.get("lists", True),
    )
    line = Line(settings.url, timeout_s=given.timeout or CALL_S)
    return WalletDriver(settings, run_id, line, _control(given, config, tenant))


def _control(given: argparse.Namespace, config: Mapping[str, Any], tenant: str) -> OperatorControl | None:
    door = config.get("control", {})
    url = given.control or door.get("url", "")
    if not url:
        return None
    token = given.control_token or door.get("token", "")
    return OperatorDoor(Line(check_url(url, local=True), timeout_s=HUB_CALL_S), token, tenant)


def _hub(given: argparse.Namespace, config: Mapping[str, Any], run_id: str) -> Port:
    token = given.token or os.environ.get("PITBOSS_TOKEN", "") or config.get("token", "")
    if not token:
        raise UsageError("Name an API token of the hub (--token, or PITBOSS_TOKEN).")
    control = _control(given, config, "")
    wallet_url = given.url or config.get("url", "")
    if given.mode == "seamless" and (control is None or not wallet_url):
        raise UsageError("Seamless mode needs the operator's wallet: its URL, and --control.")
    settings = HubSettings(
        check_url(given.hub, local=True), token, given.mode, wallet_url, profile=given.profile
    )
    return HubDriver(settings, run_id, Line(settings.url, timeout_s=given.timeout or HUB_CALL_S), control)


def _show(by_number: Mapping[int, Case], total: int) -> Callable[[Result], None]:
    done = 0

    def show(result: Result) -> None:
        nonlocal done
        done += 1
        row = report.case_document(result, by_number[result.number])
        print(f"{report.line(row)}  {done}/{total}", flush=True)  # noqa: T201 - this is a command

    return show


def certify(given: argparse.Namespace) -> int:
    """Run, tell, write; answers the exit status."""
    config = _config(given)
    run_id = new_run_id()
    if not given.hub and given.profile != "default":
        raise UsageError(
            f"--profile {given.profile} goes with --hub: every wallet is asked in the hub's own protocol."
        )
    port = _hub(given, config, run_id) if given.hub else _wallet(given, config, run_id)
    found = chosen(cases(), given.only)
    by_number = {case.number: case for case in found}
    memory = Memory(given.memory) if given.memory else None
    progress = (lambda _: None) if given.quiet else _show(by_number, len(found))
    switches = profiles()[given.profile]
    made = asyncio.run(run(port, found, run_id, given.profile, switches, progress=progress, memory=memory))
    return tell(made, by_number, None if given.no_files else (given.html, given.json), all_cases=given.all)


def tell(
    made: Run, by_number: Mapping[int, Case], files: tuple[Path, Path] | None, *, all_cases: bool = False
) -> int:
    """Print the table, write the report, answer the exit status."""
    document = report.document(made, by_number)
    print(f"\n{report.table(document, all_cases=all_cases)}")  # noqa: T201
    if files:
        page, data = files
        page.write_text(html(document), "utf-8")
        data.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")
        print(f"  report: {page}, {data}")  # noqa: T201
    return 0 if made.certified else 1


def show_cases() -> int:
    """Every case as text."""
    for case in cases():
        print(f"{case.number:>2}  [{case.level}] {case.title}\n    {case.rule}  ({case.source})")  # noqa: T201
        for play in case.plays:
            switches = " ".join(f"{name}={value}" for name, value in play.switches.items())
            print(f"    {'/'.join(play.targets)} {switches}".rstrip())  # noqa: T201
            for line in (step.text for step in play.steps):
                print(f"        {line}")  # noqa: T201
            if play.skip:
                print(f"        not played: {play.skip}")  # noqa: T201
    return 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script."""
    given = parser().parse_args(arguments)
    try:
        status = show_cases() if given.command == "cases" else certify(given)
    except (UsageError, LineError, ValueError) as error:
        sys.exit(_stop(str(error)))
    except SetupFailed as failed:
        sys.exit(_stop(str(failed)))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output (head, less) has gone; what is left unsaid must not become a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(status)


def _stop(text: str) -> int:
    print(f"pitboss: {text}", file=sys.stderr)  # noqa: T201
    return 2


def run_port(port: Port, only: str, profile: str, memory: Path | None, *, quiet: bool = False) -> Run:
    """A run with lines on the terminal, for who has built the port already (devtools/certify.py)."""
    found = chosen(cases(), only)
    shown = (lambda _: None) if quiet else _show({case.number: case for case in found}, len(found))
    kept = Memory(memory) if memory else None
    return asyncio.run(
        run(port, found, port.run_id, profile, profiles()[profile], progress=shown, memory=kept)
    )
