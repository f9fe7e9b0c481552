"""A tenant with a ledger that is carried on by the feed, and the routes that read what came of it.

The ledger's items are put in the wallet's own stored form; the stream is played by hand, so that its order, repetitions and
portions are the test's.
"""

from dataclasses import dataclass, field
from typing import Any

from pitboss.catalogue.api import api as catalogue_api
from pitboss.inspector.api import api as inspector_api
from pitboss.kernel.ids import ulid
from pitboss.platform import dynamo
from pitboss.platform.dynamo import from_item
from pitboss.reports import feed
from pitboss.reports.api import api as reports_api
from pitboss.reports.feed import Change
from pitboss.rounds.wallet_feed import ingest_closed
from pitboss.wallet.model import Round, RoundRecord, Tx, TxKey, Wallet
from pitboss.wallet.store import player_put_op, round_put_op, tx_put_op, wallet_put_op

from tests.tenancy_world import Client, made, operator, root_client

DAY = 1_767_225_600_000  # 2026-01-01
PLAYERS = {
    "u-1": "01J00000000000000000000P01",
    "u-2": "01J00000000000000000000P02",
    "u-3": "01J00000000000000000000P03",
}


@dataclass
class Ledger:
    """One tenant's ledger. Every put is remembered as a change of the stream until `flow` carries it on."""

    tenant_id: str
    client: Client
    inspector: Client
    seq: int = 0
    pending: list[Change] = field(default_factory=list)
    passed: list[Change] = field(default_factory=list)

    def _emit(self, op: Any, old: dict[str, Any] | None = None) -> None:
        item = from_item(op["Put"]["Item"])
        dynamo.apply({"Put": {"TableName": op["Put"]["TableName"], "Item": op["Put"]["Item"]}})
        self.seq += 1
        self.pending.append(Change(item, old, self.seq))

    def wallet(self, user: str, **more: Any) -> Wallet:
        """A player's wallet as it stands after everything."""
        plain: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "player_id": PLAYERS[user],
            "brand_id": "brand-a",
            "user_id": user,
            "currency": "EUR",
            "exponent": 2,
            "mode": "transfer",
        }
        made = Wallet(**{**plain, **more})
        self._emit(wallet_put_op(made, more.get("version", 1) - 1))
        dynamo.apply(
            {
                "Put": {
                    k: v
                    for k, v in player_put_op(made)["Put"].items()
                    if not k.startswith(("Cond", "Return"))
                }
            }
        )  # type: ignore[typeddict-item, misc]
        return made

    def tx(self, kind: str, ext_id: str, amount: int, at: int, user: str = "u-1", **more: Any) -> Tx:
        """A transaction as it is now (again: as it became)."""
        plain: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "key": TxKey(more.pop("provider", "prov"), kind, ext_id),
            "hub_id": ulid(at, f"{kind}{ext_id}".encode()[-10:].rjust(10, b"_")),
            "player_id": PLAYERS[user],
            "brand_id": "brand-a",
            "user_id": user,
            "currency": "EUR",
            "exponent": 2,
            "state": "DONE",
            "amount": amount,
            "type": kind if kind in ("bet", "win") else "",
            "round_id": "" if kind in ("deposit", "withdraw") else f"r-{ext_id}",
            "game_id": "" if kind in ("deposit", "withdraw") else "book",
            "at": at,
        }
        made = Tx(**{**plain, **more})
        self._emit(tx_put_op(made))
        return made

    def round(
        self, round_id: str, stake: int, win: int, at: int, user: str = "u-1", **more: Any
    ) -> RoundRecord:
        """A recorded round; `old` is it as it was."""
        old = more.pop("old", None)
        kept = {"status": "completed", "revision": 1, "game_id": "book", **more}
        r = Round("prov", round_id, stake=stake, win=win, started_at=at, changed_at=at, settled_at=at, **kept)
        record = RoundRecord(self.tenant_id, PLAYERS[user], "brand-a", user, "EUR", 2, r)
        was = from_item(round_put_op(old, 0)["Put"]["Item"]) if old else None  # type: ignore[typeddict-item]
        self._emit(round_put_op(record, 0), was)
        return record

    def flow(self, size: int = 100) -> None:
        """Let the stream carry on what is pending, in portions."""
        for start in range(0, len(self.pending), size):
            feed.project(self.pending[start : start + size], ingest_closed, DAY + 3_600_000)
        self.passed += self.pending
        self.pending = []

    def again(self, size: int = 7) -> None:
        """Everything once more, cut differently."""
        self.pending, self.passed = self.passed, []
        self.flow(size)


def make_ledger() -> Ledger:
    """A fresh hub with one operator below the root."""
    root = root_client(tenancy())
    tenant_id, client = operator(root)
    games = [
        {"gameId": slug, "displayName": slug.title(), "gameProviderDisplayName": "Studio"}
        for slug in ("book", "fruit")
    ]
    made(Client(catalogue_api, client.token)("PUT", "/integrations/{id}/games", games, id="prov"))
    return Ledger(tenant_id, Client(reports_api, client.token), Client(inspector_api, client.token))


def tenancy() -> Any:
    """The tenancy routes, which make the tenant."""
    from pitboss.tenancy.api import api

    return api
