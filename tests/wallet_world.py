"""The example wallet of examples/ behind a real HTTP server, and the certification kit in front of it."""

import asyncio
import importlib.util
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from types import ModuleType
from typing import Any

from pitboss.certify.gateway import Line
from pitboss.certify.model import Run
from pitboss.certify.runner import Progress, chosen, run
from pitboss.certify.scene import Player
from pitboss.certify.script import cases, profiles
from pitboss.certify.wallet_driver import Known, WalletDriver, WalletSettings
from pitboss.kernel.ids import ulid
from pitboss.platform.signing import printable_secret

from devtools.console import ROOT

SECRET = b"an operator's callback secret..."


def example() -> ModuleType:
    """examples/wallet.py as a module, imported once."""
    if "example_wallet" not in sys.modules:
        spec = importlib.util.spec_from_file_location("example_wallet", ROOT / "examples" / "wallet.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["example_wallet"] = module
        spec.loader.exec_module(module)
    return sys.modules["example_wallet"]


class BackOffice:
    """The example's own back office as the kit's control."""

    def __init__(self, wallet: Any) -> None:
        self.wallet = wallet

    async def put(self, player: Player, **wishes: Any) -> None:
        own: dict[str, Any] = {k: v for k, v in wishes.items() if k == "status"}
        if "limits" in wishes:
            own["max_bet"] = int(wishes["limits"]["maxBet"]) * 10**player.exponent
        if "balance" in wishes:
            own["balance"] = int(wishes["balance"].replace(".", ""))
        self.wallet.put(player.brand_id, player.user_id, player.currency, **own)

    async def look(self, player: Player) -> Mapping[str, Any]:
        raise NotImplementedError

    async def fault(self, player: Player, action: str, kind: str, times: int) -> None:
        raise NotImplementedError

    def close(self) -> None:
        return


@contextmanager
def serving(wallet: Any) -> Iterator[str]:
    """The wallet on a port of its own; answers its URL."""
    server: ThreadingHTTPServer = example().server(wallet, 0)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        with wallet.lock:
            wallet.db.close()


def new_run_id() -> str:
    return ulid(time.time_ns() // 1_000_000, secrets.token_bytes(10))


def certify(
    wallet: Any,
    only: str = "",
    *,
    players: tuple[Known, ...] = (),
    progress: Progress = lambda _: None,
    **settings: Any,
) -> Run:
    """Run cases against a wallet; with lent players when given, else with the back office."""
    with serving(wallet) as url:
        line = Line(url, timeout_s=5.0)
        made = WalletSettings(url, SECRET, players=players, **settings)
        driver = WalletDriver(made, new_run_id(), line, None if players else BackOffice(wallet))
        work = run(
            driver, chosen(cases(), only), driver.run_id, "default", profiles()["default"], progress=progress
        )
        return asyncio.run(work)


def new_wallet(kind: Any = None, *, secret: bytes = SECRET) -> Any:
    """An example wallet, or one of a subclass with something wrong about it."""
    return (kind or example().Wallet)(printable_secret(secret))
